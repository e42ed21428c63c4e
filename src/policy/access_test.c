/* Role x resource x action: what each role may do, what nobody may, and that every row matters. */
#include "base/test.h"
#include "policy/consent.h"
#include "policy/policy_int.h"

#define PATIENT 7

static struct actor actor_of(enum role role)
{
    struct actor a = {.role = role, .purpose = role_purpose(role), .user = STR("u")};
    if (role == ROLE_PATIENT || role == ROLE_HELPER || role == ROLE_DEVICE)
        a.patient = PATIENT;
    return a;
}

static struct access_verdict ask(const struct actor *a, const char *type, enum action action,
                                 struct access_request flags)
{
    struct access_verdict v;
    flags.type = type ? policy_type_parse(str_of(type)) : POLICY_TYPE_SYSTEM;
    flags.action = action;
    policy_access(a, &flags, &v);
    assert_true(v.rule.n > 0 && v.citation.n > 0);
    assert_int_equal(v.allowed, v.why.n == 0);
    if (!v.allowed) /* a refusal names its rule */
        assert_int_not_equal(str_find(v.why, v.rule, 0), SIZE_MAX);
    return v;
}

static bool may(enum role role, const char *type, enum action action, struct access_request flags)
{
    struct actor a = actor_of(role);
    return ask(&a, type, action, flags).allowed;
}

#define ANY ((struct access_request){0})
#define OF(p) ((struct access_request){.patient = (p)})

static void types_are_the_r4_list(void **state)
{
    (void)state;
    assert_int_equal(policy_type_parse(STR("Account")), 1);
    assert_str(policy_type_name(policy_type_parse(STR("Patient"))), "Patient");
    assert_int_equal(policy_type_parse(STR("patient")), -1);
    assert_int_equal(policy_type_parse(STR("DomainResource")), -1);
    assert_int_equal(policy_type_parse(STR("")), -1);
    for (int t = 1; t <= POLICY_TYPE_COUNT; t++)
        assert_int_equal(policy_type_parse(policy_type_name(t)), t);
    assert_int_equal(policy_type_name(0).n + policy_type_name(POLICY_TYPE_COUNT + 1).n, 0);
}

static void the_untrained_may_nothing_but_manage(void **state)
{
    (void)state;
    for (int role = ROLE_NURSE; role < ROLE_COUNT; role++)
        for (int t = 0; t <= POLICY_TYPE_COUNT; t++)
            for (int a = 0; a < ACTION_COUNT; a++) {
                struct actor who = actor_of((enum role)role), not = who;
                struct access_request r = {.type = t,
                                           .action = (enum action)a,
                                           .patient = PATIENT,
                                           .is_own = true,
                                           .assigned = true,
                                           .consented = true};
                struct access_verdict v, w;
                not .untrained = true;
                policy_access(&who, &r, &v);
                policy_access(&not, &r, &w);
                assert_int_equal(w.allowed, v.allowed && a == ACTION_MANAGE);
                if (a != ACTION_MANAGE)
                    assert_str(w.rule, "PRIV-23");
            }
}

static void nobody_may_anything(void **state)
{
    (void)state;
    struct actor none = {.role = ROLE_NONE, .purpose = PURPOSE_TREAT};
    struct actor odd = {.role = (enum role)99, .purpose = PURPOSE_TREAT};
    for (int t = -1; t <= POLICY_TYPE_COUNT + 1; t++)
        for (int a = 0; a <= ACTION_COUNT; a++) {
            struct access_request r = {.type = t, .action = (enum action)a, .is_own = true};
            const struct actor *const who[] = {NULL, &none, &odd};
            for (size_t i = 0; i < 3; i++) {
                struct access_verdict v;
                policy_access(who[i], &r, &v);
                assert_false(v.allowed);
                assert_str(v.rule, "ACCESS-DENY");
            }
        }
    struct actor system = actor_of(ROLE_SYSTEM);
    struct access_request r = {.type = -1, .action = ACTION_READ};
    struct access_verdict v;
    policy_access(&system, &r, &v);
    assert_false(v.allowed); /* an unknown type is in no row */
    r.type = 1;
    r.action = ACTION_COUNT;
    policy_access(&system, &r, &v);
    assert_false(v.allowed);
}

