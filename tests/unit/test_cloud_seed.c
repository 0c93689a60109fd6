/* What a cloud image is told at its first boot: made once, the same everywhere. */
#include "migration/guest/cloud_seed.h"

#include "sync/fiber.h"
#include "tests/unit/params_help.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static struct host here, there;

static void make_hosts(void)
{
    here = (struct host){.name = "host1", .run_dir = g_dir_make_tmp("vtmh-seed.XXXXXX", NULL)};
    there = (struct host){.name = "host2", .run_dir = g_dir_make_tmp("vtmh-seed.XXXXXX", NULL)};
}

static void remove_hosts(void)
{
    const struct host *hosts[] = {&here, &there};

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        cloud_seed_remove(hosts[i], "vm1");
        cr_expect_eq(g_rmdir(hosts[i]->run_dir), 0, "something is left in %s", hosts[i]->run_dir);
        g_free((char *)hosts[i]->run_dir);
    }
}

TestSuite(cloud_seed, .init = make_hosts, .fini = remove_hosts);

static void write_to(const char *file, const char *data, gssize size)
{
    g_autofree char *path = cloud_seed_file(&here, "vm1", file);

    cr_assert(g_file_set_contents(path, data, size, NULL));
}

static void expect_same(const char *file)
{
    g_autofree char *a = cloud_seed_file(&here, "vm1", file);
    g_autofree char *b = cloud_seed_file(&there, "vm1", file);
    g_autofree char *here_data = NULL, *there_data = NULL;
    gsize here_size = 0, there_size = 0;

    cr_assert(g_file_get_contents(a, &here_data, &here_size, NULL));
    cr_assert(g_file_get_contents(b, &there_data, &there_size, NULL));
    cr_expect_eq(here_size, there_size, "%s", file);
    cr_expect(here_size == there_size && memcmp(here_data, there_data, here_size) == 0, "%s", file);
}

Test(cloud_seed, is_for_images_that_ask_for_it)
{
    g_autoptr(params) none = params_of("guest=image");
    g_autoptr(params) jeos = params_of("guest=jeos;cloud_init=yes");
    g_autoptr(params) image = params_of("guest=image;cloud_init=yes");

    cr_expect_not(cloud_seed_is_wanted(none));
    cr_expect_not(cloud_seed_is_wanted(jeos));
    cr_expect(cloud_seed_is_wanted(image));
}

Test(cloud_seed, comes_to_another_host_byte_for_byte)
{
    g_autofree char *disc = g_malloc0(300001);
    g_autoptr(GError) error = NULL;
    json_auto_t *packed = NULL;

    memset(disc + 40000, 'x', 5000);
    disc[300000] = 'y';
    write_to(CLOUD_SEED_DISC, disc, 300001);
    write_to(CLOUD_SEED_IDENTITY, "secret\n", -1);
    write_to(CLOUD_SEED_HOST_KEY, "ssh-ed25519 AAAA\n", -1);
    packed = cloud_seed_pack(&here, "vm1", &error);
    cr_assert_not_null(packed, "%s", error != NULL ? error->message : "");
    g_autofree char *text = json_dumps(packed, JSON_COMPACT);
    cr_expect_lt(strlen(text), 20000);
    cr_assert_eq(cloud_seed_unpack(&there, "vm1", packed, &error), 0);
    expect_same(CLOUD_SEED_DISC);
    expect_same(CLOUD_SEED_IDENTITY);
    g_autofree char *key = cloud_seed_host_key(&there, "vm1", NULL);
    cr_expect_str_eq(key, "ssh-ed25519 AAAA");
}

Test(cloud_seed, what_is_none_is_refused)
{
    static const char *const wrong[] = {
        "null",
        "{}",
        "{\"seed.iso\": {\"size\": 99999999999, \"sectors\": []}}",
        "{\"seed.iso\": {\"size\": 10, \"sectors\": [[8, \"AAAA\"]]}, \"login-key\": \"\"}",
        "{\"seed.iso\": {\"size\": 10, \"sectors\": [[-1, \"AAAA\"]]}}",
        "{\"seed.iso\": {\"size\": 10, \"sectors\": []}, \"login-key\": 7}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        json_auto_t *packed = json_loads(wrong[i], JSON_DECODE_ANY, NULL);
        g_autoptr(GError) error = NULL;

        cr_expect_eq(cloud_seed_unpack(&there, "vm1", packed, &error), -1, "%s", wrong[i]);
        cr_expect(error != NULL && strstr(error->message, "seed of vm1") != NULL, "%s", wrong[i]);
    }
}

static int make(void *arg, GError **err)
{
    return cloud_seed_make(&here, "vm1", arg, deadline_in(20000), err);
}

Test(cloud_seed, has_user_key_password_addresses_and_the_guest_s_own_host_key)
{
    g_autofree char *tool = g_find_program_in_path("genisoimage");
    g_autofree char *other = g_find_program_in_path("xorriso");
    g_autoptr(params) params =
        params_of("guest=image;cloud_init=yes;username=o'neil;password=a \"b\": c;nics=nic1;"
                  "nettype=bridge;ip=192.0.2.7;mac=52:54:00:00:00:01");
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize size;

    if (tool == NULL && other == NULL)
        cr_skip_test("there is neither genisoimage nor xorriso here");
    cr_assert_eq(fiber_run(make, params, &error), 0, "%s", error != NULL ? error->message : "");
    g_autofree char *disc = cloud_seed_file(&here, "vm1", CLOUD_SEED_DISC);
    cr_assert(g_file_get_contents(disc, &data, &size, NULL));
    static const char *const expected[] = {
        "cidata",   "#cloud-config",   "o'neil",         "a \\\"b\\\": c", "ssh_authorized_keys",
        "NOPASSWD", "ed25519_private", "local-hostname", "192.0.2.7/24",   "52:54:00:00:00:01"};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
        cr_expect_not_null(memmem(data, size, expected[i], strlen(expected[i])), "%s", expected[i]);
}

Test(cloud_seed, without_a_tool_the_packages_are_named)
{
    g_autoptr(params) params = params_of("guest=image;cloud_init=yes");
    g_autoptr(GError) error = NULL;
    g_autofree char *keygen = g_find_program_in_path("ssh-keygen");

    if (keygen == NULL)
        cr_skip_test("there is no ssh-keygen here");
    g_autofree char *folder = g_dir_make_tmp("vtmh-path.XXXXXX", NULL);
    g_autofree char *only = g_build_filename(folder, "ssh-keygen", NULL);
    cr_assert_eq(symlink(keygen, only), 0);
    g_setenv("PATH", folder, TRUE);
    cr_expect_eq(fiber_run(make, params, &error), -1);
    cr_expect(error != NULL && strstr(error->message, "genisoimage or xorriso, and host1") != NULL,
              "%s", error != NULL ? error->message : "");
    g_unlink(only);
    g_rmdir(folder);
}
