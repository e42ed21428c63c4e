/* What changes which results wait: the patient's choice, and that a clinician told them. Invariant:
 * the choice is written by the patient alone, and each step is in the trail with the rules that
 * allow it. */
#include "base/time.h"
#include "record/release_int.h"

#define TEXT_MAX 4000u
#define HOUR_DAYS 24

const struct actor *release_house(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    return &self;
}

/* Of one type, page by page. */
static err count_type(struct op *op, struct record *rec, fhir_type type, str query,
                      struct record_release *w)
{
    struct record_page page = {0};
    struct store_doc d;
    do {
        str q = page.next.n
                    ? arena_printf(op->arena, "%.*s&_page=%.*s", STR_ARG(query), STR_ARG(page.next))
                    : query;
        TRY(record_find(op, rec, type, q, &page));
        for (size_t i = 0; i < page.n_match; i++) {
            TRY(store_get(op, rec->store, page.docs[i].rid, &d));
            w->waiting += !d.deleted && release_held(op, rec, w, &d);
        }
    } while (page.next.n);
    return OK;
}

/* The waiting results of one patient: no wish holds what was there before it, an exception may. */
static err count_waiting(struct op *op, struct record *rec, str patient, struct record_release *w)
{
    int64_t from = op->now + 1;
    struct store_doc d;
    for (size_t i = 0; i < release_count(); i++)
        if (w->wish[i].how != RELEASE_NOW && w->wish[i].since < from)
            from = w->wish[i].since;
    str query = arena_printf(op->arena, "patient=Patient/%.*s&_lastUpdated=ge%.*s&_count=200",
                             STR_ARG(patient), STR_ARG(time_format(op->arena, from)));
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        if (release_type(fhir_type_name(t)))
            TRY(count_type(op, rec, t, query, w));
    for (size_t i = 0; i < w->n_withheld; i++) {
        TRY(store_get(op, rec->store, w->withheld[i].rid, &d));
        w->waiting += !d.deleted && d.time < from;
    }
    return OK;
}

static bool is_self(const struct op *op, uint64_t patient)
{
    return op->actor && op->actor->role == ROLE_PATIENT && !op->actor->scopes &&
           op->actor->patient == patient;
}

err record_release_get(struct op *op, struct record *rec, str patient, struct record_release *ret)
{
    struct record_doc p;
    struct release_kept kept;
    const struct actor *person = op->actor;
    TRY(record_read(op, rec, rec->t_patient, patient, &p));
    TRY(release_load(op, rec, p.rid, &kept));
    *ret = kept.w;
    ret->said = JSON_GET(kept.tree, "item");
    if (!is_self(op, p.rid) || !kept.tree)
        return OK;
    op->actor = release_house();
    err e = count_waiting(op, rec, patient, ret);
    op->actor = person;
    return e;
}

static void add_choice(struct op *op, struct buf *b, size_t i, const struct release_wish *w)
{
    buf_printf(b,
               "%s{\"linkId\":\"%.*s\",\"answer\":[{\"valueCoding\":{\"system\":\"%s\",\"code\":"
               "\"%.*s\"},\"item\":[{\"linkId\":\"%.*s.since\",\"answer\":[{\"valueDateTime\":"
               "\"%.*s\"}]}]}]}",
               i ? "," : "", STR_ARG(release_category(i)), RECORD_RELEASE_TAG,
               STR_ARG(release_how_name(w->how)), STR_ARG(release_category(i)),
               STR_ARG(time_format(op->arena, w->since)));
}

/* What holds on of what was withheld. */
static void keep_withheld(struct op *op, const struct release_form *f, struct buf *b)
{
    const struct json *items = JSON_GET(f->kept->tree, "item"), *one;
    for (size_t i = 0; (one = json_at(items, i)); i++) {
        str of = json_str(json_path(one, "answer.0.valueReference.reference"));
        struct time_span until;
        if (!str_eq(json_get_str(one, STR("linkId")), STR(RELEASE_WITHHELD_ITEM)) ||
            str_eq(of, f->but) ||
            !time_parse(json_str(json_path(one, "answer.0.item.1.answer.0.valueDateTime")),
                        &until) ||
            until.lo <= op->now)
            continue;
        buf_char(b, ',');
        json_write(b, one);
    }
}

