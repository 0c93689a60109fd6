/*
 * The buses that drives are on, and the controllers that bring them. A controller is a device of
 * the board with the drives plugged into it; one that the board has by itself has no part.
 *
 * Places are given in the order in which drives are plugged in, the same at both ends.
 */
#pragma once

#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"

/* What a word of drive_format or cd_format is. */
struct drive_form {
    const char *word;
    const char *disk, *cdrom; /* models; NULL: it has none */
    const char *bus;          /* a name of the table of buses; NULL: the device is on PCI itself */
    bool no_policy;           /* it has no drive_werror and drive_rerror */
};

/* NULL if there is none. */
const struct drive_form *drive_form_find(const char *word);

/*
 * Plugs a drive into a bus of its form, bringing a controller if there is none yet; own: the
 * parameters of the drive (scsi_hba, drive_bus, drive_lun, bus_extra_params, drive_index where
 * index_enable is on), vm: the VM's. `travels` of the drive has its model, and its place as
 * properties of the device. Returns NULL with CFG_ERROR_PARAM_VALUE where the bus is full, the
 * place is taken, or the drive alone is told of a place that its bus has not. Transfer none.
 */
struct device *drive_bus_plug(struct device *board, const struct device_kind *kind, const char *id,
                              const struct drive_form *form, const char *model,
                              const struct params *vm, const struct params *own, GError **err);

/* Whether a device is a controller of USB that drives have brought. */
bool drive_bus_is_usb(const struct device *controller);

/* Where libvirt's <disk> is, as drive_bus_plug() has chosen. UNSUPPORTED. */
int drive_bus_to_xml(const struct device *drive, struct domain *domain, struct xml *disk,
                     GError **err);
void drive_bus_floppy_to_xml(const struct device *drive, struct domain *domain, struct xml *disk);
