#include "orchestrator/artifacts.h"

#include "orchestrator/deploy.h"

/* What must be in a guest's folder before it is of any use. */
static const struct {
    const char *guest;
    const char *files[7];
} guest_files[] = {
    {"tick", {"VERSION", "tick.rom"}},
    {"jeos", {"VERSION", "vmlinuz", "initrd", "command_line", "id_ed25519", "host_key.pub"}},
    {"jeos-load", {"VERSION", "vtmh-mem", "vtmh-disk"}},
    {"jeos-full", {"VERSION", "vmlinuz", "initrd", "command_line", "id_ed25519", "host_key.pub"}},
};

static char *own_folder(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

    return program != NULL ? g_path_get_dirname(program) : g_strdup(".");
}

char *artifacts_find_program(const char *name, GError **err)
{
    const char *chosen = g_getenv("VTMH_EXEC_PATH");
    g_autofree char *own = own_folder();
    g_autofree char *beside = g_build_filename(chosen != NULL ? chosen : own, name, NULL);

    if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&beside);
    if (chosen == NULL) {
        g_autofree char *bin = g_path_get_dirname(own);
        g_autofree char *installed = g_build_filename(bin, "libexec", "vtmh", name, NULL);

        if (g_file_test(installed, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&installed);
    }
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE,
                "%s is missing: build all of vtmh (cmake --build, or deploy/quickstart)", beside);
    return NULL;
}

const char *artifacts_library(void)
{
    static const char *const folders[] = {"cfg/library", "share/vtmh/library"};
    static char *library;
    g_autofree char *own = own_folder();
    g_autofree char *root = g_path_get_dirname(own);

    for (size_t i = 0; library == NULL && i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(root, folders[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            library = g_steal_pointer(&path);
    }
    return library;
}

char *artifacts_find_configuration(const char *file)
{
    const char *library = artifacts_library();

    if (library != NULL && strchr(file, '/') == NULL && !g_file_test(file, G_FILE_TEST_EXISTS)) {
        g_autofree char *path = g_build_filename(library, file, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return g_strdup(file);
}

char *artifacts_guests_dir(void)
{
    return g_build_filename(g_get_user_cache_dir(), "vtmh", "guests", NULL);
}

const char *const *artifacts_guest_files(const char *guest, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(guest_files); i++) {
        if (strcmp(guest_files[i].guest, guest) == 0)
            return guest_files[i].files;
    }
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE,
                "there is no guest \"%s\": tick and jeos are what deploy/guest builds", guest);
    return NULL;
}

static int check_guest(const char *guests_dir, const char *guest, GError **err)
{
    const char *const *files = artifacts_guest_files(guest, err);

    if (files == NULL)
        return -1;
    for (; *files != NULL; files++) {
        g_autofree char *path = g_build_filename(guests_dir, guest, *files, NULL);

        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE,
                        "the guest %s is not built (%s is missing): run deploy/guest", guest, path);
            return -1;
        }
    }
    return 0;
}

int artifacts_check_guests(const char *guests_dir, const char *const *guests, GError **err)
{
    for (; guests != NULL && *guests != NULL; guests++) {
        if (check_guest(guests_dir, *guests, err) < 0)
            return -1;
    }
    return 0;
}
