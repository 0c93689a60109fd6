/* TLS of a migration: an object with the credentials, and the parameters that name it. */
#include "migration/vm/qemu.h"

#include <string.h>

#define CREDENTIALS "vtmh-tls"

int qemu_set_tls(struct vm *base, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    bool is_psk = strcmp(tls->kind, "psk") == 0;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:b}", "qom-type",
                  is_psk ? "tls-creds-psk" : "tls-creds-x509", "id", CREDENTIALS, "dir", tls->dir,
                  "endpoint", tls->is_server ? "server" : "client", "verify-peer", 1);

    if (is_psk && !tls->is_server)
        json_object_set_new(object, "username", json_string(tls->user));
    /* Of an earlier leg, when this VM was at the other end. */
    qemu_command(vm, "object-del", json_pack("{s:s}", "id", CREDENTIALS), deadline, NULL, NULL);
    if (qemu_command(vm, "object-add", object, deadline, NULL, err) < 0) {
        g_prefix_error(err, "the TLS credentials of %s on %s: ", base->name, base->host->name);
        return -1;
    }
    return qemu_set_parameters(vm,
                               json_pack("{s:s, s:s}", "tls-creds", CREDENTIALS, "tls-hostname",
                                         tls->is_server ? "" : tls->hostname),
                               deadline, err);
}
