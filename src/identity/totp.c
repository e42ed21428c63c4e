/* The second step of sign-in: time-based one-time passwords (RFC 6238 over RFC 4226: HMAC-SHA-1, 30
 * s, six digits), as every authenticator app knows them. One step before and after now is accepted
 * for slow clocks and slow fingers. Invariant: a code is spent by its first use. */
#include "identity/identity_int.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#define STEP_MS 30000
#define SECRET_BYTES 20

static const char BASE32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

str identity_totp_secret(struct arena *a)
{
    uint8_t raw[SECRET_BYTES];
    char text[SECRET_BYTES * 8 / 5];
    random_bytes(raw, sizeof raw);
    for (size_t i = 0; i < sizeof text; i++) {
        size_t bit = i * 5;
        unsigned pair =
            (unsigned)raw[bit / 8] << 8 | (bit / 8 + 1 < sizeof raw ? raw[bit / 8 + 1] : 0u);
        text[i] = BASE32[(pair >> (11 - bit % 8)) & 31];
    }
    sodium_memzero(raw, sizeof raw);
    return arena_str(a, str_make(text, sizeof text));
}

/* RFC 4648 section 6, without padding. False for other characters or length. */
static bool decode(str secret, uint8_t raw[SECRET_BYTES])
{
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    if (secret.n != SECRET_BYTES * 8 / 5)
        return false;
    for (size_t i = 0; i < secret.n; i++) {
        const char *at = memchr(BASE32, secret.p[i], 32);
        if (!at)
            return false;
        bits = bits << 5 | (uint32_t)(at - BASE32);
        have += 5;
        if (have >= 8) {
            have -= 8;
            raw[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == SECRET_BYTES;
}

static bool code_of(str secret, uint64_t step, char out[7])
{
    uint8_t raw[SECRET_BYTES], counter[8], mac[20];
    if (!decode(secret, raw))
        return false;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    bool ok = gnutls_hmac_fast(GNUTLS_MAC_SHA1, raw, sizeof raw, counter, sizeof counter, mac) == 0;
    sodium_memzero(raw, sizeof raw);
    size_t at = mac[19] & 15u;
    uint32_t v = ((uint32_t)mac[at] & 127u) << 24 | (uint32_t)mac[at + 1] << 16 |
                 (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    snprintf(out, 7, "%06u", v % 1000000u);
    return ok;
}

bool totp_matches(str secret, str code, int64_t now, uint64_t *ret_step)
{
    uint64_t middle = (uint64_t)(now / STEP_MS);
    bool found = false;
    if (code.n != 6)
        return false;
    for (uint64_t step = middle ? middle - 1 : 0; step <= middle + 1; step++) {
        char want[7];
        if (code_of(secret, step, want) && sodium_memcmp(want, code.p, 6) == 0) {
            *ret_step = step;
            found = true;
        }
    }
    return found;
}

/* Whoever fails here has the password: counted for the account, from whatever address, and over a
 * restart too; a hundred in a row and no more (NIST SP 800-63B 5.2.2). */
#define TRIES_FREE 5u
#define TRIES_MAX 100u
#define TRY_WAIT_MAX_MS (INT64_C(15) * 60 * 1000)

str totp_tries_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("totptry/"), user);
}

static int64_t try_wait(uint64_t n, int64_t last, int64_t now)
{
    if (n < TRIES_FREE)
        return 0;
    int64_t pause = n - TRIES_FREE > 9 ? TRY_WAIT_MAX_MS : INT64_C(1000) << (n - TRIES_FREE);
    return last + pause - now;
}

err totp_try(struct op *op, struct identity *id, str user)
{
    bool found;
    str text = STR_NONE, rest, one, key = totp_tries_key(op, user);
    uint64_t n = 0, last = 0;
    TRY(kv_get(op, id, key, &found, &text));
    rest = found ? text : STR_NONE;
    if (found && str_take_until(&rest, ' ', &one) &&
        (!str_to_u64(one, UINT64_MAX, &n) || !str_to_u64(rest, INT64_MAX, &last)))
        return fail(op, ERR_FAULT, "The count of tries cannot be read.");
    if (n >= TRIES_MAX)
        return fail_at(op, ERR_UNAUTHENTICATED, STR("code"),
                       "Too many wrong codes. Use a passkey or a recovery code, or ask us for "
                       "help.");
    int64_t wait = try_wait(n, (int64_t)last, op->now);
    if (wait > 0)
        return fail(op, ERR_BUSY, "Too many wrong codes; wait %lld seconds and try again.",
                    (long long)(wait / 1000 + 1));
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, found ? text : STR_NONE);
    store_tx_kv(
        tx, key,
        arena_printf(op->arena, "%llu %lld", (unsigned long long)n + 1, (long long)op->now));
    err e = store_commit(op, tx, &done);
    if (e != ERR_CONFLICT)
        return e;
    op_clear(op);
    return fail(op, ERR_BUSY, "Another try is under way; wait a second and try again.");
}

err totp_spend(struct op *op, struct identity *id, str user, uint64_t step)
{
    bool found;
    str was = STR_NONE, key = arena_cat(op->arena, STR("totp/"), user);
    uint64_t last = 0;
    TRY(kv_get(op, id, key, &found, &was));
    if (found && str_to_u64(was, UINT64_MAX, &last) && step <= last)
        return fail(op, ERR_CONFLICT, "This code was used already; wait for the next one.");
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, found ? was : STR_NONE);
    store_tx_kv(tx, key, arena_printf(op->arena, "%llu", (unsigned long long)step));
    store_tx_kv(tx, totp_tries_key(op, user), STR_NONE);
    return store_commit(op, tx, &done);
}

err identity_totp_show(struct op *op, struct identity *id, str user, str *ret_code)
{
    struct identity_account a;
    struct account_secret secret;
    char code[7];
    TRY(account_load(op, id, user, &a, &secret));
    if (!code_of(a.totp, (uint64_t)(op->now / STEP_MS), code))
        return fail(op, ERR_NOT_FOUND, "This account has no second step.");
    *ret_code = arena_str(op->arena, str_make(code, 6));
    return OK;
}
