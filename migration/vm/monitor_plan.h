/* Which monitors the hypervisor of a VM has, by its parameters alone. */
#pragma once

#include "cfg/params.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define MONITORS_MAX 16 /* of one VM */

struct monitor_plan {
    char *name;
    bool is_human;   /* its language is for people (HMP), not QMP */
    bool is_main;    /* the driver's own, a QMP monitor; there is one */
    bool is_catch;   /* for what looks on beside the test; there is one, maybe the main one */
    bool is_debug;   /* a socket for the user: the driver does not connect to it */
    char *tcp_host;  /* address of the host that it is a TCP socket of; NULL: a Unix one */
    json_t *listens; /* with tcp_host: how QEMU listens there (machine/chardev.h) */
};

/*
 * Of struct monitor_plan, in the order of `monitors`; at the end that of `catch_monitor`, if it is
 * none of them. CFG_ERROR for names that are not there, and where the driver is left without a
 * monitor; VM_ERROR_UNSUPPORTED for a main monitor that does not speak QMP, or not over
 * a Unix socket. Transfer full.
 */
GPtrArray *monitor_plan_new(const struct params *params, const char *vm, GError **err);
