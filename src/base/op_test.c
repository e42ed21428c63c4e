/* Errors: the table, and how an operation keeps what went wrong. */
#include "base/test.h"

static void every_category_has_its_row(void **state)
{
    (void)state;
    for (int e = 1; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((err)e);
        assert_true(row->http >= 400 && row->http <= 504);
        assert_true(row->name[0] && row->issue_code[0]);
        /* Only throttling and outages are worth another try. */
        assert_int_equal(row->retry, row->http == 429 || row->http == 503 || row->http == 504);
        assert_int_equal(err_passes((err)e), row->retry || row->http == 409 || row->http == 412);
    }
    assert_false(err_passes(OK));
    assert_ptr_equal(err_row(ERR_COUNT), err_row(ERR_FAULT));
    assert_ptr_equal(err_row((err)-1), err_row(ERR_FAULT));
}

static void first_error_decides(void **state)
{
    (void)state;
    struct op op = test_op();
    op_note(&op, SEVERITY_WARNING, STR("Patient.name"), "odd but %s", "allowed");
    assert_int_equal(op_check(&op), OK);
    assert_int_equal(fail_at(&op, ERR_UNPROCESSABLE, STR("Patient.id"), "bad %d", 1),
                     ERR_UNPROCESSABLE);
    assert_int_equal(fail(&op, ERR_FAULT, "later"), ERR_FAULT);
    assert_int_equal(op_check(&op), ERR_UNPROCESSABLE);
    assert_int_equal(op.fault.n, 3);
    assert_str(op.fault.issues[0].message, "odd but allowed");
    assert_int_equal(op.fault.issues[0].severity, SEVERITY_WARNING);
    assert_str(op.fault.issues[1].expression, "Patient.id");
    assert_str(op.fault.issues[1].message, "bad 1");
    op_clear(&op);
    assert_int_equal(op_check(&op), OK);
    assert_int_equal(op.fault.n, 0);
    test_op_done(&op);
}

static void issues_have_a_ceiling(void **state)
{
    (void)state;
    struct op op = test_op();
    for (int i = 0; i < FAULT_ISSUES_MAX + 50; i++)
        (void)fail(&op, ERR_INVALID, "problem %d", i);
    assert_int_equal(op.fault.n, FAULT_ISSUES_MAX);
    assert_int_equal(op.fault.dropped, 50);
    assert_str(op.fault.issues[FAULT_ISSUES_MAX - 1].message, "problem 199");
    test_op_done(&op);
}

static void memory_gone_is_an_error_once(void **state)
{
    (void)state;
    struct op op = test_op();
    arena_fail_at(1, true);
    assert_null(arena_alloc(op.arena, 1u << 20));
    assert_int_equal(op_check(&op), ERR_TOO_LARGE);
    assert_int_equal(op_check(&op), ERR_TOO_LARGE);
    assert_int_equal(op.fault.n, 1);
    assert_true(op.fault.issues[0].message.n > 10);
    for (int i = 0; i < 300; i++)
        (void)fail(&op, ERR_FAULT, "more %d", i);
    assert_int_equal(op.fault.n + op.fault.dropped, 301);
    arena_fail_at(0, false);
    test_op_done(&op);
}

static void what_a_part_said_and_owes_is_kept(void **state)
{
    (void)state;
    struct op op = test_op();
    struct arena *room = arena_new(1u << 20);
    for (int i = 0; i < 3; i++) {
        struct op part = op_part(&op, room);
        assert_ptr_equal(part.arena, room);
        assert_non_null(arena_alloc(room, 600u << 10)); /* there is room for one at a time */
        part.audit = (struct tickets){.first = 7 - (uint64_t)i, .last = 7 + (uint64_t)i};
        assert_int_equal(op_part_end(&op, &part, OK), OK);
    }
    assert_int_equal(op.audit.first, 5);
    assert_int_equal(op.audit.last, 9);
    struct op part = op_part(&op, room);
    assert_int_equal(fail(&part, ERR_GONE, "part %d", 4), ERR_GONE);
    assert_int_equal(op_part_end(&op, &part, ERR_GONE), ERR_GONE);
    arena_free(room);
    assert_int_equal(op_check(&op), ERR_GONE);
    assert_str(op.fault.issues[0].message, "part 4");
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_category_has_its_row),
        cmocka_unit_test(first_error_decides),
        cmocka_unit_test(issues_have_a_ceiling),
        cmocka_unit_test(memory_gone_is_an_error_once),
        cmocka_unit_test(what_a_part_said_and_owes_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
