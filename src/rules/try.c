/* What a change would have decided otherwise: the decisions of the last days, asked once more of
 * the rulebook with the change in it. A contact decision is asked with the facts of then; a look is
 * asked whom it was about and whether they had a visit near that day. Invariant: nothing is decided
 * anew in the record; what could not be looked at in time makes the answer incomplete, and it says
 * so. */
#include "base/time.h"
#include "record/looks.h"
#include "rules/rules_int.h"

#define TRYING_MAX 2u /* each may hold its thread for a minute */
#define DAY INT64_C(86400000)
#define WHO_MAX 50u
#define MEMO_MAX 65536u

/* What a decision turns into. */
enum turn { TURN_REFUSED, TURN_HELD, TURN_ALLOWED, TURNS };
static const char *const turn_names[TURNS] = {"refused", "held", "allowed"};

struct who {
    str user;
    enum role role;
    uint64_t turned[TURNS];
};
struct memo { /* a patient and a day: had they a visit near? */
    uint64_t key;
    bool near;
};
struct trial {
    struct op *op;
    struct rules *r;
    struct compiled now, then; /* as it is, with the change */
    const struct restriction *narrowing;
    struct arena *scratch;
    struct who who[WHO_MAX];
    size_t n_who;
    struct memo *memo;
    uint64_t looked, unknown, turned[TURNS];
    err failed;
};

static void count(struct trial *t, const struct record_look *l, enum turn turn)
{
    t->turned[turn]++;
    size_t i = 0;
    while (i < t->n_who && (!str_eq(t->who[i].user, l->user) || t->who[i].role != l->role))
        i++;
    if (i == WHO_MAX)
        return; /* the sums hold them all */
    if (i == t->n_who)
        t->who[t->n_who++] =
            (struct who){.user = arena_str(t->op->arena, l->user), .role = l->role};
    t->who[i].turned[turn]++;
}

/* *ret_known false: the line holds no facts (it is older than they are kept). */
static enum decision decide(struct op *op, const struct rulebook *book, const struct json *line,
                            bool *ret_known)
{
    struct facts *facts;
    struct verdict v = {0};
    uint64_t triggers = 0;
    const struct json *names = JSON_GET(line, "triggers"), *kept = JSON_GET(line, "facts");
    for (size_t i = 0; json_at(names, i); i++) {
        enum trigger one;
        if (trigger_parse(json_str(json_at(names, i)), &one))
            triggers |= UINT64_C(1) << one;
    }
    *ret_known = triggers && json_is(kept, JSON_OBJECT) &&
                 facts_from_json(op, kept, &facts) == OK &&
                 policy_decide(op, book, triggers, facts, &v) == OK;
    return v.decision == DECISION_REQUIRE ? DECISION_DENY : v.decision;
}

static void ask_contact(struct trial *t, const struct record_look *l)
{
    struct op op;
    struct json *line = NULL;
    bool known = false, again = false;
    struct json_limits limits = {.bytes = 64u << 10, .depth = 16, .nodes = 20000};
    arena_reset(t->scratch);
    op_init(&op, t->scratch, t->op->actor, l->time);
    t->looked++;
    if (json_read(&op, l->detail, &limits, &line) != OK) {
        t->unknown++;
        return;
    }
    enum decision before = decide(&op, t->now.book, line, &known);
    enum decision after = decide(&op, t->then.book, line, &again);
    if (!known || !again)
        t->unknown++;
    else if (after > before)
        count(t, l, after == DECISION_DENY ? TURN_REFUSED : TURN_HELD);
    else if (after < before)
        count(t, l, TURN_ALLOWED);
}

static bool visit_near(struct trial *t, uint64_t patient, int64_t when)
{
    uint64_t key = (patient << 16) ^ (uint64_t)(when / DAY) ^ UINT64_C(1) << 63;
    struct memo *m = &t->memo[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 48];
    if (m->key == key)
        return m->near;
    struct op op;
    arena_reset(t->scratch);
    op_init(&op, t->scratch, t->op->actor, t->op->now);
    bool near = false;
    struct record_near q = {
        .patient = patient, .when = when / DAY * DAY, .days = t->narrowing->visit_days};
    err e = record_visit_near(&op, t->r->rec, &q, &near);
    if (e != OK && e != ERR_NOT_FOUND)
        t->failed = e;
    *m = (struct memo){key, near};
    return near;
}

