/*
 * How busy the machine was: what the kernel tells of all who waited (/proc/pressure), of the time
 * that another guest of the same host had (steal), and how many were at work. A figure that a
 * kernel does not have is -1: /proc/pressure can be left out of it, or be switched off.
 */
#pragma once

#include <stdint.h>

/* Since the meter was read before. */
struct pressure {
    double cpu, memory, io; /* share of the time, 0 to 1, in which somebody had to wait for it */
    double steal;           /* share of the CPUs' time that was given to others */
    double load;            /* tasks a CPU that run or wait, over the last minute */
};

#define PRESSURE_UNKNOWN ((struct pressure){-1, -1, -1, -1, -1})

enum pressure_kind { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_KINDS };

struct pressure_meter {
    int64_t at_us;                     /* CLOCK_MONOTONIC; 0: it was never read */
    int64_t waited_us[PRESSURE_KINDS]; /* in all so far; -1: not known */
    int64_t stolen_ticks, ticks;       /* likewise */
};

/* What there was since the last reading; at the first all shares are -1. */
struct pressure pressure_read(struct pressure_meter *meter);

/* The total of the line "some" in the text of /proc/pressure/X, in us; -1 if it is not in it. */
int64_t pressure_parse_waited(const char *text);
