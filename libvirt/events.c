/*
 * Callbacks run on the event loop's thread: they copy what they are told into JSON, queue it, and
 * call nothing of libvirt's that would ask libvirtd.
 */
#include "libvirt/events.h"

#include "libvirt/job_stats.h"
#include "libvirt/lifecycle.h"
#include "libvirt/wire.h"

#include <glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#define QEMU_EVENTS "^(STOP|RESUME|MIGRATION|MIGRATION_PASS|RESET|SHUTDOWN|GUEST_PANICKED)$"

/* {name, uuid}. */
static json_t *of_domain(virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(domain, uuid);
    return json_pack("{s:o, s:s}", "name", wire_text(virDomainGetName(domain)), "uuid", uuid);
}

/* A name, or the number as a string where a newer libvirt has more of them. */
static json_t *named(const char *name, int number)
{
    return name != NULL ? json_string(name) : json_sprintf("%d", number);
}

static json_t *named_in(const char *const *names, size_t count, int number)
{
    return named(number >= 0 && (size_t)number < count ? names[number] : NULL, number);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *arg)
{
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    json_object_set_new(data, "event", named(lifecycle_event_name(event), event));
    json_object_set_new(data, "detail", named(lifecycle_detail_name(event, detail), detail));
    wire_event("LIFECYCLE", data, 0);
    return 0;
}

static void on_reboot(virConnectPtr connection, virDomainPtr domain, void *arg)
{
    (void)connection;
    (void)arg;
    wire_event("REBOOT", of_domain(domain), 0);
}

static void on_watchdog(virConnectPtr connection, virDomainPtr domain, int action, void *arg)
{
    static const char *const actions[] = {
        [VIR_DOMAIN_EVENT_WATCHDOG_NONE] = "none",
        [VIR_DOMAIN_EVENT_WATCHDOG_PAUSE] = "pause",
        [VIR_DOMAIN_EVENT_WATCHDOG_RESET] = "reset",
        [VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF] = "poweroff",
        [VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN] = "shutdown",
        [VIR_DOMAIN_EVENT_WATCHDOG_DEBUG] = "debug",
        [VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI] = "inject-nmi",
    };
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    json_object_set_new(data, "action", named_in(actions, G_N_ELEMENTS(actions), action));
    wire_event("WATCHDOG", data, 0);
}

static void on_io_error(virConnectPtr connection, virDomainPtr domain, const char *path,
                        const char *alias, int action, const char *reason, void *arg)
{
    static const char *const actions[] = {
        [VIR_DOMAIN_EVENT_IO_ERROR_NONE] = "none",
        [VIR_DOMAIN_EVENT_IO_ERROR_PAUSE] = "pause",
        [VIR_DOMAIN_EVENT_IO_ERROR_REPORT] = "report",
    };
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    json_object_set_new(data, "path", wire_text(path));
    json_object_set_new(data, "alias", wire_text(alias));
    json_object_set_new(data, "action", named_in(actions, G_N_ELEMENTS(actions), action));
    json_object_set_new(data, "reason", wire_text(reason));
    wire_event("IO_ERROR", data, 0);
}

static void on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason,
                     void *arg)
{
    static const char *const states[] = {
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED] = "connected",
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED] = "disconnected",
    };
    static const char *const reasons[] = {
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_UNKNOWN] = "unknown",
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED] = "domain_started",
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL] = "channel",
    };
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    /* Number 0 is no state. */
    json_object_set_new(data, "state",
                        state > 0 ? named_in(states, G_N_ELEMENTS(states), state) : named(NULL, 0));
    json_object_set_new(data, "reason", named_in(reasons, G_N_ELEMENTS(reasons), reason));
    wire_event("AGENT_LIFECYCLE", data, 0);
}

static void tell_device(const char *name, virDomainPtr domain, const char *alias)
{
    json_t *data = of_domain(domain);

    json_object_set_new(data, "alias", wire_text(alias));
    wire_event(name, data, 0);
}

static void on_device_added(virConnectPtr connection, virDomainPtr domain, const char *alias,
                            void *arg)
{
    (void)connection;
    (void)arg;
    tell_device("DEVICE_ADDED", domain, alias);
}

static void on_device_removed(virConnectPtr connection, virDomainPtr domain, const char *alias,
                              void *arg)
{
    (void)connection;
    (void)arg;
    tell_device("DEVICE_REMOVED", domain, alias);
}

static void on_device_stayed(virConnectPtr connection, virDomainPtr domain, const char *alias,
                             void *arg)
{
    (void)connection;
    (void)arg;
    tell_device("DEVICE_REMOVAL_FAILED", domain, alias);
}

static void on_iteration(virConnectPtr connection, virDomainPtr domain, int iteration, void *arg)
{
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    json_object_set_new(data, "iteration", json_integer(iteration));
    wire_event("MIGRATION_ITERATION", data, 0);
}

static void on_job_completed(virConnectPtr connection, virDomainPtr domain,
                             virTypedParameterPtr parameters, int count, void *arg)
{
    json_t *data = of_domain(domain);

    (void)connection;
    (void)arg;
    json_object_set_new(data, "stats", job_stats_to_json(-1, parameters, count));
    wire_event("JOB_COMPLETED", data, 0);
}

static void on_qemu(virConnectPtr connection, virDomainPtr domain, const char *event,
                    long long seconds, unsigned microseconds, const char *details, void *arg)
{
    json_t *data = of_domain(domain);
    json_t *own = details != NULL ? json_loads(details, 0, NULL) : NULL;

    (void)connection;
    (void)arg;
    json_object_set_new(data, "event", wire_text(event));
    json_object_set_new(data, "data", own != NULL ? own : json_object());
    bool is_stamped = seconds > 0 && seconds < G_MAXINT64 / G_USEC_PER_SEC - 1;
    wire_event("QEMU", data, is_stamped ? seconds * G_USEC_PER_SEC + microseconds : 0);
}

static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
} rows[] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    {VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK(on_watchdog)},
    {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error)},
    {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device_added)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device_removed)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK(on_device_stayed)},
    {VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, VIR_DOMAIN_EVENT_CALLBACK(on_iteration)},
    {VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK(on_job_completed)},
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) <= EVENTS_MAX);

int events_begin(struct events *events, virConnectPtr connection)
{
    *events = (struct events){.qemu_id = -1};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int id = virConnectDomainEventRegisterAny(connection, NULL, rows[i].id, rows[i].callback,
                                                  NULL, NULL);

        if (id < 0)
            return -1;
        events->ids[events->count++] = id;
    }
    events->qemu_id = virConnectDomainQemuMonitorEventRegister(
        connection, NULL, QEMU_EVENTS, on_qemu, NULL, NULL,
        VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (events->qemu_id < 0)
        virResetLastError();
    return 0;
}

void events_end(struct events *events, virConnectPtr connection)
{
    for (unsigned i = 0; i < events->count; i++)
        virConnectDomainEventDeregisterAny(connection, events->ids[i]);
    events->count = 0;
    if (events->qemu_id >= 0)
        virConnectDomainQemuMonitorEventDeregister(connection, events->qemu_id);
    events->qemu_id = -1;
}
