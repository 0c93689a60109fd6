/*
 * The way to a libvirtd: the program vtmh-node-libvirt, one for each test and URI on a host, shared
 * by its VMs. What it can be asked, and which events come, says libvirt/protocol.h.
 *
 * A program of its own, since libvirt's calls cannot be cancelled and may hang for ever: a program
 * can be killed, which fails every call at once. Nothing here keeps the loop waiting. Errors name
 * host and URI:
 *   VM_ERROR_UNSUPPORTED  the host cannot run the program, with the loader's sentence and Debian's
 *                         package, or has no libvirtd at that URI: the test is SKIP
 *   VM_ERROR_START        libvirtd is there, but refuses us or does not answer
 *   VM_ERROR_COMMAND      a call was refused, with libvirt's sentence and number
 *   VM_ERROR_DIED         the program has ended, with its last words
 *   SYNC_ERROR            TIMEOUT, CANCELLED
 */
#pragma once

#include "libvirt/protocol.h"
#include "migration/host.h"
#include "migration/vm/platform.h"

struct libvirt_link;
struct libvirt_watch;

/*
 * The link of this host (of the test) and URI: its program, connected. Started when it is the first
 * to be asked for, else one more holder of it. The program is in the host's ledger. Transfer full.
 */
struct libvirt_link *libvirt_link_open(const struct host *host, const char *uri, int64_t deadline,
                                       GError **err);

/* Tests only: the program; NULL: vtmh-node-libvirt beside the program that runs. */
extern const char *libvirt_link_program;

/* The last holder ends the program (quit, then SIGKILL after a moment), waits until it is dead and
 * strikes it from the ledger. Works on a cancelled fiber. Domains are not touched. NULL is fine. */
void libvirt_link_close(struct libvirt_link *link);

/*
 * One call. arguments: NULL or an object, transfer full (also on failure). *reply_out: transfer
 * full; NULL: of no interest. *number_out (NULL: likewise): virErrorNumber (enum protocol_error)
 * where libvirt has refused, else 0.
 *
 * A deadline that passes, and a cancel, only end the wait: what libvirt does goes on. Its end is
 * then seen by events, by domain-find, or forced by libvirt_link_kill().
 */
int libvirt_link_call(struct libvirt_link *link, const char *command, json_t *arguments,
                      int64_t deadline, json_t **reply_out, int *number_out, GError **err);

/*
 * The same for a call that lasts (domain-migrate): nobody waits. on_answer is called on the loop's
 * stack (do not wait), once, also when the program ends: reply, or error with libvirt's number;
 * transfer none. Only before that may it be forgotten: by then at the latest when the link is
 * closed. NULL with err.
 */
struct libvirt_later;
typedef void (*libvirt_answer_fn)(const json_t *reply, int number, const GError *error, void *arg);
struct libvirt_later *libvirt_link_later(struct libvirt_link *link, const char *command,
                                         json_t *arguments, libvirt_answer_fn on_answer, void *arg,
                                         GError **err);
void libvirt_later_forget(struct libvirt_later *later); /* NULL is fine */

/* After CONNECTION_CLOSED, or when libvirtd was restarted: connects anew, with a new program if
 * that has ended. For all holders; watches stay. Calls under way fail. */
int libvirt_link_renew(struct libvirt_link *link, int64_t deadline, GError **err);

/* Ends the program at once: calls under way fail with VM_ERROR_DIED, as do later ones until it is
 * renewed. */
void libvirt_link_kill(struct libvirt_link *link);

/* Set when the connection to libvirtd has been lost, or the program has ended; unset by
 * libvirt_link_renew(). */
struct event *libvirt_link_lost(struct libvirt_link *link);

/* An event of libvirt's, called on the loop's stack (do not wait). time_us: CLOCK_MONOTONIC. */
typedef void (*libvirt_event_fn)(const char *event, const json_t *data, int64_t time_us, void *arg);

/* From now on has the events of the domain of that name, and those of no domain. Transfer full. */
struct libvirt_watch *libvirt_link_watch(struct libvirt_link *link, const char *domain,
                                         libvirt_event_fn on_event, void *arg);

/* No callback comes after this. Before the link is closed. NULL is fine. */
void libvirt_link_unwatch(struct libvirt_watch *watch);

/* What connect said: {"uri", "libvirt", "client", "hypervisor", "hostname", …}.
 * Transfer none, until the link is renewed. */
const json_t *libvirt_link_facts(const struct libvirt_link *link);

/* The program's process, for a script that kills or stops it. */
pid_t libvirt_link_pid(const struct libvirt_link *link);
