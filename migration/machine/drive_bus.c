#include "migration/machine/drive_bus.h"

#include "migration/machine/domain_part.h"
#include "migration/machine/drive.h"
#include "migration/params.h"

#include <string.h>

static const struct drive_form forms[] = {
    {.word = "virtio", .disk = "virtio-blk-pci"},
    {.word = "nvme", .disk = "nvme", .no_policy = true},
    {.word = "scsi-hd", .disk = "scsi-hd", .bus = "scsi"},
    {.word = "scsi-cd", .cdrom = "scsi-cd", .bus = "scsi"},
    {.word = "ide", .disk = "ide-hd", .cdrom = "ide-cd", .bus = "ide"},
    {.word = "ahci", .disk = "ide-hd", .cdrom = "ide-cd", .bus = "ahci"},
    {.word = "usb1", .disk = "usb-storage", .cdrom = "usb-storage", .bus = "uhci"},
    {.word = "usb2", .disk = "usb-storage", .cdrom = "usb-storage", .bus = "ehci"},
    {.word = "usb3", .disk = "usb-storage", .cdrom = "usb-storage", .bus = "xhci"},
};

const struct drive_form *drive_form_find(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        if (strcmp(forms[i].word, word) == 0)
            return &forms[i];
    return NULL;
}

/* Where a slot is, in the properties of a device. */
static void place_ide(json_t *place, const struct device *controller, unsigned slot)
{
    g_autofree char *bus = g_strdup_printf("%s.%u", controller->id, slot / 2);

    device_set(place, "bus", bus);
    device_set_int(place, "unit", slot % 2);
}

static void place_port(json_t *place, const struct device *controller, unsigned slot)
{
    g_autofree char *bus = g_strdup_printf("%s.%u", controller->id, slot);

    device_set(place, "bus", bus);
}

static void place_scsi(json_t *place, const struct device *controller, unsigned slot)
{
    g_autofree char *bus = g_strdup_printf("%s.0", controller->id);

    device_set(place, "bus", bus);
    device_set_int(place, "scsi-id", slot);
    device_set_int(place, "lun", 0);
}

static void place_usb(json_t *place, const struct device *controller, unsigned slot)
{
    g_autofree char *bus = g_strdup_printf("%s.0", controller->id);

    device_set(place, "bus", bus);
    device_set_int(place, "port", slot + 1);
}

struct bus {
    const char *name;
    const char *model; /* of its controller; NULL: the board has one, whose id is that of the bus */
    unsigned slots;    /* for drives */
    void (*place)(json_t *place, const struct device *controller, unsigned slot);
    const char *libvirt;        /* its name there */
    enum domain_number numbers; /* of its controllers there */
};

/* IDE is PIIX's two channels with two drives each; what a Q35 has by itself is AHCI. A SCSI
 * controller is of the model that scsi_hba says, and the smallest have seven targets. */
static const struct bus buses[] = {
    {"ide", NULL, 4, place_ide, "ide", NUMBER_IDE},
    {"q35", NULL, 6, place_port, "sata", NUMBER_SATA},
    {"ahci", "ich9-ahci", 6, place_port, "sata", NUMBER_SATA},
    {"scsi", "virtio-scsi-pci", 255, place_scsi, "scsi", NUMBER_SCSI},
    {"uhci", "piix3-usb-uhci", 2, place_usb, "usb", NUMBER_USB},
    {"ehci", "ich9-usb-ehci1", 6, place_usb, "usb", NUMBER_USB},
    {"xhci", "qemu-xhci", 4, place_usb, "usb", NUMBER_USB},
};

static const struct bus *find_bus(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(buses); i++)
        if (strcmp(buses[i].name, name) == 0)
            return &buses[i];
    return NULL;
}

static bool find_bus_of_usb(const char *model)
{
    for (size_t i = 0; i < G_N_ELEMENTS(buses); i++)
        if (buses[i].numbers == NUMBER_USB && g_strcmp0(buses[i].model, model) == 0)
            return true;
    return false;
}

