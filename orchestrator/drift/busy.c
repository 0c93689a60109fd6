#include "orchestrator/drift/busy.h"

#include <glib.h>

static unsigned above(double value, const double *steps, unsigned n)
{
    unsigned count = 0;
    while (count < n && value >= steps[count])
        count++;
    return count;
}

double busy_pressure(const Vtmh__Sample *sample)
{
    return MAX(MAX(sample->cpu_pressure, sample->memory_pressure), sample->io_pressure);
}

unsigned busy_group(const Vtmh__Sample *sample)
{
    static const double pressures[] = {0.05, 0.2, 0.5}, loads[] = {2, 4, 8};
    double pressure = busy_pressure(sample);
    unsigned by_load = above(sample->load, loads, G_N_ELEMENTS(loads));
    if (pressure < 0)
        return sample->load < 0 ? 0 : 4 + by_load;
    unsigned by_pressure = above(pressure, pressures, G_N_ELEMENTS(pressures));
    return by_pressure < G_N_ELEMENTS(pressures) ? 1 + by_pressure : 4 + by_load;
}
