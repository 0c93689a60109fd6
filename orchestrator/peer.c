#include "orchestrator/peer.h"

#include "orchestrator/version.h"

#define LAST_WORD_MS 1000 /* for the node to acknowledge our answer to its good-bye */

static void send_goodbye(struct peer *peer)
{
    Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_GOODBYE;
    envelope.goodbye = &goodbye;
    peer_send(peer, &envelope, NULL); /* it is small */
}

/* The node has ended, asked or by itself; it waits for our answer. */
static void take_goodbye(struct peer *peer, const Vtmh__Goodbye *goodbye)
{
    send_goodbye(peer);
    for (size_t i = 0; i < goodbye->n_leaks; i++)
        g_ptr_array_add(peer->final_leaks,
                        g_strdup_printf("%s: %s", peer_name(peer), goodbye->leaks[i]));
    event_set(&peer->goodbye);
}

static int listen_to_node(void *arg, GError **err)
{
    struct peer *peer = arg;
    for (;;) {
        g_autoptr(vtmh_envelope) envelope = link_receive(peer->link, DEADLINE_NEVER, err);
        if (envelope == NULL)
            return -1;
        secrets_hide_message(peer->secrets, envelope);
        if (envelope->body_case == VTMH__ENVELOPE__BODY_GOODBYE)
            take_goodbye(peer, envelope->goodbye);
        else if (peer->on_message != NULL)
            peer->on_message(peer, envelope, peer->arg);
    }
}

static int greet(struct peer *peer, const char *job, int64_t deadline, GError **err)
{
    Vtmh__Hello hello = VTMH__HELLO__INIT;
    hello.protocol = LINK_PROTOCOL_VERSION;
    hello.version = VTMH_VERSION;
    hello.job = (char *)job;
    hello.node_name = peer->machine->name;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    if (link_send(peer->link, &envelope, err) < 0)
        return -1;

    g_autoptr(vtmh_envelope) answer = link_receive(peer->link, deadline, err);
    if (answer == NULL) {
        g_prefix_error(err, "the node at %s does not answer: ", peer->deployed->link_address);
        return -1;
    }
    if (answer->body_case != VTMH__ENVELOPE__BODY_WELCOME) {
        g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL,
                    "the node did not welcome us but sent a message of kind %d",
                    (int)answer->body_case);
        return -1;
    }
    if (*answer->welcome->refused != '\0') {
        g_set_error_literal(err, LINK_ERROR, LINK_ERROR_PROTOCOL, answer->welcome->refused);
        return -1;
    }
    peer->boot_id = g_strdup(answer->welcome->boot_id);
    peer->welcome = answer->welcome;
    peer->answer = g_steal_pointer(&answer);
    return 0;
}

struct peer *peer_connect(struct deployed *deployed, const char *job, struct scope *scope,
                          int64_t deadline, GError **err)
{
    struct peer *peer = g_new0(struct peer, 1);
    peer->machine = deployed->machine;
    peer->index = deployed->machine->index;
    peer->deployed = deployed;
    peer->final_leaks = g_ptr_array_new_with_free_func(g_free);
    peer->link = link_connect(deployed->link_address, deployed->key, err);
    if (peer->link == NULL || greet(peer, job, deadline, err) < 0) {
        g_prefix_error(err, "%s: ", peer_name(peer));
        peer->deployed = NULL;
        peer_free(peer);
        return NULL;
    }
    scope_spawn_detached(scope, peer_name(peer), listen_to_node, peer);
    return peer;
}

const char *peer_name(const struct peer *peer)
{
    return peer->machine->name;
}

int peer_send(struct peer *peer, const Vtmh__Envelope *envelope, GError **err)
{
    return link_send(peer->link, envelope, err);
}

void peer_send_packed(struct peer *peer, struct packed *message)
{
    link_send_packed(peer->link, message);
}

int peer_say_goodbye(struct peer *peer, int64_t deadline, GError **err)
{
    if (!event_is_set(&peer->goodbye))
        send_goodbye(peer);
    struct event *const events[] = {&peer->goodbye, link_lost_event(peer->link)};
    int which = await_any(events, G_N_ELEMENTS(events), deadline, err);
    if (which > 0)
        g_set_error_literal(err, LINK_ERROR, LINK_ERROR_LOST, "it is no longer heard from");
    if (which != 0) {
        g_prefix_error(err, "%s: the node does not say good-bye: ", peer_name(peer));
        return -1;
    }
    link_flush(peer->link, deadline_min(deadline, deadline_in(LAST_WORD_MS)), NULL);
    return 0;
}

void peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    link_close(peer->link);
    deployed_free(peer->deployed);
    g_ptr_array_unref(peer->final_leaks);
    g_free(peer->boot_id);
    vtmh_envelope_free(peer->answer);
    g_free(peer);
}
