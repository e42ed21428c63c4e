/* A campaign's next days, as JSON for its page: volume by day and channel, refusals by rule,
 * clashes with what else runs, budget, languages without words. */
#include "campaign/done_int.h"
#include "campaign/simulate_int.h"

#define DEADLINE_MS 30000
#define ANSWERS 30 /* percent: 44 % voiced a need over 30 days (ux.md P9) */

static err people_in(struct op *op, struct campaigns *c, const struct life *l,
                     struct people_of *ret)
{
    if (!str_eq(l->state, STR("draft")) && JSON_GET(l->o, "people"))
        return campaign_people(op, c, l, ret);
    uint64_t *rids;
    TRY(people_now(op, c, l->id, &rids, &ret->n));
    ret->rids = rids;
    return OK;
}

/* A journey has no audience: everybody, as if each were triggered today. */
static err fill(struct simulate_crowd *w, const struct life *l, const struct people_of *all)
{
    int64_t percent = config_int(w->c->config, "campaign.holdout");
    str seed = json_get_str(l->o, STR("seed"));
    struct record_cohort had = {0};
    err e = w->counts_done
                ? done_cohort(w->op, w->c, w->plan, &(struct done_span){.at = w->op->now}, &had)
                : OK;
    people_read(w->c->people);
    for (size_t i = 0; e == OK && i < all->n; i++) {
        size_t row;
        bool held =
            !w->plan->journey && campaign_held_out(all->rids[i], l->id, seed, (unsigned)percent);
        if (people_find(w->c->people, all->rids[i], &row))
            e = simulate_crowd_add(w, people_row(w->c->people, row), held,
                                   record_cohort_has(&had, all->rids[i]));
    }
    people_done(w->c->people);
    return e;
}

/* Days on which another campaign of the house reaches the same people. */
static err other_days(struct op *op, const struct simulate_crowd *w, struct simulate_input in,
                      str id, uint64_t **ret, str *ret_title)
{
    struct life l;
    struct people_of all = {0};
    struct record_doc doc;
    struct json *tree;
    struct plan *p;
    struct map is;
    struct simulate_result r;
    uint64_t *days = ARENA_ARRAY(op->arena, uint64_t, w->n + 1), *kept = days;
    TRY(life_load(op, w->c->rec, id, &l));
    TRY(record_read(op, w->c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(plan_read(op, tree, &p));
    TRY(campaign_people(op, w->c, &l, &all));
    in.plan = p;
    in.decide = NULL;
    in.n_others = 0;
    in.ret_days = days;
    TRY(simulate_wishes(w, p, &in.wishes));
    TRY(simulate_run(op, &in, &r));
    map_init(&is, op->arena);
    for (size_t i = 0; i < all.n; i++)
        if (!map_put(&is, str_make((const char *)&all.rids[i], 8), kept))
            return op_check(op);
    for (size_t i = 0; i < w->n; i++)
        if (!map_get(&is, str_make((const char *)&w->people[i].rid, 8)))
            days[i] = 0;
    *ret = days;
    *ret_title = p->title;
    return OK;
}

static err others(struct op *op, const struct simulate_crowd *w, str self,
                  struct simulate_input *in, str *titles)
{
    str *ids;
    size_t n;
    struct simulate_other *list =
        ARENA_ARRAY(op->arena, struct simulate_other, SIMULATE_OTHERS_MAX);
    in->others = list;
    TRY(live_list(op, w->c->rec, &ids, &n));
    for (size_t i = 0; i < n && in->n_others < SIMULATE_OTHERS_MAX; i++) {
        struct life l;
        uint64_t *days = NULL;
        TRY(life_load(op, w->c->rec, ids[i], &l));
        if (str_eq(ids[i], self) || json_bool(JSON_GET(l.o, "journey"), false))
            continue;
        TRY(other_days(op, w, *in, ids[i], &days, &titles[in->n_others]));
        list[in->n_others++].days = days;
    }
    return OK;
}

/* ---- JSON ---- */
static void set(struct op *op, struct json *o, const char *name, uint64_t v)
{
    json_set(op->arena, o, str_of(name), json_new_i64(op->arena, (int64_t)v));
}

static struct json *days_of(struct op *op, const struct simulate_result *r, int64_t from)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (unsigned d = 0; d < r->days; d++) {
        struct json *o = json_new(op->arena, JSON_OBJECT);
        uint64_t sum = 0;
        for (unsigned k = 0; k < PLAN_PHONE; k++) {
            if (r->sent[d][k])
                json_set(op->arena, o, plan_channel_name((enum plan_channel)k),
                         json_new_i64(op->arena, (int64_t)r->sent[d][k]));
            sum += r->sent[d][k];
        }
        json_set_str(op->arena, o, STR("day"),
                     str_sub(time_format(op->arena, from + d * PLAN_DAY_MS), 0, 10));
        set(op, o, "sent", sum);
        json_push(op->arena, list, o);
    }
    return list;
}

static struct json *named_counts(struct op *op, const struct simulate_result *r, const str *titles,
                                 size_t n)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, o, STR("campaign"), titles[i]);
        set(op, o, "people", r->clashes[i]);
        json_push(op->arena, list, o);
    }
    return list;
}

