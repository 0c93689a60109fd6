#include "tests/integration/deploy_bed.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
#define PRIVILEGE_SEPARATION "/run/sshd"
#define MAX_TRIES 5

const char *bed_missing(void)
{
    if (access(SSHD, X_OK) < 0)
        return SSHD " is not installed (apt install openssh-server)";
    if (geteuid() == 0 && g_mkdir_with_parents(PRIVILEGE_SEPARATION, 0755) < 0)
        return PRIVILEGE_SEPARATION " cannot be made";
    return NULL;
}

void bed_make_file(const struct bed *bed, const char *name, const char *text, int mode)
{
    g_autofree char *path = g_build_filename(bed->folder, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL), "%s", path);
    cr_assert_eq(g_chmod(path, mode), 0);
}

char *bed_read_file(const struct bed *bed, const char *name)
{
    g_autofree char *path = g_build_filename(bed->folder, name, NULL);
    char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL), "%s is missing", path);
    return text;
}

void bed_shell(const struct bed *bed, const char *command)
{
    const char *argv[] = {"/bin/sh", "-ec", command, NULL};
    g_autofree char *errors = NULL;
    int status = -1;

    cr_assert(g_spawn_sync(bed->folder, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                           NULL, &errors, &status, NULL));
    cr_assert_eq(status, 0, "%s: %s", command, errors);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void die_with_the_test(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Waits until it says that it listens; false when it ended instead (the port was taken
 * meanwhile). */
static bool comes_up(int errors)
{
    g_autofree char *said = g_strdup("");
    char buffer[512];
    ssize_t n;

    while ((n = read(errors, buffer, sizeof buffer - 1)) > 0) {
        g_autofree char *before = g_steal_pointer(&said);

        buffer[n] = '\0';
        said = g_strconcat(before, buffer, NULL);
        if (strstr(said, "Server listening on") != NULL)
            return true;
    }
    cr_assert_not_null(strstr(said, "in use"), "sshd: %s", said);
    return false;
}

static bool start_sshd(struct bed *bed)
{
    g_autofree char *file = g_build_filename(bed->folder, "sshd_config", NULL);
    g_autofree char *text = NULL;
    const char *argv[] = {SSHD, "-D", "-e", "-f", file, NULL};
    int errors = -1;

    bed->port = free_port();
    text = g_strdup_printf("ListenAddress 127.0.0.1:%u\n"
                           "HostKey %s/host_key\n"
                           "AuthorizedKeysFile %s/user_key.pub\n"
                           "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n"
                           "PermitRootLogin yes\nMaxStartups 100\n"
                           "SetEnv XDG_CACHE_HOME=%s VTMH_TEST=%s\n",
                           bed->port, bed->folder, bed->folder, bed->cache, bed->folder);
    bed_make_file(bed, "sshd_config", text, 0600);
    cr_assert(g_spawn_async_with_pipes(bed->folder, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                       die_with_the_test, NULL, &bed->pid, NULL, NULL, &errors,
                                       NULL));
    /* The pipe stays open: sshd goes on writing to it, too little in a test to fill it. */
    if (comes_up(errors))
        return true;
    close(errors);
    waitpid(bed->pid, NULL, 0);
    return false;
}

static void use_own_configuration(const struct bed *bed)
{
    g_autofree char *bin = g_build_filename(bed->folder, "bin", NULL);
    g_autofree char *path = g_strdup_printf("%s:%s", bin, g_getenv("PATH"));
    g_autofree char *ssh = g_find_program_in_path("ssh");
    g_autofree char *script =
        g_strdup_printf("#!/bin/sh\nexec %s -F %s/ssh_config \"$@\"\n", ssh, bed->folder);
    g_autofree char *config = g_strdup_printf("IdentityFile %s/user_key\n"
                                              "IdentitiesOnly yes\nIdentityAgent none\n"
                                              "UserKnownHostsFile %s/known_hosts\n"
                                              "GlobalKnownHostsFile none\n",
                                              bed->folder, bed->folder);

    bed_make_file(bed, "bin/ssh", script, 0755);
    bed_make_file(bed, "ssh_config", config, 0600);
    g_setenv("PATH", path, TRUE);
}

struct bed *bed_start(void)
{
    struct bed *bed = g_new0(struct bed, 1);

    bed->folder = g_dir_make_tmp("vtmh-deploy-XXXXXX", NULL);
    cr_assert_not_null(bed->folder);
    bed->cache = g_build_filename(bed->folder, "cache", NULL);
    bed_shell(bed, "ssh-keygen -q -t ed25519 -N '' -f host_key\n"
                   "ssh-keygen -q -t ed25519 -N '' -f user_key");
    use_own_configuration(bed);
    for (int i = 0; i < MAX_TRIES; i++) {
        if (start_sshd(bed))
            return bed;
    }
    cr_assert_fail("sshd found no free port");
    return bed;
}

void bed_end_sshd(struct bed *bed)
{
    if (bed->pid <= 0)
        return;
    kill(bed->pid, SIGTERM);
    waitpid(bed->pid, NULL, 0);
    bed->pid = 0;
}

void bed_stop(struct bed *bed)
{
    const char *argv[] = {"rm", "-r", bed->folder, NULL};

    bed_end_sshd(bed);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(bed->folder);
    g_free(bed->cache);
    g_free(bed);
}

void bed_trust(const struct bed *bed)
{
    g_autofree char *key = bed_read_file(bed, "host_key.pub");
    g_autofree char *line = g_strdup_printf("[127.0.0.1]:%u %s", bed->port, key);

    bed_make_file(bed, "known_hosts", line, 0600);
}
