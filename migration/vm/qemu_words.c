#include "migration/vm/qemu_words.h"

#include <glib.h>
#include <string.h>

#define SENTENCES_AT_MOST 4

/*
 * What a QEMU says when its stream breaks; in parts, as versions differ around them. A stream that
 * ends reads as zeros, hence the flags 0x0 and "Not a migration stream".
 */
static const char *const symptoms[] = {
    "Unable to write to socket",
    "Unable to read from socket",
    "Unable to write to command",
    "Unable to read from command",
    "Unable to write to file",
    "Unable to shutdown socket",
    "Broken pipe",
    "Connection reset by peer",
    "Bad file descriptor",
    "Input/output error",
    "Sibling indicated error",
    "Channel error",
    "Read section footer failed: -5",
    "Unexpected end-of-file",
    "Not a migration stream",
    "Unknown combination of migration flags: 0x0",
    "error while loading state section id",
    "Detected IO failure for postcopy",
};

/* Says that it failed, in addition to why. */
static const char *const echoes[] = {
    "load of migration failed",
    "error while loading state for instance",
};

static bool has_one_of(const char *text, const char *const *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(text, parts[i]) != NULL)
            return true;
    return false;
}

bool qemu_words_is_symptom(const char *sentence)
{
    return has_one_of(sentence, symptoms, G_N_ELEMENTS(symptoms));
}

/* What this build of QEMU has not, or not for this machine type, though it knows the word. */
static const char *const lacks[] = {
    "is not available",    "want to install",        "not supported by this machine's CPU topology",
    "support is disabled", "support is not enabled",
};

bool qemu_words_is_lack(const char *sentence)
{
    return has_one_of(sentence, lacks, G_N_ELEMENTS(lacks));
}

/* "RAX=0000000000000000 RBX=…", "ES =0010 …", "Code=…": what it prints when the CPU gave up. */
static bool is_register_dump(const char *line)
{
    size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    size_t spaces = strspn(line + name, " ");

    if (strncmp(line, "Code=", strlen("Code=")) == 0)
        return true;
    return name >= 2 && name <= 4 && line[name + spaces] == '=' &&
           g_ascii_isxdigit(line[name + spaces + 1]);
}

static bool is_noise(const char *line)
{
    return *line == '\0' || strstr(line, "warning: ") != NULL || strstr(line, "info: ") != NULL ||
           is_register_dump(line);
}

/* Behind the name of the program, which QEMU puts before a sentence of its own. */
static const char *without_name(const char *line)
{
    size_t name = strcspn(line, ": ");

    return line[name] == ':' && line[name + 1] == ' ' && g_strstr_len(line, (gssize)name, "qemu")
               ? line + name + 2
               : line;
}

/* Transfer full. */
static char *join_last(GPtrArray *sentences)
{
    unsigned n = MIN(sentences->len, SENTENCES_AT_MOST);
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = sentences->len - n; i < sentences->len; i++)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "",
                               (const char *)g_ptr_array_index(sentences, i));
    return g_utf8_make_valid(text->str, (gssize)text->len);
}

char *qemu_words_why(const char *printed, bool *is_own_out)
{
    g_auto(GStrv) lines = g_strsplit(printed, "\n", -1);
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GPtrArray) own = g_ptr_array_new();

    for (char **line = lines; *line != NULL; line++) {
        const char *sentence = without_name(g_strstrip(*line));

        if (is_noise(sentence))
            continue;
        g_ptr_array_add(all, (char *)sentence);
        if (!qemu_words_is_symptom(sentence) && !has_one_of(sentence, echoes, G_N_ELEMENTS(echoes)))
            g_ptr_array_add(own, (char *)sentence);
    }
    *is_own_out = own->len > 0;
    if (all->len == 0)
        return NULL;
    return join_last(own->len > 0 ? own : all);
}

char *qemu_words_run_state(const char *info_status)
{
    static const char begin[] = "VM status: ";
    const char *word = strstr(info_status, begin);
    const char *detail;
    size_t size;

    if (word == NULL)
        return NULL;
    word += strlen(begin);
    detail = word + strcspn(word, "(\r\n");
    if (*detail == '(')
        word = detail + 1;
    size = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
    return size > 0 ? g_strndup(word, size) : NULL;
}

void qemu_words_make_plain(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c != '\n' && *c != '\t' && !g_ascii_isprint(*c))
            *c = '?';
}
