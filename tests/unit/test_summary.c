#include "orchestrator/report/summary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static bool is_utf8 = true;

static char *print(const struct job_result *job, enum summary_form form, bool colours)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    cr_expect_eq(summary_print(out, job, form, colours, is_utf8, NULL), 0);
    fclose(out);
    return text;
}

static struct test_result *add(struct job_result *job, const char *name, Vtmh__Status status,
                               double elapsed_s)
{
    struct test_result *test = test_result_new(job->tests->len + 1, name, name);

    test->status = status;
    test->elapsed_s = elapsed_s;
    g_ptr_array_add(job->tests, test);
    return test;
}

static void add_leg_of(struct test_result *test, const char *vm, const char *status,
                       double downtime_ms, double stop_to_resume_ms, Vtmh__MemoryCheck check)
{
    struct leg_result *leg = leg_result_new();

    leg->vm = g_strdup(vm);
    leg->leg = test->legs->len + 1;
    leg->status = g_strdup(status);
    leg->downtime_ms = downtime_ms;
    leg->stop_to_resume_ms = stop_to_resume_ms;
    leg->memory_check = check;
    leg->bad_pages = check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT ? 17 : 0;
    test_result_add_leg(test, leg);
}

static void add_leg(struct test_result *test, const char *status, double downtime_ms,
                    double stop_to_resume_ms, Vtmh__MemoryCheck check)
{
    add_leg_of(test, NULL, status, downtime_ms, stop_to_resume_ms, check);
}

#define CLEAN VTMH__MEMORY_CHECK__MEMORY_CLEAN
#define CORRUPT VTMH__MEMORY_CHECK__MEMORY_CORRUPT
#define NOT_CHECKED VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED

/* One test of each kind that the table must tell apart. */
static struct job_result *make_job(void)
{
    struct job_result *job = job_result_new();
    struct test_result *test;

    job->dir = g_strdup("/results/job-1");
    job->elapsed_s = 75.2;
    test = add(job, "quick.tick", VTMH__STATUS__STATUS_PASS, 3.21);
    add_leg(test, "completed", 12, 30, CLEAN);
    add_leg(test, "completed", 31.04, -1, CLEAN);
    add_leg(test, "completed", 10, 14.5, NOT_CHECKED);
    test_result_note(test, "host1: TCG");

    test = add(job, "quick.ping_pong", VTMH__STATUS__STATUS_FAIL, 65);
    add_leg(test, "completed", 4, 5, CLEAN);
    add_leg(test, "completed", 6, 7, CORRUPT);
    add_leg(test, "failed", 9999, 9999, NOT_CHECKED);
    test->fail_host = g_strdup("host2");
    test->fail_cause = g_strdup("17 pages of vm1 are wrong\nfirst 0x1000");
    test->fail_context = g_strdup("leg 2 / vm1 on host2 / checking the memory");
    test->logdir = g_strdup("test-results/2-quick.ping_pong");
    test_result_note(test, "host1: TCG");
    test_result_note(test, "quirk");

    test = add(job, "jeos", VTMH__STATUS__STATUS_CANCEL, 0);
    test->fail_cause = g_strdup("host2 lost");

    test = add(job, "leaky", VTMH__STATUS__STATUS_WARN, 1);
    add_leg(test, "completed", -1, -1, NOT_CHECKED);
    g_ptr_array_add(test->leaks, g_strdup("host1: process 42 (qemu)"));
    return job;
}

Test(summary, tells_everything_in_a_table)
{
    g_autoptr(job_result) job = make_job();
    char *text = print(job, SUMMARY_FULL, false);

    cr_expect_str_eq(
        text,
        "TEST               STATUS  TIME        LEGS  DOWNTIME            STOP→RESUME    MEMORY\n"
        "1-quick.tick       PASS    3.2 s       3     12.0, 20.5/31.0 ms  30.0, 14.5 ms  clean "
        "2/3\n"
        "2-quick.ping_pong  FAIL    1 min 05 s  2/3   4.0, 6.0 ms         5.0, 7.0 ms    corrupt "
        "1/3 "
        "(17 "
        "pages)\n"
        "3-jeos             CANCEL  0.0 s       -     -                   -              -\n"
        "4-leaky            WARN    1.0 s       1     -                   -              not "
        "checked\n"
        "\n"
        "4 tests: 1 PASS, 1 CANCEL, 1 WARN, 1 FAIL in 1 min 15 s\n"
        "\n"
        "FAIL  2-quick.ping_pong\n"
        "      test quick.ping_pong / leg 2 / vm1 on host2 / checking the memory: 17 pages of vm1 "
        "are "
        "wrong\\nfirst 0x1000\n"
        "      logs: /results/job-1/test-results/2-quick.ping_pong\n"
        "\n"
        "CANCEL  3-jeos\n"
        "      test jeos: host2 lost\n"
        "\n"
        "WARN  4-leaky\n"
        "      left behind: host1: process 42 (qemu)\n"
        "\n"
        "note: host1: TCG (2 tests)\n"
        "note: quirk (1 test)\n"
        "\n"
        "/results/job-1\n",
        "%s", text);
    free(text);
}

