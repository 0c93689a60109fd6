/* The node's side, with a program that answers what its test says. */
#include "migration/vm/libvirt_link.h"
#include "tests/unit/fiber_checks.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(libvirt_link, .timeout = 60);

#define SOON deadline_in(20000)
#define URI "qemu:///system"

/* Ids are the numbers of the commands. Each connect is another generation. */
static const char obedient[] =
    "#!/bin/sh\n"
    "n=0 g=0\n"
    "say() { printf '%s\\n' \"$1\" >&3; }\n"
    "done_() { say \"{\\\"return\\\": $1, \\\"id\\\": $n}\"; }\n"
    "refuse() { say \"{\\\"error\\\": {\\\"class\\\": \\\"$1\\\", \\\"desc\\\": \\\"$2\\\"}, "
    "\\\"id\\\": $n}\"; }\n"
    "of() { say \"{\\\"event\\\": \\\"LIFECYCLE\\\", \\\"data\\\": {\\\"name\\\": \\\"$1\\\"}}\"; "
    "}\n"
    "lost() { say \"{\\\"event\\\": \\\"CONNECTION_CLOSED\\\", \\\"data\\\": {\\\"generation\\\": "
    "$1}}\"; }\n"
    "say '{\"QMP\": {}}'\n"
    "while read -r line <&3; do\n"
    "    n=$((n + 1))\n"
    "    case $line in\n"
    "    *'\"connect\"'*hang*) ;;\n"
    "    *'\"connect\"'*closed*) refuse NoPermission 'Permission denied' ;;\n"
    "    *'\"connect\"'*) g=$((g + 1)); done_ \"{\\\"generation\\\": $g}\" ;;\n"
    "    *'\"lose-'*) line=${line#*lose-}; lost \"${line%%\\\"*}\"; done_ '{}' ;;\n"
    "    *'\"tell-'*) line=${line#*tell-}; of \"${line%%\\\"*}\"; done_ '{}' ;;\n"
    "    *'\"find\"'*) refuse VIR_ERR_42 'no domain' ;;\n"
    "    *'\"hang\"'*) ;;\n"
    "    *'\"die\"'*) kill -9 $$ ;;\n"
    "    *'\"garbage\"'*) say 'this is not JSON' ;;\n"
    "    *'\"quit\"'*) done_ '{}'; exit 0 ;;\n"
    "    *) done_ '{}' ;;\n"
    "    esac\n"
    "done\n";

