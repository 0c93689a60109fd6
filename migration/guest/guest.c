/*
 * A guest as seen through its serial port. One reader fiber cuts the port's bytes into lines, keeps
 * the log, and turns lines into state and events; everything else waits for those.
 *
 * The first line on a destination may be the rest of one that began on the source: it parses as
 * text and is of no consequence.
 */
#include "migration/guest/kind.h"
#include "migration/guest/way.h"

#include "migration/evidence.h"
#include "migration/guest/loads.h"
#include "migration/guest/login.h"
#include "migration/params.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define TAIL_LINES 64 /* a panic begins with what it is, and goes on for long */
#define SHOWN_LINES 4
#define READ_BYTES 4096
#define DRAIN_TURNS 1000 /* a reader that gets nothing within them gets nothing */

static const struct guest_kind *kind_of(const struct params *params, GError **err)
{
    const char *name = guest_name(params);
    const struct guest_kind *kind;

    for (unsigned i = 0; (kind = guest_kind_at(i)) != NULL; i++) {
        if (strcmp(kind->name, name) == 0)
            return kind;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "guest = %s is not supported: only tick, jeos and image are", name);
    return NULL;
}

const char *guest_name(const struct params *params)
{
    return param_text(params, "guest");
}

const char *guest_kind_name(unsigned i, bool *has_network_out)
{
    const struct guest_kind *kind = guest_kind_at(i);

    if (kind == NULL)
        return NULL;
    *has_network_out = kind->has_network;
    return kind->name;
}

bool guest_kind_has_own_folder(unsigned i)
{
    return !guest_kind_at(i)->has_no_folder;
}

const struct guest_folder *guest_kind_folder(unsigned i)
{
    return guest_kind_at(i)->folder;
}

char *guest_file(const struct host *host, const char *kind, const char *name, GError **err)
{
    char *path = g_build_filename(host->guests_dir, kind, name, NULL);

    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return path;
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "guest %s is missing on %s: there is no %s (deploy/guest builds the guests)", kind,
                host->name, path);
    g_free(path);
    return NULL;
}

struct vm_boot *guest_boot(const struct host *host, const struct params *params, GError **err)
{
    const struct guest_kind *kind = kind_of(params, err);

    return kind != NULL ? kind->boot(host, params, err) : NULL;
}

int guest_check_params(const struct params *params, GError **err)
{
    static const char *const names[] = {"expected_guest_dmesg", "shell_prompt",
                                        "image_unbootable_pattern", NULL};

    for (const char *const *name = names; *name != NULL; name++) {
        g_autoptr(GRegex) regex = NULL;

        if (param_regex(params, *name, 0, &regex, err) < 0)
            return -1;
    }
    static const struct {
        const char *name, *why;
    } in_a_shell[] = {{"regain_ip_cmd", "has no shell on its serial port"},
                      {"vm_extra_dump_paths", "has no shell"}};
    const struct guest_kind *kind = kind_of(params, err);
    if (kind == NULL)
        return -1;
    for (unsigned i = 0; kind->know_login == NULL && i < G_N_ELEMENTS(in_a_shell); i++) {
        if (param_text(params, in_a_shell[i].name) == NULL)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s: guest %s %s", in_a_shell[i].name,
                    kind->name, in_a_shell[i].why);
        return -1;
    }
    return 0;
}

void guest_boot_free(struct vm_boot *boot)
{
    if (boot == NULL)
        return;
    g_free((char *)boot->firmware);
    g_free((char *)boot->kernel);
    g_free((char *)boot->initrd);
    g_free((char *)boot->append);
    g_free((char *)boot->seed);
    g_free(boot);
}

