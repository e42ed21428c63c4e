/* The scheduler: what happens next with one person of one plan. Pure and total. Invariant: a move
 * either waits for a later instant or carries the state forward (a greater step, one more try, the
 * end), so a run is at most a few moves a step long. */
#include "campaign/plan_int.h"

#define HALF_DAY_MS (PLAN_DAY_MS / 2)
#define HOUR_MS (PLAN_DAY_MS / 24)
#define LATE_H (7 * 24) /* a number that comes later answers nothing any more */

str plan_channel_name(enum plan_channel k)
{
    return k < PLAN_CHANNELS ? way_name((enum way)k) : STR("preferred");
}

bool plan_channel_parse(str name, enum plan_channel *ret)
{
    enum way k;
    bool is = way_parse(name, &k);
    if (is)
        *ret = (enum plan_channel)k;
    return is;
}

/* ---- channel ---- */
enum plan_consent plan_consent(const struct plan *p, str purpose)
{
    return p->marketing || str_eq(purpose, STR("marketing")) ? PLAN_MARKETING
           : str_starts(purpose, STR("appointment"))         ? PLAN_VISIT
                                                             : PLAN_CARE;
}

bool plan_sells(const struct plan *p, int step)
{
    return plan_consent(p, p->purposes[p->steps[step].about]) == PLAN_MARKETING;
}

enum plan_channel plan_choose(const struct plan_person *who, const struct plan_step *step,
                              uint8_t used, enum way_by *ret_by)
{
    const struct plan_ways *by = &who->by[step->about];
    struct way_ask q = {.may = by->may & ((1u << PLAN_PHONE) - 1),
                        .failing = who->failing,
                        .used = used,
                        .another = step->channel == PLAN_OTHER,
                        .urgent = step->urgent,
                        .for_purpose = by->said,
                        .prefers = by->prefers};
    *ret_by = WAY_BY_ASKED;
    if (step->channel < PLAN_PHONE)
        return q.may & (1u << step->channel) ? step->channel : PLAN_PHONE;
    return (enum plan_channel)way_choose(&q, ret_by);
}

/* ---- time ---- */
/* Index of the first day that has not ended at t; n when there is none. */
static size_t day_at(const struct plan_place *place, int64_t t)
{
    int64_t guess = t / PLAN_DAY_MS - place->first - 2;
    size_t i = guess > 0 ? (size_t)guess : 0;
    while (i < place->n && place->days[i].noon + HALF_DAY_MS <= t)
        i++;
    return i < place->n ? i : place->n;
}

static int64_t at_minute(const struct plan_day *d, int minute)
{
    return d->noon - HALF_DAY_MS + minute * 60000LL;
}

/* Number of the local day of t in the table; negative: before its first. */
static int64_t day_of(const struct plan_place *place, int64_t t)
{
    int64_t start = place->days[0].noon - HALF_DAY_MS;
    return t >= start ? (int64_t)day_at(place, t) : -((start - t + PLAN_DAY_MS - 1) / PLAN_DAY_MS);
}

static int64_t due_of(const struct plan_step *step, const struct plan_person *who,
                      const struct plan_state *s)
{
    int64_t base = step->from_anchor ? s->anchor : s->since, t = base + step->delay;
    const struct plan_place *place = who->place;
    if (step->at_min < 0 || !place || place->n == 0)
        return t;
    for (int64_t day = day_of(place, base) + step->delay / PLAN_DAY_MS; day < (int64_t)place->n;
         day++) {
        const struct plan_day *d = &place->days[day > 0 ? day : 0];
        int64_t at = at_minute(d, step->at_min) + (day < 0 ? day * PLAN_DAY_MS : 0);
        if (at >= base || step->delay < 0)
            return at;
    }
    return t;
}

/* The same hour of the day after, where that day has 25 hours; never sooner than 24 hours on, which
 * "1 day" is in an outline: a path may say it in the night of 23. */
