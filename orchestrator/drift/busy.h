/*
 * How busy a machine was, in a few groups: legs of one group are compared with each other, so that
 * a machine that becomes busy is not taken for a program that becomes slow.
 */
#pragma once

#include "proto/vtmh.pb-c.h"

#define BUSY_GROUPS 8 /* 0: not known; then from idle to very busy */

/* By the largest of its pressures; where somebody waits most of the time, which does not tell four
 * tasks from twenty, by its load as well. */
unsigned busy_group(const Vtmh__Sample *sample);

/* The largest pressure of a sample; -1: none was measured. */
double busy_pressure(const Vtmh__Sample *sample);
