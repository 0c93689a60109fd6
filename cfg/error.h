/* Errors of the configuration language and of typed parameter access. */
#ifndef VTMH_CFG_ERROR_H
#define VTMH_CFG_ERROR_H

#include <glib.h>

/**
 * CFG_ERROR: the only error domain of this folder. Messages are complete sentences for the user;
 * those about a place in a file have the form
 *
 *     FILE:LINE:COL: what is wrong
 *       the line's text
 *           ^
 *
 * with lines and columns counted from 1 (columns in characters, tabs expanded).
 */
#define CFG_ERROR (cfg_error_quark())

enum cfg_error {
    CFG_ERROR_OPEN,          /* the top file cannot be read, or is not UTF-8 text */
    CFG_ERROR_LEX,           /* a character that no token begins with */
    CFG_ERROR_SYNTAX,        /* a wrong token at this place */
    CFG_ERROR_INCLUDE,       /* an included file is missing, unreadable, or includes itself */
    CFG_ERROR_LIMIT,         /* input deeper, longer or larger than this reader accepts */
    CFG_ERROR_EXPAND,        /* a dictionary cannot be computed (bad number, bad expression) */
    CFG_ERROR_ARGUMENT,      /* a wrong filter, assignment or test name given by the caller */
    CFG_ERROR_PARAM_MISSING, /* a mandatory parameter is not set */
    CFG_ERROR_PARAM_VALUE,   /* a parameter's value is not of the asked type */
};

GQuark cfg_error_quark(void);

#endif
