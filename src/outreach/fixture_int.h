/* For the outreach room's tests only: a record in a folder on a Tuesday, outreach over it with its
 * steps taken by hand, and short forms of making and looking. */
#ifndef WEFT_OUTREACH_FIXTURE_INT_H
#define WEFT_OUTREACH_FIXTURE_INT_H

#include "outreach/outreach_int.h"
#include "record/test.h"

#define NOW 1795541400000LL /* 2026-11-24T17:30:00Z: 11:30 in Chicago, 09:30 in Oregon */

struct room {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct outreach *o; /* of room_outreach() */
    struct op op;
    str patient;
};

static inline struct room *room_new(void)
{
    struct room *r = calloc(1, sizeof *r);
    r->rec = test_record(&r->op, r->dir, outreach_system(), NOW);
    return r;
}

/* settings: names and values by turns, up to NULL. op's arena may not be emptied afterwards. */
static inline void room_outreach(struct room *r, const char *const *settings)
{
    struct config *c = config_new(r->op.arena);
    for (; *settings; settings += 2)
        assert_int_equal(config_set(&r->op, c, str_of(settings[0]), str_of(settings[1])), OK);
    assert_int_equal(outreach_new(&r->op, r->rec, c, &r->o), OK);
}

static inline int room_close(void **state)
{
    struct room *r = *state;
    outreach_free(r->o);
    test_record_done(&r->op, r->dir, r->rec);
    free(r);
    return 0;
}

static inline str room_put(struct room *r, str text)
{
    return test_record_put(&r->op, r->rec, text);
}

/* Their patient as outreach sees them. */
static inline struct recipient room_seen(struct room *r)
{
    struct recipient p;
    assert_int_equal(recipient_load(&r->op, r->rec, r->patient, &p), OK);
    return p;
}

/* Of a Communication; the room itself asks. */
static inline str room_status(struct room *r, str id)
{
    struct record_doc d;
    struct json *c;
    r->op.actor = outreach_system();
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Communication")), id, &d),
                     OK);
    assert_int_equal(record_parse(&r->op, &d, &c), OK);
    return json_get_str(c, STR("status"));
}

#endif
