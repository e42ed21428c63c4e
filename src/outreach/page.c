/* Pages: what the desk asks for becomes one message a person, with neutral words: how many cases
 * wait, or the number of one; no name, no finding. Invariants: a job and its message change hands
 * in one commit; whoever had a page a moment ago gets one for all that rose since; who cannot be
 * reached is told to the desk at once, so that the next one is asked. */
#include "outreach/page_int.h"

#include "base/log.h"
#include "desk/page.h"

#include <sodium.h>

#define LEASE_MS 60000
#define JOBS 64u
#define HOUR_MS (3600 * 1000LL)
#define SEND_MS (10 * 60000LL) /* a page that waited longer helps nobody: the next one has it */

/* What is asked for one person now. */
struct batch {
    const struct record_job *jobs[JOBS];
    const struct json *bodies[JOBS];
    size_t n;
    str who, role;
    int64_t again; /* the how manyeth for the same case */
    bool off;      /* a lead hears that somebody turned theirs off */
};

static str queue_of(struct op *op, enum channel_kind k)
{
    return arena_cat(op->arena, STR("page-"), channel_name(k));
}

static void all_done(struct record_tx *tx, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        record_tx_outbox_done(tx, b->jobs[i]->job);
}

static err later(struct op *op, struct outreach *o, const struct batch *b, int64_t due)
{
    struct record_tx *tx = record_begin(op, o->rec);
    for (size_t i = 0; i < b->n; i++)
        record_tx_outbox_later(tx, b->jobs[i]->job, due, b->jobs[i]->body);
    return record_commit(tx);
}

static err note(struct op *op, struct outreach *o, const struct json *body, struct page_note *n)
{
    n->task = json_get_str(body, STR("task"));
    json_i64(JSON_GET(body, "number"), &n->number);
    return str_empty(n->task) ? OK : desk_page_note(op, o->rec, n);
}

/* Told before the jobs end: killed between, it is told again, which changes nothing. */
static err nobody_there(struct op *op, struct outreach *o, const struct batch *b, const char *why)
{
    for (size_t i = 0; i < b->n; i++)
        TRY(note(op, o, b->bodies[i], &(struct page_note){.state = DESK_PAGE_FAILED, .why = why}));
    log_event(LOG_WARN, "outreach.page.unreached", "n=%zu why=%s", b->n, why);
    struct record_tx *tx = record_begin(op, o->rec);
    all_done(tx, b);
    return record_commit(tx);
}

/* How many pages they had in the last hour; *ret_last: the newest. A clock that was put back leaves
 * times that are to come: they count for nothing. */
static size_t had_lately(struct op *op, struct page_state *s, int64_t *ret_last)
{
    const struct json *times = JSON_GET(s->o, "times");
    struct json *kept = json_new(op->arena, JSON_ARRAY);
    *ret_last = 0;
    for (size_t i = 0; times && i < times->n; i++) {
        int64_t at = 0;
        json_i64(json_at(times, i), &at);
        if (at > op->now || at <= op->now - HOUR_MS)
            continue;
        json_push(op->arena, kept, json_at(times, i));
        *ret_last = at > *ret_last ? at : *ret_last;
    }
    json_set(op->arena, s->o, STR("times"), kept);
    return kept->n;
}

static err add_case(struct op *op, struct outreach *o, struct json *list, str task, str who)
{
    bool waits = false;
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(json_str(json_at(list, i)), task))
            return OK;
    if (str_empty(task) || list->n >= PAGE_CASES_MAX)
        return OK;
    TRY(desk_page_waits(op, o->rec, task, who, &waits));
    if (waits)
        json_push(op->arena, list, json_new_str(op->arena, task));
    return OK;
}

/* All that waits for them: those of the batch, and those of before. */
static err cases_of(struct op *op, struct outreach *o, const struct batch *b, struct page_state *s)
{
    const struct json *had = JSON_GET(s->o, "cases");
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < b->n; i++)
        TRY(add_case(op, o, list, json_get_str(b->bodies[i], STR("task")), b->who));
    for (size_t i = 0; list->n && had && i < had->n; i++)
        TRY(add_case(op, o, list, json_str(json_at(had, i)), b->who));
    json_set(op->arena, s->o, STR("cases"), list);
    return op_check(op);
}

