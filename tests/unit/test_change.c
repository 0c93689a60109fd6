/* A machine that changes, as data: what is plugged in, and what the destination makes of it. */
#include "migration/machine/change.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(change, .timeout = 10);

static const struct vm_boot jeos = {.kernel = "/g/vmlinuz", .network = true, .entropy = true};
static const struct vm_platform platform = {
    .machine = (char *)"pc-i440fx-7.2", .cpu = (char *)"qemu64", .ram_bytes = 32 << 20};

static struct machine_spec spec_of(const struct params *params)
{
    return (struct machine_spec){
        .name = "vm1", .params = params, .platform = &platform, .boot = &jeos, .net_fd = 64};
}

/* As it runs. Transfer full. */
static struct device *running(const struct machine_spec *spec)
{
    struct device *board = machine_new(spec, NULL);

    cr_assert_not_null(board);
    device_set_live(board);
    return board;
}

static void set_disk(struct params *params, const char *data_dir)
{
    params_set(params, "images", "hot", NULL);
    params_set(params, "boot_drive_hot", "no", NULL);
    params_set(params, "image_name_hot", "hot", NULL);
    params_set(params, "image_format_hot", "raw", NULL);
    params_set(params, "data_dir", data_dir, NULL);
}

static const struct part *last_device(GPtrArray *parts)
{
    const struct part *last = g_ptr_array_index(parts, parts->len - 1);

    cr_assert_eq(last->kind, PART_DEVICE);
    return last;
}

Test(change, only_what_the_hypervisor_lacks_is_to_be_made)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);

    set_disk(params, "/srv/a");
    g_autoptr(device) board = running(&spec);
    cr_assert_null(device_find(board, "disk", "hot"));
    g_autoptr(GPtrArray) before = device_parts_unmade(board);
    cr_expect_eq(before->len, 0);
    cr_assert_eq(machine_plug(board, &spec, "disk", "hot", NULL), 0);
    g_autoptr(GPtrArray) parts = device_parts_unmade(board);
    cr_assert_eq(parts->len, 2);
    cr_expect_str_eq(part_command(g_ptr_array_index(parts, 0)), "blockdev-add");
    cr_expect_str_eq(part_command(last_device(parts)), "device_add");
}

Test(change, a_disk_brings_the_controller_that_it_needs)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);

    set_disk(params, "/srv/a");
    params_set(params, "drive_format_hot", "scsi-hd", NULL);
    g_autoptr(device) board = running(&spec);
    cr_assert_eq(machine_plug(board, &spec, "disk", "hot", NULL), 0);
    g_autoptr(GPtrArray) parts = device_parts_unmade(board);
    cr_assert_eq(parts->len, 3);
    cr_expect_str_eq(json_string_value(json_object_get(
                         ((const struct part *)g_ptr_array_index(parts, 0))->arguments, "driver")),
                     "virtio-scsi-pci");
    device_remove_unmade(board);
    cr_expect_null(device_find(board, "disk", "hot"));
    g_autoptr(GPtrArray) after = device_parts_unmade(board);
    cr_expect_eq(after->len, 0);
}

Test(change, what_is_there_or_cannot_be_plugged_is_refused_and_changes_nothing)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);
    g_autoptr(GError) error = NULL;

    set_disk(params, "/srv/a");
    g_autoptr(device) board = running(&spec);
    unsigned before = board->children->len;
    cr_assert_lt(machine_plug(board, &spec, "memory", "m", &error), 0);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    for (const char *const *kind = (const char *const[]){"nic", "vcpu", "dimm", NULL};
         *kind != NULL; kind++) {
        g_clear_error(&error);
        cr_assert_lt(machine_plug(board, &spec, *kind, "none", &error), 0);
        cr_expect(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE), "%s", *kind);
    }
    g_clear_error(&error);
    cr_assert_eq(machine_plug(board, &spec, "disk", "hot", NULL), 0);
    device_set_live(board);
    cr_assert_lt(machine_plug(board, &spec, "disk", "hot", &error), 0);
    cr_expect_str_eq(error->message, "disk hot cannot be plugged into vm1: it is there already");
    g_clear_error(&error);
    params_set(params, "drive_format_x", "nothing", NULL);
    cr_assert_lt(machine_plug(board, &spec, "disk", "x", &error), 0);
    g_clear_error(&error);
    params_set(params, "images", "hot base", NULL);
    params_set(params, "image_name_base", "base", NULL);
    params_set(params, "image_name_sn", "sn", NULL);
    params_set(params, "image_chain", "base sn", NULL);
    cr_assert_lt(machine_plug(board, &spec, "disk", "base", &error), 0);
    cr_expect_not_null(strstr(error->message, "base cannot be plugged in"), "%s", error->message);
    cr_expect_eq(board->children->len, before + 1);
}

