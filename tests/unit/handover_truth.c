/* What must be true of the world when all is over. */
#include "migration/evidence.h"
#include "orchestrator/trial_records.h"
#include "tests/unit/handover_world_private.h"

#include <string.h>

#define TOLD_MS 1000

/* What the node would report; NULL if nobody can hear it. The record owns nothing. */
static Vtmh__TestDone *report_of(const struct sim_host *host)
{
    if (host->is_lost)
        return NULL;
    Vtmh__TestDone *done = g_new(Vtmh__TestDone, 1);
    vtmh__test_done__init(done);
    done->status = VTMH__STATUS__STATUS_PASS;
    if (host->error != NULL) {
        done->status = test_status_of(host->error);
        done->message = host->error->message;
        done->evidence = evidence_of(host->error);
        done->cause_us = evidence_at_us(host->error);
    } else if (host->test.warning != NULL) {
        done->status = VTMH__STATUS__STATUS_WARN;
        done->message = host->test.warning;
    }
    if (done->status == VTMH__STATUS__STATUS_ABORTED && host->stop_cause != NULL) {
        done->status = VTMH__STATUS__STATUS_ERROR;
        done->message = host->stop_cause;
    }
    done->records = host->told_records->len;
    return done;
}

/* All that the host has told and that came: of a lost one that is nothing. */
static uint64_t take_records(struct trial_records *records, const struct sim_host *host)
{
    for (unsigned i = 0; i < host->told_records->len && !host->is_lost; i++) {
        g_autoptr(GError) error = NULL;
        if (trial_records_take(records, host->index, g_ptr_array_index(host->told_records, i),
                               &error) < 0)
            world_wrong(host->world, "%s: %s", host->host.name, error->message);
    }
    return trial_records_count(records, host->index);
}

static struct test_result *judge(struct world *world)
{
    struct test_result *result = test_result_new(1, "test", "test");
    struct host_report reports[WORLD_HOSTS] = {0};
    const struct meeting_cause *cause = meeting_cause(world->book, WORLD_TEST, MEETING_TEST_SCOPE);
    struct own_cause own = {.status = VTMH__STATUS__STATUS_NONE};
    result->hosts = g_strdupv((char *[]){"source", "destination", NULL});
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        reports[i].name = world_host_names[i];
        reports[i].kernel = "one";
        reports[i].done = report_of(&world->hosts[i]);
        reports[i].order = world->hosts[i].told;
        reports[i].lost = world->hosts[i].is_lost;
    }
    if (cause != NULL && cause->origin < 0)
        own = (struct own_cause){VTMH__STATUS__STATUS_INTERRUPT, cause->message, NULL, true};
    g_autoptr(params) params = params_new();
    g_autoptr(trial_records) records = trial_records_new(result, params, NULL, NULL);
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        reports[i].records = take_records(records, &world->hosts[i]);
    trial_records_close(records);
    trial_records_judge(records, reports, &own);
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        g_free(reports[i].done);
    return result;
}

/* The copy in which the guest was last: the one that ran last. */
static const struct copy *last_copy(const struct world *world, const char *name)
{
    const struct copy *last = NULL;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (strcmp(copy->base.name, name) == 0 && copy->ran_at > 0 &&
            (last == NULL || copy->ran_at > last->ran_at))
            last = copy;
    }
    return last;
}

/* When a copy of that guest was last started on that host. */
static unsigned last_start_on(const struct world *world, const struct copy *one)
{
    unsigned at = 0;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (copy->host == one->host && strcmp(copy->base.name, one->base.name) == 0)
            at = MAX(at, copy->ran_at);
    }
    return at;
}

static const struct leg_result *last_leg(const struct test_result *result, const char *name)
{
    const struct leg_result *last = NULL;
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (strcmp(leg->vm, name) == 0)
            last = leg;
    }
    return last;
}

/* Whether the guest in it was ended by a fault. */
static bool is_dead(const struct copy *copy)
{
    return copy->was_killed || copy->base.act != VM_ACT_NONE;
}

/* In post-copy a guest has two halves, and dies with either, or with the stream between them where
 * that is not to be had again: it is not asked for, or the leg has failed by another fault. */
