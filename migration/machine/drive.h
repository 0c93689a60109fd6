/*
 * What disks, CD-ROM and floppy drives have in common: a medium behind the device, and a place on a
 * bus. A drive's node in QEMU is a format over what holds it (a file, a device, a server), made by
 * -blockdev. Only a medium whose writes are to be thrown away is made by -drive, since QEMU has no
 * other way to snapshot=on.
 */
#pragma once

#include "migration/machine/drive_bus.h"

#define DRIVE_NODE_PREFIX "drive_"

/* What is in a drive. */
struct drive_medium {
    const char *location; /* as of struct image */
    const char *format;
    bool is_url, read_only;
    bool thrown_away; /* what the guest writes is gone with the VM */
    const char *tail; /* ",key=value,…" of a user for the node, or NULL */
};

/*
 * Puts a medium into a drive; own: the parameters of the drive (drive_cache, image_aio, …).
 * Returns -1 with CFG_ERROR_PARAM_VALUE, which names the drive.
 */
int drive_insert(struct device *drive, const struct drive_medium *medium, const struct params *own,
                 GError **err);

/* What failed reads and writes do (drive_werror, drive_rerror). Errors likewise. */
int drive_set_policies(struct device *drive, const struct drive_form *form,
                       const struct params *own, GError **err);

/* Adds the node of its medium and returns its device, to which the caller adds what it has beside
 * place, medium, serial number and order of boot. Transfer none. */
json_t *drive_to_parts(const struct device *drive, GPtrArray *parts);

/*
 * Libvirt's <disk>; what: "disk", "cdrom" or "floppy". To it the caller adds what it has beside
 * that. NULL: UNSUPPORTED. Transfer none.
 */
struct xml *drive_to_xml(const struct device *drive, struct domain *domain, const char *what,
                         GError **err);

/* Its <source>, of a node as image_url_node() or a file has it (drive_source.c). UNSUPPORTED. */
int drive_source_to_xml(const struct domain *domain, const struct device *drive, const json_t *node,
                        struct xml *disk, GError **err);

/* ",key=value" of a parameter in which a user may leave out the first comma; NULL: nothing.
 * Transfer full. */
char *drive_tail(const struct params *own, const char *name);
