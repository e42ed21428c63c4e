/* A simulation's people and its rulebook: rows of the people table brought to what the scheduler
 * asks, equal ones sharing one question; answered by outreach's own facts. */
#include "campaign/run_int.h"
#include "campaign/simulate_int.h"

#include "base/map.h"
#include "outreach/reach.h"

#define SCRATCH (8u << 20)

static uint8_t way_bits(const struct simulate_crowd *w, const struct person *row, unsigned permit)
{
    unsigned may = 0;
    for (unsigned k = 0; k < PLAN_PHONE; k++)
        if ((row->channels & (1u << PERSON_OF_WAY[k])) && (row->permit[PERSON_OF_WAY[k]] & permit))
            may |= 1u << k;
    if (row->flags & PERSON_REASSIGNED)
        may &= ~(1u << PLAN_SMS);
    return (uint8_t)(w->c->outreach ? may & outreach_ways(w->c->outreach) : may);
}

/* "lab_results=letter wellness_checkup=email", as people_row.c wrote it. */
static void wishes_in(str word, struct wishes *ret)
{
    str one, purpose;
    ret->n_channels = 0;
    while (ret->n_channels < WISH_CHANNELS && str_take_until(&word, ' ', &one))
        if (str_take_until(&one, '=', &purpose))
            ret->channels[ret->n_channels++] = (struct wish_way){purpose, one};
}

err simulate_wishes(const struct simulate_crowd *w, const struct plan *p, const uint8_t **ret)
{
    struct wishes said = {0};
    enum way k;
    people_read(w->c->people);
    size_t n = people_word_count(w->c->people, PEOPLE_WISHES) + 1;
    uint8_t *all = n > 1 ? ARENA_ARRAY(w->op->arena, uint8_t, n * p->n_purposes) : NULL;
    for (size_t i = 0; all && i < n; i++) {
        wishes_in(people_word(w->c->people, PEOPLE_WISHES, (uint16_t)i), &said);
        for (size_t a = 0; a < p->n_purposes; a++)
            all[i * p->n_purposes + a] =
                way_parse(wishes_channel(&said, p->purposes[a]), &k) ? (uint8_t)k : PLAN_PREFERRED;
    }
    people_done(w->c->people);
    *ret = all;
    return op_check(w->op);
}

static struct outreach_trial_way way_of(const struct person *row, enum person_channel k)
{
    unsigned p = row->permit[k];
    return (struct outreach_trial_way){.there = (row->channels & (1u << k)) != 0,
                                       .said = p != 0,
                                       .agrees = p != 0 && !(p & PERMIT_REFUSED),
                                       .care = (p & PERMIT_CARE) != 0,
                                       .appointment = (p & PERMIT_APPOINTMENT) != 0,
                                       .marketing = (p & PERMIT_MARKETING) != 0,
                                       .written = (p & PERMIT_WRITTEN) != 0};
}

static str line_name(uint8_t line)
{
    static const char *const names[] = {"", "wireless", "landline", "voip", ""};
    return str_of(names[line <= LINE_OTHER ? line : 0]);
}

static void split_place(struct op *op, str zones, str state, struct outreach_trial *t)
{
    str part;
    str copy = arena_str(op->arena, zones), where = arena_str(op->arena, state);
    while (t->n_zones < 4 && str_take_until(&copy, ' ', &part))
        if (!str_empty(part))
            t->zones[t->n_zones++] = part;
    size_t dash = str_find_char(where, '-', 0);
    if (dash != SIZE_MAX) {
        t->country = str_sub(where, 0, dash);
        t->state = str_sub(where, dash + 1, where.n);
    }
}

/* Number of the row with these bytes; new ones are added by make(). */
static err group(struct simulate_crowd *w, struct map *m, str key, size_t *n, uint16_t *ret,
                 bool *ret_new)
{
    void *at = map_get(m, key);
    *ret_new = at == NULL;
    if (!at) {
        if (*n >= SIMULATE_KINDS_MAX)
            return fail(w->op, ERR_TOO_COSTLY, "the audience is too mixed to be simulated");
        uint16_t *number = ARENA_NEW(w->op->arena, uint16_t);
        *number = (uint16_t)(*n)++;
        if (!map_put(m, arena_str(w->op->arena, key), number))
            return op_check(w->op);
        at = number;
    }
    memcpy(ret, at, sizeof *ret);
    return OK;
}

static err place_of(struct simulate_crowd *w, const struct person *row, uint16_t *ret)
{
    bool fresh;
    uint16_t key[2] = {row->zones, row->state};
    TRY(group(w, &w->by_place, str_make((const char *)key, sizeof key), &w->n_places, ret, &fresh));
    if (!fresh)
        return OK;
    struct outreach_trial t = {0};
    split_place(w->op, people_word(w->c->people, PEOPLE_ZONES, row->zones),
                people_word(w->c->people, PEOPLE_STATE, row->state), &t);
    str where = arena_str(w->op->arena, people_word(w->c->people, PEOPLE_STATE, row->state));
    struct plan_place_query q = {.zones = t.zones,
                                 .n_zones = t.n_zones,
                                 .jurisdictions = &where,
                                 .n_jurisdictions = str_empty(where) ? 0 : 1,
                                 .solicitation = w->plan->marketing,
                                 .from = w->op->now - PLAN_DAY_MS,
                                 .days = w->days + 3};
    return plan_place_new(w->op, record_rulebook(w->c->rec), &q, &w->places[*ret]);
}

