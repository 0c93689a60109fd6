/*
 * The tests of a job. Each tuple has a fiber, which takes what the schedule has for it. A tuple
 * that has lost a host for longer than the grace is no more; what is left of it, and of -m, makes a
 * new one where it can.
 */
#include "orchestrator/job_private.h"

#include "orchestrator/dependencies.h"
#include "orchestrator/description.h"
#include "orchestrator/inventory_params.h"
#include "orchestrator/test_name.h"
#include "orchestrator/tests.h"

static const struct planned_test *planned_of(const struct work *work, const struct assignment *next)
{
    return g_ptr_array_index(work->job->tests, next->test);
}

static struct test_result *new_result(const struct work *work, const struct assignment *next)
{
    const struct params *params = planned_of(work, next)->params;
    const char *file = work->job->options->selection.file;
    g_autofree char *name = test_name_full(params_name(params), file);
    g_autofree char *shortname =
        test_name_short(params_shortname(params), params_name(params), file);
    struct test_result *result = test_result_new(next->number, name, shortname);
    job_result_add(work->job->result, result);
    return result;
}

/* A test that will not be run, and why. */
static void skip_test(struct work *work, const struct params *params, struct test_result *result,
                      Vtmh__Status status, const char *host, const char *why)
{
    result->status = status;
    result->fail_host = g_strdup(host);
    result->fail_cause = secrets_hide(work->job->secrets, why);
    recorder_leave_out(&work->recorder, params, result);
}

/* Of a test that has run: what the configuration should be told. */
static void add_warnings(struct test_result *result, const struct planned_test *planned)
{
    for (char **warning = planned->warnings; *warning != NULL; warning++) {
        test_result_note(result, *warning);
        if (result->status == VTMH__STATUS__STATUS_PASS)
            result->status = VTMH__STATUS__STATUS_WARN;
    }
}

static void run_test(struct tuple *tuple, const struct planned_test *planned,
                     struct test_result *result)
{
    struct work *work = tuple->work;
    g_autoptr(GError) error = NULL;
    struct client *client;
    if (job_client(work, planned->params, &client, &error) < 0) {
        bool was_ended = fiber_is_cancelled() && work->end_cause != NULL; /* the job, meanwhile */
        add_warnings(result, planned);
        skip_test(work, planned->params, result,
                  was_ended ? VTMH__STATUS__STATUS_CANCEL : VTMH__STATUS__STATUS_ERROR, NULL,
                  was_ended ? work->end_cause : error->message);
        return;
    }
    result->hosts = coordinator_hosts(tuple->coordinator);
    g_autoptr(params) params =
        addresses_made_up(work->addresses, planned->params, tuple->hosts->len, result->hosts[0]);
    g_autofree const struct machine **machines = g_new(const struct machine *, tuple->hosts->len);
    for (unsigned i = 0; i < tuple->hosts->len; i++)
        machines[i] = ((const struct peer *)g_ptr_array_index(tuple->hosts, i))->machine;
    inventory_params_apply(params, machines, tuple->hosts->len);
    recorder_begin_test(&work->recorder, params, result);
    const struct trial_options options = {
        .wishes = {.only_agree = work->job->options->dry != RUN_REAL,
                   .holds =
                       work->holds_no_more ? NULL : (const char *const *)work->job->options->holds,
                   .keep = work->job->options->keep},
        .client = client,
        .ends_soon = work->ends_soon,
    };
    tuple->is_testing = true;
    coordinator_run_test(tuple->coordinator, params, &options, result);
    tuple->is_testing = false;
    if (options.wishes.only_agree && result->status == VTMH__STATUS__STATUS_PASS) {
        result->status = VTMH__STATUS__STATUS_SKIP;
        result->fail_cause = g_strdup("it would run: its hosts agree (--dry-run=hosts)");
    }
    add_warnings(result, planned);
    recorder_end_test(&work->recorder, result);
}

