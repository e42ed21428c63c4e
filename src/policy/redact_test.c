/* Rows are found by role, purpose and type; a row names members of the first level, choices and
 * primitive siblings too; one denial more, or one share less, never shows more. */
#include "base/test.h"
#include "policy/redact.h"

static const struct redact_set *find(enum role role, enum purpose purpose, const char *type)
{
    struct actor a = {.role = role, .purpose = purpose};
    return redact_find(&a, policy_type_parse(str_of(type)));
}

static void found_by_role_purpose_and_type(void **state)
{
    (void)state;
    struct actor agent = {.role = ROLE_AGENT, .purpose = PURPOSE_HOPERAT}, odd = agent;
    int visit = policy_type_parse(STR("Encounter"));
    assert_non_null(redact_find(&agent, visit));
    assert_null(redact_find(NULL, visit));
    odd.role = ROLE_COUNT;
    assert_null(redact_find(&odd, visit));
    odd = agent;
    odd.purpose = PURPOSE_COUNT;
    assert_null(redact_find(&odd, visit));
    assert_null(redact_find(&agent, -1));
    assert_null(redact_find(&agent, POLICY_TYPE_COUNT + 1));
    assert_null(redact_find(&agent, POLICY_TYPE_SYSTEM));
    assert_null(find(ROLE_AGENT, PURPOSE_HOPERAT, "Communication"));
    assert_non_null(find(ROLE_AGENT, PURPOSE_HPAYMT, "Communication"));
    const struct redact_set *treating = find(ROLE_NURSE, PURPOSE_TREAT, "Condition");
    assert_int_equal(treating->n, 1); /* but what names a bill beside it, nothing is taken */
    assert_true(redact_row(treating->at[0])->unshared);
    assert_false(redact_row(treating->at[0])->whole);
    assert_null(find(ROLE_NURSE, PURPOSE_TREAT, "Immunization"));
    assert_non_null(find(ROLE_NURSE, PURPOSE_HOPERAT, "Condition"));
    for (int t = 0; t <= POLICY_TYPE_COUNT; t++)
        for (int p = 0; p < PURPOSE_COUNT; p++) {
            struct actor self = {.role = ROLE_PATIENT, .purpose = (enum purpose)p};
            assert_null(redact_find(&self, t)); /* the right of access is to all of it */
        }
}

static void rows_by_number(void **state)
{
    (void)state;
    size_t n = 0;
    while (redact_row(n))
        n++;
    assert_int_equal(n, redact_n_rows);
    assert_null(redact_row(SIZE_MAX));
    assert_string_equal(redact_row(0)->id, "REDACT-01");
}

static void names_of_the_first_level(void **state)
{
    (void)state;
    struct redact_row r = {.elements = (const char *const[]){"note", "value[x]", NULL}};
    static const char *const yes[] = {"note",   "_note",  "valueString",
                                      "valueA", "valueZ", "_valueDateTime"};
    static const char *const no[] = {"notes", "value", "values", "value1", "value[",
                                     "other", "",      "_",      "not"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(redact_names(&r, str_of(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(redact_names(&r, str_of(no[i])));
}

static void names_inside(void **state)
{
    (void)state;
    struct redact_row r = {.elements = (const char *const[]){"note", "item.net", "item.x", NULL}};
    assert_false(redact_names(&r, STR("item")));
    assert_true(redact_inside(&r, STR("item"), STR_NONE));
    assert_true(redact_inside(&r, STR("item"), STR("net")));
    assert_true(redact_inside(&r, STR("item"), STR("_net")));
    assert_true(redact_inside(&r, STR("item"), STR("x")));
    assert_false(redact_inside(&r, STR("item"), STR("ne")));
    assert_false(redact_inside(&r, STR("item"), STR("nets")));
    assert_false(redact_inside(&r, STR("note"), STR_NONE));
    assert_false(redact_inside(&r, STR("ite"), STR("net")));
    assert_false(redact_inside(&r, STR("items"), STR_NONE));
}

static void takes_by_label_and_share(void **state)
{
    (void)state;
    struct redact_row always = {.labels = 0}, label = {.labels = 12}, unless = {.unless = 5};
    for (int shared = 0; shared < 2; shared++) {
        assert_true(redact_takes(&always, 0, shared));
        assert_false(redact_takes(&label, LABEL_NORMAL, shared));
        assert_true(redact_takes(&label, 4 | LABEL_RESTRICTED, shared));
        assert_int_equal(redact_takes(&unless, 0, shared), !shared);
    }
}

/* Over all rows of the table: more labels never take less, and being shared with less never shows
 * more. */
static void never_looser(void **state)
{
    (void)state;
    const struct redact_row *r;
    for (size_t i = 0; (r = redact_row(i)); i++)
        for (uint64_t few = 0; few < 64; few++)
            for (uint64_t more = 0; more < 64; more++) {
                label_set a = few * UINT64_C(0x1041041041), b = a | more * UINT64_C(0x2082082082);
                assert_true(redact_takes(r, b, true) >= redact_takes(r, a, true));
                assert_true(redact_takes(r, a, false) >= redact_takes(r, a, true));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_role_purpose_and_type), cmocka_unit_test(rows_by_number),
        cmocka_unit_test(names_of_the_first_level),       cmocka_unit_test(names_inside),
        cmocka_unit_test(takes_by_label_and_share),       cmocka_unit_test(never_looser)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