static err facts_of(struct simulate_crowd *w, const struct person *row, uint16_t *ret)
{
    bool fresh;
    uint16_t key[6] = {row->zones,
                       row->state,
                       (uint16_t)(row->permit[PERSON_SMS] | row->permit[PERSON_EMAIL] << 8),
                       row->line,
                       row->flags & (PERSON_DECEASED | PERSON_CONFIDENTIAL | PERSON_REASSIGNED),
                       row->channels};
    TRY(group(w, &w->by_facts, str_make((const char *)key, sizeof key), &w->n_facts, ret, &fresh));
    if (!fresh)
        return OK;
    struct outreach_trial *t = &w->facts[*ret];
    *t = (struct outreach_trial){.sms = way_of(row, PERSON_SMS),
                                 .email = way_of(row, PERSON_EMAIL),
                                 .line_type = line_name(row->line),
                                 .reassigned = (row->flags & PERSON_REASSIGNED) != 0,
                                 .confidential = (row->flags & PERSON_CONFIDENTIAL) != 0,
                                 .deceased = (row->flags & PERSON_DECEASED) != 0};
    split_place(w->op, people_word(w->c->people, PEOPLE_ZONES, row->zones),
                people_word(w->c->people, PEOPLE_STATE, row->state), t);
    return OK;
}

err simulate_crowd_add(struct simulate_crowd *w, const struct person *row, bool held, bool had)
{
    struct simulate_person *p = &w->people[w->n];
    unsigned week = person_week(row, w->op->now);
    if (row->flags & (PERSON_GONE | PERSON_DECEASED))
        return OK;
    *p = (struct simulate_person){
        .rid = row->rid,
        .may = {[PLAN_CARE] = way_bits(w, row, PERMIT_CARE),
                [PLAN_VISIT] = way_bits(w, row, PERMIT_CARE | PERMIT_APPOINTMENT),
                [PLAN_MARKETING] = way_bits(w, row, PERMIT_MARKETING)},
        .wishes = row->wishes,
        .prefers = row->preferred == PERSON_EMAIL ? PLAN_EMAIL : PLAN_SMS,
        .language =
            (uint8_t)language_or_english(people_word(w->c->people, PEOPLE_LANGUAGE, row->language)),
        .week = (uint8_t)(week < 15 ? week : 15),
        .last_contact = row->contacted * 60000LL,
        .household = row->household,
        .held_out = held,
        .had = had};
    TRY(place_of(w, row, &p->place));
    TRY(facts_of(w, row, &p->facts));
    w->n++;
    return OK;
}

err simulate_crowd_new(struct op *op, struct campaigns *c, const struct plan *p, size_t n,
                       struct simulate_crowd *ret)
{
    *ret = (struct simulate_crowd){.op = op, .c = c, .plan = p};
    map_init(&ret->by_place, op->arena);
    map_init(&ret->by_facts, op->arena);
    ret->people = ARENA_ARRAY(op->arena, struct simulate_person, n + 1);
    ret->places = ARENA_ARRAY(op->arena, struct plan_place, SIMULATE_KINDS_MAX);
    ret->facts = ARENA_ARRAY(op->arena, struct outreach_trial, SIMULATE_KINDS_MAX);
    ret->scratch = arena_new(SCRATCH);
    if (!ret->scratch)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    return op_check(op);
}

void simulate_crowd_done(struct simulate_crowd *w)
{
    arena_free(w->scratch);
    w->scratch = NULL;
}

static str text_of(struct simulate_crowd *w, struct op *op, const struct simulate_ask *q)
{
    struct met m = {.first = STR("Maria"),
                    .lang = q->language < LANGUAGE_COUNT ? q->language : LANGUAGE_EN};
    return words_for(op, w->c, &w->plan->steps[q->step].words, &m, 0);
}

err simulate_rulebook(struct op *op, void *ctx, const struct simulate_ask *q,
                      enum simulate_answer *ret, const char **ret_rule)
{
    struct simulate_crowd *w = ctx;
    struct outreach_trial t = w->facts[q->facts];
    struct op own;
    struct verdict v;
    arena_reset(w->scratch);
    op_init(&own, w->scratch, campaign_system(), q->at);
    t.day = q->day_count;
    t.week = q->week_count;
    struct outreach_draft d = {
        .channel = plan_channel_name(q->channel),
        .language = str_of(LANGUAGE_TAGS[q->language < LANGUAGE_COUNT ? q->language : LANGUAGE_EN]),
        .text = text_of(w, &own, q),
        .purpose = plan_purpose(w->plan, q->step)};
    *ret = SIMULATE_NO;
    *ret_rule = "no such way";
    if (q->channel > PLAN_EMAIL) {
        *ret = SIMULATE_GO; /* letters and notices are asked when they go: no columns for them */
        return OK;
    }
    err e = outreach_try(&own, w->c->outreach, &t, &d, &v);
    if (e == ERR_UNPROCESSABLE || e == ERR_INVALID)
        return OK;
    if (e != OK)
        return fail(op, e, "a contact could not be tried");
    *ret = v.decision == DECISION_ALLOW        ? SIMULATE_GO
           : v.decision == DECISION_HOLD_UNTIL ? SIMULATE_HOLD
                                               : SIMULATE_NO;
    if (*ret != SIMULATE_GO)
        *ret_rule = v.n_fired ? v.fired[0].rule->id : "?";
    return OK;
}
