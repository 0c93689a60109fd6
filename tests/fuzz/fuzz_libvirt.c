/* What a node says to vtmh-node-libvirt, up to where libvirt would be called. */
#include "libvirt/call.h"
#include "libvirt/typed.h"
#include "libvirt/wire.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct typed_row rows[] = {
    {"text", TYPED_STRING},
    {"list", TYPED_STRINGS},
    {"number", TYPED_INT},
    {"size", TYPED_ULLONG},
    {0},
};

static bool on_line(const json_t *message, void *arg)
{
    const char *name = json_string_value(json_object_get(message, "execute"));
    const json_t *arguments = json_object_get(message, "arguments");
    const struct call_row *row = name != NULL ? call_find(name) : NULL;
    g_autofree char *why = NULL, *why_typed = NULL;
    struct typed typed = {0};

    (void)arg;
    if (row != NULL && (arguments == NULL || json_is_object(arguments)))
        call_arguments_fit(row, arguments, &why);
    if (json_is_object(arguments))
        typed_from_json(&typed, rows, json_object_get(arguments, "parameters"), &why_typed);
    typed_clear(&typed);
    return true;
}

/* The first byte says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_input input = {0};
    size_t cut = size > 0 ? 1U + data[0] : 1, at = size > 0 ? 1 : 0;

    while (at < size) {
        size_t some = size - at < cut ? size - at : cut;

        if (!wire_take(&input, (const char *)data + at, some, on_line, NULL))
            break;
        at += some;
    }
    wire_input_clear(&input);
    return 0;
}
