/* Whether hosts see one and the same file (survey.h). */
#include "migration/storage/folders.h"
#include "migration/storage/survey_private.h"

#include <string.h>

struct token {
    char *folder, *name;
    json_t *answer;
};

static void token_free(gpointer data)
{
    struct token *token = data;

    g_free(token->folder);
    g_free(token->name);
    json_decref(token->answer);
    g_free(token);
}

/* Where a file that all hosts share is, the clone's own place included. */
static void add_folder(struct survey *survey, GPtrArray *tokens, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;

    if (g_hash_table_contains(survey->tokens, folder) ||
        g_hash_table_contains(survey->untold, folder))
        return;
    struct token *token = g_new0(struct token, 1);
    token->folder = g_strdup(folder);
    token->name = g_strdup_printf(".vtmh-%s-%u-%u.part", survey->request->token,
                                  survey->request->self, survey->n_tokens++);
    g_autofree char *file = g_build_filename(folder, token->name, NULL);
    if (host_own(survey->host, OWNED_BESIDE, file, &error) < 0) {
        g_hash_table_insert(survey->untold, g_strdup(folder), g_strdup(error->message));
        token_free(token);
        return;
    }
    g_hash_table_add(survey->shown, g_steal_pointer(&file));
    g_hash_table_insert(survey->tokens, g_strdup(folder), g_strdup(token->name));
    g_ptr_array_add(tokens, token);
}

static void leave_tokens(struct survey *survey, GPtrArray *tokens)
{
    struct folders folders;

    folders_init(&folders);
    for (unsigned i = 0; i < tokens->len; i++) {
        struct token *token = g_ptr_array_index(tokens, i);
        g_autofree char *file = g_build_filename(token->folder, token->name, NULL);
        folders_ask(&folders, token->folder, json_pack("{s:s}", "write", file), &token->answer);
    }
    folders_ask_all(&folders);
    folders_clear(&folders);
    for (unsigned i = 0; i < tokens->len; i++) {
        const struct token *token = g_ptr_array_index(tokens, i);
        const char *why = trouble_of(token->answer);
        if (why == NULL)
            continue;
        g_hash_table_insert(survey->untold, g_strdup(token->folder), g_strdup(why));
        g_hash_table_remove(survey->tokens, token->folder);
    }
}

static void tell_file(struct survey *survey, const struct wanted *wanted, const json_t *file)
{
    const char *path = json_string_value(json_object_get(file, "path"));
    g_autofree char *folder = g_path_get_dirname(path);
    Vtmh__TestImages *test = survey->seen.tests[wanted->test];
    Vtmh__ImageFile *told = g_new(Vtmh__ImageFile, 1);

    *told = (Vtmh__ImageFile)VTMH__IMAGE_FILE__INIT;
    told->image = image_plan_name(wanted->plan);
    told->path = g_strdup(path);
    told->token = g_strdup(g_hash_table_lookup(survey->tokens, folder));
    told->untold = g_strdup(g_hash_table_lookup(survey->untold, folder));
    if (told->token == NULL)
        told->token = g_strdup("");
    if (told->untold == NULL)
        told->untold = g_strdup("");
    told->device = (uint64_t)json_integer_value(json_object_get(file, "device"));
    told->inode = (uint64_t)json_integer_value(json_object_get(file, "inode"));
    told->moves = wanted->plan->moves;
    test->files = g_renew(Vtmh__ImageFile *, test->files, test->n_files + 1);
    test->files[test->n_files++] = told;
}

/* A medium may be each host's own copy. Of an image that is cloned the master is one host's affair,
 * and the folder of the clone counts.
 */
static json_t *files_of(const struct wanted *wanted)
{
    const json_t *files = json_object_get(wanted->answer, "files");

    if (wanted->plan->origin == IMAGE_CLONED && files != NULL)
        return json_pack("[{s:s}]", "path", wanted->plan->image->location);
    return files != NULL && !wanted->plan->is_medium ? json_deep_copy(files) : json_array();
}

void survey_show_files(struct survey *survey)
{
    g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(token_free);
    json_t *file;
    size_t i;

    for (unsigned w = 0; survey->request->n_hosts > 1 && w < survey->wanted->len; w++) {
        json_auto_t *files = files_of(g_ptr_array_index(survey->wanted, w));
        json_array_foreach (files, i, file)
            add_folder(survey, tokens, json_string_value(json_object_get(file, "path")));
    }
    leave_tokens(survey, tokens);
    for (unsigned w = 0; w < survey->wanted->len; w++) {
        json_auto_t *files = files_of(g_ptr_array_index(survey->wanted, w));
        json_array_foreach (files, i, file)
            tell_file(survey, g_ptr_array_index(survey->wanted, w), file);
    }
}

/* ---- comparing */

