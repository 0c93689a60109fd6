/* Which monitors a VM has. */
#include "migration/vm/monitor_plan.h"

#include "migration/vm/platform.h"
#include "tests/unit/params_help.h"

#include <criterion/criterion.h>

TestSuite(monitor_plan, .timeout = 10);

static void expect_plan(const char *text, const char *wanted)
{
    g_autoptr(params) params = params_of(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) plans = monitor_plan_new(params, "vm1", &error);
    g_autoptr(GString) said = g_string_new(NULL);

    cr_assert_not_null(plans, "%s: %s", text, error != NULL ? error->message : "");
    for (unsigned i = 0; i < plans->len; i++) {
        const struct monitor_plan *plan = g_ptr_array_index(plans, i);

        g_string_append_printf(said, "%s%s:%s%s%s%s", i > 0 ? " " : "", plan->name,
                               plan->is_human ? "h" : "q", plan->is_main ? "m" : "",
                               plan->is_catch ? "c" : "", plan->is_debug ? "d" : "");
    }
    cr_expect_str_eq(said->str, wanted, "%s: %s", text, said->str);
}

static void expect_error(const char *text, GQuark domain, int code, const char *words)
{
    g_autoptr(params) params = params_of(text);
    g_autoptr(GError) error = NULL;

    cr_assert_null(monitor_plan_new(params, "vm1", &error), "%s", text);
    cr_expect(g_error_matches(error, domain, code), "%s: %s", text, error->message);
    cr_expect_not_null(strstr(error->message, words), "%s: %s", text, error->message);
}

Test(monitor_plan, has_one_qmp_monitor_unless_told_otherwise)
{
    expect_plan("", "qmpmonitor1:qmc");
}

Test(monitor_plan, takes_the_first_as_the_main_one_and_the_last_for_lookers_on)
{
    expect_plan("monitors=a b c", "a:qm b:q c:qc");
    expect_plan("monitors=a b c;debugonly_a=yes;debugonly_c=yes", "a:qd b:qmc c:qd");
    expect_plan("monitors=a b c;main_monitor=c;catch_monitor=a", "a:qc b:q c:qm");
}

Test(monitor_plan, adds_the_catch_monitor_that_is_not_in_the_list)
{
    expect_plan("catch_monitor=eye;monitor_type_eye=human", "qmpmonitor1:qm eye:hc");
}

Test(monitor_plan, refuses_a_main_monitor_for_people_as_not_supported)
{
    expect_error("monitors=a b;monitor_type_a=human", VM_ERROR, VM_ERROR_UNSUPPORTED,
                 "monitor_type = human is not supported for a, the main monitor of vm1");
    expect_plan("monitors=a b;monitor_type_a=human;main_monitor=b", "a:h b:qmc");
}

Test(monitor_plan, refuses_names_that_make_no_sense)
{
    expect_error("main_monitor=x", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "no such monitor");
    expect_error("monitors=", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "none is left");
    expect_error("debugonly=yes", CFG_ERROR, CFG_ERROR_PARAM_VALUE, "none is left");
    expect_error("monitors=a b;main_monitor=b;debugonly_b=yes", CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                 "nobody connects");
    expect_error("monitors=a b;catch_monitor=b;debugonly_b=yes", CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                 "nobody connects");
    expect_error("monitors=a b c d e f g h i j k l m n o p q", CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                 "one too many");
}

Test(monitor_plan, has_tcp_sockets_for_all_but_the_main_monitor)
{
    g_autoptr(params) params =
        params_of("monitors=a b c;chardev_backend_b=tcp_socket;chardev_host_b=192.0.2.7;"
                  "chardev_ports=5000-5009");
    g_autoptr(GPtrArray) plans = monitor_plan_new(params, "vm1", NULL);
    const struct monitor_plan *b = g_ptr_array_index(plans, 1);
    g_autofree char *listens = json_dumps(b->listens, JSON_COMPACT | JSON_SORT_KEYS);

    cr_expect_null(((struct monitor_plan *)g_ptr_array_index(plans, 0))->tcp_host);
    cr_expect_str_eq(b->tcp_host, "192.0.2.7");
    cr_expect_str_eq(listens, "{\"addr\":{\"data\":{\"host\":\"192.0.2.7\",\"port\":\"5000\","
                              "\"to\":5009},\"type\":\"inet\"},\"server\":true,\"wait\":false}");
    expect_error("chardev_backend=tcp_socket", VM_ERROR, VM_ERROR_UNSUPPORTED,
                 "chardev_backend = tcp_socket is not supported for qmpmonitor1, the main monitor");
}
