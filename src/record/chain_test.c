/* What needs more than one resource: chains of several steps and types, _has, both in one another,
 * from either side and candidate by candidate; lists, hierarchies, codes that a terminology knows;
 * and what policy leaves out of all of them. */
#include "record/fixture_int.h"

#include "fhir/terms.h"
#include "record/bulk.h"

struct family {
    const char *org, *ward, *room, *ana, *bo, *list;
};

static struct family make(struct fixture *f)
{
    struct family m;
    m.org = fixture_make(f, "{\"resourceType\":\"Organization\",\"name\":\"North\"}");
    m.ward = fixture_make(f, "{\"resourceType\":\"Location\",\"name\":\"Ward\"}");
    m.room =
        fixture_make(f, fixture_text(f,
                                     "{\"resourceType\":\"Location\",\"name\":\"Room\",\"partOf\":{"
                                     "\"reference\":\"%s\"}}",
                                     m.ward));
    m.ana = fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ana\"}],"
                     "\"managingOrganization\":{\"reference\":\"%s\"},\"identifier\":[{\"type\":{"
                     "\"coding\":[{\"system\":\"urn:t\",\"code\":\"MR\"}]},\"value\":\"7\"}]}",
                     m.org));
    m.bo = fixture_patient(f, "Bo");
    fixture_weight(f, m.ana, "70", "2025-01-01");
    fixture_weight(f, m.bo, "90", "2025-01-01");
    fixture_make(f,
                 fixture_text(f,
                              "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                              "\"text\":\"Body mass index\"},\"subject\":{\"reference\":\"%s\"}}",
                              m.room));
    fixture_make(f,
                 fixture_text(f,
                              "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{"
                              "\"code\":\"AMB\"},\"subject\":{\"reference\":\"%s\"},\"location\":[{"
                              "\"location\":{\"reference\":\"%s\"}}]}",
                              m.ana, m.room));
    m.list = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"List\",\"status\":\"current\",\"mode\":\"changes\","
                        "\"entry\":[{\"item\":{\"reference\":\"%s\"}},{\"item\":{\"reference\":"
                        "\"%s\"},\"deleted\":true},{\"item\":{\"reference\":\"%s\"}}]}",
                        m.ana, m.bo, m.org));
    return m;
}

struct row {
    const char *type, *query;
    int n;
};

static void asks(struct fixture *f, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int got = fixture_count(f, rows[i].type, rows[i].query);
        if (got != rows[i].n)
            print_error("%s?%s gives %d (%.*s)\n", rows[i].type, rows[i].query, got,
                        STR_ARG(f->op.fault.n ? f->op.fault.issues[0].message : STR("")));
        assert_int_equal(got, rows[i].n);
    }
}

static const struct row chains[] = {
    {"Observation", "subject:Patient.name=ana", 1},
    {"Observation", "subject.name=ana", 1},
    {"Observation", "subject.name=room", 1}, /* a Location has a name, too */
    {"Observation", "subject.name=zz", 0},
    {"Observation", "patient.organization.name=north", 1},
    {"Observation", "patient.name:missing=false", 2},
    {"Observation", "patient.name:exact=ana", 0},
    {"Observation", "patient.name=ana,bo", 2},
    {"Observation", "patient.name=ana&patient.name=bo", 0},
    {"Patient", "_has:Observation:patient:code=29463-7", 2},
    {"Patient", "_has:Observation:patient:value-quantity=gt80", 1},
    {"Patient", "_has:Observation:patient:code=nosuch", 0},
    {"Patient", "_has:Encounter:patient:location.name=room", 1},
    {"Patient", "_has:Encounter:patient:location.partof.name=ward", 1},
    {"Organization", "_has:Patient:organization:_has:Observation:patient:value-quantity=70", 1},
    {"Organization", "_has:Patient:organization:_has:Observation:patient:value-quantity=90", 0},
    {"Observation", "patient._has:Encounter:patient:class=AMB", 1},
    {"Encounter", "patient._has:Observation:patient:value-quantity=lt80", 1},
    {"Location", "_has:Location:partof:name=room", 1},
    {"Encounter", "location.partof.name:contains=ard&patient.name=ana", 1},
};

