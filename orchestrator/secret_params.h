/*
 * Which parameters are secret: those of which the description says it (vtmh types), historic names
 * included, and whatever a user's own parameter calls a password or a passphrase.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/report/secrets.h"

/* Whether a key is that of a secret parameter, with whatever suffixes behind it. */
bool secret_params_is(const char *key);

/* Adds the secret values of a test, of all hosts and objects. */
void secret_params_collect(const struct params *test, struct secrets *secrets);

/* The same of the labels of a host, KEY=VALUE each. */
void secret_params_collect_labels(char *const *labels, struct secrets *secrets);
