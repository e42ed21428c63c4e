/* Bearer tokens: 256 random bits shown once; the store keeps a hash and what the token stands for.
 * A token for a role without an account carries that role itself; where an account exists, the
 * account rules. */
#include "identity/identity_int.h"
#include "policy/purpose.h"

#include <sodium.h>

#define DEVICE_MAX 60u
#define TOKEN_TTL_MAX (INT64_C(366) * 24 * 3600)

void token_hash(str token, uint8_t ret[HASH_BYTES])
{
    crypto_generichash(ret, HASH_BYTES, (const unsigned char *)token.p, token.n, NULL, 0);
}

void machine_hash(str user, uint8_t ret[HASH_BYTES])
{
    static const char what[] = "weft machine";
    crypto_generichash(ret, HASH_BYTES, (const unsigned char *)user.p, user.n,
                       (const unsigned char *)what, sizeof what - 1);
}

str token_key(struct op *op, const char *prefix, const uint8_t hash[HASH_BYTES])
{
    char hex[HASH_BYTES * 2 + 1];
    sodium_bin2hex(hex, sizeof hex, hash, HASH_BYTES);
    return arena_printf(op->arena, "%s%s", prefix, hex);
}

str token_mine_key(struct op *op, str user, const uint8_t hash[HASH_BYTES])
{
    return arena_cat(op->arena, arena_cat(op->arena, STR("mine/"), user), token_key(op, "/", hash));
}

void token_forget(struct op *op, struct store_tx *tx, str user, const uint8_t hash[HASH_BYTES])
{
    store_tx_kv(tx, token_key(op, "tok/", hash), STR_NONE);
    store_tx_kv(tx, token_key(op, "seen/", hash), STR_NONE);
    if (user.n)
        store_tx_kv(tx, token_mine_key(op, user, hash), STR_NONE);
}

#define PROOF_BYTES 24

static void proof_of(str token, char ret[PROOF_BYTES * 2 + 1])
{
    static const char what[] = "weft page proof";
    uint8_t key[HASH_BYTES], out[PROOF_BYTES];
    crypto_generichash(key, sizeof key, (const unsigned char *)token.p, token.n,
                       (const unsigned char *)what, sizeof what - 1);
    memcpy(out, key, sizeof out);
    sodium_bin2hex(ret, PROOF_BYTES * 2 + 1, out, sizeof out);
    sodium_memzero(key, sizeof key);
}

str identity_proof(struct arena *a, str token)
{
    char text[PROOF_BYTES * 2 + 1];
    proof_of(token, text);
    return arena_str(a, str_of(text));
}

bool identity_proof_holds(str token, str proof)
{
    char text[PROOF_BYTES * 2 + 1];
    proof_of(token, text);
    return proof.n == PROOF_BYTES * 2u && sodium_memcmp(text, proof.p, proof.n) == 0;
}

/* SEC-02 gives the limit for staff in the contact centre and the ceiling for all staff; a patient's
 * own screen is theirs to lock, so it may rest longer. */
