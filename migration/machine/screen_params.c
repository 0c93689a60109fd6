/* The screen: read by screen.c and vm/qemu.c. */
#include "migration/params_tables.h"

#define LOCAL(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM

const struct param_info screen_params[] = {
    {LOCAL("display"), .kind = PARAM_WORD, .fallback = "none",
     .values = WORDS("none", "vnc", "sdl", "nographic"),
     .later = LATER({"spice", "VMs have no SPICE server"}),
     .doc = "who can look at the screen: vnc: a server at the first free port from 5900 to 6100 of "
            "127.0.0.1, which the log names; sdl: a window on the host (x11_display)"},
    {.name = NULL},
};
