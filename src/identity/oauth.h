/* OAuth 2.1 and OpenID Connect provider with SMART App Launch 2.2: apps, permissions given, tokens.
 * Everything is kept sealed under names of the store; access and refresh tokens, codes and secrets
 * as hashes only. Access tokens are bearer tokens of identity_actor() that carry scopes; nothing
 * about them can be forged, for they hold nothing. Every refusal and every token is in the trail.
 * A refusal is ERR_INVALID or ERR_UNAUTHENTICATED with the OAuth code ("invalid_grant") as the
 * issue's expression and a plain sentence. Thread-safe. */
#ifndef WEFT_IDENTITY_OAUTH_H
#define WEFT_IDENTITY_OAUTH_H

#include "identity/identity.h"

/* ---- apps ---- */
#define OAUTH_REDIRECTS_MAX 8u
struct oauth_client {
    str id, name, contact;
    str status; /* "pending", "approved", "refused" */
    str kind;   /* "public", "secret", "key" (private_key_jwt) */
    str redirects[OAUTH_REDIRECTS_MAX];
    size_t n_redirects;
    str scope;    /* the most it may ever have */
    str launch;   /* address that an EHR launch opens; may be empty */
    str jwks_uri; /* or jwks, of kind "key" */
    const struct json *jwks;
    str secret;      /* hash of it */
    enum role role;  /* that its system/ scopes stay within; ROLE_NONE: no backend service */
    uint32_t minute; /* requests a minute */
    int64_t created, expires; /* ms */
};
/* RFC 7591: a new app that waits for an administrator. ret: what the app is told, with its secret
 * when it has one. ERR_INVALID "invalid_redirect_uri" or "invalid_client_metadata"; ERR_BUSY when
 * too many wait already. */
MUST err oauth_client_register(struct op *op, struct identity *id, const struct json *metadata,
                               struct json **ret);
/* An administrator's word: {"status", "role", "scope", "minute", "expires"}; what is not named
 * stays. Refused, expired: its tokens end. Needs MANAGE. */
MUST err oauth_client_decide(struct op *op, struct identity *id, str client,
                             const struct json *decision, struct json **ret);
/* All of them for the administrator; nothing secret. Needs MANAGE. */
MUST err oauth_client_list(struct op *op, struct identity *id, struct json **ret);
/* {"apps": [{"app", "name"}]}: approved ones that an EHR launch can open. */
MUST err oauth_client_launchable(struct op *op, struct identity *id, struct json **ret);
/* May pages of this origin read answers: is it one of an approved app? */
bool oauth_origin(struct op *op, struct identity *id, str origin);
/* How the network is reached (keys from jwks_uri, an outside provider); unset: not at all. form
 * empty: GET. basic: "user:password" or empty. */
typedef err (*oauth_fetch_fn)(struct op *op, void *ctx, str url, str form, str basic,
                              str *ret_body);
void oauth_fetcher(struct identity *id, oauth_fetch_fn fn, void *ctx);

/* ---- a launch: from the app's request to a code ---- */
struct oauth_ask { /* what came to the authorisation endpoint */
    str response_type, client, redirect, scope, state, aud, challenge, method, launch, nonce,
        prompt;
};
enum oauth_step { OAUTH_SIGN_IN, OAUTH_PATIENT, OAUTH_ENCOUNTER, OAUTH_CONSENT };
/* A launch under way; strings in op->arena. */
struct oauth_launch {
    str handle;  /* names it in the pages' forms */
    str browser; /* the cookie that binds it to one browser; told by oauth_begin() only */
    enum oauth_step step;
    struct oauth_client client;
    struct identity_account account; /* once signed in */
    str redirect, state, scope, nonce, challenge, patient, encounter, epoch, launch_user;
    str share; /* the RelatedPerson that the signing in is as, when a helper's session says it */
    bool strong, patient_fixed;
    int64_t expires, auth_time;
};
/* Checks the request. base: "https://host". ERR_INVALID: nothing may be sent to the redirect
 * address (show a page) unless *ret_back is not empty: then the refusal goes there. */
MUST err oauth_begin(struct op *op, struct identity *id, const struct oauth_ask *ask, str base,
                     struct oauth_launch *ret, str *ret_back);
/* The launch that handle and cookie name together; ERR_NOT_FOUND. */
MUST err oauth_find(struct op *op, struct identity *id, str handle, str browser,
                    struct oauth_launch *ret);
/* The person behind it: by password, or who an outside provider named. */
MUST err oauth_sign_in(struct op *op, struct identity *id, struct oauth_launch *l,
                       const struct identity_try *t);
