/* The stack of what a fiber does. */
#include "tests/unit/fiber_checks.h"

#include <string.h>

static bool text_is(const struct doing *stack, const char *expected)
{
    g_autofree char *text = doing_text(stack);
    return g_strcmp0(text, expected) == 0;
}

static int nest(void *arg, GError **err)
{
    (void)arg, (void)err;
    check(doing_now() == NULL);
    check(doing_blame(NULL) == BLAME_TESTBED);
    {
        DOING(BLAME_PRODUCT, "leg %d", 1);
        {
            DOING(BLAME_TESTBED, "booting");
            check(text_is(doing_now(), "booting, leg 1"));
            check(doing_blame(doing_now()) == BLAME_TESTBED);
        }
        check(text_is(doing_now(), "leg 1"));
        check(doing_blame(doing_now()) == BLAME_PRODUCT);
    }
    check(doing_now() == NULL);
    return 0;
}

Test(doing, frames_end_with_their_blocks)
{
    expect_run(nest, NULL);
}

static int look(void *arg, GError **err)
{
    (void)err;
    check(text_is(doing_now(), arg));
    DOING(BLAME_TESTBED, "of the child");
    return 0;
}

static int spawn(void *arg, GError **err)
{
    (void)arg;
    struct scope *scope = scope_open("outer");
    {
        DOING(BLAME_PRODUCT, "moving");
        scope_spawn(scope, "child", look, "moving");
    }
    check(doing_now() == NULL);
    return scope_close(scope, err);
}

Test(doing, a_fiber_begins_with_what_its_parent_did_and_may_outlive_it)
{
    expect_run(spawn, NULL);
}

static int fail(void *arg, GError **err)
{
    (void)arg;
    DOING(BLAME_PRODUCT, "waiting in vain");
    struct event never = EVENT_INIT;
    return await_event(&never, deadline_in(0), err);
}

static int keep(void *arg, GError **err)
{
    (void)arg, (void)err;
    g_autoptr(GError) error = NULL;
    check(fail(NULL, &error) < 0);
    g_autoptr(GError) copy = g_error_copy(error);
    check(text_is(sync_error_circumstances(copy)->doing, "waiting in vain"));
    check(sync_error_circumstances(copy)->at_us == sync_error_circumstances(error)->at_us);
    DOING_AGAIN(sync_error_circumstances(copy)->doing);
    check(text_is(doing_now(), "waiting in vain"));
    return 0;
}

Test(doing, an_error_keeps_the_stack_it_was_made_under)
{
    expect_run(keep, NULL);
}

static int wait_to_be_cancelled(void *arg, GError **err)
{
    (void)arg;
    DOING(BLAME_PRODUCT, "receiving");
    struct event never = EVENT_INIT;
    return await_event(&never, DEADLINE_NEVER, err);
}

static int cancel_another(void *arg, GError **err)
{
    (void)arg;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CLOSED, "enough");
    struct scope *scope = scope_open("outer");
    g_autoptr(fiber) waiter =
        fiber_ref(scope_spawn_detached(scope, "waiter", wait_to_be_cancelled, NULL));
    await_turn(NULL);
    {
        DOING(BLAME_TESTBED, "cancelling");
        fiber_cancel(waiter, cause);
    }
    check(fiber_join(waiter, deadline_in(1000), &error) < 0);
    check(text_is(sync_error_circumstances(error)->doing, "receiving"));
    return scope_close(scope, err);
}

Test(doing, a_cancelled_fiber_tells_what_it_did_itself)
{
    expect_run(cancel_another, NULL);
}
