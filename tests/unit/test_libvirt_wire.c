/* What the program reads and says, without a libvirtd. */
#include "libvirt/call.h"
#include "libvirt/job_stats.h"
#include "libvirt/lifecycle.h"
#include "libvirt/protocol.h"
#include "libvirt/typed.h"
#include "libvirt/wire.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

TestSuite(libvirt_wire, .timeout = 30);

static bool append(const json_t *message, void *arg)
{
    GString *heard = arg;
    const char *name = json_string_value(json_object_get(message, "execute"));

    g_string_append_printf(heard, "%s ", message != NULL ? (name != NULL ? name : "?") : "garbage");
    return name == NULL || strcmp(name, "stop") != 0;
}

static bool take(struct wire_input *input, const char *text, GString *heard)
{
    return wire_take(input, text, strlen(text), append, heard);
}

Test(libvirt_wire, takes_lines_however_they_are_cut)
{
    static const char text[] = "{\"execute\": \"a\"}\r\n\n{\"execute\": \"b\"}\n[1]\n{\"x\n";
    g_autoptr(GString) heard = g_string_new(NULL);
    struct wire_input input = {0};

    for (size_t cut = 1; cut < sizeof text; cut++) {
        g_string_truncate(heard, 0);
        for (size_t at = 0; at < sizeof text - 1; at += cut)
            cr_assert(wire_take(&input, text + at, MIN(cut, sizeof text - 1 - at), append, heard));
        cr_assert_str_eq(heard->str, "a b garbage garbage ", "cut every %zu bytes", cut);
    }
    wire_input_clear(&input);
}

Test(libvirt_wire, takes_nothing_behind_what_ends_it)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    struct wire_input input = {0};

    cr_assert_not(take(&input, "{\"execute\": \"stop\"}\n{\"execute\": \"b\"}\n", heard));
    cr_assert_str_eq(heard->str, "stop ");
    wire_input_clear(&input);
}

Test(libvirt_wire, takes_no_line_without_an_end)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    g_autofree char *much = g_strnfill(1U << 20, 'x');
    struct wire_input input = {0};
    unsigned taken = 0;

    while (take(&input, much, heard))
        cr_assert_lt(++taken, 9);
    cr_assert_eq(taken, 8);
    wire_input_clear(&input);
}

Test(libvirt_wire, takes_bytes_that_are_no_text)
{
    static const char bytes[] = "\0\xff\n{\"execute\": \"a\xc3\"}\n{\"execute\": \"\\u0000\"}\n";
    g_autoptr(GString) heard = g_string_new(NULL);
    struct wire_input input = {0};

    cr_assert(wire_take(&input, bytes, sizeof bytes - 1, append, heard));
    cr_assert_str_eq(heard->str, "garbage garbage garbage ");
    wire_input_clear(&input);
}

Test(libvirt_wire, makes_text_of_what_is_none)
{
    json_auto_t *text = wire_text("a\xff"
                                  "b");
    json_auto_t *nothing = wire_text(NULL);

    cr_assert_str_eq(json_string_value(text), "a\xef\xbf\xbd"
                                              "b");
    cr_assert(json_is_null(nothing));
}

Test(libvirt_wire, says_all_that_is_queued_before_it_ends)
{
    int ends[2];
    json_auto_t *id = json_string("mine");
    g_autoptr(GString) said = g_string_new(NULL);
    char buffer[4096];
    ssize_t got;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    wire_begin(ends[1]);
    wire_return(id, json_object());
    wire_error(NULL, "Class", "why");
    wire_event("EVENT", json_object(), 12000034);
    wire_end();
    close(ends[1]);
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0)
        g_string_append_len(said, buffer, got);
    close(ends[0]);
    cr_assert_str_eq(strchr(said->str, '\n') + 1,
                     "{\"return\":{},\"id\":\"mine\"}\n"
                     "{\"error\":{\"class\":\"Class\",\"desc\":\"why\"}}\n"
                     "{\"event\":\"EVENT\",\"data\":{},"
                     "\"timestamp\":{\"seconds\":12,\"microseconds\":34}}\n");
}

Test(libvirt_wire, drops_what_nobody_reads)
{
    int ends[2];

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    wire_begin(ends[1]);
    for (int i = 0; i < 1000; i++)
        wire_event("EVENT", json_object(), 0);
    wire_end();
    close(ends[1]);
}