Test(summary, gives_verdicts_and_the_path_when_it_is_to_be_short)
{
    g_autoptr(job_result) job = make_job();
    char *text = print(job, SUMMARY_SHORT, false);

    cr_expect_str_eq(text,
                     "PASS 1-quick.tick\n"
                     "FAIL 2-quick.ping_pong: leg 2 / vm1 on host2 / checking the memory: "
                     "17 pages of vm1 are wrong\\nfirst 0x1000\n"
                     "CANCEL 3-jeos: host2 lost\n"
                     "WARN 4-leaky\n"
                     "/results/job-1\n",
                     "%s", text);
    free(text);
}

Test(summary, ends_with_the_path_even_when_no_test_began)
{
    g_autoptr(job_result) job = job_result_new();
    char *text;

    job->dir = g_strdup("/results/job-1");
    /* The trouble itself is a diagnostic: it has been told on stderr. */
    job->trouble = g_strdup("host1: connection refused");
    text = print(job, SUMMARY_FULL, false);
    cr_expect_str_eq(text,
                     "\n0 tests in 0.0 s\n"
                     "\n/results/job-1\n",
                     "%s", text);
    free(text);
}

Test(summary, tells_each_vms_first_leg_apart_from_later_ones)
{
    g_autoptr(job_result) job = job_result_new();
    struct test_result *test = add(job, "two", VTMH__STATUS__STATUS_PASS, 1);
    static const char *const vms[] = {"vm1", "vm2", "vm1", "vm2"};
    char *text;

    for (unsigned i = 0; i < G_N_ELEMENTS(vms); i++)
        add_leg_of(test, vms[i], "completed", 40 - 10.0 * i, -1, CLEAN);
    text = print(job, SUMMARY_FULL, false);
    cr_expect(strstr(text, "  35.0/40.0, 15.0/20.0 ms  -  "), "%s", text);
    free(text);
}

Test(summary, is_in_ascii_where_the_terminal_takes_nothing_else)
{
    g_autoptr(job_result) job = job_result_new();
    char *text;

    add(job, "日", VTMH__STATUS__STATUS_PASS, 1);
    is_utf8 = false;
    text = print(job, SUMMARY_FULL, false);
    cr_expect_not_null(strstr(text, "STOP->RESUME  MEMORY"), "%s", text);
    cr_expect_not_null(strstr(text, "\\u65e5"), "%s", text);
    for (const char *c = text; *c != '\0'; c++)
        cr_expect(*c > 0);
    free(text);
}

Test(summary, says_that_it_could_not_be_written)
{
    g_autoptr(job_result) job = make_job();
    g_autoptr(GError) error = NULL;
    FILE *full = fopen("/dev/full", "w");

    cr_assert(full);
    cr_expect_eq(summary_print(full, job, SUMMARY_FULL, false, true, &error), -1);
    cr_expect_str_eq(error->message, "cannot write standard output: No space left on device");
    fclose(full);
}

Test(summary, gives_paths_that_can_be_pasted)
{
    g_autoptr(job_result) job = job_result_new();
    struct test_result *test = add(job, "it's", VTMH__STATUS__STATUS_FAIL, 1);
    char *text;

    job->dir = g_strdup("/my results");
    test->logdir = g_strdup("test-results/1-it's");
    text = print(job, SUMMARY_FULL, false);
    cr_expect(strstr(text, "      logs: '/my results/test-results/1-it'\\''s'\n"), "%s", text);
    free(text);
}

Test(summary, colours_statuses_without_moving_columns)
{
    g_autoptr(job_result) job = make_job();
    char *plain = print(job, SUMMARY_FULL, false);
    char *coloured = print(job, SUMMARY_FULL, true);
    GString *stripped = g_string_new(NULL);

    cr_expect(strstr(coloured, "\033[32mPASS\033[0m"));
    cr_expect_null(strchr(plain, '\033'));
    for (const char *c = coloured; *c != '\0'; c++) {
        if (*c == '\033')
            c = strchr(c, 'm');
        else
            g_string_append_c(stripped, *c);
    }
    cr_expect_str_eq(stripped->str, plain);
    g_string_free(stripped, TRUE);
    free(plain);
    free(coloured);
}

Test(summary, lets_no_guest_write_to_the_terminal)
{
    g_autoptr(job_result) job = job_result_new();
    struct test_result *test = add(job, "a\033[2J", VTMH__STATUS__STATUS_FAIL, 1);
    char *text;

    test->fail_cause = g_strdup("\033]0;title\a");
    test->fail_host = g_strdup("h\r");
    test_result_note(test, "\033[1A");
    g_ptr_array_add(test->leaks, g_strdup("\033[1A"));
    job->trouble = g_strdup("\033[1A");
    text = print(job, SUMMARY_FULL, false);
    cr_expect_null(strpbrk(text, "\033\a\r"), "%s", text);
    free(text);
}
