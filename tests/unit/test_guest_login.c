/* Logging in to a guest whose serial port is a shell on this computer. */
#include "tests/unit/fiber_checks.h"
#include "tests/unit/params_help.h"

#include "migration/guest/kind.h"
#include "migration/guest/login.h"
#include "migration/guest/way.h"
#include "migration/vm/driver.h"
#include "sync/child.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(guest_login, .timeout = 60);

static int64_t soon(void)
{
    return deadline_in(20000);
}

static struct event exited;

static struct event *exited_of(struct vm *vm)
{
    (void)vm;
    return &exited;
}

static const char picture[] = "\x89PNG";

static int paint(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    (void)vm;
    (void)deadline;
    return g_file_set_contents(path, picture, -1, err) ? 0 : -1;
}

static const char *firmware_prints;

static int tell(struct vm *vm, char **text_out, int64_t deadline, GError **err)
{
    (void)vm, (void)deadline, (void)err;
    *text_out = g_strdup(firmware_prints);
    return 0;
}

static const struct vm_driver driver = {
    .name = "none", .exited = exited_of, .screendump = paint, .firmware_words = tell};

/* A VM without a hypervisor, and the shell. */
struct world {
    char *folder;
    struct host host;
    struct vm vm;
    bool is_deaf;
    struct child *shell;
    struct scope *scope;
    struct params *params;
    struct guest *guest;
};

/* is_deaf: nobody reads the serial port. */
static int world_open(struct world *world, const char *params, bool is_deaf, GError **err)
{
    const char *const argv[] = {
        "sh", "-c", is_deaf ? "echo booting; exec sleep 60" : "PS1='# ' exec sh -i", NULL};
    int pair[2];

    world->is_deaf = is_deaf;
    world->folder = g_dir_make_tmp("vtmh-login-XXXXXX", err);
    world->host = (struct host){.name = "host1", .log_dir = world->folder};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const struct child_fd fds[] = {{pair[1], 0}, {pair[1], 1}, {pair[1], 2}, {.fd = -1}};
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    world->shell = child_start(&spec, err);
    close(pair[1]);
    world->vm = (struct vm){.driver = &driver, .host = &world->host, .name = (char *)"vm1"};
    world->vm.serial = stream_new(pair[0], err);
    world->scope = scope_open("guest");
    world->params = params_of(params);
    world->guest = guest_attach(&world->vm, &world->host, world->params, world->scope, err);
    return world->guest != NULL && world->shell != NULL ? 0 : -1;
}

/* A shell reads what it was told to the end, and goes. */
static int world_close(struct world *world, GError **err)
{
    g_autofree char *log = g_build_filename(world->folder, "vm1.serial.log", NULL);
    int result;

    guest_free(world->guest);
    result = scope_close(world->scope, err);
    shutdown(stream_fd(world->vm.serial), SHUT_WR);
    check(world->is_deaf || child_await(world->shell, soon(), NULL, err) == 0);
    child_free(world->shell);
    stream_close(world->vm.serial);
    params_unref(world->params);
    g_unlink(log);
    check(g_rmdir(world->folder) == 0);
    g_free(world->folder);
    return result;
}

/* One that runs a command, and what came of it. */
struct caller {
    struct guest *guest;
    const char *command;
    int64_t limit_ms;
    int rc;
    struct session_result result;
    GError *error;
};

static int call(void *arg, GError **err)
{
    struct caller *caller = arg;

    (void)err;
    caller->rc = guest_command(caller->guest, caller->command, deadline_in(caller->limit_ms),
                               &caller->result, &caller->error);
    return 0;
}

static int call_at_once(struct caller *callers, unsigned n, GError **err)
{
    g_autoptr(scope) scope = scope_open("callers");

    for (unsigned i = 0; i < n; i++)
        scope_spawn(scope, "caller", call, &callers[i]);
    return scope_close(g_steal_pointer(&scope), err);
}

static void clear(struct caller *caller)
{
    session_result_clear(&caller->result);
    g_clear_error(&caller->error);
}

