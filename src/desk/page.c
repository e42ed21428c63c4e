/* Whom a case that nobody takes calls, one after the other. Invariant: a page is made in the commit
 * of its job, on the version it was judged by, so each (case, step, person, try) is one job,
 * whoever is killed and however often it is looked; there are at most PAGES_MAX of a case. */
#include "desk/page.h"

#include "base/time.h"
#include "desk/chain_int.h"

#define MIN_MS INT64_C(60000)
#define AHEAD_MS (5 * MIN_MS)
#define PAGES_MAX 40
#define TRIES 2
#define NOBODY "nobody" /* all were asked */
#define HOLD_MS 2000    /* cases that rise in one moment are one page */

struct page_fact {
    int64_t number, n, of, at, answered;
    str row, who, state, step; /* step: the newest row when it was answered */
};
/* The pages of one wait. */
struct ladder {
    const struct chain_row *row; /* its newest step that pages; NULL: none does */
    struct page_fact last;       /* at 0: there is none */
    int64_t count;               /* of the case */
};

static int64_t whole(const struct json *extension, const char *url)
{
    const struct json *part;
    int64_t v = 0;
    for (size_t i = 0; (part = json_at(JSON_GET(extension, "extension"), i)); i++)
        if (str_eq(json_get_str(part, STR("url")), str_of(url)))
            (void)json_i64(JSON_GET(part, "valueInteger"), &v);
    return v;
}

static const struct json *who_of(const struct json *extension)
{
    const struct json *part;
    for (size_t i = 0; (part = json_at(JSON_GET(extension, "extension"), i)); i++)
        if (str_eq(json_get_str(part, STR("url")), STR("who")))
            return JSON_GET(part, "valueReference");
    return NULL;
}

static bool fact_of(const struct json *extension, struct page_fact *ret)
{
    if (!str_eq(json_get_str(extension, STR("url")), STR(DESK_PAGE_URL)))
        return false;
    *ret = (struct page_fact){.number = whole(extension, "number"),
                              .n = whole(extension, "n"),
                              .of = chain_instant(chain_part(extension, "of", "valueInstant")),
                              .at = chain_instant(chain_part(extension, "at", "valueInstant")),
                              .answered =
                                  chain_instant(chain_part(extension, "answered", "valueInstant")),
                              .row = chain_part(extension, "row", "valueId"),
                              .who = json_get_str(who_of(extension), STR("reference")),
                              .state = chain_part(extension, "state", "valueCode"),
                              .step = chain_part(extension, "step", "valueId")};
    return true;
}

static void take_step(const struct json *step, int64_t since, struct ladder *io)
{
    const struct chain_row *row = chain_row_find(chain_part(step, "row", "valueId"));
    if (!str_eq(json_get_str(step, STR("url")), STR(DESK_STEP_URL)) || !row || !row->page ||
        chain_instant(chain_part(step, "of", "valueInstant")) != since)
        return;
    io->row = row; /* they stand in the order in which they were made, whatever the clock said */
}

static struct ladder ladder_of(const struct json *task, int64_t since)
{
    struct ladder l = {0};
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        struct page_fact f;
        take_step(one, since, &l);
        if (!fact_of(one, &f))
            continue;
        l.count++;
        if (f.of == since && f.number > l.last.number)
            l.last = f;
    }
    return l;
}

str chain_page_row(const struct json *task, str of)
{
    struct ladder l = ladder_of(task, chain_instant(of));
    return l.row ? str_of(l.row->id) : STR_NONE;
}

/* How often they were asked since somebody answered last. */
static int64_t tries_of(const struct json *task, const struct ladder *l, str who)
{
    const struct json *one;
    int64_t n = 0;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        struct page_fact f;
        if (!fact_of(one, &f) || f.of != l->last.of)
            continue;
        if (f.answered || str_eq(f.state, STR(NOBODY)))
            n = 0;
        else if (str_eq(f.who, who))
            n++;
    }
    return n;
}

static bool is_over(const struct ladder *l)
{
    return l->last.answered || str_eq(l->last.state, STR(NOBODY));
}

/* Nothing is asked while an answer may still come, nor after one, until the next step. A page that
 * seems to be of the time to come was made before the clock was put right: its time is over. */
static bool rests(const struct ladder *l, int64_t now)
{
    if (!l->last.at)
        return false;
    if (is_over(l))
        return str_eq(l->last.answered ? l->last.step : l->last.row, str_of(l->row->id));
    bool failed = str_eq(l->last.state, STR(DESK_PAGE_FAILED));
    return !failed && now < l->last.at + l->row->page * MIN_MS && l->last.at <= now + AHEAD_MS;
}

