/* jeos: a small Linux that is logged in to by ssh, with a key of its own and a pinned host key. */
#include "migration/guest/kind.h"

#include "migration/guest/jeos_addresses.h"
#include "migration/params.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)

/*
 * Each word spares an emulated boot some work: noreplace-smp a patching of all locks, acpi=noirq
 * half a second of ACPI code for each PCI device that is enabled; the virtio devices use MSI-X
 * anyway.
 */
#define COMMAND_LINE                                                                               \
    "console=ttyS0 quiet cryptomgr.notests no_timer_check tsc=reliable mitigations=off nokaslr "   \
    "noreplace-smp acpi=noirq"

static struct vm_boot *jeos_boot(const struct host *host, const struct params *params, GError **err)
{
    const char *more = param_text(params, "kernel_params");
    g_autofree char *kernel = guest_file(host, "jeos", "vmlinuz", err);
    g_autofree char *initrd = kernel != NULL ? guest_file(host, "jeos", "initrd", err) : NULL;
    struct vm_boot *boot;

    if (initrd == NULL)
        return NULL;
    boot = g_new0(struct vm_boot, 1);
    boot->kernel = g_steal_pointer(&kernel);
    boot->initrd = g_steal_pointer(&initrd);
    g_autofree char *addresses = jeos_addresses(params);
    boot->append = g_strconcat(COMMAND_LINE, addresses, more != NULL ? " " : "", more, NULL);
    boot->network = guest_jeos.has_network;
    boot->entropy = true;
    return boot;
}

/* Whom ssh is connected to, in its words. Transfer full. */
static char *peer_name(const struct guest *guest)
{
    return g_strdup_printf("guest of %s on %s", vm_name(guest->vm), guest->host->name);
}

static const char *without_peer(const struct guest *guest, const char *message)
{
    g_autofree char *name = peer_name(guest);
    g_autofree char *prefix = g_strconcat(name, ": ", NULL);

    return g_str_has_prefix(message, prefix) ? message + strlen(prefix) : message;
}

/* An error of ssh becomes one of the guest, which is named only once; what concerns the fiber
 * itself stays. */
static void explain(struct guest *guest, GError **err, const char *what, GError *error)
{
    if (error->domain == SYNC_ERROR && error->code == SYNC_ERROR_CANCELLED) {
        g_propagate_error(err, error);
        return;
    }
    if (event_is_set(vm_exited(guest->vm)))
        g_propagate_error(err, guest_end(guest));
    else
        guest_set_error(guest, err, "%s: %s", what, without_peer(guest, error->message));
    g_error_free(error);
}

/* A guest on a bridge may have to be seen there first. */
static int await_endpoint(struct guest *guest, struct vm_endpoint *at, int64_t deadline,
                          GError **err)
{
    while (!vm_endpoint(guest->vm, NULL, GUEST_SSH_PORT, at)) {
        struct event *changed = vm_addresses_changed(guest->vm);

        if (changed == NULL) {
            guest_set_error(guest, err, "cannot be logged in to: it has no network card");
            return -1;
        }
        event_reset(changed);
        if (guest_await(guest, changed,
                        "tell an address of it (parameter ip, or ARP on its bridge)", deadline,
                        err) < 0)
            return -1;
    }
    return 0;
}

static int connect_once(struct guest *guest, int64_t deadline, GError **err)
{
    struct vm_endpoint at = {0};

    g_autofree char *name = peer_name(guest);
    g_autofree char *identity = guest_file(guest->host, "jeos", "id_ed25519", err);
    g_autofree char *key_file =
        identity != NULL ? guest_file(guest->host, "jeos", "host_key.pub", err) : NULL;
    g_autofree char *host_key = NULL;
    const char *const identities[] = {identity, NULL};
    struct known_hosts_policy policy = {.mode = KNOWN_HOSTS_PINNED};
    struct ssh_target target = {
        .name = name,
        .hostname = at.address,
        .port = at.port,
        .user = "root",
        .host_key_name = name,
        .identity_files = identities,
        .identities_only = true,
        .host_keys = &policy,
    };

    if (key_file == NULL || !g_file_get_contents(key_file, &host_key, NULL, err) ||
        await_endpoint(guest, &at, deadline, err) < 0)
        return -1;
    target.port = at.port;
    policy.pinned = g_strstrip(host_key);
    guest->ssh = ssh_connect(&target, deadline, err);
    return guest->ssh != NULL ? 0 : -1;
}

