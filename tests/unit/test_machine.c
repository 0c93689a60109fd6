/* A machine as data: what travels, what is local, and that parameters and tree agree on it. */
#include "migration/machine/device.h"
#include "migration/params_tables.h"
#include "tests/unit/machine_help.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(machine, .timeout = 10);

static const struct vm_boot jeos = {.kernel = "/g/vmlinuz",
                                    .initrd = "/g/initrd",
                                    .append = "quiet",
                                    .network = true,
                                    .entropy = true};
static const struct vm_boot jeos_elsewhere = {.kernel = "/other/vmlinuz",
                                              .initrd = "/other/initrd",
                                              .append = "quiet",
                                              .network = true,
                                              .entropy = true};

/* Transfer full; NULL with err. */
static struct device *try_machine(const struct params *params, const struct vm_boot *boot,
                                  bool incoming, int serial_fd, GError **err)
{
    static const struct vm_platform platform = {.machine = (char *)"pc-i440fx-7.2",
                                                .cpu = (char *)"qemu64",
                                                .ram_bytes = 32 << 20,
                                                .pvpanic = true};
    const struct machine_spec spec = {.name = "vm1",
                                      .params = params,
                                      .platform = &platform,
                                      .boot = boot,
                                      .incoming = incoming,
                                      .serial_fd = serial_fd,
                                      .net_fd = 64};

    return machine_new(&spec, err);
}

/* Transfer full. */
static struct device *machine_of(const struct params *params, const struct vm_boot *boot,
                                 bool incoming, int serial_fd)
{
    g_autoptr(GError) error = NULL;
    struct device *board = try_machine(params, boot, incoming, serial_fd, &error);

    cr_assert_not_null(board, "%s", error != NULL ? error->message : "");
    return board;
}

static struct params *with(const char *key, const char *value)
{
    struct params *params = params_new();

    if (key != NULL)
        params_set(params, key, value, NULL);
    return params;
}

Test(machine, is_a_tree_in_which_what_travels_is_apart_from_what_is_local)
{
    g_autoptr(params) params = with("mac", "52:54:00:12:34:56");
    g_autoptr(device) board = machine_of(params, &jeos, false, 4);
    json_auto_t *tree = machine_to_json(board);
    g_autofree char *text = json_dumps(tree, JSON_COMPACT);

    cr_expect_str_eq(
        text, "{\"id\":\"vm1\",\"kind\":\"board\","
              "\"travels\":{\"type\":\"pc-i440fx-7.2\",\"accelerator\":\"tcg\"},\"devices\":["
              "{\"id\":\"cpu\",\"kind\":\"cpu\",\"travels\":{\"model\":\"qemu64\"}},"
              "{\"id\":\"memory\",\"kind\":\"memory\",\"travels\":{\"bytes\":33554432}},"
              "{\"id\":\"rtc\",\"kind\":\"rtc\","
              "\"travels\":{\"base\":\"utc\",\"clock\":\"host\",\"drift\":\"none\"}},"
              "{\"id\":\"topology\",\"kind\":\"topology\",\"travels\":{\"cpus\":1}},"
              "{\"id\":\"boot\",\"kind\":\"boot\",\"travels\":{\"append\":\"quiet\"},"
              "\"local\":{\"kernel\":\"/g/vmlinuz\",\"initrd\":\"/g/initrd\"}},"
              "{\"id\":\"serial0\",\"kind\":\"serial\",\"local\":{\"fd\":4}},"
              "{\"id\":\"nic1\",\"kind\":\"nic\","
              "\"travels\":{\"model\":\"virtio\",\"mac\":\"52:54:00:12:34:56\"},"
              "\"local\":{\"network\":\"user\",\"netdev\":\"net0\",\"forwards\":[22]}},"
              "{\"id\":\"rng0\",\"kind\":\"rng\",\"travels\":{\"model\":\"virtio-rng-pci\"},"
              "\"local\":{\"source\":\"entropy0\"}},"
              "{\"id\":\"panic0\",\"kind\":\"panic\",\"travels\":{\"model\":\"pvpanic\"}},"
              "{\"id\":\"screen\",\"kind\":\"screen\",\"local\":{\"display\":\"none\"}},"
              "{\"id\":\"entry\",\"kind\":\"entry\",\"local\":{\"by\":\"boot\"}}]}");
}

Test(machine, the_two_ends_differ_only_in_what_is_local)
{
    g_autoptr(params) params = with("nics", "nic1 nic2");
    g_autoptr(params) there = with("nics", "nic1 nic2");
    params_set(there, "netdev_extra_params", ",restrict=on", NULL);
    g_autoptr(device) source = machine_of(params, &jeos, false, 4);
    g_autoptr(device) destination = machine_of(there, &jeos_elsewhere, true, 5);
    g_autofree char *here_travels = machine_without(source, "local");
    g_autofree char *there_travels = machine_without(destination, "local");
    g_autofree char *here_local = machine_without(source, "travels");
    g_autofree char *there_local = machine_without(destination, "travels");

    cr_expect_str_eq(here_travels, there_travels);
    cr_expect_str_neq(here_local, there_local);
    cr_expect_null(strstr(here_travels, "/g/"), "%s", here_travels);
    cr_expect_not_null(strstr(there_local, "\"by\":\"migration\""), "%s", there_local);
}