static int64_t day_after(const struct plan_place *place, int64_t t)
{
    int64_t day = place && place->n ? day_of(place, t) : -1;
    if (day < 0 || day + 1 >= (int64_t)place->n)
        return t + PLAN_DAY_MS;
    int64_t day_ms = place->days[day + 1].noon - place->days[day].noon;
    return t + (day_ms > PLAN_DAY_MS ? day_ms : PLAN_DAY_MS);
}

/* The first instant from t on inside a window; INT64_MAX when the table ends before. */
static int64_t open_at(const struct plan *p, const struct plan_person *who, int64_t t,
                       enum plan_why *why)
{
    const struct plan_place *place = who->place;
    for (size_t i = day_at(place, t); i < place->n; i++) {
        const struct plan_day *d = &place->days[i];
        int64_t open = at_minute(d, p->open_min), close = at_minute(d, p->close_min);
        open = d->open > open ? d->open : open;
        close = d->close < close ? d->close : close;
        if (open >= close || close <= t)
            continue;
        int64_t width = close - open < p->spread ? close - open : p->spread;
        int64_t slot = open + (width > 60000 ? who->seed % (width / 60000) * 60000 : 0);
        if (slot <= t)
            return t;
        *why = open > t ? PLAN_WHY_HOURS : PLAN_WHY_STAGGER;
        return slot;
    }
    *why = PLAN_WHY_HOURS;
    return INT64_MAX;
}

/* ---- what is left of a path when the plan's time is up ---- */
/* The plan's time is up then. */
static bool ends_by(const struct plan *p, const struct plan_state *s, int64_t then)
{
    return p->lasts && then >= s->anchor + p->lasts;
}

/* Of whose answer the step comes. */
static int answered_of(const struct plan *p, int step)
{
    while (step > 0 && p->steps[step].inner)
        step--;
    return step;
}

static bool in_path(const struct plan *p, const struct plan_state *s)
{
    return s->step >= 0 && s->step < (int)p->n_steps && p->steps[s->step].inner;
}

/* When the step that comes is due, by the plan; what is asked once more, at once. */
static int64_t next_due(const struct plan *p, const struct plan_person *who,
                        const struct plan_state *s)
{
    return s->tries ? s->since : due_of(&p->steps[s->step], who, s);
}

/* Till then what they said is heard, all of it in sum: a day after they said it. */
static int64_t heard_until(const struct plan_person *who, const struct plan_state *s)
{
    return day_after(who->place, s->heard ? s->heard : s->since);
}

/* The plan is over, and what comes next of their path they are owed. */
static bool owes(const struct plan *p, const struct plan_person *who, const struct plan_state *s,
                 int64_t now)
{
    return ends_by(p, s, now) && s->phase == PLAN_READY && !s->tries && in_path(p, s) &&
           p->steps[s->step].kind != PLAN_END && next_due(p, who, s) <= heard_until(who, s);
}

/* What they are owed waits for nothing but the hours: no plan is there any more to wait in. */
static int64_t due_by(const struct plan *p, const struct plan_person *who,
                      const struct plan_state *s, int64_t now)
{
    int64_t due = next_due(p, who, s);
    return due > now && owes(p, who, s, now) ? now : due;
}

/* ---- moves ---- */
/* Whose answer came when the plan had gone on takes its path, and goes on where they were. */
static int after_path(const struct plan *p, struct plan_state *s, int next)
{
    int end = s->over ? p->steps[s->over - 1].next : -1;
    if (!s->over || (next >= 0 && (end < 0 || next < end)))
        return next;
    next = s->back - 1;
    s->over = s->back = 0;
    return next;
}

static void advance(const struct plan *p, struct plan_state *s, int next, int64_t now)
{
    next = after_path(p, s, next);
    s->step = (int16_t)next;
    s->since = now;
    s->tries = 0;
    s->phase = next < 0 || next >= (int)p->n_steps ? PLAN_LEFT : PLAN_READY;
}

