/* The people of a campaign: counted and frozen when it is approved, compared again when it starts,
 * enrolled in bulk; the hold-out is drawn then. */
#include "campaign/audience.h"
#include "campaign/run_int.h"

#include <stdlib.h>

#define CHUNK 4000u
#define PEOPLE_MAX 2000000u
#define LAUNCH_BATCH 200u
_Static_assert(CHUNK % LAUNCH_BATCH == 0, "a batch lies in one chunk");

static str chunk_key(struct op *op, str id, size_t i)
{
    return arena_printf(op->arena, "campaign/people/%.*s/%zu", STR_ARG(id), i);
}

/* Everybody whom a definition reaches; the hold-out is the campaign's to draw. */
static err join(struct op *op, const struct audience_people *p, uint64_t **ret, size_t *ret_n)
{
    uint64_t *all = ARENA_ARRAY(op->arena, uint64_t, p->n + p->n_held + 1);
    TRY(op_check(op));
    memcpy(all, p->rids, p->n * sizeof *all);
    memcpy(all + p->n, p->held, p->n_held * sizeof *all);
    *ret = all;
    *ret_n = p->n + p->n_held;
    return OK;
}

static err audience_now(struct op *op, struct campaigns *c, str group, uint64_t **ret,
                        size_t *ret_n)
{
    struct audience_people p;
    TRY(audience_people(op, c, group, &p));
    return join(op, &p, ret, ret_n);
}

/* The group that the outline names (extension plan-audience), as it is now. */
static err group_of(struct op *op, struct campaigns *c, str id, str *ret_id, struct json **ret)
{
    struct record_doc doc;
    struct json *tree;
    const struct json *list, *x;
    str group = STR_NONE;
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(record_parse(op, &doc, &tree));
    list = JSON_GET(tree, "extension");
    for (size_t i = 0; (x = json_at(list, i)); i++)
        if (str_eq(json_get_str(x, STR("url")), STR(PLAN_URL "audience")))
            group = json_str(json_path(x, "valueReference.reference"));
    struct fhir_ref ref = fhir_ref_parse(group);
    if (ref.kind != REF_LOCAL)
        return fail_at(op, ERR_UNPROCESSABLE, STR("PlanDefinition.extension(audience)"),
                       "say who it is for: an audience is missing");
    TRY(record_read(op, c->rec, fhir_type_parse(STR("Group")), ref.id, &doc));
    *ret_id = arena_str(op->arena, ref.id);
    return record_parse(op, &doc, ret);
}

err people_name(struct op *op, struct campaigns *c, str id, str *ret)
{
    const struct actor *who = op->actor;
    struct json *tree;
    str group;
    op->actor = campaign_system(); /* what it is called, no more */
    err e = group_of(op, c, id, &group, &tree);
    op->actor = who;
    *ret = e == OK ? json_get_str(tree, STR("name")) : STR_NONE;
    if (e != ERR_UNPROCESSABLE && e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op);
    return OK;
}

err people_veiled(struct op *op, struct campaigns *c, str id, bool *ret)
{
    struct json *tree;
    str group;
    const struct actor *who = op->actor;
    *ret = false;
    op->actor = campaign_system(); /* what kind of group it is, no more */
    err e = group_of(op, c, id, &group, &tree);
    op->actor = who;
    TRY(e);
    return json_bool(JSON_GET(tree, "actual"), true) ? OK : audience_veiled(op, c, group, ret);
}

err people_told(struct op *op, struct campaigns *c, str id, struct people_of *ret)
{
    struct audience_people p;
    struct json *tree;
    uint64_t *all;
    str group;
    TRY(group_of(op, c, id, &group, &tree));
    TRY(audience_told(op, c, group, &p));
    TRY(join(op, &p, &all, &ret->n));
    ret->rids = all;
    return OK;
}

void people_coarse(struct op *op, struct json *o)
{
    struct json *at[4] = {o};
    uint32_t next[4] = {0};
    for (size_t deep = 1; deep > 0;) {
        struct json *in = at[deep - 1];
        int64_t n;
        bool list = in->type == JSON_ARRAY;
        if (next[deep - 1] == in->n || (!list && in->type != JSON_OBJECT)) {
            deep--;
            continue;
        }
        uint32_t i = next[deep - 1]++;
        struct json *child = list ? &in->u.items[i] : &in->u.members[i].value;
        if (json_i64(child, &n))
            *child = *json_new_i64(op->arena, (int64_t)audience_figure((uint64_t)n));
        else if (deep < 4) {
            next[deep] = 0;
            at[deep++] = child;
        }
    }
}

