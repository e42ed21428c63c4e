/* Consents and labels: every criterion alone, exceptions, what cannot be told, the rows of roles;
 * and, over random Consents and resources, that one denial more or one permission less never shows
 * more. */
#include <limits.h>

#include "base/test.h"
#include "policy/consent_int.h"
#include "policy/scope.h"

#define DAY 86400000
#define ALL_TIME                                                                                   \
    {                                                                                              \
        INT64_MIN, INT64_MAX                                                                       \
    }
#define LOOK (1u << ACTION_READ | 1u << ACTION_SEARCH | 1u << ACTION_EXPORT)

static const str ada = {"Practitioner/ada", 16};

static struct consent_rule deny(void)
{
    return (struct consent_rule){
        .denies = true, .period = ALL_TIME, .dated = ALL_TIME, .actions = LOOK};
}

static struct consent_rule permit(void)
{
    struct consent_rule c = deny();
    c.denies = false;
    c.permits = true;
    return c;
}

static struct consent_data weight(void)
{
    static const struct consent_code codes[] = {{{"http://loinc.org", 16}, {"29463-7", 7}, false},
                                                {{"urn:icd", 7}, {"F10.20", 6}, false}};
    static const str refs[] = {{"Patient/x", 9}, {"Practitioner/bo", 15}};
    static const str foreign[] = {{"Encounter/e", 11}};
    return (struct consent_data){.self = STR("Observation/w"),
                                 .codes = codes,
                                 .n_codes = 2,
                                 .refs = refs,
                                 .n_refs = 2,
                                 .foreign = foreign,
                                 .n_foreign = 1,
                                 .labels = LABEL_NORMAL,
                                 .dated = true,
                                 .when = {5 * DAY, 6 * DAY}};
}

static struct consent_request by_ada(const struct consent_data *d)
{
    return (struct consent_request){.role = ROLE_NURSE,
                                    .purpose = PURPOSE_TREAT,
                                    .action = ACTION_READ,
                                    .names = &ada,
                                    .n_names = 1,
                                    .now = 10 * DAY,
                                    .type = STR("Observation"),
                                    .data = d};
}

static bool denies(const struct consent_rule *c)
{
    struct consent_data d = weight();
    struct consent_request r = by_ada(&d);
    return consent_ask(c, &r) == CONSENT_DENY;
}

/* The same rule as a permission: permits only when it is sure. */
static bool permits(const struct consent_rule *c)
{
    struct consent_rule p = *c;
    struct consent_data d = weight();
    struct consent_request r = by_ada(&d);
    p.denies = false;
    p.permits = true;
    return consent_ask(&p, &r) >= CONSENT_PERMIT;
}

enum { NOT, PERHAPS, SURE };
#define CHECK(c, what)                                                                             \
    do {                                                                                           \
        assert_int_equal(denies(&(c)), (what) != NOT);                                             \
        assert_int_equal(permits(&(c)), (what) == SURE);                                           \
    } while (0)

static void time_and_clarity(void **state)
{
    (void)state;
    struct consent_rule c = deny();
    CHECK(c, SURE);
    c.unclear = true;
    CHECK(c, PERHAPS);
    c.unclear = false;
    c.period = (struct consent_span){10 * DAY, 11 * DAY};
    CHECK(c, SURE);
    c.period = (struct consent_span){10 * DAY + 1, 11 * DAY};
    CHECK(c, NOT);
    c.period = (struct consent_span){9 * DAY, 10 * DAY};
    CHECK(c, NOT);
    c = deny();
    c.denies = false;
    assert_false(denies(&c)); /* says nothing itself */
}

