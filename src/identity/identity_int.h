/* Inside of the identity room: the stored forms, the cache of sessions and the throttle.
 * Keys in the store: acct/<user>, tok/<hash of token>, seen/<hash of token>. */
#ifndef WEFT_IDENTITY_INT_H
#define WEFT_IDENTITY_INT_H

#include "base/json.h"
#include "base/time.h"
#include "base/uuid.h"
#include "identity/identity.h"
#include "policy/scope.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

#define HASH_BYTES 32
#define NAME_MAX_BYTES 120
#define REFERENCE_MAX 100
#define ABSOLUTE_MS (INT64_C(12) * 3600 * 1000)
#define CACHE_SETS 1024u
#define CACHE_WAYS 4u
#define THROTTLE_SLOTS 1024u
#define ACCOUNT_TRIES 16u   /* to write an account that others write too */
#define SIGN_INS_AT_ONCE 8u /* unless identity_sign_ins_max() says otherwise */

/* A session in the cache: what identity_actor() needs, without touching the store. */
struct session {
    uint8_t hash[HASH_BYTES];
    bool used, interactive, strong;
    enum role role;
    int64_t expires, idle_ms; /* absolute end; 0 idle_ms = no idle limit */
    atomic_int_fast64_t last; /* used last, ms */
    int64_t kept;             /* the value of last in the store */
    int64_t trained_until;    /* INT64_MAX: the role asks for no training */
    int64_t proven;           /* when the person last showed who it is, ms */
    uint64_t patient_rid, user_rid;
    char user[65], reference[REFERENCE_MAX + 1], patient[65], name[NAME_MAX_BYTES + 1],
        language[36], id[17], lender[65];
    /* of an app's token (oauth_*.c); scope empty: no app. family empty: nothing to end with it */
    char scope[SCOPES_TEXT_MAX + 1], context[65], client[65], family[33];
    uint64_t context_rid;
};

struct cache {
    pthread_rwlock_t lock;
    uint64_t generation; /* moves with every account change and sign-out */
    struct session sets[CACHE_SETS][CACHE_WAYS];
};

/* ---- second step (totp.c) ---- */
/* Looks for the code in the steps around now; *ret_step is the step it belongs to. */
bool totp_matches(str secret, str code, int64_t now, uint64_t *ret_step);
/* One more try, counted before the code is looked at. ERR_BUSY, or ERR_UNAUTHENTICATED "code" after
 * too many wrong ones: then another way in (passkey, recovery code, administrator) is left. */
MUST err totp_try(struct op *op, struct identity *id, str user);
str totp_tries_key(struct op *op, str user);
/* Spends the step, and the tries are forgotten: ERR_CONFLICT when it, or a later one, was used
 * before. */
MUST err totp_spend(struct op *op, struct identity *id, str user, uint64_t step);

struct throttle_slot {
    uint64_t key;
    uint32_t fails;
    int64_t last;
};
struct throttle {
    pthread_mutex_t lock;
    uint8_t key[16]; /* of the hash that finds a slot: nobody can aim at another's */
    struct throttle_slot slots[THROTTLE_SLOTS];
};

/* Challenges that were used and have not ended (challenge.c). */
#define SPENT_CHALLENGES 16384u
#define SPENT_EACH 64u /* of one account: nobody uses up the others' */
struct spent_challenge {
    uint8_t random[16];
    uint64_t whose; /* hash of the account's name */
    int64_t end;
};
struct challenges {
    pthread_mutex_t lock;
    uint8_t key[32];
    struct spent_challenge spent[SPENT_CHALLENGES];
};

struct oauth;
struct identity {
    struct oauth *oauth; /* oauth_int.h */
    struct store *store;
    struct record *rec;
    struct cache cache;
    struct throttle throttle;
    struct challenges challenges;
    pthread_mutex_t hashing;
    pthread_cond_t hashing_free;
    unsigned hashing_now;
    atomic_int_fast64_t rest_max;     /* ms */
    atomic_uint signing, signing_max; /* sign-ins under way */
    unsigned ticks, slice;
    str zone;           /* of the house; empty: UTC */
    pthread_t follower; /* proxy_ages.c */
    bool following;
    uint64_t seen; /* of the record's changes, in this process */
    atomic_bool stop;
};

