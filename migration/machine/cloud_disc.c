/* The disc that a cloud image is told its user, key and name by. On SCSI, of which the clouds'
 * kernels have the driver; of AHCI, which is what a Q35 has by itself, they do not. */
#include "migration/machine/drive.h"
#include "migration/machine/drive_bus.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const struct drive_form *form = drive_form_find("scsi-cd");
    const struct drive_medium disc = {
        .location = spec->boot->seed, .format = "raw", .read_only = true};
    g_autoptr(params) own = NULL;
    struct device *drive;

    if (spec->boot->seed == NULL)
        return 0;
    own = params_copy(spec->params);
    params_set(own, "drive_cache", "writeback", NULL); /* a test's folder may lie in memory */
    params_set(own, "image_aio", "threads", NULL);
    drive = drive_bus_plug(board, &device_cloud_disc, "cloud_init", form, form->cdrom, spec->params,
                           own, err);
    return drive != NULL ? drive_insert(drive, &disc, own, err) : -1;
}

static void to_parts(const struct device *disc, GPtrArray *parts)
{
    drive_to_parts(disc, parts);
}

static int to_xml(const struct device *disc, struct domain *domain, GError **err)
{
    return drive_to_xml(disc, domain, "cdrom", err) != NULL ? 0 : -1;
}

const struct device_kind device_cloud_disc = {
    .name = "cloud_init", .build = build, .to_parts = to_parts, .to_xml = to_xml};
