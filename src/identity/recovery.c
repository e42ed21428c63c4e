/* The way back in: ten codes, each good once, kept as hashes; and what a person changes of how
 * their own account is opened. Invariant: a code is spent in the commit that honours it; what
 * changes ends every other session. */
#include "identity/webauthn_int.h"

#include <sodium.h>

#define CODE_CHARS 16u
#define GROUP 4u

static const char LETTERS[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* none that look alike */

static str code_new(struct arena *a)
{
    char text[CODE_CHARS + CODE_CHARS / GROUP];
    size_t n = 0;
    for (unsigned i = 0; i < CODE_CHARS; i++) {
        if (i && i % GROUP == 0)
            text[n++] = '-';
        text[n++] = LETTERS[randombytes_uniform(sizeof LETTERS - 1)];
    }
    return arena_str(a, str_make(text, n));
}

/* Without what people add or change in copying. */
static str code_hash(struct op *op, str user, str code)
{
    char plain[CODE_CHARS];
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c == '-' || c == ' ')
            continue;
        if (n == sizeof plain)
            return STR_NONE;
        plain[n++] = c;
    }
    if (n != sizeof plain)
        return STR_NONE;
    uint8_t hash[HASH_BYTES];
    char hex[HASH_BYTES * 2 + 1];
    token_hash(arena_printf(op->arena, "%.*s/%.*s", STR_ARG(user), (int)n, plain), hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_str(op->arena, str_of(hex));
}

static str codes_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("recover/"), user);
}

err identity_recovery_new(struct op *op, struct identity *id, str token,
                          str ret[IDENTITY_RECOVERY_CODES])
{
    struct session s = {0};
    struct buf b;
    TRY(session_person(op, id, token, &s));
    buf_init(&b, op->arena, 4096);
    for (unsigned i = 0; i < IDENTITY_RECOVERY_CODES; i++) {
        ret[i] = code_new(op->arena);
        buf_add(&b, code_hash(op, str_of(s.user), ret[i]));
        buf_char(&b, '\n');
    }
    TRY(op_check(op));
    TRY(kv_put(op, id, codes_key(op, str_of(s.user)), buf_str(&b)));
    return record_audit_event(op, id->rec, STR("recovery-codes"), true, STR("new"));
}

err recovery_spend(struct op *op, struct identity *id, str user, str code)
{
    bool found, hit = false;
    str text, line, hash = code_hash(op, user, code), key = codes_key(op, user);
    struct buf rest;
    TRY(kv_get(op, id, key, &found, &text));
    buf_init(&rest, op->arena, 4096);
    str in = found ? text : STR_NONE;
    while (str_take_until(&in, '\n', &line)) {
        if (line.n && line.n == hash.n && sodium_memcmp(line.p, hash.p, hash.n) == 0)
            hit = true;
        else if (line.n)
            buf_printf(&rest, "%.*s\n", STR_ARG(line));
    }
    if (!hit)
        return fail(op, ERR_CONFLICT, "This is no recovery code of the account, or it was used.");
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, text);
    store_tx_kv(tx, key, rest.n ? buf_str(&rest) : STR("\n"));
    store_tx_kv(tx, totp_tries_key(op, user), STR_NONE);
    return store_commit(op, tx, &done);
}

/* The same work whether the account is there or not. */
static err recover(struct op *op, struct identity *id, const struct identity_try *t,
                   struct identity_account *ret, struct account_secret *ret_secret)
{
    struct fault before = op->fault;
    err e = account_load(op, id, t->user, ret, ret_secret);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    (void)password_verify(id, STR_NONE, t->code);
    bool open = e == OK && account_open(op, ret);
    e = recovery_spend(op, id, open ? t->user : STR("nobody"), t->code);
    if (e == OK && open)
        return OK;
    op->fault = before;
    if (e != OK && e != ERR_CONFLICT)
        return e;
    TRY(record_audit_event(op, id->rec, STR("sign-in"), false,
                           open ? t->user : STR("unknown account")));
    return fail(op, ERR_UNAUTHENTICATED,
                "User name or recovery code is not right. Check both and try again.");
}

