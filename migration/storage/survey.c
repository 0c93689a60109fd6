#include "migration/storage/survey.h"

#include "migration/params_wire.h"
#include "migration/storage/look.h"
#include "migration/storage/plan.h"
#include "migration/storage/qemu_img.h"

#include <string.h>

#define ANSWER_MS 10000 /* for the storage of one folder */
#define SIDE_BY_SIDE 8  /* processes at a time */
#define AT_ONCE 256     /* questions to one of them */

/* One image of one test. */
struct wanted {
    const struct image_plan *plan;
    unsigned test;
    json_t *answer; /* of look.h; NULL: not asked */
};

struct survey {
    const struct host *host;
    const Vtmh__LookAtImages *request;
    GPtrArray *plans;   /* GPtrArray of struct image_plan, of each test that has them */
    GPtrArray *wanted;  /* struct wanted */
    GHashTable *tokens; /* folder -> name of our file in it */
    GHashTable *untold; /* folder -> why there is none */
    GHashTable *shown;  /* paths of what we have made: char * */
    Vtmh__ImagesSeen seen;
    unsigned n_tokens;
};

/* ---- asking, folder by folder */

/* Questions about one folder, and where the answers go. */
struct folder {
    const char *path;
    json_t *questions;
    GPtrArray *places; /* json_t **: owner's, filled in */
    struct folders *all;
};

struct folders {
    GHashTable *by_path; /* path -> struct folder */
    GPtrArray *list;
    unsigned next;
};

static void folder_free(gpointer data)
{
    struct folder *folder = data;

    g_free((char *)folder->path);
    json_decref(folder->questions);
    g_ptr_array_unref(folder->places);
    g_free(folder);
}

static void folders_init(struct folders *folders)
{
    folders->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    folders->list = g_ptr_array_new_with_free_func(folder_free);
    folders->next = 0;
}

static void folders_clear(struct folders *folders)
{
    g_hash_table_unref(folders->by_path);
    g_ptr_array_unref(folders->list);
}

/* question: transfer full. place: set to the answer, transfer full. */
static void ask(struct folders *folders, const char *path, json_t *question, json_t **place)
{
    struct folder *folder = g_hash_table_lookup(folders->by_path, path);

    if (folder == NULL || json_array_size(folder->questions) >= AT_ONCE) {
        folder = g_new0(struct folder, 1);
        folder->path = g_strdup(path);
        folder->questions = json_array();
        folder->places = g_ptr_array_new();
        folder->all = folders;
        g_ptr_array_add(folders->list, folder);
        g_hash_table_insert(folders->by_path, (char *)folder->path, folder);
    }
    json_array_append_new(folder->questions, question != NULL ? question : json_object());
    g_ptr_array_add(folder->places, place);
}

/* All that are about a folder whose storage does not answer say so. */
static void ask_folder(struct folder *folder)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *answers =
        look_ask(json_incref(folder->questions), folder->path, deadline_in(ANSWER_MS), &error);

    for (unsigned i = 0; i < folder->places->len; i++) {
        json_t **place = g_ptr_array_index(folder->places, i);
        *place = answers != NULL ? json_incref(json_array_get(answers, i))
                                 : json_pack("{s:s}", "trouble", error->message);
    }
}

static int ask_next(void *arg, GError **err)
{
    struct folders *folders = arg;
    (void)err;

    while (folders->next < folders->list->len)
        ask_folder(g_ptr_array_index(folders->list, folders->next++));
    return 0;
}

static void ask_all(struct folders *folders)
{
    struct scope *scope = scope_open("folders of images");

    for (unsigned i = 0; i < MIN(folders->list->len, SIDE_BY_SIDE); i++)
        scope_spawn(scope, "a folder of images", ask_next, folders);
    scope_close(scope, NULL);
}

static const char *trouble_of(const json_t *answer)
{
    return json_string_value(json_object_get(answer, "trouble"));
}