static void actors(void **state)
{
    (void)state;
    const struct {
        struct consent_party p;
        int what;
    } rows[] = {{{false, ada}, SURE},
                {{false, STR("Practitioner/bo")}, NOT},
                {{false, STR_NONE}, PERHAPS},
                {{true, STR("Practitioner/bo")}, PERHAPS}, /* named, but as the author? */
                {{true, ada}, NOT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct consent_party two[] = {{false, STR("Patient/y")}, rows[i].p};
        struct consent_rule c = deny();
        c.has = CONSENT_ACTORS;
        c.actors = two;
        c.n_actors = 2;
        CHECK(c, rows[i].what);
        if (rows[i].what != SURE)
            continue;
        struct consent_party turned[] = {rows[i].p, {false, STR("Patient/y")}};
        c.actors = turned;
        CHECK(c, SURE);
    }
}

static void purposes_and_actions(void **state)
{
    (void)state;
    struct consent_rule c = deny();
    c.has = CONSENT_PURPOSES;
    CHECK(c, NOT);
    c.purposes = 1u << PURPOSE_TREAT;
    CHECK(c, SURE);
    c.purposes = 1u << PURPOSE_HPAYMT;
    CHECK(c, NOT);
    c.purposes_maybe = 1u << PURPOSE_TREAT;
    CHECK(c, PERHAPS);
    c = deny();
    c.actions = 1u << ACTION_UPDATE;
    CHECK(c, NOT);
    c.actions_maybe = UINT_MAX;
    CHECK(c, PERHAPS);
    c = deny();
    c.disclosing = true;
    CHECK(c, NOT); /* within the house */
    struct consent_request r = by_ada(NULL);
    r.outside = true;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    r.outside = false;
    r.action = ACTION_EXPORT;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c = permit();
    r.purpose = PURPOSE_COUNT;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    r.purpose = PURPOSE_TREAT;
    r.action = ACTION_COUNT;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
}

static void classes_and_codes(void **state)
{
    (void)state;
    const str types[] = {STR("Condition"), STR("Observation")}, unclear[] = {STR_NONE};
    struct consent_rule c = deny();
    c.has = CONSENT_CLASSES;
    c.classes = types;
    c.n_classes = 1;
    CHECK(c, NOT);
    c.n_classes = 2;
    CHECK(c, SURE);
    c.classes = unclear;
    c.n_classes = 1;
    CHECK(c, PERHAPS);
    const struct {
        struct consent_code code;
        int what;
    } rows[] = {{{STR("http://loinc.org"), STR("29463-7"), false}, SURE},
                {{STR("http://loinc.org"), STR("29463-8"), false}, NOT},
                {{STR("http://snomed.info/sct"), STR("29463-7"), false}, NOT},
                {{STR("urn:icd"), STR("F10"), true}, SURE},
                {{STR("urn:icd"), STR("F10"), false}, NOT},
                {{STR("urn:icd"), STR("F11"), true}, NOT},
                {{STR_NONE, STR_NONE, false}, PERHAPS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        c = deny();
        c.has = CONSENT_CODES;
        c.codes = &rows[i].code;
        c.n_codes = 1;
        CHECK(c, rows[i].what);
    }
}

static void labels_data_and_dates(void **state)
{
    (void)state;
    struct consent_rule c = deny();
    c.has = CONSENT_LABELS;
    c.labels = LABEL_RESTRICTED;
    CHECK(c, NOT);
    c.labels_unclear = true;
    CHECK(c, PERHAPS);
    c.labels |= LABEL_NORMAL;
    CHECK(c, SURE);
    const struct {
        struct consent_datum d;
        int what;
    } rows[] = {{{MEANS_INSTANCE, STR("Observation/w")}, SURE},
                {{MEANS_INSTANCE, STR("Patient/x")}, NOT},
                {{MEANS_DEPENDENTS, STR("Patient/x")}, SURE},
                {{MEANS_DEPENDENTS, STR("Patient/y")}, NOT},
                {{MEANS_DEPENDENTS, STR("Encounter/e")}, PERHAPS}, /* at an address: maybe ours */
                {{MEANS_INSTANCE, STR("Encounter/e")}, NOT},
                {{MEANS_UNCLEAR, STR("Patient/y")}, PERHAPS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        c = deny();
        c.has = CONSENT_DATA;
        c.data = &rows[i].d;
        c.n_data = 1;
        CHECK(c, rows[i].what);
    }
    const struct {
        struct consent_span s;
        int what;
    } spans[] = {{{5 * DAY, 6 * DAY}, SURE},
                 {{5 * DAY + 1, 6 * DAY}, PERHAPS},
                 {{5 * DAY, 6 * DAY - 1}, PERHAPS},
                 {{0, 5 * DAY}, NOT},
                 {{6 * DAY, 7 * DAY}, NOT}};
    c = deny();
    c.has = CONSENT_DATED;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        c.dated = spans[i].s;
        CHECK(c, spans[i].what);
    }
    struct consent_data d = weight();
    d.dated = false;
    struct consent_request r = by_ada(&d);
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c.denies = false;
    c.permits = true;
    assert_int_equal(consent_ask(&c, &r), CONSENT_SILENT);
}

static void of_a_whole_type(void **state)
{
    (void)state;
    struct consent_rule c = deny(), p = permit();
    struct consent_request r = by_ada(NULL);
    struct consent_party author = {true, STR("Practitioner/bo")};
    c.has = p.has = CONSENT_LABELS;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY); /* surely all? no */
    assert_int_equal(consent_ask(&p, &r), CONSENT_SILENT);
    r.hopeful = true;
    assert_int_equal(consent_ask(&c, &r), CONSENT_SILENT); /* could some be? yes */
    assert_int_equal(consent_ask(&p, &r), CONSENT_PERMIT);
    c.has = 0;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c.has = CONSENT_ACTORS;
    c.actors = &author;
    c.n_actors = 1;
    assert_int_equal(consent_ask(&c, &r), CONSENT_SILENT);
}

static void exceptions(void **state)
{
    (void)state;
    struct consent_data d = weight();
    struct consent_request r = by_ada(&d);
    struct consent_party me = {false, ada};
    struct consent_rule inner[2] = {permit(), deny()}, c = deny();
    c.exceptions = inner;
    c.n_exceptions = 1;
    assert_int_equal(consent_ask(&c, &r), CONSENT_PERMIT);
    c.n_exceptions = 2;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY); /* the strictest wins */
    c.n_exceptions = 1;
    c.unclear = true; /* an exception to what is not sure is none */
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c.unclear = false;
    inner[0].has = CONSENT_ACTORS;
    inner[0].actors = &me;
    inner[0].n_actors = 1;
    assert_int_equal(consent_ask(&c, &r), CONSENT_SHARE);
    inner[0].period = (struct consent_span){0, 1};
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c = permit();
    c.exceptions = &inner[1];
    c.n_exceptions = 1;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
    c = deny();
    c.denies = false; /* only exceptions speak */
    c.exceptions = &inner[1];
    c.n_exceptions = 1;
    assert_int_equal(consent_ask(&c, &r), CONSENT_DENY);
}

