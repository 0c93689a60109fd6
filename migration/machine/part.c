#include "migration/machine/part.h"

#include "migration/machine/qemu_line.h"

#include <string.h>

static const struct form {
    const char *option, *command, *undo;
    const char *type, *id; /* keys of the arguments */
} forms[] = {
    [PART_OBJECT] = {"-object", "object-add", "object-del", "qom-type", "id"},
    [PART_CHARDEV] = {"-chardev", "chardev-add", "chardev-remove", "backend", "id"},
    [PART_NETDEV] = {"-netdev", "netdev_add", "netdev_del", "type", "id"},
    [PART_BLOCKDEV] = {"-blockdev", "blockdev-add", "blockdev-del", "driver", "node-name"},
    [PART_DRIVE] = {"-drive", NULL, NULL, "driver", "id"},
    [PART_DEVICE] = {"-device", "device_add", "device_del", "driver", "id"},
};

static const struct form *form_of(const struct part *part)
{
    return &forms[part->kind];
}

static void free_part(void *data)
{
    struct part *part = data;

    json_decref(part->arguments);
    g_free(part->tail);
    g_free(part);
}

GPtrArray *parts_new(void)
{
    return g_ptr_array_new_with_free_func(free_part);
}

json_t *part_add(GPtrArray *parts, enum part_kind kind, const char *type, const char *id,
                 const char *tail)
{
    struct part *part = g_new0(struct part, 1);
    const struct form *form = &forms[kind];
    json_t *backend, *data;

    g_ptr_array_add(parts, part);
    part->kind = kind;
    part->tail = g_strdup(tail);
    part->arguments = json_object();
    if (kind != PART_CHARDEV)
        json_object_set_new(part->arguments, form->type, json_string_nocheck(type));
    if (id != NULL)
        json_object_set_new(part->arguments, form->id, json_string_nocheck(id));
    if (kind != PART_CHARDEV)
        return part->arguments;
    backend = json_object();
    data = json_object();
    json_object_set_new(part->arguments, form->type, backend);
    json_object_set_new(backend, "type", json_string_nocheck(type));
    json_object_set_new(backend, "data", data);
    return data;
}

const char *part_command(const struct part *part)
{
    return form_of(part)->command;
}

const char *part_undo_command(const struct part *part)
{
    return form_of(part)->undo;
}

/* Adds a value beside those that the key has. */
static void add_value(json_t *object, const char *key, const char *value)
{
    json_t *before = json_object_get(object, key);
    json_t *text = json_string_nocheck(value);
    json_t *list;

    if (before == NULL) {
        json_object_set_new(object, key, text);
        return;
    }
    list = json_is_array(before) ? json_incref(before) : json_array();
    if (!json_is_array(before))
        json_array_append_new(list, json_pack("{s:O}", "str", before));
    json_array_append_new(list, json_pack("{s:o}", "str", text));
    json_object_set_new(object, key, list);
}

/* The end of a value, in which a comma is written twice; the value without the second ones. */
static const char *read_value(const char *from, GString *value)
{
    for (; *from != '\0'; from++) {
        if (*from == ',' && *++from != ',')
            return from;
        g_string_append_c(value, *from);
    }
    return from;
}

/* The value itself, or a word without one: a switch that is on. */
static void add_word(json_t *object, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *key = g_strndup(word, equals != NULL ? (size_t)(equals - word) : strlen(word));

    if (*key != '\0')
        add_value(object, key, equals != NULL ? equals + 1 : "on");
}

json_t *part_arguments(const struct part *part)
{
    json_t *arguments = json_deep_copy(part->arguments);
    json_t *target = part->kind == PART_CHARDEV
                         ? json_object_get(json_object_get(arguments, "backend"), "data")
                         : arguments;

    for (const char *at = part->tail; at != NULL && *at != '\0';) {
        g_autoptr(GString) word = g_string_new(NULL);

        at = read_value(at, word);
        add_word(target, word->str);
    }
    return arguments;
}

json_t *part_undo_arguments(const struct part *part)
{
    const char *key = form_of(part)->id;
    json_t *arguments = json_object();

    json_object_set(arguments, key, json_object_get(part->arguments, key));
    return arguments;
}

/* ---- as words */

static void append_value(GString *text, const char *prefix, const char *key, const json_t *value);

static void append_object(GString *text, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)object, key, value)
        append_value(text, prefix, key, value);
}

/* Lists of {"str": …} are keys that occur more often; others are numbered. */
static void append_list(GString *text, const char *prefix, const char *key, const json_t *list)
{
    g_autofree char *outer = g_strdup_printf("%s%s.", prefix, key);
    const json_t *item;
    size_t i;

    json_array_foreach ((json_t *)list, i, item) {
        const json_t *word = json_object_get(item, "str");
        g_autofree char *place = g_strdup_printf("%zu", i);

        if (word != NULL)
            append_value(text, prefix, key, word);
        else
            append_value(text, outer, place, item);
    }
}

static void append_value(GString *text, const char *prefix, const char *key, const json_t *value)
{
    if (json_is_object(value)) {
        g_autofree char *outer = g_strdup_printf("%s%s.", prefix, key);

        append_object(text, outer, value);
    } else if (json_is_array(value)) {
        append_list(text, prefix, key, value);
    } else if (json_is_integer(value)) {
        g_string_append_printf(text, ",%s%s=%" JSON_INTEGER_FORMAT, prefix, key,
                               json_integer_value(value));
    } else if (json_is_boolean(value)) {
        g_string_append_printf(text, ",%s%s=%s", prefix, key, json_is_true(value) ? "on" : "off");
    } else {
        g_autofree char *quoted = qemu_line_quote(json_string_value(value));

        g_string_append_printf(text, ",%s%s=%s", prefix, key, quoted);
    }
}

/*
 * Of a chardev the command line knows another form than QMP: an address is not an object of its
 * own, and a file is its path.
 */
static void append_chardev(GString *text, const char *id, const json_t *data)
{
    const char *key;
    json_t *value;

    if (id != NULL)
        g_string_append_printf(text, ",id=%s", id);
    json_object_foreach ((json_t *)data, key, value) {
        const json_t *address = json_object_get(value, "data");
        const json_t *descriptor = json_object_get(address, "str");

        if (descriptor != NULL)
            append_value(text, "", "fd", descriptor);
        else if (address != NULL)
            append_object(text, "", address);
        else
            append_value(text, "", strcmp(key, "out") == 0 ? "path" : key, value);
    }
}

void part_to_line(const struct part *part, GPtrArray *line)
{
    const struct form *form = form_of(part);
    const json_t *type = json_object_get(part->arguments, form->type);
    g_autoptr(GString) text = g_string_new(NULL);

    if (part->kind == PART_CHARDEV) {
        g_string_append(text, json_string_value(json_object_get(type, "type")));
        append_chardev(text, json_string_value(json_object_get(part->arguments, form->id)),
                       json_object_get(type, "data"));
    } else {
        const char *key;
        json_t *value;

        g_string_append_printf(text, "%s%s", part->kind == PART_DRIVE ? "if=none,driver=" : "",
                               json_string_value(type));
        json_object_foreach (part->arguments, key, value)
            if (value != type)
                append_value(text, "", key, value);
    }
    qemu_line_option(line, form->option, "%s%s", text->str, part->tail != NULL ? part->tail : "");
}
