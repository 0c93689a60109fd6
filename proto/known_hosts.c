/*
 * A known_hosts line is
 *
 *     [@revoked | @cert-authority] names key-type base64-key [comment]
 *
 * where names is either one hashed name, "|1|salt|HMAC-SHA1(salt, name)", or a comma-separated list
 * of patterns with * and ?, of which one that begins with ! takes the line out again. Lines that
 * cannot be understood are passed over, as OpenSSH does; a file that cannot be read is an error,
 * because it might hold the revocation that matters.
 *
 * The verdict over all lines of a host: revoked, if any says so of this key; else a match, if any
 * holds this key; else changed, if any holds another key (of whatever type); else unknown. A host
 * on another port than 22 that is not known as "[name]:port" matches by a plain line with its key,
 * but a different plain key does not make it changed.
 */
#include "proto/known_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SSH_PORT 22
#define HASH_PREFIX "|1|"
#define SHA1_BYTES 20

enum marker {
    MARKER_NONE,
    MARKER_REVOKED,
    MARKER_OTHER, /* @cert-authority (we take no certificates) and what we do not know */
};

struct entry {
    enum marker marker;
    const char *names;
    const char *type;
    uint8_t *key;
    size_t key_size;
};

/* Called for every entry about a name; returns false to stop. */
typedef bool (*entry_fn)(const struct entry *entry, const char *file, unsigned line, void *arg);

static char *name_with_port(const char *name, uint16_t port)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);

    if (port == SSH_PORT)
        return g_steal_pointer(&lower);
    return g_strdup_printf("[%s]:%u", lower, port);
}

static bool hashed_name_matches(const char *hashed, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(hashed + strlen(HASH_PREFIX), "|", 3);
    g_autofree uint8_t *salt = NULL;
    g_autofree uint8_t *wanted = NULL;
    GHmac *hmac;
    uint8_t digest[SHA1_BYTES];
    gsize salt_size, wanted_size, digest_size = sizeof(digest);

    if (g_strv_length(parts) != 2)
        return false;
    salt = g_base64_decode(parts[0], &salt_size);
    wanted = g_base64_decode(parts[1], &wanted_size);

    hmac = g_hmac_new(G_CHECKSUM_SHA1, salt, salt_size);
    g_hmac_update(hmac, (const guchar *)name, (gssize)strlen(name));
    g_hmac_get_digest(hmac, digest, &digest_size);
    g_hmac_unref(hmac);
    return wanted_size == digest_size && memcmp(wanted, digest, digest_size) == 0;
}

/*
 * Whether a pattern with * and ? matches the whole name, byte by byte; GLib's own takes only valid
 * UTF-8. Of several stars only the last one met need be tried again.
 */
