/* From a checked request to a code: who it is, which patient, which visit, what they permit.
 * Invariant: every step needs the handle of the page and the cookie of the browser together; the
 * record is asked, as the person, before a patient becomes the context; a code is made once. */
#include "identity/helper_int.h"
#include "identity/oauth_int.h"

static err over(struct op *op)
{
    return fail_at(op, ERR_NOT_FOUND, STR("invalid_request"),
                   "This sign-in is over. Go back to the app and start again.");
}

static enum oauth_step step_of(const struct oauth_launch *l)
{
    if (!l->account.user.n)
        return OAUTH_SIGN_IN;
    if (!l->patient.n && (l->account.role == ROLE_HELPER || oauth_wants_patient(l->scope)))
        return OAUTH_PATIENT;
    if (l->patient.n && !l->encounter.n && oauth_has(l->scope, "launch/encounter"))
        return OAUTH_ENCOUNTER;
    return OAUTH_CONSENT;
}

static err load(struct op *op, struct identity *id, str handle, struct json **ret, str *ret_was)
{
    if (handle.n < 20 || handle.n > 64)
        return over(op);
    TRY(oauth_load(op, id, oauth_key(op, "oq/", handle), ret, ret_was));
    return *ret ? OK : over(op);
}

err oauth_find(struct op *op, struct identity *id, str handle, str browser,
               struct oauth_launch *ret)
{
    struct json *o;
    struct oauth_launch l = {.handle = handle};
    TRY(load(op, id, handle, &o, NULL));
    if (!str_eq(json_get_str(o, STR("browser")), oauth_hash(op, browser)))
        return over(op);
    TRY(oauth_client_load(op, id, json_get_str(o, STR("client")), &l.client));
    if (!oauth_client_lives(op, &l.client))
        return over(op);
    l.redirect = json_get_str(o, STR("redirect"));
    l.state = json_get_str(o, STR("state"));
    l.scope = json_get_str(o, STR("scope"));
    l.nonce = json_get_str(o, STR("nonce"));
    l.challenge = json_get_str(o, STR("challenge"));
    l.patient = json_get_str(o, STR("patient"));
    l.encounter = json_get_str(o, STR("encounter"));
    l.launch_user = json_get_str(o, STR("launch_user"));
    l.patient_fixed = json_bool(JSON_GET(o, "fixed"), false);
    l.epoch = json_get_str(o, STR("epoch"));
    l.strong = json_bool(JSON_GET(o, "strong"), false);
    l.auth_time = oauth_number(o, "auth_time");
    l.expires = oauth_number(o, "expires");
    if (json_get_str(o, STR("user")).n)
        TRY(oauth_account(op, id, o, &l.account));
    l.step = step_of(&l);
    *ret = l;
    return op_check(op);
}

/* Puts members into the stored launch. */
static err change(struct op *op, struct identity *id, const struct oauth_launch *l,
                  const struct json *members)
{
    struct json *o;
    str was;
    TRY(load(op, id, l->handle, &o, &was));
    for (uint32_t i = 0; i < members->n; i++)
        json_set(op->arena, o, members->u.members[i].name, &members->u.members[i].value);
    return oauth_swap(op, id, oauth_key(op, "oq/", l->handle), was, o);
}

/* Whose record it is about. A helper's session is in one share; who signs in here and helps
 * several people chooses on the next page. */
static err bound(struct op *op, struct identity *id, struct oauth_launch *l)
{
    struct identity_account *a = &l->account;
    struct identity_helped *all;
    size_t n = 1;
    if (a->role == ROLE_HELPER) {
        if (l->share.n || l->patient.n)
            TRY(share_enter(op, id, a, l->share, l->patient));
        else
            TRY(shares_of(op, id, a, &all, &n));
    } else if (a->role != ROLE_PATIENT)
        return OK;
    else if (l->patient.n && !str_eq(l->patient, a->patient))
        return fail_at(op, ERR_INVALID, STR("access_denied"), "This is not your record.");
    if (n == 1)
        l->patient = a->patient;
    return OK;
}