static void wait_for(struct plan_move *m, int64_t at, enum plan_why why)
{
    m->kind = PLAN_WAIT;
    m->at = at;
    m->why = why;
}

static void done(struct plan_move *m, int64_t now, enum plan_why why)
{
    m->kind = PLAN_DONE;
    m->why = why;
    m->at = now;
    m->state.phase = PLAN_LEFT;
}

static void drop(const struct plan *p, struct plan_move *m, int64_t now, enum plan_why why)
{
    m->kind = PLAN_DROP;
    m->why = why;
    m->at = now;
    advance(p, &m->state, p->steps[m->step].next, now);
}

/* A question that nobody answered: the next try, the last check, or on. */
static void silence(const struct plan *p, struct plan_state *s, int64_t at, enum plan_why *why)
{
    const struct plan_step *step = &p->steps[s->step];
    s->silent++;
    if (step->inner && s->tries >= step->tries) {
        s->phase = PLAN_READY; /* they have a question, which is not known: ready() */
        *why = PLAN_WHY_SILENCE;
    } else if (!s->over && p->silent_step > s->step && s->silent >= p->silent_max) {
        advance(p, s, p->silent_step, at);
        s->silent = 0;
        *why = PLAN_WHY_SILENCE;
    } else if (s->tries < step->tries) {
        s->phase = PLAN_READY;
        s->since = at;
        *why = PLAN_WHY_FALLBACK;
    } else {
        advance(p, s, step->next, at);
        *why = PLAN_WHY_SILENCE;
    }
}

static void by_person(const struct plan *p, struct plan_move *m, int64_t due, int64_t now)
{
    if (p->steps[m->step].kind <= PLAN_ASK && m->why != PLAN_WHY_SILENCE)
        m->why = PLAN_WHY_UNREACHABLE;
    m->channel = PLAN_PHONE;
    if (due > now) {
        wait_for(m, due, m->why);
        return;
    }
    m->kind = PLAN_DO;
    m->at = now;
    m->state.stale = 1;
    advance(p, &m->state, p->steps[m->step].next, now);
}

static void sent(const struct plan *p, struct plan_move *m, const struct plan_step *step,
                 int64_t now)
{
    struct plan_state *s = &m->state;
    m->kind = PLAN_SEND;
    m->at = now;
    s->used |= (uint8_t)(1u << m->channel);
    s->spoke = now;
    s->words = (uint8_t)(m->step + 1);
    if (step->kind != PLAN_ASK) {
        s->stale = 1;
        advance(p, s, step->next, now);
        return;
    }
    s->asked = now;
    s->last = (uint8_t)(m->step + 1);
    s->stale = 0;
    /* "See you tomorrow" is no answer to a "1" of the day of the operation */
    s->late = (uint8_t)(step->expires && step->expires < LATE_H * HOUR_MS ? step->expires / HOUR_MS
                                                                          : LATE_H);
    s->tries++;
    s->phase = PLAN_ASKED;
}

/* No hour of the day after their answer is left for it: a person asks, mere words are not said. */
static void too_late(const struct plan *p, struct plan_move *m, int64_t now)
{
    bool asks = p->steps[m->step].kind == PLAN_ASK && !plan_sells(p, m->step);
    if (asks)
        by_person(p, m, now, now);
    else
        drop(p, m, now, PLAN_WHY_EXPIRED);
}

