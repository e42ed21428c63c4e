/* For the campaign room's tests only: a record in a folder, with short forms of making things. */
#ifndef WEFT_CAMPAIGN_FIXTURE_INT_H
#define WEFT_CAMPAIGN_FIXTURE_INT_H

#include "campaign/people_int.h"
#include "record/test.h"

struct ground {
    char dir[TEST_FOLDER_MAX];
    struct arena *arena;
    struct op op;
    struct record *rec;
    struct people *people;
    struct actor outreach, nurse;
};

static inline void ground_as(struct ground *g, const struct actor *who)
{
    op_init(&g->op, g->arena, who, time_now());
}

static inline str ground_make(struct ground *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline str ground_make(struct ground *g, const char *fmt, ...)
{
    va_list ap;
    const struct actor *before = g->op.actor;
    va_start(ap, fmt);
    str text = arena_vprintf(g->arena, fmt, ap);
    va_end(ap);
    g->op.actor = people_system();
    str id = test_record_put(&g->op, g->rec, text);
    g->op.actor = before;
    return id;
}

static inline uint64_t ground_rid(struct ground *g, const char *type, str id)
{
    uint64_t rid;
    assert_int_equal(record_resolve(&g->op, g->rec, fhir_type_parse(str_of(type)), id, &rid), OK);
    return rid;
}

/* Everybody born then, with these further elements. */
static inline str ground_patient(struct ground *g, const char *born, const char *more)
{
    return ground_make(g, "{\"resourceType\":\"Patient\",\"birthDate\":\"%s\"%s}", born, more);
}

static inline struct person ground_row(struct ground *g, str patient)
{
    size_t i;
    uint64_t rid = ground_rid(g, "Patient", patient);
    assert_int_equal(people_wait(&g->op, g->people, record_now_t(g->rec)), OK);
    people_read(g->people);
    assert_true(people_find(g->people, rid, &i));
    struct person row = *people_row(g->people, i);
    people_done(g->people);
    return row;
}

static inline void ground_people(struct ground *g)
{
    assert_int_equal(people_new(&g->op, g->rec, &g->people), OK);
    assert_int_equal(people_start(&g->op, g->people), OK);
}

static inline int ground_open(void **state)
{
    struct ground *g = calloc(1, sizeof *g);
    g->outreach = (struct actor){.role = ROLE_OUTREACH,
                                 .purpose = role_purpose(ROLE_OUTREACH),
                                 .user = STR("out"),
                                 .session = STR("s1"),
                                 .strong = true};
    g->nurse = g->outreach;
    g->nurse.role = ROLE_NURSE;
    g->nurse.purpose = role_purpose(ROLE_NURSE);
    g->nurse.user = STR("nurse");
    g->rec = test_record(&g->op, g->dir, people_system(), time_now());
    g->arena = g->op.arena;
    *state = g;
    return 0;
}

static inline int ground_close(void **state)
{
    struct ground *g = *state;
    if (g->people)
        people_stop(g->people);
    people_free(g->people);
    test_record_done(&g->op, g->dir, g->rec);
    free(g);
    return 0;
}

#endif
