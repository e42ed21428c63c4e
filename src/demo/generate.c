/* The whole population: one Bundle for staff, one a patient, and the truth of what was planted. */
#include "demo/demo_int.h"

static struct json *truth_row(struct op *op, const struct person *p)
{
    static const char *const rules[PLANTED_COUNT] = {
        [PLANTED_FLUID] = "HF-WT-3D",      [PLANTED_PRESSURE] = "BP-SEVERE",
        [PLANTED_OXYGEN] = "SPO2-CRIT",    [PLANTED_LOW_SUGAR] = "GLU-HYPO2",
        [PLANTED_FAST_HEART] = "HR-NOSYM", [PLANTED_LIVE_OXYGEN] = "SPO2-CRIT"};
    struct arena *a = op->arena;
    struct json *row = json_new(a, JSON_OBJECT);
    json_set_str(a, row, STR("patient"), p->id);
    json_set_str(a, row, STR("language"), str_of(p->home->culture->language));
    json_set_str(a, row, STR("zone"), str_of(p->home->place->zone));
    json_set(a, row, STR("monitored"), json_new_bool(a, p->monitored));
    json_set(a, row, STR("sms"), json_new_bool(a, p->sms_consent && !p->stopped));
    json_set(a, row, STR("email"), json_new_bool(a, p->email_consent));
    json_set_str(a, row, STR("planted"), str_of(planted_name(p->planted)));
    json_set_str(a, row, STR("rule"), str_of(rules[p->planted]));
    json_set(a, row, STR("pulse"), json_new_i64(a, (int64_t)p->pulse));
    json_set(a, row, STR("oxygen"), json_new_i64(a, (int64_t)p->oxygen));
    return row;
}

static void write_patient(struct demo *d, const struct person *p)
{
    demo_bundle_begin(d);
    demo_patient(d, p);
    demo_consents(d, p);
    demo_clinical(d, p);
    demo_plan(d, p);
    demo_claims(d, p);
    demo_vitals(d, p);
}

/* One Bundle at a time lives in scratch; a fault is told again in the op that outlives it. */
static err one_patient(struct demo *d, struct household *home, size_t number, demo_sink sink,
                       void *ctx, struct json *list, struct arena *scratch)
{
    struct op *op = d->op, turn;
    struct person p;
    demo_person(d, home, number, &p);
    arena_reset(scratch);
    op_init(&turn, scratch, op->actor, op->now);
    d->op = &turn;
    write_patient(d, &p);
    str bundle = demo_bundle_end(d);
    err e = bundle.n ? sink(&turn, ctx, bundle)
                     : fail(&turn, ERR_TOO_LARGE, "a patient's Bundle grew past its ceiling");
    d->op = op;
    if (e != OK && turn.fault.n)
        return fail_at(op, e, arena_str(op->arena, turn.fault.issues[0].expression),
                       "patient %zu: %.*s", number, STR_ARG(turn.fault.issues[0].message));
    json_push(op->arena, list, truth_row(op, &p));
    return e;
}

err demo_generate(struct op *op, const struct demo_options *o, demo_sink sink, void *ctx,
                  struct json **ret_truth)
{
    struct demo d = {.op = op, .rng = {o->seed}, .now = o->now};
    struct household home = {0};
    struct json *truth = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    struct arena *scratch = arena_new(128u << 20);
    if (!scratch)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    demo_bundle_begin(&d);
    demo_staff(&d);
    err e = sink(op, ctx, demo_bundle_end(&d));
    for (size_t i = 1; e == OK && i <= o->patients; i++)
        e = one_patient(&d, &home, i, sink, ctx, list, scratch);
    arena_free(scratch);
    TRY(e);
    json_set(op->arena, truth, STR("seed"), json_new_i64(op->arena, (int64_t)o->seed));
    json_set_str(op->arena, truth, STR("now"), time_format(op->arena, o->now));
    json_set(op->arena, truth, STR("patients"), list);
    *ret_truth = truth;
    return op_check(op);
}
