#include "cfg/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cfg/limits.h"

/* Characters of a line shown in a message, before and behind the caret. */
#define SHOWN_BEFORE 60
#define SHOWN_AFTER 40

static void source_free(void *data)
{
    struct source *source = data;

    g_free(source->name);
    g_free(source->data);
    g_free(source);
}

void sources_init(struct sources *s)
{
    s->list = g_ptr_array_new_with_free_func(source_free);
    s->parsed_bytes = 0;
}

void sources_clear(struct sources *s)
{
    g_clear_pointer(&s->list, g_ptr_array_unref);
}

const struct source *sources_get(const struct sources *s, uint32_t number)
{
    return g_ptr_array_index(s->list, number);
}

#define LANES 16
typedef unsigned char lanes __attribute__((vector_size(LANES)));

static bool any(lanes found)
{
    uint64_t halves[2];

    memcpy(halves, &found, sizeof halves);
    return halves[0] | halves[1];
}

/* What has occurred so far, each in a vector of its own. */
struct occurrences {
    lanes nul;
    lanes tabs;
    lanes breaks;
    lanes wide;
};

static inline void look_at(struct occurrences *seen, const char *data)
{
    lanes c;

    memcpy(&c, data, LANES);
    seen->nul |= (lanes)(c == 0);
    seen->tabs |= (lanes)(c == '\t');
    seen->breaks |= (lanes)((lanes)(c - 0x0b) < 3) | (lanes)((lanes)(c - 0x1c) < 3);
    seen->wide |= c;
}

static unsigned int text_traits(const char *data, size_t size)
{
    struct occurrences seen = {0};
    char rest[LANES];
    size_t i = 0;

    for (; i + LANES <= size; i += LANES)
        look_at(&seen, data + i);
    memset(rest, ' ', LANES);
    memcpy(rest, data + i, size - i);
    look_at(&seen, rest);
    return (any(seen.nul) ? SOURCE_NUL : 0) | (any(seen.tabs) ? SOURCE_TABS : 0) |
           (any(seen.breaks) ? SOURCE_BREAKS : 0) |
           (any((lanes)(seen.wide > 0x7f)) ? SOURCE_WIDE : 0);
}

/* Characters beyond ASCII stand in runs of bytes above 0x7f; each run must be valid by itself.
 * True if all are; *breaks is set if there are line ends among them. */
static bool check_wide(const char *data, size_t size, bool *breaks)
{
    for (size_t i = 0; i < size; i++) {
        size_t start = i;
        lanes c;

        if (i + LANES <= size && (memcpy(&c, data + i, LANES), !any((lanes)(c > 0x7f)))) {
            i += LANES - 1;
            continue;
        }
        while (i < size && (unsigned char)data[i] > 0x7f)
            i++;
        if (i == start)
            continue;
        if (!g_utf8_validate_len(data + start, i - start, NULL))
            return false;
        *breaks |= memmem(data + start, i - start, "\xc2\x85", 2) ||
                   memmem(data + start, i - start, "\xe2\x80\xa8", 3) ||
                   memmem(data + start, i - start, "\xe2\x80\xa9", 3);
    }
    return true;
}

static int count_bytes(struct sources *s, const char *name, size_t size, GError **err)
{
    if (size <= LIMIT_TOTAL_BYTES - s->parsed_bytes) {
        s->parsed_bytes += size;
        return 0;
    }
    g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                "%s: the configuration has more than %u MiB (a file counts as often as it is "
                "included)",
                name, LIMIT_TOTAL_BYTES >> 20);
    return -1;
}

/* Takes over DATA. */
static int add(struct sources *s, const char *name, char *data, size_t size, bool is_file,
               uint32_t *number, GError **err)
{
    struct source *source = g_new0(struct source, 1);
    bool breaks = false;

    source->name = g_strdup(name);
    source->data = data;
    source->size = size;
    source->is_file = is_file;
    source->traits = text_traits(data, size);
    g_ptr_array_add(s->list, source);
    if ((source->traits & SOURCE_NUL) ||
        ((source->traits & SOURCE_WIDE) && !check_wide(data, size, &breaks))) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s: this is not a UTF-8 text", name,
                    source->traits & SOURCE_NUL ? "there are NUL bytes" : "invalid characters");
        return -1;
    }
    source->traits |= breaks ? SOURCE_BREAKS : 0;
    *number = s->list->len - 1;
    return 0;
}

