/*
 * The commands of vtmh: one row each. `vtmh -m … FILE.cfg` and `vtmh FILE.cfg` are `vtmh run …`.
 */
#pragma once

struct command {
    const char *name;    /* NULL ends a table */
    const char *summary; /* one line for `vtmh --help` */
    /* argv without the program's and the command's name; returns the exit status. */
    int (*run)(int argc, char **argv);
};

/* All of them; the first one is the default. */
extern const struct command commands[];

/*
 * What main() does: finds the command that argv (with the program's name) asks for and runs it.
 * Returns the exit status: 4 (EXIT_BIT_USAGE), with the usage or the nearest command on stderr,
 * when there is none.
 */
int command_dispatch(const struct command *table, int argc, char **argv);

/* The text of `vtmh --help` for a table. Transfer full. */
char *command_help(const struct command *table);
