/* SMPP units against those of another implementation (tests/vectors/smpp.tsv), and cut short. */
#include "base/test.h"
#include "net/smpp.h"

static str vector(struct arena *a, const char *name)
{
    static const char path[] = WEFT_SOURCE "/tests/vectors/smpp.tsv";
    char line[2048];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    str found = STR_NONE;
    while (fgets(line, sizeof line, f)) {
        str all = str_trim(str_of(line)), key;
        if (!str_take_until(&all, '\t', &key) || !str_eq(key, str_of(name)))
            continue;
        char *out = arena_alloc(a, all.n / 2 + 1);
        for (size_t i = 0; i + 1 < all.n; i += 2)
            out[i / 2] = (char)(str_hex_digit(all.p[i]) << 4 | str_hex_digit(all.p[i + 1]));
        found = str_make(out, all.n / 2);
    }
    (void)fclose(f);
    assert_true(found.n > 0);
    return found;
}

static struct smpp_pdu unit(struct arena *a, const char *name)
{
    str in = vector(a, name);
    struct smpp_pdu p;
    assert_int_equal(SMPP_TAKEN, smpp_take(&in, &p));
    assert_int_equal(0, in.n);
    return p;
}

static void writes_what_another_writes(void **state)
{
    struct arena *a = arena_new(0);
    struct buf b;
    (void)state;
    buf_init(&b, a, 4096);
    smpp_write_bind(&b, SMPP_BIND_TRANSCEIVER, 1,
                    &(struct smpp_bind){
                        .system_id = STR("weft"), .password = STR("secret08"), .ton = 1, .npi = 1});
    assert_true(str_eq(vector(a, "bind_transceiver"), buf_str(&b)));
    buf_clear(&b);
    smpp_write_message(&b, SMPP_SUBMIT_SM, 0x401,
                       &(struct smpp_message){.from_ton = 1,
                                              .from_npi = 1,
                                              .to_ton = 1,
                                              .to_npi = 1,
                                              .from = STR("15035550100"),
                                              .to = STR("13125550143"),
                                              .registered = 1,
                                              .text = STR("Hi\x1b\x65")});
    assert_true(str_eq(vector(a, "submit"), buf_str(&b)));
    buf_clear(&b);
    smpp_put(&b, &(struct smpp_pdu){.command = SMPP_ENQUIRE_LINK, .sequence = 7});
    assert_true(str_eq(vector(a, "enquire"), buf_str(&b)));
    buf_clear(&b);
    smpp_write_id(&b, &(struct smpp_pdu){.command = SMPP_SUBMIT_SM | SMPP_RESP, .sequence = 0x401},
                  STR("1a2b"));
    assert_true(str_eq(vector(a, "submit_resp"), buf_str(&b)));
    arena_free(a);
}

static void reads_what_another_writes(void **state)
{
    struct arena *a = arena_new(0);
    struct smpp_bind bind;
    struct smpp_message m;
    str id;
    (void)state;
    assert_true(smpp_read_bind(unit(a, "bind_transceiver").body, &bind));
    assert_str(bind.system_id, "weft");
    assert_str(bind.password, "secret08");
    assert_int_equal(14, unit(a, "bind_refused").status);
    assert_true(smpp_read_id(unit(a, "bind_refused").body, &id) && id.n == 0);
    assert_true(smpp_read_id(unit(a, "submit_resp").body, &id));
    assert_str(id, "1a2b");
    assert_int_equal(SMPP_THROTTLED, unit(a, "throttled").status);
    assert_true(smpp_read_message(unit(a, "submit").body, &m));
    assert_str(m.to, "13125550143");
    assert_str(m.text, "Hi\x1b\x65");
    assert_true(smpp_read_message(unit(a, "mo_ucs2").body, &m));
    assert_int_equal(8, m.coding);
    assert_true(smpp_read_message(unit(a, "mo_part").body, &m));
    assert_int_equal(SMPP_ESM_HEADER, m.esm);
    assert_true(smpp_read_message(unit(a, "mo_payload").body, &m));
    assert_str(m.text, "a long one");
    assert_true(smpp_read_message(unit(a, "mo_sar").body, &m));
    assert_int_equal(0x1234, m.sar_ref);
    assert_int_equal(3, m.sar_total);
    assert_int_equal(2, m.sar_number);
    arena_free(a);
}

