/*
 * A non-blocking descriptor (socket, pipe, pseudo terminal) that fibers read and write.
 *
 * One fiber may read while another writes; two readers at a time are a programming error. Closing
 * wakes both with SYNC_ERROR_CLOSED. A reader or writer that never has to wait still lets the
 * others run now and then.
 *
 * Errors are of SYNC_ERROR. CLOSED: the stream was closed here, or the peer is gone (broken pipe,
 * connection reset). LIMIT: see stream_read_line(). TIMEOUT, CANCELLED, SYSTEM as everywhere.
 */
#pragma once

#include "sync/fiber.h"

#include <sys/types.h>

struct stream;

/*
 * Takes over fd, makes it non-blocking and close-on-exec. Transfer full. NULL with err when fd
 * cannot be polled (a plain file); fd is closed then too.
 */
struct stream *stream_new(int fd, GError **err);

/* Connects to a unix socket, or to a numeric TCP address and port. Transfer full. UNREACHABLE: no
 * word of the other host; who refuses is there (SYSTEM). */
struct stream *stream_connect_unix(const char *path, int64_t deadline, GError **err);
struct stream *stream_connect_tcp(const char *address, uint16_t port, int64_t deadline,
                                  GError **err);

/* Waits for a peer on a listening socket. Transfer full. */
struct stream *stream_accept(struct stream *listener, int64_t deadline, GError **err);

/* Reads what is there, at most size bytes; waits for the first. Returns 0 at the end. */
ssize_t stream_read(struct stream *stream, void *buffer, size_t size, int64_t deadline,
                    GError **err);

/*
 * Reads one line without its LF (and a CR before it). Transfer full. The last line may lack its LF;
 * after it, NULL with CLOSED. A line longer than max_bytes gives LIMIT, now and in every later
 * call; its bytes can still be had from stream_read().
 */
char *stream_read_line(struct stream *stream, size_t max_bytes, int64_t deadline, GError **err);

/* Writes everything, or fails: how much has been written then is not known. */
int stream_write(struct stream *stream, const void *data, size_t size, int64_t deadline,
                 GError **err);

/* As stream_write(), with descriptors attached to the first byte (SCM_RIGHTS, unix sockets only).
 * size is at least 1. The descriptors stay the caller's. */
int stream_write_fds(struct stream *stream, const void *data, size_t size, const int *fds,
                     unsigned n_fds, int64_t deadline, GError **err);

/*
 * Waits until the descriptor is ready for one of uv_events (UV_READABLE, UV_WRITABLE) without
 * touching it: for libraries that do the I/O themselves. An error or a hang-up is readiness.
 */
int stream_await(struct stream *stream, int uv_events, int64_t deadline, GError **err);

int stream_fd(const struct stream *stream);

/*
 * Hands the descriptor back, still non-blocking, and frees the stream. What stream_read_line() has
 * read ahead is lost.
 */
int stream_steal_fd(struct stream *stream);

/* Closes the descriptor at once, and frees the stream when nobody uses it any more. NULL is
 * fine. */
void stream_close(struct stream *stream);

AUTOPTR_STRUCT(stream, stream_close);
