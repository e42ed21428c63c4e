/* Questions that are sent to somebody each day by text, at an hour of their own day, until a day.
 * Kept as a ServiceRequest whose occurrenceTiming says when, whoever wrote it: revoked, or past its
 * bounds, it asks no more. Invariant: of a request the job whose time the named value
 * survey/each/<request> holds is the one that counts; asking twice for one time sends one text
 * (key_of in ask.c), so a step that is done again after a crash changes nothing. */
#include "survey/survey_int.h"

#define DAY_MS (24 * SURVEY_HOUR)
#define EACH_DAYS 90              /* the longest of a programme at home (spec/programme) */
#define LATE_MS (4 * SURVEY_HOUR) /* a question about today that comes in the evening is none */

struct each {
    struct op *op;
    struct surveys *s;
    str id, patient;
    uint64_t rid;
    struct json *tree;
    const struct survey *of; /* NULL: another kind of request */
    struct time_local at;    /* hour and minute */
    struct json *person;
};

static fhir_type t_request(void)
{
    return fhir_type_parse(STR("ServiceRequest"));
}

static str each_key(struct op *op, uint64_t rid)
{
    return arena_printf(op->arena, "survey/each/%llu", (unsigned long long)rid);
}

/* "08:00" or "08:00:00": an hour of the day. */
static bool clock_of(str text, struct time_local *ret)
{
    int64_t h, m;
    if ((text.n != 5 && text.n != 8) || !str_eq(str_sub(text, 2, 3), STR(":")) ||
        !str_to_i64(str_sub(text, 0, 2), &h) || !str_to_i64(str_sub(text, 3, 5), &m) || h < 0 ||
        h > 23 || m < 0 || m > 59)
        return false;
    *ret = (struct time_local){.hour = (int)h, .minute = (int)m};
    return true;
}

static bool is_ours(const struct json *tree, const struct survey **ret_of)
{
    str canonical = json_str(json_path(tree, "instantiatesCanonical.0"));
    *ret_of = str_eq(json_str(json_path(tree, "code.coding.0.code")), STR(SURVEY_TASK_CODE))
                  ? survey_of(canonical)
                  : NULL;
    return *ret_of && (*ret_of)->daily;
}

static err each_open(struct op *op, struct surveys *s, str id, const struct record_doc *doc,
                     struct each *ret)
{
    *ret = (struct each){.op = op, .s = s, .id = id, .rid = doc->rid};
    TRY(record_parse(op, doc, &ret->tree));
    ret->patient = fhir_ref_parse(json_str(json_path(ret->tree, "subject.reference"))).id;
    if (!is_ours(ret->tree, &ret->of) ||
        !clock_of(json_str(json_path(ret->tree, "occurrenceTiming.repeat.timeOfDay.0")), &ret->at))
        ret->of = NULL;
    return OK;
}

static str zone_of(const struct each *e)
{
    return desk_zone(e->person, config_str(e->s->config, "house.zone"));
}

/* The first such hour after `from`. */
static int64_t next_after(const struct each *e, int64_t from)
{
    struct time_local day;
    int64_t due = 0;
    str zone = zone_of(e);
    for (int64_t ahead = 0; ahead <= 2 && due <= from; ahead++) {
        if (!time_to_local(from + ahead * DAY_MS, zone, &day))
            return 0;
        day.hour = e->at.hour;
        day.minute = e->at.minute;
        day.second = 0;
        if (!time_from_local(&day, zone, &due))
            return 0;
    }
    return due;
}

/* 0: it asks no more. */
static err next_due(struct each *e, int64_t *ret)
{
    struct record_doc doc;
    struct time_span from, until;
    const struct json *bounds = json_path(e->tree, "occurrenceTiming.repeat.boundsPeriod");
    int64_t start = e->op->now;
    *ret = 0;
    if (!e->of || !str_eq(json_get_str(e->tree, STR("status")), STR("active")))
        return OK;
    err found = record_read(e->op, e->s->rec, fhir_type_parse(STR("Patient")), e->patient, &doc);
    if (found == ERR_NOT_FOUND || found == ERR_GONE) {
        op_clear(e->op);
        return OK; /* nobody is there to be asked */
    }
    TRY(found);
    TRY(record_parse(e->op, &doc, &e->person));
    if (JSON_GET(e->person, "deceasedDateTime") ||
        json_bool(JSON_GET(e->person, "deceasedBoolean"), false))
        return OK;
    if (time_parse(json_get_str(bounds, STR("start")), &from) && from.lo > start)
        start = from.lo;
    *ret = next_after(e, start);
    if (time_parse(json_get_str(bounds, STR("end")), &until) && *ret >= until.hi)
        *ret = 0;
    return OK;
}

