/* Known vulnerabilities at the door: taken in as documents, kept by id and by the packages that
 * they name; what somebody said of one for a model; the case for support. Invariants: a
 * vulnerability is told once a model, in the transaction that remembers it; never in a nurse's
 * case. */
#include "desk/desk.h"
#include "fleet/bom_int.h"
#include "fleet/command_int.h"

#define BATCH 50u
#define LEASE_MS 60000
#define JOBS_MAX 4u
#define TELL_MAX 200u
#define TEXT_MAX 1000u

static const char *const statuses[] = {"not_affected", "affected", "fixed", "under_investigation"};

static str keyed(struct op *op, const char *prefix, str a, str b)
{
    return b.n ? arena_printf(op->arena, "%s%.*s/%.*s", prefix, STR_ARG(a), STR_ARG(b))
               : arena_printf(op->arena, "%s%.*s", prefix, STR_ARG(a));
}

/* ---- kept ---- */

static void put(struct op *op, struct json *o, const char *name, str value)
{
    if (value.n)
        json_set_str(op->arena, o, str_of(name), value);
}

static struct json *span_json(struct op *op, const struct span *s)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    put(op, o, "key", s->key);
    put(op, o, "from", s->from);
    put(op, o, "fixed", s->fixed);
    put(op, o, "last", s->last);
    put(op, o, "is", s->is);
    return o;
}

static str vuln_text(struct op *op, const struct vuln *v)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *spans = json_new(a, JSON_ARRAY),
                *aliases = json_new(a, JSON_ARRAY);
    put(op, o, "id", v->id);
    put(op, o, "summary", str_utf8_cut(v->summary, TEXT_MAX));
    put(op, o, "vector", str_utf8_cut(v->vector, 300));
    put(op, o, "severity", str_utf8_cut(v->severity, 20));
    json_set(a, o, STR("score"), json_new_num(a, arena_printf(a, "%.1f", v->score)));
    for (size_t i = 0; i < v->n_aliases; i++)
        json_push(a, aliases, json_new_str(a, str_utf8_cut(v->aliases[i], 80)));
    for (size_t i = 0; i < v->n_spans; i++)
        json_push(a, spans, span_json(op, &v->spans[i]));
    json_set(a, o, STR("aliases"), aliases);
    json_set(a, o, STR("spans"), spans);
    return kept_text(op, o, 1u << 20);
}

err vuln_of(struct op *op, str text, struct vuln *ret)
{
    struct json *o;
    const struct json *list, *one;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    *ret = (struct vuln){.id = json_get_str(o, STR("id")),
                         .summary = json_get_str(o, STR("summary")),
                         .vector = json_get_str(o, STR("vector")),
                         .severity = json_get_str(o, STR("severity"))};
    (void)json_double(JSON_GET(o, "score"), &ret->score);
    list = JSON_GET(o, "aliases");
    for (size_t i = 0; i < VULN_ALIASES_MAX && (one = json_at(list, i)); i++)
        ret->aliases[ret->n_aliases++] = json_str(one);
    list = JSON_GET(o, "spans");
    ret->spans = ARENA_ARRAY(op->arena, struct span, (list ? list->n : 0) + 1);
    TRY(op_check(op));
    for (size_t i = 0; (one = json_at(list, i)); i++)
        ret->spans[ret->n_spans++] = (struct span){.key = json_get_str(one, STR("key")),
                                                   .from = json_get_str(one, STR("from")),
                                                   .fixed = json_get_str(one, STR("fixed")),
                                                   .last = json_get_str(one, STR("last")),
                                                   .is = json_get_str(one, STR("is"))};
    return OK;
}

static err keep_one(struct op *op, struct record_tx *tx, const struct vuln *v)
{
    record_tx_kv(tx, keyed(op, VULN_PREFIX, v->id, STR_NONE), vuln_text(op, v));
    for (size_t i = 0; i < v->n_spans; i++)
        if (!i || !str_eq(v->spans[i].key, v->spans[i - 1].key))
            TRY(index_add(op, tx, v->spans[i].key, v->id));
    return op_check(op);
}

/* The models are looked at again. */
static err again(struct op *op, struct fleet *f)
{
    str all, one;
    TRY(record_kv_get(op, f->rec, STR(PARTS_MODELS), &all));
    struct record_tx *tx = record_begin(op, f->rec);
    while (str_take_until(&all, '\n', &one))
        record_tx_outbox(tx, STR(VULN_QUEUE), op->now, one);
    return record_commit(tx);
}

