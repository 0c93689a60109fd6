/* The stack of what a fiber does. */
#include "tests/unit/fiber_checks.h"

#include <string.h>

static bool text_is(const struct doing *stack, const char *expected)
{
    g_autofree char *text = doing_text(stack, NULL);
    return g_strcmp0(text, expected) == 0;
}

static bool is_on(const struct doing *stack, const char *expected)
{
    g_autofree char *text = doing_text(stack, "host2");
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
            check(text_is(doing_now(), "leg 1 / booting"));
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

static int place(void *arg, GError **err)
{
    (void)arg, (void)err;
    check(is_on(doing_now(), NULL));
    DOING_PART(BLAME_PRODUCT, "leg %u", 3);
    check(is_on(doing_now(), "host2 / leg 3"));
    DOING_WITH("%s", "vm1");
    check(is_on(doing_now(), "leg 3 / vm1 on host2"));
    check(doing_blame(doing_now()) == BLAME_PRODUCT);
    {
        DOING(BLAME_TESTBED, "checking the guest");
        {
            DOING_WITH("vm1"); /* is said already */
            check(doing_blame(doing_now()) == BLAME_TESTBED);
            DOING(BLAME_PRODUCT, "waiting for login");
            check(is_on(doing_now(),
                        "leg 3 / vm1 on host2 / checking the guest / waiting for login"));
        }
        check(is_on(doing_now(), "leg 3 / vm1 on host2 / checking the guest"));
        DOING_PART(BLAME_TESTBED, "leg 1");
        DOING_WITH("vm2");
        check(
            is_on(doing_now(), "leg 3 / vm1 on host2 / checking the guest / leg 1 / vm2 on host2"));
        check(text_is(doing_now(), "leg 3 / vm1 / checking the guest / leg 1 / vm2"));
        DOING_WITH("vm1"); /* another than what was said last */
        check(text_is(doing_now(), "leg 3 / vm1 / checking the guest / leg 1 / vm2 / vm1"));
    }
    check(is_on(doing_now(), "leg 3 / vm1 on host2"));
    return 0;
}

Test(doing, says_in_which_part_of_the_test_with_which_vm_and_on_which_host)
{
    expect_run(place, NULL);
}

struct two {
    struct event *both; /* set when the other has begun too */
    unsigned *begun;
    const char *vm, *expected;
};

static int move_one(void *arg, GError **err)
{
    struct two *two = arg;
    DOING_PART(BLAME_PRODUCT, "leg 1");
    DOING_WITH("%s", two->vm);
    DOING(BLAME_PRODUCT, "migrating");
    if (++*two->begun == 2)
        event_set(two->both);
    if (await_event(two->both, deadline_in(5000), err) < 0)
        return -1;
    check(is_on(doing_now(), two->expected));
    return 0;
}

/* Both in the work of a leg of a third. */
static int move_two(void *arg, GError **err)
{
    struct event both = EVENT_INIT;
    unsigned begun = 0;
    struct two two[] = {
        {&both, &begun, "vm2", "leg 3 / vm1 on host2 / leg 1 / vm2 on host2 / migrating"},
        {&both, &begun, "vm3", "leg 3 / vm1 on host2 / leg 1 / vm3 on host2 / migrating"},
    };
    (void)arg;
    DOING_PART(BLAME_PRODUCT, "leg 3");
    DOING_WITH("vm1");
    struct scope *scope = scope_open("both");
    for (unsigned i = 0; i < G_N_ELEMENTS(two); i++)
        scope_spawn(scope, two[i].vm, move_one, &two[i]);
    return scope_close(scope, err);
}

Test(doing, two_that_move_at_once_within_another_are_told_apart)
{
    expect_run(move_two, NULL);
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
