/* The month's lines with all that stands behind them. What is claimed for a patient is looked up as
 * the house and told only as "claimed": whoever bills may not see claims. */
#include "programme/programme_int.h"

#include <stdlib.h>

#define ENROLLED_MAX 5000u
#define CLAIMS_MAX 5000u

struct person { /* who is enrolled: all of their episodes, oldest first */
    str patient;
    VEC(str) episodes;
};
struct billing {
    struct op *op;
    struct programmes *p;
    int year, month;
    VEC(struct person) people;
    struct json *rows, *without;
};

struct evidence {
    struct arena *room;
    str zone, consent, order;
    const struct json *name;
    const struct programme *of;
    str episode; /* the newest */
    VEC(struct day_span) enrolled;
    VEC(int64_t) taught;
    struct data_days days;
    struct spent_list times;
    VEC(struct bill_claim) claims;
    struct bill_input in;
};

const struct actor *programme_house(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HPAYMT, .user = {"weft-programme", 14}};
    return &actor;
}

err programme_may_report(struct op *op)
{
    const struct actor *a = op->actor;
    if (a && !a->scopes && (a->role == ROLE_NURSE || a->role == ROLE_SYSTEM))
        return OK;
    return fail(op, ERR_FORBIDDEN, "Only those who treat see reports of a programme.");
}

bool programme_unseen(struct op *op, err e)
{
    if (e != ERR_NOT_FOUND && e != ERR_GONE && e != ERR_FORBIDDEN)
        return false;
    op_clear(op);
    return true;
}

err programme_claims(struct op *op, struct programmes *p, str patient, record_each_fn *fn,
                     void *ctx)
{
    struct record_each walk = {
        .type = "Claim",
        .query = arena_printf(op->arena, "patient=Patient/%.*s", STR_ARG(patient)),
        .max = CLAIMS_MAX,
        .fn = fn,
        .ctx = ctx};
    const struct actor *asks = op->actor;
    op->actor = programme_house();
    err e = record_find_each(op, p->rec, &walk);
    op->actor = asks;
    return e;
}

/* ---- who ---- */
static err add_person(void *ctx, struct op *op, const struct record_doc *doc,
                      const struct json *tree)
{
    struct billing *b = ctx;
    struct arena *a = b->op->arena;
    str patient = fhir_ref_parse(json_str(json_path(tree, "patient.reference"))).id;
    struct person *who = NULL;
    if (!enrolment_programme(tree))
        return OK;
    for (size_t i = 0; !who && i < b->people.n; i++)
        if (str_eq(b->people.at[i].patient, patient))
            who = &b->people.at[i];
    if (!who) {
        struct person fresh = {.patient = arena_str(a, patient)};
        VEC_PUSH(a, &b->people, fresh);
        TRY(op_check(b->op));
        who = &b->people.at[b->people.n - 1];
    }
    VEC_PUSH(a, &who->episodes, arena_str(a, doc->id));
    return op_check(op);
}

/* ---- what stands behind it ---- */
static err add_claim(void *ctx, struct op *op, const struct record_doc *doc, const struct json *c)
{
    struct evidence *e = ctx;
    const struct json *items = JSON_GET(c, "item"), *item;
    (void)doc;
    if (!str_eq(json_get_str(c, STR("status")), STR("active")))
        return OK;
    for (size_t i = 0; (item = json_at(items, i)); i++) {
        struct time_span from, to;
        str start = json_get_str(item, STR("servicedDate"));
        if (!start.n)
            start = json_str(json_path(item, "servicedPeriod.start"));
        if (!time_parse(start, &from))
            continue;
        if (!time_parse(json_str(json_path(item, "servicedPeriod.end")), &to))
            to = from;
        str code = json_str(json_path(item, "productOrService.coding.0.code"));
        struct bill_claim one = {.code = arena_str(e->room, code),
                                 .over = {from.lo / DAY_MS, to.lo / DAY_MS}};
        VEC_PUSH(e->room, &e->claims, one);
    }
    return op_check(op);
}

/* Where the periods that reach into the month began: they run on over enrolments less than a period
 * apart. */
static int64_t counted_from(const struct evidence *e)
{
    int64_t from = e->in.month.from;
    for (size_t i = e->enrolled.n; i-- > 0;) {
        const struct day_span *s = &e->enrolled.at[i];
        if (s->from < from && s->to + PERIOD >= from)
            from = s->from;
    }
    return from;
}

static int64_t first_day(const struct enrolment *e, enum step_kind kind, str zone, str *ret_ref)
{
    for (size_t i = 0; i < e->of->n_steps; i++)
        if (e->of->steps[i].kind == kind) {
            const struct json *a = enrolment_activity(e, str_of(e->of->steps[i].code));
            str ref = json_str(json_path(a, "outcomeReference.0.reference"));
            *ret_ref = ref.n ? ref : *ret_ref;
        }
    return enrolment_done(e, kind, zone);
}

