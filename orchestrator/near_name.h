/* Slips of the fingers: names that are nearly those of parameters. */
#pragma once

/*
 * The parameter of five letters or more, current or historic, that is one edit away from the name,
 * or two if the name has nine letters or more; an edit puts in, takes out or changes a letter, or
 * swaps two neighbours. The nearest, the first of equals; NULL if there is none. A name that begins
 * with '_' is meant to be nobody else's. What has been asked once costs a lookup.
 */
const char *near_name(const char *name);
