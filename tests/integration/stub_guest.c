#include "stub_guest.h"

#include "migration/guest/way.h"
#include "migration/machine/nic.h"
#include "migration/vm/net.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event exited;

static struct event *exited_of(struct vm *vm)
{
    (void)vm;
    return &exited;
}

static int has_no_screen(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    (void)vm;
    (void)path;
    (void)deadline;
    g_set_error_literal(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "there is no screen");
    return -1;
}

static const struct vm_driver driver = {
    .name = "stub", .exited = exited_of, .screendump = has_no_screen};

static void ignore_log(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                       const char *text)
{
    (void)node;
    (void)level;
    (void)role;
    (void)vm;
    (void)text;
}

static const struct host_ops ops = {.log = ignore_log};

/* The key is known: nothing else of a cloud's image is asked for. A server of this computer has no
 * Administrator. */
static int know_login(struct guest *guest, struct login *login, GError **err)
{
    (void)err;
    login->identity = guest->identity;
    if (login->is_windows)
        login->username = g_get_user_name();
    return 0;
}

static struct guest_kind kind;

/* A machine with one card, of the user network or not, and nothing else. */
static struct device *make_board(bool is_forwarded)
{
    struct device *board = g_new0(struct device, 1);
    struct device *nic = g_new0(struct device, 1);

    board->children = g_ptr_array_new();
    board->travels = json_object();
    board->local = json_object();
    nic->kind = &device_nic;
    nic->id = g_strdup("nic1");
    nic->travels = json_object();
    nic->local = is_forwarded ? json_pack("{s:[]}", "forwards") : json_object();
    nic->children = g_ptr_array_new();
    g_ptr_array_add(board->children, nic);
    return board;
}

static void free_device(struct device *device)
{
    for (unsigned i = 0; i < device->children->len; i++)
        free_device(g_ptr_array_index(device->children, i));
    g_ptr_array_unref(device->children);
    json_decref(device->travels);
    json_decref(device->local);
    g_free(device->id);
    g_free(device);
}

int stub_guest_open(struct stub_guest *stub, const char *params, const char *identity, GError **err)
{
    g_auto(GStrv) settings = g_strsplit(params, ";", -1);
    int pair[2];

    *stub = (struct stub_guest){.line = -1};
    stub->folder = g_dir_make_tmp("vtmh-stub-XXXXXX", err);
    stub->host = (struct host){.name = "host1", .log_dir = stub->folder, .ops = &ops};
    stub->board = make_board(strstr(params, "nettype=bridge") == NULL);
    stub->vm = (struct vm){.driver = &driver, .host = &stub->host, .name = (char *)"vm1"};
    stub->vm.net = vm_net_open(&stub->host, "vm1", stub->board, err);
    if (stub->vm.net == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    stub->line = pair[1];
    stub->vm.serial = stream_new(pair[0], err);
    stub->scope = scope_open("guest");
    stub->params = params_new();
    params_set(stub->params, "guest", "image", NULL);
    for (char **setting = settings; *setting != NULL && **setting != '\0'; setting++) {
        g_auto(GStrv) words = g_strsplit(*setting, "=", 2);

        params_set(stub->params, words[0], words[1], NULL);
    }
    stub->guest = guest_attach(&stub->vm, &stub->host, stub->params, stub->scope, err);
    if (stub->guest == NULL)
        return -1;
    kind = guest_image;
    kind.know_login = know_login;
    stub->guest->kind = &kind;
    stub->guest->identity = g_strdup(identity);
    return 0;
}

void stub_guest_forward(struct stub_guest *stub, uint16_t guest_port, uint16_t host_port)
{
    vm_net_forward(stub->vm.net, guest_port, host_port);
}

int stub_guest_close(struct stub_guest *stub, GError **err)
{
    g_autofree char *log = g_build_filename(stub->folder, "vm1.serial.log", NULL);
    int result;

    guest_free(stub->guest);
    close(stub->line);
    result = scope_close(stub->scope, err);
    stream_close(stub->vm.serial);
    vm_net_close(stub->vm.net);
    free_device(stub->board);
    params_unref(stub->params);
    g_unlink(log);
    g_rmdir(stub->folder);
    g_free(stub->folder);
    return result;
}
