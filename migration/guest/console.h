/*
 * Logging in and running commands where there is only a line of text: a serial port, telnet, a bare
 * shell behind a TCP port. Others talk on it too (the kernel, a heartbeat), so nothing is taken for
 * an answer that does not bear the mark of what was asked, and an answer that was talked into is
 * asked for again: what a command says is kept in the guest until it has come whole (SHA-256).
 *
 * The guest needs a POSIX shell with base64, sed, head and sha256sum.
 */
#pragma once

#include "migration/guest/session.h"

#define CONSOLE_OUTPUT_MAX 65536 /* bytes of each stream of a command that are fetched */

struct console {
    GString *heard; /* what has come and was not looked at yet */
    void *arg;      /* of the two below */

    /* Waits for more and appends it to heard. BROKEN when nothing can come any more. */
    int (*hear)(void *arg, GString *heard, int64_t deadline, GError **err);
    int (*say)(void *arg, const char *bytes, size_t size, int64_t deadline, GError **err);
};

/* Adds to heard what has come, whenever it comes: of a guest that talks without end the last is
 * kept. */
void console_take(struct console *console, const char *bytes, size_t size);

/* How one gets in. */
struct console_login {
    const char *where;               /* for messages */
    const char *username, *password; /* password NULL: none */
    const char *prompt; /* a regular expression that the last line of a shell that waits matches */
    const char *line_end; /* what ends a line */
    const char *status;   /* command that tells how the one before it ended: "echo $?" */
};

/* One try: NOT_YET when nobody answers within answer_ms, REFUSED. */
int console_enter(struct console *console, const struct console_login *login, int64_t answer_ms,
                  int64_t deadline, GError **err);

/* As session_run(), but of each stream only the first CONSOLE_OUTPUT_MAX bytes. */
int console_run(struct console *console, const struct console_login *login, const char *command,
                const void *input, size_t input_size, int64_t deadline,
                struct session_result *result, GError **err);
