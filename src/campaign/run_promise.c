/* By when somebody is to have called: the case's clock, in the hours of its team, and the hour that
 * is told. Invariant: what is told is an hour of the team in which the patient may be called, where
 * there is one; and the case is due no later than what was told. */
#include "campaign/step_int.h"

#include "desk/hours.h"

#define QUARTER_MS (15 * 60000LL)
#define AHEAD_DAYS 14
#define QUARTERS (AHEAD_DAYS * 96)

/* No place is known, or the day is past what is: nobody says that they may not be. */
static bool may_be_called(const struct plan_place *p, int64_t at)
{
    const struct plan_day *d;
    if (p->n == 0 || at > p->days[p->n - 1].noon + PLAN_DAY_MS / 2)
        return true;
    for (size_t i = 0; i < p->n; i++) {
        d = &p->days[i];
        if (d->open < at && at <= d->close)
            return true;
    }
    return false;
}

/* "By 5 pm" is kept by a call before it: what counts is the minute before. */
static bool reachable(const struct step *s, const struct team_hours *h, int64_t at)
{
    return hours_open(h, at - 60000) && may_be_called(&s->m.place, at);
}

/* Due while nobody may be called: the last such hour before it, as sooner keeps the promise; where
 * none is ahead, the first after; where none comes in two weeks, as it is due. */
static int64_t told_of(const struct step *s, const struct team_hours *h, int64_t due)
{
    /* the seconds since it began are nobody's quarter */
    int64_t at = (due / 60000 + 14) / 15 * QUARTER_MS, first;
    at += at <= s->op->now ? QUARTER_MS : 0; /* "at once" is by the next */
    first = at;
    for (; at >= s->op->now + QUARTER_MS; at -= QUARTER_MS)
        if (reachable(s, h, at))
            return at;
    at = first;
    for (int i = 0; i < QUARTERS; i++, at += QUARTER_MS)
        if (reachable(s, h, at))
            return at;
    return first;
}

err run_promise(const struct step *s, int64_t ms, struct promise *ret)
{
    struct hours_all all;
    struct promise p = {.due = s->op->now + ms};
    TRY(hours_load(s->op, s->c->rec, s->c->config, &all));
    const struct team_hours *h = hours_of(&all, s->l->plan->programme);
    (void)hours_after(h, s->op->now, ms, &p.due);
    p.told = told_of(s, h, p.due);
    p.due = p.told < p.due ? p.told : p.due;
    *ret = p;
    return OK;
}

struct said run_promise_said(const struct step *s, int64_t told)
{
    struct op *op = s->op;
    str house = config_str(s->c->config, "house.zone");
    struct time_local here, there;
    struct said own, where;
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
        own.in[l] = due_words(op, house, told, l);
        where.in[l] = due_words(op, s->m.zone, told, l);
    }
    bool both = time_to_local(told, house, &here) && time_to_local(told, s->m.zone, &there);
    if (!both || (here.hour == there.hour && here.minute == there.minute))
        return own;
    return desk_say(op, SAY_DUE_THERE, (struct said[]){own, where, desk_say_same(op, s->m.zone)},
                    3);
}
