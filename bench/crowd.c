/* Patients by lot, each the same in every run: age, sex, language, phone and home; of 100 people 85
 * said a word about texts (5 of them no), 40 came for a visit within two years, 40 had a flu shot
 * (28 this season), 21 live with one of three illnesses, 8 heard from the house this month, and one
 * keeps something from somebody (a Consent that denies). Three resources a person. */
#include "crowd.h"

#include "base/time.h"
#include "record/bulk.h"

#include <pthread.h>

#define DAY 86400000LL
#define TOGETHER 40u /* people a transaction */
#define THREADS 2u
#define BUNDLE_BYTES (1u << 20)

struct loader {
    struct op op;
    struct record *rec;
    uint32_t from, to;
    uint64_t resources;
    err code;
};

struct lot {
    uint32_t i;
    uint64_t h; /* of the person; each use takes bits of its own */
    int64_t now;
    struct arena *arena;
    struct buf *to;
};

static uint64_t hash(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* 0 … n - 1 of the person's own for a purpose. */
static uint32_t draw(const struct lot *l, uint32_t purpose, uint32_t n)
{
    return (uint32_t)(hash(l->h + purpose) % n);
}

static str day(const struct lot *l, uint32_t ago)
{
    return str_sub(time_format(l->arena, l->now - ago * DAY), 0, 10);
}

static void patient(const struct lot *l)
{
    static const char *const places[][3] = {
        {"New York", "NY", "100"}, {"Chicago", "IL", "606"},       {"Denver", "CO", "802"},
        {"Portland", "OR", "972"}, {"Los Angeles", "CA", "900"},   {"Buffalo", "NY", "142"},
        {"Boulder", "CO", "803"},  {"San Francisco", "CA", "941"},
    };
    static const char *const languages[] = {"en", "en", "en", "en", "en",
                                            "en", "en", "es", "es", "ar"};
    const char *const *place = places[draw(l, 1, 8)];
    buf_printf(
        l->to,
        "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"c%u\",\"active\":true,\"name\":"
        "[{\"family\":\"Family%u\",\"given\":[\"Given%u\"]}],\"gender\":\"%s\",\"birthDate\":"
        "\"%.*s\",\"telecom\":[{\"system\":\"phone\",\"value\":\"+1503%07u\"}],"
        "\"communication\":[{\"language\":{\"coding\":[{\"system\":\"urn:ietf:bcp:47\","
        "\"code\":\"%s\"}]},\"preferred\":true}],\"address\":[{\"line\":[\"%u Elm Street\"],"
        "\"city\":\"%s\",\"state\":\"%s\",\"postalCode\":\"%s%02u\",\"country\":\"US\"}]}}",
        l->i, draw(l, 2, 20000), draw(l, 3, 3000), draw(l, 4, 2) ? "female" : "male",
        STR_ARG(day(l, draw(l, 5, 33000))), 2000000 + l->i % 8000000, languages[draw(l, 6, 10)],
        1 + draw(l, 7, 9000), place[0], place[1], place[2], draw(l, 8, 100));
}

static void says(const struct lot *l)
{
    uint32_t lot = draw(l, 10, 100);
    if (lot >= 85)
        return;
    buf_printf(
        l->to,
        ",{\"resource\":{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":["
        "{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "consentscope\",\"code\":\"treatment\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/c%u\"},\"dateTime\":"
        "\"%.*s\",\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":\"%s\",\"code\":[{"
        "\"coding\":[{\"system\":\"https://weft.health/fhir/"
        "contact-channel\",\"code\":\"sms\"}]}]%s"
        "}}}",
        l->i, STR_ARG(day(l, 40 + draw(l, 11, 700))), lot < 5 ? "deny" : "permit",
        lot < 5 ? ""
                : ",\"purpose\":[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":"
                  "\"care\"}]");
}

static void keeps_back(const struct lot *l)
{
    if (draw(l, 20, 100))
        return;
    buf_printf(l->to,
               ",{\"resource\":{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{"
               "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
               "\"code\":\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],"
               "\"patient\":{\"reference\":\"Patient/c%u\"},\"policyRule\":{\"text\":\"own\"},"
               "\"provision\":{\"type\":\"deny\",\"class\":[{\"system\":"
               "\"http://hl7.org/fhir/resource-types\",\"code\":\"Condition\"}]}}}",
               l->i);
}

static void ails(const struct lot *l)
{
    static const char *const codes[] = {"44054006", "42343007", "13645005"};
    uint32_t lot = draw(l, 30, 100);
    if (lot >= 21)
        return;
    buf_printf(
        l->to,
        ",{\"resource\":{\"resourceType\":\"Condition\",\"clinicalStatus\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":"
        "\"active\"}]},\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":"
        "\"%s\"}]},\"subject\":{\"reference\":\"Patient/c%u\"},\"onsetDateTime\":\"%.*s\"}}",
        codes[lot < 10   ? 0
              : lot < 15 ? 1
                         : 2],
        l->i, STR_ARG(day(l, draw(l, 31, 4000))));
}

static void is_vaccinated(const struct lot *l)
{
    uint32_t lot = draw(l, 40, 100);
    if (lot >= 40)
        return;
    buf_printf(l->to,
               ",{\"resource\":{\"resourceType\":\"Immunization\",\"status\":\"completed\","
               "\"vaccineCode\":{\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/cvx\",\"code\":"
               "\"%s\"}]},\"patient\":{\"reference\":\"Patient/c%u\"},\"occurrenceDateTime\":"
               "\"%.*s\"}}",
               draw(l, 41, 2) ? "150" : "205", l->i,
               STR_ARG(day(l, lot < 28 ? draw(l, 42, 20) : 400 + draw(l, 42, 300))));
}

static void comes(const struct lot *l)
{
    if (draw(l, 50, 100) >= 40)
        return;
    str on = day(l, 1 + draw(l, 51, 730));
    buf_printf(l->to,
               ",{\"resource\":{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"AMB\"},"
               "\"subject\":{\"reference\":\"Patient/c%u\"},\"period\":{\"start\":"
               "\"%.*sT09:00:00Z\",\"end\":\"%.*sT09:30:00Z\"}}}",
               l->i, STR_ARG(on), STR_ARG(on));
}

static void hears(const struct lot *l)
{
    if (draw(l, 60, 100) >= 8)
        return;
    buf_printf(l->to,
               ",{\"resource\":{\"resourceType\":\"Communication\",\"status\":\"completed\","
               "\"subject\":{\"reference\":\"Patient/c%u\"},\"sent\":\"%.*sT16:00:00Z\"}}",
               l->i, STR_ARG(day(l, 1 + draw(l, 61, 28))));
}

static str bundle(struct arena *a, int64_t now, uint32_t from, uint32_t to)
{
    struct buf b;
    buf_init(&b, a, BUNDLE_BYTES);
    buf_add(&b, STR("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["));
    for (uint32_t i = from; i < to; i++) {
        struct lot l = {
            .i = i, .h = hash(i + UINT64_C(0x9E3779B97F4A7C15)), .now = now, .arena = a, .to = &b};
        if (i > from)
            buf_add(&b, STR(","));
        patient(&l);
        says(&l);
        keeps_back(&l);
        ails(&l);
        is_vaccinated(&l);
        comes(&l);
        hears(&l);
    }
    buf_add(&b, STR("]}"));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static err load(struct loader *w)
{
    struct record_load to;
    struct arena *a = arena_new(0);
    if (!a)
        return fail(&w->op, ERR_UNAVAILABLE, "no memory");
    err e = record_load_begin(&w->op, w->rec, &to);
    for (uint32_t i = w->from; e == OK && i < w->to; i += TOGETHER) {
        arena_reset(a);
        e = record_load_add(&w->op, &to,
                            bundle(a, w->op.now, i, i + TOGETHER < w->to ? i + TOGETHER : w->to));
    }
    if (e == OK)
        e = record_load_end(&w->op, &to);
    w->resources = to.resources;
    arena_free(a);
    return e;
}

static void *run(void *ctx)
{
    struct loader *w = ctx;
    w->code = load(w);
    return NULL;
}

err crowd_fill(struct op *op, struct record *rec, uint32_t people, uint64_t *ret_n)
{
    pthread_t threads[THREADS];
    struct loader w[THREADS];
    err e = OK;
    *ret_n = 0;
    for (uint32_t k = 0; k < THREADS; k++) {
        w[k] = (struct loader){.rec = rec,
                               .from = (uint32_t)((uint64_t)people * k / THREADS),
                               .to = (uint32_t)((uint64_t)people * (k + 1) / THREADS)};
        op_init(&w[k].op, arena_new((size_t)1 << 30), op->actor, op->now);
        if (pthread_create(&threads[k], NULL, run, &w[k]) != 0)
            return fail(op, ERR_UNAVAILABLE, "no thread");
    }
    for (uint32_t k = 0; k < THREADS; k++) {
        pthread_join(threads[k], NULL);
        if (w[k].code != OK && e == OK)
            e = fail(op, w[k].code, "%.*s",
                     STR_ARG(w[k].op.fault.n ? w[k].op.fault.issues[0].message : STR("?")));
        *ret_n += w[k].resources;
        arena_free(w[k].op.arena);
    }
    return e;
}