/* A value that is not the default. */
static const char *other_value(const struct param_info *row)
{
    if (row->example != NULL)
        return row->example;
    if (row->kind == PARAM_WORD)
        return row->values[1];
    if (row->kind == PARAM_BOOL)
        return strcmp(row->fallback, "yes") == 0 ? "no" : "yes";
    return row->kind == PARAM_LIST ? "nic1 nic2" : "2";
}

static const struct param_info *const tables[] = {
    board_params,  topology_params, rtc_params,    extra_params,    nic_params,     graphics_params,
    screen_params, usb_params,      rng_params,    watchdog_params, balloon_params, memory_params,
    boot_params,   uefi_params,     serial_params, vsock_params};

/* What else is asked for: some count only with others. */
static const char *const surroundings[][5][2] = {
    {{NULL}},
    {{"redirs", "remote_shell file_transfer"}, {"guest_port_file_transfer", "8022"}},
    {{"nettype", "bridge"}},
    {{"nettype", "bridge"}, {"vhost", "yes"}, {"queues", "3"}},
    {{"vga", "qxl"}, {"usbs", "usb7 usb1"}, {"usb_devices", "mouse"}, {"enable_watchdog", "yes"}},
    {{"virtio_rngs", "r"}, {"period_virtio-rng", "3"}, {"balloon_dev_devid", "b"}},
    {{"slots", "3"},
     {"maxmem", "2G"},
     {"vm_mem_backend", "memory-backend-file"},
     {"serials", "s t"}},
    {{"slots", "3"}, {"maxmem", "2G"}, {"mem_devs", "m"}, {"size_mem", "1M"}},
    {{"slots", "3"},
     {"maxmem", "2G"},
     {"mem_devs", "m"},
     {"size_mem", "1M"},
     {"backend_mem", "memory-backend-file"}},
    {{"vcpu_maxcpus", "4"}},
    {{"ovmf_code_filename", "a.fd"}, {"display", "spice"}},
    {{"display", "spice"}, {"spice_x509_prefix", "/x"}},
    {{"display", "spice"}, {"spice_x509_prefix", "/x"}, {"spice_ssl", "yes"}},
    {{"hugepage", "yes"}, {"vsocks", "v"}, {"serials", "s t"}, {"serial_type_s", "isa-serial"}},
    {{"virtio_rngs", "r"}, {"max-bytes_virtio-rng", "3"}, {"backend", "rng-random"}},
};

/* Whether the parameter changes what travels, and what is local, in any surroundings in which it
 * can be. */
static void try_row(const struct param_info *row, bool *travels_out, bool *local_out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(surroundings); i++) {
        g_autoptr(params) before = params_new();

        for (size_t k = 0; k < G_N_ELEMENTS(surroundings[i]) && surroundings[i][k][0] != NULL; k++)
            params_set(before, surroundings[i][k][0], surroundings[i][k][1], NULL);
        g_autoptr(params) after = params_copy(before);
        params_set(after, row->name, other_value(row), NULL);
        g_autoptr(device) bare = machine_of(before, &jeos, false, 4);
        g_autoptr(device) board = try_machine(after, &jeos, false, 4, NULL);
        if (board == NULL)
            continue; /* it needs something else */
        g_autofree char *bare_travels = machine_without(bare, "local");
        g_autofree char *bare_local = machine_without(bare, "travels");
        g_autofree char *travels = machine_without(board, "local");
        g_autofree char *local = machine_without(board, "travels");

        *travels_out |= strcmp(travels, bare_travels) != 0;
        *local_out |= strcmp(local, bare_local) != 0;
    }
}

/* So agree.c, which compares parameters, compares what travels, and nothing else. */
Test(machine, a_parameter_of_a_device_must_be_the_same_on_all_hosts_if_it_travels)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct param_info *row = tables[i]; row->name != NULL; row++) {
            bool travels = false, local = false;

            try_row(row, &travels, &local);
            cr_expect_eq(travels, row->same_everywhere, "%s", row->name);
            cr_expect(row->same_everywhere || local, "%s", row->name);
        }
}

Test(machine, has_each_card_and_nothing_that_the_guest_does_not_ask_for)
{
    static const struct vm_boot tick = {.firmware = "/g/tick.rom"};
    g_autoptr(params) params = with("nics", "a b c");
    g_autoptr(device) with_cards = machine_of(params, &jeos, false, 4);
    g_autoptr(device) without = machine_of(params, &tick, false, 4);

    cr_expect_eq(with_cards->children->len, 13);
    cr_expect_eq(without->children->len, 9, "three cards and the rng less");
}

Test(machine, a_kind_stands_once_in_the_table_and_is_rendered_in_one_way)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    cr_expect_eq(device_kinds[0], &device_board);
    for (const struct device_kind *const *kind = device_kinds; *kind != NULL; kind++) {
        cr_expect(g_hash_table_add(names, (void *)(*kind)->name), "%s", (*kind)->name);
        cr_expect_neq((*kind)->to_parts != NULL, (*kind)->to_qemu != NULL, "%s", (*kind)->name);
    }
}
