/*
 * The ledger: what a node owns, on disk, so that whoever comes after a dead node can remove it.
 *
 * Each node has a folder <base>/node-<id>/ (base: /run/vtmh for root, else /tmp/vtmh-<uid>), in it
 * the file `ledger`: one line an entry, appended and synced before the caller goes on.
 *
 *     node PID START NAME       who keeps this ledger, and what its job calls the host
 *     + process PID START       START: the process's start time, so that a recycled pid is not hit
 *     + path /absolute/path     below the base
 *     + link vtmh0a1b2c3d4e5     a network interface, named as ours are
 *     + image 2049:131 /path    a file elsewhere, by its device and inode: no other that lies there
 *     + guest vm1               the one running copy of vm1 is here
 *     - process PID             struck out; not synced, since it is of something that is gone
 *
 * When it has become long (LEDGER_MAX_BYTES), a file of what is owned then takes its place.
 *
 * Loop thread; nothing waits except ledger_reap(), which is called in a fiber.
 */
#pragma once

#include "migration/host.h"

#define LEDGER_MAX_BYTES 65536

struct ledger;

/* The folder under which nodes keep theirs; made if it is not there, refused if it is not ours
 * alone. Transfer full. */
char *ledger_base(GError **err);

/* The same for a folder of the caller's choice. */
int ledger_prepare_base(const char *base, GError **err);

/* Begins a ledger in a new folder of the base. name: of the host in the job. Transfer full. */
struct ledger *ledger_open(const char *base, const char *name, GError **err);

/* The node's folder and its id (the folder's name without "node-"). Transfer none. */
const char *ledger_dir(const struct ledger *ledger);
const char *ledger_id(const struct ledger *ledger);

/* what holds no line feed. A path must lie below the base, and be plain: absolute, no "..", no
 * "//". Of what lies elsewhere only what owned_may_be() lets be can be owned, so that no mistake,
 * and no damaged ledger, makes a node remove what is not a node's. */
int ledger_own(struct ledger *ledger, enum owned_kind kind, const char *what, GError **err);
void ledger_disown(struct ledger *ledger, enum owned_kind kind, const char *what);

/* What a host can do for who has no test: these two alone. Its node is the ledger. */
extern const struct host_ops ledger_host_ops;

/* What is still owned and still exists: "process 1234 (qemu-system-x86_64)", …. Transfer full. */
GPtrArray *ledger_list(const struct ledger *ledger);

/*
 * Ends and removes everything that is still owned. What could not be removed stays and is appended
 * to leaks (char *).
 */
void ledger_clear(struct ledger *ledger, GPtrArray *leaks);

/* Closes; with remove the folder goes too, unless something is still owned and there: then whoever
 * comes next has to know. NULL is fine. */
void ledger_close(struct ledger *ledger, bool remove);

/* What ledger_reap() found; each a char * as in ledger_list(). */
struct reaping {
    GPtrArray *removed; /* ended or removed */
    GPtrArray *live;    /* nodes that live and were not touched: "node 1234 (host2)" */
    GPtrArray *left;    /* could not be ended or removed */
};
typedef struct reaping reaping;

void reaping_init(struct reaping *outcome);
void reaping_clear(struct reaping *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(reaping, reaping_clear)

/* Marks a node's folder: what is owned there is the user's, who has asked for it to be left. Only
 * a reaping that says so removes it. -1: it could not be marked. */
int reap_spare(const char *dir);

/*
 * Removes what dead nodes under base left behind; folders of nodes that live are not touched,
 * except that of node pid (0: none), which is ended first (SIGTERM, its own clean-up, then
 * SIGKILL), and those that are spared unless and_spared says so. Fails, with outcome filled in,
 * when something is left. Call in a fiber.
 */
int ledger_reap(const char *base, pid_t pid, bool and_spared, struct reaping *outcome,
                GError **err);
