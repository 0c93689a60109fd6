/* Lines on ttyS0, and the count of bad pages that the heartbeat carries. The protocol is in
 * deploy/guests/README.md. */
#ifndef VTMH_JEOS_SERIAL_H
#define VTMH_JEOS_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Opens ttyS0 in raw mode. With BLOCKING false a line is dropped rather than waited for: a writer
 * must not stand still because nobody reads. Returns a descriptor, or -1. */
int serial_open(bool blocking);

/* One line: LETTER and three words, written at once so that lines of several programs never mix. */
void serial_line(int fd, char letter, uint32_t a, uint32_t b, uint32_t c);

/* The counts of bad pages, shared by the guest's programs through a file in /run. Each program adds
 * to a slot of its own. */
enum bad_slot { BAD_MEM, BAD_DISK, BAD_SLOTS };

/* Returns the shared slots, or NULL with errno set. They stay mapped. */
volatile uint32_t *bad_map(void);

#endif
