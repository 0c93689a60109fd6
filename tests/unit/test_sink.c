#include "orchestrator/report/sink.h"

#include <criterion/criterion.h>
#include <string.h>

static GString *told;
static bool is_full; /* the disk of the sink "full" */

static void *open_asked(const struct job *job, GError **err)
{
    (void)err;
    g_string_append(told, "open ");
    return (void *)job;
}

static void *open_not_asked(const struct job *job, GError **err)
{
    (void)job;
    (void)err;
    return NULL;
}

static void *open_broken(const struct job *job, GError **err)
{
    (void)job;
    g_set_error_literal(err, G_FILE_ERROR, G_FILE_ERROR_ACCES, "no such folder");
    return NULL;
}

static int leg(void *self, const struct test_result *test, const struct leg_result *leg,
               GError **err)
{
    (void)self;
    (void)test;
    g_string_append_printf(told, "leg%u ", leg->leg);
    if (!is_full)
        return 0;
    g_set_error_literal(err, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the disk is full");
    return -1;
}

static int flush(void *self, GError **err)
{
    (void)self;
    (void)err;
    g_string_append(told, "flush ");
    return 0;
}

static int close_sink(void *self, GError **err)
{
    (void)self;
    (void)err;
    g_string_append(told, "close");
    return 0;
}

static const struct sink full = {
    .name = "full", .open = open_asked, .leg = leg, .flush = flush, .close = close_sink};
static const struct sink absent = {.name = "absent", .open = open_not_asked, .leg = leg};
static const struct sink broken = {.name = "broken", .open = open_broken, .leg = leg};

/* In the place of the program's own. */
const struct sink *const sink_table[] = {&full, &absent, &broken, NULL};

static struct sinks *open_all(GError **err)
{
    told = g_string_new(NULL);
    is_full = false;
    return sinks_open((const struct job *)&told, err);
}

Test(sink, one_that_cannot_be_opened_is_the_trouble_and_the_others_are_fed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(leg_result) one = leg_result_new();
    struct sinks *sinks = open_all(&error);
    cr_assert_str_eq(error->message, "broken: no such folder");
    cr_assert_str_eq(sinks_trouble(sinks), "broken: no such folder");
    one->leg = 1;
    sinks_leg(sinks, NULL, one, NULL);
    sinks_flush(sinks, NULL);
    sinks_close(sinks, NULL);
    cr_assert_str_eq(told->str, "open leg1 flush close");
    g_string_free(told, TRUE);
}

Test(sink, one_that_fails_says_so_once_and_is_only_closed)
{
    g_autoptr(GError) error = NULL, again = NULL;
    g_autoptr(leg_result) one = leg_result_new();
    struct sinks *sinks = open_all(NULL);
    is_full = true;
    one->leg = 7;
    sinks_leg(sinks, NULL, one, &error);
    cr_assert_str_eq(error->message, "full: the disk is full");
    sinks_leg(sinks, NULL, one, &again);
    sinks_flush(sinks, &again);
    cr_assert_null(again);
    sinks_close(sinks, NULL);
    cr_assert_str_eq(told->str, "open leg7 close");
    g_string_free(told, TRUE);
}
