/* A known_hosts file of arbitrary bytes: read without a fault, and never a match for a random
 * key. */
#include "proto/known_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A well-formed key that is in no file: ssh-ed25519 and 32 bytes of no meaning. */
    static const uint8_t key[] = "\0\0\0\013ssh-ed25519\0\0\0\040JHfwkq73hslq0-bnxlq9rhGWi3bdnaz1";
    static const uint16_t ports[] = {22, 2222};
    static int fd = -1;
    char path[64];
    const char *files[] = {path, NULL};

    if (fd < 0)
        fd = memfd_create("known_hosts", MFD_CLOEXEC);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        struct known_hosts_finding finding = {0};

        if (known_hosts_check(files, "host1", ports[i], key, sizeof(key) - 1, &finding, NULL) < 0)
            abort();
        if (finding.answer == KNOWN_HOSTS_MATCH || finding.answer == KNOWN_HOSTS_REVOKED)
            abort();
        g_free(finding.where);
        g_strfreev(known_hosts_key_types(files, "host1", ports[i]));
    }
    return 0;
}