static const struct bus *bus_of(const struct device *board, const char *name)
{
    bool is_q35 = strstr(device_get(board->travels, "type"), "q35") != NULL;

    return find_bus(is_q35 && (strcmp(name, "ide") == 0 || strcmp(name, "ahci") == 0) ? "q35"
                                                                                      : name);
}

static void controller_to_parts(const struct device *controller, GPtrArray *parts)
{
    const char *model = device_get(controller->travels, "model");

    if (model != NULL)
        part_add(parts, PART_DEVICE, model, controller->id,
                 device_get(controller->travels, "extra"));
}

/* ---- controllers as libvirt has them */

/* "scsi" of "scsi0"; the one of the board itself has no number. */
static const struct bus *bus_of_controller(const struct domain *domain,
                                           const struct device *controller)
{
    g_autofree char *name = g_strdup(controller->id);

    name[strcspn(name, "0123456789")] = '\0';
    return bus_of(domain->board, name);
}

/* Of a dc390 it says a name to QEMU that QEMU does not know. */
static const char *scsi_model(const char *model)
{
    static const char *const models[][2] = {
        {"virtio-scsi-pci", "virtio-scsi"}, {"lsi53c895a", "lsilogic"}, {"megasas", "lsisas1078"},
        {"mptsas1068", "lsisas1068"},       {"pvscsi", "vmpvscsi"},     {"am53c974", "am53c974"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        if (strcmp(models[i][0], model) == 0)
            return models[i][1];
    return NULL;
}

static int controller_to_xml(const struct device *controller, struct domain *domain, GError **err)
{
    const char *model = device_get(controller->travels, "model");
    const struct bus *bus = bus_of_controller(domain, controller);
    struct xml *element;

    if (model == NULL)
        return 0;
    if (bus->numbers == NUMBER_USB)
        return usb_controller_to_xml(controller, domain, err);
    if (bus->numbers == NUMBER_SCSI && scsi_model(model) == NULL)
        return domain_refuse(controller, err, "scsi_hba = %s: libvirt has no such controller",
                             model);
    element = xml_set(xml_add(domain->devices, "controller"), "type", bus->libvirt);
    xml_set_int(element, "index", domain_number(domain, bus->numbers, controller));
    if (bus->numbers == NUMBER_SCSI)
        xml_set(element, "model", scsi_model(model));
    domain_name(element, controller);
    return domain_set_properties(domain, controller, device_get(controller->travels, "extra"), err);
}

/* Not of the table of kinds: it comes with the first drive that needs it. */
static const struct device_kind device_controller = {
    .name = "controller", .to_parts = controller_to_parts, .to_xml = controller_to_xml};

bool drive_bus_is_usb(const struct device *controller)
{
    return controller->kind == &device_controller &&
           find_bus_of_usb(device_get(controller->travels, "model"));
}

static struct device *controller_for(struct device *board, const struct bus *bus,
                                     const struct params *own, GError **err)
{
    g_autofree char *tail = NULL;
    g_autofree char *id = NULL;
    struct device *controller;
    const char *model = bus->model;
    int64_t number;

    if (param_int(own, "drive_bus", &number, err) < 0)
        return NULL;
    if (strcmp(bus->name, "scsi") == 0)
        model = param_text(own, "scsi_hba");
    id = model != NULL ? g_strdup_printf("%s%d", bus->name, (int)number) : g_strdup("ide");
    controller = device_find(board, device_controller.name, id);
    if (controller != NULL && g_strcmp0(model, device_get(controller->travels, "model")) != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "scsi_hba = %s, but the controller %s is a %s already: drive_bus = N makes "
                    "another",
                    model, id, device_get(controller->travels, "model"));
        return NULL;
    }
    if (controller != NULL)
        return controller;
    controller = device_plug(board, &device_controller, id);
    device_set(controller->travels, "model", model);
    tail = drive_tail(own, "bus_extra_params");
    device_set(controller->travels, "extra", tail);
    return controller;
}

static bool is_taken(const struct device *controller, unsigned slot)
{
    for (unsigned i = 0; i < controller->children->len; i++) {
        const struct device *drive = g_ptr_array_index(controller->children, i);

        if ((unsigned)device_get_int(drive->travels, "slot") == slot)
            return true;
    }
    return false;
}

/* The slot that drive_index asks for, or the first that is free. */
static int choose_slot(const struct device *controller, const struct bus *bus, const char *id,
                       const struct params *own, unsigned *slot_out, GError **err)
{
    bool is_indexed;
    int64_t index;
    unsigned slot = 0;

    if (param_bool(own, "index_enable", &is_indexed, err) < 0 ||
        param_int(own, "drive_index", &index, err) < 0)
        return -1;
    is_indexed = is_indexed && param_is_set(own, "drive_index");
    if (is_indexed)
        slot = (unsigned)index;
    else
        while (slot < bus->slots && is_taken(controller, slot))
            slot++;
    if (slot < bus->slots && !is_taken(controller, slot)) {
        *slot_out = slot;
        return 0;
    }
    if (is_indexed)
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "drive_index = %u (of %s): %s", slot, id,
                    slot < bus->slots ? "another drive is there" : "the bus has no such place");
    else
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s finds no place: %u drives are on its bus", id, bus->slots);
    return -1;
}

