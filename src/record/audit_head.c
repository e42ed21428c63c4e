/* Proof of the trail: verified whole, its signed head given away and held against it again, and the
 * record's signature under other proof. Invariant: who may verify may do all of it; nothing here
 * tells what an entry says. */
#include "record/record_int.h"

static void hex(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * n] = 0;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(str text, uint8_t *out, size_t n)
{
    bool good = text.n == 2 * n;
    for (size_t i = 0; good && i < n; i++) {
        int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);
        good = high >= 0 && low >= 0;
        out[i] = (uint8_t)(good ? high << 4 | low : 0);
    }
    return good;
}

err record_audit_verify(struct op *op, struct record *rec, struct record_audit_check *ret)
{
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    struct store_trail_check c;
    TRY(store_trail_verify(op, rec->store, &c));
    *ret =
        (struct record_audit_check){.entries = c.entries, .bad_seq = c.bad_seq, .heads = c.heads};
    hex(c.head, sizeof c.head, ret->head);
    return OK;
}

err record_audit_head(struct op *op, struct record *rec, str *ret_json)
{
    struct store_trail_head h;
    char hash[65], key[65], signature[129];
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(store_trail_head(op, rec->store, &h));
    hex(h.hash, sizeof h.hash, hash);
    hex(h.signature.key, sizeof h.signature.key, key);
    hex(h.signature.bytes, sizeof h.signature.bytes, signature);
    *ret_json = arena_printf(op->arena,
                             "{\"seq\":\"%llu\",\"time\":\"%lld\",\"hash\":\"%s\",\"key\":\"%s\","
                             "\"signature\":\"%s\"}",
                             (unsigned long long)h.seq, (long long)h.time, hash, key, signature);
    return op_check(op);
}

err record_audit_holds(struct op *op, struct record *rec, str json, uint64_t *ret_seq)
{
    struct store_trail_head h;
    struct json *tree;
    const struct json_limits limits = {.depth = 4, .bytes = 65536, .nodes = 64};
    uint64_t time = 0;
    bool holds = false;
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(json_read(op, json, &limits, &tree));
    if (!str_to_u64(json_get_str(tree, STR("seq")), INT64_MAX, &h.seq) ||
        !str_to_u64(json_get_str(tree, STR("time")), INT64_MAX, &time) ||
        !unhex(json_get_str(tree, STR("hash")), h.hash, sizeof h.hash) ||
        !unhex(json_get_str(tree, STR("key")), h.signature.key, sizeof h.signature.key) ||
        !unhex(json_get_str(tree, STR("signature")), h.signature.bytes, sizeof h.signature.bytes))
        return fail(op, ERR_INVALID, "This is no head of a trail; weft audit head makes one.");
    h.time = (int64_t)time;
    TRY(store_trail_holds(op, rec->store, &h, &holds));
    *ret_seq = holds ? h.seq : 0;
    return OK;
}

err record_sign(struct op *op, struct record *rec, str what, str text, struct record_signature *ret)
{
    struct store_signature s;
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(store_sign(op, rec->store, what, text, &s));
    hex(s.key, sizeof s.key, ret->key);
    hex(s.bytes, sizeof s.bytes, ret->value);
    return OK;
}
