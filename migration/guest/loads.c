#include "migration/guest/loads.h"

#include "migration/guest/login.h"
#include "migration/params.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define LOAD_FOLDER "jeos-load"
#define PROGRAM_MODE 0755

/* Where they go in a guest that has none: into memory, so that nothing stays on its disk; and where
 * a file on its disk lies. */
#define FIND_PLACES                                                                                \
    "for d in /dev/shm /run /tmp; do [ -d $d ] && [ -w $d ] && { echo $d; break; }; done; "        \
    "[ -d /var/tmp ] && echo /var/tmp || echo /tmp"
#define DATA_FILE "vtmh-disk.data"

/* A writer in the guest: which parameters make it run, and what it is called there. */
static const struct load {
    const char *name;
    const char *program;
    const char *size, *rate, *path; /* parameters; path NULL: it takes none */
    uint64_t least_mib;             /* where `load` asks for it and its size does not */
} loads[] = {
    {"memory", "vtmh-mem", "dirty_mem", "dirty_rate", NULL, 16},
    {"disk", "vtmh-disk", "disk_write_mem", "disk_write_rate", "disk_write_path", 16},
};

/* Whether it has none of its own: they are brought, and run only where they are asked for. */
static bool is_brought(const struct params *params)
{
    return strcmp(guest_name(params), guest_image.name) == 0;
}

bool guest_has_load(const struct params *params, const char *load)
{
    g_auto(GStrv) asked = param_list(params, "load");

    if (!is_brought(params) && !param_is_set(params, "load"))
        return true;
    return g_strv_contains((const char *const *)asked, load);
}

/* How many MiB this one is to write; 0: it is not wanted. */
static int wanted_mib(const struct guest *guest, const struct load *load, uint64_t *mib_out,
                      GError **err)
{
    uint64_t bytes;

    *mib_out = 0;
    if (!guest_has_load(guest->params, load->name))
        return 0;
    if (param_size(guest->params, load->size, &bytes, err) < 0)
        return -1;
    *mib_out = (bytes + MIB - 1) / MIB;
    if (*mib_out == 0 && param_is_set(guest->params, "load"))
        *mib_out = load->least_mib;
    return 0;
}

/* Asks a guest into which they are brought where they are: the same in any session with it. */
static int find_places(struct guest *guest, int64_t deadline, GError **err)
{
    g_auto(session_result) result = {0};

    if (!is_brought(guest->params) || guest->load_places != NULL)
        return 0;
    if (guest_command(guest, FIND_PLACES, deadline, &result, err) < 0)
        return -1;
    guest->load_places = g_strsplit(g_strstrip(result.out), "\n", -1);
    if (g_strv_length(guest->load_places) == 2)
        return 0;
    g_clear_pointer(&guest->load_places, g_strfreev);
    guest_set_error(guest, err, "has no folder for its load: neither /dev/shm nor /run nor /tmp");
    return -1;
}

/* The program with what stands before it in a command. Transfer full. */
static char *call(const struct guest *guest, const char *program)
{
    return is_brought(guest->params)
               ? g_strdup_printf("VTMH_QUIET=1 %s/%s", guest->load_places[0], program)
               : g_strdup(program);
}

static int bring(struct guest *guest, const struct load *load, int64_t deadline, GError **err)
{
    const struct session_copy how = {.mode = PROGRAM_MODE, .check = true};
    g_autofree char *program = guest_file(guest->host, LOAD_FOLDER, load->program, err);
    g_autofree char *there = g_build_filename(guest->load_places[0], load->program, NULL);
    g_autoptr(session) session = program != NULL ? guest_file_login(guest, deadline, err) : NULL;
    GError *error = NULL;

    if (session == NULL)
        return -1;
    if (session_put(session, program, there, &how, deadline, &error) == 0)
        return 0;
    guest_explain(guest, "does not take its load", error, err);
    return -1;
}

int guest_bring_loads(struct guest *guest, int64_t deadline, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
        uint64_t mib;

        if (wanted_mib(guest, &loads[i], &mib, err) < 0)
            return -1;
        if (mib > 0 &&
            (find_places(guest, deadline, err) < 0 || bring(guest, &loads[i], deadline, err) < 0))
            return -1;
    }
    return 0;
}

