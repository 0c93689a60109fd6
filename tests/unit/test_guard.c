/* The guarded port of a migration: who knows the token comes in, and nobody keeps him out. */
#include "migration/move/transport/guard.h"

#include <criterion/criterion.h>
#include <string.h>

#define SOON deadline_in(10000)
#define CROWD 100

static struct guard *guard;

static const char *token(unsigned place)
{
    static char text[2][128];
    json_t *tokens = guard_tokens(guard);

    g_strlcpy(text[place], json_string_value(json_array_get(tokens, place)), sizeof(text[place]));
    json_decref(tokens);
    return text[place];
}

static void run(int (*body)(void *, GError **))
{
    g_autoptr(GError) error = NULL;

    cr_assert_eq(fiber_run(body, NULL, &error), 0, "%s", error != NULL ? error->message : "");
}

static int enter(void *arg, GError **err)
{
    struct stream **stream = arg;

    *stream = guard_enter("127.0.0.1", guard_port(guard), token(0), SOON, err);
    return *stream != NULL ? stream_write(*stream, "first bytes", 11, SOON, err) : -1;
}

/* The one with the token comes in, and what he says behind it is untouched. */
static int expect_admitted(unsigned strangers_expected, GError **err)
{
    char said[11] = {0};
    struct stream *outside = NULL;
    struct scope *scope = scope_open("outside");

    scope_spawn(scope, "enter", enter, &outside);
    g_autoptr(stream) inside = guard_admit(guard, SOON, err);
    if (scope_close(scope, err) < 0 || inside == NULL)
        return -1;
    for (size_t size = 0; size < sizeof(said);) {
        ssize_t n = stream_read(inside, said + size, sizeof(said) - size, SOON, err);

        if (n <= 0)
            return -1;
        size += (size_t)n;
    }
    cr_expect_eq(memcmp(said, "first bytes", sizeof(said)), 0);
    cr_expect_eq(guard_strangers(guard), strangers_expected, "%u strangers",
                 guard_strangers(guard));
    stream_close(outside);
    guard_free(guard);
    return 0;
}

static int admit(void *arg, GError **err)
{
    (void)arg;
    guard = guard_new("127.0.0.1", 0, 0, 1, err);
    return guard != NULL ? expect_admitted(0, err) : -1;
}

TestSuite(guard, .timeout = 60);

Test(guard, admits_the_one_with_the_token_and_leaves_his_stream_untouched)
{
    run(admit);
}

static int admit_after_wrong_words(void *arg, GError **err)
{
    g_autofree char *nearly = NULL;

    (void)arg;
    guard = guard_new("127.0.0.1", 0, 0, 1, err);
    if (guard == NULL)
        return -1;
    nearly = g_strdup(token(0));
    nearly[63] = nearly[63] == 'x' ? 'y' : 'x';
    g_autoptr(stream) wrong = guard_enter("127.0.0.1", guard_port(guard), nearly, SOON, err);
    g_autoptr(stream) gone = stream_connect_tcp("127.0.0.1", guard_port(guard), SOON, err);
    if (wrong == NULL || gone == NULL)
        return -1;
    stream_close(g_steal_pointer(&gone));
    return expect_admitted(2, err);
}

Test(guard, turns_away_who_says_something_else_or_goes)
{
    run(admit_after_wrong_words);
}

/* More than the guard looks at at a time; each has its second. */
static int admit_beside_a_silent_crowd(void *arg, GError **err)
{
    struct stream *crowd[CROWD] = {0};
    int result = 0;

    (void)arg;
    guard = guard_new("127.0.0.1", 0, 0, 1, err);
    if (guard == NULL)
        return -1;
    for (unsigned i = 0; i < CROWD && result == 0; i++) {
        crowd[i] = stream_connect_tcp("127.0.0.1", guard_port(guard), SOON, err);
        result = crowd[i] != NULL ? 0 : -1;
    }
    if (result == 0)
        result = expect_admitted(CROWD, err);
    for (unsigned i = 0; i < CROWD; i++)
        stream_close(crowd[i]);
    return result;
}

Test(guard, lets_nobody_be_kept_out_by_a_silent_crowd)
{
    run(admit_beside_a_silent_crowd);
}

static int wait_in_vain(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg;
    guard = guard_new("127.0.0.1", 0, 0, 1, err);
    if (guard == NULL)
        return -1;
    cr_expect_null(guard_admit(guard, deadline_in(50), &error));
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    guard_free(guard);
    return 0;
}

Test(guard, waits_no_longer_than_it_is_told)
{
    run(wait_in_vain);
}

static int expect_word(struct stream *stream, const char *word, GError **err)
{
    char said[8] = {0};

    if (stream == NULL || stream_read(stream, said, sizeof(said) - 1, SOON, err) <= 0)
        return -1;
    cr_expect_str_eq(said, word);
    return 0;
}

/* The second comes first; a token that was said before is a stranger's. */
static int admit_two(void *arg, GError **err)
{
    struct scope *door = scope_open("door");

    (void)arg;
    guard = guard_new("127.0.0.1", 0, 0, 2, err);
    if (guard == NULL)
        return -1;
    scope_spawn_detached(door, "serve", guard_serve, guard);
    g_autoptr(stream) second = guard_enter("127.0.0.1", guard_port(guard), token(1), SOON, err);
    g_autoptr(stream) again = guard_enter("127.0.0.1", guard_port(guard), token(1), SOON, err);
    char end;
    cr_expect_eq(stream_read(again, &end, 1, SOON, NULL), 0);
    g_autoptr(stream) first = guard_enter("127.0.0.1", guard_port(guard), token(0), SOON, err);
    stream_write(second, "second", 6, SOON, err);
    stream_write(first, "first", 5, SOON, err);
    g_autoptr(stream) one = guard_next(guard, SOON, err);
    g_autoptr(stream) other = guard_next(guard, SOON, err);
    scope_abandon(door);
    int result = expect_word(one, "first", err) < 0 ? -1 : expect_word(other, "second", err);
    cr_expect_eq(guard_strangers(guard), 1);
    guard_free(guard);
    return result;
}

Test(guard, gives_each_his_place_by_his_token_and_takes_no_token_twice)
{
    run(admit_two);
}
