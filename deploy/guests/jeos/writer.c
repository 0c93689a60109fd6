#include "writer.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 2
#define GRANT_MAX_S 0.02 /* time paid for at once, at most */
#define REPORTS_MAX 20
#define STATUS_CLEAN 0
#define STATUS_BAD 1
#define STATUS_USAGE 2

struct writer {
    const struct program *program;
    struct store *store;
    double bytes_per_s;
    double budget; /* bytes */
    double paid_until;
    uint32_t cursor; /* next page to be written */
    uint32_t round;
    uint32_t bad;          /* since start */
    uint32_t bad_answered; /* of these, told by an earlier verify */
    uint32_t reports;
    volatile uint32_t *slots;
    int serial;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Who is not root has no place in /run. */
static struct sockaddr_un address_of(const struct program *program)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s.sock",
             geteuid() == 0 ? "/run" : "/tmp", program->name);
    return address;
}

static void unlink_socket(const struct program *program)
{
    unlink(address_of(program).sun_path);
}

static int connect_to(const struct program *program, bool listening)
{
    struct sockaddr_un address = address_of(program);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && listening && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, 8) == 0)
        return fd;
    if (fd >= 0 && !listening && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void report_bad(struct writer *w, uint32_t index, const struct page_fault *fault)
{
    w->bad++;
    if (w->slots)
        w->slots[w->program->slot] = w->bad;
    if (w->reports++ < REPORTS_MAX)
        serial_line(w->serial, 'B', index, fault->have, fault->want);
}

/* Loads a page that must hold ROUND. A bad one is counted and made good in *PAGE; *REPAIRED tells
 * that it has to be saved. A page that cannot be read at all is a bad one too. */
static int load_checked(struct writer *w, uint32_t index, uint32_t round, struct page **page,
                        bool *repaired)
{
    struct page_fault fault;

    *repaired = false;
    if (w->store->load(w->store, index, page) < 0)
        return -1;
    if (page_check(*page, index, round, &fault))
        return 0;
    report_bad(w, index, &fault);
    page_fill(*page, index, round);
    *repaired = true;
    return 0;
}

static void count_unusable(struct writer *w, uint32_t index)
{
    struct page_fault fault = {.have = (uint32_t)errno, .want = 0};

    report_bad(w, index, &fault);
}

static void write_next(struct writer *w)
{
    struct page *page;
    bool repaired;

    if (load_checked(w, w->cursor, w->round, &page, &repaired) < 0) {
        count_unusable(w, w->cursor);
    } else {
        page->round = w->round + 1;
        if (w->store->save(w->store, w->cursor, page) < 0)
            count_unusable(w, w->cursor);
    }
    if (++w->cursor == w->store->pages) {
        w->cursor = 0;
        w->round++;
    }
}

static void write_due(struct writer *w)
{
    double now = now_s();
    double passed = now - w->paid_until;

    w->paid_until = now;
    w->budget += (passed > GRANT_MAX_S ? GRANT_MAX_S : passed) * w->bytes_per_s;
    while (w->budget > 0) {
        write_next(w);
        w->budget -= PAGE_BYTES;
        if (now_s() - now > GRANT_MAX_S)
            w->budget = 0; /* more was asked than can be done: listen again */
    }
}

static void verify(struct writer *w)
{
    struct page *page;
    bool repaired;

    for (uint32_t i = 0; i < w->store->pages; i++) {
        uint32_t round = w->round + (i < w->cursor);

        if (load_checked(w, i, round, &page, &repaired) < 0 ||
            (repaired && w->store->save(w->store, i, page) < 0))
            count_unusable(w, i);
    }
    w->paid_until = now_s();
}

/* Spoils the page behind the cursor: the one the writer comes to last. */
static void spoil(struct writer *w)
{
    uint32_t index = (w->cursor ? w->cursor : w->store->pages) - 1;
    struct page *page;

    if (w->store->load(w->store, index, &page) < 0)
        return;
    page->round ^= 0x80000000u;
    w->store->save(w->store, index, page);
}

/* An answer is a line: exit status, a blank, the text to print. */
static void answer(int fd, int status, const char *text)
{
    dprintf(fd, "%d %s\n", status, text);
}

static void answer_counts(struct writer *w, int fd, uint32_t bad)
{
    char text[96];

    snprintf(text, sizeof text, "pages=%u bad=%u rounds=%u", w->store->pages, bad, w->round);
    answer(fd, bad ? STATUS_BAD : STATUS_CLEAN, text);
}

/* Returns false when the daemon has to end. */
static bool serve(struct writer *w, int client)
{
    struct timeval deadline = {.tv_sec = 1};
    char verb[32];
    ssize_t length;

    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    length = recv(client, verb, sizeof verb - 1, 0);
    verb[length > 0 ? length : 0] = '\0';
    if (strcmp(verb, "verify") == 0) {
        verify(w);
        uint32_t bad = w->bad - w->bad_answered;

        w->bad_answered = w->bad;
        serial_line(w->serial, 'V', w->store->pages, bad, w->round);
        answer_counts(w, client, bad);
    } else if (strcmp(verb, "status") == 0) {
        answer_counts(w, client, w->bad);
    } else if (strcmp(verb, "spoil") == 0) {
        spoil(w);
        answer(client, STATUS_CLEAN, "spoiled one page");
    } else if (strcmp(verb, "stop") == 0) {
        unlink_socket(w->program);
        answer_counts(w, client, w->bad);
        return false;
    } else {
        answer(client, STATUS_USAGE, "verbs: verify, status, spoil, stop");
    }
    return true;
}

static void run(struct writer *w, int listener)
{
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    bool serving = true;

    w->paid_until = now_s();
    while (serving) {
        if (poll(&wait, 1, w->bytes_per_s > 0 ? STEP_MS : -1) > 0) {
            int client = accept(listener, NULL, NULL);

            if (client >= 0) {
                serving = serve(w, client);
                close(client);
            }
        }
        write_due(w);
    }
}

static int fill(struct store *store)
{
    for (uint32_t i = 0; i < store->pages; i++) {
        struct page *page;

        if (store->load(store, i, &page) < 0)
            return -1;
        page_fill(page, i, 0);
        if (store->save(store, i, page) < 0)
            return -1;
    }
    return 0;
}

int writer_start(const struct program *program, struct store *store, double bytes_per_s)
{
    struct writer w = {.program = program, .store = store, .bytes_per_s = bytes_per_s};
    int running = connect_to(program, false);
    int listener;

    if (running >= 0) {
        close(running);
        fprintf(stderr, "%s: already running; `%s stop` ends it\n", program->name, program->name);
        return STATUS_USAGE;
    }
    if (fill(store) < 0) {
        fprintf(stderr, "%s: filling: %s\n", program->name, strerror(errno));
        return STATUS_USAGE;
    }
    unlink_socket(program);
    listener = connect_to(program, true);
    if (listener < 0) {
        fprintf(stderr, "%s: its socket: %s\n", program->name, strerror(errno));
        return STATUS_USAGE;
    }
    fflush(stdout);
    /* The foreground process ends here; the socket is bound, so who asks from now on is heard. */
    if (daemon(0, 0) < 0) {
        fprintf(stderr, "%s: to the background: %s\n", program->name, strerror(errno));
        return STATUS_USAGE;
    }
    /* In a guest that is not ours the serial line is somebody else's. */
    w.serial = getenv("VTMH_QUIET") ? -1 : serial_open(false);
    w.slots = bad_map();
    if (w.slots)
        w.slots[program->slot] = 0;
    run(&w, listener);
    return STATUS_CLEAN;
}

int writer_ask(const struct program *program, const char *verb)
{
    char reply[128] = "";
    size_t length = 0;
    ssize_t got;
    int fd = connect_to(program, false);

    if (fd < 0) {
        fprintf(stderr, "%s: not running; `%s start` begins\n", program->name, program->name);
        return STATUS_USAGE;
    }
    if (send(fd, verb, strlen(verb), MSG_NOSIGNAL) < 0)
        length = 0;
    while (length < sizeof reply - 1 &&
           (got = recv(fd, reply + length, sizeof reply - 1 - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    if (length < 3) {
        fprintf(stderr, "%s: the daemon ended without an answer\n", program->name);
        return STATUS_USAGE;
    }
    fputs(reply + 2, stdout);
    return reply[0] - '0';
}