static err keep_part(struct op *op, struct fleet *f, const struct vulns *all)
{
    for (size_t from = 0; from < all->n; from += BATCH) {
        struct record_tx *tx = record_begin(op, f->rec);
        for (size_t i = from; i < all->n && i < from + BATCH; i++)
            TRY(keep_one(op, tx, &all->all[i]));
        TRY(record_commit(tx));
    }
    struct record_tx *tx = record_begin(op, f->rec);
    for (size_t i = 0; i < all->n_exploited; i++)
        record_tx_kv(tx, keyed(op, VULN_EXPLOITED, all->exploited[i].id, STR_NONE),
                     all->exploited[i].due.n ? str_utf8_cut(all->exploited[i].due, 20)
                                             : STR("unknown"));
    record_tx_trail(tx, STR("device-vulnerabilities"), 0, STR_NONE, NULL);
    return record_commit(tx);
}

static err keep(struct op *op, struct fleet *f, const struct vulns *all)
{
    TRY(keep_part(op, f, all));
    return again(op, f);
}

err vuln_look(struct op *op, str document)
{
    struct vulns all;
    TRY(vulns_read(op, document, &all));
    for (size_t i = 0; i < all.n; i++) /* what is too large to be kept */
        (void)vuln_text(op, &all.all[i]);
    return op_check(op);
}

err vuln_take_part(struct op *op, struct fleet *f, str document)
{
    const struct actor *person = op->actor;
    struct vulns all;
    TRY(fleet_staff(op, PARTS_ROLES));
    TRY(vulns_read(op, document, &all));
    op->actor = fleet_system();
    err e = keep_part(op, f, &all);
    op->actor = person;
    return e;
}

err vuln_take(struct op *op, struct fleet *f, str document, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct vulns all;
    TRY(fleet_staff(op, PARTS_ROLES));
    TRY(vulns_read(op, document, &all));
    op->actor = fleet_system();
    err e = keep(op, f, &all);
    op->actor = person;
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "Somebody else takes vulnerabilities in; try again.");
    }
    TRY(e);
    json_set(op->arena, o, STR("vulnerabilities"), json_new_i64(op->arena, (int64_t)all.n));
    json_set(op->arena, o, STR("exploited"), json_new_i64(op->arena, (int64_t)all.n_exploited));
    *ret = o;
    return op_check(op);
}

/* ---- what somebody says of one (VEX) ---- */

static err keep_said(struct op *op, struct fleet *f, str model, const struct json *in,
                     const struct actor *person)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    str id = json_get_str(in, STR("vulnerability"));
    put(op, o, "status", json_get_str(in, STR("status")));
    put(op, o, "justification", str_trim(json_get_str(in, STR("justification"))));
    put(op, o, "who", person->user);
    put(op, o, "time", time_format(a, op->now));
    struct record_tx *tx = record_begin(op, f->rec);
    record_tx_kv(tx, keyed(op, VULN_VEX, model, id), kept_text(op, o, 8192));
    record_tx_outbox(tx, STR(VULN_QUEUE), op->now, model);
    op->actor = person;
    record_tx_trail(tx, STR("device-vex"), fhir_type_parse(STR("DeviceDefinition")), model, o);
    op->actor = fleet_system();
    return record_commit(tx);
}

err vuln_say(struct op *op, struct fleet *f, str model, const struct json *in, struct json **ret)
{
    const struct actor *person = op->actor;
    str id = json_get_str(in, STR("vulnerability")), status = json_get_str(in, STR("status"));
    str why = str_trim(json_get_str(in, STR("justification"))), known, name;
    bool is_status = false;
    TRY(fleet_staff(op, PARTS_ROLES));
    TRY(model_known(op, f, model, &name));
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        is_status |= str_eq(status, str_of(statuses[i]));
    TRY(record_kv_get(op, f->rec, keyed(op, VULN_PREFIX, id, STR_NONE), &known));
    if (!is_status || !id.n || !known.n)
        return fail_at(op, ERR_INVALID, STR("vulnerability"),
                       "vulnerability is one that was taken in; status is not_affected, affected, "
                       "fixed or under_investigation.");
    if ((str_eq(status, STR("not_affected")) && !why.n) || why.n > TEXT_MAX)
        return fail_at(op, ERR_INVALID, STR("justification"),
                       "Say why it is not affected, in at most 1000 bytes.");
    op->actor = fleet_system();
    err e = keep_said(op, f, model, in, person);
    op->actor = person;
    TRY(e);
    return vuln_list(op, f, ret);
}

