#include "orchestrator/dependencies.h"

#include <criterion/criterion.h>

Test(dependencies, means_runs_of_whole_labels)
{
    static const struct {
        const char *dependency, *name;
        bool means;
    } cases[] = {
        {"install", "install", true},
        {"install", "ide.install.quick", true},
        {"ide.install", "raw.ide.install", true},
        {"ide.install", "ide.raw.install", false},
        {"install", "installer", false},
        {"install", "reinstall", false},
        {"install", "reinstall.install", true},
        {"(v=one)", "(v=one).two", true},
        {"", "install", false},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(dependency_means(cases[i].dependency, cases[i].name), cases[i].means, "%s: %s",
                     cases[i].dependency, cases[i].name);
}

Test(dependencies, are_those_of_the_variants_and_of_both_parameters)
{
    g_autoptr(params) params = params_new();
    const char *const dep[] = {"ide.install", NULL};

    params_set_dep(params, dep);
    params_set(params, "depend", "a  b", NULL);
    params_set(params, "dependencies", "c", NULL);
    g_auto(GStrv) wanted = dependencies_wanted(params);
    g_autofree char *text = g_strjoinv("|", wanted);
    cr_expect_str_eq(text, "ide.install|a|b|c");
}

static void end(struct dependencies *dependencies, const char *name, Vtmh__Status status)
{
    g_autoptr(test_result) test = test_result_new(7, name, name);

    test->status = status;
    dependencies_note(dependencies, test);
}

static void expect_unmet(struct dependencies *dependencies, const char *wanted,
                         const char *sentence)
{
    const char *const list[] = {"elsewhere", wanted, NULL};
    g_autofree char *unmet = dependencies_unmet(dependencies, list);

    cr_expect_eq(g_strcmp0(unmet, sentence), 0, "%s: %s", wanted, unmet);
}

Test(dependencies, a_test_that_failed_is_named)
{
    g_autoptr(dependencies) dependencies = dependencies_new();

    end(dependencies, "ide.a", VTMH__STATUS__STATUS_FAIL);
    end(dependencies, "ide.b", VTMH__STATUS__STATUS_ERROR);
    expect_unmet(dependencies, "ide.a", "its dependency 7-ide.a failed");
    expect_unmet(dependencies, "ide.b", "its dependency 7-ide.b failed (ERROR)");
}

Test(dependencies, what_passed_was_skipped_or_was_filtered_away_does_not_count)
{
    g_autoptr(dependencies) dependencies = dependencies_new();

    end(dependencies, "pass", VTMH__STATUS__STATUS_PASS);
    end(dependencies, "warn", VTMH__STATUS__STATUS_WARN);
    end(dependencies, "skip", VTMH__STATUS__STATUS_SKIP);
    for (unsigned i = 0; i < 4; i++)
        expect_unmet(dependencies, (const char *[]){"pass", "warn", "skip", "filtered"}[i], NULL);
}

Test(dependencies, a_later_pass_of_the_same_test_counts)
{
    g_autoptr(dependencies) dependencies = dependencies_new();

    end(dependencies, "a", VTMH__STATUS__STATUS_FAIL);
    end(dependencies, "a", VTMH__STATUS__STATUS_PASS);
    expect_unmet(dependencies, "a", NULL);
}

Test(dependencies, a_chain_is_told_to_its_root)
{
    g_autoptr(dependencies) dependencies = dependencies_new();
    g_autoptr(test_result) test = test_result_new(8, "b", "b");

    test->status = VTMH__STATUS__STATUS_SKIP;
    test->is_unmet = true;
    test->fail_cause = g_strdup("its dependency 7-a failed");
    dependencies_note(dependencies, test);
    expect_unmet(dependencies, "b", "its dependency 8-b was not run: its dependency 7-a failed");
}
