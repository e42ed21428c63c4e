/* What is kept of audiences: the Group, and for campaigns the frozen list of an approval, as named
 * values beside it. Invariant: a frozen list is written whole in one transaction, and only gets
 * shorter between the approval and the sending. */
#include "campaign/audience_int.h"

#include "base/buf.h"

#define FROZEN_STEP 100000u
#define FROZEN_BYTES (1u << 20)

static fhir_type t_group(void)
{
    return fhir_type_parse(STR("Group"));
}

static err definition_of(struct op *op, struct campaigns *c, str id, struct json **ret)
{
    struct record_doc doc;
    struct json *group;
    TRY(record_read(op, c->rec, t_group(), id, &doc));
    TRY(record_parse(op, &doc, &group));
    *ret = audience_from_group(op, group);
    return op_check(op);
}

err audience_get(struct op *op, struct campaigns *c, str id, struct json **ret)
{
    return definition_of(op, c, id, ret);
}

err audience_put(struct op *op, struct campaigns *c, str id, const struct json *definition,
                 struct json **ret)
{
    struct audience a;
    struct record_result done;
    TRY(audience_read(op, c, definition, &a));
    if (str_empty(a.name))
        return fail_at(op, ERR_INVALID, STR("name"), "Give the audience a name.");
    struct json *group = audience_to_group(op, &a);
    TRY(op_check(op));
    TRY(fhir_validate(op, group));
    if (str_empty(id)) {
        TRY(record_create(op, c->rec, group, STR_NONE, &done));
        return definition_of(op, c, done.id, ret);
    }
    json_set_str(op->arena, group, STR("id"), id);
    TRY(record_update(op, c->rec, t_group(), id, group, STR_NONE, &done));
    return definition_of(op, c, id, ret);
}

