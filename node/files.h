/*
 * The files of a test's folder, on their way to the coordinator while the test runs.
 *
 * What is appended to them is sent soon: as soon as FILES_MUCH_BYTES are there, else after
 * FILES_WAIT_MS. What the coordinator has acknowledged is given back to the file system (a hole is
 * made of it), but for the end of each file, which QEMU's last words are read from: the folder lies
 * in memory, and a test may take days. A file keeps its size, so that those who write to it need
 * not know. One that grows faster than the link carries is cut in its middle (FILES_MAX_BYTES).
 */
#pragma once

#include "node/node.h"

#define FILES_MUCH_BYTES 65536
#define FILES_KEPT_BYTES 65536
#define FILES_WAIT_MS 5000
#define FILES_MAX_BYTES 8388608 /* of a file at once; of more the beginning and the end */

struct files;

/* dir: the test's folder; its regular files are sent, no others. Transfer full. */
struct files *files_new(struct node *node, uint64_t test, const char *dir);

/* A fiber's function: sends what comes until it is cancelled. arg: struct files. */
int files_travel(void *arg, GError **err);

/* Sends what is left. Waits for the coordinator to keep up; gives up at the deadline. Nobody may be
 * in files_travel() any more. */
int files_send_rest(struct files *files, int64_t deadline, GError **err);

/* Loop thread. NULL is fine. */
void files_free(struct files *files);