/* account.c */
bool user_valid(str user);
/* What an account keeps to itself. epoch is another one after every change that must end what was
 * given out before: sessions and tokens carry the epoch they were given in. */
struct account_secret {
    str password; /* the argon2id text */
    str epoch;
    str text; /* the account as it was read; empty: there was none */
};
/* The stored form; ERR_NOT_FOUND (told) when there is none. */
MUST err account_load(struct op *op, struct identity *id, str user, struct identity_account *ret,
                      struct account_secret *ret_secret);
/* ERR_CONFLICT when the name is taken by now; else as identity_account_put(). */
MUST err account_put_new(struct op *op, struct identity *id, const struct identity_account *a,
                         str password);
/* May it be used now: not disabled, vetted, its role not at an end? */
bool account_open(const struct op *op, const struct identity_account *a);
/* Is the role's person named, and of the right type? a->role is a role. */
MUST err account_check_binding(struct op *op, const struct identity_account *a);
MUST err need_manage(struct op *op);
/* Everything that was given out to the account ends. */
MUST err account_sessions_end(struct op *op, struct identity *id, str user);
MUST err passkeys_count(struct op *op, struct identity *id, str user, unsigned *ret);
/* passkey.c: what opens the account beside its password, and the count of its second step. */
MUST err account_ways_void(struct op *op, struct identity *id, str user);
/* Writes the stored form and forgets what is cached of the account. ERR_CONFLICT when it is not any
 * more what was read (secret->text): a change of one hand never undoes that of another. */
MUST err account_keep(struct op *op, struct identity *id, const struct identity_account *a,
                      const struct account_secret *secret);
struct json *account_json(struct op *op, const struct identity_account *a);
/* Strings are copied into the op's arena. */
bool account_from_json(struct op *op, const struct json *o, struct identity_account *ret);

/* password.c */
MUST err password_check_strength(struct op *op, str password, str user);
MUST err password_hash(struct op *op, struct identity *id, str password, str *ret);
/* stored empty: the same work is done, and the answer is no. */
bool password_verify(struct identity *id, str stored, str password);

/* kv.c: values that may be absent, without leaving a fault behind. */
MUST err kv_get(struct op *op, struct identity *id, str key, bool *ret_found, str *ret);
MUST err kv_put(struct op *op, struct identity *id, str key, str value);

/* token.c */
void token_hash(str token, uint8_t ret[HASH_BYTES]);
/* Where an account that acts without a token stands in the cache: nothing that anybody can send as
 * a token has this hash. */
void machine_hash(str user, uint8_t ret[HASH_BYTES]);
str token_key(struct op *op, const char *prefix, const uint8_t hash[HASH_BYTES]);
struct token_terms {
    int64_t expires;
    str epoch; /* of the account, as it was when the right to the token was shown */
    bool interactive, strong;
    int64_t proven; /* when the person last showed who it is; 0: just now */
    str device;     /* of an interactive session */
    str lender;     /* whose role it is, when that was lent */
    /* of an app: see struct session; scope empty: the token does all that its role does */
    str scope, context, client, family;
};
MUST err token_make(struct op *op, struct identity *id, const struct identity_account *a,
                    const struct token_terms *terms, struct identity_session *ret);
/* Where an interactive session stands in the list of its account. */
str token_mine_key(struct op *op, str user, const uint8_t hash[HASH_BYTES]);
/* Everything kept of a token. */
void token_forget(struct op *op, struct store_tx *tx, str user, const uint8_t hash[HASH_BYTES]);
/* By role, and never longer than the setting. */
int64_t token_rest_ms(const struct identity *id, enum role role);
/* By role, from rule SEC-02; never more than its ceiling for staff. */
int64_t token_idle_ms(enum role role);

