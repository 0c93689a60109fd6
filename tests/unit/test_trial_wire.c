/* What the book's answers become on the wire. Peers are told by functions of our own. */
#include "orchestrator/trial_wire.h"

#include <criterion/criterion.h>

#define TEST 7
#define HOSTS 3

static struct peer all[HOSTS];
static struct peer *peers[HOSTS] = {&all[0], &all[1], &all[2]};
static GPtrArray *told[HOSTS]; /* struct packed */

const char *peer_name(const struct peer *peer)
{
    return peer == &all[0] ? "alpha" : peer == &all[1] ? "beta" : "gamma";
}

void peer_send_packed(struct peer *peer, struct packed *message)
{
    g_ptr_array_add(told[peer - all], packed_ref(message));
}

int peer_send(struct peer *peer, const Vtmh__Envelope *envelope, GError **err)
{
    g_autoptr(packed) message = link_pack(envelope, err);

    if (message == NULL)
        return -1;
    peer_send_packed(peer, message);
    return 0;
}

static struct meeting_book *open_book(void)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    struct meeting_book *book = meeting_book_new();

    for (unsigned i = 0; i < HOSTS; i++)
        told[i] = g_ptr_array_new_with_free_func((GDestroyNotify)packed_unref);
    meeting_open_test(book, TEST, HOSTS, names);
    return book;
}

static void arrive(struct meeting_book *book, unsigned host, const char *tag, GBytes *payload,
                   GPtrArray *actions)
{
    struct meeting_arrival arrival = {
        .test = TEST, .tag = tag, .host = host, .timeout_ms = 1000, .payload = payload};

    for (unsigned i = 0; i < HOSTS; i++)
        meeting_hosts_add(&arrival.members, i);
    meeting_arrive(book, &arrival, 0, actions);
}

static Vtmh__Envelope *read_only_message(unsigned host)
{
    const struct packed *message;

    cr_assert_eq(told[host]->len, 1, "host %u was told %u messages", host, told[host]->len);
    message = g_ptr_array_index(told[host], 0);
    return vtmh__envelope__unpack(NULL, message->size, message->data);
}

Test(trial_wire, a_release_is_one_message_for_all_its_hosts)
{
    struct meeting_book *book = open_book();
    GPtrArray *actions = meeting_actions_new();
    GBytes *payload = g_bytes_new_static("port 4711", 9);

    for (unsigned i = 0; i < HOSTS; i++)
        arrive(book, i, "ready", i == 1 ? payload : NULL, actions);
    cr_assert_eq(trial_wire_act(peers, actions, NULL), 0);
    for (unsigned i = 0; i < HOSTS; i++) {
        Vtmh__Envelope *envelope = read_only_message(i);

        cr_assert_eq(g_ptr_array_index(told[i], 0), g_ptr_array_index(told[0], 0));
        cr_assert_eq(envelope->body_case, VTMH__ENVELOPE__BODY_RELEASE);
        cr_assert_str_eq(envelope->release->tag, "ready");
        cr_assert_eq(envelope->release->n_payloads, HOSTS);
        cr_assert_eq(envelope->release->payloads[0].len, 0);
        cr_assert_arr_eq(envelope->release->payloads[1].data, "port 4711", 9);
        vtmh__envelope__free_unpacked(envelope, NULL);
    }
    g_bytes_unref(payload);
    g_ptr_array_unref(actions);
    meeting_book_free(book);
}

Test(trial_wire, different_answers_are_different_messages)
{
    struct meeting_book *book = open_book();
    GPtrArray *actions = meeting_actions_new();

    for (unsigned i = 0; i < HOSTS; i++)
        arrive(book, i, "ready", NULL, actions);
    meeting_fail(book, TEST, MEETING_TEST_SCOPE, 2, "QEMU ended", 0, actions);
    cr_assert_eq(trial_wire_act(peers, actions, NULL), 0);
    for (unsigned i = 0; i < HOSTS; i++) {
        const struct packed *message;
        Vtmh__Envelope *abort;

        cr_assert_eq(told[i]->len, 2);
        message = g_ptr_array_index(told[i], 1);
        abort = vtmh__envelope__unpack(NULL, message->size, message->data);
        cr_assert_eq(abort->body_case, VTMH__ENVELOPE__BODY_ABORT);
        cr_assert_str_eq(abort->abort->message, "QEMU ended");
        cr_assert_eq(abort->abort->origin, 2);
        vtmh__envelope__free_unpacked(abort, NULL);
    }
    g_ptr_array_unref(actions);
    meeting_book_free(book);
}

Test(trial_wire, what_follows_a_message_that_is_too_large_is_told_all_the_same)
{
    struct meeting_book *book = open_book();
    GPtrArray *actions = meeting_actions_new();
    GBytes *half = g_bytes_new_take(g_malloc0(LINK_MAX_FRAME / 2), LINK_MAX_FRAME / 2);
    GError *err = NULL;

    for (unsigned i = 0; i < HOSTS; i++)
        arrive(book, i, "ready", half, actions);
    meeting_abort(book, TEST, "stopped", 0, actions);
    cr_assert_eq(trial_wire_act(peers, actions, &err), -1);
    cr_assert(g_error_matches(err, LINK_ERROR, LINK_ERROR_TOO_LARGE));
    for (unsigned i = 0; i < HOSTS; i++) {
        Vtmh__Envelope *envelope = read_only_message(i);

        cr_assert_eq(envelope->body_case, VTMH__ENVELOPE__BODY_ABORT);
        vtmh__envelope__free_unpacked(envelope, NULL);
    }
    g_clear_error(&err);
    g_bytes_unref(half);
    g_ptr_array_unref(actions);
    meeting_book_free(book);
}
