/* An enrolment as it is read: the EpisodeOfCare, which programme it is of, and the CarePlan with
 * its steps. */
#include "programme/programme_int.h"

const struct programme *enrolment_programme(const struct json *episode)
{
    const struct json *types = JSON_GET(episode, "type"), *codings, *c;
    for (size_t i = 0; (codings = JSON_GET(json_at(types, i), "coding")); i++)
        for (size_t k = 0; (c = json_at(codings, k)); k++)
            if (str_eq(json_get_str(c, STR("system")), STR(PROGRAMME_SYSTEM)))
                return programme_find(json_get_str(c, STR("code")));
    return NULL;
}

err enrolment_of(struct op *op, struct programmes *p, const struct record_doc *doc,
                 struct enrolment *ret)
{
    struct enrolment e = {.doc = *doc};
    struct record_page page;
    TRY(record_parse(op, doc, &e.tree));
    e.of = enrolment_programme(e.tree);
    e.status = json_get_str(e.tree, STR("status"));
    e.patient = fhir_ref_parse(json_str(json_path(e.tree, "patient.reference"))).id;
    if (!e.of)
        return fail(op, ERR_UNPROCESSABLE, "This episode is not one of a programme.");
    TRY(record_find(op, p->rec, fhir_type_parse(STR("CarePlan")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&identifier=" PROGRAMME_EPISODE
                                 "%%7C%.*s&_count=1",
                                 STR_ARG(e.patient), STR_ARG(doc->id)),
                    &page));
    if (page.n) {
        e.plan_doc = page.docs[0];
        TRY(record_parse(op, &e.plan_doc, &e.plan));
    }
    *ret = e;
    return OK;
}

err enrolment_read(struct op *op, struct programmes *p, str id, struct enrolment *ret)
{
    struct record_doc doc;
    TRY(record_read(op, p->rec, fhir_type_parse(STR("EpisodeOfCare")), id, &doc));
    TRY(enrolment_of(op, p, &doc, ret));
    return ret->plan ? OK : fail(op, ERR_UNPROCESSABLE, "This episode has no plan of ours.");
}

struct json *enrolment_activity(const struct enrolment *e, str step)
{
    struct json *all = JSON_GET(e->plan, "activity"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_str(json_path(one, "detail.code.coding.0.code")), step) &&
            str_eq(json_str(json_path(one, "detail.code.coding.0.system")), STR(PROGRAMME_STEP)))
            return one;
    return NULL;
}

bool activity_done(const struct json *activity)
{
    return str_eq(json_str(json_path(activity, "detail.status")), STR("completed"));
}

int64_t enrolment_done(const struct enrolment *e, enum step_kind kind, str zone)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < e->of->n_steps; i++) {
        struct time_span when;
        if (e->of->steps[i].kind != kind)
            continue;
        const struct json *a = enrolment_activity(e, str_of(e->of->steps[i].code));
        if (!activity_done(a) || !time_parse(json_str(json_path(a, "progress.0.time")), &when))
            return DAY_NEVER;
        int64_t day = day_of(when.lo, zone);
        last = day > last ? day : last;
    }
    return last == INT64_MIN ? DAY_NEVER : last;
}
