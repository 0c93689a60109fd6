/* Random number generators: read by rng.c. */
#include "migration/params_tables.h"

#define RNG(name_) .name = (name_), .section = "VM"
#define WITH .scopes = PARAM_OF_DEVICE, .only_with = WORDS("virtio_rngs")

const struct param_info rng_params[] = {
    {RNG("virtio_rngs"), .same_everywhere = true, .kind = PARAM_LIST, .scopes = PARAM_OF_VM,
     OBJECT_NAME, .example = "rng0",
     .doc = "random number generators; without it jeos has one, named rng0"},
    {RNG("backend"), WITH, .kind = PARAM_WORD, .fallback = "rng-builtin",
     .values = WORDS("rng-builtin", "rng-random"),
     .later = LATER({"rng-egd", "no entropy server is set up"}),
     .doc = "what a generator is fed by: QEMU itself, or a file of the host "
            "(filename_passthrough)"},
    {RNG("filename_passthrough"), WITH, .kind = PARAM_PATH, .fallback = "/dev/urandom",
     .doc = "file that a generator is fed by (backend = rng-random)"},
    {RNG("max-bytes_virtio-rng"), WITH, .same_everywhere = true, .kind = PARAM_INT, .min = 0,
     .max = INT32_MAX, .example = "1024",
     .doc = "bytes that a guest can have in one period (with period_virtio-rng)"},
    {RNG("period_virtio-rng"), WITH, .same_everywhere = true, .kind = PARAM_INT, .min = 0,
     .max = INT32_MAX, .example = "1000", .doc = "that period, in ms (with max-bytes_virtio-rng)"},
    {.name = NULL},
};
