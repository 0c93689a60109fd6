#include "ssh_server.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS 20000
#define LINE_MAX_BYTES 4096
#define PORT_TRIES 50
#define PRIVSEP_FOLDER "/run/sshd"

const char *ssh_server_missing(void)
{
    if (!g_file_test(SSH_SERVER_PROGRAM, G_FILE_TEST_IS_EXECUTABLE))
        return SSH_SERVER_PROGRAM " is not installed";
    if (geteuid() == 0 && g_mkdir_with_parents(PRIVSEP_FOLDER, 0755) < 0)
        return PRIVSEP_FOLDER " is missing and cannot be made";
    return NULL;
}

char *ssh_server_tool(const char *format, ...)
{
    va_list args;
    g_autofree char *line = NULL;
    char *out = NULL;
    GError *err = NULL;
    int status;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    cr_assert(g_spawn_command_line_sync(line, &out, NULL, &status, &err), "%s: %s", line,
              err != NULL ? err->message : "");
    cr_assert_eq(status, 0, "%s: status %d", line, status);
    return out;
}

char *ssh_server_path(const struct ssh_server *server, const char *name)
{
    return g_build_filename(server->folder, name, NULL);
}

static void make_key(const struct ssh_server *server, const char *name, const char *type)
{
    g_free(ssh_server_tool("ssh-keygen -q -N '' -C %s -t %s -f %s/%s", name, type, server->folder,
                           name));
}

struct ssh_server *ssh_server_prepare(const char *extra)
{
    struct ssh_server *server = g_new0(struct ssh_server, 1);
    g_autofree char *text = NULL, *authorized = NULL, *public_key = NULL, *key = NULL;

    server->folder = g_dir_make_tmp("vtmh-ssh-XXXXXX", NULL);
    cr_assert_not_null(server->folder);
    server->config = ssh_server_path(server, "sshd_config");
    server->known_hosts = ssh_server_path(server, "known_hosts");
    server->user_key = ssh_server_path(server, "user");
    make_key(server, "host_ed25519", "ed25519");
    make_key(server, "host_ecdsa", "ecdsa");
    make_key(server, "user", "ed25519");

    public_key = g_strconcat(server->user_key, ".pub", NULL);
    authorized = ssh_server_path(server, "authorized_keys");
    cr_assert(g_file_get_contents(public_key, &key, NULL, NULL));
    cr_assert(g_file_set_contents(authorized, key, -1, NULL));
    text = g_strdup_printf("ListenAddress 127.0.0.1\n"
                           "HostKey %s/host_ed25519\n"
                           "HostKey %s/host_ecdsa\n"
                           "AuthorizedKeysFile %s\n"
                           "PidFile none\n"
                           "StrictModes no\n"
                           "UsePAM no\n"
                           "PermitRootLogin yes\n"
                           "PasswordAuthentication no\n"
                           "KbdInteractiveAuthentication no\n"
                           "%s\n",
                           server->folder, server->folder, authorized, extra != NULL ? extra : "");
    cr_assert(g_file_set_contents(server->config, text, -1, NULL));
    return server;
}

/* Whether its stderr says that it listens; at its end it could not. */
static bool await_listening(struct stream *log)
{
    for (;;) {
        g_autofree char *line = stream_read_line(log, LINE_MAX_BYTES, deadline_in(START_MS), NULL);

        if (line == NULL)
            return false;
        if (strstr(line, "Server listening on") != NULL)
            return true;
    }
}

static bool try_port(struct ssh_server *server, uint16_t port)
{
    g_autofree char *number = g_strdup_printf("%u", port);
    /* It must not outlive a test that crashes. */
    const char *const argv[] = {"setpriv", "--pdeathsig", "KILL", SSH_SERVER_PROGRAM,
                                "-D",      "-e",          "-f",   server->config,
                                "-p",      number,        NULL};
    g_autoptr(stream) log = NULL;
    int ends[2];

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    {
        const struct child_fd fds[] = {{ends[1], 2}, {.fd = -1}};
        const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};

        server->child = child_start(&spec, NULL);
    }
    close(ends[1]);
    cr_assert_not_null(server->child);
    log = stream_new(ends[0], NULL);
    if (await_listening(log)) {
        /* Nobody reads on, but without a reader it would end by SIGPIPE. */
        server->log = g_steal_pointer(&log);
        server->port = port;
        return true;
    }
    child_free(g_steal_pointer(&server->child));
    return false;
}

void ssh_server_start(struct ssh_server *server)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        if (try_port(server, (uint16_t)g_random_int_range(20000, 32768)))
            return;
    }
    cr_assert_fail("sshd does not start");
}

static void remove_folder(const char *folder)
{
    g_free(ssh_server_tool("rm -rf %s", folder));
}

void ssh_server_free(struct ssh_server *server)
{
    if (server->child != NULL) {
        child_signal(server->child, SIGTERM);
        child_await(server->child, deadline_in(START_MS), NULL, NULL);
        child_free(server->child);
    }
    stream_close(server->log);
    remove_folder(server->folder);
    g_free(server->folder);
    g_free(server->config);
    g_free(server->known_hosts);
    g_free(server->user_key);
    g_free(server);
}

void ssh_server_make_known(const struct ssh_server *server, ...)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    const char *type;
    va_list args;

    va_start(args, server);
    while ((type = va_arg(args, const char *)) != NULL) {
        g_autofree char *path = g_strdup_printf("%s/host_%s.pub", server->folder, type);
        g_autofree char *key = NULL;

        cr_assert(g_file_get_contents(path, &key, NULL, NULL));
        g_string_append_printf(lines, "[127.0.0.1]:%u %s", server->port, key);
    }
    va_end(args);
    cr_assert(g_file_set_contents(server->known_hosts, lines->str, -1, NULL));
}
