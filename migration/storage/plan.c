#include "migration/storage/plan.h"

#include "migration/params.h"
#include "migration/params_tables.h"

#include <string.h>

static void plan_free(gpointer data)
{
    struct image_plan *plan = data;

    g_free(plan->vm);
    image_free(plan->image);
    image_free(plan->master);
    g_clear_pointer(&plan->params, params_unref);
    g_free(plan->made);
    g_free(plan);
}

char *image_plan_name(const struct image_plan *plan)
{
    return g_strdup_printf("%s of %s", plan->image->name, plan->vm);
}

char *image_plan_backup(const struct image_plan *plan)
{
    const char *dir = param_text(plan->params, "backup_dir");
    g_autofree char *name = g_path_get_basename(plan->image->location);
    g_autofree char *file = g_strconcat(name, ".backup", NULL);
    g_autofree char *folder = dir != NULL && *dir != '\0'
                                  ? image_data_path(plan->params, dir)
                                  : g_path_get_dirname(plan->image->location);

    return g_build_filename(folder, file, NULL);
}

char *image_plan_backing(const struct image_plan *plan)
{
    g_autofree char *here = g_path_get_dirname(plan->image->location);
    g_autofree char *there = g_path_get_dirname(plan->base->location);

    return !plan->base->is_url && strcmp(here, there) == 0
               ? g_path_get_basename(plan->base->location)
               : g_strdup(plan->base->location);
}

static bool is_cloned(const struct params *image, const char *name)
{
    g_auto(GStrv) cloned = param_list(image, "master_images_clone");

    return g_strv_contains((const char *const *)cloned, name) &&
           param_is_set(image, "master_image_name");
}

/* What it is cloned from: the same image under another name. */
static struct image *master_of(const struct params *vm, const struct params *image,
                               const char *name, GError **err)
{
    g_autoptr(params) original = params_copy(vm);
    g_autofree char *key = g_strdup_printf("image_name_%s", name);
    const char *path = param_text(image, "master_image_name");

    params_set(original, "image_name", path, NULL);
    params_set(original, key, path, NULL);
    return image_new(original, name, err);
}

bool image_plan_changes(const struct image_plan *plan)
{
    return plan->writes ||
           (plan->is_work &&
            (plan->origin != IMAGE_IS_THERE || param_is_yes(plan->params, "remove_image") ||
             param_is_yes(plan->params, "restore_image") ||
             param_is_yes(plan->params, "restore_image_after_testing")));
}

/* Behind the test it would be too late to say that nothing was kept. */
static int check_restore(const struct image_plan *plan, GError **err)
{
    static const char *const restores[] = {"restore_image", "restore_image_after_testing"};

    if (param_is_yes(plan->params, "backup_image_before_testing") ||
        param_is_yes(plan->params, "backup_image"))
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(restores); i++) {
        if (!param_is_yes(plan->params, restores[i]))
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s = yes: without backup_image_before_testing = yes there is no copy of %s "
                    "from before the test",
                    restores[i], plan->image->location);
        return -1;
    }
    return 0;
}

/* What avocado-vt calls the places of images. An image is taken from where image_name says: the
 * word has to be right. */
static const struct {
    const char *word;
    bool is_file;               /* it may be one, or a device */
    const char *const *schemes; /* of URLs that it may be */
} places[] = {
    {"filesystem", true, NULL},
    {"dir", true, NULL},
    {"nfs", true, WORDS("nfs://")},
    {"gluster", false, WORDS("gluster")},
    {"ceph", false, WORDS("rbd:")},
    {"nbd", false, WORDS("nbd")},
    {"ssh", false, WORDS("ssh://")},
    {"curl", false, WORDS("http", "ftp")},
    {"iscsi-direct", false, WORDS("iscsi")},
};

static bool is_at(const struct image *image, size_t place)
{
    if (!image->is_url)
        return places[place].is_file;
    for (const char *const *scheme = places[place].schemes; scheme != NULL && *scheme != NULL;
         scheme++)
        if (g_str_has_prefix(image->location, *scheme))
            return true;
    return false;
}

