#include "migration/move/request.h"

#include "migration/guest/rounds.h"
#include "migration/move/leg.h"
#include "migration/move/options.h"
#include "migration/move/script.h"
#include "migration/move/transport/transport.h"
#include "migration/params.h"
#include "migration/storage/plan.h"
#include "migration/vm/lent.h"

#include <string.h>

static int read_port(const struct params *params, struct move_request *request, GError **err)
{
    const char *text = param_text(params, "mig_port");
    const char *origin = params_origin(params, "mig_port");
    if (param_ports_read(text, &request->port_low, &request->port_high))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s%smig_port = %s: not a port (1-65535) nor a range of ports (LOW-HIGH)",
                origin != NULL ? origin : "", origin != NULL ? ": " : "", text);
    return -1;
}

/* mig_script, or cancel_delay, a script of one step. */
static int read_script(const struct params *params, struct move_request *request, GError **err)
{
    const char *text = param_text(params, "mig_script");
    g_autofree char *cancel = NULL;
    int64_t cancel_ms;

    if (text != NULL && param_is_set(params, "cancel_delay")) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "cancel_delay = %s and mig_script = %s: only one of them; a step 'TIME cancel' "
                    "of mig_script is the same as cancel_delay",
                    params_get(params, "cancel_delay"), text);
        return -1;
    }
    if (text == NULL && param_is_set(params, "cancel_delay")) {
        if (param_duration_ms(params, "cancel_delay", &cancel_ms, err) < 0)
            return -1;
        cancel = g_strdup_printf("%" G_GINT64_FORMAT "ms cancel", cancel_ms);
        text = cancel;
    }
    if (text == NULL)
        return 0;
    request->script = script_parse(text, err);
    return request->script != NULL ? 0 : -1;
}

/* How the legs are to end: as is said, else as what happens meanwhile makes it. */
static void read_expected(const struct params *params, struct move_request *request)
{
    g_auto(GStrv) ends = param_list(params, "mig_expect");
    g_auto(GStrv) survivors = param_list(params, "mig_expect_survivor");

    for (Vtmh__LegEnd end = VTMH__LEG_END__LEG_COMPLETED; end <= VTMH__LEG_END__LEG_UNCERTAIN;
         end++)
        if (g_strv_contains((const char *const *)ends, leg_end_word(end)))
            request->expected_ends |= LEG_BIT(end);
    for (Vtmh__Survivor who = 0; who <= VTMH__SURVIVOR__SURVIVOR_UNCERTAIN; who++)
        if (g_strv_contains((const char *const *)survivors, leg_survivor_word(who)))
            request->expected_survivors |= LEG_BIT(who);
    if (request->expected_ends == 0)
        request->expected_ends =
            LEG_BIT(script_does(request->script, SCRIPT_CANCEL) && request->retries == 0
                        ? VTMH__LEG_END__LEG_CANCELLED
                        : VTMH__LEG_END__LEG_COMPLETED);
}

static enum network_gap read_network_gap(const struct params *params)
{
    const char *text = param_text(params, "network_gap");

    if (strcmp(text, "both") == 0)
        return NETWORK_GAP_BOTH;
    if (strcmp(text, "silent") == 0)
        return NETWORK_GAP_SILENT;
    return strcmp(text, "yes") == 0 ? NETWORK_GAP_YES : NETWORK_GAP_NO;
}

static int read_tls(const struct params *params, struct move_request *request, GError **err)
{
    const char *kind = param_text(params, "mig_tls");

    if (strcmp(kind, "no") == 0)
        return 0;
    request->tls = strcmp(kind, "psk") == 0 ? "psk" : "x509";
    request->tls_dir = param_text(params, "tls_dir");
    request->tls_hostname = param_text(params, "mig_tls_hostname");
    request->tls_user = param_text(params, "mig_tls_user");
    if (request->tls_dir != NULL)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING,
                "mig_tls = %s needs tls_dir, the folder with the credentials on each host", kind);
    return -1;
}

/* mig_postcopy: the switch is a script of one step, beside the user's own. */
static int read_postcopy(const struct params *params, struct move_request *request, GError **err)
{
    bool is_on = false;

    if (param_bool(params, "mig_postcopy", &is_on, err) < 0 ||
        param_bool(params, "mig_postcopy_recover", &request->recovers, err) < 0)
        return -1;
    if (!is_on && script_does(request->script, SCRIPT_POSTCOPY)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "mig_script = %s: post-copy needs mig_postcopy = yes",
                    param_text(params, "mig_script"));
        return -1;
    }
    if (!is_on)
        return 0;
    if (request->offline) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "mig_postcopy = yes: a guest that is stopped (mig_offline = yes) cannot go on "
                    "before all of it is there");
        return -1;
    }
    g_autofree char *script =
        g_strdup_printf("%s postcopy", param_text(params, "mig_postcopy_when"));
    request->postcopy =
        script_parse(script_does(request->script, SCRIPT_POSTCOPY) ? "" : script, err);
    return request->postcopy != NULL ? 0 : -1;
}

