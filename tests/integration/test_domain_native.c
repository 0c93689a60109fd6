/*
 * What a real libvirtd makes of our domain XML, against the command line of our own driver for the
 * same machine: all devices are there, by their names, and have what they were asked to have.
 */
#include "libvirt_bed.h"
#include "migration/vm/qemu_cmdline.h"
#include "tests/unit/domain_cases.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ID_PREFIX "ua-"

static struct libvirt_bed *bed;

static void start(void)
{
    if (libvirt_bed_missing() != NULL)
        cr_skip_test("%s", libvirt_bed_missing());
    bed = libvirt_bed_start();
}

static void stop(void)
{
    if (bed != NULL)
        libvirt_bed_stop(bed);
}

TestSuite(domain_native, .init = start, .fini = stop, .timeout = 110);

/* What virsh prints; NULL with libvirt's sentence. Transfer full. */
static char *virsh(const char *const *words, char **why_out)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    char *out = NULL;
    int status = -1;

    for (const char *const *word = (const char *const[]){"timeout", "20", "virsh", "--quiet",
                                                         "--connect", bed->uri, NULL};
         *word != NULL; word++)
        g_ptr_array_add(argv, (void *)*word);
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, (void *)*words);
    g_ptr_array_add(argv, NULL);
    cr_assert(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                           why_out, &status, NULL));
    if (status != 0)
        g_clear_pointer(&out, g_free);
    else if (why_out != NULL)
        g_clear_pointer(why_out, g_free);
    return out;
}

/* The same, with the XML in a file that the last word names. */
static char *virsh_xml(const char *command, const char *option, const char *option2,
                       const char *text, char **why_out)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("vtmh-domain-XXXXXX", &path, NULL);
    char *out;

    cr_assert(fd >= 0 && g_file_set_contents(path, text, -1, NULL));
    close(fd);
    out = virsh((const char *const[]){command, option, option2, path, NULL}, why_out);
    g_unlink(path);
    return out;
}

/* The words of the command line; NULL with libvirt's sentence. Transfer full. */
static GStrv native_words(const char *text, char **why_out)
{
    g_autofree char *out = virsh_xml("domxml-to-native", "qemu-argv", "--xml", text, why_out);
    GStrv words = NULL;

    if (out != NULL)
        cr_assert(g_shell_parse_argv(out, NULL, &words, NULL), "%s", out);
    return words;
}

/* "driver,key=value,…" as {"driver": …, "key": "value"}; what is JSON already likewise. Transfer
 * full. */
static json_t *device_of_word(const char *word)
{
    json_t *device = *word == '{' ? json_loads(word, 0, NULL) : json_object();
    g_auto(GStrv) pairs = *word == '{' ? g_new0(char *, 1) : g_strsplit(word, ",", -1);

    for (char **pair = pairs; *pair != NULL; pair++) {
        char *equals = strchr(*pair, '=');
        g_autofree char *key = g_strndup(*pair, equals != NULL ? (size_t)(equals - *pair) : 0);

        json_object_set_new(device, equals != NULL ? key : "driver",
                            json_string(equals != NULL ? equals + 1 : *pair));
    }
    return device;
}

/* What comes after that option: [a device each]. Transfer full. */
static json_t *devices_of(GStrv words)
{
    json_t *devices = json_array();

    for (char **word = words; *word != NULL; word++)
        if (strcmp(*word, "-device") == 0 && word[1] != NULL)
            json_array_append_new(devices, device_of_word(word[1]));
    return devices;
}

/* As a word: QEMU's numbers are in JSON, or texts, whoever says them. Transfer full. */
static char *word_of(const json_t *value)
{
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "on" : "off");
    return json_is_string(value)
               ? g_strdup(json_string_value(value))
               : g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static bool is_card(const json_t *ours)
{
    return json_object_get(ours, "netdev") != NULL;
}

static bool has_name_there(const json_t *ours)
{
    return json_object_get(ours, "id") != NULL && !is_card(ours) &&
           strcmp(device_get(ours, "driver"), "isa-fdc") != 0;
}

/* By its name; one that has none there (a card has it only when something is started), by its
 * driver. NULL: libvirt has none. */