static void take_line(const char *text, void *arg)
{
    struct guest *guest = arg;
    struct serial_line line = serial_parse(text);

    if (line.kind == SERIAL_BEAT) {
        if (guest_take_beat(guest, &line, g_get_monotonic_time()))
            serial_log_line(&guest->log, text);
        return;
    }
    serial_log_line(&guest->log, text);
    guest_note_complaint(guest, text);
    g_queue_push_tail(&guest->tail, g_strdup(text));
    if (guest->tail.length > TAIL_LINES)
        g_free(g_queue_pop_head(&guest->tail));
    if (line.kind == SERIAL_UP) {
        guest->restarted = guest->restarted || guest->is_up;
        guest->is_up = true;
        event_set(&guest->up);
    } else if (line.kind != SERIAL_TEXT && line.kind != SERIAL_BAD_PAGE &&
               guest->kind->know_login == NULL) {
        /* Others are asked in a session: nobody would take it. */
        mailbox_put(guest->answers, g_memdup2(&line, sizeof line));
    }
}

static void hear(struct guest *guest, const char *bytes, size_t size)
{
    guest->bytes_taken += (uint64_t)size;
    serial_split(&guest->splitter, bytes, size, take_line, guest);
}

static int read_serial(void *arg, GError **err)
{
    struct guest *guest = arg;
    char buffer[READ_BYTES];
    ssize_t got;

    while ((got = stream_read(vm_serial(guest->vm), buffer, sizeof buffer, DEADLINE_NEVER, err)) >
           0) {
        hear(guest, buffer, (size_t)got);
        if (guest->listener != NULL)
            guest->listener(guest->listener_arg, buffer, (size_t)got);
    }
    event_set(&guest->silent);
    return got < 0 ? -1 : 0;
}

/* Where the lines to be shown begin: where the guest first speaks of a panic, else near the end. */
static GList *first_shown(const struct guest *guest)
{
    for (GList *line = guest->tail.head; line != NULL; line = line->next)
        if (strstr(line->data, "panic") != NULL)
            return line;
    return g_queue_peek_nth_link((GQueue *)&guest->tail,
                                 MAX(guest->tail.length, SHOWN_LINES) - SHOWN_LINES);
}

char *guest_serial_tail(const struct guest *guest)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GList *line = first_shown(guest);

    for (int n = 0; line != NULL && n < SHOWN_LINES; n++, line = line->next)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", (char *)line->data);
    if (line == NULL && guest->splitter.rest != NULL && guest->splitter.rest->len > 0)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", guest->splitter.rest->str);
    if (text->len == 0)
        return g_strdup("nothing");
    return g_utf8_make_valid(text->str, (gssize)text->len);
}

struct guest *guest_attach(struct vm *vm, const struct host *host, const struct params *params,
                           struct scope *scope, GError **err)
{
    const struct guest_kind *kind = kind_of(params, err);
    g_autofree char *file = g_strconcat(vm_name(vm), ".serial.log", NULL);
    g_autofree char *path = g_build_filename(host->log_dir, file, NULL);
    struct guest *guest;
    struct serial_log log;

    if (kind == NULL)
        return NULL;
    if (serial_log_open(&log, path) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot write %s: %s", path, g_strerror(errno));
        return NULL;
    }
    guest = g_new0(struct guest, 1);
    guest->kind = kind;
    guest->vm = vm;
    guest->host = host;
    guest->params = params_ref((struct params *)params);
    guest->log = log;
    guest->answers = mailbox_new(g_free);
    g_queue_init(&guest->tail);
    guest->reader = fiber_ref(scope_spawn_detached(scope, "serial", read_serial, guest));
    return guest;
}

void guest_free(struct guest *guest)
{
    if (guest == NULL)
        return;
    fiber_shield();
    fiber_cancel(guest->reader, NULL);
    fiber_join(guest->reader, DEADLINE_NEVER, NULL);
    fiber_unref(guest->reader);
    guest_hang_up(guest);
    fiber_unshield();
    mailbox_free(guest->answers);
    g_queue_clear_full(&guest->tail, g_free);
    serial_splitter_clear(&guest->splitter);
    if (guest->complaints != NULL)
        g_ptr_array_unref(guest->complaints);
    g_free(guest->line_end);
    g_free(guest->identity);
    g_free(guest->host_key);
    g_free(guest->boot_id);
    g_strfreev(guest->load_places);
    params_unref(guest->params);
    serial_log_close(&guest->log);
    g_free(guest);
}

