/* Questions about many files (look.h), a process for those of each folder, several side by side: a
 * storage that hangs keeps back only those who ask about it. */
#pragma once

#include "sync/fiber.h"

#include <glib.h>
#include <jansson.h>

#define FOLDERS_ANSWER_MS 10000 /* for the storage of one folder */

struct folders {
    GHashTable *by_path; /* path -> struct folder */
    GPtrArray *list;
    unsigned next;
};

void folders_init(struct folders *folders);
void folders_clear(struct folders *folders);

/* One more question, transfer full, about a file in the folder of that path. place: set by
 * folders_ask_all() to the answer, transfer full. */
void folders_ask(struct folders *folders, const char *path, json_t *question, json_t **place);

/* Asks all. Where a storage does not answer, that is what its answers say ("trouble"). */
void folders_ask_all(struct folders *folders);
