/* The address of a network interface of this host. */
#pragma once

#include <glib.h>

/*
 * Numeric; of the family of `like` (a numeric address) where the interface has one, else of the
 * other; never a link-local one. Transfer full. VM_ERROR_START names the interface and what there
 * is.
 */
char *interface_address(const char *name, const char *like, GError **err);
