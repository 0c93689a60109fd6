#include "libvirt/domain_state.h"

#include "libvirt/protocol.h"
#include "libvirt/wire.h"

#include <glib.h>

static const char *const states[] = {PROTOCOL_STATES};
G_STATIC_ASSERT(VIR_DOMAIN_PMSUSPENDED == G_N_ELEMENTS(states) - 1);

json_t *domain_describe(virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    int state, reason, is_persistent;

    if (virDomainGetUUIDString(domain, uuid) < 0 ||
        virDomainGetState(domain, &state, &reason, 0) < 0 ||
        (is_persistent = virDomainIsPersistent(domain)) < 0)
        return NULL;
    /* Signed, though libvirt's call is not: -1 says that it does not run. */
    int id = (int)virDomainGetID(domain);
    bool is_known = state >= 0 && state < (int)G_N_ELEMENTS(states);
    return json_pack("{s:o, s:s, s:i, s:s, s:i, s:b}", "name", wire_text(virDomainGetName(domain)),
                     "uuid", uuid, "id", id, "state", is_known ? states[state] : "nostate",
                     "reason", reason, "persistent", is_persistent);
}
