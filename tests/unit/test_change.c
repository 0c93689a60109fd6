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
    g_clear_error(&error);
    cr_assert_eq(machine_plug(board, &spec, "disk", "hot", NULL), 0);
    device_set_live(board);
    cr_assert_lt(machine_plug(board, &spec, "disk", "hot", &error), 0);
    cr_expect_str_eq(error->message, "disk hot cannot be plugged into vm1: it is there already");
    g_clear_error(&error);
    params_set(params, "drive_format_x", "nothing", NULL);
    cr_assert_lt(machine_plug(board, &spec, "disk", "x", &error), 0);
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
    device_find(board, "disk", "hot")->slot = g_strdup("5.0");
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
