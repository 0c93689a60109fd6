/* What a test is called where people read it: never nothing. */
#pragma once

#include <glib.h>

/*
 * The short name; where that is empty (nothing but default variants) the full one; where that is,
 * too (a file without variants), the file's name without ".cfg". Transfer full.
 */
char *test_name_short(const char *shortname, const char *name, const char *file);

/* The full name, else the file's name without ".cfg". Transfer full. */
char *test_name_full(const char *name, const char *file);
