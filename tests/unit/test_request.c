#include "migration/move/request.h"

#include "migration/move/leg.h"

#include <criterion/criterion.h>
#include <string.h>

static struct params *with(const char *key, const char *value)
{
    struct params *params = params_new();
    if (key != NULL)
        params_set(params, key, value, "a.cfg:3");
    return params;
}

static void expect_read(struct move_request *request, struct params *params)
{
    g_autoptr(GError) error = NULL;
    cr_assert_eq(move_request_read(request, params, &error), 0, "%s",
                 error != NULL ? error->message : "");
}

Test(request, without_params_it_is_a_tcp_migration_to_any_port_with_the_defaults_of_the_table)
{
    g_autoptr(params) params = with(NULL, NULL);
    struct move_request request;
    expect_read(&request, params);
    cr_expect_str_eq(request.protocol, "tcp");
    cr_expect_null(request.address);
    cr_expect(request.port_low == 0 && request.port_high == 0);
    cr_expect_not(request.offline);
    cr_expect_eq(request.timeout_ms, 480000);
    cr_expect_eq(request.stall_ms, 10000);
    cr_expect_eq(request.login_ms, 360000);
    cr_expect_eq(request.min_dirty_syncs, 0);
    cr_expect_eq(request.dirty_rounds, 1);
    cr_expect_eq(request.move[MOVE_SOURCE].max_bandwidth, 0);
    cr_expect_eq(request.move[MOVE_SOURCE].downtime_limit_ms, -1, "the hypervisor's own");
    move_request_clear(&request);
}

Test(request, reads_each_value_in_its_unit)
{
    g_autoptr(params) params = with("mig_speed", "2");
    struct move_request request;
    params_set(params, "mig_downtime", "0.25", NULL);
    params_set(params, "mig_timeout", "2m", NULL);
    params_set(params, "mig_stall_timeout", "1500ms", NULL);
    params_set(params, "mig_offline", "yes", NULL);
    params_set(params, "mig_address", "192.0.2.7", NULL);
    params_set(params, "min_dirty_syncs", "3", NULL);
    params_set(params, "dirty_rounds", "4", NULL);
    expect_read(&request, params);
    cr_expect_eq(request.move[MOVE_SOURCE].max_bandwidth, 2 << 20);
    cr_expect_eq(request.move[MOVE_SOURCE].downtime_limit_ms, 250);
    cr_expect_eq(request.timeout_ms, 120000);
    cr_expect_eq(request.stall_ms, 1500);
    cr_expect(request.offline);
    cr_expect_str_eq(request.address, "192.0.2.7");
    cr_expect_eq(request.min_dirty_syncs, 3);
    cr_expect_eq(request.dirty_rounds, 4);
    move_request_clear(&request);
}

static void expect_ports(const char *text, uint16_t low, uint16_t high)
{
    g_autoptr(params) params = with("mig_port", text);
    struct move_request request;
    expect_read(&request, params);
    cr_expect(request.port_low == low && request.port_high == high, "%s: %u-%u", text,
              request.port_low, request.port_high);
    move_request_clear(&request);
}

Test(request, a_port_is_a_number_a_range_or_0_for_any)
{
    expect_ports("0", 0, 0);
    expect_ports("5200", 5200, 5200);
    expect_ports("5200-5899", 5200, 5899);
    expect_ports("7-7", 7, 7);
    expect_ports("65535", 65535, 65535);
}

static void expect_error(const char *key, const char *value, GQuark domain, int code,
                         const char *part)
{
    g_autoptr(params) params = with(key, value);
    g_autoptr(GError) error = NULL;
    struct move_request request;
    cr_assert_eq(move_request_read(&request, params, &error), -1, "%s = %s", key, value);
    cr_expect(g_error_matches(error, domain, code), "%s", error->message);
    cr_expect_not_null(strstr(error->message, part), "%s", error->message);
    move_request_clear(&request);
}

Test(request, what_is_no_port_is_told_with_its_place)
{
    static const char *const wrong[] = {"http", "65536", "5-4",        "0-9",
                                        "5-",   "-5",    "5200-70000", "5 6"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        expect_error("mig_port", wrong[i], CFG_ERROR, CFG_ERROR_PARAM_VALUE, "a.cfg:3: mig_port");
        expect_error("mig_port", wrong[i], CFG_ERROR, CFG_ERROR_PARAM_VALUE, wrong[i]);
    }
}

