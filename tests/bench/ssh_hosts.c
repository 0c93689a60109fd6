#include "ssh_hosts.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
#define LISTEN_MS 10000

static int run_shell(const struct ssh_hosts *hosts, const char *script, GError **err)
{
    const char *argv[] = {"/bin/sh", "-ec", script, NULL};
    int status;

    if (!g_spawn_sync(hosts->folder, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, NULL, &status, err))
        return -1;
    return g_spawn_check_wait_status(status, err) ? 0 : -1;
}

static int make_folder(struct ssh_hosts *hosts, GError **err)
{
    hosts->folder = g_dir_make_tmp("vtmh-bench-XXXXXX", err);
    if (!hosts->folder)
        return -1;
    g_autofree char *ssh = g_find_program_in_path("ssh");
    g_autofree char *script = g_strdup_printf(
        "mkdir -p cache bin /run/sshd\n"
        "ssh-keygen -q -t ed25519 -N '' -f host_key\n"
        "ssh-keygen -q -t ed25519 -N '' -f user_key\n"
        "cat >sshd_config <<END\n"
        "ListenAddress 127.0.0.1\nHostKey $PWD/host_key\nAuthorizedKeysFile $PWD/user_key.pub\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n"
        "PermitRootLogin yes\nMaxStartups 100\nSetEnv XDG_CACHE_HOME=$PWD/cache\nEND\n"
        "cat >ssh_config <<END\n"
        "IdentityFile $PWD/user_key\nIdentitiesOnly yes\nIdentityAgent none\n"
        "UserKnownHostsFile $PWD/known_hosts\nGlobalKnownHostsFile none\nEND\n"
        "printf '#!/bin/sh\\nexec %s -F %%s/ssh_config \"$@\"\\n' \"$PWD\" >bin/ssh\n"
        "chmod 755 bin/ssh\n",
        ssh ? ssh : "ssh");
    g_autofree char *path = g_strdup_printf("%s/bin:%s", hosts->folder, g_getenv("PATH"));
    if (run_shell(hosts, script, err) < 0)
        return -1;
    g_setenv("PATH", path, TRUE);
    return 0;
}

static int socket_on(uint16_t port, struct sockaddr_in *address)
{
    *address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int fd = socket_on(0, &address);

    if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        address.sin_port = 0;
    close(fd);
    return ntohs(address.sin_port);
}

static int await_listening(uint16_t port, GError **err)
{
    for (int ms = 0; ms < LISTEN_MS; ms += 10) {
        struct sockaddr_in address;
        int fd = socket_on(port, &address);
        int status = connect(fd, (struct sockaddr *)&address, sizeof(address));

        close(fd);
        if (status == 0)
            return 0;
        g_usleep(10000);
    }
    g_set_error(err, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "sshd does not listen on port %u", port);
    return -1;
}

static void die_with_the_bench(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static int start_one(struct ssh_hosts *hosts, unsigned i, GError **err)
{
    hosts->ports[i] = free_port();
    g_autofree char *port = g_strdup_printf("%u", hosts->ports[i]);
    g_autofree char *config = g_build_filename(hosts->folder, "sshd_config", NULL);
    const char *argv[] = {SSHD, "-D", "-f", config, "-p", port, NULL};

    if (!g_spawn_async(hosts->folder, (char **)argv, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, die_with_the_bench,
                       NULL, &hosts->pids[i], err))
        return -1;
    return await_listening(hosts->ports[i], err);
}

static int make_known(const struct ssh_hosts *hosts, GError **err)
{
    g_autoptr(GString) script = g_string_new("key=$(cat host_key.pub)\n");

    for (unsigned i = 0; i < hosts->n; i++)
        g_string_append_printf(script, "echo \"[127.0.0.1]:%u $key\" >>known_hosts\n",
                               hosts->ports[i]);
    return run_shell(hosts, script->str, err);
}

struct ssh_hosts *ssh_hosts_start(unsigned n, GError **err)
{
    struct ssh_hosts *hosts = g_new0(struct ssh_hosts, 1);

    hosts->n = n;
    hosts->ports = g_new0(uint16_t, n);
    hosts->pids = g_new0(int, n);
    int status = make_folder(hosts, err);
    for (unsigned i = 0; i < n && status == 0; i++)
        status = start_one(hosts, i, err);
    if (status == 0 && make_known(hosts, err) == 0)
        return hosts;
    ssh_hosts_stop(hosts);
    return NULL;
}

void ssh_hosts_stop(struct ssh_hosts *hosts)
{
    if (!hosts)
        return;
    for (unsigned i = 0; i < hosts->n; i++)
        if (hosts->pids[i] > 0) {
            kill(hosts->pids[i], SIGTERM);
            waitpid(hosts->pids[i], NULL, 0);
        }
    if (hosts->folder)
        run_shell(hosts, "rm -r \"$PWD\"", NULL);
    g_free(hosts->folder);
    g_free(hosts->ports);
    g_free(hosts->pids);
    g_free(hosts);
}
