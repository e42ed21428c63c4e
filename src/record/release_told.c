/* A clinician's own Communication to the patient about a result that waits ends the wait: the
 * result has its tag in the same transaction. It does not ask who may write the Communication, nor
 * tell by itself. Invariant: only what the writer, a clinician and no app, sees, and only a result
 * of the very patient that the Communication is about and to; a wish for a call waits for a call.
 */
#include "record/entry_int.h"
#include "record/release_int.h"

#define MODE_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"

static uint64_t patient_of(struct record_tx *tx, const struct json *reference)
{
    struct fhir_ref ref = fhir_ref_parse(json_get_str(reference, STR("reference")));
    struct target *t = NULL;
    if (ref.kind == REF_LOCAL && ref.type == tx->rec->t_patient)
        t = target_get(tx, ref.type, ref.id);
    return t && t->found ? t->rid : 0;
}

/* Whom it is about, when it went to them; 0: to somebody else, or not yet. */
static uint64_t told_whom(struct record_tx *tx, const struct json *note)
{
    const struct json *to = JSON_GET(note, "recipient"), *one;
    if (!str_eq(json_get_str(note, STR("status")), STR("completed")))
        return 0;
    uint64_t whose = patient_of(tx, JSON_GET(note, "subject"));
    for (size_t i = 0; whose && (one = json_at(to, i)); i++)
        if (patient_of(tx, one) == whose)
            return whose;
    return 0;
}

/* Said (PHONE, or face to face) or written; false: neither. */
static bool how_told(const struct json *note, bool *ret_phone)
{
    static const char *const spoken[] = {"PHONE", "PHYSICAL", "VERBAL", "VIDEOCONF"};
    const struct json *media = JSON_GET(note, "medium"), *one, *c;
    *ret_phone = false;
    for (size_t i = 0; (one = json_at(media, i)); i++)
        for (size_t k = 0; (c = json_at(JSON_GET(one, "coding"), k)); k++)
            for (size_t s = 0; s < sizeof spoken / sizeof *spoken; s++)
                *ret_phone |= str_eq(json_get_str(c, STR("system")), STR(MODE_SYSTEM)) &&
                              str_eq(json_get_str(c, STR("code")), str_of(spoken[s]));
    return *ret_phone || json_at(JSON_GET(note, "payload"), 0);
}

static err end_wait(struct record_tx *tx, const struct store_doc *d, bool phone)
{
    struct op *op = tx->op;
    struct json *tree;
    const struct actor *writer = op->actor;
    str id = doc_id(op, tx->rec, d->rid, d->client_id);
    TRY(tree_of(op, tx->rec, d, &tree));
    tree = json_dup(op->arena, tree);
    TRY(op_check(op));
    release_tag(op, tree, phone ? RELEASE_PHONE : RELEASE_WRITTEN);
    op->actor = release_house();
    err e = record_tx_update(tx, d->type, id, tree, d->vid);
    op->actor = writer;
    TRY(e);
    record_tx_trail(tx, STR("result-told"), d->type, id, NULL);
    return op_check(op);
}

static err about(struct record_tx *tx, const struct json *reference, uint64_t whose, bool phone)
{
    struct op *op = tx->op;
    struct fhir_ref ref = fhir_ref_parse(json_get_str(reference, STR("reference")));
    struct store_doc d;
    struct record_release w;
    struct release_wish wish;
    if (ref.kind != REF_LOCAL || !release_type(fhir_type_name(ref.type)))
        return OK;
    struct target *t = target_get(tx, ref.type, ref.id);
    if (!t || !t->found || t->staged || t->comp != whose || !release_wishes(op, tx->rec, whose, &w))
        return op_check(op);
    TRY(store_get(op, tx->rec->store, t->rid, &d));
    if (d.deleted || !access_may_see(op, tx->rec, NULL, &d) ||
        !release_wished(op, tx->rec, &w, &d, &wish) || !release_answered(wish.how, phone))
        return op_check(op);
    return end_wait(tx, &d, phone);
}

static err by_note(struct record_tx *tx, const struct staged *s)
{
    bool phone;
    uint64_t whose = told_whom(tx, s->resource);
    const struct json *all = JSON_GET(s->resource, "about"), *one;
    if (!whose || !how_told(s->resource, &phone))
        return op_check(tx->op);
    for (size_t i = 0; (one = json_at(all, i)); i++)
        TRY(about(tx, one, whose, phone));
    return OK;
}

err release_written(struct record_tx *tx)
{
    const struct actor *committer = tx->op->actor;
    size_t n = tx->staged.n; /* what is added is no Communication */
    err e = OK;
    for (size_t i = 0; e == OK && i < n; i++) {
        const struct staged *s = tx->staged.at[i];
        const struct actor *a = s->actor;
        if (s->type != tx->rec->t_note || !s->resource || !a || a->role != ROLE_NURSE || a->scopes)
            continue;
        tx->op->actor = a;
        e = by_note(tx, s);
        tx->op->actor = committer;
    }
    return e;
}
