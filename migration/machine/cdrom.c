/* CD-ROM drives, with a medium or without. */
#include "migration/machine/drive.h"
#include "migration/params.h"
#include "migration/storage/image.h"

static int add_cdrom(struct device *board, const struct params *vm, const struct params *own,
                     const char *name, GError **err)
{
    const struct drive_form *form = drive_form_find(param_text(own, "cd_format"));
    const char *path = param_text(own, "cdrom");
    g_autofree char *location = NULL;
    struct drive_medium medium = {.format = "raw", .read_only = true};
    struct device *drive;
    bool may_be_empty;

    if (param_bool(own, "cdrom_without_file", &may_be_empty, err) < 0)
        return -1;
    if (path == NULL && !may_be_empty)
        return 0;
    if (form == NULL || form->cdrom == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "cd_format = %s (of %s) is not supported for a CD-ROM drive",
                    param_text(own, "cd_format"), name);
        return -1;
    }
    drive = drive_bus_plug(board, &device_cdrom, name, form, form->cdrom, vm, own, err);
    if (drive == NULL)
        return -1;
    device_set(drive->travels, "serial", param_text(own, "drive_serial"));
    if (drive_set_policies(drive, form, own, err) < 0)
        return -1;
    if (path == NULL)
        return 0;
    medium.is_url = image_is_url(path);
    location = medium.is_url ? g_strdup(path) : image_data_path(own, path);
    medium.location = location;
    return drive_insert(drive, &medium, own, err);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "cdroms");

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(spec->params, *name);

        if (param_check_word("cdroms", *name, err) < 0 ||
            add_cdrom(board, spec->params, own, *name, err) < 0)
            return -1;
    }
    return 0;
}

static void to_parts(const struct device *cdrom, GPtrArray *parts)
{
    drive_to_parts(cdrom, parts);
}

static int to_xml(const struct device *cdrom, struct domain *domain, GError **err)
{
    return drive_to_xml(cdrom, domain, "cdrom", err) != NULL ? 0 : -1;
}

const struct device_kind device_cdrom = {
    .name = "cdrom", .build = build, .to_parts = to_parts, .to_xml = to_xml};
