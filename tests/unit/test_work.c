#include "sync/work.h"

#include <criterion/criterion.h>
#include <semaphore.h>
#include <string.h>

TestSuite(work, .timeout = 30);

/* What the pool does is told in a journal; the semaphore lets the loop decide when it goes on. */
struct job {
    sem_t may_end;
    struct event begun;
    uv_async_t has_begun;
    int64_t deadline;
    bool was_run;
};

static void on_begun(uv_async_t *async)
{
    struct job *job = async->data;

    event_set(&job->begun);
}

static struct job *job_new(void)
{
    struct job *job = g_new0(struct job, 1);

    sem_init(&job->may_end, 0, 0);
    uv_async_init(fiber_loop(), &job->has_begun, on_begun);
    job->has_begun.data = job;
    return job;
}

static void on_closed(uv_handle_t *handle)
{
    g_free(handle->data);
}

static void job_free(struct job *job)
{
    sem_destroy(&job->may_end);
    uv_close((uv_handle_t *)&job->has_begun, on_closed);
}

static int work_until_allowed(void *arg, GError **err)
{
    struct job *job = arg;

    (void)err;
    uv_async_send(&job->has_begun);
    while (sem_wait(&job->may_end) < 0)
        ;
    job->was_run = true;
    return 0;
}

static void expect_run(fiber_fn fn)
{
    g_autoptr(GError) err = NULL;
    int result = fiber_run(fn, NULL, &err);

    cr_assert_eq(result, 0, "%s", err ? err->message : "");
}

static int square(void *arg, GError **err)
{
    int *number = arg;

    (void)err;
    cr_expect(!fiber_is_current());
    *number *= *number;
    return 0;
}

static int fail(void *arg, GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, arg);
    return -1;
}

static int await_both(void *arg, GError **err)
{
    int number = 12;
    g_autoptr(GError) error = NULL;

    (void)arg;
    if (await_work(square, &number, deadline_in(10000), err) < 0)
        return -1;
    cr_expect_eq(number, 144);
    cr_expect_eq(await_work(fail, "no space", deadline_in(10000), &error), -1);
    cr_expect_str_eq(error->message, "no space");
    return 0;
}

Test(work, runs_on_the_pool_and_gives_its_result_or_error)
{
    expect_run(await_both);
}

static int allow_after_deadline(void *arg, GError **err)
{
    struct job *job = arg;

    if (await_event(&job->begun, DEADLINE_NEVER, err) < 0 ||
        await_deadline(job->deadline, err) < 0 || await_turn(err) < 0)
        return -1;
    sem_post(&job->may_end);
    return 0;
}

/* Whether the work had begun when the deadline passed; if not, it was taken back. */
static bool outlives_deadline(int64_t ms)
{
    struct job *job = job_new();
    g_autoptr(GError) error = NULL;
    struct scope *scope = scope_open("allow");
    bool was_run;

    job->deadline = deadline_in(ms);
    scope_spawn(scope, "allow", allow_after_deadline, job);
    cr_expect_eq(await_work(work_until_allowed, job, job->deadline, &error), -1);
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    was_run = job->was_run;
    scope_abandon(scope);
    job_free(job);
    return was_run;
}

static int await_too_long(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    for (int64_t ms = 1; !outlives_deadline(ms); ms *= 2)
        ;
    return 0;
}

Test(work, is_waited_for_to_its_end_when_the_deadline_passes)
{
    expect_run(await_too_long);
}

static int await_job(void *arg, GError **err)
{
    struct job *job = arg;
    int result = await_work(work_until_allowed, job, DEADLINE_NEVER, err);

    cr_expect(job->was_run);
    return result;
}

static int cancel_begun(void *arg, GError **err)
{
    struct job *job = job_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(scope) scope = scope_open("cancel");
    g_autoptr(fiber) fiber = NULL;

    (void)arg;
    fiber = fiber_ref(scope_spawn_detached(scope, "job", await_job, job));
    if (await_event(&job->begun, deadline_in(10000), err) < 0)
        return -1;
    fiber_cancel(fiber, NULL);
    for (unsigned i = 0; i < 2; i++)
        if (await_turn(err) < 0)
            return -1;
    cr_expect(!fiber_has_ended(fiber));
    sem_post(&job->may_end);
    cr_expect_eq(fiber_join(fiber, deadline_in(10000), &error), -1);
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED));
    job_free(job);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(work, is_waited_for_to_its_end_when_the_fiber_is_cancelled)
{
    expect_run(cancel_begun);
}

static int mark(void *arg, GError **err)
{
    (void)err;
    *(bool *)arg = true;
    return 0;
}

static int await_job_quietly(void *arg, GError **err)
{
    return await_work(work_until_allowed, arg, DEADLINE_NEVER, err);
}

/* With the pool's threads all busy, what is queued behind them is taken back. */
static int cancel_queued(void *arg, GError **err)
{
    struct job *jobs[4];
    g_autoptr(GError) error = NULL;
    g_autoptr(scope) scope = scope_open("busy");
    bool was_run = false;

    (void)arg;
    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = job_new();
        scope_spawn(scope, "busy", await_job_quietly, jobs[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        if (await_event(&jobs[i]->begun, deadline_in(10000), err) < 0)
            return -1;
    }
    cr_expect_eq(await_work(mark, &was_run, deadline_in(1), &error), -1);
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    cr_expect(!was_run);
    for (unsigned i = 0; i < 4; i++)
        sem_post(&jobs[i]->may_end);
    if (scope_close(g_steal_pointer(&scope), err) < 0)
        return -1;
    for (unsigned i = 0; i < 4; i++)
        job_free(jobs[i]);
    return 0;
}

Test(work, is_taken_back_when_it_has_not_begun)
{
    g_setenv("UV_THREADPOOL_SIZE", "4", TRUE);
    expect_run(cancel_queued);
}
