/*
 * What is told of a leg, a test, a sample and so on, once: a table a kind of thing, in which each
 * row is a figure, with its name and where it lies in the record. The objects of results.json and
 * records.ndjson and the columns of job.db are made from these tables, so that a figure has one
 * name everywhere. A new figure of struct leg_result is a new row.
 */
#pragma once

#include "orchestrator/result.h"

#include <jansson.h>

/* How a figure lies in its record; what becomes of it is figure_value()'s. */
enum figure_kind {
    FIGURE_TEXT,   /* char *; empty: not said */
    FIGURE_NUMBER, /* unsigned */
    FIGURE_YES_NO, /* bool */
    FIGURE_FLAG,   /* protobuf_c_boolean */
    FIGURE_REAL,   /* double, negative: not measured */
    FIGURE_SIGNED, /* double, not finite: not measured */
    FIGURE_COUNT,  /* int64_t, negative: not measured */
    FIGURE_MOMENT, /* int64_t, microseconds since 1970, told in seconds; 0: there was none */
    FIGURE_TEXTS,  /* GPtrArray of char * */
    FIGURE_OBJECT, /* json_t */
    FIGURE_STATUS, /* Vtmh__Status; NONE: not yet */
    /* Of a leg alone. */
    FIGURE_MEMORY_CHECK,
    FIGURE_NOT_CHECKED, /* only of a leg whose memory was not checked */
    FIGURE_BAD_PAGES,   /* only of one whose memory is corrupt */
    FIGURE_SURVIVOR,
};

struct figure {
    const char *name; /* "downtime_ms"; "usage.source.node.cpu_ms": in objects in objects */
    enum figure_kind kind;
    size_t offset;
};

struct figure_table {
    const char *one, *many; /* "leg", "legs" */
    const struct figure *rows;
    unsigned n;
};

extern const struct figure_table figures_of_leg;    /* of struct leg_result */
extern const struct figure_table figures_of_test;   /* of struct test_result */
extern const struct figure_table figures_of_sample; /* of Vtmh__Sample */
extern const struct figure_table figures_of_step;   /* of Vtmh__Step */
extern const struct figure_table figures_of_note;   /* of a Vtmh__Record that is one, as the next */
extern const struct figure_table figures_of_leak;

/* The table of what a host's record holds, and in *self_out what its rows are of. NULL: none, since
 * it is an end's view of a leg, or of a newer node. Transfer none. */
const struct figure_table *figures_of_record(const Vtmh__Record *record, const void **self_out);

enum value_kind {
    VALUE_NONE, /* not measured, not said */
    VALUE_TEXT, /* may be of a guest or a hypervisor: neither UTF-8 nor harmless for certain */
    VALUE_REAL, /* finite, to three digits: nothing here means more */
    VALUE_INTEGER,
    VALUE_YES_NO, /* in integer: 1 or 0 */
    VALUE_TEXTS,
    VALUE_OBJECT,
};

struct value {
    enum value_kind kind;
    union { /* transfer none */
        const char *text;
        double real;
        int64_t integer;
        const GPtrArray *texts;
        json_t *object;
    };
};

/* self: the record that the figure's table is of. */
struct value figure_value(const struct figure *figure, const void *self);

/* Transfer full. */
json_t *value_json(const struct value *value);

/* All of a table as an object. What was not measured is null, as is an object of which nothing was;
 * "memory_check_reason" and "bad_pages" are not there at all in a leg that they do not concern.
 * Transfer full. */
json_t *figures_json(const struct figure_table *table, const void *self);
