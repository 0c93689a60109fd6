/* The processes of a vtmh that runs, and what each of them has. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What a process has at a moment; -1: not known. Of files what they take of their file system. */
struct soak_look {
    int64_t rss_bytes, descriptors, file_bytes;
};

struct soak_process {
    char *name; /* "coordinator", "node a" */
    pid_t pid;
    char *folder; /* in which its files are */
};

/* The nodes that this vtmh has started, which carry the mark in their environment; coordinator: its
 * process. n: how many nodes there are to be. NULL while not all are there. Transfer full. */
GPtrArray *soak_processes_find(pid_t coordinator, const char *mark, const char *results,
                               unsigned n);

struct soak_look soak_process_look(const struct soak_process *process);
