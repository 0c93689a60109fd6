#include "orchestrator/allowance.h"

bool allowance_take(struct allowance *allowance, unsigned per_s, int64_t now_us)
{
    double regained = (double)(now_us - allowance->at_us) * per_s / 1e6;
    allowance->at_us = now_us;
    allowance->used = allowance->used > regained ? allowance->used - regained : 0;
    if (allowance->used + 1 > per_s)
        return false;
    allowance->used += 1;
    return true;
}
