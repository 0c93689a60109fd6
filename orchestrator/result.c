#include "orchestrator/result.h"

#include "orchestrator/arguments.h"

#include <math.h>
#include <string.h>

struct leg_result *leg_result_new(void)
{
    struct leg_result *leg = g_new0(struct leg_result, 1);

    leg->cycle_ms = leg->prepare_ms = leg->total_ms = leg->setup_ms = leg->downtime_ms = -1;
    leg->stop_to_resume_ms = leg->guest_gap_ms = leg->network_gap_ms = -1;
    leg->guest_gap_source_ms = leg->switchover_gap_ms = -1;
    leg->guest_clock_source_ms = leg->guest_clock_destination_ms = NAN;
    leg->guest_clock_drift_ms = NAN;
    leg->downtime_parts = (struct downtime_parts){-1, -1, -1, -1};
    for (unsigned side = 0; side < LEG_SIDES; side++)
        for (unsigned process = 0; process < LEG_PROCESSES; process++)
            leg->usage[side][process] = (struct process_usage){-1, -1};
    leg->transferred_bytes = leg->dirty_syncs = leg->iterations = -1;
    leg->pages_sent_again = leg->set_pages = leg->remaining_bytes = -1;
    leg->bytes_per_s = -1;
    leg->throttle_percent = leg->xbzrle_pages = leg->compressed_pages = -1;
    leg->multifd_bytes = leg->switchover_pauses = -1;
    leg->postcopy_bytes = leg->postcopy_requests = -1;
    leg->mirrored_bytes = -1;
    leg->mirror_ms = leg->compare_ms = -1;
    leg->network_gap_in_ms = leg->network_gap_out_ms = leg->network_baseline_ms = -1;
    leg->network_lost = leg->network_announced = -1;
    leg->options = g_ptr_array_new_with_free_func(g_free);
    leg->asked = json_object();
    leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED;
    return leg;
}

void leg_result_free(struct leg_result *leg)
{
    if (leg == NULL)
        return;
    g_free(leg->vm);
    g_free(leg->source);
    g_free(leg->destination);
    g_free(leg->protocol);
    g_free(leg->guard);
    g_free(leg->network_gap_at);
    g_free(leg->network_observer);
    g_free(leg->driver);
    g_free(leg->status);
    g_free(leg->not_checked);
    g_ptr_array_unref(leg->options);
    json_decref(leg->asked);
    g_free(leg);
}

static void free_leg(void *leg)
{
    leg_result_free(leg);
}

struct test_result *test_result_new(unsigned number, const char *name, const char *shortname)
{
    struct test_result *test = g_new0(struct test_result, 1);

    test->number = number;
    test->name = g_strdup(name);
    test->shortname = g_strdup(shortname);
    test->status = VTMH__STATUS__STATUS_NONE;
    test->legs = g_ptr_array_new_with_free_func(free_leg);
    test->legs_max = LEGS_MAX_USUAL;
    leg_totals_init(&test->totals);
    test->unknown_parameters = g_ptr_array_new_with_free_func(g_free);
    test->platform = json_object();
    test->notes = g_ptr_array_new_with_free_func(g_free);
    test->leaks = g_ptr_array_new_with_free_func(g_free);
    return test;
}

void test_result_free(struct test_result *test)
{
    if (test == NULL)
        return;
    g_free(test->name);
    g_free(test->shortname);
    g_free(test->type);
    g_free(test->guest);
    g_strfreev(test->hosts);
    g_free(test->fail_host);
    g_free(test->fail_cause);
    g_free(test->fail_context);
    g_ptr_array_unref(test->legs);
    leg_totals_clear(&test->totals);
    g_ptr_array_unref(test->notes);
    g_ptr_array_unref(test->unknown_parameters);
    json_decref(test->platform);
    g_ptr_array_unref(test->leaks);
    g_free(test->logdir);
    g_free(test);
}

static void free_test(void *test)
{
    test_result_free(test);
}

struct job_result *job_result_new(void)
{
    struct job_result *job = g_new0(struct job_result, 1);

    job->tests = g_ptr_array_new_with_free_func(free_test);
    job->notes = g_ptr_array_new_with_free_func(g_free);
    job->hosts = json_object();
    job->drift_warnings = g_ptr_array_new_with_free_func(g_free);
    return job;
}

void job_result_free(struct job_result *job)
{
    if (job == NULL)
        return;
    g_free(job->id);
    g_free(job->dir);
    g_free(job->command_line);
    g_ptr_array_unref(job->tests);
    g_ptr_array_unref(job->notes);
    json_decref(job->configuration);
    json_decref(job->hosts);
    g_free(job->trouble);
    json_decref(job->drift);
    g_free(job->drift_text);
    g_ptr_array_unref(job->drift_warnings);
    g_free(job);
}