static void roles(void **state)
{
    (void)state;
    struct consent_data d = weight();
    struct consent_request r = by_ada(&d);
    struct consent_party me = {false, ada};
    struct consent_rule no = deny(), yes = permit();
    const struct consent_rule *all[] = {&yes, &no};
    struct consent_verdict v;
    consent_decide(all, 2, false, &r, &v);
    assert_true(v.hidden && !v.free && v.by == 1 && v.why.n && v.rule.n && v.citation.n);
    consent_decide(all, 1, false, &r, &v);
    assert_true(!v.hidden && v.by == 1);
    consent_decide(all, 2, true, &r, &v);
    assert_true(!v.hidden && v.free); /* the glass is broken */
    r.role = ROLE_AGENT;
    consent_decide(all, 2, true, &r, &v);
    assert_true(v.hidden); /* not for everybody */
    r.role = ROLE_PATIENT;
    consent_decide(all, 2, false, &r, &v);
    assert_true(!v.hidden && v.free);
    r.role = ROLE_HELPER;
    consent_decide(all, 1, false, &r, &v);
    assert_true(v.hidden); /* nobody is named */
    r.open = true;
    consent_decide(all, 1, false, &r, &v);
    assert_false(v.hidden);
    consent_decide(all, 2, false, &r, &v);
    assert_true(v.hidden);
    r.open = false;
    yes.has = CONSENT_ACTORS;
    yes.actors = &me;
    yes.n_actors = 1;
    consent_decide(all, 1, false, &r, &v);
    assert_false(v.hidden);
    consent_decide(all, 2, false, &r, &v);
    assert_true(v.hidden);
    r.role = ROLE_COUNT + 1;
    consent_decide(NULL, 0, false, &r, &v);
    assert_true(v.hidden);
    assert_true(consent_binds(ROLE_NURSE) && !consent_binds(ROLE_SYSTEM));
    static const struct scopes some;
    struct actor who = {.role = ROLE_SYSTEM};
    assert_int_equal(consent_role(&who), ROLE_SYSTEM);
    who.scopes = &some; /* a service of the outside */
    assert_int_equal(consent_role(&who), CONSENT_APP);
    assert_true(consent_binds(consent_role(&who)));
    who.role = ROLE_NURSE;
    assert_int_equal(consent_role(&who), ROLE_NURSE);
    assert_true(consent_needs_share(ROLE_HELPER) && !consent_needs_share(ROLE_NURSE));
    assert_true(consent_needs_relation(ROLE_NURSE) && !consent_needs_relation(ROLE_AGENT));
    consent_no_relation(&v);
    assert_true(v.hidden && v.why.n && v.rule.n && v.citation.n);
    assert_true(consent_glass(ROLE_NURSE) && !consent_glass(ROLE_AGENT));
}

