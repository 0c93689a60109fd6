#include "libvirt/lifecycle.h"

#include "libvirt/protocol.h"

#include <glib.h>
#include <libvirt/libvirt.h>

static const char *const events[] = {PROTOCOL_LIFECYCLE};
G_STATIC_ASSERT(VIR_DOMAIN_EVENT_CRASHED == G_N_ELEMENTS(events) - 1);

#define DETAILS_MAX 9

static const char *const details[][DETAILS_MAX] = {
    [VIR_DOMAIN_EVENT_DEFINED] = {"added", "updated", "renamed", "from_snapshot"},
    [VIR_DOMAIN_EVENT_UNDEFINED] = {"removed", "renamed"},
    [VIR_DOMAIN_EVENT_STARTED] = {"booted", "migrated", "restored", "from_snapshot", "wakeup"},
    [VIR_DOMAIN_EVENT_SUSPENDED] = {"paused", "migrated", "ioerror", "watchdog", "restored",
                                    "from_snapshot", "api_error", "postcopy", "postcopy_failed"},
    [VIR_DOMAIN_EVENT_RESUMED] = {"unpaused", "migrated", "from_snapshot", "postcopy",
                                  "postcopy_failed"},
    [VIR_DOMAIN_EVENT_STOPPED] = {"shutdown", "destroyed", "crashed", "migrated", "saved", "failed",
                                  "from_snapshot"},
    [VIR_DOMAIN_EVENT_SHUTDOWN] = {"finished", "guest", "host"},
    [VIR_DOMAIN_EVENT_PMSUSPENDED] = {"memory", "disk"},
    [VIR_DOMAIN_EVENT_CRASHED] = {"panicked", "crashloaded"},
};

const char *lifecycle_event_name(int event)
{
    return event >= 0 && event < (int)G_N_ELEMENTS(events) ? events[event] : NULL;
}

const char *lifecycle_detail_name(int event, int detail)
{
    if (lifecycle_event_name(event) == NULL || detail < 0 || detail >= DETAILS_MAX)
        return NULL;
    return details[event][detail];
}
