/* Walks over the open cases and makes the steps that are due. Invariant: a step and what the
 * patient is told are one commit on the version they were judged by; killed anywhere, the next walk
 * finds the same steps due or made. */
#include "desk/chain_int.h"
#include "desk/page.h"

#include "base/time.h"

#define PAGE                                                                                       \
    "status=requested,in-progress&code=" DESK_SYSTEM_CODE "|case," DESK_SYSTEM_CODE                \
    "|clock&_sort=_id&_count=200"
#define STEPS_MAX 100 /* of one case: then it goes up no more, and everybody has heard of it */

struct walk {
    struct op *op;
    struct record *rec;
    const struct hours_all *hours;
    struct chain_walk *io;
};

void chain_push_part(struct op *op, struct json *list, const char *url, const char *type,
                     const struct json *value)
{
    struct json *part = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, part, STR("url"), str_of(url));
    json_set(op->arena, part, str_of(type), value);
    json_push(op->arena, list, part);
}

static struct json *text(struct op *op, str s)
{
    return json_new_str(op->arena, s);
}

void chain_push(struct op *op, struct json *task, const char *url, const char *type,
                const struct json *value)
{
    struct json *all = json_new(op->arena, JSON_ARRAY), *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++)
        json_push(op->arena, all, one);
    chain_push_part(op, all, url, type, value);
    json_set(op->arena, task, STR("extension"), all);
}

static err add_step(struct walk *w, struct json *task, const struct chain_row *row,
                    const struct team_hours *h, const int64_t of_due[2])
{
    struct op *op = w->op;
    struct json *parts = json_new(op->arena, JSON_ARRAY), *who = NULL;
    TRY(chain_who(op, w->rec, h, row->to, &who));
    chain_push_part(op, parts, "row", "valueId", text(op, str_of(row->id)));
    chain_push_part(op, parts, "of", "valueInstant", text(op, time_format(op->arena, of_due[0])));
    chain_push_part(op, parts, "due", "valueInstant", text(op, time_format(op->arena, of_due[1])));
    chain_push_part(op, parts, "at", "valueInstant", text(op, time_format(op->arena, op->now)));
    chain_push_part(op, parts, "to", "valueCode", text(op, str_of(chain_to_word(row->to))));
    if (who)
        chain_push_part(op, parts, "who", "valueReference", who);
    else if (row->to != CHAIN_TO_WAIT && row->to != CHAIN_TO_SECOND)
        w->io->unnamed++;
    chain_push(op, task, DESK_STEP_URL, "extension", parts);
    w->io->steps++;
    return OK;
}

static bool has(const struct json *task, const char *url)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++)
        if (str_eq(json_get_str(one, STR("url")), str_of(url)))
            return true;
    return false;
}

/* When nobody was at work: from the wait, or from the closing that it waited into. */
static bool mark_unwatched(struct op *op, struct json *task, const struct chain_case *c,
                           const struct team_hours *h)
{
    int64_t from = c->since, until;
    if (c->of == CHAIN_OF_CLOCK || has(task, DESK_UNWATCHED_URL) || c->held || c->since > op->now)
        return false;
    if (hours_open(h, from) && (!hours_change(h, from, &from) || from > op->now))
        return false;
    struct json *period = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, period, STR("start"), time_format(op->arena, from));
    if (hours_change(h, from, &until))
        json_set_str(op->arena, period, STR("end"), time_format(op->arena, until));
    chain_push(op, task, DESK_UNWATCHED_URL, "valuePeriod", period);
    return true;
}

/* The steps that are due and not made; *ret: of at least one the patient is to be told. */
static err due_steps(struct walk *w, struct desk_task *t, struct chain_case *c,
                     const struct team_hours *h, bool *ret_tell)
{
    bool asked = false;
    size_t made =
        json_is(JSON_GET(t->tree, "extension"), JSON_ARRAY) ? JSON_GET(t->tree, "extension")->n : 0;
    for (size_t i = 0; i < CHAIN_COUNT && made + i < STEPS_MAX + CHAIN_COUNT; i++) {
        const struct chain_row *row = &CHAIN_ROW[i];
        int64_t due;
        if (made >= STEPS_MAX || !chain_due(row, c, h, w->op->now, &due) || due > w->op->now ||
            chain_made(t->tree, row, c->since))
            continue;
        if (c->held && !asked) {
            asked = true;
            TRY(chain_touched(w->op, w->rec, t->tree, t->doc.id, &c->since));
            if (!chain_due(row, c, h, w->op->now, &due) || due > w->op->now ||
                chain_made(t->tree, row, c->since))
                continue;
        }
        TRY(add_step(w, t->tree, row, h, (int64_t[]){c->since, due}));
        *ret_tell |= row->tell;
        made++;
    }
    return OK;
}

/* What is due of one case. */
struct due {
    bool tell;
    struct json *page; /* NULL: nobody is paged */
};

static err keep(struct walk *w, struct desk_task *t, const struct team_hours *h,
                const struct due *due)
{
    bool told = false;
    struct record_tx *tx = record_begin(w->op, w->rec);
    TRY(record_tx_update(tx, t->doc.type, t->doc.id, t->tree, t->doc.vid));
    if (due->tell)
        TRY(chain_tell(tx, w->op, w->rec, t->tree, h, &told));
    if (due->page)
        TRY(desk_page_queue(tx, w->op, due->page));
    TRY(record_commit(tx));
    w->io->told += told;
    w->io->pages += due->page != NULL;
    return OK;
}

static err climb(struct walk *w, const struct record_doc *doc)
{
    struct desk_task t = {.doc = *doc};
    struct chain_case c;
    struct due due = {0};
    TRY(record_parse(w->op, doc, &t.tree));
    if (!chain_case_of(t.tree, &c))
        return OK;
    str programme = json_get_str(JSON_GET(t.tree, "groupIdentifier"), STR("value"));
    const struct team_hours *h = hours_of(w->hours, programme);
    uint64_t before = w->io->steps + w->io->unreached;
    bool marked = mark_unwatched(w->op, t.tree, &c, h);
    TRY(due_steps(w, &t, &c, h, &due.tell));
    struct page_ask ask = {t.doc.id, &c, h};
    TRY(chain_page(w->op, w->rec, t.tree, &ask, &due.page, &w->io->unreached));
    bool more = marked || due.page || w->io->steps + w->io->unreached != before;
    return more ? keep(w, &t, h, &due) : OK;
}

err desk_climb(struct op *op, struct record *rec, const struct config *config,
               struct chain_walk *io, bool *ret_more)
{
    struct hours_all hours;
    struct record_page page;
    struct walk w = {op, rec, &hours, io};
    str query =
        io->at_n ? arena_printf(op->arena, PAGE "&_page=%.*s", (int)io->at_n, io->at) : STR(PAGE);
    *ret_more = false;
    io->at_n = 0; /* whatever happens, a walk begins again */
    TRY(hours_load(op, rec, config, &hours));
    TRY(record_find(op, rec, fhir_type_parse(STR("Task")), query, &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct chain_walk before = *io;
        err e = climb(&w, &page.docs[i]);
        if (e == OK)
            continue;
        *io = before;
        if (err_row(e)->retry) /* not the case's fault: the walk begins again */
            return e;
        op_clear(
            op); /* somebody was quicker, or one case that cannot be kept: the next ones go on */
    }
    if (page.next.n && page.next.n < sizeof io->at) {
        memcpy(io->at, page.next.p, page.next.n);
        io->at_n = page.next.n;
        *ret_more = true;
    }
    return OK;
}
