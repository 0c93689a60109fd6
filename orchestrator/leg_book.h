/*
 * The legs of a test as its hosts tell of them: joins what both ends say of one, as it comes. Pure.
 *
 * A leg is known by its number, its attempt and its VM. It is done when both its ends have told,
 * and is then given away, so that the book holds only the few that are under way.
 */
#pragma once

#include "orchestrator/result.h"

/* Legs that may wait for their other end; more than ever move at once. */
#define LEG_BOOK_MAX 4096

/* One leg, with what must be known to judge it. */
struct joined_leg {
    struct leg_result *leg;
    uint32_t source, destination;
    unsigned ends, survivors;                     /* planned, as both ends say: bits */
    bool by_source, by_destination;               /* which ends have told of it */
    bool was_cancelled, has_failed;               /* at one of its ends; failed by itself */
    Vtmh__Survivor source_says, destination_says; /* of where the guest lives */
    double gaps_ms[LEG_SIDES];                    /* the guest's longest silence at each end */
    unsigned first_host;                          /* who told of it first, */
    uint64_t first_number;                        /* in which record */
};

void joined_leg_free(struct joined_leg *joint);
AUTOPTR_STRUCT(joined_leg, joined_leg_free);

struct leg_book;

/* hosts: their names, by index; copied. */
struct leg_book *leg_book_new(const char *const *hosts);
void leg_book_free(struct leg_book *book);
AUTOPTR_STRUCT(leg_book, leg_book_free);

/* An end tells of a leg, in the record of that number. Returns the leg if it is done; transfer
 * full. */
struct joined_leg *leg_book_take(struct leg_book *book, unsigned host, uint64_t number,
                                 const Vtmh__Migration *record);

/* The first record of the host whose leg waits for its other end; UINT64_MAX: there is none. */
uint64_t leg_book_first_waiting(const struct leg_book *book, unsigned host);

/* How many legs wait for an end. */
unsigned leg_book_waiting(const struct leg_book *book);

/* Takes out those that are not done, in their order. Transfer full: struct joined_leg. */
GPtrArray *leg_book_take_rest(struct leg_book *book);
