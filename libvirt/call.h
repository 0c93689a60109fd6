/*
 * A call of the node's: a row of the table says what it takes, over which connection it goes, and
 * what is done. Each has a thread for as long as it lasts.
 */
#pragma once

#include "libvirt/connection.h"

#include <glib.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

enum argument_type {
    ARGUMENT_STRING,
    ARGUMENT_BOOL,
    ARGUMENT_INTEGER,
    ARGUMENT_OBJECT,
    ARGUMENT_STRINGS, /* an array of them */
};

struct argument {
    const char *name;
    enum argument_type type;
    bool is_needed;
};

#define ARGUMENTS_MAX 8

struct call;

struct call_row {
    const char *name;
    /* The answer, transfer full; NULL after call_fail(). */
    json_t *(*run)(struct call *call);
    enum connection_kind over; /* CONNECTION_NONE: it needs none */
    bool is_of_domain;         /* takes "name" or "uuid" beside its arguments */
    struct argument arguments[ARGUMENTS_MAX];
};

/* What a row's function has before it. Used by the call's thread alone. */
struct call {
    const struct call_row *row;
    json_t *id; /* or NULL */
    json_t *arguments;
    virConnectPtr connection; /* NULL for CONNECTION_NONE */
    virDomainPtr domain;      /* NULL unless is_of_domain */
    char *error_class, *error_desc;
};

/* Each file of calls has its rows, ended by one without a name. */
extern const struct call_row calls_of_host[], calls_of_life[], calls_of_devices[], calls_of_jobs[],
    calls_of_migration[];

/* NULL: there is none. */
const struct call_row *call_find(const char *name);

/* Whether the arguments are as the row says; if not, *why_out in a sentence, transfer full. */
bool call_arguments_fit(const struct call_row *row, const json_t *arguments, char **why_out);

/* Takes a message, and answers it, now or from a thread. Main thread only. False: it was quit. */
bool call_take(const json_t *message);

/* How many calls are under way. */
unsigned call_count(void);

/* Of call->arguments; NULL, false or otherwise where it was left out. */
const char *call_string(const struct call *call, const char *name);
bool call_flag(const struct call *call, const char *name);
long long call_integer(const struct call *call, const char *name, long long otherwise);
const json_t *call_value(const struct call *call, const char *name);

/* All return NULL, for the row's function to return. The first: with libvirt's last error; the
 * second: with this one, which may be NULL, transfer none. */
json_t *call_fail(struct call *call);
json_t *call_fail_with(struct call *call, const virError *error);
json_t *call_refuse(struct call *call, const char *class_name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* {} if result is 0, else call_fail(). */
json_t *call_done(struct call *call, int result);
