/* Copying over the SSH session against a real OpenSSH server. */
#include "ssh_bed.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define BIG ((size_t)5 * 1024 * 1024 + 4321)

static void count_progress(uint64_t done, uint64_t total, void *arg)
{
    uint64_t *last = arg;

    cr_assert(done >= *last && done <= total);
    *last = done;
}

static char *file_sum(const char *path)
{
    g_autofree char *data = NULL;
    gsize size;

    cr_assert(g_file_get_contents(path, &data, &size, NULL), "%s is missing", path);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
}

static void make_big_file(const char *path)
{
    g_autofree uint32_t *data = g_new(uint32_t, BIG / 4);

    for (size_t i = 0; i < BIG / 4; i++)
        data[i] = g_random_int();
    cr_assert(g_file_set_contents(path, (char *)data, BIG / 4 * 4, NULL));
}

static int there_and_back(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_autofree char *source = ssh_server_path(server, "big");
    g_autofree char *there = ssh_server_path(server, "it's there");
    g_autofree char *back = ssh_server_path(server, "back");
    g_autofree char *wanted = NULL, *sum_there = NULL, *sum_back = NULL;
    uint64_t done = 0;
    struct stat st;

    (void)arg;
    make_big_file(source);
    wanted = file_sum(source);
    if (ssh == NULL ||
        ssh_upload(ssh, source, there, 0750, count_progress, &done, soon(), err) < 0 ||
        ssh_download(ssh, there, back, 0, NULL, NULL, soon(), err) < 0)
        return -1;
    sum_there = file_sum(there);
    sum_back = file_sum(back);
    cr_assert_str_eq(sum_there, wanted);
    cr_assert_str_eq(sum_back, wanted);
    cr_assert_eq(done, BIG / 4 * 4);
    cr_assert_eq(g_stat(there, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0750);
    return 0;
}

Test(ssh_copy, copies_a_big_file_there_and_back)
{
    run(there_and_back, true);
}

static int empty_file(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_autofree char *there = ssh_server_path(server, "empty");
    g_autofree char *back = ssh_server_path(server, "back");
    struct stat st;

    (void)arg;
    if (ssh == NULL || ssh_upload(ssh, "/dev/null", there, 0600, NULL, NULL, soon(), err) == 0)
        return -1;
    g_clear_error(err);
    g_free(ssh_server_tool("touch %s", back));
    if (ssh_upload(ssh, back, there, 0600, NULL, NULL, soon(), err) < 0 ||
        ssh_download(ssh, there, back, 0, NULL, NULL, soon(), err) < 0)
        return -1;
    cr_assert_eq(g_stat(back, &st), 0);
    cr_assert_eq(st.st_size, 0);
    return 0;
}

Test(ssh_copy, copies_an_empty_file_but_no_device)
{
    run(empty_file, true);
}

/* Nothing may be left of a copy that failed. */
static void assert_no_parts(void)
{
    g_autoptr(GDir) dir = g_dir_open(server->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL)
        cr_assert_null(strstr(name, ".part-"), "%s was left behind", name);
}

static int failing_copies(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_autofree char *source = ssh_server_path(server, "user.pub");
    g_autofree char *back = ssh_server_path(server, "back");
    g_autoptr(GError) no_folder = NULL, a_folder = NULL, no_file = NULL, no_source = NULL;
    g_autoptr(GError) no_end = NULL;

    (void)arg;
    if (ssh == NULL)
        return -1;
    cr_assert_eq(
        ssh_upload(ssh, source, "/no/such/folder/file", 0600, NULL, NULL, soon(), &no_folder), -1);
    assert_error(no_folder, SSH_ERROR, SSH_ERROR_CHANNEL, "/no/such/folder/file");
    cr_assert_eq(ssh_upload(ssh, source, server->folder, 0600, NULL, NULL, soon(), &a_folder), -1);
    assert_error(a_folder, SSH_ERROR, SSH_ERROR_CHANNEL, "directory");
    cr_assert_eq(ssh_upload(ssh, "/no/such/file", back, 0600, NULL, NULL, soon(), &no_source), -1);
    assert_error(no_source, SSH_ERROR, SSH_ERROR_CHANNEL, "/no/such/file");
    cr_assert_eq(ssh_download(ssh, "/no/such/file", back, 0, NULL, NULL, soon(), &no_file), -1);
    assert_error(no_file, SSH_ERROR, SSH_ERROR_CHANNEL, "/no/such/file");
    cr_assert_eq(ssh_download(ssh, "/dev/zero", back, 300000, NULL, NULL, soon(), &no_end), -1);
    assert_error(no_end, SSH_ERROR, SSH_ERROR_CHANNEL, "more than 300000 bytes come");
    cr_assert_not(g_file_test(back, G_FILE_TEST_EXISTS));
    assert_no_parts();
    return whoami(NULL, err);
}

Test(ssh_copy, says_why_a_copy_failed_and_leaves_nothing)
{
    run(failing_copies, true);
}

static int replaces(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_autofree char *source = ssh_server_path(server, "user.pub");
    g_autofree char *there = ssh_server_path(server, "there");
    g_autofree char *wanted = file_sum(source), *sum = NULL;

    (void)arg;
    make_big_file(there);
    if (ssh == NULL || ssh_upload(ssh, source, there, 0644, NULL, NULL, soon(), err) < 0)
        return -1;
    sum = file_sum(there);
    cr_assert_str_eq(sum, wanted);
    return 0;
}

Test(ssh_copy, replaces_a_file_by_a_shorter_one)
{
    run(replaces, true);
}

int main(int argc, char **argv)
{
    return run_tests(argc, argv);
}