err oauth_signed_in(struct op *op, struct identity *id, struct oauth_launch *l, str user,
                    bool strong)
{
    struct arena *m = op->arena;
    struct account_secret secret;
    struct json *set = json_new(m, JSON_OBJECT);
    if (l->step != OAUTH_SIGN_IN) /* nobody takes up where somebody else chose */
        return over(op);
    TRY(account_load(op, id, user, &l->account, &secret));
    if (!account_open(op, &l->account))
        return fail(op, ERR_UNAUTHENTICATED, "This account cannot sign in.");
    l->account.totp = STR_NONE;
    if (l->launch_user.n && !str_eq(l->launch_user, user)) {
        l->account = (struct identity_account){0};
        return fail_at(op, ERR_INVALID, STR("access_denied"),
                       "The app was opened by somebody else; sign in as them, or open it anew.");
    }
    err e = bound(op, id, l);
    if (e != OK) {
        l->account = (struct identity_account){0};
        return e;
    }
    l->epoch = secret.epoch;
    l->strong = strong;
    l->auth_time = op->now;
    json_set_str(m, set, STR("user"), user);
    json_set_str(m, set, STR("epoch"), secret.epoch);
    json_set_str(m, set, STR("reference"), l->account.reference);
    json_set_str(m, set, STR("patient"), l->patient);
    json_set(m, set, STR("strong"), json_new_bool(m, strong));
    oauth_set_number(op, set, "auth_time", op->now);
    TRY(change(op, id, l, set));
    l->step = step_of(l);
    oauth_note(op, id, l->handle, l->client.id, "sign-in", role_name(l->account.role));
    return OK;
}

err oauth_sign_in(struct op *op, struct identity *id, struct oauth_launch *l,
                  const struct identity_try *t)
{
    struct identity_account a;
    struct account_secret secret;
    bool strong;
    err e = person_shown(op, id, t, &a, &secret, &strong);
    if (e != OK) {
        oauth_note(op, id, l->handle, l->client.id, "sign-in refused", STR_NONE);
        return e;
    }
    TRY(record_audit_event(op, id->rec, STR("sign-in"), true, a.user));
    return oauth_signed_in(op, id, l, a.user, strong);
}

err oauth_sign_in_open(struct op *op, struct identity *id, struct oauth_launch *l, str session)
{
    struct session s = {0};
    TRY(session_person(op, id, session, &s));
    if (s.scope[0] || s.client[0])
        return fail(op, ERR_FORBIDDEN, "An app's token cannot sign its user in.");
    l->share = s.role == ROLE_HELPER ? arena_str(op->arena, str_of(s.reference)) : STR_NONE;
    return oauth_signed_in(op, id, l, arena_str(op->arena, str_of(s.user)), s.strong);
}

