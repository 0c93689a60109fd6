/*
 * Each call has a thread: libvirt's calls block, may hang for ever, and cannot be cancelled. A
 * thread belongs to nobody once it runs; it answers, and is counted until it has. At the end of the
 * program those that are left end with the process.
 */
#include "libvirt/call.h"

#include "libvirt/protocol.h"
#include "libvirt/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const struct call_row *const files[] = {calls_of_host, calls_of_life, calls_of_devices,
                                               calls_of_jobs, calls_of_migration};

static const struct argument domain_arguments[] = {
    {"name", ARGUMENT_STRING, false},
    {"uuid", ARGUMENT_STRING, false},
};

static atomic_uint under_way;

const struct call_row *call_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        for (const struct call_row *row = files[i]; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

static const struct argument *find_argument(const struct call_row *row, const char *name)
{
    if (row->is_of_domain)
        for (size_t i = 0; i < G_N_ELEMENTS(domain_arguments); i++)
            if (strcmp(domain_arguments[i].name, name) == 0)
                return &domain_arguments[i];
    for (size_t i = 0; i < ARGUMENTS_MAX && row->arguments[i].name != NULL; i++)
        if (strcmp(row->arguments[i].name, name) == 0)
            return &row->arguments[i];
    return NULL;
}

static bool are_strings(const json_t *value)
{
    size_t i;
    json_t *element;

    if (!json_is_array(value))
        return false;
    json_array_foreach (value, i, element)
        if (!json_is_string(element))
            return false;
    return true;
}

static bool is_of_type(const json_t *value, enum argument_type type)
{
    switch (type) {
    case ARGUMENT_STRING:
        return json_is_string(value);
    case ARGUMENT_BOOL:
        return json_is_boolean(value);
    case ARGUMENT_INTEGER:
        return json_is_integer(value);
    case ARGUMENT_OBJECT:
        return json_is_object(value);
    case ARGUMENT_STRINGS:
        return are_strings(value);
    }
    return false;
}

bool call_arguments_fit(const struct call_row *row, const json_t *arguments, char **why_out)
{
    static const char *const types[] = {"a string", "a boolean", "an integer", "an object",
                                        "an array of strings"};
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)arguments, name, value) {
        const struct argument *argument = find_argument(row, name);

        if (argument == NULL)
            *why_out = g_strdup_printf("%s takes no \"%s\"", row->name, name);
        else if (!is_of_type(value, argument->type))
            *why_out =
                g_strdup_printf("%s: \"%s\" is not %s", row->name, name, types[argument->type]);
        else
            continue;
        return false;
    }
    for (size_t i = 0; i < ARGUMENTS_MAX && row->arguments[i].name != NULL; i++) {
        if (row->arguments[i].is_needed &&
            json_object_get(arguments, row->arguments[i].name) == NULL) {
            *why_out = g_strdup_printf("%s needs \"%s\"", row->name, row->arguments[i].name);
            return false;
        }
    }
    if (row->is_of_domain && json_object_get(arguments, "name") == NULL &&
        json_object_get(arguments, "uuid") == NULL) {
        *why_out = g_strdup_printf("%s needs \"name\" or \"uuid\"", row->name);
        return false;
    }
    return true;
}

static void call_free(struct call *call)
{
    if (call->domain != NULL)
        virDomainFree(call->domain);
    if (call->connection != NULL)
        virConnectClose(call->connection);
    json_decref(call->id);
    json_decref(call->arguments);
    g_free(call->error_class);
    g_free(call->error_desc);
    g_free(call);
}

static virDomainPtr look_up(const struct call *call)
{
    const char *uuid = call_string(call, "uuid");

    return uuid != NULL ? virDomainLookupByUUIDString(call->connection, uuid)
                        : virDomainLookupByName(call->connection, call_string(call, "name"));
}

static json_t *run_row(struct call *call)
{
    if (call->row->over != CONNECTION_NONE) {
        call->connection = connection_ref(call->row->over);
        if (call->connection == NULL)
            return call_refuse(call, "NotConnected", "%s: not connected", call->row->name);
    }
    if (call->row->is_of_domain) {
        call->domain = look_up(call);
        if (call->domain == NULL)
            return call_fail(call);
    }
    return call->row->run(call);
}

static void *run(void *arg)
{
    struct call *call = arg;
    json_t *value = run_row(call);

    if (value != NULL)
        wire_return(call->id, value);
    else
        wire_error(call->id, call->error_class, call->error_desc);
    call_free(call);
    atomic_fetch_sub(&under_way, 1);
    return NULL;
}

static void start(const struct call_row *row, const json_t *id, const json_t *arguments)
{
    struct call *call = g_new0(struct call, 1);
    pthread_attr_t attributes;
    pthread_t thread;

    call->row = row;
    call->id = id != NULL ? json_deep_copy(id) : NULL;
    call->arguments = arguments != NULL ? json_deep_copy(arguments) : json_object();
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&under_way, 1);
    if (pthread_create(&thread, &attributes, run, call) != 0) {
        wire_error(id, "Busy", "no thread can be started for the call");
        atomic_fetch_sub(&under_way, 1);
        call_free(call);
    }
    pthread_attr_destroy(&attributes);
}

bool call_take(const json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "execute"));
    const json_t *id = json_object_get(message, "id");
    const json_t *arguments = json_object_get(message, "arguments");
    const struct call_row *row = name != NULL ? call_find(name) : NULL;
    g_autofree char *why = NULL;

    if (name == NULL)
        wire_error(id, "GenericError", "not a command: an object with \"execute\" is");
    else if (strcmp(name, "qmp_capabilities") == 0 || strcmp(name, "quit") == 0)
        wire_return(id, json_object());
    else if (row == NULL)
        wire_error(id, "CommandNotFound", "there is no such command");
    else if (arguments != NULL && !json_is_object(arguments))
        wire_error(id, "Arguments", "arguments are not an object");
    else if (!call_arguments_fit(row, arguments, &why))
        wire_error(id, "Arguments", why);
    else if (call_count() >= PROTOCOL_CALLS_MAX)
        wire_error(id, "Busy", "too many calls at a time");
    else
        start(row, id, arguments);
    return name == NULL || strcmp(name, "quit") != 0;
}

unsigned call_count(void)
{
    return atomic_load(&under_way);
}

const json_t *call_value(const struct call *call, const char *name)
{
    return json_object_get(call->arguments, name);
}

const char *call_string(const struct call *call, const char *name)
{
    return json_string_value(call_value(call, name));
}

bool call_flag(const struct call *call, const char *name)
{
    return json_is_true(call_value(call, name));
}

long long call_integer(const struct call *call, const char *name, long long otherwise)
{
    const json_t *value = call_value(call, name);

    return value != NULL ? json_integer_value(value) : otherwise;
}

json_t *call_fail(struct call *call)
{
    return call_fail_with(call, virGetLastError());
}

json_t *call_fail_with(struct call *call, const virError *error)
{
    if (error == NULL)
        return call_refuse(call, "GenericError", "%s failed, and libvirt does not say why",
                           call->row->name);
    g_autofree char *class_name = g_strdup_printf("VIR_ERR_%d", error->code);
    return call_refuse(call, class_name, "%s", error->message);
}

json_t *call_refuse(struct call *call, const char *class_name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    call->error_class = g_strdup(class_name);
    call->error_desc = g_strdup_vprintf(format, args);
    va_end(args);
    return NULL;
}

json_t *call_done(struct call *call, int result)
{
    return result == 0 ? json_object() : call_fail(call);
}
