/*
 * The options of a command as one table: the parser, the text of --help and the hint at the nearest
 * known option all come from it.
 *
 * Options may stand before and after other words; "--" ends them. A value is the next word or comes
 * behind "=" ("--only=X"), and right behind a letter ("-rDIR"); letters without values may be
 * joined
 * ("-dv"). --help, -h and --version are known to every table.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_ERROR (arguments_error_quark())
GQuark arguments_error_quark(void);

enum arguments_error {
    ARGUMENTS_ERROR_UNKNOWN, /* no such option; the message names the nearest */
    ARGUMENTS_ERROR_VALUE,   /* a value is missing, not wanted, or wrong */
    ARGUMENTS_ERROR_USAGE,   /* words are missing, too many, or contradict each other */
};

struct argument {
    const char *name;  /* without dashes: "only"; NULL ends the table */
    char letter;       /* '\0': none */
    const char *value; /* what it takes, as the help shows it: "FILTER"; NULL: a flag */
    const char *help;  /* may have several lines */
    bool optional;     /* the value may be left out, and comes behind "=" only */
    /*
     * Puts a value (NULL if left out) into target. Errors without the option's name: the parser
     * puts it in front.
     */
    int (*take)(const char *value, void *target, GError **err);
    size_t flag; /* of a flag: offset in target of the bool to set */
};

struct arguments {
    const char *usage; /* "vtmh list [options] FILE.cfg [LINE…]" */
    const char *about; /* paragraphs before the options */
    const char *more;  /* paragraphs behind them, or NULL */
    const struct argument *table;
    /* A word that is no option; NULL: there may be none. */
    int (*take_word)(const char *word, void *target, GError **err);
};

enum arguments_outcome {
    ARGUMENTS_PARSED,
    ARGUMENTS_HELP,    /* --help was met: print arguments_help() */
    ARGUMENTS_VERSION, /* --version was met */
};

/* argv without the program's and the command's name. Returns enum arguments_outcome, or -1. */
int arguments_parse(const struct arguments *arguments, int argc, char **argv, void *target,
                    GError **err);

/* The text of --help. Transfer full. */
char *arguments_help(const struct arguments *arguments);

/* Prints what HELP or VERSION asks for to stdout. Returns 1. */
int arguments_print(const struct arguments *arguments, enum arguments_outcome outcome);

/*
 * The word of words (NULL-terminated) that word is most probably a misspelling of, or NULL if none
 * is near. Transfer none.
 */
const char *arguments_nearest(const char *word, const char *const *words);

/* For struct argument.take: a number from 1 to max. ARGUMENTS_ERROR_VALUE. */
int arguments_count(const char *value, unsigned max, unsigned *out, GError **err);

/* A word as a shell takes it: quoted where it must be. Transfer full. */
char *arguments_word(const char *word);

/* N of them, between blanks. Transfer full. */
char *arguments_line(const char *const *words, size_t n);

/* "vtmh COMMAND WORDS…", quoted so that a user can type it again; command may be NULL. Transfer
 * full.
 */
char *arguments_command_line(const char *command, int argc, char **argv);
