#include "tests/integration/vm_bed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *cache_guests(void)
{
    return g_build_filename(g_get_user_cache_dir(), "vtmh", "guests", NULL);
}

const char *bed_missing(void)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-x86_64");
    g_autofree char *guests = cache_guests();
    g_autofree char *rom = g_build_filename(guests, "tick", "tick.rom", NULL);
    g_autofree char *kernel = g_build_filename(guests, "jeos", "vmlinuz", NULL);

    if (qemu == NULL)
        return "there is no qemu-system-x86_64 in PATH";
    if (!g_file_test(rom, G_FILE_TEST_EXISTS) || !g_file_test(kernel, G_FILE_TEST_EXISTS))
        return "the guests are not built: run deploy/guest";
    return NULL;
}

static char *owned_key(enum owned_kind kind, const char *what)
{
    return g_strdup_printf("%d %s", (int)kind, what);
}

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    struct bed *bed = node;

    (void)err;
    g_hash_table_add(bed->owned, owned_key(kind, what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    struct bed *bed = node;
    g_autofree char *key = owned_key(kind, what);

    g_hash_table_remove(bed->owned, key);
}

static void keep_log(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                     const char *text)
{
    struct bed *bed = node;

    (void)level, (void)role, (void)vm;
    g_string_append_printf(bed->log, "%s\n", text);
}

static void keep_context(void *node, const char *text)
{
    (void)node, (void)text;
}

static void keep_progress(void *node, const Vtmh__Progress *progress)
{
    (void)node, (void)progress;
}

static const struct host_ops ops = {
    .own = own,
    .disown = disown,
    .log = keep_log,
    .context = keep_context,
    .progress = keep_progress,
};

struct bed *bed_open(void)
{
    struct bed *bed = g_new0(struct bed, 1);

    bed->dir = g_dir_make_tmp("vtmh-vm-XXXXXX", NULL);
    bed->guests_dir = cache_guests();
    bed->owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bed->host = (struct host){
        .ops = &ops,
        .node = bed,
        .name = "host1",
        .address = "127.0.0.1",
        .log_dir = bed->dir,
        .run_dir = bed->dir,
        .guests_dir = bed->guests_dir,
    };
    bed->log = g_string_new(NULL);
    bed->params = params_new();
    bed_set(bed, "mem", "32");
    bed_set(bed, "enable_kvm", "no");
    bed_set(bed, "guest", "tick");
    bed->readers = scope_open("readers");
    bed->vms = g_ptr_array_new();
    bed->guests = g_ptr_array_new();
    return bed;
}

static void remove_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        if (g_file_test(inner, G_FILE_TEST_IS_DIR))
            remove_dir(inner);
        else
            unlink(inner);
    }
    rmdir(path);
}

void bed_close(struct bed *bed)
{
    for (unsigned i = 0; i < bed->guests->len; i++)
        guest_free(bed->guests->pdata[i]);
    for (unsigned i = 0; i < bed->vms->len; i++)
        vm_destroy(bed->vms->pdata[i], NULL);
    g_string_free(bed->log, TRUE);
    g_ptr_array_unref(bed->guests);
    g_ptr_array_unref(bed->vms);
    scope_close(bed->readers, NULL);
    remove_dir(bed->dir);
    g_clear_pointer(&bed->platform, vm_platform_free);
    params_unref(bed->params);
    g_hash_table_unref(bed->owned);
    g_free(bed->guests_dir);
    g_free(bed->dir);
    g_free(bed);
}

void bed_set(struct bed *bed, const char *key, const char *value)
{
    params_set(bed->params, key, value, NULL);
}

int bed_decide(struct bed *bed, GError **err)
{
    g_autoptr(vm_offer) offer = vm_offer_probe(&bed->host, bed->params, SOON, err);
    const struct vm_offer *offers[] = {offer};

    if (offer == NULL)
        return -1;
    g_clear_pointer(&bed->platform, vm_platform_free);
    bed->platform = vm_platform_decide(offers, &bed->host.name, 1, bed->params, err);
    return bed->platform != NULL ? 0 : -1;
}

