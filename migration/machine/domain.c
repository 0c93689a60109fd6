#include "migration/machine/domain.h"

#include "migration/machine/domain_part.h"
#include "migration/machine/drive_bus.h"

#include <stdlib.h>
#include <string.h>

#define NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define ALIAS_PREFIX "ua-" /* libvirt keeps names that begin otherwise for itself */

/* libvirt gives places away from the lowest on, and on a Q35 those from 0x1a on for what such
 * boards have there. */
#define OWN_SLOT_HIGH 0x19
#define OWN_SLOT_LOW 0x10

char *domain_alias(const struct device *device)
{
    char *alias = g_strconcat(ALIAS_PREFIX, device->id, NULL);

    return g_strdelimit(alias, ".", '_'); /* libvirt takes no dots */
}

struct xml *domain_name(struct xml *element, const struct device *device)
{
    g_autofree char *alias = domain_alias(device);

    xml_set(xml_add(element, "alias"), "name", alias);
    domain_say_place(device, element);
    return element;
}

int domain_refuse(const struct device *device, GError **err, const char *format, ...)
{
    g_autofree char *reason = NULL;
    va_list args;

    va_start(args, format);
    reason = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s %s is not supported with libvirt: %s",
                device->kind->name, device->id, reason);
    return -1;
}

GPtrArray *domain_say(struct domain *domain, enum domain_word row)
{
    domain->says[row] = true;
    return domain->words;
}

bool domain_is_q35(const struct domain *domain)
{
    return strstr(device_get(domain->board->travels, "type"), "q35") != NULL;
}

unsigned domain_number(struct domain *domain, enum domain_number kind, const struct device *device)
{
    GPtrArray **numbered = &domain->numbered[kind];
    guint number;

    if (*numbered == NULL)
        *numbered = g_ptr_array_new();
    if (g_ptr_array_find(*numbered, device, &number))
        return number;
    g_ptr_array_add(*numbered, (void *)device);
    return (*numbered)->len - 1;
}

static const struct device *find_parent(const struct device *in, const struct device *device)
{
    const struct device *found = NULL;

    for (unsigned i = 0; i < in->children->len && found == NULL; i++) {
        const struct device *child = g_ptr_array_index(in->children, i);

        found = child == device ? in : find_parent(child, device);
    }
    return found;
}

const struct device *domain_parent(const struct domain *domain, const struct device *device)
{
    return find_parent(domain->board, device);
}

bool domain_has_boot_index(const struct device *board)
{
    bool has = json_object_get(board->travels, "bootindex") != NULL;

    for (unsigned i = 0; i < board->children->len && !has; i++)
        has = domain_has_boot_index(g_ptr_array_index(board->children, i));
    return has;
}

/* ---- a device in QEMU's words */

static bool is_on_main_bus(const struct part *part)
{
    static const char *const others[] = {"isa-", "usb-", "pc-dimm"};
    const char *driver = device_get(part->arguments, "driver");

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (part->kind == PART_DEVICE && g_str_has_prefix(driver, others[i]))
            return false;
    return part->kind == PART_DEVICE && json_object_get(part->arguments, "bus") == NULL &&
           json_object_get(part->arguments, "addr") == NULL;
}

static int place(struct domain *domain, const struct device *device, struct part *part,
                 GError **err)
{
    unsigned slot = OWN_SLOT_HIGH - domain->own_slots++;
    g_autofree char *addr = g_strdup_printf("0x%x", slot);

    if (slot < OWN_SLOT_LOW)
        return domain_refuse(device, err,
                             "there are more than %d devices that go in QEMU's own words",
                             OWN_SLOT_HIGH - OWN_SLOT_LOW + 1);
    device_set(part->arguments, "bus", domain_is_q35(domain) ? "pcie.0" : "pci.0");
    device_set(part->arguments, "addr", addr);
    return 0;
}

static bool is_on_libvirt_s_bus(const struct part *part)
{
    return part->kind == PART_DEVICE && json_object_get(part->arguments, "bus") != NULL;
}

/* As JSON, as libvirt's own devices are: QEMU makes those that are not before them, when their bus
 * is not there yet. */
static void say_on_bus(const struct part *part, GPtrArray *line)
{
    json_auto_t *arguments = part_arguments(part);
    g_autofree char *bus = g_strconcat(ALIAS_PREFIX, device_get(arguments, "bus"), NULL);
    char *text;

    device_set(arguments, "bus", bus);
    text = json_dumps(arguments, JSON_COMPACT);
    qemu_line_option(line, "-device", "%s", text);
    free(text);
}

