#include "migration/vm/qmp_log.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define LISTS "query-migrate-parameters"

static char *folder, *path;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-qmp-log-XXXXXX", NULL);
    path = g_build_filename(folder, "vm1.qmp.log", NULL);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(qmp_log, .init = make_folder, .fini = remove_folder);

static struct qmp_log *open_log(GHashTable *known)
{
    struct qmp_log *log = qmp_log_open(path, known, NULL);

    cr_assert_not_null(log);
    return log;
}

static void receive(struct qmp_log *log, const char *line, const char *command)
{
    json_auto_t *message = json_loads(line, 0, NULL);

    qmp_log_received(log, line, message, command);
}

/* All lines of the log, without their times. */
static void expect_lines(const char *wanted)
{
    g_autofree char *text = NULL;
    g_autofree char *found = NULL;
    g_autoptr(GRegex) stamp = g_regex_new("^[0-9TZ:.-]{27} ", G_REGEX_MULTILINE, 0, NULL);

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    found = g_regex_replace_literal(stamp, text, -1, 0, "", 0, NULL);
    cr_expect_str_eq(found, wanted, "%s", found);
}

Test(qmp_log, a_long_list_is_written_once_whichever_connection_asks)
{
    GHashTable *known = qmp_log_known_new();
    struct qmp_log *source = open_log(known), *destination;

    qmp_log_sent(source, "{\"execute\": \"x\"}", FALSE);
    receive(source, "{\"return\": {\"a\": 1}, \"id\": 1}", LISTS);
    receive(source, "{\"return\": {\"a\": 1}, \"id\": 2}", LISTS);
    receive(source, "{\"return\": {\"a\": 2}, \"id\": 3}", LISTS);
    receive(source, "{\"return\": {\"a\": 1}, \"id\": 4}", LISTS);
    qmp_log_close(source);
    destination = open_log(known);
    g_hash_table_unref(known); /* a VM may be kept longer than its test */
    receive(destination, "{\"return\": {\"a\": 2}, \"id\": 1}", LISTS);
    receive(destination, "{\"return\": {\"a\": 2}, \"id\": 1}", "query-migrate-capabilities");
    qmp_log_close(destination);
    expect_lines("> {\"execute\": \"x\"}\n"
                 "< {\"return\": {\"a\": 1}, \"id\": 1}\n"
                 "< as before: " LISTS "\n"
                 "< {\"return\": {\"a\": 2}, \"id\": 3}\n"
                 "< as before: " LISTS "\n"
                 "< as before: " LISTS "\n"
                 "< {\"return\": {\"a\": 2}, \"id\": 1}\n");
}

Test(qmp_log, all_else_is_written_each_time)
{
    static const char lines[] = "< {\"return\": {}, \"id\": 1}\n"
                                "< {\"event\": \"STOP\"}\n"
                                "< {\"error\": {}, \"id\": 1}\n"
                                "< no JSON\n";
    GHashTable *known = qmp_log_known_new();
    struct qmp_log *log = open_log(known);
    g_autofree char *wanted = g_strconcat(lines, lines, "> (with a descriptor) {}\n", NULL);

    for (unsigned i = 0; i < 2; i++) {
        receive(log, "{\"return\": {}, \"id\": 1}", "query-migrate");
        receive(log, "{\"event\": \"STOP\"}", NULL);
        receive(log, "{\"error\": {}, \"id\": 1}", LISTS);
        receive(log, "no JSON", NULL);
    }
    qmp_log_sent(log, "{}", TRUE);
    qmp_log_close(log);
    g_hash_table_unref(known);
    expect_lines(wanted);
}

Test(qmp_log, one_that_cannot_be_written_is_told)
{
    g_autofree char *below = g_build_filename(path, "x", NULL);
    g_autoptr(GError) error = NULL;

    cr_expect_null(qmp_log_open(below, NULL, &error));
    cr_expect(error != NULL && strstr(error->message, below));
}
