#include "migration/vm/qemu.h"

#include <criterion/criterion.h>

static void expect(json_t *(*lines_of)(const json_t *), const char *answer, const char *lines)
{
    g_autofree char *a = g_strdelimit(g_strdup(answer), "'", '"');
    g_autofree char *b = g_strdelimit(g_strdup(lines), "'", '"');
    json_auto_t *said = json_loads(a, 0, NULL), *wanted = json_loads(b, 0, NULL);
    json_auto_t *list = lines_of(said);
    g_autofree char *text = json_dumps(list, 0);
    cr_expect(json_equal(list, wanted), "%s", text);
}

Test(qemu_facts, pci_devices_are_told_by_slot_class_and_ids)
{
    expect(qemu_facts_pci,
           "[{'bus': 0, 'devices': ["
           "{'slot': 2, 'function': 0, 'class_info': {'class': 255}, 'irq': 11,"
           " 'id': {'vendor': 6900, 'device': 4101, 'subsystem': 4}},"
           "{'slot': 0, 'function': 1, 'class_info': {'class': 1536, 'desc': 'Host bridge'},"
           " 'id': {'vendor': 32902, 'device': 4663}}]}]",
           "['00.1 (class 0600, 8086:1237)', '02.0 (class 00ff, 1af4:1005)']");
}

Test(qemu_facts, the_number_that_a_guest_gave_a_bus_does_not_count)
{
    expect(qemu_facts_pci,
           "[{'bus': 0, 'devices': []}, {'bus': 17, 'devices': ["
           "{'slot': 1, 'function': 0, 'class_info': {'class': 1},"
           " 'id': {'vendor': 2, 'device': 3}}]}]",
           "['bus 1, 01.0 (class 0001, 0002:0003)']");
}

Test(qemu_facts, drives_are_told_by_name_format_and_size_and_not_by_file)
{
    expect(qemu_facts_drives,
           "[{'device': '', 'qdev': '/machine/peripheral/cd1'},"
           " {'device': '', 'qdev': '/machine/peripheral/image1/virtio-backend',"
           "  'inserted': {'ro': true, 'file': '/a', 'drv': 'qcow2',"
           "  'image': {'virtual-size': 1048576, 'filename': '/a'}}},"
           " {'device': 'drive0', 'qdev': '', 'inserted': {'ro': false, 'drv': 'raw',"
           "  'image': {'virtual-size': 512}}}]",
           "['cd1 (no medium)', 'drive0 (raw, 512 bytes)',"
           " 'image1 (qcow2, 1048576 bytes, read-only)']");
}