static void chains_from_any_side(void **state)
{
    struct fixture *f = *state;
    (void)make(f);
    for (size_t few = 0; few < 3; few++) {
        f->rec->chain_few = few;
        f->rec->chain_many = few;
        asks(f, chains, sizeof chains / sizeof *chains);
    }
    f->rec->chain_few = CHAIN_FEW;
    f->rec->chain_many = CHAIN_MANY;
    asks(f, chains, sizeof chains / sizeof *chains);
}

static void modifiers(void **state)
{
    struct fixture *f = *state;
    struct family m = make(f);
    const struct row rows[] = {
        {"Observation", "code:text=mass", 1},
        {"Observation", "code:text=Body M", 1},
        {"Observation", "code:text=ass", 0},
        {"Observation", "code:missing=false", 3},
        {"Patient", "identifier:of-type=urn:t|MR|7", 1},
        {"Patient", "identifier:of-type=|MR|7", 1},
        {"Patient", "identifier:of-type=urn:x|MR|7", 0},
        {"Patient", "name:text=an", 1},
        {"Patient", "_id:missing=false", 2},
        {"Patient", "_lastUpdated:missing=true", 0},
        {"Patient", "_lastUpdated=lt2000,gt2001", 2},
        {"Location", fixture_text(f, "partof:below=%s", m.ward), 1},
        {"Location", fixture_text(f, "partof:above=%s", m.room), 1},
        {"Encounter", fixture_text(f, "location:below=%s", m.ward), 1},
        {"Encounter", fixture_text(f, "location=%s", m.ward), 0},
        {"Encounter", fixture_text(f, "location:above=%s", m.room), 1},
        {"Patient", fixture_text(f, "_list=%.*s", STR_ARG(fixture_id(m.list))), 1},
        {"Organization", fixture_text(f, "_list=%s", m.list), 1},
        {"Patient", "_list=nosuch", 0},
        {"Observation", "code:in=http://x/vs", -1},
    };
    asks(f, rows, sizeof rows / sizeof *rows);
}

static err expand(struct op *op, void *ctx, str set, size_t max, struct terms_code **ret,
                  size_t *ret_n)
{
    static struct terms_code codes[] = {{{"http://loinc.org", 16}, {"29463-7", 7}, {"", 0}}};
    (void)ctx;
    (void)max;
    if (!str_eq(set, STR("http://x/weights")))
        return fail(op, ERR_NOT_FOUND, "The value set %.*s is not here.", STR_ARG(set));
    *ret = codes;
    *ret_n = 1;
    return OK;
}

static err closure(struct op *op, void *ctx, struct terms_code code, bool below, size_t max,
                   struct terms_code **ret, size_t *ret_n)
{
    (void)code;
    (void)below;
    return expand(op, ctx, STR("http://x/weights"), max, ret, ret_n);
}

static void codes_that_others_know(void **state)
{
    struct fixture *f = *state;
    const struct fhir_terms terms = {.expand = expand, .closure = closure};
    const struct row rows[] = {
        {"Observation", "code:in=http://x/weights", 2},
        {"Observation", "code:not-in=http://x/weights", 1},
        {"Observation", "code:below=http://loinc.org|weight", 2},
        {"Observation", "patient.name=ana&code:in=http://x/weights", 1},
        {"Observation", "code:in=http://x/other", -1},
    };
    (void)make(f);
    record_set_terms(f->rec, &terms);
    asks(f, rows, sizeof rows / sizeof *rows);
    assert_int_equal(f->op.fault.code, ERR_INVALID);
}

