/* Tracks as version 1 kept them: eight series and 24 rules by number, which are the first of
 * today's tables. Days are begun from the points that were kept. Invariant: a patient keeps their
 * points, answers and the state of every rule over the change. */
#include "monitor/monitor_int.h"

#define OLD_SERIES 8
#define OLD_RULES 24
#define OLD_SYMPTOMS 11
#define OLD_STATES (OLD_RULES + 2 * OLD_SERIES)

static bool take_double(str *in, double *ret)
{
    uint64_t bits;
    if (!take_u64(in, &bits))
        return false;
    memcpy(ret, &bits, sizeof bits);
    return true;
}

static bool take_time(str *in, int64_t *ret)
{
    uint64_t v;
    if (!take_u64(in, &v))
        return false;
    *ret = (int64_t)v;
    return true;
}

static bool read_series(str *in, struct track *t, int s)
{
    uint8_t n;
    if (!take_double(in, &t->low[s]) || !take_double(in, &t->high[s]) || !take_u8(in, &n) ||
        n > POINTS_MAX)
        return false;
    for (uint8_t i = 0; i < n; i++) {
        struct point p;
        if (!take_time(in, &p.at) || !take_double(in, &p.value) || !take_u64(in, &p.rid))
            return false;
        track_add(t, s, p);
    }
    return true;
}

static bool read_rules(str *in, struct track *t)
{
    uint8_t r = 0, raised;
    while (take_u8(in, &r)) {
        if (r == 255)
            return in->n == 0;
        if (r >= OLD_STATES || !take_u8(in, &raised))
            return false;
        size_t now = r < OLD_RULES ? r : r - OLD_RULES + RULE_COUNT_MONITOR;
        struct rule_state *s = &t->rules[now];
        s->raised = raised != 0;
        if (!take_u8(in, &s->priority) || !take_u8(in, &s->clear_run) ||
            !take_time(in, &s->case_at))
            return false;
    }
    return false;
}

bool track_read_1(str in, struct track *ret)
{
    uint8_t states, plan, programme;
    uint64_t patient;
    if (!take_u8(&in, &states) || !take_u64(&in, &patient) || !take_u8(&in, &plan) ||
        !take_u8(&in, &programme) || states != OLD_STATES || programme > 1)
        return false;
    track_init(ret, patient);
    ret->plan_known = false; /* version 1 knew no beginning of a plan: it is read again */
    ret->programmes = programme;
    for (int s = 0; s < OLD_SERIES; s++)
        if (!read_series(&in, ret, s))
            return false;
    for (size_t s = 0; s < OLD_SYMPTOMS; s++)
        if (!take_time(&in, &ret->symptom_at[s]))
            return false;
    return read_rules(&in, ret);
}
