#include "migration/machine/domain_words.h"

const struct domain_word_info domain_words[WORD_COUNT] = {
    [WORD_RAM] = {"memory of an exact size, or in a file of an own path",
                  "libvirt rounds <memory> up to whole MiB, and TCG "
                  "loses pages of a guest of such sizes"},
    [WORD_FORWARD] =
        {"a card on the user network with forwarded ports, or with netdev_extra_params",
         "<portForward> needs passt, which is not in each libvirt"},
    [WORD_BOARD] = {"machine_type_extra_params", "they are words of QEMU's -machine"},
    [WORD_CPU] = {"flags of cpu_model that have a value",
                  "<feature> is on or off; for few of them there are other elements"},
    [WORD_EXTRA] = {"extra_params", "they are words of QEMU's command line"},
};