/* One file of ours beside what another host says of it. */
struct pair {
    const Vtmh__ImageFile *ours, *theirs;
    unsigned test;
    const char *host; /* its name */
    bool one_kernel;
    json_t *answer; /* NULL: there is no token to look for */
};

static void pair_free(gpointer data)
{
    struct pair *pair = data;

    json_decref(pair->answer);
    g_free(pair);
}

static bool is_same(const struct pair *pair)
{
    const Vtmh__ImageFile *ours = pair->ours, *theirs = pair->theirs;

    if (*theirs->token != '\0')
        return json_is_true(json_object_get(pair->answer, "same"));
    return pair->one_kernel && ours->inode != 0 && ours->device == theirs->device &&
           ours->inode == theirs->inode;
}

/* NULL: it is as it has to be. Transfer full. */
static char *judge(const struct pair *pair)
{
    const Vtmh__ImageFile *ours = pair->ours, *theirs = pair->theirs;
    g_autofree char *name = g_path_get_basename(ours->path);
    g_autofree char *other_name = g_path_get_basename(theirs->path);
    bool same = is_same(pair);

    if (trouble_of(pair->answer) != NULL)
        return g_strdup_printf("%s: %s", ours->image, trouble_of(pair->answer));
    if (ours->moves)
        return same && strcmp(name, other_name) == 0
                   ? g_strdup_printf("%s: migrate_storage = yes, but %s is one and the same file "
                                     "here and on %s",
                                     ours->image, ours->path, pair->host)
                   : NULL;
    if (!same && *theirs->token == '\0')
        return g_strdup_printf("%s: it cannot be told whether %s is the same file on %s: %s",
                               ours->image, ours->path, pair->host, theirs->untold);
    if (!same)
        return g_strdup_printf("%s: %s is not the file that %s has there: its folder is not "
                               "shared (migrate_storage = yes moves images that are not)",
                               ours->image, ours->path, pair->host);
    if (strcmp(name, other_name) != 0)
        return g_strdup_printf("%s: it is %s here and %s on %s", ours->image, ours->path,
                               theirs->path, pair->host);
    return NULL;
}

static void pair_up(struct survey *survey, const Vtmh__CompareImages *all, unsigned test,
                    GPtrArray *pairs, struct folders *folders)
{
    const Vtmh__TestImages *ours = survey->seen.tests[test];

    for (unsigned h = 0; h < MIN(all->n_hosts, survey->request->n_hosts); h++) {
        const Vtmh__ImagesSeen *host = all->hosts[h];
        const Vtmh__TestImages *theirs = test < host->n_tests ? host->tests[test] : NULL;
        if (h == survey->request->self || theirs == NULL)
            continue;
        for (size_t i = 0; i < MIN(ours->n_files, theirs->n_files); i++) {
            struct pair *pair = g_new0(struct pair, 1);
            *pair = (struct pair){ours->files[i],
                                  theirs->files[i],
                                  test,
                                  survey->request->hosts[h],
                                  strcmp(host->boot_id, survey->seen.boot_id) == 0,
                                  NULL};
            g_ptr_array_add(pairs, pair);
            if (*pair->theirs->token == '\0' || strchr(pair->theirs->token, '/') != NULL)
                continue;
            g_autofree char *folder = g_path_get_dirname(pair->ours->path);
            g_autofree char *file = g_build_filename(folder, pair->theirs->token, NULL);
            folders_ask(folders, folder, json_pack("{s:s}", "read", file), &pair->answer);
        }
    }
}

GStrv survey_compare(struct survey *survey, const Vtmh__CompareImages *all)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
    char **troubles = g_new0(char *, survey->request->n_tests + 1);
    struct folders folders;

    folders_init(&folders);
    for (unsigned i = 0; i < survey->request->n_tests; i++)
        pair_up(survey, all, i, pairs, &folders);
    folders_ask_all(&folders);
    folders_clear(&folders);
    for (unsigned i = 0; i < pairs->len; i++) {
        const struct pair *pair = g_ptr_array_index(pairs, i);
        if (troubles[pair->test] == NULL)
            troubles[pair->test] = judge(pair);
    }
    for (unsigned i = 0; i < survey->request->n_tests; i++)
        if (troubles[i] == NULL)
            troubles[i] = g_strdup("");
    return troubles;
}

/* ---- its end */

void survey_remove_files(struct survey *survey)
{
    unsigned n;
    g_autofree char **paths = (char **)g_hash_table_get_keys_as_array(survey->shown, &n);
    g_autofree json_t **answers = g_new0(json_t *, n);
    struct folders folders;

    folders_init(&folders);
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *folder = g_path_get_dirname(paths[i]);
        folders_ask(&folders, folder, json_pack("{s:s}", "remove", paths[i]), &answers[i]);
    }
    folders_ask_all(&folders);
    folders_clear(&folders);
    for (unsigned i = 0; i < n; i++) {
        json_decref(answers[i]);
        host_disown(survey->host, OWNED_BESIDE, paths[i]);
    }
}
