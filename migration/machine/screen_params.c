/* The screen: read by screen.c and vm/qemu.c. */
#include "migration/params_tables.h"

#define LOCAL(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM

const struct param_info screen_params[] = {
    {LOCAL("display"), .kind = PARAM_WORD, .fallback = "none",
     .values = WORDS("none", "vnc", "spice", "sdl", "nographic"),
     .doc = "who can look at the screen: vnc: a server at the first free port from 5900 to 6100 of "
            "127.0.0.1, which the log names; spice: such a server at one from 8000 to 8100; sdl: a "
            "window on the host (x11_display)"},
    {LOCAL("spice"), .kind = PARAM_STRING, .fallback = "disable-ticketing",
     .only_with = WORDS("display"), .word_pattern = "^[A-Za-z0-9=.,/ _-]*$",
     .word_rule = "QEMU's options of -spice, with commas between them",
     .example = "disable-ticketing,streaming-video=off",
     .doc = "options of the SPICE server (display = spice)"},
    {LOCAL("spice_seamless_migration"), .kind = PARAM_WORD, .fallback = "no",
     .values = WORDS("no", "yes"), .only_with = WORDS("display"),
     .doc = "whether a client of SPICE goes with the guest (display = spice)"},
    {.name = NULL},
};
