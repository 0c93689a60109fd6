/*
 * pgrep and pkill of jeos, with the options that test commands use. Debian's need eleven libraries,
 * and under emulation a quarter of a second a call.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOUND = 0, NOT_FOUND = 1, USAGE = 2 };

struct wish {
    bool kills;       /* pkill */
    bool whole_line;  /* -f: match the command line, not the name */
    bool exact;       /* -x: all of it must match */
    bool shows_name;  /* -l */
    bool only_counts; /* -c */
    int signal;
    regex_t pattern;
};

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"KILL", SIGKILL}, {"TERM", SIGTERM},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"STOP", SIGSTOP}, {"CONT", SIGCONT},
};

static int usage(const struct wish *wish)
{
    fprintf(stderr, "usage: %s [-f] [-x]%s PATTERN\n", wish->kills ? "pkill [-SIGNAL]" : "pgrep",
            wish->kills ? "" : " [-l] [-c]");
    return USAGE;
}

/* -1: there is no such signal. */
static int signal_of(const char *text)
{
    if (isdigit((unsigned char)*text))
        return atoi(text);
    if (strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (strcmp(text, signals[i].name) == 0)
            return signals[i].number;
    }
    return -1;
}

/* Reads a file of /proc; the words of a command line, which end with NUL, are joined by blanks. */
static bool read_proc(const char *pid, const char *file, char *text, size_t size)
{
    char path[64];
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, size - 1);
    close(fd);
    while (got > 0 && (text[got - 1] == '\0' || text[got - 1] == '\n'))
        got--;
    if (got <= 0)
        return false;
    text[got] = '\0';
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == '\0')
            text[i] = ' ';
    }
    return true;
}

/* Whether this process is meant. A kernel thread has no command line: its name stands for it. */
static bool is_meant(const struct wish *wish, const char *pid, char *text, size_t size)
{
    regmatch_t match;

    if (!(wish->whole_line && read_proc(pid, "cmdline", text, size)) &&
        !read_proc(pid, "comm", text, size))
        return false;
    if (regexec(&wish->pattern, text, 1, &match, 0) != 0)
        return false;
    return !wish->exact || (match.rm_so == 0 && text[match.rm_eo] == '\0');
}

static int search(const struct wish *wish)
{
    char text[4096];
    unsigned found = 0;
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        int pid = atoi(entry->d_name);

        if (pid <= 0 || pid == getpid() || !is_meant(wish, entry->d_name, text, sizeof text))
            continue;
        if (wish->kills && kill(pid, wish->signal) < 0)
            continue;
        found++;
        if (!wish->kills && !wish->only_counts)
            printf("%d%s%s\n", pid, wish->shows_name ? " " : "", wish->shows_name ? text : "");
    }
    if (proc != NULL)
        closedir(proc);
    if (wish->only_counts)
        printf("%u\n", found);
    return found > 0 ? FOUND : NOT_FOUND;
}

/* Takes one option into `wish`. */
static bool take_option(struct wish *wish, const char *option)
{
    int number = wish->kills ? signal_of(option) : -1;

    if (number >= 0) {
        wish->signal = number;
        return true;
    }
    if (*option == '\0' || strspn(option, wish->kills ? "fx" : "fxlc") != strlen(option))
        return false;
    wish->whole_line |= strchr(option, 'f') != NULL;
    wish->exact |= strchr(option, 'x') != NULL;
    wish->shows_name |= strchr(option, 'l') != NULL;
    wish->only_counts |= strchr(option, 'c') != NULL;
    return true;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    struct wish wish = {.signal = SIGTERM};
    int i;

    wish.kills = strcmp(slash != NULL ? slash + 1 : argv[0], "pkill") == 0;
    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (!take_option(&wish, argv[i] + 1))
            return usage(&wish);
    }
    if (i + 1 != argc || regcomp(&wish.pattern, argv[i], REG_EXTENDED) != 0)
        return usage(&wish);
    return search(&wish);
}
