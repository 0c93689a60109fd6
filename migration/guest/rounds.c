#include "migration/guest/rounds.h"

#include "migration/params.h"

int guest_await_rounds(struct guest *guest, const struct params *params, int64_t rounds,
                       int64_t deadline, GError **err)
{
    uint64_t bytes, bytes_per_s;
    if (param_size(params, "dirty_mem", &bytes, err) < 0 ||
        param_size(params, "dirty_rate", &bytes_per_s, err) < 0)
        return -1;
    if (rounds == 0 || bytes_per_s == 0)
        return 0;
    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    uint32_t begun_ms = guest_last_beat(guest).guest_ms;
    uint64_t needed_ms = (uint64_t)rounds * bytes * 1000 / bytes_per_s + 1;
    while (guest_last_beat(guest).guest_ms - begun_ms < needed_ms)
        if (guest_await_beat(guest, deadline, err) < 0)
            return -1;
    return 0;
}
