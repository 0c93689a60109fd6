/*
 * What forwards a port accepts for a peer that is not there yet, and what it was told for it is
 * lost or comes seconds later; so is the beginning of a connection to a host that boots. Only words
 * show that the server is there, and in SSH it speaks first. So while our connection hears nothing,
 * newer ones are begun beside it, and whichever is spoken on first is the one that is used. If a
 * newer one is turned away, the peer has come meanwhile without its server, and all are given up.
 *
 * That costs: QEMU's user network keeps a connection that it has accepted for a guest that is not
 * there, though we have closed ours, and brings it to the guest later; a server counts those who
 * say nothing (OpenSSH: MaxStartups, PerSourcePenalties). Therefore newer ones are begun in
 * proportion to how long nobody has spoken, and few are open at a time.
 */
#include "proto/ssh_private.h"

#include "sync/stream.h"

#include <sys/socket.h>

#define KNOCK_MS 70          /* between one and the next, at first */
#define KNOCK_MAX_MS 500     /* and at last */
#define KNOCK_PART 10        /* meanwhile: this part of the silence */
#define KNOCK_BANNER_PART 16 /* but no less than this of the patience: it grows with each try */

struct reaching {
    struct ssh *ssh;
    const struct ssh_target *target;
    int64_t deadline;
    struct event over;    /* one was spoken on or turned away, or ours has come to its end */
    int64_t listen_ms;    /* to one that is begun now */
    struct stream *heard; /* a newer one that was spoken on */
    bool is_turned_away;  /* a newer one was */
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
    int rc = ssh_dial(reaching->ssh, reaching->target, reaching->deadline, err);

    if (rc == 0)
        rc = await_first_words(reaching->ssh, reaching->target->banner_ms, reaching->deadline, err);
    event_set(&reaching->over);
    return rc;
}

static int knock(void *arg, GError **err)
{
    struct reaching *reaching = arg;
    const struct ssh_target *target = reaching->target;
    int64_t until = deadline_in(reaching->listen_ms);
    g_autoptr(GError) why = NULL;
    g_autoptr(stream) stream = stream_connect_tcp(target->hostname, target->port, until, &why);
    char word;

    (void)err;
    if (stream != NULL && stream_await(stream, UV_READABLE, until, &why) < 0)
        return 0;
    if (stream != NULL && reaching->heard == NULL &&
        recv(stream_fd(stream), &word, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        reaching->heard = g_steal_pointer(&stream);
    else if (stream != NULL || g_error_matches(why, SYNC_ERROR, SYNC_ERROR_SYSTEM))
        reaching->is_turned_away = true;
    else
        return 0;
    event_set(&reaching->over);
    return 0;
}

/* Until something has come of one of them. */
static void knock_until_over(struct reaching *reaching, struct scope *scope)
{
    int64_t first_ms = MAX(KNOCK_MS, reaching->target->banner_ms / KNOCK_BANNER_PART);
    int64_t ms = MIN(first_ms, KNOCK_MAX_MS), silence_ms = 0;
    g_autoptr(GError) why = NULL;

    while (await_event(&reaching->over, deadline_in(ms), &why) < 0 &&
           g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_clear_error(&why);
        silence_ms += ms;
        ms = CLAMP(silence_ms / KNOCK_PART, ms, KNOCK_MAX_MS);
        /* A half, so that one is gone when the next is begun: three are open, beside ours. */
        reaching->listen_ms = ms * 5 / 2;
        scope_spawn_detached(scope, "knock", knock, reaching);
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
    knock_until_over(&reaching, scope);
    fiber_cancel(own, NULL);
    rc = fiber_join(own, DEADLINE_NEVER, &why);
    scope_abandon(g_steal_pointer(&scope));
    if (rc < 0 && !fiber_is_cancelled() && reaching.heard != NULL) {
        g_clear_error(&why);
        ssh_take(ssh, g_steal_pointer(&reaching.heard), target->hostname);
        rc = 0;
    } else if (rc < 0 && !fiber_is_cancelled() && reaching.is_turned_away) {
        g_clear_error(&why);
        g_set_error(&why, SSH_ERROR, SSH_ERROR_HANDSHAKE,
                    "%s: says nothing on a connection that began before it was there", ssh->name);
    }
    stream_close(reaching.heard);
    if (rc < 0)
        g_propagate_error(err, why);
    return rc;
}
