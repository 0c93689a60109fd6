/*
 * The program's end of the wire (protocol.h): lines of JSON in and out.
 *
 * What goes out is a queue that a thread of its own writes, so that a node which does not read
 * holds up neither libvirt's event loop nor a call. All functions for output may be called by any
 * thread, and never wait.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Begins: the queue's thread, and the greeting. fd stays the caller's, and open until wire_end().
 */
void wire_begin(int fd);

/* Writes what is queued, as long as the other end takes it, and ends the thread. */
void wire_end(void);

/* An answer. id: NULL if the call had none, transfer none. value: transfer full. */
void wire_return(const json_t *id, json_t *value);
void wire_error(const json_t *id, const char *class_name, const char *desc);

/* An event. data: an object, transfer full. time_us: CLOCK_REALTIME in microseconds; 0: now. */
void wire_event(const char *name, json_t *data, int64_t time_us);

/* As JSON; a string that is not UTF-8 is made so, NULL is null. Transfer full. */
json_t *wire_text(const char *text);

/* What came in and is not a whole line yet. Zeroed: nothing. */
struct wire_input {
    GString *text;
};

/*
 * Takes bytes that have come, and calls on_line for each line that is complete: message is the
 * object, transfer none, or NULL if the line is none. false: a line is longer than the protocol
 * allows, or on_line said so: then nothing more is to be read.
 */
typedef bool (*wire_line_fn)(const json_t *message, void *arg);
bool wire_take(struct wire_input *input, const char *bytes, size_t size, wire_line_fn on_line,
               void *arg);
void wire_input_clear(struct wire_input *input);
