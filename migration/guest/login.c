/*
 * A guest on a bridge may have to be seen there first, before anybody knows where to ask it. One
 * that boots is asked again and again: QEMU's user network accepts for one that does not
 * listen yet and then closes, so only the words of its server count. A guest with a heartbeat is
 * asked after each; one without, after a moment, or after a limit that grows, where somebody
 * accepts and says nothing.
 *
 * Whoever gives up says what each way has said last, since that says more than that the time is
 * over, and what the guest shows: its last lines, its screen.
 */
#include "migration/guest/login.h"

#include "migration/guest/addresses.h"
#include "migration/guest/firmware.h"
#include "migration/guest/kind.h"
#include "migration/guest/tried.h"
#include "migration/guest/way.h"
#include "migration/guest/windows.h"
#include "migration/params.h"

#define PAUSE_MS 20
#define ANSWER_MS 1000
#define ANSWER_MAX_MS 16000
#define PICTURE_MS 2000
#define SSH_PORT 22

void guest_hang_up(struct guest *guest)
{
    session_close(g_steal_pointer(&guest->session));
}

/* Of a session that is of no more use. */
static void leave(struct guest *guest, const struct session *session)
{
    if (guest->session == session)
        guest_hang_up(guest);
}

void guest_explain(struct guest *guest, const char *what, GError *error, GError **err)
{
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_propagate_error(err, error);
        return;
    }
    if (event_is_set(vm_exited(guest->vm)))
        g_propagate_error(err, guest_end(guest));
    else
        guest_set_error(guest, err, "%s: %s", what, error->message);
    g_error_free(error);
}

/* One try by one way. Transfer full. */
static struct session *come_in(const struct way *way, const struct login *login, int64_t answer_ms,
                               int64_t deadline, GError **err)
{
    struct session *session = way->open(login, answer_ms, deadline, err);

    if (session != NULL) {
        session->way = way;
        session->is_windows = login->is_windows;
    }
    return session;
}

/* One try by each of the ways, in their order. *final_out: no further try would do better. */
static int try_ways(struct guest *guest, struct login *login, const GStrv ways, int64_t answer_ms,
                    int64_t deadline, struct tried *tried, bool *final_out, GError **err)
{
    struct vm_endpoint at = {0};
    bool final = true;

    if (vm_addresses_changed(guest->vm) != NULL)
        event_reset(vm_addresses_changed(guest->vm));
    if (!vm_endpoint(guest->vm, NULL, guest->shell_port, &at) && guest_can_ask_addresses(guest)) {
        g_autofree char *why_not = guest_ask_addresses(guest, deadline);

        if (why_not != NULL)
            tried_note(tried, "address", NULL, 0, why_not);
        vm_endpoint(guest->vm, NULL, guest->shell_port, &at);
    }
    login->has_card = vm_addresses_changed(guest->vm) != NULL;
    login->address = at.address;
    login->port = at.port;

    for (char **name = ways; *name != NULL; name++) {
        const struct way *way = way_named(*name);
        g_autoptr(GError) why = NULL;

        guest->session = come_in(way, login, answer_ms, deadline, &why);
        if (guest->session != NULL)
            return 0;
        if (why->domain == SYNC_ERROR) {
            *final_out = true;
            g_propagate_error(err, g_steal_pointer(&why));
            return -1;
        }
        final = final && !g_error_matches(why, SESSION_ERROR, SESSION_ERROR_NOT_YET);
        tried_note(tried, *name, way->by_network ? at.address : NULL, at.port, why->message);
    }
    *final_out = final;
    g_set_error_literal(err, SESSION_ERROR, SESSION_ERROR_REFUSED, "not let in");
    return -1;
}