Test(change, the_destination_has_what_was_plugged_in_from_its_own_folder_in_the_same_place)
{
    g_autoptr(params) here = params_new(), there = params_new();
    const struct machine_spec source = spec_of(here), destination = spec_of(there);

    set_disk(here, "/srv/a");
    set_disk(there, "/srv/b");
    g_autoptr(device) board = running(&source);
    cr_assert_eq(machine_plug(board, &source, "disk", "hot", NULL), 0);
    device_set_place(device_find(board, "disk", "hot"), json_pack("{s:s}", "addr", "5.0"));
    json_auto_t *sent = machine_travels(board);
    g_autofree char *text = json_dumps(sent, 0);
    cr_expect_null(strstr(text, "/srv/a"));
    g_autoptr(device) other = machine_follow(&destination, sent, NULL);
    cr_assert_not_null(other);
    json_auto_t *same = machine_travels(other);
    cr_expect(json_equal(sent, same));
    g_autoptr(GPtrArray) parts = device_parts(device_find(other, "disk", "hot"));
    const struct part *device = last_device(parts);
    cr_expect_str_eq(json_string_value(json_object_get(device->arguments, "addr")), "5.0");
    g_autofree char *node =
        json_dumps(((const struct part *)g_ptr_array_index(parts, 0))->arguments, 0);
    cr_expect_not_null(strstr(node, "/srv/b/hot.raw"), "%s", node);
}

Test(change, the_destination_leaves_out_what_was_unplugged)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);

    set_disk(params, "/srv/a");
    params_set(params, "boot_drive_hot", "yes", NULL);
    g_autoptr(device) board = running(&spec);
    device_remove(board, device_find(board, "disk", "hot"));
    json_auto_t *sent = machine_travels(board);
    g_autoptr(device) other = machine_follow(&spec, sent, NULL);
    cr_assert_not_null(other);
    cr_expect_null(device_find(other, "disk", "hot"));
}

Test(change, a_destination_whose_parameters_make_another_device_is_told_which)
{
    g_autoptr(params) here = params_new(), there = params_new();
    const struct machine_spec source = spec_of(here), destination = spec_of(there);
    g_autoptr(GError) error = NULL;

    set_disk(here, "/srv/a");
    set_disk(there, "/srv/a");
    params_set(here, "drive_serial_hot", "one", NULL);
    params_set(there, "drive_serial_hot", "two", NULL);
    g_autoptr(device) board = running(&source);
    cr_assert_eq(machine_plug(board, &source, "disk", "hot", NULL), 0);
    json_auto_t *sent = machine_travels(board);
    cr_expect_null(machine_follow(&destination, sent, &error));
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_DIFFERENT));
    cr_expect_str_eq(error->message,
                     "the parameters of the destination make another machine than the source has "
                     "now: serial of disk hot is \"two\", not \"one\"");
}

/* ---- CPUs, memory, cards */

static json_t *arguments_of(struct device *board, const char *kind, const char *name)
{
    g_autoptr(GPtrArray) parts = device_parts(device_find(board, kind, name));

    return json_deep_copy(last_device(parts)->arguments);
}

static void expect_json(json_t *value, const char *text)
{
    g_autofree char *dumped = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

    cr_expect_str_eq(dumped, text);
}

