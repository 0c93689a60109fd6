#include "migration/move/request.h"

#include <string.h>

#define MIB (1024 * 1024)

/* "PORT" or "LOW-HIGH". */
static int read_port(const struct params *params, struct move_request *request, GError **err)
{
    const char *text = params_get(params, "mig_port");
    if (text == NULL || *text == '\0')
        return 0;

    char *end;
    guint64 low = g_ascii_strtoull(text, &end, 10);
    guint64 high = low;
    if (*end == '-' && end != text)
        high = g_ascii_strtoull(end + 1, &end, 10);
    if (end == text || *end != '\0' || low == 0 || low > high || high > UINT16_MAX) {
        const char *origin = params_origin(params, "mig_port");
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s%smig_port = %s: not a port (1-65535) nor a range of ports (LOW-HIGH)",
                    origin != NULL ? origin : "", origin != NULL ? ": " : "", text);
        return -1;
    }
    request->port_low = (uint16_t)low;
    request->port_high = (uint16_t)high;
    return 0;
}

static void want(struct move_request *request, const char *capability, bool on)
{
    g_hash_table_insert(request->move.capabilities, g_strdup(capability), GINT_TO_POINTER(on));
}

int move_request_read(struct move_request *request, const struct params *params, GError **err)
{
    memset(request, 0, sizeof(*request));
    request->protocol = params_get_or(params, "mig_protocol", "tcp");
    request->address = params_get(params, "mig_address");
    if (request->address != NULL && *request->address == '\0')
        request->address = NULL;

    int64_t downtime_ms = -1;
    if (params_bool(params, "mig_offline", false, &request->offline, err) < 0 ||
        params_duration_ms(params, "mig_timeout", 480 * 1000, &request->timeout_ms, err) < 0 ||
        params_duration_ms(params, "mig_stall_timeout", 10 * 1000, &request->stall_ms, err) < 0 ||
        params_duration_ms(params, "login_timeout", 360 * 1000, &request->login_ms, err) < 0 ||
        params_size(params, "mig_speed", MIB, 0, &request->move.max_bandwidth, err) < 0 ||
        params_duration_ms(params, "mig_downtime", -1, &downtime_ms, err) < 0 ||
        params_int_range(params, "min_dirty_syncs", 0, 1000000, 0, &request->min_dirty_syncs,
                         err) < 0 ||
        read_port(params, request, err) < 0)
        return -1;

    request->move.downtime_limit_ms = downtime_ms;
    request->move.capabilities =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    want(request, "events", true);
    /* Without a return path the source says completed though the destination has stopped. */
    want(request, "return-path", true);
    /* So that the source can continue after a failure while the destination still lives. */
    want(request, "late-block-activate", true);
    return 0;
}

void move_request_clear(struct move_request *request)
{
    g_clear_pointer(&request->move.capabilities, g_hash_table_unref);
}
