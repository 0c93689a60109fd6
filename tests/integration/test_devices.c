/* Each kind of device, as the QEMU that is there takes it: it starts, stopped, with one of each,
 * and says itself whether that can be migrated. */
#include "migration/machine/offered.h"

#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <string.h>

#define MAX_SET 6

TestSuite(devices, .timeout = 120);

static const struct {
    const char *name;
    const char *set[MAX_SET][2];
} kinds[] = {
    {"graphics std", {{"vga", "std"}}},
    {"graphics cirrus", {{"vga", "cirrus"}}},
    {"graphics qxl", {{"vga", "qxl"}, {"qxl_dev_nr", "2"}, {"qxl_vgamem_mb", "32"}}},
    {"graphics vmware", {{"vga", "vmware"}}},
    {"graphics virtio", {{"vga", "virtio"}}},
    {"graphics bochs", {{"vga", "bochs"}}},
    {"screen spice", {{"vga", "qxl"}, {"display", "spice"}, {"spice_seamless_migration", "yes"}}},
    {"screen vnc", {{"vga", "std"}, {"display", "vnc"}}},
    {"usb",
     {{"usbs", "u1 u2"},
      {"usb_type_u2", "qemu-xhci"},
      {"usb_devices", "t k m"},
      {"usbdev_type_k", "usb-kbd"},
      {"usbdev_type_m", "usb-mouse"},
      {"usb_controller_m", "u2"}}},
    {"rng", {{"virtio_rngs", "a b"}, {"backend_b", "rng-random"}}},
    {"rng with a rate",
     {{"virtio_rngs", "a"}, {"max-bytes_virtio-rng", "64"}, {"period_virtio-rng", "10"}}},
    {"watchdog", {{"enable_watchdog", "yes"}, {"watchdog_action", "pause"}}},
    {"watchdog ib700", {{"enable_watchdog", "yes"}, {"watchdog_device_type", "ib700"}}},
    {"balloon",
     {{"balloon_dev_devid", "balloon0"},
      {"balloon_opt_deflate_on_oom", "yes"},
      {"balloon_opt_free_page_reporting", "yes"}}},
    {"memory of a memfd", {{"vm_mem_backend", "memory-backend-memfd"}}},
    {"memory of a file", {{"vm_mem_backend", "memory-backend-file"}, {"vm_mem_share", "yes"}}},
    {"memory that is shared", {{"vm_mem_share", "yes"}}},
    {"memory on a node", {{"numanode", "-1"}, {"smp", "2"}}},
    {"slots for memory", {{"slots", "4"}, {"maxmem", "4G"}}},
    {"topology",
     {{"smp", "2"},
      {"vcpu_maxcpus", "8"},
      {"vcpu_dies", "2"},
      {"vcpu_cores", "2"},
      {"vcpu_clusters", "INVALID"}}},
    {"another vendor and family", {{"cpu_model_vendor", "GenuineIntel"}, {"cpu_family", "6"}}},
    {"serial lines", {{"serials", "serial0 s1 s2"}, {"serial_type_s2", "pci-serial"}}},
    {"debug console", {{"enable_debugcon", "yes"}}},
    {"UEFI", {{"guest", "jeos"}, {"mem", "256"}, {"ovmf_code_filename", "OVMF_CODE.fd"}}},
    {"configured by its monitor", {{"qemu_preconfig", "yes"}}},
    {"not stopped", {{"qemu_stop", "no"}}},
    {"no shutdown", {{"disable_shutdown", "yes"}}},
    {"QEMU's own devices", {{"defaults", "yes"}}},
};

/* Offered by the QEMU that is there? Else what says that it is not. */
static int start_kind(struct bed *bed, unsigned i, GError **err)
{
    struct seat seat;

    for (unsigned k = 0; k < MAX_SET && kinds[i].set[k][0] != NULL; k++)
        bed_set(bed, kinds[i].set[k][0], kinds[i].set[k][1]);
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    if (vm_check_movable(seat.vm, SOON, err) < 0)
        return -1;
    return seat_close(bed, &seat, err);
}

static int start_all(void *arg, GError **err)
{
    (void)arg;
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct bed *bed = bed_open();
        int started = start_kind(bed, i, err);

        bed_close(bed);
        if (started < 0) {
            g_prefix_error(err, "%s: ", kinds[i].name);
            return -1;
        }
    }
    return 0;
}

Test(devices, each_kind_is_taken_by_qemu_and_can_be_migrated)
{
    if (bed_missing() != NULL)
        cr_skip_test("%s", bed_missing());
    expect_run(start_all, NULL);
}

static const char *swtpm_missing(void)
{
    g_autofree char *path = g_find_program_in_path("swtpm");

    return path == NULL ? "there is no swtpm in PATH (deploy/packages install test)" : NULL;
}

