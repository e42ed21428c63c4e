/* What became of a page: handed over, or not; seen, by a text back, in the console, or by who took
 * the case. Invariant: an answer is noted once, and a page's state is the first that was told. */
#include "desk/page.h"

#include "base/time.h"
#include "desk/chain_int.h"
#include "desk/rights_int.h"

#define TRIES 5

static struct json *part_of(const struct json *fact, const char *url)
{
    struct json *part;
    for (size_t i = 0; (part = json_at(JSON_GET(fact, "extension"), i)); i++)
        if (str_eq(json_get_str(part, STR("url")), str_of(url)))
            return part;
    return NULL;
}

static bool is_page(const struct json *extension)
{
    return str_eq(json_get_str(extension, STR("url")), STR(DESK_PAGE_URL));
}

static bool is_open_to(const struct json *fact, str who)
{
    str of = json_get_str(JSON_GET(part_of(fact, "who"), "valueReference"), STR("reference"));
    return is_page(fact) && who.n && str_eq(of, who) && !part_of(fact, "answered");
}

static void add_code(struct op *op, struct json *fact, const char *url, str code)
{
    if (code.n && !part_of(fact, url))
        chain_push_part(op, JSON_GET(fact, "extension"), url, "valueCode",
                        json_new_str(op->arena, code));
}

bool chain_page_answer(struct op *op, struct json *task, str who, const char *how)
{
    struct json *one;
    bool any = false;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        if (!is_open_to(one, who))
            continue;
        chain_push_part(op, JSON_GET(one, "extension"), "answered", "valueInstant",
                        json_new_str(op->arena, time_format(op->arena, op->now)));
        add_code(op, one, "how", str_of(how));
        str row = chain_page_row(task, chain_part(one, "of", "valueInstant"));
        if (row.n)
            chain_push_part(op, JSON_GET(one, "extension"), "step", "valueId",
                            json_new_str(op->arena, row));
        any = true;
    }
    return any;
}

/* One change of a case, taken again while somebody else is quicker. */
struct change {
    str task;
    const struct page_note *note; /* or: */
    str who;
    const char *how;
    const char *event;
};

static bool apply(struct op *op, struct json *task, const struct change *c)
{
    struct json *one;
    if (!c->note)
        return chain_page_answer(op, task, c->who, c->how);
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        int64_t number = 0;
        if (!is_page(one))
            continue;
        json_i64(JSON_GET(part_of(one, "number"), "valueInteger"), &number);
        if (number != c->note->number || part_of(one, "state"))
            continue;
        add_code(op, one, "way", c->note->way);
        add_code(op, one, "state", str_of(c->note->state));
        add_code(op, one, "why", c->note->why ? str_of(c->note->why) : STR_NONE);
        return true;
    }
    return false;
}

static struct json *detail_of(struct op *op, const struct change *c)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    if (!c->note) {
        json_set_str(op->arena, o, STR("who"), c->who);
        json_set_str(op->arena, o, STR("how"), str_of(c->how));
        return o;
    }
    json_set(op->arena, o, STR("number"), json_new_i64(op->arena, c->note->number));
    json_set_str(op->arena, o, STR("way"), c->note->way);
    json_set_str(op->arena, o, STR("state"), str_of(c->note->state));
    if (c->note->why)
        json_set_str(op->arena, o, STR("why"), str_of(c->note->why));
    return o;
}

static err once(struct op *op, struct record *rec, const struct change *c, bool *ret)
{
    struct desk_task t;
    *ret = false;
    TRY(desk_read(op, rec, c->task, &t));
    if (!apply(op, t.tree, c))
        return OK;
    struct record_tx *tx = record_begin(op, rec);
    TRY(record_tx_update(tx, t.doc.type, t.doc.id, t.tree, t.doc.vid));
    record_tx_trail(tx, str_of(c->event), t.doc.type, t.doc.id, detail_of(op, c));
    TRY(record_commit(tx));
    *ret = true;
    return OK;
}

/* The house writes it: who may answer was asked by whoever calls. */
static err change(struct op *op, struct record *rec, const struct change *c, bool *ret)
{
    err e = OK;
    for (int i = 0; i < TRIES; i++) {
        e = once(op, rec, c, ret);
        if (e != ERR_PRECONDITION && e != ERR_CONFLICT)
            break;
        op_clear(op);
    }
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_UNPROCESSABLE) {
        op_clear(op); /* the case is not there any more: nothing waits */
        *ret = false;
        return OK;
    }
    return e;
}

err desk_page_note(struct op *op, struct record *rec, const struct page_note *n)
{
    struct change c = {.task = n->task, .note = n, .event = "page-noted"};
    bool done;
    return change(op, rec, &c, &done);
}

err desk_page_answer(struct op *op, struct record *rec, str task, str who, const char *how,
                     bool *ret)
{
    struct change c = {.task = task, .who = who, .how = how, .event = "page-answered"};
    return change(op, rec, &c, ret);
}

err desk_page_seen(struct op *op, struct record *rec, str task, bool *ret)
{
    struct desk_task t;
    TRY(desk_read(op, rec, task, &t)); /* may they see it at all? */
    const struct actor *who = op->actor;
    op->actor = desk_house();
    err e = desk_page_answer(op, rec, task, who->reference, "opened", ret);
    op->actor = who;
    return e;
}

err desk_page_waits(struct op *op, struct record *rec, str task, str who, bool *ret)
{
    struct desk_task t;
    const struct json *one;
    *ret = false;
    err e = desk_read(op, rec, task, &t);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_UNPROCESSABLE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    if (!str_eq(t.status, STR("requested")))
        return OK;
    for (size_t i = 0; !*ret && (one = json_at(JSON_GET(t.tree, "extension"), i)); i++)
        *ret = is_open_to(one, who);
    return OK;
}

static bool among(const struct json *list, const struct json *one)
{
    str who = json_get_str(JSON_GET(one, "who"), STR("reference"));
    const struct json *had;
    for (size_t i = 0; (had = json_at(list, i)); i++)
        if (str_eq(who, json_get_str(JSON_GET(had, "who"), STR("reference"))))
            return true;
    return false;
}

err desk_page_leads(struct op *op, struct record *rec, const struct config *config,
                    struct json **ret)
{
    struct hours_all all;
    struct json *list = json_new(op->arena, JSON_ARRAY), *found, *one;
    TRY(hours_load(op, rec, config, &all));
    for (size_t i = 0; i < all.n; i++) {
        found = json_new(op->arena, JSON_ARRAY);
        TRY(chain_on_duty(op, rec, &all.at[i], CHAIN_TO_LEAD, found));
        for (size_t k = 0; (one = json_at(found, k)); k++)
            if (!among(list, one))
                json_push(op->arena, list, one);
    }
    *ret = list;
    return op_check(op);
}
