/*
 * What a host must have for a test, asked before anything is agreed or started: commands
 * (cmds_installed_host), a kernel (required_kernel), a QEMU (required_qemu). Where it has not the
 * test is skipped.
 *
 * Versions are an interval, as with avocado-vt: "[6.1, 7.0)", "[5.10,)", "(,9.0]". Only numbers
 * count: 6.1.0-57-amd64 is 6.1.0.57.
 */
#pragma once

#include "migration/test.h"

/* seats: of struct seat. VM_ERROR_UNSUPPORTED, CFG_ERROR. Call in a fiber. */
int needs_check(const struct test *test, const GPtrArray *seats, GError **err);

/* Whether a version is in an interval. -1: that is none (CFG_ERROR_PARAM_VALUE; name is for it). */
int needs_version(const char *name, const char *interval, const char *version, bool *is_in_out,
                  GError **err);
