/* Asking: a visit that ended becomes a Task for each survey of survey.after_visit, once, and a
 * timer; the timer sends one message with the link, as outreach and its rulebook decide, within 72
 * hours of the visit. Invariant: the named value survey/visit/<visit>/<survey> and the Task are
 * committed together; a refused message is tried again and never forced: the Task stays in the
 * portal. */
#include "survey/survey_int.h"

#include "campaign/link.h"
#include "policy/content.h"

#define JOBS_MAX 32
#define LEASE_MS 60000
#define AGAIN_MS (6 * SURVEY_HOUR)
#define APART_HOURS                                                                                \
    24 /* between the messages about one visit; in the portal all are there at once */
#define DAY_WINDOW (12 * SURVEY_HOUR)   /* how late a question about a day may come */
#define OPEN_MS (14 * 24 * SURVEY_HOUR) /* how long the answer is awaited */
#define LABELS "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

static fhir_type t_task(void)
{
    return fhir_type_parse(STR("Task"));
}

static const struct survey *next_of(str *names)
{
    str name = STR_NONE;
    (void)str_take_until(names, ',', &name);
    return survey_find(str_trim(name));
}

err survey_check_settings(struct op *op, const struct surveys *s)
{
    str names = config_str(s->config, "survey.after_visit");
    while (names.n) {
        const struct survey *of = next_of(&names);
        if (!of)
            return fail(op, ERR_INVALID, "survey.after_visit names a survey that there is not");
        if (!survey_ready(s, of))
            return fail(op, ERR_INVALID,
                        "survey.after_visit: %s has no words; give those you have a licence for in "
                        "survey.texts_file",
                        of->name);
    }
    return OK;
}

/* What the visit hides its survey hides, and a sensitive one is restricted in any case. */
static void set_labels(struct op *op, struct json *task, const struct survey *of,
                       const struct visit *v)
{
    struct arena *a = op->arena;
    const struct json *had = json_path(v->tree, "meta.security");
    struct json *meta = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; had && i < had->n; i++)
        json_push(a, list, json_at(had, i));
    if (of->sensitive) {
        struct json *r = json_new(a, JSON_OBJECT);
        json_set_str(a, r, STR("system"), STR(LABELS));
        json_set_str(a, r, STR("code"), STR("R"));
        json_push(a, list, r);
    }
    if (list->n == 0)
        return;
    json_set(a, meta, STR("security"), list);
    json_set(a, task, STR("meta"), meta);
}

struct json *survey_task_new(struct op *op, const struct survey *of, const struct visit *v)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *until = json_new(a, JSON_OBJECT),
                *period = json_new(a, JSON_OBJECT);
    struct said title = desk_say_row(of->title);
    json_set_str(a, o, STR("resourceType"), STR("Task"));
    set_labels(op, o, of, v);
    json_set_str(a, o, STR("status"), STR("requested"));
    json_set_str(a, o, STR("intent"), STR("order"));
    json_set(a, o, STR("code"), fhir_concept(op, STR(SURVEY_TASK_SYSTEM), STR(SURVEY_TASK_CODE)));
    desk_say_set(op, o, &title);
    json_set(a, o, STR("focus"), questionnaire_reference(op, of));
    json_set(a, o, STR("for"), fhir_reference_to(op, "Patient", v->patient));
    if (v->encounter.n)
        json_set(a, o, STR("encounter"), fhir_reference_to(op, "Encounter", v->encounter));
    json_set_str(a, o, STR("authoredOn"), time_format(a, op->now));
    json_set_str(a, period, STR("end"), time_format(a, v->end + OPEN_MS));
    json_set(a, until, STR("period"), period);
    json_set(a, o, STR("restriction"), until);
    return o;
}

err survey_concerns(struct op *op, struct surveys *s, const struct survey *of, str patient,
                    bool *ret)
{
    str search = str_of(of->only), type;
    struct record_page page;
    *ret = true;
    if (str_empty(search) || !str_take_until(&search, '?', &type))
        return OK;
    str query = arena_printf(op->arena, "patient=Patient/%.*s&_count=1&%.*s", STR_ARG(patient),
                             STR_ARG(search));
    TRY(record_find(op, s->rec, fhir_type_parse(type), query, &page));
    *ret = page.n > 0;
    return OK;
}

