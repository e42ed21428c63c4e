/* The state of a campaign as it is kept: one named value, saved under the value it was read as, so
 * that two people's steps never cross. */
#include "campaign/run_int.h"

#define LIFE_MAX (256u << 10)
#define LIVE_MAX 500

const struct actor *campaign_system(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = {"weft-campaign", 13}};
    return &actor;
}

static str life_key(struct op *op, str id)
{
    return arena_printf(op->arena, "campaign/life/%.*s", STR_ARG(id));
}

err life_load(struct op *op, struct record *rec, str id, struct life *ret)
{
    struct life l = {.id = id};
    TRY(record_kv_get(op, rec, life_key(op, id), &l.text));
    if (str_empty(l.text))
        l.o = json_new(op->arena, JSON_OBJECT);
    else
        TRY(json_read(op, l.text, &JSON_LIMITS_DEFAULT, &l.o));
    l.state = json_get_str(l.o, STR("state"));
    if (str_empty(l.state))
        l.state = STR("draft");
    *ret = l;
    return OK;
}

bool life_live(const struct life *l)
{
    return json_bool(JSON_GET(l->o, "live"), false);
}

/* The batches of a launch are one row, or they would push out who approved it. */
static void add_log(struct op *op, struct life *l, const char *step)
{
    struct arena *a = op->arena;
    struct json *row = json_new(a, JSON_OBJECT), *log = json_new(a, JSON_ARRAY);
    const struct json *had = JSON_GET(l->o, "log");
    size_t n = had ? had->n : 0;
    if (n && strcmp(step, "enrolling") == 0 &&
        str_eq(json_get_str(json_at(had, n - 1), STR("step")), str_of(step)))
        n--;
    for (size_t i = n > 199 ? n - 199 : 0; i < n; i++)
        json_push(a, log, json_at(had, i));
    json_set_str(a, row, STR("step"), str_of(step));
    json_set_str(a, row, STR("by"), op->actor ? op->actor->user : STR_NONE);
    json_set_str(a, row, STR("at"), time_format(a, op->now));
    json_push(a, log, row);
    json_set(a, l->o, STR("log"), log);
}

err life_save(struct record_tx *tx, struct op *op, struct life *l, const char *step)
{
    struct buf b;
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, l->o, STR("state"), l->state);
    add_log(op, l, step);
    buf_init(&b, op->arena, LIFE_MAX);
    json_write(&b, l->o);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "the campaign's log is too large");
    record_tx_expect_kv(tx, life_key(op, l->id), l->text);
    record_tx_kv(tx, life_key(op, l->id), buf_str(&b));
    json_set_str(op->arena, detail, STR("state"), l->state);
    record_tx_trail(tx, arena_printf(op->arena, "campaign-%s", step),
                    fhir_type_parse(STR("PlanDefinition")), l->id, detail);
    return OK;
}

bool life_wrote(const struct life *l, const struct actor *who)
{
    return authors_have(l->o, who) || authors_is(json_get_str(l->o, STR("author")), who);
}

err life_author(struct op *op, struct life *l)
{
    TRY(authors_add(op, l->o));
    json_set_str(op->arena, l->o, STR("author"), op->actor->user);
    return op_check(op);
}

int64_t life_time(const struct life *l, const char *name)
{
    struct time_span at;
    return time_parse(json_get_str(l->o, str_of(name)), &at) ? at.lo : 0;
}

void life_set_time(struct op *op, struct life *l, const char *name, int64_t at)
{
    if (at)
        json_set_str(op->arena, l->o, str_of(name), time_format(op->arena, at));
    else
        json_unset(l->o, str_of(name));
}

err live_list(struct op *op, struct record *rec, str **ret, size_t *ret_n)
{
    str text, part, *all = ARENA_ARRAY(op->arena, str, LIVE_MAX);
    size_t n = 0;
    TRY(record_kv_get(op, rec, STR("campaign/live"), &text));
    while (all && n < LIVE_MAX && str_take_until(&text, ' ', &part))
        if (!str_empty(part))
            all[n++] = part;
    *ret = all;
    *ret_n = n;
    return op_check(op);
}

