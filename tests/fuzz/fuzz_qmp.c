/* What a hypervisor says by QMP: events, answers of any form, garbage (tests/unit/liar_qemu.h). */
#include "tests/unit/liar_qemu.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct params *params;

    if (params == NULL) {
        params = params_new();
        params_set(params, "vm_accelerator", "tcg", NULL);
    }
    liar_live(params, (const char *)data, size);
    return 0;
}
