/* Properties of the profile engine: what is taken away from a conforming resource is missed and
 * told where it was; all shipped definitions compile into little memory; a hostile definition or
 * resource meets a ceiling. And the shared bundles of 149 people: every kind of complaint by name.
 */
#include "fhir/fixture.h"
#include "fhir/profile_fixture.h"
#include "fhir/profile_int.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"
#define US "http://hl7.org/fhir/us/core/StructureDefinition/"
#define VITAL                                                                                      \
    "\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/"    \
    "CodeSystem/observation-category\",\"code\":\"vital-signs\"}]}],\"subject\":{\"reference\":"   \
    "\"Patient/1\"},\"effectiveDateTime\":\"2026-02-03\","
#define UCUM "\"system\":\"http://unitsofmeasure.org\""
#define LOINC "\"system\":\"http://loinc.org\""

static const struct {
    const char *profile, *text;
} good[] = {
    {CORE "heartrate",
     "{\"resourceType\":\"Observation\"," VITAL "\"code\":{\"coding\":[{" LOINC
     ",\"code\":\"8867-4\"}]},\"valueQuantity\":{\"value\":72,\"unit\":\"/min\"," UCUM
     ",\"code\":\"/min\"}}"},
    {US "us-core-blood-pressure",
     "{\"resourceType\":\"Observation\"," VITAL "\"code\":{\"coding\":[{" LOINC
     ",\"code\":\"85354-9\"}]},\"component\":[{\"code\":{\"coding\":[{" LOINC
     ",\"code\":\"8480-6\"}]},\"valueQuantity\":{\"value\":120,\"unit\":\"mmHg\"," UCUM
     ",\"code\":\"mm[Hg]\"}},{\"code\":{\"coding\":[{" LOINC
     ",\"code\":\"8462-4\"}]},\"valueQuantity\":{\"value\":80,\"unit\":\"mmHg\"," UCUM
     ",\"code\":\"mm[Hg]\"}}]}"},
    {US "us-core-patient",
     "{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"" US "us-core-race\",\"extension\":[{"
     "\"url\":\"text\",\"valueString\":\"x\"}]}],\"identifier\":[{\"system\":\"s\",\"value\":\"1\"}"
     "],\"name\":[{\"family\":\"F\",\"given\":[\"G\"]}],\"telecom\":[{\"system\":\"phone\","
     "\"value\":\"1\"}],\"gender\":\"female\",\"communication\":[{\"language\":{\"text\":\"x\"}}]"
     "}"},
};

struct bench {
    struct profiles profiles;
    struct op op;
    struct json *root;
    str profile;
    size_t tried;
};

static str told(struct bench *b)
{
    struct fhir_profile_env env = {
        .profile = profiles_find, .ctx = &b->profiles, .errors_only = true};
    struct buf out;
    op_clear(&b->op);
    (void)!fhir_profile_check(&b->op, &env, b->root, &b->profile, 1);
    buf_init(&out, b->op.arena, 1u << 16);
    for (size_t i = 0; i < b->op.fault.n; i++)
        buf_printf(&out, "%.*s: %.*s\n", STR_ARG(b->op.fault.issues[i].expression),
                   STR_ARG(b->op.fault.issues[i].message));
    return buf_str(&out);
}

/* Without the member, and only then, something is told at its place or around it. */
static void without(struct bench *b, struct json *object, uint32_t i, str path)
{
    struct json saved = *object;
    struct json_member *kept = ARENA_ARRAY(b->op.arena, struct json_member, object->n);
    uint32_t n = 0;
    for (uint32_t k = 0; k < object->n; k++)
        if (k != i)
            kept[n++] = object->u.members[k];
    object->u.members = kept;
    object->n = n;
    object->room = 0;
    str said = told(b), line;
    *object = saved;
    if (str_empty(said))
        fail_msg("nothing was told without %.*s of %.*s\n", STR_ARG(path), STR_ARG(b->profile));
    while (str_take_until(&said, '\n', &line)) {
        str at = str_sub(line, 0, str_find_char(line, ':', 0));
        if (line.n && !str_starts(path, at) && !str_starts(at, path))
            fail_msg("without %.*s: %.*s\n", STR_ARG(path), STR_ARG(line));
    }
    b->tried++;
}