/* Waits until another try may do better. */
static int await_chance(struct guest *guest, const GStrv ways, int64_t deadline, GError **err)
{
    struct event *gone[] = {vm_exited(guest->vm)};
    struct event *changed = vm_addresses_changed(guest->vm);
    struct vm_endpoint at;
    g_autoptr(GError) why = NULL;

    if (changed != NULL && ways[1] == NULL && way_named(ways[0])->by_network &&
        !guest_can_ask_addresses(guest) && !vm_endpoint(guest->vm, NULL, guest->shell_port, &at))
        return guest_await(guest, changed, "tell an address", deadline, err);
    if (guest->kind->beat_period_ms > 0)
        return guest_await_beat(guest, deadline, err);
    if (await_any(gone, 1, deadline_min(deadline, deadline_in(PAUSE_MS)), &why) < 0 &&
        g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT) && deadline_left(deadline) > 0)
        return 0;
    if (why != NULL)
        g_propagate_error(err, g_steal_pointer(&why));
    else
        g_propagate_error(err, guest_end(guest));
    return -1;
}

/* Whoever answered first is who must answer from now on. */
static void pin_host_key(struct guest *guest)
{
    const struct way *way = guest->session->way;

    if (guest->host_key == NULL && way->host_key != NULL)
        guest->host_key = way->host_key(guest->session);
}

/* For whoever wonders why: the guest's screen, if it has one. Says where. Transfer full. */
static char *picture(struct guest *guest)
{
    g_autofree char *name = g_strdup_printf("%s.login.png", vm_name(guest->vm));
    g_autofree char *path = NULL;
    g_autoptr(GError) why = NULL;

    if (guest->host->log_dir == NULL || vm_check_not_stopped(guest->vm, NULL) < 0)
        return g_strdup("");
    path = g_build_filename(guest->host->log_dir, name, NULL);
    if (vm_screendump(guest->vm, path, deadline_in(PICTURE_MS), &why) == 0)
        return g_strdup_printf("; its screen: %s", name);
    host_log(guest->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, vm_name(guest->vm),
             "no picture of the screen: %s", why->message);
    return g_strdup("");
}

/* Says what was tried, and what the guest shows of itself. */
static int give_up(struct guest *guest, const struct tried *tried, GError *error, GError **err)
{
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED) &&
        !event_is_set(vm_exited(guest->vm))) {
        g_autofree char *last = tried_places(tried) > 0 ? tried_text(tried) : NULL;
        g_autofree char *serial = guest_serial_tail(guest);
        g_autofree char *screen = picture(guest);
        g_autofree char *firmware = firmware_complaint(guest);
        char *before = error->message;

        error->message = g_strdup_printf("%s; last serial output: %s%s",
                                         last != NULL ? last : before, serial, screen);
        g_free(before);
        if (firmware != NULL)
            g_prefix_error(&error, "the firmware says: %s; ", firmware);
    }
    guest_explain(guest, "cannot be logged in to", error, err);
    return -1;
}

static int keep_trying(struct guest *guest, struct login *login, const GStrv ways, int64_t deadline,
                       GError **err)
{
    g_autoptr(tried) tried = tried_new();

    for (int64_t answer_ms = ANSWER_MS;; answer_ms = MIN(answer_ms * 2, ANSWER_MAX_MS)) {
        GError *error = NULL;
        bool final;

        if (try_ways(guest, login, ways, answer_ms, deadline, tried, &final, &error) == 0)
            return 0;
        if (final)
            return give_up(guest, tried, error, err);
        g_clear_error(&error);
        if (await_chance(guest, ways, deadline, &error) < 0)
            return give_up(guest, tried, error, err);
    }
}

/* By which ways, at which port, as whom. *ways_out: transfer full. */
static int read_params(struct guest *guest, struct login *login, GStrv *ways_out, GError **err)
{
    const struct params *params = guest->params;
    int64_t port;

    if (param_int(params, "shell_port", &port, err) < 0)
        return -1;
    guest->shell_port = (uint16_t)port;
    if (guest->line_end == NULL)
        guest->line_end = g_strcompress(param_text(params, "shell_linesep"));
    login->guest = guest;
    login->is_windows = guest_is_windows(params);
    login->username = guest_username(params);
    login->password = param_text(params, "password");
    login->prompt = param_text(params, "shell_prompt");
    login->line_end = guest->line_end;
    login->status = param_text(params, "status_test_command");
    *ways_out =
        param_list(params, param_is_set(params, "login_ways") ? "login_ways" : "shell_client");
    if (**ways_out == NULL) {
        g_set_error_literal(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "login_ways: names no way");
        return -1;
    }
    return 0;
}

