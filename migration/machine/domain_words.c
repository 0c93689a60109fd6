#include "migration/machine/domain_words.h"

const struct domain_word_info domain_words[WORD_COUNT] = {
    [WORD_RAM] = {"memory of an exact size, or in a file of an own path",
                  "libvirt rounds <memory> up to whole MiB, and TCG "
                  "loses pages of a guest of such sizes"},
    [WORD_FORWARD] =
        {"a card on the user network with forwarded ports, or with netdev_extra_params",
         "<portForward> needs passt, which is not in each libvirt"},
    [WORD_DIMM] = {"a memory module beside such memory",
                   "libvirt has modules beside its own alone"},
    [WORD_SERIAL] = {"a serial line on the first free port of a range",
                     "libvirt has one port, and "
                     "does not look for another"},
    [WORD_DEBUGCON] = {"the debug console", "it is kept in QEMU's memory (ringbuf), for which "
                                            "libvirt has no element"},
    [WORD_NVME] = {"a disk of the kind nvme", "libvirt has such disks of the host alone"},
    [WORD_ATI] = {"vga = ati", "libvirt has no such card"},
    [WORD_SPICE] = {"options of the SPICE server", "libvirt has few of them, and TLS by qemu.conf"},
    [WORD_USB] = {"a USB device of a kind that is none of tablet, mouse, keyboard and hub",
                  "libvirt has no element for it"},
    [WORD_WATCHDOG] = {"watchdog_action = debug", "libvirt has no such action"},
    [WORD_BOOT_STRICT] = {"boot_strict = off", "libvirt is strict"},
    [WORD_BOOT_ORDER] = {"boot_order beside a bootindex", "libvirt has one of both"},
    [WORD_BOARD] = {"machine_type_extra_params", "they are words of QEMU's -machine"},
    [WORD_CPU] = {"flags of cpu_model that have a value",
                  "<feature> is on or off; for few of them there are other elements"},
    [WORD_EXTRA] = {"extra_params", "they are words of QEMU's command line"},
};