/* All required elements of n that the object has, and below. */
static void mutate(struct bench *b, const struct profile_node *n, struct json *object, str path)
{
    for (const struct profile_node *k = n->children; k; k = k->next)
        for (uint32_t i = 0; json_is(object, JSON_OBJECT) && i < object->n; i++) {
            struct json *v = &object->u.members[i].value;
            uint16_t row = FHIR_TAG_ROW(v->tag);
            if (!row || fhir_rows[row].element != k->element)
                continue;
            str at = arena_printf(b->op.arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(k->name));
            if (k->min > 0)
                without(b, object, i, at);
            if (fhir_rows[row].flags & ROW_CHOICE)
                at = arena_printf(b->op.arena, "%.*s.ofType(%.*s)", STR_ARG(at),
                                  STR_ARG(fhir_word(fhir_models[fhir_rows[row].type].name)));
            bool list = v->type == JSON_ARRAY;
            const struct profile_node *slice = k->slices; /* ours stand in the slices' order */
            for (uint32_t m = 0; m < (list ? v->n : 1); m++, slice = slice ? slice->next : NULL) {
                struct json *one = list ? &v->u.items[m] : v;
                if (list)
                    at = arena_printf(b->op.arena, "%.*s.%.*s[%u]", STR_ARG(path), STR_ARG(k->name),
                                      m);
                mutate(b, k, one, at);
                if (slice)
                    mutate(b, slice, one, at);
            }
        }
}

static void what_is_taken_away_is_missed(void **state)
{
    (void)state;
    struct bench b = {.op = test_op()};
    profiles_init(&b.profiles);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct fhir_profile *p = NULL;
        b.profile = str_of(good[i].profile);
        if (fhir_read(&b.op, str_of(good[i].text), 0, &b.root) != OK)
            fail_msg("%zu at %.*s: %.*s\n", i, STR_ARG(b.op.fault.issues[0].expression),
                     STR_ARG(b.op.fault.issues[0].message));
        assert_int_equal(profiles_find(&b.op, &b.profiles, b.profile, &p), OK);
        assert_non_null(p);
        str said = told(&b);
        if (!str_empty(said))
            fail_msg("%s: %.*s\n", good[i].profile, STR_ARG(said));
        mutate(&b, p->root, b.root, fhir_profile_type(p));
    }
    print_message("%zu mutants\n", b.tried);
    assert_true(b.tried > 15);
    arena_free(b.profiles.arena);
    test_op_done(&b.op);
}

static void shipped_ones_compile(void **state)
{
    (void)state;
    struct profiles profiles;
    struct op op = test_op();
    size_t n = 0;
    profiles_init(&profiles);
    for (str url; !str_empty(url = fhir_profile_shipped_at(n)); n++) {
        const struct fhir_profile *p = NULL;
        arena_reset(op.arena);
        op_init(&op, op.arena, NULL, 0);
        if (profiles_find(&op, &profiles, url, &p) != OK || !p)
            fail_msg("%.*s does not compile: %.*s\n", STR_ARG(url),
                     STR_ARG(op.fault.issues[0].message));
        assert_true(str_eq(fhir_profile_url(p), url));
    }
    assert_int_equal(n, 489);
    assert_true(arena_used(profiles.arena) < (4u << 20)); /* some 2 KiB a profile */
    assert_null(fhir_profile_shipped(STR(US "us-core-patient|9.9.9")).p);
    assert_non_null(fhir_profile_shipped(STR(US "us-core-patient|5.0.1")).p);
    arena_free(profiles.arena);
    test_op_done(&op);
}

static err compile(struct op *op, str text)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    const struct fhir_profile *p;
    struct json *tree;
    assert_int_equal(json_read(op, text, &limits, &tree), OK);
    const struct json *chain[] = {tree};
    return fhir_profile_compile(op, op->arena, chain, 1, &p);
}

#define DEFINITION(element)                                                                        \
    STR("{\"resourceType\":\"StructureDefinition\",\"type\":\"Patient\",\"derivation\":"           \
        "\"constraint\",\"differential\":{\"element\":[" element "]}}")

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    const str bad[] = {
        DEFINITION("{\"path\":\"Patient.nonsense\"}"),
        DEFINITION("{\"path\":\"Device.status\"}"),
        DEFINITION("{\"path\":\"Patient.name\",\"max\":\"many\"}"),
        DEFINITION("{\"path\":\"Patient.name\",\"min\":3,\"max\":\"2\"}"),
        DEFINITION("{\"path\":\"Patient.name\",\"type\":[{\"code\":\"Nothing\"}]}"),
        DEFINITION("{\"path\":\"Patient.name\",\"slicing\":{\"discriminator\":[{\"type\":\"mood\","
                   "\"path\":\"use\"}],\"rules\":\"open\"}}"),
        DEFINITION("{\"path\":\"Patient.birthDate\",\"minValueDate\":\"x') or ('\"}"),
        DEFINITION("{\"path\":\"Patient\",\"constraint\":[{\"severity\":\"error\"}]}"),
        STR("{\"resourceType\":\"StructureDefinition\",\"type\":\"Patient\"}"),
        STR("{\"resourceType\":\"StructureDefinition\",\"type\":\"X\",\"derivation\":"
            "\"constraint\"}"),
        STR("[]"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct op op = test_op();
        assert_int_equal(compile(&op, bad[i]), ERR_UNPROCESSABLE);
        assert_true(op.fault.n == 1 && op.fault.issues[0].message.n > 10);
        test_op_done(&op);
    }
}

