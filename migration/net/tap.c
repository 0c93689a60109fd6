#include "migration/net/tap.h"

#include "migration/net/link.h"
#include "migration/vm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN "/dev/net/tun"
#define PROOF_NAME LINK_PREFIX "proof%d" /* the kernel puts a number there */

static int fail(enum vm_error code, const char *name, const char *what, GError **err)
{
    g_set_error(err, VM_ERROR, (int)code, "cannot %s %s: %s", what, name, g_strerror(errno));
    return -1;
}

/* One queue of a tap; -1 with errno. */
static int open_queue(const char *name, bool several)
{
    struct ifreq ifr = {
        .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (several ? IFF_MULTI_QUEUE : 0))};
    int fd = open(TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return -1;
    g_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    if (ioctl(fd, TUNSETIFF, &ifr) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int connect_tap(const struct tap_spec *spec, GError **err)
{
    guint8 mac[6];

    if (link_parse_mac(spec->mac, mac)) {
        mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
        if (link_set_mac(spec->name, mac) < 0)
            return fail(VM_ERROR_START, spec->name, "set the MAC address of the tap", err);
    }
    if (link_copy_mtu(spec->name, spec->bridge) < 0)
        return fail(VM_ERROR_START, spec->name, "set the MTU of the tap", err);
    if (link_join_bridge(spec->name, spec->bridge) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot put the tap %s on the bridge %s: %s",
                    spec->name, spec->bridge, g_strerror(errno));
        return -1;
    }
    if (link_set_up(spec->name) < 0)
        return fail(VM_ERROR_START, spec->name, "switch on the tap", err);
    return 0;
}

int tap_open(const struct tap_spec *spec, int *fds, GError **err)
{
    unsigned n = 0;

    while (n < spec->queues && (fds[n] = open_queue(spec->name, spec->queues > 1)) >= 0)
        n++;
    if (n < spec->queues)
        fail(VM_ERROR_START, spec->name, "make the tap", err);
    else if (connect_tap(spec, err) == 0)
        return 0;
    while (n > 0)
        close(fds[--n]);
    return -1;
}

int tap_prove(GError **err)
{
    int fd = open(TUN, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return fail(VM_ERROR_UNSUPPORTED, TUN, "open", err);
    close(fd);
    fd = open_queue(PROOF_NAME, false);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (errno == EPERM)
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "taps cannot be made: this user has no CAP_NET_ADMIN there");
    else
        fail(VM_ERROR_UNSUPPORTED, TUN, "make a tap with", err);
    return -1;
}

int tap_check_bridge(const char *bridge, GError **err)
{
    g_autofree char *driver = link_driver(bridge);

    if (!link_exists(bridge))
        g_set_error(err, VM_ERROR, VM_ERROR_START, "there is no bridge %s", bridge);
    else if (strcmp(driver, "bridge") != 0)
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s is no bridge%s%s", bridge,
                    *driver != '\0' ? ", but of the kind " : "", driver);
    else if (!link_is_up(bridge))
        g_set_error(err, VM_ERROR, VM_ERROR_START, "the bridge %s is switched off", bridge);
    else
        return 0;
    return -1;
}