void bed_make_mute_rom(struct bed *bed)
{
    static const uint8_t halt[] = {0xfa, 0xf4, 0xeb, 0xfc}; /* cli, hlt, and again */
    g_autofree char *rom = g_malloc0(65536);
    g_autofree char *folder = g_build_filename(bed->dir, "guests", "tick", NULL);
    g_autofree char *path = g_build_filename(folder, "tick.rom", NULL);

    memcpy(rom + 0xfff0, halt, sizeof halt);
    g_mkdir_with_parents(folder, 0700);
    g_file_set_contents(path, rom, 65536, NULL);
    g_free(bed->guests_dir);
    bed->guests_dir = g_build_filename(bed->dir, "guests", NULL);
    bed->host.guests_dir = bed->guests_dir;
}

int seat_open(struct bed *bed, struct seat *seat, bool incoming, const char *state, GError **err)
{
    struct vm_boot *boot = guest_boot(&bed->host, bed->params, err);
    struct vm_spec spec = {
        .host = &bed->host,
        .name = "vm1",
        .params = bed->params,
        .platform = bed->platform,
        .incoming = incoming,
        .boot = boot,
    };

    if (boot == NULL)
        return -1;
    seat->guest = NULL;
    seat->vm = vm_create(&spec, SOON, err);
    guest_boot_free(boot);
    if (seat->vm == NULL)
        return -1;
    g_ptr_array_add(bed->vms, seat->vm);
    seat->guest = guest_attach(seat->vm, &bed->host, bed->params, bed->readers, err);
    if (seat->guest == NULL) {
        seat_close(bed, seat, NULL);
        return -1;
    }
    g_ptr_array_add(bed->guests, seat->guest);
    return state != NULL ? guest_adopt_state(seat->guest, state, err) : 0;
}

int seat_close(struct bed *bed, struct seat *seat, GError **err)
{
    g_ptr_array_remove(bed->guests, seat->guest);
    g_ptr_array_remove(bed->vms, seat->vm);
    g_clear_pointer(&seat->guest, guest_free);
    return vm_destroy(g_steal_pointer(&seat->vm), err);
}

int seat_boot(struct bed *bed, struct seat *seat, GError **err)
{
    if (bed_decide(bed, err) < 0 || seat_open(bed, seat, false, NULL, err) < 0)
        return -1;
    if (vm_cont(seat->vm, SOON, err) < 0 || guest_await_up(seat->guest, SOON, err) < 0) {
        seat_close(bed, seat, NULL);
        return -1;
    }
    return 0;
}

GHashTable *move_capabilities(void)
{
    static const char *const names[] = {"events", "return-path", "late-block-activate"};
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_hash_table_insert(set, (char *)names[i], GINT_TO_POINTER(true));
    return set;
}

int seat_begin_move(struct bed *bed, struct seat *from, struct seat *to, const struct vm_move *move,
                    GError **err)
{
    g_autofree char *state = guest_state(from->guest);
    int pair[2], result = 0;

    if (seat_open(bed, to, true, state, err) < 0)
        return -1;
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    if (vm_prepare_move(to->vm, move, SOON, err) < 0 ||
        vm_incoming_fd(to->vm, pair[0], SOON, err) < 0 ||
        vm_prepare_move(from->vm, move, SOON, err) < 0 ||
        vm_migrate_fd(from->vm, pair[1], SOON, err) < 0) {
        seat_close(bed, to, NULL);
        result = -1;
    }
    close(pair[0]);
    close(pair[1]);
    return result;
}

static int finish_move(struct seat *from, struct seat *to, struct vm_move_stats *stats,
                       GError **err)
{
    g_autofree char *state = NULL;

    if (vm_await_migrated(from->vm, SOON, err) < 0 || vm_await_migrated(to->vm, SOON, err) < 0 ||
        vm_move_stats(from->vm, stats, SOON, err) < 0)
        return -1;
    state = guest_state(from->guest);
    if (guest_adopt_state(to->guest, state, err) < 0 || vm_cont(to->vm, SOON, err) < 0 ||
        guest_await_alive(to->guest, SOON, err) < 0)
        return -1;
    return 0;
}

int seat_move(struct bed *bed, struct seat *seat, const struct vm_move *move,
              struct vm_move_stats *stats, GError **err)
{
    struct seat to;

    if (seat_begin_move(bed, seat, &to, move, err) < 0)
        return -1;
    if (finish_move(seat, &to, stats, err) < 0) {
        seat_close(bed, &to, NULL);
        return -1;
    }
    if (seat_close(bed, seat, err) < 0) {
        seat_close(bed, &to, NULL);
        return -1;
    }
    *seat = to;
    return 0;
}