static void staff(void **state)
{
    (void)state;
    assert_true(may(ROLE_NURSE, "Observation", ACTION_READ, OF(1)));
    assert_true(may(ROLE_NURSE, "VisionPrescription", ACTION_READ, OF(1))); /* the last type */
    assert_true(may(ROLE_NURSE, "Task", ACTION_UPDATE, OF(1)));
    assert_true(may(ROLE_NURSE, "Communication", ACTION_CREATE, OF(1)));
    assert_false(may(ROLE_NURSE, "Patient", ACTION_DELETE, OF(1)));
    assert_false(may(ROLE_NURSE, "AuditEvent", ACTION_READ, OF(1)));
    assert_false(may(ROLE_NURSE, "Claim", ACTION_READ, OF(1))); /* nobody shares it */
    assert_false(may(ROLE_NURSE, NULL, ACTION_MANAGE, ANY));
    assert_true(may(ROLE_AGENT, "Appointment", ACTION_CREATE, OF(1)));
    assert_true(may(ROLE_AGENT, "Patient", ACTION_UPDATE, OF(1)));
    const char *const clinical[] = {
        "Observation",       "Condition",        "DocumentReference",    "CarePlan",
        "MedicationRequest", "DiagnosticReport", "QuestionnaireResponse"};
    for (size_t i = 0; i < sizeof clinical / sizeof *clinical; i++) {
        assert_false(may(ROLE_AGENT, clinical[i], ACTION_READ, OF(1)));
        assert_false(may(ROLE_OUTREACH, clinical[i], ACTION_SEARCH, ANY));
        assert_false(may(ROLE_ADMIN, clinical[i], ACTION_READ, OF(1)));
        assert_false(may(ROLE_PRIVACY, clinical[i], ACTION_READ, OF(1)));
    }
    const struct access_request mine = {.patient = 1, .is_own = true};
    const struct access_request given = {.patient = 1, .assigned = true};
    assert_true(may(ROLE_AGENT, "QuestionnaireResponse", ACTION_CREATE, OF(1)));
    assert_true(may(ROLE_AGENT, "QuestionnaireResponse", ACTION_UPDATE, mine));
    assert_true(may(ROLE_AGENT, "QuestionnaireResponse", ACTION_READ, given));
    assert_true(may(ROLE_OUTREACH, "Consent", ACTION_SEARCH, ANY));
    assert_false(may(ROLE_OUTREACH, "Consent", ACTION_UPDATE, OF(1)));
    assert_true(may(ROLE_OUTREACH, "Group", ACTION_CREATE, ANY));
    assert_true(may(ROLE_PRIVACY, "AuditEvent", ACTION_SEARCH, ANY));
    assert_true(may(ROLE_PRIVACY, NULL, ACTION_AUDIT, ANY));
    assert_false(may(ROLE_PRIVACY, "AuditEvent", ACTION_UPDATE, ANY));
    assert_true(may(ROLE_ADMIN, NULL, ACTION_MANAGE, ANY));
    assert_true(may(ROLE_ADMIN, "SearchParameter", ACTION_CREATE, ANY));
    assert_false(may(ROLE_ADMIN, "Patient", ACTION_READ, OF(1)));
    assert_true(may(ROLE_SYSTEM, "Patient", ACTION_DELETE, OF(1)));
}

/* Nobody, our followers included, changes the trail by hand but the system that writes it. */
static void trail_is_read_only(void **state)
{
    (void)state;
    for (int role = ROLE_NURSE; role < ROLE_SYSTEM; role++)
        for (int a = ACTION_CREATE; a <= ACTION_DELETE; a++)
            assert_false(may((enum role)role, "AuditEvent", (enum action)a,
                             (struct access_request){.patient = PATIENT, .is_own = true}));
}

/* Review R20: what may hold anybody's data, without home or label, is for our own followers only.
 */
