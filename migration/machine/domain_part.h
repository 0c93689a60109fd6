/* What a kind of device fills in when it says itself as domain XML. */
#pragma once

#include "migration/machine/domain.h"
#include "migration/machine/domain_words.h"
#include "migration/machine/xml.h"

/* What libvirt numbers, each kind from 0 on. */
enum domain_number {
    NUMBER_USB,
    NUMBER_SATA,
    NUMBER_SCSI,
    NUMBER_IDE,
    NUMBER_SERIAL,
    NUMBER_IOTHREAD,
    NUMBER_NAMES_HD, /* of disks: hda, hdb, … */
    NUMBER_NAMES_SD,
    NUMBER_NAMES_VD,
    NUMBER_NAMES_FD,
    NUMBER_KINDS,
};

struct domain {
    const struct device *board;
    const struct domain_spec *spec;
    struct xml *root;    /* <domain> */
    struct xml *devices; /* its <devices> */
    GPtrArray *words;    /* of <qemu:commandline>: char * */
    bool says[WORD_COUNT];
    struct xml *overrides;             /* <qemu:override>; NULL: nothing is */
    GPtrArray *numbered[NUMBER_KINDS]; /* struct device, at its number; NULL: none yet */
    unsigned own_slots;                /* how many places of the main bus devices in words have */
};

/* <alias>: the device's name; and <address>, where libvirt has put it in a domain that ran.
 * Returns the element. */
struct xml *domain_name(struct xml *element, const struct device *device);

/* The number of a device among those of that kind, which is the next one where it has none yet. */
unsigned domain_number(struct domain *domain, enum domain_number kind, const struct device *device);

/* The device that one is plugged into. Transfer none. */
const struct device *domain_parent(const struct domain *domain, const struct device *device);

/* Whether the machine is a Q35, whose main bus is PCI Express. */
bool domain_is_q35(const struct domain *domain);

/* Whether a drive says itself when the firmware tries it (bootindex). */
bool domain_has_boot_index(const struct device *board);

/* <address>, if libvirt has put it somewhere (domain_places.c). */
void domain_say_place(const struct device *device, struct xml *element);

/* The controllers of PCI that libvirt has added to a domain that ran, if it did. */
bool domain_has_controllers(const struct domain *domain);
void domain_say_controllers(struct domain *domain);

/* Where words go that are of that row of the table. Transfer none. */
GPtrArray *domain_say(struct domain *domain, enum domain_word row);

/*
 * The device in QEMU's words, as QEMU's driver has it (to_parts), on a place of the main bus that
 * libvirt does not give away by itself if it is on that. UNSUPPORTED where all of these are taken.
 */
int domain_say_device(struct domain *domain, const struct device *device, enum domain_word row,
                      GError **err);

/*
 * Properties of a device that libvirt makes, which has no words for them, by <qemu:override>: tail
 * is ",key=value,…" or NULL. UNSUPPORTED where libvirt is too old to know of that (8.2).
 */
int domain_set_properties(struct domain *domain, const struct device *device, const char *tail,
                          GError **err);

/* UNSUPPORTED: "driver libvirt: …", with the device. Returns -1. */
int domain_refuse(const struct device *device, GError **err, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* A controller of USB, of usbs or for drives (usb.c). UNSUPPORTED: libvirt has not its model. */
int usb_controller_to_xml(const struct device *controller, struct domain *domain, GError **err);

/* How many CPUs there can be (topology.c). */
int64_t topology_most(const struct device *board);

/* Whether the memory is one that libvirt has no words for, and goes past it: what is added to it
 * has to go that way, too (memory.c). */
bool memory_is_exact(const struct device *board);