Test(request, a_value_of_another_type_names_its_parameter)
{
    expect_error("mig_timeout", "soon", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mig_timeout");
    expect_error("mig_downtime", "short", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mig_downtime");
    expect_error("mig_speed", "fast", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mig_speed");
    expect_error("mig_offline", "perhaps", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mig_offline");
    expect_error("min_dirty_syncs", "-1", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "min_dirty_syncs");
}

Test(request, a_transport_that_is_not_there_is_a_reason_to_skip)
{
    expect_error("mig_protocol", "pigeon", VM_ERROR, VM_ERROR_UNSUPPORTED, "mig_protocol = pigeon");
}

Test(request, takes_the_shorter_of_two_limits)
{
    g_autoptr(params) params = with("migrate_timeout", "60");
    struct move_request request;
    expect_read(&request, params);
    cr_expect_eq(request.timeout_ms, 60000);
    move_request_clear(&request);
    params_set(params, "mig_timeout", "5", NULL);
    expect_read(&request, params);
    cr_expect_eq(request.timeout_ms, 5000);
    move_request_clear(&request);
}

Test(request, has_the_address_on_a_command_line_only_where_qemu_listens_itself)
{
    static const char name[] = "qemu_force_use_static_incoming_expression";
    g_autoptr(params) params = with(name, "yes");
    struct move_request request;
    expect_error(name, "yes", VM_ERROR, VM_ERROR_UNSUPPORTED, "mig_guard = none");
    params_set(params, "mig_guard", "none", NULL);
    params_set(params, "mig_multifd", "yes", NULL);
    expect_read(&request, params);
    cr_expect(request.listens_from_start);
    move_request_clear(&request);
}

Test(request, pins_memory_for_rdma_alone_where_a_monitors_command_says_so)
{
    static const char *const protocols[] = {"rdma", "tcp"};
    for (unsigned i = 0; i < G_N_ELEMENTS(protocols); i++) {
        g_autoptr(params) params =
            with("enable_rdma_pin_all", "migrate_set_capability rdma-pin-all on");
        struct move_request request;
        params_set(params, "mig_protocol", protocols[i], NULL);
        expect_read(&request, params);
        cr_expect_eq(json_object_get(request.options, "rdma-pin-all") != NULL, i == 0, "%s",
                     protocols[i]);
        move_request_clear(&request);
    }
}

Test(request, does_not_take_a_script_beside_cancel_delay_which_it_would_not_do)
{
    g_autoptr(params) params = with("cancel_delay", "2");
    g_autoptr(GError) error = NULL;
    struct move_request request;
    params_set(params, "mig_script", "1s speed 10M", NULL);
    cr_assert_eq(move_request_read(&request, params, &error), -1);
    cr_expect(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(error->message, "only one of them"));
    move_request_clear(&request);
}

Test(request, does_not_take_a_cut_of_a_stream_that_nobody_here_can_cut)
{
    static const struct {
        const char *protocol, *multifd, *postcopy;
        bool is_taken;
    } cases[] = {
        {"tcp", "no", "no", true},   {"fd", "no", "no", true},    {"unix", "no", "no", true},
        {"exec", "no", "no", true},  {"file", "no", "no", false}, {"rdma", "no", "no", false},
        {"tcp", "yes", "no", false}, {"rdma", "no", "yes", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) params = with("mig_script", "1s cut");
        g_autoptr(GError) error = NULL;
        struct move_request request;
        params_set(params, "mig_protocol", cases[i].protocol, NULL);
        params_set(params, "mig_multifd", cases[i].multifd, NULL);
        params_set(params, "mig_postcopy", cases[i].postcopy, NULL);
        cr_expect_eq(move_request_read(&request, params, &error) == 0, cases[i].is_taken, "%zu", i);
        cr_expect(cases[i].is_taken || g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
        move_request_clear(&request);
    }
}

Test(request, takes_it_that_an_uncertain_leg_leaves_the_guest_uncertain)
{
    g_autoptr(params) params = with("mig_expect", "uncertain");
    struct move_request request;
    expect_read(&request, params);
    cr_expect_eq(leg_survivors(request.expected_ends, request.expected_survivors),
                 LEG_BIT(VTMH__SURVIVOR__SURVIVOR_UNCERTAIN));
    move_request_clear(&request);
}