static void receipts_in_both_forms(void **state)
{
    struct arena *a = arena_new(0);
    struct smpp_message m;
    struct smpp_receipt r;
    (void)state;
    assert_true(smpp_read_message(unit(a, "receipt_text").body, &m));
    assert_true(smpp_read_receipt(&m, &r));
    assert_str(r.id, "6699");
    assert_str(r.word, "DELIVRD");
    assert_str(r.err, "000");
    assert_true(r.by_text);
    assert_true(smpp_read_message(unit(a, "receipt_tlv").body, &m));
    assert_true(smpp_read_receipt(&m, &r));
    assert_str(r.id, "1a2b");
    assert_str(r.word, "UNDELIV");
    assert_false(r.by_text);
    assert_true(smpp_read_message(unit(a, "mo_ucs2").body, &m));
    assert_false(smpp_read_receipt(&m, &r));
    m = (struct smpp_message){.esm = SMPP_ESM_RECEIPT, .text = STR("ID:9 Stat:EXPIRED")};
    assert_true(smpp_read_receipt(&m, &r));
    assert_str(r.id, "9");
    assert_str(r.word, "EXPIRED");
    m.text = STR("it arrived");
    assert_false(smpp_read_receipt(&m, &r));
    m.text = STR("void:7 stat:DELIVRD"); /* not a word of its own */
    assert_false(smpp_read_receipt(&m, &r));
    arena_free(a);
}

static void ids_in_two_bases(void **state)
{
    char out[32];
    (void)state;
    assert_str(smpp_id_kept(STR("1A2B"), SMPP_IDS_SAME, out), "1A2B");
    assert_str(smpp_id_kept(STR("00001A2B"), SMPP_IDS_DECIMAL, out), "1a2b");
    assert_str(smpp_id_of_receipt(STR("0006699"), SMPP_IDS_DECIMAL, out), "1a2b");
    assert_str(smpp_id_kept(STR("06699"), SMPP_IDS_HEX, out), "6699");
    assert_str(smpp_id_of_receipt(STR("1A2B"), SMPP_IDS_HEX, out), "6699");
    assert_str(smpp_id_of_receipt(STR("not-a-number"), SMPP_IDS_HEX, out), "not-a-number");
    assert_str(smpp_id_of_receipt(STR("18446744073709551615"), SMPP_IDS_DECIMAL, out),
               "ffffffffffffffff");
    assert_str(smpp_id_of_receipt(STR("18446744073709551616"), SMPP_IDS_DECIMAL, out),
               "18446744073709551616"); /* does not fit: left alone */
    assert_str(smpp_id_kept(STR("0000"), SMPP_IDS_DECIMAL, out), "0");
}

static void cut_short_is_never_read(void **state)
{
    static const char *const messages[] = {"submit", "receipt_text", "receipt_tlv", "mo_part",
                                           "mo_sar"};
    struct arena *a = arena_new(0);
    struct smpp_pdu p;
    struct smpp_message m;
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        str all = vector(a, messages[i]);
        for (size_t n = 0; n < all.n; n++) {
            str in = str_sub(all, 0, n);
            assert_int_equal(SMPP_MORE, smpp_take(&in, &p));
            assert_int_equal(n, in.n);
        }
        str body = unit(a, messages[i]).body;
        for (size_t n = 0; n < 20; n++)
            assert_false(smpp_read_message(str_sub(body, 0, n), &m));
        assert_false(smpp_read_message(str_sub(body, 0, body.n - 1), &m));
    }
    str small = str_make("\0\0\0\x0f\0\0\0\x15\0\0\0\0\0\0\0\1", 16);
    str large = str_make("\x7f\0\0\0\0\0\0\x15\0\0\0\0\0\0\0\1", 16);
    assert_int_equal(SMPP_BROKEN, smpp_take(&small, &p));
    assert_int_equal(SMPP_BROKEN, smpp_take(&large, &p));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_another_writes), cmocka_unit_test(reads_what_another_writes),
        cmocka_unit_test(receipts_in_both_forms),     cmocka_unit_test(ids_in_two_bases),
        cmocka_unit_test(cut_short_is_never_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