err identity_recover(struct op *op, struct identity *id, const struct identity_try *t,
                     struct identity_session *ret)
{
    struct identity_account a = {0};
    struct account_secret secret = {0};
    int64_t wait = throttle_wait(&id->throttle, t->user, t->peer, op->now);
    if (wait > 0)
        return fail(op, ERR_BUSY, "Too many tries from here; wait %lld seconds and try again.",
                    (long long)(wait / 1000 + 1));
    TRY(signing_enter(op, id));
    throttle_fail(&id->throttle, t->user, t->peer, op->now);
    err e = recover(op, id, t, &a, &secret);
    signing_leave(id);
    TRY(e);
    throttle_give_back(&id->throttle, t->user, t->peer);
    struct token_terms terms = {.expires = op->now + ABSOLUTE_MS,
                                .epoch = secret.epoch,
                                .interactive = true,
                                .device = t->device};
    TRY(session_begin(op, id, &a, &terms, ret));
    return record_audit_event(op, id->rec, STR("recovery-codes"), true, STR("one used"));
}

err identity_security(struct op *op, struct identity *id, str token, struct identity_security *ret)
{
    struct session s = {0};
    struct identity_account a;
    struct account_secret secret;
    bool found;
    str text, line;
    TRY(session_need(op, id, token, false, &s));
    TRY(account_load(op, id, str_of(s.user), &a, &secret));
    TRY(kv_get(op, id, codes_key(op, a.user), &found, &text));
    *ret = (struct identity_security){.password = secret.password.n > 0, .totp = a.totp.n > 0};
    while (found && str_take_until(&text, '\n', &line))
        ret->recovery_left += line.n > 0;
    return OK;
}

/* Keeps the change, ends all sessions, begins this one anew. */
static err changed(struct op *op, struct identity *id, const struct session *s,
                   const struct identity_account *a, struct account_secret *secret,
                   struct identity_session *ret)
{
    secret->epoch = random_token(op->arena, 16);
    TRY(account_keep(op, id, a, secret));
    TRY(record_audit_event(op, id->rec, STR("account"), true, a->user));
    struct token_terms terms = {.expires = s->expires,
                                .epoch = secret->epoch,
                                .interactive = true,
                                .strong = s->strong,
                                .proven = s->proven};
    return session_begin(op, id, a, &terms, ret);
}

err identity_password_change(struct op *op, struct identity *id, str token, str password,
                             struct identity_session *ret)
{
    struct session s = {0};
    struct identity_account a;
    struct account_secret secret;
    str hash = STR_NONE;
    TRY(session_person(op, id, token, &s));
    TRY(password_check_strength(op, password, str_of(s.user)));
    TRY(signing_enter(op, id));
    err e = password_hash(op, id, password, &hash);
    signing_leave(id);
    TRY(e);
    TRY(account_load(op, id, str_of(s.user), &a, &secret));
    secret.password = hash;
    return changed(op, id, &s, &a, &secret, ret);
}

err identity_totp_change(struct op *op, struct identity *id, str token, str secret, str code,
                         struct identity_session *ret)
{
    struct session s = {0};
    struct identity_account a;
    struct account_secret kept;
    uint64_t step;
    TRY(session_person(op, id, token, &s));
    TRY(account_load(op, id, str_of(s.user), &a, &kept));
    if (secret.n != 32 || !totp_matches(secret, code, op->now, &step))
        return fail_at(op, ERR_INVALID, STR("code"),
                       "The code does not belong to this key; type what your app shows now.");
    TRY(totp_spend(op, id, a.user, step));
    a.totp = secret;
    return changed(op, id, &s, &a, &kept, ret);
}
