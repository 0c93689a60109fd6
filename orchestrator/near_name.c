#include "orchestrator/near_name.h"

#include "cfg/nearest.h"
#include "orchestrator/description.h"

#include <string.h>

#define SHORTEST_KNOWN 5 /* nearly everything is near to a shorter name */
#define LONG_NAME 9      /* long enough for two slips */

static const char *find(const char *name)
{
    unsigned limit = strlen(name) >= LONG_NAME ? 2 : 1;
    const char *found = NULL;

    if (*name == '_')
        return NULL;
    for (const char *const *known = description_names(); *known != NULL; known++) {
        unsigned distance;

        if (strlen(*known) < SHORTEST_KNOWN)
            continue;
        distance = nearest_distance(name, *known, limit);
        if (distance > limit)
            continue;
        found = *known;
        if (distance <= 1)
            return found;
        limit = distance - 1;
    }
    return found;
}

const char *near_name(const char *name)
{
    static GHashTable *answers;
    gpointer answer;

    if (answers == NULL)
        answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (g_hash_table_lookup_extended(answers, name, NULL, &answer))
        return answer;
    answer = (gpointer)find(name);
    g_hash_table_insert(answers, g_strdup(name), answer);
    return answer;
}