/* Who did not answer once more, then who was not asked yet, in their order. */
static const struct json *next_of(const struct json *task, const struct ladder *l,
                                  const struct json *all, int64_t *ret_n)
{
    const struct json *one;
    bool again = l->last.at && !is_over(l) && !str_eq(l->last.state, STR(DESK_PAGE_FAILED));
    *ret_n = 1;
    for (size_t i = 0; again && (one = json_at(all, i)); i++) {
        str who = json_get_str(JSON_GET(one, "who"), STR("reference"));
        if (!str_eq(who, l->last.who) || tries_of(task, l, who) >= TRIES)
            continue;
        *ret_n = tries_of(task, l, who) + 1;
        return one;
    }
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (!tries_of(task, l, json_get_str(JSON_GET(one, "who"), STR("reference"))))
            return one;
    return NULL;
}

static struct json *number_of(struct op *op, int64_t n)
{
    return json_new_i64(op->arena, n);
}

static struct json *text_of(struct op *op, str s)
{
    return json_new_str(op->arena, s);
}

static void add_fact(struct op *op, struct json *task, const struct page_fact *f,
                     const struct json *who)
{
    struct json *parts = json_new(op->arena, JSON_ARRAY);
    chain_push_part(op, parts, "number", "valueInteger", number_of(op, f->number));
    chain_push_part(op, parts, "row", "valueId", text_of(op, f->row));
    chain_push_part(op, parts, "of", "valueInstant", text_of(op, time_format(op->arena, f->of)));
    chain_push_part(op, parts, "at", "valueInstant", text_of(op, time_format(op->arena, f->at)));
    if (who) {
        chain_push_part(op, parts, "n", "valueInteger", number_of(op, f->n));
        chain_push_part(op, parts, "who", "valueReference", who);
    } else {
        chain_push_part(op, parts, "state", "valueCode", text_of(op, STR(NOBODY)));
    }
    chain_push(op, task, DESK_PAGE_URL, "extension", parts);
}

static struct json *job_of(struct op *op, str task, const struct page_fact *f,
                           const struct json *one)
{
    struct json *job = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, job, STR("task"), task);
    json_set(op->arena, job, STR("number"), number_of(op, f->number));
    json_set(op->arena, job, STR("n"), number_of(op, f->n));
    json_set_str(op->arena, job, STR("row"), f->row);
    json_set_str(op->arena, job, STR("who"), json_get_str(JSON_GET(one, "who"), STR("reference")));
    json_set_str(op->arena, job, STR("role"), json_get_str(one, STR("role")));
    return job;
}

err chain_page(struct op *op, struct record *rec, struct json *task, const struct page_ask *ask,
               struct json **ret_job, uint64_t *io_unreached)
{
    struct ladder l = ladder_of(task, ask->c->since);
    struct json *all = json_new(op->arena, JSON_ARRAY);
    int64_t n;
    *ret_job = NULL;
    if (!l.row || ask->c->held || rests(&l, op->now) || l.count >= PAGES_MAX)
        return OK;
    TRY(chain_on_duty(op, rec, ask->h, l.row->to, all));
    if (l.row->to != CHAIN_TO_LEAD)
        TRY(chain_on_duty(op, rec, ask->h, CHAIN_TO_LEAD, all));
    const struct json *one = next_of(task, &l, all, &n);
    struct page_fact f = {.number = l.count + 1,
                          .n = n,
                          .of = ask->c->since,
                          .at = op->now,
                          .row = str_of(l.row->id)};
    add_fact(op, task, &f, JSON_GET(one, "who"));
    *io_unreached += one == NULL;
    if (one)
        *ret_job = job_of(op, ask->id, &f, one);
    return op_check(op);
}

err desk_page_queue(struct record_tx *tx, struct op *op, const struct json *job)
{
    struct buf b;
    str task = json_get_str(job, STR("task"));
    buf_init(&b, op->arena, 65536);
    json_write(&b, job);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "the message is too large");
    record_tx_outbox(tx, STR(DESK_PAGE_QUEUE), op->now + HOLD_MS, buf_str(&b));
    if (task.n)
        record_tx_trail(tx, STR("page"), fhir_type_parse(STR("Task")), task, job);
    return OK;
}

struct json *chain_pages(struct op *op, const struct json *task)
{
    static const char *const parts[][2] = {{"row", "valueId"},   {"at", "valueInstant"},
                                           {"way", "valueCode"}, {"state", "valueCode"},
                                           {"why", "valueCode"}, {"answered", "valueInstant"},
                                           {"how", "valueCode"}};
    struct json *list = json_new(op->arena, JSON_ARRAY);
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        struct page_fact f;
        if (!fact_of(one, &f))
            continue;
        struct json *o = json_new(op->arena, JSON_OBJECT);
        json_set(op->arena, o, STR("number"), number_of(op, f.number));
        json_set(op->arena, o, STR("n"), number_of(op, f.n));
        if (who_of(one))
            json_set(op->arena, o, STR("who"), who_of(one));
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            str v = chain_part(one, parts[k][0], parts[k][1]);
            if (v.n)
                json_set_str(op->arena, o, str_of(parts[k][0]), v);
        }
        json_push(op->arena, list, o);
    }
    return list;
}