static void words_places_units(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, "{\"resourceType\":\"Condition\",\"subject\":{\"display\":\"Ana\"},\"code\":{"
                    "\"text\":\"Headache, severe\"},\"note\":[{\"text\":\"since the fall in "
                    "M\xc3\xbcnchen\"}],\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns="
                    "\\\"http://www.w3.org/1999/xhtml\\\">bone <b>and</b> liver</div>\"}}");
    fixture_make(f, "{\"resourceType\":\"Condition\",\"subject\":{\"display\":\"Bo\"},\"code\":{"
                    "\"text\":\"Headset pain\"}}");
    fixture_make(f, "{\"resourceType\":\"Location\",\"position\":{\"latitude\":51.05,\"longitude\":"
                    "3.72}}"); /* Ghent */
    fixture_make(f, "{\"resourceType\":\"Location\",\"position\":{\"latitude\":-17.5,\"longitude\":"
                    "-179.99}}");
    fixture_make(f,
                 "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
                 "\"valueQuantity\":{\"value\":1.5,\"system\":\"http://unitsofmeasure.org\","
                 "\"code\":\"g\"}}");
    const struct row rows[] = {
        {"Condition", "_content=headache", 1},
        {"Condition", "_content=head*", 2},
        {"Condition", "_content=h*", 2},
        {"Condition", "_content=headache%20munchen", 1},
        {"Condition", "_content=headache%20OR%20headset", 2},
        {"Condition", "_content=headache,headset", 2},
        {"Condition", "_content=(headache%20OR%20headset)%20AND%20pain", 1},
        {"Condition", "_content=pain%20AND%20NOT%20headache", 1},
        {"Condition", "_content=NOT%20headache", 1},
        {"Condition", "_content=%22the%20fall%22", 1},
        {"Condition", "_content=%22fall%20the%22", 0},
        {"Condition", "_content=generated", 0}, /* a code, no text */
        {"Condition", "_content=ana", 0},       /* what a reference is called */
        {"Condition", "_text=(bone%20OR%20kidney)%20and%20liver", 1},
        {"Condition", "_text=headache", 0},
        {"Condition", "_text=b", 0},
        {"Condition", "code:text=head", 2},
        {"Condition", "code:text=headache,%20sev", 1},
        {"Condition", "code:text=ache", 0},
        {"Location", "near=51.0|3.7|10|km", 1},
        {"Location", "near=51.0|3.7|5", 0},
        {"Location", "near=51.0|3.7|3|mi", 0},
        {"Location", "near=51.0|3.7", 1},
        {"Location", "near=-17.5|179.99|3", 1}, /* over the date line */
        {"Location", "near=90|0|5000", 1},
        {"Location", "near=0|0|21000", 2},
        {"Location", "near:missing=true", 0},
        {"Observation", "value-quantity=1500|http://unitsofmeasure.org|mg", 1},
        {"Observation", "value-quantity=1.5|http://unitsofmeasure.org|g", 1},
        {"Observation", "value-quantity=gt0.001|http://unitsofmeasure.org|kg", 1},
        {"Observation", "value-quantity=lt0.0015|http://unitsofmeasure.org|kg", 0},
        {"Observation", "value-quantity=1500|http://unitsofmeasure.org|mL", 0},
        {"Observation", "value-quantity=1500||mg", 0},
    };
    asks(f, rows, sizeof rows / sizeof *rows);
}

/* A patient who searches through others' references learns nothing of them. */
static void others_stay_hidden(void **state)
{
    struct fixture *f = *state;
    struct family m = make(f);
    f->patient.patient = f->patient.user_rid = fixture_rid(f, m.ana);
    f->patient.reference = str_of(m.ana);
    fixture_as(f, &f->patient);
    for (size_t few = 0; few < 2; few++) {
        f->rec->chain_few = f->rec->chain_many = few ? CHAIN_FEW : 0;
        assert_int_equal(fixture_count(f, "Observation", "patient.name=ana"), 1);
        assert_int_equal(fixture_count(f, "Observation", "patient.name=bo"), 0);
        assert_int_equal(fixture_count(f, "Patient", "_has:Observation:patient:value-quantity=90"),
                         0);
        assert_int_equal(fixture_count(f, "Patient", "_has:Observation:patient:value-quantity=70"),
                         1);
    }
}

