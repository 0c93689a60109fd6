/*
 * A way into a guest: how a session comes to be, and what it can do. A way is a file (way_*.c) and
 * a row in ways.c; `login_ways` names them in the order in which they are tried.
 */
#pragma once

#include "migration/guest/session.h"
#include "sync/stream.h"

/* What is known of how to get in. The strings live as long as the session does. */
struct guest;

struct login {
    struct guest *guest;
    const char *name; /* of the guest, for messages: "guest of vm1 on host1" */
    bool has_card;
    const char *address;  /* where its port for this is reached */
    uint16_t port;        /* 0: not, or not known yet */
    const char *username; /* "root" */
    const char *password; /* NULL: none */
    const char *prompt;   /* what a shell that waits shows: a regular expression */
    const char *line_end; /* of a line of text */
    const char *status;   /* command that tells how the one before it ended */
    const char *identity; /* file of a private key; NULL: none */
    const char *host_key; /* "ssh-ed25519 AAAA…": nobody else may answer; NULL: whoever is first */
    bool is_windows;      /* commands are cmd.exe's */
};

struct way {
    const char *name; /* a word of `login_ways` */
    bool by_network;  /* nowhere to go to before an address of the guest is known */

    /*
     * One try. answer_ms: one who does not begin to speak by then is not there yet. NOT_YET,
     * REFUSED, or CANNOT where this guest has nothing for it.
     */
    struct session *(*open)(const struct login *login, int64_t answer_ms, int64_t deadline,
                            GError **err);
    void (*close)(struct session *session);

    /* As of session.h. */
    int (*run)(struct session *session, const char *command, const void *input, size_t input_size,
               int64_t deadline, struct session_result *result, GError **err);

    /* As of session.h, without the check. NULL: by what the session can run. */
    int (*put)(struct session *session, const char *local_path, const char *guest_path,
               const struct session_copy *how, int64_t deadline, GError **err);
    int (*get)(struct session *session, const char *guest_path, const char *local_path,
               const struct session_copy *how, int64_t deadline, GError **err);

    /* By what it proved itself, to be pinned from then on; NULL: it has nothing of the kind.
     * Transfer full. */
    char *(*host_key)(const struct session *session);
};

extern const struct way way_ssh;
extern const struct way way_serial;
extern const struct way way_telnet;
extern const struct way way_nc;
extern const struct way way_agent;

/* A session by an agent at the other end of a channel, for whoever has one of his own: its way is
 * way_agent. username: NULL: whoever the agent itself is. Errors as of open(). The stream stays
 * open, and the caller's. */
struct session *agent_session_open(struct stream *stream, const char *username, int64_t answer_ms,
                                   int64_t deadline, GError **err);

/* Whether there is a port to go to. Else err: CANNOT without a card, NOT_YET without an address. */
bool login_has_port(const struct login *login, const char *way, GError **err);

/* The way of that name; NULL: there is none. */
const struct way *way_named(const char *name);

/* The beginning of what a way keeps of a session. */
struct session {
    const struct way *way;
    char *where;       /* "ssh root@127.0.0.1:40022" */
    bool is_windows;   /* as of login */
    unsigned others;   /* who hold it beside its opener */
    bool is_busy;      /* a command runs */
    bool is_broken;    /* in the middle of one */
    struct event idle; /* set when it has ended */
};

/* Whether it takes more than single commands: -1 with CANNOT, "WHERE: WHAT: …", where it does not.
 */
int session_needs_sh(const struct session *session, const char *what, GError **err);

/* A fiber's turn on a session, for what a way does beside running commands. TIMEOUT, NOT_BEGUN. */
int session_begin_turn(struct session *session, int64_t deadline, GError **err);

/* error: how it went; NULL: well. Takes error, and hands it on: -1 with err. */
int session_end_turn(struct session *session, GError *error, GError **err);
