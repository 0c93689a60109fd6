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

/* "+flag", "-flag", "flag=on", "flag=off". Transfer full; NULL: it is another word, or a flag that
 * libvirt has by another name, if at all: those of KVM and of Hyper-V. */
static char *flag_of(const char *word, bool *is_on)
{
    const char *equals = strchr(word, '=');
    bool is_signed = equals == NULL && (*word == '+' || *word == '-');
    const char *name = is_signed ? word + 1 : word;

    *is_on = is_signed ? *word == '+' : equals != NULL && strcmp(equals, "=on") == 0;
    if ((!is_signed && !*is_on && (equals == NULL || strcmp(equals, "=off") != 0)) ||
        g_str_has_prefix(name, "kvm") || g_str_has_prefix(name, "hv"))
        return NULL;
    return equals != NULL ? g_strndup(name, (size_t)(equals - name)) : g_strdup(name);
}

/* Whether these are all. */
static bool add_flags(struct xml *cpu, char **words)
{
    bool is_all = true, is_on;

    for (char **word = words; *word != NULL; word++) {
        g_autofree char *name = flag_of(*word, &is_on);
        struct xml *feature;

        if (name == NULL) {
            is_all = false;
            continue;
        }
        feature = xml_set(xml_add(cpu, "feature"), "policy", is_on ? "require" : "disable");
        xml_set(feature, "name", name);
    }
    return is_all;
}

/* "Nehalem-v1" is a Nehalem for libvirt, which knows no versions. Transfer full. */
static char *without_version(const char *model)
{
    const char *dash = strrchr(model, '-');
    bool has_version = dash != NULL && dash[1] == 'v' && dash[2] != '\0' &&
                       dash[2 + strspn(dash + 2, "0123456789")] == '\0';

    return has_version ? g_strndup(model, (size_t)(dash - model)) : g_strdup(model);
}

/*
 * What QEMU is told, and no more: libvirt checks nothing and adds nothing, since the platform was
 * decided for all hosts. Where it cannot have all of it, QEMU is told all of it again.
 */
static int to_xml(const struct device *cpu, struct domain *domain, GError **err)
{
    const char *text = device_get(cpu->travels, "model");
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    g_autofree char *model = without_version(words[0]);
    struct xml *element = xml_get(domain->root, "cpu");
    bool is_max = strcmp(model, "max") == 0;

    (void)err;
    if (is_max || strcmp(model, "host") == 0) {
        xml_set(element, "mode", is_max ? "maximum" : "host-passthrough");
        xml_set(element, "check", "none");
    } else {
        xml_set(xml_set(element, "mode", "custom"), "match", "exact");
        xml_set(element, "check", "none");
        xml_text(xml_set(xml_add(element, "model"), "fallback", "forbid"), model);
    }
    if (!add_flags(element, words + 1) || strcmp(model, words[0]) != 0)
        qemu_line_option(domain_say(domain, WORD_CPU), "-cpu", "%s", text);
    return 0;
}

const struct device_kind device_cpu = {
    .name = "cpu", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
