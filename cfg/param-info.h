/*
 * What a parameter is, as data: the row that the one who reads it declares beside himself. Nodes
 * have these rows as static tables (migration/params.h), vtmh reads them from the description that
 * `vtmh-node --describe` prints; the checks below are the same for both, and pure.
 */
#ifndef VTMH_CFG_PARAM_INFO_H
#define VTMH_CFG_PARAM_INFO_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cfg/error.h"

/* The form of a value. A blank value is of every kind: it says no more than an absent one, except
 * that a blank PARAM_LIST has no words, where an absent one has those of the default. */
enum param_kind {
    PARAM_STRING,
    PARAM_INT,
    PARAM_BOOL,     /* yes, on, true, 1; no, off, false, 0 */
    PARAM_SIZE,     /* bytes; a bare number counts `unit` bytes */
    PARAM_DURATION, /* a bare number counts seconds */
    PARAM_LIST,     /* of words */
    PARAM_WORD,    /* one of `values`; if yes or no is among them, the other ways to write it too */
    PARAM_PORTS,   /* PORT, LOW-HIGH, or 0 for any */
    PARAM_ADDRESS, /* a numeric address, IPv4 or IPv6 */
    PARAM_MAC,     /* six pairs of hexadecimal digits; no multicast address, not all zero */
    PARAM_UUID,
    PARAM_PATH, /* of a file; one line */
    PARAM_TAIL, /* ",k=v,…": appended to an option, begins with a comma */
    PARAM_KINDS,
};

/*
 * Whose name may stand behind a parameter's, as bits: NAME_INNER_VM_on_error_hostN. Without the bit
 * PARAM_PER_HOST the parameter must be equal on all hosts.
 */
enum param_scope {
    PARAM_PER_HOST = 1 << 0, /* _host1 … up to the size of the tuple */
    PARAM_ON_ERROR = 1 << 1, /* _on_error: read after the test, when that may have failed */
    PARAM_PER_VM = 1 << 2,
    PARAM_PER_NIC = 1 << 3,
    PARAM_PER_IMAGE = 1 << 4,
    PARAM_PER_CDROM = 1 << 5,
    PARAM_PER_FLOPPY = 1 << 6,
    PARAM_PER_MONITOR = 1 << 7,
    PARAM_PER_SERIAL = 1 << 8,
    PARAM_PER_REDIR = 1 << 9,
    PARAM_LIMITS = 1 << 10, /* _min, _max, _fixed: numbers that the configuration language reads */
    PARAM_PER_DEVICE = 1 << 11, /* of another list of devices: usbs, virtio_rngs, … */
};
#define PARAM_SCOPES 12

/* The usual sets. A parameter of the test has none, or PARAM_PER_HOST alone. */
#define PARAM_OF_VM (PARAM_PER_HOST | PARAM_PER_VM)
#define PARAM_OF_NIC (PARAM_OF_VM | PARAM_PER_NIC)
#define PARAM_OF_IMAGE (PARAM_OF_VM | PARAM_PER_IMAGE)
#define PARAM_OF_CDROM (PARAM_OF_VM | PARAM_PER_CDROM)
#define PARAM_OF_FLOPPY (PARAM_OF_VM | PARAM_PER_FLOPPY)
#define PARAM_OF_MONITOR (PARAM_OF_VM | PARAM_PER_MONITOR)
#define PARAM_OF_SERIAL (PARAM_OF_VM | PARAM_PER_SERIAL)
#define PARAM_OF_REDIR (PARAM_OF_VM | PARAM_PER_REDIR)
#define PARAM_OF_DEVICE (PARAM_OF_VM | PARAM_PER_DEVICE)
/* The objects within a VM. */
#define PARAM_INNER                                                                                \
    (PARAM_PER_NIC | PARAM_PER_IMAGE | PARAM_PER_CDROM | PARAM_PER_FLOPPY | PARAM_PER_MONITOR |    \
     PARAM_PER_SERIAL | PARAM_PER_REDIR | PARAM_PER_DEVICE)

/* What becomes of a value that is set. */
enum param_care {
    PARAM_HONOURED,
    PARAM_COSMETIC,      /* changes nothing that the test is about: a note, once a job */
    PARAM_NOT_SUPPORTED, /* the test is skipped, unless the value is one of `same` */
    PARAM_CARES,
};

