/* What a recall's text says of one device: numbers, ranges, lots, software, everything, and what
 * cannot be decided. */
#include "fleet/recall_int.h"

#include "base/test.h"

struct bench {
    struct arena *arena;
    struct op op;
};

static struct bench bench(void)
{
    struct bench b = {.arena = arena_new(8u << 20)};
    op_init(&b.op, b.arena, NULL, 0);
    return b;
}

static enum recall_how codes(const char *text, const char *serial, const char *lot,
                             const char *firmware)
{
    struct bench b = bench();
    struct unit u = {.model = STR("H2"),
                     .serial = str_of(serial),
                     .lot = str_of(lot),
                     .firmware = str_of(firmware)};
    enum recall_how how = recall_codes(&b.op, str_of(text), &u);
    arena_free(b.arena);
    return how;
}

/* What a text says of a device. */
struct row {
    const char *text, *serial, *lot, *firmware;
    enum recall_how how;
};

static void all_are(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(codes(rows[i].text, rows[i].serial, rows[i].lot, rows[i].firmware),
                         rows[i].how);
}

static void numbers_and_ranges(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Serial numbers: A100, A101.", "A101", "", "", RECALL_SERIAL},
        {"Serial numbers: A100, A101.", "a101", "", "", RECALL_SERIAL},
        {"Serial numbers: A100, A101.", "A102", "", "", RECALL_NO},
        {"Serial numbers: A1001", "A100", "", "", RECALL_NO},
        {"S/N A100 through A250", "A199", "", "", RECALL_SERIAL},
        {"S/N A100 - A250", "A250", "", "", RECALL_SERIAL},
        {"S/N A100-A250", "A100", "", "", RECALL_SERIAL},
        {"S/N A100 through A250", "A251", "", "", RECALL_NO},
        {"S/N A100 through A250", "B199", "", "", RECALL_NO},
        {"S/N A100 through A250", "A0199", "", "", RECALL_NO},
        {"S/N WX-2026-100 to WX-2026-300", "WX-2026-222", "", "", RECALL_SERIAL},
    };
    all_are(rows, sizeof rows / sizeof *rows);
}

static void lots_and_what_is_not_known(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Lot numbers: L700, L701", "X", "L701", "", RECALL_LOT},
        {"Lot numbers: L700, L701", "X", "L702", "", RECALL_NO},
        {"Lot numbers: L700, L701", "X", "", "", RECALL_CHECK},
        {"Lot L700; serial A100", "A101", "L702", "", RECALL_NO},
        {"Lot L700; serial A100", "A101", "", "", RECALL_CHECK},
        {"4711, 4712", "4712", "", "", RECALL_SERIAL},
        {"4711, 4712", "4713", "", "", RECALL_CHECK}, /* of what kind? */
    };
    all_are(rows, sizeof rows / sizeof *rows);
}

static void everything(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "A1", "", "", RECALL_MODEL},
        {"All lots", "A1", "", "", RECALL_MODEL},
        {"All units distributed since 2024", "A1", "", "", RECALL_MODEL},
        {"Model H2", "A1", "", "", RECALL_MODEL},
        {"UDI-DI: 00850000000010", "A1", "", "", RECALL_MODEL},
    };
    all_are(rows, sizeof rows / sizeof *rows);
}

static void software(void **state)
{
    (void)state;
    static const struct {
        const char *text, *has;
        enum recall_how want;
    } all[] = {{"Software version 3.2.1", "3.2.1", RECALL_FIRMWARE},
               {"Software version 3.2.1", "3.2.2", RECALL_NO},
               {"Software version 3.2.1", "", RECALL_CHECK},
               {"Firmware v3.2.1 and lower", "3.1", RECALL_FIRMWARE},
               {"Firmware v3.2.1 and lower", "3.2.1", RECALL_FIRMWARE},
               {"Firmware v3.2.1 and lower", "3.3", RECALL_NO},
               {"Software versions prior to 4.0", "3.9", RECALL_FIRMWARE},
               {"Software versions prior to 4.0", "4.0", RECALL_NO},
               {"Software earlier than version 4.0", "3.9", RECALL_FIRMWARE},
               {"Versions 1.0 through 2.5", "2.5", RECALL_FIRMWARE},
               {"Versions 1.0 to 2.5", "2.6", RECALL_NO},
               {"Software 3.1 and below, 3.4.0", "3.4.0", RECALL_FIRMWARE},
               {"Software 3.1 and below, 3.4.0", "3.3", RECALL_NO}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (codes(all[i].text, "A1", "", all[i].has) != all[i].want)
            fail_msg("%s, %s", all[i].text, all[i].has);
}

static void which_product(void **state)
{
    (void)state;
    struct bench b = bench();
    struct recall r = {.firm = STR("Elm Devices, Inc."),
                       .product = STR("Home monitoring kit, Model H2, for use at home"),
                       .codes = STR("All units")};
    struct unit u = {.maker = STR("Elm Devices"), .model = STR("H2"), .serial = STR("A1")};
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_MODEL);
    u.model = STR("H20");
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_NO);
    u.model = STR("H2");
    u.maker = STR("Oak Devices");
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_NO);
    r.codes = STR("UDI-DI 850000000010, all lots"); /* twelve digits: led by zeroes */
    u.di = STR("00850000000010");
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_UDI); /* whoever says that he made it */
    u.maker = STR("THE ELM company");
    u.di = STR("00850000000027"); /* another one of the same name: to be checked */
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_CHECK);
    u.di = STR_NONE;
    u.model = STR("X9");
    u.name = STR("Home monitoring kit");
    assert_int_equal(recall_match(&b.op, &r, &u), RECALL_MODEL);
    assert_true(str_eq(udi_part(STR("(01)00850000000010(10)L7(21)A-1"), "10"), STR("L7")));
    assert_true(str_eq(udi_part(STR("(01)00850000000010(10)L7(21)A-1"), "21"), STR("A-1")));
    assert_int_equal(udi_part(STR("(01)0085(10"), "10").n, 0);
    arena_free(b.arena);
}

static void documents(void **state)
{
    (void)state;
    struct bench b = bench();
    struct recalls all;
    str one = STR("{\"results\":[{\"recall_number\":\"Z-1-2026\",\"product_type\":\"Devices\","
                  "\"product_description\":\"Kit\",\"status\":\"Terminated\"},"
                  "{\"product_res_number\":\"Z-2-2026\",\"product_description\":\"Kit\","
                  "\"recall_status\":\"Open, Classified\"},{\"product_type\":\"Food\"}]}");
    assert_int_equal(recalls_read(&b.op, one, &all), OK);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.over, 1);
    assert_int_equal(all.others, 1);
    assert_true(str_eq(all.all[1].id, STR("Z-2-2026")));
    static const char *const bad[] = {
        "{\"results\":{}}", "[3]", "{}", "[{\"recall_number\":\"Z-1\"}]",
        "[{\"recall_number\":\"Z 1\",\"product_description\":\"x\"}]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(recalls_read(&b.op, str_of(bad[i]), &all), ERR_INVALID);
        op_clear(&b.op);
    }
    arena_free(b.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_ranges), cmocka_unit_test(lots_and_what_is_not_known),
        cmocka_unit_test(everything),         cmocka_unit_test(software),
        cmocka_unit_test(which_product),      cmocka_unit_test(documents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
