/* A domain's devices, its monitor, its agent, its screen. */
#include "libvirt/call.h"
#include "libvirt/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned affected(const struct call *call)
{
    return VIR_DOMAIN_AFFECT_LIVE | (call_flag(call, "config") ? VIR_DOMAIN_AFFECT_CONFIG : 0);
}

static json_t *run_attach(struct call *call)
{
    return call_done(
        call, virDomainAttachDeviceFlags(call->domain, call_string(call, "xml"), affected(call)));
}

static json_t *run_detach(struct call *call)
{
    const char *xml = call_string(call, "xml");
    const char *alias = call_string(call, "alias");

    if ((xml == NULL) == (alias == NULL))
        return call_refuse(call, "Arguments", "domain-detach needs one of \"xml\" and \"alias\"");
    return call_done(call, xml != NULL
                               ? virDomainDetachDeviceFlags(call->domain, xml, affected(call))
                               : virDomainDetachDeviceAlias(call->domain, alias, affected(call)));
}

static json_t *text_answer(struct call *call, char *text)
{
    if (text == NULL)
        return call_fail(call);
    json_t *result = json_pack("{s:o}", "text", wire_text(text));
    free(text);
    return result;
}

static json_t *run_monitor(struct call *call)
{
    unsigned flags = call_flag(call, "hmp") ? VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP : 0;
    char *text = NULL;

    if (virDomainQemuMonitorCommand(call->domain, call_string(call, "command"), &text, flags) < 0)
        return call_fail(call);
    return text_answer(call, text);
}

static json_t *run_agent(struct call *call)
{
    int timeout_s = (int)call_integer(call, "timeout_s", VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT);

    return text_answer(
        call, virDomainQemuAgentCommand(call->domain, call_string(call, "command"), timeout_s, 0));
}

static int write_some(virStreamPtr stream, const char *data, size_t size, void *arg)
{
    const int *fd = arg;
    ssize_t written;

    (void)stream;
    do
        written = write(*fd, data, size);
    while (written < 0 && errno == EINTR);
    return (int)written;
}

/* The picture's kind, transfer full (free()); NULL: libvirt's last error. */
static char *receive_picture(const struct call *call, int fd)
{
    virStreamPtr stream = virStreamNew(call->connection, 0);
    char *mime = NULL;

    if (stream == NULL)
        return NULL;
    mime = virDomainScreenshot(call->domain, stream, (unsigned)call_integer(call, "screen", 0), 0);
    if (mime != NULL && virStreamRecvAll(stream, write_some, &fd) < 0) {
        free(mime);
        mime = NULL;
    }
    if (mime != NULL)
        virStreamFinish(stream);
    else
        virStreamAbort(stream); /* an error that is there stays */
    virStreamFree(stream);
    return mime;
}

static json_t *run_screenshot(struct call *call)
{
    const char *path = call_string(call, "path");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        return call_refuse(call, "GenericError", "cannot write %s: %s", path, g_strerror(errno));
    char *mime = receive_picture(call, fd);
    json_t *result = mime != NULL ? json_pack("{s:o}", "mime", wire_text(mime)) : call_fail(call);
    if (mime == NULL)
        unlink(path);
    close(fd);
    free(mime);
    return result;
}

static json_t *run_block_info(struct call *call)
{
    virDomainBlockInfo info;

    if (virDomainGetBlockInfo(call->domain, call_string(call, "disk"), &info, 0) < 0)
        return call_fail(call);
    return json_pack("{s:I, s:I, s:I}", "capacity", (json_int_t)info.capacity, "allocation",
                     (json_int_t)info.allocation, "physical", (json_int_t)info.physical);
}

const struct call_row calls_of_devices[] = {
    {"domain-attach",
     run_attach,
     CONNECTION_CONTROL,
     true,
     {{"xml", ARGUMENT_STRING, true}, {"config", ARGUMENT_BOOL, false}}},
    {"domain-detach",
     run_detach,
     CONNECTION_CONTROL,
     true,
     {{"xml", ARGUMENT_STRING, false},
      {"alias", ARGUMENT_STRING, false},
      {"config", ARGUMENT_BOOL, false}}},
    {"domain-monitor",
     run_monitor,
     CONNECTION_CONTROL,
     true,
     {{"command", ARGUMENT_STRING, true}, {"hmp", ARGUMENT_BOOL, false}}},
    {"domain-agent",
     run_agent,
     CONNECTION_CALLS,
     true,
     {{"command", ARGUMENT_STRING, true}, {"timeout_s", ARGUMENT_INTEGER, false}}},
    {"domain-screenshot",
     run_screenshot,
     CONNECTION_CALLS,
     true,
     {{"path", ARGUMENT_STRING, true}, {"screen", ARGUMENT_INTEGER, false}}},
    {"domain-block-info",
     run_block_info,
     CONNECTION_CONTROL,
     true,
     {{"disk", ARGUMENT_STRING, true}}},
    {0},
};