static void contact(const struct plan *p, const struct plan_person *who, struct plan_move *m,
                    int64_t now)
{
    const struct plan_step *step = &p->steps[m->step];
    struct plan_state *s = &m->state;
    int64_t due = due_by(p, who, s, now), at = due > now ? due : now;
    bool another = s->tries > 0 || step->channel == PLAN_OTHER;
    m->channel = plan_choose(who, step, another ? s->used : 0, &m->by);
    if (m->channel == PLAN_PHONE || !who->place || who->place->n == 0) {
        if (!plan_sells(p, m->step))
            by_person(p, m, due, now);
        else if (due > now)
            wait_for(m, due, PLAN_WHY_DUE);
        else
            drop(p, m, now, PLAN_WHY_UNREACHABLE);
        return;
    }
    if (!step->urgent && who->last_contact && who->last_contact + p->gap > at) {
        at = who->last_contact + p->gap;
        m->why = PLAN_WHY_SPACING;
    }
    at = open_at(p, who, at, &m->why);
    if (at > heard_until(who, s) && owes(p, who, s, now)) {
        too_late(p, m, now);
        return;
    }
    if (at > due + step->expires && (at != INT64_MAX || now > due + step->expires))
        drop(p, m, now, PLAN_WHY_EXPIRED);
    else if (at == INT64_MAX)
        wait_for(m, now + PLAN_DAY_MS, PLAN_WHY_HOURS); /* past the table: a new one by then */
    else if (at > now)
        wait_for(m, at, m->why);
    else
        sent(p, m, step, now);
}

static void ready(const struct plan *p, const struct plan_person *who, struct plan_move *m,
                  int64_t now)
{
    struct plan_state *s = &m->state;
    const struct plan_step *step = &p->steps[s->step];
    m->step = s->step;
    if (step->kind == PLAN_END)
        done(m, now, PLAN_WHY_OVER);
    else if (step->kind == PLAN_ASK && step->inner && s->tries >= step->tries &&
             plan_sells(p, s->step))
        drop(p, m, now, PLAN_WHY_SILENCE);
    else if (step->kind == PLAN_ASK && step->inner && s->tries >= step->tries)
        by_person(p, m, now, now);
    else if (step->kind == PLAN_CASE || step->kind == PLAN_CALL)
        by_person(p, m, due_by(p, who, s, now), now);
    else
        contact(p, who, m, now);
}

/* What is owed goes before it is due, and what comes after it counts from when it was: else each
 * step would begin the day anew. */
static void go_on(const struct plan *p, const struct plan_person *who, struct plan_move *m,
                  int64_t now)
{
    bool owed = owes(p, who, &m->state, now);
    int64_t due = owed ? next_due(p, who, &m->state) : 0;
    ready(p, who, m, now);
    bool moved = m->kind == PLAN_SEND || m->kind == PLAN_DO || m->kind == PLAN_DROP;
    if (moved && m->state.since < due && m->state.phase == PLAN_READY)
        m->state.since = due;
}

/* Steps whose condition does not hold when they are due are passed over. */
static bool passed_over(const struct plan *p, const struct plan_person *who, struct plan_state *s,
                        int64_t now)
{
    const struct plan_step *step = &p->steps[s->step];
    if (step->condition < 0 || (who->holds >> step->condition & 1) || s->tries ||
        due_by(p, who, s, now) > now)
        return false;
    int64_t since = s->since;
    advance(p, s, step->next, since);
    return true;
}

void plan_pass(const struct plan *p, const struct plan_state *s, int step, int64_t now,
               struct plan_state *ret)
{
    struct plan_state is = *s;
    advance(p, &is, p->steps[step].next, now);
    *ret = is;
}

int plan_untold(const struct plan *p, const struct plan_state *s)
{
    bool asked = s->phase == PLAN_ASKED || (s->phase == PLAN_READY && s->tries);
    return asked && in_path(p, s) && !plan_sells(p, s->step) ? s->step : -1;
}

int plan_unheard(const struct plan *p, const struct plan_state *s)
{
    if (s->phase != PLAN_READY || s->tries || !in_path(p, s))
        return -1;
    int end = p->steps[answered_of(p, s->step)].next;
    for (int i = s->step; i >= 0 && i != end; i = p->steps[i].next)
        if (p->steps[i].kind != PLAN_MESSAGE)
            return p->steps[i].kind == PLAN_END ? -1 : i;
    return -1;
}