/* ---- later pages: what a chain leads to is as it was when the first page was shown ---- */

static err page_of(struct fixture *f, const char *type, const char *query, str at,
                   struct record_page *ret)
{
    const char *q = at.n ? fixture_text(f, "%s&_page=%.*s", query, STR_ARG(at)) : query;
    op_clear(&f->op);
    return record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), str_of(q), ret);
}

static void change(struct fixture *f, const char *at, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    str id = fixture_id(at);
    json_set_str(f->op.arena, tree, STR("id"), id);
    op_clear(&f->op);
    assert_int_equal(record_update(&f->op, f->rec, fhir_type_of(tree), id, tree, STR_NONE, &r), OK);
}

#define CODED(system, code, display)                                                               \
    "{\"system\":\"" system "\",\"code\":\"" code "\",\"display\":\"" display "\"}"
#define READING(coding, more)                                                                      \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[" coding         \
    "]}" more "}"

/* Names of codes: by the code's key, by a key of their own (bodySite), and of one code several. */
static void names_of_codes(void **state)
{
    struct fixture *f = *state;
    fixture_make(f, READING(CODED("http://x/c", "w", "Body Weight"), ""));
    fixture_make(f, READING(CODED("http://x/c", "w", "Gewicht des K\xc3\xb6rpers"), ""));
    fixture_make(f, READING("{\"system\":\"http://x/c\",\"code\":\"w\"}", ""));
    fixture_make(f, READING(CODED("http://x/c", "h", "Height"),
                            ",\"bodySite\":{\"text\":\"Left arm\",\"coding\":[" CODED(
                                "http://x/s", "a", "Left arm") "]}"));
    fixture_make(f, READING(CODED("http://x/c", "l",
                                  "one two three four five six seven eight "
                                  "nine ten a b c d e f g h i j k l m n o"),
                            ",\"method\":{\"coding\":[{\"display\":\"Uncoded way\"}]}"));
    const char *last = fixture_make(f, READING(CODED("http://x/c", "b", "Bodyline length"), ""));
    const struct row rows[] = {
        {"Observation", "_content=weight", 1},
        {"Observation", "_content=WEIGHT%20body", 1},
        {"Observation", "_content=gewicht,weight", 2},
        {"Observation", "_content=korpers", 1},
        {"Observation", "_content=bod*", 2},
        {"Observation", "_content=b*", 3},
        {"Observation", "_content=arm%20height", 1},
        {"Observation", "_content=%22left%20arm%22", 1},
        {"Observation", "_content=%22arm%20height%22", 0},
        {"Observation", "_content=NOT%20weight", 5},
        {"Observation", "_content=seven", 1}, /* too long a name */
        {"Observation", "_content=uncoded", 1} /* of no code */,
        {"Observation", "_content=w", 0},
        {"Observation", "_text=weight", 0},
        {"Observation", "_content:missing=false", 5},
        {"Observation", "_content:missing=true", 1},
        {"Condition", "_content=weight", 0},
    };
    asks(f, rows, sizeof rows / sizeof *rows);
    change(f, last, READING(CODED("http://x/c", "b", "Weight of the arm"), ""));
    assert_int_equal(fixture_count(f, "Observation", "_content=bodyline"), 0);
    assert_int_equal(fixture_count(f, "Observation", "_content=weight"), 2);
    assert_int_equal(fixture_count(f, "Observation", "_content=arm"), 2);
}

#define NAMED(name) "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"" name "\"}]}"
#define OBSERVED                                                                                   \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"               \
    "\"system\":\"urn:s\",\"code\":\"%s\"}],\"text\":\"%s\"},\"subject\":{\"reference\":\"%s\"}}"
#define THREE 3

struct then {
    const char *patient[THREE], *observation[THREE], *list;
};

static const char *observed(struct fixture *f, const char *code, const char *patient)
{
    return fixture_text(f, OBSERVED, code, code, patient);
}

