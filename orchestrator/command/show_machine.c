#include "orchestrator/command/show_machine.h"

#include "orchestrator/addresses.h"
#include "orchestrator/artifacts.h"
#include "orchestrator/description.h"
#include "orchestrator/host_params.h"
#include "orchestrator/node_answer.h"
#include "orchestrator/result.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/tests.h"
#include "sync/child.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_HOSTS 2     /* the size of the tuple, unless --host asks for more */
#define NODE_MS 60000 /* a proof of KVM and QEMU's answers take 2 s */
#define NODE_USAGE 4  /* the node's exit status where a parameter is wrong */

struct asking {
    const char *vm;
    bool by_libvirt;
    char *program, *guests_dir;
    char *input; /* the parameters, for the node's stdin */
    char *out, *errors;
    int status;
};

/* The one test that is asked for. Transfer full: array of struct planned_test. */
static GPtrArray *read_test(const struct selection *selection, const char *test, unsigned n_hosts,
                            GError **err)
{
    g_autoptr(GPtrArray) tests = tests_read(selection, test, n_hosts, err);

    if (tests == NULL || tests->len == 1)
        return g_steal_pointer(&tests);
    g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                "--machine is of one test, and %s has %u: pick one with --test NAME|N "
                "('vtmh list %s' shows them)",
                selection->file, tests->len, selection->file);
    return NULL;
}

static int check_vm(const struct params *params, const char *vm, GError **err)
{
    g_autoptr(params) own = params_new();
    g_auto(GStrv) vms = NULL;
    g_autofree char *list = NULL;

    params_set(own, "vms", description_value(params, "vms"), NULL);
    vms = params_objects(own, "vms");
    if (g_strv_contains((const char *const *)vms, vm))
        return 0;
    list = g_strjoinv(", ", vms);
    g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                "--machine: the test has no VM \"%s\"; it has %s", vm, list);
    return -1;
}

/* As the host gets them, with MAC addresses as a job makes them up. Transfer full. */
static char *params_text(const struct params *test, unsigned n_hosts, unsigned host)
{
    g_autoptr(addresses) pool = addresses_new("");
    g_autoptr(params) whole = addresses_made_up(pool, test, n_hosts, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(params) own = NULL;
    json_auto_t *object = json_object();
    struct params_iter it;

    for (unsigned i = 1; i <= n_hosts; i++)
        g_ptr_array_add(names, g_strdup_printf("host%u", i));
    own = host_params(whole, (const char *const *)names->pdata, n_hosts, host - 1);
    for (params_iter_init(&it, own); params_iter_next(&it);) {
        g_autofree char *valid = g_utf8_make_valid(it.value, -1);

        json_object_set_new(object, it.key, json_string(valid));
    }
    return json_dumps(object, JSON_COMPACT);
}

static int ask_node(void *arg, GError **err)
{
    struct asking *asking = arg;
    const char *const arguments[] = {asking->program,
                                     "machine",
                                     "--vm",
                                     asking->vm,
                                     "--guests",
                                     asking->guests_dir,
                                     asking->by_libvirt ? "--libvirt" : NULL,
                                     NULL};

    return child_run(arguments, asking->input, deadline_in(NODE_MS), &asking->status, &asking->out,
                     &asking->errors, err);
}

/* Words become a line that a shell takes, as in results.json. */
static void join_words(json_t *lines)
{
    const char *role;
    json_t *words;
    void *next;

    json_object_foreach_safe(lines, next, role, words)
    {
        g_autoptr(GPtrArray) list = g_ptr_array_new();
        g_autofree char *line = NULL;
        json_t *word;
        size_t i;

        json_array_foreach (words, i, word)
            g_ptr_array_add(list, (void *)json_string_value(word));
        line = arguments_line((const char *const *)list->pdata, list->len);
        json_object_set_new(lines, role, json_string(line));
    }
}

/* The domain itself, for a program that takes XML. */
static char *domain_of(const json_t *answer)
{
    const json_t *past;
    size_t i;

    json_array_foreach (json_object_get(answer, "past_libvirt"), i, past)
        fprintf(stderr, "note: %s: in QEMU's words, since %s\n",
                json_string_value(json_object_get(past, "what")),
                json_string_value(json_object_get(past, "why")));
    return g_strchomp(g_strdup(json_string_value(json_object_get(answer, "domain"))));
}

static void print(const struct planned_test *planned, json_t *answer)
{
    g_autoptr(secrets) secrets = secrets_new();
    g_autofree char *text = NULL;
    g_autofree char *shown = NULL;
    bool is_domain = json_object_get(answer, "domain") != NULL;

    join_words(json_object_get(answer, "command_lines"));
    secret_params_collect(planned->params, secrets);
    text = is_domain ? domain_of(answer) : json_dumps(answer, JSON_INDENT(2));
    shown = secrets_hide(secrets, text);
    puts(shown);
    if (planned->skip != NULL)
        fprintf(stderr, "note: this test is not run: %s\n", planned->skip);
}

/* What the node has said of the machine. Returns the exit status. */
static int take_answer(const struct asking *asking, const struct planned_test *planned)
{
    g_autofree char *words = node_answer_last_words(asking->errors);
    json_auto_t *answer = NULL;

    if (asking->status == 0)
        answer = json_loads(asking->out, 0, NULL);
    if (answer != NULL) {
        print(planned, answer);
        return 0;
    }
    if (*words != '\0') {
        fprintf(stderr, "vtmh: %s\n", words);
    } else {
        g_autofree char *how = child_describe_status(asking->status);

        fprintf(stderr, "vtmh: vtmh-node does not say what the machine is: %s\n", how);
    }
    return asking->status == NODE_USAGE ? EXIT_BIT_USAGE : EXIT_BIT_JOB;
}

static int fail(const GError *error, int status)
{
    fprintf(stderr, "vtmh: %s\n", error->message);
    return status;
}

/* Returns the exit status. */
static int ask(const struct planned_test *planned, struct asking *asking)
{
    g_autoptr(GError) error = NULL;

    asking->program = artifacts_find_program("vtmh-node", &error);
    asking->guests_dir = artifacts_guests_dir();
    if (asking->program == NULL || fiber_run(ask_node, asking, &error) < 0)
        return fail(error, EXIT_BIT_JOB);
    return take_answer(asking, planned);
}

static void asking_clear(struct asking *asking)
{
    g_free(asking->program);
    g_free(asking->guests_dir);
    free(asking->input);
    g_free(asking->out);
    g_free(asking->errors);
}

int show_machine(const struct selection *selection, const char *test, const char *vm, unsigned host,
                 bool by_libvirt)
{
    unsigned n_hosts = MAX(host, N_HOSTS);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tests = read_test(selection, test, n_hosts, &error);
    const struct planned_test *planned = tests != NULL ? g_ptr_array_index(tests, 0) : NULL;
    struct asking asking = {.vm = vm, .by_libvirt = by_libvirt};
    int status;

    if (planned == NULL || check_vm(planned->params, vm, &error) < 0)
        return fail(error, EXIT_BIT_USAGE);
    asking.input = params_text(planned->params, n_hosts, host);
    status = ask(planned, &asking);
    asking_clear(&asking);
    return status;
}
