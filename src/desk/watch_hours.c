/* What a looker does against what is usual: how many patients in how short a time, and when. Says
 * the same thing again only when its window is over. */
#include "desk/watch_int.h"

#include "base/time.h"

#define USUAL_MIN 20u /* hours worked in a role before its mean counts */
#define USUAL_TIMES 3u
#define QUIET_MIN 720u /* of night: once a shift */
#define MEAN_OVER 500u

/* The hour is over: what was done in it joins the role's mean. */
void watch_hour(struct looker *l, struct habit *h, uint32_t hour)
{
    if (hour == l->hour)
        return;
    if (l->hour) {
        uint64_t n = h->n < MEAN_OVER ? h->n : MEAN_OVER;
        h->opened = (h->opened * n + l->opened * UINT64_C(1000)) / (n + 1);
        h->listed = (h->listed * n + looker_listed(l) * UINT64_C(1000)) / (n + 1);
        h->n++;
    }
    l->hour = hour;
    l->opened = 0;
    memset(l->crowd, 0, sizeof l->crowd);
}

static bool quiet(const struct looker *l, enum look_rule rule, uint32_t minute, uint32_t window)
{
    return l->told[rule] && l->told[rule] + window > minute;
}

static bool much(uint64_t n, int limit, uint64_t mean, uint64_t hours)
{
    return n >= (uint64_t)limit && (hours < USUAL_MIN || n * 1000 > mean * USUAL_TIMES);
}

static str usual(struct op *op, uint64_t mean, uint64_t hours)
{
    return hours < USUAL_MIN ? STR("too little is known of what is usual in the role")
                             : arena_printf(op->arena, "usual in the role are %llu.%llu an hour",
                                            (unsigned long long)(mean / 1000),
                                            (unsigned long long)(mean % 1000 / 100));
}

bool watch_bulk(struct op *op, struct looker *l, const struct habit *h, uint32_t minute,
                struct finding *ret)
{
    const struct look_row *row = &LOOK_ROW[LOOK_BULK];
    uint32_t window = (uint32_t)row->window_min;
    size_t n = looker_opened(l, minute > window ? minute - window : 0, false);
    if (quiet(l, LOOK_BULK, minute, window) || !much(n, row->limit, h->opened, h->n))
        return false;
    l->told[LOOK_BULK] = minute;
    *ret = (struct finding){LOOK_BULK,
                            arena_printf(op->arena, "%zu%s patients opened in %u minutes; %.*s", n,
                                         n == WATCH_RECENT ? " or more" : "", window,
                                         STR_ARG(usual(op, h->opened, h->n)))};
    return true;
}

bool watch_list(struct op *op, struct looker *l, const struct habit *h, uint32_t minute,
                struct finding *ret)
{
    const struct look_row *row = &LOOK_ROW[LOOK_LIST];
    unsigned n = looker_listed(l);
    if (quiet(l, LOOK_LIST, minute, (uint32_t)row->window_min) ||
        !much(n, row->limit, h->listed, h->n))
        return false;
    l->told[LOOK_LIST] = minute;
    *ret = (struct finding){LOOK_LIST,
                            arena_printf(op->arena, "about %u patients on lists in this hour; %.*s",
                                         n, STR_ARG(usual(op, h->listed, h->n)))};
    return true;
}

bool watch_relation(struct op *op, struct looker *l, uint32_t minute, struct finding *ret)
{
    const struct look_row *row = &LOOK_ROW[LOOK_RELATION];
    uint32_t window = (uint32_t)row->window_min;
    size_t n = looker_opened(l, minute > window ? minute - window : 0, true);
    if (n < (size_t)row->limit || quiet(l, LOOK_RELATION, minute, WATCH_AGAIN_MIN))
        return false;
    l->told[LOOK_RELATION] = minute;
    *ret = (struct finding){
        LOOK_RELATION,
        arena_printf(op->arena,
                     "%zu patients in %u days with whom no team, visit, task, case, message or "
                     "broken glass connects them",
                     n, window / WATCH_AGAIN_MIN)};
    return true;
}

err watch_night(struct op *op, struct desk_watch *w, struct look *l, bool *ret_raised,
                struct finding *ret)
{
    struct time_local at;
    uint32_t minute = (uint32_t)(l->time / 60000);
    int limit = LOOK_ROW[LOOK_NIGHT].limit;
    bool known = false, in = false;
    *ret_raised = false;
    if (!time_to_local(l->time, w->zone, &at))
        return fail(op, ERR_INVALID, "There is no such time zone.");
    looker_worked(l->who, (uint32_t)((l->time + at.offset_min * INT64_C(60000)) / 86400000),
                  (unsigned)at.hour);
    if (looker_usual(l->who, (unsigned)at.hour) >= (unsigned)limit ||
        quiet(l->who, LOOK_NIGHT, minute, QUIET_MIN))
        return OK;
    if (l->who_rid)
        TRY(look_shift(op, w->rec, l->who->reference, l->time, w->zone, &known, &in));
    if (known ? in : at.hour >= 6 && at.hour < 22)
        return OK;
    *ret_raised = true;
    l->who->told[LOOK_NIGHT] = minute;
    *ret = (struct finding){
        LOOK_NIGHT,
        arena_printf(op->arena, "at %02d:%02d, %s; on %u of the last %u days they worked then",
                     at.hour, at.minute,
                     known ? "outside the shifts that their role names" : "at night",
                     looker_usual(l->who, (unsigned)at.hour), WATCH_LATE_DAYS)};
    return OK;
}
