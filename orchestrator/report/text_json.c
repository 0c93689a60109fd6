#include "orchestrator/report/text_json.h"

json_t *text_json(const char *text)
{
    g_autofree char *valid = NULL;

    if (text == NULL)
        return json_null();
    valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

json_t *texts_json(const GPtrArray *texts)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < texts->len; i++)
        json_array_append_new(array, text_json(g_ptr_array_index(texts, i)));
    return array;
}