static struct json *refusals(struct op *op, const struct simulate_result *r)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < r->n_refused; i++) {
        const struct rule *rule = policy_rule_find(str_of(r->refused[i].rule));
        struct json *o = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, o, STR("rule"), str_of(r->refused[i].rule));
        json_set_str(op->arena, o, STR("title"), rule ? str_of(rule->title) : STR_NONE);
        set(op, o, "contacts", r->refused[i].n);
        json_push(op->arena, list, o);
    }
    return list;
}

static struct json *answer_of(struct op *op, const struct simulate_result *r, int64_t from)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *missing = json_new(op->arena, JSON_OBJECT);
    set(op, o, "contacts", r->contacts);
    set(op, o, "reached", r->people_reached);
    set(op, o, "heldOut", r->held_out);
    set(op, o, "silent", r->silent);
    set(op, o, "calls", r->calls);
    set(op, o, "cases", r->cases);
    set(op, o, "dropped", r->dropped);
    set(op, o, "overBudget", r->over_budget);
    set(op, o, "decisions", r->decisions);
    for (int l = 0; l < LANGUAGE_COUNT; l++)
        if (r->missing[l])
            set(op, missing, LANGUAGE_TAGS[l], r->missing[l]);
    json_set(op->arena, o, STR("missing"), missing);
    json_set(op->arena, o, STR("days"), days_of(op, r, from));
    json_set(op->arena, o, STR("refused"), refusals(op, r));
    if (r->first) {
        json_set_str(op->arena, o, STR("first"), time_format(op->arena, r->first));
        json_set_str(op->arena, o, STR("last"), time_format(op->arena, r->last));
    }
    return o;
}

static err live_through(struct op *op, struct simulate_crowd *w, const struct life *l,
                        bool resolved, struct json **ret)
{
    struct simulate_result *r = ARENA_NEW(op->arena, struct simulate_result);
    str titles[SIMULATE_OTHERS_MAX] = {{0}};
    int64_t began = time_mono();
    struct simulate_input in = {.plan = w->plan,
                                .people = w->people,
                                .n = w->n,
                                .places = w->places,
                                .n_places = w->n_places,
                                .from = op->now,
                                .days = w->days,
                                .answers = ANSWERS,
                                .budget = resolved ? 3 : 0,
                                .decide = simulate_rulebook,
                                .ctx = w};
    TRY(simulate_wishes(w, w->plan, &in.wishes));
    TRY(others(op, w, l->id, &in, titles));
    TRY(simulate_run(op, &in, r));
    *ret = answer_of(op, r, op->now);
    if (w->counts_done && w->plan->n_done)
        set(op, *ret, "done", r->had);
    json_set(op->arena, *ret, STR("clashes"), named_counts(op, r, titles, in.n_others));
    set(op, *ret, "people", w->n);
    set(op, *ret, "ms", (uint64_t)(time_mono() - began));
    return op_check(op);
}

err campaign_simulate(struct op *op, struct campaigns *c, str id, const struct campaign_days *days,
                      struct json **ret)
{
    const struct actor *who = op->actor;
    struct record_doc doc;
    struct json *tree;
    struct plan *p;
    struct life l;
    struct people_of all = {0};
    struct simulate_crowd w;
    bool veiled = false;
    TRY(campaign_check_role(op));
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(plan_read(op, tree, &p));
    TRY(life_load(op, c->rec, id, &l));
    if (!p->journey)
        TRY(people_veiled(op, c, id, &veiled));
    if (veiled)
        TRY(people_told(op, c, id, &all));
    bool known = veiled || done_may_tell(op, c, p);
    op->actor = campaign_system(); /* numbers alone come out */
    if (!op->deadline)
        op->deadline = time_now() + DEADLINE_MS;
    err e = p->journey ? people_everybody(op, c, &all) : veiled ? OK : people_in(op, c, &l, &all);
    if (e == OK && (e = simulate_crowd_new(op, c, p, all.n, &w)) == OK) {
        w.days = days->days ? days->days : 30;
        w.counts_done = known;
        e = fill(&w, &l, &all);
        if (e == OK)
            e = live_through(op, &w, &l, days->resolved, ret);
        if (e == OK && veiled)
            people_coarse(op, *ret);
        simulate_crowd_done(&w);
    }
    op->actor = who;
    return e;
}