/* cache.c */
void cache_init(struct cache *c);
/* Copies out; false when unknown. With slide, `last` moves to now when the session still lives. */
bool cache_find(struct cache *c, const uint8_t hash[HASH_BYTES], int64_t now, bool slide,
                struct session *ret);
uint64_t cache_generation(struct cache *c);
/* Kept only if nothing was invalidated since generation was read. */
void cache_keep(struct cache *c, const struct session *s, uint64_t generation);
void cache_drop_user(struct cache *c, str user);
void cache_drop(struct cache *c, const uint8_t hash[HASH_BYTES]);
/* Of an app, and of one grant when family is not empty. */
void cache_drop_app(struct cache *c, str client, str family);
bool session_alive(const struct session *s, int64_t now);

/* sign_in.c */
/* One of the few places in the hash; ERR_UNAVAILABLE, at once, when all are taken. Whoever got one
 * leaves it. */
MUST err signing_enter(struct op *op, struct identity *id);
void signing_leave(struct identity *id);
/* Who is it? Password, then second step; braked, and refusals are in the trail. */
MUST err person_shown(struct op *op, struct identity *id, const struct identity_try *t,
                      struct identity_account *ret, struct account_secret *ret_secret,
                      bool *ret_strong);
/* A session for somebody who has shown who it is. Sets op->actor. */
MUST err session_begin(struct op *op, struct identity *id, const struct identity_account *a,
                       const struct token_terms *terms, struct identity_session *ret);

/* delegate.c */
/* Until when `to` may act in the role of `from`; 0: not, or no more. */
MUST err delegation_holds(struct op *op, struct identity *id, str to, str from, enum role role,
                          int64_t *ret_until);

/* Takes what is over out of the lists. */
MUST err delegation_sweep(struct op *op, struct identity *id, struct store_tx *tx,
                          size_t *ret_gone);

/* shares.c: the patient of one of a helper's shares; empty: it is none of theirs. */
MUST err share_find(struct op *op, struct identity *id, const struct identity_account *own,
                    str reference, str *ret_patient);
/* A helper's account as it is in the share of that RelatedPerson, of that patient (empty: of any).
 * ERR_INVALID "access_denied": it is none of theirs. */
MUST err share_enter(struct op *op, struct identity *id, struct identity_account *a, str reference,
                     str patient);

/* training.c */
/* The earliest end of what the role asks for; 0: something was never passed. */
MUST err training_until(struct op *op, struct identity *id, str user, enum role role, int64_t *ret);

/* session.c */
/* The person behind the session has just shown who it is. */
MUST err session_prove(struct op *op, struct identity *id, const struct session *s);

/* throttle.c */
void throttle_init(struct throttle *t);
/* ms to wait before another try; 0 = go on. An empty user counts for the peer alone: what cannot be
 * guessed need not be braked by account, only as a load. */
int64_t throttle_wait(struct throttle *t, str user, str peer, int64_t now);
void throttle_fail(struct throttle *t, str user, str peer, int64_t now);
/* The last failure counted was none. */
void throttle_give_back(struct throttle *t, str user, str peer);
void throttle_clear(struct throttle *t, str user, str peer);

/* actor.c */
/* An account that acts without a session (a device, a partner): it must be of one of these roles (a
 * mask). ERR_UNAUTHENTICATED. */
MUST err machine_of(struct op *op, struct identity *id, str user, unsigned roles,
                    struct session *ret);
void account_of(struct op *op, const struct session *s, struct identity_account *ret);
/* From the cache, else from the store; *ret_alive tells whether the token is good now. */
MUST err session_of(struct op *op, struct identity *id, str token, bool slide, struct session *ret,
                    bool *ret_alive);
/* The same; ERR_UNAUTHENTICATED when it is not. */
MUST err session_need(struct op *op, struct identity *id, str token, bool slide,
                      struct session *ret);
/* The same for a person: ERR_FORBIDDEN for the token of a script. */
MUST err session_person(struct op *op, struct identity *id, str token, struct session *ret);
struct actor *actor_of(struct op *op, const struct session *s);

#endif
