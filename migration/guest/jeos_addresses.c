#include "migration/guest/jeos_addresses.h"

#include "migration/machine/nic.h"
#include "migration/params.h"

#include <string.h>

/* " vtmh.ip=ADDRESS/BITS", " vtmh.ip1=dhcp". */
static void add(GString *words, unsigned index, const char *address)
{
    g_string_append(words, " vtmh.ip");
    if (index > 0)
        g_string_append_printf(words, "%u", index);
    if (address == NULL)
        g_string_append(words, "=dhcp");
    else if (strchr(address, '/') != NULL)
        g_string_append_printf(words, "=%s", address);
    else
        g_string_append_printf(words, "=%s/%d", address, strchr(address, ':') != NULL ? 64 : 24);
}

char *jeos_addresses(const struct params *params)
{
    g_auto(GStrv) names = param_list(params, "nics");
    GString *words = g_string_new(NULL);

    for (unsigned i = 0; names[i] != NULL; i++) {
        g_autoptr(params) card = params_object_params(params, names[i]);

        if (nic_is_on_bridge(card))
            add(words, i, param_text(card, "ip"));
    }
    return g_string_free(words, FALSE);
}
