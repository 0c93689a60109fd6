/* Errors of this folder remember what was being done when they came to be. */
#include "sync/fiber.h"

typedef struct {
    struct circumstances circumstances;
} SyncErrorPrivate;

static void sync_error_private_init(SyncErrorPrivate *priv)
{
    circumstances_init(&priv->circumstances);
}

static void sync_error_private_copy(const SyncErrorPrivate *from, SyncErrorPrivate *to)
{
    circumstances_copy(&from->circumstances, &to->circumstances);
}

static void sync_error_private_clear(SyncErrorPrivate *priv)
{
    circumstances_clear(&priv->circumstances);
}

G_DEFINE_EXTENDED_ERROR(SyncError, sync_error)

const struct circumstances *sync_error_circumstances(const GError *error)
{
    return &sync_error_get_private(error)->circumstances;
}