static void ceilings(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    buf_init(&b, op.arena, 16u << 20);
    buf_add(&b, STR("{\"resourceType\":\"StructureDefinition\",\"type\":\"Patient\",\"derivation\":"
                    "\"constraint\",\"differential\":{\"element\":["));
    for (unsigned i = 0; i < FHIR_PROFILE_ELEMENTS_MAX + 1; i++)
        buf_printf(&b, "%s{\"id\":\"Patient.name:s%u\",\"path\":\"Patient.name\"}", i ? "," : "",
                   i);
    buf_add(&b, STR("]}}"));
    assert_int_equal(compile(&op, buf_str(&b)), ERR_TOO_LARGE);
    test_op_done(&op);
}

/* A profile that points at itself ends. */
static void circles(void **state)
{
    (void)state;
    struct bench b = {.op = test_op(), .profile = STR("http://x/p")};
    profiles_init(&b.profiles);
    profiles_give(
        &b.profiles,
        STR("{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/"
            "p\",\"type\":\"Extension\","
            "\"derivation\":\"constraint\",\"baseDefinition\":\"" CORE "Extension\","
            "\"differential\":{\"element\":[{\"path\":\"Extension.extension\",\"type\":[{\"code\":"
            "\"Extension\",\"profile\":[\"http://x/"
            "p\"]}]},{\"path\":\"Extension\",\"constraint\":[{"
            "\"key\":\"c\",\"severity\":\"error\",\"human\":\"h\",\"expression\":"
            "\"conformsTo('http://x/p')\"}]}]}}"));
    assert_int_equal(
        fhir_read(&b.op,
                  STR("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"extension\":[{"
                      "\"url\":\"http://x/p\",\"extension\":[{\"url\":\"a\",\"valueBoolean\":true}]"
                      "}]}"),
                  0, &b.root),
        OK);
    b.profile = STR("http://x/none");
    (void)told(&b);
    assert_true(b.op.fault.code == OK || b.op.fault.code == ERR_UNPROCESSABLE);
    arena_free(b.profiles.arena);
    test_op_done(&b.op);
}

/* slice() and checkModifiers() within a rule. */
static void slices_in_rules(void **state)
{
    static const char definition[] =
        "{\"resourceType\":\"StructureDefinition\",\"url\":\"http://x/s\",\"type\":\"Observation\","
        "\"derivation\":\"constraint\",\"baseDefinition\":\"" CORE
        "Observation\",\"differential\":{"
        "\"element\":[{\"path\":\"Observation\",\"constraint\":[{\"key\":\"c\",\"severity\":"
        "\"error\",\"human\":\"h\",\"expression\":\"%s\"}]}]}}";
    static const struct {
        const char *rule;
        bool holds;
    } rows[] = {
        {"component.slice('" US "us-core-blood-pressure', 'systolic').count() = 1", true},
        {"component.slice('" US "us-core-blood-pressure', 'diastolic').value.value = 80", true},
        {"component.slice('" US "us-core-blood-pressure', 'diastolic').value.value = 120", false},
        {"component.slice('" US "us-core-blood-pressure', 'none').empty()", true},
        {"component.slice('http://x/none', 'systolic').exists()", false},
        {"category.slice('" US "us-core-vital-signs', 'VSCat').exists()", true},
        {"component.slice('" US "us-core-blood-pressure', 'VSCat').exists()", false},
        {"component.checkModifiers('urn:x').count() = 2", true},
    };
    (void)state;
    struct bench b = {.op = test_op(), .profile = STR("http://x/s")};
    static const char part[] = "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
                               "\"%s\"}]},\"valueQuantity\":{\"value\":%s}}";
    str low = arena_printf(b.op.arena, part, "8462-4", "80");
    str high = arena_printf(b.op.arena, part, "8480-6", "120");
    str text = arena_printf(
        b.op.arena,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"category\":[{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"vital-signs\"}]}"
        "],\"component\":[%.*s,%.*s]}",
        STR_ARG(high), STR_ARG(low));
    assert_int_equal(fhir_read(&b.op, text, 0, &b.root), OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        profiles_init(&b.profiles);
        profiles_give(&b.profiles, arena_printf(b.profiles.arena, definition, rows[i].rule));
        str said = told(&b);
        if ((said.n == 0) != rows[i].holds)
            fail_msg("%s: %.*s", rows[i].rule, STR_ARG(said));
        arena_free(b.profiles.arena);
    }
    test_op_done(&b.op);
}

