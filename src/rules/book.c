/* Versions of the rulebook: each is the whole of what differs from the catalogue. In force is the
 * newest that has begun and not ended, so the end of a trial brings back the one before by itself.
 * Invariant: a version that cannot be compiled never gets in force, and what was in force stays. */
#include "base/time.h"
#include "rules/rules_int.h"

#define BOOK_MAX (8u << 20)
#define VERSION_MAX (256u << 10)

str book_key(struct op *op, uint32_t number)
{
    return arena_printf(op->arena, "rules/version/%u", number);
}

static int64_t instant(const struct json *tree, str name)
{
    struct time_span t;
    return time_parse(json_get_str(tree, name), &t) ? t.lo : 0;
}

err book_load(struct op *op, struct rules *r, uint32_t number, struct version *ret)
{
    struct version v = {.number = number};
    struct json_limits limits = {.bytes = VERSION_MAX, .depth = 12, .nodes = 100000};
    TRY(record_kv_get(op, r->rec, book_key(op, number), &v.text));
    if (json_read(op, v.text, &limits, &v.tree) != OK) {
        op_clear(op);
        return fail(op, ERR_FAULT, "Version %u of the rulebook cannot be read; restore a backup.",
                    number);
    }
    v.from = instant(v.tree, STR("from"));
    v.until = instant(v.tree, STR("until"));
    *ret = v;
    return OK;
}

err book_at(struct op *op, struct rules *r, int64_t when, struct version *ret)
{
    struct index x;
    TRY(index_load(op, r, &x));
    for (uint32_t i = x.versions; i > 0; i--) {
        TRY(book_load(op, r, i, ret));
        if (ret->from <= when && (!ret->until || when < ret->until))
            return OK;
    }
    *ret = (struct version){.tree = json_new(op->arena, JSON_OBJECT)};
    return OK;
}

/* The rule's entry with the change in it. */
static void override_rule(struct op *op, struct json *overrides, const struct json *change,
                          const struct json *meta)
{
    str rule = json_get_str(change, STR("rule"));
    const struct json *old = json_get(overrides, rule), *params = JSON_GET(change, "params");
    struct json *one = old ? json_dup(op->arena, old) : json_new(op->arena, JSON_OBJECT);
    if (params) {
        const struct json *kept = JSON_GET(one, "params");
        struct json *all = kept ? json_dup(op->arena, kept) : json_new(op->arena, JSON_OBJECT);
        for (uint32_t i = 0; i < params->n; i++)
            json_set(op->arena, all, params->u.members[i].name, &params->u.members[i].value);
        json_set(op->arena, one, STR("params"), all);
    } else {
        json_set(op->arena, one, STR("enabled"), JSON_GET(change, "enabled"));
    }
    str approver = json_get_str(meta, STR("approver"));
    json_set_str(op->arena, one, STR("reason"), json_get_str(meta, STR("reason")));
    json_set_str(op->arena, one, STR("approver"), approver.n ? approver : STR("not yet approved"));
    json_set(op->arena, overrides, rule, one);
}

static struct json *without(struct op *op, const struct json *access, str id)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; json_at(access, i); i++)
        if (!str_eq(json_get_str(json_at(access, i), STR("id")), id))
            json_push(op->arena, list, json_at(access, i));
    return list;
}

static struct json *member(struct op *op, const struct json *tree, str name, enum json_type type)
{
    const struct json *old = json_get(tree, name);
    return old ? json_dup(op->arena, old) : json_new(op->arena, type);
}

err book_with(struct op *op, const struct version *v, const struct json *meta,
              struct json **ret_tree)
{
    struct compiled c;
    const struct json *change = JSON_GET(meta, "change");
    struct json *overrides = member(op, v->tree, STR("overrides"), JSON_OBJECT);
    struct json *access = member(op, v->tree, STR("access"), JSON_ARRAY);
    struct json *tree = json_new(op->arena, JSON_OBJECT);
    str withdrawn = json_get_str(change, STR("withdraw"));
    if (withdrawn.n) {
        access = without(op, access, withdrawn);
        json_unset(overrides, json_get_str(change, STR("rule")));
    } else if (JSON_GET(change, "rule")) {
        override_rule(op, overrides, change, meta);
    } else {
        struct json *one = json_dup(op->arena, change);
        json_set_str(op->arena, one, STR("id"), json_get_str(meta, STR("id")));
        json_push(op->arena, access, one);
    }
    json_set(op->arena, tree, STR("overrides"), overrides);
    json_set(op->arena, tree, STR("access"), access);
    TRY(book_compile(op, tree, &c));
    *ret_tree = tree;
    return OK;
}

