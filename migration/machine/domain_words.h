/* What goes by <qemu:commandline>, past libvirt: it does not know of it, and cannot take care of
 * it. */
#pragma once

/* A row of the table each. */
enum domain_word {
    WORD_RAM,
    WORD_FORWARD,
    WORD_DIMM,
    WORD_SERIAL,
    WORD_DEBUGCON,
    WORD_NVME,
    WORD_ATI,
    WORD_SPICE,
    WORD_USB,
    WORD_WATCHDOG,
    WORD_BOOT_STRICT,
    WORD_BOOT_ORDER,
    WORD_BOARD,
    WORD_CPU,
    WORD_EXTRA,
    WORD_COUNT,
};

struct domain_word_info {
    const char *what; /* goes that way */
    const char *why;  /* what libvirt lacks */
};

extern const struct domain_word_info domain_words[WORD_COUNT];
