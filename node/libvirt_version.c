#include "node/libvirt_version.h"

#include "sync/child.h"

#include <string.h>

#define ANSWER_MS 3000

/* A login by SSH may look for no program there. */
#define SYSTEM_FOLDER "/usr/sbin"

static const char *const daemons[] = {"virtqemud", "libvirtd"};

/* "libvirtd (libvirt) 9.0.0\n" */
char *libvirt_version_parse(const char *text)
{
    const char *mark = ") ";
    const char *version = strstr(text, mark);
    size_t length;

    if (version == NULL)
        return g_strdup("");
    version += strlen(mark);
    length = strspn(version, "0123456789.");
    return g_strndup(version, length);
}

static char *ask(const char *program)
{
    const char *const argv[] = {program, "--version", NULL};
    g_autofree char *out = NULL, *version = NULL;
    int status = -1;

    if (child_run(argv, NULL, deadline_in(ANSWER_MS), &status, &out, NULL, NULL) == 0 &&
        status == 0)
        version = libvirt_version_parse(out);
    return version != NULL && *version != '\0' ? g_steal_pointer(&version) : g_strdup("unknown");
}

char *libvirt_version_find(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++) {
        g_autofree char *in_path = g_find_program_in_path(daemons[i]);
        g_autofree char *usual = g_build_filename(SYSTEM_FOLDER, daemons[i], NULL);

        if (in_path != NULL || g_file_test(usual, G_FILE_TEST_IS_EXECUTABLE))
            return ask(in_path != NULL ? in_path : usual);
    }
    return g_strdup("");
}
