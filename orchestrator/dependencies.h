/*
 * Which tests of a job cannot run since a test that they depend on did not pass.
 *
 * A dependency (params_dep(), cfg's `name: label` behind a variant) is a run of labels. It means
 * every test whose full name has these labels, one behind the other: "ide.install" means
 * "raw.ide.install.quick", but not "ide.installer". Only tests that this job has dealt with count:
 * one that a filter left out is nobody's failure.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/result.h"

struct dependencies;

struct dependencies *dependencies_new(void);
void dependencies_free(struct dependencies *dependencies);
AUTOPTR_STRUCT(dependencies, dependencies_free);

/* Whether the full name of a test has the labels of a dependency. */
bool dependency_means(const char *dependency, const char *name);

/* What a test depends on: params_dep(), and the words of its parameters depend and dependencies, as
 * avocado-vt's documentation calls them. Transfer full. */
GStrv dependencies_wanted(const struct params *params);

/* How a test ended. The latest end of a full name counts. */
void dependencies_note(struct dependencies *dependencies, const struct test_result *test);

/*
 * Why a test with these dependencies (NULL-terminated) cannot run: "its dependency 1-install
 * failed". NULL: it can. Transfer full.
 */
char *dependencies_unmet(const struct dependencies *dependencies, const char *const *wanted);