int64_t token_idle_ms(enum role role)
{
    enum { AGENT_S = 600, STAFF_S = 900, PATIENT_S = 1800 };
    switch (role) {
    case ROLE_PATIENT:
    case ROLE_HELPER:
        return INT64_C(1000) * PATIENT_S;
    case ROLE_AGENT:
        return INT64_C(1000) * AGENT_S;
    case ROLE_DEVICE:
    case ROLE_SYSTEM:
        return 0;
    case ROLE_NURSE:
    case ROLE_OUTREACH:
    case ROLE_PRIVACY:
    case ROLE_ADMIN:
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return INT64_C(1000) * STAFF_S;
}

int64_t token_rest_ms(const struct identity *id, enum role role)
{
    int64_t ms = token_idle_ms(role), most = atomic_load(&id->rest_max);
    return ms && ms > most ? most : ms;
}

void identity_rest_max(struct identity *id, int64_t ms)
{
    atomic_store(&id->rest_max, ms > 0 ? ms : INT64_MAX);
}

err token_make(struct op *op, struct identity *id, const struct identity_account *a,
               const struct token_terms *terms, struct identity_session *ret)
{
    struct arena *m = op->arena;
    str token = random_token(m, 32);
    uint8_t hash[HASH_BYTES];
    token_hash(token, hash);
    struct json *o = account_json(op, a);
    json_set_str(m, o, STR("epoch"), terms->epoch);
    json_set(m, o, STR("expires"), json_new_i64(m, terms->expires));
    json_set(m, o, STR("issued"), json_new_i64(m, op->now));
    json_set(m, o, STR("interactive"), json_new_bool(m, terms->interactive));
    json_set(m, o, STR("strong"), json_new_bool(m, terms->strong));
    if (terms->interactive) {
        json_set(m, o, STR("proven"), json_new_i64(m, terms->proven ? terms->proven : op->now));
        json_set_str(m, o, STR("device"), str_sub(terms->device, 0, DEVICE_MAX));
        json_set_str(m, o, STR("lender"), terms->lender);
    }
    if (terms->scope.n) {
        json_set_str(m, o, STR("scope"), terms->scope);
        json_set_str(m, o, STR("context"), terms->context);
        json_set_str(m, o, STR("client"), terms->client);
        json_set_str(m, o, STR("family"), terms->family);
    }
    struct buf b;
    buf_init(&b, m, 16384);
    json_write(&b, o);
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    store_tx_kv(tx, token_key(op, "tok/", hash), buf_str(&b));
    if (terms->interactive)
        store_tx_kv(tx, token_mine_key(op, a->user, hash), STR("1"));
    struct store_commit done;
    TRY(store_commit(op, tx, &done));
    *ret = (struct identity_session){.token = token, .expires = terms->expires, .account = *a};
    ret->rest_ms = terms->interactive ? token_rest_ms(id, a->role) : 0;
    ret->account.totp = STR_NONE;
    return OK;
}

/* Every word is about resources, and patient/ ones know whose. */
/* "purpose/TREAT": what a request by the token is for. */
static bool purpose_word(enum role role, str word)
{
    struct actor a = {.purposes = role_purposes(role)};
    const str mark = STR("purpose/");
    return str_starts(word, mark) &&
           purpose_state(&a, str_sub(word, mark.n, word.n)) == PURPOSE_TAKEN;
}

static err scope_check(struct op *op, const struct identity_account *a, str scope)
{
    struct scopes all = {0};
    str left = scope, word;
    if (scope.n > SCOPES_TEXT_MAX || !scopes_parse(scope, &all))
        return fail(op, ERR_INVALID, "At most %u scopes and %u bytes of them.", SCOPES_MAX,
                    SCOPES_TEXT_MAX);
    while (str_take_until(&left, ' ', &word)) {
        struct scope one;
        if (purpose_word(a->role, word))
            continue;
        if (word.n && !scope_parse(word, &one))
            return fail(op, ERR_INVALID,
                        "A scope is written patient/Observation.rs, user/*.cruds or "
                        "system/Task.u?status=requested (SMART App Launch 2.2).");
        if (word.n && one.level == LEVEL_PATIENT && !a->patient.n)
            return fail(op, ERR_INVALID, "A patient/ scope needs the patient it is about.");
    }
    return OK;
}

err identity_token_issue(struct op *op, struct identity *id, const struct identity_account *a,
                         str scope, int64_t ttl_s, struct identity_session *ret)
{
    TRY(need_manage(op));
    if (ttl_s < 1 || ttl_s > TOKEN_TTL_MAX)
        return fail(op, ERR_INVALID, "A token lives from one second to 366 days.");
    if (!user_valid(a->user) || a->role == ROLE_NONE || a->role >= ROLE_COUNT)
        return fail(op, ERR_INVALID, "A token needs a user name and a role.");
    if (a->name.n > NAME_MAX_BYTES || a->reference.n > REFERENCE_MAX || a->language.n > 35 ||
        (a->patient.n && !fhir_id_valid(a->patient)))
        return fail(op, ERR_INVALID, "Name, reference, language or patient is not usable.");
    TRY(account_check_binding(op, a));
    TRY(scope_check(op, a, scope));
    struct identity_account there;
    struct account_secret secret = {0};
    struct fault before = op->fault;
    err e = account_load(op, id, a->user, &there, &secret);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    struct token_terms terms = {.expires = op->now + ttl_s * 1000,
                                .epoch = secret.epoch,
                                .scope = scope,
                                .context = a->patient};
    TRY(kv_put(op, id, arena_cat(op->arena, STR("tokuser/"), a->user), STR("1")));
    TRY(token_make(op, id, a, &terms, ret));
    return record_audit_event(op, id->rec, STR("token"), true, a->user);
}

err identity_sign_out(struct op *op, struct identity *id, str token)
{
    uint8_t hash[HASH_BYTES];
    token_hash(token, hash);
    bool found;
    str text;
    TRY(kv_get(op, id, token_key(op, "tok/", hash), &found, &text));
    if (!found)
        return fail(op, ERR_UNAUTHENTICATED, "This session has ended already; sign in again.");
    struct json *o;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    token_forget(op, tx, json_get_str(o, STR("user")), hash);
    struct store_commit done;
    TRY(store_commit(op, tx, &done));
    cache_drop(&id->cache, hash);
    return record_audit_event(op, id->rec, STR("sign-out"), true, STR_NONE);
}
