/* The guest's memory, beyond its size: read by memory.c, dimm.c and vm/numa.c. */
#include "migration/params_tables.h"

#define MEMORY(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM

#define MODULE(name_)                                                                              \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_DEVICE, .only_with = WORDS("mem_devs")

const struct param_info memory_params[] = {
    {MEMORY("slots"), .same_everywhere = true, .kind = PARAM_INT, .min = 0, .max = 255,
     .example = "4", .doc = "slots for memory that is plugged (with maxmem)"},
    {MEMORY("maxmem"), .same_everywhere = true, .kind = PARAM_SIZE, .unit = MIB, .min = 0,
     .max = INT64_MAX, .example = "4G",
     .doc = "memory that the guest can have with all that is plugged, in MiB (with slots)"},
    {MEMORY("vm_mem_backend"), .kind = PARAM_WORD,
     .values = WORDS("memory-backend-ram", "memory-backend-file", "memory-backend-memfd"),
     .example = "memory-backend-memfd",
     .doc = "what the guest's memory is made of on a host; the ends of a migration may differ"},
    {MEMORY("vm_mem_backend_path"), .kind = PARAM_PATH, .fallback = "/dev/shm",
     .only_with = WORDS("vm_mem_backend"),
     .doc =
         "folder in which memory is a file without a name (vm_mem_backend = memory-backend-file)"},
    {MEMORY("vm_mem_share"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether other processes can map the guest's memory"},
    {MEMORY("hugepage"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether the guest's memory is made of huge pages, of which the host must have enough"},
    {MEMORY("hugepage_path"), .kind = PARAM_PATH, .only_with = WORDS("hugepage"),
     .example = "/dev/hugepages",
     .doc = "folder of a hugetlbfs that they come from; without it they come from the host's own "
            "default size"},
    {MEMORY("numanode"), .kind = PARAM_INT, .min = -1, .max = 1023, .example = "-1",
     .doc = "NUMA node of the host that the guest's memory, its CPUs' threads and its cards' vhost "
            "threads are bound to; -1: the last that the host has"},
    {MEMORY("mem_devs"), .same_everywhere = true, .kind = PARAM_LIST, OBJECT_NAME,
     .example = "dimm1", .doc = "memory modules beside mem, each in one of slots"},
    {MODULE("size_mem"), .same_everywhere = true, .kind = PARAM_SIZE, .unit = 1, .min = 1,
     .max = INT64_MAX, .example = "128M", .doc = "size of a memory module, in bytes"},
    {MODULE("use_mem"), .same_everywhere = true, .kind = PARAM_BOOL, .fallback = "yes",
     .doc =
         "whether a memory module is there from the beginning; one that is not can be plugged in"},
    {MODULE("backend_mem"), .kind = PARAM_WORD, .fallback = "memory-backend-ram",
     .values = WORDS("memory-backend-ram", "memory-backend-file", "memory-backend-memfd"),
     .doc = "what a memory module is made of on a host; the ends of a migration may differ"},
    {MODULE("mem-path_mem"), .kind = PARAM_PATH, .fallback = "/dev/shm",
     .doc =
         "folder in which a module is a file without a name (backend_mem = memory-backend-file)"},
    {MODULE("share_mem"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether other processes can map a memory module"},
    {MODULE("prealloc_mem"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether the host sets all of a memory module aside when it comes"},
    {.name = NULL},
};