/* What was known of it before. */
static void add_notes(struct test_result *result, const struct planned_test *planned)
{
    for (char **note = planned->notes; *note != NULL; note++)
        test_result_note(result, *note);
    for (const char **key = planned->unknown; *key != NULL; key++)
        g_ptr_array_add(result->unknown_parameters, g_strdup(*key));
}

/* Who waits for a lost host need not when there is nothing more to do. */
static void let_go(const struct work *work)
{
    struct assignment next;
    for (unsigned i = 0; i < work->tuples->len; i++) {
        struct tuple *tuple = g_ptr_array_index(work->tuples, i);
        if (tuple->is_waiting && schedule_look(work->schedule, i, &next) == SCHEDULE_OVER)
            fiber_cancel(tuple->fiber, NULL);
    }
}

/* Runs a test, or says why it is not to be run. */
static void deal_with(struct tuple *tuple, const struct assignment *next)
{
    struct work *work = tuple->work;
    const struct planned_test *planned = planned_of(work, next);
    struct test_result *result = new_result(work, next);
    g_autofree char *unmet = NULL;
    const char *trouble, *host;
    add_notes(result, planned);
    if (planned->skip != NULL) {
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL, planned->skip);
    } else if ((unmet = schedule_unmet(work->schedule, next)) != NULL) {
        result->is_unmet = true;
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL, unmet);
    } else if ((trouble = job_image_trouble(tuple, planned, &host)) != NULL) {
        add_warnings(result, planned);
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_ERROR, host, trouble);
    } else {
        run_test(tuple, planned, result);
    }
    schedule_ended(work->schedule, next, result);
    if (recorder_trouble(&work->recorder) != NULL)
        schedule_stop(work->schedule);
    let_go(work);
    event_set(&work->changed);
}

/* ---- tuples */

static bool answers(const struct peer *peer)
{
    return !peer->is_gone && !event_is_set(&peer->goodbye) && !link_is_lost(peer->link);
}

static int compare_peers(gconstpointer a, gconstpointer b)
{
    const struct peer *one = *(struct peer *const *)a, *other = *(struct peer *const *)b;
    return (one->index > other->index) - (one->index < other->index);
}

static void on_held(void *arg, const struct test_result *result, const char *host, const char *at,
                    const char *const *lines)
{
    const struct work *work = arg;
    if (*lines == NULL)
        return; /* the other host has the VM */
    g_autofree char *text = g_strjoinv("\n  ", (char **)lines);
    display_message(work->job->display, "%s is held on %s, %s%s%s\n  Enter: go on",
                    result->shortname, host, at, *text != '\0' ? "\n  " : "", text);
}

void job_go_on(struct work *work, bool forever)
{
    work->holds_no_more |= forever;
    for (unsigned i = 0; work->tuples != NULL && i < work->tuples->len; i++) {
        const struct tuple *tuple = g_ptr_array_index(work->tuples, i);
        if (tuple->coordinator != NULL)
            coordinator_go_on(tuple->coordinator, forever);
    }
}

/* Takes the first of the spare hosts that answer. false: they are too few. */
static bool form(struct tuple *tuple)
{
    struct work *work = tuple->work;
    struct coordinator_listener listener = recorder_listener(&work->recorder);
    listener.held = on_held;
    listener.held_arg = work;
    unsigned size = work->job->options->tuple;
    g_ptr_array_set_size(tuple->hosts, 0);
    for (unsigned i = 0; i < work->spares->len && tuple->hosts->len < size; i++)
        if (answers(g_ptr_array_index(work->spares, i)))
            g_ptr_array_add(tuple->hosts, g_ptr_array_index(work->spares, i));
    if (tuple->hosts->len < size)
        return false;
    for (unsigned i = 0; i < size; i++)
        g_ptr_array_remove(work->spares, g_ptr_array_index(tuple->hosts, i));
    tuple->coordinator =
        coordinator_new((struct peer *const *)tuple->hosts->pdata, size, &listener);
    return true;
}

