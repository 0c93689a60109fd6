#include "node/session.h"

#include "migration/vm/vm.h"
#include "node/claiming.h"
#include "node/facts.h"
#include "node/probing.h"
#include "node/records.h"
#include "node/resting.h"
#include "node/running.h"
#include "node/surveying.h"
#include "node/version.h"

#include <string.h>
#include <unistd.h>

#define END_MS 60000                               /* for a test to be ended and reported */
#define GOODBYE_MS 3000                            /* for the coordinator to answer our good-bye */
#define SILENT_MS ((int64_t)3 * LINK_HEARTBEAT_MS) /* one that is there is heard by then */
#define LINGER_MS 50 /* for the acknowledgement of that answer to leave */

struct watch {
    struct node *node;
    int64_t grace_ms;
};

static void welcome(struct node *node, const Vtmh__Hello *hello)
{
    g_autofree char *boot_id = NULL;
    if (node->job == NULL && *hello->job != '\0')
        node->job = g_strdup(hello->job);
    if (g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL))
        g_strstrip(boot_id);

    Vtmh__Welcome body = VTMH__WELCOME__INIT;
    body.protocol = LINK_PROTOCOL_VERSION;
    body.version = NODE_VERSION;
    g_autofree char *refused = NULL;
    if (hello->protocol != LINK_PROTOCOL_VERSION) {
        refused = g_strdup_printf("vtmh %s speaks protocol %u, vtmh-node %s on %s speaks %u",
                                  hello->version, hello->protocol, NODE_VERSION, node->name,
                                  LINK_PROTOCOL_VERSION);
        body.refused = refused;
    }
    facts_fill(&body);
    if (boot_id != NULL)
        body.boot_id = boot_id;
    body.machine_id = (char *)ledger_id(node->ledger);
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_WELCOME;
    envelope.welcome = &body;
    node_send(node, &envelope);
    facts_clear(&body);
    if (refused != NULL)
        node_stop(node, refused);
}

static void start(struct node *node, const Vtmh__StartTest *body)
{
    if (node->running == NULL && body->self < body->n_hosts) {
        running_start(node, body);
        return;
    }
    Vtmh__TestDone done = VTMH__TEST_DONE__INIT;
    done.test = body->test;
    done.status = VTMH__STATUS__STATUS_ERROR;
    done.message = node->running != NULL ? "the node is still busy with the test before"
                                         : "the coordinator sent a test that makes no sense";
    done.keeps_vms = node->running != NULL || node->resting->len > 0;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_TEST_DONE;
    envelope.test_done = &done;
    node_send(node, &envelope);
}

static void dispatch(struct node *node, const Vtmh__Envelope *envelope)
{
    switch (envelope->body_case) {
    case VTMH__ENVELOPE__BODY_HELLO:
        welcome(node, envelope->hello);
        records_send_again(node);
        break;
    case VTMH__ENVELOPE__BODY_CLAIMS:
        claiming_start(node, envelope->claims);
        break;
    case VTMH__ENVELOPE__BODY_LOOK_AT_IMAGES:
        surveying_start(node, envelope->look_at_images);
        break;
    case VTMH__ENVELOPE__BODY_COMPARE_IMAGES:
        surveying_compare(node, envelope->compare_images);
        break;
    case VTMH__ENVELOPE__BODY_START_TEST:
        start(node, envelope->start_test);
        break;
    case VTMH__ENVELOPE__BODY_RELEASE:
        running_release(node->running, envelope->release);
        break;
    case VTMH__ENVELOPE__BODY_ABORT:
        running_abort(node->running, envelope->abort);
        break;
    case VTMH__ENVELOPE__BODY_RECORDS_WRITTEN:
        records_written(node, envelope->records_written);
        break;
    case VTMH__ENVELOPE__BODY_GO_ON:
        running_go_on(node->running, envelope->go_on);
        break;
    case VTMH__ENVELOPE__BODY_PROBING:
        probing_message(node, envelope->probing);
        break;
    case VTMH__ENVELOPE__BODY_END_SOON:
        running_end_soon(node->running, envelope->end_soon);
        break;
    case VTMH__ENVELOPE__BODY_GOODBYE:
        /* The first asks us to end, the second answers our own. */
        if (event_is_set(&node->stop))
            event_set(&node->released);
        node_stop(node, "the coordinator said good-bye");
        break;
    default:
        node_log(node, "a message of kind %d is not for a node", (int)envelope->body_case);
    }
}

static int listen_to_coordinator(void *arg, GError **err)
{
    struct node *node = arg;
    for (;;) {
        g_autoptr(vtmh_envelope) envelope = link_receive(node->link, DEADLINE_NEVER, err);
        if (envelope == NULL)
            return -1;
        dispatch(node, envelope);
    }
}

