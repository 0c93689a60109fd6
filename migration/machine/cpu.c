/* The model of the CPUs. How many there are, and how they hang together: topology.c. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *cpu = device_plug(board, &device_cpu, "cpu");

    (void)err;
    device_set(cpu->travels, "model", spec->platform->cpu);
    return 0;
}

static void to_qemu(const struct device *cpu, GPtrArray *line)
{
    qemu_line_option(line, "-cpu", "%s", device_get(cpu->travels, "model"));
}

/*
 * "model,+flag,-flag,flag=on": what QEMU is told, and no more: libvirt checks nothing and adds
 * nothing, since the platform was decided for all hosts. Of what is said to QEMU in another form
 * libvirt has only some, by other names, so QEMU is told all of it again.
 */
static bool add_flags(struct xml *cpu, char **words)
{
    bool is_all = true;

    for (char **word = words; *word != NULL; word++) {
        const char *equals = strchr(*word, '=');
        g_autofree char *name =
            g_strndup(*word, equals != NULL ? (size_t)(equals - *word) : strlen(*word));
        bool is_signed = equals == NULL && (**word == '+' || **word == '-');
        bool is_off = is_signed ? **word == '-' : equals != NULL && strcmp(equals, "=off") == 0;
        struct xml *feature;

        if (!is_signed && !is_off && (equals == NULL || strcmp(equals, "=on") != 0)) {
            is_all = false;
            continue;
        }
        feature = xml_add(cpu, "feature");
        xml_set(feature, "policy", is_off ? "disable" : "require");
        xml_set(feature, "name", is_signed ? name + 1 : name);
    }
    return is_all;
}

static int to_xml(const struct device *cpu, struct domain *domain, GError **err)
{
    const char *text = device_get(cpu->travels, "model");
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    struct xml *element = xml_get(domain->root, "cpu");

    (void)err;
    if (strcmp(words[0], "host") == 0 || strcmp(words[0], "max") == 0) {
        xml_set(element, "mode", strcmp(words[0], "max") == 0 ? "maximum" : "host-passthrough");
        xml_set(element, "check", "none");
    } else {
        xml_set(xml_set(element, "mode", "custom"), "match", "exact");
        xml_set(element, "check", "none");
        xml_text(xml_set(xml_add(element, "model"), "fallback", "forbid"), words[0]);
    }
    if (!add_flags(element, words + 1))
        qemu_line_option(domain_say(domain, WORD_CPU), "-cpu", "%s", text);
    return 0;
}

const struct device_kind device_cpu = {
    .name = "cpu", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
