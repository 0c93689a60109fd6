#include "sync/mailbox.h"

#include <criterion/criterion.h>

TestSuite(mailbox, .timeout = 20);

static unsigned n_freed;

static void count_free(void *item)
{
    n_freed++;
    g_free(item);
}

static void expect_run(fiber_fn fn)
{
    g_autoptr(GError) err = NULL;
    int result = fiber_run(fn, NULL, &err);

    cr_assert_eq(result, 0, "%s", err ? err->message : "");
}

static void expect_next(struct mailbox *mailbox, const char *expected)
{
    g_autofree char *item = mailbox_take(mailbox, deadline_in(10000), NULL);

    cr_expect_str_eq(item, expected);
}

static int take_in_order(void *arg, GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(count_free);

    (void)arg;
    (void)err;
    cr_expect(!event_is_set(mailbox_ready(mailbox)));
    mailbox_put(mailbox, g_strdup("1"));
    mailbox_put(mailbox, g_strdup("2"));
    cr_expect(event_is_set(mailbox_ready(mailbox)));
    expect_next(mailbox, "1");
    expect_next(mailbox, "2");
    cr_expect(!event_is_set(mailbox_ready(mailbox)));
    cr_expect_null(mailbox_try_take(mailbox));
    return 0;
}

Test(mailbox, gives_items_in_order)
{
    expect_run(take_in_order);
    cr_assert_eq(n_freed, 0);
}

static int take_one(void *arg, GError **err)
{
    g_autofree char *item = mailbox_take(arg, deadline_in(10000), err);

    return item ? 0 : -1;
}

static int take_by_many(void *arg, GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(count_free);
    g_autoptr(scope) scope = scope_open("takers");

    (void)arg;
    for (int i = 0; i < 3; i++)
        scope_spawn(scope, "taker", take_one, mailbox);
    for (int i = 0; i < 3; i++) {
        if (await_turn(err) < 0)
            return -1;
        mailbox_put(mailbox, g_strdup("x"));
    }
    if (scope_close(g_steal_pointer(&scope), err) < 0)
        return -1;
    cr_expect(!event_is_set(mailbox_ready(mailbox)));
    return 0;
}

Test(mailbox, gives_each_item_to_one_of_several_takers)
{
    expect_run(take_by_many);
}

static int close_with_items(void *arg, GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(count_free);
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    mailbox_put(mailbox, g_strdup("last"));
    mailbox_close(mailbox);
    mailbox_put(mailbox, g_strdup("too late"));
    cr_expect_eq(n_freed, 1);
    expect_next(mailbox, "last");
    cr_expect_null(mailbox_take(mailbox, deadline_in(10000), &error));
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CLOSED));
    cr_expect(event_is_set(mailbox_ready(mailbox)));
    return 0;
}

Test(mailbox, is_emptied_before_it_says_closed)
{
    expect_run(close_with_items);
    cr_assert_eq(n_freed, 1);
}

static int take_until_closed(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)err;
    cr_expect_null(mailbox_take(arg, DEADLINE_NEVER, &error));
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CLOSED));
    return 0;
}

static int close_under_taker(void *arg, GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(NULL);
    g_autoptr(scope) scope = scope_open("taker");

    (void)arg;
    scope_spawn(scope, "taker", take_until_closed, mailbox);
    if (await_turn(err) < 0)
        return -1;
    mailbox_close(mailbox);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(mailbox, wakes_its_takers_when_closed)
{
    expect_run(close_under_taker);
}

static int time_out(void *arg, GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(count_free);
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    cr_expect_null(mailbox_take(mailbox, deadline_in(1), &error));
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    mailbox_put(mailbox, g_strdup("never taken"));
    mailbox_put(mailbox, g_strdup("never taken"));
    return 0;
}

Test(mailbox, times_out_and_frees_what_was_never_taken)
{
    expect_run(time_out);
    cr_assert_eq(n_freed, 2);
}