bool plan_waits(const struct plan *p, const struct plan_state *s)
{
    int of = plan_unheard(p, s);
    int64_t due = s->since;
    for (int i = s->step; of >= 0 && i >= 0 && i <= of; i = p->steps[i].next)
        due = (p->steps[i].from_anchor ? s->anchor : due) + p->steps[i].delay;
    return of >= 0 && due <= (s->heard ? s->heard : s->since) + PLAN_DAY_MS;
}

/* Only their path is gone yet. What they were asked is not asked again: after the silence a person
 * asks, or now, where it was silent once or never reached them. */
static void path_alone(const struct plan *p, struct plan_state *s, bool untold)
{
    if (!s->over)
        s->over = (uint8_t)(answered_of(p, s->step) + 1);
    s->back = 0;
    if (!untold)
        return;
    s->tries = UINT8_MAX;
    s->phase = s->last && s->phase == PLAN_ASKED ? PLAN_ASKED : PLAN_READY;
}

/* Their path is gone alone, and what comes next in it is of a time when the plan is over, and no
 * answer waits that long: one of the last day brings no reminder two weeks on. */
static bool beyond(const struct plan *p, const struct plan_person *who, const struct plan_state *s)
{
    if (!s->over || s->back || s->phase != PLAN_READY || s->tries || !in_path(p, s))
        return false;
    int64_t due = next_due(p, who, s);
    return due > heard_until(who, s) && ends_by(p, s, due);
}

/* The plan's time is up, and nothing that they said waits for somebody. What their path would do
 * much later is of the plan, and ends with it, also where it is gone alone or is a late answer's.
 */
static bool ended(const struct plan *p, const struct plan_person *who, struct plan_state *s,
                  int64_t now)
{
    bool up = ends_by(p, s, now), untold = up && plan_untold(p, s) >= 0;
    if (beyond(p, who, s) || (up && !untold && !owes(p, who, s, now)))
        return true;
    if (up)
        path_alone(p, s, untold);
    return false;
}

/* What of their path is to come later is looked at once more when the plan's time is up. */
static void no_later_than_the_end(const struct plan *p, struct plan_move *m, int64_t now)
{
    const struct plan_state *s = &m->state;
    int64_t end = s->anchor + p->lasts;
    bool waits = m->kind == PLAN_WAIT && s->phase == PLAN_READY && in_path(p, s);
    if (p->lasts && waits && now < end && m->at > end)
        m->at = end;
}

/* A pause is of the plan: who says that they feel worse is looked after all the same. */
static bool rests(const struct plan *p, const struct plan_state *s, int64_t now)
{
    return s->phase != PLAN_LEFT && s->paused_until > now && !plan_waits(p, s);
}

void plan_next(const struct plan *p, const struct plan_person *who, const struct plan_state *s,
               int64_t now, struct plan_move *ret)
{
    struct plan_move m = {.state = *s, .step = s->step, .why = PLAN_WHY_DUE, .at = now};
    struct plan_state *is = &m.state;
    if (is->phase != PLAN_LEFT && (is->step < 0 || is->step >= (int)p->n_steps))
        is->phase = PLAN_LEFT;
    if (rests(p, is, now)) {
        wait_for(&m, is->paused_until, PLAN_WHY_PAUSED);
        *ret = m;
        return;
    }
    if (is->phase == PLAN_ASKED) {
        const struct plan_step *step = &p->steps[is->step];
        if (now < is->asked + step->silence) {
            wait_for(&m, is->asked + step->silence, PLAN_WHY_ANSWER);
            *ret = m;
            return;
        }
        silence(p, is, now, &m.why);
    }
    while (is->phase == PLAN_READY && passed_over(p, who, is, now))
        m.why = PLAN_WHY_CONDITION;
    if (is->phase == PLAN_READY && rests(p, is, now)) { /* what was left of the answer is over */
        wait_for(&m, is->paused_until, PLAN_WHY_PAUSED);
        *ret = m;
        return;
    }
    if (is->phase == PLAN_LEFT || ended(p, who, is, now))
        done(&m, now, PLAN_WHY_OVER);
    else
        go_on(p, who, &m, now);
    no_later_than_the_end(p, &m, now);
    *ret = m;
}

