/* `vtmh-node machine`: what would be started, for `vtmh show --machine`. */
#pragma once

#include <stdbool.h>

/*
 * Reads the parameters of a test from stdin ({"KEY": "VALUE", …}) and prints the machine of one of
 * its VMs: {"platform": {"decided_by": …, "notes": […]}, "machine": machine_to_json(),
 * "command_lines": {"source": [words], "destination": [words]}}. There is no other host here, so
 * the platform is what this computer offers. by_libvirt: {"domain": its XML, "past_libvirt": …}
 * (vm/libvirt_show.h) in place of the command lines. Returns the exit status: 0; 4 when a parameter
 * is wrong, 1 when this computer cannot have such a machine, each with a sentence on stderr.
 */
int show_machine(const char *vm, const char *guests_dir, bool by_libvirt);
