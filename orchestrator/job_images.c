/* What a job knows of the images of its tests (images.h), tuple by tuple. */
#include "orchestrator/job_private.h"

#include "orchestrator/images.h"

#define LOOK_MS 120000 /* each storage has a limit of its own on its host */

static bool all_are_there(const struct tuple *tuple)
{
    for (unsigned i = 0; i < tuple->hosts->len; i++) {
        const struct peer *peer = g_ptr_array_index(tuple->hosts, i);
        if (peer->is_gone || event_is_set(&peer->goodbye) || link_is_lost(peer->link))
            return false;
    }
    return true;
}

/* How many tests that are to be run have images. */
static unsigned count(const GPtrArray *tests)
{
    unsigned n = 0;

    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        n += planned->skip == NULL && images_any(planned->params);
    }
    return n;
}

/* Before the tests are: most of a job may be in vain. */
static void tell(const struct tuple *tuple, int64_t began_us)
{
    unsigned n = count(tuple->work->job->tests), bad = g_hash_table_size(tuple->troubles);
    double took_s = (double)(g_get_monotonic_time() - began_us) / 1e6;
    g_autofree char *troubles =
        bad > 0 ? g_strdup_printf("; %u of them cannot be run with what is there", bad)
                : g_strdup("");

    if (n > 0)
        display_message(tuple->work->job->display,
                        "images: those of %u test%s looked at on %u hosts in %.2f s%s", n,
                        n == 1 ? "" : "s", tuple->hosts->len, took_s, troubles);
}

void job_look_at_images(struct tuple *tuple)
{
    struct work *work = tuple->work;
    int64_t began_us = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    if (tuple->has_looked || fiber_is_cancelled())
        return;
    tuple->troubles = images_look((struct peer *const *)tuple->hosts->pdata, tuple->hosts->len,
                                  work->job->tests, deadline_in(LOOK_MS), &error);
    if (tuple->troubles != NULL)
        tell(tuple, began_us);
    else if (!all_are_there(tuple) || fiber_is_cancelled())
        return;
    else
        tuple->cannot_look = g_strdup(error->message);
    tuple->has_looked = true;
}

void job_forget_images(struct tuple *tuple)
{
    g_clear_pointer(&tuple->troubles, g_hash_table_unref);
    g_clear_pointer(&tuple->cannot_look, g_free);
    tuple->has_looked = false;
}

const char *job_image_trouble(const struct tuple *tuple, const struct planned_test *planned,
                              const char **host_out)
{
    const struct image_trouble *trouble =
        tuple->troubles != NULL ? g_hash_table_lookup(tuple->troubles, planned) : NULL;

    *host_out = trouble != NULL ? trouble->host : NULL;
    if (trouble != NULL)
        return trouble->text;
    return images_any(planned->params) ? tuple->cannot_look : NULL;
}