/*
 * QEMU accepts for a guest that does not listen yet and then closes; the guest says that it is up
 * when its sshd listens, so the first try mostly does it. Between tries there is a heartbeat. Why a
 * try has failed says more than that the time was over in the next.
 */
static int jeos_login(struct guest *guest, int64_t deadline, GError **err)
{
    g_autoptr(GError) before = NULL;

    if (guest->ssh != NULL)
        return 0;
    for (;;) {
        GError *error = NULL;

        if (connect_once(guest, deadline, &error) == 0)
            return 0;
        if ((!g_error_matches(error, SSH_ERROR, SSH_ERROR_CONNECT) &&
             !g_error_matches(error, SSH_ERROR, SSH_ERROR_HANDSHAKE)) ||
            guest_await_beat(guest, deadline, NULL) < 0) {
            if (before != NULL && g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
                g_error_free(error);
                error = g_steal_pointer(&before);
            }
            explain(guest, err, "cannot be logged in to", error);
            return -1;
        }
        g_clear_error(&before);
        before = error;
    }
}

static int run(struct guest *guest, const char *command, int64_t deadline,
               struct ssh_result *result, GError **err)
{
    GError *error = NULL;

    if (jeos_login(guest, deadline, err) < 0)
        return -1;
    if (ssh_run(guest->ssh, command, NULL, 0, deadline, result, &error) == 0)
        return 0;
    g_autofree char *what = g_strdup_printf("did not run a command: %s", command);
    explain(guest, err, what, error);
    ssh_close(g_steal_pointer(&guest->ssh)); /* of no use after a failure */
    return -1;
}

/* Runs a command that must succeed. */
static int run_ok(struct guest *guest, const char *command, const char *what, int64_t deadline,
                  GError **err)
{
    g_auto(ssh_result) result = {0};

    if (run(guest, command, deadline, &result, err) < 0)
        return -1;
    if (result.status == 0)
        return 0;
    g_strchomp(result.out);
    g_strchomp(result.err);
    guest_set_error(guest, err, "%s: \"%s\" ended with status %d%s%s", what, command, result.status,
                    *result.err != '\0' || *result.out != '\0' ? ": " : "",
                    *result.err != '\0' ? result.err : result.out);
    return -1;
}

static int jeos_run(struct guest *guest, const char *command, int64_t deadline, int *status_out,
                    char **output_out, GError **err)
{
    g_auto(ssh_result) result = {0};

    if (run(guest, command, deadline, &result, err) < 0)
        return -1;
    *status_out = result.status;
    if (output_out != NULL)
        *output_out = g_strconcat(result.out, result.err, NULL);
    return 0;
}

/* A writer in the guest: which parameters make it run, and what it is called there. */
static const struct writer {
    const char *program;
    const char *size, *rate, *path; /* parameters; path NULL: it takes none */
} writers[] = {
    {"vtmh-mem", "dirty_mem", "dirty_rate", NULL},
    {"vtmh-disk", "disk_write_mem", "disk_write_rate", "disk_write_path"},
};

/* How many MiB this writer is to write; 0: it is not wanted. */
static int wanted_mib(struct guest *guest, const struct writer *writer, uint64_t *mib_out,
                      GError **err)
{
    uint64_t bytes;

    if (param_size(guest->params, writer->size, &bytes, err) < 0)
        return -1;
    *mib_out = (bytes + MIB - 1) / MIB;
    return 0;
}

