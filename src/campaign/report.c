/* What came of a campaign: how many were reached and answered, the difference to the hold-out with
 * its interval, and the harm done, by language and age. Invariant: no group under 30 people is
 * told or left over, and no difference with fewer on either side; the whole is, to who sent it (ADR
 * 28). */
#include "campaign/done_int.h"
#include "campaign/few.h"
#include "campaign/people.h"
#include "campaign/run_int.h"

#include "base/time.h"

#include <stdlib.h>

#define AGES 6
#define LANGUAGES (LANGUAGE_COUNT + 1)
#define METHOD "Newcombe 1998, method 10, 95 % (Stat Med 17:873-890)"
#define BATCH 512u
#define BATCH_BYTES ((size_t)64 << 20)

struct counts {
    uint64_t people, contacted, answered, done, stopped, complaints, calls;
};
struct report {
    struct op *op;
    struct campaigns *c;
    struct life l;
    struct plan *p;
    struct counts all, language[LANGUAGES], age[AGES]; /* the last of each: it is not known */
    uint64_t held, hit, control_hit;
    bool exact; /* the asker may search for what ends it; else in tens, as in a simulation, and of
                 * what was last changed before today: nobody watches a ten turn as shots come in */
    struct record_cohort done, complained, called;
};

static void add(struct counts *k, const struct enrolment *e, const struct report *r)
{
    k->people++;
    k->contacted += e->state.used != 0;
    k->answered += !str_empty(e->said);
    k->done += record_cohort_has(&r->done, e->patient); /* since the start, as the uplift has it */
    /* who said stop after the shot had ended it for them wrote it because of these messages, too */
    k->stopped += e->state.stopped == PLAN_STOPPED || (e->state.stopped && !str_empty(e->done));
    k->complaints += record_cohort_has(&r->complained, e->patient);
    k->calls += record_cohort_has(&r->called, e->patient);
}

static unsigned age_band(int32_t age)
{
    return age < 0 ? AGES - 1 : age < 18 ? 0 : age < 45 ? 1 : age < 65 ? 2 : age < 80 ? 3 : 4;
}

static err one_person(struct report *r, struct op *op, uint64_t rid)
{
    struct enrolment e = {.plan = r->l.id, .patient = rid};
    size_t row;
    TRY(enrolment_load(op, r->c->rec, &e));
    if (str_empty(e.text))
        return OK;
    if (e.held) {
        r->held++;
        r->control_hit += record_cohort_has(&r->done, rid);
        return OK;
    }
    r->hit += record_cohort_has(&r->done, rid);
    add(&r->all, &e, r);
    unsigned language = LANGUAGES - 1, age = AGES - 1; /* everybody is in one of each */
    people_read(r->c->people);
    if (people_find(r->c->people, rid, &row)) {
        const struct person *p = people_row(r->c->people, row);
        str tag = people_word(r->c->people, PEOPLE_LANGUAGE, p->language);
        age = age_band(person_age(p, r->op->now));
        language = str_starts(tag, STR("es")) ? 1 : str_starts(tag, STR("ar")) ? 2 : 0;
    }
    people_done(r->c->people);
    add(&r->language[language], &e, r);
    add(&r->age[age], &e, r);
    return OK;
}

/* "Type?query" since the start; what the record knew at `until`, 0: what it knows. */
static err since_start(struct report *r, str search, int64_t until, struct record_cohort *ret)
{
    size_t mark = str_find_char(search, '?', 0);
    fhir_type type = fhir_type_parse(str_sub(search, 0, mark));
    *ret = (struct record_cohort){0};
    if (!type)
        return OK;
    str query = mark == SIZE_MAX ? STR_NONE : str_sub(search, mark + 1, search.n);
    int64_t from = life_time(&r->l, "started");
    str q = arena_printf(r->op->arena, "%.*s%s_lastUpdated=gt%.*s", STR_ARG(query),
                         str_empty(query) ? "" : "&", STR_ARG(time_format(r->op->arena, from)));
    if (until)
        q = done_known(r->op, q, until);
    return record_cohort(r->op, r->c->rec, type, q, ret);
}

