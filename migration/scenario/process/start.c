/* VMs that are to run before the test begins (start_vm): on the first host, as with avocado-vt,
 * whose others prepare nothing. The others are told. */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

const char *const start_params[] = {"start_vm", NULL};

static int is_to_start(const struct step_on *on, bool *out, GError **err)
{
    bool starts, is_left_alone;
    if (param_bool(on->params, "start_vm", &starts, err) < 0 ||
        param_bool(on->params, "not_preprocess", &is_left_alone, err) < 0)
        return -1;
    *out = on->scene->test->self == 0 && starts && !is_left_alone;
    return 0;
}

int start_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    struct seat *seat = on->seat;
    g_autofree char *tag = g_strdup_printf("%s has started", seat->name);
    const struct test_meeting meeting = {.tag = tag,
                                         .once = true,
                                         .timeout_ms = seat->request.login_ms +
                                                       2 * seat_patience_ms(seat, SCENE_START_MS)};
    g_autoptr(GPtrArray) told = NULL;
    bool starts;
    if (is_to_start(on, &starts, err) < 0)
        return -1;
    /* One that lives on from an earlier test runs already. */
    starts &= seat->where == SEAT_NOWHERE;
    if (starts && scene_boot_here(seat, err) < 0)
        return -1;
    if (starts)
        host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, seat->name,
                 "%s was started before the test (start_vm)", seat->name);
    if (test_exchange(test, &meeting, json_boolean(starts), &told, err) < 0)
        return -1;
    const json_t *first = g_ptr_array_index(told, 0);
    if (json_is_true(first))
        seat->where = 0;
    return 0;
}