static void purposes_have_parents(void **state)
{
    (void)state;
    unsigned yes, maybe;
    assert_true(consent_purpose(STR("TREAT"), &yes, &maybe));
    assert_int_equal(yes, 1u << PURPOSE_TREAT | 1u << PURPOSE_ETREAT | 1u << PURPOSE_BTG);
    assert_int_equal(maybe, 0);
    assert_true(consent_purpose(STR("COC"), &yes, &maybe));
    assert_int_equal(yes, 0);
    assert_int_equal(maybe, 1u << PURPOSE_TREAT);
    assert_false(consent_purpose(STR("treat"), &yes, &maybe));
}

static void labels_by_codes(void **state)
{
    (void)state;
    const str icd = STR("http://hl7.org/fhir/sid/icd-10-cm"), sct = STR("http://snomed.info/sct");
    label_set sud = label_parse(STR("SUD")), hiv = label_parse(STR("HIV"));
    assert_true(sud && hiv && sud != hiv && !label_parse(STR("XYZ")));
    assert_true(label_of_code(icd, STR("F10.20")) == sud && label_of_code(icd, STR("F10")) == sud);
    assert_true(label_of_code(icd, STR("F17.2")) == 0 && label_of_code(icd, STR("F1")) == 0);
    assert_true(label_of_code(sct, STR("F10.20")) == 0 && label_of_code(icd, STR("")) == 0);
    assert_true(label_of_code(sct, STR("66590003")) == sud);
    assert_true(label_of_code(sct, STR("665900031")) == 0); /* no tree by its letters */
    assert_true(label_of_code(sct, STR("86406008")) == hiv);
    assert_true(label_code_maybe(STR("F10.20")) && label_code_maybe(STR("B20")));
    assert_false(label_code_maybe(STR("29463-7")) || label_code_maybe(STR("zzzzzzzzzzzzzzzzzzz")));
    assert_true(label_is_restricted(sud | LABEL_NORMAL) && !label_is_restricted(LABEL_NORMAL));
    assert_true(label_is_named(LABEL_RESTRICTED) && !label_is_named(LABEL_RESTRICTED | sud));
    assert_true(label_close(sud) == (sud | LABEL_RESTRICTED) && label_close(0) == LABEL_NORMAL);
    assert_str(label_name(1), "R");
    assert_int_equal(label_name(99).n, 0);
    assert_true(label_version() > 0);
}

