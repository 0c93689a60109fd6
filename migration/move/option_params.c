/* What a migration is asked for beyond its bandwidth and downtime: read by options.c, whose table
 * says what each of them is to the hypervisor. */
#include "migration/move/script_pattern.h"
#include "migration/params_tables.h"

#define OPTION(name_) .name = (name_), .section = "migration options"

/* What only one end does, each host may be told for itself; else both ends are told the same. */
#define ONE_END .scopes = PARAM_OF_VM
#define BOTH_ENDS .scopes = PARAM_PER_VM

#define BY_EVENTS "a migration is followed by its events"
#define ON_OFF .kind = PARAM_BOOL, .fallback = "no"
#define PERCENT .kind = PARAM_INT, .min = 1, .max = 99

const struct param_info option_params[] = {
    {OPTION("xbzrle"), ON_OFF, ONE_END,
     .doc = "whether a page that is sent again is sent as what has changed in it (XBZRLE)"},
    {OPTION("xbzrle_cache_size"), .kind = PARAM_SIZE, .unit = MIB, .min = 4096,
     .max = INT64_C(1) << 40, ONE_END, .example = "64",
     .doc = "memory that xbzrle keeps pages in, a power of two; counts with xbzrle = yes"},
    {OPTION("auto-converge"), ON_OFF, ONE_END,
     .doc = "whether a guest that writes faster than it moves is slowed down"},
    {OPTION("cpu_throttle_initial"), PERCENT, ONE_END, .example = "60",
     .doc = "by how many percent a guest is slowed down at first; counts with auto-converge = yes"},
    {OPTION("cpu_throttle_increment"), PERCENT, ONE_END, .example = "20",
     .doc = "and by how many more each time; counts with auto-converge = yes"},
    {OPTION("max_cpu_throttle"), PERCENT, ONE_END, .example = "90",
     .doc = "and by how many at most; counts with auto-converge = yes"},
    {OPTION("mig_dirty_limit"), ON_OFF, ONE_END,
     .doc = "whether the CPUs that write most are slowed down, needs QEMU 8.1"},
    {OPTION("vcpu_dirty_limit"), .kind = PARAM_INT, .min = 1, .max = INT32_MAX, ONE_END,
     .example = "10",
     .doc = "how many MiB/s such a CPU may still write; counts with mig_dirty_limit = yes"},
    {OPTION("zero-blocks"), ON_OFF, ONE_END, .doc = "whether zero blocks of disks are not sent"},
    {OPTION("mig_compress"), ON_OFF, BOTH_ENDS,
     .doc = "whether pages are compressed; for guests that write little, and QEMU before 9.1"},
    {OPTION("mig_compress_level"), .kind = PARAM_INT, .min = 0, .max = 9, ONE_END, .example = "1",
     .doc = "from 0, none, to 9, the best; counts with mig_compress = yes"},
    {OPTION("mig_compress_threads"), .kind = PARAM_INT, .min = 1, .max = 255, ONE_END,
     .example = "8", .doc = "threads that compress; counts with mig_compress = yes"},
    {OPTION("mig_decompress_threads"), .kind = PARAM_INT, .min = 1, .max = 255, ONE_END,
     .example = "2", .doc = "threads that decompress; counts with mig_compress = yes"},
    {OPTION("mig_return_path"), .kind = PARAM_BOOL, BOTH_ENDS, .example = "no",
     .doc = "whether the destination answers; if not set, wherever the transport can carry it"},
    {OPTION("mig_pause_before_switchover"), ON_OFF, ONE_END,
     .doc =
         "whether the source's hypervisor stops the guest, and is told to go on, before it sends "
         "the rest"},
    {OPTION("mig_switchover_ack"), ON_OFF, BOTH_ENDS,
     .doc = "whether the source asks the destination before it stops the guest, needs QEMU 8.1"},
    {OPTION("mig_mapped_ram"), ON_OFF, BOTH_ENDS,
     .doc = "whether each page has its own place in the file that a VM moves through, needs QEMU "
            "9.0"},
    {OPTION("rdma-pin-all"), ON_OFF, BOTH_ENDS, .doc = "whether all memory is pinned for RDMA"},
    {OPTION("announce_initial"), .kind = PARAM_DURATION, .max = 100000, ONE_END, .example = "50ms",
     .doc = "time until the destination tells the network for the second time where the guest is"},
    {OPTION("announce_step"), .kind = PARAM_DURATION, .max = 10000, ONE_END, .example = "100ms",
     .doc = "by how much longer it waits before each further time"},
    {OPTION("max_announce"), .kind = PARAM_DURATION, .max = 100000, ONE_END, .example = "550ms",
     .doc = "how long at most"},
    {OPTION("announce_rounds"), .kind = PARAM_INT, .max = 1000, ONE_END, .example = "5",
     .doc = "how often it tells"},
    {OPTION("events"), .kind = PARAM_WORD, .fallback = "yes", .values = WORDS("yes", "no"),
     .later = LATER({"no", BY_EVENTS}, {"off", BY_EVENTS}, {"false", BY_EVENTS}, {"0", BY_EVENTS}),
     .scopes = PARAM_PER_HOST, .doc = "whether QEMU tells of each step of a migration"},

    {OPTION("mig_multifd"), ON_OFF, BOTH_ENDS,
     .doc = "whether pages are sent over several connections"},
    {OPTION("mig_multifd_channels"), .kind = PARAM_INT, .min = 1, .max = 255, BOTH_ENDS,
     .example = "2", .doc = "over how many; counts with mig_multifd = yes"},
    {OPTION("mig_multifd_compression"), .kind = PARAM_WORD, .values = WORDS("none", "zlib", "zstd"),
     BOTH_ENDS, .example = "zlib",
     .doc = "how pages are compressed there; counts with mig_multifd = yes"},
    {OPTION("mig_zero_copy"), ON_OFF, ONE_END,
     .doc = "whether the kernel sends pages from where they lie; needs mig_multifd = yes"},
    {OPTION("mig_postcopy"), ON_OFF, BOTH_ENDS,
     .doc = "whether the guest goes on at the destination before all of its memory is there"},
    {OPTION("mig_postcopy_when"), .kind = PARAM_STRING, .fallback = "2syncs", BOTH_ENDS,
     .word_pattern = "^" SCRIPT_WHEN "$",
     .word_rule = "a time as in mig_script: 1s, 50%, 2syncs, active",
     .doc = "when the source switches to that; 2syncs: when all memory was sent once. A step "
            "'postcopy' of mig_script wins"},
    {OPTION("mig_postcopy_speed"), .kind = PARAM_SIZE, .unit = MIB, ONE_END, .example = "20",
     .doc = "limit of the bandwidth from then on, in MiB/s; 0, or not set: none. Counts with "
            "mig_postcopy = yes"},
    {OPTION("mig_postcopy_recover"), .kind = PARAM_BOOL, .fallback = "yes", BOTH_ENDS,
     .doc = "whether a stream that breaks then is replaced by another; else the guest is lost"},
    {OPTION("mig_postcopy_preempt"), ON_OFF, BOTH_ENDS,
     .doc = "whether pages that the guest waits for have a connection of their own; needs "
            "mig_postcopy"},
    {OPTION("mig_tls"), .kind = PARAM_WORD, .fallback = "no",
     .values = WORDS("no", "yes", "x509", "psk"), BOTH_ENDS,
     .doc = "encryption of the VM's stream; yes is x509. Both ends verify the other"},
    {OPTION("tls_dir"), .kind = PARAM_PATH, .scopes = PARAM_OF_VM, .example = "/etc/pki/qemu",
     .doc = "folder with the credentials on a host: ca-cert.pem, server-cert.pem, server-key.pem, "
            "client-cert.pem, client-key.pem; for psk keys.psk"},
    {OPTION("mig_tls_hostname"), .kind = PARAM_STRING, .scopes = PARAM_PER_VM,
     .example = "host2.example.org",
     .doc = "whom the destination's certificate must name; without it its name behind -m"},
    {OPTION("mig_tls_user"), .kind = PARAM_STRING, .fallback = "qemu", .scopes = PARAM_PER_VM,
     .doc = "psk: user whose key the source has"},
    {.name = NULL},
};