/* "guest login of vm1 by ssh": whose fault it is if that fails is for who wants it. */
static struct doing *doing_login(const struct guest *guest, const GStrv ways)
{
    g_autofree char *words = g_strjoinv(", ", ways);

    return doing_push(doing_blame(doing_now()), "waiting for login to %s by %s", vm_name(guest->vm),
                      words);
}

/* One fiber at a time comes in. */
static int begin_to_enter(struct guest *guest, int64_t deadline, GError **err)
{
    while (guest->is_entering) {
        GError *why = NULL;

        event_reset(&guest->entered);
        if (await_event(&guest->entered, deadline, &why) < 0) {
            guest_explain(guest, "is being logged in to by others", why, err);
            return -1;
        }
    }
    guest->is_entering = true;
    return 0;
}

static void end_to_enter(struct guest *guest)
{
    guest->is_entering = false;
    event_set(&guest->entered);
}

static int enter(struct guest *guest, int64_t deadline, GError **err)
{
    g_autofree char *name =
        g_strdup_printf("guest of %s on %s", vm_name(guest->vm), guest->host->name);
    g_auto(GStrv) ways = NULL;
    struct login login = {.name = name};

    if (read_params(guest, &login, &ways, err) < 0 ||
        guest->kind->know_login(guest, &login, err) < 0)
        return -1;
    if (guest->host_key != NULL)
        login.host_key = guest->host_key;
    DOING_SCOPED doing = doing_login(guest, ways);
    if (keep_trying(guest, &login, ways, deadline, err) < 0)
        return -1;
    pin_host_key(guest);
    return 0;
}

struct session *guest_login(struct guest *guest, int64_t deadline, GError **err)
{
    int rc = begin_to_enter(guest, deadline, err);

    if (rc < 0)
        return NULL;
    if (guest->session == NULL)
        rc = enter(guest, deadline, err);
    end_to_enter(guest);
    return rc == 0 ? session_hold(guest->session) : NULL;
}

/* Beside the session that there is. Transfer full. */
static struct session *log_in_for_files(struct guest *guest, uint16_t port, int64_t deadline,
                                        GError **err)
{
    struct vm_endpoint at = {0};
    g_autofree char *name =
        g_strdup_printf("guest of %s on %s", vm_name(guest->vm), guest->host->name);
    struct login login = {.name = name};
    g_auto(GStrv) ways = NULL;
    struct session *session;
    GError *why = NULL;

    if (read_params(guest, &login, &ways, err) < 0 ||
        guest->kind->know_login(guest, &login, err) < 0)
        return NULL;
    vm_endpoint(guest->vm, NULL, port, &at);
    login.has_card = vm_addresses_changed(guest->vm) != NULL;
    login.address = at.address;
    login.port = at.port;
    login.host_key = guest->host_key;
    session = come_in(&way_ssh, &login, ANSWER_MAX_MS, deadline, &why);
    if (session != NULL)
        return session;
    g_autofree char *what =
        g_strdup_printf("has no SSH server for files at port %u", (unsigned)port);
    guest_explain(guest, what, why, err);
    return NULL;
}

struct session *guest_file_login(struct guest *guest, int64_t deadline, GError **err)
{
    g_autoptr(session) session = guest_login(guest, deadline, err);
    bool has_port = param_is_set(guest->params, "file_transfer_port");
    bool is_ssh = session != NULL && session->way == &way_ssh;
    int64_t port = is_ssh ? guest->shell_port : SSH_PORT;