/* Its hosts are spare ones again. */
static void dissolve(struct tuple *tuple)
{
    g_clear_pointer(&tuple->coordinator, coordinator_free);
    g_ptr_array_extend(tuple->work->spares, tuple->hosts, NULL, NULL);
    g_ptr_array_set_size(tuple->hosts, 0);
    g_ptr_array_sort(tuple->work->spares, compare_peers);
    job_forget_images(tuple);
}

static void free_tuple(gpointer data)
{
    struct tuple *tuple = data;
    coordinator_free(tuple->coordinator);
    g_ptr_array_unref(tuple->hosts);
    job_forget_images(tuple);
    g_free(tuple->lost_host);
    g_free(tuple->lost_cause);
    g_free(tuple);
}

static struct tuple *new_tuple(struct work *work)
{
    struct tuple *tuple = g_new0(struct tuple, 1);
    tuple->work = work;
    tuple->index = work->tuples->len;
    tuple->hosts = g_ptr_array_new();
    return tuple;
}

/* Names of hosts, behind commas. Transfer full. */
static char *name_hosts(const GPtrArray *hosts)
{
    GString *names = g_string_new(NULL);
    for (unsigned i = 0; i < hosts->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               peer_name(g_ptr_array_index(hosts, i)));
    return g_string_free(names, FALSE);
}

static void tell_note(const struct work *work, const char *note)
{
    job_result_note(work->job->result, note);
    display_message(work->job->display, "%s", note);
}

static void note_left_over(struct work *work)
{
    g_autofree char *names = name_hosts(work->spares);
    unsigned size = work->job->options->tuple;
    if (work->spares->len == 0)
        return;
    g_autofree char *note = g_strdup_printf(
        "%s %s left over, since a test takes %u hosts (--tuple); %s in if one is lost", names,
        work->spares->len == 1 ? "is" : "are", size,
        work->spares->len == 1 ? "it steps" : "they step");
    tell_note(work, note);
}

/* Why --where leaves the host out, by what it told of itself; NULL: it does not. Transfer full. */
static char *why_unfit(const struct work *work, const struct peer *peer)
{
    const struct where *where = work->job->options->where;
    const json_t *facts = json_object_get(work->job->result->hosts, peer_name(peer));
    return where != NULL ? where_refuses(where, peer->machine, facts) : NULL;
}

/* All hosts, in the order given. */
static void cut(struct work *work)
{
    const GPtrArray *left_out = work->job->options->left_out;
    for (unsigned i = 0; i < left_out->len; i++)
        tell_note(work, g_ptr_array_index(left_out, i));
    for (unsigned i = 0; i < work->peers->len; i++) {
        struct peer *peer = g_ptr_array_index(work->peers, i);
        g_autofree char *why = why_unfit(work, peer);
        if (why == NULL) {
            g_ptr_array_add(work->spares, peer);
            continue;
        }
        g_autofree char *note =
            g_strdup_printf("%s is left out (--where): %s", peer_name(peer), why);
        tell_note(work, note);
    }
    for (struct tuple *tuple = new_tuple(work);; tuple = new_tuple(work)) {
        if (!form(tuple)) {
            free_tuple(tuple);
            break;
        }
        g_ptr_array_add(work->tuples, tuple);
    }
    note_left_over(work);
}

/* With --each also the tuple has its tests that could not be had: nobody else runs them. */
static void miss_tuples(struct work *work)
{
    const struct run_options *options = work->job->options;
    while (options->each && work->lost_cause != NULL &&
           work->tuples->len < options->machines->len / options->tuple) {
        struct tuple *tuple = new_tuple(work);
        tuple->lost_host = g_strdup(work->lost_host);
        tuple->lost_cause = g_strdup(work->lost_cause);
        work->lost = tuple;
        g_ptr_array_add(work->tuples, tuple);
    }
}

bool job_has_tuple(const struct work *work)
{
    return work->peers->len >= work->job->options->tuple;
}

static bool all_answer(const struct tuple *tuple)
{
    for (unsigned i = 0; i < tuple->hosts->len; i++)
        if (!answers(g_ptr_array_index(tuple->hosts, i)))
            return false;
    return true;
}

