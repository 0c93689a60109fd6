/*
 * What hosts state to each other that is mostly the same: the same program, the same machine. Each
 * states a digest of it; what differs anywhere is then stated whole, by one host for all that have
 * the same: so what everybody is told grows with the differences, not with the hosts.
 */
#pragma once

#include "migration/test.h"

/*
 * As test_exchange(), for a JSON object: *theirs_out is what each of its members said, whole. A
 * value that is no longer than its digest is stated as it is. Where digests of a name differ, all
 * hosts meet once more under the same tag. Equal digests are taken for equal values (SHA-256).
 *
 * bytes_out: what this host has stated; may be NULL.
 */
int test_exchange_alike(struct test *test, const struct test_meeting *meeting, json_t *mine,
                        GPtrArray **theirs_out, size_t *bytes_out, GError **err);
