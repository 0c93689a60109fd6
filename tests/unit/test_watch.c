/* Whose address a frame tells. */
#include "migration/net/watch.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

TestSuite(watch, .timeout = 10);

static const guint8 mac[6] = {0x9a, 0, 0, 0, 0, 1};

/* "9a 00 … ": bytes of a frame. Returns how many. */
static gsize bytes_of(const char *text, guint8 *frame)
{
    gsize n = 0;

    for (const char *c = text; *c != '\0'; c++)
        if (g_ascii_isxdigit(c[0]) && g_ascii_isxdigit(c[1])) {
            frame[n++] = (guint8)(g_ascii_xdigit_value(c[0]) << 4 | g_ascii_xdigit_value(c[1]));
            c++;
        }
    return n;
}

/* NULL: nobody's. */
static const char *told(const char *text)
{
    static char address[INET6_ADDRSTRLEN];
    guint8 frame[256];
    gsize size = bytes_of(text, frame);

    return net_watch_read(frame, size, mac, address, sizeof address) ? address : NULL;
}

#define FROM_GUEST "ffffffffffff 9a0000000001 "
#define ARP "0806 0001 0800 06 04 "

Test(watch, arp_tells_the_senders_address)
{
    cr_expect_str_eq(told(FROM_GUEST ARP "0001 9a0000000001 0a4e0032 000000000000 0a4e0001"),
                     "10.78.0.50");
    cr_expect_str_eq(told(FROM_GUEST ARP "0002 9a0000000001 0a4e0032 9a0000000002 0a4e0001"),
                     "10.78.0.50");
}

Test(watch, an_address_that_is_only_tried_is_nobodys)
{
    cr_expect_null(told(FROM_GUEST ARP "0001 9a0000000001 00000000 000000000000 0a4e0032"));
}

Test(watch, what_others_say_is_not_the_guests)
{
    cr_expect_null(
        told("ffffffffffff 9a0000000002 " ARP "0001 9a0000000002 0a4e0032 000000000000 0a4e0001"));
    cr_expect_null(told(FROM_GUEST ARP "0001 9a0000000002 0a4e0032 000000000000 0a4e0001"));
    cr_expect_null(told(FROM_GUEST "0800 4500"));
}

Test(watch, a_link_local_address_is_of_no_use)
{
    cr_expect_null(told(FROM_GUEST ARP "0001 9a0000000001 a9fe0032 000000000000 a9fe0001"));
}

#define IP6 "86dd 60000000 0020 3a ff "
#define ADDRESS "fd00 0000 0000 0000 0000 0000 0000 0005 "
#define LOCAL "fe80 0000 0000 0000 0000 0000 0000 0005 "
#define NONE "0000 0000 0000 0000 0000 0000 0000 0000 "
#define ALL "ff02 0000 0000 0000 0000 0000 0000 0001 "

Test(watch, neighbour_discovery_tells_who_asks_and_who_answers)
{
    cr_expect_str_eq(told(FROM_GUEST IP6 ADDRESS ALL "87 00 0000 00000000 " LOCAL), "fd00::5");
    cr_expect_str_eq(told(FROM_GUEST IP6 LOCAL ALL "88 00 0000 00000000 " ADDRESS), "fd00::5");
    cr_expect_null(told(FROM_GUEST IP6 NONE ALL "87 00 0000 00000000 " ADDRESS));
    cr_expect_null(told(FROM_GUEST IP6 LOCAL ALL "87 00 0000 00000000 " ADDRESS));
}

Test(watch, a_frame_that_is_cut_short_tells_nothing)
{
    static const char *const frames[] = {
        FROM_GUEST ARP "0001 9a0000000001 0a4e0032 000000000000 0a4e0001",
        FROM_GUEST IP6 ADDRESS ALL "87 00 0000 00000000 " LOCAL,
    };

    for (gsize f = 0; f < G_N_ELEMENTS(frames); f++) {
        guint8 frame[256];
        gsize size = bytes_of(frames[f], frame);
        char text[INET6_ADDRSTRLEN];

        for (gsize n = 0; n < size; n++) {
            g_autofree guint8 *cut = g_memdup2(frame, n);
            cr_expect_not(net_watch_read(cut, n, mac, text, sizeof text), "%zu of %zu", n, size);
        }
    }
}

#define MAGIC "76746d682d736179 "

Test(watch, a_probe_is_known_by_its_type_its_word_and_whom_it_is_for)
{
    static const struct {
        const char *frame;
        guint64 number;
    } cases[] = {
        {"9a0000000001 027600000001 88b5 " MAGIC "0000000000000102", 258},
        {"9a0000000002 027600000001 88b5 " MAGIC "0000000000000102", 0},
        {"9a0000000001 9a0000000001 88b5 " MAGIC "0000000000000102", 0},
        {"9a0000000001 027600000001 88b6 " MAGIC "0000000000000102", 0},
        {"9a0000000001 027600000001 88b5 0000000000000000 0000000000000102", 0},
        {"9a0000000001 027600000001 88b5 " MAGIC "00000000000001", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 frame[256];
        gsize size = bytes_of(cases[i].frame, frame);

        cr_expect_eq(net_watch_probe(frame, size, mac), cases[i].number, "%zu", i);
    }
}
