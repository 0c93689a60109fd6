/* vtmh-mem: writes memory at a set rate and knows when a page was lost. */
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const struct program program = {"vtmh-mem", BAD_MEM};

static int mem_load(struct store *store, uint32_t index, struct page **page)
{
    *page = (struct page *)store->memory + index;
    return 0;
}

static int mem_save(struct store *store, uint32_t index, struct page *page)
{
    (void)store, (void)index, (void)page; /* written in place */
    return 0;
}

static int start(const char *mib_text, const char *rate_text)
{
    unsigned long mib = strtoul(mib_text, NULL, 10);
    struct store store = {.load = mem_load, .save = mem_save, .pages = (uint32_t)(mib * 256)};

    if (mib == 0 || mib > 65536) {
        fprintf(stderr, "vtmh-mem: '%s' is not a size from 1 to 65536 MiB\n", mib_text);
        return 2;
    }
    store.memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (store.memory == MAP_FAILED) {
        perror("vtmh-mem: mmap");
        return 2;
    }
    return writer_start(&program, &store, strtod(rate_text, NULL) * 1048576);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "start") == 0)
        return start(argv[2], argv[3]);
    if (argc == 2 && argv[1][0] != '-')
        return writer_ask(&program, argv[1]);
    fputs("usage: vtmh-mem start MIB MIB_PER_S | verify | status | spoil | stop\n", stderr);
    return 2;
}
