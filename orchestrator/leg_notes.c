#include "orchestrator/leg_notes.h"

#include "orchestrator/report/text.h"
#include "proto/leg_words.h"

#include <string.h>

/* Why the memory of some legs of a VM was not checked. */
struct reason {
    char *why; /* NULL: one of those that are too many to be told */
    unsigned legs;
};

/* Legs of which a figure is large. */
struct tall {
    unsigned legs;
    double largest;
};

struct vm_notes {
    char *vm;
    unsigned legs, completed;
    GPtrArray *reasons; /* struct reason, as they came */
    struct tall setup, syncs;
};

struct leg_notes {
    GPtrArray *vms; /* struct vm_notes, as they came */
};

static void free_reason(gpointer data)
{
    struct reason *reason = data;
    g_free(reason->why);
    g_free(reason);
}

static void free_vm(gpointer data)
{
    struct vm_notes *vm = data;
    g_free(vm->vm);
    g_ptr_array_unref(vm->reasons);
    g_free(vm);
}

struct leg_notes *leg_notes_new(void)
{
    struct leg_notes *notes = g_new0(struct leg_notes, 1);
    notes->vms = g_ptr_array_new_with_free_func(free_vm);
    return notes;
}

void leg_notes_free(struct leg_notes *notes)
{
    if (notes == NULL)
        return;
    g_ptr_array_unref(notes->vms);
    g_free(notes);
}

static struct vm_notes *notes_of(struct leg_notes *notes, const char *name)
{
    for (unsigned i = 0; i < notes->vms->len; i++) {
        struct vm_notes *vm = g_ptr_array_index(notes->vms, i);
        if (strcmp(vm->vm, name) == 0)
            return vm;
    }
    struct vm_notes *vm = g_new0(struct vm_notes, 1);
    vm->vm = g_strdup(name);
    vm->reasons = g_ptr_array_new_with_free_func(free_reason);
    vm->setup.largest = vm->syncs.largest = -1;
    g_ptr_array_add(notes->vms, vm);
    return vm;
}

static void count_reason(struct vm_notes *vm, const char *why)
{
    if (vm->reasons->len >= LEG_NOTES_REASONS)
        why = NULL;
    for (unsigned i = 0; i < vm->reasons->len; i++) {
        struct reason *known = g_ptr_array_index(vm->reasons, i);
        if (g_strcmp0(known->why, why) == 0) {
            known->legs++;
            return;
        }
    }
    struct reason *reason = g_new0(struct reason, 1);
    reason->why = g_strdup(why);
    reason->legs = 1;
    g_ptr_array_add(vm->reasons, reason);
}

static void count_tall(struct tall *tall, double figure, double from)
{
    tall->legs += figure >= from;
    tall->largest = MAX(tall->largest, figure);
}

void leg_notes_take(struct leg_notes *notes, const struct leg_result *leg)
{
    struct vm_notes *vm = notes_of(notes, leg->vm);
    bool is_completed = g_strcmp0(leg->status, "completed") == 0;
    vm->legs++;
    vm->completed += is_completed;
    if (is_completed && leg->not_checked != NULL &&
        leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED)
        count_reason(vm, leg->not_checked);
    count_tall(&vm->setup, leg->setup_ms, LEG_NOTES_LONG_SETUP_MS);
    count_tall(&vm->syncs, (double)leg->dirty_syncs, LEG_TCG_MANY_SYNCS);
}

static const char *plural(unsigned legs)
{
    return legs == 1 ? "" : "s";
}

static void add_unchecked(const struct vm_notes *vm, struct test_result *result)
{
    for (unsigned i = 0; i < vm->reasons->len; i++) {
        const struct reason *reason = g_ptr_array_index(vm->reasons, i);
        g_autofree char *note = g_strdup_printf(
            "memory of %s not checked in %u of %u leg%s: %s", vm->vm, reason->legs, vm->completed,
            plural(vm->completed), reason->why != NULL ? reason->why : "for other reasons");
        test_result_note(result, note);
    }
}

static void add_long_setup(const struct vm_notes *vm, struct test_result *result)
{
    if (vm->setup.legs == 0)
        return;
    g_autofree char *longest = text_ms(vm->setup.largest);
    g_autofree char *note =
        g_strdup_printf("setup of %s took up to %s (1 s and more in %u of %u leg%s): the guest may "
                        "stand still meanwhile, and no downtime contains it",
                        vm->vm, longest, vm->setup.legs, vm->legs, plural(vm->legs));
    test_result_note(result, note);
}

static bool is_tcg(const struct test_result *result, const char *vm)
{
    const json_t *platform = json_object_get(result->platform, vm);
    return g_strcmp0(json_string_value(json_object_get(platform, "accelerator")), "tcg") == 0;
}

static void add_many_syncs(const struct vm_notes *vm, struct test_result *result)
{
    if (vm->syncs.legs == 0 || !is_tcg(result, vm->vm))
        return;
    g_autofree char *note = g_strdup_printf(
        "TCG, %.0f syncs: %s had %d dirty syncs and more in %u of %u leg%s; " LEG_TCG_DOUBT,
        vm->syncs.largest, vm->vm, LEG_TCG_MANY_SYNCS, vm->syncs.legs, vm->legs, plural(vm->legs));
    test_result_note(result, note);
}

void leg_notes_add(const struct leg_notes *notes, struct test_result *result)
{
    for (unsigned i = 0; i < notes->vms->len; i++)
        add_unchecked(g_ptr_array_index(notes->vms, i), result);
    for (unsigned i = 0; i < notes->vms->len; i++) {
        add_long_setup(g_ptr_array_index(notes->vms, i), result);
        add_many_syncs(g_ptr_array_index(notes->vms, i), result);
    }
}
