#include "migration/guest/serial.h"

#include <string.h>
#include <sys/stat.h>

#define MAX_LINE_BYTES 1000
#define WORD_DIGITS 8

static const struct {
    char letter;
    unsigned n_words;
    enum serial_kind kind;
} forms[] = {
    {'T', 3, SERIAL_BEAT},        {'B', 3, SERIAL_BAD_PAGE}, {'V', 3, SERIAL_VERIFIED},
    {'W', 1, SERIAL_WORKING_SET}, {'R', 1, SERIAL_RATE},     {'C', 1, SERIAL_SPOILED},
};

/* A blank and eight upper-case hex digits. */
static bool take_word(const char **text, uint32_t *word_out)
{
    uint32_t word = 0;

    if (**text != ' ')
        return false;
    for (int i = 1; i <= WORD_DIGITS; i++) {
        char digit = (*text)[i];

        if (!g_ascii_isxdigit(digit) || g_ascii_islower(digit))
            return false;
        word = word << 4 | (uint32_t)g_ascii_xdigit_value(digit);
    }
    *text += 1 + WORD_DIGITS;
    *word_out = word;
    return true;
}

static bool parse_words(const char *text, unsigned n_words, uint32_t words[3])
{
    for (unsigned i = 0; i < n_words; i++) {
        if (!take_word(&text, &words[i]))
            return false;
    }
    return *text == '\0';
}

static bool parse_up(const char *line, char *name, size_t size)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    if (g_strv_length(words) != 3 || strcmp(words[0], "vtmh") != 0 || strcmp(words[2], "up") != 0 ||
        *words[1] == '\0' || strlen(words[1]) >= size)
        return false;
    g_strlcpy(name, words[1], size);
    return true;
}

/* A firmware clears its screen on the serial line, in front of what the guest says first: behind
 * "ESC [ … letter". */
static const char *behind_controls(const char *line)
{
    while (line[0] == '\x1b' && line[1] == '[') {
        const char *end = line + 2 + strspn(line + 2, "0123456789;=?");

        if (!g_ascii_isalpha(*end))
            return line;
        line = end + 1;
    }
    return line;
}

struct serial_line serial_parse(const char *from)
{
    struct serial_line parsed = {.kind = SERIAL_TEXT};
    const char *line = behind_controls(from);

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (line[0] == forms[i].letter && parse_words(line + 1, forms[i].n_words, parsed.words)) {
            parsed.kind = forms[i].kind;
            return parsed;
        }
    }
    if (parse_up(line, parsed.name, sizeof parsed.name))
        parsed.kind = SERIAL_UP;
    else if (line[0] == '?' && line[1] == ' ')
        parsed.kind = SERIAL_REFUSED;
    return parsed;
}

static void give(struct serial_splitter *splitter, serial_line_fn fn, void *arg)
{
    g_autofree char *line = NULL;

    if (g_str_has_suffix(splitter->rest->str, "\r"))
        g_string_truncate(splitter->rest, splitter->rest->len - 1);
    line = g_utf8_make_valid(splitter->rest->str, (gssize)splitter->rest->len);
    g_string_truncate(splitter->rest, 0);
    fn(line, arg);
}

void serial_split(struct serial_splitter *splitter, const char *bytes, size_t size,
                  serial_line_fn fn, void *arg)
{
    if (splitter->rest == NULL)
        splitter->rest = g_string_new(NULL);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            give(splitter, fn, arg);
            continue;
        }
        g_string_append_c(splitter->rest, bytes[i] != '\0' ? bytes[i] : ' ');
        if (splitter->rest->len >= MAX_LINE_BYTES)
            give(splitter, fn, arg);
    }
}

void serial_splitter_clear(struct serial_splitter *splitter)
{
    if (splitter->rest != NULL)
        g_string_free(splitter->rest, TRUE);
    splitter->rest = NULL;
}

int serial_log_open(struct serial_log *log, const char *path)
{
    struct stat info;

    log->file = fopen(path, "ae");
    if (log->file == NULL)
        return -1;
    log->size = fstat(fileno(log->file), &info) == 0 ? (uint64_t)info.st_size : 0;
    return 0;
}

void serial_log_line(struct serial_log *log, const char *line)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%FT%T.%fZ");

    if (log->size >= SERIAL_LOG_BYTES)
        return;
    int said = fprintf(log->file, "%s %s\n", stamp, line);
    log->size += said > 0 ? (uint64_t)said : 0;
    if (log->size >= SERIAL_LOG_BYTES)
        fprintf(log->file, "%s … (more was said)\n", stamp);
    fflush(log->file);
}

void serial_log_close(struct serial_log *log)
{
    fclose(log->file);
}
