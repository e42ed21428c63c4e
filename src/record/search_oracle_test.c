/* Search against the oracle: random resources, random queries, and every document asked by
 * fhir_query_match() whether it belongs. Both must name the same resources, whatever way the store
 * took. Seeded: a failure names the query and can be repeated. */
#include "record/fixture_int.h"

#define PATIENTS 25
#define OBSERVATIONS 220
#define ENCOUNTERS 60
#define QUERIES 700

static uint64_t seed = 20261121;

static uint32_t roll(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

#define WRONG(...)                                                                                 \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        assert_true(false);                                                                        \
    } while (0)
#define PICK(list) list[roll((uint32_t)(sizeof list / sizeof *list))]

static const char *const families[] = {
    "Okafor",   "O'Neil", "M\xc3\xbcller",     "Muller", "van der Berg",
    "Abdullah", "Abdul",  "Nguy\xe1\xbb\x85n", "Li",     "Featherstonehaugh-Cholmondeley"};
static const char *const givens[] = {"Ada", "Bo", "Maria", "Mariam", "Jos\xc3\xa9", "Jo"};
static const char *const dates[] = {"2025",
                                    "2025-03",
                                    "2025-03-04",
                                    "2025-03-05",
                                    "2025-04-01",
                                    "2024-12-31",
                                    "2025-03-04T10:00:00Z",
                                    "2025-03-04T10:00:00.250Z",
                                    "2025-03-04T10:00:00+02:00"};
static const char *const codes[] = {"8480-6", "8462-4", "29463-7", "8867-4"};
static const char *const systems[] = {"http://loinc.org", "urn:x"};
static const char *const values[] = {"0", "-1.5", "70", "70.4", "70.45", "120", "1e2", "0.0001"};
static const char *const units[] = {"kg", "mm[Hg]", "/min"};

static const char *refs[PATIENTS];

static void make_patients(struct fixture *f)
{
    for (int i = 0; i < PATIENTS; i++) {
        const char *birth =
            roll(5) ? fixture_text(f, ",\"birthDate\":\"%.10s\"", dates[roll(6)]) : "";
        const char *active = roll(3) ? (roll(2) ? ",\"active\":true" : ",\"active\":false") : "";
        refs[i] = fixture_make(
            f,
            fixture_text(
                f,
                "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"%s\",\"value\":\"%u\"}"
                "],"
                "\"name\":[{\"family\":\"%s\",\"given\":[\"%s\",\"%s\"]}],\"gender\":\"%s\"%s%s}",
                PICK(systems), roll(12), PICK(families), PICK(givens), PICK(givens),
                roll(2) ? "male" : "female", birth, active));
    }
}

static const char *when(struct fixture *f)
{
    switch (roll(4)) {
    case 0:
        return "";
    case 1:
        return fixture_text(
            f, ",\"effectivePeriod\":{\"start\":\"2025-03-0%u\",\"end\":\"2025-03-1%u\"}",
            1 + roll(9), roll(10));
    case 2:
        return fixture_text(f, ",\"effectivePeriod\":{\"start\":\"2025-03-0%uT08:00:00Z\"}",
                            1 + roll(9));
    default:
        return fixture_text(f, ",\"effectiveDateTime\":\"%s\"", PICK(dates));
    }
}

static void make_observations(struct fixture *f)
{
    for (int i = 0; i < OBSERVATIONS; i++) {
        const char *subject =
            roll(8) ? fixture_text(f, ",\"%s\":%s{\"reference\":\"%s\"}%s",
                                   roll(9) ? "subject" : "performer", "", PICK(refs), "")
                    : "";
        if (strstr(subject, "performer"))
            subject = fixture_text(f, ",\"performer\":[{\"reference\":\"%s\"}]", PICK(refs));
        const char *unit = PICK(units);
        const char *value =
            roll(4) ? fixture_text(f,
                                   ",\"valueQuantity\":{\"value\":%s,\"unit\":\"%s\",\"system\":"
                                   "\"http://unitsofmeasure.org\",\"code\":\"%s\"}",
                                   PICK(values), roll(3) ? unit : "pieces", unit)
                    : "";
        fixture_make(
            f, fixture_text(
                   f,
                   "{\"resourceType\":\"Observation\",\"status\":\"%s\",\"code\":{\"coding\":[{"
                   "\"system\":\"%s\",\"code\":\"%s\"},{\"code\":\"%s\"}]}%s%s%s}",
                   roll(2) ? "final" : "amended", PICK(systems), PICK(codes), PICK(codes), subject,
                   when(f), value));
    }
}

