/*
 * Looking at files on a storage that may hang: `vtmh-node look`, a process that does it and can be
 * killed. It is asked on stdin by an array of questions, and answers them on stdout in their order:
 *
 *   {"image": PATH, "format": F, "writes": B}   the file as a disk, with all that it builds on.
 *       {"files": [{"path": P, "device": N, "inode": N}, …], "size": N, "format": F}
 *       or {"trouble": "PATH …"}. writes: the guest will, so nobody else may
 *   {"format": PATH}   {"format": F}, or {} where it cannot be read
 *   {"place": PATH}    where a file is to be made.
 *       {"files": [{"path": P}], "exists": B}, or {"trouble": …}: no folder, or it takes no file
 *   {"lock": PATH}     {}, or {"trouble": …}: somebody has it open to write, or so that nobody may
 *   {"write": PATH}    a file with its own name in it, on the disk when answered. {"trouble": …}
 *   {"read": PATH}     whether such a file is there. {"same": B}
 *   {"remove": PATH}   {}
 */
#pragma once

#include "sync/fiber.h"

#include <jansson.h>

/*
 * Asks a process of its own. questions: transfer full. about: the folder that they are about, for
 * the error when the storage does not answer. Transfer full: an array of as many answers.
 */
json_t *look_ask(json_t *questions, const char *about, int64_t deadline, GError **err);

/* The same in this process, which may then hang. Transfer full. */
json_t *look_answer(const json_t *questions);

/* main() of `vtmh-node look`. */
int look_main(void);
