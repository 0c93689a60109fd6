/* The one line with which a started node answers:
 * {"version":…,"protocol":…,"address":…,"pid":…}. */
#pragma once

#include <glib.h>
#include <sys/types.h>

struct node_answer {
    char *version;
    char *address; /* tcp://IP:PORT or ipc://PATH, as the node sees itself */
    pid_t pid;
};

/*
 * Reads what `vtmh-node serve` left behind: its stdout, its stderr and how it ended (any words,
 * such as "exit status 1"; NULL: it succeeded). Fails with DEPLOY_ERROR_START and the node's own
 * words, or with DEPLOY_ERROR_HOST when the node speaks another protocol version. Clear with
 * node_answer_clear().
 */
int node_answer_parse(const char *out, const char *errors, const char *ending,
                      struct node_answer *answer, GError **err);
void node_answer_clear(struct node_answer *answer);

/* Sets err to why `vtmh-node cleanup` failed; how it ended, and its stderr. Returns -1. */
int node_answer_clean_up_failed(const char *errors, const char *ending, GError **err);

/* The last line of a text that says anything; "" if none does. Transfer full. */
char *node_answer_last_words(const char *text);
