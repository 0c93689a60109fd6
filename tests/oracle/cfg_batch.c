/*
 * Expands many configurations in one process, for the comparison with the expander in Python.
 *
 * A request on stdin is texts that end with NUL: the options (of the letters d and s), the names
 * for -e with commas between them, the file, any number of texts of code; an empty text that stands
 * where a code could stand ends it. The answer on stdout is a line "ok BYTES" or "error BYTES" and
 * so many bytes: the canonical lines, or the message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg.h"

#define STEPS_MAX 20000000

/* Replaces *TEXT by the next text; false at the end of the input. */
static bool next_text(char **text)
{
    size_t size = 0;

    free(*text);
    *text = NULL;
    return getdelim(text, &size, '\0', stdin) > 0;
}

static int expand_all(struct cfg *c, GString *out, GError **err)
{
    int more;

    while ((more = cfg_next(c, err)) > 0) {
        if (cfg_test_jsonl(c, out, err) < 0)
            return -1;
    }
    return more;
}

static bool answer(const char *letters, const char *names, const char *file)
{
    g_autofree char *code = NULL;
    g_auto(GStrv) expand = g_strsplit(names, ",", -1);
    struct cfg_options options = {
        .defaults = strchr(letters, 'd') != NULL,
        .keep_suffixes = strchr(letters, 's') != NULL,
        .expand = (const char *const *)expand,
        .max_steps = STEPS_MAX,
    };
    g_autoptr(cfg) c = cfg_new(&options);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    bool good = cfg_parse_file(c, file, &error) == 0;

    for (;;) {
        if (!next_text(&code))
            return false;
        if (*code == '\0')
            break;
        good = good && cfg_parse_text(c, NULL, code, &error) == 0;
    }
    if (good && expand_all(c, out, &error) == 0) {
        printf("ok %zu\n%s", out->len, out->str);
    } else {
        const char *message = error ? error->message : "no message";

        printf("error %zu\n%s", strlen(message), message);
    }
    return fflush(stdout) == 0;
}

int main(void)
{
    char *letters = NULL;
    char *names = NULL;
    char *file = NULL;

    while (next_text(&letters) && next_text(&names) && next_text(&file)) {
        if (!answer(letters, names, file))
            break;
    }
    free(letters);
    free(names);
    free(file);
    return 0;
}
