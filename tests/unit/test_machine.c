/* A machine as data: what travels, what is local, and that parameters and tree agree on it. */
#include "migration/machine/device.h"
#include "migration/params_tables.h"

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

/* Transfer full. */
static struct device *machine_of(const struct params *params, const struct vm_boot *boot,
                                 bool incoming, int serial_fd)
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
                                      .serial_fd = serial_fd};
    g_autoptr(GError) error = NULL;
    struct device *board = machine_new(&spec, &error);

    cr_assert_not_null(board, "%s", error != NULL ? error->message : "");
    return board;
}

/* Takes one side out of a tree. */
static void strip(json_t *device, const char *side)
{
    json_t *child;
    size_t i;

    json_object_del(device, side);
    json_array_foreach (json_object_get(device, "devices"), i, child)
        strip(child, side);
}

/* A tree without that side. Transfer full. */
static char *text_without(const struct device *board, const char *side)
{
    json_auto_t *tree = machine_to_json(board);

    strip(tree, side);
    return json_dumps(tree, JSON_COMPACT);
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
              "\"local\":{\"network\":\"user\",\"netdev\":\"net0\",\"forwarded_port\":22}},"
              "{\"id\":\"rng0\",\"kind\":\"rng\",\"travels\":{\"model\":\"virtio-rng-pci\"},"
              "\"local\":{\"source\":\"entropy0\"}},"
              "{\"id\":\"panic0\",\"kind\":\"panic\",\"travels\":{\"model\":\"pvpanic\"}},"
              "{\"id\":\"entry\",\"kind\":\"entry\",\"local\":{\"by\":\"boot\"}}]}");
}

Test(machine, the_two_ends_differ_only_in_what_is_local)
{
    g_autoptr(params) params = with("nics", "nic1 nic2");
    g_autoptr(params) there = with("nics", "nic1 nic2");
    params_set(there, "netdev_extra_params", ",restrict=on", NULL);
    g_autoptr(device) source = machine_of(params, &jeos, false, 4);
    g_autoptr(device) destination = machine_of(there, &jeos_elsewhere, true, 5);
    g_autofree char *here_travels = text_without(source, "local");
    g_autofree char *there_travels = text_without(destination, "local");
    g_autofree char *here_local = text_without(source, "travels");
    g_autofree char *there_local = text_without(destination, "travels");

    cr_expect_str_eq(here_travels, there_travels);
    cr_expect_str_neq(here_local, there_local);
    cr_expect_null(strstr(here_travels, "/g/"), "%s", here_travels);
    cr_expect_not_null(strstr(there_local, "\"by\":\"migration\""), "%s", there_local);
}

/* A value that is not the default; NULL: the row has no other. */
static const char *other_value(const struct param_info *row)
{
    if (row->example != NULL)
        return row->example;
    if (row->kind == PARAM_WORD)
        return row->values[1];
    return row->kind == PARAM_LIST ? "nic1 nic2" : "2";
}

static const struct param_info *const tables[] = {board_params, topology_params, rtc_params,
                                                  extra_params, nic_params};

/* So agree.c, which compares parameters, compares what travels, and nothing else. */
Test(machine, a_parameter_of_a_device_must_be_the_same_on_all_hosts_if_it_travels)
{
    g_autoptr(params) none = params_new();
    g_autoptr(device) bare = machine_of(none, &jeos, false, 4);
    g_autofree char *bare_travels = text_without(bare, "local");
    g_autofree char *bare_local = text_without(bare, "travels");
    unsigned n_without = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct param_info *row = tables[i]; row->name != NULL; row++) {
            if (other_value(row) == NULL) {
                n_without++;
                continue;
            }
            g_autoptr(params) params = with(row->name, other_value(row));
            g_autoptr(device) board = machine_of(params, &jeos, false, 4);
            g_autofree char *travels = text_without(board, "local");
            g_autofree char *local = text_without(board, "travels");

            cr_expect_eq(strcmp(travels, bare_travels) != 0, row->same_everywhere, "%s", row->name);
            cr_expect(row->same_everywhere || strcmp(local, bare_local) != 0, "%s", row->name);
        }
    cr_expect_eq(n_without, 1, "only nettype has a single value, and %u rows have", n_without);
}

Test(machine, has_each_card_and_nothing_that_the_guest_does_not_ask_for)
{
    static const struct vm_boot tick = {.firmware = "/g/tick.rom"};
    g_autoptr(params) params = with("nics", "a b c");
    g_autoptr(device) with_cards = machine_of(params, &jeos, false, 4);
    g_autoptr(device) without = machine_of(params, &tick, false, 4);

    cr_expect_eq(with_cards->children->len, 12);
    cr_expect_eq(without->children->len, 8, "three cards and the rng less");
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