static str job_body(const struct each *e, int64_t due)
{
    return arena_printf(e->op->arena, EACH_JOB "%.*s %lld", STR_ARG(e->id), (long long)due);
}

static str due_text(const struct each *e, int64_t due)
{
    return due ? arena_printf(e->op->arena, "%lld", (long long)due) : STR_NONE;
}

/* ---- the feed ---- */
err request_came(struct op *op, struct surveys *s, const struct record_doc *doc)
{
    struct each e;
    str had, key = each_key(op, doc->rid);
    int64_t due;
    TRY(each_open(op, s, doc->id, doc, &e));
    TRY(next_due(&e, &due));
    TRY(record_kv_get(op, s->rec, key, &had));
    if (str_eq(had, due_text(&e, due)))
        return OK;
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_expect_kv(tx, key, had);
    record_tx_kv(tx, key, due_text(&e, due));
    if (due)
        record_tx_outbox(tx, STR(SURVEY_QUEUE), due, job_body(&e, due));
    return record_commit(tx);
}

/* ---- the hour has come ---- */
static bool same_day(const struct each *e, int64_t a, int64_t b)
{
    struct time_local x, y;
    str zone = zone_of(e);
    return time_to_local(a, zone, &x) && time_to_local(b, zone, &y) && x.year == y.year &&
           x.month == y.month && x.day == y.day;
}

/* A plan that rests asks nothing: the patient is in hospital, say. */
static err rests(const struct each *e, bool *ret)
{
    struct record_page held, active;
    str who =
        arena_printf(e->op->arena, "patient=Patient/%.*s&_count=1&status=", STR_ARG(e->patient));
    fhir_type plan = fhir_type_parse(STR("CarePlan"));
    str query = arena_printf(e->op->arena, "%.*son-hold", STR_ARG(who));
    TRY(record_find(e->op, e->s->rec, plan, query, &held));
    query = arena_printf(e->op->arena, "%.*sactive", STR_ARG(who));
    TRY(record_find(e->op, e->s->rec, plan, query, &active));
    *ret = held.n && !active.n;
    return OK;
}

static err answered_today(const struct each *e, bool *ret)
{
    struct time_span at;
    str authored;
    TRY(survey_answered(e->op, e->s, e->of, e->patient, &authored));
    *ret = time_parse(authored, &at) && same_day(e, at.lo, e->op->now);
    return OK;
}

/* What became of the day: a word for the trail. */
static err one_day(struct each *e, int64_t due, const char **ret)
{
    bool is;
    struct survey_asking a = {.of = e->of, .patient = e->patient, .by_text = true, .at = due};
    str task;
    *ret = "late";
    if (e->op->now > due + LATE_MS)
        return OK;
    *ret = "answered";
    TRY(answered_today(e, &is));
    if (is)
        return OK;
    *ret = "rests";
    TRY(rests(e, &is));
    if (is)
        return OK;
    *ret = "asked";
    return survey_ask(e->op, e->s, &a, &task);
}

static err finish(struct each *e, const struct record_job *job, int64_t next, const char *what)
{
    struct op *op = e->op;
    struct record_tx *tx = record_begin(op, e->s->rec);
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("what"), str_of(what));
    record_tx_trail(tx, STR("survey-each-day"), t_request(), e->id, detail);
    record_tx_kv(tx, each_key(op, e->rid), due_text(e, next));
    if (next)
        record_tx_outbox_later(tx, job->job, next, job_body(e, next));
    else
        record_tx_outbox_done(tx, job->job);
    return record_commit(tx);
}

static err drop(struct op *op, struct surveys *s, const struct record_job *job)
{
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_outbox_done(tx, job->job);
    return record_commit(tx);
}

err each_day_job(struct op *op, struct surveys *s, const struct record_job *job, str body)
{
    struct record_doc doc;
    struct each e;
    str id, had;
    int64_t due, next;
    const char *what = "over";
    if (!str_take_until(&body, ' ', &id) || !str_to_i64(body, &due))
        return drop(op, s, job);
    err found = record_read(op, s->rec, t_request(), id, &doc);
    if (found == ERR_NOT_FOUND || found == ERR_GONE) {
        op_clear(op);
        return drop(op, s, job);
    }
    TRY(found);
    TRY(record_kv_get(op, s->rec, each_key(op, doc.rid), &had));
    TRY(each_open(op, s, id, &doc, &e));
    if (!str_eq(had, due_text(&e, due)))
        return drop(op, s, job); /* its hour was changed: another job has it */
    TRY(next_due(&e, &next));
    if (e.person)
        TRY(one_day(&e, due, &what));
    return finish(&e, job, next, what);
}

