/* Which tests: the part of the command line that run, list and show have in common. */
#pragma once

#include "orchestrator/arguments.h"
#include "sync/autoptr.h"

#include <stdbool.h>

/* First member of what such a command parses into: the rows below have it as their target. */
struct selection {
    char *file;       /* FILE.cfg, or NULL when none was given */
    GPtrArray *extra; /* char *: lines that act at the end of the file: only, no, k = v */
    bool has_guest;   /* --guest: one of the extra lines chooses it */
    bool defaults;    /* -d */
    GStrv expand;     /* -e: blocks that -d does not touch, or NULL */
};

void selection_init(struct selection *selection);
void selection_clear(struct selection *selection);

/* Rows of an argument table. */
/* clang-format off */
#define SELECTION_ROWS                                                                             \
    {"only", .value = "FILTER", .take = selection_take_only,                                       \
     .help = "keep the tests that match, as the line \"only FILTER\""},                            \
    {"no", .value = "FILTER", .take = selection_take_no, .help = "leave out the tests that match"}, \
    {"param", 'p', "KEY=VALUE", .take = selection_take_param,                                      \
     .help = "set a parameter of every test, above the file"},                                     \
    {"guest", .value = "NAME", .take = selection_take_guest,                                       \
     .help = "run the tests with this guest: LinuxCustom.FooLinux; 'vtmh\n"                        \
             "guests' lists them"},                                                                \
    {"defaults", 'd', .flag = offsetof(struct selection, defaults),                                \
     .help = "of a block with a default variant take only this one"},                              \
    {"expand", 'e', "NAMES", .take = selection_take_expand,                                        \
     .help = "blocks that -d does not touch, separated by commas"}
/* clang-format on */

/* KEY (transfer full) and VALUE of the extra line `KEY = VALUE`, as -p makes them; false of another
 * one, such as a filter. */
bool selection_assignment(const char *line, char **key, const char **value);

/* Whether a word is meant as a configuration file, and not as a line of code. */
bool selection_is_file(const char *word);

int selection_take_only(const char *value, void *target, GError **err);
int selection_take_no(const char *value, void *target, GError **err);
int selection_take_param(const char *value, void *target, GError **err);
int selection_take_guest(const char *value, void *target, GError **err);
int selection_take_expand(const char *value, void *target, GError **err);

/*
 * struct arguments.take_word: the file first, then lines of extra code. A second file is an error
 * that says how to join two.
 */
int selection_take_word(const char *word, void *target, GError **err);
