/* The drivers there are. */
#include "migration/vm/driver.h"

#include <string.h>

static const struct vm_driver *const drivers[] = {&qemu_driver, &libvirt_driver};

const struct vm_driver *vm_driver_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}
