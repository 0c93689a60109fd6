#include "migration/move/leg_sample.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell(struct seat *seat, unsigned leg, const char *process, pid_t pid,
                 const char *const *folders)
{
    struct test *test = seat->test;
    Vtmh__Record record = VTMH__RECORD__INIT;
    Vtmh__Sample sample;
    sample_process(&test->sampler, process, pid, folders, &sample);
    sample.leg = leg;
    record.body_case = VTMH__RECORD__BODY_SAMPLE;
    record.sample = &sample;
    test->ops->record(test->node, &record);
}

static void sample_node(struct seat *seat, unsigned leg)
{
    const struct host *host = seat->test->host;
    const char *const folders[] = {host->run_dir, host->log_dir, NULL};
    tell(seat, leg, "node", getpid(), host->run_dir != NULL ? folders : NULL);
}

static void sample_hypervisor(struct seat *seat, unsigned leg)
{
    g_autofree char *process = g_strdup_printf("qemu %s", seat->name);
    tell(seat, leg, process, vm_pid(seat->vm), NULL);
}

/* For the test of that a leak is found: keeps so many bytes a leg. */
static void leak_as_told(void)
{
    const char *bytes = getenv("VTMH_TEST_KEEP_BYTES_A_LEG");
    static char *kept;
    if (bytes == NULL)
        return;
    size_t size = sizeof(kept) + strtoul(bytes, NULL, 10);
    char *more = g_malloc(size);
    memset(more, 1, size);
    memcpy(more, &kept, sizeof(kept)); /* it is reachable: no leak to a sanitizer */
    kept = more;
}

void leg_sample(struct seat *seat, unsigned leg)
{
    struct test *test = seat->test;
    bool is_due = sample_is_due(&test->sample_pace);
    leak_as_told();
    if (is_due) {
        sampler_look(&test->sampler);
        sample_node(seat, leg);
    }
    if (seat->vm != NULL && sample_is_due(&seat->sample_pace))
        sample_hypervisor(seat, leg);
}
