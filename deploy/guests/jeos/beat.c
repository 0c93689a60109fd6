/* vtmh-beat: the heartbeat on ttyS0, every 20 ms. */
#include "serial.h"

#include <stdio.h>
#include <time.h>

#define BEAT_MS 20

static uint32_t boot_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

int main(void)
{
    volatile uint32_t *slots = bad_map();
    int serial = serial_open(true);

    if (!slots || serial < 0) {
        perror("vtmh-beat");
        return 1;
    }
    for (uint32_t count = 1;; count++) {
        struct timespec pause = {.tv_nsec = BEAT_MS * 1000000L};
        uint32_t bad = 0;

        for (int slot = 0; slot < BAD_SLOTS; slot++)
            bad += slots[slot];
        serial_line(serial, 'T', count, boot_ms(), bad);
        nanosleep(&pause, NULL);
    }
}