TestSuite(libvirt_call, .timeout = 30);

static void expect_refusal(const char *command, const char *arguments, const char *why)
{
    json_auto_t *object = json_loads(arguments, 0, NULL);
    g_autofree char *said = NULL;
    const struct call_row *row = call_find(command);

    cr_assert_not_null(row, "%s", command);
    bool fits = call_arguments_fit(row, object, &said);
    cr_assert_eq(fits, why == NULL, "%s %s: %s", command, arguments, said != NULL ? said : "fits");
    if (why != NULL)
        cr_assert_str_eq(said, why);
}

Test(libvirt_call, takes_the_arguments_of_its_row_and_no_others)
{
    expect_refusal("domain-create", "{\"xml\": \"<domain/>\", \"paused\": true}", NULL);
    expect_refusal("domain-create", "{\"paused\": true}", "domain-create needs \"xml\"");
    expect_refusal("domain-create", "{\"xml\": 1}", "domain-create: \"xml\" is not a string");
    expect_refusal("domain-create", "{\"xml\": \"\", \"paused\": \"yes\"}",
                   "domain-create: \"paused\" is not a boolean");
    expect_refusal("domain-create", "{\"xml\": \"\", \"pasued\": true}",
                   "domain-create takes no \"pasued\"");
    expect_refusal("domain-find", "{}", "domain-find needs \"name\" or \"uuid\"");
    expect_refusal("domain-find", "{\"uuid\": \"x\"}", NULL);
    expect_refusal("capabilities", "{\"name\": \"x\"}", "capabilities takes no \"name\"");
    expect_refusal("domain-set-max-downtime", "{\"name\": \"a\", \"ms\": 1.5}",
                   "domain-set-max-downtime: \"ms\" is not an integer");
    expect_refusal("domain-migrate", "{\"name\": \"a\", \"flags\": [\"live\", 1]}",
                   "domain-migrate: \"flags\" is not an array of strings");
    expect_refusal("domain-migrate", "{\"name\": \"a\", \"flags\": [], \"parameters\": []}",
                   "domain-migrate: \"parameters\" is not an object");
}

