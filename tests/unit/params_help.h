/* Parameters as the tests write them. */
#pragma once

#include "cfg/params.h"

/* Of "KEY=VALUE;KEY=VALUE". Transfer full. */
static inline struct params *params_of(const char *text)
{
    struct params *params = params_new();
    g_auto(GStrv) settings = g_strsplit(text, ";", -1);

    for (char **setting = settings; *setting != NULL && **setting != '\0'; setting++) {
        g_auto(GStrv) pair = g_strsplit(*setting, "=", 2);

        params_set(params, pair[0], pair[1], NULL);
    }
    return params;
}
