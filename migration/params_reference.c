/*
 * Names of avocado-vt and of its multi-host tests that nothing here reads (yet). What they ask for
 * is told: a note where it can change neither what the guest is or sees, nor what moves or when,
 * nor what is checked or kept; else the test is skipped, unless the value asks for what is done
 * anyway. A name moves out of here when it gets a reader.
 */
#include "migration/params_tables.h"

const struct param_info reference_params[] = {
    {.name = "start_vm",
     .kind = PARAM_BOOL,
     .scopes = PARAM_OF_VM,
     .care = PARAM_NOT_SUPPORTED,
     .same = WORDS("yes"),
     .why = "every VM of the test is started",
     .section = "before the test",
     .doc = "start the VM if it does not run"},
    {.name = "image_name",
     .kind = PARAM_PATH,
     .scopes = PARAM_OF_IMAGE,
     .care = PARAM_NOT_SUPPORTED,
     .why = "VMs have no disks of their own",
     .section = "images",
     .doc = "path of an image without its extension"},
    {.name = "comm_port",
     .kind = PARAM_PORTS,
     .care = PARAM_COSMETIC,
     .why = "hosts meet over vtmh's own links, which need no port",
     .section = "before the test",
     .doc = "port at which the hosts of avocado-vt meet"},
    {.name = NULL},
};

const struct param_alias historic_names[] = {
    {.name = "nic_mode",
     .current = "nettype",
     .values =
         (const struct param_alias_value[]){{"tap", "bridge"}, {"user", "user"}, {NULL, NULL}}},
    {.name = "nic_mac", .current = "mac"},
    {.name = NULL},
};
