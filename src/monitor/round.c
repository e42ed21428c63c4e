/* What the worklist's first line counts: of the last hours how many readings were over limits, how
 * many people have a case, are in range, are silent. One row a patient, kept by the follower with
 * the track and asked by others under a lock. Invariants: nothing is read from the store to count
 * readings; whom the asker may not see is in no number; who found no place is told (whole). */
#include "monitor/monitor_int.h"

#include "record/cohort.h"

#include <stdlib.h>

#define ROUND_GONE UINT64_MAX
#define ROUND_FIRST 1024u
#define HOURS_MS ((int64_t)OVER_HOURS * MS_HOUR)

void round_init(struct round *r)
{
    *r = (struct round){0};
    pthread_mutex_init(&r->lock, NULL);
}

void round_free(struct round *r)
{
    free(r->rows);
    pthread_mutex_destroy(&r->lock);
}

/* The patient's row, else the first that is free; NULL: there is none. */
static struct round_row *place_of(struct round_row *rows, size_t slots, uint64_t patient)
{
    struct round_row *gone = NULL;
    size_t h = (size_t)(patient * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (size_t k = 0; k < slots; k++) {
        struct round_row *row = &rows[(h + k) & (slots - 1)];
        if (row->patient == patient)
            return row;
        if (row->patient == ROUND_GONE && !gone)
            gone = row;
        if (row->patient == 0)
            return gone ? gone : row;
    }
    return gone;
}

/* At most three in four are used, so that a search ends soon. */
static bool has_room(struct round *r)
{
    size_t slots = r->slots ? r->slots * 2 : ROUND_FIRST, used = 0;
    if (r->used * 4 < r->slots * 3)
        return true;
    struct round_row *rows = slots <= ROUND_MAX ? calloc(slots, sizeof *rows) : NULL;
    if (!rows)
        return false;
    for (size_t i = 0; i < r->slots; i++)
        if (r->rows[i].patient && r->rows[i].patient != ROUND_GONE) {
            *place_of(rows, slots, r->rows[i].patient) = r->rows[i];
            used++;
        }
    free(r->rows);
    r->rows = rows;
    r->slots = slots;
    r->used = used;
    return true;
}

static bool is_silent(const struct track *t)
{
    for (uint64_t left = RULES_TIMED; left; left &= left - 1) {
        int rule = __builtin_ctzll(left);
        if (MONITOR_RULES[rule].kind == RULE_MISSED && t->rules[rule].raised &&
            eval_is_for(&MONITOR_RULES[rule], t))
            return true;
    }
    return false;
}

void round_put(struct round *r, const struct track *t)
{
    struct round_row row = {.patient = t->patient, .over = t->over, .watched = t->programmes != 0};
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        if (t->n[s] && t->points[s][t->n[s] - 1].at > row.heard)
            row.heard = t->points[s][t->n[s] - 1].at;
    row.silent = row.watched && is_silent(t);
    pthread_mutex_lock(&r->lock);
    struct round_row *at = r->slots ? place_of(r->rows, r->slots, t->patient) : NULL;
    if (!at || at->patient != t->patient) /* a new one; who is there already needs no room */
        at = has_room(r) ? place_of(r->rows, r->slots, t->patient) : NULL;
    if (at) {
        r->used += at->patient == 0;
        *at = row;
    } else
        r->lost = true;
    pthread_mutex_unlock(&r->lock);
}

void round_drop(struct round *r, uint64_t patient)
{
    pthread_mutex_lock(&r->lock);
    struct round_row *at = r->slots ? place_of(r->rows, r->slots, patient) : NULL;
    if (at && at->patient == patient)
        *at = (struct round_row){.patient = ROUND_GONE};
    pthread_mutex_unlock(&r->lock);
}

void round_loaded(struct round *r)
{
    pthread_mutex_lock(&r->lock);
    r->loaded = true;
    pthread_mutex_unlock(&r->lock);
}

void round_clear(struct round *r)
{
    pthread_mutex_lock(&r->lock);
    if (r->slots)
        memset(r->rows, 0, r->slots * sizeof *r->rows);
    r->used = 0;
    r->loaded = r->lost = false;
    pthread_mutex_unlock(&r->lock);
}

struct counts {
    size_t over, cases, in_range, silent, watched;
    bool whole;
};

static struct counts count(struct round *r, int64_t now, const struct record_cohort *hidden,
                           const struct record_cohort *open)
{
    struct counts c = {0};
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->slots; i++) {
        const struct round_row *row = &r->rows[i];
        if (row->patient == 0 || row->patient == ROUND_GONE ||
            record_cohort_has(hidden, row->patient))
            continue;
        size_t over = over_sum(&row->over, now);
        c.over += over;
        c.watched += row->watched;
        if (record_cohort_has(open, row->patient))
            c.cases++;
        else if (row->silent)
            c.silent++;
        else if (over == 0 && now - row->heard < HOURS_MS)
            c.in_range++;
    }
    c.whole = r->loaded && !r->lost;
    pthread_mutex_unlock(&r->lock);
    return c;
}

/* Open cases of monitoring: those of a programme, and of nobody's. */
static str open_cases(struct op *op)
{
    str groups = STR("vital-signs");
    for (size_t p = 0; p < MONITOR_PROGRAMME_COUNT; p++)
        groups = arena_printf(op->arena, "%.*s,%s", STR_ARG(groups), MONITOR_PROGRAMMES[p].code);
    return arena_printf(op->arena,
                        "code=" DESK_SYSTEM_CODE
                        "|case&status=requested,in-progress,on-hold&group-identifier=%.*s",
                        STR_ARG(groups));
}

err monitor_round(struct op *op, struct monitor *m, struct json **ret)
{
    struct record_cohort hidden, open;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    TRY(record_cohort_hidden(op, m->rec, &hidden));
    TRY(record_cohort(op, m->rec, fhir_type_parse(STR("Task")), open_cases(op), &open));
    struct counts c = count(&m->round, op->now, &hidden, &open);
    monitor_set_number(op, o, "hours", OVER_HOURS, 0);
    monitor_set_number(op, o, "over", (double)c.over, 0);
    monitor_set_number(op, o, "cases", (double)c.cases, 0);
    monitor_set_number(op, o, "inRange", (double)c.in_range, 0);
    monitor_set_number(op, o, "silent", (double)c.silent, 0);
    monitor_set_number(op, o, "watched", (double)c.watched, 0);
    json_set(op->arena, o, STR("whole"), json_new_bool(op->arena, c.whole));
    *ret = o;
    return op_check(op);
}