static int check_place(const struct image_plan *plan, const char *param, GError **err)
{
    const char *word = param_is_set(plan->params, param) ? param_text(plan->params, param) : NULL;
    size_t i = 0;

    while (i < G_N_ELEMENTS(places) && g_strcmp0(word, places[i].word) != 0)
        i++;
    if (word == NULL || i == G_N_ELEMENTS(places) || is_at(plan->image, i))
        return 0;
    g_autofree char *schemes =
        places[i].schemes != NULL ? g_strjoinv(" or ", (char **)places[i].schemes) : NULL;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s = %s, but %s is no %s%s%s", param, word,
                plan->image->location, schemes != NULL ? "URL of " : "file",
                schemes != NULL ? schemes : "",
                schemes != NULL && places[i].is_file ? " and no file" : "");
    return -1;
}

/* What moves is a file, or a device, of this host's own, and is written to over there. */
static int check_moving(const struct image_plan *plan, GError **err)
{
    if (!plan->moves || (plan->writes && !plan->image->is_url))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "migrate_storage = yes: %s %s, and does not move (migrate_storage_%s = no)",
                plan->image->location,
                plan->image->is_url ? "is a URL, which all hosts reach" : "is read only",
                plan->image->name);
    return -1;
}

static int read_plan(struct image_plan *plan, const struct params *vm, const char *name,
                     GError **err)
{
    bool create, force_create, force_clone, readonly, skip, moves;

    plan->image = image_new(vm, name, err);
    plan->params = params_object_params(vm, name);
    if (plan->image == NULL || param_bool(plan->params, "create_image", &create, err) < 0 ||
        param_bool(plan->params, "force_create_image", &force_create, err) < 0 ||
        param_bool(plan->params, "force_image_clone", &force_clone, err) < 0 ||
        param_bool(plan->params, "image_readonly", &readonly, err) < 0 ||
        param_bool(plan->params, "skip_image_processing", &skip, err) < 0 ||
        param_bool(plan->params, "migrate_storage", &moves, err) < 0)
        return -1;
    plan->is_work = !skip;
    plan->writes = !readonly;
    plan->moves = moves;
    if (check_place(plan, "storage_type", err) < 0 || check_place(plan, "image_backend", err) < 0 ||
        check_moving(plan, err) < 0 || (plan->is_work && check_restore(plan, err) < 0))
        return -1;
    if (skip || plan->image->is_url || plan->image->is_device)
        return 0;
    if (is_cloned(plan->params, name)) {
        plan->origin = IMAGE_CLONED;
        plan->anew = force_clone;
        plan->master = master_of(vm, plan->params, name, err);
        if (plan->master != NULL && strcmp(plan->master->location, plan->image->location) == 0) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "%s would be cloned onto itself: give its clone another name "
                        "(image_name_%s)",
                        plan->image->location, plan->vm);
            return -1;
        }
        return plan->master != NULL ? 0 : -1;
    }
    if (create || force_create)
        plan->origin = IMAGE_CREATED;
    plan->anew = force_create;
    return 0;
}

GStrv image_moving(const struct params *vm, GError **err)
{
    g_auto(GStrv) names = image_names(vm);
    g_autoptr(GStrvBuilder) moving = g_strv_builder_new();
    bool moves;

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(vm, *name);
        if (param_bool(own, "migrate_storage", &moves, err) < 0)
            return NULL;
        if (moves)
            g_strv_builder_add(moving, *name);
    }
    return g_strv_builder_end(moving);
}

/* The file that QEMU writes to is one of its own, which only refers to what it is made on. */
static const char *why_not_on_top(const struct image_plan *plan)
{
    if (plan->image->is_url || plan->image->is_device)
        return "is no file";
    if (strcmp(plan->image->format, "qcow2") != 0)
        return "is not in the format qcow2";
    if (plan->origin == IMAGE_CLONED)
        return "is to be a clone (master_images_clone)";
    return NULL;
}