static err add_episode(struct op *op, struct programmes *p, str id, struct evidence *e)
{
    struct record_doc doc;
    struct enrolment one;
    struct day_span *active;
    size_t n;
    TRY(record_read(op, p->rec, fhir_type_parse(STR("EpisodeOfCare")), id, &doc));
    TRY(enrolment_of(op, p, &doc, &one));
    TRY(enrolment_active(op, &one, e->zone, &active, &n));
    int64_t consent = first_day(&one, STEP_CONSENT, e->zone, &e->consent);
    int64_t order = first_day(&one, STEP_ORDER, e->zone, &e->order);
    int64_t taught = enrolment_done(&one, STEP_TEACH, e->zone);
    e->of = one.of;
    e->episode = id;
    e->in.consent = consent < e->in.consent ? consent : e->in.consent;
    e->in.order = order < e->in.order ? order : e->in.order;
    for (size_t i = 0; i < n; i++) {
        VEC_PUSH(op->arena, &e->enrolled, active[i]);
        VEC_PUSH(op->arena, &e->taught, taught);
    }
    return op_check(op);
}

static err gather(struct op *op, struct billing *b, const struct person *who, struct evidence *e)
{
    int64_t from = time_days_from_civil(b->year, (unsigned)b->month, 1);
    int next = b->month == 12 ? 1 : b->month + 1;
    int64_t to = time_days_from_civil(b->year + (b->month == 12), (unsigned)next, 1) - 1;
    TRY(patient_zone(op, b->p, who->patient, &e->zone, &e->name));
    e->in = (struct bill_input){.consent = DAY_NEVER,
                                .order = DAY_NEVER,
                                .today = day_of(op->now, e->zone),
                                .month = {from, to},
                                .month_from = day_start(from, e->zone),
                                .month_to = day_start(to + 1, e->zone)};
    for (size_t i = 0; i < who->episodes.n; i++)
        TRY(add_episode(op, b->p, who->episodes.at[i], e));
    struct day_span over = {counted_from(e), to};
    e->room = op->arena;
    e->days.named = true;
    TRY(data_days(op, b->p, who->patient, e->zone, &over, &e->days));
    e->times.from = e->in.month_from;
    e->times.to = e->in.month_to;
    TRY(spent_times(op, b->p, who->patient, e->zone, &e->times));
    TRY(programme_claims(op, b->p, who->patient, add_claim, e));
    e->in.family = e->of->family;
    e->in.enrolled = e->enrolled.at;
    e->in.taught = e->taught.at;
    e->in.n_enrolled = e->enrolled.n;
    e->in.days = e->days.list.at;
    e->in.n_days = e->days.list.n;
    e->in.times = e->times.list.at;
    e->in.n_times = e->times.list.n;
    e->in.claims = e->claims.at;
    e->in.n_claims = e->claims.n;
    return op_check(op);
}

/* ---- told ---- */
static struct json *lacks_of(struct op *op, unsigned lacks)
{
    static const char *const words[] = {"consent", "order", "teaching",
                                        "contact", "open",  "claimed"};
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (lacks & (1u << i))
            json_push(op->arena, list, json_new_str(op->arena, str_of(words[i])));
    return list;
}

static void who_is(struct op *op, struct json *o, const struct person *who,
                   const struct evidence *e)
{
    json_set_str(op->arena, o, STR("patient"), who->patient);
    if (e->name)
        json_set(op->arena, o, STR("name"), e->name);
    json_set_str(op->arena, o, STR("episode"), e->episode);
}

static struct json *days_of(struct op *op, const struct evidence *e, const struct bill_line *l)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; l->code->clock != CLOCK_MONTH && i < e->days.list.n; i++) {
        const struct data_day *d = &e->days.list.at[i];
        struct json *o = json_new(op->arena, JSON_OBJECT);
        if (d->day < l->over.from || d->day > l->over.to)
            continue;
        json_set_str(op->arena, o, STR("date"), day_text(op, d->day));
        json_set(op->arena, o, STR("count"), json_new_i64(op->arena, d->n));
        json_set(op->arena, o, STR("readings"), d->readings);
        json_push(op->arena, list, o);
    }
    return list;
}

static struct json *times_of(struct op *op, const struct evidence *e, const struct bill_line *l)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; l->code->clock == CLOCK_MONTH && i < e->times.list.n; i++) {
        const struct spent *s = &e->times.list.at[i];
        struct json *o = json_new(op->arena, JSON_OBJECT);
        if (s->to <= e->in.month_from || s->from >= e->in.month_to)
            continue;
        json_set_str(op->arena, o, STR("reference"), s->reference);
        json_set_str(op->arena, o, STR("kind"), s->kind);
        json_set_str(op->arena, o, STR("from"), time_format(op->arena, s->from));
        json_set_str(op->arena, o, STR("to"), time_format(op->arena, s->to));
        json_set_str(op->arena, o, STR("who"), s->who);
        json_push(op->arena, list, o);
    }
    return list;
}

