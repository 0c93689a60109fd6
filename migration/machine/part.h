/*
 * What a pluggable device is made of, in QEMU's terms: backends, nodes and the device itself, each
 * an object that a QMP command makes. A device is described once; the command line has its parts as
 * words, and a device that is plugged into a running VM has them as commands.
 *
 * Parts come to be in their order, and go in the reverse of it.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

enum part_kind {
    PART_OBJECT,   /* object-add, -object */
    PART_CHARDEV,  /* chardev-add, -chardev */
    PART_NETDEV,   /* netdev_add, -netdev */
    PART_BLOCKDEV, /* blockdev-add, -blockdev */
    PART_DRIVE,    /* -drive if=none: on a command line alone */
    PART_DEVICE,   /* device_add, -device */
};

struct part {
    enum part_kind kind;
    json_t *arguments; /* of the command, in QMP's types */
    char *tail;        /* ",key=value,…" that a user has appended, or NULL */
};

/* struct part, which the array owns. Transfer full. */
GPtrArray *parts_new(void);

/*
 * Appends a part. type: a driver's name, or the kind of an object or backend; id: NULL for a
 * device without one. Returns where its other properties go (of a chardev, the data of its
 * backend), for device_set() and its siblings: on the command line they stand in the order in which
 * they were set. Transfer none.
 */
json_t *part_add(GPtrArray *parts, enum part_kind kind, const char *type, const char *id,
                 const char *tail);

/* The command that makes it, and the one that removes it ("device_add", "device_del"). NULL: there
 * is none. */
const char *part_command(const struct part *part);
const char *part_undo_command(const struct part *part);

/*
 * Arguments of both commands. What a user has appended is in the first, as texts: whether a word
 * is a number only the hypervisor knows. A key that occurs more often is a list of {"str": …}, as
 * netdev_add wants it. Transfer full.
 */
json_t *part_arguments(const struct part *part);
json_t *part_undo_arguments(const struct part *part);

/* Appends it to a command line: its option, and "type,key=value,outer.inner=value". */
void part_to_line(const struct part *part, GPtrArray *line);