/* host_mig_offline: exec by way of a file, which is what the transport file does. */
static int read_through_file(const struct params *params, struct move_request *request,
                             GError **err)
{
    bool through_file = false;

    if (param_bool(params, "host_mig_offline", &through_file, err) < 0)
        return -1;
    if (!through_file || strcmp(request->protocol, "file") == 0)
        return 0;
    if (strcmp(request->protocol, "exec") != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "host_mig_offline = yes goes with mig_protocol = exec or file, not with %s",
                    request->protocol);
        return -1;
    }
    request->protocol = "file";
    return 0;
}

/* Managers move what they manage, and nothing else; that is what the default comes to there. */
static int read_managed(const struct params *params, struct move_request *request, GError **err)
{
    const char *driver = param_text(params, "vm_type");
    bool is_managed = vm_params_are_managed(params);

    if (is_managed && strcmp(request->protocol, "tcp") == 0)
        request->protocol = "managed";
    if (is_managed == (strcmp(request->protocol, "managed") == 0))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "mig_protocol = %s is not supported where vm_type = %s: %s", request->protocol,
                driver,
                is_managed ? "its manager makes the stream (mig_protocol = managed)"
                           : "no manager moves its VMs");
    return -1;
}

/* A manager starts what it has moved, unless it is told not to; a hypervisor never does. */
static int read_hold(const struct params *params, struct move_request *request, GError **err)
{
    bool is_managed = request->traits & TRANSPORT_MANAGED;
    bool is_said = param_is_set(params, "mig_hold");
    /* A domain of the user's is moved as libvirt moves it: without holding it up. */
    bool holds = lent_domain(params) == NULL;

    if (is_said && param_bool(params, "mig_hold", &holds, err) < 0)
        return -1;
    if (!is_managed && is_said && !holds) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "mig_hold = no is not supported where vm_type = %s: there is no manager that "
                    "would start the guest",
                    param_text(params, "vm_type"));
        return -1;
    }
    if (is_managed && request->postcopy != NULL && is_said && holds) {
        g_set_error_literal(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                            "mig_hold = yes is not supported with mig_postcopy = yes: libvirt "
                            "holds no guest that goes on in post-copy (PAUSED with POSTCOPY)");
        return -1;
    }
    request->holds = is_managed && request->postcopy == NULL && (holds || request->offline);
    return 0;
}

/* In post-copy the hypervisor itself breaks its stream. */
static int check_cut(const struct move_request *request, GError **err)
{
    if (request->transport->break_off != NULL || request->postcopy != NULL ||
        !script_does(request->script, SCRIPT_CUT))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "cut in mig_script is not supported with mig_protocol = %s: the stream is the "
                "hypervisors' own",
                request->protocol);
    return -1;
}

/* A socket of the node's is handed to QEMU when it runs; one of its own can be on its command line,
 * where nothing is started before the address is known. */
static int read_static_incoming(const struct params *params, struct move_request *request,
                                GError **err)
{
    static const char name[] = "qemu_force_use_static_incoming_expression";

    if (param_bool(params, name, &request->listens_from_start, err) < 0)
        return -1;
    if (!request->listens_from_start ||
        (strcmp(request->protocol, "tcp") == 0 && strcmp(request->guard, "none") == 0 &&
         strcmp(request->transport->guard, "none") == 0 && !request->prepare_ahead))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s = yes is not supported with mig_protocol = %s, mig_guard = %s%s: QEMU listens "
                "by itself only over tcp with mig_guard = none",
                name, request->protocol, request->guard,
                request->prepare_ahead ? " and prepare_ahead = yes" : "");
    return -1;
}

/* As avocado-vt has it, for RDMA alone: one of the options is said as a monitor's command. */
static json_t *read_options(const struct params *params, const struct move_request *request,
                            GError **err)
{
    const char *command = param_text(params, "enable_rdma_pin_all");
    unsigned traits = request->transport->traits;
    g_autoptr(params) own = NULL;

    if (command == NULL || !g_str_has_suffix(request->protocol, "rdma"))
        return move_options_read(params, traits, err);
    own = params_copy(params);
    params_set(own, "rdma-pin-all", g_str_has_suffix(command, " on") ? "yes" : "no", NULL);
    return move_options_read(own, traits, err);
}

/* Which way of the protocol's: guarded as asked for, and one for several streams only where options
 * need that. Those that cannot be had over any of them are told of with all options (agree.h). */
static int choose_transport(const struct params *params, struct move_request *request, GError **err)
{
    const struct transport *first = transport_find(request->protocol);

    request->guard = param_text(params, "mig_guard");
    request->transport = first != NULL ? transport_choose(first, params, 0, request->guard) : NULL;
    if (request->transport == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "mig_guard = %s is not supported with mig_protocol = %s", request->guard,
                    request->protocol);
        return -1;
    }
    request->options = read_options(params, request, err);
    if (request->options == NULL)
        return -1;
    const struct transport *several =
        move_options_streams(request->options) == 1
            ? NULL
            : transport_choose(first, params, TRANSPORT_STREAMS, request->guard);
    if (several != NULL)
        request->transport = several;
    request->traits = request->transport->traits;
    if (read_hold(params, request, err) < 0 || read_static_incoming(params, request, err) < 0)
        return -1;
    return check_cut(request, err);
}

