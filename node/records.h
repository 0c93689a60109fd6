/*
 * What this host finds out while a test runs: legs, samples, steps, notes, leaks. Each leaves the
 * node as a numbered Record (vtmh.proto) when it is there, and is kept until the coordinator has it
 * on its disk; a new session gets all again that are kept.
 *
 * The memory for that is bounded. A coordinator that writes nothing down for long holds up the test
 * before its next leg (records_await_room()), and ends it when it goes on to write nothing.
 *
 * The records of a test outlive it until all are acknowledged, or the next test begins.
 */
#pragma once

#include "node/node.h"

#define RECORDS_ROOM 2048 /* kept ones with which a leg may begin: about 1 MiB */
#define RECORDS_MAX 8192  /* more are an error: what one leg brings is never so much */
#define RECORDS_WAIT_MS 60000

struct records;

/* In node->records, to which it belongs from then on. */
struct records *records_new(struct node *node, uint64_t test);

/*
 * Numbers, keeps and sends a record; test, number and time are filled in. LINK_ERROR_TOO_LARGE, or
 * SYNC_ERROR_SYSTEM when there are too many: the record is lost. It gets no number, but is
 * counted, so that the verdict knows.
 */
int records_add(struct records *records, const Vtmh__Record *record, GError **err);

/* Waits until there is room for those of a leg. TIMEOUT after RECORDS_WAIT_MS, CANCELLED. */
int records_await_room(struct records *records, GError **err);

/* How many there were, also those that are lost: of those that could be told the number of the
 * last. */
uint64_t records_count(const struct records *records);

/* The test is over: they are freed when all are acknowledged. */
void records_end(struct records *records);

/* From the coordinator. Other tests than those that are kept are ignored. */
void records_written(struct node *node, const Vtmh__RecordsWritten *written);

/* A new session: sends all that are kept. */
void records_send_again(struct node *node);

void records_free(struct records *records);