/* A value that is known, but not supported (yet). */
struct param_later {
    const char *word; /* NULL ends the array */
    const char *why;  /* a sentence without a full stop */
};

struct param_info {
    const char *name;
    enum param_kind kind;
    const char *fallback; /* the default, as a user would write it; NULL: none */
    uint64_t unit;        /* of PARAM_SIZE */
    int64_t min, max;     /* both 0: any. A number, bytes (PARAM_SIZE) or ms (PARAM_DURATION) */

    /* The allowed words of PARAM_WORD; of every other kind, words that are allowed beside its
     * form. NULL-terminated, or NULL. */
    const char *const *values;
    const struct param_later *later; /* or NULL */

    /* A regular expression: of PARAM_LIST what each word, of PARAM_STRING what the value must
     * match; of PARAM_WORD what is allowed beside `values`. NULL: no such rule. */
    const char *word_pattern;
    const char *word_rule; /* what it demands, for people: "a VM's name: letters, …" */

    unsigned scopes;      /* enum param_scope */
    bool secret;          /* shown as "***" wherever values are shown */
    bool same_everywhere; /* its values must say the same on all hosts, though it is PER_HOST */

    /* What its values, other than the default, name of a host for one job alone: a kind of claim
     * ("ports", "folder": node/claims.h). NULL: nothing. */
    const char *claim;

    enum param_care care;
    const char *const *same; /* PARAM_NOT_SUPPORTED: values that ask for what is done anyway */
    const char *why;         /* NOT_SUPPORTED: why; COSMETIC: the note; HONOURED: a note, too, where
                              * the value is not the configuration's to set. No full stop */

    /* Names of parameters. Where a test says of each of them that there is none (an empty list or
     * text, no, none), this one asks for nothing. NULL: it always counts. */
    const char *const *only_with;

    const char *section; /* under which the documentation lists it */
    const char *example; /* a value for the documentation where there is no default, or NULL */
    const char *doc;     /* one sentence without a full stop */
};

/* A historic name. A value that `values` maps is written as another one under the current name. */
struct param_alias {
    const char *name;    /* NULL ends a table */
    const char *current; /* a name with a row of its own */

    /* NULL: any value, unchanged. Else the only values there are; .to NULL: says nothing. */
    const struct param_alias_value {
        const char *from; /* NULL ends the array */
        const char *to;
    } * values;
};

/* A name that says itself that its value is secret: "password", "registry_password". */
bool param_name_says_secret(const char *name);

/* Whether the key is the parameter of this name, perhaps with objects' names behind it (mem_vm1).
 */
bool param_key_is_of(const char *key, const char *name);

/* "string", "int", … and back; PARAM_KINDS if there is none of that name. */
const char *param_kind_name(enum param_kind kind);
enum param_kind param_kind_named(const char *name);

/* "host", "on_error", "vm", "nic", … of one bit: 1 << I. */
const char *param_scope_name(unsigned i);

/* "honoured", "cosmetic", "not supported", and back; PARAM_CARES if there is none. */
const char *param_care_name(enum param_care care);
enum param_care param_care_named(const char *name);

/*
 * Whether the text can be a value of the row, and if not, what would be: the error is
 * CFG_ERROR_PARAM_VALUE, "no such value; did you mean tcp? (expected tcp, unix)", to be put
 * behind "NAME = VALUE: ". Words of `later` are values.
 */
int param_value_check(const struct param_info *info, const char *text, GError **err);

/* PARAM_PORTS: the first and the last port of a value; 0, 0: any. Whether the text is one. */
bool param_ports_read(const char *text, uint16_t *low, uint16_t *high);

/* Why the value is not supported (a word of `later`, or a row that is PARAM_NOT_SUPPORTED and asks
 * for more than `same`): a sentence. NULL: it is, or is blank, or no value at all. */
const char *param_value_unsupported(const struct param_info *info, const char *text);

/* Whether both texts say the same for the row's kind: "no" and "off", "1G" and "1024M". */
bool param_value_equal(const struct param_info *info, const char *a, const char *b);

/* PARAM_WORD: the word of `values` that the text stands for ("True" is "yes"), else NULL. */
const char *param_value_word(const struct param_info *info, const char *text);

#endif