err oauth_shares(struct op *op, struct identity *id, const struct oauth_launch *l,
                 struct identity_helped **ret, size_t *ret_n)
{
    struct identity_account own;
    struct account_secret secret;
    struct identity_helped *all;
    size_t n, kept = 0;
    TRY(account_load(op, id, l->account.user, &own, &secret));
    TRY(shares_of(op, id, &own, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (all[i].name.n)
            all[kept++] = all[i];
    *ret = all;
    *ret_n = kept;
    return op_check(op);
}

err oauth_as(struct op *op, struct identity *id, const struct oauth_launch *l)
{
    const struct actor *who;
    TRY(identity_actor_as(op, id, &l->account, &who));
    op->actor = who;
    return OK;
}

err oauth_choose(struct op *op, struct identity *id, struct oauth_launch *l, str patient,
                 str encounter)
{
    struct json *set = json_new(op->arena, JSON_OBJECT);
    struct record_doc doc;
    uint64_t of = 0;
    str about = l->patient.n ? l->patient : patient;
    if (!l->account.user.n)
        return over(op);
    if (l->account.role == ROLE_HELPER && !l->patient.n)
        TRY(share_enter(op, id, &l->account, STR_NONE, about));
    TRY(oauth_as(op, id, l));
    TRY(record_read(op, id->rec, fhir_type_parse(STR("Patient")), about, &doc));
    of = doc.patient;
    if (encounter.n && !str_eq(encounter, STR("-"))) {
        TRY(record_read(op, id->rec, fhir_type_parse(STR("Encounter")), encounter, &doc));
        if (doc.patient != of)
            return fail(op, ERR_INVALID, "This visit is another patient's.");
    }
    l->patient = about;
    json_set_str(op->arena, set, STR("patient"), about);
    json_set_str(op->arena, set, STR("reference"), l->account.reference);
    if (encounter.n) {
        l->encounter = encounter;
        json_set_str(op->arena, set, STR("encounter"), encounter);
    }
    TRY(change(op, id, l, set));
    l->step = step_of(l);
    oauth_note(op, id, l->handle, l->client.id, "context",
               encounter.n ? STR("visit chosen") : STR("patient chosen"));
    return OK;
}

/* Only what stood on the page. */
static str permitted(struct op *op, str offered, str scope)
{
    struct buf b;
    str word;
    buf_init(&b, op->arena, SCOPES_TEXT_MAX);
    while (str_take_until(&offered, ' ', &word)) {
        if (!word.n || !oauth_has(scope, str_z(op->arena, word)))
            continue;
        if (b.n)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static err code_save(struct op *op, struct identity *id, const struct oauth_launch *l, str scope,
                     str code)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *request;
    str was;
    struct store_commit done;
    bool visit = l->encounter.n && !str_eq(l->encounter, STR("-"));
    TRY(load(op, id, l->handle, &request, &was));
    json_set_str(m, o, STR("client"), l->client.id);
    json_set_str(m, o, STR("redirect"), l->redirect);
    json_set_str(m, o, STR("challenge"), l->challenge);
    json_set_str(m, o, STR("scope"), scope);
    json_set_str(m, o, STR("nonce"), l->nonce);
    json_set_str(m, o, STR("user"), l->account.user);
    json_set_str(m, o, STR("reference"), l->account.reference);
    json_set_str(m, o, STR("epoch"), l->epoch);
    json_set_str(m, o, STR("patient"), l->patient);
    json_set_str(m, o, STR("encounter"), visit ? l->encounter : STR_NONE);
    json_set(m, o, STR("strong"), json_new_bool(m, l->strong));
    oauth_set_number(op, o, "auth_time", l->auth_time);
    oauth_set_number(op, o, "expires", op->now + OAUTH_CODE_MS);
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    store_tx_expect_kv(tx, oauth_key(op, "oq/", l->handle), was);
    store_tx_kv(tx, oauth_key(op, "oq/", l->handle), STR_NONE);
    store_tx_kv(tx, oauth_key(op, "oa/", code), oauth_text(op, o));
    return store_commit(op, tx, &done);
}

err oauth_permit(struct op *op, struct identity *id, struct oauth_launch *l, str scope, str base,
                 str *ret_url)
{
    struct buf b;
    str given = permitted(op, l->scope, scope), code = random_token(op->arena, 32);
    if (l->step != OAUTH_CONSENT)
        return over(op);
    if (!given.n)
        return oauth_deny(op, id, l, "access_denied", base, ret_url);
    TRY(oauth_as(op, id, l));
    TRY(code_save(op, id, l, given, code));
    TRY(record_audit_event(op, id->rec, STR("oauth-permit"), true,
                           arena_printf(op->arena, "client=%.*s scope=%.*s", STR_ARG(l->client.id),
                                        STR_ARG(str_sub(given, 0, 300)))));
    oauth_note(op, id, l->handle, l->client.id, "permitted", given);
    buf_init(&b, op->arena, 8192);
    buf_add(&b, l->redirect);
    buf_add(&b, str_find_char(l->redirect, '?', 0) == SIZE_MAX ? STR("?") : STR("&"));
    buf_printf(&b, "code=%.*s&state=", STR_ARG(code));
    buf_url(&b, l->state);
    buf_add(&b, STR("&iss="));
    buf_url(&b, base);
    *ret_url = buf_str(&b);
    return op_check(op);
}

err oauth_deny(struct op *op, struct identity *id, struct oauth_launch *l, const char *code,
               str base, str *ret_url)
{
    const char *why = "The person did not permit it.";
    TRY(kv_put(op, id, oauth_key(op, "oq/", l->handle), STR_NONE));
    if (l->account.user.n)
        TRY(oauth_as(op, id, l));
    TRY(record_audit_event(op, id->rec, STR("oauth-permit"), false, l->client.id));
    oauth_note(op, id, l->handle, l->client.id, "not permitted", STR_NONE);
    *ret_url = oauth_back(op, l->redirect, l->state, base, code, str_of(why));
    return op_check(op);
}
