/* Being logged in to a guest: by the ways that the params name, for as long as the time allows. */
#pragma once

#include "migration/guest/guest.h"
#include "migration/guest/session.h"

/*
 * The session with the guest, which is opened if there is none; one fiber at a time does that. It
 * ends when guest_hang_up() or the guest's end finds nobody else who holds it, else with the last
 * of them. VM_ERROR_GUEST, with what each way said last; how the guest ended, if it did;
 * SYNC_ERROR_CANCELLED. Transfer full.
 */
struct session *guest_login(struct guest *guest, int64_t deadline, GError **err);

/* The one by which files come to the guest: that, or one of its own, as `file_transfer_client` and
 * `file_transfer_port` say. As guest_login(). */
struct session *guest_file_login(struct guest *guest, int64_t deadline, GError **err);

/* Runs `regain_ip_cmd` over the serial port, if there is one: the guest has come to another host,
 * and may be reached by nothing else yet. VM_ERROR_GUEST. */
int guest_regain_address(struct guest *guest, int64_t deadline, GError **err);

/* Whoever logs in from now on does so anew. */
void guest_hang_up(struct guest *guest);

/*
 * Runs a command over the session, which is opened if need be, and ended if it broke. One that
 * breaks in another fiber's turn is opened anew. As session_run(), with errors as of guest_login().
 */
int guest_command(struct guest *guest, const char *command, int64_t deadline,
                  struct session_result *result, GError **err);

/* Runs a command that must succeed: else what is said of the guest, with the command's words. */
int guest_command_ok(struct guest *guest, const char *command, const char *what, int64_t deadline,
                     GError **err);

/* An error of a session as one of the guest: "guest jeos of vm1 on host1 WHAT: …"; how the guest
 * ended, if it did. What concerns the fiber itself stays. Takes error. */
void guest_explain(struct guest *guest, const char *what, GError *error, GError **err);

/* How a user on this host logs in by ssh, where that is known; NULL: it is not. Transfer full. */
char *guest_ssh_command(struct guest *guest);
