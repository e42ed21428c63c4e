/* Time spent for a patient: a Procedure with a period, written by who spent it, and read again for
 * the month. */
#include "programme/programme_int.h"

#define HOUR 3600000LL
#define LONGEST (4 * HOUR)
#define OLDEST (30 * DAY_MS)
#define TIMES_MAX 10000u

static const struct kind {
    const char *code;
    bool contact; /* in real time */
} kinds[] = {
    {"call", true}, {"video", true}, {"visit", true}, {"message", false}, {"review", false}};
#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *kind_of(str code)
{
    for (size_t i = 0; i < KINDS; i++)
        if (str_eq(code, str_of(kinds[i].code)))
            return &kinds[i];
    return NULL;
}

/* ---- written ---- */
/* The plan of an enrolment that is not over. */
static err plan_under_way(struct op *op, struct programmes *p, str patient, str *ret)
{
    struct record_page page;
    TRY(record_find(op, p->rec, fhir_type_parse(STR("CarePlan")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&identifier=" PROGRAMME_EPISODE
                                 "%%7C&status=active,on-hold&_count=1",
                                 STR_ARG(patient)),
                    &page));
    if (!page.n)
        return fail(op, ERR_UNPROCESSABLE, "This patient is in no programme now.");
    *ret = page.docs[0].id;
    return OK;
}

static err check(struct op *op, const struct programme_spent *s)
{
    if (!kind_of(s->kind))
        return fail_at(op, ERR_INVALID, STR("kind"),
                       "kind is call, video, visit, message or review.");
    if (s->from >= s->to || s->to - s->from > LONGEST || s->to > op->now + 60000)
        return fail(op, ERR_UNPROCESSABLE,
                    "Time has a start and an end, is over, and lasted four hours at most.");
    if (s->from < op->now - OLDEST)
        return fail(op, ERR_UNPROCESSABLE, "Time is written down within 30 days.");
    if (s->note.n > PROGRAMME_NOTE_MAX)
        return fail_at(op, ERR_INVALID, STR("note"), "The note is too long.");
    if (!op->actor || !str_starts(op->actor->reference, STR("Practitioner/")))
        return fail(op, ERR_FORBIDDEN, "Only those who treat write down their time.");
    return OK;
}

err programme_time(struct op *op, struct programmes *p, const struct programme_spent *s,
                   struct record_result *ret)
{
    struct arena *a = op->arena;
    struct json *t;
    str plan = STR_NONE;
    TRY(check(op, s));
    TRY(plan_under_way(op, p, s->patient, &plan));
    str text = arena_printf(
        a,
        "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"basedOn\":[{\"reference\":"
        "\"CarePlan/%.*s\"}],\"category\":{\"coding\":[{\"system\":\"" PROGRAMME_TIME
        "\",\"code\":\"%.*s\"}]},\"subject\":{\"reference\":\"Patient/%.*s\"},\"performedPeriod\":"
        "{\"start\":\"%.*s\",\"end\":\"%.*s\"},\"performer\":[{\"actor\":{\"reference\":\"%.*s\"}}]"
        "}",
        STR_ARG(plan), STR_ARG(s->kind), STR_ARG(s->patient), STR_ARG(time_format(a, s->from)),
        STR_ARG(time_format(a, s->to)), STR_ARG(op->actor->reference));
    TRY(fhir_read(op, text, 0, &t));
    if (s->note.n) {
        struct json *notes = json_new(a, JSON_ARRAY);
        programme_note(op, notes, s->note);
        json_set(a, t, STR("note"), notes);
        TRY(fhir_validate(op, t));
    }
    return record_create(op, p->rec, t, STR_NONE, ret);
}

/* ---- read ---- */
struct gathering {
    struct spent_list *into;
    struct arena *a;
    str zone;
};

static err add_time(void *ctx, struct op *op, const struct record_doc *doc, const struct json *t)
{
    struct gathering *g = ctx;
    struct time_span from, to;
    const struct kind *k = kind_of(json_str(json_path(t, "category.coding.0.code")));
    if (!k || !str_eq(json_get_str(t, STR("status")), STR("completed")) ||
        !time_parse(json_str(json_path(t, "performedPeriod.start")), &from) ||
        !time_parse(json_str(json_path(t, "performedPeriod.end")), &to))
        return OK;
    struct spent s = {
        .from = from.lo,
        .to = to.lo,
        .day = day_of(from.lo, g->zone),
        .contact = k->contact,
        .kind = str_of(k->code),
        .reference = arena_printf(g->a, "Procedure/%.*s/_history/%u", STR_ARG(doc->id), doc->vid),
        .who = arena_str(g->a, json_str(json_path(t, "performer.0.actor.reference")))};
    VEC_PUSH(g->a, &g->into->list, s);
    return op_check(op);
}

err spent_times(struct op *op, struct programmes *p, str patient, str zone, struct spent_list *io)
{
    struct gathering g = {.into = io, .a = op->arena, .zone = zone};
    struct record_each walk = {
        .type = "Procedure",
        .query = arena_printf(op->arena,
                              "patient=Patient/%.*s&category=" PROGRAMME_TIME
                              "%%7C&date=ge%.*s&date=lt%.*s",
                              STR_ARG(patient), STR_ARG(time_format(op->arena, io->from - LONGEST)),
                              STR_ARG(time_format(op->arena, io->to))),
        .max = TIMES_MAX,
        .fn = add_time,
        .ctx = &g};
    return record_find_each(op, p->rec, &walk);
}
