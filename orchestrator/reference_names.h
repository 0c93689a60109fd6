/*
 * Names that the configuration files of avocado-vt and tp-qemu use, for their own tests too. One of
 * them is no slip of the fingers, however near to a parameter of ours it is.
 */
#pragma once

#include <stdbool.h>

/* Whether it is one of them, as it stands there: endings count. */
bool reference_has_name(const char *name);