/* A wait that may be long is announced. */
static void say_whom_we_await(const struct tuple *tuple)
{
    for (unsigned i = 0; i < tuple->hosts->len; i++) {
        struct peer *peer = g_ptr_array_index(tuple->hosts, i);
        if (link_is_lost(peer->link) && !event_is_set(&peer->goodbye))
            display_message(tuple->work->job->display, "waiting for %s, at most %d s",
                            peer_name(peer), GRACE_MS / 1000);
    }
}

static bool any_other_lives(const struct tuple *lost)
{
    const GPtrArray *tuples = lost->work->tuples;
    for (unsigned i = 0; i < tuples->len; i++)
        if (((const struct tuple *)g_ptr_array_index(tuples, i))->lost_cause == NULL)
            return true;
    return false;
}

/* What is left of the tuple without this host, with what is left over, is one again; or is not. */
static void replace_host(struct tuple *tuple, const struct peer *gone)
{
    struct work *work = tuple->work;
    struct display *display = work->job->display;
    g_autofree char *cause = event_is_set(&gone->goodbye)
                                 ? g_strdup_printf("the node on %s was ended", peer_name(gone))
                                 : g_strdup_printf("%s was lost and has not come back for %d s",
                                                   peer_name(gone), GRACE_MS / 1000);
    job_result_trouble(work->job->result, cause);
    dissolve(tuple);
    if (form(tuple)) {
        g_autofree char *names = name_hosts(tuple->hosts);
        display_message(display, "%s; tests go on on %s", cause, names);
        return;
    }
    tuple->lost_host = g_strdup(peer_name(gone));
    tuple->lost_cause = g_strdup(cause);
    work->lost = tuple;
    schedule_lose(work->schedule, tuple->index);
    if (any_other_lives(tuple))
        display_message(display, "%s; %s", cause,
                        work->job->options->each ? "its tests are not run"
                                                 : "other hosts run its tests");
}

static void await_hosts(struct tuple *tuple)
{
    say_whom_we_await(tuple);
    tuple->is_waiting = true;
    struct peer *gone = coordinator_await_hosts(tuple->coordinator, GRACE_MS);
    tuple->is_waiting = false;
    if (gone != NULL && tuple->work->end_cause == NULL)
        replace_host(tuple, gone);
}

/* The fiber of a tuple. */
static int run_tuple(void *arg, GError **err)
{
    struct tuple *tuple = arg;
    struct work *work = tuple->work;
    struct assignment next;
    (void)err;
    while (!fiber_is_cancelled()) {
        event_reset(&work->changed);
        switch (schedule_look(work->schedule, tuple->index, &next)) {
        case SCHEDULE_OVER:
            return 0;
        case SCHEDULE_WAIT:
            await_event(&work->changed, DEADLINE_NEVER, NULL);
            break;
        case SCHEDULE_TEST:
            if (planned_of(work, &next)->skip == NULL && !all_answer(tuple)) {
                await_hosts(tuple);
                break;
            }
            if (planned_of(work, &next)->skip == NULL && !tuple->has_looked) {
                job_look_at_images(tuple);
                break;
            }
            schedule_take(work->schedule, &next);
            deal_with(tuple, &next);
            break;
        }
    }
    return 0;
}

/* No test begins when the time of --for is over. */
static int watch_time(void *arg, GError **err)
{
    struct work *work = arg;
    if (await_deadline(work->ends_soon, err) < 0)
        return -1;
    work->time_is_over = true;
    display_message(work->job->display,
                    "the time (--for) is over: what runs ends in order after its leg");
    schedule_stop(work->schedule);
    let_go(work);
    event_set(&work->changed);
    return 0;
}

static int look_at_images(void *arg, GError **err)
{
    (void)err;
    job_look_at_images(arg);
    return 0;
}

