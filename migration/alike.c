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

/* The members of an object whose names are in a set. Transfer full. */
static json_t *pick(const json_t *object, json_t *names)
{
    json_t *picked = json_object();
    const char *name;
    json_t *value;
    json_object_foreach (names, name, value)
        if (json_object_get(object, name) != NULL)
            json_object_set(picked, name, json_object_get(object, name));
    return picked;
}

/* Puts in place of each digest what it stands for: said whole, or the same as here. -1: neither. */
static int resolve(json_t *stated, const json_t *mine, const json_t *whole)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(stated, next, name, value)
    {
        json_t *meant = json_object_get(whole, name);
        if (meant == NULL && is_digest(value))
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

/* The second meeting: what differs, whole. *whole_out: NULL where nothing does. */
static int exchange_whole(struct test *test, const struct test_meeting *meeting, const json_t *mine,
                          json_t *names, GPtrArray **whole_out, size_t *bytes, GError **err)
{
    if (json_object_size(names) == 0)
        return 0;
    json_t *differs = pick(mine, names);
    *bytes += size_of(differs);
    return test_exchange(test, meeting, differs, whole_out, err);
}

int test_exchange_alike(struct test *test, const struct test_meeting *meeting, json_t *mine,
                        GPtrArray **theirs_out, size_t *bytes_out, GError **err)
{
    json_auto_t *own = mine;
    json_t *stated_here = state_all(own);
    size_t bytes = size_of(stated_here);
    g_autoptr(GPtrArray) stated = NULL;
    g_autoptr(GPtrArray) whole = NULL;
    if (test_exchange(test, meeting, stated_here, &stated, err) < 0)
        return -1;
    json_auto_t *names = differing(stated);
    if (exchange_whole(test, meeting, own, names, &whole, &bytes, err) < 0)
        return -1;
    for (unsigned i = 0; i < stated->len; i++) {
        json_t *said = g_ptr_array_index(stated, i);
        if (said != NULL &&
            resolve(said, own, whole != NULL ? g_ptr_array_index(whole, i) : NULL) < 0) {
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
