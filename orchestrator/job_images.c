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

/* Before the tests are: most of a job may be in vain. */
static void tell(const struct tuple *tuple)
{
    unsigned n = g_hash_table_size(tuple->troubles);

    if (n > 0 && n < tuple->work->job->tests->len)
        display_message(tuple->work->job->display,
                        "images: %u of %u tests cannot be run with what is on their hosts", n,
                        tuple->work->job->tests->len);
}

void job_look_at_images(struct tuple *tuple)
{
    struct work *work = tuple->work;
    g_autoptr(GError) error = NULL;

    if (tuple->has_looked || fiber_is_cancelled())
        return;
    tuple->troubles = images_look((struct peer *const *)tuple->hosts->pdata, tuple->hosts->len,
                                  work->job->tests, deadline_in(LOOK_MS), &error);
    if (tuple->troubles != NULL)
        tell(tuple);
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