char *test_result_id(const struct test_result *test)
{
    return g_strdup_printf("%u-%s", test->number, test->shortname);
}

char *test_result_failure(const struct test_result *test)
{
    const char *where = test->fail_context != NULL ? test->fail_context : test->fail_host;

    if (test->fail_cause == NULL || where == NULL)
        return g_strdup(test->fail_cause);
    return g_strdup_printf("%s: %s", where, test->fail_cause);
}

char *test_result_failure_of_test(const struct test_result *test)
{
    g_autofree char *failure = test_result_failure(test);
    bool has_place = test->fail_context != NULL || test->fail_host != NULL;

    if (failure == NULL)
        return NULL;
    return g_strdup_printf("test %s%s%s", test->shortname, has_place ? " / " : ": ", failure);
}

static void note(GPtrArray *notes, const char *text)
{
    static const char others[] = "there are more notes: they are in the log";

    if (notes->len > NOTES_MAX || g_ptr_array_find_with_equal_func(notes, text, g_str_equal, NULL))
        return;
    g_ptr_array_add(notes, g_strdup(notes->len == NOTES_MAX ? others : text));
}

void test_result_note(struct test_result *test, const char *text)
{
    note(test->notes, text);
}

void job_result_note(struct job_result *job, const char *text)
{
    note(job->notes, text);
}

void job_result_add(struct job_result *job, struct test_result *test)
{
    unsigned place = job->tests->len;

    while (place > 0 &&
           ((struct test_result *)g_ptr_array_index(job->tests, place - 1))->number > test->number)
        place--;
    g_ptr_array_insert(job->tests, (int)place, test);
}

static unsigned weight(const struct test_result *test)
{
    return test->legs->len + (json_object_size(test->platform) > 0 ? PLATFORM_LEGS : 0);
}

/* Whether nobody will look for what was wrong in it. */
static bool is_dull(const struct test_result *test)
{
    return test->status == VTMH__STATUS__STATUS_PASS || test->status == VTMH__STATUS__STATUS_WARN ||
           test->status == VTMH__STATUS__STATUS_SKIP || test->status == VTMH__STATUS__STATUS_CANCEL;
}

void job_result_settle(struct job_result *job, const struct test_result *test)
{
    job->legs_kept += weight(test);
    for (; job->legs_kept > JOB_LEGS_MAX && job->first_whole < job->tests->len;
         job->first_whole++) {
        struct test_result *old = g_ptr_array_index(job->tests, job->first_whole);

        if (old == test)
            break; /* the last one is whole, however large */
        if (!is_dull(old))
            continue;
        job->legs_kept -= MIN(weight(old), job->legs_kept);
        g_ptr_array_set_size(old->legs, 0);
        json_object_clear(old->platform);
    }
}

void test_result_add_leg(struct test_result *test, struct leg_result *leg)
{
    unsigned at_end = MIN(LEGS_AT_END, MAX(test->legs_max / 2, 1));

    leg_totals_add(&test->totals, leg);
    g_ptr_array_add(test->legs, leg);
    if (test->totals.legs > test->legs_max && test->legs->len > 2 * at_end)
        g_ptr_array_remove_range(test->legs, at_end, test->legs->len - 2 * at_end);
}

int leg_result_compare(const struct leg_result *left, const struct leg_result *right)
{
    if (left->leg != right->leg)
        return left->leg < right->leg ? -1 : 1;
    if (left->attempt != right->attempt)
        return left->attempt < right->attempt ? -1 : 1;
    return g_strcmp0(left->vm, right->vm);
}

static int by_leg(gconstpointer a, gconstpointer b)
{
    return leg_result_compare(*(struct leg_result *const *)a, *(struct leg_result *const *)b);
}

void test_result_sort_legs(struct test_result *test)
{
    g_ptr_array_sort(test->legs, by_leg);
}

/* The object at key, which is made if it is not there. Transfer none. */
static json_t *object_at(json_t *object, const char *key)
{
    json_t *found = json_object_get(object, key);

    if (found == NULL) {
        found = json_object();
        json_object_set_new(object, key, found);
    }
    return found;
}

static json_t *host_of_vm(struct test_result *test, const char *vm, const char *host)
{
    return object_at(object_at(object_at(test->platform, vm), "hosts"), host);
}

void test_result_platform(struct test_result *test, const char *host,
                          const Vtmh__Platform *platform)
{
    json_t *vm = object_at(test->platform, platform->vm);
    json_t *own = host_of_vm(test, platform->vm, host);

    json_object_set_new(vm, "machine", json_string(platform->machine));
    json_object_set_new(vm, "accelerator", json_string(platform->accelerator));
    json_object_set_new(vm, "cpu_model", json_string(platform->cpu_model));
    json_object_set_new(vm, "ram_bytes", json_integer((json_int_t)platform->ram_bytes));
    json_object_set_new(own, "binary", json_string(platform->binary));
    json_object_set_new(own, "version", json_string(platform->version));
}