/* chain: the plans of it that are read, the last one's place found. */
static int link_up(const GPtrArray *chain, GError **err)
{
    struct image_plan *plan = g_ptr_array_index(chain, chain->len - 1);
    const char *why = NULL;

    for (unsigned i = 0; i + 1 < chain->len; i++) {
        const struct image_plan *below = g_ptr_array_index(chain, i);
        if (strcmp(below->image->location, plan->image->location) != 0)
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "image_chain: %s would build on itself, as %s and as %s (image_name_%s)",
                    plan->image->location, below->image->name, plan->image->name,
                    plan->image->name);
        return -1;
    }
    if (chain->len > 1)
        why = why_not_on_top(plan);
    if (why == NULL && plan->moves)
        why = "moves with its VM (migrate_storage)";
    if (why != NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "image_chain: %s %s",
                    plan->image->location, why);
        return -1;
    }
    if (chain->len > 1 && plan->is_work) {
        plan->base = ((struct image_plan *)g_ptr_array_index(chain, chain->len - 2))->image;
        plan->origin = IMAGE_ON_TOP;
    }
    return 0;
}

static int add_chain(GPtrArray *plans, const struct params *vm, const char *vm_name, GStrv names,
                     GError **err)
{
    g_autoptr(GPtrArray) chain = g_ptr_array_new();

    for (char **name = names; *name != NULL; name++) {
        struct image_plan *plan = g_new0(struct image_plan, 1);
        g_ptr_array_add(plans, plan);
        g_ptr_array_add(chain, plan);
        plan->vm = g_strdup(vm_name);
        if (read_plan(plan, vm, *name, err) < 0 || (names[1] != NULL && link_up(chain, err) < 0)) {
            g_prefix_error(err, "%s of %s: ", *name, vm_name);
            return -1;
        }
        plan->writes = plan->writes && name[1] == NULL;
    }
    return 0;
}

static int add_plans(GPtrArray *plans, const struct params *test, const char *name, GError **err)
{
    g_autoptr(params) vm = params_object_params(test, name);
    g_autoptr(GPtrArray) chains = image_chains(vm);

    if (!image_chain_is_used(vm)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "image_chain = %s: images of %s names none of them",
                    params_get(vm, "image_chain"), name);
        return -1;
    }
    for (unsigned i = 0; i < chains->len; i++)
        if (add_chain(plans, vm, name, g_ptr_array_index(chains, i), err) < 0)
            return -1;
    return 0;
}

static bool keeps_copy(const struct image_plan *plan)
{
    return plan->is_work && !plan->image->is_url && !plan->image->is_device &&
           (param_is_yes(plan->params, "backup_image_before_testing") ||
            param_is_yes(plan->params, "backup_image"));
}

/* The copy of one would be put back over another. */
static int check_copies(const GPtrArray *plans, GError **err)
{
    g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i), *other;
        char *copy;
        if (!keeps_copy(plan))
            continue;
        copy = image_plan_backup(plan);
        other = g_hash_table_lookup(kept, copy);
        if (other != NULL && strcmp(other->image->location, plan->image->location) != 0) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "%s of %s and %s of %s: the copy of both %s and %s would be %s "
                        "(backup_dir)",
                        other->image->name, other->vm, plan->image->name, plan->vm,
                        other->image->location, plan->image->location, copy);
            g_free(copy);
            return -1;
        }
        g_hash_table_replace(kept, copy, (gpointer)plan);
    }
    return 0;
}

static void add_medium(GPtrArray *media, const char *vm_name, const struct params *vm,
                       const char *drive, const char *param, bool writes)
{
    g_autoptr(params) own = params_object_params(vm, drive);
    const char *path = param_text(own, param);

    if (path == NULL || *path == '\0')
        return;
    struct image_plan *plan = g_new0(struct image_plan, 1);
    plan->vm = g_strdup(vm_name);
    plan->image = g_new0(struct image, 1);
    plan->image->name = g_strdup(drive);
    plan->image->is_url = image_is_url(path);
    plan->image->location = plan->image->is_url ? g_strdup(path) : image_data_path(own, path);
    plan->image->format = g_strdup("raw");
    plan->writes = writes;
    plan->is_medium = true;
    plan->params = g_steal_pointer(&own);
    g_ptr_array_add(media, plan);
}