static const json_t *find_there(const json_t *there, const json_t *ours)
{
    const char *id = device_get(ours, "id"), *driver = device_get(ours, "driver");
    g_autofree char *alias = id != NULL ? g_strconcat(ID_PREFIX, id, NULL) : NULL;
    const json_t *device;
    size_t i;

    if (alias != NULL)
        g_strdelimit(alias, ".", '_');
    json_array_foreach ((json_t *)there, i, device) {
        const char *its = device_get(device, "id");

        if (!has_name_there(ours) ? strcmp(device_get(device, "driver"), driver) == 0
                                  : g_strcmp0(its, alias) == 0 || g_strcmp0(its, id) == 0)
            return device;
    }
    return NULL;
}

/* libvirt has its own word for it. */
static bool is_same_driver(const char *ours, const char *theirs)
{
    static const char *const names[][2] = {{"lsi53c895a", "lsi"}, {"ich9-ahci", "ahci"}};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], ours) == 0 && strcmp(names[i][1], theirs) == 0)
            return true;
    return strcmp(ours, theirs) == 0;
}

#define CARD_KEYS 1 /* the first of the keys: the rest libvirt leaves out where it makes no tap */

/* What a guest, or who looks for its data, would find to be another. */
static void compare_properties(const json_t *ours, const json_t *theirs, GString *found)
{
    static const char *const keys[] = {
        "mac",       "mq",
        "serial",    "werror",
        "rerror",    "write-cache",
        "guest-cid", "max-bytes",
        "period",    "queue-size",
        "ram_size",  "max_sectors",
        "vram_size", "vgamem_mb",
        "iobase",    "scsi-id",
        "lun",       "deflate-on-oom",
        "unit",      "read-only",
        "port",      "free-page-reporting",
    };
    size_t n = is_card(ours) ? CARD_KEYS : G_N_ELEMENTS(keys);

    for (size_t i = 0; i < n; i++) {
        const json_t *our_value = json_object_get(ours, keys[i]);
        const json_t *their_value = json_object_get(theirs, keys[i]);

        if (our_value == NULL)
            continue;
        g_autofree char *our_word = word_of(our_value);
        g_autofree char *their_word = their_value != NULL ? word_of(their_value) : g_strdup("0");
        if (strcmp(their_word, our_word) != 0)
            g_string_append_printf(found, "%s of %s is %s instead of %s\n", keys[i],
                                   device_get(ours, "id"), their_word, our_word);
    }
}

static void compare_devices(GStrv own, GStrv native, GString *found)
{
    json_auto_t *ours = devices_of(own), *theirs = devices_of(native);
    const json_t *device;
    size_t i;

    json_array_foreach (ours, i, device) {
        const char *driver = device_get(device, "driver");
        const json_t *there = find_there(theirs, device);

        if (strcmp(driver, "pcie-root-port") == 0)
            continue; /* libvirt has more of them, by names of its own */
        if (there == NULL || !is_same_driver(driver, device_get(there, "driver")))
            g_string_append_printf(found, "%s %s is %s\n", driver, device_get(device, "id"),
                                   there != NULL ? device_get(there, "driver") : "not there");
        else
            compare_properties(device, there, found);
    }
}

/* Each file that a drive of ours is in is one of libvirt's, too. */
static void compare_files(GStrv own, GStrv native, GString *found)
{
    g_autofree char *all = g_strjoinv(" ", native);

    for (char **word = own; *word != NULL; word++) {
        const char *at = strstr(*word, "filename=");
        g_autofree char *path =
            at != NULL ? g_strndup(at + strlen("filename="), strcspn(at + strlen("filename="), ","))
                       : NULL;

        if (path != NULL && strstr(all, path) == NULL)
            g_string_append_printf(found, "%s is not there\n", path);
    }
}

/* How the machine that libvirt makes of one case differs from ours of another; "" if it does not.
 * Transfer full. */
static char *differences(const struct domain_case *theirs, const struct domain_case *ours)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = domain_text(theirs, NULL), *why = NULL;
    g_autoptr(device) board = domain_machine(ours, &error);
    const struct qemu_cmdline line = {.binary = "qemu", .board = board, .qmp_fd = 3};
    g_auto(GStrv) own = qemu_cmdline_build(&line);
    g_auto(GStrv) native = native_words(text, &why);
    GString *found = g_string_new(NULL);

    if (native == NULL) {
        g_string_append_printf(found, "%s\n%s", why, text);
    } else {
        compare_devices(own, native, found);
        compare_files(own, native, found);
    }
    return g_string_free(found, FALSE);
}