/* Whether a parameter is meant for the drive, and not for all of the VM's. */
static bool is_own(const struct params *vm, const struct params *own, const char *name)
{
    return param_is_set(own, name) && g_strcmp0(params_get(own, name), params_get(vm, name)) != 0;
}

/* What a drive is told of a place that there is not on its bus. */
static int check_place(const struct bus *bus, const char *id, const struct drive_form *form,
                       const struct params *vm, const struct params *own, GError **err)
{
    bool is_scsi = bus != NULL && strcmp(bus->name, "scsi") == 0;
    bool has_number = bus != NULL && bus->model != NULL;
    const struct {
        const char *param, *what;
        bool is_there;
    } places[] = {
        {"scsi_hba", "SCSI controller", is_scsi},
        {"drive_lun", "logical unit", is_scsi},
        {"drive_bus", "controllers to choose from", has_number},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (places[i].is_there || !is_own(vm, own, places[i].param))
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s = %s (of %s): a drive of the kind %s has no %s", places[i].param,
                    params_get(own, places[i].param), id, form->word, places[i].what);
        return -1;
    }
    return 0;
}

struct device *drive_bus_plug(struct device *board, const struct device_kind *kind, const char *id,
                              const struct drive_form *form, const char *model,
                              const struct params *vm, const struct params *own, GError **err)
{
    const struct bus *bus = form->bus != NULL ? bus_of(board, form->bus) : NULL;
    struct device *controller = NULL;
    struct device *drive;
    json_t *place;
    int64_t lun;
    unsigned slot;

    if (check_place(bus, id, form, vm, own, err) == 0)
        controller = bus != NULL ? controller_for(board, bus, own, err) : board;
    if (controller == NULL ||
        (bus != NULL && choose_slot(controller, bus, id, own, &slot, err) < 0) ||
        param_int(own, "drive_lun", &lun, err) < 0)
        return NULL;
    drive = device_plug(controller, kind, id);
    device_set(drive->travels, "model", model);
    if (bus == NULL)
        return drive;
    place = json_object();
    bus->place(place, controller, slot);
    if (lun > 0 && strcmp(bus->name, "scsi") == 0)
        device_set_int(place, "lun", lun);
    device_set_int(drive->travels, "slot", slot);
    json_object_set_new(drive->travels, "place", place);
    return drive;
}

