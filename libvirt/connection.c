#include "libvirt/connection.h"

#include "libvirt/events.h"
#include "libvirt/protocol.h"
#include "libvirt/wire.h"

#include <glib.h>
#include <libvirt/virterror.h>
#include <pthread.h>

static const char *const kinds[CONNECTION_KINDS] = {
    [CONNECTION_CALLS] = "calls",
    [CONNECTION_CONTROL] = "control",
};

struct pair {
    virConnectPtr connections[CONNECTION_KINDS];
    struct events events; /* of CONNECTION_CONTROL */
};

static struct {
    pthread_mutex_t lock;
    struct pair pair;
    unsigned generation;
} current = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Which connection a callback speaks of: in the pointer itself, so that nothing has to outlive a
 * connection. */
static void *mark(unsigned generation, enum connection_kind kind)
{
    return GUINT_TO_POINTER(generation * CONNECTION_KINDS + kind);
}

static void on_closed(virConnectPtr connection, int reason, void *arg)
{
    static const char *const reasons[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = "error",
        [VIR_CONNECT_CLOSE_REASON_EOF] = "eof",
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "keepalive",
        [VIR_CONNECT_CLOSE_REASON_CLIENT] = "client",
    };
    unsigned number = GPOINTER_TO_UINT(arg);
    bool is_known = reason >= 0 && reason < (int)G_N_ELEMENTS(reasons);

    (void)connection;
    wire_event("CONNECTION_CLOSED",
               json_pack("{s:s, s:s, s:i}", "connection", kinds[number % CONNECTION_KINDS],
                         "reason", is_known ? reasons[reason] : "error", "generation",
                         (int)(number / CONNECTION_KINDS)),
               0);
}

/* A driver without a daemon, in this process, has nothing to keep alive. */
static bool keep_alive(virConnectPtr connection, int interval_s)
{
    return virConnectSetKeepAlive(connection, interval_s, PROTOCOL_KEEPALIVE_COUNT) >= 0 ||
           virGetLastErrorCode() == VIR_ERR_NO_SUPPORT;
}

virConnectPtr connection_open_other(const char *uri, int keepalive_s, virErrorPtr *why_out)
{
    virConnectPtr connection = virConnectOpen(uri);

    if (connection != NULL && keep_alive(connection, keepalive_s))
        return connection;
    *why_out = virSaveLastError(); /* closing forgets it */
    if (connection != NULL)
        virConnectClose(connection);
    return NULL;
}

static void close_pair(struct pair *pair)
{
    virConnectPtr control = pair->connections[CONNECTION_CONTROL];

    if (control != NULL)
        events_end(&pair->events, control);
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        if (pair->connections[kind] == NULL)
            continue;
        virConnectUnregisterCloseCallback(pair->connections[kind], on_closed);
        virConnectClose(pair->connections[kind]);
        pair->connections[kind] = NULL;
    }
}

/* The number that the next pair would have; one that fails leaves a gap. */
static unsigned next_generation(void)
{
    pthread_mutex_lock(&current.lock);
    unsigned generation = ++current.generation;
    pthread_mutex_unlock(&current.lock);
    return generation;
}

static int open_pair(struct pair *pair, const char *uri, int keepalive_s, unsigned generation,
                     virErrorPtr *why_out)
{
    for (enum connection_kind kind = CONNECTION_CALLS; kind < CONNECTION_KINDS; kind++) {
        virConnectPtr connection = connection_open_other(uri, keepalive_s, why_out);

        pair->connections[kind] = connection;
        if (connection == NULL)
            return -1;
        /* A driver without a daemon cannot be closed from over there. */
        if (virConnectRegisterCloseCallback(connection, on_closed, mark(generation, kind), NULL) <
                0 &&
            virGetLastErrorCode() != VIR_ERR_NO_SUPPORT) {
            *why_out = virSaveLastError();
            return -1;
        }
    }
    if (events_begin(&pair->events, pair->connections[CONNECTION_CONTROL]) == 0)
        return 0;
    *why_out = virSaveLastError();
    return -1;
}

int connection_open(const char *uri, int keepalive_s, unsigned *generation_out,
                    virErrorPtr *why_out)
{
    unsigned generation = next_generation();
    struct pair pair = {.events = {.qemu_id = -1}};

    if (open_pair(&pair, uri, keepalive_s, generation, why_out) < 0) {
        close_pair(&pair);
        return -1;
    }
    *generation_out = generation;
    pthread_mutex_lock(&current.lock);
    struct pair before = current.pair;
    current.pair = pair;
    pthread_mutex_unlock(&current.lock);
    close_pair(&before);
    return 0;
}

virConnectPtr connection_ref(enum connection_kind kind)
{
    pthread_mutex_lock(&current.lock);
    virConnectPtr connection = current.pair.connections[kind];
    if (connection != NULL)
        virConnectRef(connection);
    pthread_mutex_unlock(&current.lock);
    return connection;
}

void connection_close_all(void)
{
    pthread_mutex_lock(&current.lock);
    struct pair pair = current.pair;
    current.pair = (struct pair){.events = {.qemu_id = -1}};
    pthread_mutex_unlock(&current.lock);
    close_pair(&pair);
}
