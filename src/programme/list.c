/* Who is in which programme, how far, and on how many of the days a device sent something. */
#include "programme/programme_int.h"

#define ENROLLED_MAX 5000u

struct listing {
    struct op *op;
    struct programmes *p;
    struct json *rows;
    bool kept; /* days with data are, and op->actor may see them */
};

static void set_i64(struct op *op, struct json *o, const char *name, int64_t v)
{
    json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

/* What is kept answers for everybody; readings are read where it does not. */
static err days_of(struct op *op, const struct listing *l, const struct enrolment *e, str zone,
                   const struct day_span *over, struct data_days *ret)
{
    uint64_t rid = 0;
    if (l->kept)
        TRY(record_resolve(op, l->p->rec, fhir_type_parse(STR("Patient")), e->patient, &rid));
    if (rid && kept_days(op, l->p, rid, zone, over, ret))
        return op_check(op);
    return data_days(op, l->p, e->patient, zone, over, ret);
}

/* Whole days only: today is not over. */
static err adherence(struct op *op, const struct listing *l, const struct enrolment *e, str zone,
                     struct json *row)
{
    struct day_span *active;
    struct data_days data = {0};
    size_t n, with = 0;
    int64_t today = day_of(op->now, zone), enrolled = 0, counted = INT64_MIN;
    TRY(enrolment_active(op, e, zone, &active, &n));
    if (n) {
        bool over_now = str_eq(e->status, STR("finished")) || str_eq(e->status, STR("cancelled"));
        struct day_span over = {active[0].from, over_now ? active[n - 1].to : today};
        TRY(days_of(op, l, e, zone, &over, &data));
    }
    for (size_t i = 0; i < n; i++)
        for (int64_t d = active[i].from; d <= active[i].to && d < today; d++) {
            if (d <= counted)
                continue; /* it rested and went on in one day */
            counted = d;
            enrolled++;
            for (size_t k = 0; k < data.list.n; k++)
                with += data.list.at[k].day == d;
        }
    set_i64(op, row, "enrolled", enrolled);
    set_i64(op, row, "withData", (int64_t)with);
    if (data.list.n)
        json_set_str(op->arena, row, STR("last"), day_text(op, data.list.at[data.list.n - 1].day));
    return OK;
}

static struct json *steps_of(struct op *op, const struct enrolment *e)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    for (size_t i = 0; i < e->of->n_steps; i++)
        json_set(op->arena, o, str_of(e->of->steps[i].code),
                 json_new_bool(op->arena,
                               activity_done(enrolment_activity(e, str_of(e->of->steps[i].code)))));
    return o;
}

static err add_row(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    struct listing *l = ctx;
    struct enrolment e;
    struct json *row = json_new(op->arena, JSON_OBJECT);
    const struct json *name;
    str zone;
    if (!enrolment_programme(tree))
        return OK;
    TRY(enrolment_of(op, l->p, doc, &e));
    err seen = patient_zone(op, l->p, e.patient, &zone, &name);
    if (programme_unseen(op, seen))
        return OK;
    TRY(seen);
    json_set_str(op->arena, row, STR("episode"), doc->id);
    json_set_str(op->arena, row, STR("patient"), e.patient);
    if (name)
        json_set(op->arena, row, STR("name"), name);
    json_set_str(op->arena, row, STR("programme"), str_of(e.of->code));
    json_set_str(op->arena, row, STR("status"), e.status);
    json_set_str(op->arena, row, STR("start"), json_str(json_path(e.plan, "period.start")));
    json_set_str(op->arena, row, STR("due"), json_str(json_path(e.plan, "period.end")));
    json_set_str(op->arena, row, STR("end"), json_str(json_path(e.tree, "period.end")));
    json_set(op->arena, row, STR("steps"), steps_of(op, &e));
    TRY(adherence(op, l, &e, zone, row));
    json_push(l->op->arena, l->rows, json_dup(l->op->arena, row));
    return op_check(op);
}

err programme_list(struct op *op, struct programmes *p, str code, str patient, struct json **ret)
{
    struct listing l = {.op = op, .p = p, .rows = json_new(op->arena, JSON_ARRAY)};
    struct record_each walk = {
        .type = "EpisodeOfCare",
        .query =
            arena_printf(op->arena, "type=" PROGRAMME_SYSTEM "%%7C%.*s&_sort=-date%s%.*s",
                         STR_ARG(code), patient.n ? "&patient=Patient/" : "", STR_ARG(patient)),
        .max = ENROLLED_MAX,
        .fn = add_row,
        .ctx = &l};
    if (code.n && !programme_find(code))
        return fail_at(op, ERR_NOT_FOUND, STR("programme"), "There is no such programme.");
    bool app = op->actor && op->actor->scopes; /* which may be shown some readings, or none */
    l.kept = !app && !record_narrows(op, p->rec, fhir_type_parse(STR("Observation"))) &&
             kept_is_current(p);
    TRY(record_find_each(op, p->rec, &walk));
    *ret = l.rows;
    return op_check(op);
}
