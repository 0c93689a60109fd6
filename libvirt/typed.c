#include "libvirt/typed.h"

#include "libvirt/wire.h"

#include <glib.h>
#include <string.h>

static json_t *value_of(const virTypedParameter *parameter)
{
    switch (parameter->type) {
    case VIR_TYPED_PARAM_INT:
        return json_integer(parameter->value.i);
    case VIR_TYPED_PARAM_UINT:
        return json_integer(parameter->value.ui);
    case VIR_TYPED_PARAM_LLONG:
        return json_integer(parameter->value.l);
    case VIR_TYPED_PARAM_ULLONG:
        return parameter->value.ul <= G_MAXINT64 ? json_integer((json_int_t)parameter->value.ul)
                                                 : json_real((double)parameter->value.ul);
    case VIR_TYPED_PARAM_DOUBLE:
        return json_real(parameter->value.d); /* NULL for what is no number */
    case VIR_TYPED_PARAM_BOOLEAN:
        return json_boolean(parameter->value.b != 0);
    case VIR_TYPED_PARAM_STRING:
        return wire_text(parameter->value.s);
    default:
        return NULL;
    }
}

void typed_to_json(json_t *object, const virTypedParameter *parameters, int count)
{
    for (int i = 0; i < count; i++) {
        json_t *value = value_of(&parameters[i]);

        if (value != NULL)
            json_object_set_new(object, parameters[i].field, value);
    }
}

static int add_string(struct typed *typed, const char *name, const json_t *value)
{
    return virTypedParamsAddString(&typed->parameters, &typed->count, &typed->room, name,
                                   json_string_value(value));
}

static bool add_strings(struct typed *typed, const char *name, const json_t *value)
{
    size_t i;
    json_t *element;

    if (json_is_string(value))
        return add_string(typed, name, value) == 0;
    if (!json_is_array(value))
        return false;
    json_array_foreach (value, i, element)
        if (!json_is_string(element) || add_string(typed, name, element) < 0)
            return false;
    return true;
}

static bool add(struct typed *typed, const struct typed_row *row, const json_t *value)
{
    json_int_t number = json_integer_value(value);

    switch (row->kind) {
    case TYPED_STRING:
        return json_is_string(value) && add_string(typed, row->name, value) == 0;
    case TYPED_STRINGS:
        return add_strings(typed, row->name, value);
    case TYPED_INT:
        return json_is_integer(value) && number >= G_MININT && number <= G_MAXINT &&
               virTypedParamsAddInt(&typed->parameters, &typed->count, &typed->room, row->name,
                                    (int)number) == 0;
    case TYPED_ULLONG:
        return json_is_integer(value) && number >= 0 &&
               virTypedParamsAddULLong(&typed->parameters, &typed->count, &typed->room, row->name,
                                       (unsigned long long)number) == 0;
    }
    return false;
}

bool typed_from_json(struct typed *typed, const struct typed_row *rows, const json_t *object,
                     char **why_out)
{
    static const char *const kinds[] = {"a string", "a string or an array of strings", "an integer",
                                        "a number from 0 on"};
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)object, name, value) {
        const struct typed_row *row = rows;

        while (row->name != NULL && strcmp(row->name, name) != 0)
            row++;
        if (row->name != NULL && add(typed, row, value))
            continue;
        *why_out = row->name == NULL
                       ? g_strdup_printf("there is no parameter \"%s\"", name)
                       : g_strdup_printf("parameter \"%s\" is not %s", name, kinds[row->kind]);
        return false;
    }
    return true;
}

void typed_clear(struct typed *typed)
{
    virTypedParamsFree(typed->parameters, typed->count);
    *typed = (struct typed){0};
}
