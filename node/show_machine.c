#include "node/show_machine.h"

#include "migration/guest/cloud_seed.h"
#include "migration/guest/guest.h"
#include "migration/storage/plan.h"
#include "migration/vm/libvirt_show.h"

#include <stdio.h>

#define PROBE_MS 30000 /* a proof of KVM takes 1.5 s at worst, asking QEMU 0.3 s */
#define HERE "this computer"

struct showing {
    const char *vm;
    struct host host;
    struct params *params; /* of the VM */
    bool by_libvirt;
    json_t *answer;
};

static int read_params(struct params *params, GError **err)
{
    json_error_t where;
    json_auto_t *object = json_loadf(stdin, 0, &where);
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "stdin has no JSON object: %s",
                    object == NULL ? where.text : "it is another value");
        return -1;
    }
    json_object_foreach (object, key, value)
        if (json_is_string(value))
            params_set(params, key, json_string_value(value), NULL);
    return 0;
}

static struct vm_platform *decide(const struct host *host, const struct params *params,
                                  GError **err)
{
    static const char *const names[] = {HERE};
    g_autoptr(vm_offer) offer = vm_offer_probe(host, params, deadline_in(PROBE_MS), err);
    const struct vm_offer *const offers[] = {offer};

    return offer != NULL ? vm_platform_decide(offers, names, 1, params, err) : NULL;
}

static json_t *platform_to_json(const struct vm_platform *platform)
{
    json_t *notes = json_array();

    for (unsigned i = 0; i < platform->notes->len; i++)
        json_array_append_new(notes, json_string(g_ptr_array_index(platform->notes, i)));
    return json_pack("{s:s, s:o}", "decided_by",
                     HERE " alone; in a job all hosts of the test decide together", "notes", notes);
}

static int answer(struct showing *showing, const struct vm_boot *boot,
                  const struct vm_platform *platform, GError **err)
{
    struct vm_spec spec = {.host = &showing->host,
                           .name = showing->vm,
                           .params = showing->params,
                           .platform = platform,
                           .boot = boot};
    json_auto_t *source = showing->by_libvirt ? libvirt_show(&spec, err) : vm_show(&spec, err);
    json_auto_t *destination = NULL;

    if (source == NULL)
        return -1;
    if (showing->by_libvirt) {
        json_object_set_new(source, "platform", platform_to_json(platform));
        showing->answer = g_steal_pointer(&source);
        return 0;
    }
    spec.incoming = true;
    destination = vm_show(&spec, err);
    if (destination == NULL)
        return -1;
    showing->answer = json_pack("{s:o, s:O, s:{s:O, s:O}}", "platform", platform_to_json(platform),
                                "machine", json_object_get(source, "machine"), "command_lines",
                                "source", json_object_get(source, "words"), "destination",
                                json_object_get(destination, "words"));
    return 0;
}

static int show(void *arg, GError **err)
{
    struct showing *showing = arg;
    struct vm_boot *boot = guest_boot(&showing->host, showing->params, err);

    if (boot != NULL && cloud_seed_is_wanted(showing->params))
        boot->seed = cloud_seed_file(&showing->host, showing->vm, CLOUD_SEED_DISC);
    g_autoptr(vm_platform) platform =
        boot != NULL ? decide(&showing->host, showing->params, err) : NULL;
    int result = platform != NULL ? answer(showing, boot, platform, err) : -1;

    guest_boot_free(boot);
    return result;
}

/* -1 where it cannot be written, or a value is not UTF-8. */
static int print(const json_t *answer, GError **err)
{
    if (json_dumpf(answer, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF &&
        fflush(stdout) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                "the machine cannot be printed: stdout is closed, or a value is not UTF-8");
    return -1;
}

static int show_vm(const char *vm, const char *guests_dir, bool by_libvirt, GError **err)
{
    struct showing showing = {
        .vm = vm, .host = {.name = HERE, .guests_dir = guests_dir}, .by_libvirt = by_libvirt};
    g_autoptr(params) params = params_new();
    int result;

    if (read_params(params, err) < 0)
        return -1;
    clone_names(params);
    showing.params = params_object_params(params, vm);
    result = fiber_run(show, &showing, err);
    if (result == 0)
        result = print(showing.answer, err);
    json_decref(showing.answer);
    params_unref(showing.params);
    return result;
}

int show_machine(const char *vm, const char *guests_dir, bool by_libvirt)
{
    g_autoptr(GError) error = NULL;

    if (show_vm(vm, guests_dir, by_libvirt, &error) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n", vm, error->message);
    return error->domain == CFG_ERROR ? 4 : 1;
}