static struct then make_then(struct fixture *f)
{
    struct then m;
    for (int i = 0; i < THREE; i++) {
        m.patient[i] = fixture_make(f, NAMED("Then"));
        m.observation[i] = fixture_make(f, observed(f, "c1", m.patient[i]));
    }
    m.list = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"List\",\"status\":\"current\",\"mode\":\"working\","
                        "\"entry\":[{\"item\":{\"reference\":\"%s\"}},{\"item\":{\"reference\":"
                        "\"%s\"}},{\"item\":{\"reference\":\"%s\"}}]}",
                        m.patient[0], m.patient[1], m.patient[2]));
    return m;
}

static const struct {
    const char *type, *query;
} chained[] = {
    {"Observation", "subject:Patient.name=then&_count=1"},
    {"Observation", "subject:Patient.name:contains=hen&_count=1&_sort=-date"},
    {"Observation", "subject:Patient.name=then&_count=1&_sort=code,date"},
    {"Patient", "_has:Observation:patient:code=c1&_count=1"},
    {"Patient", "_has:Observation:patient:code:text=c1&_count=1"},
    {"Patient", "_has:Observation:subject:subject:Patient.name=then&_count=1&_sort=name"},
    {"Patient", "_list=%s&_count=1"}};
#define CHAINED (sizeof chained / sizeof *chained)

/* many: both ways a chain can be followed. */
static void pages_of_then(struct fixture *f, size_t many)
{
    struct then m = make_then(f);
    struct record_page first[CHAINED], page;
    const char *query[CHAINED];
    str list = fixture_id(m.list);
    f->rec->chain_few = f->rec->chain_many = many;
    for (size_t i = 0; i < CHAINED; i++) {
        query[i] = str_find(str_of(chained[i].query), STR("%s"), 0) == SIZE_MAX
                       ? chained[i].query
                       : fixture_text(f, "_list=%.*s&_count=1", STR_ARG(list));
        assert_int_equal(page_of(f, chained[i].type, query[i], STR_NONE, &first[i]), OK);
        if (first[i].n != 1)
            print_error("%s\n", query[i]);
        assert_int_equal(first[i].n, 1);
        first[i].next = arena_str(f->keep, first[i].next);
    }
    for (int i = 0; i < THREE; i++) {
        change(f, m.patient[i], "{\"resourceType\":\"Patient\"}");
        change(f, m.observation[i], observed(f, "c2", m.patient[i]));
        (void)fixture_make(f, observed(f, "c1", fixture_make(f, NAMED("Then"))));
    }
    change(f, m.list, "{\"resourceType\":\"List\",\"status\":\"current\",\"mode\":\"working\"}");
    for (size_t i = 0; i < CHAINED; i++) {
        int n = 0;
        for (str at = first[i].next; at.n && n < 9; at = arena_str(f->keep, page.next)) {
            assert_int_equal(page_of(f, chained[i].type, query[i], at, &page), OK);
            n += (int)page.n;
        }
        if (n != THREE - 1)
            print_error("%s: %d more, %zu at a time\n", query[i], n, many);
        assert_int_equal(n, THREE - 1);
    }
}

static void then_inner_first(void **state)
{
    pages_of_then(*state, 1000);
}

static void then_one_by_one(void **state)
{
    pages_of_then(*state, 0);
}

/* But for what may not be seen any more: that is not known through a chain either. */
static void then_but_hidden_since(void **state)
{
    struct fixture *f = *state;
    static const char query[] = "subject:Patient.name=then&_count=1";
    for (size_t many = 0; many <= 1000; many += 1000) {
        struct record_page page;
        f->rec->chain_few = f->rec->chain_many = many;
        fixture_as(f, &f->system);
        struct then m = make_then(f);
        for (int i = 0; i < THREE; i++)
            (void)fixture_make(
                f, fixture_text(f,
                                "{\"resourceType\":\"Communication\",\"status\":\"completed\","
                                "\"subject\":{\"reference\":\"%s\"}}",
                                m.patient[i]));
        fixture_as(f, &f->agent);
        assert_int_equal(page_of(f, "Communication", query, STR_NONE, &page), OK);
        assert_int_equal(page.n, 1);
        str next = arena_str(f->keep, page.next);
        fixture_as(f, &f->system);
        for (int i = 0; i < THREE; i++)
            change(f, m.patient[i],
                   "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Then\"}],\"meta\":{"
                   "\"security\":[{\"system\":"
                   "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"SUD\"}]}}");
        fixture_as(f, &f->agent);
        assert_int_equal(page_of(f, "Communication", query, next, &page), OK);
        assert_int_equal(page.n, 0);
    }
}

