#include "migration/evidence.h"
#include "migration/params.h"
#include "migration/scenario/process/step.h"

#include <string.h>

/* For all ends together, once a test was called off: the coordinator waits for our report. */
#define CALLED_OFF_MS 50000

struct begun {
    const struct step *step;
    struct step_on on;
};

struct steps {
    struct scene *scene;
    const struct step *table;
    GArray *begun; /* struct begun, in the order in which they began */
    int64_t ends_by;
};

int64_t step_deadline(const struct step_on *on, int64_t ms)
{
    return deadline_min(deadline_in(ms), on->ends_by);
}

struct steps *steps_new(struct scene *scene, const struct step *table)
{
    struct steps *steps = g_new0(struct steps, 1);
    steps->scene = scene;
    steps->table = table;
    steps->begun = g_array_new(FALSE, FALSE, sizeof(struct begun));
    steps->ends_by = DEADLINE_NEVER;
    return steps;
}

/* Whether one of the names, with whatever object's name behind it, has a value that says more than
 * its default. */
static bool asks(const char *key, const char *value, const char *const *names)
{
    for (; *names != NULL; names++) {
        const struct param_info *info = param_info(*names);
        size_t size = strlen(*names);
        if (strncmp(key, *names, size) == 0 && (key[size] == '\0' || key[size] == '_'))
            return value[strspn(value, " \t")] != '\0' &&
                   (info == NULL || info->fallback == NULL ||
                    !param_value_equal(info, value, info->fallback));
    }
    return false;
}

/* The same on all hosts: each has the keys of the others too. */
static bool is_asked(const struct step *step, const struct params *params)
{
    struct params_iter it;
    if (step->asked_by == NULL)
        return true;
    params_iter_init(&it, params);
    while (params_iter_next(&it))
        if (asks(it.key, it.value, step->asked_by))
            return true;
    return false;
}

/* Says with which VM a step is at work, if it is one's. */
static struct doing *doing_with_object(const struct step_on *on)
{
    return on->seat != NULL ? doing_push_with("%s", on->seat->name) : doing_ref(doing_now());
}

/* The object's own view of the test's params. Transfer full. */
static struct params *params_of(const struct params *test, const struct step_on *on)
{
    return on->seat != NULL ? params_object_params(test, on->seat->name) : params_copy(test);
}

static int begin_one(struct steps *steps, const struct step *step, struct seat *seat, GError **err)
{
    const struct test *test = steps->scene->test;
    struct begun entry = {
        .step = step,
        .on = {.scene = steps->scene, .seat = seat, .ends_by = DEADLINE_NEVER},
    };
    g_array_append_val(steps->begun, entry);
    if (step->begin == NULL)
        return 0;
    struct step_on *on = &g_array_index(steps->begun, struct begun, steps->begun->len - 1).on;
    g_autoptr(params) params = params_of(test->params, on);
    DOING_SCOPED with = doing_with_object(on);
    DOING(BLAME_TESTBED, "%s", step->name);
    g_autofree char *text = doing_text(doing_now(), NULL);
    host_context(test->host, "%s", text);
    on->params = params;
    int result = step->begin(on, err);
    on->params = NULL;
    return result;
}

static int begin_step(struct steps *steps, const struct step *step, GError **err)
{
    if (step->object == STEP_TEST)
        return begin_one(steps, step, NULL, err);
    for (unsigned i = 0; i < steps->scene->seats->len; i++)
        if (begin_one(steps, step, g_ptr_array_index(steps->scene->seats, i), err) < 0)
            return -1;
    return 0;
}

/* How long the others take is theirs to say: the test's own limit holds. */
static int meet(const struct steps *steps, const char *tag, GError **err)
{
    struct test *test = steps->scene->test;
    struct test_meeting meeting = {.tag = tag, .once = true};
    if (param_duration_ms(test->params, "test_timeout", &meeting.timeout_ms, err) < 0)
        return -1;
    host_context(test->host, "waiting for the other hosts to be %s", tag);
    return test_barrier(test, &meeting, err);
}

