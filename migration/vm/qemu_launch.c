#include "migration/vm/qemu_launch.h"

#include "migration/params.h"

#include <string.h>

#define BYTE_MAX 255

/* NAME=VALUE, as a shell takes it. */
static bool is_assignment(const char *word)
{
    size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

    return name > 0 && word[name] == '=' && !g_ascii_isdigit(word[0]);
}

/* What is in front of all else for the environment; the rest goes in front of the words. */
static int add_prefix(const char *text, GPtrArray *argv, GPtrArray *env, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    char **word;

    if (text == NULL)
        return 0;
    if (!g_shell_parse_argv(text, NULL, &words, &error)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "qemu_command_prefix = %s: %s", text,
                    error->message);
        return -1;
    }
    for (word = words; *word != NULL && is_assignment(*word); word++)
        g_ptr_array_add(env, g_strdup(*word));
    for (; *word != NULL; word++)
        g_ptr_array_add(argv, g_strdup(*word));
    return 0;
}

/* QEMU frees memory that it still reads: then it reads this. */
static int add_perturb(const char *value, GPtrArray *env, GError **err)
{
    guint64 byte;

    if (strcmp(value, "no") == 0)
        return 0;
    byte = g_ascii_isdigit(value[0]) ? g_ascii_strtoull(value, NULL, 10)
                                     : (guint64)g_random_int_range(1, BYTE_MAX + 1);
    if (byte > BYTE_MAX) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "malloc_perturb = %s: must be at most %d", value, BYTE_MAX);
        return -1;
    }
    g_ptr_array_add(env, g_strdup_printf("MALLOC_PERTURB_=%" G_GUINT64_FORMAT, byte));
    return 0;
}

static GStrv take(GPtrArray *words)
{
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

int qemu_launch_of(struct qemu_launch *launch, const struct params *params, GStrv words,
                   GError **err)
{
    GPtrArray *argv = g_ptr_array_new(), *env = g_ptr_array_new();
    const char *screen = param_text(params, "x11_display");
    int result = add_prefix(param_text(params, "qemu_command_prefix"), argv, env, err);

    if (result == 0)
        result = add_perturb(param_text(params, "malloc_perturb"), env, err);
    if (screen != NULL)
        g_ptr_array_add(env, g_strconcat("DISPLAY=", screen, NULL));
    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(argv, *word);
    g_free(words);
    *launch = (struct qemu_launch){.argv = take(argv), .env = take(env)};
    return result;
}

void qemu_launch_clear(struct qemu_launch *launch)
{
    g_clear_pointer(&launch->argv, g_strfreev);
    g_clear_pointer(&launch->env, g_strfreev);
}
