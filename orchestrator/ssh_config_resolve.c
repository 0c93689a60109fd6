/* Asking ssh, and the resolver where the configuration wants one address family. */
#include "orchestrator/ssh_config.h"

#include "sync/child.h"
#include "sync/work.h"

#include <netdb.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

static int refused(const char *errors, GError **err)
{
    g_autofree char *words = g_strdup(errors != NULL ? errors : "");

    g_strstrip(words);
    g_set_error(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_REFUSED,
                "ssh refuses its configuration: %s", words);
    return -1;
}

static int ask_ssh(const struct ssh_config_query *query, int64_t deadline, char **out, GError **err)
{
    char port[8];
    const char *argv[10] = {"ssh", "-G"};
    unsigned n = 2;
    g_autofree char *program = g_find_program_in_path("ssh");
    g_autofree char *printed = NULL;
    g_autofree char *errors = NULL;
    int status;

    if (program == NULL) {
        g_set_error(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_NO_SSH,
                    "the program ssh is not installed here (apt install openssh-client)");
        return -1;
    }
    if (query->port != 0) {
        g_snprintf(port, sizeof port, "%u", query->port);
        argv[n++] = "-p";
        argv[n++] = port;
    }
    if (query->user != NULL) {
        argv[n++] = "-l";
        argv[n++] = query->user;
    }
    argv[n++] = "--";
    argv[n++] = query->host;
    argv[n] = NULL;
    if (child_run(argv, NULL, deadline, &status, &printed, &errors, err) < 0)
        return -1;
    if (status != 0)
        return refused(errors, err);
    *out = g_steal_pointer(&printed);
    return 0;
}

/* On the thread pool. */
static int look_up(void *arg, GError **err)
{
    struct ssh_config *config = arg;
    const struct addrinfo hints = {.ai_family = config->address_family, .ai_socktype = SOCK_STREAM};
    char address[NI_MAXHOST];
    struct addrinfo *found = NULL;
    int result = getaddrinfo(config->hostname, NULL, &hints, &found);

    if (result == 0)
        result = getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                             NI_NUMERICHOST);
    if (found != NULL)
        freeaddrinfo(found);
    if (result != 0) {
        g_set_error(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_NO_ADDRESS,
                    "%s has no %s address (AddressFamily in ssh's configuration): %s",
                    config->hostname, config->address_family == AF_INET6 ? "IPv6" : "IPv4",
                    gai_strerror(result));
        return -1;
    }
    g_free(config->hostname);
    config->hostname = g_strdup(address);
    return 0;
}

struct ssh_config *ssh_config_resolve(const struct ssh_config_query *query, int64_t deadline,
                                      GError **err)
{
    /* ssh takes its home folder from the user database, whatever $HOME says. */
    const struct passwd *user = getpwuid(getuid());
    const char *home = user != NULL ? user->pw_dir : g_get_home_dir();
    g_autoptr(ssh_config) config = NULL;
    g_autofree char *out = NULL;

    if (ask_ssh(query, deadline, &out, err) < 0)
        return NULL;
    config = ssh_config_parse(out, query, home, err);
    if (config == NULL)
        return NULL;
    if (config->address_family != AF_UNSPEC && config->proxy_command == NULL &&
        await_work(look_up, config, deadline, err) < 0)
        return NULL;
    return g_steal_pointer(&config);
}
