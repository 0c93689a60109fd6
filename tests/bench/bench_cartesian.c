/*
 * How fast a configuration is expanded: names only, and full canonical lines. The same program
 * prints the lines (--show), so that what is measured can be compared with other tools.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench_dry_run.h"
#include "cfg/cfg.h"

#define BUFFER_BYTES ((size_t)1 << 18)

enum mode { MODE_BENCH, MODE_NAMES, MODE_SHORTNAMES, MODE_SHOW, MODE_DRY_RUN };

struct result {
    uint64_t dicts;
    uint64_t bytes;
    double seconds;
};

static const char usage[] =
    "usage: bench_cartesian [OPTION]... FILE [EXTRA CODE]...\n"
    "       bench_cartesian --dry-run VTMH [FILE]\n"
    "\n"
    "Expands FILE twice, names only and in full, and prints a JSON line for each:\n"
    "what, dicts, bytes, seconds (of all including parsing), max_rss_kb (of the process so far).\n"
    "\n"
    "  -d           of a block with a default variant, only this one\n"
    "  -e NAMES     but all of the blocks in this comma-separated list\n"
    "  -s           keep suffixes of values that are all equal\n"
    "  --names      print full names instead\n"
    "  --shortnames print short names instead\n"
    "  --show       print canonical JSON lines instead\n"
    "  --full       measure only the full expansion\n"
    "  --dry-run    measure the program VTMH instead: show beside --dry-run\n";

static int flush(GString *out, FILE *to)
{
    size_t done = 0;

    while (done < out->len) {
        ssize_t n = write(fileno(to), out->str + done, out->len - done);

        if (n < 0 && errno != EINTR)
            return -1;
        done += n > 0 ? (size_t)n : 0;
    }
    g_string_truncate(out, 0);
    return 0;
}

static struct cfg *load(const struct cfg_options *options, char **args, GError **err)
{
    g_autoptr(cfg) c = cfg_new(options);

    if (cfg_parse_file(c, args[0], err) < 0)
        return NULL;
    for (char **extra = args + 1; *extra; extra++)
        if (cfg_parse_text(c, NULL, *extra, err) < 0)
            return NULL;
    return g_steal_pointer(&c);
}

static int expand(const struct cfg_options *options, char **args, enum mode mode, FILE *to,
                  struct result *result, GError **err)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(cfg) c = load(options, args, err);
    g_autoptr(GString) out = g_string_sized_new(BUFFER_BYTES * 2);
    int more;

    *result = (struct result){0};
    if (!c)
        return -1;
    while ((more = cfg_next(c, err)) > 0) {
        gsize before = out->len;

        if (mode == MODE_SHOW) {
            if (cfg_test_jsonl(c, out, err) < 0)
                return -1;
        } else {
            g_string_append(out, mode == MODE_NAMES ? cfg_test_name(c) : cfg_test_shortname(c));
            g_string_append_c(out, '\n');
        }
        result->dicts++;
        result->bytes += out->len - before;
        if (out->len >= BUFFER_BYTES && flush(out, to) < 0)
            return -1;
    }
    if (flush(out, to) < 0)
        return -1;
    result->seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return more;
}

static void report(const char *what, const struct result *r)
{
    struct rusage self;

    getrusage(RUSAGE_SELF, &self);
    printf("{\"what\":\"%s\",\"dicts\":%" G_GUINT64_FORMAT ",\"bytes\":%" G_GUINT64_FORMAT
           ",\"seconds\":%.4f,\"max_rss_kb\":%ld}\n",
           what, r->dicts, r->bytes, r->seconds, self.ru_maxrss);
}

static int bench(const struct cfg_options *options, char **args, bool names, GError **err)
{
    g_autofree char *null_path = g_strdup("/dev/null");
    FILE *null = fopen(null_path, "w");
    struct result result;
    int status = 0;

    if (!null) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s", null_path, g_strerror(errno));
        return -1;
    }
    if (names) {
        status = expand(options, args, MODE_NAMES, null, &result, err);
        if (status == 0)
            report("names", &result);
    }
    if (status == 0) {
        status = expand(options, args, MODE_SHOW, null, &result, err);
        if (status == 0)
            report("full", &result);
    }
    fclose(null);
    return status;
}

int main(int argc, char **argv)
{
    struct cfg_options options = {0};
    g_auto(GStrv) list = NULL;
    g_autoptr(GError) err = NULL;
    enum mode mode = MODE_BENCH;
    bool names = true;
    struct result result;
    int status;
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-d") == 0)
            options.defaults = true;
        else if (strcmp(argv[i], "-s") == 0)
            options.keep_suffixes = true;
        else if (strcmp(argv[i], "-e") == 0 && i + 1 < argc)
            list = g_strsplit(argv[++i], ",", -1);
        else if (strcmp(argv[i], "--names") == 0)
            mode = MODE_NAMES;
        else if (strcmp(argv[i], "--shortnames") == 0)
            mode = MODE_SHORTNAMES;
        else if (strcmp(argv[i], "--show") == 0)
            mode = MODE_SHOW;
        else if (strcmp(argv[i], "--full") == 0)
            names = false;
        else if (strcmp(argv[i], "--dry-run") == 0)
            mode = MODE_DRY_RUN;
        else {
            fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            return strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    if (i == argc) {
        fputs(usage, stderr);
        return 2;
    }
    options.expand = (const char *const *)list;
    if (mode == MODE_BENCH)
        status = bench(&options, argv + i, names, &err);
    else if (mode == MODE_DRY_RUN)
        status = bench_dry_run(argv[i], argv[i + 1], &err);
    else
        status = expand(&options, argv + i, mode, stdout, &result, &err);
    if (status < 0)
        fprintf(stderr, "bench_cartesian: %s\n", err ? err->message : g_strerror(errno));
    return status < 0 ? 1 : 0;
}
