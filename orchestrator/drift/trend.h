/*
 * Whether a figure grows: a straight line through pairs (x, y) as they come, with the error of its
 * slope. Pure, and of a fixed size: pairs are summed up in blocks, and two neighbours become one
 * whenever there are too many of them, so that a million pairs cost no more than fifty.
 *
 * A pair may be of a group, such as "the machine was busy". Groups may lie apart from each other:
 * only pairs of one group are compared, and all of them have the slope in common.
 *
 * What a process does first is no trend: caches fill. The first third of the pairs is left out. The
 * rest is judged by the means of the blocks, whose scatter about the line gives the error; where
 * neighbours err alike (a heap that grows by steps, a machine that is busy for a while), they are
 * not worth as much as independent ones, and the error is larger by what their correlation says.
 */
#pragma once

#include <stdbool.h>

#define TREND_BLOCKS 48
#define TREND_BLOCKS_NEEDED 12 /* behind the first third, for a slope */
#define TREND_ERRORS 4         /* a slope of more standard errors than these is none of chance */

struct trend;

/* groups: at least 1. Transfer full. */
struct trend *trend_new(unsigned groups);
void trend_free(struct trend *trend);

/* x never falls; group is below the number of groups. What is not finite is left out. */
void trend_add(struct trend *trend, unsigned group, double x, double y);

bool trend_has_any(const struct trend *trend);

struct trend_slope {
    double pairs;    /* behind the first third */
    double from, to; /* x of the first and the last of these */
    double slope;    /* of y by x */
    double error;    /* one standard error of it */
    double late;     /* the slope of their last half alone */
};

/* Returns false, and nothing else, when there are too few pairs to tell; also when all x are one.
 */
bool trend_slope(const struct trend *trend, struct trend_slope *slope);

/* Whether it grows (sign 1) or falls (-1) by more than by chance, by more than the limit, and has
 * not come to rest since: its last half does so, too. */
bool trend_is_grave(const struct trend_slope *slope, int sign, double limit);
