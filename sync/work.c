#include "sync/work.h"

#include "sync/fiber_private.h"

struct work {
    uv_work_t request;
    work_fn fn;
    void *arg;
    int result;
    GError *error;
    struct event ended;
};

static void on_pool(uv_work_t *request)
{
    struct work *work = request->data;

    work->result = work->fn(work->arg, &work->error);
}

static void on_ended(uv_work_t *request, int status)
{
    struct work *work = request->data;

    (void)status; /* taken back before it began: await_work() knows why */
    event_set(&work->ended);
}

int await_work(work_fn fn, void *arg, int64_t deadline, GError **err)
{
    struct work work = {.fn = fn, .arg = arg};
    g_autoptr(GError) early = NULL;
    int status;

    if (fiber_check_cancelled(fiber_self(), err))
        return -1;
    work.request.data = &work;
    status = uv_queue_work(fiber_loop(), &work.request, on_pool, on_ended);
    if (status < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot queue work: %s",
                    uv_strerror(status));
        return -1;
    }
    if (await_event(&work.ended, deadline, &early) < 0) {
        uv_cancel((uv_req_t *)&work.request);
        fiber_shield();
        await_event(&work.ended, DEADLINE_NEVER, NULL);
        fiber_unshield();
        g_clear_error(&work.error);
        g_propagate_error(err, g_steal_pointer(&early));
        return -1;
    }
    if (work.result < 0)
        g_propagate_error(err, work.error);
    return work.result;
}
