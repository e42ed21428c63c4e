/* Parents and guardians: one administrator proposes, another confirms, and only then are the
 * person, the Consents (a row of ages each) and the invitation made; the secret is told to who
 * confirms. Kept until then under proxy/<random>, seven days. Invariant: nobody joins as a guardian
 * by one administrator's word. */
#include "identity/helper_int.h"
#include "policy/authors.h"

#define PROPOSED_MS (INT64_C(7) * 24 * 3600 * 1000)

static bool place_known(str place)
{
    const struct age_row *row;
    bool known = false;
    for (size_t i = 0; (row = age_row(i)); i++)
        known |= str_eq(str_of(row->place), place);
    return known;
}

static bool counts(const struct age_row *row, str place)
{
    return str_eq(str_of(row->place), place_known(place) ? place : STR("*"));
}

static err birth_of(struct op *op, struct identity *id, str patient, str *ret)
{
    struct record_doc doc;
    struct json *tree;
    struct op house = *op;
    house.actor = identity_system();
    err e = record_read(&house, id->rec, fhir_type_parse(STR("Patient")), patient, &doc);
    if (e == OK)
        e = record_parse(&house, &doc, &tree);
    op->audit = house.audit;
    op->fault = house.fault;
    TRY(e);
    *ret = json_get_str(tree, STR("birthDate"));
    if (!birthday(id, *ret, 0))
        return fail(op, ERR_UNPROCESSABLE, "The child's day of birth has to be in the record.");
    return OK;
}

/* The last day on which a row gives something. */
static err still_a_child(struct op *op, const struct identity *id, str birth, str place)
{
    const struct age_row *row;
    for (size_t i = 0; (row = age_row(i)); i++)
        if (counts(row, place) && birthday(id, birth, row->to) > op->now)
            return OK;
    return fail(op, ERR_UNPROCESSABLE, "The patient is of age: let them invite a helper.");
}

static str proposal_key(struct op *op, str proposal)
{
    return arena_cat(op->arena, STR("proxy/"), proposal);
}

err identity_proxy_propose(struct op *op, struct identity *id, str patient,
                           const struct identity_share *s, struct identity_proposal *ret)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct identity_proposal r = {random_token(op->arena, 16), op->now + PROPOSED_MS};
    struct buf b;
    str birth;
    TRY(need_manage(op));
    TRY(share_check(op, s));
    TRY(birth_of(op, id, patient, &birth));
    TRY(still_a_child(op, id, birth, s->place));
    json_set_str(op->arena, o, STR("patient"), patient);
    json_set_str(op->arena, o, STR("name"), s->name);
    json_set_str(op->arena, o, STR("email"), s->email);
    json_set_str(op->arena, o, STR("place"), place_known(s->place) ? s->place : STR("*"));
    authors_sign(op, o);
    json_set(op->arena, o, STR("expires"), json_new_i64(op->arena, r.expires));
    buf_init(&b, op->arena, 16384);
    json_write(&b, o);
    TRY(op_check(op));
    TRY(kv_put(op, id, proposal_key(op, r.proposal), buf_str(&b)));
    TRY(record_audit_event(op, id->rec, STR("helper"), true, STR("guardian proposed")));
    *ret = r;
    return OK;
}

static err load(struct op *op, struct identity *id, str proposal, str *ret_text, struct json **ret)
{
    bool found = false;
    int64_t expires = 0;
    str key = proposal_key(op, proposal);
    if (proposal.n >= 16 && proposal.n <= 64)
        TRY(kv_get(op, id, key, &found, ret_text));
    if (found)
        TRY(json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, ret));
    if (!found || !json_i64(JSON_GET(*ret, "expires"), &expires) || op->now >= expires)
        return fail(op, ERR_NOT_FOUND, "This proposal was confirmed or is over. Make a new one.");
    return OK;
}

static err spend(struct op *op, struct identity *id, str proposal, str text)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, proposal_key(op, proposal), text);
    store_tx_kv(tx, proposal_key(op, proposal), STR_NONE);
    return store_commit(op, tx, &done);
}

/* One Consent for each row that is still to come. */
static err consents(struct op *op, struct identity *id, str patient, struct identity_share *s,
                    struct identity_invited *r)
{
    const struct age_row *row;
    struct op house = *op;
    str birth;
    house.actor = identity_system();
    TRY(birth_of(op, id, patient, &birth));
    TRY(still_a_child(op, id, birth, s->place));
    TRY(share_person(op, id, patient, s, true, &r->related));
    for (size_t i = 0; (row = age_row(i)); i++) {
        int64_t from = birthday(id, birth, row->from), until = birthday(id, birth, row->to);
        if (!counts(row, s->place) || until <= op->now)
            continue;
        struct spoken word = {patient, r->related, row->what, from, until, "PRN", row->citation};
        house.audit = op->audit;
        err e = share_consent(&house, id, &word, &r->consent);
        op->audit = house.audit;
        op->fault = house.fault;
        TRY(e);
        s->what |= row->what;
        s->until = until;
    }
    return OK;
}

err identity_proxy_confirm(struct op *op, struct identity *id, str proposal, str patient,
                           struct identity_invited *ret)
{
    struct identity_invited r = {0};
    struct json *o = NULL;
    str text = STR_NONE;
    TRY(need_manage(op));
    TRY(load(op, id, proposal, &text, &o));
    if (!str_eq(json_get_str(o, STR("patient")), patient))
        return fail(op, ERR_CONFLICT, "The proposal is about another patient.");
    if (authors_signed(o, op->actor)) {
        TRY(record_audit_event(op, id->rec, STR("helper"), false, STR("own proposal")));
        return fail(op, ERR_FORBIDDEN, "Another administrator confirms what you proposed.");
    }
    struct identity_share s = {.name = json_get_str(o, STR("name")),
                               .email = json_get_str(o, STR("email")),
                               .place = json_get_str(o, STR("place"))};
    TRY(spend(op, id, proposal, text));
    TRY(consents(op, id, patient, &s, &r));
    TRY(share_invite(op, id, patient, &s, &r));
    *ret = r;
    return OK;
}