static void make_encounters(struct fixture *f)
{
    for (int i = 0; i < ENCOUNTERS; i++) {
        const char *p = PICK(refs);
        const char *end =
            roll(3) ? fixture_text(f, ",\"end\":\"2025-03-04T1%u:30:00Z\"", roll(10)) : "";
        fixture_make(f, fixture_text(f,
                                     "{\"resourceType\":\"Encounter\",\"status\":\"finished\","
                                     "\"class\":{\"code\":\"AMB\"},"
                                     "\"subject\":{\"reference\":\"%s\"},\"period\":{\"start\":"
                                     "\"2025-03-0%uT09:00:00Z\"%s}}",
                                     p, 1 + roll(4), end));
    }
}

static const char *patient_condition(struct fixture *f)
{
    static const char *const mods[] = {"", ":exact", ":contains"};
    static const char *const texts[] = {"ok",
                                        "Okafor",
                                        "mul",
                                        "m\xc3\xbc",
                                        "abdul",
                                        "ar",
                                        "a",
                                        "ng",
                                        "Featherstonehaugh-Ch",
                                        "featherstonehaugh-x",
                                        "O'Neil",
                                        "der b"};
    static const char *const prefixes[] = {"", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"};
    switch (roll(9)) {
    case 0:
        return fixture_text(f, "family%s=%s", PICK(mods), PICK(texts));
    case 1:
        return fixture_text(f, "given%s=%s", PICK(mods), PICK(givens));
    case 2:
        return fixture_text(f, "name%s=%s,%s", PICK(mods), PICK(texts), PICK(givens));
    case 3:
        return fixture_text(f, "gender%s=male", roll(2) ? "" : ":not");
    case 4:
        return fixture_text(f, "identifier=%s|%u", PICK(systems), roll(12));
    case 5:
        return fixture_text(f, "identifier=%u,%u", roll(12), roll(12));
    case 6:
        return fixture_text(f, "%s:missing=%s", roll(2) ? "birthdate" : "active",
                            roll(2) ? "true" : "false");
    case 7:
        return fixture_text(f, "identifier=%s|", PICK(systems));
    default:
        return fixture_text(f, "birthdate=%s%.10s", PICK(prefixes), PICK(dates));
    }
}

static const char *observation_condition(struct fixture *f)
{
    static const char *const prefixes[] = {"", "", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"};
    switch (roll(11)) {
    case 0:
        return fixture_text(f, "code=%s|%s", PICK(systems), PICK(codes));
    case 1:
        return fixture_text(f, "code=%s,%s", PICK(codes), PICK(codes));
    case 2:
        return fixture_text(f, "code:not=%s", PICK(codes));
    case 3:
        return fixture_text(f, "code=|%s", PICK(codes));
    case 4:
        return fixture_text(f, "patient=%s", PICK(refs));
    case 5:
        return fixture_text(f, "subject=%s,%s", PICK(refs), PICK(refs));
    case 6:
        return fixture_text(f, "value-quantity=%s%s", PICK(prefixes), PICK(values));
    case 7:
        return fixture_text(f, "value-quantity=%s%s|http://unitsofmeasure.org|%s", PICK(prefixes),
                            PICK(values), PICK(units));
    case 8:
        return fixture_text(f, "value-quantity=%s%s||%s", PICK(prefixes), PICK(values),
                            roll(2) ? PICK(units) : "pieces");
    case 9:
        return fixture_text(f, "code-value-quantity=%s%s%s$%s%s", roll(2) ? PICK(systems) : "",
                            roll(2) ? "|" : "", PICK(codes), PICK(prefixes), PICK(values));
    default:
        return fixture_text(f, "date=%s%s", PICK(prefixes), PICK(dates));
    }
}

static const char *encounter_condition(struct fixture *f)
{
    static const char *const prefixes[] = {"", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"};
    switch (roll(3)) {
    case 0:
        return fixture_text(f, "patient=%s", PICK(refs));
    default:
        return fixture_text(f, "date=%s%s", PICK(prefixes), PICK(dates));
    }
}

struct everything {
    struct record_doc *docs;
    struct json **trees;
    size_t n;
};

static struct everything all_of(struct fixture *f, const char *type)
{
    struct record_page page;
    assert_int_equal(
        record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), STR("_count=1000"), &page), OK);
    assert_true(str_empty(page.next));
    struct everything e = {page.docs, ARENA_ARRAY(f->arena, struct json *, page.n), page.n};
    for (size_t i = 0; i < page.n; i++)
        assert_int_equal(record_parse(&f->op, &page.docs[i], &e.trees[i]), OK);
    return e;
}

static str encoded(struct fixture *f, const char *query)
{
    struct buf b;
    buf_init(&b, f->arena, 10000);
    for (; *query; query++)
        if (strchr("&=:|,$", *query))
            buf_char(&b, *query);
        else
            buf_url(&b, str_make(query, 1));
    return buf_str(&b);
}

static bool on_page(const struct record_page *p, uint64_t rid)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->docs[i].rid == rid)
            return true;
    return false;
}

