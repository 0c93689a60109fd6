/*
 * A domain of the user's own (lent.h). What is known of it is what libvirt tells; its QEMU is not
 * asked, since a command past libvirt taints the domain, and is in no ledger as something to end.
 * Its serial port is its owner's: the one that the guest's reader has says nothing.
 */
#include "migration/vm/lent.h"

#include "migration/params.h"
#include "migration/vm/libvirt.h"
#include "migration/vm/line_pair.h"

#include <stdlib.h>
#include <string.h>

#define LEAVE_MS 15000 /* for libvirt to end a copy whose migration has failed */

static int find(struct libvirt_link *link, const char *key, const char *value, int64_t deadline,
                json_t **found_out, GError **err)
{
    g_autoptr(GError) error = NULL;
    int number = 0;

    *found_out = NULL;
    if (libvirt_link_call(link, "domain-find", json_pack("{s:s}", key, value), deadline, found_out,
                          &number, &error) == 0 ||
        number == PROTOCOL_NO_DOMAIN)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static const char *text_of(const json_t *found, const char *key)
{
    const char *text = json_string_value(json_object_get(found, key));

    return text != NULL ? text : "unknown";
}

static bool is_running(const json_t *found)
{
    return found != NULL && libvirt_is_active(found) &&
           strcmp(text_of(found, "state"), "running") == 0;
}

int libvirt_lent_offer(struct libvirt_link *link, const char *domain, struct vm_offer *offer,
                       int64_t deadline, GError **err)
{
    json_auto_t *found = NULL, *reply = NULL;

    if (find(link, "name", domain, deadline, &found, err) < 0)
        return -1;
    if (!is_running(found))
        return 0;
    if (libvirt_link_call(link, "domain-xml", json_pack("{s:s}", "name", domain), deadline, &reply,
                          NULL, err) < 0)
        return -1;
    offer->lent = lent_facts(text_of(reply, "xml"), err);
    return offer->lent != NULL ? 0 : -1;
}

/* libvirt starts a QEMU with the domain's UUID on its command line. */
static bool is_qemu_of(const char *pid, const char *uuid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
    g_autofree char *words = NULL;
    gsize size;

    if (!g_ascii_isdigit(*pid) || !g_file_get_contents(path, &words, &size, NULL))
        return false;
    for (const char *word = words; word < words + size; word += strlen(word) + 1)
        if (strcmp(word, "-uuid") == 0)
            return strcmp(word + strlen(word) + 1, uuid) == 0;
    return false;
}

pid_t libvirt_lent_pid(const struct libvirt_vm *vm)
{
    g_autoptr(GDir) folder = g_dir_open("/proc", 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
        if (is_qemu_of(name, vm->uuid))
            return (pid_t)atoi(name);
    return 0;
}

static int be_mute(struct libvirt_vm *vm, GError **err)
{
    int pair[2];

    if (line_pair(NULL, pair, err) < 0)
        return -1;
    vm->mute_fd = pair[1];
    vm->base.serial = stream_new(pair[0], err);
    return vm->base.serial != NULL ? 0 : -1;
}

/* What is defined under the name where it is to go may be it, and nothing else. */
static int check_destination(const struct libvirt_vm *vm, const json_t *found, GError **err)
{
    const char *host = vm->base.host->name;

    if (found == NULL)
        return 0;
    if (strcmp(text_of(found, "uuid"), vm->uuid) != 0) {
        g_set_error(
            err, VM_ERROR, VM_ERROR_START,
            "libvirt of %s has another domain of the name %s, with UUID %s, not %s: undefine "
            "or rename it there",
            host, vm->domain, text_of(found, "uuid"), vm->uuid);
        return -1;
    }
    if (!libvirt_is_active(found))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "libvirt_domain = %s is on %s already (%s), where it is to be moved to", vm->domain,
                host, text_of(found, "state"));
    return -1;
}

static int check_source(struct libvirt_vm *vm, const json_t *found, GError **err)
{
    if (is_running(found)) {
        vm->is_here = true;
        vm->base.pid = libvirt_lent_pid(vm);
        return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_START, "libvirt_domain = %s does not run on %s: it is %s",
                vm->domain, vm->base.host->name,
                found == NULL ? "not known there" : text_of(found, "state"));
    return -1;
}

int libvirt_lent_begin(struct libvirt_vm *vm, const struct vm_spec *spec, int64_t deadline,
                       GError **err)
{
    json_auto_t *found = NULL;

    vm->base.address = lent_address(spec->params);
    if (be_mute(vm, err) < 0 || find(vm->link, "name", vm->domain, deadline, &found, err) < 0)
        return -1;
    return spec->incoming ? check_destination(vm, found, err) : check_source(vm, found, err);
}

/* Whether no half of it is here. */
static bool has_no_half(struct libvirt_vm *vm)
{
    g_autofree char *state = NULL;

    return libvirt_run_state(&vm->base, &state, deadline_in(LEAVE_MS), NULL) == 0 &&
           strcmp(state, "inmigrate") != 0;
}

int libvirt_lent_end(struct libvirt_vm *vm, GError **err)
{
    if (!vm->is_incoming || has_no_half(vm) ||
        (await_event(&vm->exited, deadline_in(LEAVE_MS), NULL) == 0) || has_no_half(vm))
        return 0;
    g_set_error(
        err, VM_ERROR, VM_ERROR_DIED,
        "libvirt of %s does not end the copy of %s that was on its way there, and it is not "
        "ours to end",
        vm->base.host->name, vm->domain);
    return -1;
}
