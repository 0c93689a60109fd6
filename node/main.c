#include "migration/move/transport/relay.h"
#include "migration/net/prober.h"
#include "migration/storage/look.h"
#include "migration/vm/kvm_proof.h"
#include "node/claiming.h"
#include "node/describe.h"
#include "node/ledger.h"
#include "node/serve.h"
#include "node/session.h"
#include "node/show_machine.h"
#include "node/version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: vtmh-node serve --name NAME --listen ADDRESS --guests DIR [--address IP] [--grace S]\n"
    "       vtmh-node cleanup [--pid PID]\n"
    "       vtmh-node machine --vm NAME --guests DIR\n"
    "       vtmh-node relay | look\n"
    "       vtmh-node prober ADDRESS MAC in|both|say\n"
    "       vtmh-node prove-kvm | --describe | --version | --help\n"
    "\n"
    "The part of vtmh that runs on a host. vtmh puts it there, starts it and ends it; there is\n"
    "nothing to configure.\n"
    "\n"
    "  serve      reads a key from stdin, says in one line of JSON where it listens, goes into "
    "the\n"
    "             background and serves the coordinator that holds the key\n"
    "               --name NAME       what the job calls this host\n"
    "               --listen ADDRESS  tcp://IP:PORT (port 0: any), or ipc: a unix socket that\n"
    "                                 the node makes\n"
    "               --address IP      where other hosts reach this one (default: as in --listen)\n"
    "               --guests DIR      where tick/ and jeos/ lie\n"
    "               --grace SECONDS   how long to keep everything without a coordinator (60)\n"
    "  cleanup    removes what dead nodes left on this host; with --pid ends that node first.\n"
    "             Prints a line for each thing: removed WHAT, left WHAT (it could not be "
    "removed),\n"
    "             live NODE (it was not touched). Exit status 1 if something was left\n"
    "  machine    prints the machine of a VM as JSON, as it would be started on this computer,\n"
    "             without starting it; stdin has the parameters of the test, a JSON object\n"
    "  relay      carries the streams of a migration between pairs of descriptors that come over\n"
    "             its stdin; the node itself starts it\n"
    "  prober     asks a guest over the network all the time, and tells for how long it did not\n"
    "             answer; the node itself starts it\n"
    "  look       looks at images that stdin names as JSON (migration/storage/look.h): a process\n"
    "             that may hang on their storage; the node itself starts it\n"
    "  prove-kvm  runs a tiny guest with KVM: exit status 0 if it really works\n"
    "  --describe prints the test types and parameters as JSON\n";

static int wrong_usage(const char *what, const char *which)
{
    fprintf(stderr, "vtmh-node: %s%s\n%s", what, which, usage);
    return 4;
}

static int serve_main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"name", required_argument, NULL, 'n'},    {"listen", required_argument, NULL, 'l'},
        {"address", required_argument, NULL, 'a'}, {"guests", required_argument, NULL, 'g'},
        {"grace", required_argument, NULL, 'G'},   {NULL, 0, NULL, 0},
    };
    struct serve_options options = {.grace_ms = SESSION_GRACE_MS};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        switch (option) {
        case 'n':
            options.name = optarg;
            break;
        case 'l':
            options.listen = optarg;
            break;
        case 'a':
            options.address = optarg;
            break;
        case 'g':
            options.guests_dir = optarg;
            break;
        case 'G':
            options.grace_ms = (int64_t)(g_ascii_strtod(optarg, NULL) * 1000);
            break;
        default:
            return 4;
        }
    }
    if (options.name == NULL || options.listen == NULL || options.guests_dir == NULL)
        return wrong_usage("serve needs --name, --listen and --guests", "");
    return serve(&options);
}

static int machine_main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"vm", required_argument, NULL, 'v'},
        {"guests", required_argument, NULL, 'g'},
        {"libvirt", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    const char *vm = NULL, *guests_dir = NULL;
    bool by_libvirt = false;
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        if (option == '?')
            return 4;
        if (option == 'l')
            by_libvirt = true;
        else
            *(option == 'v' ? &vm : &guests_dir) = optarg;
    }
    if (vm == NULL || guests_dir == NULL)
        return wrong_usage("machine needs --vm and --guests", "");
    return show_machine(vm, guests_dir, by_libvirt);
}

static void print_lines(const char *word, const GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++)
        printf("%s %s\n", word, (const char *)g_ptr_array_index(lines, i));
}

static int reap(void *arg, GError **err)
{
    const pid_t *pid = arg;
    g_autofree char *base = ledger_base(err);
    if (base == NULL)
        return -1;
    g_auto(reaping) outcome;
    reaping_init(&outcome);
    int result = ledger_reap(base, *pid, *pid == 0, &outcome, err);
    claiming_sweep(outcome.removed);
    print_lines("removed", outcome.removed);
    print_lines("live", outcome.live);
    print_lines("left", outcome.left);
    return result;
}

static int cleanup_main(int argc, char **argv)
{
    pid_t pid = 0;
    if (argc == 3 && strcmp(argv[1], "--pid") == 0)
        pid = (pid_t)g_ascii_strtoll(argv[2], NULL, 10);
    else if (argc != 1)
        return wrong_usage("cleanup takes only --pid PID", "");
    g_autoptr(GError) error = NULL;
    if (fiber_run(reap, &pid, &error) == 0)
        return 0;
    fprintf(stderr, "vtmh-node: cleanup: %s\n", error->message);
    return 1;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "serve") == 0)
        return serve_main(argc - 1, argv + 1);
    if (strcmp(command, "cleanup") == 0)
        return cleanup_main(argc - 1, argv + 1);
    if (strcmp(command, "machine") == 0)
        return machine_main(argc - 1, argv + 1);
    if (strcmp(command, "relay") == 0)
        return relay_main(argc - 1, argv + 1);
    if (strcmp(command, "prober") == 0)
        return prober_main(argc - 1, argv + 1);
    if (strcmp(command, "look") == 0)
        return look_main();
    if (strcmp(command, "prove-kvm") == 0)
        return kvm_proof_main();
    if (strcmp(command, "--describe") == 0)
        return describe(stdout);
    if (strcmp(command, "--version") == 0) {
        printf("vtmh-node %s (protocol %d)\n", NODE_VERSION, LINK_PROTOCOL_VERSION);
        return 0;
    }
    if (strcmp(command, "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return wrong_usage(*command == '\0' ? "no command" : "unknown command: ", command);
}