int steps_begin(struct steps *steps, GError **err)
{
    const struct test *test = steps->scene->test;
    int64_t began_us = g_get_monotonic_time();
    bool begins = false;
    for (const struct step *step = steps->table; step->name != NULL; step++) {
        if (!is_asked(step, test->params) || (step->is_due != NULL && !step->is_due(test)))
            continue;
        if (begin_step(steps, step, err) < 0)
            return -1;
        begins |= step->begin != NULL;
    }
    if (!begins)
        return 0;
    host_log(test->host, VTMH__LOG_LEVEL__LOG_DEBUG, NULL, NULL, "prepared in %.3f ms",
             (double)(g_get_monotonic_time() - began_us) / 1000);
    return meet(steps, "prepared", err);
}

int steps_await_others(struct steps *steps, GError **err)
{
    /* A VM of a test that fails anywhere is not kept. */
    static const char *const keeps[] = {"keep_vms_after_test", NULL};
    struct params_iter it;
    params_iter_init(&it, steps->scene->test->params);
    while (params_iter_next(&it))
        if (strstr(it.key, "_on_error") != NULL || asks(it.key, it.value, keeps))
            return meet(steps, "through with the test", err);
    return 0;
}

static struct params *params_afterwards(const struct test *test, const GError *failure)
{
    struct params *params = failure != NULL ? params_object_params(test->params, "on_error")
                                            : params_copy(test->params);
    params_set(params, "test_passed", failure == NULL ? "True" : "False", NULL);
    return params;
}

/* With the little time that is left. */
static int end_shielded(struct steps *steps, struct begun *begun, GError **err)
{
    if (steps->ends_by == DEADLINE_NEVER)
        steps->ends_by = deadline_in(CALLED_OFF_MS);
    begun->on.ends_by = steps->ends_by;
    fiber_shield();
    int result = begun->step->end(&begun->on, err);
    fiber_unshield();
    return result;
}

static int end_one(struct steps *steps, struct begun *begun, GError **err)
{
    if (fiber_is_cancelled())
        return end_shielded(steps, begun, err);
    g_autoptr(GError) error = NULL;
    if (begun->step->end(&begun->on, &error) == 0)
        return 0;
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED) &&
        end_shielded(steps, begun, err) < 0)
        return -1;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* The error of an end that is not the test's first. */
static void note_second(struct test *test, const GError *error)
{
    g_autofree char *doing = doing_text(evidence_doing(error), NULL);
    test_note(test, "%s: %s", doing != NULL ? doing : "after the test", error->message);
}

int steps_end(struct steps *steps, int result, GError **err)
{
    struct test *test = steps->scene->test;
    g_autoptr(GError) failure = result < 0 ? g_error_copy(*err) : NULL;
    g_autoptr(params) afterwards = params_afterwards(test, failure);

    while (steps->begun->len > 0) {
        struct begun *begun = &g_array_index(steps->begun, struct begun, steps->begun->len - 1);
        g_autoptr(params) params = params_of(afterwards, &begun->on);
        g_autoptr(GError) error = NULL;
        DOING_PART(BLAME_TESTBED, "after the test");
        DOING_SCOPED with = doing_with_object(&begun->on);
        DOING(BLAME_TESTBED, "%s", begun->step->name);
        begun->on.params = params;
        begun->on.failure = failure;
        if (begun->step->end != NULL && end_one(steps, begun, &error) < 0) {
            if (result == 0)
                g_propagate_error(err, g_steal_pointer(&error));
            /* Called off halfway, it went on to its end: there is nothing to say of it. */
            else if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED))
                note_second(test, error);
            result = -1;
        }
        g_array_set_size(steps->begun, steps->begun->len - 1);
    }
    g_array_unref(steps->begun);
    g_free(steps);
    return result;
}