#define SERIAL "guest=image;login_ways=serial"

static int share(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, SERIAL, false, err) < 0)
        return -1;
    struct caller callers[] = {{world.guest, "echo one", 20000, 0, {0}, NULL},
                               {world.guest, "echo two", 20000, 0, {0}, NULL}};
    if (call_at_once(callers, G_N_ELEMENTS(callers), err) < 0)
        return -1;
    check(callers[0].rc == 0 && g_strcmp0(callers[0].result.out, "one\n") == 0);
    check(callers[1].rc == 0 && g_strcmp0(callers[1].result.out, "two\n") == 0);
    clear(&callers[0]);
    clear(&callers[1]);
    return world_close(&world, err);
}

Test(guest_login, two_who_come_at_once_come_in_once)
{
    expect_run(share, NULL);
}

/* The first has no time, and nobody clears up behind it; the second waits for its turn meanwhile.
 */
static int break_beside(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, SERIAL, false, err) < 0)
        return -1;
    g_autoptr(session) before = guest_login(world.guest, soon(), err);
    if (before == NULL)
        return -1;
    struct caller callers[] = {{world.guest, "sleep 1; rm -r $PWD", 200, 0, {0}, NULL},
                               {world.guest, "echo two", 20000, 0, {0}, NULL}};
    if (call_at_once(callers, G_N_ELEMENTS(callers), err) < 0)
        return -1;
    check(callers[0].rc < 0 && callers[0].error != NULL &&
          strstr(callers[0].error->message, "did not run a command: sleep 1") != NULL);
    check(callers[1].rc == 0 && g_strcmp0(callers[1].result.out, "two\n") == 0);
    check(session_is_broken(before));
    clear(&callers[0]);
    clear(&callers[1]);
    session_close(g_steal_pointer(&before));
    return world_close(&world, err);
}

Test(guest_login, a_command_that_waits_is_not_lost_with_the_session_that_another_breaks)
{
    expect_run(break_beside, NULL);
}

/* Who only waits, and has no more time, breaks nothing. */
static int wait_beside(void *arg, GError **err)
{
    struct world world = {0};

    (void)arg;
    if (world_open(&world, SERIAL, false, err) < 0)
        return -1;
    g_autoptr(session) before = guest_login(world.guest, soon(), err);
    if (before == NULL)
        return -1;
    struct caller callers[] = {{world.guest, "sleep 1; echo one", 20000, 0, {0}, NULL},
                               {world.guest, "echo two", 200, 0, {0}, NULL}};
    if (call_at_once(callers, G_N_ELEMENTS(callers), err) < 0)
        return -1;
    check(callers[0].rc == 0 && g_strcmp0(callers[0].result.out, "one\n") == 0);
    check(callers[1].rc < 0 && strstr(callers[1].error->message, "another command runs") != NULL);
    check(!session_is_broken(before) && world.guest->session == before);
    clear(&callers[0]);
    clear(&callers[1]);
    session_close(g_steal_pointer(&before));
    return world_close(&world, err);
}

Test(guest_login, who_has_no_time_to_wait_for_a_turn_breaks_nothing)
{
    expect_run(wait_beside, NULL);
}

/* A command's files lie in a folder in the guest; it tells here which. */
static int leave_nothing(void *arg, GError **err)
{
    bool tells_status = *(bool *)arg;
    struct world world = {0};
    g_autofree char *where = NULL, *command = NULL, *told = NULL;

    if (world_open(&world, SERIAL, false, err) < 0)
        return -1;
    if (!tells_status)
        params_set(world.params, "status_test_command", "true", NULL);
    where = g_build_filename(world.folder, "where", NULL);
    command = g_strdup_printf("pwd >%s", where);
    struct caller caller = {world.guest, command, 20000, 0, {0}, NULL};
    call(&caller, NULL);
    check((caller.rc == 0) == tells_status);
    check(tells_status || strstr(caller.error->message, "tells no status") != NULL);
    clear(&caller);
    check(g_file_get_contents(where, &told, NULL, NULL) && g_unlink(where) == 0);
    int rc = world_close(&world, err);
    check(g_str_has_prefix(told, "/tmp/vtmh-") && access(g_strchomp(told), F_OK) < 0);
    return rc;
}

