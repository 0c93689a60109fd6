#include "migration/params_wire.h"

struct params *params_from_wire(Vtmh__Param *const *list, size_t n)
{
    struct params *params = params_new();
    for (size_t i = 0; i < n; i++)
        params_set(params, list[i]->key, list[i]->value,
                   *list[i]->origin != '\0' ? list[i]->origin : NULL);
    return params;
}
