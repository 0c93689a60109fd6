#pragma once

#include <glib.h>

/* The folders of guests (deploy/guest) that the hosts need for these tests (struct planned_test):
 * the guests', and what of them is needed for some devices only. Each once. Transfer full. */
GStrv guest_folders(const GPtrArray *tests);