void plan_begin(const struct plan *p, int64_t anchor, int64_t now, struct plan_state *ret)
{
    *ret = (struct plan_state){.anchor = anchor, .since = now};
    ret->phase = p->n_steps && p->silent_step != 0 ? PLAN_READY : PLAN_LEFT;
}

int plan_awaits(const struct plan_state *s, int64_t now)
{
    bool again = s->phase == PLAN_READY && s->tries && s->step == s->last - 1; /* the next try */
    if (s->phase == PLAN_ASKED || again)
        return s->step;
    return s->last && !s->stale && now < s->asked + s->late * HOUR_MS ? s->last - 1 : -1;
}

int64_t plan_answered_until(const struct plan_state *s)
{
    return s->last ? s->asked + LATE_H * HOUR_MS : 0;
}

int plan_lingers(const struct plan_state *s, int64_t now)
{
    return s->phase != PLAN_ASKED && now < plan_answered_until(s) ? s->last - 1 : -1;
}

bool plan_looks_after(const struct plan *p, const struct plan_step *s, int path)
{
    for (int i = p->paths[path].first; i >= 0 && i != s->next; i = p->steps[i].next)
        if (p->steps[i].kind != PLAN_MESSAGE && p->steps[i].kind != PLAN_END)
            return true;
    return false;
}

void plan_leave(const struct plan *p, struct plan_state *s, enum plan_leaving how, int64_t now)
{
    bool done = how == PLAN_LEAVES_DONE;
    bool unheard = p && (done ? plan_waits(p, s) : plan_unheard(p, s) >= 0);
    bool asks = p && (how == PLAN_LEAVES || (done && p->journey));
    bool untold = asks && plan_untold(p, s) >= 0;
    s->stale = s->out = 1;
    s->back = 0;
    s->paused_until = 0;
    if (unheard || untold) {
        path_alone(p, s, untold);
        return;
    }
    s->over = 0;
    s->phase = PLAN_LEFT;
    s->since = now;
}

/* The path is gone alone where the plan has gone on, or is over before somebody could look. */
static void take_path(const struct plan *p, struct plan_state *is, int of, int path, int64_t now)
{
    bool gone = is->phase == PLAN_LEFT || ends_by(p, is, now + PLAN_DAY_MS);
    if (!is->over && (gone || plan_awaits(is, now) < 0)) {
        is->over = (uint8_t)(of + 1);
        int next = is->step == of ? p->steps[of].next : is->step; /* it is answered */
        is->back = (uint8_t)(gone ? 0 : next + 1);
    }
    is->heard = now;
    advance(p, is, p->paths[path].first, now);
}

/* Late, and nothing to do about it but the words: what was next stays next. Who was well may still
 * become worse: an answer after which nobody looks leaves the question to others. */
void plan_answer(const struct plan *p, const struct plan_state *s, int path, int64_t now,
                 struct plan_state *ret)
{
    struct plan_state is = *s;
    int open = plan_awaits(s, now), of = open >= 0 ? open : plan_lingers(s, now);
    bool known = of >= 0 && of < (int)p->n_steps;
    bool taken = known && path >= 0 && path < (int)p->n_paths;
    bool next = s->phase == PLAN_ASKED || s->step == of || s->step == p->silent_step;
    if (taken && p->paths[path].first >= 0)
        take_path(p, &is, of, path, now);
    else if (known && open >= 0 && s->phase != PLAN_LEFT && next)
        advance(p, &is, p->steps[of].next, now);
    bool lingers = taken && !plan_looks_after(p, &p->steps[of], path);
    is.silent = 0;
    is.last = (uint8_t)(lingers ? of + 1 : 0);
    is.stale = lingers;
    *ret = is;
}
