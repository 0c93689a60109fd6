/* What the files of the judge share: the test it looks at, and where findings go. */
#pragma once

#include "orchestrator/judge.h"

/* A key of the test. */
struct fact {
    char *key;
    unsigned id;  /* position in judge.facts */
    char *value;  /* NULL: the test does not have it */
    char *origin; /* "FILE:LINE"; NULL: nowhere */
    bool is_list; /* it may name objects of the test */
    bool is_secret;
    bool was_unknown;              /* in a test judged so far */
    const char *condition;         /* what other parameters count only with; NULL: it is none */
    bool is_stale;                 /* value or meaning has changed since it was looked at */
    const struct key_parse *parse; /* for the objects of the test */
    GPtrArray *said[4]; /* what there is to say of the value, char *, by enum say; NULL: nothing */
};

enum say { SAY_ERROR, SAY_SKIP, SAY_WARNING, SAY_NOTE };

/* The objects of some tests, and what keys are for them. */
struct meaning {
    struct objects *objects;
    unsigned empty;    /* scopes whose lists the test sets, all of them to nothing */
    GHashTable *none;  /* names of conditions that the test sets, all of them to none: a set */
    GHashTable *some;  /* those that it sets to something, for one object at least: a set */
    GPtrArray *parses; /* struct key_parse by id of the fact, NULL where not known yet */
};

struct judge {
    unsigned n_hosts;
    const struct cfg *config; /* of judge_current(); NULL before */
    GPtrArray *facts;         /* struct fact */
    GHashTable *by_key;       /* key -> struct fact */
    GPtrArray *by_number;     /* of the configuration's keys -> struct fact, or NULL */
    GHashTable *meanings;     /* the lists as text -> struct meaning */
    const struct meaning *meaning;
    bool lists_changed;
    struct judgement judgement;
};

/* The value that the test sets, NULL if none; its fact. */
const char *judge_value(const struct judge *judge, const char *key);
const struct fact *judge_fact(const struct judge *judge, const char *key);

/*
 * The value of a parameter as a host has it for an object: `NAME_INNER_VM_hostN` beats
 * `NAME_INNER_VM`, … beats `NAME`. inner and vm may be NULL, host 0. The row's default if nobody
 * sets it, which may be NULL; *fact_out (may be NULL) says where it is set.
 */
const char *judge_lookup(const struct judge *judge, const char *name, const char *inner,
                         const char *vm, unsigned host, const struct fact **fact_out);

/* The words of a list parameter as vm and host have it. Transfer full. */
GStrv judge_list(const struct judge *judge, const char *name, const char *vm, unsigned host);

/* Says something of the test as a whole; fact: what it is about, for its place. */
void judge_say(struct judge *judge, enum say say, const struct fact *fact, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* The value under the current name, NULL if a historic name's value says nothing; *known (may be
 * NULL) is false if the historic name has no such value. */
const char *judge_translate(const struct fact *fact, bool *known);

/* Whether the value says that there is none of what the parameter names. */
bool judge_says_none(const char *name, const char *value);

/* The value as it may be shown. */
const char *judge_shown(const struct fact *fact);

/* What one value means by itself: judge_value.c. */
void judge_look_at(const struct judge *judge, struct fact *fact);

/* Takes the secrets of the test out of what is said of it: judge_secrets.c. */
void judge_hide_secrets(struct judge *judge);

/* What a VM asks for that its guest does not have, as it is Windows: judge_windows.c. Whether there
 * is anything. */
bool judge_windows(struct judge *judge, const char *vm, unsigned host);

/* What several values mean together: judge_rules.c. */
void judge_rules(struct judge *judge);
