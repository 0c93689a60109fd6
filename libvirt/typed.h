/* libvirt's typed parameters, from and to JSON. */
#pragma once

#include <jansson.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* Adds each to the object, by its own name. A number beyond json_int_t becomes a real one. */
void typed_to_json(json_t *object, const virTypedParameter *parameters, int count);

enum typed_kind { TYPED_STRING, TYPED_STRINGS, TYPED_INT, TYPED_ULLONG };

struct typed_row {
    const char *name;
    enum typed_kind kind; /* TYPED_STRINGS: a string, or an array of them */
};

struct typed {
    virTypedParameterPtr parameters;
    int count, room;
};

/* Adds each member of the object (NULL: none) as the rows (ended by one without a name) say. False:
 * one is not among them or of another type; *why_out, transfer full. */
bool typed_from_json(struct typed *typed, const struct typed_row *rows, const json_t *object,
                     char **why_out);
void typed_clear(struct typed *typed);
