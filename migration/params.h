/*
 * Every parameter that a test may set: what it is stands in one row (cfg/param-info.h), in a table
 * beside those who read it; this is the registry that joins the tables. The getters below are the
 * only way in which this folder reads parameters, so the tables are complete; from them
 * `vtmh-node --describe` tells vtmh what exists, for run, lint, types, and the documentation.
 */
#pragma once

#include "cfg/param-info.h"
#include "cfg/params.h"

/* All rows in the order of params_tables.h, ended by NULL. Static. */
const struct param_info *const *param_infos(size_t *count_out);

/* The row of a name, or NULL. */
const struct param_info *param_info(const char *name);

/* The historic names, ended by .name NULL. Static. */
const struct param_alias *param_aliases(void);

/*
 * Typed access with the row's default: the value, or the default where it is absent or blank. The
 * name must have a row of that kind: all else is a programming error. CFG_ERROR.
 *
 * param_text() is for all kinds that are text: strings, words (as the row spells them: "True" is
 * "yes"), ports, addresses, paths, … The value has been checked before the test began.
 *
 * A size or duration without value and default is 0; param_is_set() tells. A list that is set to
 * nothing is empty; only one that is absent has its default.
 */
const char *param_text(const struct params *params, const char *name); /* NULL: no value */
int param_int(const struct params *params, const char *name, int64_t *out, GError **err);
int param_bool(const struct params *params, const char *name, bool *out, GError **err);
bool param_is_yes(const struct params *params, const char *name); /* false also for no value */
int param_size(const struct params *params, const char *name, uint64_t *out_bytes, GError **err);
int param_duration_ms(const struct params *params, const char *name, int64_t *out_ms, GError **err);
GStrv param_list(const struct params *params, const char *name); /* transfer full, never NULL */

/* A regular expression; *out: transfer full, NULL if there is no value. CFG_ERROR_PARAM_VALUE for
 * what is none. */
int param_regex(const struct params *params, const char *name, GRegexCompileFlags flags,
                GRegex **out, GError **err);

/* Whether a word can stand in the list: see word_pattern. CFG_ERROR_PARAM_VALUE. */
int param_check_word(const char *name, const char *word, GError **err);

/* Whether a key is that of a value that is not shown, with whatever objects' names behind it. */
bool param_is_secret(const char *key);

/* Whether the params themselves have a value that is not blank. */
bool param_is_set(const struct params *params, const char *name);
