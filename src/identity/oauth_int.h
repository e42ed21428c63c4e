/* Inside of the OAuth provider. Names in the store, all sealed: oc/<app> apps, oq/<hash of handle>
 * launches under way, oa/<hash> codes, of/<grant> what was permitted, or/<hash> refresh tokens,
 * oj/<hash> spent assertions, ol/<hash> EHR launches, ok/<kid> signing keys, ou/<hash> subjects. */
#ifndef WEFT_OAUTH_INT_H
#define WEFT_OAUTH_INT_H

#include "identity/identity_int.h"
#include "identity/jose.h"
#include "identity/oauth.h"

#define OAUTH_LAUNCH_MS (INT64_C(10) * 60 * 1000)
#define OAUTH_CODE_MS (INT64_C(60) * 1000)
#define OAUTH_ACCESS_MS (INT64_C(15) * 60 * 1000)
#define OAUTH_BACKEND_MS (INT64_C(5) * 60 * 1000)
#define OAUTH_ONLINE_MS ABSOLUTE_MS
#define OAUTH_OFFLINE_MS (INT64_C(90) * 24 * 3600 * 1000)
#define OAUTH_IDLE_MS (INT64_C(60) * 60 * 1000) /* of online_access between refreshes */
#define OAUTH_STEPS 512u
#define OAUTH_RATES 256u
#define OAUTH_REFUSALS_A_MINUTE 120u /* in the trail; who floods does not fill the disk */

struct oauth_step_row {
    int64_t time;
    bool ok;
    char launch[27], client[65], step[24], code[33], why[240], params[400];
};
#define OAUTH_ORIGIN_MAX 256u
struct oauth_origin_row {
    int64_t expires;
    char text[OAUTH_ORIGIN_MAX + 1];
};
struct oauth {
    pthread_mutex_t lock;
    pthread_mutex_t making; /* of signing keys */
    oauth_fetch_fn fetch;
    void *fetch_ctx;
    struct {
        uint64_t key;
        int64_t minute;
        uint32_t n, most;
    } rates[OAUTH_RATES];
    struct oauth_step_row steps[OAUTH_STEPS];
    /* The web origins of apps, so that a stranger's Origin costs no look into the store. */
    pthread_mutex_t origins_lock;
    struct oauth_origin_row *origins; /* malloc'd */
    size_t n_origins;
    bool origins_read;
    unsigned origins_looked; /* how often the apps were read for them */
    size_t n_steps;          /* ever */
    int64_t refusal_minute;  /* and how many refusals went into the trail in it */
    unsigned refusals;
};
MUST err oauth_new(struct op *op, struct identity *id);
void oauth_free(struct identity *id);
/* Forgets what is over. */
MUST err oauth_sweep(struct op *op, struct identity *id);

/* "invalid_grant", and the sentence; in the trail and among the steps. */
struct oauth_refusal {
    const char *what; /* the action's name in the trail: "oauth-token" … */
    str launch, client, params;
    const char *code, *why;
};
MUST err oauth_refuse(struct op *op, struct identity *id, const struct oauth_refusal *r);
/* A step that went well. */
void oauth_note(struct op *op, struct identity *id, str launch, str client, const char *step,
                str params);
/* prefix and the hash of a secret. */
str oauth_key(struct op *op, const char *prefix, str secret);
str oauth_hash(struct op *op, str secret);
str oauth_text(struct op *op, const struct json *o);
/* *ret NULL when absent or over. ret_text: as stored, for store_tx_expect_kv(). */
MUST err oauth_load(struct op *op, struct identity *id, str key, struct json **ret, str *ret_text);
MUST err oauth_save(struct op *op, struct identity *id, str key, const struct json *o);
/* Only when it still is what was read; ERR_CONFLICT. */
MUST err oauth_swap(struct op *op, struct identity *id, str key, str was, const struct json *o);
int64_t oauth_number(const struct json *o, const char *name);
void oauth_set_number(struct op *op, struct json *o, const char *name, int64_t v);

/* oauth_client.c */
/* ret->id empty: there is none. */
MUST err oauth_client_load(struct op *op, struct identity *id, str client,
                           struct oauth_client *ret);
/* Registrations that nobody decided on for a week go. */
MUST err oauth_client_sweep(struct op *op, struct identity *id, struct store_tx *tx,
                            size_t *ret_gone);
bool oauth_client_lives(const struct op *op, const struct oauth_client *c);
/* Narrows s->scope to what the app may have by now; role: that the token was made with. */
MUST err oauth_still(struct op *op, struct identity *id, struct session *s, enum role role,
                     bool *ret);
/* door: of requests that anybody can make in the app's name; they are counted apart. */
MUST err oauth_rate(struct op *op, struct identity *id, str client, bool door);
/* oauth_origin.c: an app was decided on; what is known of origins is read anew. */
void oauth_origins_anew(struct oauth *o);
/* oauth_scope.c */
bool oauth_has(str scope, const char *word);
/* Scopes that say no purpose get those of `from`: leaving them out frees nobody of them. */
void oauth_add_purposes(struct op *op, struct buf *b, str from);
/* The words of asked that the app may have and this server understands, in order. */
str oauth_grantable(struct op *op, const struct oauth_client *c, str asked, bool backend);
bool oauth_wants_patient(str scope);
/* oauth_assert.c: who the app is. ERR_UNAUTHENTICATED "invalid_client". */
MUST err oauth_client_known(struct op *op, struct identity *id, const struct oauth_request *r,
                            struct oauth_client *ret);
/* oauth_user.c: sub, and what the scopes call for, into o. */
struct oauth_who {
    str user, reference, name, language, scope, base;
};
void oauth_claims(struct op *op, struct identity *id, const struct oauth_who *w, struct json *o);
/* oauth_grant.c */
struct oauth_grant {
    struct oauth_client client;
    struct identity_account account;
    str epoch, scope, patient, encounter, nonce, family;
    bool strong;
    int64_t auth_time, expires;
};
MUST err oauth_answer(struct op *op, struct identity *id, const struct oauth_grant *g, str base,
                      str refresh, struct json **ret);
/* The account named in what was kept of a launch, code or family ("user", "epoch", "reference": the
 * share of a helper), as it is now; ERR_UNAUTHENTICATED when it may not go on. */
MUST err oauth_account(struct op *op, struct identity *id, const struct json *kept,
                       struct identity_account *ret);
/* oauth_refresh.c: the first refresh token of a new family, when the scope asks for one. */
MUST err oauth_family_new(struct op *op, struct identity *id, struct oauth_grant *g,
                          struct store_tx *tx, str *ret_refresh);
MUST err oauth_family_end(struct op *op, struct identity *id, str client, str family);
MUST err oauth_refresh(struct op *op, struct identity *id, const struct oauth_request *r,
                       const struct oauth_client *c, struct json **ret);
/* Whose refresh token it is; empty: nobody's. */
MUST err oauth_refresh_client(struct op *op, struct identity *id, str token, str *ret);
/* oauth_keys.c */
MUST err oauth_signing_key(struct op *op, struct identity *id, str *ret_kid, str *ret_pem);

#endif
