/*
 * Capabilities and parameters of a migration: set and read back before each move, so that what a
 * former move of this QEMU has left does not count.
 */
#include "migration/vm/qemu.h"

#include <string.h>

/* The largest that QEMU takes; its default is 128 MiB/s. */
#define UNLIMITED_BYTES_PER_S INT64_MAX

/* What a capability must be for this move: as asked for, events always on, all else off. */
static bool wanted_state(const struct vm_move *move, const char *capability)
{
    if (strcmp(capability, "events") == 0)
        return true;
    return move->capabilities != NULL &&
           GPOINTER_TO_INT(g_hash_table_lookup(move->capabilities, capability)) != 0;
}

/* Those that are not as they must be, for migrate-set-capabilities. An item without a name is of no
 * use to anybody. Transfer full. */
static json_t *capabilities_to_set(const struct vm_move *move, json_t *current)
{
    json_t *changes = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (current, i, item) {
        const char *name = json_string_value(json_object_get(item, "capability"));
        bool wanted = name != NULL && wanted_state(move, name);

        if (name != NULL && wanted != json_is_true(json_object_get(item, "state")))
            json_array_append_new(
                changes, json_pack("{s:s, s:b}", "capability", name, "state", (int)wanted));
    }
    return changes;
}

static int check_all_known(struct qemu_vm *vm, const struct vm_move *move, json_t *current,
                           GError **err)
{
    GHashTableIter iter;
    void *name;

    if (move->capabilities == NULL)
        return 0;
    g_hash_table_iter_init(&iter, move->capabilities);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        bool is_known = false;
        json_t *item;
        size_t i;

        json_array_foreach (current, i, item)
            is_known = is_known ||
                       g_strcmp0(json_string_value(json_object_get(item, "capability")), name) == 0;
        if (is_known)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "QEMU of %s on %s has no migration capability %s", vm->base.name,
                    vm->base.host->name, (const char *)name);
        return -1;
    }
    return 0;
}

static int set_capabilities(struct qemu_vm *vm, const struct vm_move *move, int64_t deadline,
                            GError **err)
{
    json_auto_t *before = NULL, *after = NULL, *changes = NULL, *left = NULL;

    if (qemu_command(vm, "query-migrate-capabilities", NULL, deadline, &before, err) < 0 ||
        check_all_known(vm, move, before, err) < 0)
        return -1;
    changes = capabilities_to_set(move, before);
    if (json_array_size(changes) == 0)
        return 0;
    if (qemu_command(vm, "migrate-set-capabilities", json_pack("{s:O}", "capabilities", changes),
                     deadline, NULL, err) < 0 ||
        qemu_command(vm, "query-migrate-capabilities", NULL, deadline, &after, err) < 0)
        return -1;
    left = capabilities_to_set(move, after);
    if (json_array_size(left) > 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "QEMU of %s on %s does not take the migration capability %s", vm->base.name,
                    vm->base.host->name,
                    json_string_value(json_object_get(json_array_get(left, 0), "capability")));
        return -1;
    }
    return 0;
}

/* What QEMU has by itself, as it said before the first move. Transfer none. */
static json_t *defaults_of(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    struct qemu_migration *m = &vm->migration;
    json_t *answer = NULL;

    if (m->defaults != NULL)
        return m->defaults;
    if (qemu_command(vm, "query-migrate-parameters", NULL, deadline, &answer, err) < 0)
        return NULL;
    m->defaults = answer;
    return answer;
}

/* bytes_per_s: 0: no limit. */
static int64_t bandwidth_limit(uint64_t bytes_per_s)
{
    return bytes_per_s > 0 && bytes_per_s < (uint64_t)UNLIMITED_BYTES_PER_S ? (int64_t)bytes_per_s
                                                                            : UNLIMITED_BYTES_PER_S;
}

/* Every parameter that a move sets, or an earlier one has set. Transfer full. */
static json_t *wanted_parameters(struct qemu_vm *vm, const struct vm_move *move, json_t *defaults,
                                 GError **err)
{
    struct qemu_migration *m = &vm->migration;
    json_auto_t *wanted = json_object();
    const json_t *downtime = json_object_get(defaults, "downtime-limit");
    const char *name;
    json_t *value;

    if (m->were_set == NULL)
        m->were_set = json_object();
    json_object_update(m->were_set, move->parameters);
    json_object_foreach (m->were_set, name, value)
        json_object_set(wanted, name, json_object_get(defaults, name));
    json_object_update(wanted, move->parameters);

    json_object_set_new(wanted, "max-bandwidth",
                        json_integer((json_int_t)bandwidth_limit(move->max_bandwidth)));
    if (move->downtime_limit_ms < 0 &&
        (!json_is_integer(downtime) || json_integer_value(downtime) < 0)) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "QEMU of %s on %s does not say its downtime limit", vm->base.name,
                    vm->base.host->name);
        return NULL;
    }
    json_object_set_new(wanted, "downtime-limit",
                        json_integer(move->downtime_limit_ms < 0
                                         ? json_integer_value(downtime)
                                         : (json_int_t)move->downtime_limit_ms));
    return json_incref(wanted);
}

/* Sets them, and reads them back. */
static int set_all(struct qemu_vm *vm, json_t *wanted, int64_t deadline, GError **err)
{
    json_auto_t *after = NULL;
    const char *name;
    json_t *value;

    if (qemu_command(vm, "migrate-set-parameters", json_incref(wanted), deadline, NULL, err) < 0 ||
        qemu_command(vm, "query-migrate-parameters", NULL, deadline, &after, err) < 0)
        return -1;
    json_object_foreach (wanted, name, value) {
        if (json_equal(json_object_get(after, name), value))
            continue;
        g_autofree char *asked = json_dumps(value, JSON_ENCODE_ANY);
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "QEMU of %s on %s does not take the migration parameter %s = %s", vm->base.name,
                    vm->base.host->name, name, asked);
        return -1;
    }
    return 0;
}

int qemu_set_parameters(struct qemu_vm *vm, json_t *wanted, int64_t deadline, GError **err)
{
    json_auto_t *own = wanted;

    if (vm->migration.were_set == NULL)
        vm->migration.were_set = json_object();
    json_object_update(vm->migration.were_set, own);
    return set_all(vm, own, deadline, err);
}

static int set_parameters(struct qemu_vm *vm, const struct vm_move *move, int64_t deadline,
                          GError **err)
{
    json_t *defaults = defaults_of(vm, deadline, err);
    json_auto_t *wanted = defaults != NULL ? wanted_parameters(vm, move, defaults, err) : NULL;

    return wanted == NULL ? -1 : set_all(vm, wanted, deadline, err);
}

int qemu_prepare_move(struct vm *base, const struct vm_move *move, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return set_capabilities(vm, move, deadline, err) < 0 ? -1
                                                         : set_parameters(vm, move, deadline, err);
}

int qemu_set_speed(struct vm *base, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    return qemu_command(
        qemu_vm(base), "migrate-set-parameters",
        json_pack("{s:I}", "max-bandwidth", (json_int_t)bandwidth_limit(bytes_per_s)), deadline,
        NULL, err);
}

int qemu_set_downtime(struct vm *base, int64_t limit_ms, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(base), "migrate-set-parameters",
                        json_pack("{s:I}", "downtime-limit", (json_int_t)limit_ms), deadline, NULL,
                        err);
}
