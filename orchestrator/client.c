#include "orchestrator/client.h"

struct client {
    struct peer *peer;
    GHashTable *askers; /* number of a prober -> struct peer that has it there */
};

static void pass_on(struct peer *to, const Vtmh__Probing *message)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    envelope.body_case = VTMH__ENVELOPE__BODY_PROBING;
    envelope.probing = (Vtmh__Probing *)message;
    peer_send(to, &envelope, NULL); /* it is small */
}

static void on_message(struct peer *peer, const Vtmh__Envelope *envelope, void *arg)
{
    const struct client *client = arg;
    struct peer *asker;

    (void)peer;
    if (envelope->body_case != VTMH__ENVELOPE__BODY_PROBING)
        return;
    asker = g_hash_table_lookup(client->askers, &envelope->probing->number);
    if (asker == NULL)
        return;
    pass_on(asker, envelope->probing);
    if (envelope->probing->over)
        g_hash_table_remove(client->askers, &envelope->probing->number);
}

struct client *client_new(struct peer *peer)
{
    struct client *client = g_new0(struct client, 1);

    client->peer = peer;
    client->askers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    peer->on_message = on_message;
    peer->arg = client;
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    g_hash_table_unref(client->askers);
    peer_free(client->peer);
    g_free(client);
}

struct peer *client_peer(const struct client *client)
{
    return client->peer;
}

void client_pass(struct client *client, struct peer *from, const Vtmh__Probing *message)
{
    if (message->n_words > 0)
        g_hash_table_insert(client->askers, g_memdup2(&message->number, sizeof message->number),
                            from);
    if (g_hash_table_lookup(client->askers, &message->number) != from)
        return;
    pass_on(client->peer, message);
    if (message->over)
        g_hash_table_remove(client->askers, &message->number);
}

void client_end(struct client *client, const struct peer *from)
{
    GHashTableIter it;
    gpointer number, asker;

    g_hash_table_iter_init(&it, client->askers);
    while (g_hash_table_iter_next(&it, &number, &asker)) {
        Vtmh__Probing over = VTMH__PROBING__INIT;

        if (asker != from)
            continue;
        over.number = *(const uint64_t *)number;
        over.over = true;
        pass_on(client->peer, &over);
        g_hash_table_iter_remove(&it);
    }
}