static void tell(struct op *op, struct billing *b, const struct person *who,
                 const struct evidence *e, const struct bill_line *l)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    bool minutes = l->code->clock == CLOCK_MONTH;
    who_is(op, o, who, e);
    json_set_str(op->arena, o, STR("code"), str_of(l->code->code));
    json_set_str(op->arena, o, STR("from"), day_text(op, l->over.from));
    json_set_str(op->arena, o, STR("to"), day_text(op, l->over.to));
    json_set(op->arena, o, STR("units"), json_new_i64(op->arena, l->units));
    json_set(op->arena, o, STR("counted"), json_new_i64(op->arena, l->counted));
    json_set_str(op->arena, o, STR("unit"), minutes ? STR("minutes") : STR("days"));
    json_set(op->arena, o, STR("lacks"), lacks_of(op, l->lacks));
    json_set_str(op->arena, o, STR("consent"), e->consent);
    json_set_str(op->arena, o, STR("order"), e->order);
    json_set(op->arena, o, STR("days"), days_of(op, e, l));
    json_set(op->arena, o, STR("times"), times_of(op, e, l));
    json_push(b->op->arena, b->rows, json_dup(b->op->arena, o));
}

/* Which of set-up, supply and management has no line: OIG, 2024: 43 % lacked one. */
static void tell_without(struct op *op, struct billing *b, const struct person *who,
                         const struct evidence *e, unsigned had)
{
    static const char *const words[] = {"setup", "supply", "manage"};
    struct json *o = json_new(op->arena, JSON_OBJECT), *kinds = json_new(op->arena, JSON_ARRAY);
    bool here = false;
    for (size_t i = 0; i < e->enrolled.n; i++)
        here |=
            e->enrolled.at[i].from <= e->in.month.to && e->enrolled.at[i].to >= e->in.month.from;
    for (unsigned k = CODE_SETUP; k <= CODE_MANAGE; k++)
        if (!(had & (1u << k)))
            json_push(op->arena, kinds, json_new_str(op->arena, str_of(words[k])));
    if (!here || kinds->n == 0)
        return;
    who_is(op, o, who, e);
    json_set(op->arena, o, STR("kinds"), kinds);
    json_push(b->op->arena, b->without, json_dup(b->op->arena, o));
}

/* Set-up is once an episode: a line in an earlier month is one. */
static bool was_set_up(const struct evidence *e)
{
    return e->days.list.n > 1 && e->enrolled.n && e->enrolled.at[0].from < e->in.month.from;
}

static err bill_person(struct op *op, struct billing *b, const struct person *who)
{
    struct evidence e = {0};
    struct bill_line *lines;
    size_t n;
    TRY(gather(op, b, who, &e));
    TRY(bill_month(op, &e.in, &lines, &n));
    unsigned had = was_set_up(&e) ? 1u << CODE_SETUP : 0;
    for (size_t i = 0; i < n; i++) {
        had |= 1u << lines[i].code->kind;
        tell(op, b, who, &e, &lines[i]);
    }
    tell_without(op, b, who, &e, had);
    return op_check(op);
}

err programme_bill(struct op *op, struct programmes *p, int year, int month, struct json **ret)
{
    struct billing b = {.op = op,
                        .p = p,
                        .year = year,
                        .month = month,
                        .rows = json_new(op->arena, JSON_ARRAY),
                        .without = json_new(op->arena, JSON_ARRAY)};
    struct record_each walk = {.type = "EpisodeOfCare",
                               .query = STR("type=" PROGRAMME_SYSTEM "%7C&_sort=date"),
                               .max = ENROLLED_MAX,
                               .fn = add_person,
                               .ctx = &b};
    struct json *o = json_new(op->arena, JSON_OBJECT);
    TRY(programme_may_report(op));
    struct arena *room = arena_new((size_t)64 << 20);
    err e = room ? record_find_each(op, p->rec, &walk) : fail(op, ERR_UNAVAILABLE, "out of memory");
    for (size_t i = 0; e == OK && i < b.people.n; i++) { /* each in the memory of the one before */
        struct op part = op_part(op, room);
        e = bill_person(&part, &b, &b.people.at[i]);
        if (programme_unseen(&part, e))
            e = OK;
        e = op_part_end(op, &part, e);
    }
    arena_free(room);
    TRY(e);
    json_set_str(op->arena, o, STR("month"), arena_printf(op->arena, "%04d-%02d", year, month));
    json_set(op->arena, o, STR("rows"), b.rows);
    json_set(op->arena, o, STR("without"), b.without);
    *ret = o;
    return op_check(op);
}
