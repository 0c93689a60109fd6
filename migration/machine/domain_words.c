#include "migration/machine/domain_words.h"

const struct domain_word_info domain_words[WORD_COUNT] = {
    [WORD_RAM] = {"memory of an exact size, or in a file of an own path",
                  "libvirt rounds <memory> up to whole MiB, where TCG loses pages, and has one "
                  "folder for files"},
    [WORD_DIMM] = {"a memory module beside such memory",
                   "libvirt has modules beside its own alone"},
    [WORD_FORWARD] = {"a card on the user network with forwarded ports or netdev_extra_params",
                      "<portForward> needs passt, which is not in each libvirt"},
    [WORD_SERIAL] = {"a serial line on the first free port of a range",
                     "libvirt has one port, and looks for no other"},
    [WORD_DEBUGCON] = {"the debug console", "QEMU's memory (ringbuf) is no place for a <serial>"},
    [WORD_NVME] = {"a disk of the kind nvme", "libvirt knows those of the host alone"},
    [WORD_ATI] = {"vga = ati", "<video> has no such model"},
    [WORD_SPICE] = {"options of the SPICE server", "libvirt has few of them, and TLS by qemu.conf"},
    [WORD_USB] = {"a USB device that is no tablet, mouse, keyboard or hub",
                  "libvirt has no element for it"},
    [WORD_WATCHDOG] = {"watchdog_action = debug", "<watchdog> has no such action"},
    [WORD_BOOT_STRICT] = {"boot_strict = off", "libvirt has the firmware be strict"},
    [WORD_BOOT_ORDER] = {"boot_order beside a bootindex", "libvirt takes one of both"},
    [WORD_BOARD] = {"machine_type_extra_params", "they are words of QEMU's -machine"},
    [WORD_CPU] = {"a CPU of a versioned model, or with flags that have a value or are of KVM or "
                  "Hyper-V",
                  "libvirt knows no versions, and <feature> none of these flags"},
    [WORD_EXTRA] = {"extra_params", "they are words of QEMU's command line"},
};
