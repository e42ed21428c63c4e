/* What the rows of the contact ledger mean for one question: so many today, this week, this month.
 * Pure. Invariant: of two messages that both wait only the one before counts against the other, so
 * that one goes. */
#include "outreach/ledger_int.h"

#include "base/time.h"

#define DAY 86400000LL

/* The earliest midnight that begins today in one of the zones. */
static int64_t day_start(const struct ledger_question *q, int64_t now)
{
    int64_t first = INT64_MAX;
    str utc = STR("Etc/UTC");
    const str *zones = q->n_zones ? q->zones : &utc;
    for (size_t i = 0; i < (q->n_zones ? q->n_zones : 1); i++) {
        struct time_local at;
        int64_t start;
        if (!time_to_local(now, zones[i], &at))
            continue;
        at.hour = at.minute = at.second = 0;
        if (time_from_local(&at, zones[i], &start) && start < first)
            first = start;
    }
    return first == INT64_MAX ? now - DAY : first;
}

void ledger_sum_start(struct ledger_sum *s, const struct ledger_question *q, int64_t now)
{
    *s = (struct ledger_sum){.q = q,
                             .now = now,
                             .today = day_start(q, now),
                             .place = {INT64_MAX, ledger_mark(q->self)},
                             .programme = (uint32_t)ledger_mark(q->programme),
                             .subject = (uint32_t)ledger_mark(q->subject),
                             .self = ledger_mark(q->patient)};
}

static void count(const struct ledger_sum *s, int64_t at, struct ledger_count *c)
{
    c->day += at >= s->today;
    c->week += at >= s->now - 7 * DAY;
    c->month += at >= s->now - 30 * DAY;
}

/* Waits, and came after the one that is asked about. */
static bool waits_behind(const struct ledger_sum *s, const struct ledger_entry *e)
{
    return e->state == LEDGER_WAITING &&
           (e->at > s->place.at || (e->at == s->place.at && e->id > s->place.id));
}

/* Counts as a contact at all? */
static bool is_contact(const struct ledger_sum *s, const struct ledger_entry *e)
{
    if (e->incoming || e->kind != LEDGER_CARE || e->state >= LEDGER_FAILED ||
        (s->place.id && e->id == s->place.id))
        return false;
    return !waits_behind(s, e);
}

static void add_instant(struct ledger_counts *c, int64_t at)
{
    size_t max = sizeof c->counted / sizeof c->counted[0], i = c->n_counted;
    if (i == max && at <= c->counted[max - 1])
        return;
    if (i < max)
        c->n_counted++;
    else
        i--;
    for (; i > 0 && c->counted[i - 1] < at; i--)
        c->counted[i] = c->counted[i - 1];
    c->counted[i] = at;
}

static void add_contact(struct ledger_sum *s, const struct ledger_entry *e)
{
    struct ledger_counts *c = &s->counts;
    count(s, e->at, &c->all);
    if (e->channel == LEDGER_SMS || e->channel == LEDGER_VOICE)
        count(s, e->at, &c->spoken);
    if (e->channel == LEDGER_VOICE)
        count(s, e->at, &c->calls);
    if (s->programme && e->programme == s->programme)
        count(s, e->at, &c->programme);
    if (s->subject && e->subject == s->subject && e->at >= s->now - DAY)
        c->subject_24h++;
    if (e->at >= s->now - 30 * DAY)
        add_instant(c, e->at);
    if (e->state == LEDGER_OUT && e->at > c->last_out)
        c->last_out = e->at;
}

/* Of a stop, since the patient's newest permission. */
static bool confirms(const struct ledger_sum *s, const struct ledger_entry *e)
{
    return !e->incoming && e->kind == LEDGER_STOPPED && e->state < LEDGER_FAILED &&
           e->id != s->place.id && e->at >= s->q->confirmed_since && !waits_behind(s, e);
}

void ledger_sum_own(struct ledger_sum *s, const struct ledger_entry *e)
{
    struct ledger_counts *c = &s->counts;
    c->seen |=
        s->q->due_key != 0 && e->due_key == s->q->due_key && !(s->place.id && e->id == s->place.id);
    if (e->incoming) {
        c->wrote_first |= e->kind != LEDGER_KEYWORD && e->at > s->now - DAY;
        c->last_in = e->at > c->last_in ? e->at : c->last_in;
    }
    c->confirmations += confirms(s, e);
    if (is_contact(s, e))
        add_contact(s, e);
}

void ledger_sum_number(struct ledger_sum *s, const struct ledger_entry *e)
{
    if (is_contact(s, e) && (e->channel == LEDGER_SMS || e->channel == LEDGER_VOICE))
        count(s, e->at, &s->counts.number);
    if (e->number != s->self) /* to another of the household: it came to the same phone */
        s->counts.confirmations += confirms(s, e);
}