Test(change, a_cpu_has_at_the_destination_the_place_that_it_has_at_the_source)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);

    params_set(params, "vcpu_devices", "c1 c2", NULL);
    params_set(params, "vcpu_maxcpus", "3", NULL);
    g_autoptr(device) board = running(&spec);
    cr_assert_null(device_find(board, "vcpu", "c2"));
    cr_assert_eq(machine_plug(board, &spec, "vcpu", "c2", NULL), 0);
    device_set_place(device_find(board, "vcpu", "c2"),
                     json_pack("{s:i, s:i}", "socket-id", 0, "core-id", 2));
    json_auto_t *sent = machine_travels(board);
    g_autoptr(device) other = machine_follow(&spec, sent, NULL);
    cr_assert_not_null(other);
    cr_expect_null(device_find(other, "vcpu", "c1"));
    json_auto_t *arguments = arguments_of(other, "vcpu", "c2");
    expect_json(arguments,
                "{\"core-id\":2,\"driver\":\"qemu64-x86_64-cpu\",\"id\":\"c2\",\"socket-id\":0}");
}

Test(change, cpus_that_can_be_plugged_need_their_places_from_the_beginning)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);
    g_autoptr(GError) error = NULL;

    params_set(params, "smp", "2", NULL);
    params_set(params, "vcpu_devices", "c1 c2", NULL);
    params_set(params, "vcpu_maxcpus", "3", NULL);
    cr_expect_null(machine_new(&spec, &error));
    cr_assert(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(error->message, "vcpu_maxcpus must be 4 at least"), "%s",
                       error->message);
}

Test(change, a_cpu_is_not_unplugged_under_tcg)
{
    static const struct vm_platform kvm = {.machine = (char *)"pc-i440fx-7.2",
                                           .cpu = (char *)"host",
                                           .kvm = true,
                                           .ram_bytes = 32 << 20};
    g_autoptr(params) params = params_new();
    struct machine_spec spec = spec_of(params);
    g_autoptr(GError) error = NULL;

    params_set(params, "vcpu_devices", "c1", NULL);
    params_set(params, "vcpu_maxcpus", "2", NULL);
    params_set(params, "unplug_vcpu", "c1", NULL);
    cr_expect_null(machine_new(&spec, &error));
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_not_null(strstr(error->message, "under TCG"), "%s", error->message);
    spec.platform = &kvm;
    g_autoptr(device) board = machine_new(&spec, NULL);
    cr_expect_not_null(board);
}

static void set_memory(struct params *params)
{
    params_set(params, "slots", "2", NULL);
    params_set(params, "maxmem", "1G", NULL);
    params_set(params, "mem_devs", "m1 m2", NULL);
    params_set(params, "use_mem_m2", "no", NULL);
    params_set(params, "size_mem", "128M", NULL);
}

Test(change, a_memory_module_has_a_backend_and_is_where_it_was)
{
    g_autoptr(params) here = params_new(), there = params_new();
    const struct machine_spec source = spec_of(here), destination = spec_of(there);

    set_memory(here);
    set_memory(there);
    params_set(there, "backend_mem_m2", "memory-backend-memfd", NULL);
    g_autoptr(device) board = running(&source);
    cr_assert_not_null(device_find(board, "dimm", "m1"));
    cr_assert_null(device_find(board, "dimm", "m2"));
    cr_assert_eq(machine_plug(board, &source, "dimm", "m2", NULL), 0);
    g_autoptr(GPtrArray) parts = device_parts_unmade(board);
    cr_assert_eq(parts->len, 2);
    cr_expect_str_eq(part_command(g_ptr_array_index(parts, 0)), "object-add");
    device_set_place(device_find(board, "dimm", "m2"),
                     json_pack("{s:i, s:I}", "slot", 1, "addr", (json_int_t)0x140000000));
    device_remove(board, device_find(board, "dimm", "m1"));
    json_auto_t *sent = machine_travels(board);
    g_autoptr(device) other = machine_follow(&destination, sent, NULL);
    cr_assert_not_null(other);
    cr_expect_null(device_find(other, "dimm", "m1"));
    json_auto_t *arguments = arguments_of(other, "dimm", "m2");
    expect_json(arguments, "{\"addr\":5368709120,\"driver\":\"pc-dimm\",\"id\":\"m2\","
                           "\"memdev\":\"mem-m2\",\"slot\":1}");
    g_autoptr(GPtrArray) all = device_parts(device_find(other, "dimm", "m2"));
    expect_json(((const struct part *)g_ptr_array_index(all, 0))->arguments,
                "{\"id\":\"mem-m2\",\"qom-type\":\"memory-backend-memfd\",\"share\":false,"
                "\"size\":134217728}");
}