err audience_all(struct op *op, struct campaigns *c, struct json **ret)
{
    struct record_page page;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    TRY(record_find(op, c->rec, t_group(), STR("type=person&_sort=-_lastUpdated&_count=200"),
                    &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct json *group;
        TRY(record_parse(op, &page.docs[i], &group));
        if (!json_bool(JSON_GET(group, "actual"), true))
            json_push(op->arena, list, audience_from_group(op, group));
    }
    json_set(op->arena, o, STR("audiences"), list);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

/* ---- people of a campaign ---- */

static const struct actor *campaigner(void)
{
    static const struct actor self = {.role = ROLE_OUTREACH, .purpose = PURPOSE_HOPERAT};
    return &self;
}

static err crowd_of(struct op *op, struct campaigns *c, str group, struct audience *a,
                    struct crowd *w)
{
    struct json *definition;
    const struct actor *before = op->actor;
    op->actor = campaigner();
    err e = definition_of(op, c, group, &definition);
    if (e == OK)
        e = audience_read(op, c, definition, a);
    a->seed = group;
    if (e == OK)
        e = crowd_make(op, c, a, w);
    op->actor = before;
    return e;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static err people_of(const struct crowd *w, struct audience_people *ret)
{
    struct op *op = w->op;
    struct audience_people r = {.rids = ARENA_ARRAY(op->arena, uint64_t, w->n + 1),
                                .held = ARENA_ARRAY(op->arena, uint64_t, w->n + 1)};
    TRY(op_check(op));
    people_read(w->c->people);
    for (size_t i = 0; i < w->n; i++) {
        uint64_t rid = people_row(w->c->people, i)->rid;
        if (w->left[i] == CROWD_OUT)
            continue;
        r.matched++;
        if (w->left[i] == LEFT_IN)
            r.rids[r.n++] = rid;
        else
            r.left[w->left[i]]++;
        if (w->left[i] == LEFT_HOLD_OUT)
            r.held[r.n_held++] = rid;
    }
    people_done(w->c->people);
    qsort(r.rids, r.n, sizeof *r.rids, by_number);
    qsort(r.held, r.n_held, sizeof *r.held, by_number);
    *ret = r;
    return OK;
}

err audience_people(struct op *op, struct campaigns *c, str group, struct audience_people *ret)
{
    struct audience a = {0};
    struct crowd w;
    TRY(crowd_of(op, c, group, &a, &w));
    return people_of(&w, ret);
}

err audience_veiled(struct op *op, struct campaigns *c, str group, bool *ret)
{
    struct json *definition;
    struct audience a = {0};
    TRY(definition_of(op, c, group, &definition));
    TRY(audience_read(op, c, definition, &a));
    *ret = a.veiled;
    return OK;
}

err audience_told(struct op *op, struct campaigns *c, str group, struct audience_people *ret)
{
    struct json *definition;
    struct audience a = {0};
    struct crowd w;
    TRY(definition_of(op, c, group, &definition));
    TRY(audience_read(op, c, definition, &a));
    TRY(crowd_make(op, c, &a, &w));
    TRY(crowd_told(&w));
    return people_of(&w, ret);
}

static str key_of(struct op *op, str name, const char *list, size_t i)
{
    return arena_printf(op->arena, "campaign/audience/%.*s/%s%zu", STR_ARG(name), list, i);
}

static err list_out(struct record_tx *tx, struct op *op, str name, const char *list,
                    const uint64_t *rids, size_t n)
{
    for (size_t at = 0; at < n; at += FROZEN_STEP) {
        struct buf b;
        uint64_t before = 0;
        buf_init(&b, op->arena, FROZEN_BYTES);
        for (size_t i = at; i < n && i < at + FROZEN_STEP; i++) {
            buf_varint(&b, rids[i] - before);
            before = rids[i];
        }
        if (!buf_ok(&b))
            return fail(op, ERR_TOO_LARGE, "The audience is too large to be kept.");
        record_tx_kv(tx, key_of(op, name, list, at / FROZEN_STEP), buf_str(&b));
    }
    return op_check(op);
}

static err list_in(struct op *op, struct campaigns *c, str name, const char *list, size_t n,
                   uint64_t *ret)
{
    size_t got = 0;
    for (size_t k = 0; got < n; k++) {
        str in;
        uint64_t rid = 0, step;
        TRY(record_kv_get(op, c->rec, key_of(op, name, list, k), &in));
        if (str_empty(in))
            return fail(op, ERR_FAULT, "A frozen audience is not whole.");
        while (got < n && take_varint(&in, &step))
            ret[got++] = rid += step;
    }
    return OK;
}

err audience_freeze(struct op *op, struct campaigns *c, str group, str name,
                    struct audience_people *ret)
{
    struct audience_people r;
    struct buf b;
    TRY(audience_people(op, c, group, &r));
    struct record_tx *tx = record_begin(op, c->rec);
    buf_init(&b, op->arena, 1000);
    buf_varint(&b, r.n);
    buf_varint(&b, r.n_held);
    buf_varint(&b, r.matched);
    for (int i = 0; i < LEFT_COUNT; i++)
        buf_varint(&b, r.left[i]);
    record_tx_kv(tx, key_of(op, name, "head", 0), buf_str(&b));
    TRY(list_out(tx, op, name, "in", r.rids, r.n));
    TRY(list_out(tx, op, name, "held", r.held, r.n_held));
    TRY(record_commit(tx));
    *ret = r;
    return OK;
}

err audience_frozen(struct op *op, struct campaigns *c, str name, struct audience_people *ret)
{
    struct audience_people r = {0};
    uint64_t n = 0, held = 0;
    str in;
    TRY(record_kv_get(op, c->rec, key_of(op, name, "head", 0), &in));
    if (str_empty(in))
        return fail(op, ERR_NOT_FOUND, "No audience was frozen for this.");
    bool ok = take_varint(&in, &n) && take_varint(&in, &held) && take_varint(&in, &r.matched);
    for (int i = 0; ok && in.n && i < LEFT_COUNT; i++) /* an older one has fewer reasons */
        ok = take_varint(&in, &r.left[i]);
    if (!ok)
        return fail(op, ERR_FAULT, "A frozen audience is not whole.");
    r.n = n;
    r.n_held = held;
    r.rids = ARENA_ARRAY(op->arena, uint64_t, n + 1);
    r.held = ARENA_ARRAY(op->arena, uint64_t, held + 1);
    TRY(op_check(op));
    TRY(list_in(op, c, name, "in", n, r.rids));
    TRY(list_in(op, c, name, "held", held, r.held));
    *ret = r;
    return OK;
}

err audience_compare(struct op *op, struct campaigns *c, str group, str name,
                     struct audience_diff *ret)
{
    struct audience a = {0};
    struct audience_people then, now;
    struct crowd w;
    TRY(audience_frozen(op, c, name, &then));
    TRY(crowd_of(op, c, group, &a, &w));
    TRY(people_of(&w, &now));
    struct audience_diff d = {
        .approved = then.n, .now = now.n, .rids = ARENA_ARRAY(op->arena, uint64_t, then.n + 1)};
    TRY(op_check(op));
    people_read(c->people);
    for (size_t i = 0, k = 0; i < then.n; i++) {
        size_t row;
        while (k < now.n && now.rids[k] < then.rids[i])
            k++;
        if (k < now.n && now.rids[k] == then.rids[i]) {
            d.rids[d.n++] = then.rids[i];
            continue;
        }
        bool known = people_find(c->people, then.rids[i], &row) && row < w.n;
        d.gone[known && w.left[row] < LEFT_COUNT ? w.left[row] : LEFT_IN]++;
    }
    people_done(c->people);
    d.joined = now.n - d.n;
    *ret = d;
    return OK;
}
