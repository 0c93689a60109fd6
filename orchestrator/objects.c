#include "orchestrator/objects.h"

#include "orchestrator/description.h"

#include <string.h>

struct objects {
    unsigned n_hosts;
    GHashTable *names; /* name -> enum param_scope bits */
};

/* Which endings may still be taken off: from the right, each at most once. */
enum stage { STAGE_BOUND, STAGE_HOST, STAGE_ON_ERROR, STAGE_VM, STAGE_INNER, STAGE_NAME };

/* What objects a reading of a key believes in. */
enum belief {
    BELIEVE_TEST,      /* those of the test */
    BELIEVE_ANY_ORDER, /* the same, endings in any order */
    BELIEVE_NAMES,     /* whatever is called vm3, nic1, host5, too */
};

struct reading {
    const struct objects *objects;
    enum belief belief;
    struct key_parse *parse;
    objects_name_fn find; /* NULL: parameters are looked for, for parse */
    void *find_user;
    const char *name;                /* what was found */
    const char *endings[STAGE_NAME]; /* as found, without '_'; NULL: not there */
    size_t sizes[STAGE_NAME];
    unsigned scopes; /* the bits of what was found; of an inner object all it may be */
};

static const struct {
    enum param_scope scope;
    const char *noun;
    const char *usual; /* what such objects are usually called, before a number */
} kinds[] = {
    {PARAM_PER_HOST, "host", "host"},
    {PARAM_PER_VM, "VM", "vm"},
    {PARAM_PER_NIC, "card", "nic"},
    {PARAM_PER_IMAGE, "image", "image"},
    {PARAM_PER_CDROM, "CD-ROM", "cd"},
    {PARAM_PER_FLOPPY, "floppy", "fl"},
    {PARAM_PER_MONITOR, "monitor", "qmpmonitor"},
    {PARAM_PER_SERIAL, "serial port", "serial"},
    {PARAM_PER_REDIR, "redirection", NULL},
    {PARAM_PER_DEVICE, "device", NULL},
};

const char *objects_noun(enum param_scope scope)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].scope == scope)
            return kinds[i].noun;
    return scope == PARAM_ON_ERROR ? "failed test" : "bound";
}

struct objects *objects_new(unsigned n_hosts)
{
    struct objects *objects = g_new0(struct objects, 1);

    objects->n_hosts = n_hosts;
    objects->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return objects;
}

void objects_free(struct objects *objects)
{
    if (objects == NULL)
        return;
    g_hash_table_unref(objects->names);
    g_free(objects);
}

void objects_add(struct objects *objects, enum param_scope scope, const char *name)
{
    unsigned scopes = GPOINTER_TO_UINT(g_hash_table_lookup(objects->names, name)) | scope;

    g_hash_table_insert(objects->names, g_strdup(name), GUINT_TO_POINTER(scopes));
}

/* The number of "hostN", else 0. */
static unsigned host_number(const char *word)
{
    char *end;
    guint64 number;

    if (!g_str_has_prefix(word, "host") || !g_ascii_isdigit(word[4]) || word[4] == '0')
        return 0;
    number = g_ascii_strtoull(word + 4, &end, 10);
    return *end == '\0' && number < 100000 ? (unsigned)number : 0;
}

/* The scope whose objects are usually called so: "vm12". */
static unsigned usual_scope(const char *word)
{
    size_t letters = strcspn(word, "0123456789");

    if (word[letters] == '\0' || word[letters + strspn(word + letters, "0123456789")] != '\0')
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].usual != NULL && strlen(kinds[i].usual) == letters &&
            memcmp(kinds[i].usual, word, letters) == 0)
            return kinds[i].scope;
    return 0;
}