    if (session == NULL ||
        (has_port && param_int(guest->params, "file_transfer_port", &port, err) < 0))
        return NULL;
    if ((!has_port && param_text(guest->params, "file_transfer_client") == NULL) ||
        (is_ssh && port == guest->shell_port))
        return g_steal_pointer(&session);
    return log_in_for_files(guest, (uint16_t)port, deadline, err);
}

/* The serial port has one reader: a session that is there by that way is taken. Transfer full. */
static struct session *session_on_serial(struct guest *guest, int64_t deadline, GError **err)
{
    g_auto(GStrv) ways = NULL;
    struct login login = {.name = "serial"};

    if (guest->session != NULL && guest->session->way == &way_serial)
        return session_hold(guest->session);
    if (read_params(guest, &login, &ways, err) < 0 ||
        guest->kind->know_login(guest, &login, err) < 0)
        return NULL;
    return come_in(&way_serial, &login, ANSWER_MS, deadline, err);
}

/* Nobody else comes in meanwhile. */
static int command_on_serial(struct guest *guest, const char *command, int64_t deadline,
                             GError **err)
{
    g_autoptr(session) session = NULL;
    int rc = -1;

    if (begin_to_enter(guest, deadline, err) < 0)
        return -1;
    session = session_on_serial(guest, deadline, err);
    if (session != NULL)
        rc = session_run_ok(session, command, deadline, NULL, err);
    if (session != NULL && session_is_broken(session))
        leave(guest, session);
    end_to_enter(guest);
    return rc;
}

int guest_regain_address(struct guest *guest, int64_t deadline, GError **err)
{
    const char *command = param_text(guest->params, "regain_ip_cmd");
    GError *why = NULL;

    if (command == NULL || guest->kind->know_login == NULL)
        return 0;
    DOING(doing_blame(doing_now()), "running regain_ip_cmd in %s", vm_name(guest->vm));
    if (command_on_serial(guest, command, deadline, &why) == 0)
        return 0;
    guest_explain(guest, "did not regain its address", why, err);
    return -1;
}

int guest_command(struct guest *guest, const char *command, int64_t deadline,
                  struct session_result *result, GError **err)
{
    GError *error = NULL;

    do {
        g_autoptr(session) session = guest_login(guest, deadline, err);

        g_clear_error(&error);
        if (session == NULL)
            return -1;
        if (session_run(session, command, NULL, 0, deadline, result, &error) == 0)
            return 0;
        if (session_is_broken(session))
            leave(guest, session);
    } while (g_error_matches(error, SESSION_ERROR, SESSION_ERROR_NOT_BEGUN));
    g_autofree char *what = g_strdup_printf("did not run a command: %s", command);
    guest_explain(guest, what, error, err);
    return -1;
}

int guest_command_ok(struct guest *guest, const char *command, const char *what, int64_t deadline,
                     GError **err)
{
    g_auto(session_result) result = {0};

    if (guest_command(guest, command, deadline, &result, err) < 0)
        return -1;
    if (result.status == 0)
        return 0;
    g_strchomp(result.out);
    g_strchomp(result.err);
    guest_set_error(guest, err, "%s: \"%s\" ended with status %d%s%s", what, command, result.status,
                    *result.err != '\0' || *result.out != '\0' ? ": " : "",
                    *result.err != '\0' ? result.err : result.out);
    return -1;
}

char *guest_ssh_command(struct guest *guest)
{
    g_auto(GStrv) ways = NULL;
    struct login login = {0};
    struct vm_endpoint at;

    if (guest->kind->know_login == NULL || read_params(guest, &login, &ways, NULL) < 0 ||
        guest->kind->know_login(guest, &login, NULL) < 0)
        return NULL;
    bool by_ssh = g_strv_contains((const char *const *)ways, way_ssh.name);
    if (!vm_endpoint(guest->vm, NULL, by_ssh ? guest->shell_port : SSH_PORT, &at))
        return NULL;
    return g_strdup_printf(
        "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null%s%s -p %u %s@%s",
        login.identity != NULL ? " -i " : "", login.identity != NULL ? login.identity : "", at.port,
        login.username, at.address);
}