int sources_read(struct sources *s, const char *path, cfg_read_fn read_fn, void *user,
                 uint32_t *number, GError **err)
{
    char *data = NULL;
    size_t size = 0;

    for (uint32_t i = 0; i < s->list->len; i++) {
        const struct source *known = sources_get(s, i);

        if (known->is_file && strcmp(known->name, path) == 0) {
            *number = i;
            return count_bytes(s, path, known->size, err);
        }
    }
    if (read_fn(path, LIMIT_FILE_BYTES, &data, &size, user, err) < 0)
        return -1;
    if (count_bytes(s, path, size, err) < 0) {
        g_free(data);
        return -1;
    }
    return add(s, path, data, size, true, number, err);
}

int sources_add_text(struct sources *s, const char *name, struct slice text, uint32_t *number,
                     GError **err)
{
    if (count_bytes(s, name, text.size, err) < 0)
        return -1;
    return add(s, name, g_strndup(text.text, text.size), text.size, false, number, err);
}

static char *expand_home(const char *path)
{
    const char *rest = path + strcspn(path, "/");
    g_autofree char *user = NULL;
    const struct passwd *entry;

    if (path[0] != '~')
        return g_strdup(path);
    if (rest == path + 1)
        return g_strconcat(g_get_home_dir(), rest, NULL);
    user = g_strndup(path + 1, (size_t)(rest - path - 1));
    entry = getpwnam(user);
    return entry ? g_strconcat(entry->pw_dir, rest, NULL) : g_strdup(path);
}

static int read_all(int fd, const char *path, size_t room, char **data, size_t *size, GError **err)
{
    g_autofree char *buffer = g_malloc(room + 1);
    size_t used = 0;

    for (;;) {
        ssize_t got = read(fd, buffer + used, room - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
            return -1;
        }
        used += (size_t)got;
        if (got == 0 || used == room)
            break;
    }
    *data = g_steal_pointer(&buffer);
    *size = used;
    return 0;
}

int cfg_read_file(const char *path, size_t max_size, char **data, size_t *size, void *user,
                  GError **err)
{
    g_autofree char *expanded = expand_home(path);
    struct stat st;
    int fd;
    int status = -1;

    (void)user;
    /* Not blocking, because opening a FIFO would wait for somebody to write into it. */
    fd = open(expanded, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) < 0)
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    else if (!S_ISREG(st.st_mode))
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: %s", path,
                    S_ISDIR(st.st_mode) ? "this is a directory" : "this is not a regular file");
    else if ((uint64_t)st.st_size > max_size)
        g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT, "%s: the file has more than %zu MiB", path,
                    max_size >> 20);
    else
        status = read_all(fd, path, (size_t)st.st_size, data, size, err);
    close(fd);
    return status;
}

/* Appends COUNT characters of TEXT from number FIRST on; what would disturb a terminal as `?`. */
static void append_shown(GString *out, struct slice text, size_t first, size_t count)
{
    const char *end = text.text + text.size;
    size_t i = 0;
    unsigned int bytes;

    for (const char *c = text.text; c < end && i < first + count; c += bytes, i++) {
        uint32_t code = text_decode(c, end, &bytes);

        if (i < first)
            continue;
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            g_string_append_c(out, '?');
        else
            g_string_append_len(out, c, bytes);
    }
}

int source_error(GError **err, enum cfg_error code, const char *file, uint32_t line,
                 struct slice line_text, size_t column, const char *format, ...)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t first = column > SHOWN_BEFORE ? column - SHOWN_BEFORE : 0;
    size_t length = text_length(line_text);
    size_t count = MIN(length - MIN(first, length), SHOWN_BEFORE + SHOWN_AFTER);
    va_list args;

    g_string_append_printf(text, "%s:%u:%zu: ", file, line, column + 1);
    va_start(args, format);
    g_string_append_vprintf(text, format, args);
    va_end(args);
    if (line_text.size) {
        g_string_append(text, first ? "\n  ..." : "\n  ");
        append_shown(text, line_text, first, count);
        g_string_append(text, first + count < length ? "...\n  " : "\n  ");
        if (first)
            g_string_append(text, "   ");
        for (size_t i = first; i < column; i++)
            g_string_append_c(text, ' ');
        g_string_append_c(text, '^');
    }
    g_set_error_literal(err, CFG_ERROR, code, text->str);
    return -1;
}