err live_change(struct record_tx *tx, struct op *op, struct record *rec, str id, bool in)
{
    str *all, text;
    size_t n;
    struct buf b;
    bool had = false;
    TRY(record_kv_get(op, rec, STR("campaign/live"), &text));
    TRY(live_list(op, rec, &all, &n));
    buf_init(&b, op->arena, 65536);
    for (size_t i = 0; i < n; i++) {
        had |= str_eq(all[i], id);
        if (!str_eq(all[i], id) || in)
            buf_printf(&b, "%.*s ", STR_ARG(all[i]));
    }
    if (in && !had && n >= LIVE_MAX)
        return fail(op, ERR_UNPROCESSABLE, "at most %d campaigns and journeys run at once",
                    LIVE_MAX);
    if (in && !had)
        buf_printf(&b, "%.*s ", STR_ARG(id));
    if (in == had)
        return OK;
    record_tx_expect_kv(tx, STR("campaign/live"), text);
    record_tx_kv(tx, STR("campaign/live"), str_trim(buf_str(&b)));
    return OK;
}

/* ---- compiled outlines ---- */
static err read_plan(struct op *op, struct campaigns *c, str id, uint32_t vid,
                     struct record_doc *doc)
{
    fhir_type type = fhir_type_parse(STR("PlanDefinition"));
    err e =
        vid ? record_vread(op, c->rec, type, id, arena_printf(op->arena, "%u", (unsigned)vid), doc)
            : record_read(op, c->rec, type, id, doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        *doc = (struct record_doc){.deleted = true};
        return OK;
    }
    return e;
}

void plans_tidy(struct campaign_run *r)
{
    if (r->n_loaded < PLANS_MAX)
        return;
    arena_reset(r->plans);
    r->n_loaded = 0;
}

static struct loaded *cached(const struct campaign_run *r, str id, uint32_t vid)
{
    for (size_t i = 0; i < r->n_loaded; i++)
        if (r->loaded[i]->vid == vid && str_eq(r->loaded[i]->id, id))
            return r->loaded[i];
    return NULL;
}

err plan_alone(struct op *op, struct campaigns *c, str id, uint32_t vid, struct plan **ret)
{
    struct record_doc doc;
    struct json *tree;
    *ret = NULL;
    TRY(read_plan(op, c, id, vid, &doc));
    if (doc.deleted)
        return OK;
    TRY(fhir_stored_read(op, arena_cat(op->arena, doc.head, doc.body), &tree));
    return plan_read(op, tree, ret);
}

err plan_load(struct op *op, struct campaigns *c, str id, uint32_t vid, struct loaded **ret)
{
    struct campaign_run *r = c->run;
    struct record_doc doc;
    struct json *tree;
    struct plan *p = NULL;
    *ret = cached(r, id, vid);
    if (*ret)
        return OK;
    TRY(read_plan(op, c, id, vid, &doc));
    if (doc.deleted || (*ret = cached(r, id, doc.vid)))
        return OK;
    bool full = r->n_loaded == PLANS_MAX; /* kept for this round: others may be in use */
    struct arena *a = full ? op->arena : r->plans;
    struct op own;
    op_init(&own, a, campaign_system(), op->now);
    str text = arena_cat(a, doc.head, doc.body);
    TRY(fhir_stored_read(&own, text, &tree));
    struct loaded *l = ARENA_NEW(a, struct loaded);
    err e = plan_read(&own, tree, &p);
    if (arena_failed(a))
        return fail(op, ERR_UNAVAILABLE, "no memory for the outlines of running plans");
    if (e != OK)
        return fail(op, ERR_UNPROCESSABLE, "the outline %.*s of a running plan cannot be read",
                    STR_ARG(id));
    *l = (struct loaded){.id = arena_str(a, id),
                         .vid = doc.vid,
                         .plan = p,
                         .title = p->title,
                         .journey = p->journey};
    if (!full)
        r->loaded[r->n_loaded++] = l;
    *ret = l;
    return OK;
}