static bool pattern_matches(const char *pattern, const char *name)
{
    const char *star = NULL,
               *after = NULL; /* the last star, and where the name goes on behind it */

    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            after = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++after;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool names_match(const char *names, const char *name)
{
    g_autofree char *lower = NULL;
    g_auto(GStrv) patterns = NULL;
    bool found = false;

    if (g_str_has_prefix(names, HASH_PREFIX))
        return hashed_name_matches(names, name);

    lower = g_ascii_strdown(names, -1);
    patterns = g_strsplit(lower, ",", -1);
    for (char **p = patterns; *p != NULL; p++) {
        bool negated = **p == '!';

        if (!pattern_matches(*p + negated, name))
            continue;
        if (negated)
            return false;
        found = true;
    }
    return found;
}

static enum marker marker_of(const char *word)
{
    return strcmp(word, "@revoked") == 0 ? MARKER_REVOKED : MARKER_OTHER;
}

/* Takes the next word off a line that is cut up in place; NULL when there is none. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\r");
    size_t length = strcspn(word, " \t\r");

    if (length == 0)
        return NULL;
    *rest = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

/* The key blob begins with its type as a length-prefixed string. */
static bool blob_has_type(const uint8_t *key, size_t size, const char *type)
{
    size_t length = strlen(type);
    uint32_t stated;

    if (size < sizeof(stated) + length)
        return false;
    memcpy(&stated, key, sizeof(stated));
    return GUINT32_FROM_BE(stated) == length && memcmp(key + sizeof(stated), type, length) == 0;
}

static char *blob_type(const uint8_t *key, size_t size)
{
    uint32_t stated;

    if (size < sizeof(stated))
        return NULL;
    memcpy(&stated, key, sizeof(stated));
    stated = GUINT32_FROM_BE(stated);
    if (stated > size - sizeof(stated))
        return NULL;
    return g_strndup((const char *)key + sizeof(stated), stated);
}

/* Splits a line in place. False for comments and lines without sense. entry->key is transfer
 * full. */
static bool parse_line(char *line, struct entry *entry)
{
    char *word = next_word(&line);
    char *base64;
    gsize size;

    if (word == NULL || *word == '#')
        return false;
    entry->marker = MARKER_NONE;
    if (*word == '@') {
        entry->marker = marker_of(word);
        word = next_word(&line);
    }
    entry->names = word;
    entry->type = word != NULL ? next_word(&line) : NULL;
    base64 = entry->type != NULL ? next_word(&line) : NULL;
    if (base64 == NULL)
        return false;

    entry->key = g_base64_decode(base64, &size);
    entry->key_size = size;
    if (!blob_has_type(entry->key, entry->key_size, entry->type)) {
        g_clear_pointer(&entry->key, g_free);
        return false;
    }
    return true;
}

/* Returns 1 when fn stopped, 0 at the end, -1 when the file cannot be read. */
static int each_entry_of_file(const char *file, const char *name, entry_fn fn, void *arg,
                              GError **err)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    unsigned number = 0;

    if (!g_file_get_contents(file, &text, NULL, &why)) {
        if (g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return 0;
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    for (char *line = text, *next; line != NULL; line = next) {
        struct entry entry = {0};
        bool go_on;

        number++;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!parse_line(line, &entry))
            continue;
        go_on = !names_match(entry.names, name) || fn(&entry, file, number, arg);
        g_free(entry.key);
        if (!go_on)
            return 1;
    }
    return 0;
}

static int each_entry(const char *const *files, const char *name, entry_fn fn, void *arg,
                      GError **err)
{
    for (; files != NULL && *files != NULL; files++) {
        int rc = each_entry_of_file(*files, name, fn, arg, err);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    return 0;
}

struct lookup {
    const uint8_t *key;
    size_t key_size;
    enum known_hosts_answer answer;
    char *where;
    bool where_is_same_type;
};

static void decide(struct lookup *l, enum known_hosts_answer answer, const char *file,
                   unsigned line)
{
    l->answer = answer;
    g_free(l->where);
    l->where = g_strdup_printf("%s:%u", file, line);
}

static bool compare_entry(const struct entry *entry, const char *file, unsigned line, void *arg)
{
    struct lookup *l = arg;
    bool equal = entry->key_size == l->key_size && memcmp(entry->key, l->key, l->key_size) == 0;
    bool same_type;

    if (entry->marker == MARKER_REVOKED && equal) {
        decide(l, KNOWN_HOSTS_REVOKED, file, line);
        return false;
    }
    if (entry->marker != MARKER_NONE || l->answer == KNOWN_HOSTS_MATCH)
        return true;
    if (equal) {
        decide(l, KNOWN_HOSTS_MATCH, file, line);
        return true;
    }
    /* Of several other keys, the one of the same type is the one that was replaced. */
    same_type = blob_has_type(l->key, l->key_size, entry->type);
    if (l->answer == KNOWN_HOSTS_UNKNOWN || (same_type && !l->where_is_same_type)) {
        decide(l, KNOWN_HOSTS_CHANGED, file, line);
        l->where_is_same_type = same_type;
    }
    return true;
}

int known_hosts_check(const char *const *files, const char *name, uint16_t port, const uint8_t *key,
                      size_t key_size, struct known_hosts_finding *finding, GError **err)
{
    struct lookup exact = {key, key_size, KNOWN_HOSTS_UNKNOWN, NULL, false};
    struct lookup plain = exact;
    g_autofree char *exact_name = name_with_port(name, port);
    g_autofree char *plain_name = name_with_port(name, SSH_PORT);

    if (each_entry(files, exact_name, compare_entry, &exact, err) < 0 ||
        (port != SSH_PORT && each_entry(files, plain_name, compare_entry, &plain, err) < 0)) {
        g_free(exact.where);
        g_free(plain.where);
        return -1;
    }
    if (plain.answer == KNOWN_HOSTS_REVOKED ||
        (plain.answer == KNOWN_HOSTS_MATCH && exact.answer == KNOWN_HOSTS_UNKNOWN)) {
        g_free(exact.where);
        exact = plain;
    } else {
        g_free(plain.where);
    }
    finding->answer = exact.answer;
    finding->where = exact.where;
    return 0;
}

static bool collect_type(const struct entry *entry, const char *file, unsigned line, void *arg)
{
    GPtrArray *types = arg;

    (void)file;
    (void)line;
    if (entry->marker == MARKER_NONE &&
        !g_ptr_array_find_with_equal_func(types, entry->type, g_str_equal, NULL))
        g_ptr_array_add(types, g_strdup(entry->type));
    return true;
}

GStrv known_hosts_key_types(const char *const *files, const char *name, uint16_t port)
{
    g_autoptr(GPtrArray) types = g_ptr_array_new();
    g_autofree char *exact_name = name_with_port(name, port);
    g_autofree char *plain_name = name_with_port(name, SSH_PORT);

    each_entry(files, exact_name, collect_type, types, NULL);
    if (types->len == 0)
        each_entry(files, plain_name, collect_type, types, NULL);
    g_ptr_array_add(types, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&types), FALSE);
}

static int fail_with_errno(const char *what, const char *file, GError **err)
{
    int saved = errno;

    g_set_error(err, G_FILE_ERROR, g_file_error_from_errno(saved), "%s %s: %s", what, file,
                g_strerror(saved));
    return -1;
}

/* A last line without its LF would swallow what is appended. */
static bool ends_inside_a_line(int fd)
{
    char last;
    off_t size = lseek(fd, 0, SEEK_END);

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

int known_hosts_add(const char *file, const char *name, uint16_t port, const uint8_t *key,
                    size_t key_size, GError **err)
{
    g_autofree char *folder = g_path_get_dirname(file);
    g_autofree char *names = name_with_port(name, port);
    g_autofree char *base64 = g_base64_encode(key, key_size);
    g_autofree char *type = blob_type(key, key_size);
    g_autofree char *line = NULL;
    ssize_t written;
    int fd;

    if (type == NULL) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: not an SSH public key", names);
        return -1;
    }
    if (g_mkdir_with_parents(folder, 0700) < 0)
        return fail_with_errno("cannot create", folder, err);
    fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_with_errno("cannot open", file, err);
    line = g_strdup_printf("%s%s %s %s\n", ends_inside_a_line(fd) ? "\n" : "", names, type, base64);
    written = write(fd, line, strlen(line));
    if (close(fd) < 0 || written != (ssize_t)strlen(line))
        return fail_with_errno("cannot write", file, err);
    return 0;
}

char *known_hosts_fingerprint(const uint8_t *key, size_t key_size)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *base64 = NULL;
    uint8_t digest[32];
    gsize digest_size = sizeof(digest);

    g_checksum_update(checksum, key, (gssize)key_size);
    g_checksum_get_digest(checksum, digest, &digest_size);
    base64 = g_base64_encode(digest, digest_size);
    base64[strcspn(base64, "=")] = '\0';
    return g_strconcat("SHA256:", base64, NULL);
}
