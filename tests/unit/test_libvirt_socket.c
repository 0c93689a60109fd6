/* Where a host's libvirt listens. */
#include "migration/vm/libvirt_socket.h"

#include "migration/vm/platform.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY 65534

TestSuite(libvirt_socket, .timeout = 10);

/* A folder with sockets of these names, of which those with '!' behind them have nobody behind them
 * any more. */
struct sockets {
    char *folder;
    int fds[2];
};

static struct sockets make(const char *a, const char *b)
{
    struct sockets made = {g_dir_make_tmp("vtmh-XXXXXX", NULL), {-1, -1}};
    const char *const names[] = {a, b};

    for (int i = 0; i < 2 && names[i] != NULL; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        bool is_stale = g_str_has_suffix(names[i], "!");

        snprintf(address.sun_path, sizeof address.sun_path, "%s/%.*s", made.folder,
                 (int)(strlen(names[i]) - is_stale), names[i]);
        made.fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(bind(made.fds[i], (struct sockaddr *)&address, sizeof address), 0);
        cr_assert(is_stale || listen(made.fds[i], 0) == 0);
    }
    return made;
}

static void take_down(struct sockets *made)
{
    g_autoptr(GDir) dir = g_dir_open(made->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(made->folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(made->folder);
    for (int i = 0; i < 2; i++)
        if (made->fds[i] >= 0)
            close(made->fds[i]);
    g_free(made->folder);
}

/* expected: the name of the socket, or a part of the sentence. */
static void expect(const char *a, const char *b, const char *mode, int code, const char *expected)
{
    struct sockets made = make(a, b);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = libvirt_socket_find_in(made.folder, mode, &error);

    if (code < 0) {
        cr_expect_not_null(path, "%s", error != NULL ? error->message : "");
        cr_expect(path == NULL || g_str_has_suffix(path, expected), "%s, not %s", path, expected);
    } else {
        cr_expect_null(path);
        cr_expect(g_error_matches(error, VM_ERROR, code));
        cr_expect(error == NULL || strstr(error->message, expected) != NULL, "%s", error->message);
    }
    take_down(&made);
}

Test(libvirt_socket, is_libvirtds_or_virtqemuds)
{
    expect("libvirt-sock", NULL, NULL, -1, "/libvirt-sock");
    expect("virtqemud-sock", NULL, NULL, -1, "/virtqemud-sock");
    expect("libvirt-sock", "virtqemud-sock", NULL, -1, "/virtqemud-sock");
    expect("libvirt-sock", "virtqemud-sock", "legacy", -1, "/libvirt-sock");
    expect("libvirt-sock", "virtqemud-sock", "auto", -1, "/virtqemud-sock");
    expect("libvirt-sock", NULL, "direct", VM_ERROR_UNSUPPORTED, "there is no ");
    expect("libvirt-sock", NULL, "both", VM_ERROR_UNSUPPORTED, "mode=both");
}

Test(libvirt_socket, without_a_listener_is_passed_over_or_told)
{
    expect("libvirt-sock", "virtqemud-sock!", NULL, -1, "/libvirt-sock");
    expect("libvirt-sock!", NULL, NULL, VM_ERROR_START, "libvirtd is down: nobody listens at ");
    expect("virtqemud-sock!", NULL, NULL, VM_ERROR_START, "virtqemud is down");
    expect(NULL, NULL, NULL, VM_ERROR_UNSUPPORTED, "/virtqemud-sock nor ");
}

/* In the test's own process, which ends after it. */
Test(libvirt_socket, of_root_is_not_for_others)
{
    struct sockets made = make("libvirt-sock", NULL);
    g_autofree char *socket = g_build_filename(made.folder, "libvirt-sock", NULL);
    g_autoptr(GError) error = NULL;

    cr_assert_eq(chmod(made.folder, 0755), 0);
    cr_assert_eq(chmod(socket, 0), 0);
    if (geteuid() == 0)
        cr_assert_eq(seteuid(NOBODY), 0);
    cr_expect_null(libvirt_socket_find_in(made.folder, NULL, &error));
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    cr_expect_not_null(strstr(error->message, "libvirtd is not for this user"), "%s",
                       error->message);
    cr_assert_eq(seteuid(getuid()), 0);
    take_down(&made);
}

/* Each look leaves a connection in its queue, which holds one or two. */
Test(libvirt_socket, of_a_daemon_that_hangs_with_a_full_queue_is_found)
{
    struct sockets made = make("libvirt-sock", NULL);

    for (int i = 0; i < 8; i++) {
        g_autofree char *path = libvirt_socket_find_in(made.folder, NULL, NULL);

        cr_expect_not_null(path);
    }
    take_down(&made);
}

Test(libvirt_socket, of_a_uri)
{
    struct sockets made = make("libvirt-sock", "other!");
    const struct {
        const char *uri;
        int code; /* -1: the socket */
        const char *words;
    } rows[] = {
        {"qemu:///system?socket=%s/libvirt-sock", -1, NULL},
        {"qemu+unix:///system?socket=%s/libvirt-sock", -1, NULL},
        {"qemu+unix:///session?mode=legacy&socket=%s/libvirt-sock", -1, NULL},
        {"qemu+unix:///system?socket=%s/other", VM_ERROR_START, "libvirt is down"},
        {"qemu+unix:///system?socket=%s/none", VM_ERROR_UNSUPPORTED, "there is no "},
        {"qemu+ssh://host2/system?socket=%s/libvirt-sock", VM_ERROR_UNSUPPORTED, "this host's"},
        {"qemu://host2/system?socket=%s/libvirt-sock", VM_ERROR_UNSUPPORTED, "this host's"},
        {"xen:///system?socket=%s/libvirt-sock", VM_ERROR_UNSUPPORTED, "this host's"},
        {"qemu:///other?socket=%s/libvirt-sock", VM_ERROR_UNSUPPORTED, "this host's"},
        {"%s", VM_ERROR_UNSUPPORTED, "this host's"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) parts = g_strsplit(rows[i].uri, "%s", 2);
        g_autofree char *uri = g_strjoinv(made.folder, parts);
        g_autofree char *expected = g_build_filename(made.folder, "libvirt-sock", NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *path = libvirt_socket_find(uri, &error);

        cr_expect_eq(g_strcmp0(path, rows[i].code < 0 ? expected : NULL), 0, "%s: %s", uri, path);
        if (rows[i].code >= 0) {
            cr_expect(g_error_matches(error, VM_ERROR, rows[i].code), "%s", uri);
            cr_expect_not_null(strstr(error->message, rows[i].words), "%s: %s", uri,
                               error->message);
        }
    }
    take_down(&made);
}

Test(libvirt_socket, of_a_session_is_the_users)
{
    struct sockets made = make(NULL, NULL);
    g_autofree char *folder = g_build_filename(made.folder, "libvirt", NULL);
    g_autoptr(GError) error = NULL;

    g_setenv("XDG_RUNTIME_DIR", made.folder, TRUE);
    cr_expect_null(libvirt_socket_find("qemu:///session", &error));
    cr_expect_not_null(strstr(error->message, folder), "%s", error->message);
    take_down(&made);
}