static bool is_lost_between(const struct copy *last)
{
    const struct copy *other = last->peer;
    return last->halved_at_end &&
           (is_dead(other) || other->outlived || last->world->setup->no_recovery ||
            (copy_is_broken(last) && last->world->n_faults > 1));
}

/* A guest that its manager has ended at the source is all in the copy that was held for it. */
static bool is_lost_while_held(const struct copy *last)
{
    return last->base.has_left && (is_dead(last->peer) || last->peer->outlived);
}

/* Whether a copy cannot be asked, and may hold the guest: the source's, or what it has left to. */
static bool is_unmanaged(const struct copy *copy)
{
    return copy->peer != NULL && copy->host->is_unmanaged &&
           (copy->sends || copy->peer->base.has_left ||
            copy->host->world->hosts[SOURCE].is_unmanaged);
}

/* A source whose hypervisor lets the guest not go on, since it waits for another stream. */
static bool is_held_back(const struct copy *copy)
{
    return copy->sends && copy->is_given && copy_is_broken(copy);
}

/* An end that has not seen its stream break, and by another fault was not told. */
static bool waits_in_vain(const struct copy *copy)
{
    return copy->is_severed && copy->world->n_faults > 1;
}

/* Whether something prevents the two ends from knowing of each other's copy; or whether the rest
 * of the guest still comes. */
static bool may_be_uncertain(const struct world *world, const char *name)
{
    if (world->has_no_coordinator || (world->setup->postcopy_when != NULL && world->is_way_cut))
        return true;
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        if (world->hosts[i].is_lost)
            return true;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (strcmp(copy->base.name, name) == 0 &&
            (copy->outlived || copy->late_at_end || copy->cont_failed || copy->end_unheard ||
             waits_in_vain(copy) || is_unmanaged(copy)))
            return true;
    }
    return false;
}

/* Whether the node beside a copy sees that the guest lives in it, and could say so. */
static bool is_seen_alive(const struct copy *copy)
{
    return copy->runs_at_end && !copy->host->is_lost && !copy->world->has_no_coordinator &&
           !copy->cont_failed && !copy->end_unheard && !copy->outlived && !copy->late_at_end;
}

/* What the source has told of this leg; NULL: then the destination's word is all there is. */
static const Vtmh__Migration *told_by_source(const struct world *world,
                                             const struct leg_result *leg)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        const struct sim_host *host = &world->hosts[i];
        if (strcmp(host->host.name, leg->source) != 0 || host->is_lost)
            continue;
        for (unsigned m = 0; m < host->test.migrations->len; m++) {
            const Vtmh__Migration *record = g_ptr_array_index(host->test.migrations, m);
            if (record->leg == leg->leg && record->attempt == leg->attempt &&
                strcmp(record->vm, leg->vm) == 0)
                return record;
        }
    }
    return NULL;
}

static bool source_tells(const struct world *world, const struct leg_result *leg)
{
    return told_by_source(world, leg) != NULL;
}

/* Who moved it is said by the driver itself, through the record of the leg. */
static void check_driver(struct world *world, const struct test_result *result)
{
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (source_tells(world, leg) &&
            g_strcmp0(leg->driver, world->setup->managed ? "managed" : "simulated") != 0)
            world_wrong(world, "leg %u of %s is said to be by the driver '%s'", leg->leg, leg->vm,
                        leg->driver);
    }
}

/* The survivor in the record is where the guest was, and was alive. */
static void check_record(struct world *world, const struct copy *last, const struct leg_result *leg)
{
    bool is_alive = last->runs_at_end;
    bool on_source = strcmp(last->host->host.name, leg->source) == 0;
    switch (leg->survivor) {
    case VTMH__SURVIVOR__SURVIVOR_SOURCE:
        if (!is_alive || !on_source)
            world_wrong(world, "leg %u: %s is said to live on the source, and does not", leg->leg,
                        leg->vm);
        break;
    case VTMH__SURVIVOR__SURVIVOR_DESTINATION:
        /* It may have died of a fault after the leg was over. */
        if ((!is_alive && !is_dead(last)) || on_source)
            world_wrong(world, "leg %u: %s is said to live on the destination, and does not",
                        leg->leg, leg->vm);
        break;
    case VTMH__SURVIVOR__SURVIVOR_NONE:
        if (is_alive && source_tells(world, leg))
            world_wrong(world, "leg %u: %s is said to be dead, and lives on %s", leg->leg, leg->vm,
                        last->host->host.name);
        if (on_source && !last->gone_at_end && last->base.act == VM_ACT_NONE &&
            source_tells(world, leg) && !is_held_back(last))
            world_wrong(world, "leg %u: %s is said to be dead, which nobody has seen", leg->leg,
                        leg->vm);
        break;
    default:
        if (!may_be_uncertain(world, leg->vm) || is_seen_alive(last))
            world_wrong(world, "leg %u: %s is uncertain for no reason", leg->leg, leg->vm);
    }
}