/* Number of hits, after comparing each document. */
static size_t compare(struct fixture *f, const char *type, const struct everything *all,
                      const char *query)
{
    const struct fhir_query *q;
    struct record_page page;
    size_t hits = 0;
    str text = encoded(f, fixture_text(f, "%s&_count=1000&_total=accurate", query));
    op_clear(&f->op);
    if (fhir_query_read(&f->op, fhir_type_parse(str_of(type)), text, false, &q) != OK)
        return 0; /* not every throw is a query */
    err e = record_search(&f->op, f->rec, q, &page);
    if (e != OK)
        WRONG("%s?%s: %.*s", type, query, STR_ARG(f->op.fault.issues[0].message));
    for (size_t i = 0; i < all->n; i++) {
        bool yes = false;
        assert_int_equal(fhir_query_match(&f->op, q, all->trees[i], &yes), OK);
        hits += yes;
        if (yes != on_page(&page, all->docs[i].rid))
            WRONG("%s?%s: the oracle says %s of %.*s%.*s", type, query, yes ? "yes" : "no",
                  STR_ARG(all->docs[i].head), STR_ARG(all->docs[i].body));
    }
    assert_int_equal(page.n, hits);
    assert_true(page.has_total);
    assert_int_equal(page.total, hits);
    return hits;
}

static void agrees_with_the_oracle(void **state)
{
    struct fixture *f = *state;
    size_t some = 0;
    seed = 20261121;
    make_patients(f);
    make_observations(f);
    make_encounters(f);
    struct everything p = all_of(f, "Patient"), o = all_of(f, "Observation"),
                      e = all_of(f, "Encounter");
    assert_int_equal(p.n, PATIENTS);
    assert_int_equal(o.n, OBSERVATIONS);
    struct arena *before = f->arena;
    for (int i = 0; i < QUERIES; i++) {
        struct arena *a = arena_new(0);
        f->arena = a;
        fixture_as(f, &f->system);
        const char *one, *two = NULL;
        uint32_t which = roll(5);
        const char *type = which < 2 ? "Patient" : which < 4 ? "Observation" : "Encounter";
        const struct everything *all = which < 2 ? &p : which < 4 ? &o : &e;
        one = which < 2   ? patient_condition(f)
              : which < 4 ? observation_condition(f)
                          : encounter_condition(f);
        if (roll(3) == 0)
            two = which < 2   ? patient_condition(f)
                  : which < 4 ? observation_condition(f)
                              : encounter_condition(f);
        some += compare(f, type, all, two ? fixture_text(f, "%s&%s", one, two) : one) > 0;
        f->arena = before;
        arena_free(a);
    }
    assert_true(some > QUERIES / 4); /* or the throws are no test */
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(agrees_with_the_oracle)};
    return cmocka_run_group_tests_name("record.search_oracle", tests, NULL, NULL);
}