/* ---- the case ---- */

static enum desk_priority priority_of(const struct finding *x)
{
    return x->exploited || x->v.score >= 9 ? DESK_P2 : x->v.score >= 7 ? DESK_P3 : DESK_P4;
}

static bool settled(const struct finding *x)
{
    str status = json_get_str(x->vex, STR("status"));
    return str_eq(status, STR("not_affected")) || str_eq(status, STR("fixed"));
}

/* What nobody was told of yet, in any of the model's bills of materials. */
struct untold {
    struct op *op; /* whose memory stays */
    struct fleet *f;
    str model;
    struct finding worst; /* of it: id and score */
    str keys[TELL_MAX];
    size_t n;
    bool more;
};

static bool is_worse(const struct finding *x, const struct finding *than)
{
    return x->exploited != than->exploited ? x->exploited : x->v.score > than->v.score;
}

static bool is_there(const struct untold *u, str key)
{
    for (size_t i = 0; i < u->n; i++)
        if (str_eq(u->keys[i], key))
            return true;
    return false;
}

static err untold_of(void *ctx, struct op *op, const struct bom *b)
{
    struct untold *u = ctx;
    (void)op;
    for (size_t i = 0; i < b->found.n && !u->more; i++) {
        const struct finding *x = &b->found.all[i];
        str key = keyed(u->op, VULN_TOLD, u->model, x->v.id), had;
        if (settled(x) || is_there(u, key))
            continue;
        TRY(record_kv_get(u->op, u->f->rec, key, &had));
        if (had.n)
            continue;
        u->more = u->n == TELL_MAX;
        if (u->more)
            break;
        if (!u->n || is_worse(x, &u->worst))
            u->worst =
                (struct finding){.v = {.id = arena_str(u->op->arena, x->v.id), .score = x->v.score},
                                 .exploited = x->exploited};
        u->keys[u->n++] = key;
    }
    return op_check(u->op);
}

static err tell(struct op *op, struct fleet *f, str model, const struct untold *u,
                struct record_tx *tx)
{
    str name, id, evidence = arena_cat(op->arena, STR("DeviceDefinition/"), model);
    bool is_new;
    TRY(model_known(op, f, model, &name));
    str worst = u->worst.v.score > 0 ? arena_printf(op->arena, "%.*s (CVSS %.1f)",
                                                    STR_ARG(u->worst.v.id), u->worst.v.score)
                                     : u->worst.v.id;
    struct said parts[3] = {desk_say_same(op, name.n ? name : model),
                            desk_say_number(op, 0, (double)u->n), desk_say_same(op, worst)};
    struct desk_case c = {
        .programme = arena_cat(op->arena, STR("device-security/"), model),
        .priority = priority_of(&u->worst),
        .technical = true,
        .why = desk_say(op, SAY_FLEET_VULNERABLE, parts, 3),
        .evidence = &evidence,
        .n_evidence = 1,
        .rule = STR("DEV-11"),
    };
    TRY(desk_open(tx, op, f->rec, &c, &id, &is_new));
    for (size_t i = 0; i < u->n; i++) {
        record_tx_expect_kv(tx, u->keys[i], STR_NONE);
        record_tx_kv(tx, u->keys[i], id);
    }
    return op_check(op);
}

static err look(struct op *op, struct fleet *f, const struct record_job *job)
{
    struct untold *u = ARENA_NEW(op->arena, struct untold);
    struct bom_each e = {.model = job->body, .fn = untold_of, .ctx = u};
    TRY(op_check(op));
    u->op = op;
    u->f = f;
    u->model = job->body;
    TRY(bom_ranges(op, f, e.model, &e.ranges));
    TRY(bom_each(op, f, &e));
    struct record_tx *tx = record_begin(op, f->rec);
    if (u->n)
        TRY(tell(op, f, job->body, u, tx));
    if (u->more)
        record_tx_outbox_later(tx, job->job, op->now, job->body);
    else
        record_tx_outbox_done(tx, job->job);
    return record_commit(tx);
}

err vuln_tick(struct op *op, struct fleet *f, size_t *ret_n)
{
    struct record_job *jobs;
    TRY(record_outbox_take(op, f->rec, STR(VULN_QUEUE), LEASE_MS, JOBS_MAX, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        err e = look(op, f, &jobs[i]);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}
