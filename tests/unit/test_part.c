/* Parts of a device: the same as a QMP command and as words of a command line. */
#include "migration/machine/device.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(part, .timeout = 10);

static const struct part *last_of(const GPtrArray *parts)
{
    return g_ptr_array_index(parts, parts->len - 1);
}

static void expect_line(const GPtrArray *parts, const char *option, const char *text)
{
    g_autoptr(GPtrArray) line = g_ptr_array_new_with_free_func(g_free);

    part_to_line(last_of(parts), line);
    cr_assert_eq(line->len, 2);
    cr_expect_str_eq(g_ptr_array_index(line, 0), option);
    cr_expect_str_eq(g_ptr_array_index(line, 1), text);
}

/* Takes the object. */
static void expect_call(const char *said, json_t *object, const char *command,
                        const char *arguments)
{
    g_autofree char *plain = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    g_strdelimit(plain, "\"", '\'');
    cr_expect_str_eq(said, command);
    cr_expect_str_eq(plain, arguments);
}

static void expect_command(const GPtrArray *parts, const char *command, const char *arguments)
{
    const struct part *part = last_of(parts);

    expect_call(part_command(part), part_arguments(part), command, arguments);
}

static void expect_undo(const GPtrArray *parts, const char *command, const char *arguments)
{
    const struct part *part = last_of(parts);

    expect_call(part_undo_command(part), part_undo_arguments(part), command, arguments);
}

Test(part, a_device_has_its_properties_in_their_order_and_their_types)
{
    g_autoptr(GPtrArray) parts = parts_new();
    json_t *device = part_add(parts, PART_DEVICE, "virtio-blk-pci", "image1", NULL);

    device_set(device, "drive", "drive_image1");
    device_set(device, "serial", NULL);
    device_set_int(device, "bootindex", 0);
    device_set_bool(device, "write-cache", true);
    expect_line(parts, "-device",
                "virtio-blk-pci,id=image1,drive=drive_image1,bootindex=0,write-cache=on");
    expect_command(parts, "device_add",
                   "{'driver':'virtio-blk-pci','id':'image1','drive':'drive_image1',"
                   "'bootindex':0,'write-cache':true}");
    expect_undo(parts, "device_del", "{'id':'image1'}");
}

Test(part, a_device_may_have_no_id)
{
    g_autoptr(GPtrArray) parts = parts_new();

    part_add(parts, PART_DEVICE, "pvpanic", NULL, NULL);
    expect_line(parts, "-device", "pvpanic");
}

Test(part, objects_within_a_node_are_dotted_and_commas_written_twice)
{
    g_autoptr(GPtrArray) parts = parts_new();
    json_t *node = part_add(parts, PART_BLOCKDEV, "qcow2", "disk0", NULL);

    json_object_set_new(node, "read-only", json_false());
    json_object_set_new(node, "file",
                        json_pack("{s:s, s:s, s:{s:b}, s:[{s:s}, {s:s}]}", "driver", "file",
                                  "filename", "/a,b", "cache", "direct", 1, "server", "host", "x",
                                  "host", "y"));
    expect_line(parts, "-blockdev",
                "qcow2,node-name=disk0,read-only=off,file.driver=file,file.filename=/a,,b,"
                "file.cache.direct=on,file.server.0.host=x,file.server.1.host=y");
    expect_undo(parts, "blockdev-del", "{'node-name':'disk0'}");
}

Test(part, a_word_that_a_network_takes_more_often_is_a_list)
{
    g_autoptr(GPtrArray) parts = parts_new();
    json_t *net = part_add(parts, PART_NETDEV, "user", "net0", ",hostfwd=tcp::1-:2,restrict=on");

    json_object_set_new(net, "hostfwd", json_pack("[{s:s}]", "str", "tcp::0-:22"));
    expect_line(parts, "-netdev", "user,id=net0,hostfwd=tcp::0-:22,hostfwd=tcp::1-:2,restrict=on");
    expect_command(parts, "netdev_add",
                   "{'type':'user','id':'net0','hostfwd':[{'str':'tcp::0-:22'},"
                   "{'str':'tcp::1-:2'}],'restrict':'on'}");
}

Test(part, what_a_user_has_appended_may_have_commas_switches_and_nothing_at_all)
{
    g_autoptr(GPtrArray) parts = parts_new();

    part_add(parts, PART_DEVICE, "nvme", "n", ",serial=a,,b,ro,x=1,x=2,");
    expect_line(parts, "-device", "nvme,id=n,serial=a,,b,ro,x=1,x=2,");
    expect_command(parts, "device_add",
                   "{'driver':'nvme','id':'n','serial':'a,b','ro':'on',"
                   "'x':[{'str':'1'},{'str':'2'}]}");
}

Test(part, a_chardev_is_an_address_to_one_and_words_to_the_other)
{
    g_autoptr(GPtrArray) parts = parts_new();
    json_t *data = part_add(parts, PART_CHARDEV, "socket", "serial1", NULL);

    json_object_set_new(data, "addr",
                        json_pack("{s:s, s:{s:s}}", "type", "unix", "data", "path", "/run/a,b"));
    device_set_bool(data, "server", true);
    device_set_bool(data, "wait", false);
    expect_line(parts, "-chardev", "socket,id=serial1,path=/run/a,,b,server=on,wait=off");
    expect_command(parts, "chardev-add",
                   "{'id':'serial1','backend':{'type':'socket','data':{'addr':{'type':'unix',"
                   "'data':{'path':'/run/a,b'}},'server':true,'wait':false}}}");
    expect_undo(parts, "chardev-remove", "{'id':'serial1'}");

    data = part_add(parts, PART_CHARDEV, "socket", "serial2", NULL);
    json_object_set_new(data, "addr",
                        json_pack("{s:s, s:{s:s}}", "type", "fd", "data", "str", "7"));
    expect_line(parts, "-chardev", "socket,id=serial2,fd=7");

    data = part_add(parts, PART_CHARDEV, "file", "log", NULL);
    device_set(data, "out", "/tmp/x");
    expect_line(parts, "-chardev", "file,id=log,path=/tmp/x");
}

Test(part, an_object_begins_with_its_type)
{
    g_autoptr(GPtrArray) parts = parts_new();

    part_add(parts, PART_OBJECT, "rng-builtin", "entropy0", NULL);
    expect_line(parts, "-object", "rng-builtin,id=entropy0");
    expect_command(parts, "object-add", "{'qom-type':'rng-builtin','id':'entropy0'}");
    expect_undo(parts, "object-del", "{'id':'entropy0'}");
}

static int no_build(struct device *board, const struct machine_spec *spec, GError **err)
{
    (void)board;
    (void)spec;
    (void)err;
    return 0;
}

static void say_id(const struct device *device, GPtrArray *parts)
{
    part_add(parts, PART_DEVICE, device->kind->name, device->id, NULL);
}

Test(part, those_of_a_device_come_before_those_of_what_is_plugged_into_it)
{
    static const struct device_kind bus = {.name = "bus", .build = no_build, .to_parts = say_id};
    static const struct device_kind disk = {.name = "disk", .build = no_build, .to_parts = say_id};
    g_autoptr(device) outer = device_new(&bus, "scsi0");

    device_plug(outer, &disk, "a");
    device_plug(outer, &disk, "b");
    g_autoptr(GPtrArray) parts = device_parts(outer);
    cr_assert_eq(parts->len, 3);
    expect_line(parts, "-device", "disk,id=b");
}