err people_everybody(struct op *op, struct campaigns *c, struct people_of *ret)
{
    people_read(c->people);
    size_t n = people_count(c->people), k = 0;
    uint64_t *rids = ARENA_ARRAY(op->arena, uint64_t, n + 1);
    for (size_t i = 0; rids && i < n; i++)
        rids[k++] = people_row(c->people, i)->rid;
    people_done(c->people);
    *ret = (struct people_of){.rids = rids, .n = k};
    return op_check(op);
}

err people_now(struct op *op, struct campaigns *c, str id, uint64_t **ret, size_t *ret_n)
{
    struct json *tree;
    struct fhir_ref ref;
    str group;
    *ret_n = 0;
    TRY(group_of(op, c, id, &group, &tree));
    const struct json *list = JSON_GET(tree, "member");
    if (!json_bool(JSON_GET(tree, "actual"), true))
        return audience_now(op, c, group, ret, ret_n);
    size_t n = list ? list->n : 0;
    if (n > PEOPLE_MAX)
        return fail(op, ERR_TOO_LARGE, "an audience has at most %u people", PEOPLE_MAX);
    uint64_t *all = ARENA_ARRAY(op->arena, uint64_t, n + 1);
    fhir_type patient = fhir_type_parse(STR("Patient"));
    for (size_t i = 0; all && i < n; i++) {
        ref = fhir_ref_parse(json_str(json_path(json_at(list, i), "entity.reference")));
        if (ref.kind != REF_LOCAL || ref.type != patient)
            continue;
        err e = record_resolve(op, c->rec, patient, ref.id, &all[*ret_n]);
        if (e == OK)
            (*ret_n)++;
        else
            op_clear(op);
    }
    *ret = all;
    return op_check(op);
}

/* Who is in it now, and whether that tells of health; of a journey nobody: people come into it. Who
 * asks need not see each of them. */
static err count_now(struct op *op, struct campaigns *c, const struct life *l, bool *ret_veiled,
                     struct people_of *ret)
{
    static const struct actor staff = {.role = ROLE_OUTREACH, .purpose = PURPOSE_HOPERAT};
    const struct actor *who = op->actor;
    bool journey = json_bool(JSON_GET(l->o, "journey"), false);
    uint64_t *rids = NULL;
    size_t n = 0;
    *ret_veiled = false;
    op->actor = &staff;
    err e = journey ? OK : people_veiled(op, c, l->id, ret_veiled);
    op->actor = campaign_system();
    if (e == OK && !journey)
        e = people_now(op, c, l->id, &rids, &n);
    op->actor = who;
    *ret = (struct people_of){.rids = rids, .n = n};
    return e;
}

err people_asked(struct op *op, struct campaigns *c, struct life *l)
{
    struct people_of now;
    bool veiled;
    TRY(count_now(op, c, l, &veiled, &now));
    uint64_t figure = veiled ? audience_figure(now.n) : now.n;
    json_set(op->arena, l->o, STR("asked"), json_new_i64(op->arena, (int64_t)figure));
    return op_check(op);
}

err people_freeze(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l)
{
    struct people_of now;
    bool veiled;
    TRY(count_now(op, c, l, &veiled, &now));
    const uint64_t *rids = now.rids;
    size_t n = now.n;
    for (size_t at = 0, k = 0; at < n; at += CHUNK, k++) {
        struct buf b;
        buf_init(&b, op->arena, CHUNK * 8);
        for (size_t i = at; i < n && i < at + CHUNK; i++)
            buf_u64(&b, rids[i]);
        record_tx_kv(tx, chunk_key(op, l->id, k), buf_str(&b));
    }
    json_set(op->arena, l->o, STR("people"), json_new_i64(op->arena, (int64_t)n));
    json_set(op->arena, l->o, STR("veiled"), json_new_bool(op->arena, veiled));
    json_set(op->arena, l->o, STR("holdout"),
             json_new_i64(op->arena, config_int(c->config, "campaign.holdout")));
    json_unset(l->o, STR("diff"));
    json_unset(l->o, STR("next"));
    return op_check(op);
}

err campaign_people(struct op *op, struct campaigns *c, const struct life *l, struct people_of *ret)
{
    int64_t n = 0;
    (void)json_i64(JSON_GET(l->o, "people"), &n);
    uint64_t *all = ARENA_ARRAY(op->arena, uint64_t, (size_t)n + 1);
    size_t have = 0;
    for (size_t k = 0; all && have < (size_t)n; k++) {
        str bytes;
        TRY(record_kv_get(op, c->rec, chunk_key(op, l->id, k), &bytes));
        if (str_empty(bytes))
            break;
        while (have < (size_t)n && take_u64(&bytes, &all[have]))
            have++;
    }
    *ret = (struct people_of){.rids = all, .n = have};
    return op_check(op);
}