/* migrate_timeout: the other word for the limit of a leg. */
static int read_limits(const struct params *params, struct move_request *request, GError **err)
{
    int64_t other_ms;

    if (param_duration_ms(params, "mig_timeout", &request->timeout_ms, err) < 0 ||
        param_duration_ms(params, "migrate_timeout", &other_ms, err) < 0)
        return -1;
    if (param_is_set(params, "migrate_timeout"))
        request->timeout_ms = MIN(request->timeout_ms, other_ms);
    return 0;
}

/* Whether the guest moves while it boots, and how long after its start. */
static int read_start(const struct params *params, struct move_request *request, GError **err)
{
    bool is_drawn;

    if (param_bool(params, "paused_after_start_vm", &request->pauses, err) < 0 ||
        param_bool(params, "enable_random_timeout", &is_drawn, err) < 0 ||
        param_duration_ms(params, is_drawn ? "min_random_timeout" : "start_migration_timeout",
                          &request->start_low_ms, err) < 0 ||
        param_duration_ms(params, is_drawn ? "max_random_timeout" : "start_migration_timeout",
                          &request->start_high_ms, err) < 0)
        return -1;
    if (request->start_low_ms > request->start_high_ms) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "min_random_timeout = %s is longer than max_random_timeout = %s",
                    param_text(params, "min_random_timeout"),
                    param_text(params, "max_random_timeout"));
        return -1;
    }
    request->boots = request->pauses || is_drawn || param_is_set(params, "start_migration_timeout");
    return 0;
}

int move_request_read(struct move_request *request, struct params *params, GError **err)
{
    memset(request, 0, sizeof(*request));
    request->params = params_ref(params);
    request->protocol = param_text(params, "mig_protocol");
    request->address = param_text(params, "mig_address");
    request->interface = param_text(params, "mig_interface");
    int64_t retries = 0, downtime_ms = -1;
    uint64_t bandwidth = 0;
    if (param_bool(params, "mig_offline", &request->offline, err) < 0 ||
        param_bool(params, "prepare_ahead", &request->prepare_ahead, err) < 0 ||
        read_limits(params, request, err) < 0 || read_start(params, request, err) < 0 ||
        param_duration_ms(params, "mig_stall_timeout", &request->stall_ms, err) < 0 ||
        param_duration_ms(params, "login_timeout", &request->login_ms, err) < 0 ||
        param_size(params, "mig_speed", &bandwidth, err) < 0 ||
        param_int(params, "min_dirty_syncs", &request->min_dirty_syncs, err) < 0 ||
        param_int(params, "dirty_rounds", &request->dirty_rounds, err) < 0 ||
        guest_rounds_ms(params, request->dirty_rounds, &request->work_ms, err) < 0 ||
        read_port(params, request, err) < 0 || guest_check_params(params, err) < 0)
        return -1;
    request->disks = image_moving(params, err);
    if (request->disks == NULL ||
        param_bool(params, "migrate_storage_compare", &request->compares_disks, err) < 0)
        return -1;
    if (param_int(params, "mig_retry", &retries, err) < 0 || read_script(params, request, err) < 0)
        return -1;
    request->retries = (unsigned)retries;
    read_expected(params, request);
    request->network_gap = read_network_gap(params);
    request->client = param_text(params, "client");
    /* The guest's clock is slow on a busy host. */
    request->work_ms = request->login_ms + 2 * request->work_ms + request->start_high_ms;
    if (param_is_set(params, "mig_downtime") &&
        param_duration_ms(params, "mig_downtime", &downtime_ms, err) < 0)
        return -1;
    if (read_postcopy(params, request, err) < 0 || read_through_file(params, request, err) < 0 ||
        read_managed(params, request, err) < 0 || read_tls(params, request, err) < 0)
        return -1;
    if (choose_transport(params, request, err) < 0)
        return -1;
    for (enum move_end end = 0; end < MOVE_ENDS; end++) {
        request->move[end].max_bandwidth = bandwidth;
        request->move[end].downtime_limit_ms = downtime_ms;
        move_options_fill(request->options, end, NULL, &request->move[end]);
    }
    return 0;
}

void move_request_clear(struct move_request *request)
{
    g_clear_pointer(&request->options, json_decref);
    for (enum move_end end = 0; end < MOVE_ENDS; end++)
        move_options_clear(&request->move[end]);
    g_clear_pointer(&request->disks, g_strfreev);
    g_clear_pointer(&request->script, g_array_unref);
    g_clear_pointer(&request->asked, params_unref);
    g_clear_pointer(&request->params, params_unref);
    g_clear_pointer(&request->postcopy, g_array_unref);
}

bool move_request_moves_disks(const struct move_request *request)
{
    return request->disks != NULL && *request->disks != NULL;
}
