/* Finding one test by number or name. */
#include <string.h>

#include "cfg/cfg-internal.h"
#include "cfg/nearest.h"

/* So many tests are looked at for a name that is nearly the wanted one. */
#define NEAREST_TRIED 20000

static int seek_number(struct cfg *c, uint64_t number, GError **err)
{
    int more = 1;

    cfg_rewind(c);
    while (c->number < number && (more = cfg_next(c, err)) > 0)
        ;
    if (more > 0 && number > 0)
        return 0;
    if (more == 0)
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "there is no test %" G_GUINT64_FORMAT ", only %" G_GUINT64_FORMAT, number,
                    c->number);
    else if (more > 0)
        g_set_error_literal(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "tests are counted from 1");
    return -1;
}

struct guess {
    char *name;
    unsigned int distance; /* of the name found, or what it must be below */
    char *relative;        /* the first name with the fewest labels that differ */
    unsigned int labels;   /* how many */
};

/* Of a name with N labels so many may differ. */
static unsigned int label_limit(const char *name)
{
    unsigned int n = 1;

    for (; *name != '\0'; name++)
        n += *name == '.';
    return MIN((n - 1) / 2, 2);
}

static void guess_relative(struct guess *g, const char *wanted, const char *name)
{
    unsigned int labels = nearest_labels(wanted, name);

    if (labels >= g->labels)
        return;
    g->labels = labels;
    g_free(g->relative);
    g->relative = g_strdup(name);
}

static void guess(struct guess *g, const char *wanted, const char *name)
{
    unsigned int distance;

    if (g->distance == 0)
        return;
    distance = nearest_distance(wanted, name, g->distance - 1);
    if (distance >= g->distance)
        return;
    g->distance = distance;
    g_free(g->name);
    g->name = g_strdup(name);
}

static int seek_name(struct cfg *c, const char *wanted, GError **err)
{
    struct guess nearest = {
        .distance = nearest_limit(wanted) + 1,
        .labels = label_limit(wanted) + 1,
    };
    g_autofree char *slip = NULL, *relative = NULL;
    const char *name;
    uint64_t by_shortname = 0;
    int more;

    cfg_rewind(c);
    while ((more = cfg_next(c, err)) > 0) {
        if (strcmp(cfg_test_name(c), wanted) == 0)
            break;
        if (!by_shortname && strcmp(cfg_test_shortname(c), wanted) == 0)
            by_shortname = c->number;
        if (c->number <= NEAREST_TRIED) {
            guess(&nearest, wanted, cfg_test_name(c));
            guess(&nearest, wanted, cfg_test_shortname(c));
            guess_relative(&nearest, wanted, cfg_test_name(c));
            guess_relative(&nearest, wanted, cfg_test_shortname(c));
        }
    }
    slip = nearest.name;
    relative = nearest.relative;
    name = slip ? slip : relative;
    if (more)
        return more > 0 ? 0 : -1;
    if (by_shortname)
        return seek_number(c, by_shortname, err);
    g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "there is no test '%s'%s%s%s", wanted,
                name ? "; did you mean '" : "", name ? name : "", name ? "'?" : "");
    return -1;
}

int cfg_seek(struct cfg *c, const char *wanted, GError **err)
{
    char *end = NULL;
    uint64_t number = g_ascii_isdigit(*wanted) ? g_ascii_strtoull(wanted, &end, 10) : 0;

    if (end && !*end)
        return seek_number(c, number, err);
    return seek_name(c, wanted, err);
}