Test(libvirt_call, knows_each_command_of_the_protocol)
{
    g_autofree char *header = NULL;
    g_autoptr(GRegex) begin =
        g_regex_new("^ \\* ([a-z][a-z-]+)\\*?(?= [{-])", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    unsigned count = 0;

    cr_assert(g_file_get_contents(PROTOCOL_HEADER, &header, NULL, NULL));
    for (g_regex_match(begin, header, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL), count++) {
        g_autofree char *name = g_match_info_fetch(match, 1);

        cr_assert_not_null(call_find(name), "%s is in the protocol alone", name);
    }
    cr_assert_gt(count, 25);
    cr_assert_null(call_find("domain"));
}

static struct typed_row rows[] = {
    {"text", TYPED_STRING},
    {"list", TYPED_STRINGS},
    {"number", TYPED_INT},
    {"size", TYPED_ULLONG},
    {0},
};

static void expect_typed(const char *object_text, const char *why)
{
    json_auto_t *object = json_loads(object_text, 0, NULL);
    struct typed typed = {0};
    g_autofree char *said = NULL;

    cr_assert_eq(typed_from_json(&typed, rows, object, &said), why == NULL, "%s", object_text);
    if (why != NULL)
        cr_assert_str_eq(said, why);
    typed_clear(&typed);
}

Test(libvirt_call, takes_parameters_of_their_type_only)
{
    virInitialize();
    expect_typed("{\"text\": \"a\", \"list\": [\"a\", \"b\"], \"number\": -1, \"size\": 1}", NULL);
    expect_typed("{\"list\": \"a\"}", NULL);
    expect_typed("{\"list\": [1]}", "parameter \"list\" is not a string or an array of strings");
    expect_typed("{\"text\": 1}", "parameter \"text\" is not a string");
    expect_typed("{\"number\": 2147483648}", "parameter \"number\" is not an integer");
    expect_typed("{\"size\": -1}", "parameter \"size\" is not a number from 0 on");
    expect_typed("{\"other\": 1}", "there is no parameter \"other\"");
}

Test(libvirt_call, says_typed_parameters_as_json)
{
    virTypedParameter parameters[] = {
        {.field = "data_total", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 7},
        {.field = "beyond", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = G_MAXUINT64},
        {.field = "operation",
         .type = VIR_TYPED_PARAM_INT,
         .value.i = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT},
        {.field = "rate", .type = VIR_TYPED_PARAM_DOUBLE, .value.d = G_MAXDOUBLE},
        {.field = "odd", .type = 99},
    };
    json_auto_t *stats =
        job_stats_to_json(VIR_DOMAIN_JOB_UNBOUNDED, parameters, G_N_ELEMENTS(parameters));
    json_auto_t *ended = job_stats_to_json(-1, parameters, 1);

    cr_assert_eq(json_integer_value(json_object_get(stats, "data_total")), 7);
    cr_assert_gt(json_real_value(json_object_get(stats, "beyond")), 1.8e19);
    cr_assert_str_eq(json_string_value(json_object_get(stats, "operation")), "migration_out");
    cr_assert_str_eq(json_string_value(json_object_get(stats, "type")), "unbounded");
    cr_assert_null(json_object_get(stats, "odd"));
    cr_assert_str_eq(json_string_value(json_object_get(ended, "type")), "completed");
}

Test(libvirt_call, names_what_happens_in_a_life)
{
    cr_assert_str_eq(lifecycle_event_name(VIR_DOMAIN_EVENT_SUSPENDED), "suspended");
    cr_assert_str_eq(lifecycle_detail_name(VIR_DOMAIN_EVENT_SUSPENDED,
                                           VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED),
                     "postcopy_failed");
    cr_assert_str_eq(
        lifecycle_detail_name(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED),
        "migrated");
    cr_assert_str_eq(
        lifecycle_detail_name(VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_POSTCOPY),
        "postcopy");
    cr_assert_null(lifecycle_event_name(-1));
    cr_assert_null(lifecycle_event_name(VIR_DOMAIN_EVENT_CRASHED + 1));
    cr_assert_null(lifecycle_detail_name(VIR_DOMAIN_EVENT_CRASHED + 1, 0));
    cr_assert_null(lifecycle_detail_name(VIR_DOMAIN_EVENT_SHUTDOWN, 99));
    cr_assert_null(lifecycle_detail_name(VIR_DOMAIN_EVENT_SHUTDOWN, 3));
}

Test(libvirt_call, has_libvirts_own_numbers)
{
    cr_assert_eq((int)PROTOCOL_INTERNAL, VIR_ERR_INTERNAL_ERROR);
    cr_assert_eq((int)PROTOCOL_NO_SUPPORT, VIR_ERR_NO_SUPPORT);
    cr_assert_eq((int)PROTOCOL_INVALID_ARG, VIR_ERR_INVALID_ARG);
    cr_assert_eq((int)PROTOCOL_OPERATION_FAILED, VIR_ERR_OPERATION_FAILED);
    cr_assert_eq((int)PROTOCOL_SYSTEM, VIR_ERR_SYSTEM_ERROR);
    cr_assert_eq((int)PROTOCOL_NO_DOMAIN, VIR_ERR_NO_DOMAIN);
    cr_assert_eq((int)PROTOCOL_AUTH_FAILED, VIR_ERR_AUTH_FAILED);
    cr_assert_eq((int)PROTOCOL_OPERATION_INVALID, VIR_ERR_OPERATION_INVALID);
    cr_assert_eq((int)PROTOCOL_CONFIG_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED);
    cr_assert_eq((int)PROTOCOL_TIMEOUT, VIR_ERR_OPERATION_TIMEOUT);
    cr_assert_eq((int)PROTOCOL_HOOK_FAILED, VIR_ERR_HOOK_SCRIPT_FAILED);
    cr_assert_eq((int)PROTOCOL_ABORTED, VIR_ERR_OPERATION_ABORTED);
    cr_assert_eq((int)PROTOCOL_UNSAFE, VIR_ERR_MIGRATE_UNSAFE);
    cr_assert_eq((int)PROTOCOL_OPERATION_UNSUPPORTED, VIR_ERR_OPERATION_UNSUPPORTED);
    cr_assert_eq((int)PROTOCOL_AGENT_UNRESPONSIVE, VIR_ERR_AGENT_UNRESPONSIVE);
    cr_assert_eq((int)PROTOCOL_ACCESS_DENIED, VIR_ERR_ACCESS_DENIED);
}
