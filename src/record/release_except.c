/* A clinician holds one result back from its patient: by an exception that has a name, judged for
 * this person and this result, the reason in the trail (45 CFR 171.201, 171.202; CURES-01 and
 * CURES-03 decide). Invariant: never without an end, never more than RECORD_WITHHELD_MAX at once,
 * and the patient reads that it is so, by which exception and until when. */
#include "base/time.h"
#include "record/entry_int.h"
#include "record/release_int.h"

#define REASON_MAX 2000u
#define TELL_MAX 500u
#define HOUR_MS INT64_C(3600000)
#define DAY_HOURS 24

static err checked(struct op *op, const struct record_withhold *w)
{
    const struct release_exception *x = release_exception_of(w->exception);
    if (!x)
        return fail_at(op, ERR_UNPROCESSABLE, STR("exception"),
                       "Name the exception: preventing_harm_individual or privacy_exception. A "
                       "general rule or a wait for review is none.");
    if (w->until <= op->now || w->until - op->now > (int64_t)x->days * DAY_HOURS * HOUR_MS)
        return fail_at(op, ERR_UNPROCESSABLE, STR("until"),
                       "Say until when, %u days from now at most; then it is judged anew.",
                       x->days);
    if (w->reason.n > REASON_MAX || w->tell.n > TELL_MAX)
        return fail_at(op, ERR_UNPROCESSABLE, STR("reason"), "That is too long.");
    return OK;
}

static err decided(struct op *op, struct record *rec, const struct record_withhold *w,
                   struct json **ret)
{
    struct facts *f = facts_new(op);
    struct verdict v;
    TRY(op_check(op));
    facts_set_str(f, FACT_DATA_KIND, STR("ehi"));
    facts_set_bool(f, FACT_PATIENT_HAS_PORTAL_OR_ASKED, true);
    facts_set_num(f, FACT_DELAY_HOURS, (unsigned)((w->until - op->now) / HOUR_MS + 1));
    facts_set_str(f, FACT_DELAY_BASIS, w->exception);
    facts_set_bool(f, FACT_EXCEPTION_NAMED, true);
    facts_set_bool(f, FACT_CONDITIONS_CHECKED, w->checked);
    facts_set_bool(f, FACT_REASON_RECORDED, w->reason.n > 0);
    TRY(policy_decide(op, record_rulebook(rec),
                      TRIGGER_BIT(TRIGGER_RESULT_RELEASE) | TRIGGER_BIT(TRIGGER_EHI_REFUSE), f,
                      &v));
    if (v.decision != DECISION_ALLOW)
        return fail(op, ERR_UNPROCESSABLE,
                    "Holding a result back needs a named exception, its conditions checked for "
                    "this patient and this result (checked), and the reason written down.");
    *ret = verdict_to_json(op, &v);
    json_set_str(op->arena, *ret, STR("exception"), w->exception);
    json_set_str(op->arena, *ret, STR("reason"), w->reason);
    json_set_str(op->arena, *ret, STR("until"), time_format(op->arena, w->until));
    return op_check(op);
}

static err item_of(struct op *op, str reference, const struct record_withhold *w, struct json **ret)
{
    struct buf b;
    buf_init(&b, op->arena, 16u << 10);
    buf_printf(
        &b,
        "{\"linkId\":\"" RELEASE_WITHHELD_ITEM "\",\"answer\":[{\"valueReference\":{"
        "\"reference\":\"%.*s\"},\"item\":[{\"linkId\":\"exception\",\"answer\":[{"
        "\"valueCoding\":{\"system\":\"" RECORD_RELEASE_TAG "\",\"code\":\"%.*s\",\"display\":"
        "\"%s\"}}]},{\"linkId\":\"until\",\"answer\":[{\"valueDateTime\":\"%.*s\"}]}",
        STR_ARG(reference), STR_ARG(w->exception), release_exception_of(w->exception)->citation,
        STR_ARG(time_format(op->arena, w->until)));
    if (op->actor->reference.n) {
        buf_add(&b, STR(",{\"linkId\":\"by\",\"answer\":[{\"valueReference\":{\"reference\":"));
        buf_json_string(&b, op->actor->reference);
        buf_add(&b, STR("}}]}"));
    }
    if (w->tell.n) {
        buf_add(&b, STR(",{\"linkId\":\"tell\",\"answer\":[{\"valueString\":"));
        buf_json_string(&b, w->tell);
        buf_add(&b, STR("}]}"));
    }
    buf_add(&b, STR("]}]}"));
    return json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, ret);
}

/* The form of the patient anew, by the house; the line is the clinician's. */
static err write_form(struct op *op, struct record *rec, const struct record_doc *result,
                      const struct record_withhold *w, const struct json *verdict)
{
    struct release_kept kept;
    struct json *item = NULL;
    fhir_type t;
    str patient;
    str reference = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(result->type)),
                                 STR_ARG(result->id));
    TRY(record_name(op, rec, result->patient, &t, &patient));
    TRY(release_load(op, rec, result->patient, &kept));
    bool held = release_withheld(op, &kept.w, result->rid);
    if (w->until && !held && kept.w.n_withheld >= RECORD_WITHHELD_MAX)
        return fail(op, ERR_CONFLICT, "%u results of one patient are held back at most.",
                    RECORD_WITHHELD_MAX);
    if (!w->until && !held)
        return fail(op, ERR_CONFLICT, "This result is not held back.");
    if (w->until)
        TRY(item_of(op, reference, w, &item));
    struct release_form f = {.kept = &kept, .more = item, .but = reference, .by_clinician = true};
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    TRY(release_form_put(tx, patient, &f));
    record_tx_trail(tx, w->until ? STR("result-withheld") : STR("result-released"), result->type,
                    result->id, verdict);
    return record_commit(tx);
}

err record_release_withhold(struct op *op, struct record *rec, fhir_type type, str id,
                            const struct record_withhold *w)
{
    struct record_doc d;
    struct json *verdict = NULL;
    if (!op->actor || op->actor->role != ROLE_NURSE || op->actor->scopes)
        return fail(op, ERR_FORBIDDEN, "Who treats the patient judges this.");
    TRY(record_read(op, rec, type, id, &d));
    if (!d.patient || !release_type(fhir_type_name(type)))
        return fail(op, ERR_UNPROCESSABLE, "This is no result of a patient.");
    if (w->until) {
        TRY(checked(op, w));
        TRY(decided(op, rec, w, &verdict));
    }
    return write_form(op, rec, &d, w, verdict);
}
