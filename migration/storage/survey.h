/*
 * All images of all tests of a job, looked at on one host before the first test begins; nothing is
 * booted, made or changed.
 *
 * How it is told that hosts see one and the same file: each leaves a small file with a unique name
 * beside it (in the ledger before), and when all have, each looks for those of the others, once, by
 * a name that it has never asked for before, since a network file system remembers what was not
 * there. A folder in which nobody may make a file is told by its device and inode on hosts that
 * share a kernel, else not at all.
 *
 * What touches files is a process of its own, one a folder, and those of several folders side by
 * side (look.h).
 */
#pragma once

#include "migration/host.h"
#include "sync/fiber.h"

struct survey;

/* request outlives the survey. host: its ledger and its name. */
struct survey *survey_new(const struct host *host, const Vtmh__LookAtImages *request);

/* Looks, and leaves the files. Valid as long as the survey: what this host has to tell. Trouble is
 * not an error, but told of the test that has it; names path and image, but not this host. */
const Vtmh__ImagesSeen *survey_look(struct survey *survey);

/* Compares with what all hosts have told. NULL-terminated, by test: "" or what is wrong. Transfer
 * full. */
GStrv survey_compare(struct survey *survey, const Vtmh__CompareImages *all);

/* Removes the files. NULL is fine. Call in a fiber. */
void survey_free(struct survey *survey);