/* In post-copy not all of the guest is in either copy: then both are. */
static void check_half_not_ended(struct world *world, const struct copy *last,
                                 const struct leg_result *leg)
{
    if (leg->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN && last->halved_at_end &&
        !last->is_kept && !is_dead(last) && !last->host->is_dead && !is_lost_between(last))
        world_wrong(world, "leg %u: %s is uncertain, and its half on %s was ended", leg->leg,
                    leg->vm, last->host->host.name);
}

/* A copy at the source that may be the only one is not ended with the test. */
static void check_not_ended(struct world *world, const struct leg_result *leg)
{
    const Vtmh__Migration *record = told_by_source(world, leg);
    if (record == NULL || record->survivor != VTMH__SURVIVOR__SURVIVOR_UNCERTAIN)
        return;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (strcmp(copy->base.name, leg->vm) == 0 && copy->sends && !copy->is_kept &&
            !copy->gone_at_end && strcmp(copy->host->host.name, leg->source) == 0 &&
            copy->ran_at == last_start_on(world, copy))
            world_wrong(world, "leg %u: %s is uncertain, and its copy on %s was ended", leg->leg,
                        leg->vm, leg->source);
    }
}

/* Nor is one at the destination which the source has left to, unless it has died. */
static void check_held_not_ended(struct world *world, const struct copy *last,
                                 const struct leg_result *leg)
{
    const struct copy *held = last->base.has_left ? last->peer : NULL;
    if (held != NULL && leg->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN && !held->is_kept &&
        !is_dead(held) && !held->host->is_dead && !held->outlived)
        world_wrong(world, "leg %u: %s is uncertain, and all of it on %s was ended", leg->leg,
                    leg->vm, held->host->host.name);
}

/* A destination that nobody told that the guest has stayed keeps what came of it: it is complete,
 * and never runs. */
static bool waits_untold(const struct copy *copy)
{
    const struct world *world = copy->world;
    return world->setup->managed && !copy->sends && copy->ran_at == 0 &&
           (world->has_no_coordinator || copy->peer->host->is_lost ||
            copy->peer->host->is_unmanaged);
}

/* What may be the only copy outlives the test, and nothing else does. */
static void check_kept(struct world *world, const char *name, const struct leg_result *leg)
{
    bool is_uncertain = leg != NULL && leg->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (strcmp(copy->base.name, name) == 0 && copy->is_kept && !copy->host->is_lost &&
            !is_uncertain && !waits_untold(copy))
            world_wrong(world, "%s on %s is kept though it is not uncertain", name,
                        copy->host->host.name);
    }
}

/* A guest whose last copy was not killed lives in it; or is stopped, and known to be uncertain. */
static void check_guest(struct world *world, const char *name, const struct test_result *result)
{
    const struct copy *last = last_copy(world, name);
    const struct leg_result *leg = last_leg(result, name);
    if (last == NULL)
        return;
    if (!is_dead(last) && !last->runs_at_end && !is_lost_between(last) && !is_held_back(last) &&
        !is_lost_while_held(last) && !may_be_uncertain(world, name))
        world_wrong(world, "%s could have lived on %s and does not", name, last->host->host.name);
    if (leg != NULL) {
        check_record(world, last, leg);
        check_not_ended(world, leg);
        check_half_not_ended(world, last, leg);
        check_held_not_ended(world, last, leg);
    }
    check_kept(world, name, leg);
}