static void ask_look(struct trial *t, const struct record_look *l)
{
    const struct restriction *x = t->narrowing;
    if (l->refused || l->role != x->role || l->action > ACTION_HISTORY || l->type == 0)
        return;
    t->looked++;
    if (!(x->types[l->type / 64] >> (l->type % 64) & 1))
        return;
    bool refused = x->visit_days == 0;
    for (size_t i = 0; i < l->n_patients && !refused; i++)
        refused = !visit_near(t, l->patients[i], l->time);
    if (refused)
        count(t, l, TURN_REFUSED);
}

static bool ask(void *ctx, const struct record_look *l)
{
    struct trial *t = ctx;
    if (t->narrowing)
        ask_look(t, l);
    else if (str_eq(l->code, STR("contact-decision")))
        ask_contact(t, l);
    return t->failed == OK;
}

static void put_turns(struct arena *a, struct json *o, const uint64_t *turned)
{
    for (size_t i = 0; i < TURNS; i++)
        json_set(a, o, str_of(turn_names[i]), json_new_i64(a, (int64_t)turned[i]));
}

static struct json *told(struct trial *t, int64_t since, int64_t began, bool complete)
{
    struct arena *a = t->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    const struct {
        const char *name;
        uint64_t n;
    } sums[] = {{"looked", t->looked},
                {"withoutFacts", t->unknown},
                {"millis", (uint64_t)(time_mono() - began)}};
    json_set_str(a, o, STR("from"), time_format(a, since));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        json_set(a, o, str_of(sums[i].name), json_new_i64(a, (int64_t)sums[i].n));
    put_turns(a, o, t->turned);
    json_set(a, o, STR("complete"), json_new_bool(a, complete));
    for (size_t i = 0; i < t->n_who; i++) {
        struct json *one = json_new(a, JSON_OBJECT);
        json_set_str(a, one, STR("user"), t->who[i].user);
        json_set_str(a, one, STR("role"), role_name(t->who[i].role));
        put_turns(a, one, t->who[i].turned);
        json_push(a, list, one);
    }
    json_set(a, o, STR("who"), list);
    return o;
}

/* The books of today and of the change; the narrowing that the change adds, if it is one. */
static err prepare(struct trial *t, const struct json *meta)
{
    struct version v;
    struct json *tree;
    TRY(book_at(t->op, t->r, t->op->now, &v));
    TRY(book_with(t->op, &v, meta, &tree));
    TRY(book_compile(t->op, v.tree, &t->now));
    TRY(book_compile(t->op, tree, &t->then));
    if (JSON_GET(JSON_GET(meta, "change"), "role"))
        t->narrowing = &t->then.access->all[t->then.access->n - 1];
    t->memo = ARENA_ARRAY(t->op->arena, struct memo, MEMO_MAX);
    t->scratch = arena_new(32u << 20);
    return t->scratch ? op_check(t->op)
                      : fail(t->op, ERR_UNAVAILABLE, "No memory left for the trial.");
}

static err keep(struct op *op, struct rules *r, str id, const struct json *result)
{
    struct json *meta;
    str before;
    TRY(change_load(op, r, id, &meta, &before));
    json_set(op->arena, meta, STR("tried"), result);
    return change_save(op, meta, before, STR("tried"), record_begin(op, r->rec));
}

static err try_one(struct op *op, struct rules *r, str id, unsigned days, struct json **ret)
{
    struct trial t = {.op = op, .r = r};
    struct json *meta;
    str text;
    bool complete = false;
    int64_t began = time_mono(), since = op->now - (int64_t)days * DAY;
    TRY(may_change(op, r, "try"));
    if (days == 0 || days > 365)
        return fail_at(op, ERR_INVALID, STR("days"), "Give 1 to 365 days.");
    TRY(change_load(op, r, id, &meta, &text));
    err e = prepare(&t, meta);
    if (e == OK)
        e = record_looks(op, r->rec, since, ask, &t, &complete);
    arena_free(t.scratch);
    TRY(e);
    if (t.failed != OK)
        return fail(op, t.failed, "The visits of a patient could not be looked up; try again.");
    *ret = told(&t, since, began, complete);
    pthread_mutex_lock(&r->lock);
    e = keep(op, r, id, *ret);
    pthread_mutex_unlock(&r->lock);
    return e;
}

err rules_try(struct op *op, struct rules *r, str id, unsigned days, struct json **ret)
{
    err e = ERR_BUSY;
    if (atomic_fetch_add(&r->trying, 1) < TRYING_MAX)
        e = try_one(op, r, id, days, ret);
    else
        (void)fail(op, ERR_BUSY, "Other changes are being tried; wait a minute and try again.");
    atomic_fetch_sub(&r->trying, 1);
    return e;
}