static str words_of(struct op *op, const struct outreach *o, const struct batch *b,
                    const struct json *cases, unsigned language)
{
    if (b->off)
        return words_line_staff(op, o, LINE_PAGE_OFF, language, STR_NONE);
    if (cases->n == 1)
        return words_line_staff(op, o, LINE_PAGE_ONE, language, json_str(json_at(cases, 0)));
    return words_line_staff(op, o, LINE_PAGE_MANY, language,
                            arena_printf(op->arena, "%u", cases->n));
}

static struct json *message_of(struct op *op, const struct outreach *o, const struct batch *b,
                               const struct page_way *w, unsigned language)
{
    struct json *m = json_new(op->arena, JSON_OBJECT), *of = json_new(op->arena, JSON_ARRAY);
    str id = arena_printf(op->arena, "page%08x%08x%08x", (unsigned)randombytes_random(),
                          (unsigned)randombytes_random(), (unsigned)randombytes_random());
    for (size_t i = 0; !b->off && i < b->n; i++)
        json_push(op->arena, of, b->bodies[i]);
    json_set_str(op->arena, m, STR("id"), id);
    json_set_str(op->arena, m, STR("who"), b->who);
    json_set_str(op->arena, m, STR("to"), w->to);
    json_set_str(op->arena, m, STR("subject"),
                 words_line_staff(op, o, LINE_PAGE_SUBJECT, language, STR_NONE));
    json_set_str(op->arena, m, STR("language"), str_of(LANGUAGE_TAGS[language]));
    json_set(op->arena, m, STR("until"), json_new_i64(op->arena, op->now + SEND_MS));
    json_set(op->arena, m, STR("of"), of);
    return m;
}

/* Who has the number: the newest last, so that a handset that goes round answers for all. */
static err hold(struct record_tx *tx, struct op *op, const struct batch *b,
                const struct page_way *w)
{
    str key = page_at_key(op, w->kind, w->to), had, list = STR_NONE, one;
    size_t n = 0;
    TRY(record_tx_kv_now(tx, key, &had));
    while (str_take_until(&had, ' ', &one))
        if (one.n && !str_eq(one, b->who) && ++n < PAGE_HOLDERS_MAX)
            list = arena_printf(op->arena, "%.*s%.*s ", STR_ARG(list), STR_ARG(one));
    record_tx_kv(tx, key, arena_cat(op->arena, list, b->who));
    return OK;
}

static err put(struct op *op, struct outreach *o, const struct batch *b, struct page_state *s,
               const struct page_ways *ways)
{
    size_t at = b->again > 1 ? (size_t)b->again - 1 : 0;
    const struct page_way *w = &ways->at[at < ways->n ? at : ways->n - 1];
    struct json *m = message_of(op, o, b, w, ways->language);
    json_set_str(op->arena, m, STR("text"),
                 words_of(op, o, b, JSON_GET(s->o, "cases"), ways->language));
    struct record_tx *tx = record_begin(op, o->rec);
    if (!b->off) {
        json_push(op->arena, JSON_GET(s->o, "times"), json_new_i64(op->arena, op->now));
        page_put(tx, op, s);
        TRY(hold(tx, op, b, w));
    }
    record_tx_outbox(tx, queue_of(op, w->kind), op->now, page_text(op, m));
    all_done(tx, b);
    TRY(op_check(op));
    return record_commit(tx);
}

static err carry(struct op *op, struct outreach *o, const struct batch *b)
{
    struct page_state s;
    struct page_ways ways;
    int64_t last;
    TRY(page_load(op, o, b->who, &s));
    size_t had = had_lately(op, &s, &last);
    if (!b->off && last && op->now < last + PAGE_GAP_MS)
        return later(op, o, b, last + PAGE_GAP_MS);
    if (!b->off && had >= PAGE_HOUR_MAX)
        return nobody_there(op, o, b, "too-many");
    TRY(page_ways(op, o, b->who, b->role, &ways));
    if (ways.n == 0)
        return nobody_there(op, o, b, "no-way");
    TRY(cases_of(op, o, b, &s));
    if (!b->off && JSON_GET(s.o, "cases")->n == 0) { /* somebody took them meanwhile */
        struct record_tx *tx = record_begin(op, o->rec);
        all_done(tx, b);
        return record_commit(tx);
    }
    return put(op, o, b, &s, &ways);
}

