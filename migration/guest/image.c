/*
 * image: whatever the user has, booted from a disk. It says nothing of ours on its serial port, so
 * a session's answer is its sign of life; the kernel's boot id shows whether it is still the same
 * boot. What writes and checks in it is brought (loads.h).
 */
#include "migration/guest/kind.h"

#include "migration/guest/cloud_seed.h"
#include "migration/guest/loads.h"
#include "migration/guest/login.h"
#include "migration/guest/way.h"
#include "migration/guest/windows.h"
#include "migration/params.h"

#include <string.h>

#define BOOT_ID "cat /proc/sys/kernel/random/boot_id"

static struct vm_boot *image_boot(const struct host *host, const struct params *params,
                                  GError **err)
{
    struct vm_boot *boot = g_new0(struct vm_boot, 1);

    (void)host;
    (void)params;
    (void)err;
    boot->network = guest_image.has_network;
    boot->entropy = true;
    return boot;
}

static int image_know_login(struct guest *guest, struct login *login, GError **err)
{
    if (!cloud_seed_is_wanted(guest->params))
        return 0;
    if (guest->identity == NULL)
        guest->identity = cloud_seed_file(guest->host, vm_name(guest->vm), CLOUD_SEED_IDENTITY);
    if (guest->host_key == NULL)
        guest->host_key = cloud_seed_host_key(guest->host, vm_name(guest->vm), err);
    login->identity = guest->identity;
    return guest->host_key != NULL ? 0 : -1;
}

/* The session answers, and the guest has not started anew. A guest that has no boot id, as it is no
 * Linux, only answers. */
static int image_show_life(struct guest *guest, int64_t deadline, GError **err)
{
    g_auto(session_result) result = {0};

    if (guest_is_windows(guest->params))
        return windows_show_life(guest, deadline, err);
    if (guest_command(guest, BOOT_ID, deadline, &result, err) < 0)
        return -1;
    g_strchomp(result.out);
    if (result.status != 0 || *result.out == '\0' || strlen(result.out) > GUEST_BOOT_ID_MAX)
        return 0;
    if (guest->boot_id == NULL)
        guest->boot_id = g_strdup(result.out);
    if (strcmp(guest->boot_id, result.out) == 0)
        return 0;
    guest->restarted = true;
    return 0;
}

static int image_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    if (guest_bring_loads(guest, deadline, err) < 0 || guest_start_loads(guest, deadline, err) < 0)
        return -1;
    return guest_start_background(guest, deadline, err);
}

static int image_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    return guest_check_background(guest, deadline, err);
}

static const struct guest_want load_wants[] = {{"load", NULL, NULL}, {NULL, NULL, NULL}};
static const struct guest_want no_wants[] = {{NULL, NULL, NULL}};

/* What drives its devices is the user's own affair. */
static const struct guest_folder image_load = {
    .name = "jeos-load", .wants = load_wants, .undriven = no_wants};

const struct guest_kind guest_image = {
    .name = "image",
    .beat_period_ms = 0,
    .has_network = true,
    .has_no_folder = true,
    .folder = &image_load,
    .boot = image_boot,
    .know_login = image_know_login,
    .show_life = image_show_life,
    .start_work = image_start_work,
    .check_work = image_check_work,
    .verify = guest_verify_loads,
    .spoil = guest_spoil_load,
};