/* Stops the node when the coordinator has been silent for the whole grace. */
static int watch_coordinator(void *arg, GError **err)
{
    struct watch *watch = arg;
    struct node *node = watch->node;
    for (;;) {
        g_autoptr(GError) silent = NULL;
        if (await_event(link_alive_event(node->link), deadline_in(watch->grace_ms), &silent) < 0) {
            if (g_error_matches(silent, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
                node_stop(node, "no coordinator was heard from for too long");
            g_propagate_error(err, g_steal_pointer(&silent));
            return -1;
        }
        node_log(node, "a coordinator is there");
        if (await_event(link_lost_event(node->link), DEADLINE_NEVER, err) < 0)
            return -1;
        node_log(node, "the coordinator is lost");
    }
}

/*
 * Waits until the coordinator has answered our good-bye, but not for one that is gone: whoever
 * ended us in its place is waiting for us.
 */
static bool await_release(struct node *node)
{
    struct event *const events[] = {&node->released, link_lost_event(node->link)};
    int64_t deadline = deadline_in(GOODBYE_MS);
    int64_t silent_until = deadline_in(SILENT_MS);
    for (;;) {
        int which = await_any(events, 2, deadline_min(deadline, silent_until), NULL);
        if (which >= 0)
            return which == 0;
        int64_t silence_ms = link_silence_ms(node->link);
        if (deadline_left(deadline) == 0 || silence_ms >= SILENT_MS)
            return false;
        silent_until = deadline_in(SILENT_MS - silence_ms);
    }
}

static void say_goodbye(struct node *node, GPtrArray *leaks)
{
    if (!event_is_set(link_alive_event(node->link))) {
        node_log(node, "nobody is there to say good-bye to");
        return;
    }
    Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;
    goodbye.n_leaks = leaks->len;
    goodbye.leaks = (char **)leaks->pdata;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_GOODBYE;
    envelope.goodbye = &goodbye;
    node_send(node, &envelope);
    /* nanomsg drops what is queued when a socket is closed: linger until our last word has left. */
    if (await_release(node))
        await_deadline(deadline_in(LINGER_MS), NULL);
    else
        node_log(node, "the coordinator did not answer our good-bye");
}

/* Ends the test in progress and waits for its report. */
static void end_running(struct node *node)
{
    if (node->running == NULL)
        return;
    struct running *running = running_ref(node->running);
    running_end(running, node->stop_cause);
    struct event *const events[] = {running_ended(running), link_lost_event(node->link)};
    int64_t deadline = deadline_in(END_MS);
    if (await_any(events, 2, deadline, NULL) == 1)
        running_orphan(running);
    if (await_event(running_ended(running), deadline, NULL) < 0)
        node_log(node, "the test did not end in time");
    running_unref(running);
}

static void free_records(gpointer records)
{
    records_free(records);
}

static void drop_kept(gpointer vm)
{
    vm_drop(vm);
}

/*
 * What is owned stays owned, for who cleans up. To let go of a VM is to end it: so this process
 * ends here, with the good-bye said.
 */
static void leave_kept(struct node *node)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    node_log(node, "%u VMs are left to the user", node->kept->len);
    if (reap_spare(ledger_dir(node->ledger)) < 0)
        node_log(node, "the next job on this host will end them");
    g_clear_pointer(&node->claims, claim_file_release);
    say_goodbye(node, none);
    if (node->log != NULL)
        fflush(node->log);
    _exit(0);
}

int session_serve(struct node *node, int64_t grace_ms, GError **err)
{
    struct watch watch = {.node = node, .grace_ms = grace_ms};
    node->kept = g_ptr_array_new_with_free_func(drop_kept);
    node->resting = resting_new();
    node->records = g_ptr_array_new_with_free_func(free_records);
    node->probers = g_ptr_array_new();
    node->scope = scope_open("session");
    scope_spawn_detached(node->scope, "coordinator", listen_to_coordinator, node);
    scope_spawn_detached(node->scope, "grace", watch_coordinator, &watch);

    int served = await_event(&node->stop, DEADLINE_NEVER, err);
    node_log(node, "ending: %s", node->stop_cause != NULL ? node->stop_cause : "an error");
    fiber_shield();
    end_running(node);
    g_autoptr(GPtrArray) leaks = g_ptr_array_new_with_free_func(g_free);
    resting_end(node);
    if (node->leaves_kept)
        leave_kept(node);
    for (unsigned i = 0; i < node->kept->len; i++) {
        const struct vm *vm = g_ptr_array_index(node->kept, i);
        node_log(node, "ending process %d of %s, which was kept", (int)vm_pid(vm), vm_name(vm));
    }
    ledger_clear(node->ledger, leaks);
    g_clear_pointer(&node->kept, g_ptr_array_unref);
    g_clear_pointer(&node->resting, g_ptr_array_unref);
    /* Before our last word: who hears it may start the next job at once. */
    g_clear_pointer(&node->claims, claim_file_release);
    say_goodbye(node, leaks);
    scope_abandon(g_steal_pointer(&node->scope));
    g_clear_pointer(&node->probers, g_ptr_array_unref);
    g_clear_pointer(&node->surveying, surveying_free);
    g_clear_pointer(&node->records, g_ptr_array_unref);
    fiber_unshield();
    return served;
}
