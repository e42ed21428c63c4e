/* What an incident reaches, counted from the trail: which accounts, whose records, which kinds of
 * data, when, and where these people live. Invariant: counting again over a longer trail finds at
 * least what was found before, and what could not be looked at is said ("complete": false). */
#include "desk/incident_int.h"

#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"
#include "record/looks.h"

#define SLOTS 65536u /* more than twice INCIDENT_PEOPLE_MAX */
#define ACCOUNTS_MAX 500u
#define KINDS_MAX 200
#define PAGE 500
#define PLACES_MAX 400u

struct account {
    str user, role;
    int64_t entries;
};
struct place {
    str name;
    int64_t people;
};

struct count {
    struct incident *i;
    struct arena *a;
    uint64_t *slots, *only; /* people found; those that are asked for */
    size_t n, n_only;
    bool full, exported, kinds[KINDS_MAX];
    struct map accounts;
    VEC(struct account *) all;
    int64_t from, until, first, last, entries;
    str user, session;
};

static uint64_t *slot_of(uint64_t *slots, uint64_t patient)
{
    size_t at = (size_t)(patient * UINT64_C(0x9E3779B97F4A7C15) >> 48);
    while (slots[at] && slots[at] != patient)
        at = (at + 1) % SLOTS;
    return &slots[at];
}

static void add_person(struct count *c, uint64_t patient)
{
    uint64_t *slot = slot_of(c->slots, patient);
    if (*slot)
        return;
    if (c->n == INCIDENT_PEOPLE_MAX) {
        c->full = true;
        return;
    }
    *slot = patient;
    c->n++;
}

static void add_account(struct count *c, const struct record_look *l)
{
    struct account *one = map_get(&c->accounts, l->user);
    if (!one && c->all.n < ACCOUNTS_MAX) {
        one = ARENA_NEW(c->a, struct account);
        if (!one)
            return;
        one->user = arena_str(c->a, l->user);
        one->role = role_name(l->role);
        VEC_PUSH(c->a, &c->all, one);
        if (!map_put(&c->accounts, one->user, one))
            return;
    }
    if (one)
        one->entries++;
}

static bool about(const struct count *c, const struct record_look *l)
{
    return !l->refused && !l->code.n && l->role != ROLE_SYSTEM && l->role != ROLE_PATIENT &&
           l->time >= c->from && l->time <= c->until && (!c->user.n || str_eq(c->user, l->user)) &&
           (!c->session.n || str_eq(c->session, l->session));
}

static bool take(void *ctx, const struct record_look *l)
{
    struct count *c = ctx;
    size_t touched = 0;
    if (!about(c, l))
        return true;
    for (size_t k = 0; k < l->n_patients; k++) {
        if (c->n_only && !*slot_of(c->only, l->patients[k]))
            continue;
        add_person(c, l->patients[k]);
        touched++;
    }
    c->exported |= l->action == ACTION_EXPORT && l->n_patients == 0;
    if (!touched)
        return true;
    c->entries++;
    c->first = l->time; /* newest come first */
    c->last = c->last ? c->last : l->time;
    if (l->type > 0 && l->type < KINDS_MAX)
        c->kinds[l->type] = true;
    add_account(c, l);
    return !arena_failed(c->a);
}

static int64_t when(const struct json *criteria, const char *name, int64_t fallback)
{
    struct time_span t;
    return time_parse(json_get_str(criteria, str_of(name)), &t) ? t.lo : fallback;
}

/* Those who are named: with nothing else to go by, they are the people affected. */
static err named(struct count *c)
{
    const struct json *all = JSON_GET(c->i->criteria, "patients"), *one;
    bool alone = !c->user.n && !c->session.n && !c->from;
    for (size_t k = 0; (one = json_at(all, k)) && k < INCIDENT_PEOPLE_MAX; k++) {
        uint64_t rid;
        err e = record_resolve(c->i->op, c->i->rec, fhir_type_parse(STR("Patient")), json_str(one),
                               &rid);
        if (e == ERR_NOT_FOUND || e == ERR_GONE) { /* was there when it was opened: erased */
            op_clear(c->i->op);
            continue;
        }
        TRY(e);
        uint64_t *slot = slot_of(c->only, rid);
        c->n_only += *slot == 0;
        *slot = rid;
        if (alone)
            add_person(c, rid);
    }
    return OK;
}

