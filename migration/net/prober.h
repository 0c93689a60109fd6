/*
 * Who asks a guest over the network all the time, and tells for how long it did not answer: a child
 * of the node (`vtmh-node prober`), so that nothing that the node does delays it.
 *
 * It asks every 10 ms (ICMP echo), hears the answers and what the guest asks by itself, and sees
 * the guest being announced (RARP). All times are of one clock, CLOCK_MONOTONIC of this host. Needs
 * CAP_NET_RAW.
 *
 *     start          finds its own address on the way to the guest, and begins to ask
 *     await_heard    the guest has answered
 *     begin          what was until now is the baseline; from now on it counts
 *     end            waits until the guest is heard regularly, and tells
 */
#pragma once

#include "migration/host.h"

#include <jansson.h>

struct prober;

struct prober_spec {
    const struct host *host;
    const char *address; /* of the guest, numeric */
    const char *mac;     /* of its card, or NULL */
    bool hears;          /* the guest asks by itself, too: that is measured as well */
    bool says;          /* asks nothing: sends frames that the guest takes no notice of (watch.h) */
    const char *client; /* who does it is there, in the place of this host; NULL: a child */
};

/* The child alone, in the ledger, for whoever speaks its lines by himself; words: behind the
 * program's name. Transfer full. */
struct prober *prober_open(const struct host *host, const char *const *words, GError **err);
struct stream *prober_control(const struct prober *prober);

/* Whether this host can: a sentence why not as VM_ERROR_UNSUPPORTED. */
int prober_check(GError **err);

/* The process is in the ledger when this returns. Transfer full. */
struct prober *prober_start(const struct prober_spec *spec, int64_t deadline, GError **err);

/* Its own address, which the guest answers to. */
const char *prober_from(const struct prober *prober);

/* Whether its clock is that of this host. */
bool prober_is_here(const struct prober *prober);

int prober_await_heard(struct prober *prober, int64_t deadline, GError **err);
int prober_begin(struct prober *prober, GError **err);

/*
 * {"baseline": {"ms": how long, "in_ms", "out_ms"}, "in": {"ms", "from_us", "to_us"}, "out": the
 * same or null, "sent", "lost": answers that did not come, "announced": RARP frames,
 * "announced_us": the first, "stalled_ms": for how long it could not ask itself, "back": whether
 * the guest is heard again}. Transfer full.
 */
json_t *prober_end(struct prober *prober, int64_t deadline, GError **err);

/* Ends it. NULL is fine. */
void prober_free(struct prober *prober);
AUTOPTR_STRUCT(prober, prober_free);

#define PROBER_EVERY_MS 10

/* How long the guest must be heard in a row before the end, and how long is waited for it. */
#define PROBER_CALM_MS 500
#define PROBER_LATE_MS 30000

/* The program of the child. Returns its exit status. */
int prober_main(int argc, char **argv);
