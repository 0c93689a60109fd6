#include "cfg/explain.h"
#include "cfg_help.h"

static const char guests[] = "mem = 512\n"                /* 1 */
                             "variants guest:\n"          /* 2 */
                             "  - linux:\n"               /* 3 */
                             "      mem += M\n"           /* 4 */
                             "      no ide\n"             /* 5 */
                             "  - windows:\n"             /* 6 */
                             "      mem = 2G\n"           /* 7 */
                             "variants:\n"                /* 8 */
                             "  - ide:\n"                 /* 9 */
                             "      windows: only fast\n" /* 10 */
                             "  - virtio:\n"              /* 11 */
                             "      linux: mem ?<= 1\n"   /* 12 */
                             "mem ~= 7\n"                 /* 13 */
                             "mem_max = 1G\n"             /* 14 */
                             "info = ${mem}\n"            /* 15 */
                             "del info\n";                /* 16 */

static struct cfg *load(const char *text)
{
    struct cfg *c = cfg_new(NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_text(c, "g.cfg", text, &err), 0, "%s", err ? err->message : "");
    return c;
}

static void write_step(const struct cfg_step *step, void *user)
{
    g_string_append_printf(user, "%s:%u %s %s %s -> %s%s", step->file ? step->file : "-",
                           step->line, step->left, step->op, step->written,
                           step->value ? step->value : "gone", step->changed ? "" : " (unchanged)");
    if (step->factor)
        g_string_append_printf(user, " of %s", step->factor);
    g_string_append_printf(user, "%s%s\n", step->lost ? " LOST " : "",
                           step->lost ? step->lost : "");
}

static void write_filter(const struct cfg_filter_report *report, void *user)
{
    g_string_append_printf(user, "%s:%u %s%s%s%s\n", report->file, report->line,
                           report->condition ? report->condition : "",
                           report->condition ? ": " : "", report->text,
                           report->keeps ? "" : " DROPS");
}

Test(cfg_explain, tells_every_statement_that_touched_a_key)
{
    g_autoptr(cfg) c = load(guests);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_seek(c, "virtio.(guest=linux)", NULL), 0);
    cr_assert_eq(cfg_explain(c, "mem", write_step, out, NULL), 0);
    cr_assert_str_eq(out->str,
                     "g.cfg:1 mem = 512 -> 512\n"
                     "g.cfg:4 mem += M -> 512M\n"
                     "g.cfg:12 mem ?<= 1 -> 1512M\n"
                     "g.cfg:13 mem ~= 7 -> 1512M (unchanged)\n"
                     "g.cfg:14 mem_max _max 1G -> 1G\n",
                     "%s", out->str);
}

Test(cfg_explain, tells_of_headers_and_deletions)
{
    g_autoptr(cfg) c = load(guests);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_seek(c, "1", NULL), 0);
    cr_assert_eq(cfg_explain(c, "guest", write_step, out, NULL), 0);
    cr_assert_eq(cfg_explain(c, "info", write_step, out, NULL), 0);
    cr_assert_str_eq(out->str,
                     "g.cfg:3 guest variants linux -> linux\n"
                     "g.cfg:15 info = ${mem} -> 1512M\n"
                     "g.cfg:16 info del  -> gone\n",
                     "%s", out->str);
}

Test(cfg_explain, leaves_the_test_as_it_was)
{
    g_autoptr(cfg) c = load(guests);
    g_autoptr(GString) before = g_string_new(NULL);
    g_autoptr(GString) after = g_string_new(NULL);
    g_autoptr(GString) steps = g_string_new(NULL);

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_jsonl(c, before, NULL), 0);
    cr_assert_eq(cfg_explain(c, NULL, write_step, steps, NULL), 0);
    cr_assert_eq(cfg_test_jsonl(c, after, NULL), 0);
    cr_assert_str_eq(before->str, after->str);
    cr_assert_not_null(strstr(steps->str, "mem_max = 1G"));
}

Test(cfg_explain, follows_suffixes)
{
    g_autoptr(cfg) c = load("variants:\n  - v:\n      a = 1\n      suffix _s\na = 2\n");
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_explain(c, "a", write_step, out, NULL), 0);
    cr_assert_str_eq(out->str,
                     "g.cfg:3 a = 1 -> 1\n"
                     "g.cfg:4  suffix _s -> 1\n"
                     "g.cfg:5 a = 2 -> 2\n",
                     "%s", out->str);
}