int domain_say_device(struct domain *domain, const struct device *device, enum domain_word row,
                      GError **err)
{
    GPtrArray *line = domain_say(domain, row);
    g_autoptr(GPtrArray) parts = parts_new();

    device->kind->to_parts(device, parts);
    for (unsigned i = 0; i < parts->len; i++) {
        struct part *part = g_ptr_array_index(parts, i);

        if (is_on_libvirt_s_bus(part)) {
            say_on_bus(part, line);
            continue;
        }
        if (is_on_main_bus(part) && place(domain, device, part, err) < 0)
            return -1;
        part_to_line(part, line);
    }
    return 0;
}

/* ---- properties of a device that libvirt makes */

#define OVERRIDES_SINCE 8002000

/* QEMU takes them as JSON, in their types, which only QEMU knows: these have a word where it looks
 * like a switch. */
static const char *type_of(const char *name, const char *value)
{
    static const char *const words[] = {"disable-legacy", "msix", "msi", "rombar"};
    const char *digits = *value == '-' ? value + 1 : value;
    bool is_number = *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], name) == 0 && !is_number)
            return "string";
    if (is_number)
        return *value == '-' ? "signed" : "unsigned";
    return strcmp(value, "on") == 0 || strcmp(value, "off") == 0 ? "bool" : "string";
}

static void set_property(struct xml *frontend, const char *name, const char *value)
{
    const char *type = type_of(name, value);
    struct xml *property = xml_add(frontend, "qemu:property");

    if (strcmp(type, "bool") == 0)
        value = strcmp(value, "on") == 0 ? "true" : "false";
    xml_set(xml_set(xml_set(property, "name", name), "type", type), "value", value);
}

int domain_set_properties(struct domain *domain, const struct device *device, const char *tail,
                          GError **err)
{
    g_autoptr(GPtrArray) parts = parts_new();
    g_autofree char *alias = domain_alias(device);
    json_auto_t *arguments = NULL;
    struct xml *frontend;
    const char *name;
    json_t *value;

    if (tail == NULL)
        return 0;
    if (domain->spec->libvirt != 0 && domain->spec->libvirt < OVERRIDES_SINCE)
        return domain_refuse(device, err, "%s: that needs <qemu:override>, of libvirt 8.2",
                             tail + 1);
    part_add(parts, PART_DEVICE, device->kind->name, NULL, tail);
    arguments = part_arguments(g_ptr_array_index(parts, 0));
    if (domain->overrides == NULL)
        domain->overrides = xml_add(domain->root, "qemu:override");
    frontend = xml_set(xml_add(domain->overrides, "qemu:device"), "alias", alias);
    frontend = xml_add(frontend, "qemu:frontend");
    json_object_foreach (arguments, name, value) {
        if (strcmp(name, "driver") == 0)
            continue;
        if (!json_is_string(value))
            return domain_refuse(device, err, "%s: %s is there twice", tail + 1, name);
        set_property(frontend, name, json_string_value(value));
    }
    return 0;
}

/* ---- the domain */

static void add_head(struct domain *domain)
{
    const struct domain_spec *spec = domain->spec;
    const struct device *identity = device_of_kind(domain->board, &device_identity);
    struct xml *root = domain->root;
    struct xml *label;

    xml_text(xml_add(root, "name"), spec->name);
    if (identity != NULL || spec->uuid != NULL) /* it fills in its own */
        xml_text(xml_add(root, "uuid"), spec->uuid);
    xml_add(xml_add(root, "features"), "acpi"); /* else libvirt takes it away */
    xml_text(xml_add(root, "on_poweroff"), "destroy");
    xml_text(xml_add(root, "on_reboot"), "restart");
    xml_text(xml_add(root, "on_crash"), "preserve");
    if (spec->run_as != NULL) {
        label = xml_add(root, "seclabel");
        xml_set(xml_set(xml_set(label, "type", "static"), "model", "dac"), "relabel", "no");
        xml_text(xml_add(label, "label"), spec->run_as);
    }
    if (spec->emulator != NULL)
        xml_text(xml_add(domain->devices, "emulator"), spec->emulator);
}

