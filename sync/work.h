/*
 * Short blocking work on libuv's thread pool (hashing a file, fsync, key derivation). What may hang
 * on storage belongs in a child process instead, which can be killed.
 */
#pragma once

#include "sync/fiber.h"

/* Runs on a pool thread: no GLib main context, no fiber calls. Returns 0, or -1 with err set. */
typedef int (*work_fn)(void *arg, GError **err);

/*
 * Runs fn(arg) on the pool and waits for it to end. Work that has begun cannot be interrupted, so
 * this waits for its end even when the fiber is cancelled or the deadline passes, and reports that
 * afterwards: arg may live on the caller's stack.
 */
int await_work(work_fn fn, void *arg, int64_t deadline, GError **err);