/* ---- what is wanted */

static void plans_free(gpointer plans)
{
    g_ptr_array_unref(plans);
}

static void wanted_free(gpointer data)
{
    struct wanted *wanted = data;

    json_decref(wanted->answer);
    g_free(wanted);
}

struct survey *survey_new(const struct host *host, const Vtmh__LookAtImages *request)
{
    struct survey *survey = g_new0(struct survey, 1);

    survey->host = host;
    survey->request = request;
    survey->plans = g_ptr_array_new_with_free_func(plans_free);
    survey->wanted = g_ptr_array_new_with_free_func(wanted_free);
    survey->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    survey->untold = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    survey->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    survey->seen = (Vtmh__ImagesSeen)VTMH__IMAGES_SEEN__INIT;
    survey->seen.n_tests = request->n_tests;
    survey->seen.tests = g_new0(Vtmh__TestImages *, request->n_tests);
    for (size_t i = 0; i < request->n_tests; i++) {
        survey->seen.tests[i] = g_new(Vtmh__TestImages, 1);
        *survey->seen.tests[i] = (Vtmh__TestImages)VTMH__TEST_IMAGES__INIT;
    }
    return survey;
}

/* The first counts. */
static void set_trouble(struct survey *survey, unsigned test, const char *what, const char *why)
{
    Vtmh__TestImages *seen = survey->seen.tests[test];

    if (*seen->trouble == '\0')
        seen->trouble = what != NULL ? g_strdup_printf("%s: %s", what, why) : g_strdup(why);
}

static void read_test(struct survey *survey, unsigned test)
{
    const Vtmh__TestParams *asked = survey->request->tests[test];
    g_autoptr(params) params = params_from_wire(asked->params, asked->n_params);
    g_autoptr(GError) error = NULL;

    clone_names(params);
    GPtrArray *plans = image_plans(params, &error);
    if (plans == NULL) {
        set_trouble(survey, test, NULL, error->message);
        return;
    }
    g_ptr_array_add(survey->plans, plans);
    for (unsigned i = 0; i < plans->len; i++) {
        struct wanted *wanted = g_new0(struct wanted, 1);
        wanted->plan = g_ptr_array_index(plans, i);
        wanted->test = test;
        g_ptr_array_add(survey->wanted, wanted);
        g_autofree char *name = image_plan_name(wanted->plan);
        g_autofree char *unmovable = image_plan_unmovable(wanted->plan);
        if (unmovable != NULL)
            set_trouble(survey, test, name, unmovable);
    }
}

/* ---- looking */

static json_t *question_of(const struct image_plan *plan, bool is_first)
{
    const struct image *image = plan->image;

    if (plan->origin == IMAGE_CLONED && is_first)
        return json_pack("{s:s, s:s, s:b}", "image", plan->master->location, "format",
                         plan->master->format, "writes", 0);
    if (plan->origin != IMAGE_IS_THERE || (plan->moves && !is_first))
        return json_pack("{s:s}", "place", image->location);
    return json_pack("{s:s, s:s, s:b}", "image", image->location, "format", image->format, "writes",
                     plan->writes);
}

static bool asks_qemu(const struct image_plan *plan)
{
    return plan->image->is_url;
}

/* What QEMU alone can open. */
static json_t *ask_qemu(const struct image_plan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = qemu_img_program(plan->params, NULL, &error);
    const struct qemu_img qemu_img = {program, NULL};
    json_auto_t *info = program != NULL
                            ? qemu_img_info(&qemu_img, plan->image->location, plan->image->format,
                                            deadline_in(ANSWER_MS), &error)
                            : NULL;

    return info != NULL ? json_object() : json_pack("{s:s}", "trouble", error->message);
}

