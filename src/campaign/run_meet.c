/* A person as the scheduler sees them, read anew each time: ways that are there and permitted, what
 * they like, how the last deliveries went, the hours of their place. A forecast: outreach decides
 * again. */
#include "campaign/run_int.h"
#include "desk/hours.h"

#include "outreach/ledger.h"
#include "outreach/reach.h"

#define PLACE_DAYS 45

static bool agrees(const struct outreach_way *w, enum plan_consent to)
{
    if (str_empty(w->address) || !w->said || !w->agrees)
        return false;
    return to == PLAN_MARKETING ? w->marketing : w->care || (to == PLAN_VISIT && w->appointment);
}

/* By which clock a promise is told: the one that stands with their address; of several that a state
 * has the house's, if it is one of them. */
static str zone_of(struct campaigns *c, const struct outreach_reach *r)
{
    str house = config_str(c->config, "house.zone");
    str stated = desk_zone(r->patient, STR_NONE);
    if (!str_empty(stated) || r->n_zones == 0)
        return str_empty(stated) ? house : stated;
    for (size_t i = 1; i < r->n_zones; i++)
        if (str_eq(r->zones[i], house))
            return house;
    return r->zones[0];
}

static err place_of(struct op *op, struct campaigns *c, const struct plan *p,
                    const struct outreach_reach *r, struct met *m)
{
    str country = str_empty(r->country) ? STR("US") : r->country;
    str where = arena_printf(op->arena, "%.*s-%.*s", STR_ARG(country), STR_ARG(r->state));
    struct plan_place_query q = {.zones = r->zones,
                                 .n_zones = r->n_zones,
                                 .jurisdictions = &where,
                                 .n_jurisdictions = str_empty(r->state) ? 0 : 1,
                                 .solicitation = p->marketing,
                                 .from = op->now - PLAN_DAY_MS,
                                 .days = PLACE_DAYS};
    m->zone = zone_of(c, r);
    return plan_place_new(op, record_rulebook(c->rec), &q, &m->place);
}

static err ways_of(struct op *op, struct campaigns *c, const struct plan *p,
                   const struct outreach_reach *r, struct met *m)
{
    struct ledger_delivery late;
    unsigned ours = outreach_ways(c->outreach);
    if (r->reassigned)
        ours &= ~(1u << WAY_SMS);
    for (size_t i = 0; i < p->n_purposes; i++) {
        struct plan_ways *by = &m->who.by[i];
        enum plan_consent to = plan_consent(p, p->purposes[i]);
        for (unsigned k = 0; k < WAY_COUNT; k++)
            by->may |= (uint8_t)(agrees(&r->by[k], to) ? ours & (1u << k) : 0);
        by->prefers = (uint8_t)outreach_prefers(r, p->purposes[i], &by->said);
    }
    TRY(ledger_delivery(op, c->rec, m->id, &late));
    m->who.failing = (uint8_t)late.failing;
    m->who.last_contact = late.last_contact;
    return OK;
}

str plan_purpose(const struct plan *p, int step)
{
    bool own = step >= 0 && !str_empty(p->steps[step].purpose);
    return own ? p->steps[step].purpose : p->purpose;
}

err meet(struct op *op, struct campaigns *c, const struct plan *p, uint64_t patient,
         struct met *ret)
{
    struct met m = {.gone = true};
    struct outreach_reach r;
    fhir_type type;
    TRY(record_name(op, c->rec, patient, &type, &m.id));
    err e = outreach_reach(op, c->rec, m.id, &r);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        *ret = m;
        return OK;
    }
    TRY(e);
    m.gone = r.deceased;
    struct outreach_reach *reach = ARENA_NEW(op->arena, struct outreach_reach);
    TRY(op_check(op));
    *reach = r;
    m.reach = reach;
    m.patient = ARENA_NEW(op->arena, struct json);
    *m.patient = *r.patient;
    m.first = json_str(json_path(r.patient, "name.0.given.0"));
    m.language = r.language;
    m.lang = language_or_english(r.language);
    str number = desk_emergency(m.patient, config_str(c->config, "house.country"));
    m.emergency = desk_emergency_say(op, number).in[m.lang];
    m.who.seed = (uint32_t)(patient * 2654435761u);
    TRY(place_of(op, c, p, &r, &m));
    TRY(ways_of(op, c, p, &r, &m));
    *ret = m;
    return OK;
}

/* ---- conditions: FHIRPath over the Patient; %record is a Bundle of what the words name ---- */
static bool named(const struct plan *p, str type)
{
    for (size_t i = 0; i < p->n_conditions; i++) {
        str text = p->condition_texts[i];
        size_t at = str_find(text, type, 0);
        if (at != SIZE_MAX && (at + type.n >= text.n || text.p[at + type.n] == ')'))
            return true;
    }
    return false;
}

static err add_resources(struct op *op, struct campaigns *c, fhir_type type, const struct met *m,
                         struct json *entries)
{
    struct record_page page;
    str query = arena_printf(op->arena, "patient=Patient/%.*s&_sort=-_lastUpdated&_count=50",
                             STR_ARG(m->id));
    TRY(record_find(op, c->rec, type, query, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *tree, *entry = json_new(op->arena, JSON_OBJECT);
        TRY(record_parse(op, &page.docs[i], &tree));
        json_set(op->arena, entry, STR("resource"), tree);
        json_push(op->arena, entries, entry);
    }
    return OK;
}

static err record_bundle(struct op *op, struct campaigns *c, const struct plan *p,
                         const struct met *m, struct json **ret)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *entries = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, o, STR("resourceType"), STR("Bundle"));
    json_set_str(op->arena, o, STR("type"), STR("collection"));
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        if (fhir_in_patient_compartment(t) && named(p, fhir_type_name(t)) &&
            record_may_search(op, c->rec, t))
            TRY(add_resources(op, c, t, m, entries));
    if (entries->n)
        json_set(op->arena, o, STR("entry"), entries);
    TRY(fhir_validate(op, o));
    *ret = o;
    return OK;
}

err conditions_of(struct op *op, struct campaigns *c, const struct plan *p, struct met *m)
{
    struct json *bundle;
    m->who.holds = 0;
    if (p->n_conditions == 0)
        return OK;
    TRY(record_bundle(op, c, p, m, &bundle));
    struct fhir_path_var var = {.name = STR("record"), .value = bundle};
    struct fhir_path_env env = {.resource = m->patient, .vars = &var, .n_vars = 1};
    for (size_t i = 0; i < p->n_conditions; i++) {
        struct fhir_path_items items;
        TRY(fhir_path_run(op, p->conditions[i], &env, m->patient, &items));
        bool yes = items.n == 1 && json_bool(items.at[0], true);
        if (yes)
            m->who.holds |= UINT64_C(1) << i;
    }
    return OK;
}
