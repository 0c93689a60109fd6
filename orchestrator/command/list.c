#include "orchestrator/command/list.h"

#include "orchestrator/command/configuration.h"
#include "orchestrator/filter_hint.h"
#include "orchestrator/test_name.h"

#include <stdio.h>

struct listing {
    struct reading reading;
    bool full_names, count;
};

static const struct argument table[] = {
    {"fullname", 'f', .flag = offsetof(struct listing, full_names), .help = "print full names"},
    {"count", 'c', .flag = offsetof(struct listing, count),
     .help = "print only how many tests there are"},
    READING_ROWS,
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh list [options] FILE.cfg [LINE…]",
    .about =
        "Prints the short name of each test in FILE.cfg, one a line. A LINE acts as if it stood\n"
        "at the end of the file.",
    .more = "examples:\n"
            "  vtmh list --only quick migrate.cfg\n"
            "  vtmh list migrate.cfg 'no jeos' 'mem = 64'\n"
            "\n"
            "exit status: 0, or 4 when the command line or the configuration is wrong",
    .table = table,
    .take_word = selection_take_word,
};

static void print_name(const struct listing *listing, const struct cfg *cfg)
{
    const char *file = listing->reading.selection.file;
    g_autofree char *shown =
        listing->full_names ? test_name_full(cfg_test_name(cfg), file)
                            : test_name_short(cfg_test_shortname(cfg), cfg_test_name(cfg), file);

    puts(shown);
}

/* An empty list is an answer, but seldom the one that was hoped for. */
static void tell_hint(const struct listing *listing)
{
    g_autofree char *hint = filter_hint(&listing->reading.selection);

    if (hint != NULL)
        fprintf(stderr, "vtmh: %s\n", hint);
}

/* Prints as it goes: a configuration may have millions of tests. */
static int print_names(const struct listing *listing, struct cfg *cfg, GError **err)
{
    uint64_t count = 0;
    int more;

    while ((more = cfg_next(cfg, err)) > 0 && !ferror(stdout)) {
        if (reading_check_guest(&listing->reading, cfg, err) < 0)
            return -1;
        count++;
        if (!listing->count)
            print_name(listing, cfg);
    }
    if (more == 0 && count == 0)
        tell_hint(listing);
    if (more == 0 && listing->count)
        printf("%" G_GUINT64_FORMAT "\n", count);
    return more < 0 ? -1 : 0;
}

int command_list(int argc, char **argv)
{
    struct listing listing = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(cfg) cfg = NULL;
    int status = reading_parse(&arguments, argc, argv, &listing.reading);

    if (status < 0) {
        cfg = reading_open(&listing.reading, &error);
        if (cfg != NULL)
            print_names(&listing, cfg, &error);
        status = reading_end(error);
    }
    reading_clear(&listing.reading);
    return status;
}
