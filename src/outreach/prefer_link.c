/* Links that open the preference centre without signing in. A token is 28 bytes as hex: resource
 * number, end in minutes with a bit of whether it may agree, and 16 bytes of a keyed sum over both.
 * The key is made once and kept with the record's sealed values. Invariant: nothing is told by a
 * token that does not fit, not even whether its patient is there. */
#include "outreach/outreach_int.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#define LIFE_MS (7 * DAY_MS)
#define CLICK_MS (53 * DAY_MS) /* after it; an opt-out works for 30 days at least: 16 CFR 316.5 */
#define BODY 12u
#define SUM 16u
#define KEY_NAME STR("wishlink/key")
#define AGREES (1u << 31) /* in the end: the link may say yes to a channel */

err outreach_key(struct op *op, struct record *rec, str name, str *ret)
{
    char fresh[OUTREACH_KEY];
    TRY(record_kv_get(op, rec, name, ret));
    if (ret->n == sizeof fresh)
        return OK;
    randombytes_buf(fresh, sizeof fresh);
    struct record_tx *tx = record_begin(op, rec);
    record_tx_expect_kv(tx, name, STR_NONE);
    record_tx_kv(tx, name, arena_str(op->arena, str_make(fresh, sizeof fresh)));
    err e = record_commit(tx);
    if (e != OK && e != ERR_CONFLICT && e != ERR_PRECONDITION)
        return e;
    op_clear(op); /* made by another thread in this moment, or by us */
    return record_kv_get(op, rec, name, ret);
}

err link_sum(struct op *op, const struct outreach *o, str body, unsigned char out[32])
{
    str key;
    TRY(outreach_key(op, o->rec, KEY_NAME, &key));
    if (key.n != 32 || gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.p, key.n, body.p, body.n, out) != 0)
        return fail(op, ERR_FAULT, "the key of links cannot be used");
    return OK;
}

err link_token(struct op *op, const struct outreach *o, uint64_t patient, bool agrees, str *ret)
{
    struct buf b;
    unsigned char bytes[BODY + 32];
    char hex[2 * (BODY + SUM) + 1];
    buf_init(&b, op->arena, 64);
    buf_u64(&b, patient);
    buf_u32(&b, (uint32_t)((op->now + LIFE_MS) / 60000) | (agrees ? AGREES : 0));
    TRY(op_check(op));
    memcpy(bytes, b.p, BODY);
    TRY(link_sum(op, o, str_make((const char *)bytes, BODY), bytes + BODY));
    sodium_bin2hex(hex, sizeof hex, bytes, BODY + SUM);
    *ret = arena_str(op->arena, str_of(hex));
    return OK;
}

/* Staff, and patients for themselves. Who holds the link speaks as the patient: no helper and no
 * app gets more by it than they may. */
static bool may_make(const struct actor *a, uint64_t patient)
{
    if (!a || a->scopes)
        return false;
    return a->role == ROLE_NURSE || a->role == ROLE_AGENT || a->role == ROLE_OUTREACH ||
           a->role == ROLE_SYSTEM || (a->role == ROLE_PATIENT && a->patient == patient);
}

/* A word given by the link can be held against who asked for it. */
static err note(struct op *op, struct outreach *o, str patient)
{
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_trail(tx, STR("contact-link"), fhir_type_parse(STR("Patient")), patient,
                    json_new(op->arena, JSON_OBJECT));
    return record_commit(tx);
}

err outreach_wish_link(struct op *op, struct outreach *o, str patient, str *ret_token,
                       int64_t *ret_until)
{
    struct record_doc doc;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), patient, &doc));
    if (!may_make(op->actor, doc.rid))
        return fail(op, ERR_FORBIDDEN, "Only staff, or the patient, ask for this link.");
    TRY(note(op, o, patient));
    bool own = op->actor->role == ROLE_PATIENT || op->actor->role == ROLE_SYSTEM;
    TRY(link_token(op, o, doc.rid, own, ret_token));
    *ret_until = (op->now + LIFE_MS) / 60000 * 60000;
    return OK;
}

static err not_there(struct op *op)
{
    return fail(op, ERR_NOT_FOUND, "This link does not work. Ask us for a new one.");
}

static err check(struct op *op, struct outreach *o, str token, int64_t late, uint64_t *ret_rid,
                 bool *ret_agrees)
{
    unsigned char bytes[BODY + SUM], sum[32];
    size_t n = 0;
    uint32_t until = 0;
    str body;
    if (token.n != 2 * (BODY + SUM) ||
        sodium_hex2bin(bytes, sizeof bytes, token.p, token.n, NULL, &n, NULL) != 0 ||
        n != sizeof bytes)
        return not_there(op);
    body = str_make((const char *)bytes, BODY);
    TRY(link_sum(op, o, body, sum));
    if (sodium_memcmp(sum, bytes + BODY, SUM) != 0)
        return not_there(op);
    if (!take_u64(&body, ret_rid) || !take_u32(&body, &until))
        return not_there(op);
    *ret_agrees = (until & AGREES) != 0;
    if ((int64_t)(until & ~AGREES) * 60000 + late <= op->now)
        return fail(op, ERR_GONE, "This link is over. Ask us for a new one.");
    return OK;
}

static err open_until(struct op *op, struct outreach *o, str token, int64_t late, str *ret_patient,
                      bool *ret_agrees)
{
    uint64_t rid = 0;
    fhir_type type;
    TRY(check(op, o, token, late, &rid, ret_agrees));
    return record_name(op, o->rec, rid, &type, ret_patient);
}

err outreach_wish_open(struct op *op, struct outreach *o, str token, str *ret_patient,
                       bool *ret_agrees)
{
    return open_until(op, o, token, 0, ret_patient, ret_agrees);
}

err link_late(struct op *op, struct outreach *o, str token, str *ret_patient)
{
    bool agrees; /* one click says no */
    return open_until(op, o, token, CLICK_MS, ret_patient, &agrees);
}
