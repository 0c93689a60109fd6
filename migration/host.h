/*
 * What a scenario, a VM or a guest may ask of the node it runs on. The node fills this in; nothing
 * in migration/ knows the node itself.
 */
#pragma once

#include "cfg/params.h"
#include "proto/vtmh.pb-c.h"
#include "sync/fiber.h"

/* Set to the node's folder in the environment of everything that a node starts, or has started, so
 * that its processes are found even if they never reached the ledger. */
#define NODE_VARIABLE "VTMH_NODE"

/* A kind of thing the ledger remembers, so that even a later node can remove it. */
enum owned_kind {
    OWNED_PROCESS, /* what: pid in decimal; start time and name are added by the ledger */
    OWNED_PATH,    /* what: absolute path of a file, socket or folder (with all below it) */
    OWNED_STREAM,  /* what: absolute path of a file that a guest is written into, on a storage that
                      hosts share: vtmh-*.migration */
    OWNED_LINK,    /* what: name of a network interface that vtmh makes (net/link.h) */
    OWNED_BESIDE,  /* what: absolute path of a file that is made beside images, on a storage that
                      hosts share, for a moment: .vtmh-*.part */
    OWNED_IMAGE,   /* what: "DEVICE:INODE /absolute/path", of stat(2), in decimal: an image that was
                      made for a test, and no other file that has come to lie there */
    OWNED_GUEST,   /* what: the guest whose one running copy is here: the handover's token */
};

struct vm;
struct kept; /* migration/kept.h */

struct host_ops {
    /*
     * Enters a thing into the ledger / strikes it out. Durable (fsync) when own returns: call it
     * before, or right after, the thing comes to be.
     */
    int (*own)(void *node, enum owned_kind kind, const char *what, GError **err);
    void (*disown)(void *node, enum owned_kind kind, const char *what);

    /* One record into the test's log here and in the job's log. role, vm: NULL if none. */
    void (*log)(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                const char *text);

    /* What the node is doing now, for heartbeats and time-out messages. */
    void (*context)(void *node, const char *text);

    /* Something for the live line of a VM. Fields as in the message; test is filled in by the
     * node. */
    void (*progress)(void *node, const Vtmh__Progress *progress);

    /*
     * Takes over a VM that is not to be ended with the test, since it may hold the only copy of a
     * guest: the node ends it when the job is over. Transfer full.
     */
    void (*keep)(void *node, struct vm *vm);

    /* For the record: what a VM runs on, and how its hypervisor is started. NULL: nobody listens.
     * Fields as in the message; test is filled in by the node. */
    void (*platform)(void *node, const Vtmh__Platform *platform);
    void (*command_line)(void *node, const Vtmh__CommandLine *line);

    /*
     * VMs that live on until a later test of the job wants them (migration/kept.h). rest: takes one
     * over, transfer full. resting: all of them, array of struct kept; transfer none. wake: gives
     * one back, awake, transfer full. NULL: a test's VMs end with it.
     */
    void (*rest)(void *node, struct kept *kept);
    const GPtrArray *(*resting)(void *node);
    void (*wake)(void *node, struct kept *kept);

    /*
     * Has a prober (net/prober.h) begin where the parameter client says; words: behind the
     * program's name. Its stdin and stdout as a socket, transfer full; an end of it without an
     * answer is its end there. -1 with err. NULL: no host of that kind.
     */
    int (*open_prober)(void *node, const char *const *words, GError **err);
};

struct host {
    const struct host_ops *ops;
    void *node;
    const char *name; /* the user's word for this host */
    const char *job;  /* id of the job, the same on all its hosts and no other job's; NULL: it has
                         none */
    const char *address;  /* numeric, at which the other hosts of the tuple reach it */
    const char *log_dir;  /* the test's folder here: what is in it is sent to the coordinator; NULL:
                             nobody keeps files */
    const char *run_dir;  /* sockets and scratch of the test; removed after it; short path */
    const char *base_dir; /* that of all nodes of this user: what is made in it must be owned */
    const char *user_prefix; /* what the user may want to speak to is a socket whose path begins
                                so; outlives the test; NULL: he wants nothing */
    const char *guests_dir;  /* tick/ and jeos/ lie here */
    GHashTable *known;       /* what is in the test's QMP logs already (vm/qmp_log.h), or NULL */
};

int host_own(const struct host *host, enum owned_kind kind, const char *what, GError **err);
void host_disown(const struct host *host, enum owned_kind kind, const char *what);
void host_log(const struct host *host, Vtmh__LogLevel level, const char *role, const char *vm,
              const char *format, ...) G_GNUC_PRINTF(5, 6);
void host_platform(const struct host *host, const Vtmh__Platform *platform);
/* words: NULL-terminated. */
void host_command_line(const struct host *host, const char *vm, const char *role,
                       const char *const *words);
void host_context(const struct host *host, const char *format, ...) G_GNUC_PRINTF(2, 3);