#define MANY 2100 /* more than are asked of the store at a time, twice */

static void load(struct fixture *f, const char *patient, int n, const char *more)
{
    struct record_load l = {0};
    fixture_as(f, &f->system);
    assert_int_equal(record_load_begin(&f->op, f->rec, &l), OK);
    for (int i = 0; i < n; i++)
        assert_int_equal(
            record_load_add(
                &f->op, &l,
                str_of(fixture_text(
                    f,
                    "{\"resourceType\":\"Claim\",\"status\":\"active\",\"use\":\"claim\","
                    "\"type\":{\"text\":\"t\"},\"patient\":{\"reference\":\"%s\"},"
                    "\"created\":\"2026-01-01\",\"provider\":{\"display\":\"d\"},\"priority\":{"
                    "\"text\":\"p\"},\"insurance\":[{\"sequence\":1,\"focal\":true,\"coverage\":{"
                    "\"display\":\"c\"}}]%s}",
                    patient, more))),
            OK);
    assert_int_equal(record_load_end(&f->op, &l), OK);
}

/* However much is hidden, a chain is answered, and as where there is nothing. */
static void many_that_are_hidden(void **state)
{
    struct fixture *f = *state;
    const char *ana = fixture_patient(f, "Ana"), *bo = fixture_patient(f, "Bo"),
               *cy = fixture_patient(f, "Cy");
    const char *labelled =
        ",\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "v3-ActCode\",\"code\":\"SUD\"}]}";
    load(f, ana, MANY, "");
    load(f, bo, 1, "");
    load(f, bo, MANY, labelled);
    load(f, bo, 1, "");
    const char *who[] = {ana, bo, cy};
    for (int share = 0; share < 2; share++) {
        if (share)
            for (int i = 1; i < 3; i++)
                fixture_make(f,
                             fixture_text(f,
                                          "{\"resourceType\":\"Consent\",\"status\":\"active\","
                                          "\"scope\":{\"coding\":[{\"system\":\"http://"
                                          "terminology.hl7.org/CodeSystem/consentscope\","
                                          "\"code\":\"patient-privacy\"}]},\"category\":[{"
                                          "\"text\":\"s\"}],\"policyRule\":{\"text\":\"own\"},"
                                          "\"patient\":{\"reference\":\"%s\"},\"provision\":{"
                                          "\"type\":\"permit\",\"class\":[{\"code\":\"Claim\"}]}}",
                                          who[i]));
        fixture_as(f, &f->nurse);
        for (int i = 0; i < 3; i++) {
            const char *q = fixture_text(f, "_id=%.*s&_has:Claim:patient:status=active",
                                         STR_ARG(fixture_id(who[i])));
            assert_int_equal(fixture_count(f, "Patient", q), share && who[i] == bo);
        }
        assert_int_equal(fixture_count(f, "Patient", "_has:Claim:patient:status=active"), share);
        fixture_as(f, &f->system);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(chains_from_any_side),  BOTH_BACKENDS(modifiers),
        BOTH_BACKENDS(words_places_units),    BOTH_BACKENDS(codes_that_others_know),
        BOTH_BACKENDS(names_of_codes),        BOTH_BACKENDS(others_stay_hidden),
        BOTH_BACKENDS(then_inner_first),      BOTH_BACKENDS(then_one_by_one),
        BOTH_BACKENDS(then_but_hidden_since), BOTH_BACKENDS(many_that_are_hidden)};
    return cmocka_run_group_tests_name("record.chain", tests, NULL, NULL);
}
