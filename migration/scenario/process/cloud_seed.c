/* The seed of a cloud image: made by the first host, the same on all. */
#include "migration/guest/cloud_seed.h"
#include "migration/scenario/process/rows.h"

#define MAKE_MS 30000

const char *const cloud_seed_params[] = {"cloud_init", NULL};

int cloud_seed_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    const char *vm = on->seat->name;
    g_autofree char *tag = g_strdup_printf("seed of %s", vm);
    const struct test_meeting meeting = {
        .tag = tag, .once = true, .timeout_ms = (int64_t)2 * MAKE_MS};
    g_autoptr(GPtrArray) told = NULL;
    json_t *mine;

    if (!cloud_seed_is_wanted(on->seat->params))
        return 0;
    mine = json_null();
    if (test->self == 0) {
        if (cloud_seed_make(test->host, vm, on->seat->params, deadline_in(MAKE_MS), err) < 0)
            return -1;
        mine = cloud_seed_pack(test->host, vm, err);
        if (mine == NULL)
            return -1;
    }
    if (test_exchange(test, &meeting, mine, &told, err) < 0)
        return -1;
    return test->self == 0 ? 0 : cloud_seed_unpack(test->host, vm, g_ptr_array_index(told, 0), err);
}

int cloud_seed_end(struct step_on *on, GError **err)
{
    (void)err;
    cloud_seed_remove(on->scene->test->host, on->seat->name);
    return 0;
}