void guest_set_error(const struct guest *guest, GError **err, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "guest %s of %s on %s %s", guest->kind->name,
                vm_name(guest->vm), guest->host->name, text);
}

bool guest_is_up(const struct guest *guest)
{
    return guest->is_up;
}

/* Lets the reader take what the port holds already. */
static void take_what_is_there(struct guest *guest)
{
    int waiting = 0;

    for (int turns = 0;
         turns < DRAIN_TURNS && !event_is_set(&guest->silent) &&
         ioctl(stream_fd(vm_serial(guest->vm)), FIONREAD, &waiting) == 0 && waiting > 0;
         turns++) {
        if (await_turn(NULL) < 0)
            return;
    }
}

GError *guest_end(struct guest *guest)
{
    GError *end = vm_act(guest->vm) != VM_ACT_NONE ? vm_act_error(guest->vm) : vm_death(guest->vm);
    g_autofree char *message = NULL;

    if (evidence_of(end) != VTMH__EVIDENCE__EVIDENCE_GUEST)
        return end;
    take_what_is_there(guest);
    message = end->message;
    {
        g_autofree char *tail = guest_serial_tail(guest);

        end->message = g_strdup_printf("%s; last serial output: %s", message, tail);
    }
    return end;
}

int guest_await(struct guest *guest, struct event *event, const char *what, int64_t deadline,
                GError **err)
{
    struct event *events[] = {event, &guest->silent, vm_exited(guest->vm)};
    double allowed_s = (double)deadline_left(deadline) / 1000;
    g_autoptr(GError) error = NULL;
    g_autofree char *tail = NULL;

    if (await_any(events, G_N_ELEMENTS(events), deadline, &error) >= 0) {
        if (event_is_set(event))
            return 0;
        g_propagate_error(err, guest_end(guest));
        return -1;
    }
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    tail = guest_serial_tail(guest);
    guest_set_error(guest, err, "did not %s within %.3g s; last serial output: %s", what, allowed_s,
                    tail);
    return -1;
}

static int check_not_restarted(struct guest *guest, GError **err)
{
    g_autofree char *tail = NULL;

    if (!guest->restarted)
        return 0;
    tail = guest_serial_tail(guest);
    guest_set_error(guest, err, "has started again by itself; last serial output: %s", tail);
    return -1;
}

/* Bytes that the guest has sent so far, also those that nobody has read yet. */
static uint64_t bytes_sent(struct guest *guest)
{
    int waiting = 0;

    ioctl(stream_fd(vm_serial(guest->vm)), FIONREAD, &waiting);
    return guest->bytes_taken + (uint64_t)MAX(waiting, 0);
}

static int await_beat_after(struct guest *guest, uint64_t byte, uint32_t counter, int64_t deadline,
                            GError **err)
{
    while (guest->last.at_us == 0 || guest->last_beat_at_byte <= byte ||
           (int32_t)(guest->last.counter - counter) <= 0) {
        event_reset(&guest->beat);
        if (guest_await(guest, &guest->beat, "give a sign of life", deadline, err) < 0)
            return -1;
    }
    return check_not_restarted(guest, err);
}

/* Its manager says so, and nobody can look closer. */
static int see_running(struct guest *guest, int64_t deadline, GError **err)
{
    g_autofree char *state = NULL;

    if (vm_run_state(guest->vm, &state, deadline, err) < 0)
        return -1;
    if (strcmp(state, "running") == 0) {
        guest->is_up = true;
        return 0;
    }
    guest_set_error(guest, err, "does not run: it is %s, as its manager says", state);
    return -1;
}

/* A guest that says nothing by itself is asked. */
static int ask_for_life(struct guest *guest, int64_t deadline, GError **err)
{
    if (!vm_is_reached(guest->vm))
        return see_running(guest, deadline, err);
    if (guest->kind->show_life(guest, deadline, err) < 0)
        return -1;
    guest->is_up = true;
    return check_not_restarted(guest, err);
}

