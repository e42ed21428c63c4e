/* A room for the desk's tests: a record of its own in a folder of its own, a patient, two nurses.
 */
#ifndef WEFT_DESK_FIXTURE_INT_H
#define WEFT_DESK_FIXTURE_INT_H

#include "desk/desk_int.h"
#include "record/test.h"

struct room {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct op op;
    struct actor system, ada, bo;
    str patient, ada_ref, bo_ref, evidence[60];
};

static inline struct json *tree_of(struct room *r, const char *text)
{
    struct json *t;
    assert_int_equal(fhir_read(&r->op, str_of(text), 0, &t), OK);
    return t;
}

static inline str made(struct room *r, const char *text)
{
    return test_record_put(&r->op, r->rec, str_of(text));
}

static inline void as(struct room *r, const struct actor *who)
{
    op_clear(&r->op);
    r->op.actor = who;
}

static inline int open_room(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    r->system = (struct actor){
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = STR("system"), .strong = true};
    r->rec = test_record(&r->op, r->dir, &r->system, 1795541400000LL);
    struct arena *a = r->op.arena;
    r->patient = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Elm\"}]}");
    struct actor nurse = r->system;
    nurse.role = ROLE_NURSE;
    r->ada = r->bo = nurse;
    r->ada.user = STR("ada");
    r->bo.user = STR("bo");
    str id = made(r, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"Ada\"}]}");
    r->ada.reference = arena_printf(a, "Practitioner/%.*s", STR_ARG(id));
    id = made(r, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"Bo\"}]}");
    r->bo.reference = arena_printf(a, "Practitioner/%.*s", STR_ARG(id));
    for (size_t i = 0; i < sizeof r->evidence / sizeof r->evidence[0]; i++) {
        str o = arena_printf(a,
                             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                             "\"text\":\"n%zu\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                             i, STR_ARG(r->patient));
        r->evidence[i] = arena_printf(a, "Observation/%.*s", STR_ARG(made(r, str_z(a, o))));
    }
    *state = r;
    return 0;
}

static inline int close_room(void **state)
{
    struct room *r = *state;
    test_record_done(&r->op, r->dir, r->rec);
    free(r);
    return 0;
}

#endif