MUST err oauth_signed_in(struct op *op, struct identity *id, struct oauth_launch *l, str user,
                         bool strong);
/* By the session that is open in this browser; no app's token or script's stands for its person. */
MUST err oauth_sign_in_open(struct op *op, struct identity *id, struct oauth_launch *l,
                            str session);
/* The people whose record a helper may choose from. */
struct identity_helped;
MUST err oauth_shares(struct op *op, struct identity *id, const struct oauth_launch *l,
                      struct identity_helped **ret, size_t *ret_n);
/* The person's choice; the record is asked whether they may see it. encounter "-": none. */
MUST err oauth_choose(struct op *op, struct identity *id, struct oauth_launch *l, str patient,
                      str encounter);
/* What they permit (a part of l->scope). ret: the address to go to, with the code. */
MUST err oauth_permit(struct op *op, struct identity *id, struct oauth_launch *l, str scope,
                      str base, str *ret_url);
/* Ends it; ret: the address with the error. */
MUST err oauth_deny(struct op *op, struct identity *id, struct oauth_launch *l, const char *code,
                    str base, str *ret_url);
/* redirect with error and state, RFC 9207's iss too. */
str oauth_back(struct op *op, str redirect, str state, str base, const char *error, str why);
/* The person as the actor of looks made for the pages. */
MUST err oauth_as(struct op *op, struct identity *id, const struct oauth_launch *l);
/* An EHR launch by op->actor: handle for the app's launch address, good for five minutes, once. */
MUST err oauth_launch_new(struct op *op, struct identity *id, str client, str patient,
                          str encounter, str *ret_launch, str *ret_url);

/* ---- the token endpoint ---- */
struct oauth_request {
    str basic; /* the Authorization header */
    str grant_type, code, redirect, verifier, client, secret, assertion_type, assertion, refresh,
        scope;
    str base;     /* "https://host" */
    str endpoint; /* address that an assertion's aud must be: base and path */
};
/* The answer of RFC 6749 5.1 with SMART's launch context. */
MUST err oauth_token(struct op *op, struct identity *id, const struct oauth_request *r,
                     struct json **ret);
/* RFC 7662 and 7009; the app must be who it says. Another app's token is no token. */
MUST err oauth_introspect(struct op *op, struct identity *id, const struct oauth_request *r,
                          str token, struct json **ret);
MUST err oauth_revoke(struct op *op, struct identity *id, const struct oauth_request *r, str token);

/* OpenID Connect Core 5.3: who is behind an app's token, by its scopes. ERR_FORBIDDEN without
 * openid. */
MUST err oauth_userinfo(struct op *op, struct identity *id, str token, str base, struct json **ret);

/* ---- keys, house-keeping, looking on ---- */
MUST err oauth_jwks(struct op *op, struct identity *id, struct json **ret);
/* A new signing key now; the old one verifies on until what it signed is over. Needs MANAGE. */
MUST err oauth_rotate(struct op *op, struct identity *id);
/* The launches of late, newest first, each step with its parameters (nothing personal among them)
 * and the reason of a refusal. Needs MANAGE. */
MUST err oauth_steps(struct op *op, struct identity *id, struct json **ret);

/* ---- people of an outside OpenID provider ---- */
/* The account that signs in as this subject; empty user: nobody any more. Needs MANAGE. */
MUST err oauth_subject_put(struct op *op, struct identity *id, str issuer, str subject, str user);
struct oauth_provider {
    str issuer, client, secret; /* secret empty: a public client */
    str back;                   /* our address that it sends people back to */
};
/* Where to send the person. browser: the cookie of the browser; launch: what goes on afterwards,
 * empty: a sign-in of its own. Code with PKCE S256, state and nonce. */
MUST err oauth_outside_begin(struct op *op, struct identity *id, const struct oauth_provider *p,
                             str browser, str launch, str *ret_url);
struct oauth_return {
    str state, code, iss, browser;
};
struct oauth_person {
    str user, launch;
    int64_t proven; /* when the provider saw them show who they are, ms; 1: it does not say */
};
/* They came back: whose account it is (ERR_UNAUTHENTICATED, in the trail, when it is nobody's or
 * anything does not fit), and the launch that waits. */
MUST err oauth_outside_end(struct op *op, struct identity *id, const struct oauth_provider *p,
                           const struct oauth_return *r, struct oauth_person *ret);
/* A browser session for the account that oauth_outside_end() named. Sets op->actor. */
MUST err oauth_outside_session(struct op *op, struct identity *id, const struct oauth_person *who,
                               struct identity_session *ret);

#endif