static void containers_are_for_the_system_only(void **state)
{
    (void)state;
    static const char *const types[] = {"Basic",   "Binary",        "Bundle",
                                        "Linkage", "MessageHeader", "Parameters"};
    for (int role = ROLE_NURSE; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            for (int a = 0; a < ACTION_COUNT; a++) {
                const struct access_request mine = {.patient = PATIENT, .is_own = true};
                if (role != ROLE_SYSTEM)
                    assert_false(may((enum role)role, types[i], (enum action)a, mine));
            }
    assert_true(may(ROLE_SYSTEM, "Bundle", ACTION_READ, ANY));
    assert_true(may(ROLE_ADMIN, "Subscription", ACTION_READ, ANY));
}

static void patient_sees_own_compartment(void **state)
{
    (void)state;
    struct actor p = actor_of(ROLE_PATIENT);
    assert_true(ask(&p, "Observation", ACTION_READ, OF(PATIENT)).allowed);
    assert_false(ask(&p, "Observation", ACTION_READ, OF(8)).allowed);
    assert_false(ask(&p, "Observation", ACTION_READ, OF(0)).allowed);
    assert_true(ask(&p, "AuditEvent", ACTION_READ, OF(PATIENT)).allowed); /* who looked */
    struct access_verdict v = ask(&p, "Observation", ACTION_SEARCH, ANY);
    assert_true(v.allowed && v.compartment_only && !v.own_only && !v.hide_sensitive);
    v = ask(&p, "Practitioner", ACTION_SEARCH, ANY);
    assert_true(v.allowed && !v.compartment_only && v.hide_sensitive);
    const struct access_request mine = {.patient = PATIENT, .is_own = true};
    assert_true(ask(&p, "Communication", ACTION_CREATE, mine).allowed);
    assert_true(ask(&p, "Observation", ACTION_CREATE, mine).allowed);
    assert_false(
        ask(&p, "Observation", ACTION_CREATE, OF(PATIENT)).allowed); /* not as its author */
    assert_false(
        ask(&p, "Observation", ACTION_CREATE, (struct access_request){.patient = 8, .is_own = true})
            .allowed);
    assert_true(ask(&p, "Consent", ACTION_UPDATE, OF(PATIENT)).allowed);
    assert_false(ask(&p, "Condition", ACTION_CREATE, mine).allowed);
    assert_false(ask(&p, "Observation", ACTION_DELETE, mine).allowed);
    p.patient = 0; /* bound to nobody */
    assert_false(ask(&p, "Observation", ACTION_READ, OF(0)).allowed);
    assert_false(ask(&p, "Observation", ACTION_SEARCH, ANY).allowed);
}

static void helper_sees_what_consent_lists(void **state)
{
    (void)state;
    struct actor h = actor_of(ROLE_HELPER);
    struct access_request shared = {.patient = PATIENT, .consented = true};
    assert_true(ask(&h, "Observation", ACTION_READ, shared).allowed);
    assert_true(ask(&h, "Observation", ACTION_SEARCH, shared).compartment_only);
    assert_false(ask(&h, "Observation", ACTION_SEARCH, ANY).allowed);
    assert_false(ask(&h, "Observation", ACTION_READ, OF(PATIENT)).allowed);
    shared.sensitive = true;
    assert_false(ask(&h, "Observation", ACTION_READ, shared).allowed);
    shared = (struct access_request){.patient = 8, .consented = true};
    assert_false(ask(&h, "Observation", ACTION_READ, shared).allowed);
    assert_true(ask(&h, "Consent", ACTION_READ, OF(PATIENT)).allowed);
    assert_false(ask(&h, "Consent", ACTION_UPDATE, OF(PATIENT)).allowed);
}

/* ADR 67: bills are shown to who treats the patient, where the patient shares them. */
static void bills_are_shared_by_each_patient(void **state)
{
    (void)state;
    static const char *const bills[] = {"Claim", "ExplanationOfBenefit"};
    const enum action looks[] = {ACTION_READ, ACTION_HISTORY};
    struct actor n = actor_of(ROLE_NURSE);
    for (size_t i = 0; i < 2; i++) {
        struct access_request shared = {.patient = 1, .consented = true};
        for (size_t k = 0; k < 2; k++) {
            assert_false(ask(&n, bills[i], looks[k], OF(1)).allowed);
            assert_true(ask(&n, bills[i], looks[k], shared).allowed);
            const struct access_request secret = {
                .patient = 1, .consented = true, .sensitive = true};
            assert_false(ask(&n, bills[i], looks[k], secret).allowed);
            n.purpose = PURPOSE_HOPERAT; /* treating alone */
            assert_false(ask(&n, bills[i], looks[k], shared).allowed);
            n.purpose = PURPOSE_TREAT;
        }
        struct access_verdict v = ask(&n, bills[i], ACTION_SEARCH, ANY); /* each is asked */
        assert_true(v.allowed && v.hide_sensitive && !v.compartment_only && !v.own_only);
        const enum action acts[] = {ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE, ACTION_EXPORT};
        for (size_t k = 0; k < sizeof acts / sizeof *acts; k++)
            assert_false(ask(&n, bills[i], acts[k], shared).allowed);
    }
    for (int role = 0; role < ROLE_COUNT; role++)
        for (int t = 0; t <= POLICY_TYPE_COUNT; t++)
            for (int a = 0; a < ACTION_COUNT; a++) {
                bool bill = t == policy_type_parse(STR("Claim")) ||
                            t == policy_type_parse(STR("ExplanationOfBenefit"));
                struct actor who = actor_of((enum role)role);
                assert_int_equal(policy_by_share(&who, (enum action)a, t),
                                 role == ROLE_NURSE && bill && a <= ACTION_HISTORY);
            }
    assert_int_equal(policy_shared_type(0), policy_type_parse(STR("Claim")));
    assert_int_equal(policy_shared_type(1), policy_type_parse(STR("ExplanationOfBenefit")));
    assert_int_equal(policy_shared_type(2), 0);
    assert_false(policy_by_share(NULL, ACTION_READ, policy_type_parse(STR("Claim"))));
    assert_false(policy_by_share(&n, ACTION_READ, -1));
}

static void device_only_reports(void **state)
{
    (void)state;
    struct actor d = actor_of(ROLE_DEVICE);
    const struct access_request mine = {.patient = PATIENT, .is_own = true};
    assert_true(ask(&d, "Observation", ACTION_CREATE, mine).allowed);
    assert_false(
        ask(&d, "Observation", ACTION_CREATE, OF(PATIENT)).allowed); /* for another device */
    assert_false(ask(&d, "Observation", ACTION_READ, mine).allowed);
    assert_true(ask(&d, "Device", ACTION_READ, (struct access_request){.is_own = true}).allowed);
    assert_false(ask(&d, "Device", ACTION_READ, OF(PATIENT)).allowed);
    size_t allowed = 0;
    for (int t = 0; t <= POLICY_TYPE_COUNT; t++)
        for (int a = 0; a < ACTION_COUNT; a++) {
            struct access_request r = mine;
            struct access_verdict v;
            r.type = t;
            r.action = (enum action)a;
            policy_access(&d, &r, &v);
            allowed += v.allowed;
        }
    assert_int_equal(allowed, 3); /* report, read itself, read the capability statement */
}

static void purpose_and_label(void **state)
{
    (void)state;
    struct actor n = actor_of(ROLE_NURSE);
    n.purpose = PURPOSE_HPAYMT;
    struct access_verdict v = ask(&n, "Observation", ACTION_READ, OF(1));
    assert_false(v.allowed);
    assert_int_not_equal(str_find(v.why, STR("purposes"), 0), SIZE_MAX);
    n.purpose = PURPOSE_NONE;
    assert_false(ask(&n, "Observation", ACTION_READ, OF(1)).allowed);
    n.purpose = (enum purpose)99;
    assert_false(ask(&n, "Observation", ACTION_READ, OF(1)).allowed);
    n.purpose = PURPOSE_BTG;
    const struct access_request secret = {.patient = 1, .sensitive = true};
    assert_true(ask(&n, "Observation", ACTION_READ, secret).allowed);
    assert_true(may(ROLE_AGENT, "Patient", ACTION_READ, OF(1)));
    assert_false(may(ROLE_AGENT, "Patient", ACTION_READ, secret));
    struct actor a = actor_of(ROLE_AGENT);
    v = ask(&a, "Patient", ACTION_SEARCH, secret); /* narrowed instead of refused */
    assert_true(v.allowed && v.hide_sensitive);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 1; i < ROLE_COUNT; i++) {
        enum role r = ROLE_NONE;
        assert_true(role_parse(role_name((enum role)i), &r) && (int)r == i);
        assert_int_not_equal(role_purpose(r), PURPOSE_NONE);
    }
    for (int i = 1; i < PURPOSE_COUNT; i++) {
        enum purpose p = PURPOSE_NONE;
        assert_true(purpose_parse(purpose_name((enum purpose)i), &p) && (int)p == i);
    }
    for (int i = 0; i < ACTION_COUNT; i++) {
        enum action a = ACTION_COUNT;
        assert_true(action_parse(action_name((enum action)i), &a) && (int)a == i);
    }
    for (int i = 0; i < TRIGGER_COUNT; i++) {
        enum trigger t = TRIGGER_COUNT;
        assert_true(trigger_parse(trigger_name((enum trigger)i), &t) && (int)t == i);
    }
    enum role r = ROLE_ADMIN;
    enum purpose p = PURPOSE_BTG;
    enum action a = ACTION_AUDIT;
    assert_false(role_parse(STR("none"), &r) || role_parse(STR("Nurse"), &r) ||
                 role_parse(STR(""), &r));
    assert_false(purpose_parse(STR(""), &p) || action_parse(STR(""), &a));
    assert_int_equal(r, ROLE_ADMIN);
    assert_str(role_name((enum role)99), "none");
    assert_int_equal(role_purpose((enum role)99), PURPOSE_NONE);
    assert_int_equal(purpose_name((enum purpose)99).n + action_name((enum action)99).n, 0);
    assert_str(decision_name(DECISION_HOLD_UNTIL), "hold_until");
}

