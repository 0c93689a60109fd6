/*
 * Figures in the text format of Prometheus (exposition format 0.0.4): families of one name, in each
 * of them a figure for every set of labels. Pure: no file, no clock.
 *
 * A family has at most EXPOSITION_SETS sets of labels, whoever makes up names: those that come
 * later share one whose labels are all "other". A label's value is cut to EXPOSITION_LABEL bytes.
 */
#pragma once

#include <glib.h>

#define EXPOSITION_SETS 200
#define EXPOSITION_LABEL 128
#define EXPOSITION_LABELS 3 /* of one family */

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* What a family is; lives as long as the program. */
struct family_info {
    const char *name; /* of base units; a counter's ends with _total */
    const char *help; /* one line */
    enum metric_kind kind;
    const char *labels[EXPOSITION_LABELS + 1]; /* names, NULL-terminated; a histogram has none */
};

struct exposition;

/* infos: n families, which are known by their place from then on. */
struct exposition *exposition_new(const struct family_info *infos, unsigned n);
void exposition_free(struct exposition *exposition);

/*
 * The figure of a set of labels; 0 when it is new. values: as many as the family has labels. Valid
 * until the exposition is freed. Transfer none.
 */
double *exposition_figure(struct exposition *exposition, unsigned family,
                          const char *const *values);

/* Adds a value, in the family's unit, to a histogram. */
void exposition_observe(struct exposition *exposition, unsigned family, double value);

/* Families without a figure are left out, but histograms. Transfer full. */
char *exposition_text(const struct exposition *exposition);