void test_result_command_line(struct test_result *test, const char *host,
                              const Vtmh__CommandLine *line)
{
    json_t *lines = object_at(host_of_vm(test, line->vm, host), "command_lines");
    g_autofree char *text = arguments_line((const char *const *)line->words, line->n_words);

    json_object_set_new(lines, line->role, json_string(text));
}

void job_result_trouble(struct job_result *job, const char *what)
{
    g_autofree char *before = job->trouble;

    job->exit_bits |= EXIT_BIT_JOB;
    job->trouble = before == NULL ? g_strdup(what) : g_strdup_printf("%s\n%s", before, what);
}

/* Takes the text away where it is all of a line, or of several. */
static void take_out_line(GString *lines, const char *text)
{
    size_t size = strlen(text);
    const char *from = lines->str, *found;

    while (size > 0 && (found = strstr(from, text)) != NULL) {
        bool begins = found == lines->str || found[-1] == '\n';
        bool ends = found[size] == '\0' || found[size] == '\n';
        gssize at = found - lines->str;

        if (begins && ends)
            g_string_erase(lines, at, (gssize)size + (found[size] == '\n' ? 1 : 0));
        from = lines->str + at + (begins && ends ? 0 : 1);
    }
}

char *job_result_untold_trouble(const struct job_result *job)
{
    g_autoptr(GString) lines = g_string_new(job->trouble);

    for (unsigned i = 0; i < job->tests->len && lines->len > 0; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);
        const char *cause = test->fail_cause;
        g_autofree char *of_host = NULL;

        /* The table has no room for a second line. */
        if (cause == NULL || strchr(cause, '\n') != NULL)
            continue;
        of_host = g_strdup_printf("%s: %s", test->fail_host != NULL ? test->fail_host : "", cause);
        take_out_line(lines, of_host);
        take_out_line(lines, cause);
    }
    if (lines->len == 0)
        return NULL;
    if (lines->str[lines->len - 1] == '\n')
        g_string_truncate(lines, lines->len - 1);
    return g_strdup(lines->str);
}

/* What a status is called and what it adds to the exit status. */
static const struct {
    const char *name;
    unsigned bits;
} statuses[] = {
    [VTMH__STATUS__STATUS_NONE] = {"NONE", 0},
    [VTMH__STATUS__STATUS_PASS] = {"PASS", 0},
    [VTMH__STATUS__STATUS_SKIP] = {"SKIP", 0},
    [VTMH__STATUS__STATUS_CANCEL] = {"CANCEL", 0},
    [VTMH__STATUS__STATUS_WARN] = {"WARN", EXIT_BIT_WARNINGS},
    [VTMH__STATUS__STATUS_ERROR] = {"ERROR", EXIT_BIT_TESTS_FAILED},
    [VTMH__STATUS__STATUS_FAIL] = {"FAIL", EXIT_BIT_TESTS_FAILED},
    [VTMH__STATUS__STATUS_INTERRUPT] = {"INTERRUPTED", EXIT_BIT_INTERRUPTED},
    /* Not a verdict. Should one get here without a cause of its own, it must not look like a
     * pass. */
    [VTMH__STATUS__STATUS_ABORTED] = {"ABORTED", EXIT_BIT_TESTS_FAILED},
};

const char *status_name(Vtmh__Status status)
{
    return (size_t)status < G_N_ELEMENTS(statuses) ? statuses[status].name : "ERROR";
}

unsigned job_result_count(const struct job_result *job, Vtmh__Status status)
{
    unsigned count = 0;

    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);

        if (test->status == status)
            count++;
    }
    return count;
}

/* Whether it has tests, all of which have ended, and none of which passed. */
static bool is_empty(const struct job_result *job)
{
    return job->tests->len > 0 && job_result_count(job, VTMH__STATUS__STATUS_NONE) == 0 &&
           job_result_count(job, VTMH__STATUS__STATUS_PASS) == 0;
}

int job_result_exit_status(const struct job_result *job)
{
    unsigned bits = job->exit_bits;

    if (job->drift_warnings->len > 0)
        bits |= EXIT_BIT_WARNINGS;

    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);

        bits |= (size_t)test->status < G_N_ELEMENTS(statuses) ? statuses[test->status].bits
                                                              : EXIT_BIT_TESTS_FAILED;
    }
    if (bits == 0 && !job->allow_empty && is_empty(job))
        bits = EXIT_BIT_NOTHING;
    return (int)bits;
}