/* ---- places as libvirt has them */

/* "a" of 0, "z" of 25, "aa" of 26. */
static char *letters_of(unsigned number)
{
    char letter[2] = {(char)('a' + number % 26), '\0'};
    g_autofree char *before = number >= 26 ? letters_of(number / 26 - 1) : g_strdup("");

    return g_strconcat(before, letter, NULL);
}

static void add_target(struct domain *domain, const struct device *drive, const char *bus,
                       struct xml *disk)
{
    static const struct {
        const char *bus, *prefix;
        enum domain_number names;
    } prefixes[] = {
        {"ide", "hd", NUMBER_NAMES_HD},
        {"fdc", "fd", NUMBER_NAMES_FD},
        {"virtio", "vd", NUMBER_NAMES_VD},
        {NULL, "sd", NUMBER_NAMES_SD},
    };
    size_t i = 0;

    while (prefixes[i].bus != NULL && strcmp(prefixes[i].bus, bus) != 0)
        i++;
    g_autofree char *letters = letters_of(domain_number(domain, prefixes[i].names, drive));
    g_autofree char *name = g_strconcat(prefixes[i].prefix, letters, NULL);
    xml_set(xml_set(xml_add(disk, "target"), "dev", name), "bus", bus);
}

static void add_usb_address(struct domain *domain, const struct device *controller, int64_t slot,
                            struct xml *disk)
{
    struct xml *address = xml_set(xml_add(disk, "address"), "type", "usb");

    xml_set_int(address, "bus", domain_number(domain, NUMBER_USB, controller));
    xml_set_int(address, "port", slot + 1);
}

/* A small controller has its targets where others have the logical units of one. */
static int add_drive_address(struct domain *domain, const struct bus *bus,
                             const struct device *controller, const struct device *drive,
                             struct xml *disk, GError **err)
{
    int64_t slot = device_get_int(drive->travels, "slot");
    int64_t lun = device_get_int(json_object_get(drive->travels, "place"), "lun");
    bool is_ide = bus->numbers == NUMBER_IDE, is_scsi = bus->numbers == NUMBER_SCSI;
    bool is_small = g_strcmp0(device_get(controller->travels, "model"), "lsi53c895a") == 0;
    struct xml *address;

    if (is_small && lun > 0)
        return domain_refuse(drive, err, "drive_lun: libvirt has none on an lsi53c895a");
    address = xml_set(xml_add(disk, "address"), "type", "drive");
    xml_set_int(address, "controller", domain_number(domain, bus->numbers, controller));
    xml_set_int(address, "bus", is_ide ? slot / 2 : 0);
    xml_set_int(address, "target", is_scsi && !is_small ? slot : 0);
    xml_set_int(address, "unit", is_ide ? slot % 2 : is_scsi && !is_small ? lun : slot);
    return 0;
}

int drive_bus_to_xml(const struct device *drive, struct domain *domain, struct xml *disk,
                     GError **err)
{
    const struct device *controller = domain_parent(domain, drive);
    const struct bus *bus;

    if (controller == domain->board) {
        add_target(domain, drive, "virtio", disk);
        return 0;
    }
    bus = bus_of_controller(domain, controller);
    add_target(domain, drive, bus->libvirt, disk);
    if (bus->numbers != NUMBER_USB)
        return add_drive_address(domain, bus, controller, drive, disk, err);
    add_usb_address(domain, controller, device_get_int(drive->travels, "slot"), disk);
    return 0;
}

void drive_bus_floppy_to_xml(const struct device *drive, struct domain *domain, struct xml *disk)
{
    struct xml *address;

    add_target(domain, drive, "fdc", disk);
    address = xml_set(xml_add(disk, "address"), "type", "drive");
    xml_set_int(xml_set_int(address, "controller", 0), "bus", 0);
    xml_set_int(address, "unit", device_get_int(json_object_get(drive->travels, "place"), "unit"));
}
