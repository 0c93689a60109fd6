/* Network interfaces of a test's own namespace, made by iproute2. */
#pragma once

#include "migration/vm/platform.h"
#include "sync/child.h"

/* Runs a command whose words are separated by one blank. In a fiber. */
static inline int ip(const char *words, GError **err)
{
    g_auto(GStrv) argv = g_strsplit(words, " ", -1);
    g_autofree char *said = NULL;
    int status = -1;

    if (child_run((const char *const *)argv, NULL, deadline_in(20000), &status, NULL, &said, err) <
        0)
        return -1;
    if (status != 0)
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: %s", words, said);
    return status == 0 ? 0 : -1;
}
