#include "migration/guest/rounds.h"

#include "migration/guest/loads.h"
#include "migration/params.h"

int guest_set_pages(const struct params *params, int64_t *pages_out, GError **err)
{
    uint64_t bytes;
    if (param_size(params, "dirty_mem", &bytes, err) < 0)
        return -1;
    if (!guest_has_load(params, "memory"))
        bytes = 0;
    *pages_out = (int64_t)(bytes / GUEST_PAGE_BYTES);
    return 0;
}

int guest_rounds_ms(const struct params *params, int64_t rounds, int64_t *ms_out, GError **err)
{
    uint64_t bytes, bytes_per_s;
    if (param_size(params, "dirty_mem", &bytes, err) < 0 ||
        param_size(params, "dirty_rate", &bytes_per_s, err) < 0)
        return -1;
    if (!guest_has_load(params, "memory"))
        bytes = 0;
    *ms_out = rounds > 0 && bytes > 0 && bytes_per_s > 0
                  ? (int64_t)((double)rounds * (double)bytes * 1000 / (double)bytes_per_s) + 1
                  : 0;
    return 0;
}

/* Of a guest that does not tell its time. */
static int await_own_ms(struct guest *guest, int64_t ms, int64_t deadline, GError **err)
{
    struct event *gone[] = {vm_exited(guest->vm)};
    g_autoptr(GError) why = NULL;

    if (await_any(gone, 1, deadline_min(deadline, deadline_in(ms)), &why) >= 0) {
        g_propagate_error(err, guest_end(guest));
        return -1;
    }
    if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT) && deadline_left(deadline) > 0)
        return 0;
    g_propagate_error(err, g_steal_pointer(&why));
    return -1;
}

/* Lets so much of the guest's own time pass. */
static int await_guest_ms(struct guest *guest, int64_t ms, int64_t deadline, GError **err)
{
    if (guest->kind->beat_period_ms == 0)
        return await_own_ms(guest, ms, deadline, err);
    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    uint32_t begun_ms = guest_last_beat(guest).guest_ms;
    while (guest_last_beat(guest).guest_ms - begun_ms < ms)
        if (guest_await_beat(guest, deadline, err) < 0)
            return -1;
    return 0;
}

/* Its clock says how much it could have written; a guest that is short of CPU has written less. */
static int ask_rounds(struct guest *guest, int64_t deadline, GError **err)
{
    uint64_t pages, bad;
    if (guest_verify(guest, deadline, &pages, &bad, err) < 0)
        return -1;
    if (bad == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " pages of the guest are bad before it is moved",
                bad, pages);
    return -1;
}

int guest_await_rounds(struct guest *guest, const struct params *params, int64_t rounds,
                       int64_t deadline, GError **err)
{
    int64_t ms;
    if (guest_rounds_ms(params, rounds, &ms, err) < 0)
        return -1;
    if (ms == 0)
        return 0;
    do {
        if (await_guest_ms(guest, ms, deadline, err) < 0 ||
            (guest_rounds(guest) == 0 && ask_rounds(guest, deadline, err) < 0))
            return -1;
    } while (guest_rounds(guest) == 0);
    return 0;
}
