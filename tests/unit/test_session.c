#include "node/session.h"

#include "migration/kept.h"
#include "node/remove.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define PATIENCE_MS 30000

/* A node without its process, and the coordinator's end of its link. */
struct world {
    struct node node;
    struct link *coordinator;
    char *folder;
    char *log; /* all that the node wrote into its log */
    size_t log_size;
};

static int64_t soon(void)
{
    return deadline_in(PATIENCE_MS);
}

static int world_open(struct world *world, GError **err)
{
    struct node *node = &world->node;
    g_autofree char *address = NULL;
    uint8_t key[SEAL_KEY_BYTES];

    world->folder = g_dir_make_tmp("vs-XXXXXX", NULL);
    address = g_strdup_printf("ipc://%s/link", world->folder);
    seal_make_key(key);
    node->name = (char *)"a";
    node->log = open_memstream(&world->log, &world->log_size);
    node->ledger = ledger_open(world->folder, node->name, err);
    node->link = node->ledger != NULL ? link_listen(address, key, err) : NULL;
    if (node->link == NULL)
        return -1;
    world->coordinator = link_connect(address, key, err);
    return world->coordinator != NULL ? 0 : -1;
}

static void world_close(struct world *world)
{
    link_close(world->coordinator);
    link_close(world->node.link);
    ledger_close(world->node.ledger, true);
    fclose(world->node.log);
    remove_tree(world->folder);
    g_free(world->folder);
    g_free(world->node.stop_cause);
    free(world->log);
}

static bool has_logged(const struct world *world, const char *words)
{
    return strstr(world->log, words) != NULL;
}

static int serve(void *arg, GError **err)
{
    struct world *world = arg;

    return session_serve(&world->node, SESSION_GRACE_MS, err);
}

/* Runs the session beside what the test does. */
static int run_world(fiber_fn body, struct world *world, GError **err)
{
    g_autoptr(scope) scope = scope_open("session and test");

    scope_spawn(scope, "session", serve, world);
    scope_spawn(scope, "test", body, world);
    return scope_close(g_steal_pointer(&scope), err);
}

static Vtmh__Envelope *receive(struct world *world, Vtmh__Envelope__BodyCase kind, GError **err)
{
    g_autoptr(vtmh_envelope) envelope = link_receive(world->coordinator, soon(), err);

    if (envelope != NULL)
        cr_assert_eq(envelope->body_case, kind, "%d came", (int)envelope->body_case);
    return g_steal_pointer(&envelope);
}

static int greet(struct world *world, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Hello hello = VTMH__HELLO__INIT;
    g_autoptr(vtmh_envelope) answer = NULL;

    hello.protocol = LINK_PROTOCOL_VERSION;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    if (link_send(world->coordinator, &envelope, err) == 0)
        answer = receive(world, VTMH__ENVELOPE__BODY_WELCOME, err);
    return answer != NULL ? 0 : -1;
}

static int stop_unknown(void *arg, GError **err)
{
    struct world *world = arg;

    (void)err;
    node_stop(&world->node, "SIGTERM");
    return 0;
}

static int ends_alone(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, err) < 0)
        return -1;
    if (run_world(stop_unknown, &world, err) < 0)
        return -1;
    cr_assert(has_logged(&world, "nobody is there to say good-bye to"), "%s", world.log);
    world_close(&world);
    return 0;
}

static void run(fiber_fn fn)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(fn, NULL, &err), 0, "%s", err != NULL ? err->message : "");
}

Test(session, says_no_good_bye_when_no_coordinator_ever_came)
{
    run(ends_alone);
}

static int stop_lost(void *arg, GError **err)
{
    struct world *world = arg;

    if (greet(world, err) < 0)
        return -1;
    g_clear_pointer(&world->coordinator, link_close);
    if (await_event(link_lost_event(world->node.link), soon(), err) < 0)
        return -1;
    node_stop(&world->node, "SIGTERM");
    return 0;
}

static int ends_after_loss(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, err) < 0 || run_world(stop_lost, &world, err) < 0)
        return -1;
    cr_assert(has_logged(&world, "nobody is there to say good-bye to"), "%s", world.log);
    world_close(&world);
    return 0;
}

Test(session, says_no_good_bye_to_a_coordinator_that_is_lost)
{
    run(ends_after_loss);
}

static int stop_left(void *arg, GError **err)
{
    struct world *world = arg;

    if (greet(world, err) < 0)
        return -1;
    g_clear_pointer(&world->coordinator, link_close);
    node_stop(&world->node, "SIGTERM");
    return 0;
}

static int ends_before_loss(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, err) < 0 || run_world(stop_left, &world, err) < 0)
        return -1;
    cr_assert(has_logged(&world, "did not answer our good-bye"), "%s", world.log);
    cr_assert_not(event_is_set(link_lost_event(world.node.link)),
                  "it waited until the coordinator counted as lost");
    world_close(&world);
    return 0;
}

Test(session, gives_up_on_a_silent_coordinator_before_it_counts_as_lost)
{
    run(ends_before_loss);
}

static int end_in_order(struct world *world, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;
    g_autoptr(vtmh_envelope) said = NULL;

    node_stop(&world->node, "SIGTERM");
    said = receive(world, VTMH__ENVELOPE__BODY_GOODBYE, err);
    if (said == NULL)
        return -1;
    envelope.body_case = VTMH__ENVELOPE__BODY_GOODBYE;
    envelope.goodbye = &goodbye;
    return link_send(world->coordinator, &envelope, err);
}

static int answer_goodbye(void *arg, GError **err)
{
    struct world *world = arg;

    return greet(world, err) < 0 ? -1 : end_in_order(world, err);
}

static int ends_with_coordinator(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, err) < 0 || run_world(answer_goodbye, &world, err) < 0)
        return -1;
    cr_assert(event_is_set(&world.node.released));
    cr_assert_not(has_logged(&world, "good-bye"), "%s", world.log);
    world_close(&world);
    return 0;
}

Test(session, says_good_bye_and_waits_for_the_answer)
{
    run(ends_with_coordinator);
}

/* A test that no node can run: what the answer says of VMs that rest there. */
static int ask_for_nonsense(struct world *world, bool *keeps_out, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__StartTest start = VTMH__START_TEST__INIT;
    g_autoptr(vtmh_envelope) answer = NULL;

    envelope.body_case = VTMH__ENVELOPE__BODY_START_TEST;
    envelope.start_test = &start;
    if (link_send(world->coordinator, &envelope, err) == 0)
        answer = receive(world, VTMH__ENVELOPE__BODY_TEST_DONE, err);
    if (answer == NULL)
        return -1;
    *keeps_out = answer->test_done->keeps_vms;
    return 0;
}

static int ask_with_resting(void *arg, GError **err)
{
    struct world *world = arg;
    struct kept kept = {0};
    bool keeps = true;

    if (greet(world, err) < 0 || ask_for_nonsense(world, &keeps, err) < 0)
        return -1;
    cr_assert_not(keeps);
    g_ptr_array_add(world->node.resting, &kept);
    int asked = ask_for_nonsense(world, &keeps, err);
    g_ptr_array_steal_index(world->node.resting, 0);
    cr_assert(keeps);
    return asked < 0 ? -1 : end_in_order(world, err);
}

static int refuses_with_resting(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, err) < 0 || run_world(ask_with_resting, &world, err) < 0)
        return -1;
    world_close(&world);
    return 0;
}

Test(session, says_of_vms_that_rest_there_also_when_it_refuses_a_test)
{
    run(refuses_with_resting);
}
