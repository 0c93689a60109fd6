/*
 * What is different in a guest with Windows (`os_type`): its commands are cmd.exe's, and it is
 * known by `ver`. Whatever takes a shell of Linux is refused before anything starts
 * (orchestrator/judge_windows.c).
 */
#pragma once

#include "migration/guest/guest.h"

/* Who is logged in. Transfer none. */
const char *guest_username(const struct params *params);

/* As of show_life (kind.h): the session answers, and it is Windows that does. */
int windows_show_life(struct guest *guest, int64_t deadline, GError **err);
