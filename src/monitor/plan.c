/* A patient's programme and own limits: active CarePlans and the Goals they name.
 * CarePlan.instantiatesCanonical names the programme; Goal.target (measure: LOINC, detailRange)
 * gives limits, which only count when a clinician is the plan's author, and never go past the
 * loosest safe value of spec/monitor/rules.json. A target of the dry weight (detailQuantity), else
 * a clinician's newest Observation of it, is what HF-WT-BASE is measured from. */
#include "monitor/monitor_int.h"

uint32_t monitor_programmes_of(const struct json *plan)
{
    const struct json *canonicals = JSON_GET(plan, "instantiatesCanonical");
    uint32_t bits = 0;
    for (size_t i = 0; canonicals && i < canonicals->n; i++) {
        str url = json_str(json_at(canonicals, i));
        for (size_t p = 0; p < MONITOR_PROGRAMME_COUNT; p++)
            if (str_starts(url, str_of(MONITOR_PROGRAMMES[p].definition)))
                bits |= 1u << p;
    }
    return bits;
}

static bool by_clinician(const struct json *plan)
{
    str author = json_get_str(JSON_GET(plan, "author"), STR("reference"));
    return str_starts(author, STR("Practitioner"));
}

static bool bound_of(const struct json *quantity, int series, double *ret)
{
    double v;
    str unit = json_get_str(quantity, STR("code"));
    if (str_empty(unit))
        unit = json_get_str(quantity, STR("unit"));
    return quantity && json_double(JSON_GET(quantity, "value"), &v) &&
           monitor_convert(series, unit, v, ret);
}

/* No number is looser than the loosest safe one: fmax and fmin pass over what is NAN. */
double monitor_own_low(int series, double v)
{
    return isnan(v) ? v : fmax(v, MONITOR_SERIES[series].loosest_lo);
}

double monitor_own_high(int series, double v)
{
    return isnan(v) ? v : fmin(v, MONITOR_SERIES[series].loosest_hi);
}

static bool is_dry(const struct json *codings)
{
    const struct json *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (str_eq(json_get_str(c, STR("system")), STR(DRY_WEIGHT_SYSTEM)) &&
            str_eq(json_get_str(c, STR("code")), STR(DRY_WEIGHT_CODE)))
            return true;
    return false;
}

bool plan_is_dry(const struct json *observation)
{
    return is_dry(json_path(observation, "code.coding"));
}

/* Kilograms that a body can have. */
static bool dry_of(const struct json *quantity, double *ret)
{
    const struct series_row *row = &MONITOR_SERIES[SERIES_WEIGHT];
    double v;
    if (!bound_of(quantity, SERIES_WEIGHT, &v) || v < row->plausible_lo || v > row->plausible_hi)
        return false;
    *ret = v;
    return true;
}

/* Does a rule of the patient's programmes measure from it? */
static bool asks_dry(const struct track *t)
{
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        if (MONITOR_RULES[r].dry && eval_is_for(&MONITOR_RULES[r], t))
            return true;
    return false;
}

/* What a clinician measured or wrote down last; a device knows none. */
static err load_dry(struct op *op, struct record *rec, struct track *t, str patient)
{
    struct record_page page;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&code=" DRY_WEIGHT_SYSTEM "|" DRY_WEIGHT_CODE
                             "&status=final,amended,corrected&_sort=-date&_count=20",
                             STR_ARG(patient));
    TRY(record_find(op, rec, fhir_type_parse(STR("Observation")), query, &page));
    for (size_t i = 0; i < page.n && isnan(t->dry); i++) {
        struct json *tree;
        TRY(record_parse(op, &page.docs[i], &tree));
        str by = json_get_str(json_at(JSON_GET(tree, "performer"), 0), STR("reference"));
        if (str_starts(by, STR("Practitioner")))
            (void)dry_of(JSON_GET(tree, "valueQuantity"), &t->dry);
    }
    return OK;
}

