/* What our parameters are to QEMU and to libvirt, and what cannot go together. */
#include "migration/move/options.h"

#include "migration/params_tables.h"
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

/* What they are to libvirt; BY_ITSELF: it does that always, and is not asked. */
#define BY_FLAG(flag_) .manager = {.flag = (flag_)}
#define BY_METHOD(method_) .manager = {.flag = "compressed", .method = (method_)}
#define BY_PARAMETER(parameter_) .manager = {.parameter = (parameter_)}
#define BY_MIB(parameter_) .manager = {.parameter = (parameter_), .unit = MIB}
#define BY_ITSELF .manager = {NULL}
#define NOT_BY_LIBVIRT(why_) .manager = {.why_not = (why_)}
#define HAS_NO_FLAG NOT_BY_LIBVIRT("libvirt has no flag for it")
#define HAS_NO_PARAMETER NOT_BY_LIBVIRT("libvirt has no parameter for it")

/* Of any of a VM's images. */
static bool disks_move(const struct params *params)
{
    g_auto(GStrv) moving = image_moving(params, NULL);

    return moving != NULL && *moving != NULL;
}

const struct move_option move_options[] = {
    {ALWAYS("events", BOTH), BY_ITSELF},
    /* So that the source can continue after a failure while the destination still lives. */
    {ALWAYS("late-block-activate", DESTINATION), BY_ITSELF},
    /* Without it the source says completed though the destination has stopped. */
    {CAPABILITY("mig_return_path", BOTH, "return-path"), BY_ITSELF, TWO_WAY, .is_default = true},

    {CAPABILITY("xbzrle", SOURCE, "xbzrle", "x-xbzrle"), BY_METHOD("xbzrle"),
     SHOWN_BY(xbzrle_pages)},
    {PARAMETER("xbzrle_cache_size", SOURCE, "xbzrle", "xbzrle-cache-size"),
     BY_PARAMETER("compression.xbzrle.cache")},
    {CAPABILITY("auto-converge", SOURCE, "auto-converge"), BY_FLAG("auto_converge"),
     SHOWN_BY(throttle_percent)},
    {PARAMETER("cpu_throttle_initial", SOURCE, "auto-converge", "cpu-throttle-initial",
               "x-cpu-throttle-initial"),
     BY_PARAMETER("auto_converge.initial")},
    {PARAMETER("cpu_throttle_increment", SOURCE, "auto-converge", "cpu-throttle-increment",
               "x-cpu-throttle-increment"),
     BY_PARAMETER("auto_converge.increment")},
    {PARAMETER("max_cpu_throttle", SOURCE, "auto-converge", "max-cpu-throttle"), HAS_NO_PARAMETER},
    {CAPABILITY("mig_dirty_limit", SOURCE, "dirty-limit"), HAS_NO_FLAG},
    {PARAMETER("vcpu_dirty_limit", SOURCE, "mig_dirty_limit", "vcpu-dirty-limit"),
     HAS_NO_PARAMETER},
    {CAPABILITY("zero-blocks", SOURCE, "zero-blocks"), HAS_NO_FLAG},
    {CAPABILITY("mig_compress", BOTH, "compress"), BY_METHOD("mt"), SHOWN_BY(compressed_pages),
     .note = "mig_compress: QEMU compresses slowly; against a guest that writes all the while "
             "(dirty_mem) it takes hundreds of dirty syncs, in which QEMU without KVM was seen to "
             "lose single pages"},
    {PARAMETER("mig_compress_level", SOURCE, "mig_compress", "compress-level"),
     BY_PARAMETER("compression.mt.level")},
    {PARAMETER("mig_compress_threads", SOURCE, "mig_compress", "compress-threads"),
     BY_PARAMETER("compression.mt.threads")},
    {PARAMETER("mig_decompress_threads", DESTINATION, "mig_compress", "decompress-threads"),
     BY_PARAMETER("compression.mt.dthreads")},
    {CAPABILITY("mig_pause_before_switchover", SOURCE, "pause-before-switchover"), BY_ITSELF,
     SHOWN_BY(switchover_pauses)},
    /* When the guest has stopped, its disks' copies end, and only then the rest goes. */
    {CAPABILITY("migrate_storage", SOURCE, "pause-before-switchover"), BY_FLAG("non_shared_disk"),
     .is_wanted = disks_move, SHOWN_BY(mirrored_bytes)},
    {CAPABILITY("mig_switchover_ack", BOTH, "switchover-ack"), HAS_NO_FLAG,
     .needs = "mig_return_path"},
    {CAPABILITY("mig_mapped_ram", BOTH, "mapped-ram", "fixed-ram"), HAS_NO_FLAG,
     .traits = TRANSPORT_OFFLINE, .why_traits = "it needs a file"},
    {CAPABILITY("rdma-pin-all", BOTH, "rdma-pin-all", "x-rdma-pin-all"),
     NOT_BY_LIBVIRT("the stream goes over no RDMA device")},
    {PARAMETER("announce_initial", DESTINATION, NULL, "announce-initial"), HAS_NO_PARAMETER},
    {PARAMETER("announce_step", DESTINATION, NULL, "announce-step"), HAS_NO_PARAMETER},
    {PARAMETER("max_announce", DESTINATION, NULL, "announce-max"), HAS_NO_PARAMETER},
    {PARAMETER("announce_rounds", DESTINATION, NULL, "announce-rounds"), HAS_NO_PARAMETER},

    {CAPABILITY("mig_multifd", BOTH, "multifd", "x-multifd"), BY_FLAG("parallel"), STREAMS,
     SHOWN_BY(multifd_bytes)},
    {PARAMETER("mig_multifd_channels", BOTH, "mig_multifd", "multifd-channels",
               "x-multifd-channels"),
     BY_PARAMETER("parallel.connections")},
    {PARAMETER("mig_multifd_compression", BOTH, "mig_multifd", "multifd-compression"),
     HAS_NO_PARAMETER},
    {CAPABILITY("mig_zero_copy", SOURCE, "zero-copy-send"), BY_FLAG("zerocopy"), STREAMS,
     .needs = "mig_multifd"},
    {CAPABILITY("mig_postcopy", BOTH, "postcopy-ram", "x-postcopy-ram"),
     NOT_BY_LIBVIRT("it is not carried out yet"), TWO_WAY, .needs = "mig_return_path",
     SHOWN_BY(postcopy_bytes)},
    {PARAMETER("mig_postcopy_speed", SOURCE, "mig_postcopy", "max-postcopy-bandwidth"),
     BY_MIB("bandwidth.postcopy")},
    {CAPABILITY("mig_postcopy_preempt", BOTH, "postcopy-preempt"), HAS_NO_FLAG, STREAMS,
     .needs = "mig_postcopy"},
    {.name = "mig_tls",
     .kind = MOVE_OTHERWISE,
     .words = WORDS(NULL),
     .ends = MOVE_AT_BOTH,
     NOT_BY_LIBVIRT("libvirt takes the credentials that its qemu.conf names, and none of tls_dir")},
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