static err make(struct op *op, str patient, const struct release_form *f, struct json **ret)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 10);
    buf_printf(&b,
               "{\"resourceType\":\"QuestionnaireResponse\",\"questionnaire\":\"%s\",\"status\":"
               "\"completed\",\"subject\":{\"reference\":\"Patient/%.*s\"},",
               RECORD_RELEASE_FORM, STR_ARG(patient));
    if (JSON_GET(f->kept->tree, "author") || !f->by_clinician)
        buf_printf(&b, "\"author\":{\"reference\":\"Patient/%.*s\"},", STR_ARG(patient));
    buf_printf(&b, "\"authored\":\"%.*s\",\"item\":[", STR_ARG(time_format(op->arena, op->now)));
    for (size_t i = 0; i < release_count(); i++)
        add_choice(op, &b, i, &f->kept->w.wish[i]);
    keep_withheld(op, f, &b);
    if (f->more) {
        buf_char(&b, ',');
        json_write(&b, f->more);
    }
    buf_add(&b, STR("]}"));
    return json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, ret);
}

err release_form_put(struct record_tx *tx, str patient, const struct release_form *f)
{
    struct op *op = tx->op;
    const struct store_doc *old = &f->kept->doc;
    const struct actor *person = op->actor;
    struct json *form;
    str id;
    TRY(make(op, patient, f, &form));
    op->actor = release_house();
    err e = old->rid
                ? record_tx_update(tx, tx->rec->t_form,
                                   doc_id(op, tx->rec, old->rid, old->client_id), form, old->vid)
                : record_tx_create(tx, form, &id);
    op->actor = person;
    if (e == OK)
        tx->staged.at[tx->staged.n - 1]->none = f->kept->none;
    return e;
}

/* A wish goes on from when it began; one that begins holds what comes from now on. */
static void choose(const struct op *op, struct record_release *w, const enum release_how *how)
{
    for (size_t i = 0; i < release_count(); i++) {
        if (w->wish[i].how == RELEASE_NOW || how[i] == RELEASE_NOW)
            w->wish[i].since = op->now;
        w->wish[i].how = how[i];
    }
}

/* What the rulebook says of a delay by the patient's own wish. */
static err decided(struct op *op, struct record *rec, const struct record_release *w,
                   struct json **ret)
{
    struct facts *f = facts_new(op);
    struct verdict v;
    unsigned hours = 0;
    for (size_t i = 0; i < release_count(); i++)
        if (w->wish[i].how != RELEASE_NOW && release_days(i) * HOUR_DAYS > hours)
            hours = release_days(i) * HOUR_DAYS;
    TRY(op_check(op));
    facts_set_str(f, FACT_DATA_KIND, STR("ehi"));
    facts_set_bool(f, FACT_PATIENT_HAS_PORTAL_OR_ASKED, true);
    facts_set_num(f, FACT_DELAY_HOURS, hours);
    facts_set_num(f, FACT_AGREED_DELAY_HOURS, hours);
    facts_set_bool(f, FACT_PATIENT_REQUEST_RECORD, true);
    facts_set_str(f, FACT_DELAY_BASIS, hours ? STR("patient_request") : STR("none"));
    TRY(policy_decide(op, record_rulebook(rec), TRIGGER_BIT(TRIGGER_RESULT_RELEASE), f, &v));
    if (v.decision != DECISION_ALLOW)
        return fail(op, ERR_FORBIDDEN, "The rulebook does not allow that results wait so.");
    *ret = verdict_to_json(op, &v);
    return op_check(op);
}

