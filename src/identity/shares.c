/* A helper's account beside several patients: the first share stands in the account, the others in
 * shares/<user>, each a patient and the RelatedPerson that this patient's Consents name. Invariant:
 * a session is in one share and changes it only by becoming another session; what the record shows
 * is asked for that one RelatedPerson, so that nothing of two patients ever meets. */
#include "identity/helper_int.h"

#define SHARES_MAX 20u

static str shares_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("shares/"), user);
}

static err load(struct op *op, struct identity *id, str user, str *ret_text, struct json **ret)
{
    bool found;
    *ret_text = STR_NONE;
    *ret = json_new(op->arena, JSON_ARRAY);
    TRY(kv_get(op, id, shares_key(op, user), &found, ret_text));
    if (!found) {
        *ret_text = STR_NONE;
        return op_check(op);
    }
    return json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, ret);
}

err share_find(struct op *op, struct identity *id, const struct identity_account *own,
               str reference, str *ret_patient)
{
    str text;
    struct json *list, *one;
    *ret_patient = str_eq(reference, own->reference) ? own->patient : STR_NONE;
    if (ret_patient->n || own->role != ROLE_HELPER)
        return OK;
    TRY(load(op, id, own->user, &text, &list));
    for (size_t i = 0; !ret_patient->n && (one = json_at(list, i)); i++)
        if (str_eq(json_get_str(one, STR("reference")), reference))
            *ret_patient = arena_str(op->arena, json_get_str(one, STR("patient")));
    return OK;
}

err share_enter(struct op *op, struct identity *id, struct identity_account *a, str reference,
                str patient)
{
    str text;
    struct json *list, *one = NULL;
    struct identity_account in = *a;
    TRY(load(op, id, a->user, &text, &list));
    for (size_t i = 0;; one = json_at(list, i++)) {
        if (i && !one)
            return fail_at(op, ERR_INVALID, STR("access_denied"), "Nobody shares this with you.");
        if (one) {
            in.reference = arena_str(op->arena, json_get_str(one, STR("reference")));
            in.patient = arena_str(op->arena, json_get_str(one, STR("patient")));
        }
        bool fits = (!reference.n || str_eq(reference, in.reference)) &&
                    (!patient.n || str_eq(patient, in.patient));
        if (fits)
            break;
    }
    *a = in;
    return OK;
}

err share_add(struct op *op, struct identity *id, str user, str patient, str reference,
              struct store_tx *tx)
{
    str text;
    struct json *list, *one = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    TRY(load(op, id, user, &text, &list));
    if (list->n >= SHARES_MAX)
        return fail(op, ERR_TOO_LARGE, "An account helps at most %u people.", SHARES_MAX + 1);
    json_set_str(op->arena, one, STR("patient"), patient);
    json_set_str(op->arena, one, STR("reference"), reference);
    json_push(op->arena, list, one);
    buf_init(&b, op->arena, 16384);
    json_write(&b, list);
    TRY(op_check(op));
    store_tx_expect_kv(tx, shares_key(op, user), text);
    store_tx_kv(tx, shares_key(op, user), buf_str(&b));
    return OK;
}

/* The helper behind the session, and the account as it is kept. */
static err helper_of(struct op *op, struct identity *id, str token, struct session *s,
                     struct identity_account *ret, struct account_secret *ret_secret)
{
    TRY(session_person(op, id, token, s));
    TRY(account_load(op, id, str_of(s->user), ret, ret_secret));
    return ret->role == ROLE_HELPER
               ? OK
               : fail(op, ERR_FORBIDDEN, "This is for people who help somebody.");
}

/* Whose share was taken back or is over has no name here any more (R197). */
static void told(struct op *op, struct identity *id, str patient, str reference,
                 struct identity_helped *ret)
{
    *ret = (struct identity_helped){.reference = reference, .patient = patient};
    if (share_given(op, id, patient, reference))
        ret->name = patient_given_name(op, id, patient);
}

err shares_of(struct op *op, struct identity *id, const struct identity_account *own,
              struct identity_helped **ret, size_t *ret_n)
{
    str text;
    struct json *list, *one;
    TRY(load(op, id, own->user, &text, &list));
    struct identity_helped *all = ARENA_ARRAY(op->arena, struct identity_helped, list->n + 1);
    TRY(op_check(op));
    told(op, id, own->patient, own->reference, &all[0]);
    for (size_t i = 0; (one = json_at(list, i)); i++)
        told(op, id, json_get_str(one, STR("patient")), json_get_str(one, STR("reference")),
             &all[i + 1]);
    *ret = all;
    *ret_n = list->n + 1;
    return OK;
}

err identity_helping(struct op *op, struct identity *id, str token, struct identity_helped **ret,
                     size_t *ret_n)
{
    struct session s = {0};
    struct identity_account own;
    struct account_secret secret;
    struct identity_helped *all;
    size_t n, kept = 0;
    TRY(helper_of(op, id, token, &s, &own, &secret));
    TRY(shares_of(op, id, &own, &all, &n));
    for (size_t i = 0; i < n; i++) {
        all[i].current = str_eq(all[i].reference, str_of(s.reference));
        if (all[i].name.n || all[i].current)
            all[kept++] = all[i];
    }
    *ret = all;
    *ret_n = kept;
    return op_check(op);
}

/* The session in one share becomes a session in another; the first one is over. */
static err become(struct op *op, struct identity *id, str token, const struct session *s,
                  const struct identity_account *as, str epoch, struct identity_session *ret)
{
    struct token_terms terms = {.expires = s->expires,
                                .epoch = epoch,
                                .interactive = true,
                                .strong = s->strong,
                                .proven = s->proven ? s->proven : 1};
    TRY(identity_sign_out(op, id, token));
    return session_begin(op, id, as, &terms, ret);
}

err identity_help_choose(struct op *op, struct identity *id, str token, str reference,
                         struct identity_session *ret)
{
    struct session s = {0};
    struct identity_account own;
    struct account_secret secret;
    str patient;
    TRY(helper_of(op, id, token, &s, &own, &secret));
    TRY(share_find(op, id, &own, reference, &patient));
    if (!patient.n)
        return fail(op, ERR_NOT_FOUND, "Nobody shares this with you.");
    own.patient = patient;
    own.reference = reference;
    return become(op, id, token, &s, &own, secret.epoch, ret);
}

err identity_join_more(struct op *op, struct identity *id, str token, str secret,
                       struct identity_session *ret)
{
    struct session s = {0};
    struct identity_account own;
    struct account_secret kept;
    TRY(helper_of(op, id, token, &s, &own, &kept));
    TRY(join_spend(op, id, secret, own.user, &own.patient, &own.reference));
    TRY(become(op, id, token, &s, &own, kept.epoch, ret));
    return record_audit_event(op, id->rec, STR("helper"), true, STR("joined, one more"));
}