/* What the emulator of that end has written, NULL: nothing. Transfer full. */
static char *tpm_state(const struct bed *bed, const char *end, gsize *size_out)
{
    g_autofree char *path = g_strdup_printf("%s/vm1-%s.tpm0/tpm2-00.permall", bed->dir, end);
    char *state = NULL;

    g_file_get_contents(path, &state, size_out, NULL);
    return state;
}

/* Each emulator begins with keys that it draws: only a move brings those of another. */
static int move_tpm(struct bed *bed, GError **err)
{
    struct seat seat;
    struct vm_move_stats stats = {0};
    const struct vm_move move = {.capabilities = move_capabilities(), .downtime_limit_ms = -1};
    g_autofree char *other = NULL, *had = NULL, *got = NULL;
    g_autofree char *left = g_strconcat(bed->dir, "/vm1-out.tpm0", NULL);
    gsize other_size = 0, had_size = 0, got_size = 0;
    int moved;

    bed_set(bed, "tpms", "tpm0");
    if (bed_decide(bed, err) < 0 || seat_boot(bed, &seat, err) < 0)
        return -1;
    other = tpm_state(bed, "out", &other_size);
    if (seat_close(bed, &seat, err) < 0 || seat_boot(bed, &seat, err) < 0)
        return -1;
    had = tpm_state(bed, "out", &had_size);
    check(had_size > 0 && (other_size != had_size || memcmp(had, other, had_size) != 0));
    moved = seat_move(bed, &seat, &move, &stats, err);
    g_hash_table_unref(move.capabilities);
    if (moved < 0)
        return -1;
    got = tpm_state(bed, "in", &got_size);
    check(got_size == had_size && memcmp(had, got, had_size) == 0);
    check(!g_file_test(left, G_FILE_TEST_EXISTS));
    return seat_close(bed, &seat, err);
}

Test(devices, a_tpm_goes_with_its_guest_and_leaves_nothing_behind)
{
    if (bed_missing() != NULL || swtpm_missing() != NULL)
        cr_skip_test("%s", bed_missing() != NULL ? bed_missing() : swtpm_missing());
    bed_run(move_tpm);
}

/* Why a VM with these extra_params is refused before its guest runs. */
static int refuse(void *arg, GError **err)
{
    const char *const *wanted = arg;
    g_autoptr(GError) error = NULL;
    struct bed *bed = bed_open();
    struct seat seat;
    int result = 0;

    (void)err;
    bed_set(bed, "extra_params", wanted[0]);
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0) {
        bed_close(bed);
        return -1;
    }
    check(vm_check_movable(seat.vm, SOON, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    check(strstr(error->message, wanted[1]) != NULL);
    result = seat_close(bed, &seat, err);
    bed_close(bed);
    return result;
}

Test(devices, what_cannot_be_migrated_is_refused_in_qemus_words_before_the_guest_runs)
{
    static const char *const cases[][2] = {
        {"-device nvme,serial=x", "non-migratable device"},
        {"-object memory-backend-ram,id=shm,size=1M,share=on -device ivshmem-plain,memdev=shm",
         "ivshmem"},
        {"-fsdev local,id=f,path=/tmp,security_model=none -device "
         "virtio-9p-pci,fsdev=f,mount_tag=t",
         "a guest that has mounted it cannot be migrated"},
    };

    if (bed_missing() != NULL)
        cr_skip_test("%s", bed_missing());
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_run(refuse, (void *)cases[i]);
}

Test(devices, a_device_that_a_host_lacks_is_told_with_the_host)
{
    g_autoptr(params) params = params_new();
    static const struct vm_boot tick = {.firmware = "/g/tick.rom"};
    static const struct vm_platform platform = {
        .machine = (char *)"pc-i440fx-7.2", .cpu = (char *)"qemu64", .ram_bytes = 32 << 20};
    const struct machine_spec spec = {
        .name = "vm1", .params = params, .platform = &platform, .boot = &tick};
    g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) some = g_hash_table_new(g_str_hash, g_str_equal);
    const struct vm_offer a = {.devices = all}, b = {.devices = some, .version = {7, 2, 1}};
    const struct vm_offer *const offers[] = {&a, &b};
    static const char *const names[] = {"a", "b"};
    g_autoptr(GError) error = NULL;

    g_hash_table_add(all, (char *)"qxl-vga");
    g_hash_table_add(some, (char *)"VGA");
    params_set(params, "vga", "qxl", NULL);
    g_autoptr(device) board = machine_new(&spec, NULL);
    cr_assert_eq(machine_check_offered(board, offers, names, 1, NULL), 0);
    cr_assert_lt(machine_check_offered(board, offers, names, 2, &error), 0);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message, "graphics video0 is not supported: there is no device qxl-vga "
                                     "on b (QEMU 7.2.1)");
}
