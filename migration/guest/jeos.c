/* jeos: a small Linux that is logged in to by ssh, with a key of its own and a pinned host key. */
#include "migration/guest/kind.h"

#include "migration/guest/jeos_addresses.h"
#include "migration/guest/jeos_kernel.h"
#include "migration/guest/login.h"
#include "migration/guest/way.h"
#include "migration/params.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)

/* The kernel's command line lies beside the kernel: words that spare an emulated boot some work. */
static char *command_line(const struct host *host, const char *folder, GError **err)
{
    g_autofree char *path = guest_file(host, folder, "command_line", err);
    char *words = NULL;

    if (path == NULL || !g_file_get_contents(path, &words, NULL, err))
        return NULL;
    return g_strchomp(words);
}

static struct vm_boot *jeos_boot(const struct host *host, const struct params *params, GError **err)
{
    const char *more = param_text(params, "kernel_params");
    const char *folder = jeos_folder(params, err);
    g_autofree char *kernel = folder != NULL ? guest_file(host, folder, "vmlinuz", err) : NULL;
    g_autofree char *initrd = kernel != NULL ? guest_file(host, folder, "initrd", err) : NULL;
    g_autofree char *words = initrd != NULL ? command_line(host, folder, err) : NULL;
    struct vm_boot *boot;

    if (words == NULL)
        return NULL;
    boot = g_new0(struct vm_boot, 1);
    boot->kernel = g_steal_pointer(&kernel);
    boot->initrd = g_steal_pointer(&initrd);
    g_autofree char *addresses = jeos_addresses(params);
    boot->append = g_strconcat(words, addresses, more != NULL ? " " : "", more, NULL);
    boot->network = guest_jeos.has_network;
    boot->entropy = true;
    return boot;
}

static int jeos_know_login(struct guest *guest, struct login *login, GError **err)
{
    const char *folder = jeos_folder(guest->params, err);
    g_autofree char *key_file = NULL;

    if (guest->identity == NULL && folder != NULL)
        guest->identity = guest_file(guest->host, folder, "id_ed25519", err);
    if (guest->identity == NULL)
        return -1;
    login->identity = guest->identity;
    if (guest->host_key != NULL)
        return 0;
    key_file = guest_file(guest->host, folder, "host_key.pub", err);
    if (key_file == NULL || !g_file_get_contents(key_file, &guest->host_key, NULL, err))
        return -1;
    g_strstrip(guest->host_key);
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
    return guest_command_ok(guest, command, "does not start its work", deadline, err);
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
    return guest_command_ok(guest, command, "does not start its background work", deadline, err);
}

static int jeos_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    const char *check = param_text(guest->params, "migration_bg_check_command");

    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    if (check == NULL || !guest->is_working)
        return 0;
    return guest_command_ok(guest, check, "has lost its background work", deadline, err);
}

static int verify_writer(struct guest *guest, const struct writer *writer, int64_t deadline,
                         uint64_t *pages, uint64_t *bad, GError **err)
{
    g_autofree char *command = g_strdup_printf("%s verify", writer->program);
    g_auto(session_result) result = {0};
    unsigned n_pages, n_bad, rounds;
    uint64_t mib;

    if (wanted_mib(guest, writer, &mib, err) < 0)
        return -1;
    if (mib == 0)
        return 0;
    if (guest_command(guest, command, deadline, &result, err) < 0)
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
    return guest_command_ok(guest, "vtmh-mem spoil", "cannot spoil a page", deadline, err);
}

const struct guest_kind guest_jeos = {
    .name = "jeos",
    .beat_period_ms = 20,
    .has_network = true,
    .folder = &jeos_full,
    .boot = jeos_boot,
    .know_login = jeos_know_login,
    .start_work = jeos_start_work,
    .check_work = jeos_check_work,
    .verify = jeos_verify,
    .spoil = jeos_spoil,
};