/* The outline that people are in, not a draft of it: what is asked of the record was approved. */
static err live_plan(struct report *r, str id, struct record_doc *ret)
{
    fhir_type type = fhir_type_parse(STR("PlanDefinition"));
    int64_t vid = 0;
    if (!json_i64(JSON_GET(r->l.o, "liveVersion"), &vid))
        return record_read(r->op, r->c->rec, type, id, ret);
    return record_vread(r->op, r->c->rec, type, id,
                        arena_printf(r->op->arena, "%lld", (long long)vid), ret);
}

static void set(struct report *r, struct json *o, const char *name, uint64_t v)
{
    json_set(r->op->arena, o, str_of(name), json_new_i64(r->op->arena, (int64_t)v));
}

static void set_share(struct report *r, struct json *o, const char *name, double v)
{
    json_set(r->op->arena, o, str_of(name),
             json_new_num(r->op->arena, arena_printf(r->op->arena, "%.4f", v)));
}

static struct json *told(struct report *r, const struct counts *k)
{
    struct json *o = json_new(r->op->arena, JSON_OBJECT);
    set(r, o, "people", k->people);
    set(r, o, "contacted", k->contacted);
    set(r, o, "answered", k->answered);
    /* of a few it would tell of each what they had; and tens of groups beside the tens of the whole
     * tell more than either */
    if (r->p->n_done && k->people >= FEW && (r->exact || k == &r->all))
        set(r, o, "done", r->exact ? k->done : audience_figure_of(k->done, k->people));
    set(r, o, "optOuts", k->stopped);
    set(r, o, "complaints", k->complaints);
    set(r, o, "calls", k->calls);
    return o;
}

/* A group that is too small is named and nothing else; so are others, until what is left of the
 * whole without those that are told is of no few either (few.h). */
static struct json *groups(struct report *r, const struct counts *k, const char *const *names,
                           size_t n)
{
    struct json *list = json_new(r->op->arena, JSON_ARRAY);
    uint64_t people[AGES + LANGUAGES];
    bool hidden[AGES + LANGUAGES];
    for (size_t i = 0; i < n; i++) {
        people[i] = k[i].people;
        hidden[i] = people[i] < FEW;
    }
    few_hide(people, n, hidden);
    for (size_t i = 0; i < n; i++) {
        if (k[i].people == 0)
            continue;
        struct json *o = hidden[i] ? json_new(r->op->arena, JSON_OBJECT) : told(r, &k[i]);
        json_set_str(r->op->arena, o, STR("code"), str_of(names[i]));
        if (hidden[i])
            json_set(r->op->arena, o, STR("few"), json_new_bool(r->op->arena, true));
        json_push(r->op->arena, list, o);
    }
    return list;
}

/* What it was for: the rows that end it, or the search that the outline names. */
static struct json *outcome_of(const struct report *r)
{
    struct json *list = json_new(r->op->arena, JSON_ARRAY);
    if (r->p->n_done == 0)
        return json_new_str(r->op->arena, r->p->outcome);
    for (size_t i = 0; i < r->p->n_done; i++)
        json_push(r->op->arena, list, json_new_str(r->op->arena, str_of(r->p->done[i]->code)));
    return list;
}

static void exact_uplift(struct report *r, struct json *x)
{
    struct holdout_uplift u;
    holdout_uplift(r->hit, r->all.people, r->control_hit, r->held, &u);
    set_share(r, x, "rate", u.rate);
    set_share(r, x, "control", u.control);
    set_share(r, x, "difference", u.difference);
    set_share(r, x, "low", u.low);
    set_share(r, x, "high", u.high);
    json_set_str(r->op->arena, x, STR("method"), STR(METHOD));
}

static void uplift_in_tens(struct report *r, struct json *x)
{
    struct holdout_interval u;
    holdout_uplift_tens(r->hit, r->all.people, r->control_hit, r->held, &u);
    set_share(r, x, "low", u.low);
    set_share(r, x, "high", u.high);
    json_set_str(r->op->arena, x, STR("method"), STR(METHOD "; counts in tens"));
}