Test(change, memory_modules_need_slots_and_a_size)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);
    g_autoptr(GError) error = NULL;

    set_memory(params);
    params_set(params, "slots", "1", NULL);
    cr_expect_null(machine_new(&spec, &error));
    cr_assert(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(error->message, "has 1 slots for them"), "%s", error->message);
    g_clear_error(&error);
    params_set(params, "slots", "2", NULL);
    params_set(params, "size_mem", "", NULL);
    cr_expect_null(machine_new(&spec, &error));
    cr_expect_str_eq(error->message, "mem_devs names m1, whose size is not set (size_mem_m1)");
}

Test(change, a_card_that_is_plugged_in_takes_no_number_of_another_and_no_forwarded_port)
{
    g_autoptr(params) params = params_new();
    const struct machine_spec spec = spec_of(params);

    params_set(params, "nics", "nic1 hot nic3", NULL);
    params_set(params, "plug_nic", "hot", NULL);
    params_set(params, "nettype", "bridge", NULL);
    params_set(params, "queues", "2", NULL);
    g_autoptr(device) board = running(&spec);
    cr_assert_null(device_find(board, "nic", "hot"));
    cr_assert_eq(machine_plug(board, &spec, "nic", "hot", NULL), 0);
    struct device *hot = device_find(board, "nic", "hot");
    cr_expect_eq(device_get_int(device_find(board, "nic", "nic3")->local, "fd"), 66);
    cr_expect_eq(device_get_int(hot->local, "fd"), 68);
    cr_expect_str_eq(device_get(hot->local, "netdev"), "net1");
    device_remove(board, hot);
    params_set(params, "nettype_hot", "user", NULL);
    params_set(params, "queues_hot", "1", NULL);
    cr_assert_eq(machine_plug(board, &spec, "nic", "hot", NULL), 0);
    cr_expect_null(json_object_get(device_find(board, "nic", "hot")->local, "forwards"));
}

/* ---- root ports */

Test(change, what_is_plugged_into_pci_express_has_a_root_port_for_itself)
{
    static const struct vm_platform express = {
        .machine = (char *)"pc-q35-7.2", .cpu = (char *)"qemu64", .ram_bytes = 32 << 20};
    g_autoptr(params) params = params_new();
    struct machine_spec spec = spec_of(params);

    spec.platform = &express;
    set_disk(params, "/srv/a");
    params_set(params, "nics", "nic1 nic2 nic3", NULL);
    params_set(params, "plug_nic", "nic2 nic3", NULL);
    params_set(params, "pcie_extra_root_port", "2", NULL);
    g_autoptr(device) board = running(&spec);
    cr_assert_eq(machine_plug(board, &spec, "disk", "hot", NULL), 0);
    device_set_live(board);
    cr_assert_eq(machine_plug(board, &spec, "nic", "nic2", NULL), 0);
    device_set_live(board);
    cr_assert_eq(machine_plug(board, &spec, "nic", "nic3", NULL), 0);
    cr_expect_str_eq(device_get(device_find(board, "disk", "hot")->place, "bus"),
                     "pcie_extra_root_port_0");
    cr_expect_str_eq(device_get(device_find(board, "nic", "nic2")->place, "bus"),
                     "pcie_extra_root_port_1");
    cr_expect_null(device_find(board, "nic", "nic3")->place);
    cr_expect_null(device_find(board, "nic", "nic1")->place);
    json_auto_t *sent = machine_travels(board);
    g_autoptr(device) other = machine_follow(&spec, sent, NULL);
    cr_assert_not_null(other);
    json_auto_t *same = machine_travels(other);
    cr_expect(json_equal(sent, same));
    json_auto_t *arguments = arguments_of(other, "nic", "nic2");
    cr_expect_str_eq(device_get(arguments, "bus"), "pcie_extra_root_port_1");
    device_remove(board, device_find(board, "disk", "hot"));
    device_remove(board, device_find(board, "nic", "nic3"));
    cr_assert_eq(machine_plug(board, &spec, "nic", "nic3", NULL), 0);
    cr_expect_str_eq(device_get(device_find(board, "nic", "nic3")->place, "bus"),
                     "pcie_extra_root_port_0");
}
