/* What a fake node does for its test: it agrees with the other one, keeps a ledger and a log, and
 * takes over a VM that may be the only copy. */
#include "tests/unit/handover_world_private.h"

int agree(struct test *test, GPtrArray *seats, struct agreement *agreement, GError **err)
{
    static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", NULL};
    const struct test_meeting meeting = {.tag = "agree", .timeout_ms = 60000};
    (void)seats;
    agreement->one_kernel = true;
    agreement->addresses = g_strdupv((char **)addresses);
    return test_barrier(test, &meeting, err);
}

void agreement_clear(struct agreement *agreement)
{
    g_clear_pointer(&agreement->addresses, g_strfreev);
}

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)kind, (void)what;
    if (world_point(node, NULL, "own") == FAULT_NONE)
        return 0;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "the disk is full");
    return -1;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    (void)node, (void)kind, (void)what;
}

static void take_log(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                     const char *text)
{
    struct sim_host *host = node;
    (void)level, (void)role;
    world_did(host->world, "%s: %s: %s", host->host.name, vm != NULL ? vm : "-", text);
}

static void take_context(void *node, const char *text)
{
    (void)node, (void)text;
}

static void take_progress(void *node, const Vtmh__Progress *progress)
{
    (void)node, (void)progress;
}

static void keep(void *node, struct vm *vm)
{
    (void)node;
    vm->is_freed = vm->is_kept = true;
    vm->runs_at_end = vm->state == COPY_RUNNING;
    vm->gone_at_end = vm->state == COPY_GONE;
    world_did(vm->world, "%s on %s is kept", vm->name, vm->host->host.name);
}

const struct host_ops sim_host_ops = {own,           disown, take_log, take_context,
                                      take_progress, keep,   NULL,     NULL};
