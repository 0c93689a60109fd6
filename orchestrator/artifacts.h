/*
 * Where the things lie that vtmh puts on machines: the node program, its bundle, the guests.
 *
 * Programs: $VTMH_EXEC_PATH if set, else the folder of the running program, else ../libexec/vtmh
 * from there (as installed). Guests: ${XDG_CACHE_HOME:-~/.cache}/vtmh/guests, made by deploy/guest.
 *
 * Configurations that come along: ../cfg/library from the folder of the running program, else
 * ../share/vtmh/library (as installed).
 *
 * Errors are DEPLOY_ERROR_BUNDLE and say what to run. Callable from anywhere; nothing waits.
 */
#pragma once

#include <glib.h>

/* Path of a file that the build made, such as "vtmh-node". Transfer full. */
char *artifacts_find_program(const char *name, GError **err);

/*
 * Where a configuration is: as named, unless nothing is there and it is a plain name of one that
 * comes along ("migrate.cfg"). Transfer full.
 */
char *artifacts_find_configuration(const char *file);

/* The folder of those that come along; NULL: there is none. Static. */
const char *artifacts_library(void);

/* The folder that holds tick/ and jeos/; need not exist. Transfer full. */
char *artifacts_guests_dir(void);

/* The names of the files that a guest ("tick", "jeos") consists of, in its folder. Transfer
 * none. */
const char *const *artifacts_guest_files(const char *guest, GError **err);

/* Whether all these files are there. guests: NULL-terminated, may be NULL. */
int artifacts_check_guests(const char *guests_dir, const char *const *guests, GError **err);
