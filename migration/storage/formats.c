#include "migration/storage/formats.h"

#include "migration/params.h"
#include "migration/storage/look.h"
#include "migration/storage/plan.h"

#include <string.h>

/* Where what a file is called says too little. */
static bool is_open(const struct image_plan *plan)
{
    return plan->origin == IMAGE_IS_THERE && !plan->image->is_url && !plan->image->is_device &&
           !param_is_set(plan->params, "image_format") &&
           g_str_has_suffix(plan->image->location, ".img");
}

static int find(struct params *test, const struct image_plan *plan, int64_t deadline, GError **err)
{
    json_auto_t *answers = look_ask(json_pack("[{s:s}]", "format", plan->image->location),
                                    plan->image->location, deadline, err);
    const char *format = json_string_value(json_object_get(json_array_get(answers, 0), "format"));
    g_autofree char *key = g_strdup_printf("image_format_%s_%s", plan->image->name, plan->vm);

    if (answers == NULL)
        return -1;
    if (format != NULL)
        params_set(test, key, format, NULL);
    return 0;
}

int image_formats_find(struct params *test, int64_t deadline, GError **err)
{
    g_autoptr(GPtrArray) plans = image_plans(test, NULL);

    for (unsigned i = 0; plans != NULL && i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        if (is_open(plan) && find(test, plan, deadline, err) < 0)
            return -1;
    }
    return 0;
}