static int start_writer(struct guest *guest, const struct writer *writer, int64_t deadline,
                        GError **err)
{
    g_autofree char *path = NULL;
    g_autofree char *command = NULL;
    char rate_text[G_ASCII_DTOSTR_BUF_SIZE];
    uint64_t mib, rate;

    if (wanted_mib(guest, writer, &mib, err) < 0 ||
        param_size(guest->params, writer->rate, &rate, err) < 0)
        return -1;
    if (mib == 0)
        return 0;
    if (writer->path != NULL)
        path = g_shell_quote(param_text(guest->params, writer->path));
    g_ascii_formatd(rate_text, sizeof rate_text, "%.3f", (double)rate / (double)MIB);
    command = g_strdup_printf("%s start %s%s%" G_GUINT64_FORMAT " %s", writer->program,
                              path != NULL ? path : "", path != NULL ? " " : "", mib, rate_text);
    return run_ok(guest, command, "does not start its work", deadline, err);
}

static int jeos_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    const char *background = param_text(guest->params, "migration_bg_command");
    g_autofree char *quoted = NULL;
    g_autofree char *command = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(writers); i++) {
        if (start_writer(guest, &writers[i], deadline, err) < 0)
            return -1;
    }
    if (background == NULL)
        return 0;
    quoted = g_shell_quote(background);
    command =
        g_strdup_printf("setsid sh -c %s </dev/null >/tmp/vtmh-background.log 2>&1 &", quoted);
    return run_ok(guest, command, "does not start its background work", deadline, err);
}

static int jeos_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    const char *check = param_text(guest->params, "migration_bg_check_command");

    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    if (check == NULL || !guest->is_working)
        return 0;
    return run_ok(guest, check, "has lost its background work", deadline, err);
}

static int verify_writer(struct guest *guest, const struct writer *writer, int64_t deadline,
                         uint64_t *pages, uint64_t *bad, GError **err)
{
    g_autofree char *command = g_strdup_printf("%s verify", writer->program);
    g_auto(ssh_result) result = {0};
    unsigned n_pages, n_bad, rounds;
    uint64_t mib;

    if (wanted_mib(guest, writer, &mib, err) < 0)
        return -1;
    if (mib == 0)
        return 0;
    if (run(guest, command, deadline, &result, err) < 0)
        return -1;
    if (result.status > 1) { /* 1 tells of bad pages */
        guest_set_error(guest, err, "has lost its work: %s: %s", command, g_strchomp(result.err));
        return -1;
    }
    if (sscanf(result.out, "pages=%u bad=%u rounds=%u", &n_pages, &n_bad, &rounds) != 3) {
        guest_set_error(guest, err, "does not answer the check: %s: %s", command,
                        g_strchomp(result.out));
        return -1;
    }
    if (writer == &writers[0])
        guest->rounds = rounds;
    *pages += n_pages;
    *bad += n_bad;
    return 0;
}

static int jeos_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out,
                       uint64_t *bad_out, GError **err)
{
    uint64_t pages = 0, bad = 0;

    for (size_t i = 0; guest->is_working && i < G_N_ELEMENTS(writers); i++) {
        if (verify_writer(guest, &writers[i], deadline, &pages, &bad, err) < 0)
            return -1;
    }
    *pages_out = pages;
    *bad_out = bad;
    return 0;
}

static int jeos_spoil(struct guest *guest, int64_t deadline, GError **err)
{
    return run_ok(guest, "vtmh-mem spoil", "cannot spoil a page", deadline, err);
}

const struct guest_kind guest_jeos = {
    .name = "jeos",
    .beat_period_ms = 20,
    .has_network = true,
    .boot = jeos_boot,
    .login = jeos_login,
    .run = jeos_run,
    .start_work = jeos_start_work,
    .check_work = jeos_check_work,
    .verify = jeos_verify,
    .spoil = jeos_spoil,
};
