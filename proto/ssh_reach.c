/*
 * What forwards a port accepts for a peer that is not there yet, and what it was told for it is
 * lost or comes seconds later; so is the beginning of a connection to a host that boots. Only words
 * show that the server is there. So while ours says nothing, another connection is tried now and
 * then: if that one is answered, or turned away, the peer has come meanwhile, and ours is given up.
 */
#include "proto/ssh_private.h"

#include "sync/stream.h"

#define KNOCK_MS 40      /* the first one, and how long it is listened to */
#define KNOCK_MAX_MS 250 /* a server that is slow to speak is not to be kept from it */

struct reaching {
    struct ssh *ssh;
    const struct ssh_target *target;
    int64_t deadline;
    struct fiber *own; /* which makes our connection */
    bool is_answered;  /* another one was */
};

static int await_first_words(struct ssh *ssh, int64_t banner_ms, int64_t deadline, GError **err)
{
    int64_t until = deadline_min(deadline, deadline_in(banner_ms));
    g_autoptr(GError) why = NULL;

    if (stream_await(ssh->stream, UV_READABLE, until, &why) == 0)
        return 0;
    if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        g_set_error(err, SSH_ERROR, SSH_ERROR_HANDSHAKE, "%s: accepts, but says nothing for %.3g s",
                    ssh->name, (double)banner_ms / 1000);
    else
        g_propagate_prefixed_error(err, g_steal_pointer(&why), "%s: ", ssh->name);
    return -1;
}

static int dial_and_hear(void *arg, GError **err)
{
    struct reaching *reaching = arg;

    if (ssh_dial(reaching->ssh, reaching->target, reaching->deadline, err) < 0)
        return -1;
    return await_first_words(reaching->ssh, reaching->target->banner_ms, reaching->deadline, err);
}

/* Whether somebody is there who speaks, or turns us away. */
static bool is_answered(const struct ssh_target *target, int64_t ms)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(stream) stream =
        stream_connect_tcp(target->hostname, target->port, deadline_in(ms), &why);

    if (stream == NULL)
        return !g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT) &&
               !g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CANCELLED);
    return stream_await(stream, UV_READABLE, deadline_in(ms), NULL) == 0;
}

static int knock(void *arg, GError **err)
{
    struct reaching *reaching = arg;

    for (int64_t ms = KNOCK_MS;; ms = MIN(ms * 2, KNOCK_MAX_MS)) {
        if (await_deadline(deadline_in(ms), err) < 0)
            return -1;
        if (!is_answered(reaching->target, ms))
            continue;
        reaching->is_answered = true;
        fiber_cancel(reaching->own, NULL);
        return 0;
    }
}

int ssh_reach(struct ssh *ssh, const struct ssh_target *target, int64_t deadline, GError **err)
{
    struct reaching reaching = {.ssh = ssh, .target = target, .deadline = deadline};
    g_autoptr(scope) scope = NULL;
    g_autoptr(fiber) own = NULL;
    GError *why = NULL;
    int rc;

    if (target->banner_ms == 0)
        return ssh_dial(ssh, target, deadline, err);
    scope = scope_open("reaching");
    own = fiber_ref(scope_spawn_detached(scope, "dial", dial_and_hear, &reaching));
    reaching.own = own;
    scope_spawn_detached(scope, "knock", knock, &reaching);
    rc = fiber_join(own, DEADLINE_NEVER, &why);
    if (rc < 0 && reaching.is_answered && !fiber_is_cancelled()) {
        g_clear_error(&why);
        g_set_error(&why, SSH_ERROR, SSH_ERROR_HANDSHAKE,
                    "%s: says nothing on a connection that began before it was there", ssh->name);
    }
    if (rc < 0)
        g_propagate_error(err, why);
    return rc;
}
