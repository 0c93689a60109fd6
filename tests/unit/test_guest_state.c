/* What travels of a guest from one host to the next. */
#include "migration/guest/kind.h"
#include "migration/vm/driver.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct vm vm = {.name = (char *)"vm1"};

static struct guest guest_here(void)
{
    return (struct guest){.kind = &guest_tick, .vm = &vm};
}

Test(guest_state, arrives_as_it_was_sent)
{
    struct guest source = guest_here(), destination = guest_here();
    source.is_up = source.is_working = true;
    source.beat_there = 77;
    source.bad_known = 3;
    source.rounds = 4;
    source.log_seen_us = INT64_C(77000000000);
    g_autofree char *state = guest_state(&source);
    cr_assert_eq(guest_adopt_state(&destination, state, NULL), 0);
    cr_expect(destination.is_up && destination.is_working);
    cr_expect_eq(destination.beat_there, 77);
    cr_expect_eq(destination.bad_known, 3);
    cr_expect_eq(guest_rounds(&destination), 4);
    cr_expect_eq(destination.log_seen_us, INT64_C(77000000000));
}

Test(guest_state, has_the_key_by_which_the_guest_proved_itself_first)
{
    static char boot[] = "01234567-89ab", key[] = "ssh-ed25519 AAAAC3Nz";
    static const struct {
        char *boot_id, *host_key;
    } cases[] = {{boot, key}, {NULL, key}, {boot, NULL}, {NULL, NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct guest source = guest_here(), destination = guest_here();

        source.boot_id = cases[i].boot_id;
        source.host_key = cases[i].host_key;
        g_autofree char *state = guest_state(&source);
        cr_assert_eq(guest_adopt_state(&destination, state, NULL), 0, "%s", state);
        cr_expect_eq(g_strcmp0(destination.boot_id, source.boot_id), 0);
        cr_expect_eq(g_strcmp0(destination.host_key, source.host_key), 0);
        g_free(destination.boot_id);
        g_free(destination.host_key);
    }
}

Test(guest_state, that_cannot_be_read_is_an_error_and_not_a_guest_without_work)
{
    static const char *const wrong[] = {NULL,
                                        "",
                                        "at work",
                                        "up=1 working=1 beat=7 bad=0",
                                        "up=1 working=1 beat=7 bad=0 rounds=x seen=0",
                                        "up=1 working=1 beat=7 bad=0 rounds=1 seen=0 key=",
                                        "up=1 working=1 beat=7 bad=0 rounds=1 seen=0 more"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct guest guest = guest_here();
        g_autoptr(GError) error = NULL;
        cr_assert_lt(guest_adopt_state(&guest, wrong[i], &error), 0, "%s", wrong[i]);
        cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
        cr_expect_not_null(strstr(error->message, "vm1"));
    }
}

Test(guest_state, the_key_of_a_guest_that_is_kept_outlives_the_tests_own)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-key-XXXXXX", NULL);
    g_autofree char *own = g_build_filename(folder, "vm1-login-key", NULL);
    g_autofree char *kept = g_build_filename(folder, "vm1.key", NULL);
    struct params *params = params_new();
    struct guest guest = {
        .kind = &guest_image, .vm = &vm, .params = params, .identity = g_strdup(own)};
    g_autofree char *text = NULL;
    GStatBuf info;

    params_set(params, "guest", "image", NULL);
    cr_assert(g_file_set_contents(own, "a key", -1, NULL));
    cr_assert_eq(guest_keep_key(&guest, kept, NULL), 0);
    cr_expect_str_eq(guest.identity, kept);
    g_unlink(own);
    cr_assert(g_file_get_contents(kept, &text, NULL, NULL));
    cr_expect_str_eq(text, "a key");
    cr_assert_eq(g_stat(kept, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    g_unlink(kept);
    g_rmdir(folder);
    g_free(guest.identity);
    params_unref(params);
}

static const struct guest_kind *asked;

/* What a guest says on its serial line without having been asked. */
static int says_answers(void *arg, GError **err)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-serial-XXXXXX", NULL);
    const struct host host = {.name = "a", .log_dir = folder};
    struct vm here = {.name = (char *)"vm1"};
    struct params *params = params_new();
    struct scope *scope = scope_open("readers");
    g_autofree char *log = g_build_filename(folder, "vm1.serial.log", NULL);
    static const char said[] = "R 00000001\nR 00000002\n";
    bool *waits = arg;
    int ends[2];

    params_set(params, "guest", asked->name, NULL);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    here.serial = stream_new(ends[0], err);
    struct guest *guest = guest_attach(&here, &host, params, scope, err);
    cr_assert_not_null(guest);
    cr_assert_eq(write(ends[1], said, strlen(said)), (ssize_t)strlen(said));
    close(ends[1]);
    int result = await_event(&guest->silent, deadline_in(5000), err);
    *waits = event_is_set(mailbox_ready(guest->answers));
    guest_free(guest);
    scope_abandon(scope);
    stream_close(here.serial);
    params_unref(params);
    g_unlink(log);
    g_rmdir(folder);
    return result;
}

Test(guest_state, answers_are_kept_only_of_a_guest_that_is_asked_on_its_serial_line)
{
    g_autoptr(GError) error = NULL;
    bool waits;

    asked = &guest_tick;
    cr_assert_eq(fiber_run(says_answers, &waits, &error), 0, "%s", error ? error->message : "");
    cr_expect(waits);
    asked = &guest_image;
    cr_assert_eq(fiber_run(says_answers, &waits, &error), 0, "%s", error ? error->message : "");
    cr_expect_not(waits);
}