static void gather(const struct record_job *jobs, struct json *const *bodies, size_t n, size_t from,
                   bool *taken, struct batch *ret)
{
    const struct json *first = bodies[from];
    *ret = (struct batch){.who = json_get_str(first, STR("who")),
                          .role = json_get_str(first, STR("role")),
                          .off = json_bool(JSON_GET(first, "off"), false)};
    for (size_t i = from; i < n; i++) {
        int64_t again = 1;
        if (taken[i] || !str_eq(json_get_str(bodies[i], STR("who")), ret->who) ||
            json_bool(JSON_GET(bodies[i], "off"), false) != ret->off)
            continue;
        taken[i] = true;
        ret->bodies[ret->n] = bodies[i];
        ret->jobs[ret->n++] = &jobs[i];
        json_i64(JSON_GET(bodies[i], "n"), &again);
        ret->again = again > ret->again ? again : ret->again;
    }
}

err page_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *jobs;
    struct json *bodies[JOBS];
    bool taken[JOBS] = {false};
    TRY(record_outbox_take(op, o->rec, STR(DESK_PAGE_QUEUE), LEASE_MS, JOBS, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++)
        TRY(json_read(op, jobs[i].body, &JSON_LIMITS_DEFAULT, &bodies[i]));
    for (size_t i = 0; i < *ret_n; i++) {
        struct batch b;
        if (taken[i])
            continue;
        gather(jobs, bodies, *ret_n, i, taken, &b);
        err e = carry(op, o, &b);
        if (e == OK)
            continue;
        log_event(LOG_WARN, "outreach.page.again", "error=%s n=%zu", err_row(e)->name, b.n);
        for (size_t k = 0; k < b.n; k++)
            record_outbox_again(op, o->rec, b.jobs[k]);
    }
    return OK;
}

/* ---- the channel's thread ---- */
static err write_off(struct op *op, struct outreach *o, enum channel_kind k, str to)
{
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(page_turn_off(tx, op, o, &(struct page_way){k, to}));
    return record_commit(tx);
}

/* Certainly not taken: handed over again in a moment, as long as it helps. */
static err try_later(struct op *op, struct outreach *o, enum channel_kind k, const struct json *m)
{
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_outbox(tx, queue_of(op, k), op->now + 5000, page_text(op, m));
    return record_commit(tx);
}

static err conclude(struct op *op, struct outreach *o, enum channel_kind k, const struct json *m,
                    const struct parcel *p)
{
    struct page_note n = {.way = channel_name(k), .state = DESK_PAGE_FAILED, .why = "refused"};
    const struct json *of = JSON_GET(m, "of"), *one;
    if (p->result == SENT_LATER && op->now < p->expires)
        return try_later(op, o, k, m);
    if (p->result == SENT_OPTED_OUT)
        TRY(write_off(op, o, k, p->to));
    if (p->result == SENT_OK || p->result == SENT_UNKNOWN) {
        n.state = p->result == SENT_OK ? DESK_PAGE_SENT : DESK_PAGE_UNKNOWN;
        n.why = NULL;
    }
    for (size_t i = 0; (one = json_at(of, i)); i++)
        TRY(note(op, o, one, &n));
    return OK;
}

err page_send(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n)
{
    struct record_job *jobs;
    struct json *m;
    int64_t free_at = op->now;
    *ret_n = 0;
    if (k > CHANNEL_EMAIL)
        return OK;
    TRY(record_outbox_take(op, o->rec, queue_of(op, k), LEASE_MS, 1, &jobs, ret_n));
    if (*ret_n == 0)
        return OK;
    TRY(json_read(op, jobs->body, &JSON_LIMITS_DEFAULT, &m));
    struct parcel p = {.id = json_get_str(m, STR("id")),
                       .to = json_get_str(m, STR("to")),
                       .from = bucket_number(o, json_get_str(m, STR("who"))),
                       .text = json_get_str(m, STR("text")),
                       .subject = json_get_str(m, STR("subject")),
                       .language = json_get_str(m, STR("language")),
                       .kind = KIND_CARE,
                       .human = true,
                       .result = SENT_LATER};
    json_i64(JSON_GET(m, "until"), &p.expires);
    struct record_tx *tx = record_begin(op, o->rec);
    bool now = bucket_take(o, k, json_get_str(m, STR("who")), op->now, &free_at);
    if (now)
        record_tx_outbox_done(tx, jobs->job);
    else
        record_tx_outbox_later(tx, jobs->job, free_at, jobs->body);
    if (now && k == CHANNEL_SMS)
        bucket_put(tx, op, o, json_get_str(m, STR("who")));
    TRY(record_commit(tx)); /* before it leaves: once or not at all */
    if (!now)
        return OK;
    if (op->now < p.expires)
        provider_send(op, o, k, &p, 1);
    return conclude(op, o, k, m, &p);
}
