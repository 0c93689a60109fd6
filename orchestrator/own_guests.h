/*
 * The user's own guests: ~/.config/vtmh/guests.d/NAME.cfg, a file each, that begins with
 * `- FooLinux:` and goes on with what is different in it. They become the variants of the library's
 * LinuxCustom.
 */
#pragma once

#include "cfg/cfg.h"

/*
 * A cfg_read_fn: as cfg_read_file(), but for the library's own-guests.cfg, in whose place it makes
 * a block of all that there are, and for the files in guests.d, whose first line it makes a comment
 * (the block has it). CFG_ERROR_SYNTAX, FILE:LINE, for a file that is not a guest.
 */
int own_guests_read(const char *path, size_t max_size, char **data, size_t *size, void *user,
                    GError **err);
