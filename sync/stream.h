/*
 * A non-blocking descriptor (socket, pipe, pseudo terminal) that fibers read and write.
 *
 * One fiber may read while another writes; two readers at a time are a bug. Closing wakes both with
 * SYNC_ERROR_CLOSED.
 */
#pragma once

#include "sync/fiber.h"

#include <sys/types.h>

struct stream;

/* Takes over fd (made non-blocking and close-on-exec). Transfer full; NULL with err when not pollable. */
struct stream *stream_new(int fd, GError **err);

/* Connects to a unix socket, or to a numeric TCP address and port. Transfer full. */
struct stream *stream_connect_unix(const char *path, int64_t deadline, GError **err);
struct stream *stream_connect_tcp(const char *address, uint16_t port, int64_t deadline,
                                  GError **err);

/* Reads what is there, at most size bytes; waits for the first. Returns 0 at the end of the stream. */
ssize_t stream_read(struct stream *stream, void *buffer, size_t size, int64_t deadline,
                    GError **err);

/*
 * Reads one line without its LF (and a CR before it). Transfer full. NULL with SYNC_ERROR_CLOSED at
 * the end of the stream; a line longer than max_bytes is an error.
 */
char *stream_read_line(struct stream *stream, size_t max_bytes, int64_t deadline, GError **err);

/* Writes everything, or fails. */
int stream_write(struct stream *stream, const void *data, size_t size, int64_t deadline,
                 GError **err);

/* As stream_write(), with descriptors attached to the first byte (SCM_RIGHTS, unix sockets only). */
int stream_write_fds(struct stream *stream, const void *data, size_t size, const int *fds,
                     unsigned n_fds, int64_t deadline, GError **err);

/* Waits until the descriptor is readable / writable without touching it: for libraries that do I/O. */
int stream_await(struct stream *stream, int uv_events, int64_t deadline, GError **err);

int stream_fd(const struct stream *stream);

/* Hands the descriptor back and frees the stream. */
int stream_steal_fd(struct stream *stream);

/* Closes the descriptor and frees the stream once libuv has let go of it. NULL is fine. */
void stream_close(struct stream *stream);

AUTOPTR_STRUCT(stream, stream_close);
