/* A track as bytes, for the store and for the cache: small, since 100,000 patients are held at
 * once. Version 2 names series and rules by a hash of their names, so that a table that grew needs
 * no new version; what the table no longer knows is passed over. Version 1 (numbers of rows) is
 * still read. Invariant: what is read is what was written; values are kept to 1/10,000 of their
 * unit. */
#include "monitor/monitor_int.h"

#define TRACK_VERSION 5 /* 2 had no zone, 3 no readings over limits, 4 no dry weight */
#define VALUE_MOST 1e15 /* scaled; a limit that somebody set may be any number */

static uint32_t name_hash(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

static void put_signed(struct buf *b, int64_t v)
{
    buf_varint(b, v < 0 ? ~((uint64_t)v << 1) : (uint64_t)v << 1);
}

static bool take_signed(str *in, int64_t *ret)
{
    uint64_t v;
    if (!take_varint(in, &v))
        return false;
    *ret = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    return true;
}

/* NAN is one byte. */
static void put_value(struct buf *b, double v)
{
    if (isnan(v))
        buf_varint(b, 1); /* -0: no number is written so */
    else {
        int64_t scaled = llround(fmax(fmin(v * TRACK_SCALE, VALUE_MOST), -VALUE_MOST));
        buf_varint(b, scaled < 0 ? (uint64_t)-scaled << 1 | 1 : (uint64_t)scaled << 1);
    }
}

static bool take_value(str *in, double *ret)
{
    uint64_t v;
    if (!take_varint(in, &v))
        return false;
    *ret = v == 1 ? NAN : (double)(v >> 1) / TRACK_SCALE * (v & 1 ? -1 : 1);
    return true;
}

static void write_points(struct buf *b, const struct track *t, size_t s)
{
    struct point last = {0};
    int64_t value = 0;
    buf_u8(b, t->n[s]);
    for (uint8_t i = 0; i < t->n[s]; i++) {
        const struct point *p = &t->points[s][i];
        int64_t scaled = llround(p->value * TRACK_SCALE);
        put_signed(b, p->at - last.at);
        put_signed(b, scaled - value);
        put_signed(b, (int64_t)(p->rid - last.rid));
        last = *p;
        value = scaled;
    }
}

static bool read_points(str *in, struct track *t, size_t s)
{
    struct point last = {0};
    int64_t value = 0;
    if (!take_u8(in, &t->n[s]) || t->n[s] > POINTS_MAX)
        return false;
    for (uint8_t i = 0; i < t->n[s]; i++) {
        int64_t at, by, rid;
        if (!take_signed(in, &at) || !take_signed(in, &by) || !take_signed(in, &rid))
            return false;
        last.at += at;
        last.rid += (uint64_t)rid;
        value += by;
        last.value = (double)value / TRACK_SCALE;
        t->points[s][i] = last;
    }
    return true;
}

static void write_days(struct buf *b, const struct day_row *row)
{
    uint8_t days = 0;
    int64_t last = 0;
    for (size_t d = 0; d < DAYS_KEPT; d++)
        days = (uint8_t)(days + (row->n[d] > 0));
    buf_u8(b, days);
    if (days == 0)
        return;
    put_signed(b, row->newest);
    for (size_t d = 0; d < DAYS_KEPT; d++) {
        if (row->n[d] == 0)
            continue;
        int64_t scaled = llround(row->value[d] * 100);
        buf_u8(b, (uint8_t)d);
        buf_u8(b, row->n[d]);
        put_signed(b, scaled - last);
        last = scaled;
    }
}

static bool read_days(str *in, struct day_row *row)
{
    uint8_t days, d;
    int64_t newest, last = 0, by;
    if (!take_u8(in, &days) || days > DAYS_KEPT)
        return false;
    if (days == 0)
        return true;
    if (!take_signed(in, &newest) || newest <= 0 || newest > INT32_MAX)
        return false;
    row->newest = (int32_t)newest;
    while (days--) {
        if (!take_u8(in, &d) || d >= DAYS_KEPT || !take_u8(in, &row->n[d]) || row->n[d] == 0 ||
            !take_signed(in, &by))
            return false;
        last += by;
        row->value[d] = (double)last / 100;
    }
    return true;
}

static void write_cgm(struct buf *b, const struct track *t)
{
    uint8_t days = 0;
    for (size_t d = 0; d < CGM_DAYS; d++)
        days = (uint8_t)(days + (t->cgm_day[d] > 0));
    buf_u8(b, days);
    for (size_t d = 0; d < CGM_DAYS; d++) {
        if (t->cgm_day[d] == 0)
            continue;
        buf_varint(b, (uint64_t)t->cgm_day[d]);
        for (size_t r = 0; r < CGM_RANGES; r++)
            buf_varint(b, t->cgm[d].n[r]);
        put_value(b, t->cgm[d].sum);
        put_value(b, t->cgm[d].squares);
    }
}

static bool read_cgm(str *in, struct track *t)
{
    uint8_t days;
    uint64_t day, n;
    if (!take_u8(in, &days) || days > CGM_DAYS)
        return false;
    while (days--) {
        if (!take_varint(in, &day) || day == 0 || day > INT32_MAX)
            return false;
        struct cgm_tally *tally = &t->cgm[day % CGM_DAYS];
        t->cgm_day[day % CGM_DAYS] = (int32_t)day;
        for (size_t r = 0; r < CGM_RANGES; r++) {
            if (!take_varint(in, &n) || n > UINT32_MAX)
                return false;
            tally->n[r] = (uint32_t)n;
        }
        if (!take_value(in, &tally->sum) || !take_value(in, &tally->squares))
            return false;
    }
    return true;
}

static bool has_series(const struct track *t, size_t s)
{
    return t->n[s] || t->days[s].newest || !isnan(t->low[s]) || !isnan(t->high[s]);
}

static bool has_state(const struct rule_state *s)
{
    return s->raised || s->case_at;
}

/* The patient's own limits of a series are two rows; they go with the series' name. */
static uint32_t state_hash(size_t r)
{
    if (r < RULE_COUNT_MONITOR)
        return name_hash(MONITOR_RULES[r].id);
    if (r == RULE_WHO)
        return name_hash("DEV-WHO");
    if (r >= RULE_DOUBT)
        return name_hash(MONITOR_SERIES[r - RULE_DOUBT].name) + 3;
    r -= RULE_COUNT_MONITOR;
    return name_hash(MONITOR_SERIES[r / 2].name) + 1 + (uint32_t)(r % 2);
}

static void write_rules(struct buf *b, const struct track *t)
{
    uint64_t n = 0;
    for (size_t r = 0; r < RULE_STATES; r++)
        n += has_state(&t->rules[r]);
    buf_varint(b, n);
    for (size_t r = 0; r < RULE_STATES; r++) {
        const struct rule_state *s = &t->rules[r];
        if (!has_state(s))
            continue;
        buf_u32(b, state_hash(r));
        buf_u8(b, s->raised);
        buf_u8(b, s->priority);
        buf_u8(b, s->clear_run);
        put_signed(b, s->case_at);
    }
}

static bool read_rules(str *in, struct track *t)
{
    uint64_t n;
    if (!take_varint(in, &n))
        return false;
    while (n--) {
        uint32_t hash;
        uint8_t raised;
        struct rule_state s = {0};
        if (!take_u32(in, &hash) || !take_u8(in, &raised) || !take_u8(in, &s.priority) ||
            !take_u8(in, &s.clear_run) || !take_signed(in, &s.case_at))
            return false;
        s.raised = raised != 0;
        for (size_t r = 0; r < RULE_STATES; r++)
            if (state_hash(r) == hash)
                t->rules[r] = s;
    }
    return true;
}

static void write_symptoms(struct buf *b, const struct track *t)
{
    uint8_t n = 0;
    for (size_t s = 0; s < SYMPTOM_COUNT; s++)
        n = (uint8_t)(n + (t->symptom_at[s] != 0));
    buf_u8(b, n);
    for (size_t s = 0; s < SYMPTOM_COUNT; s++)
        if (t->symptom_at[s]) {
            buf_u32(b, name_hash(MONITOR_SYMPTOMS[s].code));
            put_signed(b, t->symptom_at[s]);
        }
}

static bool read_symptoms(str *in, struct track *t)
{
    uint8_t n;
    if (!take_u8(in, &n))
        return false;
    while (n--) {
        uint32_t hash;
        int64_t at;
        if (!take_u32(in, &hash) || !take_signed(in, &at))
            return false;
        for (size_t s = 0; s < SYMPTOM_COUNT; s++)
            if (name_hash(MONITOR_SYMPTOMS[s].code) == hash)
                t->symptom_at[s] = at;
    }
    return true;
}

static void write_over(struct buf *b, const struct track *t)
{
    uint8_t hours = 0;
    for (size_t h = 0; h < OVER_HOURS; h++)
        hours = (uint8_t)(hours + (t->over.n[h] > 0));
    buf_u8(b, hours);
    if (hours == 0)
        return;
    put_signed(b, t->over.newest);
    for (size_t h = 0; h < OVER_HOURS; h++)
        if (t->over.n[h]) {
            buf_u8(b, (uint8_t)h);
            buf_varint(b, t->over.n[h]);
        }
}

static bool read_over(str *in, struct track *t)
{
    uint8_t hours, h;
    int64_t newest;
    uint64_t n;
    if (!take_u8(in, &hours) || hours > OVER_HOURS)
        return false;
    if (hours == 0)
        return true;
    if (!take_signed(in, &newest) || newest <= 0 || newest > INT32_MAX)
        return false;
    t->over.newest = (int32_t)newest;
    while (hours--) {
        if (!take_u8(in, &h) || h >= OVER_HOURS || !take_varint(in, &n) || n > UINT16_MAX)
            return false;
        t->over.n[h] = (uint16_t)n;
    }
    return true;
}

/* Only where there are any: a track without them ends before. */
static void write_asks(struct buf *b, const struct track *t)
{
    for (size_t k = 0; k < t->n_asks; k++) {
        const struct ask *a = &t->asks[k];
        buf_u32(b, state_hash((size_t)a->rule));
        buf_u32(b, name_hash(MONITOR_SERIES[a->series].name));
        buf_u8(b, (uint8_t)(a->priority << 1 | a->above));
        buf_varint(b, a->rid);
        put_signed(b, a->of);
        put_signed(b, a->at - a->of);
        put_signed(b, a->until - a->at);
        put_value(b, a->value);
        put_value(b, a->from);
        put_value(b, a->limit);
        buf_u8(b, (uint8_t)strlen(a->task));
        buf_add(b, str_of(a->task));
    }
}

static int row_of(uint32_t hash, bool series)
{
    for (size_t r = 0; r < (series ? SERIES_COUNT : RULE_STATES); r++)
        if ((series ? name_hash(MONITOR_SERIES[r].name) : state_hash(r)) == hash)
            return (int)r;
    return -1;
}

/* One of a rule or series that the table no longer has is passed over. */
static bool read_ask(str *in, struct track *t)
{
    uint32_t rule, series;
    uint8_t grade, n;
    struct ask a = {0};
    if (!take_u32(in, &rule) || !take_u32(in, &series) || !take_u8(in, &grade) ||
        !take_varint(in, &a.rid) || !take_signed(in, &a.of) || !take_signed(in, &a.at) ||
        !take_signed(in, &a.until) || !take_value(in, &a.value) || !take_value(in, &a.from) ||
        !take_value(in, &a.limit) || !take_u8(in, &n) || n >= sizeof a.task || in->n < n)
        return false;
    memcpy(a.task, in->p, n);
    *in = str_sub(*in, n, in->n);
    a.at += a.of;
    a.until += a.at;
    a.priority = grade >> 1;
    a.above = grade & 1;
    a.rule = row_of(rule, false);
    a.series = row_of(series, true);
    if (a.rule >= 0 && a.series >= 0 && t->n_asks < ASKS_MAX)
        t->asks[t->n_asks++] = a;
    return true;
}

str track_write(struct op *op, const struct track *t)
{
    struct buf b;
    uint8_t n = 0;
    buf_init(&b, op->arena, 65536);
    buf_u8(&b, TRACK_VERSION);
    buf_varint(&b, t->patient);
    buf_u8(&b, t->plan_known);
    put_signed(&b, t->plan_since);
    buf_varint(&b, t->programmes);
    buf_u8(&b, (uint8_t)strlen(t->zone));
    buf_add(&b, str_of(t->zone));
    for (size_t s = 0; s < SERIES_COUNT; s++)
        n = (uint8_t)(n + has_series(t, s));
    buf_u8(&b, n);
    for (size_t s = 0; s < SERIES_COUNT; s++) {
        if (!has_series(t, s))
            continue;
        buf_u32(&b, name_hash(MONITOR_SERIES[s].name));
        put_value(&b, t->low[s]);
        put_value(&b, t->high[s]);
        write_points(&b, t, s);
        write_days(&b, &t->days[s]);
    }
    write_cgm(&b, t);
    write_symptoms(&b, t);
    write_rules(&b, t);
    write_over(&b, t);
    put_value(&b, t->dry);
    write_asks(&b, t);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* A series that the table no longer has is read into `spare`. */
static bool read_series(str *in, struct track *t, struct track *spare)
{
    uint32_t hash;
    if (!take_u32(in, &hash))
        return false;
    size_t s = 0;
    while (s < SERIES_COUNT && name_hash(MONITOR_SERIES[s].name) != hash)
        s++;
    struct track *to = s < SERIES_COUNT ? t : spare;
    s = s < SERIES_COUNT ? s : 0;
    return take_value(in, &to->low[s]) && take_value(in, &to->high[s]) && read_points(in, to, s) &&
           read_days(in, &to->days[s]);
}

static bool read_zone(str *in, struct track *t)
{
    uint8_t n;
    str zone;
    if (!take_u8(in, &n) || n >= sizeof t->zone || !take_bytes(in, n, &zone))
        return false;
    if (n)
        memcpy(t->zone, zone.p, n);
    return true;
}

/* Of version 2, the zone is to be asked for with the plan. */
static bool read_since_2(str in, uint8_t version, struct track *ret)
{
    bool zoned = version > 2;
    struct track spare;
    uint8_t plan, n;
    uint64_t patient, programmes;
    track_init(&spare, 0);
    if (!take_varint(&in, &patient) || !take_u8(&in, &plan))
        return false;
    track_init(ret, patient);
    ret->plan_known = plan != 0 && zoned;
    if (!take_signed(&in, &ret->plan_since) || !take_varint(&in, &programmes) ||
        (zoned && !read_zone(&in, ret)) || !take_u8(&in, &n))
        return false;
    ret->programmes = (uint32_t)programmes;
    while (n--)
        if (!read_series(&in, ret, &spare))
            return false;
    if (!read_cgm(&in, ret) || !read_symptoms(&in, ret) || !read_rules(&in, ret))
        return false;
    if ((version > 3 && !read_over(&in, ret)) || (version > 4 && !take_value(&in, &ret->dry)))
        return false;
    while (in.n)
        if (!read_ask(&in, ret))
            return false;
    return true;
}

bool track_read(str in, struct track *ret)
{
    uint8_t version;
    if (!take_u8(&in, &version))
        return false;
    if (version == 1)
        return track_read_1(in, ret);
    return version >= 2 && version <= TRACK_VERSION && read_since_2(in, version, ret);
}
