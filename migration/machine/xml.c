#include "migration/machine/xml.h"

#include "migration/vm/platform.h"

#include <string.h>

#define INDENT 2

struct attribute {
    char *name, *value;
};

struct xml {
    char *name, *text;
    GPtrArray *attributes; /* struct attribute */
    GPtrArray *children;   /* struct xml */
};

static void free_attribute(void *data)
{
    struct attribute *attribute = data;

    g_free(attribute->name);
    g_free(attribute->value);
    g_free(attribute);
}

static void free_element(void *data)
{
    xml_free(data);
}

struct xml *xml_new(const char *name)
{
    struct xml *element = g_new0(struct xml, 1);

    element->name = g_strdup(name);
    element->attributes = g_ptr_array_new_with_free_func(free_attribute);
    element->children = g_ptr_array_new_with_free_func(free_element);
    return element;
}

void xml_free(struct xml *element)
{
    if (element == NULL)
        return;
    g_ptr_array_unref(element->attributes);
    g_ptr_array_unref(element->children);
    g_free(element->name);
    g_free(element->text);
    g_free(element);
}

void xml_adopt(struct xml *parent, struct xml *child)
{
    g_ptr_array_add(parent->children, child);
}

struct xml *xml_add(struct xml *parent, const char *name)
{
    struct xml *element = xml_new(name);

    xml_adopt(parent, element);
    return element;
}

struct xml *xml_get(struct xml *parent, const char *name)
{
    for (unsigned i = 0; i < parent->children->len; i++) {
        struct xml *child = g_ptr_array_index(parent->children, i);

        if (strcmp(child->name, name) == 0)
            return child;
    }
    return xml_add(parent, name);
}

struct xml *xml_first(const struct xml *parent)
{
    return parent->children->len > 0 ? g_ptr_array_index(parent->children, 0) : NULL;
}

static struct attribute *attribute_of(struct xml *element, const char *name)
{
    struct attribute *attribute;

    for (unsigned i = 0; i < element->attributes->len; i++) {
        attribute = g_ptr_array_index(element->attributes, i);
        if (strcmp(attribute->name, name) == 0)
            return attribute;
    }
    attribute = g_new0(struct attribute, 1);
    attribute->name = g_strdup(name);
    g_ptr_array_add(element->attributes, attribute);
    return attribute;
}

struct xml *xml_set(struct xml *element, const char *name, const char *value)
{
    struct attribute *attribute;

    if (value == NULL)
        return element;
    attribute = attribute_of(element, name);
    g_free(attribute->value);
    attribute->value = g_strdup(value);
    return element;
}

struct xml *xml_set_int(struct xml *element, const char *name, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    return xml_set(element, name, text);
}

struct xml *xml_text(struct xml *element, const char *text)
{
    g_free(element->text);
    element->text = g_strdup(text);
    return element;
}

struct xml *xml_text_int(struct xml *element, int64_t value)
{
    g_free(element->text);
    element->text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    return element;
}

/* ---- as text */

/* Of the control characters XML has these three. */
static bool is_sayable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff)
            return false;
    }
    return true;
}

/* White space is written by its number: in an attribute a reader takes it for a blank, and at the
 * end of a line a carriage return for none. */
static int append_escaped(GString *out, const char *text, const char *where, GError **err)
{
    if (!is_sayable(text)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "what is to be in <%s> has bytes that no XML has, and libvirt takes XML alone",
                    where);
        return -1;
    }
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        case '\'':
            g_string_append(out, "&apos;");
            break;
        case '\t':
        case '\n':
        case '\r':
            g_string_append_printf(out, "&#%d;", *text);
            break;
        default:
            g_string_append_c(out, *text);
        }
    }
    return 0;
}

static int append_element(GString *out, const struct xml *element, int depth, GError **err)
{
    bool has_children = element->children->len > 0;

    g_string_append_printf(out, "%*s<%s", depth * INDENT, "", element->name);
    for (unsigned i = 0; i < element->attributes->len; i++) {
        const struct attribute *attribute = g_ptr_array_index(element->attributes, i);

        g_string_append_printf(out, " %s=\"", attribute->name);
        if (append_escaped(out, attribute->value, element->name, err) < 0)
            return -1;
        g_string_append_c(out, '"');
    }
    if (!has_children && element->text == NULL) {
        g_string_append(out, "/>\n");
        return 0;
    }
    g_string_append(out, has_children ? ">\n" : ">");
    if (element->text != NULL && append_escaped(out, element->text, element->name, err) < 0)
        return -1;
    for (unsigned i = 0; i < element->children->len; i++)
        if (append_element(out, g_ptr_array_index(element->children, i), depth + 1, err) < 0)
            return -1;
    g_string_append_printf(out, "%*s</%s>\n", has_children ? depth * INDENT : 0, "", element->name);
    return 0;
}

char *xml_print(const struct xml *root, GError **err)
{
    GString *out = g_string_new(NULL);
    bool is_whole = append_element(out, root, 0, err) == 0;

    return g_string_free(out, !is_whole);
}

const char *xml_attribute(const char *const *names, const char *const *values, const char *name)
{
    for (; *names != NULL; names++, values++)
        if (strcmp(*names, name) == 0)
            return *values;
    return NULL;
}
