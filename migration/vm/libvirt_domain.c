/* A VM as a libvirt domain: what it is called, and how it is to be made. */
#include "migration/machine/agent.h"
#include "migration/machine/domain.h"
#include "migration/params.h"
#include "migration/vm/libvirt.h"
#include "migration/vm/qemu_launch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UUID_BYTES 16

char *libvirt_domain_name(const struct host *host, const char *vm)
{
    return host->job != NULL ? g_strdup_printf("vtmh-%s-%s", host->job, vm)
                             : g_strdup_printf("vtmh-%d-%s", (int)getpid(), vm);
}

/* Both ends of a migration have the same, and nobody tells the other: version 5 of RFC 4122, of
 * the name alone. */
char *libvirt_domain_uuid(const char *domain)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 bytes[20];
    gsize size = sizeof bytes;
    GString *text = g_string_new(NULL);

    g_checksum_update(sum, (const guchar *)domain, -1);
    g_checksum_get_digest(sum, bytes, &size);
    bytes[6] = (guint8)((bytes[6] & 0x0f) | 0x50);
    bytes[8] = (guint8)((bytes[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < UUID_BYTES; i++)
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               bytes[i]);
    return g_string_free(text, FALSE);
}

/* "9.0.0" as virConnectGetLibVersion() has it. */
static unsigned version_number(const char *text)
{
    unsigned major, minor, micro;

    if (text == NULL || sscanf(text, "%u.%u.%u", &major, &minor, &micro) != 3)
        return 0;
    return (major * 1000 + minor) * 1000 + micro;
}

/* What its QEMU has in its environment: the node's mark, by which one that never reached the ledger
 * is found and ended, and what the params ask for. argv: of the launch, in front of the program. */
static int launch_of(struct qemu_launch *launch, const struct params *params, GError **err)
{
    GStrv none = g_new0(char *, 1);
    const char *mark = g_getenv(NODE_VARIABLE);
    guint n;

    if (qemu_launch_of(launch, params, none, err) < 0)
        return -1;
    if (launch->argv[0] != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "qemu_command_prefix = %s is not supported with libvirt, which starts QEMU "
                    "itself",
                    param_text(params, "qemu_command_prefix"));
        qemu_launch_clear(launch);
        return -1;
    }
    n = g_strv_length(launch->env);
    if (mark != NULL) {
        launch->env = g_renew(char *, launch->env, n + 2);
        launch->env[n] = g_strconcat(NODE_VARIABLE "=", mark, NULL);
        launch->env[n + 1] = NULL;
    }
    return 0;
}

struct sockets {
    const char *serial, *agent;
};

static char *render(const struct device *board, const struct vm_spec *spec, const char *domain,
                    const char *uuid, const struct sockets *sockets, const char *libvirt,
                    GError **err)
{
    g_autofree char *binary = qemu_binary_of(spec, "QEMU", err);
    struct qemu_launch launch = {NULL, NULL};
    struct domain_spec own = {
        .name = domain,
        .uuid = uuid,
        .emulator = binary,
        .serial = sockets->serial,
        .agent = sockets->agent,
        .run_as = geteuid() == 0 ? "+0:+0" : NULL,
        .core_has_no_ram = param_is_yes(spec->params, "core_dumps"),
        .libvirt = version_number(libvirt),
    };
    char *xml;

    if (binary == NULL || launch_of(&launch, spec->params, err) < 0)
        return NULL;
    own.env = (const char *const *)launch.env;
    xml = machine_to_xml(board, &own, NULL, err);
    qemu_launch_clear(&launch);
    return xml;
}

/* Where a domain's sockets are. Transfer full. */
static char *socket_path(const struct vm_spec *spec, const char *what)
{
    return g_strdup_printf("%s/%s-%s.%s", spec->host->run_dir != NULL ? spec->host->run_dir : ".",
                           spec->name, spec->incoming ? "in" : "out", what);
}

/* While a guest arrives nobody else tells which process receives it. */
static void on_hypervisor(pid_t pid, void *arg)
{
    struct libvirt_vm *vm = arg;
    g_autoptr(GError) error = NULL;

    if (pid > 0 && libvirt_see(vm, pid, &error) < 0)
        host_log(vm->base.host, VTMH__LOG_LEVEL__LOG_WARNING,
                 vm->is_incoming ? "destination" : "source", vm->base.name,
                 "its process %d is not watched: %s", (int)pid, error->message);
}

static int listen_at(struct libvirt_vm *vm, const char *path, libvirt_line_met_fn met,
                     struct libvirt_line **line_out, struct stream **stream_out, GError **err)
{
    if (qemu_own_file(&vm->base, path, err) < 0)
        return -1;
    *line_out = libvirt_line_open(path, met, vm, stream_out, err);
    return *line_out != NULL ? 0 : -1;
}

char *libvirt_domain_xml(struct libvirt_vm *vm, const struct vm_spec *spec, GError **err)
{
    const char *libvirt =
        json_string_value(json_object_get(libvirt_link_facts(vm->link), "libvirt"));
    g_autofree char *serial = socket_path(spec, "serial");
    g_autofree char *agent = machine_has_agent(vm->base.board) ? socket_path(spec, "agent") : NULL;
    const struct sockets sockets = {serial, agent};

    if (listen_at(vm, serial, on_hypervisor, &vm->serial, &vm->base.serial, err) < 0 ||
        (agent != NULL && listen_at(vm, agent, NULL, &vm->agent, &vm->base.agent, err) < 0))
        return NULL;
    return render(vm->base.board, spec, vm->domain, vm->uuid, &sockets, libvirt, err);
}

static int is_free(struct libvirt_vm *vm, const char *key, const char *value, int64_t deadline,
                   GError **err)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *found = NULL;
    int number = 0;

    if (libvirt_link_call(vm->link, "domain-find", json_pack("{s:s}", key, value), deadline, &found,
                          &number, &error) == 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "libvirt of %s has a domain %s already, with UUID %s: it is not touched",
                    vm->base.host->name, json_string_value(json_object_get(found, "name")),
                    json_string_value(json_object_get(found, "uuid")));
        return -1;
    }
    if (number == PROTOCOL_NO_DOMAIN)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int libvirt_domain_is_free(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    return is_free(vm, "name", vm->domain, deadline, err) < 0
               ? -1
               : is_free(vm, "uuid", vm->uuid, deadline, err);
}