/* R130: a nurse is cleared for labels, and not for the cases that are about nurses. */
static void r130_privacy_cases(void **state)
{
    (void)state;
    struct access_request office = {
        .patient = PATIENT, .sensitive = true, .labels = label_parse(STR("PRIVACYCASE"))};
    struct access_request hiv = {
        .patient = PATIENT, .sensitive = true, .labels = label_parse(STR("HIV"))};
    enum action acts[] = {ACTION_READ, ACTION_HISTORY, ACTION_CREATE, ACTION_UPDATE};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        assert_false(may(ROLE_NURSE, "Task", acts[i], office));
        assert_true(may(ROLE_NURSE, "Task", acts[i], hiv));
        assert_false(may(ROLE_AGENT, "Task", acts[i], office));
        assert_true(may(ROLE_PRIVACY, "Task", acts[i], office));
    }
    assert_true(may(ROLE_NURSE, "Observation", ACTION_READ, office)); /* of Tasks it is kept */
    assert_true(may(ROLE_NURSE, "Task", ACTION_SEARCH, office));      /* narrowed by the record */
    assert_true(may(ROLE_PATIENT, "Task", ACTION_READ, office));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_the_r4_list),
        cmocka_unit_test(the_untrained_may_nothing_but_manage),
        cmocka_unit_test(nobody_may_anything),
        cmocka_unit_test(staff),
        cmocka_unit_test(trail_is_read_only),
        cmocka_unit_test(containers_are_for_the_system_only),
        cmocka_unit_test(patient_sees_own_compartment),
        cmocka_unit_test(helper_sees_what_consent_lists),
        cmocka_unit_test(bills_are_shared_by_each_patient),
        cmocka_unit_test(device_only_reports),
        cmocka_unit_test(purpose_and_label),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(r130_privacy_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
