/*
 * A guest without a VM: an image whose SSH server is on this computer, behind a forwarded port. For
 * what is asked of logging in itself, where it takes a real server and no QEMU.
 */
#pragma once

#include "migration/guest/kind.h"
#include "migration/vm/driver.h"

struct stub_guest {
    char *folder; /* of its test's files */
    struct host host;
    struct vm vm;
    struct device *board;
    struct scope *scope;
    struct params *params;
    struct guest *guest;
    int line; /* the other end of its serial port */
};

/* params: "KEY=VALUE;…" beside guest = image; with nettype=bridge no port is forwarded. identity:
 * private key file. Call in a fiber. */
int stub_guest_open(struct stub_guest *stub, const char *params, const char *identity,
                    GError **err);

/* A port of the guest is that one of this computer. */
void stub_guest_forward(struct stub_guest *stub, uint16_t guest_port, uint16_t host_port);

int stub_guest_close(struct stub_guest *stub, GError **err);
