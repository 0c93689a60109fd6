/*
 * The Cartesian configuration language: read a configuration, get its tests one by one.
 *
 *     g_autoptr(cfg) c = cfg_new(&(struct cfg_options){.defaults = true});
 *     if (cfg_parse_file(c, "migrate.cfg", err) < 0 || cfg_only(c, "quick", err) < 0)
 *         return -1;
 *     while ((more = cfg_next(c, err)) > 0) {
 *         g_autoptr(params) test = cfg_test_params(c, err);
 *         ...
 *     }
 *     return more;
 *
 * A configuration is parsed completely, then expanded lazily: cfg_next() finds the next test, and
 * only what is asked for is computed (its names cost little, its parameters more). Memory does not
 * grow with the number of tests. Nothing here logs or prints; files are read through the reader of
 * the options and in no other way. An object belongs to one thread at a time; two objects share
 * nothing. The language is described in docs/cfg.md.
 *
 * Parsing and computing recurse with the nesting of blocks, which is limited to 500: this takes up
 * to 512 KiB of stack. So do it on the stack of the thread, not in a fiber.
 */
#ifndef VTMH_CFG_CFG_H
#define VTMH_CFG_CFG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cfg/error.h"
#include "cfg/params.h"

struct cfg;

/**
 * Reads one file. Returns 0 with *data (transfer full, g_free) and *size, or -1 with an error of
 * any domain; the parser adds the place of the include. PATH is as written, joined to the directory
 * of the including file unless it is absolute or begins with `~`. Must refuse what is not a regular
 * file and may refuse what is larger than MAX_SIZE bytes.
 */
typedef int (*cfg_read_fn)(const char *path, size_t max_size, char **data, size_t *size, void *user,
                           GError **err);

/* The reader used by default: regular files of the file system, `~` and `~user` expanded. */
int cfg_read_file(const char *path, size_t max_size, char **data, size_t *size, void *user,
                  GError **err);

struct cfg_options {
    bool defaults; /* -d: of a block with a default variant, only this one */
    const char *const
        *expand;        /* -e: named blocks that -d does not touch; NULL-terminated or NULL */
    bool keep_suffixes; /* -s: do not drop suffixes of values that are all equal */
    bool full_joins;    /* joins of three and more factors lose nothing (docs/cfg.md) */
    uint64_t max_steps; /* choices tried in search of one test before cfg_next() fails with
                           CFG_ERROR_LIMIT; 0: no limit. Filters can be made (on purpose)
                           that leave no test and need very long to be found out. */
    cfg_read_fn read;   /* NULL: cfg_read_file */
    void *read_user;    /* passed to read */
    /* Folder where `include NAME`, without a '/', is looked for when NAME cannot be read beside the
     * file that includes it. NULL: nowhere. It outlives the object. */
    const char *library;
};

/* OPTIONS are copied; NULL means all off. Transfer full. */
struct cfg *cfg_new(const struct cfg_options *options);
/* Takes NULL. */
void cfg_free(struct cfg *c);
typedef struct cfg *_GLIB_AUTOPTR_TYPENAME(cfg);
static inline void _GLIB_AUTOPTR_FUNC_NAME(cfg)(struct cfg **c)
{
    cfg_free(*c);
}

/**
 * Parsing. Each call adds statements at the end of the top level block, as if the texts stood one
 * behind the other; what a call adds is a block of its own for indentation and `suffix`. All calls
 * come before the first cfg_next() (else CFG_ERROR_ARGUMENT). Return 0, or -1 with CFG_ERROR
 * (OPEN, LEX, SYNTAX, INCLUDE, LIMIT); after an error the object is good only for cfg_free().
 */

/* The file is read by the reader; its includes are relative to its directory, or of the library. */
int cfg_parse_file(struct cfg *c, const char *path, GError **err);
/* TEXT may have many lines; NAME stands for the file in messages (NULL: "<string>"). Includes are
 * relative to the working directory. */
