/* Sending the files of a test's folder to the coordinator. */
#pragma once

#include "node/node.h"

/*
 * Sends every regular file directly in dir, each at most FILES_MAX_BYTES (of a larger one the
 * beginning and the end). Waits for the coordinator to keep up; gives up at the deadline.
 */
#define FILES_MAX_BYTES 8388608
int files_send(struct node *node, uint64_t test, const char *dir, int64_t deadline, GError **err);
