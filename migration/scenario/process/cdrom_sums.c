/* What is in the CD-ROM drives is what the test was written for: sums of the files, before a VM
 * starts. They are read by a child, since a file on a share may hang. */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/storage/image.h"
#include "migration/vm/vm.h"
#include "sync/child.h"

#include <string.h>

#define READ_MS 600000

static const struct {
    const char *param;
    const char *command; /* of a shell whose $0 is the file */
} sums[] = {
    {"md5sum_1m", "head -c 1048576 <\"$0\" | md5sum"},
    {"md5sum", "md5sum <\"$0\""},
    {"sha1sum", "sha1sum <\"$0\""},
};

const char *const cdrom_sums_params[] = {"md5sum_1m", "md5sum", "sha1sum", NULL};

/* The sum alone. Transfer full. */
static char *sum_of(const char *command, const char *path, GError **err)
{
    const char *const argv[] = {"/bin/sh", "-c", command, path, NULL};
    g_autofree char *out = NULL;
    g_autofree char *complaint = NULL;
    int status;

    if (child_run(argv, NULL, deadline_in(READ_MS), &status, &out, &complaint, err) < 0)
        return NULL;
    if (status == 0 && *complaint == '\0')
        return g_strndup(out, strcspn(out, " \n"));
    g_set_error(err, VM_ERROR, VM_ERROR_START, "%s cannot be read: %s", path,
                g_strstrip(complaint));
    return NULL;
}

static int check_sum(const struct params *own, size_t i, const char *path, GError **err)
{
    const char *wanted = param_text(own, sums[i].param);
    g_autofree char *sum = sum_of(sums[i].command, path, err);

    if (sum == NULL)
        return -1;
    if (g_ascii_strcasecmp(sum, wanted) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "%s of %s is %s, and should be %s", sums[i].param,
                path, sum, wanted);
    return -1;
}

/* The sum of the first MiB is there to spare reading all of a large file. */
static bool is_wanted(const struct params *own, size_t i)
{
    return param_is_set(own, sums[i].param) &&
           (strcmp(sums[i].param, "md5sum") != 0 || !param_is_set(own, "md5sum_1m"));
}

static int check_cdrom(const struct params *own, const char *name, const char *vm, GError **err)
{
    const char *cdrom = param_text(own, "cdrom");
    g_autofree char *path = NULL;
    bool skipped;

    if (param_bool(own, "skip_hash", &skipped, err) < 0)
        return -1;
    if (cdrom == NULL || skipped || image_is_url(cdrom))
        return 0;
    path = image_data_path(own, cdrom);
    for (size_t i = 0; i < G_N_ELEMENTS(sums); i++)
        if (is_wanted(own, i) && check_sum(own, i, path, err) < 0) {
            g_prefix_error(err, "%s of %s: ", name, vm);
            return -1;
        }
    return 0;
}

int cdrom_sums_begin(struct step_on *on, GError **err)
{
    g_auto(GStrv) names = param_list(on->params, "cdroms");

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(on->params, *name);

        if (check_cdrom(own, *name, on->seat->name, err) < 0)
            return -1;
    }
    return 0;
}