/* R130: cases of the privacy office are nobody else's, cleared or not. */
static void r130_labels_kept(void **state)
{
    (void)state;
    label_set office = label_parse(STR("PRIVACYCASE"));
    label_set officer = label_parse(STR("OFFICERCASE"));
    int task = policy_type_parse(STR("Task"));
    assert_true(office && label_is_restricted(office) && !label_is_named(office));
    for (int role = ROLE_NONE; role < ROLE_COUNT; role++) {
        bool house = role == ROLE_PRIVACY || role == ROLE_SYSTEM;
        label_set kept = house ? 0 : role == ROLE_PATIENT ? officer : office | officer;
        assert_true(label_kept((enum role)role, task) == kept);
        assert_true(label_kept((enum role)role, policy_type_parse(STR("CommunicationRequest"))) ==
                    (house ? 0 : officer)); /* R304: a notice that was only asked for */
        assert_true(label_kept((enum role)role, policy_type_parse(STR("Patient"))) == 0);
        assert_true(label_kept((enum role)role, POLICY_TYPE_SYSTEM) == 0);
    }
}

/* ---- random Consents ---- */

static const str names[] = {{"Practitioner/ada", 16}, {"Practitioner/bo", 15}, {"Patient/x", 9}};
static const str types[] = {{"Observation", 11}, {"Condition", 9}, {"", 0}};
static const struct consent_code codes[] = {{{"s", 1}, {"a", 1}, false},
                                            {{"s", 1}, {"ab", 2}, true},
                                            {{"s", 1}, {"abc", 3}, false},
                                            {{NULL, 0}, {NULL, 0}, false}};

struct rng {
    uint64_t x;
};

static unsigned pick(struct rng *r, unsigned n)
{
    r->x = r->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((r->x >> 33) % n);
}

static void fill(struct arena *a, struct rng *r, struct consent_rule *c, unsigned depth)
{
    *c = pick(r, 2) ? permit() : deny();
    c->unclear = pick(r, 12) == 0;
    c->has = (1u << pick(r, 9)) & 0xFFu;
    c->has |= pick(r, 2) ? (1u << pick(r, 9)) & 0xFFu : 0;
    c->purposes = pick(r, 1024);
    c->purposes_maybe = pick(r, 1024);
    c->actions = pick(r, 3) ? LOOK : 1u << pick(r, 4);
    c->disclosing = pick(r, 5) == 0;
    c->labels = 1u + pick(r, 7);
    c->labels_unclear = pick(r, 6) == 0;
    c->period.lo = pick(r, 3) ? INT64_MIN : (int64_t)pick(r, 20) * DAY;
    c->dated = (struct consent_span){(int64_t)pick(r, 6) * DAY, (int64_t)(pick(r, 6) + 5) * DAY};
    struct consent_party *p = ARENA_ARRAY(a, struct consent_party, 1);
    *p = (struct consent_party){pick(r, 4) == 0, pick(r, 5) ? names[pick(r, 3)] : STR_NONE};
    c->actors = p;
    c->n_actors = c->has & CONSENT_ACTORS ? 1 : 0;
    c->classes = &types[pick(r, 3)];
    c->n_classes = 1;
    c->codes = &codes[pick(r, 4)];
    c->n_codes = 1;
    struct consent_datum *d = ARENA_ARRAY(a, struct consent_datum, 1);
    *d = (struct consent_datum){(enum consent_meaning)pick(r, 3), names[pick(r, 3)]};
    c->data = d;
    c->n_data = 1;
    c->n_exceptions = depth < 3 ? pick(r, 3) : 0;
    struct consent_rule *e = ARENA_ARRAY(a, struct consent_rule, c->n_exceptions + 1);
    for (size_t i = 0; i < c->n_exceptions; i++)
        fill(a, r, &e[i], depth + 1);
    c->exceptions = e;
}

/* A random rule of the tree. */
static struct consent_rule *somewhere(struct rng *r, struct consent_rule *c)
{
    while (c->n_exceptions && pick(r, 2))
        c = (struct consent_rule *)(uintptr_t)&c->exceptions[pick(r, (unsigned)c->n_exceptions)];
    return c;
}

/* Does a permission stand under one that lists the type, or list it itself? */
static bool lists(const struct consent_rule *c, str type, bool above)
{
    for (size_t i = 0; (c->has & CONSENT_CLASSES) && i < c->n_classes; i++)
        above = above || str_eq(c->classes[i], type);
    bool found = above && c->permits;
    for (size_t i = 0; i < c->n_exceptions && !found; i++)
        found = lists(&c->exceptions[i], type, above);
    return found;
}