/* What the word can be in this reading, as bits; whether the test has it in *is_here. */
static unsigned scopes_of(const struct reading *r, const char *word, bool *is_here)
{
    unsigned host = host_number(word);
    unsigned scopes = 0;

    *is_here = true;
    if (strcmp(word, "min") == 0 || strcmp(word, "max") == 0 || strcmp(word, "fixed") == 0)
        return PARAM_LIMITS;
    if (strcmp(word, "on_error") == 0)
        return PARAM_ON_ERROR;
    if (r->objects != NULL)
        scopes = GPOINTER_TO_UINT(g_hash_table_lookup(r->objects->names, word));
    if (r->objects != NULL && host > 0 && host <= r->objects->n_hosts)
        scopes |= PARAM_PER_HOST;
    if (scopes != 0 || r->belief != BELIEVE_NAMES)
        return scopes;
    *is_here = false;
    return usual_scope(word);
}

static const unsigned stage_scopes[STAGE_NAME] = {
    [STAGE_BOUND] = PARAM_LIMITS, [STAGE_HOST] = PARAM_PER_HOST, [STAGE_ON_ERROR] = PARAM_ON_ERROR,
    [STAGE_VM] = PARAM_PER_VM,    [STAGE_INNER] = PARAM_INNER,
};

static bool find_name(struct reading *r, const char *name)
{
    const struct param_info *info;
    const struct param_alias *alias;

    if (r->parse == NULL) {
        r->name = r->find(name, r->find_user);
        return r->name != NULL;
    }
    info = description_parameter(name);
    alias = info == NULL ? description_alias(name) : NULL;
    if (alias != NULL)
        info = description_parameter(alias->current);
    if (info == NULL)
        return false;
    r->parse->info = info;
    r->parse->alias = alias;
    r->name = info->name;
    return true;
}

static bool read_rest(struct reading *r, char *rest, enum stage stage, unsigned taken);

/* Tries the word behind `cut` as the ending of one stage. */
static bool take_ending(struct reading *r, char *rest, char *cut, enum stage stage, unsigned taken)
{
    bool is_here;
    unsigned scopes = scopes_of(r, cut + 1, &is_here) & stage_scopes[stage];
    bool found;

    if (scopes == 0 || taken & 1u << stage)
        return false;
    *cut = '\0';
    found = read_rest(r, rest, r->belief == BELIEVE_ANY_ORDER ? STAGE_BOUND : stage + 1,
                      taken | 1u << stage);
    *cut = '_';
    if (!found)
        return false;
    r->endings[stage] = cut + 1;
    r->sizes[stage] = strlen(cut + 1);
    r->scopes |= scopes;
    if (!is_here && r->parse != NULL && r->parse->object == NULL) {
        r->parse->object = g_strdup(cut + 1);
        r->parse->wrong = scopes;
    }
    return true;
}

/* Takes the longest name of a parameter: endings are taken off only as far as needed. An ending may
 * itself contain '_'. */
static bool read_rest(struct reading *r, char *rest, enum stage stage, unsigned taken)
{
    if (find_name(r, rest))
        return true;
    for (char *cut = strrchr(rest, '_'); cut != NULL && cut > rest;
         cut = memrchr(rest, '_', (size_t)(cut - rest)))
        for (enum stage s = stage; s < STAGE_NAME; s++)
            if (take_ending(r, rest, cut, s, taken))
                return true;
    return false;
}

/* Endings in their order behind the name. */
static char *join(const struct reading *r)
{
    GString *key = g_string_new(r->name);

    for (int stage = STAGE_INNER; stage >= STAGE_BOUND; stage--)
        if (r->endings[stage] != NULL) {
            g_string_append_c(key, '_');
            g_string_append_len(key, r->endings[stage], (gssize)r->sizes[stage]);
        }
    return g_string_free(key, FALSE);
}

/* The lowest bit of what the row does not allow. That of _on_error it always does: what that asks
 * for is told by itself. */
static unsigned not_allowed(const struct reading *r)
{
    const struct param_info *info = r->parse->info;
    unsigned scopes = r->scopes & ~(unsigned)PARAM_ON_ERROR;
    unsigned wrong = scopes & ~info->scopes;

    if (info->kind == PARAM_INT || info->kind == PARAM_SIZE || info->kind == PARAM_DURATION)
        wrong &= ~(unsigned)PARAM_LIMITS;
    /* An inner object may be several things by its name. */
    if (scopes & PARAM_INNER & info->scopes)
        wrong &= ~(unsigned)PARAM_INNER;
    return wrong & -wrong;
}

