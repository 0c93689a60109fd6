#pragma once

struct params;

/* What jeos is told on its kernel's command line of the addresses of its cards, which it takes: a
 * word for each that is on a bridge, with a blank before it. A card on the user network has the
 * address that is usual there. Transfer full. */
char *jeos_addresses(const struct params *params);