static bool has_heartbeat(const struct guest *guest)
{
    return guest->kind->beat_period_ms > 0;
}

int guest_await_beat(struct guest *guest, int64_t deadline, GError **err)
{
    if (!has_heartbeat(guest))
        return ask_for_life(guest, deadline, err);
    return await_beat_after(guest, bytes_sent(guest), guest->last.counter - 1, deadline, err);
}

static int log_in(struct guest *guest, int64_t deadline, GError **err)
{
    if (guest->kind->know_login == NULL)
        return 0;
    g_autoptr(session) session = guest_login(guest, deadline, err);
    return session != NULL ? 0 : -1;
}

int guest_await_up(struct guest *guest, int64_t deadline, GError **err)
{
    if (!has_heartbeat(guest))
        return ask_for_life(guest, deadline, err);
    if (guest_await(guest, &guest->up, "say it is up", deadline, err) < 0)
        return -1;
    return log_in(guest, deadline, err);
}

bool guest_is_left_alone(const struct guest *guest)
{
    return guest_why_alone(guest) != NULL;
}

const char *guest_why_alone(const struct guest *guest)
{
    if (!vm_is_reached(guest->vm))
        return "nobody logs in to a domain of the user's whose address is not known (ip)";
    return guest->has_come && guest->kind->know_login != NULL &&
                   param_is_yes(guest->params, "not_login_after_mig")
               ? "nobody logs in to a guest that has moved (not_login_after_mig)"
               : NULL;
}

void guest_has_stayed(struct guest *guest, const char *bytes, size_t size)
{
    guest->has_come = false;
    hear(guest, bytes, size);
}

int guest_await_again(struct guest *guest, int64_t deadline, GError **err)
{
    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    return has_heartbeat(guest) && !guest_is_left_alone(guest) ? log_in(guest, deadline, err) : 0;
}

int guest_await_booted(struct guest *guest, int64_t deadline, GError **err)
{
    if (guest_is_left_alone(guest) && !has_heartbeat(guest))
        return 0;
    if (guest_await_beat(guest, deadline, err) < 0)
        return -1;
    guest->is_up = true; /* it says so before its first heartbeat, perhaps on the source */
    if (guest_is_left_alone(guest))
        return 0;
    if (guest_regain_address(guest, deadline, err) < 0)
        return -1;
    return log_in(guest, deadline, err);
}

int guest_await_alive(struct guest *guest, int64_t deadline, GError **err)
{
    if (has_heartbeat(guest) && await_beat_after(guest, 0, guest->beat_there, deadline, err) < 0)
        return -1;
    if (guest_is_left_alone(guest))
        return vm_is_reached(guest->vm) ? 0 : see_running(guest, deadline, err);
    if (guest_regain_address(guest, deadline, err) < 0)
        return -1;
    if (!has_heartbeat(guest))
        return ask_for_life(guest, deadline, err);
    return log_in(guest, deadline, err);
}

int guest_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    if (guest->is_working || guest_is_left_alone(guest))
        return 0;
    if (guest->kind->start_work(guest, deadline, err) < 0)
        return -1;
    guest->is_working = true;
    return 0;
}

int guest_end_background(struct guest *guest, int64_t deadline, GError **err)
{
    const char *command = param_text(guest->params, "migration_bg_kill_command");
    int status;

    if (command == NULL || param_text(guest->params, "migration_bg_command") == NULL)
        return 0;
    return guest_run(guest, command, deadline, &status, NULL, err);
}

int guest_begin_background(struct guest *guest, int64_t deadline, GError **err)
{
    return guest->is_working && guest->kind->know_login != NULL
               ? guest_start_background(guest, deadline, err)
               : 0;
}

int guest_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    if (check_not_restarted(guest, err) < 0)
        return -1;
    if (guest_is_left_alone(guest))
        return has_heartbeat(guest) ? guest_await_beat(guest, deadline, err) : 0;
    return guest->kind->check_work(guest, deadline, err);
}

