/*
 * The parameters of one test: an ordered dictionary of strings.
 *
 * Expanding a configuration yields one `struct params` a test (cfg/cfg.h); a test's code, on the
 * coordinator or on a node, reads its settings from it. Keys keep the order in which they were
 * first set. The keys "name" and "shortname" are ordinary entries; the list of dependencies is
 * kept beside them (params_dep).
 *
 * Objects (virtual machines, images, hosts) have parameters of their own by suffix: `mem_vm1 = 512`
 * is `mem` for the vm1 alone. params_object_params() gives the view of one object; chain it from
 * the outside to the inside:
 *
 *     g_autoptr(params) host = params_object_params(test, "host1");
 *     g_autoptr(params) vm = params_object_params(host, "vm1");
 *     g_autoptr(params) image = params_object_params(vm, "image1");
 *
 * after which `size_image1_vm1_host1` beats `size_image1_vm1`, which beats `size_image1`, which
 * beats `size_vm1`, which beats `size`.
 *
 * No function here does I/O or logs. Objects are not locked: share one between threads only for
 * reading (references may be taken and dropped from any thread). Strings returned are owned by the
 * params (transfer none) and live until the key is set or deleted, or the last reference is gone.
 */
#ifndef VTMH_CFG_PARAMS_H
#define VTMH_CFG_PARAMS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cfg/error.h"

struct params;

/* An empty dictionary (transfer full). */
struct params *params_new(void);
struct params *params_ref(struct params *p);
/* Takes NULL. */
void params_unref(struct params *p);

/* What g_autoptr(params) needs. Not G_DEFINE_AUTOPTR_CLEANUP_FUNC, which wants a typedef named
 * `params`, and that would forbid variables of this name (-Wshadow). */
typedef struct params *_GLIB_AUTOPTR_TYPENAME(params);
static inline void _GLIB_AUTOPTR_FUNC_NAME(params)(struct params **p)
{
    params_unref(*p);
}

/* A dictionary of one's own with the same content (transfer full). Strings are shared. */
struct params *params_copy(const struct params *p);

/**
 * Sets KEY to VALUE (both are copied). A key that exists keeps its place in the order.
 * ORIGIN says where the value was written, as "FILE:LINE", or is NULL if nowhere; errors of the
 * typed getters repeat it.
 */
void params_set(struct params *p, const char *key, const char *value, const char *origin);

/* Removes KEY; false if it was not there. */
bool params_delete(struct params *p, const char *key);

/* Sets every key of OVER in P, in the order of OVER (later wins). The dependencies stay. */
void params_update(struct params *p, const struct params *over);

/* NULL if absent. An empty value is a value. */
const char *params_get(const struct params *p, const char *key);
/* FALLBACK (may be NULL) if absent. */
const char *params_get_or(const struct params *p, const char *key, const char *fallback);
/* NULL with CFG_ERROR_PARAM_MISSING if absent. */
const char *params_require(const struct params *p, const char *key, GError **err);
/* "FILE:LINE" of the assignment that decided the value; NULL if unknown or the key is absent. */
const char *params_origin(const struct params *p, const char *key);

/**
 * Typed access. Returns 0 with *out set; FALLBACK if the key is absent or its value is blank.
 * Returns -1 with CFG_ERROR_PARAM_VALUE, and *out untouched, if the text is not of the type; the
 * message names the key, the value and its origin. White space around the value is allowed.
 */

/* A whole number: decimal, or with prefix 0x, 0o, 0b; a sign is allowed. */
int params_int(const struct params *p, const char *key, int64_t fallback, int64_t *out,
               GError **err);
/* As params_int, and the number must be in [min, max]. */
int params_int_range(const struct params *p, const char *key, int64_t min, int64_t max,
                     int64_t fallback, int64_t *out, GError **err);
/* A decimal number such as -0.25. */
int params_double(const struct params *p, const char *key, double fallback, double *out,
                  GError **err);
/* yes, on, true, 1 or no, off, false, 0; in any case of letters. */
int params_bool(const struct params *p, const char *key, bool fallback, bool *out, GError **err);
/**
 * A size: a decimal number with the suffix B, K, M, G or T (powers of 1024, any case). Without a
 * suffix the number is multiplied by UNIT (1 for bytes, 1 << 20 for MiB, ...). FALLBACK and
 * *out_bytes are bytes.
 */
int params_size(const struct params *p, const char *key, uint64_t unit, uint64_t fallback,
                uint64_t *out_bytes, GError **err);
/* A time that is not negative: a decimal number of seconds, or with the suffix ms, s, m, h or d. */
int params_duration_ms(const struct params *p, const char *key, int64_t fallback_ms,
                       int64_t *out_ms, GError **err);

/**
 * The parsers behind the getters, for values that come from elsewhere (a command line). WHAT names
 * the thing in the message. CFG_ERROR_PARAM_VALUE; a blank TEXT is an error here.
 */
int params_parse_int(const char *what, const char *text, int64_t *out, GError **err);
int params_parse_bool(const char *what, const char *text, bool *out, GError **err);
int params_parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out_bytes,
                      GError **err);
int params_parse_duration_ms(const char *what, const char *text, int64_t *out_ms, GError **err);

/**
 * The value split at white space, duplicates removed, order of the first occurrence (transfer
 * full, never NULL, empty if the key is absent).
 */
GStrv params_objects(const struct params *p, const char *key);
/* The value split at any character of DELIMITERS, blanks around items and empty items removed
 * (transfer full, never NULL). Duplicates stay. */
GStrv params_list(const struct params *p, const char *key, const char *delimiters);
/**
 * The view of one object (transfer full): a copy of P in which the value of each key that ends
 * with `_OBJ` is also the value of the key without that ending. Only the tail is cut:
 * `a_vm1_b_vm1` becomes `a_vm1_b`. Suffixed keys stay. `_OBJ` alone is no key's suffix.
 */
struct params *params_object_params(const struct params *p, const char *obj);

/* Number of keys. */
size_t params_count(const struct params *p);

/**
 * Iteration in order:
 *
 *     struct params_iter it;
 *     params_iter_init(&it, p);
 *     while (params_iter_next(&it)) use(it.key, it.value, it.origin);
 *
 * The dictionary must not change meanwhile, except that the value of an existing key may be set.
 */
struct params_iter {
    const char *key;
    const char *value;
    const char *origin; /* NULL if unknown */
    const struct params *p;
    size_t next;
};
void params_iter_init(struct params_iter *it, const struct params *p);
bool params_iter_next(struct params_iter *it);

/* Calls FN for each key in order; stops when it returns false. */
typedef bool (*params_foreach_fn)(const char *key, const char *value, const char *origin,
                                  void *data);
void params_foreach(const struct params *p, params_foreach_fn fn, void *data);

/* The full and the short name of the test; "" if unset. */
const char *params_name(const struct params *p);
const char *params_shortname(const struct params *p);
/* Names of the tests this one depends on, NULL-terminated, never NULL (transfer none). */
const char *const *params_dep(const struct params *p);
/* Replaces the dependencies (copied; NULL empties them). */
void params_set_dep(struct params *p, const char *const *dep);

#endif
