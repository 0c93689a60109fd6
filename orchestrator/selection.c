#include "orchestrator/selection.h"

#include <string.h>

void selection_init(struct selection *selection)
{
    *selection = (struct selection){.extra = g_ptr_array_new_with_free_func(g_free)};
}

void selection_clear(struct selection *selection)
{
    g_clear_pointer(&selection->file, g_free);
    g_clear_pointer(&selection->extra, g_ptr_array_unref);
    g_clear_pointer(&selection->expand, g_strfreev);
}

static int wrong(GError **err, const char *why)
{
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "%s", why);
    return -1;
}

/* One line only: a second one would be code that the option's name does not announce. */
static int add_line(struct selection *selection, const char *start, const char *text, GError **err)
{
    if (strpbrk(text, "\r\n") != NULL)
        return wrong(err, "the value must be one line");
    if (text[strspn(text, " \t")] == '\0')
        return wrong(err, "the value is empty");
    g_ptr_array_add(selection->extra, g_strconcat(start, text, NULL));
    return 0;
}

int selection_take_only(const char *value, void *target, GError **err)
{
    return add_line(target, "only ", value, err);
}

int selection_take_no(const char *value, void *target, GError **err)
{
    return add_line(target, "no ", value, err);
}

int selection_take_param(const char *value, void *target, GError **err)
{
    struct selection *selection = target;
    const char *equals = strchr(value, '=');
    g_autofree char *key = g_strstrip(g_strndup(value, strcspn(value, "=")));

    if (equals == NULL) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "\"%s\" has no value; write KEY=VALUE", value);
        return -1;
    }
    /* Other characters would make it another operator ("+=") or a condition. */
    if (*key == '\0' || strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_.-") != strlen(key)) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "\"%s\" is not the name of a parameter; write KEY=VALUE", key);
        return -1;
    }
    if (strpbrk(equals, "\r\n") != NULL)
        return wrong(err, "the value must be one line");
    g_ptr_array_add(selection->extra, g_strdup_printf("%s = %s", key, equals + 1));
    return 0;
}

int selection_take_guest(const char *value, void *target, GError **err)
{
    struct selection *selection = target;

    if (!g_regex_match_simple("^[\\w-]+(\\.[\\w-]+)*$", value, 0, 0))
        return wrong(err, "this is no guest's name (vtmh guests lists them)");
    g_ptr_array_add(selection->extra, g_strdup_printf("guest = %s", value));
    selection->has_guest = true;
    return 0;
}

int selection_take_expand(const char *value, void *target, G_GNUC_UNUSED GError **err)
{
    struct selection *selection = target;

    g_strfreev(selection->expand);
    selection->expand = g_strsplit(value, ",", -1);
    return 0;
}

bool selection_is_file(const char *word)
{
    return strpbrk(word, " \t\r\n=") == NULL &&
           (g_str_has_suffix(word, ".cfg") || g_file_test(word, G_FILE_TEST_IS_REGULAR));
}

int selection_take_word(const char *word, void *target, GError **err)
{
    struct selection *selection = target;

    if (selection->file == NULL) {
        selection->file = g_strdup(word);
        return 0;
    }
    if (selection_is_file(word)) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                    "%s is a second configuration file; one is read, %s (the line 'include %s' "
                    "adds another)",
                    word, selection->file, word);
        return -1;
    }
    g_ptr_array_add(selection->extra, g_strdup(word));
    return 0;
}

bool selection_assignment(const char *line, char **key, const char **value)
{
    const char *equals = strstr(line, " = ");

    if (equals == NULL || memchr(line, ' ', (size_t)(equals - line)) != NULL)
        return false;
    *key = g_strndup(line, (size_t)(equals - line));
    *value = equals + strlen(" = ");
    return true;
}