/* ---- asked for, and taken back ---- */
static struct json *request_new(struct op *op, const struct survey_asking *a)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *canonical = json_new(m, JSON_ARRAY);
    json_set_str(m, o, STR("resourceType"), STR("ServiceRequest"));
    json_set_str(m, o, STR("intent"), STR("plan"));
    json_set(m, o, STR("code"), fhir_concept(op, STR(SURVEY_TASK_SYSTEM), STR(SURVEY_TASK_CODE)));
    json_push(m, canonical, json_new_str(m, arena_printf(m, SURVEY_URL "%s", a->of->name)));
    json_set(m, o, STR("instantiatesCanonical"), canonical);
    json_set(m, o, STR("subject"), fhir_reference_to(op, "Patient", a->patient));
    if (op->actor->reference.n)
        json_set(m, o, STR("requester"), fhir_reference(op, op->actor->reference));
    return o;
}

/* Once a day at that hour, for EACH_DAYS from now. */
static void time_it(struct op *op, struct json *request, const struct time_local *at)
{
    struct arena *m = op->arena;
    struct json *timing = json_new(m, JSON_OBJECT), *repeat = json_new(m, JSON_OBJECT),
                *bounds = json_new(m, JSON_OBJECT), *hours = json_new(m, JSON_ARRAY);
    json_set_str(m, bounds, STR("start"), time_format(m, op->now));
    json_set_str(m, bounds, STR("end"), time_format(m, op->now + EACH_DAYS * DAY_MS));
    json_set(m, repeat, STR("boundsPeriod"), bounds);
    json_set(m, repeat, STR("frequency"), json_new_i64(m, 1));
    json_set(m, repeat, STR("period"), json_new_i64(m, 1));
    json_set_str(m, repeat, STR("periodUnit"), STR("d"));
    json_push(m, hours, json_new_str(m, arena_printf(m, "%02d:%02d:00", at->hour, at->minute)));
    json_set(m, repeat, STR("timeOfDay"), hours);
    json_set(m, timing, STR("repeat"), repeat);
    json_set(m, request, STR("occurrenceTiming"), timing);
    json_set_str(m, request, STR("status"), STR("active"));
    json_set_str(m, request, STR("authoredOn"), time_format(m, op->now));
}

err survey_each_now(struct op *op, struct surveys *s, const struct survey *of, str patient,
                    struct record_doc *ret, struct json **ret_tree)
{
    const struct survey *is;
    struct record_page page = {0};
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&status=active&instantiates-canonical=" SURVEY_URL
                             "%s&_count=20",
                             STR_ARG(patient), of->name);
    *ret_tree = NULL;
    TRY(record_find(op, s->rec, t_request(), query, &page));
    for (size_t i = 0; i < page.n && !*ret_tree; i++) {
        TRY(record_parse(op, &page.docs[i], ret_tree));
        *ret = page.docs[i];
        if (!is_ours(*ret_tree, &is))
            *ret_tree = NULL;
    }
    return OK;
}

/* One a patient and survey, though two ask at once. */
static err put(struct op *op, struct surveys *s, const struct survey_asking *a,
               const struct time_local *at, str *ret)
{
    struct record_doc doc;
    struct json *request;
    str seen,
        key = arena_printf(op->arena, "survey/each-set/%.*s/%s", STR_ARG(a->patient), a->of->name);
    TRY(record_kv_get(op, s->rec, key, &seen));
    TRY(survey_each_now(op, s, a->of, a->patient, &doc, &request));
    *ret = request ? doc.id : STR_NONE;
    if (!request && !at)
        return OK;
    struct record_tx *tx = record_begin(op, s->rec);
    bool there = request != NULL;
    if (!there)
        request = request_new(op, a);
    if (at)
        time_it(op, request, at);
    else
        json_set_str(op->arena, request, STR("status"), STR("revoked"));
    if (there)
        TRY(record_tx_update(tx, t_request(), doc.id, request, doc.vid));
    else
        TRY(record_tx_create(tx, request, ret));
    record_tx_expect_kv(tx, key, seen);
    record_tx_kv(tx, key, arena_printf(op->arena, "%.*s %lld", STR_ARG(*ret), (long long)op->now));
    return record_commit(tx);
}

err survey_each_day(struct op *op, struct surveys *s, const struct survey_asking *a, str at,
                    str *ret_request)
{
    struct time_local clock;
    if (!a->of || !a->of->daily)
        return fail(op, ERR_UNPROCESSABLE, "These questions are not asked about a day.");
    if (op->actor->patient)
        return fail(op, ERR_FORBIDDEN, "Who cares for the patient plans this.");
    if (at.n && !clock_of(at, &clock))
        return fail_at(op, ERR_INVALID, STR("each"),
                       "each is an hour of the day, as 08:00, or empty to stop.");
    return put(op, s, a, at.n ? &clock : NULL, ret_request);
}
