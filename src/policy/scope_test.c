/* Scopes: what words mean, what they leave of a role, and that they never add to it. */
#include "base/test.h"
#include "policy/policy_int.h"
#include "policy/scope.h"

#define PATIENT 7

static bool parses(const char *word)
{
    struct scope s;
    return scope_parse(str_of(word), &s);
}

static void words(void **state)
{
    (void)state;
    static const char *const good[] = {"patient/Observation.rs",
                                       "user/*.cruds",
                                       "system/Patient.c",
                                       "patient/*.*",
                                       "patient/Condition.read",
                                       "user/Task.write",
                                       "patient/Observation.rs?category=vital-signs",
                                       "user/Observation.s?_tag=a|b,c",
                                       "user/Condition.s?clinical-status=a",
                                       "user/Observation.s?Zz=1"};
    static const char *const bad[] = {"",
                                      "openid",
                                      "launch/patient",
                                      "patient/Observation",
                                      "patient.Observation/rs",
                                      "doctor/Observation.rs",
                                      "patient/Observashun.rs",
                                      "patient/Observation.",
                                      "patient/Observation.sr",
                                      "patient/Observation.rr",
                                      "patient/Observation.rx",
                                      "patient/observation.rs",
                                      "patient/*.rs?category=x",
                                      "patient/Observation.rs?",
                                      "patient/Observation.rs?category",
                                      "patient/Observation.rs?=x",
                                      "patient/Observation.rs?category=",
                                      "patient/Observation.rs?category=a&code=b",
                                      "patient/Observation.rs?code:not=b",
                                      "patient/Observation.rs?subject.name=b",
                                      "patient/Observation.rs?co{e=b",
                                      "patient/Observation.rs?co[e=b",
                                      "PATIENT/Observation.rs",
                                      "patient/Observation.rs?co@e=b",
                                      "patient/Observation.rs?co`e=b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(parses(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(parses(bad[i]));
    char word[300] = "user/Observation.s?code=";
    memset(word + strlen(word), 'x', 299 - strlen(word));
    word[299] = 0;
    assert_false(parses(word));
    word[SCOPE_WORD_MAX] = 0;
    assert_true(parses(word));
    struct scope s;
    assert_true(scope_parse(STR("user/Task.read"), &s));
    assert_int_equal(s.letters, LETTER_READ | LETTER_SEARCH);
    assert_true(scope_parse(STR("user/Task.write"), &s));
    assert_int_equal(s.letters, LETTER_CREATE | LETTER_UPDATE | LETTER_DELETE);
    assert_true(scope_parse(STR("system/Task.*"), &s));
    assert_int_equal(s.letters, 31);
    assert_int_equal(s.level, LEVEL_SYSTEM);
}

static void lists(void **state)
{
    (void)state;
    struct scopes all = {.patient = PATIENT};
    assert_true(scopes_parse(STR("openid launch patient/Patient.r  user/Task.rs"), &all));
    assert_int_equal(all.n, 2);
    assert_int_equal(all.patient, PATIENT);
    char text[SCOPES_MAX * 16 + 64];
    size_t n = 0;
    for (size_t i = 0; i < SCOPES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "user/Task.rs ");
    assert_true(scopes_parse(str_make(text, n), &all));
    assert_int_equal(all.n, SCOPES_MAX);
    n += (size_t)snprintf(text + n, sizeof text - n, "user/Task.c");
    assert_false(scopes_parse(str_make(text, n), &all));
}

static bool within(const char *a, const char *b)
{
    struct scope x, y;
    assert_true(scope_parse(str_of(a), &x) && scope_parse(str_of(b), &y));
    return scope_within(&x, &y);
}

static void one_in_another(void **state)
{
    (void)state;
    assert_true(within("user/Task.r", "user/Task.rs"));
    assert_true(within("user/Task.r", "user/*.rs"));
    assert_true(within("user/Task.r?status=a", "user/Task.r"));
    assert_true(within("user/Task.r?status=a", "user/Task.r?status=a"));
    assert_false(within("user/Task.r?status=a", "user/Task.r?status=b"));
    assert_false(within("user/Task.r", "user/Task.r?status=a"));
    assert_false(within("user/Task.rs", "user/Task.r"));
    assert_false(within("user/Task.r", "patient/Task.r"));
    assert_false(within("user/Task.r", "user/Patient.r"));
    assert_false(within("user/*.r", "user/Task.r"));
}

static struct access_verdict ask(enum role role, const char *scopes, struct access_request q)
{
    struct scopes all = {.patient = PATIENT};
    assert_true(scopes_parse(str_of(scopes), &all));
    struct actor a = {.role = role, .purpose = role_purpose(role), .scopes = &all};
    if (role == ROLE_PATIENT)
        a.patient = PATIENT;
    struct access_verdict v;
    policy_access(&a, &q, &v);
    assert_true(v.rule.n > 0 && v.citation.n > 0);
    assert_int_equal(v.allowed, v.why.n == 0);
    return v;
}

static struct access_request about(const char *type, enum action action, uint64_t patient)
{
    return (struct access_request){
        .type = type ? policy_type_parse(str_of(type)) : 0, .action = action, .patient = patient};
}

#define MAY(scopes, type, action, patient)                                                         \
    ask(ROLE_SYSTEM, scopes, about(type, action, patient)).allowed

static void letters(void **state)
{
    (void)state;
    static const struct {
        enum action action;
        const char *yes, *no;
    } rows[] = {{ACTION_READ, "user/Observation.r", "user/Observation.cuds"},
                {ACTION_HISTORY, "user/Observation.r", "user/Observation.cuds"},
                {ACTION_SEARCH, "user/Observation.s", "user/Observation.crud"},
                {ACTION_CREATE, "user/Observation.c", "user/Observation.ruds"},
                {ACTION_UPDATE, "user/Observation.u", "user/Observation.crds"},
                {ACTION_DELETE, "user/Observation.d", "user/Observation.crus"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(MAY(rows[i].yes, "Observation", rows[i].action, 3));
        assert_false(MAY(rows[i].no, "Observation", rows[i].action, 3));
        assert_false(MAY(rows[i].yes, "Condition", rows[i].action, 3));
        assert_true(MAY("system/*.cruds", "Observation", rows[i].action, 3));
        assert_false(MAY("openid fhirUser launch", "Observation", rows[i].action, 3));
        assert_false(MAY("user/*.cruds", "Subscription", rows[i].action, 0) &&
                     (rows[i].action == ACTION_CREATE || rows[i].action == ACTION_UPDATE));
    }
    struct access_request q = about("Observation", ACTION_READ, 3);
    q.listed = true;
    assert_true(ask(ROLE_SYSTEM, "user/Observation.s", q).allowed);
    assert_true(ask(ROLE_SYSTEM, "user/Observation.r", q).allowed);
    assert_false(ask(ROLE_SYSTEM, "user/Observation.cud", q).allowed);
    q.action = ACTION_HISTORY;
    assert_true(ask(ROLE_SYSTEM, "user/Observation.rs", q).allowed);
    assert_false(ask(ROLE_SYSTEM, "user/Observation.r", q).allowed);
    assert_false(ask(ROLE_SYSTEM, "user/Observation.s", q).allowed);
}

static void whole(void **state)
{
    (void)state;
    assert_true(MAY("system/*.rs", NULL, ACTION_SEARCH, 0));
    assert_false(MAY("patient/*.rs", NULL, ACTION_SEARCH, 0));
    assert_false(MAY("system/Patient.rs", NULL, ACTION_SEARCH, 0));
    assert_false(MAY("system/*.cruds", NULL, ACTION_MANAGE, 0));
    assert_false(MAY("system/*.cruds", NULL, ACTION_AUDIT, 0));
    assert_true(MAY("system/*.rs", NULL, ACTION_EXPORT, 0));
    assert_false(MAY("system/*.r", NULL, ACTION_EXPORT, 0));
    assert_false(MAY("patient/*.rs", NULL, ACTION_EXPORT, 0));
    assert_false(MAY("patient/*.rs", "Patient", ACTION_EXPORT, PATIENT));
    assert_true(MAY("system/Patient.rs", "Patient", ACTION_EXPORT, 0));
    assert_false(MAY("system/Patient.rs?gender=a", "Patient", ACTION_EXPORT, 0));
    assert_true(MAY("system/*.cu", NULL, ACTION_IMPORT, 0));
    assert_false(MAY("system/*.c", NULL, ACTION_IMPORT, 0));
    assert_false(MAY("patient/*.cu", "Patient", ACTION_IMPORT, PATIENT));
}

static void one_patient(void **state)
{
    (void)state;
    assert_true(MAY("patient/Observation.r", "Observation", ACTION_READ, PATIENT));
    assert_false(MAY("patient/Observation.r", "Observation", ACTION_READ, 8));
    assert_false(MAY("patient/*.r", "Group", ACTION_READ, 0));
    assert_true(MAY("patient/*.r", "Practitioner", ACTION_READ, 0));
    assert_false(MAY("patient/*.cruds", "Observation", ACTION_CREATE, 8));
    struct access_verdict v =
        ask(ROLE_SYSTEM, "patient/Observation.rs", about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.confine == PATIENT && v.narrow == 0);
    v = ask(ROLE_SYSTEM, "patient/*.rs", about("Location", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.confine == 0);
    /* beside a wide one it adds nothing; beside a restricted one each gives its part */
    v = ask(ROLE_SYSTEM, "patient/Observation.rs user/Observation.rs",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.confine == 0);
    v = ask(ROLE_SYSTEM, "user/Observation.rs?category=x patient/Observation.rs",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.joint && v.beside && v.confine == PATIENT && v.narrow == 1);
    v = ask(ROLE_SYSTEM, "user/Observation.rs?category=x patient/Observation.rs?category=y",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.joint && !v.beside && v.confine == PATIENT && v.narrow == 3);
    v = ask(ROLE_SYSTEM, "patient/Observation.rs?category=y patient/Observation.rs",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && !v.joint && v.confine == PATIENT && v.narrow == 0);
    /* the trail: only as to the patient */
    assert_false(MAY("patient/AuditEvent.rs", "AuditEvent", ACTION_SEARCH, 0));
    assert_true(MAY("user/AuditEvent.rs", "AuditEvent", ACTION_SEARCH, 0));
    assert_true(
        ask(ROLE_PATIENT, "patient/AuditEvent.rs", about("AuditEvent", ACTION_SEARCH, 0)).allowed);
    /* no patient at all: nothing */
    struct scopes none = {0};
    assert_true(scopes_parse(STR("patient/*.cruds"), &none));
    struct actor a = {.role = ROLE_SYSTEM, .purpose = role_purpose(ROLE_SYSTEM), .scopes = &none};
    struct access_request q = about("Observation", ACTION_READ, 0);
    policy_access(&a, &q, &v);
    assert_false(v.allowed);
    assert_true(scopes_parse(STR("patient/Observation.rs user/Observation.rs?category=x"), &none));
    q = about("Observation", ACTION_SEARCH, 0);
    policy_access(&a, &q, &v);
    assert_true(v.allowed && !v.joint && !v.confine && v.narrow == 2);
}

static void restrictions(void **state)
{
    (void)state;
    static const char some[] = "user/Observation.rs?category=a user/Observation.rs?category=b";
    struct access_request q = about("Observation", ACTION_READ, 3);
    assert_false(ask(ROLE_SYSTEM, some, q).allowed);
    q.scopes_held = 2;
    assert_true(ask(ROLE_SYSTEM, some, q).allowed);
    q.scopes_held = 4;
    assert_false(ask(ROLE_SYSTEM, some, q).allowed);
    struct access_verdict v = ask(ROLE_SYSTEM, some, about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.narrow == 3 && v.confine == 0);
    v = ask(ROLE_SYSTEM, "patient/Observation.rs?category=a",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.narrow == 1 && v.confine == PATIENT);
    /* an unrestricted one beside it decides */
    v = ask(ROLE_SYSTEM, "user/Observation.rs?category=a user/Observation.s",
            about("Observation", ACTION_SEARCH, 0));
    assert_true(v.allowed && v.narrow == 0);
}

/* The test's own word on what one scope gives of one document. */
static bool gives(const struct scope *s, size_t i, const struct access_request *q)
{
    static const unsigned letter[ACTION_COUNT] = {
        [ACTION_READ] = LETTER_READ,     [ACTION_SEARCH] = LETTER_SEARCH,
        [ACTION_HISTORY] = LETTER_READ,  [ACTION_CREATE] = LETTER_CREATE,
        [ACTION_UPDATE] = LETTER_UPDATE, [ACTION_DELETE] = LETTER_DELETE};
    if (s->level == LEVEL_PATIENT && q->patient != PATIENT)
        return false;
    if (s->query.n && !(q->scopes_held >> i & 1))
        return false;
    return s->letters & letter[q->action] && (!s->type || s->type == q->type);
}

/* Several scopes give what each gives, and nothing else; what a search may find holds all of it. */
static void the_union(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "patient/Observation.rs user/Observation.rs?category=a",
        "patient/Observation.rs?category=a user/Observation.rs?category=b",
        "patient/Observation.s user/Observation.r",
        "patient/Observation.r?category=a user/Observation.s?category=b",
        "user/Observation.rs?category=a user/Observation.rs?category=b patient/Condition.cruds",
        "patient/*.cruds user/Observation.c?category=a patient/Observation.d",
        "user/Observation.rs?category=a patient/*.rs user/Observation.u",
        "patient/Observation.rs?category=a patient/Observation.r user/*.s"};
    for (size_t n = 0; n < sizeof sets / sizeof *sets; n++)
        for (unsigned x = 0; x < 2u * 8u * ACTION_COUNT; x++) {
            struct scopes all = {.patient = PATIENT};
            struct access_request q =
                about("Observation", (enum action)(x / 16), x & 1 ? PATIENT : 3);
            q.scopes_held = x >> 1 & 7;
            assert_true(scopes_parse(str_of(sets[n]), &all));
            bool want = false;
            if (q.action > ACTION_DELETE)
                continue;
            for (size_t i = 0; i < all.n; i++)
                want |= gives(&all.at[i], i, &q);
            struct actor a = {
                .role = ROLE_SYSTEM, .purpose = role_purpose(ROLE_SYSTEM), .scopes = &all};
            assert_int_equal(policy_scope_holds(&a, &q), want);
            struct access_verdict v = ask(ROLE_SYSTEM, sets[n], q);
            if (q.action != ACTION_SEARCH) {
                assert_int_equal(v.allowed, want);
                continue;
            }
            bool theirs = !v.confine || q.patient == v.confine;
            bool named = !v.narrow || v.narrow & q.scopes_held;
            bool found = v.joint ? named || (v.beside && theirs) : named && theirs;
            assert_true(!want || (v.allowed && found));
            assert_true(v.joint || (v.allowed && found) == want);
        }
}

/* Whatever the role, type, action and flags: with scopes there is never a yes that the role alone
 * does not give, and a search never widens. */
static void never_more(void **state)
{
    (void)state;
    static const char *const sets[] = {"",
                                       "patient/*.rs",
                                       "patient/Observation.rs?category=a",
                                       "user/*.cruds",
                                       "patient/*.cruds user/*.cruds",
                                       "user/Observation.rs patient/Task.cud",
                                       "system/*.rs user/Observation.rs?category=a"};
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++)
        for (int type = 0; type <= POLICY_TYPE_COUNT; type++)
            for (unsigned n = 0; n < ACTION_COUNT * 16u; n++) {
                struct access_request q = {.type = type,
                                           .action = (enum action)(n / 16),
                                           .patient = n & 1 ? PATIENT : 3,
                                           .is_own = n & 2,
                                           .listed = n & 4,
                                           .scopes_held = n & 8 ? UINT32_MAX : 0};
                struct actor a = {.role = role, .purpose = role_purpose(role), .patient = PATIENT};
                struct access_verdict alone, v;
                policy_access(&a, &q, &alone);
                for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
                    struct scopes all = {.patient = PATIENT};
                    assert_true(scopes_parse(str_of(sets[i]), &all));
                    a.scopes = &all;
                    policy_access(&a, &q, &v);
                    assert_true(alone.allowed || !v.allowed);
                    assert_true(!v.allowed || (v.compartment_only == alone.compartment_only &&
                                               v.own_only == alone.own_only &&
                                               v.hide_sensitive == alone.hide_sensitive));
                    a.scopes = NULL;
                }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),          cmocka_unit_test(lists),
        cmocka_unit_test(one_in_another), cmocka_unit_test(letters),
        cmocka_unit_test(whole),          cmocka_unit_test(one_patient),
        cmocka_unit_test(restrictions),   cmocka_unit_test(never_more),
        cmocka_unit_test(the_union),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
