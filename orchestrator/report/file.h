/* The files that reports are written to. Errors are of G_FILE_ERROR and name the path. */
#pragma once

#include <glib.h>

/* Sets err from errno: file_fail(err, "write", PATH) is "cannot write PATH: No space left on
 * device". Returns -1. */
int file_fail(GError **err, const char *what, const char *path);

/*
 * Writes text to a file. One that is there, or is not yet, is replaced at once: a reader, or a job
 * that is killed, sees the old text or the new one. What is no plain file (a pipe, a device, a
 * link) is written to, and stays what it is.
 */
int file_replace(const char *path, const char *text, GError **err);

/* Whether file_replace() could write there; changes nothing. */
int file_check(const char *path, GError **err);