/* ---- the shared bundles ---- */

/* Every kind of complaint that they give rise to: how often, and of what. */
static struct complaint {
    const char *severity, *text;
    size_t n, got;
} complaints[] = {
    {"error", "no unit of UCUM", 32, 0}, /* (score), units */
    {"warning", "[dom-6]", 65279, 0},    /* contained ones are resources too */
    {"warning", "omb-race-category is not loaded", 149, 0},
    {"warning", "omb-ethnicity-category is not loaded", 149, 0},
    {"warning", "ValueSet/birthsex is not loaded", 149, 0},
    {"information", "ValueSet/claim-type is not loaded", 11911, 0},
    {"information", "v3-ActEncounterCode is not loaded", 5145, 0},
    {"information", "ValueSet/identifier-type is not loaded", 553, 0},
    {"information", "part16/sect_CID_29.html is not loaded", 264, 0},
    {"information", "part04/sect_B.5.html#table_B.5-1 is not loaded", 264, 0},
    {"information", "ValueSet/marital-status is not loaded", 149, 0},
    {"information", "synthea/quality-adjusted-life-years. [extension]", 149, 0},
    {"information", "synthea/disability-adjusted-life-years. [extension]", 149, 0},
};

struct shared {
    struct bench b;
    const struct fhir_rules *rules;
    size_t resources;
};

static void note(const struct issue *is, struct complaint *list, size_t n)
{
    static const char *const names[] = {"error", "warning", "information"};
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[is->severity], list[i].severity) == 0 &&
            str_find(is->message, str_of(list[i].text), 0) != SIZE_MAX) {
            list[i].got++;
            return;
        }
    fail_msg("%s at %.*s: %.*s\n", names[is->severity], STR_ARG(is->expression),
             STR_ARG(is->message));
}

static void one_bundle(void *ctx, str line)
{
    struct shared *s = ctx;
    struct fhir_profile_env env = {
        .rules = s->rules, .profile = profiles_find, .ctx = &s->b.profiles};
    struct json *bundle = NULL;
    struct op *op = &s->b.op;
    arena_reset(op->arena);
    op_init(op, op->arena, NULL, 1700000000000);
    assert_int_equal(fhir_read(op, line, FHIR_BUNDLE, &bundle), OK);
    const struct json *entries = JSON_GET(bundle, "entry");
    for (uint32_t i = 0; i < entries->n; i++) {
        op_clear(op);
        (void)!fhir_profile_check(op, &env, JSON_GET(&entries->u.items[i], "resource"), NULL, 0);
        for (size_t k = 0; k < op->fault.n; k++)
            note(&op->fault.issues[k], complaints, sizeof complaints / sizeof *complaints);
        s->resources++;
    }
}

static void shared_bundles(void **state)
{
    (void)state;
    struct shared s = {.b = {.op = test_op()}};
    struct arena *keep = arena_new(0);
    profiles_init(&s.b.profiles);
    assert_int_equal(fhir_rules_compile(&s.b.op, keep, &s.rules), OK);
    bool here = fixture_all_bundles(WEFT_SOURCE, one_bundle, &s);
    arena_free(keep);
    arena_free(s.b.profiles.arena);
    test_op_done(&s.b.op);
    if (!here)
        skip();
    assert_int_equal(s.resources, 55669);
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
        if (complaints[i].got != complaints[i].n)
            fail_msg("%s %s: %zu, not %zu\n", complaints[i].severity, complaints[i].text,
                     complaints[i].got, complaints[i].n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_away_is_missed),
        cmocka_unit_test(shipped_ones_compile),
        cmocka_unit_test(slices_in_rules),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(circles),
        cmocka_unit_test(shared_bundles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