static GHashTable *owned; /* what is in the ledger */

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)node;
    (void)err;
    check(kind == OWNED_PROCESS);
    g_hash_table_add(owned, g_strdup(what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    (void)node;
    (void)kind;
    check(g_hash_table_remove(owned, what));
}

static const struct host_ops ops = {.own = own, .disown = disown};
static const struct host host = {.ops = &ops, .name = "host1"};

static bool says(const GError *err, const char *part)
{
    if (err != NULL && strstr(err->message, part) != NULL)
        return true;
    cr_log_error("not \"%s\": %s", part, err != NULL ? err->message : "no error");
    return false;
}

static bool is_of(const GError *err, GQuark domain, int code)
{
    if (g_error_matches(err, domain, code))
        return true;
    cr_log_error("another error: %s", err != NULL ? err->message : "none");
    return false;
}

struct script {
    fiber_fn body;
    const char *text;
};

static int in_bed(void *arg, GError **err)
{
    const struct script *script = arg;
    g_autofree char *dir = g_dir_make_tmp("vtmh-link-XXXXXX", NULL);
    g_autofree char *program = g_build_filename(dir, "program", NULL);

    check(g_file_set_contents(program, script->text, -1, NULL));
    check(chmod(program, 0700) == 0);
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    libvirt_link_program = program;
    int result = script->body(dir, err);
    check(g_hash_table_size(owned) == 0);
    g_hash_table_unref(owned);
    libvirt_link_program = NULL;
    g_unlink(program);
    g_rmdir(dir);
    return result;
}

static void run(fiber_fn body, const char *text)
{
    struct script script = {body, text};

    expect_run(in_bed, &script);
}

static int without_program(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)err;
    libvirt_link_program = NULL; /* none lies beside the test */
    check(libvirt_link_open(&host, URI, SOON, &error) == NULL);
    check(is_of(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    check(says(error, "built without libvirt"));
    check(says(error, "host1 (" URI ")"));
    libvirt_link_program = arg;
    return 0;
}

Test(libvirt_link, is_not_supported_where_vtmh_was_built_without_libvirt)
{
    run(without_program, "");
}

static int unloadable(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    check(libvirt_link_open(&host, URI, SOON, &error) == NULL);
    check(is_of(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    check(says(error, "error while loading shared libraries: libvirt.so.0"));
    check(says(error, "libvirt0"));
    check(says(error, "host1"));
    return 0;
}

Test(libvirt_link, is_not_supported_where_the_loader_refuses_the_program)
{
    run(unloadable, "#!/bin/sh\n"
                    "echo 'x: error while loading shared libraries: libvirt.so.0: gone' >&2\n"
                    "exit 127\n");
}

static int killed_at_start(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    check(libvirt_link_open(&host, URI, SOON, &error) == NULL);
    check(is_of(error, VM_ERROR, VM_ERROR_START));
    check(says(error, "SIGKILL"));
    return 0;
}

Test(libvirt_link, takes_a_program_that_is_killed_for_no_lack_of_the_host)
{
    run(killed_at_start, "#!/bin/sh\nkill -9 $$\n");
}

static int refused(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    check(libvirt_link_open(&host, "qemu:///closed", SOON, &error) == NULL);
    check(is_of(error, VM_ERROR, VM_ERROR_START));
    check(says(error, "libvirt of host1 (qemu:///closed) does not let us in: Permission denied"));
    return 0;
}

Test(libvirt_link, says_who_does_not_let_it_in)
{
    run(refused, obedient);
}

static int hung(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg;
    (void)err;
    check(libvirt_link_open(&host, "qemu:///hang", deadline_in(200), &error) == NULL);
    check(is_of(error, VM_ERROR, VM_ERROR_START));
    check(says(error, "libvirt of host1 (qemu:///hang) does not answer"));
    return 0;
}

Test(libvirt_link, says_which_libvirtd_does_not_answer)
{
    run(hung, obedient);
}

static int two_holders(void *arg, GError **err)
{
    (void)arg;
    struct libvirt_link *one = libvirt_link_open(&host, URI, SOON, err);
    struct libvirt_link *other = libvirt_link_open(&host, URI, SOON, err);
    struct libvirt_link *elsewhere = libvirt_link_open(&host, "qemu:///session", SOON, err);
    pid_t pid = libvirt_link_pid(one);

    check(one == other && one != elsewhere);
    check(g_hash_table_size(owned) == 2);
    libvirt_link_close(elsewhere);
    libvirt_link_close(one);
    check(kill(pid, 0) == 0);
    check(libvirt_link_call(other, "anything", NULL, SOON, NULL, NULL, err) == 0);
    libvirt_link_close(other);
    check(kill(pid, 0) < 0);
    return 0;
}

Test(libvirt_link, is_one_program_for_all_holders_and_ends_with_the_last)
{
    run(two_holders, obedient);
}

static int held_while_it_ended(void *arg, GError **err)
{
    struct libvirt_link *held = libvirt_link_open(&host, URI, SOON, err);
    pid_t pid = libvirt_link_pid(held);

    (void)arg;
    libvirt_link_kill(held);
    if (await_event(libvirt_link_lost(held), SOON, err) < 0)
        return -1;
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);

    check(link == held && libvirt_link_pid(link) != pid);
    check(!event_is_set(libvirt_link_lost(link)));
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, NULL, err) == 0);
    libvirt_link_close(link);
    libvirt_link_close(held);
    return 0;
}

Test(libvirt_link, is_renewed_for_who_opens_one_whose_program_has_ended)
{
    run(held_while_it_ended, obedient);
}

static int open_it(void *arg, GError **err)
{
    struct libvirt_link **out = arg;

    *out = libvirt_link_open(&host, URI, SOON, err);
    return *out != NULL ? 0 : -1;
}

static int at_once(void *arg, GError **err)
{
    struct libvirt_link *links[3];
    struct scope *scope = scope_open("holders");

    (void)arg;
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        scope_spawn(scope, "holder", open_it, &links[i]);
    if (scope_close(scope, err) < 0)
        return -1;
    check(links[0] == links[1] && links[1] == links[2]);
    check(g_hash_table_size(owned) == 1);
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        libvirt_link_close(links[i]);
    return 0;
}

Test(libvirt_link, is_started_once_though_several_ask_at_once)
{
    run(at_once, obedient);
}

static int numbers(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    g_autoptr(GError) error = NULL;
    int number = -1;

    (void)arg;
    check(libvirt_link_call(link, "find", NULL, SOON, NULL, &number, &error) < 0);
    check(number == PROTOCOL_NO_DOMAIN);
    check(is_of(error, VM_ERROR, VM_ERROR_COMMAND));
    check(says(error, "libvirt of host1 (" URI "): find: no domain (VIR_ERR_42)"));
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, &number, err) == 0);
    check(number == 0);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, gives_the_number_of_what_libvirt_refuses)
{
    run(numbers, obedient);
}

static int too_late(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    g_autoptr(GError) error = NULL;
    int number = -1;

    (void)arg;
    check(libvirt_link_call(link, "hang", NULL, deadline_in(50), NULL, &number, &error) < 0);
    check(number == 0);
    check(is_of(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    check(says(error, "host1 (" URI ")"));
    check(says(error, "hang"));
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, NULL, err) == 0);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, goes_on_after_a_call_that_was_given_up)
{
    run(too_late, obedient);
}

static int hang(void *arg, GError **err)
{
    return libvirt_link_call(arg, "hang", NULL, SOON, NULL, NULL, err);
}