Test(guest_login, a_command_leaves_nothing_in_the_guest)
{
    expect_run(leave_nothing, &(bool){true});
}

Test(guest_login, a_command_whose_status_is_not_told_leaves_nothing_either)
{
    expect_run(leave_nothing, &(bool){false});
}

static int regain(void *arg, GError **err)
{
    struct world world = {0};
    g_auto(session_result) said = {0};

    (void)arg;
    if (world_open(&world, SERIAL "", false, err) < 0)
        return -1;
    g_autoptr(session) before = guest_login(world.guest, soon(), err);
    params_set(world.params, "regain_ip_cmd", "true", NULL);
    if (before == NULL || guest_regain_address(world.guest, soon(), err) < 0 ||
        guest_command(world.guest, "echo still there", soon(), &said, err) < 0)
        return -1;
    check(strcmp(said.out, "still there\n") == 0);
    check(world.guest->session == before && !session_is_broken(before));
    session_close(g_steal_pointer(&before));
    return world_close(&world, err);
}

Test(guest_login, a_command_for_the_serial_port_goes_over_the_session_that_is_there_already)
{
    expect_run(regain, NULL);
}

static int give_up(void *arg, GError **err)
{
    struct world world = {0};
    g_autoptr(GError) why = NULL;
    g_autofree char *screen = NULL, *png = NULL;

    (void)arg;
    firmware_prints = "Booting from Hard Disk...\n";
    if (world_open(&world, SERIAL, true, err) < 0)
        return -1;
    check(guest_login(world.guest, deadline_in(2500), &why) == NULL);
    screen = g_build_filename(world.folder, "vm1.login.png", NULL);
    check(g_error_matches(why, VM_ERROR, VM_ERROR_GUEST));
    check(why != NULL &&
          strstr(why->message, "guest image of vm1 on host1 cannot be logged in to: "
                               "serial root: neither a login nor a shell answers") != NULL);
    check(
        why != NULL &&
        g_str_has_suffix(why->message, "; last serial output: booting; its screen: vm1.login.png"));
    check(g_file_get_contents(screen, &png, NULL, NULL) && strcmp(png, picture) == 0);
    g_unlink(screen);
    return world_close(&world, err);
}

Test(guest_login, who_gives_up_says_what_was_tried_and_what_the_guest_shows)
{
    expect_run(give_up, NULL);
}

/* What is said of the disks when a guest with these params gives no sign of life. */
static int boot_in_vain(void *arg, GError **err)
{
    struct world world = {0};
    g_autoptr(GError) why = NULL;
    g_autofree char *params = g_strconcat(SERIAL, arg, NULL);
    bool is_told = *(const char *)arg == '\0', says;

    firmware_prints = "Booting from Hard Disk...\nBoot failed: not a bootable disk\n\nBooting from "
                      "Floppy...\n";
    if (world_open(&world, params, true, err) < 0)
        return -1;
    check(guest_login(world.guest, deadline_in(1500), &why) == NULL);
    says = why != NULL && strstr(why->message, "the firmware says: Hard Disk... / Boot failed: not "
                                               "a bootable disk; serial root: ") != NULL;
    check(says == is_told);
    g_autofree char *screen = g_build_filename(world.folder, "vm1.login.png", NULL);
    g_unlink(screen);
    return world_close(&world, err);
}

Test(guest_login, who_gives_up_says_that_the_firmware_found_no_disk_to_boot_from)
{
    expect_run(boot_in_vain, (void *)"");
    expect_run(boot_in_vain, (void *)";image_verify_bootable=no");
    expect_run(boot_in_vain, (void *)";image_unbootable_pattern=No boot sector");
}
