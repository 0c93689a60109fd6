#include "node/claims.h"

#include "cfg/param-info.h"
#include "sync/fiber.h"

#include <string.h>

#define HEAD "vtmh-claims 1"
#define MAX_WORD 128 /* bytes of a job's id, or of its owner */
#define MAX_ENTRIES 4096

/* A thing on a host that one job can have at a time. */
struct claim_kind {
    const char *name;
    const char *taken; /* what is said of a value that another job has, in front and behind it */
    const char *is;
    bool (*is_one)(const char *value);
    bool (*meet)(const char *a, const char *b); /* of values that are ones */
};

static bool are_ports(const char *value)
{
    uint16_t low, high;

    return param_ports_read(value, &low, &high) && low > 0;
}

static bool ports_meet(const char *a, const char *b)
{
    uint16_t a_low, a_high, b_low, b_high;

    return param_ports_read(a, &a_low, &a_high) && param_ports_read(b, &b_low, &b_high) &&
           a_low <= b_high && b_low <= a_high;
}

/* A path, absolute and without what leads elsewhere. */
static bool is_path(const char *value)
{
    g_autofree char *plain = *value == '/' ? g_canonicalize_filename(value, "/") : NULL;

    return plain != NULL && strcmp(plain, value) == 0;
}

static bool is_within(const char *outer, const char *inner)
{
    size_t size = strlen(outer);

    return strncmp(outer, inner, size) == 0 &&
           (inner[size] == '\0' || inner[size] == '/' || outer[size - 1] == '/');
}

/* The same, or one in the other. */
static bool folders_meet(const char *a, const char *b)
{
    return is_within(a, b) || is_within(b, a);
}

static bool are_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const struct claim_kind kinds[] = {
    {"ports", "ports ", "are", are_ports, ports_meet},
    {"folder", "the folder ", "is", is_path, folders_meet},
    {"image", "the image ", "is", is_path, are_equal},
};

static const struct claim_kind *find_kind(const char *name, size_t size)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strlen(kinds[i].name) == size && strncmp(kinds[i].name, name, size) == 0)
            return &kinds[i];
    return NULL;
}

bool claims_know(const char *kind)
{
    return find_kind(kind, strlen(kind)) != NULL;
}

static bool is_word_character(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("._:@+-", c) != NULL);
}

/* A word as it is written and shown. Transfer full. */
static char *plain_word(const char *text)
{
    char *word = g_strndup(*text != '\0' ? text : "?", MAX_WORD);

    for (char *c = word; *c != '\0'; c++)
        if (!is_word_character(*c))
            *c = '?';
    return word;
}

static bool is_showable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c))
        if (!g_unichar_isprint(g_utf8_get_char(c)))
            return false;
    return true;
}

static void claim_free(gpointer data)
{
    struct claim *claim = data;

    g_free(claim->value);
    g_free(claim->parameter);
    g_free(claim);
}

struct claims *claims_new(const char *job, const char *owner, int64_t owner_pid, int64_t node_pid,
                          bool alone)
{
    struct claims *claims = g_new0(struct claims, 1);

    claims->job = plain_word(job);
    claims->owner = plain_word(owner);
    claims->owner_pid = owner_pid;
    claims->node_pid = node_pid;
    claims->alone = alone;
    claims->entries = g_ptr_array_new_with_free_func(claim_free);
    return claims;
}

void claims_free(struct claims *claims)
{
    if (claims == NULL)
        return;
    g_free(claims->job);
    g_free(claims->owner);
    g_ptr_array_unref(claims->entries);
    g_free(claims);
}

static bool has(const struct claims *claims, const struct claim_kind *kind, const char *value)
{
    for (unsigned i = 0; i < claims->entries->len; i++) {
        const struct claim *known = g_ptr_array_index(claims->entries, i);
        if (known->kind == kind && strcmp(known->value, value) == 0)
            return true;
    }
    return false;
}

static void add(struct claims *claims, const struct claim_kind *kind, const char *value,
                const char *parameter)
{
    struct claim *claim = g_new0(struct claim, 1);
    claim->kind = kind;
    claim->value = g_strdup(value);
    claim->parameter = g_strdup(parameter);
    g_ptr_array_add(claims->entries, claim);
}

