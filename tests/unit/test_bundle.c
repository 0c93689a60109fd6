#include "orchestrator/bundle.h"

#include "orchestrator/deploy.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *folder;
static const char *const both[] = {"tick", "jeos", NULL};
static const char *const tick_only[] = {"tick", NULL};

static char *make_file(const char *name, const char *text, int mode)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, mode), 0);
    return path;
}

static void make_folder(void)
{
    static const char *const files[] = {
        "tick/VERSION",      "tick/tick.rom", "jeos/VERSION",
        "jeos/vmlinuz",      "jeos/initrd",   "jeos/host_key.pub",
        "jeos/command_line", "jeos/unknown",  "jeos/id_ed25519.pub"};

    folder = g_dir_make_tmp("vtmh-bundle-XXXXXX", NULL);
    cr_assert_not_null(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        g_free(make_file(files[i], files[i], 0644));
    g_free(make_file("jeos/id_ed25519", "secret", 0600));
}

static void remove_folder(void)
{
    const char *argv[] = {"rm", "-r", folder, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(folder);
}

TestSuite(bundle, .init = make_folder, .fini = remove_folder);

static const char good_json[] =
    "{\"version\": \"0.1.0\", \"arch\": \"x86_64\", \"glibc\": \"2.34\", \"sha256\": \"" HASH "\","
    " \"files\": [{\"name\": \"libuv.so.1\", \"sha256\": \"" HASH "\"},"
    " {\"name\": \"vtmh-node\", \"sha256\": \"" HASH "\"}]}";

Test(bundle, describes_the_node_as_the_build_did)
{
    g_autofree char *json = make_file("node.json", good_json, 0644);
    g_autofree char *tar = make_file("node.tar", "12345", 0644);
    g_autoptr(GError) err = NULL;
    g_autoptr(bundle) bundle = bundle_load_node(json, tar, &err);

    cr_assert_not_null(bundle, "%s", err != NULL ? err->message : "");
    cr_assert_str_eq(bundle->folder, "node-0123456789abcdef");
    cr_assert_str_eq(bundle->sums, HASH "  libuv.so.1\n" HASH "  vtmh-node\n");
    cr_assert_str_eq(bundle->arch, "x86_64");
    cr_assert_str_eq(bundle->glibc, "2.34");
    cr_assert_eq(bundle->size, 5);
    cr_assert_str_eq(bundle->tar, tar);
}

Test(bundle, refuses_a_description_that_lacks_something_or_could_mislead)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "not json",
        "{\"arch\": \"x\", \"glibc\": \"2\", \"sha256\": \"" HASH "\", \"files\": []}",
        "{\"arch\": \"x\", \"glibc\": \"2\", \"sha256\": \"12\","
        " \"files\": [{\"name\": \"a\", \"sha256\": \"" HASH "\"}]}",
        "{\"arch\": \"x\", \"glibc\": \"2\", \"sha256\": \"" HASH "\","
        " \"files\": [{\"name\": \"../a\", \"sha256\": \"" HASH "\"}]}",
        "{\"arch\": \"x\", \"glibc\": \"2\", \"sha256\": \"" HASH "\","
        " \"files\": [{\"name\": \"a\\nEND_OF_SUMS\", \"sha256\": \"" HASH "\"}]}",
    };
    g_autofree char *tar = make_file("node.tar", "12345", 0644);

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *json = make_file("node.json", bad[i], 0644);
        g_autoptr(GError) err = NULL;

        cr_assert_null(bundle_load_node(json, tar, &err), "%s", bad[i]);
        cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE), "%s", err->message);
        cr_assert(g_str_has_prefix(err->message, json), "%s", err->message);
    }
}

Test(bundle, says_which_file_of_the_node_is_missing)
{
    g_autofree char *json = make_file("node.json", good_json, 0644);
    g_autoptr(GError) err = NULL;

    cr_assert_null(bundle_load_node(json, "/nonexistent/node.tar", &err));
    cr_assert_not_null(strstr(err->message, "/nonexistent/node.tar"), "%s", err->message);
}

struct load {
    const char *const *guests;
    struct bundle *bundle;
};

static int load(void *arg, GError **err)
{
    struct load *what = arg;

    what->bundle = bundle_load_guests(folder, what->guests, deadline_in(10000), err);
    return what->bundle != NULL ? 0 : -1;
}

static struct bundle *load_guests(const char *const *guests)
{
    struct load what = {.guests = guests};
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(load, &what, &err), 0, "%s", err != NULL ? err->message : "");
    return what.bundle;
}

Test(bundle, holds_exactly_the_files_of_the_guests)
{
    g_autoptr(bundle) bundle = load_guests(both);
    g_autofree char *rom = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "tick/tick.rom", -1);
    g_autofree char *line = g_strdup_printf("%s  tick/tick.rom\n", rom);

    cr_assert_eq(bundle->names->len, 8);
    cr_assert_not_null(strstr(bundle->sums, line), "%s", bundle->sums);
    cr_assert_null(strstr(bundle->sums, "unknown"));
    cr_assert_null(bundle->tar);
    cr_assert_null(bundle->glibc);
    cr_assert(g_str_has_prefix(bundle->folder, "guests-"));
    cr_assert_eq(strlen(bundle->folder), strlen("guests-") + 16);
}

static int pack(void *arg, GError **err)
{
    return bundle_pack(arg, deadline_in(10000), err);
}

Test(bundle, packs_the_guests_and_keeps_their_key_private)
{
    struct bundle *bundle = load_guests(both);
    g_autofree char *listing = NULL;
    g_autofree char *tar = NULL;
    g_autoptr(GError) err = NULL;
    const char *argv[] = {"tar", "-tvf", NULL, NULL};

    cr_assert_eq(fiber_run(pack, bundle, &err), 0, "%s", err != NULL ? err->message : "");
    argv[2] = tar = g_strdup(bundle->tar);
    cr_assert(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &listing,
                           NULL, NULL, NULL));
    cr_assert(g_regex_match_simple("-rw------- \\S+ +\\d+ .* jeos/id_ed25519\n", listing, 0, 0),
              "%s", listing);
    cr_assert(g_regex_match_simple("-rw-r--r-- \\S+ +\\d+ .* tick/tick.rom\n", listing, 0, 0), "%s",
              listing);
    cr_assert_null(strstr(listing, "unknown"));
    bundle_free(bundle);
    cr_assert_not(g_file_test(tar, G_FILE_TEST_EXISTS), "the temporary tar is left behind");
}

Test(bundle, is_named_by_the_contents_of_its_files)
{
    g_autoptr(bundle) before = load_guests(tick_only);
    g_autoptr(bundle) same = load_guests(tick_only);
    g_autoptr(bundle) more = load_guests(both);

    g_free(make_file("tick/tick.rom", "tick/tick.roM", 0644));

    g_autoptr(bundle) after = load_guests(tick_only);

    cr_assert_str_eq(before->folder, same->folder);
    cr_assert_str_neq(before->folder, more->folder);
    cr_assert_str_neq(before->folder, after->folder);
}

Test(bundle, says_what_to_run_when_a_guest_is_not_built)
{
    struct load what = {.guests = both};
    g_autofree char *initrd = g_build_filename(folder, "jeos", "initrd", NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(g_remove(initrd), 0);
    cr_assert_eq(fiber_run(load, &what, &err), -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE));
    cr_assert_not_null(strstr(err->message, "run deploy/guest"), "%s", err->message);
}