static bool read_key(const struct objects *objects, const char *key, enum belief belief,
                     struct key_parse *parse)
{
    g_autofree char *rest = g_strdup(key);
    struct reading r = {.objects = objects, .belief = belief, .parse = parse};
    unsigned wrong;

    if (!read_rest(&r, rest, STAGE_BOUND, 0))
        return false;
    parse->on_error = r.endings[STAGE_ON_ERROR] != NULL;
    parse->is_bound = r.endings[STAGE_BOUND] != NULL;
    if (r.endings[STAGE_HOST] != NULL)
        parse->host = (unsigned)g_ascii_strtoull(r.endings[STAGE_HOST] + 4, NULL, 10);
    parse->current = join(&r);
    wrong = not_allowed(&r);
    if (parse->object != NULL)
        parse->class = KEY_NOT_HERE;
    else if (belief == BELIEVE_ANY_ORDER)
        parse->class = KEY_DISORDERED;
    else
        parse->class = KEY_KNOWN;
    /* What is not carried out anyway is told for whatever object it is asked. */
    if (wrong == 0 || parse->info->care != PARAM_HONOURED)
        return true;
    parse->class = KEY_NOT_SO;
    parse->wrong = wrong;
    return true;
}

/* Endings do not matter: what a family asks for is done for no object. */
static void read_family(const char *key, struct key_parse *parse)
{
    const struct param_info *family = description_family(key);

    if (family == NULL)
        return;
    parse->class = KEY_KNOWN;
    parse->info = family;
    parse->current = g_strdup(key);
}

struct key_parse *objects_parse(const struct objects *objects, const char *key)
{
    struct key_parse *parse = g_new0(struct key_parse, 1);

    for (enum belief belief = BELIEVE_TEST; belief <= BELIEVE_NAMES; belief++) {
        /* mem_nic7 is nobody's: there is no such card, and mem is not a card's. */
        if (read_key(objects, key, belief, parse) &&
            (belief != BELIEVE_NAMES || parse->class == KEY_NOT_HERE ||
             parse->wrong == PARAM_PER_HOST))
            return parse;
        g_free(parse->current);
        g_free(parse->object);
        *parse = (struct key_parse){.class = KEY_UNKNOWN};
    }
    read_family(key, parse);
    return parse;
}

struct key_parse *objects_guess(const char *key)
{
    struct key_parse *parse = g_new0(struct key_parse, 1);

    if (!read_key(NULL, key, BELIEVE_NAMES, parse))
        read_family(key, parse);
    return parse;
}

char *objects_rename(const struct objects *objects, const char *key, objects_name_fn find,
                     void *user)
{
    g_autofree char *rest = g_strdup(key);
    struct reading r = {
        .objects = objects, .belief = BELIEVE_NAMES, .find = find, .find_user = user};

    return read_rest(&r, rest, STAGE_BOUND, 0) ? join(&r) : NULL;
}

void key_parse_free(struct key_parse *parse)
{
    if (parse == NULL)
        return;
    g_free(parse->current);
    g_free(parse->object);
    g_free(parse->near);
    g_free(parse);
}

bool objects_is_place(const struct objects *objects, const char *endings)
{
    g_autofree char *rest = g_strdup(endings);
    struct reading r = {.objects = objects, .belief = BELIEVE_TEST};
    char *cut = strrchr(rest, '_');
    bool is_here;

    if (*rest == '\0')
        return true;
    if (cut != NULL && scopes_of(&r, cut + 1, &is_here) & PARAM_PER_HOST) {
        *cut = '\0';
        if (*rest == '\0')
            return true;
    }
    return *rest == '_' && scopes_of(&r, rest + 1, &is_here) & PARAM_PER_VM;
}
