#include "migration/storage/folders.h"

#include "migration/storage/look.h"

#define SIDE_BY_SIDE 8 /* processes at a time */
#define AT_ONCE 256    /* questions to one of them */

/* Questions about one folder, and where the answers go. */
struct folder {
    const char *path;
    json_t *questions;
    GPtrArray *places; /* json_t **: owner's, filled in */
    struct folders *all;
};

static void folder_free(gpointer data)
{
    struct folder *folder = data;

    g_free((char *)folder->path);
    json_decref(folder->questions);
    g_ptr_array_unref(folder->places);
    g_free(folder);
}

void folders_init(struct folders *folders)
{
    folders->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    folders->list = g_ptr_array_new_with_free_func(folder_free);
    folders->next = 0;
}

void folders_clear(struct folders *folders)
{
    g_hash_table_unref(folders->by_path);
    g_ptr_array_unref(folders->list);
}

void folders_ask(struct folders *folders, const char *path, json_t *question, json_t **place)
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
    json_auto_t *answers = look_ask(json_incref(folder->questions), folder->path,
                                    deadline_in(FOLDERS_ANSWER_MS), &error);

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

void folders_ask_all(struct folders *folders)
{
    struct scope *scope = scope_open("folders of images");

    for (unsigned i = 0; i < MIN(folders->list->len, SIDE_BY_SIDE); i++)
        scope_spawn(scope, "a folder of images", ask_next, folders);
    scope_close(scope, NULL);
}
