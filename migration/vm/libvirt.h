/* What the files of the libvirt driver share, and no one else. */
#pragma once

#include "migration/vm/libvirt_line.h"
#include "migration/vm/libvirt_link.h"
#include "migration/vm/qemu_shared.h"

struct libvirt_move; /* libvirt_move.c */

struct libvirt_vm {
    struct vm base; /* first */
    struct libvirt_link *link;
    struct libvirt_watch *watch;
    char *domain; /* its name, and its UUID: of no other domain */
    char *uuid;
    char *xml;                           /* as it is to be here */
    char *socket;                        /* of this host's libvirt; NULL: it is on another */
    struct libvirt_line *serial, *agent; /* agent: NULL: there is none */
    int mute_fd;                         /* of a lent one: its guest's end of base.serial; -1 */
    bool is_incoming;                    /* its guest comes by a migration */
    bool is_here;        /* libvirt has the domain: it has told us so, and not that it has ended */
    bool is_known;       /* libvirt_meet() has been done */
    struct event exited; /* the domain was here, and has ended otherwise than by moving away */
    char *end;           /* how, by libvirt's word: "crashed"; NULL: it has not */
    struct libvirt_death *death; /* its QEMU is watched; NULL: not known */
    int pidfd;                   /* of its QEMU, or -1 */
    int output_fd;               /* where its QEMU prints to, or -1 */
    off_t output_begin;          /* what lies before is of earlier domains */
    GHashTable *leaving;       /* alias -> struct libvirt_leaving, on the stack of who unplugs it */
    struct libvirt_move *move; /* NULL: none was begun */
};

static inline struct libvirt_vm *libvirt_vm(struct vm *vm)
{
    return (struct libvirt_vm *)vm;
}

/* A call of libvirt/protocol.h about this domain. arguments: more than the domain, or NULL;
 * transfer full. As of libvirt_link_call(), over a link that is
 * renewed if it was lost. */
int libvirt_call(struct libvirt_vm *vm, const char *command, json_t *arguments, int64_t deadline,
                 json_t **reply_out, int *number_out, GError **err);

/* libvirt_domain.c: what the domain is called, and how it is made; xml: also what it listens to.
 * libvirt: its version, as connect told; NULL: a new one. Transfer full. */
char *libvirt_domain_name(const struct host *host, const char *vm);
char *libvirt_domain_uuid(const char *domain);
char *libvirt_domain_xml(struct libvirt_vm *vm, const struct vm_spec *spec, GError **err);
/* Whether libvirt has no domain of this name or UUID: START with the one that it has. */
int libvirt_domain_is_free(struct libvirt_vm *vm, int64_t deadline, GError **err);

/* libvirt_lent.c: a domain of the user's own. Looks for it; a source must have it, and it must run;
 * a destination must not. */
int libvirt_lent_begin(struct libvirt_vm *vm, const struct vm_spec *spec, int64_t deadline,
                       GError **err);
/* It is let go. -1: a copy of it that was on its way here has not gone, which nobody but libvirt
 * ends. */
int libvirt_lent_end(struct libvirt_vm *vm, GError **err);
/* Its process, without asking its monitor; 0: it is not seen here. */
pid_t libvirt_lent_pid(const struct libvirt_vm *vm);
/* Puts what libvirt has of that name into the offer, if it runs. */
int libvirt_lent_offer(struct libvirt_link *link, const char *domain, struct vm_offer *offer,
                       int64_t deadline, GError **err);

/* libvirt_process.c: the QEMU behind the domain. Its process, as soon as that is seen, also while
 * the guest arrives: vm_pid(), its death, what it prints; on the loop's stack, too. -1: it has
 * ended already, and stays unknown. */
int libvirt_see(struct libvirt_vm *vm, pid_t pid, GError **err);
/* When the domain is here: its process (looked for, if it was not seen) goes into the ledger; its
 * forwarded ports are found. */
int libvirt_meet(struct libvirt_vm *vm, int64_t deadline, GError **err);
/* The sentences of its last words, as of qemu_words_why(). Transfer full; NULL: none are known. */
char *libvirt_last_words(const struct libvirt_vm *vm, bool *are_own_out);
/* Ends it, where libvirt does not: -1: it does not die. */
int libvirt_kill(struct libvirt_vm *vm, GError **err);
void libvirt_unwatch_death(struct libvirt_vm *vm); /* of that process */
void libvirt_part(struct libvirt_vm *vm);          /* it is dead: out of the ledger */

/* libvirt_events.c */
/* It has ended, otherwise than by moving away: how, by a word. */
void libvirt_on_end(struct libvirt_vm *vm, const char *how);
void libvirt_on_event(const char *event, const json_t *data, int64_t time_us, void *arg);

/* libvirt_state.c: whether what domain-find has told of a domain is that it runs, or that it is
 * only defined. */
bool libvirt_is_active(const json_t *found);
/* "none", "inmigrate", "paused", "running" as of vm.h, of QEMU's words. */
int libvirt_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err);

/* libvirt_offer.c; cpus: the models that domain capabilities name, a set. Transfer full. */
GHashTable *libvirt_offer_cpus(const char *domain_capabilities, GError **err);
struct vm_offer *libvirt_offer(const struct host *host, const struct params *params,
                               int64_t deadline, GError **err);
