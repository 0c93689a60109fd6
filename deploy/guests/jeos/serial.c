#include "serial.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define BAD_FILE "/run/vtmh-bad"

int serial_open(bool blocking)
{
    struct termios mode;
    int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC | (blocking ? 0 : O_NONBLOCK));

    if (fd >= 0 && tcgetattr(fd, &mode) == 0) {
        cfmakeraw(&mode);
        tcsetattr(fd, TCSANOW, &mode);
    }
    return fd;
}

void serial_line(int fd, char letter, uint32_t a, uint32_t b, uint32_t c)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%c %08X %08X %08X\n", letter, a, b, c);

    if (write(fd, line, (size_t)length) < 0)
        return; /* nobody listens: the counts tell as well */
}

volatile uint32_t *bad_map(void)
{
    size_t bytes = BAD_SLOTS * sizeof(uint32_t);
    int fd = open(BAD_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    void *slots = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)bytes) == 0)
        slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return slots == MAP_FAILED ? NULL : slots;
}
