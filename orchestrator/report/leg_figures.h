/*
 * What is told of a leg, once: a row a figure, with its name and where it lies in the record. The
 * objects of results.json and records.ndjson and the columns of job.db are made from this table,
 * so that a figure has one name everywhere. A new figure of struct leg_result is a new row.
 */
#pragma once

#include "orchestrator/result.h"

#include <jansson.h>

/* How a figure lies in struct leg_result; what becomes of it is leg_figure_value()'s. */
enum leg_figure_kind {
    LEG_FIGURE_TEXT,   /* char * */
    LEG_FIGURE_NUMBER, /* unsigned */
    LEG_FIGURE_YES_NO, /* bool */
    LEG_FIGURE_REAL,   /* double, negative: not measured */
    LEG_FIGURE_COUNT,  /* int64_t, likewise */
    LEG_FIGURE_TEXTS,  /* GPtrArray of char * */
    LEG_FIGURE_OBJECT, /* json_t */
    LEG_FIGURE_MEMORY_CHECK,
    LEG_FIGURE_NOT_CHECKED, /* only of a leg whose memory was not checked */
    LEG_FIGURE_BAD_PAGES,   /* only of one whose memory is corrupt */
    LEG_FIGURE_SURVIVOR,
};

struct leg_figure {
    const char *name; /* "downtime_ms"; "usage.source.node.cpu_ms": in objects in objects */
    enum leg_figure_kind kind;
    size_t offset;
};

extern const struct leg_figure leg_figures[];
extern const unsigned n_leg_figures;

enum leg_value_kind {
    LEG_VALUE_NONE, /* not measured, not said */
    LEG_VALUE_TEXT, /* may be of a guest or a hypervisor: neither UTF-8 nor harmless for certain */
    LEG_VALUE_REAL, /* finite, to three digits: nothing here means more */
    LEG_VALUE_INTEGER,
    LEG_VALUE_YES_NO, /* in integer: 1 or 0 */
    LEG_VALUE_TEXTS,
    LEG_VALUE_OBJECT,
};

struct leg_value {
    enum leg_value_kind kind;
    union { /* transfer none */
        const char *text;
        double real;
        int64_t integer;
        const GPtrArray *texts;
        json_t *object;
    };
};

struct leg_value leg_figure_value(const struct leg_figure *figure, const struct leg_result *leg);

/* The leg as an object. What was not measured is null, as is an object of which nothing was.
 * Transfer full. */
json_t *leg_json(const struct leg_result *leg);
