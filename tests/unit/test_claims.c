#include "node/claims.h"

#include "migration/params.h"

#include <criterion/criterion.h>
#include <string.h>

static struct claims *job(const char *id)
{
    return claims_new(id, "alice@desk", 812, 4711, false);
}

static struct claims *with(const char *id, const char *kind, const char *value)
{
    struct claims *claims = job(id);

    cr_assert_eq(claims_add(claims, kind, value, "mig_x", NULL), 0, "%s", value);
    return claims;
}

/* As the other's node reads it. */
static char *clash(const struct claims *ours, const struct claims *theirs)
{
    g_autofree char *text = claims_to_text(theirs);
    g_autoptr(claims) read = claims_from_text(text);

    cr_assert_not_null(read, "%s", text);
    return claims_clash(ours, read, "root");
}

static bool meet(const char *kind, const char *a, const char *b)
{
    g_autoptr(claims) one = with("1", kind, a);
    g_autoptr(claims) other = with("2", kind, b);
    g_autofree char *there = clash(one, other);
    g_autofree char *back = clash(other, one);

    cr_assert_eq(there != NULL, back != NULL, "%s and %s meet in one direction only", a, b);
    return there != NULL;
}

Test(claims, ports_meet_where_ranges_have_one_in_common)
{
    cr_expect(meet("ports", "20005", "20005"));
    cr_expect(meet("ports", "20000-20010", "20005"));
    cr_expect(meet("ports", "20000-20010", "20010-20020"));
    cr_expect(meet("ports", "20000-20010", "20002-20003"));
    cr_expect(meet("ports", "1-65535", "65535"));
    cr_expect_not(meet("ports", "20000-20010", "20011"));
    cr_expect_not(meet("ports", "20000-20010", "20011-20020"));
    cr_expect_not(meet("ports", "2000", "20000"));
}

Test(claims, images_meet_where_they_are_the_same)
{
    cr_expect(meet("image", "/srv/a.qcow2", "/srv/a.qcow2"));
    cr_expect_not(meet("image", "/srv/a.qcow2", "/srv/b.qcow2"));
    cr_expect_not(meet("image", "/srv", "/srv/a.qcow2"));
}

Test(claims, folders_meet_where_they_are_the_same_or_one_in_the_other)
{
    cr_expect(meet("folder", "/srv/a", "/srv/a"));
    cr_expect(meet("folder", "/srv", "/srv/a"));
    cr_expect(meet("folder", "/", "/srv"));
    cr_expect_not(meet("folder", "/srv/a", "/srv/ab"));
    cr_expect_not(meet("folder", "/srv/a", "/srv/b"));
}

Test(claims, things_of_two_kinds_never_meet)
{
    g_autoptr(claims) ports = with("1", "ports", "1-65535");
    g_autoptr(claims) folder = with("2", "folder", "/");

    cr_expect_null(clash(ports, folder));
}

Test(claims, the_nodes_of_one_job_share)
{
    g_autoptr(claims) one = with("1", "ports", "20000");
    g_autoptr(claims) other = with("1", "ports", "20000");

    one->alone = other->alone = true;
    cr_expect_null(clash(one, other));
}

Test(claims, a_refusal_says_who_what_and_what_to_do)
{
    g_autoptr(claims) ours = with("1", "ports", "20000-20010");
    g_autoptr(claims) theirs = with("abcdef0123456789", "ports", "20005");
    g_autofree char *why = clash(ours, theirs);

    cr_expect_str_eq(why, "ports 20005 are taken by job abcdef0 of alice@desk (its vtmh is process "
                          "812 there, its node process 4711 of root here), and this job has mig_x "
                          "= 20000-20010: wait until the other ends, or set another mig_x");
}

Test(claims, a_job_that_wants_to_be_alone_has_no_other_beside_it)
{
    g_autoptr(claims) alone = claims_new("1", "alice@desk", 1, 2, true);
    g_autoptr(claims) other = job("2");
    g_autofree char *first = clash(alone, other);
    g_autofree char *second = clash(other, alone);

    cr_assert(first != NULL && second != NULL);
    cr_expect_not_null(strstr(first, "job 2 of alice@desk"), "%s", first);
    cr_expect_not_null(strstr(first, "--share no is to have it for this job alone"), "%s", first);
    cr_expect_not_null(strstr(second, "job 1 of alice@desk"), "%s", second);
    cr_expect_not_null(strstr(second, "has this host for itself"), "%s", second);
}

Test(claims, a_claim_that_is_none_is_not_taken)
{
    static const char *const wrong[][2] = {
        {"ports", "0"},     {"ports", "5-4"},   {"ports", "70000"},      {"folder", "srv"},
        {"folder", "/a/."}, {"folder", "/a//"}, {"folder", "/a\033[2J"}, {"folder", "/a\n/b"},
        {"bridge", "br0"},  {"", "/"}};
    g_autoptr(claims) claims = job("1");

    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        cr_expect_eq(claims_add(claims, wrong[i][0], wrong[i][1], "mig_x", &error), -1, "%s %s",
                     wrong[i][0], wrong[i][1]);
        cr_expect_not_null(error);
    }
    cr_expect_eq(claims->entries->len, 0);
}

Test(claims, what_a_stranger_has_written_is_taken_only_as_far_as_it_can_be_shown)
{
    static const char text[] = "vtmh-claims 1\njob \033[31mred; rm -rf\nowner 99x \a@\xff\n"
                               "node -5\nfolder /\033[2J\nports 7\nbridge br0\nports x\nalone no\n"
                               "folder relative\n\n";
    g_autoptr(claims) read = claims_from_text(text);

    cr_assert_not_null(read);
    cr_expect_str_eq(read->job, "??31mred??rm?-rf");
    cr_expect_str_eq(read->owner, "?");
    cr_expect_not(read->alone);
    cr_expect_eq(read->entries->len, 1, "the ports alone are a claim");
    cr_expect_null(claims_from_text(""));
    cr_expect_null(claims_from_text("vtmh-claims 1"));
    cr_expect_null(claims_from_text("vtmh-claims 2\njob 1\n"));
    cr_expect_null(claims_from_text("\0vtmh-claims 1\njob 1\n"));
}

Test(claims, what_a_parameter_claims_is_of_a_kind_that_there_is)
{
    unsigned count = 0;

    for (const struct param_info *const *info = param_infos(NULL); *info != NULL; info++)
        if ((*info)->claim != NULL) {
            cr_expect(claims_know((*info)->claim), "%s of %s", (*info)->claim, (*info)->name);
            cr_expect_not_null((*info)->fallback, "%s: what claims nothing?", (*info)->name);
            count++;
        }
    cr_expect_geq(count, 2);
}
