/*
 * A connection to QEMU's monitor for people (HMP): one socket, a prompt, lines of text, which QEMU
 * echoes as it would to a terminal. One command at a time; another fiber's waits for it.
 *
 * An answer ends with the next prompt, and is limited (HMP_ANSWER_BYTES). What is said is logged
 * line by line, each with its time, up to a limit.
 */
#pragma once

#include "sync/fiber.h"

#define HMP_ANSWER_BYTES (1024u * 1024u)
#define HMP_LINE_BYTES 512 /* of a command: its echo grows with the square of that */

struct hmp;

/* Takes over fd (a connected stream socket; also closed on failure). log_path: appended to; NULL:
 * no log. Transfer full. */
struct hmp *hmp_open(int fd, const char *log_path, GError **err);

/* From now on the log is there; on failure it stays where it was. */
int hmp_log_to(struct hmp *hmp, const char *log_path, GError **err);

/* Waits for the first prompt, and asks once which commands there are (HMP help). Must be the first
 * thing asked. */
int hmp_greet(struct hmp *hmp, int64_t deadline, GError **err);

/* How a command is used, as it says itself ("screendump filename [-f format] [device [head]]");
 * NULL: there is none of that name. Transfer none. */
const char *hmp_usage(const struct hmp *hmp, const char *command);

/*
 * *text_out: what it says, lines that end with LF, without what might draw on a terminal; transfer
 * full; may be NULL.
 *
 * VM_ERROR_COMMAND: it was refused ("Error: …"), or cannot be said (control characters, too long).
 * SYNC_ERROR_CLOSED: the peer has gone. SYNC_ERROR_LIMIT: the answer had no end; nothing can be
 * asked after that. SYNC_ERROR_TIMEOUT, SYNC_ERROR_CANCELLED: the answer, when it comes, is
 * dropped.
 */
int hmp_command(struct hmp *hmp, const char *line, int64_t deadline, char **text_out, GError **err);

/* Fails what waits and closes the socket. NULL is fine. */
void hmp_close(struct hmp *hmp);

AUTOPTR_STRUCT(hmp, hmp_close);
