/* For the programme room's tests only: a record with a clinic, a clock of ours, people with heart
 * failure and their time in a programme. */
#ifndef WEFT_PROGRAMME_FIXTURE_INT_H
#define WEFT_PROGRAMME_FIXTURE_INT_H

#include "programme/programme_int.h"
#include "record/test.h"
#include "survey/survey.h"

#include <math.h>

#define NOW                                                                                        \
    1772730000000LL /* 2026-03-05T17:00:00Z: 11:00 in Chicago, 3 days before summer time           \
                     */

struct house {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct op op;
    struct actor system, nurse;
    struct programmes p;
    str patient, device, doctor;
};

static inline str made(struct house *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline str made(struct house *h, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(h->op.arena, fmt, ap);
    va_end(ap);
    return test_record_put(&h->op, h->rec, text);
}

static inline int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    h->system = (struct actor){
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = STR("system"), .strong = true};
    h->rec = test_record(&h->op, h->dir, &h->system, NOW);
    h->p = (struct programmes){.rec = h->rec, .zone = STR("UTC")};
    h->doctor = made(h, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"Roe\"}]}");
    h->patient = made(
        h,
        "{\"resourceType\":\"Patient\",\"birthDate\":\"1950-03-02\",\"name\":[{\"family\":\"Elm\"}]"
        ",\"generalPractitioner\":[{\"reference\":\"Practitioner/%.*s\"}],\"address\":[{"
        "\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/timezone\","
        "\"valueCode\":\"America/Chicago\"}]}]}",
        STR_ARG(h->doctor));
    h->device =
        made(h, "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/%.*s\"}}",
             STR_ARG(h->patient));
    h->nurse = h->system;
    h->nurse.role = ROLE_NURSE;
    h->nurse.reference = arena_printf(h->op.arena, "Practitioner/%.*s", STR_ARG(h->doctor));
    *state = h;
    return 0;
}

static inline int close_house(void **state)
{
    struct house *h = *state;
    test_record_done(&h->op, h->dir, h->rec);
    free(h);
    return 0;
}

static inline void failure(struct house *h, int line)
{
    for (size_t i = 0; i < h->op.fault.n; i++)
        print_error("line %d: %.*s: %.*s\n", line, STR_ARG(h->op.fault.issues[i].expression),
                    STR_ARG(h->op.fault.issues[i].message));
}
#define ok(h, e)                                                                                   \
    do {                                                                                           \
        err ok_e_ = (e);                                                                           \
        failure((h), __LINE__);                                                                    \
        assert_int_equal(ok_e_, OK);                                                               \
    } while (0)
#define refused(h, want, e)                                                                        \
    do {                                                                                           \
        assert_int_equal((e), (want));                                                             \
        op_clear(&(h)->op);                                                                        \
    } while (0)

static inline int64_t number_of(const struct json *o, const char *name)
{
    int64_t v = -1;
    assert_true(json_i64(json_get(o, str_of(name)), &v));
    return v;
}

static inline str person(struct house *h, const char *died)
{
    str id = made(h, "{\"resourceType\":\"Patient\"%s}", died);
    made(h,
         "{\"resourceType\":\"Condition\",\"clinicalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"active\"}]},"
         "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"84114007\"}]},"
         "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
         STR_ARG(id));
    return id;
}

/* at, days: from the start, which is NOW. */
static inline void stay(struct house *h, str who, const char *class, double at, double days)
{
    int64_t from = NOW + (int64_t)(at * (double)DAY_MS);
    made(h,
         "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"%s\"},\"subject\":{"
         "\"reference\":\"Patient/%.*s\"},\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}}",
         class, STR_ARG(who), STR_ARG(time_format(h->op.arena, from)),
         STR_ARG(time_format(h->op.arena, from + (int64_t)(days * (double)DAY_MS))));
}

static inline void in_programme(struct house *h, str who, int64_t start)
{
    str at = time_format(h->op.arena, start);
    made(h,
         "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"statusHistory\":[{\"status\":"
         "\"active\",\"period\":{\"start\":\"%.*s\"}}],\"type\":[{\"coding\":[{\"system\":"
         "\"https://weft.health/fhir/programme\",\"code\":\"heart-failure\"}]}],\"patient\":{"
         "\"reference\":\"Patient/%.*s\"},\"period\":{\"start\":\"%.*s\"}}",
         STR_ARG(at), STR_ARG(who), STR_ARG(at));
}

#endif
