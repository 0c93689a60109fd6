#include "orchestrator/arguments.h"
#include "orchestrator/command/command.h"
#include "orchestrator/result.h"

#include <stdio.h>
#include <string.h>

static const struct command *find(const struct command *table, const char *name)
{
    for (const struct command *command = table; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

char *command_help(const struct command *table)
{
    GString *text = g_string_new(
        "usage: vtmh -m HOSTS [options] FILE.cfg\n"
        "       vtmh COMMAND [options]\n"
        "\n"
        "Runs live migrations of virtual machines between hosts, many times, and tells the truth\n"
        "about each one.\n"
        "\n"
        "commands (vtmh COMMAND --help tells more):\n");

    for (const struct command *command = table; command->name != NULL; command++)
        g_string_append_printf(text, "  %-10s%s\n", command->name, command->summary);
    g_string_append(text, "\n"
                          "first steps:\n"
                          "  vtmh list migrate.cfg\n"
                          "  vtmh -m local:a,local:b --only quick migrate.cfg\n");
    return g_string_free(text, FALSE);
}

static int print_help(const struct command *table, FILE *out, int status)
{
    g_autofree char *help = command_help(table);

    fputs(help, out);
    fflush(out);
    return status;
}

/* A word that can be meant as a file: the tests of a job are the default command. */
static bool is_file(const char *word)
{
    return strpbrk(word, "./") != NULL || g_file_test(word, G_FILE_TEST_EXISTS);
}

static int fail_unknown(const struct command *table, const char *word)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *shown = g_strescape(word, NULL);
    const char *nearest;

    for (const struct command *command = table; command->name != NULL; command++)
        g_ptr_array_add(names, (void *)command->name);
    g_ptr_array_add(names, NULL);
    nearest = arguments_nearest(word, (const char *const *)names->pdata);
    if (nearest != NULL)
        fprintf(stderr, "vtmh: unknown command \"%s\"; did you mean %s?\n", shown, nearest);
    else
        fprintf(stderr, "vtmh: unknown command \"%s\"; see vtmh --help\n", shown);
    return EXIT_BIT_USAGE;
}

/* `vtmh help [COMMAND]` */
static int help(const struct command *table, const char *about)
{
    const struct command *command = about != NULL ? find(table, about) : NULL;
    char option[] = "--help";
    char *words[] = {option, NULL};

    if (command != NULL)
        return command->run(1, words);
    return about == NULL ? print_help(table, stdout, 0) : fail_unknown(table, about);
}

int command_dispatch(const struct command *table, int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    const struct command *command;

    if (first == NULL)
        return print_help(table, stderr, EXIT_BIT_USAGE);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return print_help(table, stdout, 0);
    if (strcmp(first, "help") == 0)
        return help(table, argc > 2 ? argv[2] : NULL);
    command = find(table, first);
    if (command != NULL)
        return command->run(argc - 2, argv + 2);
    if (*first == '-' || is_file(first))
        return table->run(argc - 1, argv + 1);
    return fail_unknown(table, first);
}
