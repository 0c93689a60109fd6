/*
 * XML as a tree that is filled in any order and printed at the end. A writer of our own: libxml2
 * would travel in the bundle with the 36 MB of ICU behind it, for the escaping of five characters.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

struct xml;

/* The root of a tree. Transfer full: xml_free(), with all that is below it. */
struct xml *xml_new(const char *name);
void xml_free(struct xml *element); /* of a root; NULL is fine */
AUTOPTR_STRUCT(xml, xml_free);

/* One more child of that name. Transfer none. */
struct xml *xml_add(struct xml *parent, const char *name);

/* A tree of its own becomes a child. child: transfer full. */
void xml_adopt(struct xml *parent, struct xml *child);

/* The first child of that name, which is added where there is none. Transfer none. */
struct xml *xml_get(struct xml *parent, const char *name);

/* NULL: it has none. Transfer none. */
struct xml *xml_first(const struct xml *parent);

/* An attribute; it replaces one of that name. value NULL: left out. Returns the element. */
struct xml *xml_set(struct xml *element, const char *name, const char *value);
struct xml *xml_set_int(struct xml *element, const char *name, int64_t value);

/* What an element contains beside its children. Returns the element. */
struct xml *xml_text(struct xml *element, const char *text);
struct xml *xml_text_int(struct xml *element, int64_t value);

/* For a reader (GMarkupParser's start_element): what an attribute says; NULL: there is none. */
const char *xml_attribute(const char *const *names, const char *const *values, const char *name);

/* Indented, with a line's end at the end. VM_ERROR_UNSUPPORTED where a value has bytes that no XML
 * has (control characters, what is not UTF-8), with the element's name. Transfer full. */
char *xml_print(const struct xml *root, GError **err);
