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

#define ROUND 200u
typedef VEC(struct record_event) event_vec;

static bool is_event(const struct store_trail_entry *e, struct record_event *ret)
{
    struct audit_line l;
    if (!audit_decode(e->entry, &l) || str_empty(l.code))
        return false;
    *ret = (struct record_event){.seq = e->seq,
                                 .time = e->time,
                                 .code = l.code,
                                 .who = str_empty(l.reference) ? l.user : l.reference,
                                 .role = role_name((enum role)l.role),
                                 .detail = l.detail,
                                 .done = l.outcome == OK};
    return true;
}

/* One action's lines, by its key. */
static err events_of(struct op *op, struct record *rec, enum action action, int64_t from,
                     size_t max, event_vec *all)
{
    struct kb key = audit_key(rec, AUDIT_ACTION, action);
    struct store_range range = range_prefix(op->arena, &key, STR_NONE, 0);
    struct store_trail_entry *e;
    struct record_event one;
    uint64_t before = 0;
    size_t n = ROUND, found = 0;
    while (n == ROUND && found < max) {
        TRY(search_late(op, 0));
        TRY(store_trail_find(op, rec->store, &range, before, ROUND, &e, &n));
        for (size_t i = 0; i < n && found < max; i++) {
            if (e[i].time < from)
                return OK;
            if (is_event(&e[i], &one)) {
                VEC_PUSH(op->arena, all, one);
                found++;
            }
        }
        before = n ? e[n - 1].seq : 0;
        TRY(op_check(op));
    }
    return OK;
}

static int newest_first(const void *x, const void *y)
{
    const struct record_event *a = x, *b = y;
    return a->seq < b->seq ? 1 : a->seq > b->seq ? -1 : 0;
}

err record_audit_events(struct op *op, struct record *rec, int64_t from, size_t max,
                        struct record_event **ret, size_t *ret_n, bool *ret_more)
{
    static const enum action kinds[] = {ACTION_MANAGE, ACTION_EXPORT, ACTION_IMPORT,
                                        ACTION_AUDIT,  ACTION_DELETE, ACTION_UPDATE};
    event_vec all = {.n = 0};
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        TRY(events_of(op, rec, kinds[i], from, max + 1, &all));
    TRY(op_check(op));
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, newest_first);
    *ret = all.at;
    *ret_n = all.n < max ? all.n : max;
    *ret_more = all.n > max;
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