void survey_message_at(struct op *op, struct record_tx *tx, str task, int64_t due, int64_t end)
{
    record_tx_outbox(tx, STR(SURVEY_QUEUE), due > op->now ? due : op->now,
                     arena_printf(op->arena, "%.*s %lld", STR_ARG(task), (long long)end));
}

/* hours: from the end of the visit to the message. */
static err ask(struct op *op, struct surveys *s, const struct survey *of, const struct visit *v,
               int64_t hours)
{
    str had, id,
        key = arena_printf(op->arena, "survey/visit/%llu/%s", (unsigned long long)v->encounter_rid,
                           of->name);
    bool is;
    TRY(record_kv_get(op, s->rec, key, &had));
    if (had.n)
        return OK;
    TRY(survey_concerns(op, s, of, v->patient, &is));
    if (!is)
        return OK;
    TRY(questionnaire_keep(op, s, of));
    struct json *task = survey_task_new(op, of, v);
    struct record_tx *tx = record_begin(op, s->rec);
    TRY(record_tx_create(tx, task, &id));
    record_tx_expect_kv(tx, key, STR_NONE);
    record_tx_kv(tx, key, id);
    survey_message_at(op, tx, id, v->end + hours * SURVEY_HOUR, v->end);
    return record_commit(tx);
}

err visit_ended(struct op *op, struct surveys *s, const struct visit *v)
{
    str names = config_str(s->config, "survey.after_visit");
    int64_t hours = config_int(s->config, "survey.after_hours");
    for (; names.n; hours += APART_HOURS) {
        const struct survey *of = next_of(&names);
        if (of)
            TRY(ask(op, s, of, v, hours));
    }
    return OK;
}

/* ---- the message ---- */
struct sending {
    struct op *op;
    struct surveys *s;
    const struct record_job *job;
    const struct survey *of;
    str task, patient;
    int64_t end; /* of the visit */
};

/* Which channel, and which words fit into it, found with a link of the same length. */
static err choose(struct sending *x, struct outreach_draft *d, enum survey_part *ret, unsigned l)
{
    struct outreach_preview p;
    str same = link_address(x->op, x->s->config, STR("AAAAAAAAAAAAAAAAAAAAAA"));
    d->text = texts_message(x->op, x->of, SURVEY_SMS, l, same);
    TRY(outreach_check(x->op, x->s->outreach, d, &p));
    bool long_ok = config_bool(x->s->config, "sms.multi_segment");
    bool no_links = str_empty(config_str(x->s->config, "outreach.domain"));
    *ret = no_links                                                       ? SURVEY_BRIEF
           : str_eq(p.channel, STR("email"))                              ? SURVEY_EMAIL
           : p.segments > content_sms_parts((enum language)l) && !long_ok ? SURVEY_BRIEF
                                                                          : SURVEY_SMS;
    d->channel = p.channel;
    return OK;
}

static err fill(struct sending *x, struct outreach_draft *d)
{
    struct record_doc doc;
    struct json *patient;
    enum survey_part part;
    str word, link = STR_NONE;
    TRY(record_read(x->op, x->s->rec, fhir_type_parse(STR("Patient")), x->patient, &doc));
    TRY(record_parse(x->op, &doc, &patient));
    enum language l = fhir_language(patient);
    d->language = str_of(LANGUAGE_TAGS[l]);
    TRY(choose(x, d, &part, l));
    if (part != SURVEY_BRIEF) {
        struct link_for what = {
            .task = x->task, .message = d->key, .expires = x->op->now + OPEN_MS};
        TRY(link_make(x->op, x->s->campaigns, &what, &word));
        link = link_address(x->op, x->s->config, word);
    }
    d->text = texts_message(x->op, x->of, part, l, link);
    d->subject =
        part == SURVEY_EMAIL ? texts_message(x->op, x->of, SURVEY_SUBJECT, l, link) : STR_NONE;
    return OK;
}

static err finish(struct sending *x, struct record_tx *tx, const char *what)
{
    struct json *detail = json_new(x->op->arena, JSON_OBJECT);
    json_set_str(x->op->arena, detail, STR("what"), str_of(what));
    record_tx_trail(tx, STR("survey-message"), t_task(), x->task, detail);
    record_tx_outbox_done(tx, x->job->job);
    return record_commit(tx);
}

static int64_t window_of(const struct sending *x)
{
    return x->of->daily ? DAY_WINDOW : SURVEY_WINDOW;
}

