/* What the files of this folder share: a guest, and what a kind of guest provides. */
#pragma once

#include "migration/guest/guest.h"
#include "migration/guest/serial.h"
#include "migration/guest/session.h"
#include "sync/mailbox.h"

#include <stdio.h>

struct login;

struct guest_kind {
    const char *name;
    unsigned beat_period_ms;           /* 0: it has no heartbeat */
    bool has_network;                  /* its VM has cards */
    bool has_no_folder;                /* of its own: nothing of ours boots it */
    const struct guest_folder *folder; /* beside its own; NULL: none */
    struct vm_boot *(*boot)(const struct host *host, const struct params *params, GError **err);

    /* NULL where the guest has nothing to log in to. */
    /* What is known of how to log in, beside what is in login already. What it points to lives as
     * long as the guest. */
    int (*know_login)(struct guest *guest, struct login *login, GError **err);

    /* Of a guest without a heartbeat: its sign of life, in answer to a question. */
    int (*show_life)(struct guest *guest, int64_t deadline, GError **err);

    /* A shell command with which the guest takes drivers for devices that have come; NULL: it does
     * so by itself. */
    const char *take_drivers;

    int (*start_work)(struct guest *guest, int64_t deadline, GError **err);
    int (*check_work)(struct guest *guest, int64_t deadline, GError **err);
    int (*verify)(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                  GError **err);
    int (*spoil)(struct guest *guest, int64_t deadline, GError **err);
};

extern const struct guest_kind guest_tick;
extern const struct guest_kind guest_jeos;
extern const struct guest_kind guest_image;

/* The I-th of the guests there are; NULL behind the last. */
const struct guest_kind *guest_kind_at(unsigned i);

struct guest {
    const struct guest_kind *kind;
    struct vm *vm;
    const struct host *host;
    struct params *params;

    struct fiber *reader;
    struct serial_splitter splitter;
    uint64_t bytes_taken; /* from the serial port */
    struct serial_log log;
    GQueue tail;             /* char *: the last lines that were not heartbeats */
    struct mailbox *answers; /* struct serial_line: answers to commands on the serial line */
    struct event up;
    struct event beat;   /* set at each heartbeat; whoever waits resets it before */
    struct event silent; /* the serial port has ended */
    struct guest_beat first, last;
    int64_t longest_gap_us; /* between two heartbeats, since it is watched */
    uint64_t last_beat_at_byte;
    GPtrArray *complaints; /* char *, of the serial port, not yet looked at; or NULL */
    bool has_come;         /* from another host */
    bool restarted;        /* it said a second time that it is up, or on a destination at all */

    /* What travels to the other end. */
    bool is_up, is_working;
    uint32_t beat_there; /* the last heartbeat that the other end has seen */
    uint32_t bad_known;  /* bad pages that an earlier verify has told */
    int64_t log_seen_us; /* of its kernel's log, by the time in it, what has been looked at */
    uint32_t rounds;     /* that the memory writer had done by then */
    GStrv load_places; /* where loads are in a guest into which they are brought; NULL: not known */
    char *boot_id;     /* of a guest without a heartbeat: which boot it is; NULL: not known */

    /* Who else wants all that comes from the serial port; NULL: nobody. */
    void (*listener)(void *arg, const char *bytes, size_t size);
    void *listener_arg;

    uint16_t shell_port;       /* as the params say */
    char *line_end;            /* of a line that is typed; NULL: not read yet */
    struct session *session;   /* NULL: not logged in */
    bool is_entering;          /* a fiber is about to log in, or has the serial port to itself */
    struct event entered;      /* set when it is done */
    char *identity, *host_key; /* the key's file; who must answer. NULL: none, whoever is first */
};

#define GUEST_BOOT_ID_MAX 36 /* characters of a UUID */

/* Takes a heartbeat that came at now_us (CLOCK_MONOTONIC). Returns whether it belongs into the
 * log. */
bool guest_take_beat(struct guest *guest, const struct serial_line *line, int64_t now_us);

/* Keeps a line of the serial port, if it is one that no sound guest says (look.h). */
void guest_note_complaint(struct guest *guest, const char *line);

/*
 * Waits for an event of the guest, or for the end of what could set it. what completes the sentence
 * "guest tick of vm1 on host1 did not WHAT within 10 s". VM_ERROR_GUEST, VM_ERROR_DIED, CANCELLED.
 */
int guest_await(struct guest *guest, struct event *event, const char *what, int64_t deadline,
                GError **err);

/* "guest tick of vm1 on host1" in front of a VM_ERROR_GUEST. */
void guest_set_error(const struct guest *guest, GError **err, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* A file of the guest's folder; NULL with VM_ERROR_START when it is not there. Transfer full. */
char *guest_file(const struct host *host, const char *kind, const char *name, GError **err);