static err everybody(struct count *c)
{
    struct record_page page = {.n = 0};
    struct op *op = c->i->op, inner;
    struct arena *a = arena_new((size_t)64 << 20);
    err e = a ? OK : fail(op, ERR_UNAVAILABLE, "No memory left to count everybody.");
    char next[600] = "";
    while (e == OK && !c->full) {
        arena_reset(a);
        op_init(&inner, a, op->actor, op->now);
        e = record_find(&inner, c->i->rec, fhir_type_parse(STR("Patient")),
                        arena_printf(a, "_count=%d%s%s", PAGE, *next ? "&_page=" : "", next),
                        &page);
        for (size_t k = 0; e == OK && k < page.n_match; k++)
            add_person(c, page.docs[k].rid);
        if (e != OK || !page.next.n || page.next.n >= sizeof next)
            break;
        snprintf(next, sizeof next, "%.*s", STR_ARG(page.next));
    }
    if (e != OK && a)
        e = fail(op, e, "The patients could not all be counted.");
    arena_free(a);
    return e;
}

/* ---- where they live ---- */

static str place_of(struct arena *a, const struct json *patient)
{
    const struct json *home = json_at(JSON_GET(patient, "address"), 0);
    str where = right_place(patient), state = str_trim(json_get_str(home, STR("state")));
    if (str_eq(where, STR("EU")))
        return STR("EU");
    if (!where.n && !state.n)
        return STR("unknown");
    str code = desk_state_code(state);
    if (!code.n && !where.n && json_get_str(home, STR("country")).n)
        return STR("unknown"); /* a country whose law is in no row */
    return arena_printf(a, "US-%.*s", STR_ARG(code.n ? code : STR("unknown")));
}

static err add_places(struct count *c, const uint64_t *people, struct json *o)
{
    struct map seen;
    VEC(struct place *) list = {.n = 0};
    struct json *tree, *arr = json_new(c->a, JSON_ARRAY);
    struct arena *a = arena_new((size_t)16 << 20);
    struct op *op = c->i->op, inner;
    map_init(&seen, c->a);
    for (size_t k = 0; a && k < c->n; k++) {
        struct record_doc doc;
        arena_reset(a);
        op_init(&inner, a, op->actor, op->now);
        if (record_get(&inner, c->i->rec, people[k], &doc) != OK || doc.deleted ||
            record_parse(&inner, &doc, &tree) != OK)
            tree = NULL; /* gone meanwhile: counted, without a place */
        str name = place_of(a, tree);
        struct place *p = map_get(&seen, name);
        if (!p && list.n >= PLACES_MAX) /* spellings without end */
            p = list.at[PLACES_MAX - 1];
        if (!p) {
            if (list.n == PLACES_MAX - 1)
                name = STR("US-unknown");
            p = ARENA_NEW(c->a, struct place);
            if (!p)
                break;
            p->name = arena_str(c->a, name);
            VEC_PUSH(c->a, &list, p);
            if (!map_put(&seen, p->name, p))
                break;
        }
        p->people++;
    }
    arena_free(a);
    for (size_t k = 0; k < list.n; k++) {
        struct json *one = json_new(c->a, JSON_OBJECT);
        json_set_str(c->a, one, STR("place"), list.at[k]->name);
        json_set(c->a, one, STR("people"), json_new_i64(c->a, list.at[k]->people));
        json_push(c->a, arr, one);
    }
    json_set(c->a, o, STR("places"), arr);
    return op_check(op);
}

/* ---- keeping ---- */

