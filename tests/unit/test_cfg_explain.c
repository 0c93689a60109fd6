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
    g_string_append_printf(user, "%s:%u %s %s %s -> %s%s\n", step->file, step->line, step->key,
                           step->op, step->written, step->value ? step->value : "gone",
                           step->changed ? "" : " (unchanged)");
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
                     "g.cfg:14 mem _max 1G -> 1G\n",
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
                     "g.cfg:4 a_s suffix _s -> 1\n"
                     "g.cfg:5 a = 2 -> 2\n",
                     "%s", out->str);
}

Test(cfg_explain, tells_both_parts_of_a_join)
{
    g_autoptr(cfg) c = load("variants:\n  - a:\n      k = 1\n  - b:\n      k = 2\njoin a b\n");
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_explain(c, "k", write_step, out, NULL), 0);
    cr_assert_str_eq(out->str, "g.cfg:3 k = 1 -> 1\ng.cfg:5 k = 2 -> 2\n");
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
