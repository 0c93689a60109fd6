#include "migration/evidence.h"

typedef struct {
    struct circumstances circumstances;
    bool is_set;
    Vtmh__Evidence evidence;
    int about; /* -1: this host */
} VmErrorPrivate;

static void vm_error_private_init(VmErrorPrivate *priv)
{
    circumstances_init(&priv->circumstances);
    priv->is_set = false;
    priv->evidence = VTMH__EVIDENCE__EVIDENCE_SELF;
    priv->about = -1;
}

static void vm_error_private_copy(const VmErrorPrivate *from, VmErrorPrivate *to)
{
    circumstances_copy(&from->circumstances, &to->circumstances);
    to->is_set = from->is_set;
    to->evidence = from->evidence;
    to->about = from->about;
}

static void vm_error_private_clear(VmErrorPrivate *priv)
{
    circumstances_clear(&priv->circumstances);
}

G_DEFINE_EXTENDED_ERROR(VmError, vm_error)

GError *evidence_set(GError *error, Vtmh__Evidence evidence, int64_t at_us)
{
    VmErrorPrivate *priv = vm_error_get_private(error);
    priv->is_set = true;
    priv->evidence = evidence;
    if (at_us > 0)
        priv->circumstances.at_us = at_us;
    return error;
}

void evidence_set_about(GError *error, unsigned host)
{
    vm_error_get_private(error)->about = (int)host;
}

Vtmh__Evidence evidence_of(const GError *error)
{
    if (error->domain != VM_ERROR)
        return VTMH__EVIDENCE__EVIDENCE_SELF;
    const VmErrorPrivate *priv = vm_error_get_private(error);
    if (priv->is_set)
        return priv->evidence;
    return error->code == VM_ERROR_UNREACHABLE ? VTMH__EVIDENCE__EVIDENCE_PEER
                                               : VTMH__EVIDENCE__EVIDENCE_SELF;
}

/* NULL if the error carries none. */
static const struct circumstances *circumstances_of(const GError *error)
{
    if (error->domain == VM_ERROR)
        return &vm_error_get_private(error)->circumstances;
    return error->domain == SYNC_ERROR ? sync_error_circumstances(error) : NULL;
}

int64_t evidence_at_us(const GError *error)
{
    const struct circumstances *circumstances = circumstances_of(error);
    return circumstances != NULL ? circumstances->at_us : 0;
}

int evidence_about(const GError *error)
{
    return error->domain == VM_ERROR ? vm_error_get_private(error)->about : -1;
}

struct doing *evidence_doing(const GError *error)
{
    const struct circumstances *circumstances = circumstances_of(error);
    return circumstances != NULL ? circumstances->doing : doing_now();
}
