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

static struct said usual(struct op *op, uint64_t mean, uint64_t hours)
{
    uint64_t tenths = mean / 100;
    struct said n = desk_say_number(op, 1, (double)tenths / 10);
    return desk_say(op, hours < USUAL_MIN ? SAY_LOOK_UNUSUAL : SAY_LOOK_USUAL, &n, 1);
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
    struct said parts[] = {desk_say_number(op, 0, (double)n), desk_say_number(op, 0, window),
                           usual(op, h->opened, h->n)};
    *ret = (struct finding){
        LOOK_BULK, desk_say(op, n == WATCH_RECENT ? SAY_LOOK_BULK_MORE : SAY_LOOK_BULK, parts, 3)};
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
    struct said parts[] = {desk_say_number(op, 0, n), usual(op, h->listed, h->n)};
    *ret = (struct finding){LOOK_LIST, desk_say(op, SAY_LOOK_LIST, parts, 2)};
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
    uint32_t days = window / WATCH_AGAIN_MIN;
    struct said parts[] = {desk_say_number(op, 0, (double)n), desk_say_number(op, 0, days)};
    *ret = (struct finding){LOOK_RELATION, desk_say(op, SAY_LOOK_RELATION, parts, 2)};
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
    struct said then;
    for (int k = 0; k < SAY_LANGS; k++)
        then.in[k] = desk_say_hour(op, &at, (enum say_lang)k);
    struct said parts[] = {then, desk_say_number(op, 0, looker_usual(l->who, (unsigned)at.hour)),
                           desk_say_number(op, 0, WATCH_LATE_DAYS)};
    *ret = (struct finding){LOOK_NIGHT,
                            desk_say(op, known ? SAY_LOOK_SHIFT : SAY_LOOK_NIGHT, parts, 3)};
    return OK;
}
