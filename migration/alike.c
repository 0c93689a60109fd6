#include "migration/alike.h"

#include <string.h>

#define DIGEST_KEY "sha256"
#define STATED (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)

/* A value, or {"sha256": its digest} in its place. Transfer full; NULL: it is no JSON. */
static json_t *state(const json_t *value)
{
    char *text = json_dumps(value, STATED);
    if (text == NULL)
        return NULL;
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    /* A value that has the form of a digest is stated by its own. */
    bool is_short = strlen(text) <= strlen(digest) && json_object_get(value, DIGEST_KEY) == NULL;
    free(text);
    return is_short ? json_incref((json_t *)value) : json_pack("{s:s}", DIGEST_KEY, digest);
}

/* Transfer full; NULL, for which test_exchange() has the error: there is something that is no JSON.
 */
static json_t *state_all(const json_t *mine)
{
    json_t *stated = mine != NULL ? json_object() : NULL;
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)mine, name, value) {
        if (json_object_set_new(stated, name, state(value)) == 0)
            continue;
        json_decref(stated);
        return NULL;
    }
    return stated;
}

static bool is_digest(const json_t *stated)
{
    return json_object_get(stated, DIGEST_KEY) != NULL;
}

/* Names of what must be said whole: a digest somewhere, and not the same everywhere. The same on
 * all hosts. Transfer full. */
static json_t *differing(const GPtrArray *stated)
{
    json_t *names = json_object();
    for (unsigned i = 0; i < stated->len; i++) {
        const char *name;
        json_t *value;
        json_object_foreach (g_ptr_array_index(stated, i), name, value) {
            for (unsigned other = 0; other < stated->len; other++) {
                const json_t *theirs = g_ptr_array_index(stated, other);
                const json_t *said = json_object_get(theirs, name);
                if (theirs != NULL && !json_equal(value, said) &&
                    (is_digest(value) || is_digest(said)))
                    json_object_set_new(names, name, json_true());
            }
        }
    }
    return names;
}

static const char *digest_of(const json_t *stated)
{
    return json_string_value(json_object_get(stated, DIGEST_KEY));
}

/* Whether a host before this one has the digest to explain, under whatever name of those. */
static bool is_said_before(const GPtrArray *stated, unsigned self, json_t *names,
                           const char *digest)
{
    const char *name;
    json_t *value;
    json_object_foreach (names, name, value)
        for (unsigned i = 0; i < self; i++)
            if (g_strcmp0(digest_of(json_object_get(g_ptr_array_index(stated, i), name)), digest) ==
                0)
                return true;
    return false;
}

/* What this host is to say whole: {digest: value}, of what differs and no host before it has.
 * Transfer full. */
static json_t *explain(const GPtrArray *stated, unsigned self, const json_t *mine, json_t *names)
{
    json_t *whole = json_object();
    const char *name;
    json_t *value;
    json_object_foreach (names, name, value) {
        const char *digest = digest_of(json_object_get(g_ptr_array_index(stated, self), name));
        if (digest != NULL && !is_said_before(stated, self, names, digest))
            json_object_set(whole, digest, json_object_get(mine, name));
    }
    return whole;
}

/* Puts in place of each digest what it stands for: said whole by somebody, or the same as here. -1:
 * neither. */
static int resolve(json_t *stated, const json_t *own_stated, const json_t *mine,
                   const GPtrArray *whole)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(stated, next, name, value)
    {
        const char *digest = digest_of(value);
        json_t *meant = NULL;
        for (unsigned i = 0; digest != NULL && whole != NULL && i < whole->len && meant == NULL;
             i++)
            meant = json_object_get(g_ptr_array_index(whole, i), digest);
        if (meant == NULL && digest != NULL && json_equal(value, json_object_get(own_stated, name)))
            meant = json_object_get(mine, name);
        if (meant == NULL && is_digest(value))
            return -1;
        if (meant != NULL)
            json_object_set(stated, name, meant);
    }
    return 0;
}

static size_t size_of(const json_t *value)
{
    return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The second meeting: what differs, each value whole by the first host that has it. *whole_out:
 * NULL where nothing does. */
static int exchange_whole(struct test *test, const struct test_meeting *meeting, const json_t *mine,
                          const GPtrArray *stated, GPtrArray **whole_out, size_t *bytes,
                          GError **err)
{
    json_auto_t *names = differing(stated);
    if (json_object_size(names) == 0)
        return 0;
    json_t *differs = explain(stated, test->self, mine, names);
    *bytes += size_of(differs);
    return test_exchange(test, meeting, differs, whole_out, err);
}

int test_exchange_alike(struct test *test, const struct test_meeting *meeting, json_t *mine,
                        GPtrArray **theirs_out, size_t *bytes_out, GError **err)
{
    json_auto_t *own = mine;
    json_auto_t *stated_here = state_all(own);
    size_t bytes = size_of(stated_here);
    g_autoptr(GPtrArray) stated = NULL;
    g_autoptr(GPtrArray) whole = NULL;
    if (test_exchange(test, meeting, json_incref(stated_here), &stated, err) < 0 ||
        exchange_whole(test, meeting, own, stated, &whole, &bytes, err) < 0)
        return -1;
    for (unsigned i = 0; i < stated->len; i++) {
        json_t *said = g_ptr_array_index(stated, i);
        if (said != NULL && resolve(said, stated_here, own, whole) < 0) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                        "%s said only a digest at '%s' of what differs from here", test->names[i],
                        meeting->tag);
            return -1;
        }
    }
    if (bytes_out != NULL)
        *bytes_out = bytes;
    *theirs_out = g_steal_pointer(&stated);
    return 0;
}