static int killed_in_call(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    struct scope *scope = scope_open("call");
    struct fiber *call = fiber_ref(scope_spawn_detached(scope, "call", hang, link));
    g_autoptr(GError) error = NULL, later = NULL;
    int64_t begin = g_get_monotonic_time();

    (void)arg;
    check(!event_is_set(libvirt_link_lost(link)));
    check(await_turn(err) == 0);
    libvirt_link_kill(link);
    check(fiber_join(call, SOON, &error) < 0);
    check(is_of(error, VM_ERROR, VM_ERROR_DIED));
    check(says(error, "vtmh-node-libvirt on host1 (" URI ") ended (killed by SIGKILL)"));
    check(g_get_monotonic_time() - begin < 5 * G_USEC_PER_SEC);
    check(event_is_set(libvirt_link_lost(link)));
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, NULL, &later) < 0);
    check(is_of(later, VM_ERROR, VM_ERROR_DIED));
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(!event_is_set(libvirt_link_lost(link)));
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, NULL, err) == 0);
    check(g_hash_table_size(owned) == 1);
    fiber_unref(call);
    scope_close(scope, NULL);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, fails_calls_at_once_when_it_is_killed_and_can_be_renewed)
{
    run(killed_in_call, obedient);
}

static int renewed_under_call(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    struct scope *scope = scope_open("calls");
    struct fiber *calls[4];

    (void)arg;
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
        calls[i] = fiber_ref(scope_spawn_detached(scope, "call", hang, link));
    check(await_turn(err) == 0);
    libvirt_link_kill(link);
    check(await_event(libvirt_link_lost(link), SOON, err) == 0);
    check(libvirt_link_renew(link, SOON, err) == 0);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autoptr(GError) error = NULL;

        check(fiber_join(calls[i], SOON, &error) < 0);
        check(is_of(error, VM_ERROR, VM_ERROR_DIED));
        fiber_unref(calls[i]);
    }
    check(libvirt_link_call(link, "anything", NULL, SOON, NULL, NULL, err) == 0);
    scope_close(scope, NULL);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, is_renewed_while_calls_of_the_old_program_still_unwind)
{
    run(renewed_under_call, obedient);
}

static int lost_connection(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    struct event *lost = libvirt_link_lost(link);

    (void)arg;
    check(libvirt_link_call(link, "lose-1", NULL, SOON, NULL, NULL, err) == 0);
    check(event_is_set(lost));
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(!event_is_set(lost));
    check(json_integer_value(json_object_get(libvirt_link_facts(link), "generation")) == 2);
    check(libvirt_link_call(link, "lose-1", NULL, SOON, NULL, NULL, err) == 0);
    check(!event_is_set(lost));
    check(libvirt_link_call(link, "lose-2", NULL, SOON, NULL, NULL, err) == 0);
    check(event_is_set(lost));
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, is_lost_with_its_newest_connection_only)
{
    run(lost_connection, obedient);
}

static int garbage(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    g_autoptr(GError) error = NULL;

    (void)arg;
    check(libvirt_link_call(link, "garbage", NULL, SOON, NULL, NULL, &error) < 0);
    check(is_of(error, VM_ERROR, VM_ERROR_COMMAND));
    check(event_is_set(libvirt_link_lost(link)));
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, is_lost_when_its_program_speaks_garbage)
{
    run(garbage, obedient);
}

struct heard {
    GString *words;
    struct libvirt_watch *watch, *other;
};

static void on_event(const char *event, const json_t *data, int64_t time_us, void *arg)
{
    struct heard *heard = arg;
    const char *name = json_string_value(json_object_get(data, "name"));

    (void)time_us;
    g_string_append_printf(heard->words, "%s:%s ", event, name != NULL ? name : "-");
    g_clear_pointer(&heard->other, libvirt_link_unwatch);
}

static int watched(void *arg, GError **err)
{
    struct libvirt_link *link = libvirt_link_open(&host, URI, SOON, err);
    struct heard one = {.words = g_string_new(NULL)}, two = {.words = g_string_new(NULL)};

    (void)arg;
    one.watch = libvirt_link_watch(link, "vm1", on_event, &one);
    two.watch = libvirt_link_watch(link, "vm1", on_event, &two);
    check(libvirt_link_call(link, "tell-vm2", NULL, SOON, NULL, NULL, err) == 0);
    check(libvirt_link_call(link, "tell-vm1", NULL, SOON, NULL, NULL, err) == 0);
    check(libvirt_link_call(link, "lose-1", NULL, SOON, NULL, NULL, err) == 0);
    check(strcmp(one.words->str, "LIFECYCLE:vm1 CONNECTION_CLOSED:- ") == 0);
    check(strcmp(two.words->str, one.words->str) == 0);
    one.other = two.watch; /* the first takes the second away while both are called */
    check(libvirt_link_call(link, "tell-vm1", NULL, SOON, NULL, NULL, err) == 0);
    check(strcmp(two.words->str, "LIFECYCLE:vm1 CONNECTION_CLOSED:- ") == 0);
    libvirt_link_unwatch(one.watch);
    g_string_free(one.words, TRUE);
    g_string_free(two.words, TRUE);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_link, tells_each_watch_of_its_domain_and_all_of_the_connection)
{
    run(watched, obedient);
}
