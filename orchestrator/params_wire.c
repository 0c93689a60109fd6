#include "orchestrator/params_wire.h"

Vtmh__Param **params_wire(const struct params *params, size_t *n_out)
{
    size_t count = params_count(params), n = 0;
    /* One block: the list, and behind it what it points to. */
    Vtmh__Param **list = g_malloc(count * (sizeof *list + sizeof **list));
    Vtmh__Param *entries = (Vtmh__Param *)(list + count);
    struct params_iter it;
    params_iter_init(&it, params);
    while (params_iter_next(&it)) {
        vtmh__param__init(&entries[n]);
        entries[n].key = (char *)it.key;
        entries[n].value = (char *)it.value;
        if (it.origin != NULL)
            entries[n].origin = (char *)it.origin;
        list[n] = &entries[n];
        n++;
    }
    *n_out = n;
    return list;
}
