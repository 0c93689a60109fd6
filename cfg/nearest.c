#include "cfg/nearest.h"

#include <string.h>

/* Words that differ within more than this are far from each other. */
#define LENGTH_MAX 256

unsigned int nearest_distance(const char *a, const char *b, unsigned int limit)
{
    unsigned int rows[3][LENGTH_MAX + 1];
    size_t n, m;

    /* What both begin and end with does not matter, and may be long in the names of tests. */
    for (; *a != '\0' && *a == *b; a++)
        b++;
    n = strlen(a);
    m = strlen(b);
    for (; n > 0 && m > 0 && a[n - 1] == b[m - 1]; n--)
        m--;
    if ((n > m ? n - m : m - n) > limit || MAX(n, m) > LENGTH_MAX)
        return limit + 1;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned int)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned int *row = rows[i % 3];
        const unsigned int *above = rows[(i + 2) % 3];
        const unsigned int *second = rows[(i + 1) % 3];
        unsigned int best = row[0] = (unsigned int)i;

        for (size_t j = 1; j <= m; j++) {
            row[j] = MIN(above[j] + 1, row[j - 1] + 1);
            row[j] = MIN(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], second[j - 2] + 1);
            best = MIN(best, row[j]);
        }
        if (best > limit)
            return limit + 1;
    }
    return MIN(rows[n % 3][m], limit + 1);
}

unsigned int nearest_labels(const char *a, const char *b)
{
    g_auto(GStrv) x = g_strsplit(a, ".", -1);
    g_auto(GStrv) y = g_strsplit(b, ".", -1);
    unsigned int n = g_strv_length(x), m = g_strv_length(y), start = 0;

    while (start < n && start < m && strcmp(x[start], y[start]) == 0)
        start++;
    while (n > start && m > start && strcmp(x[n - 1], y[m - 1]) == 0) {
        n--;
        m--;
    }
    return MAX(n, m) - start;
}

unsigned int nearest_limit(const char *word)
{
    return (unsigned int)CLAMP(strlen(word) / 3, 1, 4);
}

const char *nearest_find(const char *word, const char *const *known)
{
    unsigned int best = nearest_limit(word) + 1;
    const char *found = NULL;

    for (; *known && best > 0; known++) {
        unsigned int distance = nearest_distance(word, *known, best - 1);

        if (distance >= best)
            continue;
        best = distance;
        found = *known;
    }
    return found;
}
