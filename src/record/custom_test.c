/* Posted search parameters without a server: nothing is found before it is ready, slices go on
 * where a closed record stopped, newer key formats make all anew, and numbers stay with their
 * definition. */
#include "record/custom.h"
#include "record/fixture_int.h"

#include "fhir/query.h"

#define NICK "Patient.extension.where(url = 'http://example.org/nick').value.ofType(string)"

static const char *sp(struct fixture *f, const char *code, const char *expression)
{
    return fixture_text(
        f,
        "{\"resourceType\":\"SearchParameter\",\"url\":\"http://example.org/%s\","
        "\"name\":\"n\",\"status\":\"active\",\"description\":\"d\",\"code\":\"%s\","
        "\"base\":[\"Patient\"],\"type\":\"string\",\"expression\":\"%s\"}",
        code, code, expression);
}

static void named(struct fixture *f, const char *nick)
{
    (void)fixture_make(f, fixture_text(f,
                                       "{\"resourceType\":\"Patient\",\"extension\":[{\"url\":"
                                       "\"http://example.org/nick\",\"valueString\":\"%s\"}]}",
                                       nick));
}

static void again(struct fixture *f)
{
    record_free(f->rec);
    f->rec = NULL;
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
}

static bool work(struct fixture *f, size_t max)
{
    bool more;
    assert_int_equal(record_custom_work(&f->op, f->rec, max, &more), OK);
    return more;
}

static unsigned percent(struct fixture *f, uint16_t *ret_number)
{
    struct record_custom *all;
    size_t n;
    assert_int_equal(record_custom_list(&f->op, f->rec, &all, &n), OK);
    assert_int_equal(n, 1);
    *ret_number = all[0].param->number;
    return all[0].percent;
}

static err asked(struct fixture *f, const char *query)
{
    const struct fhir_query *q;
    err e = record_query_read(&f->op, f->rec, f->rec->t_patient, str_of(query), false, &q);
    op_clear(&f->op);
    return e;
}

static void in_slices(void **state)
{
    struct fixture *f = *state;
    uint16_t number, later;
    for (int i = 0; i < 10; i++)
        named(f, "Bo");
    (void)fixture_make(f, sp(f, "nick", NICK));
    assert_int_equal(asked(f, "nick=bo"), ERR_INVALID);
    assert_true(work(f, 3));
    assert_in_range(percent(f, &number), 1, 99);
    assert_in_range(number, FHIR_CUSTOM_FIRST, FHIR_CUSTOM_LAST);
    assert_int_equal(asked(f, "nick=bo"), ERR_INVALID);
    again(f);
    named(f, "Bo"); /* while it is being made */
    while (work(f, 3)) {
    }
    assert_int_equal(percent(f, &later), 100);
    assert_int_equal(later, number);
    assert_int_equal(fixture_count(f, "Patient", "nick=bo"), 11);
    again(f);
    assert_int_equal(fixture_count(f, "Patient", "nick=bo"), 11);
}

static void by_another_format(void **state)
{
    struct fixture *f = *state;
    struct store_commit c;
    uint16_t number;
    named(f, "Bo");
    (void)fixture_make(f, sp(f, "nick", NICK));
    while (work(f, 100)) {
    }
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    store_tx_kv(tx, STR("keys.format"), STR("1"));
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    again(f);
    assert_int_equal(percent(f, &number), 0);
    while (work(f, 100)) {
    }
    assert_int_equal(fixture_count(f, "Patient", "nick=bo"), 1);
}

static void refused(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    assert_int_equal(fixture_try(f, sp(f, "family", NICK), &r), ERR_UNPROCESSABLE);
    assert_true(str_eq(f->op.fault.issues[0].expression, STR("SearchParameter.code")));
    op_clear(&f->op);
    assert_int_equal(fixture_try(f, sp(f, "nick", "where("), &r), ERR_UNPROCESSABLE);
    assert_true(str_eq(f->op.fault.issues[0].expression, STR("SearchParameter.expression")));
    op_clear(&f->op);
    for (unsigned i = 0; i < RECORD_CUSTOM_MAX; i++)
        (void)fixture_make(f, sp(f, fixture_text(f, "p%u", i), NICK));
    (void)work(f, 1);
    assert_int_equal(fixture_try(f, sp(f, "one-more", NICK), &r), ERR_UNPROCESSABLE);
    assert_true(str_eq(f->op.fault.issues[0].expression, STR("SearchParameter.base")));
}

static bool takes_birth(void *ctx, str name)
{
    (void)ctx;
    return str_eq(name, STR("birthDate"));
}

/* R198: a name written with an escape is recognised as one that may be hidden. */
static void r198(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *expression;
        bool reads;
    } rows[] = {{"Patient.birthDate", true},
                {"Patient.`birthDate`", true},
                {"Patient.`birth\\u0044ate`", true},
                {NICK, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fhir_custom_def def = {.active = true,
                                      .url = STR("http://example.org/x"),
                                      .code = STR("x"),
                                      .expression = str_of(rows[i].expression),
                                      .type = PARAM_STRING,
                                      .bases = {f->rec->t_patient},
                                      .n_bases = 1};
        struct fhir_custom c;
        assert_int_equal(fhir_custom_make(&f->op, &def, 0, FHIR_CUSTOM_FIRST, &c), OK);
        assert_int_equal(fhir_param_reads(&c.param, takes_birth, NULL), rows[i].reads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(in_slices), BOTH_BACKENDS(by_another_format),
                                       BOTH_BACKENDS(refused), BOTH_BACKENDS(r198)};
    return cmocka_run_group_tests_name("record.custom", tests, NULL, NULL);
}