int cfg_parse_text(struct cfg *c, const char *name, const char *text, GError **err);
/* What the command line options --only, --no and -p add: `only FILTER`, `no FILTER`, `KEY = VALUE`.
 * A line feed or an assignment that the language would read otherwise is CFG_ERROR_ARGUMENT. */
int cfg_only(struct cfg *c, const char *filter, GError **err);
int cfg_no(struct cfg *c, const char *filter, GError **err);
int cfg_assign(struct cfg *c, const char *key, const char *value, GError **err);

/**
 * What the texts speak of, as far as they have been parsed: cfg_mentions() whether a statement has
 * the key, in whatever way, or one that a `suffix` may make it of, or a value reads it as `${KEY}`;
 * cfg_reads() only the latter.
 */
bool cfg_mentions(const struct cfg *c, const char *key);
bool cfg_reads(const struct cfg *c, const char *key);

/**
 * A named block of the top level with `[choice]`: the variants that a line `NAME = LABELS` outside
 * of all blocks can keep alone ("a.b", in the order of the file; empty if there is no such block;
 * transfer full), and, from the first cfg_next() on, whether one has done so.
 */
GStrv cfg_choices(const struct cfg *c, const char *name);
bool cfg_has_chosen(const struct cfg *c, const char *name);

/**
 * Expansion. cfg_next() makes the next test the current one: returns 1, 0 at the end, or -1 with
 * CFG_ERROR_EXPAND (the expansion has then ended). The order is that of the reference.
 */
int cfg_next(struct cfg *c, GError **err);
/* Starts the expansion anew: the next cfg_next() gives the first test again. */
void cfg_rewind(struct cfg *c);
/**
 * Rewinds and makes one test the current one. WANTED is a number from 1, else a full name, else a
 * short name (the first test that has it). Returns 0, or -1 with CFG_ERROR_ARGUMENT if there is no
 * such test (the message names the nearest) or any error of cfg_next().
 */
int cfg_seek(struct cfg *c, const char *wanted, GError **err);

/**
 * The current test. The strings are owned by C and live until the next cfg_next(), cfg_rewind() or
 * cfg_free(). They may be called only after cfg_next() has returned 1 or cfg_seek() 0.
 */
const char *cfg_test_name(const struct cfg *c);
const char *cfg_test_shortname(const struct cfg *c);
/* Position in the expansion, from 1. */
uint64_t cfg_test_number(const struct cfg *c);
/* All parameters with the place where each was written (transfer full), or NULL with
 * CFG_ERROR_EXPAND (e.g. `mem_min = abc`). */
struct params *cfg_test_params(struct cfg *c, GError **err);
/**
 * What differs between the current test and the one at the last such call (of none before the
 * first): most tests of a configuration have most of their values in common, so this costs little
 * where cfg_test_params() costs much. Keys that only change their order are not told, nor are name,
 * shortname and dep. Returns 0, or -1 with CFG_ERROR_EXPAND.
 */
struct cfg_change {
    const char *key; /* not terminated; SIZE bytes */
    size_t key_size;
    uint32_t number;   /* of the key: small, and the same for all tests of C */
    const char *value; /* not terminated; NULL: the test does not have the key */
    size_t value_size;
    const char *file; /* where it was written, as long as C lives; NULL: nowhere */
    unsigned int line;
};
typedef void (*cfg_change_fn)(const struct cfg_change *change, void *user);
/* One key of the current test, in the same form, which lives as long as the test; value is NULL if
 * the test does not have the key. Returns 0, or -1 with CFG_ERROR_EXPAND. */
int cfg_test_value(struct cfg *c, const char *key, struct cfg_change *value, GError **err);
int cfg_test_changes(struct cfg *c, cfg_change_fn fn, void *user, GError **err);
/* Appends the test in the canonical form (cfg/jsonl.h), one line with its line feed. Much faster
 * than going through params. Returns 0, or -1 with CFG_ERROR_EXPAND and OUT unchanged. */
int cfg_test_jsonl(struct cfg *c, GString *out, GError **err);

#endif
