/*
 * Every parameter that migration/ reads: its type, default and meaning in one table. The getters
 * below are the only way in which this folder reads parameters, so the table is complete; from it
 * `vtmh-node --describe` tells vtmh what exists, for lint, completion and the documentation.
 */
#pragma once

#include "cfg/params.h"

enum param_kind {
    PARAM_STRING,
    PARAM_INT,
    PARAM_BOOL,
    PARAM_SIZE,     /* bytes; a bare number counts `unit` bytes */
    PARAM_DURATION, /* a bare number counts seconds */
    PARAM_LIST,     /* of words */
};

struct param_info {
    const char *name;
    enum param_kind kind;
    const char *fallback;     /* the default, as a user would write it; NULL: none */
    uint64_t unit;            /* of PARAM_SIZE */
    int64_t min, max;         /* of PARAM_INT; both 0: any */
    const char *word_pattern; /* of PARAM_LIST: what each word must match; NULL: anything */
    const char *word_rule;    /* the same for people */
    const char *section;      /* under which the documentation lists it */
    const char *doc;          /* one sentence without a full stop */
};

/* The table, ordered by section. Static. */
const struct param_info *param_infos(size_t *count_out);

/* The row of a name, or NULL. */
const struct param_info *param_info(const char *name);

/* "string", "int", … for people and for JSON. */
const char *param_kind_name(enum param_kind kind);

/*
 * Typed access with the table's default: the value, or the default where it is absent or blank. The
 * name must be in the table with that kind: all else is a programming error. CFG_ERROR.
 *
 * A size or duration without value and default is 0; param_is_set() tells.
 */
const char *param_text(const struct params *params, const char *name); /* NULL: no value */
int param_int(const struct params *params, const char *name, int64_t *out, GError **err);
int param_bool(const struct params *params, const char *name, bool *out, GError **err);
int param_size(const struct params *params, const char *name, uint64_t *out_bytes, GError **err);
int param_duration_ms(const struct params *params, const char *name, int64_t *out_ms, GError **err);
GStrv param_list(const struct params *params, const char *name); /* transfer full, never NULL */

/* Whether a word can stand in the list: see word_pattern. CFG_ERROR_PARAM_VALUE. */
int param_check_word(const char *name, const char *word, GError **err);

/* Whether the params themselves have a value that is not blank. */
bool param_is_set(const struct params *params, const char *name);