/* On all tuples, before a test begins on one of them. */
static void look_at_all_images(struct work *work)
{
    struct scope *all = scope_open("images");
    for (unsigned i = 0; i < work->tuples->len; i++) {
        struct tuple *tuple = g_ptr_array_index(work->tuples, i);
        if (tuple->lost_cause == NULL)
            tuple->fiber = fiber_ref(scope_spawn(all, "images", look_at_images, tuple));
    }
    scope_close(all, NULL);
    for (unsigned i = 0; i < work->tuples->len; i++)
        g_clear_pointer(&((struct tuple *)g_ptr_array_index(work->tuples, i))->fiber, fiber_unref);
}

static void run_tuples(struct work *work)
{
    struct scope *clock = scope_open("time of the job");
    struct scope *all = scope_open("tuples");
    const struct run_options *options = work->job->options;
    int64_t for_ms = options->dry == RUN_REAL ? options->for_ms : 0;
    work->ends_soon = for_ms > 0 ? deadline_in(for_ms) : DEADLINE_NEVER;
    display_ends_in(work->job->display, for_ms);
    if (for_ms > 0)
        scope_spawn_detached(clock, "time of the job", watch_time, work);
    for (unsigned i = 0; i < work->tuples->len; i++) {
        struct tuple *tuple = g_ptr_array_index(work->tuples, i);
        if (tuple->lost_cause != NULL) {
            schedule_lose(work->schedule, i);
            continue;
        }
        g_autofree char *name = name_hosts(tuple->hosts);
        tuple->fiber = fiber_ref(scope_spawn(all, name, run_tuple, tuple));
    }
    scope_close(all, NULL);
    scope_abandon(clock);
    for (unsigned i = 0; i < work->tuples->len; i++)
        g_clear_pointer(&((struct tuple *)g_ptr_array_index(work->tuples, i))->fiber, fiber_unref);
}

void job_end_tests(struct work *work, Vtmh__Status status, const char *cause)
{
    schedule_stop(work->schedule);
    for (unsigned i = 0; i < work->tuples->len; i++) {
        struct tuple *tuple = g_ptr_array_index(work->tuples, i);
        if (tuple->is_testing)
            coordinator_interrupt(tuple->coordinator, status, cause);
        else if (tuple->fiber != NULL)
            fiber_cancel(tuple->fiber, NULL);
    }
    event_set(&work->changed);
}

/* ---- all of them */

/* What ends the job by failures, the last of which was this test. Transfer full. */
static char *why_failed(const struct work *work, unsigned last)
{
    const struct run_options *options = work->job->options;
    if (schedule_was_ended_by_test(work->schedule))
        return g_strdup_printf("not run: test %u failed and has abort_on_error = yes", last);
    if (!options->fail_fast && !options->until_fail)
        return g_strdup_printf("not run: test %u was the last of %u to fail (--max-fail)", last,
                               options->max_fail);
    return g_strdup_printf("not run: test %u failed and --%s was given", last,
                           options->fail_fast ? "fail-fast" : "until-fail");
}

/* Why the tests that were not begun were not: of those of a tuple, if each has its own. Transfer
 * full. */
static char *why_not(const struct work *work, const struct tuple *lost, const char **host)
{
    unsigned last;
    if (work->end_cause != NULL)
        return g_strdup(work->end_cause);
    if (recorder_trouble(&work->recorder) != NULL)
        return g_strdup_printf("not run: %s", recorder_trouble(&work->recorder));
    if (schedule_has_failed(work->schedule, &last))
        return why_failed(work, last);
    if (lost == NULL)
        return g_strdup("not run: no hosts were left for it");
    *host = lost->lost_host;
    return g_strdup(lost->lost_cause);
}