GPtrArray *image_media(const struct params *test)
{
    static const struct {
        const char *drives, *param;
        bool writes;
    } kinds[] = {{"cdroms", "cdrom", false}, {"floppies", "floppy_name", true}};
    GPtrArray *media = g_ptr_array_new_with_free_func(plan_free);
    g_auto(GStrv) vms = param_list(test, "vms");

    for (char **name = vms; *name != NULL; name++) {
        g_autoptr(params) vm = params_object_params(test, *name);
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
            g_auto(GStrv) drives = param_list(vm, kinds[i].drives);
            for (char **drive = drives; *drive != NULL; drive++)
                add_medium(media, *name, vm, *drive, kinds[i].param, kinds[i].writes);
        }
    }
    return media;
}

GPtrArray *image_plans(const struct params *test, GError **err)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(plan_free);
    g_auto(GStrv) vms = param_list(test, "vms");

    for (char **vm = vms; *vm != NULL; vm++)
        if (add_plans(plans, test, *vm, err) < 0)
            return NULL;
    if (check_copies(plans, err) < 0)
        return NULL;
    return g_steal_pointer(&plans);
}

/* "images/foo_vm1", also of "images/foo.qcow2": what is behind the point is the format's. */
static char *clone_of(const char *name, const char *format, const char *vm)
{
    g_autofree char *ending = g_strdup_printf(".%s", format != NULL ? format : "qcow2");
    size_t size = strlen(name);

    if (g_str_has_suffix(name, ending))
        size -= strlen(ending);
    return g_strdup_printf("%.*s_%s%s", (int)size, name, vm, name + size);
}

static void name_clone(struct params *test, const struct params *vm, const char *vm_name,
                       const char *image_name)
{
    g_autoptr(params) common = params_object_params(test, image_name);
    g_autoptr(params) image = params_object_params(vm, image_name);
    g_autofree char *key = g_strdup_printf("image_name_%s_%s", image_name, vm_name);
    g_autofree char *master_key = g_strdup_printf("master_image_name_%s_%s", image_name, vm_name);
    g_autofree char *vm_key = g_strdup_printf("image_name_%s", vm_name);
    const char *master = params_get(image, "master_image_name");
    const char *target = params_get(test, vm_key);

    if (master == NULL)
        master = params_get(common, "image_name");
    if (params_get(test, key) != NULL || master == NULL || *master == '\0')
        return;
    g_autofree char *made_up = clone_of(master, params_get(image, "image_format"), vm_name);
    params_set(test, key, target != NULL ? target : made_up, NULL);
    params_set(test, master_key, master, NULL);
}

void clone_names(struct params *test)
{
    g_auto(GStrv) vms = param_list(test, "vms");

    for (char **vm = vms; *vm != NULL; vm++) {
        g_autoptr(params) own = params_object_params(test, *vm);
        g_auto(GStrv) images = param_list(own, "master_images_clone");
        for (char **image = images; *image != NULL; image++)
            name_clone(test, own, *vm, *image);
    }
}

static bool keeps_no_writes(const char *cache)
{
    return cache == NULL || *cache == '\0' || strcmp(cache, "none") == 0 ||
           strcmp(cache, "directsync") == 0;
}

char *image_plan_unmovable(const struct image_plan *plan)
{
    const char *cache = params_get(plan->params, "drive_cache");

    if (param_is_yes(plan->params, "image_snapshot"))
        return g_strdup_printf("image_snapshot = yes (%s): what the guest writes to %s would stay "
                               "on the host that it leaves",
                               params_origin(plan->params, "image_snapshot"),
                               plan->image->location);
    if (!plan->moves && !plan->is_medium && plan->writes && !plan->image->is_url &&
        !keeps_no_writes(cache))
        return g_strdup_printf("drive_cache = %s (%s): hosts that share %s must keep nothing of it "
                               "for themselves: none or directsync",
                               cache, params_origin(plan->params, "drive_cache"),
                               plan->image->location);
    return NULL;
}