/* The rulebook says no, or there is no address: perhaps later, while it is not too late. */
static err not_now(struct sending *x)
{
    struct record_tx *tx = record_begin(x->op, x->s->rec);
    int64_t then = x->op->now + (x->of->daily ? SURVEY_HOUR : AGAIN_MS);
    if (then > x->end + window_of(x))
        return finish(x, tx, "dropped");
    record_tx_outbox_later(tx, x->job->job, then, x->job->body);
    return record_commit(tx);
}

/* Of a visit one message; about a day one for each hour in which somebody asks. */
static str key_of(const struct sending *x)
{
    str key = arena_printf(x->op->arena, "survey/%.*s", STR_ARG(x->task));
    return x->of->daily ? arena_printf(x->op->arena, "%.*s/%lld", STR_ARG(key),
                                       (long long)(x->end / SURVEY_HOUR))
                        : key;
}

/* The words and what they are about in one commit: whoever answers at once is understood. */
static err send(struct sending *x)
{
    str key = key_of(x);
    struct outreach_draft d = {.patient = x->patient,
                               .purpose = STR("wellness_checkup"),
                               .programme = STR("survey"),
                               .subject_code = STR("survey"),
                               .key = key,
                               .due_key = key,
                               .expires = x->end + window_of(x)};
    struct outreach_sent sent = {0};
    struct record_tx *tx = NULL;
    err e = fill(x, &d);
    if (e == OK) {
        tx = record_begin(x->op, x->s->rec);
        TRY(outreach_put_many(tx, x->op, x->s->outreach, &(struct outreach_batch){&d, 1, &sent}));
        e = sent.code;
    }
    if (e == ERR_UNPROCESSABLE || e == ERR_INVALID) {
        op_clear(x->op);
        return not_now(x);
    }
    TRY(e);
    record_tx_kv(tx, arena_printf(x->op->arena, "survey/sent/%.*s", STR_ARG(sent.communication)),
                 x->task);
    return finish(x, tx, "sent");
}

bool survey_task_open(const struct json *task)
{
    str status = json_get_str(task, STR("status"));
    return str_eq(status, STR("requested")) || str_eq(status, STR("in-progress"));
}

static err one_job(struct op *op, struct surveys *s, const struct record_job *job)
{
    struct sending x = {.op = op, .s = s, .job = job};
    struct record_doc doc;
    struct json *task = NULL;
    str body = job->body;
    if (str_starts(body, STR(EACH_JOB)))
        return each_day_job(op, s, job, str_sub(body, 1, body.n));
    (void)str_take_until(&body, ' ', &x.task);
    err e =
        str_to_i64(body, &x.end) ? record_read(op, s->rec, t_task(), x.task, &doc) : ERR_NOT_FOUND;
    if (e == OK)
        e = record_parse(op, &doc, &task);
    if (e != OK && e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op);
    x.of = e == OK ? survey_of_task(task) : NULL;
    x.patient = fhir_ref_parse(json_str(json_path(task, "for.reference"))).id;
    if (!x.of || !survey_task_open(task))
        return finish(&x, record_begin(op, s->rec), "no longer wanted");
    if (op->now > x.end + window_of(&x))
        return finish(&x, record_begin(op, s->rec), "too late");
    return send(&x);
}

/* One that failed so holds up no other: it comes again, until it is too late for it. */
static err put_off(struct op *op, struct surveys *s, const struct record_job *job, err e)
{
    if (e == OK || err_row(e)->retry)
        return e;
    op_clear(op);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION) {
        record_outbox_again(op, s->rec, job);
        return OK;
    }
    op->actor = survey_system();
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_outbox_later(tx, job->job, op->now + SURVEY_HOUR, job->body);
    return record_commit(tx);
}

err surveys_tick(struct op *op, struct surveys *s, size_t *ret_n)
{
    struct record_job *jobs;
    size_t n;
    op->actor = survey_system();
    TRY(record_outbox_take(op, s->rec, STR(SURVEY_QUEUE), LEASE_MS, JOBS_MAX, &jobs, &n));
    for (size_t i = 0; i < n; i++) {
        err e = one_job(op, s, &jobs[i]);
        TRY(put_off(op, s, &jobs[i], e));
    }
    *ret_n = n;
    return OK;
}
