#include "orchestrator/drift/trend.h"

#include <glib.h>
#include <math.h>

/* Neighbours are never taken to be more alike than this: the error would be without end. */
#define MAX_CORRELATION 0.9

/* Pairs of one group in a block, summed up. */
struct cell {
    double n, x, y;
};

struct trend {
    unsigned groups;
    unsigned n_blocks;   /* that have been begun */
    double per_block;    /* pairs that one takes */
    double in_last;      /* of these, in the last one */
    struct cell cells[]; /* TREND_BLOCKS times groups */
};

static struct cell *cell_of(const struct trend *trend, unsigned block, unsigned group)
{
    return (struct cell *)&trend->cells[block * trend->groups + group];
}

struct trend *trend_new(unsigned groups)
{
    struct trend *trend =
        g_malloc0(sizeof(*trend) + sizeof(trend->cells[0]) * TREND_BLOCKS * groups);
    trend->groups = groups;
    trend->per_block = 1;
    return trend;
}

void trend_free(struct trend *trend)
{
    g_free(trend);
}

/* Two neighbours become one. */
static void halve(struct trend *trend)
{
    for (unsigned block = 0; block < TREND_BLOCKS; block++)
        for (unsigned group = 0; group < trend->groups; group++) {
            struct cell taken = *cell_of(trend, block, group);
            *cell_of(trend, block, group) = (struct cell){0};
            struct cell *cell = cell_of(trend, block / 2, group);
            cell->n += taken.n;
            cell->x += taken.x;
            cell->y += taken.y;
        }
    trend->n_blocks = TREND_BLOCKS / 2;
    trend->per_block *= 2;
}

void trend_add(struct trend *trend, unsigned group, double x, double y)
{
    if (!isfinite(x) || !isfinite(y))
        return;
    if (trend->n_blocks == 0 || trend->in_last >= trend->per_block) {
        if (trend->n_blocks == TREND_BLOCKS)
            halve(trend);
        trend->n_blocks++;
        trend->in_last = 0;
    }
    struct cell *cell = cell_of(trend, trend->n_blocks - 1, group);
    trend->in_last++;
    cell->n++;
    cell->x += x;
    cell->y += y;
}

bool trend_has_any(const struct trend *trend)
{
    return trend->n_blocks > 0;
}

/* Blocks from `first` on; each group has its own middle. */
struct fit {
    const struct trend *trend;
    unsigned first;
    double slope, xx; /* xx: the sum of squares of x */
    unsigned n_cells, n_groups;
};

static struct cell middle_of(const struct fit *fit, unsigned group)
{
    struct cell middle = {0};
    for (unsigned block = fit->first; block < fit->trend->n_blocks; block++) {
        const struct cell *cell = cell_of(fit->trend, block, group);
        middle.n += cell->n;
        middle.x += cell->x;
        middle.y += cell->y;
    }
    middle.x /= MAX(middle.n, 1);
    middle.y /= MAX(middle.n, 1);
    return middle;
}

static struct fit fit_from(const struct trend *trend, unsigned first)
{
    struct fit fit = {.trend = trend, .first = first};
    double xy = 0;
    for (unsigned group = 0; group < trend->groups; group++) {
        const struct cell middle = middle_of(&fit, group);
        fit.n_groups += middle.n > 0;
        for (unsigned block = first; block < trend->n_blocks; block++) {
            const struct cell *cell = cell_of(trend, block, group);
            if (cell->n == 0)
                continue;
            double x = cell->x / cell->n - middle.x, y = cell->y / cell->n - middle.y;
            fit.n_cells++;
            fit.xx += cell->n * x * x;
            xy += cell->n * x * y;
        }
    }
    fit.slope = fit.xx > 0 ? xy / fit.xx : 0;
    return fit;
}

/* How far a block lies from the line: the mean over its groups. *squares: weighted, of each cell.
 */
static double residual_of(const struct fit *fit, const struct cell *middles, unsigned block,
                          double *squares)
{
    double n = 0, sum = 0;
    for (unsigned group = 0; group < fit->trend->groups; group++) {
        const struct cell *cell = cell_of(fit->trend, block, group);
        if (cell->n == 0)
            continue;
        double residual = cell->y / cell->n - middles[group].y -
                          fit->slope * (cell->x / cell->n - middles[group].x);
        *squares += cell->n * residual * residual;
        n += cell->n;
        sum += cell->n * residual;
    }
    return n > 0 ? sum / n : 0;
}

/* By how much neighbours err alike: 0 to MAX_CORRELATION. What is found in few blocks is less than
 * what is there, since the line has followed them; Kendall's correction. */
static double correlation_of(const double *residuals, unsigned n)
{
    double products = 0, squares = 0;
    for (unsigned i = 0; i < n; i++) {
        squares += residuals[i] * residuals[i];
        products += i > 0 ? residuals[i] * residuals[i - 1] : 0;
    }
    double found = squares > 0 ? products / squares : 0;
    return CLAMP(found + (1 + 4 * MAX(found, 0)) / n, 0, MAX_CORRELATION);
}

static double error_of(const struct fit *fit)
{
    const struct trend *trend = fit->trend;
    unsigned n = trend->n_blocks - fit->first;
    double residuals[TREND_BLOCKS], squares = 0;
    g_autofree struct cell *middles = g_new(struct cell, trend->groups);
    for (unsigned group = 0; group < trend->groups; group++)
        middles[group] = middle_of(fit, group);
    for (unsigned i = 0; i < n; i++)
        residuals[i] = residual_of(fit, middles, fit->first + i, &squares);
    double correlation = correlation_of(residuals, n);
    double freedom = MAX((double)fit->n_cells - fit->n_groups - 1, 1);
    return sqrt(squares / freedom / fit->xx * (1 + correlation) / (1 - correlation));
}

static struct cell sum_of_block(const struct trend *trend, unsigned block)
{
    struct cell sum = {0};
    for (unsigned group = 0; group < trend->groups; group++) {
        const struct cell *cell = cell_of(trend, block, group);
        sum.n += cell->n;
        sum.x += cell->x;
    }
    return sum;
}

bool trend_slope(const struct trend *trend, struct trend_slope *slope)
{
    unsigned first = (trend->n_blocks + 2) / 3;
    unsigned n = trend->n_blocks - first;
    if (n < TREND_BLOCKS_NEEDED)
        return false;
    const struct fit fit = fit_from(trend, first), late = fit_from(trend, first + n / 2);
    if (fit.xx <= 0)
        return false;
    struct trend_slope found = {.slope = fit.slope, .error = error_of(&fit), .late = late.slope};
    for (unsigned block = first; block < trend->n_blocks; block++)
        found.pairs += sum_of_block(trend, block).n;
    const struct cell begin = sum_of_block(trend, first),
                      end = sum_of_block(trend, trend->n_blocks - 1);
    found.from = begin.x / begin.n;
    found.to = end.x / end.n;
    *slope = found;
    return true;
}

bool trend_is_grave(const struct trend_slope *slope, int sign, double limit)
{
    return sign * slope->slope > limit && sign * slope->late > limit &&
           fabs(slope->slope) > TREND_ERRORS * slope->error;
}
