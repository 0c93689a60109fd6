/* What a user adds in the hypervisor's own words: nobody here knows what it is, but that both ends
 * must have it. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *text = param_text(spec->params, "extra_params");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    json_t *list;

    if (text == NULL)
        return 0;
    if (!g_shell_parse_argv(text, NULL, &words, &error)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "extra_params = %s: %s", text,
                    error->message);
        return -1;
    }
    list = json_array();
    for (char **word = words; *word != NULL; word++)
        json_array_append_new(list, json_string_nocheck(*word));
    json_object_set_new(device_plug(board, &device_extra, "extra")->travels, "words", list);
    return 0;
}

static void to_qemu(const struct device *extra, GPtrArray *line)
{
    const json_t *word;
    size_t i;

    json_array_foreach (json_object_get(extra->travels, "words"), i, word)
        qemu_line_word(line, json_string_value(word));
}

static int to_xml(const struct device *extra, struct domain *domain, GError **err)
{
    (void)err;
    to_qemu(extra, domain_say(domain, WORD_EXTRA));
    return 0;
}

const struct device_kind device_extra = {
    .name = "extra", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
