#include "migration/net/gap.h"

static void take(struct gap_watch *watch, int64_t at_us, int64_t stalled_us)
{
    int64_t us = at_us - watch->last_us - (stalled_us - watch->stalled_us);

    if (watch->last_us != 0 && us > watch->longest.us)
        watch->longest = (struct gap){.us = us, .from_us = watch->last_us, .to_us = at_us};
}

void gap_heard(struct gap_watch *watch, int64_t at_us, int64_t stalled_us)
{
    take(watch, at_us, stalled_us);
    watch->last_us = at_us;
    watch->stalled_us = stalled_us;
    watch->heard++;
}

void gap_close(struct gap_watch *watch, int64_t now_us, int64_t stalled_us)
{
    take(watch, now_us, stalled_us);
}

void gap_restart(struct gap_watch *watch)
{
    watch->longest = (struct gap){0};
    watch->heard = 0;
}