int guest_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                 GError **err)
{
    if (check_not_restarted(guest, err) < 0)
        return -1;
    return guest->kind->verify(guest, deadline, pages_out, bad_out, err);
}

int guest_spoil(struct guest *guest, int64_t deadline, GError **err)
{
    return guest->kind->spoil(guest, deadline, err);
}

int guest_run(struct guest *guest, const char *command, int64_t deadline, int *status_out,
              char **output_out, GError **err)
{
    g_auto(session_result) result = {0};

    if (guest->kind->know_login == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "guest %s runs no commands",
                    guest->kind->name);
        return -1;
    }
    if (guest_command(guest, command, deadline, &result, err) < 0)
        return -1;
    *status_out = result.status;
    if (output_out != NULL)
        *output_out = g_strconcat(result.out, result.err, NULL);
    return 0;
}

int guest_keep_key(struct guest *guest, const char *path, GError **err)
{
    struct login login = {0};
    g_autofree char *key = NULL;
    gsize size;

    if (guest->kind->know_login == NULL || guest->kind->know_login(guest, &login, NULL) < 0 ||
        guest->identity == NULL)
        return 0;
    if (!g_file_get_contents(guest->identity, &key, &size, err) ||
        !g_file_set_contents_full(path, key, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                  err))
        return -1;
    g_free(guest->identity);
    guest->identity = g_strdup(path);
    return 0;
}

uint32_t guest_rounds(const struct guest *guest)
{
    return guest->rounds;
}

#define STATE "up=%d working=%d beat=%u bad=%u rounds=%u seen=%" G_GINT64_FORMAT
#define STATE_WORDS 6
/* Behind it, where that is known; the last goes on to the end. */
#define BOOT " boot="
#define HOST_KEY " key="

char *guest_state(const struct guest *guest)
{
    return g_strdup_printf(
        STATE "%s%s%s%s", guest->is_up, guest->is_working,
        guest->last.at_us != 0 ? guest->last.counter : guest->beat_there, guest->bad_known,
        guest->rounds, guest->log_seen_us, guest->boot_id != NULL ? BOOT : "",
        guest->boot_id != NULL ? guest->boot_id : "", guest->host_key != NULL ? HOST_KEY : "",
        guest->host_key != NULL ? guest->host_key : "");
}

/* What is behind the words; false: it is something else. Transfer full. */
static bool read_rest(const char *text, char **boot_id, char **host_key)
{
    if (g_str_has_prefix(text, BOOT)) {
        size_t size = strcspn(text += strlen(BOOT), " ");

        if (size == 0 || size > GUEST_BOOT_ID_MAX)
            return false;
        *boot_id = g_strndup(text, size);
        text += size;
    }
    if (g_str_has_prefix(text, HOST_KEY)) {
        *host_key = g_strdup(text + strlen(HOST_KEY));
        return **host_key != '\0';
    }
    return *text == '\0';
}

int guest_adopt_state(struct guest *guest, const char *state, GError **err)
{
    g_autofree char *boot_id = NULL;
    g_autofree char *host_key = NULL;
    int up, working, end = 0;
    unsigned beat, bad, rounds;
    int64_t seen_us;

    if (state == NULL ||
        sscanf(state, STATE "%n", &up, &working, &beat, &bad, &rounds, &seen_us, &end) !=
            STATE_WORDS ||
        !read_rest(state + end, &boot_id, &host_key)) {
        g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                    "what the other host says of guest %s of %s cannot be read: '%s'",
                    guest->kind->name, vm_name(guest->vm), state != NULL ? state : "nothing");
        return -1;
    }
    guest->has_come = true;
    guest->is_up = up != 0;
    guest->is_working = working != 0;
    guest->beat_there = beat;
    guest->bad_known = bad;
    guest->rounds = rounds;
    guest->log_seen_us = seen_us;
    g_free(guest->boot_id);
    guest->boot_id = g_steal_pointer(&boot_id);
    if (host_key != NULL) {
        g_free(guest->host_key);
        guest->host_key = g_steal_pointer(&host_key);
    }
    return 0;
}