/* Those of the next batch, without reading the others. */
static err next_people(struct op *op, struct campaigns *c, const struct life *l, size_t from,
                       struct people_of *ret)
{
    uint64_t *rids = ARENA_ARRAY(op->arena, uint64_t, LAUNCH_BATCH);
    str bytes;
    size_t n = 0;
    TRY(op_check(op));
    TRY(record_kv_get(op, c->rec, chunk_key(op, l->id, from / CHUNK), &bytes));
    bytes = str_sub(bytes, from % CHUNK * sizeof *rids, bytes.n);
    while (n < LAUNCH_BATCH && take_u64(&bytes, &rids[n]))
        n++;
    *ret = (struct people_of){.rids = rids, .n = n};
    return OK;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* How many of those approved are no longer there, and how many would be new. */
static err compare(struct op *op, struct campaigns *c, struct life *l)
{
    struct people_of p;
    uint64_t *now, gone = 0, fresh = 0;
    size_t n, i = 0, k = 0;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    TRY(campaign_people(op, c, l, &p));
    TRY(people_now(op, c, l->id, &now, &n));
    uint64_t *was = ARENA_ARRAY(op->arena, uint64_t, p.n + 1);
    if (!was || !p.rids)
        return op_check(op);
    memcpy(was, p.rids, p.n * sizeof *was);
    qsort(was, p.n, sizeof *was, by_number);
    if (n)
        qsort(now, n, sizeof *now, by_number);
    while (i < p.n || k < n) {
        if (k == n || (i < p.n && was[i] < now[k])) {
            gone++;
            i++;
        } else if (i == p.n || now[k] < was[i]) {
            fresh++;
            k++;
        } else {
            i++;
            k++;
        }
    }
    json_set(op->arena, o, STR("fewer"), json_new_i64(op->arena, (int64_t)gone));
    json_set(op->arena, o, STR("more"), json_new_i64(op->arena, (int64_t)fresh));
    json_set(op->arena, l->o, STR("diff"), o);
    return OK;
}

static err enrol_batch(struct op *op, struct campaigns *c, struct life *l, const struct loaded *p,
                       bool *ret_more)
{
    int64_t n = 0, from = 0, held = 0, percent = config_int(c->config, "campaign.holdout");
    struct people_of part;
    struct record_tx *tx = record_begin(op, c->rec);
    (void)json_i64(JSON_GET(l->o, "people"), &n);
    (void)json_i64(JSON_GET(l->o, "next"), &from);
    (void)json_i64(JSON_GET(l->o, "held"), &held);
    (void)json_i64(JSON_GET(l->o, "holdout"), &percent);
    TRY(next_people(op, c, l, (size_t)from, &part));
    int64_t to = part.n ? from + (int64_t)part.n : n;
    for (size_t i = 0; i < part.n; i++) {
        struct enrolment e = {.plan = l->id, .patient = part.rids[i]};
        bool done;
        e.held =
            campaign_held_out(e.patient, l->id, json_get_str(l->o, STR("seed")), (unsigned)percent);
        held += e.held;
        TRY(enrol(tx, op, c, p, &e, op->now, &done));
    }
    json_set(op->arena, l->o, STR("next"), json_new_i64(op->arena, to));
    json_set(op->arena, l->o, STR("held"), json_new_i64(op->arena, held));
    *ret_more = to < n;
    TRY(life_save(tx, op, l, *ret_more ? "enrolling" : "enrolled"));
    return record_commit(tx);
}

err people_launch(struct op *op, struct campaigns *c, struct life *l, bool *ret_more)
{
    struct loaded *p;
    int64_t vid = 0, next = 0, n = 0;
    *ret_more = false;
    (void)json_i64(JSON_GET(l->o, "liveVersion"), &vid);
    (void)json_i64(JSON_GET(l->o, "next"), &next);
    (void)json_i64(JSON_GET(l->o, "people"), &n);
    if (next >= n)
        return OK;
    TRY(plan_load(op, c, l->id, (uint32_t)vid, &p));
    if (p && next == 0)
        TRY(compare(op, c, l));
    return p ? enrol_batch(op, c, l, p, ret_more) : OK;
}
