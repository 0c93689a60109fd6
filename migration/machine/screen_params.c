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
    {LOCAL("spice_ssl"), .kind = PARAM_BOOL, .fallback = "no", .only_with = WORDS("display"),
     .doc = "whether the SPICE server is also reached by TLS, at a port from 8200 to 8300 that the "
            "log names (display = spice)"},
    {LOCAL("spice_x509_prefix"), .kind = PARAM_PATH, .example = "/etc/pki/libvirt-spice",
     .only_with = WORDS("spice_ssl"),
     .doc = "folder with ca-cert.pem, server-cert.pem and server-key.pem for that; tls_dir if not "
            "set"},
    {LOCAL("spice_secure_channels"), .kind = PARAM_LIST, .example = "main inputs",
     .only_with = WORDS("spice_ssl"),
     .word_pattern = "^(main|display|inputs|cursor|playback|record|smartcard|usbredir|default)$",
     .word_rule = "a channel of SPICE: main, display, inputs, cursor, playback, record, smartcard, "
                  "usbredir or default",
     .doc = "channels that are reached by TLS alone"},
    {.name = NULL},
};
