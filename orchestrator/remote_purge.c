/*
 * The cache goes last, and only if no node lives and nothing is left: a live node runs from it, and
 * the next try needs its program. Only folders with the name of a bundle are removed, so the user's
 * own guests beside them (~/.cache/vtmh/guests, from deploy/guest) are safe.
 */
#include "orchestrator/remote_purge.h"

#include "orchestrator/node_answer.h"
#include "orchestrator/remote_cache.h"

/* Which node program to use: $node; $found when there is one at all. */
static const char find_part[] =
    "cd \"$cache\" 2>/dev/null && for folder in $first $(ls -dt node-* 2>/dev/null); do\n"
    "    [ -z \"$node\" ] || break\n"
    "    [ -f \"$folder/vtmh-node\" ] || continue\n"
    "    found=yes\n"
    "    \"./$folder/vtmh-node\" --version >/dev/null 2>&1 </dev/null || continue\n"
    "    node=./$folder/vtmh-node\n"
    "done\n";

/* Its clean-up; $keep says why the cache cannot go. */
static const char clean_part[] =
    "if [ -n \"$node\" ]; then\n"
    "    lines=$(\"$node\" cleanup 2>&1 </dev/null) || keep='something is left to remove'\n"
    "    [ -z \"$keep\" ] || say failed\n"
    "    while IFS= read -r line; do\n"
    "        case $line in 'live '*) keep='a node runs' ;; esac\n"
    "        say \"$line\"\n"
    "    done <<END_OF_LINES\n"
    "$lines\n"
    "END_OF_LINES\n"
    "elif [ -n \"$found\" ]; then\n"
    "    say \"left what dead nodes may have left: no node program in $cache runs there\"\n"
    "fi\n";

static const char cache_part[] = "cd \"$cache\" 2>/dev/null && for folder in node-* guests-*; do\n"
                                 "    [ -d \"$folder\" ] || continue\n"
                                 "    case ${folder#*-} in *[!0-9a-f]*) continue ;; esac\n"
                                 "    if [ -n \"$keep\" ]; then\n"
                                 "        say \"left cache $cache/$folder: $keep\"\n"
                                 "    elif why=$(rm -rf \"./$folder\" 2>&1); then\n"
                                 "        say \"removed cache $cache/$folder\"\n"
                                 "    else\n"
                                 "        say \"left cache $cache/$folder: $why\"\n"
                                 "    fi\n"
                                 "done\n" REMOTE_CACHE_REMOVE_OLD_UPLOADS
                                 /* Empty now, if nobody else put anything there. */
                                 "cd / && rmdir \"$cache\" 2>/dev/null\n";

char *remote_purge_script(const struct remote_purge *purge)
{
    g_autofree char *node = g_shell_quote(purge->program != NULL ? purge->program : "");
    g_autofree char *first = g_shell_quote(purge->folder != NULL ? purge->folder : "");

    return g_strdup_printf("%snode=%s first=%s found= keep=\n%s%s%ssay done\n",
                           remote_cache_prologue, node, first,
                           purge->program != NULL ? "found=yes\n" : find_part, clean_part,
                           purge->with_cache ? cache_part : "");
}

struct purged *purged_new(void)
{
    struct purged *purged = g_new0(struct purged, 1);

    purged->removed = g_ptr_array_new_with_free_func(g_free);
    purged->live = g_ptr_array_new_with_free_func(g_free);
    purged->left = g_ptr_array_new_with_free_func(g_free);
    return purged;
}

void purged_free(struct purged *purged)
{
    if (purged == NULL)
        return;
    g_ptr_array_unref(purged->removed);
    g_ptr_array_unref(purged->live);
    g_ptr_array_unref(purged->left);
    g_free(purged);
}

/* What else the lines say, beside what goes into a struct purged. */
struct remarks {
    bool is_done;
    bool has_failed;   /* the node program */
    bool is_told;      /* something is left beside the cache */
    const char *words; /* the last that it said otherwise */
};

static void read_line(const char *line, struct purged *purged, struct remarks *remarks)
{
    const struct {
        const char *word;
        GPtrArray *lines;
    } kinds[] = {{"removed ", purged->removed}, {"live ", purged->live}, {"left ", purged->left}};

    if (g_str_has_prefix(line, "left ") && !g_str_has_prefix(line, "left cache "))
        remarks->is_told = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!g_str_has_prefix(line, kinds[i].word))
            continue;
        g_ptr_array_add(kinds[i].lines, g_strdup(line + strlen(kinds[i].word)));
        return;
    }
    if (strcmp(line, "done") == 0)
        remarks->is_done = true;
    else if (strcmp(line, "failed") == 0)
        remarks->has_failed = true;
    else if (*line != '\0')
        remarks->words = line;
}

/* Sets err if the lines are not those of a clean-up that came to its end. */
static int judge(const struct remarks *remarks, const char *errors, const char *ending,
                 GError **err)
{
    if (!remarks->is_done)
        return node_answer_clean_up_failed(errors, ending != NULL ? ending : "its shell gave up",
                                           err);
    if (remarks->has_failed && !remarks->is_told)
        return node_answer_clean_up_failed(remarks->words, "the node program failed", err);
    return 0;
}

struct purged *remote_purge_read(const char *out, const char *errors, const char *ending,
                                 GError **err)
{
    g_auto(GStrv) lines = g_strsplit(out != NULL ? out : "", "\n", -1);
    g_autoptr(purged) purged = purged_new();
    struct remarks remarks = {0};

    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, REMOTE_CACHE_MARK))
            read_line(*line + strlen(REMOTE_CACHE_MARK), purged, &remarks);
    return judge(&remarks, errors, ending, err) == 0 ? g_steal_pointer(&purged) : NULL;
}
