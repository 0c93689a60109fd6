/* What drift is looked for in, and how much of it is too much: a row each. */
#pragma once

enum drift_figure {
    DRIFT_RSS, /* of a process, by its legs */
    DRIFT_DESCRIPTORS,
    DRIFT_FILES,
    DRIFT_LEG_TIME, /* of all legs, by time */
    DRIFT_DOWNTIME,
    DRIFT_RATE,
    DRIFT_FIGURES,
    DRIFT_OF_PROCESS = DRIFT_LEG_TIME, /* those of a process stand before the others */
};

struct drift_figure_row {
    const char *name;  /* for people */
    const char *key;   /* in JSON */
    const char *limit; /* the parameter */
    const char *unit;  /* of the slope, and of the limit */
    double scale;      /* a slope by leg, or of a logarithm by hour, in that unit */
    int sign;          /* 1: it must not grow; -1: it must not fall */
};

extern const struct drift_figure_row drift_figures[DRIFT_FIGURES];
