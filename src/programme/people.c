/* Who was in a programme in the last days, and from when to when: for sums over everybody. In an
 * order that no property of theirs decides, so that the first of them are a fair sample; the same
 * each time, so that one can go on where one stopped. */
#include "programme/programme_int.h"

#include "base/vec.h"

#include <stdlib.h>

#define PEOPLE_MAX 50000u

struct crowd {
    struct arena *a;
    int64_t since, now;
    VEC(struct programme_person) all;
};

/* All of their time in it, rests in between as well. */
static err add_episode(void *ctx, struct op *op, const struct record_doc *doc,
                       const struct json *tree)
{
    struct crowd *c = ctx;
    const struct json *history = JSON_GET(tree, "statusHistory"), *one;
    struct programme_person who = {.from = INT64_MAX, .to = INT64_MIN};
    (void)doc;
    if (!enrolment_programme(tree))
        return OK;
    for (size_t i = 0; (one = json_at(history, i)); i++) {
        struct time_span start, end = {.lo = c->now};
        if (!str_eq(json_get_str(one, STR("status")), STR("active")) ||
            !time_parse(json_str(json_path(one, "period.start")), &start))
            continue;
        (void)time_parse(json_str(json_path(one, "period.end")), &end);
        who.from = start.lo < who.from ? start.lo : who.from;
        who.to = end.lo > who.to ? end.lo : who.to;
    }
    if (who.to < c->since || who.from > c->now)
        return OK;
    who.patient =
        arena_str(c->a, fhir_ref_parse(json_str(json_path(tree, "patient.reference"))).id);
    who.place = str_hash(who.patient) * 0x9e3779b97f4a7c15u; /* ids alike lie apart */
    VEC_PUSH(c->a, &c->all, who);
    return op_check(op);
}

static int by_place(const void *a, const void *b)
{
    const struct programme_person *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return str_cmp(x->patient, y->patient);
}

/* Who was in it twice is one person. */
static size_t merged(struct programme_person *all, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct programme_person *last = kept ? &all[kept - 1] : NULL;
        if (!last || !str_eq(last->patient, all[i].patient)) {
            all[kept++] = all[i];
            continue;
        }
        last->from = all[i].from < last->from ? all[i].from : last->from;
        last->to = all[i].to > last->to ? all[i].to : last->to;
    }
    return kept;
}

err programme_people(struct op *op, struct programmes *p, str code, int64_t since,
                     struct programme_people *ret)
{
    struct crowd c = {.a = op->arena, .since = since, .now = op->now};
    struct record_each walk = {
        .type = "EpisodeOfCare",
        .query = arena_printf(op->arena, "type=" PROGRAMME_SYSTEM "%%7C%.*s", STR_ARG(code)),
        .max = PEOPLE_MAX,
        .fn = add_episode,
        .ctx = &c};
    if (!programme_find(code))
        return fail_at(op, ERR_NOT_FOUND, STR("programme"), "There is no such programme.");
    TRY(record_find_each(op, p->rec, &walk));
    if (c.all.n)
        qsort(c.all.at, c.all.n, sizeof *c.all.at, by_place);
    *ret = (struct programme_people){c.all.at, merged(c.all.at, c.all.n)};
    return op_check(op);
}
