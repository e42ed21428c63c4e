/* A patient's track: the last points of each series, answers, rule state and own limits, as kept in
 * one sealed named value. Invariant: points of a series are ordered by time and hold no doubles, so
 * a resent reading changes nothing. */
#include "monitor/monitor_int.h"

#define TRACK_VERSION 1

void track_init(struct track *t, uint64_t patient)
{
    memset(t, 0, sizeof *t);
    t->patient = patient;
    t->programme = -1;
    for (size_t s = 0; s < SERIES_COUNT; s++)
        t->low[s] = t->high[s] = NAN;
}

int track_add(struct track *t, int series, struct point p)
{
    struct point *at = t->points[series];
    int n = t->n[series], i = n;
    while (i > 0 && at[i - 1].at > p.at)
        i--;
    for (int k = i - 1; k >= 0 && at[k].at == p.at; k--)
        if (at[k].value <= p.value && at[k].value >= p.value)
            return -1;
    if (n == POINTS_MAX) {
        if (i == 0)
            return -1; /* older than all that is kept: charted only */
        memmove(at, at + 1, (size_t)(--i) * sizeof *at);
    } else {
        memmove(at + i + 1, at + i, (size_t)(n - i) * sizeof *at);
        t->n[series]++;
    }
    at[i] = p;
    return i;
}

void track_forget(struct track *t, uint64_t rid)
{
    for (size_t s = 0; s < SERIES_COUNT; s++) {
        uint8_t kept = 0;
        for (uint8_t i = 0; i < t->n[s]; i++)
            if (t->points[s][i].rid != rid)
                t->points[s][kept++] = t->points[s][i];
        t->n[s] = kept;
    }
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

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

static void write_rules(struct buf *b, const struct track *t)
{
    for (size_t r = 0; r < RULE_STATES; r++) {
        const struct rule_state *s = &t->rules[r];
        if (!s->raised && s->case_at == 0)
            continue;
        buf_u8(b, (uint8_t)r);
        buf_u8(b, s->raised);
        buf_u8(b, s->priority);
        buf_u8(b, s->clear_run);
        buf_u64(b, (uint64_t)s->case_at);
    }
    buf_u8(b, 255);
}

/* Version 1: header, own limits, points, answers, the rules that have state. Rule numbers are rows
 * of the table: a changed table starts with a fresh version number. */
str track_write(struct op *op, const struct track *t)
{
    struct buf b;
    buf_init(&b, op->arena, 16384);
    buf_u8(&b, TRACK_VERSION);
    buf_u8(&b, RULE_STATES);
    buf_u64(&b, t->patient);
    buf_u8(&b, t->plan_known);
    buf_u8(&b, (uint8_t)(t->programme + 1));
    for (size_t s = 0; s < SERIES_COUNT; s++) {
        buf_u64(&b, bits_of(t->low[s]));
        buf_u64(&b, bits_of(t->high[s]));
        buf_u8(&b, t->n[s]);
        for (uint8_t i = 0; i < t->n[s]; i++) {
            buf_u64(&b, (uint64_t)t->points[s][i].at);
            buf_u64(&b, bits_of(t->points[s][i].value));
            buf_u64(&b, t->points[s][i].rid);
        }
    }
    for (size_t s = 0; s < SYMPTOM_COUNT; s++)
        buf_u64(&b, (uint64_t)t->symptom_at[s]);
    write_rules(&b, t);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool read_series(str *in, struct track *t, size_t s)
{
    if (!take_double(in, &t->low[s]) || !take_double(in, &t->high[s]) || !take_u8(in, &t->n[s]) ||
        t->n[s] > POINTS_MAX)
        return false;
    for (uint8_t i = 0; i < t->n[s]; i++) {
        struct point *p = &t->points[s][i];
        if (!take_time(in, &p->at) || !take_double(in, &p->value) || !take_u64(in, &p->rid))
            return false;
    }
    return true;
}

static bool read_rules(str *in, struct track *t)
{
    uint8_t r = 0, raised;
    while (take_u8(in, &r)) {
        if (r == 255)
            return in->n == 0;
        if (r >= RULE_STATES || !take_u8(in, &raised))
            return false;
        struct rule_state *s = &t->rules[r];
        s->raised = raised != 0;
        if (!take_u8(in, &s->priority) || !take_u8(in, &s->clear_run) ||
            !take_time(in, &s->case_at))
            return false;
    }
    return false;
}

bool track_read(str in, struct track *ret)
{
    uint8_t version, states, plan, programme;
    uint64_t patient;
    if (!take_u8(&in, &version) || !take_u8(&in, &states) || !take_u64(&in, &patient) ||
        !take_u8(&in, &plan) || !take_u8(&in, &programme) || version != TRACK_VERSION ||
        states != RULE_STATES || programme > MONITOR_PROGRAMME_COUNT)
        return false;
    track_init(ret, patient);
    ret->plan_known = plan != 0;
    ret->programme = programme - 1;
    for (size_t s = 0; s < SERIES_COUNT; s++)
        if (!read_series(&in, ret, s))
            return false;
    for (size_t s = 0; s < SYMPTOM_COUNT; s++)
        if (!take_time(&in, &ret->symptom_at[s]))
            return false;
    return read_rules(&in, ret);
}