static void expect_same(const struct domain_case *input)
{
    g_autofree char *found = differences(input, input);

    cr_expect_str_eq(found, "", "%s: %s", input->params, found);
}

Test(domain_native, each_machine_is_the_one_of_our_own_command_line)
{
    for (size_t t = 0; t < G_N_ELEMENTS(domain_tables); t++)
        for (size_t i = 0; i < domain_tables[t].n; i++)
            if (!domain_tables[t].cases[i].input.needs_host)
                expect_same(&domain_tables[t].cases[i].input);
}

Test(domain_native, another_machine_is_seen)
{
    const struct domain_case theirs = {.boot = &domain_image,
                                       .params = "vsocks=v;guest_cid=7;images=a;image_name=/i/a"};
    const struct domain_case ours = {
        .boot = &domain_image,
        .params = "vsocks=v;guest_cid=8;images=a b;image_name_a=/i/x;image_name_b=/i/a;"
                  "drive_format_a=ide"};
    g_autofree char *found = differences(&theirs, &ours);

    cr_expect_str_eq(found, "guest-cid of v is 7 instead of 8\n"
                            "ide-hd a is virtio-blk-pci\n"
                            "virtio-blk-pci b is not there\n"
                            "/i/x.qcow2 is not there\n");
}

/* ---- a QEMU of libvirt's */

static const char *const files[] = {"a", "b", "c", "d", "disc", "floppy"};

static char *make_folder(void)
{
    char *folder = g_dir_make_tmp("vtmh-domain-XXXXXX", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);

        cr_assert(g_file_set_contents(path, "", 0, NULL));
        cr_assert_eq(truncate(path, 1 << 20), 0);
    }
    return folder;
}

static void remove_folder(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(folder);
}

