#include "sync/meeting_private.h"

#include <string.h>

static void action_free(void *data)
{
    struct meeting_action *action = data;

    g_free(action->tag);
    g_clear_pointer(&action->payloads, g_ptr_array_unref);
    g_free(action);
}

GPtrArray *meeting_actions_new(void)
{
    return g_ptr_array_new_with_free_func(action_free);
}

static unsigned meeting_hash(const void *key)
{
    const struct meeting *meeting = key;

    return (g_str_hash(meeting->tag) * 31 + g_int64_hash(&meeting->scope)) * 31 + meeting->use;
}

static gboolean meeting_equal(const void *a, const void *b)
{
    const struct meeting *left = a, *right = b;

    return left->scope == right->scope && left->use == right->use &&
           strcmp(left->tag, right->tag) == 0;
}

static void meeting_free(void *data)
{
    struct meeting *meeting = data;

    g_free(meeting->tag);
    g_ptr_array_unref(meeting->payloads);
    g_free(meeting);
}

static void cause_free(void *data)
{
    struct meeting_cause *cause = data;

    g_free(cause->message);
    g_free(cause->context);
    g_free(cause);
}

static void test_free(void *data)
{
    struct meeting_test *test = data;

    for (unsigned i = 0; i < test->n_hosts; i++) {
        g_free(test->hosts[i].name);
        g_free(test->hosts[i].context);
    }
    g_free(test->hosts);
    g_bytes_unref(test->nothing);
    g_hash_table_unref(test->meetings);
    g_ptr_array_unref(test->open);
    g_queue_clear(&test->ended);
    g_ptr_array_unref(test->causes);
    g_hash_table_unref(test->scope_causes);
    g_free(test);
}

unsigned meeting_hosts_next(const struct meeting_hosts *set, unsigned from)
{
    for (unsigned word = from / 64; word < G_N_ELEMENTS(set->bits); word++) {
        uint64_t rest = set->bits[word];

        if (word == from / 64)
            rest &= UINT64_MAX << (from % 64);
        if (rest != 0)
            return word * 64 + (unsigned)__builtin_ctzll(rest);
    }
    return MEETING_MAX_HOSTS;
}

unsigned meeting_next_missing(const struct meeting *meeting, unsigned from)
{
    struct meeting_hosts missing;

    for (unsigned i = 0; i < G_N_ELEMENTS(missing.bits); i++)
        missing.bits[i] = meeting->members.bits[i] & ~meeting->arrived.bits[i];
    return meeting_hosts_next(&missing, from);
}

struct meeting_test *meeting_find_test(const struct meeting_book *book, uint64_t id)
{
    return g_hash_table_lookup(book->tests, &id);
}

struct meeting_book *meeting_book_new(void)
{
    struct meeting_book *book = g_new0(struct meeting_book, 1);

    book->tests = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, test_free);
    book->not_open.origin = -1;
    book->not_open.message = g_strdup("the test is over");
    return book;
}

void meeting_book_free(struct meeting_book *book)
{
    if (!book)
        return;
    g_hash_table_unref(book->tests);
    g_free(book->not_open.message);
    g_free(book);
}

void meeting_open_test(struct meeting_book *book, uint64_t id, unsigned n_hosts,
                       const char *const *names)
{
    struct meeting_test *test = g_new0(struct meeting_test, 1);

    g_assert(n_hosts <= MEETING_MAX_HOSTS);
    if (meeting_find_test(book, id))
        g_error("test %" G_GUINT64_FORMAT " is open already", id);
    test->id = id;
    test->n_hosts = n_hosts;
    test->hosts = g_new0(struct meeting_host, n_hosts);
    for (unsigned i = 0; i < n_hosts; i++)
        test->hosts[i].name = g_strdup(names[i]);
    test->nothing = g_bytes_new_static("", 0);
    test->meetings = g_hash_table_new_full(meeting_hash, meeting_equal, meeting_free, NULL);
    test->open = g_ptr_array_new();
    test->causes = g_ptr_array_new_with_free_func(cause_free);
    test->scope_causes = g_hash_table_new(NULL, NULL);
    g_hash_table_insert(book->tests, &test->id, test);
}

void meeting_close_test(struct meeting_book *book, uint64_t id)
{
    g_hash_table_remove(book->tests, &id);
}

const struct meeting_cause *meeting_scope_cause(const struct meeting_test *test, uint64_t scope)
{
    return test->cause ? test->cause
                       : g_hash_table_lookup(test->scope_causes, GSIZE_TO_POINTER(scope));
}

const struct meeting_cause *meeting_cause(const struct meeting_book *book, uint64_t id,
                                          uint64_t scope)
{
    const struct meeting_test *test = meeting_find_test(book, id);

    return test ? meeting_scope_cause(test, scope) : NULL;
}