err record_release_set(struct op *op, struct record *rec, str patient, const enum release_how *how)
{
    struct record_doc p;
    struct release_kept kept;
    struct json *verdict = NULL;
    TRY(record_read(op, rec, rec->t_patient, patient, &p));
    if (!is_self(op, p.rid))
        return fail(op, ERR_FORBIDDEN, "Only the patient chooses when results are shown.");
    TRY(release_load(op, rec, p.rid, &kept));
    choose(op, &kept.w, how);
    TRY(decided(op, rec, &kept.w, &verdict));
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    TRY(release_form_put(tx, patient, &(struct release_form){.kept = &kept}));
    record_tx_trail(tx, STR("release-chosen"), rec->t_patient, patient, verdict);
    return record_commit(tx);
}

/* ---- told ---- */

static err write_about(struct record_tx *tx, struct op *op, const struct record_doc *d, str patient,
                       const struct record_told *told)
{
    struct buf b;
    struct json *note;
    str id, who = op->actor->reference;
    bool phone = told->how == RELEASE_PHONE;
    buf_init(&b, op->arena, 64u << 10);
    buf_printf(
        &b,
        "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"
        "\"reference\":\"Patient/%.*s\"},\"recipient\":[{\"reference\":\"Patient/%.*s\"}],"
        "\"about\":[{\"reference\":\"%.*s/%.*s\"}],\"sent\":\"%.*s\",\"medium\":[{\"coding\":"
        "[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ParticipationMode\",\"code\":"
        "\"%s\"}]}]",
        STR_ARG(patient), STR_ARG(patient), STR_ARG(fhir_type_name(d->type)), STR_ARG(d->id),
        STR_ARG(time_format(op->arena, op->now)), phone ? "PHONE" : "ELECTRONIC");
    if (who.n)
        buf_printf(&b, ",\"sender\":{\"reference\":\"%.*s\"}", STR_ARG(who));
    if (told->text.n) {
        buf_add(&b, STR(",\"payload\":[{\"contentString\":"));
        buf_json_string(&b, told->text);
        buf_add(&b, STR("}]"));
    }
    buf_char(&b, '}');
    TRY(json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, &note));
    return record_tx_create(tx, note, &id);
}

void release_tag(struct op *op, struct json *tree, enum release_how how)
{
    struct arena *a = op->arena;
    struct json *meta = JSON_GET(tree, "meta"), *one = json_new(a, JSON_OBJECT);
    json_set_str(a, one, STR("system"), STR(RECORD_RELEASE_TAG));
    json_set_str(a, one, STR("code"), release_how_name(how));
    if (!JSON_GET(meta, "tag"))
        json_set(a, meta, STR("tag"), json_new(a, JSON_ARRAY));
    json_push(a, JSON_GET(meta, "tag"), one);
}

err record_release_tell(struct op *op, struct record *rec, fhir_type type, str id,
                        const struct record_told *told, struct record_doc *ret)
{
    struct record_doc d;
    struct json *tree;
    fhir_type t;
    str patient;
    if (!op->actor || op->actor->role != ROLE_NURSE || op->actor->scopes)
        return fail(op, ERR_FORBIDDEN, "Who treats the patient tells them of a result.");
    TRY(record_read(op, rec, type, id, &d));
    if (!d.patient || !release_type(fhir_type_name(type)))
        return fail(op, ERR_UNPROCESSABLE, "This is no result of a patient.");
    if (told->text.n > TEXT_MAX || (told->how == RELEASE_WRITTEN && !told->text.n))
        return fail_at(op, ERR_UNPROCESSABLE, STR("text"),
                       "Write to the patient, in at most %u characters.", TEXT_MAX);
    TRY(record_name(op, rec, d.patient, &t, &patient));
    TRY(record_parse(op, &d, &tree));
    release_tag(op, tree, told->how);
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    TRY(record_tx_update(tx, type, id, tree, d.vid));
    TRY(write_about(tx, op, &d, patient, told));
    record_tx_trail(tx, STR("result-told"), type, id, NULL);
    TRY(record_commit(tx));
    return record_read(op, rec, type, id, ret);
}