static bool has_passed(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_PASS || status == VTMH__STATUS__STATUS_WARN;
}

/* A fault that strikes one copy is told as that, and of its host, however much else broke by it. */
static void check_blame(struct world *world, const struct test_result *result)
{
    const struct copy *struck = NULL;
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (copy->was_killed || copy->base.act != VM_ACT_NONE)
            struck = copy;
    }
    if (world->n_faults != 1 || struck == NULL || has_passed(result->status))
        return;
    if (g_strcmp0(result->fail_host, struck->host->host.name) != 0)
        world_wrong(world, "%s was struck on %s, and the verdict blames %s: %s", struck->base.name,
                    struck->host->host.name, result->fail_host, result->fail_cause);
}

/* Who could hear it was told of a failure at once. */
static void check_told(struct world *world)
{
    if (world->failing_ms < 0 || world->has_no_coordinator)
        return;
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        const struct sim_host *host = &world->hosts[i];
        if (host->is_cut || host->is_dead || host->is_lost || host->was_frozen ||
            host->ended_ms <= world->failing_ms)
            continue;
        if (host->heard_ms < 0 || host->heard_ms > world->failing_ms + TOLD_MS)
            world_wrong(world, "%s was not told within %d ms that the test fails", host->host.name,
                        TOLD_MS);
    }
}

/* Whether a hypervisor could not be ended there: then it stays in the ledger. */
static bool has_undead(const struct world *world, const struct sim_host *host)
{
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (copy->host == host && copy->outlived)
            return true;
    }
    return false;
}

/* What a node that ends by itself has entered into its ledger it has struck out again. */
static void check_ledgers(struct world *world)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        const struct sim_host *host = &world->hosts[i];
        if (!host->is_dead && !has_undead(world, host) && g_hash_table_size(host->ledger) > 0)
            world_wrong(world, "the ledger of %s is not empty", host->host.name);
    }
}

/* What a node remembers of meetings must not grow with the legs: that is only the test's own. */
#define OWN_MEETINGS 8

static void check_meetings(struct world *world)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        const struct sim_host *host = &world->hosts[i];
        if (!host->is_dead && meetings_remembered(host->meetings) > OWN_MEETINGS)
            world_wrong(world, "%s remembers %u tags of meetings", host->host.name,
                        meetings_remembered(host->meetings));
    }
}

static void check_copies(struct world *world)
{
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *copy = g_ptr_array_index(world->copies, i);
        if (!copy->is_freed || (copy->state != COPY_GONE && !copy->outlived && !copy->is_kept))
            world_wrong(world, "%s on %s is left behind", copy->base.name, copy->host->host.name);
    }
}

static void check_pass(struct world *world, const char *name)
{
    const struct copy *last = last_copy(world, name);
    unsigned home = world->setup->legs % 2 == 1 ? DESTINATION : SOURCE;
    if (last == NULL || !last->runs_at_end || last->host->index != home)
        world_wrong(world, "the test passed, but %s is not alive on %s", name,
                    world_host_names[home]);
}

static void check_verdict(struct world *world, const struct test_result *result)
{
    check_blame(world, result);
    check_driver(world, result);
    world->outcome->status = result->status;
    world->outcome->cause = g_strdup(result->fail_cause);
    if (result->status == VTMH__STATUS__STATUS_NONE ||
        result->status == VTMH__STATUS__STATUS_ABORTED)
        world_wrong(world, "there is no verdict");
    if (result->status != VTMH__STATUS__STATUS_PASS && result->fail_cause == NULL)
        world_wrong(world, "the verdict has no cause");
}

void world_check_end(struct world *world)
{
    g_autoptr(test_result) result = judge(world);
    check_told(world);
    check_ledgers(world);
    check_meetings(world);
    check_copies(world);
    if (!world->has_no_coordinator) /* else nobody has a verdict */
        check_verdict(world, result);
    for (unsigned i = 0; i < world->setup->n_vms; i++) {
        g_autofree char *name = g_strdup_printf("vm%u", i + 1);
        check_guest(world, name, result);
        if (has_passed(world->outcome->status) && !world->setup->may_fail)
            check_pass(world, name);
    }
}
