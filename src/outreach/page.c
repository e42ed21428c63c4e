/* Pages: what the desk asks for becomes one message a person, with neutral words: how many cases
 * wait, or the number of one; no name, no finding. Invariants: a job and its message change hands
 * in one commit; whoever had a page a moment ago gets one for all that rose since; who cannot be
 * reached is told to the desk at once, so that the next one is asked. */
#include "outreach/page_int.h"

#include "base/log.h"
#include "desk/page.h"

#define LEASE_MS 60000
#define JOBS 64u
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
static err cases_of(struct op *op, struct outreach *o, const struct batch *b, struct staff_state *s)
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

/* What is told, and how. */
struct page_told {
    const struct json *cases;
    unsigned language;
};

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
                               const struct page_way *w, const struct page_told *t)
{
    struct parcel p = {.to = w->to,
                       .text = words_of(op, o, b, t->cases, t->language),
                       .subject = words_line_staff(op, o, LINE_PAGE_SUBJECT, t->language, STR_NONE),
                       .language = str_of(LANGUAGE_TAGS[t->language]),
                       .expires = op->now + SEND_MS};
    struct json *m = staff_job(op, "page", b->who, &p), *of = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; !b->off && i < b->n; i++)
        json_push(op->arena, of, b->bodies[i]);
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

static err put(struct op *op, struct outreach *o, const struct batch *b, struct staff_state *s,
               const struct page_ways *ways)
{
    size_t at = b->again > 1 ? (size_t)b->again - 1 : 0;
    const struct page_way *w = &ways->at[at < ways->n ? at : ways->n - 1];
    struct page_told told = {JSON_GET(s->o, "cases"), ways->language};
    struct json *m = message_of(op, o, b, w, &told);
    struct record_tx *tx = record_begin(op, o->rec);
    if (!b->off) {
        staff_count(op, s, "times");
        staff_put(tx, op, s);
        TRY(hold(tx, op, b, w));
    }
    record_tx_outbox(tx, staff_queue(op, "page", w->kind), op->now, staff_text(op, m));
    all_done(tx, b);
    TRY(op_check(op));
    return record_commit(tx);
}

static err carry(struct op *op, struct outreach *o, const struct batch *b)
{
    struct staff_state s;
    struct page_ways ways;
    int64_t last;
    TRY(page_load(op, o, b->who, &s));
    size_t had = staff_lately(op, &s, "times", STAFF_HOUR_MS, &last);
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
    record_tx_outbox(tx, staff_queue(op, "page", k), op->now + 5000, staff_text(op, m));
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
    struct staff_sent sent;
    err e = staff_send(op, o, "page", k, &sent);
    *ret_n = sent.n;
    TRY(e);
    return sent.job ? conclude(op, o, k, sent.job, &sent.p) : OK;
}