static err compile_one(struct op *op, const struct json *one, struct restriction *ret)
{
    const struct json *types = JSON_GET(one, "types");
    int64_t days = 0;
    struct restriction x = {
        .id = arena_printf(op->arena, "TENANT-%.*s", STR_ARG(json_get_str(one, STR("id"))))};
    bool ok = role_parse(json_get_str(one, STR("role")), &x.role) && json_at(types, 0);
    for (size_t i = 0; ok && json_at(types, i); i++) {
        int type = policy_type_parse(json_str(json_at(types, i)));
        ok = type > 0 && type < 192;
        if (ok)
            x.types[type / 64] |= UINT64_C(1) << (type % 64);
    }
    if (JSON_GET(one, "unlessVisitDays"))
        ok = ok && json_i64(JSON_GET(one, "unlessVisitDays"), &days) && days > 0 &&
             days <= RESTRICTION_DAYS_MAX;
    if (!ok)
        return fail(op, ERR_INVALID,
                    "A narrowing of access names no role, or a type that R4 has not.");
    x.visit_days = (int)days;
    x.why = arena_printf(op->arena, "%.*s (rule %.*s of this organisation)",
                         STR_ARG(json_get_str(one, STR("why"))), STR_ARG(x.id));
    *ret = x;
    return OK;
}

err book_compile(struct op *op, const struct json *tree, struct compiled *ret)
{
    struct compiled c = {.access = ARENA_NEW(op->arena, struct restrictions)};
    const struct json *access = JSON_GET(tree, "access"), *one;
    TRY(rulebook_new(op, JSON_GET(tree, "overrides"), &c.book));
    TRY(op_check(op));
    for (size_t i = 0; (one = json_at(access, i)); i++) {
        if (c.access->n == RESTRICTIONS_MAX)
            return fail(op, ERR_TOO_LARGE,
                        "The rulebook takes %u narrowings of access; withdraw some.",
                        RESTRICTIONS_MAX);
        TRY(compile_one(op, one, &c.access->all[c.access->n++]));
    }
    *ret = c;
    return OK;
}

/* Compiled once more where it can stay. */
static err install(struct op *op, struct rules *r, const struct version *v)
{
    struct arena *a = arena_new(BOOK_MAX);
    struct book *b = a ? ARENA_NEW(a, struct book) : NULL;
    struct compiled c;
    struct op own = *op;
    own.arena = a;
    err e = b ? book_compile(&own, json_dup(a, v->tree), &c) : ERR_UNAVAILABLE;
    if (e != OK || arena_failed(a)) {
        arena_free(a);
        return fail(op, ERR_UNAVAILABLE, "Version %u of the rulebook could not be put in force.",
                    v->number);
    }
    *b = (struct book){.next = r->books, .arena = a, .version = v->number};
    r->books = b;
    record_set_rules(r->rec, c.book, c.access);
    return OK;
}

err book_refresh(struct op *op, struct rules *r)
{
    struct version v;
    TRY(book_at(op, r, op->now, &v));
    if (v.number == r->version)
        return OK;
    if (v.number == 0)
        record_set_rules(r->rec, rulebook_default(), NULL);
    else
        TRY(install(op, r, &v));
    r->version = v.number;
    return OK;
}

err rules_new(struct op *op, struct record *rec, struct rules **ret)
{
    struct rules *r = calloc(1, sizeof *r);
    if (!r)
        return fail(op, ERR_UNAVAILABLE, "No memory for the rulebook's versions.");
    r->rec = rec;
    pthread_mutex_init(&r->lock, NULL);
    err e = book_refresh(op, r);
    if (e != OK)
        rules_free(r);
    else
        *ret = r;
    return e;
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    record_set_rules(r->rec, rulebook_default(), NULL);
    for (struct book *b = r->books, *next; b; b = next) {
        next = b->next;
        arena_free(b->arena);
    }
    pthread_mutex_destroy(&r->lock);
    free(r);
}

err rules_tick(struct op *op, struct rules *r)
{
    pthread_mutex_lock(&r->lock);
    err e = book_refresh(op, r);
    pthread_mutex_unlock(&r->lock);
    return e;
}