static void add_target(struct track *t, const struct json *target)
{
    const struct json *codings = json_path(target, "measure.coding");
    const struct json *range = JSON_GET(target, "detailRange");
    if (is_dry(codings)) {
        (void)dry_of(JSON_GET(target, "detailQuantity"), &t->dry);
        return;
    }
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        int s = monitor_series_of(json_get_str(c, STR("system")), json_get_str(c, STR("code")));
        if (s < 0)
            continue;
        double v;
        if (bound_of(JSON_GET(range, "low"), s, &v))
            t->low[s] = monitor_own_low(s, v);
        if (bound_of(JSON_GET(range, "high"), s, &v))
            t->high[s] = monitor_own_high(s, v);
        return;
    }
}

static const struct json *contained(const struct json *plan, str id)
{
    const struct json *list = JSON_GET(plan, "contained");
    for (size_t i = 0; list && i < list->n; i++)
        if (str_eq(json_get_str(json_at(list, i), STR("id")), id))
            return json_at(list, i);
    return NULL;
}

static err goal_of(struct op *op, struct record *rec, const struct json *plan, str reference,
                   const struct json **ret)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    if (ref.kind == REF_CONTAINED) {
        *ret = contained(plan, ref.id);
        return OK;
    }
    struct record_doc doc;
    struct json *tree = NULL;
    if (ref.kind != REF_LOCAL) {
        *ret = NULL;
        return OK;
    }
    struct fault before = op->fault;
    err e = record_read(op, rec, ref.type, ref.id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE)
        op->fault =
            before; /* a goal that was deleted sets no limit, and stops nobody's monitoring */
    else if (e != OK)
        return e;
    else
        TRY(record_parse(op, &doc, &tree));
    *ret = tree;
    return OK;
}

static err add_plan(struct op *op, struct record *rec, struct track *t, const struct json *plan)
{
    struct time_span since;
    uint32_t programmes = monitor_programmes_of(plan);
    t->programmes |= programmes;
    if (programmes && time_parse(json_str(json_path(plan, "period.start")), &since) &&
        (t->plan_since == 0 || since.lo < t->plan_since))
        t->plan_since = since.lo;
    if (!by_clinician(plan))
        return OK;
    const struct json *goals = JSON_GET(plan, "goal");
    for (size_t i = 0; goals && i < goals->n; i++) {
        const struct json *goal = NULL;
        TRY(goal_of(op, rec, plan, json_get_str(json_at(goals, i), STR("reference")), &goal));
        const struct json *targets = JSON_GET(goal, "target");
        for (size_t k = 0; targets && k < targets->n; k++)
            add_target(t, json_at(targets, k));
    }
    return OK;
}

err monitor_zone_load(struct op *op, const struct monitor *m, struct track *t, str patient)
{
    struct record_doc doc;
    struct json *tree = NULL;
    uint64_t rid;
    struct fault before = op->fault;
    const struct actor *asker = op->actor;
    op->actor = identity_system();
    err e = record_resolve(op, m->rec, fhir_type_parse(STR("Patient")), patient, &rid);
    e = e == OK ? record_get(op, m->rec, rid, &doc) : e;
    e = e == OK && !doc.deleted ? record_parse(op, &doc, &tree) : e;
    op->actor = asker;
    if (e == ERR_NOT_FOUND || e == ERR_GONE)
        op->fault = before; /* whoever asks what a rule would do learns no more of who is there */
    else
        TRY(e);
    track_move(t, desk_zone(tree, config_str(m->config, "house.zone")));
    return OK;
}

err monitor_plan_load(struct op *op, struct record *rec, struct track *t, str patient)
{
    struct record_page page;
    t->programmes = 0;
    t->plan_since = 0;
    t->dry = NAN;
    for (size_t s = 0; s < SERIES_COUNT; s++)
        t->low[s] = t->high[s] = NAN;
    str query =
        arena_printf(op->arena, "patient=Patient/%.*s&status=active&_count=20", STR_ARG(patient));
    TRY(record_find(op, rec, fhir_type_parse(STR("CarePlan")), query, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *plan;
        TRY(record_parse(op, &page.docs[i], &plan));
        if (str_eq(json_get_str(plan, STR("status")), STR("active")))
            TRY(add_plan(op, rec, t, plan));
    }
    if (isnan(t->dry) && asks_dry(t)) /* the plan's counts before one that stands by itself */
        TRY(load_dry(op, rec, t, patient));
    t->plan_known = true;
    return OK;
}
