/* The channel to a guest agent. */
#pragma once

#include <stdbool.h>

struct device;

#define MACHINE_AGENT_WAY "agent" /* the word of `login_ways` for which a machine has it */
#define MACHINE_AGENT_PORT "org.qemu.guest_agent.0" /* as the guest sees it */

bool machine_has_agent(const struct device *board);