static char *path_of(const struct guest *guest, const struct load *load)
{
    const char *asked = param_text(guest->params, load->path);
    g_autofree char *usual = g_build_filename(
        is_brought(guest->params) ? guest->load_places[1] : "/tmp", DATA_FILE, NULL);

    return g_shell_quote(asked != NULL ? asked : usual);
}

static int start(struct guest *guest, const struct load *load, int64_t deadline, GError **err)
{
    g_autofree char *path = NULL;
    g_autofree char *program = NULL;
    g_autofree char *command = NULL;
    char rate_text[G_ASCII_DTOSTR_BUF_SIZE];
    uint64_t mib, rate;

    if (wanted_mib(guest, load, &mib, err) < 0 ||
        param_size(guest->params, load->rate, &rate, err) < 0)
        return -1;
    if (mib == 0)
        return 0;
    if (find_places(guest, deadline, err) < 0)
        return -1;
    program = call(guest, load->program);
    if (load->path != NULL)
        path = path_of(guest, load);
    g_ascii_formatd(rate_text, sizeof rate_text, "%.3f", (double)rate / (double)MIB);
    command = g_strdup_printf("%s start %s%s%" G_GUINT64_FORMAT " %s", program,
                              path != NULL ? path : "", path != NULL ? " " : "", mib, rate_text);
    return guest_command_ok(guest, command, "does not start its work", deadline, err);
}

int guest_start_loads(struct guest *guest, int64_t deadline, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(loads); i++)
        if (start(guest, &loads[i], deadline, err) < 0)
            return -1;
    return 0;
}

static int verify(struct guest *guest, const struct load *load, int64_t deadline, uint64_t *pages,
                  uint64_t *bad, GError **err)
{
    g_autofree char *program = NULL;
    g_autofree char *command = NULL;
    g_auto(session_result) result = {0};
    unsigned n_pages, n_bad, rounds;
    uint64_t mib;

    if (wanted_mib(guest, load, &mib, err) < 0)
        return -1;
    if (mib == 0)
        return 0;
    if (find_places(guest, deadline, err) < 0)
        return -1;
    program = call(guest, load->program);
    command = g_strconcat(program, " verify", NULL);
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
    if (load == &loads[0])
        guest->rounds = rounds;
    *pages += n_pages;
    *bad += n_bad;
    return 0;
}

int guest_verify_loads(struct guest *guest, int64_t deadline, uint64_t *pages_out,
                       uint64_t *bad_out, GError **err)
{
    uint64_t pages = 0, bad = 0;

    for (size_t i = 0; guest->is_working && i < G_N_ELEMENTS(loads); i++) {
        if (verify(guest, &loads[i], deadline, &pages, &bad, err) < 0)
            return -1;
    }
    *pages_out = pages;
    *bad_out = bad;
    return 0;
}

int guest_spoil_load(struct guest *guest, int64_t deadline, GError **err)
{
    g_autofree char *program = NULL;
    g_autofree char *command = NULL;

    if (find_places(guest, deadline, err) < 0)
        return -1;
    program = call(guest, loads[0].program);
    command = g_strconcat(program, " spoil", NULL);
    return guest_command_ok(guest, command, "cannot spoil a page", deadline, err);
}

int guest_start_background(struct guest *guest, int64_t deadline, GError **err)
{
    const char *background = param_text(guest->params, "migration_bg_command");
    g_autofree char *quoted = NULL;
    g_autofree char *command = NULL;

    if (background == NULL)
        return 0;
    quoted = g_shell_quote(background);
    command =
        g_strdup_printf("setsid sh -c %s </dev/null >/tmp/vtmh-background.log 2>&1 &", quoted);
    return guest_command_ok(guest, command, "does not start its background work", deadline, err);
}

int guest_check_background(struct guest *guest, int64_t deadline, GError **err)
{
    const char *check = param_text(guest->params, "migration_bg_check_command");

    if (check == NULL || !guest->is_working)
        return 0;
    return guest_command_ok(guest, check, "has lost its background work", deadline, err);
}
