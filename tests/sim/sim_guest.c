/* The guest in a simulated VM: says that it is up, and beats once each time its CPUs start; its
 * work is always done, and its memory always right. */
#include "tests/sim/sim.h"

static struct vm_boot *sim_boot(const struct host *host, const struct params *params, GError **err)
{
    (void)host, (void)params, (void)err;
    return g_new0(struct vm_boot, 1);
}

static int sim_work(struct guest *guest, int64_t deadline, GError **err)
{
    (void)guest, (void)deadline, (void)err;
    return 0;
}

static int sim_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    guest->rounds = 1; /* it has written its whole set at once */
    return sim_work(guest, deadline, err);
}

static int sim_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                      GError **err)
{
    (void)deadline, (void)err;
    guest->rounds++;
    *pages_out = SIM_RAM_BYTES / GUEST_PAGE_BYTES;
    *bad_out = 0;
    return 0;
}

static const struct guest_kind sim_guest = {
    .name = "tick",
    .beat_period_ms = 10,
    .boot = sim_boot,
    .start_work = sim_start_work,
    .check_work = sim_work,
    .verify = sim_verify,
    .spoil = sim_work,
};

const struct guest_kind *guest_kind_at(unsigned i)
{
    return i == 0 ? &sim_guest : NULL;
}
