/* A disk that moves along, between two real QEMUs, as far as it rests on what QEMU does. */
#include "migration/vm/qemu.h"

#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define DISK_BYTES (8 << 20)
#define BYTES_PER_S (100 << 20)
#define SLOW_BYTES_PER_S (64 << 10)
#define WRITTEN "2M" /* half a minute's at that speed: more than SOON */

TestSuite(mirror, .timeout = 90);

static const char *const names[] = {"data", NULL};

/* A VM with an empty disk. */
static int open_one(struct bed *bed, struct seat *seat, bool incoming, const char *file,
                    GError **err)
{
    g_autofree char *path = g_build_filename(bed->dir, file, NULL);

    check(g_file_set_contents(path, "", 0, err) && truncate(path, DISK_BYTES) == 0);
    bed_set(bed, "image_name_data", path);
    return seat_open(bed, seat, incoming, NULL, err);
}

/* As its guest would. */
static int write_disk(struct seat *seat, GError **err)
{
    json_t *said = NULL;
    int result = qemu_command(
        qemu_vm(seat->vm), "human-monitor-command",
        json_pack("{s:s}", "command-line",
                  "qemu-io -d /machine/peripheral/data/virtio-backend \"write -P 5 0 " WRITTEN
                  "\""),
        SOON, &said, err);

    check(result < 0 || *json_string_value(said) == '\0'); /* it says only what is wrong */
    json_decref(said);
    return result;
}

static bool starts_with_fives(struct bed *bed, const char *file)
{
    g_autofree char *path = g_build_filename(bed->dir, file, NULL);
    g_autofree char *bytes = NULL;
    gsize size;

    return g_file_get_contents(path, &bytes, &size, NULL) && size == DISK_BYTES && bytes[0] == 5 &&
           bytes[(2 << 20) - 1] == 5;
}

/* Which would be too slow for the first copy, the whole disk's. */
static int slow_down(struct seat *seat, GError **err)
{
    return qemu_command(
        qemu_vm(seat->vm), "block-job-set-speed",
        json_pack("{s:s, s:i}", "device", "vtmh-mirror0", "speed", SLOW_BYTES_PER_S), SOON, NULL,
        err);
}

/* Writes more than the limit lets through in time, once the copy has caught up. */
static int move_over(struct bed *bed, struct seat *from, struct seat *to, GError **err)
{
    g_autofree char *socket_path = g_build_filename(bed->dir, "nbd", NULL);
    g_autoptr(GHashTable) capabilities = move_capabilities();
    const struct vm_move move = {.capabilities = capabilities, .downtime_limit_ms = -1};
    int pair[2];

    g_hash_table_insert(capabilities, (char *)"pause-before-switchover", GINT_TO_POINTER(true));
    if (vm_offer_disks(to->vm, names, socket_path, SOON, err) < 0 ||
        vm_mirror_disks(from->vm, names, socket_path, BYTES_PER_S, SOON, err) < 0 ||
        slow_down(from, err) < 0 || write_disk(from, err) < 0 ||
        vm_prepare_move(to->vm, &move, SOON, err) < 0 ||
        vm_prepare_move(from->vm, &move, SOON, err) < 0)
        return -1;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    int result = vm_incoming_fd(to->vm, pair[0], SOON, err) < 0 ||
                         vm_migrate_fd(from->vm, pair[1], SOON, err) < 0 ||
                         vm_await_migrated(from->vm, SOON, err) < 0
                     ? -1
                     : vm_await_migrated(to->vm, SOON, err);
    close(pair[0]);
    close(pair[1]);
    return result;
}

static int stands_still_no_longer(struct bed *bed, GError **err)
{
    struct seat from, to;

    bed_set(bed, "images", "data");
    bed_set(bed, "image_format_data", "raw");
    if (bed_decide(bed, err) < 0 || open_one(bed, &from, false, "one.raw", err) < 0 ||
        open_one(bed, &to, true, "other.raw", err) < 0 || move_over(bed, &from, &to, err) < 0)
        return -1;
    check(starts_with_fives(bed, "other.raw"));
    if (vm_withdraw_disks(to.vm, SOON, err) < 0)
        return -1;
    int ended = seat_close(bed, &from, err);
    return seat_close(bed, &to, ended == 0 ? err : NULL) < 0 ? -1 : ended;
}

Test(mirror, what_is_written_behind_the_first_copy_is_not_held_back_by_its_limit)
{
    if (bed_missing() != NULL)
        cr_skip_test("%s", bed_missing());
    bed_run(stands_still_no_longer);
}
