/* For the tests of the rooms above: a record in a folder of its own, and documents put into it.
 * Whatever fails, the test fails. */
#ifndef WEFT_RECORD_TEST_H
#define WEFT_RECORD_TEST_H

#include "base/test.h"
#include "base/time.h"
#include "record/record.h"

/* A new record over SQLite, and an operation of who at now over an arena of its own; dir has
 * TEST_FOLDER_MAX bytes. Ends with test_record_done(). */
static inline struct record *test_record(struct op *op, char *dir, const struct actor *who,
                                         int64_t now)
{
    struct record *rec;
    *op = test_op();
    op->now = now;
    op->actor = who;
    test_folder(dir);
    assert_int_equal(record_init(op, str_of(dir)), OK);
    assert_int_equal(record_open(op, str_of(dir), 0, &rec), OK);
    return rec;
}

static inline void test_record_done(struct op *op, const char *dir, struct record *rec)
{
    record_close(rec);
    test_folder_drop(dir);
    test_op_done(op);
}

/* Under the id it has, else under a new one; as op's actor. Returns the id. */
static inline str test_record_put(struct op *op, struct record *rec, str text)
{
    struct record_result res = {0};
    struct json *t;
    err e = fhir_read(op, text, 0, &t);
    if (e == OK) {
        str id = json_get_str(t, STR("id"));
        e = str_empty(id) ? record_create(op, rec, t, STR_NONE, &res)
                          : record_update(op, rec, fhir_type_of(t), id, t, STR_NONE, &res);
    }
    for (size_t i = 0; e != OK && i < op->fault.n; i++)
        print_error("%.*s: %.*s\n", STR_ARG(op->fault.issues[i].expression),
                    STR_ARG(op->fault.issues[i].message));
    assert_int_equal(e, OK);
    return res.id;
}

#endif