static void uplift(struct report *r, struct json *o)
{
    struct json *x = json_new(r->op->arena, JSON_OBJECT);
    if (r->held < FEW || r->all.people < FEW || (str_empty(r->p->outcome) && r->p->n_done == 0)) {
        json_set(r->op->arena, x, STR("few"), json_new_bool(r->op->arena, true));
    } else {
        (r->exact ? exact_uplift : uplift_in_tens)(r, x);
        json_set(r->op->arena, x, STR("outcome"), outcome_of(r));
    }
    json_set(r->op->arena, o, STR("uplift"), x);
}

/* A batch at a time, in memory of its own: a campaign of a million takes no more than one of some
 * hundred, and who went away is not reckoned for. */
static err everybody(struct report *r, const struct people_of *all)
{
    struct arena *room = arena_new(BATCH_BYTES);
    err e = room ? OK : fail(r->op, ERR_UNAVAILABLE, "out of memory");
    for (size_t at = 0; e == OK && at < all->n; at += BATCH) {
        struct op part = op_part(r->op, room);
        for (size_t i = at; e == OK && i < all->n && i < at + BATCH; i++)
            e = one_person(r, &part, all->rids[i]);
        e = op_part_end(r->op, &part, e);
        if (e == OK && r->op->deadline && time_now() > r->op->deadline)
            e = fail(r->op, ERR_TIMEOUT, "The report takes too long; try again later.");
    }
    arena_free(room);
    return e;
}

static err gather(struct report *r)
{
    struct people_of all;
    TRY(campaign_people(r->op, r->c, &r->l, &all));
    int64_t started = life_time(&r->l, "started");
    int64_t until = r->exact ? 0 : r->op->now / PLAN_DAY_MS * PLAN_DAY_MS;
    struct done_span span = {.at = started, .since = started, .until = until};
    if (started && r->p->n_done)
        TRY(done_cohort(r->op, r->c, r->p, &span, &r->done));
    else if (started)
        TRY(since_start(r, r->p->outcome, until, &r->done));
    TRY(since_start(r, STR("Task?group-identifier=complaint,device-complaint"), 0, &r->complained));
    TRY(since_start(r, STR("Communication?medium=https://weft.health/fhir/contact-channel%7Cvoice"),
                    0, &r->called));
    return everybody(r, &all);
}

/* May they search for what ends it, or for the outcome, themselves? */
static bool may_count(const struct report *r)
{
    if (r->p->n_done == 0 && search_type(r->p->outcome))
        return chip_may_ask(r->op, r->c, r->p->outcome);
    return done_may_tell(r->op, r->c, r->p);
}

err campaign_report(struct op *op, struct campaigns *c, str id, struct json **ret)
{
    static const char *const ages[AGES] = {"0-17", "18-44", "45-64", "65-79", "80+", "unknown"};
    const char *languages[LANGUAGES] = {[LANGUAGE_COUNT] = "unknown"};
    const struct actor *who = op->actor;
    struct report *r = ARENA_NEW(op->arena, struct report);
    struct record_doc doc;
    struct json *tree, *o, *by;
    r->op = op;
    r->c = c;
    TRY(campaign_check_role(op));
    TRY(life_load(op, c->rec, id, &r->l));
    TRY(live_plan(r, id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(plan_read(op, tree, &r->p));
    r->exact = may_count(r);
    op->actor = campaign_system(); /* sums alone come out, none of a few */
    err e = gather(r);
    op->actor = who;
    TRY(e);
    o = told(r, &r->all);
    by = json_new(op->arena, JSON_OBJECT);
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        languages[i] = LANGUAGE_TAGS[i];
    set(r, o, "heldOut", r->held);
    uplift(r, o);
    json_set(op->arena, by, STR("language"), groups(r, r->language, languages, LANGUAGES));
    json_set(op->arena, by, STR("age"), groups(r, r->age, ages, AGES));
    json_set(op->arena, o, STR("by"), by);
    *ret = o;
    return op_check(op);
}