/* One denial more (as an exception somewhere), or one permission less. */
static void tighten(struct arena *a, struct rng *r, struct consent_rule *root)
{
    struct consent_rule *at = somewhere(r, root);
    size_t n = at->n_exceptions;
    struct consent_rule *e = ARENA_ARRAY(a, struct consent_rule, n + 1);
    if (n)
        memcpy(e, at->exceptions, n * sizeof *e);
    if (pick(r, 2) || n == 0) {
        fill(a, r, &e[n], 3);
        e[n].permits = false;
        e[n].denies = true;
        at->n_exceptions = n + 1;
    } else {
        size_t k = pick(r, (unsigned)n);
        e[k].permits = false;
    }
    at->exceptions = e;
}

static void one_denial_more_never_shows_more(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct rng r = {20261122};
    size_t shown = 0, less = 0, by_list = 0;
    for (size_t round = 0; round < 60000; round++) {
        struct consent_rule roots[3], extra;
        const struct consent_rule *all[4] = {&roots[0], &roots[1], &roots[2], &extra};
        size_t n = 1 + pick(&r, 3);
        struct consent_data d = weight();
        struct consent_request q = by_ada(&d);
        struct consent_verdict before, after;
        for (size_t i = 0; i < n; i++)
            fill(a, &r, &roots[i], 1);
        q.role = pick(&r, 2) ? ROLE_HELPER : ROLE_NURSE;
        q.purpose = (enum purpose)pick(&r, PURPOSE_COUNT);
        q.action = (enum action)pick(&r, 4);
        q.outside = q.role == ROLE_HELPER;
        q.listed = q.role == ROLE_NURSE && pick(&r, 2);
        q.type = types[pick(&r, 2)];
        d.codes = &codes[pick(&r, 3)];
        d.n_codes = 1;
        d.labels = 1u + pick(&r, 7);
        d.dated = pick(&r, 4) != 0;
        consent_decide(all, n, false, &q, &before);
        bool listed = false;
        for (size_t i = 0; i < n; i++)
            listed = listed || lists(&roots[i], q.type, false);
        assert_true(!q.listed || before.hidden || listed);
        by_list += q.listed && !before.hidden;
        if (pick(&r, 3) == 0) {
            fill(a, &r, &extra, 3);
            extra.permits = false;
            extra.denies = true;
            all[n++] = &extra;
        } else {
            tighten(a, &r, &roots[pick(&r, (unsigned)n)]);
        }
        consent_decide(all, n, false, &q, &after);
        shown += !before.hidden;
        less += !before.hidden && after.hidden;
        assert_false(before.hidden && !after.hidden);
        /* what is shown of one was hoped for of the type; what is sure of the type holds for one */
        struct consent_request whole = q;
        struct consent_verdict hope, surely;
        whole.data = NULL;
        consent_decide(all, n, false, &whole, &surely);
        assert_true(surely.hidden || !after.hidden);
        whole.hopeful = true;
        consent_decide(all, n, false, &whole, &hope);
        assert_true(after.hidden || !hope.hidden);
        if (round % 512 == 0)
            arena_reset(a);
    }
    assert_true(shown > 5000 && less > 500 && by_list > 100);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_and_clarity),
        cmocka_unit_test(actors),
        cmocka_unit_test(purposes_and_actions),
        cmocka_unit_test(classes_and_codes),
        cmocka_unit_test(labels_data_and_dates),
        cmocka_unit_test(of_a_whole_type),
        cmocka_unit_test(exceptions),
        cmocka_unit_test(roles),
        cmocka_unit_test(purposes_have_parents),
        cmocka_unit_test(labels_by_codes),
        cmocka_unit_test(r130_labels_kept),
        cmocka_unit_test(one_denial_more_never_shows_more),
    };
    return cmocka_run_group_tests_name("policy.consent", tests, NULL, NULL);
}
