/* Who lives in the demonstration: households of one culture and place, ages and illnesses that go
 * together, and who gets worse. */
#include "demo/demo_int.h"

const struct culture DEMO_CULTURES[] = {CULTURE_ROWS};
const size_t DEMO_CULTURE_COUNT = sizeof DEMO_CULTURES / sizeof DEMO_CULTURES[0];
const struct place DEMO_PLACES[] = {PLACE_ROWS};
const size_t DEMO_PLACE_COUNT = sizeof DEMO_PLACES / sizeof DEMO_PLACES[0];
const char *const DEMO_STREETS[] = {STREET_ROWS};
const size_t DEMO_STREET_COUNT = sizeof DEMO_STREETS / sizeof DEMO_STREETS[0];
const struct condition_row DEMO_CONDITIONS[CONDITION_COUNT] = {CONDITION_ROWS};

const char *planted_name(enum planted p)
{
    static const char *const names[PLANTED_COUNT] = {
        "", "fluid", "pressure", "oxygen", "low-sugar", "fast-heart", "live-oxygen"};
    return names[p];
}

static const struct culture *pick_culture(struct rng *r)
{
    int at = rng_int(r, 1, 100);
    for (size_t i = 0; i < DEMO_CULTURE_COUNT; i++) {
        at -= DEMO_CULTURES[i].share;
        if (at <= 0)
            return &DEMO_CULTURES[i];
    }
    return &DEMO_CULTURES[0];
}

static void new_household(struct demo *d, struct household *h, size_t number)
{
    h->culture = pick_culture(&d->rng);
    h->place = &RNG_PICK(&d->rng, DEMO_PLACES, DEMO_PLACE_COUNT);
    h->family = RNG_PICK(&d->rng, h->culture->families, h->culture->n_families);
    h->street = RNG_PICK(&d->rng, DEMO_STREETS, DEMO_STREET_COUNT);
    h->number = rng_int(&d->rng, 1, 980);
    h->members_left = rng_chance(&d->rng, 35) ? rng_int(&d->rng, 2, 3) : 1;
    h->phone = arena_printf(d->op->arena, "+1%s55501%02zu", h->place->area, number % 100);
}

static void illnesses(struct demo *d, struct person *p)
{
    struct rng *r = &d->rng;
    bool old = p->age >= 50;
    p->has[CONDITION_HF] = old && rng_chance(r, 34);
    p->has[CONDITION_HTN] = rng_chance(r, old ? 55 : 15);
    p->has[CONDITION_T2D] = rng_chance(r, old ? 28 : 6);
    p->has[CONDITION_COPD] = old && rng_chance(r, 14);
    p->has[CONDITION_LIPID] = rng_chance(r, old ? 45 : 10);
    p->has[CONDITION_OA] = old && rng_chance(r, 25);
}

static void body(struct demo *d, struct person *p)
{
    struct rng *r = &d->rng;
    p->weight = (p->woman ? 70 : 83) + 12 * rng_normal(r);
    if (p->weight < 42)
        p->weight = 42;
    p->systolic = 124 + (p->has[CONDITION_HTN] ? 10 : 0) + 6 * rng_normal(r);
    p->diastolic = 76 + 4 * rng_normal(r);
    p->pulse = 72 + 6 * rng_normal(r);
    p->oxygen = p->has[CONDITION_COPD] ? 90 : 97;
    p->sugar = p->has[CONDITION_T2D] ? 138 : 98;
}

/* Every twelfth patient of the demonstration gets worse, each kind in turn, so that a newcomer sees
 * them all; the third is the one who gets worse while the newcomer looks. */
static void plant(struct person *p)
{
    static const enum planted kinds[] = {PLANTED_FLUID, PLANTED_PRESSURE, PLANTED_OXYGEN,
                                         PLANTED_LOW_SUGAR, PLANTED_FAST_HEART};
    size_t place = p->number % 12;
    if (p->number == 3 || (place == 3 && p->number % 60 == 3))
        p->planted = PLANTED_LIVE_OXYGEN;
    else if (place == 7 || p->number == 1)
        p->planted = kinds[(p->number / 12) % 5];
    if (p->planted == PLANTED_NONE)
        return;
    p->monitored = true;
    p->sms_consent = true;
    p->stopped = false;
    if (p->age < 55)
        p->age += 30;
    p->has[CONDITION_HF] |= p->planted == PLANTED_FLUID || p->planted == PLANTED_FAST_HEART;
    p->has[CONDITION_T2D] |= p->planted == PLANTED_LOW_SUGAR;
    if (p->planted == PLANTED_OXYGEN || p->planted == PLANTED_LIVE_OXYGEN) {
        p->has[CONDITION_COPD] = false;
        p->oxygen = 97;
    }
}

void demo_person(struct demo *d, struct household *home, size_t number, struct person *ret)
{
    struct rng *r = &d->rng;
    if (home->members_left == 0)
        new_household(d, home, number);
    home->members_left--;
    struct person p = {.number = number, .home = home};
    p.id = arena_printf(d->op->arena, "p%04zu", number);
    p.woman = rng_chance(r, 52);
    p.given = p.woman ? RNG_PICK(r, home->culture->women, home->culture->n_women)
                      : RNG_PICK(r, home->culture->men, home->culture->n_men);
    p.age = rng_chance(r, 70) ? rng_int(r, 55, 89) : rng_int(r, 22, 54);
    illnesses(d, &p);
    body(d, &p);
    p.monitored = p.has[CONDITION_HF] || p.has[CONDITION_COPD] || rng_chance(r, 10);
    p.sms_consent = rng_chance(r, 85);
    p.email_consent = rng_chance(r, 70);
    p.stopped = p.sms_consent && rng_chance(r, 6);
    plant(&p);
    p.born = (d->now / DAY_MS) - (int64_t)p.age * 365 - rng_int(r, 0, 364);
    p.phone = rng_chance(r, 80)
                  ? arena_printf(d->op->arena, "+1%s55501%02zu", home->place->area, number % 100)
                  : home->phone;
    p.email = arena_printf(d->op->arena, "%.*s@example.org", STR_ARG(p.id));
    *ret = p;
}
