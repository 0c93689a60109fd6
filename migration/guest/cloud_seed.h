/*
 * What a cloud image is told at its first boot (cloud_init = yes): cloud-init's NoCloud, a disc
 * with the label "cidata" that has a user, a key to log in with, the guest's own host key and a
 * host name. It is made once for a test and a VM, by genisoimage or xorriso of the test's first
 * host, and is byte for byte the same on the others: another instance-id would be another instance,
 * whose host key changes. Its files lie in the test's folder and go with it.
 */
#pragma once

#include "migration/host.h"

#include <jansson.h>

#define CLOUD_SEED_DISC "seed.iso"
#define CLOUD_SEED_IDENTITY "login-key"
#define CLOUD_SEED_HOST_KEY "host-key.pub"

/* guest = image with cloud_init = yes. params: of the VM. */
bool cloud_seed_is_wanted(const struct params *params);

/* Where a file of a VM's seed lies on this host. Transfer full. */
char *cloud_seed_file(const struct host *host, const char *vm, const char *file);

/* "ssh-ed25519 AAAA…" of the guest. Transfer full. VM_ERROR_START. */
char *cloud_seed_host_key(const struct host *host, const char *vm, GError **err);

/* Makes the seed of a VM: disc, keys. VM_ERROR_START names what is missing on this host. */
int cloud_seed_make(const struct host *host, const char *vm, const struct params *params,
                    int64_t deadline, GError **err);

/* All of it for the other hosts (transfer full), and what came from the first one, written here. */
json_t *cloud_seed_pack(const struct host *host, const char *vm, GError **err);
int cloud_seed_unpack(const struct host *host, const char *vm, const json_t *packed, GError **err);

/* Removes the files; those that are not there do not matter. */
void cloud_seed_remove(const struct host *host, const char *vm);
