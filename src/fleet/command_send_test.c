/* What is on its way to devices is gone through page by page, over a real record. */
#include "fleet/command_int.h"

#include "record/test.h"

struct house {
    char dir[TEST_FOLDER_MAX];
    struct op op;
    struct fleet f;
};

static void put_command(struct house *h)
{
    static const char text[] =
        "{\"resourceType\":\"Task\",\"status\":\"ready\",\"intent\":\"order\",\"code\":{\"coding\":"
        "[{\"system\":\"" RECORD_TASK_CODE "\",\"code\":\"" COMMAND_CODE "\"}]}}";
    (void)test_record_put(&h->op, h->f.rec, STR(text));
}

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    h->f.rec = test_record(&h->op, h->dir, fleet_system(), 1795541400000LL);
    for (int i = 0; i < 2 * COMMAND_PAGE; i++)
        put_command(h);
    *state = h;
    return 0;
}

static int close_house(void **state)
{
    struct house *h = *state;
    test_record_done(&h->op, h->dir, h->f.rec);
    free(h);
    return 0;
}

/* The line to the broker was gone for more than an hour in the middle: nothing was ever sent again.
 */
static void r412_a_page_that_is_no_more_is_forgotten(void **state)
{
    struct house *h = *state;
    struct record_page first, page;
    assert_int_equal(command_open_page(&h->op, &h->f, 1, &first), OK);
    assert_int_equal(first.n, COMMAND_PAGE);
    assert_true(h->f.sweep[0] != 0);
    h->op.now += INT64_C(2) * 3600 * 1000;
    assert_int_equal(command_open_page(&h->op, &h->f, 1, &page), ERR_GONE);
    op_clear(&h->op);
    assert_int_equal(command_open_page(&h->op, &h->f, 1, &page), OK);
    assert_int_equal(page.n, COMMAND_PAGE);
    assert_true(str_eq(page.docs[0].id, first.docs[0].id));
    assert_int_equal(command_open_page(&h->op, &h->f, 1, &page), OK);
    assert_false(str_eq(page.docs[0].id, first.docs[0].id));
    assert_int_equal(h->f.sweep[0], 0); /* that was all */
}

static void a_new_line_begins_again(void **state)
{
    struct house *h = *state;
    struct record_page first, page;
    assert_int_equal(command_open_page(&h->op, &h->f, 1, &first), OK);
    assert_int_equal(command_open_page(&h->op, &h->f, 2, &page), OK);
    assert_true(str_eq(page.docs[0].id, first.docs[0].id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(r412_a_page_that_is_no_more_is_forgotten, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(a_new_line_begins_again, open_house, close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
