/* Plans over many: a million people's next contact by plan_next(), and 200,000 people through
 * thirty days of a campaign by the scheduler and the whole rulebook (each different contact is
 * decided once). One line a figure: name, value, unit, limit. Exit 1 when a limit is missed. */
#include "campaign/plan_int.h"
#include "campaign/run_int.h"
#include "campaign/simulate_int.h"

#include "base/time.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MILLION 1000000u
#define CROWD 200000u
#define ZONES 4

struct ground {
    struct op op;
    struct record *rec;
    struct config *config;
    struct outreach *outreach;
    struct campaigns *c;
    struct plan *plan;
    char dir[64];
};

/* Processor time of this process: figures are a core's, whatever else the machine does. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop_at(err e, const struct op *op, const char *what)
{
    if (e == OK)
        return;
    fprintf(stderr, "campaign_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(2);
}

static void open_ground(struct ground *g)
{
    static const char *const house[][2] = {{"sms.channel", "screen"},
                                           {"smtp.channel", "screen"},
                                           {"sms.route", "us_10dlc"},
                                           {"sms.campaign_approved", "true"}};
    struct json *o;
    snprintf(g->dir, sizeof g->dir, "/tmp/weft-bench-XXXXXX");
    if (!mkdtemp(g->dir))
        exit(2);
    op_init(&g->op, arena_new((size_t)2 << 30), campaign_system(), time_now());
    stop_at(record_init(&g->op, str_of(g->dir)), &g->op, "init");
    stop_at(record_open(&g->op, str_of(g->dir), 0, &g->rec), &g->op, "open");
    g->config = config_new(g->op.arena);
    for (size_t i = 0; i < sizeof house / sizeof *house; i++)
        stop_at(config_set(&g->op, g->config, str_of(house[i][0]), str_of(house[i][1])), &g->op,
                "config");
    stop_at(outreach_new(&g->op, g->rec, g->config, &g->outreach), &g->op, "outreach");
    stop_at(campaigns_new(&g->op, g->rec, g->outreach, g->config, &g->c), &g->op, "campaigns");
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (strcmp(plan_shipped_at(i)->code, "immunisation") == 0) {
            stop_at(fhir_read(&g->op, str_of(plan_shipped_at(i)->plan), 0, &o), &g->op, "plan");
            stop_at(plan_read(&g->op, o, &g->plan), &g->op, "plan");
        }
}

/* Rows as a city has them: four time zones, three languages, most with a permission. */
static void fill_people(struct ground *g, size_t n)
{
    static const char *const zones[ZONES] = {"America/New_York", "America/Chicago",
                                             "America/Denver", "America/Los_Angeles"},
                             *const states[ZONES] = {"US-NY", "US-IL", "US-CO", "US-CA"},
                             *const languages[] = {"en", "es", "ar"};
    uint16_t zone[ZONES], state[ZONES], language[3];
    for (size_t i = 0; i < ZONES; i++) {
        zone[i] = people_word_add(g->c->people, PEOPLE_ZONES, str_of(zones[i]));
        state[i] = people_word_add(g->c->people, PEOPLE_STATE, str_of(states[i]));
    }
    for (size_t i = 0; i < 3; i++)
        language[i] = people_word_add(g->c->people, PEOPLE_LANGUAGE, str_of(languages[i]));
    for (size_t i = 0; i < n; i++) {
        struct person p = {.rid = i + 1,
                           .birth = -(int32_t)(i % 30000),
                           .language = language[i % 10 < 7   ? 0
                                                : i % 10 < 9 ? 1
                                                             : 2],
                           .zones = zone[i % ZONES],
                           .state = state[i % ZONES],
                           .line = LINE_WIRELESS,
                           .channels = 1u << PERSON_SMS | 1u << PERSON_EMAIL | 1u << PERSON_VOICE};
        p.preferred = i % 3 ? PERSON_SMS : PERSON_EMAIL;
        p.permit[PERSON_SMS] = i % 17 ? PERMIT_CARE | (i % 2 ? PERMIT_WRITTEN : 0) : 0;
        p.permit[PERSON_EMAIL] = i % 5 ? PERMIT_CARE : PERMIT_REFUSED;
        stop_at(people_put(&g->op, g->c->people, &p), &g->op, "people");
    }
}

static struct simulate_crowd crowd(struct ground *g, size_t n)
{
    struct simulate_crowd w;
    stop_at(simulate_crowd_new(&g->op, g->c, g->plan, n, &w), &g->op, "crowd");
    w.days = 30;
    people_read(g->c->people);
    for (size_t i = 0; i < n; i++)
        stop_at(simulate_crowd_add(&w, people_row(g->c->people, i), i % 10 == 0, false), &g->op,
                "crowd");
    people_done(g->c->people);
    return w;
}

static double plan_a_million(struct ground *g, struct simulate_crowd *w)
{
    double from = seconds();
    uint64_t planned = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct simulate_person *p = &w->people[i];
        struct plan_person who = {.place = &w->places[p->place],
                                  .by = {{.may = p->may[PLAN_CARE], .prefers = p->prefers}},
                                  .seed = (uint32_t)(p->rid * 2654435761u)};
        struct plan_state s;
        struct plan_move m;
        plan_begin(g->plan, g->op.now, g->op.now, &s);
        plan_next(g->plan, &who, &s, g->op.now, &m);
        planned += m.at >= g->op.now;
    }
    if (planned != w->n)
        exit(2);
    return seconds() - from;
}

static double thirty_days(struct ground *g, struct simulate_crowd *w, struct simulate_result *r)
{
    struct simulate_input in = {.plan = g->plan,
                                .people = w->people,
                                .n = w->n,
                                .places = w->places,
                                .n_places = w->n_places,
                                .from = g->op.now,
                                .days = 30,
                                .answers = 30,
                                .decide = simulate_rulebook,
                                .ctx = w};
    double from = seconds();
    stop_at(simulate_run(&g->op, &in, r), &g->op, "simulate");
    return seconds() - from;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

int main(void)
{
    static struct ground g;
    static struct simulate_result r;
    open_ground(&g);
    fill_people(&g, MILLION);
    double from = seconds();
    struct simulate_crowd all = crowd(&g, MILLION);
    double planned = seconds() - from + plan_a_million(&g, &all);
    simulate_crowd_done(&all);
    from = seconds();
    struct simulate_crowd few = crowd(&g, CROWD);
    double lived = seconds() - from + thirty_days(&g, &few, &r);
    printf("plan 1,000,000 people\t%.2f\ts\t<= 20\n", planned);
    printf(
        "simulate 200,000 people x 30 days (%llu contacts, %llu asked of the rulebook)\t%.2f\ts\t"
        "<= 3\n",
        (unsigned long long)r.contacts, (unsigned long long)r.asked, lived);
    simulate_crowd_done(&few);
    campaigns_free(g.c);
    outreach_free(g.outreach);
    record_close(g.rec);
    (void)nftw(g.dir, drop, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(g.op.arena);
    return planned > 20 || lived > 3 || r.contacts == 0;
}