Test(cfg_explain, tells_both_parts_of_a_join)
{
    g_autoptr(cfg) c = load("variants:\n  - a:\n      k = 1\n  - b:\n      k = 2\njoin a b\n");
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_explain(c, "k", write_step, out, NULL), 0);
    cr_assert_str_eq(out->str,
                     "g.cfg:3 k = 1 -> 1 of a LOST replaced by that of b\n"
                     "g.cfg:5 k = 2 -> 2 of b\n",
                     "%s", out->str);
    cr_assert_eq(cfg_explain_filters(c, write_filter, out, NULL), -1);
}

Test(cfg_explain, tells_the_filters_that_a_test_has_passed)
{
    g_autoptr(cfg) c = load(guests);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_seek(c, "virtio.(guest=linux)", NULL), 0);
    cr_assert_eq(cfg_explain_filters(c, write_filter, out, NULL), 0);
    cr_assert_str_eq(out->str, "g.cfg:5 no ide\n");
}

Test(cfg_explain, tells_which_filter_removed_a_test)
{
    g_autoptr(cfg) c = load(guests);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_explain_missing(c, "ide.(guest=linux)", write_filter, out, NULL), 1);
    cr_assert_str_eq(out->str, "g.cfg:5 no ide DROPS\n", "%s", out->str);
    g_string_truncate(out, 0);
    cr_assert_eq(cfg_explain_missing(c, "ide.(guest=windows)", write_filter, out, NULL), 1);
    cr_assert_str_eq(out->str, "g.cfg:10 windows: only fast DROPS\n", "%s", out->str);
    g_string_truncate(out, 0);
    cr_assert_eq(cfg_explain_missing(c, "virtio.(guest=linux)", write_filter, out, NULL), 1);
    cr_assert_str_eq(out->str, "g.cfg:5 no ide\n", "%s", out->str);
}

Test(cfg_explain, tells_when_no_variants_make_a_name)
{
    static const char *const names[] = {"",
                                        "virtio",
                                        "virtio.(guest=lin)",
                                        "virtio.linux",
                                        "virtio.(guest=linux).x",
                                        "xvirtio.(guest=linux)"};
    g_autoptr(cfg) c = load(guests);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        cr_assert_eq(cfg_explain_missing(c, names[i], write_filter, NULL, NULL), 0, "%s", names[i]);
}

