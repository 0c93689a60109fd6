/*
 * Test types of avocado-vt 88's multi-host tests that are not in scenario/registry.c (yet), one a
 * row: tests of such a type are skipped. A type moves out of here when it gets there.
 */
#include "migration/params_tables.h"

#define NOT_YET(name)                                                                              \
    {                                                                                              \
        (name), "vtmh does not have this test type of avocado-vt yet"                              \
    }

const struct param_later reference_test_types[] = {
    NOT_YET("migration_multi_host_auto_converge"),
    NOT_YET("migration_multi_host_cancel"),
    NOT_YET("migration_multi_host_downtime_and_speed"),
    NOT_YET("migration_multi_host_firewall_block"),
    NOT_YET("migration_multi_host_timedrift"),
    NOT_YET("migration_multi_host_with_file_transfer"),
    NOT_YET("migration_multi_host_with_kdump"),
    NOT_YET("migration_multi_host_with_reboot"),
    NOT_YET("migration_multi_host_with_speed_measurement"),
    NOT_YET("migration_multi_host_with_stress"),
    NOT_YET("migration_multi_host_with_xbzrle"),
    NOT_YET("cdrom"),
    NOT_YET("cpuflags"),
    NOT_YET("floppy"),

    /* What those run before, beside and after a migration. */
    NOT_YET("migration_multi_host_helper_tests"),
    NOT_YET("autotest_control"),
    NOT_YET("driver_load"),
    NOT_YET("file_transfer"),
    NOT_YET("guest_suspend"),
    NOT_YET("steps"),
    NOT_YET("win_heavyload"),
    {NULL, NULL},
};
