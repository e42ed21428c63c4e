/* Who is on duty when, from now on. Pure over what the record says. Invariant: a moment is a
 * shift's exactly when chain_on_duty() would find that person then. */
#include "desk/roster.h"

#include "base/time.h"
#include "desk/chain_int.h"

#define DAY_MS INT64_C(86400000)
#define ROLES_MAX 200

struct span {
    int64_t from, until;
};
struct roster {
    struct op *op;
    const struct team_hours *team;
    struct span asked;
    struct json *shifts;
    struct span *on_call; /* of everybody */
    size_t n, max;
};

static void set_span(struct op *op, struct json *o, const struct span *s)
{
    json_set_str(op->arena, o, STR("from"), time_format(op->arena, s->from));
    json_set_str(op->arena, o, STR("until"), time_format(op->arena, s->until));
}

static void add_shift(struct roster *r, const struct json *role, str id, enum chain_to to,
                      const struct span *s)
{
    struct arena *a = r->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    if (s->until <= s->from)
        return;
    json_set_str(a, o, STR("role"), id);
    json_set_str(a, o, STR("to"), str_of(chain_to_word(to)));
    if (JSON_GET(role, "practitioner"))
        json_set(a, o, STR("who"), JSON_GET(role, "practitioner"));
    set_span(r->op, o, s);
    json_push(a, r->shifts, o);
    if (to == CHAIN_TO_ON_CALL && r->n < r->max)
        r->on_call[r->n++] = *s;
}

/* What the period of the role leaves of the time that is asked for. */
static struct span clip(const struct json *role, struct span s)
{
    struct time_span t;
    if (time_parse(json_str(json_path(role, "period.start")), &t) && t.lo > s.from)
        s.from = t.lo;
    if (time_parse(json_str(json_path(role, "period.end")), &t) && t.hi < s.until)
        s.until = t.hi;
    return s;
}

static void add_role(struct roster *r, const struct json *role, str id, enum chain_to to)
{
    struct team_hours own = {.zone = r->team->zone};
    struct span s = clip(role, r->asked);
    bool timed = JSON_GET(role, "availableTime") || JSON_GET(role, "notAvailable");
    if (timed && hours_read(r->op, role, &own) != OK) {
        op_clear(r->op); /* a shift that nobody understands is none */
        return;
    }
    if (!timed || own.n_openings == 0) {
        add_shift(r, role, id, to, &s);
        return;
    }
    int64_t at = s.from, next;
    for (int i = 0; i < ROSTER_SHIFTS_MAX && at < s.until; i++) {
        bool open = hours_open(&own, at);
        if (!hours_change(&own, at, &next) || next > s.until)
            next = s.until;
        if (open)
            add_shift(r, role, id, to, &(struct span){at, next});
        at = next;
    }
}

static err add_roles(struct roster *r, struct record *rec, enum chain_to to)
{
    struct record_page page;
    TRY(chain_roles(r->op, rec, r->team, to, &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct json *role;
        TRY(record_parse(r->op, &page.docs[i], &role));
        add_role(r, role, page.docs[i].id, to);
    }
    return OK;
}

static bool covered(const struct roster *r, int64_t at, int64_t *ret_until)
{
    bool any = false;
    *ret_until = r->asked.until;
    for (size_t i = 0; i < r->n; i++) {
        const struct span *s = &r->on_call[i];
        bool in = s->from <= at && at < s->until;
        if (in && (!any || s->until > *ret_until))
            *ret_until = s->until;
        any |= in;
    }
    for (size_t i = 0; !any && i < r->n; i++)
        if (r->on_call[i].from > at && r->on_call[i].from < *ret_until)
            *ret_until = r->on_call[i].from;
    return any;
}

/* Where nobody is on call. */
static struct json *gaps_of(struct roster *r)
{
    struct json *list = json_new(r->op->arena, JSON_ARRAY);
    struct span s = {r->asked.from, 0};
    for (size_t i = 0; i <= 2 * r->max && s.from < r->asked.until; i++) {
        if (!covered(r, s.from, &s.until)) {
            struct json *o = json_new(r->op->arena, JSON_OBJECT);
            set_span(r->op, o, &s);
            json_push(r->op->arena, list, o);
        }
        s.from = s.until;
    }
    return list;
}

static int64_t handover_of(const struct roster *r)
{
    int64_t soonest = 0;
    for (size_t i = 0; i < r->n; i++) {
        const int64_t edges[] = {r->on_call[i].from, r->on_call[i].until};
        for (int k = 0; k < 2; k++)
            if (edges[k] > r->asked.from && edges[k] < r->asked.until &&
                (!soonest || edges[k] < soonest))
                soonest = edges[k];
    }
    return soonest;
}

static err one_team(struct op *op, struct record *rec, const struct team_hours *h,
                    struct span asked, struct json *list)
{
    struct roster r = {.op = op,
                       .team = h,
                       .asked = asked,
                       .shifts = json_new(op->arena, JSON_ARRAY),
                       .max = ROLES_MAX * 10};
    struct json *o = json_new(op->arena, JSON_OBJECT);
    r.on_call = ARENA_ARRAY(op->arena, struct span, r.max);
    TRY(op_check(op));
    TRY(add_roles(&r, rec, CHAIN_TO_ON_CALL));
    TRY(add_roles(&r, rec, CHAIN_TO_LEAD));
    json_set_str(op->arena, o, STR("service"), h->service);
    json_set_str(op->arena, o, STR("name"), h->name);
    json_set_str(op->arena, o, STR("zone"), h->zone);
    set_span(op, o, &asked);
    json_set(op->arena, o, STR("shifts"), r.shifts);
    json_set(op->arena, o, STR("gaps"), gaps_of(&r));
    int64_t next = handover_of(&r);
    if (next)
        json_set_str(op->arena, o, STR("handover"), time_format(op->arena, next));
    json_push(op->arena, list, o);
    return op_check(op);
}

err desk_roster(struct op *op, struct record *rec, const struct config *config, int64_t from,
                int64_t days, struct json **ret)
{
    struct hours_all all;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    if (days < 1 || days > ROSTER_DAYS_MAX)
        return fail(op, ERR_INVALID, "days is a number from 1 to %d", ROSTER_DAYS_MAX);
    TRY(hours_load(op, rec, config, &all));
    for (size_t i = 0; i < all.n; i++)
        TRY(one_team(op, rec, &all.at[i], (struct span){from, from + days * DAY_MS}, list));
    *ret = list;
    return OK;
}
