/* Sockets between the guest and its host: read by vsock.c. */
#include "migration/params_tables.h"

const struct param_info vsock_params[] = {
    {.name = "vsocks",
     .section = "VM",
     .scopes = PARAM_OF_VM,
     .same_everywhere = true,
     .kind = PARAM_LIST,
     OBJECT_NAME,
     .example = "vhost_vsock0",
     .doc = "vsock devices; hosts need /dev/vhost-vsock"},
    {.name = "guest_cid",
     .section = "VM",
     .scopes = PARAM_OF_DEVICE,
     .kind = PARAM_INT,
     .min = 0,
     .max = INT32_MAX,
     .only_with = WORDS("vsocks"),
     .example = "17",
     .doc = "the guest's number (CID) on a host, from 3 on; without it one is made up"},
    {.name = NULL},
};