/* Where the node would wait for a hypervisor to connect. Transfer full. */
static char *listen_at(const char *folder, const char *name, int *fd_out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *path = g_build_filename(folder, name, NULL);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    *fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(*fd_out, (const struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(*fd_out, 4), 0);
    return path;
}

static const char many_devices[] =
    "images=a b c d;image_format=raw;image_raw_device=yes;image_name_a=DIR/a;image_name_b=DIR/b;"
    "image_name_c=DIR/c;image_name_d=DIR/d;drive_cache=writeback;drive_format_b=scsi-hd;"
    "drive_format_c=ide;drive_format_d=usb3;bootindex_a=0;drive_serial_a=SER1;iothreads=io1;"
    "image_iothread_a=io1;blk_extra_params_a=queue-size=64;bus_extra_params_b=max_sectors=512;"
    "cdroms=cd;cdrom=DIR/disc;floppies=fl;floppy_name=DIR/floppy;serials=s0 s1;login_ways=agent;"
    "virtio_rngs=r;max-bytes_virtio-rng=1024;period_virtio-rng=1000;balloon_dev_devid=b0;"
    "balloon_opt_deflate_on_oom=yes;enable_watchdog=yes;watchdog_action=debug;usbs=u;"
    "usb_type=qemu-xhci;usb_devices=t k w;usbdev_type_k=usb-kbd;usbdev_type_w=usb-wacom-tablet;"
    "vga=qxl;qxl_vgamem_mb=32;display=vnc;enable_debugcon=yes;smp=2;vcpu_maxcpus=4;"
    "rtc_clock=vm;rtc_drift=slew;boot_strict=off;boot_menu=off";

static char *params_in(const char *folder)
{
    GString *params = g_string_new(many_devices);

    g_string_replace(params, "DIR", folder, 0);
    return g_string_free(params, FALSE);
}

/* Each of our devices that has a name is in QEMU's own tree, and has what a user has appended. */
static void expect_in_tree(const struct device *board, const char *tree)
{
    const struct qemu_cmdline line = {.binary = "qemu", .board = board, .qmp_fd = 3};
    g_auto(GStrv) own = qemu_cmdline_build(&line);
    json_auto_t *ours = devices_of(own);
    const json_t *device;
    size_t i;

    json_array_foreach (ours, i, device) {
        g_autofree char *by_libvirt =
            g_strdup_printf("dev: %s, id \"" ID_PREFIX "%s\"", device_get(device, "driver"),
                            device_get(device, "id"));
        g_autofree char *by_words = g_strdup_printf(
            "dev: %s, id \"%s\"", device_get(device, "driver"), device_get(device, "id"));

        if (has_name_there(device))
            cr_expect(strstr(tree, by_libvirt) != NULL || strstr(tree, by_words) != NULL,
                      "%s is not in\n%s", by_libvirt, tree);
    }
    cr_expect_not_null(strstr(tree, "queue-size = 64 "));
    cr_expect_not_null(strstr(tree, "max_sectors = 512 "));
}

static void expect_exact_memory(const char *name, uint64_t bytes)
{
    g_autofree char *expected = g_strdup_printf("\"base-memory\":%" G_GUINT64_FORMAT ",", bytes);
    g_autofree char *answer =
        virsh((const char *const[]){"qemu-monitor-command", name,
                                    "{\"execute\": \"query-memory-size-summary\"}", NULL},
              NULL);

    cr_assert_not_null(answer);
    cr_expect_not_null(strstr(answer, expected), "no %s in %s", expected, answer);
}

static bool is_among(const json_t *device, const json_t *devices)
{
    const json_t *one;
    size_t i;

    json_array_foreach ((json_t *)devices, i, one)
        if (json_equal((json_t *)one, (json_t *)device))
            return true;
    return false;
}

/* A destination's domain has each device where the running one has it, though another has gone
 * meanwhile that libvirt had put before them. */
static void expect_same_places(struct device *board, const struct domain_spec *spec)
{
    g_autofree char *running = virsh((const char *const[]){"dumpxml", spec->name, NULL}, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL, *why = NULL;
    g_auto(GStrv) native = NULL;
    json_auto_t *before = NULL, *after = NULL;
    const json_t *device;
    size_t i;

    cr_assert_not_null(running);
    g_auto(GStrv) old = native_words(running, &why);
    cr_assert_not_null(old, "%s", why);
    cr_assert_eq(domain_take_places(board, running, &error), 0);
    device_remove(board, device_find(board, device_rng.name, "r"));
    text = machine_to_xml(board, spec, NULL, &error);
    native = native_words(text, &why);
    cr_assert_not_null(native, "%s\n%s", why, text);
    before = devices_of(old);
    after = devices_of(native);
    cr_expect_eq(json_array_size(after), json_array_size(before) - 1);
    json_array_foreach (after, i, device)
        cr_expect(is_among(device, before), "%s %s is elsewhere", device_get(device, "driver"),
                  device_get(device, "id"));
}

static void start_one(const char *machine, const char *folder)
{
    g_autofree char *params = params_in(folder);
    const struct domain_case input = {.boot = &domain_image,
                                      .params = params,
                                      .machine = machine,
                                      .ram_bytes = 32760 << 10,
                                      .run_dir = folder};
    struct domain_spec spec = domain_spec_of(&input);
    g_autoptr(GError) error = NULL;
    g_autoptr(device) board = domain_machine(&input, &error);
    int serial, agent;
    g_autofree char *serial_path = listen_at(folder, "serial", &serial);
    g_autofree char *agent_path = listen_at(folder, "agent", &agent);
    g_autofree char *text = NULL, *why = NULL, *created = NULL, *tree = NULL, *gone = NULL;

    cr_assert_not_null(board, "%s", error != NULL ? error->message : "");
    spec.serial = serial_path;
    spec.agent = agent_path;
    text = machine_to_xml(board, &spec, NULL, &error);
    cr_assert_not_null(text, "%s", error != NULL ? error->message : "");
    created = virsh_xml("create", "--paused", "--file", text, &why);
    cr_assert_not_null(created, "%s: %s\n%s", machine, why, text);
    tree =
        virsh((const char *const[]){"qemu-monitor-command", spec.name, "--hmp", "info qtree", NULL},
              NULL);
    cr_assert_not_null(tree);
    expect_in_tree(board, tree);
    expect_exact_memory(spec.name, input.ram_bytes);
    expect_same_places(board, &spec);
    gone = virsh((const char *const[]){"destroy", spec.name, NULL}, NULL);
    cr_expect_not_null(gone);
    close(serial);
    close(agent);
    g_unlink(serial_path);
    g_unlink(agent_path);
}

Test(domain_native, a_machine_of_many_devices_starts_with_all_of_them)
{
    g_autofree char *folder = make_folder();

    start_one("pc-i440fx-7.2", folder);
    start_one("pc-q35-7.2", folder);
    remove_folder(folder);
}
