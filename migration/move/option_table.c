/* What our parameters are to QEMU, and what cannot go together. */
#include "migration/move/options.h"

#include "migration/storage/plan.h"

#include <stddef.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#define ALWAYS(word_, ends_)                                                                       \
    .name = (word_), .kind = MOVE_ALWAYS, .words = WORDS(word_), .ends = MOVE_AT_##ends_
#define CAPABILITY(name_, ends_, ...)                                                              \
    .name = (name_), .kind = MOVE_CAPABILITY, .words = WORDS(__VA_ARGS__), .ends = MOVE_AT_##ends_
#define PARAMETER(name_, ends_, with_, ...)                                                        \
    .name = (name_), .kind = MOVE_PARAMETER, .words = WORDS(__VA_ARGS__), .ends = MOVE_AT_##ends_, \
    .with = (with_)
#define SHOWN_BY(figure_)                                                                          \
    .figure = offsetof(Vtmh__Migration, figure_), .figure_name = G_STRINGIFY(figure_)
#define STREAMS .traits = TRANSPORT_STREAMS, .why_traits = "it needs several connections"
#define TWO_WAY .traits = TRANSPORT_TWO_WAY, .why_traits = "the destination cannot answer over it"

/* Of any of a VM's images. */
static bool disks_move(const struct params *params)
{
    g_auto(GStrv) moving = image_moving(params, NULL);

    return moving != NULL && *moving != NULL;
}

const struct move_option move_options[] = {
    {ALWAYS("events", BOTH)},
    /* So that the source can continue after a failure while the destination still lives. */
    {ALWAYS("late-block-activate", DESTINATION)},
    /* Without it the source says completed though the destination has stopped. */
    {CAPABILITY("mig_return_path", BOTH, "return-path"), TWO_WAY, .is_default = true},

    {CAPABILITY("xbzrle", SOURCE, "xbzrle", "x-xbzrle"), SHOWN_BY(xbzrle_pages)},
    {PARAMETER("xbzrle_cache_size", SOURCE, "xbzrle", "xbzrle-cache-size")},
    {CAPABILITY("auto-converge", SOURCE, "auto-converge"), SHOWN_BY(throttle_percent)},
    {PARAMETER("cpu_throttle_initial", SOURCE, "auto-converge", "cpu-throttle-initial",
               "x-cpu-throttle-initial")},
    {PARAMETER("cpu_throttle_increment", SOURCE, "auto-converge", "cpu-throttle-increment",
               "x-cpu-throttle-increment")},
    {PARAMETER("max_cpu_throttle", SOURCE, "auto-converge", "max-cpu-throttle")},
    {CAPABILITY("mig_dirty_limit", SOURCE, "dirty-limit")},
    {PARAMETER("vcpu_dirty_limit", SOURCE, "mig_dirty_limit", "vcpu-dirty-limit")},
    {CAPABILITY("zero-blocks", SOURCE, "zero-blocks")},
    {CAPABILITY("mig_compress", BOTH, "compress"), SHOWN_BY(compressed_pages),
     .note = "mig_compress: QEMU compresses slowly; against a guest that writes all the while "
             "(dirty_mem) it takes hundreds of dirty syncs, in which QEMU without KVM was seen to "
             "lose single pages"},
    {PARAMETER("mig_compress_level", SOURCE, "mig_compress", "compress-level")},
    {PARAMETER("mig_compress_threads", SOURCE, "mig_compress", "compress-threads")},
    {PARAMETER("mig_decompress_threads", DESTINATION, "mig_compress", "decompress-threads")},
    {CAPABILITY("mig_pause_before_switchover", SOURCE, "pause-before-switchover"),
     SHOWN_BY(switchover_pauses)},
    /* When the guest has stopped, its disks' copies end, and only then the rest goes. */
    {CAPABILITY("migrate_storage", SOURCE, "pause-before-switchover"), .is_wanted = disks_move,
     SHOWN_BY(mirrored_bytes)},
    {CAPABILITY("mig_switchover_ack", BOTH, "switchover-ack"), .needs = "mig_return_path"},
    {CAPABILITY("mig_mapped_ram", BOTH, "mapped-ram", "fixed-ram"), .traits = TRANSPORT_OFFLINE,
     .why_traits = "it needs a file"},
    {CAPABILITY("rdma-pin-all", BOTH, "rdma-pin-all", "x-rdma-pin-all")},
    {PARAMETER("announce_initial", DESTINATION, NULL, "announce-initial")},
    {PARAMETER("announce_step", DESTINATION, NULL, "announce-step")},
    {PARAMETER("max_announce", DESTINATION, NULL, "announce-max")},
    {PARAMETER("announce_rounds", DESTINATION, NULL, "announce-rounds")},

    {CAPABILITY("mig_multifd", BOTH, "multifd", "x-multifd"), STREAMS, SHOWN_BY(multifd_bytes)},
    {PARAMETER("mig_multifd_channels", BOTH, "mig_multifd", "multifd-channels",
               "x-multifd-channels")},
    {PARAMETER("mig_multifd_compression", BOTH, "mig_multifd", "multifd-compression")},
    {CAPABILITY("mig_zero_copy", SOURCE, "zero-copy-send"), STREAMS, .needs = "mig_multifd"},
    {CAPABILITY("mig_postcopy", BOTH, "postcopy-ram", "x-postcopy-ram"), TWO_WAY,
     .needs = "mig_return_path", SHOWN_BY(postcopy_bytes)},
    {PARAMETER("mig_postcopy_speed", SOURCE, "mig_postcopy", "max-postcopy-bandwidth")},
    {CAPABILITY("mig_postcopy_preempt", BOTH, "postcopy-preempt"), STREAMS,
     .needs = "mig_postcopy"},
    {.name = "mig_tls", .kind = MOVE_OTHERWISE, .words = WORDS(NULL), .ends = MOVE_AT_BOTH},
    {.name = NULL},
};

#define NO_ZERO_COPY "QEMU sends without a copy only what it neither compresses nor encrypts"

const struct move_clash move_clashes[] = {
    {"mig_compress", "mig_multifd", {0, 0}, "QEMU compresses so over one connection only"},
    {"mig_postcopy",
     "mig_multifd",
     {10, 1},
     "before 10.1 the destination's QEMU aborts at the end"},
    {"mig_postcopy",
     "mig_compress",
     {0, 0},
     "QEMU cannot ask for single pages that are compressed"},
    {"migrate_storage",
     "mig_postcopy",
     {0, 0},
     "in post-copy the guest goes on over there before its disks could be compared and withdrawn"},
    {"migrate_storage", "mig_tls", {0, 0}, "what is copied of disks goes unencrypted"},
    {"mig_tls", "mig_zero_copy", {0, 0}, NO_ZERO_COPY},
    {"mig_compress", "mig_zero_copy", {0, 0}, NO_ZERO_COPY},
    {"xbzrle", "mig_zero_copy", {0, 0}, NO_ZERO_COPY},
    {"auto-converge", "mig_dirty_limit", {0, 0}, "both slow the guest down"},
    {.one = NULL},
};