int claims_add(struct claims *claims, const char *kind_name, const char *value,
               const char *parameter, GError **err)
{
    const struct claim_kind *kind = find_kind(kind_name, strlen(kind_name));

    if (kind == NULL)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "%s = %s: a node of this version keeps no %s for a job", parameter, value,
                    kind_name);
    else if (!is_showable(value) || !kind->is_one(value))
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "%s = %s cannot be kept for a job: it is no %s", parameter, value, kind->name);
    else if (has(claims, kind, value))
        return 0;
    else if (claims->entries->len >= MAX_ENTRIES)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT,
                    "the tests name more than %d different ports, folders and images", MAX_ENTRIES);
    else
        return add(claims, kind, value, parameter), 0;
    return -1;
}

char *claims_to_text(const struct claims *claims)
{
    GString *text = g_string_new(HEAD "\n");

    g_string_append_printf(
        text, "job %s\nowner %" G_GINT64_FORMAT " %s\nnode %" G_GINT64_FORMAT "\n%s", claims->job,
        claims->owner_pid, claims->owner, claims->node_pid, claims->alone ? "alone\n" : "");
    for (unsigned i = 0; i < claims->entries->len; i++) {
        const struct claim *claim = g_ptr_array_index(claims->entries, i);
        g_string_append_printf(text, "%s %s\n", claim->kind->name, claim->value);
    }
    return g_string_free(text, FALSE);
}

static void set_word(char **place, const char *text)
{
    g_free(*place);
    *place = plain_word(text);
}

static void read_line(struct claims *claims, const char *line)
{
    const char *blank = strchr(line, ' ');
    size_t size = blank != NULL ? (size_t)(blank - line) : strlen(line);
    const char *value = blank != NULL ? blank + 1 : "";
    const struct claim_kind *kind = find_kind(line, size);
    char *end;

    if (g_str_has_prefix(line, "job ")) {
        set_word(&claims->job, value);
    } else if (g_str_has_prefix(line, "owner ")) {
        claims->owner_pid = g_ascii_strtoll(value, &end, 10);
        set_word(&claims->owner, *end == ' ' ? end + 1 : "");
    } else if (g_str_has_prefix(line, "node ")) {
        claims->node_pid = g_ascii_strtoll(value, NULL, 10);
    } else if (strcmp(line, "alone") == 0) {
        claims->alone = true;
    } else if (kind != NULL && is_showable(value) && kind->is_one(value)) {
        /* Whether it is there twice does not matter; looking would take long in a stranger's. */
        add(claims, kind, value, NULL);
    }
}

struct claims *claims_from_text(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_ENTRIES + 8);

    if (lines[0] == NULL || strcmp(lines[0], HEAD) != 0 || lines[1] == NULL ||
        !g_str_has_prefix(lines[1], "job "))
        return NULL;
    struct claims *claims = claims_new("", "", 0, 0, false);
    for (char **line = lines + 1; *line != NULL; line++)
        read_line(claims, *line);
    return claims;
}

static char *describe(const struct claims *theirs, const char *user)
{
    g_autofree char *who = plain_word(user);

    return g_strdup_printf("job %.7s of %s (its vtmh is process %" G_GINT64_FORMAT
                           " there, its node process %" G_GINT64_FORMAT " of %s here)",
                           theirs->job, theirs->owner, theirs->owner_pid, theirs->node_pid, who);
}

static const struct claim *find_meeting(const struct claim *ours, const struct claims *theirs)
{
    for (unsigned i = 0; i < theirs->entries->len; i++) {
        const struct claim *claim = g_ptr_array_index(theirs->entries, i);
        if (claim->kind == ours->kind && ours->kind->meet(ours->value, claim->value))
            return claim;
    }
    return NULL;
}

char *claims_clash(const struct claims *ours, const struct claims *theirs, const char *user)
{
    if (strcmp(ours->job, theirs->job) == 0)
        return NULL;
    g_autofree char *job = describe(theirs, user);
    if (theirs->alone)
        return g_strdup_printf("%s has this host for itself (--share no): wait until it ends, or "
                               "take another host",
                               job);
    if (ours->alone)
        return g_strdup_printf("%s is on this host, and --share no is to have it for this job "
                               "alone: wait until the other ends, or take another host",
                               job);
    for (unsigned i = 0; i < ours->entries->len; i++) {
        const struct claim *claim = g_ptr_array_index(ours->entries, i);
        const struct claim *other = find_meeting(claim, theirs);
        if (other != NULL)
            return g_strdup_printf(
                "%s%s %s taken by %s, and this job has %s = %s: wait until the other ends, or set "
                "another %s",
                claim->kind->taken, other->value, claim->kind->is, job, claim->parameter,
                claim->value, claim->parameter);
    }
    return NULL;
}