static str key_of(struct incident *i)
{
    return arena_cat(i->op->arena, STR("incident/"), i->id);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static err keep_people(struct count *c, uint64_t **ret)
{
    uint64_t *all = ARENA_ARRAY(c->a, uint64_t, c->n + 1), before = 0;
    struct buf b;
    size_t n = 0;
    TRY(op_check(c->i->op));
    for (size_t k = 0; k < SLOTS; k++)
        if (c->slots[k])
            all[n++] = c->slots[k];
    qsort(all, n, sizeof *all, by_number);
    buf_init(&b, c->a, (size_t)INCIDENT_PEOPLE_MAX * 10);
    for (size_t k = 0; k < n; before = all[k++])
        buf_varint(&b, all[k] - before);
    record_tx_kv(c->i->tx, key_of(c->i), buf_str(&b));
    *ret = all;
    return op_check(c->i->op);
}

err incident_people(struct incident *i, uint64_t **ret, size_t *ret_n)
{
    uint64_t *all = ARENA_ARRAY(i->op->arena, uint64_t, INCIDENT_PEOPLE_MAX), step, at = 0;
    size_t n = 0;
    str bytes;
    TRY(record_kv_get(i->op, i->rec, key_of(i), &bytes));
    TRY(op_check(i->op));
    while (n < INCIDENT_PEOPLE_MAX && take_varint(&bytes, &step))
        all[n++] = at += step;
    *ret = all;
    *ret_n = n;
    return OK;
}

static void tell(struct count *c, bool complete, struct json *o)
{
    struct arena *a = c->a;
    struct json *accounts = json_new(a, JSON_ARRAY), *kinds = json_new(a, JSON_ARRAY);
    for (size_t k = 0; k < c->all.n; k++) {
        struct json *one = json_new(a, JSON_OBJECT);
        json_set_str(a, one, STR("user"), c->all.at[k]->user);
        json_set_str(a, one, STR("role"), c->all.at[k]->role);
        json_set(a, one, STR("entries"), json_new_i64(a, c->all.at[k]->entries));
        json_push(a, accounts, one);
    }
    for (int t = 1; t < KINDS_MAX; t++)
        if (c->kinds[t])
            json_push(a, kinds, json_new_str(a, fhir_type_name((fhir_type)t)));
    json_set_str(a, o, STR("at"), time_format(a, c->i->op->now));
    json_set(a, o, STR("people"), json_new_i64(a, (int64_t)c->n));
    json_set(a, o, STR("entries"), json_new_i64(a, c->entries));
    json_set(a, o, STR("complete"), json_new_bool(a, complete && !c->full));
    json_set(a, o, STR("wholeExport"), json_new_bool(a, c->exported));
    if (c->entries) {
        json_set_str(a, o, STR("first"), time_format(a, c->first));
        json_set_str(a, o, STR("last"), time_format(a, c->last));
    }
    json_set(a, o, STR("accounts"), accounts);
    json_set(a, o, STR("kinds"), kinds);
}

err incident_count(struct incident *i)
{
    struct arena *a = i->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct count c = {.i = i,
                      .a = a,
                      .slots = ARENA_ARRAY(a, uint64_t, SLOTS),
                      .only = ARENA_ARRAY(a, uint64_t, SLOTS),
                      .from = when(i->criteria, "from", 0),
                      .until = when(i->criteria, "until", INT64_MAX),
                      .user = json_get_str(i->criteria, STR("user")),
                      .session = json_get_str(i->criteria, STR("session"))};
    bool complete = true, walk = c.user.n || c.session.n || c.from;
    uint64_t *people, *had;
    size_t n;
    TRY(op_check(i->op));
    map_init(&c.accounts, a);
    TRY(incident_people(i, &had, &n)); /* it only grows: the trail does, people are erased */
    for (size_t k = 0; k < n; k++)
        add_person(&c, had[k]);
    TRY(named(&c));
    if (json_bool(JSON_GET(i->criteria, "everybody"), false))
        TRY(everybody(&c));
    else if (walk || c.n_only)
        TRY(record_looks(i->op, i->rec, c.from, take, &c, &complete));
    TRY(keep_people(&c, &people));
    tell(&c, complete, o);
    TRY(add_places(&c, people, o));
    i->scope = o;
    return op_check(i->op);
}
