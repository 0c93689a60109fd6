/*
 * What is asked for one migration alone: parameters over those of the test, as a test type writes
 * them.
 *
 *     static const struct work slow = {.params = ASKED("mig_speed = 8", "mig_expect = cancelled")};
 *
 * Any parameter that says how a VM moves can be asked for so, but for those by which the hosts have
 * found each other's address before.
 */
#pragma once

#include "migration/move/seat.h"

#define ASKED(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * The request of one migration of the seat's VM: its own, and over it what is asked, "NAME = VALUE"
 * each (NULL: nothing). Once the hosts have agreed, also whether this host and its hypervisor can
 * do it. CFG_ERROR: it cannot be asked; UNSUPPORTED. Free with move_request_clear().
 */
int asked_request(struct seat *seat, const char *const *asked, struct move_request *request,
                  GError **err);

/* Whether this host can do each of several, the last of which is NULL; all may be NULL. */
int asked_check(struct seat *seat, const char *const *const *all, GError **err);

/* Whether this host has what the seat's request needs beside its hypervisor: what the transport
 * needs, the folder of credentials. UNSUPPORTED, before anything starts. */
int asked_check_host(const struct seat *seat, GError **err);

/* For the time of a migration. */
void asked_swap(struct seat *seat, struct move_request *request);

/* Puts what was asked for a migration alone into its record. */
void asked_record(const struct move_request *request, Vtmh__Migration *record);