static void leave_out(struct work *work, const struct assignment *left, const char *no_hosts)
{
    const struct planned_test *planned = planned_of(work, left);
    const struct tuple *lost = work->lost;
    struct test_result *result = new_result(work, left);
    const char *host = NULL;
    g_autofree char *why = NULL;
    unsigned last;
    if (no_hosts == NULL && planned->skip != NULL) {
        add_notes(result, planned);
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL, planned->skip);
        return;
    }
    if (no_hosts == NULL && work->end_cause == NULL && work->time_is_over &&
        !schedule_has_failed(work->schedule, &last)) {
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL,
                  "not run: the time of the job (--for) was over");
        return;
    }
    if (work->job->options->each && lost != NULL)
        lost = g_ptr_array_index(work->tuples, left->tuple);
    if (no_hosts != NULL)
        host = work->lost_host;
    why = no_hosts != NULL ? g_strdup(no_hosts) : why_not(work, lost, &host);
    skip_test(work, planned->params, result, VTMH__STATUS__STATUS_CANCEL, host, why);
}

/* A folder each: of a list that was to be run a million times the rest is a number. */
#define LEFT_OUT_MAX 1000

static void leave_out_rest(struct work *work, const char *no_hosts)
{
    struct assignment left;
    unsigned n = 0;
    for (; schedule_rest(work->schedule, &left); n++)
        if (n < LEFT_OUT_MAX)
            leave_out(work, &left, no_hosts);
    if (n <= LEFT_OUT_MAX)
        return;
    g_autofree char *note =
        g_strdup_printf("%u more tests were not run either, and are not listed", n - LEFT_OUT_MAX);
    tell_note(work, note);
}

static void clear_test(gpointer data)
{
    struct schedule_test *test = data;
    g_free((char *)test->name);
    g_strfreev(test->wanted);
}

static bool ends_job(const struct params *params)
{
    static const char name[] = "abort_on_error";
    bool ends = false;
    return params_parse_bool(name, description_value(params, name), &ends, NULL) == 0 && ends;
}

/* What the schedule must know. Transfer full: array of struct schedule_test. */
static GArray *list_tests(const struct work *work)
{
    const GPtrArray *tests = work->job->tests;
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct schedule_test));
    g_array_set_clear_func(list, clear_test);
    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        struct schedule_test test = {
            .name =
                test_name_full(params_name(planned->params), work->job->options->selection.file),
            .wanted = dependencies_wanted(planned->params),
            .is_left_out = planned->skip != NULL,
            .ends_job = ends_job(planned->params),
        };
        g_array_append_val(list, test);
    }
    return list;
}

void job_run_tests(struct work *work, const char *no_hosts)
{
    const struct run_options *options = work->job->options;
    g_autoptr(GArray) tests = list_tests(work);
    work->tuples = g_ptr_array_new_with_free_func(free_tuple);
    work->spares = g_ptr_array_new();
    work->addresses = addresses_new(work->job->result->id);
    g_autofree char *too_few = NULL;
    if (no_hosts == NULL && work->peers->len > 0) {
        cut(work);
        if (work->tuples->len == 0 && options->where != NULL)
            no_hosts = too_few = g_strdup_printf("--where %s leaves %u host%s, but a test takes %u",
                                                 options->where_text, work->spares->len,
                                                 work->spares->len == 1 ? "" : "s", options->tuple);
        miss_tuples(work);
    }
    const struct schedule_plan plan = {
        .tests = (const struct schedule_test *)(void *)tests->data,
        .n_tests = tests->len,
        .n_tuples = work->tuples->len,
        .rounds = options->dry != RUN_REAL ? 1 : options->repeat, /* they would agree again */
        .failures = options->fail_fast || options->until_fail ? 1 : options->max_fail,
        .each = options->each,
    };
    work->schedule = schedule_new(&plan);
    work->recorder.total = schedule_total(work->schedule);
    look_at_all_images(work);
    run_tuples(work);
    if (plan.rounds == 0 && schedule_is_vain(work->schedule))
        tell_note(work, "the list is not run again where all its tests were skipped");
    leave_out_rest(work, no_hosts);
    g_clear_pointer(&work->schedule, schedule_free);
    g_clear_pointer(&work->tuples, g_ptr_array_unref);
    g_clear_pointer(&work->spares, g_ptr_array_unref);
    g_clear_pointer(&work->addresses, addresses_free);
}
