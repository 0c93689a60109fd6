#include "migration/guest/tried.h"

struct place {
    char *key; /* way, address and port */
    char *why; /* what was said last */
    unsigned tries;
};

struct tried {
    GPtrArray *places;
};

static void free_place(void *data)
{
    struct place *place = data;

    g_free(place->key);
    g_free(place->why);
    g_free(place);
}

struct tried *tried_new(void)
{
    struct tried *tried = g_new0(struct tried, 1);

    tried->places = g_ptr_array_new_with_free_func(free_place);
    return tried;
}

void tried_free(struct tried *tried)
{
    if (tried == NULL)
        return;
    g_ptr_array_unref(tried->places);
    g_free(tried);
}

/* Transfer none. Takes key. */
static struct place *place_of(struct tried *tried, char *key)
{
    struct place *place;

    for (unsigned i = 0; i < tried->places->len; i++) {
        place = g_ptr_array_index(tried->places, i);
        if (g_str_equal(place->key, key)) {
            g_free(key);
            return place;
        }
    }
    if (tried->places->len == TRIED_MAX)
        g_ptr_array_remove_index(tried->places, 0);
    place = g_new0(struct place, 1);
    place->key = key;
    g_ptr_array_add(tried->places, place);
    return place;
}

void tried_note(struct tried *tried, const char *way, const char *address, uint16_t port,
                const char *why)
{
    struct place *place = place_of(
        tried, g_strdup_printf("%s %s %u", way, address != NULL ? address : "", (unsigned)port));

    g_free(place->why);
    place->why = g_strdup(why);
    place->tries++;
}

unsigned tried_places(const struct tried *tried)
{
    return tried->places->len;
}

char *tried_text(const struct tried *tried)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < tried->places->len; i++) {
        const struct place *place = g_ptr_array_index(tried->places, i);

        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", place->why);
        if (place->tries > 1)
            g_string_append_printf(text, ", %u tries", place->tries);
    }
    return g_string_free(text, FALSE);
}