/* What explain says of one key of the first test. */
static char *explain(const char *text, const char *key)
{
    g_autoptr(cfg) c = load(text);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_explain(c, key, write_step, out, NULL), 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void expect_explained(const char *text, const char *key, const char *expected)
{
    g_autofree char *out = explain(text, key);

    cr_assert_str_eq(out, expected, "got:\n%swanted:\n%s", out, expected);
}

static const char servers[] = "variants:\n"         /* 1 */
                              "  - web:\n"          /* 2 */
                              "      cpus = 2\n"    /* 3 */
                              "      suffix _web\n" /* 4 */
                              "  - db:\n"           /* 5 */
                              "      cpus = 8\n"    /* 6 */
                              "      suffix _db\n"  /* 7 */
                              "join web db\n"       /* 8 */
                              "db: cpus_web = 1\n"; /* 9 */

Test(cfg_explain, ends_with_the_value_and_says_why_another_one_was_lost)
{
    expect_explained(servers, "cpus_web",
                     "g.cfg:9 cpus_web = 1 -> 1 of db LOST no effect: cpus with the suffix _web "
                     "takes this name\n"
                     "g.cfg:3 cpus = 2 -> 2 of web\n"
                     "g.cfg:4  suffix _web -> 2 of web\n");
    expect_explained(servers, "cpus_db",
                     "g.cfg:6 cpus = 8 -> 8 of db\n"
                     "g.cfg:7  suffix _db -> 8 of db\n");
}

Test(cfg_explain, tells_of_a_suffix_that_is_dropped)
{
    expect_explained("variants:\n  - v:\n      a = 1\n      suffix _s\na = 1\n", "a",
                     "g.cfg:3 a = 1 -> 1\n"
                     "g.cfg:4  suffix _s -> 1 LOST a has the same value\n"
                     "g.cfg:5 a = 1 -> 1\n");
    expect_explained("a = 1\nsuffix _s\n", "a",
                     "g.cfg:1 a = 1 -> 1\n"
                     "g.cfg:2  suffix _s -> 1\n");
}

Test(cfg_explain, follows_a_key_through_two_suffixes_of_one_place)
{
    const char *twice = "variants:\n  - v:\n      variants:\n        - i:\n            a = 1\n"
                        "            suffix _x\n      a = 2\n      suffix _x\na = 3\n";

    expect_explained(twice, "a_x_x",
                     "g.cfg:5 a = 1 -> 1\n"
                     "g.cfg:6  suffix _x -> 1\n"
                     "g.cfg:8  suffix _x -> 1\n");
    expect_explained(twice, "a_x",
                     "g.cfg:7 a = 2 -> 2\n"
                     "g.cfg:8  suffix _x -> 2\n");
}

Test(cfg_explain, says_an_expression_as_it_was_written)
{
    expect_explained("disk = sda\ndisk ?<= /dev/\n", "disk",
                     "g.cfg:1 disk = sda -> sda\n"
                     "g.cfg:2 disk ?<= /dev/ -> /dev/sda\n");
    expect_explained("dis. = x\ndisk = a\ndis. ?+= b\nd.* ?= c\n", "disk",
                     "g.cfg:2 disk = a -> a\n"
                     "g.cfg:3 dis. ?+= b -> ab\n"
                     "g.cfg:4 d.* ?= c -> c\n");
    expect_explained("e_max_f_max = 3\n", "e", "g.cfg:1 e_max_f_max _max 3 -> 3\n");
}

Test(cfg_explain, tells_the_factors_of_joins_in_joins)
{
    expect_explained("variants:\n  - a:\n      k = 1\n  - b:\n      l = 2\njoin a b\n"
                     "variants:\n  - c:\n  - d:\n      l = 3\njoin c d\n",
                     "l",
                     "g.cfg:5 l = 2 -> 2 of c: b LOST replaced by that of d\n"
                     "g.cfg:5 l = 2 -> 2 of d\n"
                     "g.cfg:10 l = 3 -> 3 of d\n");
}

Test(cfg_explain, tells_that_names_come_from_the_choices)
{
    expect_explained("variants:\n  - @v:\n      name = 3\n", "name", "-:0 name name  -> v\n");
    expect_explained("variants:\n  - @v:\n", "shortname", "-:0 shortname name  -> \n");
}

/* So many tests of a file are looked at. */
#define TESTS_LOOKED_AT 150

static unsigned check_file(const char *path, struct cfg_options options)
{
    g_autoptr(cfg) c = cfg_new(&options);
    unsigned n = 0;

    if (cfg_parse_file(c, path, NULL) < 0)
        return 0;
    while (n < TESTS_LOOKED_AT && cfg_next(c, NULL) > 0) {
        cfg_help_check_explained(c);
        n++;
    }
    return n;
}

static void check_folder(const char *path, unsigned *files)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    cr_assert_not_null(folder, "%s", path);
    while ((name = g_dir_read_name(folder))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);

        if (g_file_test(inside, G_FILE_TEST_IS_DIR))
            check_folder(inside, files);
        else if (g_str_has_suffix(name, ".cfg")) {
            check_file(inside, (struct cfg_options){.keep_suffixes = true});
            *files += check_file(inside, (struct cfg_options){0}) > 0;
        }
    }
}

Test(cfg_explain, ends_with_the_value_for_every_key_of_the_library)
{
    unsigned files = 0;

    check_folder(VTMH_SOURCE_DIR "/cfg/library", &files);
    cr_assert_geq(files, 4);
}

Test(cfg_explain, ends_with_the_value_for_every_key_of_the_corpus)
{
    const char *corpus = g_getenv("VTMH_CORPUS");
    unsigned files = 0;

    if (!corpus)
        cr_skip_test("VTMH_CORPUS names no folder");
    check_folder(corpus, &files);
    cr_assert_geq(files, 1);
}