static bool has_usb(const struct device *board)
{
    bool has = device_of_kind(board, &device_usb) != NULL;

    for (unsigned i = 0; i < board->children->len && !has; i++)
        has = drive_bus_is_usb(g_ptr_array_index(board->children, i));
    return has;
}

/* What libvirt adds by itself where nothing is said of it. */
static void leave_out(struct domain *domain)
{
    if (!has_usb(domain->board))
        xml_set(xml_set(xml_add(domain->devices, "controller"), "type", "usb"), "model", "none");
    if (device_of_kind(domain->board, &device_graphics) == NULL)
        xml_set(xml_add(xml_add(domain->devices, "video"), "model"), "type", "none");
    if (device_of_kind(domain->board, &device_balloon) == NULL)
        xml_set(xml_add(domain->devices, "memballoon"), "model", "none");
}

static int add_device(struct domain *domain, const struct device *device, GError **err)
{
    if (device->kind->to_xml == NULL)
        return domain_refuse(device, err, "nothing is known of it there");
    if (device->kind->to_xml(device, domain, err) < 0)
        return -1;
    for (unsigned i = 0; i < device->children->len; i++)
        if (add_device(domain, g_ptr_array_index(device->children, i), err) < 0)
            return -1;
    return 0;
}

static void add_env(struct xml *words, const char *assignment)
{
    g_auto(GStrv) both = g_strsplit(assignment, "=", 2);

    xml_set(xml_set(xml_add(words, "qemu:env"), "name", both[0]), "value", both[1]);
}

static void add_words(struct domain *domain)
{
    const char *const *env = domain->spec->env;
    bool has_env = env != NULL && env[0] != NULL;
    struct xml *words;

    if (domain->words->len > 0 || has_env || domain->overrides != NULL)
        xml_set(domain->root, "xmlns:qemu", NAMESPACE);
    if (domain->words->len == 0 && !has_env)
        return;
    words = xml_add(domain->root, "qemu:commandline");
    for (unsigned i = 0; i < domain->words->len; i++)
        xml_set(xml_add(words, "qemu:arg"), "value", g_ptr_array_index(domain->words, i));
    for (; has_env && *env != NULL; env++)
        add_env(words, *env);
}

static json_t *list_words(const struct domain *domain)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < WORD_COUNT; i++)
        if (domain->says[i])
            json_array_append_new(list, json_pack("{s:s, s:s}", "what", domain_words[i].what, "why",
                                                  domain_words[i].why));
    return list;
}

static struct domain domain_of(const struct device *board, const struct domain_spec *spec)
{
    struct domain domain = {.board = board,
                            .spec = spec,
                            .root = xml_new("domain"),
                            .words = g_ptr_array_new_with_free_func(g_free)};

    domain.devices = xml_new("devices");
    return domain;
}

static void clear(struct domain *domain)
{
    xml_free(domain->root);
    xml_free(domain->devices);
    for (unsigned i = 0; i < NUMBER_KINDS; i++)
        if (domain->numbered[i] != NULL)
            g_ptr_array_unref(domain->numbered[i]);
    g_ptr_array_unref(domain->words);
}

char *machine_to_xml(const struct device *board, const struct domain_spec *spec, json_t **words_out,
                     GError **err)
{
    struct domain domain = domain_of(board, spec);
    char *text = NULL;

    add_head(&domain);
    leave_out(&domain);
    domain_say_controllers(&domain);
    if (add_device(&domain, board, err) == 0) {
        xml_adopt(domain.root, g_steal_pointer(&domain.devices));
        add_words(&domain);
        text = xml_print(domain.root, err);
    }
    if (text != NULL && words_out != NULL)
        *words_out = list_words(&domain);
    clear(&domain);
    return text;
}

char *machine_device_to_xml(const struct device *board, const struct device *device,
                            const struct domain_spec *spec, GError **err)
{
    struct domain domain = domain_of(board, spec);
    char *text = NULL;

    if (device->kind->to_xml == NULL)
        domain_refuse(device, err, "nothing is known of it there");
    else if (device->kind->to_xml(device, &domain, err) == 0) {
        if (xml_first(domain.devices) != NULL && domain.words->len == 0 && domain.overrides == NULL)
            text = xml_print(xml_first(domain.devices), err);
        else
            domain_refuse(device, err, "it is there from the start, or not at all");
    }
    clear(&domain);
    return text;
}
