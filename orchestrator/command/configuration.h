/* What the commands have in common that only read a configuration: options, opening, errors. */
#pragma once

#include "cfg/cfg.h"
#include "orchestrator/selection.h"

/* First member of what such a command parses into. */
struct reading {
    struct selection selection; /* first: SELECTION_ROWS has it as its target */
    bool keep_suffixes;         /* -s */
};

/* clang-format off */
#define READING_ROWS                                                                               \
    SELECTION_ROWS,                                                                                \
    {"skip-dups", 's', .flag = offsetof(struct reading, keep_suffixes),                            \
     .help = "skip what drops duplicates: keep every key with a suffix of the\n"                  \
             "statement \"suffix\", also where all its values are equal"}
/* clang-format on */

/* Parses argv into reading (zeroed before, to be cleared after). Returns -1 when the command may go
 * on, else the exit status, after printing help or the error. */
int reading_parse(const struct arguments *arguments, int argc, char **argv,
                  struct reading *reading);
void reading_clear(struct reading *reading);

/* The file with the extra lines behind it. Transfer full. */
struct cfg *reading_open(const struct reading *reading, GError **err);

/* Whether the current test has the guest that --guest chose, if it did: one that there is not is an
 * error here as it is in a run. 0, or -1 with CFG_ERROR. */
int reading_check_guest(const struct reading *reading, struct cfg *cfg, GError **err);

/* Flushes stdout. Returns the exit status: 0, or 4 with the error, or that of writing, on
 * stderr. */
int reading_end(const GError *error);
