/* Paging positions as clients hold them: sealed, so that they neither show what they stand on (a
 * birth date, a resource number) nor can be made up, and bound to whose search they continue.
 * Invariant: a position goes on only for the actor and the query it was given to, unchanged, and
 * for an hour; nothing else of it is believed. */
#include "base/uuid.h"
#include "record/record_int.h"

#include <sodium.h>

#define PAGE_LIFE_MS ((int64_t)60 * 60 * 1000)
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define MARK crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define SEALED_MAX 12000u
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* The store's blind key gives one for this purpose alone. */
void page_key_make(struct record *rec)
{
    unsigned char *key = rec->page_key;
    _Static_assert(sizeof rec->page_key == KEY, "one key");
    for (unsigned i = 0; i < KEY / 8; i++) {
        char n = (char)('0' + i);
        uint64_t part = store_blind(rec->store, STR("page.key"), str_make(&n, 1));
        memcpy(key + (size_t)i * 8, &part, 8);
    }
}

/* Whose it is. */
static str holder_of(struct op *op)
{
    static const struct actor nobody = {.role = ROLE_NONE};
    const struct actor *a = op->actor ? op->actor : &nobody;
    return arena_printf(op->arena, "%d %d %llu %llu %zu:%.*s", (int)a->role, (int)a->purpose,
                        (unsigned long long)a->patient, (unsigned long long)a->user_rid, a->user.n,
                        STR_ARG(a->user));
}

/* And what it continues. */
static str bond_of(struct op *op, const struct fhir_query *q)
{
    return arena_printf(op->arena, "%.*s %u %u %zu:%.*s %zu:%.*s", STR_ARG(holder_of(op)), q->type,
                        q->compartment, q->compartment_id.n, STR_ARG(q->compartment_id), q->self.n,
                        STR_ARG(q->self));
}

/* With the moment in front. */
static str seal(struct op *op, struct record *rec, str bond, str what)
{
    str text = arena_printf(op->arena, "%lld-%.*s", (long long)op->now, STR_ARG(what));
    unsigned char *raw = arena_alloc(op->arena, NONCE + text.n + MARK);
    size_t room = sodium_base64_encoded_len(NONCE + text.n + MARK, VARIANT);
    char *out = arena_alloc(op->arena, room);
    if (!raw || !out || arena_failed(op->arena))
        return STR_NONE; /* op_check() tells */
    random_bytes(raw, NONCE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        raw + NONCE, NULL, (const unsigned char *)text.p, text.n, (const unsigned char *)bond.p,
        bond.n, NULL, raw, rec->page_key);
    sodium_bin2base64(out, room, raw, NONCE + text.n + MARK, VARIANT);
    return str_of(out);
}

static bool decrypt(struct op *op, struct record *rec, str bond, str sealed, str *ret)
{
    size_t room = sealed.n, n = 0;
    unsigned char *raw = arena_alloc(op->arena, room + 1);
    char *text = arena_alloc(op->arena, room + 1);
    if (sealed.n > SEALED_MAX || !text || !raw || arena_failed(op->arena) ||
        sodium_base642bin(raw, room, sealed.p, sealed.n, NULL, &n, NULL, VARIANT) != 0 ||
        n < NONCE + MARK)
        return false;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        (unsigned char *)text, NULL, NULL, raw + NONCE, n - NONCE, (const unsigned char *)bond.p,
        bond.n, raw, rec->page_key);
    *ret = str_make(text, n - NONCE - MARK);
    return bad == 0;
}

static err unseal(struct op *op, struct record *rec, str bond, str sealed, str *ret)
{
    str text = STR_NONE, since;
    int64_t given = 0;
    bool good = decrypt(op, rec, bond, sealed, &text) && str_take_until(&text, '-', &since) &&
                str_to_i64(since, &given);
    TRY(op_check(op));
    if (!good)
        return fail(op, ERR_INVALID,
                    "_page is not a position that this server gave for this search; start at page "
                    "one.");
    if (op->now - given > PAGE_LIFE_MS)
        return fail(op, ERR_GONE, "_page was given more than an hour ago; start at page one.");
    *ret = text;
    return OK;
}

str page_give(struct op *op, struct record *rec, const struct fhir_query *q, str position)
{
    return str_empty(position) ? STR_NONE : seal(op, rec, bond_of(op, q), position);
}

err page_take(struct op *op, struct record *rec, const struct fhir_query *q, str *ret)
{
    *ret = STR_NONE;
    return str_empty(q->page) ? OK : unseal(op, rec, bond_of(op, q), q->page, ret);
}

#define QUERY_MARK "query "

str record_query_seal(struct op *op, struct record *rec, str query)
{
    if (query.n > SEALED_MAX / 2)
        return STR_NONE;
    return seal(op, rec, arena_cat(op->arena, STR(QUERY_MARK), holder_of(op)), query);
}

err record_query_open(struct op *op, struct record *rec, str sealed, str *ret)
{
    return unseal(op, rec, arena_cat(op->arena, STR(QUERY_MARK), holder_of(op)), sealed, ret);
}
