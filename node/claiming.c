#include "node/claiming.h"

#include "migration/params_wire.h"
#include "migration/storage/plan.h"
#include "sync/child.h"

#include <string.h>
#include <unistd.h>

#define TAKE_MS 10000
#define RESOLVE_MS 5000 /* for a folder's real path: its storage may hang */

struct claiming {
    struct node *node;
    struct claims *claims;
    GPtrArray *folders; /* char *: value, parameter, value, … whose real paths are claimed */
    GPtrArray *images;  /* char *: paths of those that guests write to */
    char *refused;
};

static void answer(struct claiming *claiming)
{
    Vtmh__Claimed body = VTMH__CLAIMED__INIT;
    if (claiming->refused != NULL) {
        body.refused = claiming->refused;
        node_log(claiming->node, "claims refused: %s", claiming->refused);
    }
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_CLAIMED;
    envelope.claimed = &body;
    node_send(claiming->node, &envelope);
}

/* Without links, in a process of its own; of a folder that is not there, as far as it goes.
 * Transfer full. */
static char *real_path(const char *folder, GError **err)
{
    const char *const argv[] = {"realpath", "-m", "--", folder, NULL};
    g_autofree char *path = NULL;
    int status;

    if (child_run(argv, NULL, deadline_in(RESOLVE_MS), &status, &path, NULL, err) < 0)
        return NULL;
    if (status != 0 || path == NULL)
        return g_canonicalize_filename(folder, "/");
    g_strchomp(path);
    return g_steal_pointer(&path);
}

/* Of all images at once. Transfer full; NULL-terminated. */
static GStrv real_paths(const GPtrArray *paths, GError **err)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *out = NULL;
    int status;

    g_ptr_array_add(argv, (char *)"realpath");
    g_ptr_array_add(argv, (char *)"-m");
    g_ptr_array_add(argv, (char *)"--");
    g_ptr_array_extend(argv, (GPtrArray *)paths, NULL, NULL);
    g_ptr_array_add(argv, NULL);
    if (child_run((const char *const *)argv->pdata, NULL, deadline_in(RESOLVE_MS), &status, &out,
                  NULL, err) < 0)
        return NULL;
    return g_strsplit(g_strchomp(out), "\n", -1);
}

/* Whatever is wrong with what a test says of them is told when they are looked at. */
static void find_images(struct claiming *claiming, const Vtmh__TestParams *test)
{
    g_autoptr(params) params = params_from_wire(test->params, test->n_params);
    clone_names(params);
    g_autoptr(GPtrArray) plans = image_plans(params, NULL);
    for (unsigned i = 0; plans != NULL && i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        if (image_plan_changes(plan) && !plan->image->is_url)
            g_ptr_array_add(claiming->images, g_strdup(plan->image->location));
    }
}

static int add_images(struct claiming *claiming, GError **err)
{
    if (claiming->images->len == 0)
        return 0;
    g_auto(GStrv) paths = real_paths(claiming->images, err);
    if (paths == NULL)
        return -1;
    for (char **path = paths; *path != NULL; path++)
        if (claims_add(claiming->claims, "image", *path, "image_name", err) < 0)
            return -1;
    return 0;
}

static int take(struct claiming *claiming, GError **err)
{
    const char *base = claim_file_base(err);
    if (base == NULL)
        return -1;
    for (unsigned i = 0; i < claiming->folders->len; i += 2) {
        const char *parameter = g_ptr_array_index(claiming->folders, i + 1);
        g_autofree char *path = real_path(g_ptr_array_index(claiming->folders, i), err);
        if (path == NULL || claims_add(claiming->claims, "folder", path, parameter, err) < 0)
            return -1;
    }
    if (add_images(claiming, err) < 0)
        return -1;
    g_clear_pointer(&claiming->node->claims, claim_file_release);
    claiming->node->claims =
        claim_file_take(base, claiming->claims, deadline_in(TAKE_MS), &claiming->refused, err);
    return claiming->node->claims != NULL || claiming->refused != NULL ? 0 : -1;
}

static int claim(void *arg, GError **err)
{
    struct claiming *claiming = arg;
    g_autoptr(GError) error = NULL;
    (void)err;
    if (claiming->refused == NULL && take(claiming, &error) < 0)
        claiming->refused = g_strdup(error->message);
    answer(claiming);
    claims_free(claiming->claims);
    g_ptr_array_unref(claiming->folders);
    g_ptr_array_unref(claiming->images);
    g_free(claiming->refused);
    g_free(claiming);
    return 0;
}

void claiming_start(struct node *node, const Vtmh__Claims *body)
{
    struct claiming *claiming = g_new0(struct claiming, 1);
    claiming->node = node;
    claiming->claims =
        claims_new(body->job, body->owner, body->pid, (int64_t)getpid(), body->alone);
    claiming->folders = g_ptr_array_new_with_free_func(g_free);
    claiming->images = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < body->n_images; i++)
        find_images(claiming, body->images[i]);
    for (size_t i = 0; i < body->n_claims && claiming->refused == NULL; i++) {
        const Vtmh__Claim *entry = body->claims[i];
        g_autoptr(GError) error = NULL;
        if (strcmp(entry->kind, "folder") == 0) {
            g_ptr_array_add(claiming->folders, g_strdup(entry->value));
            g_ptr_array_add(claiming->folders, g_strdup(entry->parameter));
        } else if (claims_add(claiming->claims, entry->kind, entry->value, entry->parameter,
                              &error) < 0) {
            claiming->refused = g_strdup(error->message);
        }
    }
    scope_spawn_detached(node->scope, "claims", claim, claiming);
}

void claiming_sweep(GPtrArray *removed)
{
    const char *base = claim_file_base(NULL);
    if (base != NULL)
        claim_file_sweep(base, deadline_in(TAKE_MS), removed, NULL);
}
