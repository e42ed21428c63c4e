/* What is shown only where a permission lists the type (scope `shared`, ADR 67): each condition of
 * consent_request.listed alone, with the others standing still. */
#include <limits.h>

#include "base/test.h"
#include "policy/consent.h"

#define ALL_TIME                                                                                   \
    {                                                                                              \
        INT64_MIN, INT64_MAX                                                                       \
    }

static const str ada = {"Practitioner/ada", 16};

static struct consent_rule permit(void)
{
    return (struct consent_rule){
        .permits = true, .period = ALL_TIME, .dated = ALL_TIME, .actions = 1u << ACTION_READ};
}

static struct consent_rule deny(void)
{
    struct consent_rule c = permit();
    c.permits = false;
    c.denies = true;
    return c;
}

static struct consent_request by_ada(const struct consent_data *d)
{
    return (struct consent_request){.role = ROLE_NURSE,
                                    .purpose = PURPOSE_TREAT,
                                    .action = ACTION_READ,
                                    .names = &ada,
                                    .n_names = 1,
                                    .now = 10,
                                    .type = STR("Observation"),
                                    .data = d};
}

static bool listed_shown(struct consent_rule c, struct consent_request r)
{
    const struct consent_rule *one = &c;
    struct consent_verdict v;
    r.listed = true;
    consent_decide(&one, 1, false, &r, &v);
    assert_int_equal(v.by, 1);
    return !v.hidden;
}

static struct consent_rule lists_claims(void)
{
    static const str types[] = {{"Claim", 5}, {"Observation", 11}};
    struct consent_rule yes = permit();
    yes.has = CONSENT_CLASSES;
    yes.classes = types;
    yes.n_classes = 2;
    return yes;
}

/* What is shown only where a permission lists the type by its class. */
static void shared_by_type(void **state)
{
    (void)state;
    struct consent_data d = {.self = STR("Observation/w"), .labels = LABEL_NORMAL};
    struct consent_request r = by_ada(&d);
    struct consent_party me = {false, ada}, other = {false, STR("Practitioner/bo")};
    struct consent_rule yes = lists_claims(), c = yes, inner = permit();
    assert_true(listed_shown(yes, r));
    assert_false(listed_shown(permit(), r)); /* everything is not by name */
    r.open = true;                           /* what the rows allow is not what somebody shares */
    assert_true(listed_shown(yes, r));
    assert_false(listed_shown(permit(), r));
    r.open = false;
    c.permits = false; /* says nothing */
    assert_false(listed_shown(c, r));
    c.exceptions = &inner; /* but the permission below it does */
    c.n_exceptions = 1;
    assert_true(listed_shown(c, r));
    c = yes;
    c.n_classes = 1; /* another type */
    assert_false(listed_shown(c, r));
    c = yes;
    c.unclear = true;
    assert_false(listed_shown(c, r));
    c = yes;
    c.period.hi = r.now; /* over */
    assert_false(listed_shown(c, r));
    c.period.hi = r.now + 1;
    assert_true(listed_shown(c, r));
    c = yes;
    c.has |= CONSENT_PURPOSES;
    c.purposes = 1u << PURPOSE_HPAYMT;
    assert_false(listed_shown(c, r));
    c.purposes |= 1u << PURPOSE_TREAT;
    assert_true(listed_shown(c, r));
    c = yes;
    c.has |= CONSENT_ACTORS;
    c.n_actors = 1;
    c.actors = &other;
    assert_false(listed_shown(c, r));
    c.actors = &me;
    assert_true(listed_shown(c, r));
    c.has = CONSENT_ACTORS; /* named, and the type is not */
    assert_false(listed_shown(c, r));
}

static void shared_by_type_beside_others(void **state)
{
    (void)state;
    struct consent_data d = {.self = STR("Observation/w"), .labels = LABEL_NORMAL};
    struct consent_request r = by_ada(&d);
    struct consent_rule yes = lists_claims(), no = deny();
    const struct consent_rule *both[] = {&yes, &no};
    struct consent_verdict v;
    r.listed = true;
    consent_decide(both, 2, false, &r, &v); /* a denial wins */
    assert_true(v.hidden && v.by == 1);
    consent_decide(NULL, 0, true, &r, &v);
    assert_true(!v.hidden && v.free); /* a broken glass is one here, too */
    consent_decide(NULL, 0, false, &r, &v);
    assert_true(v.hidden && v.by == 0);
    r.data = NULL; /* of the whole type */
    consent_decide(both, 1, false, &r, &v);
    assert_false(v.hidden);
    yes.has |= CONSENT_LABELS; /* a part of it: hoped for, not sure */
    yes.labels = LABEL_RESTRICTED;
    consent_decide(both, 1, false, &r, &v);
    assert_true(v.hidden);
    r.hopeful = true;
    consent_decide(both, 1, false, &r, &v);
    assert_false(v.hidden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_by_type),
        cmocka_unit_test(shared_by_type_beside_others),
    };
    return cmocka_run_group_tests_name("policy.shared", tests, NULL, NULL);
}