static void look_at_all(struct survey *survey)
{
    struct folders folders;

    folders_init(&folders);
    for (unsigned i = 0; i < survey->wanted->len; i++) {
        struct wanted *wanted = g_ptr_array_index(survey->wanted, i);
        if (asks_qemu(wanted->plan)) {
            wanted->answer = ask_qemu(wanted->plan);
            continue;
        }
        g_autofree char *folder = g_path_get_dirname(wanted->plan->image->location);
        ask(&folders, folder, question_of(wanted->plan, survey->request->self == 0),
            &wanted->answer);
    }
    ask_all(&folders);
    folders_clear(&folders);
    for (unsigned i = 0; i < survey->wanted->len; i++) {
        const struct wanted *wanted = g_ptr_array_index(survey->wanted, i);
        g_autofree char *name = image_plan_name(wanted->plan);
        if (trouble_of(wanted->answer) != NULL)
            set_trouble(survey, wanted->test, name, trouble_of(wanted->answer));
    }
}

/* ---- the files beside them */

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
        ask(&folders, token->folder, json_pack("{s:s}", "write", file), &token->answer);
    }
    ask_all(&folders);
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

/* Of an image that is cloned the master is one host's affair, and the folder of the clone counts.
 */
static json_t *files_of(const struct wanted *wanted)
{
    const json_t *files = json_object_get(wanted->answer, "files");

    if (wanted->plan->origin == IMAGE_CLONED && files != NULL)
        return json_pack("[{s:s}]", "path", wanted->plan->image->location);
    return files != NULL ? json_deep_copy(files) : json_array();
}

static void show_files(struct survey *survey)
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

const Vtmh__ImagesSeen *survey_look(struct survey *survey)
{
    g_autofree char *boot_id = NULL;

    for (unsigned i = 0; i < survey->request->n_tests; i++)
        read_test(survey, i);
    look_at_all(survey);
    show_files(survey);
    if (g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL))
        survey->seen.boot_id = g_strdup(g_strstrip(boot_id));
    return &survey->seen;
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
            ask(folders, folder, json_pack("{s:s}", "read", file), &pair->answer);
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
    ask_all(&folders);
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

static void remove_tokens(struct survey *survey)
{
    struct folders folders;
    GHashTableIter iter;
    gpointer path;
    json_t *dropped;

    folders_init(&folders);
    g_hash_table_iter_init(&iter, survey->shown);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        g_autofree char *folder = g_path_get_dirname(path);
        ask(&folders, folder, json_pack("{s:s}", "remove", path), &dropped);
    }
    for (unsigned i = 0; i < folders.list->len; i++) {
        struct folder *folder = g_ptr_array_index(folders.list, i);
        json_t *gone =
            look_ask(json_incref(folder->questions), folder->path, deadline_in(ANSWER_MS), NULL);
        json_decref(gone);
    }
    folders_clear(&folders);
    g_hash_table_iter_init(&iter, survey->shown);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        host_disown(survey->host, OWNED_BESIDE, path);
}

static void free_seen(Vtmh__ImagesSeen *seen)
{
    for (size_t t = 0; t < seen->n_tests; t++) {
        Vtmh__TestImages *test = seen->tests[t];
        for (size_t i = 0; i < test->n_files; i++) {
            g_free(test->files[i]->image);
            g_free(test->files[i]->path);
            g_free(test->files[i]->token);
            g_free(test->files[i]->untold);
            g_free(test->files[i]);
        }
        g_free(test->files);
        if (*test->trouble != '\0')
            g_free(test->trouble);
        g_free(test);
    }
    g_free(seen->tests);
    if (*seen->boot_id != '\0')
        g_free(seen->boot_id);
}

void survey_free(struct survey *survey)
{
    if (survey == NULL)
        return;
    remove_tokens(survey);
    g_ptr_array_unref(survey->wanted);
    g_ptr_array_unref(survey->plans);
    g_hash_table_unref(survey->tokens);
    g_hash_table_unref(survey->untold);
    g_hash_table_unref(survey->shown);
    free_seen(&survey->seen);
    g_free(survey);
}
