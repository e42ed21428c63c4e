/* The rulebook asked for dialler and campaign. Invariant: the answer is the rulebook's
 * alone, and it is in the trail whichever way it went. */
#include "outreach/pace.h"

static err ask(struct op *op, struct record *rec, uint64_t triggers, const struct facts *f,
               struct verdict *ret)
{
    struct buf b;
    TRY(op_check(op));
    TRY(policy_decide(op, record_rulebook(rec), triggers, f, ret));
    struct json *trace = verdict_to_json(op, ret);
    json_set(op->arena, trace, STR("facts"), facts_to_json(op, f));
    buf_init(&b, op->arena, 32u << 10);
    json_write(&b, trace);
    return record_audit_event(op, rec, STR("rule-asked"), ret->decision == DECISION_ALLOW,
                              buf_ok(&b) ? buf_str(&b) : STR_NONE);
}

err pace_ask(struct op *op, struct record *rec, enum pace_step step, const struct json *facts,
             struct verdict *ret)
{
    struct facts *f;
    TRY(facts_from_json(op, facts, &f));
    return ask(op, rec,
               step == PACE_DIAL ? TRIGGER_BIT(TRIGGER_DIALER_PACE)
                                 : TRIGGER_BIT(TRIGGER_DIALER_HANGUP),
               f, ret);
}

err publish_ask(struct op *op, struct record *rec, const struct publish_facts *p,
                struct verdict *ret)
{
    struct facts *f = facts_new(op);
    facts_set_bool(f, FACT_GDPR_APPLIES, p->abroad);
    facts_set_bool(f, FACT_LARGE_SCALE_HEALTH_OR_RECORDING_OR_AI, p->large_scale);
    facts_set_bool(f, FACT_DPIA_DONE, p->assessed);
    facts_set_bool(f, FACT_USES_GENERATED_VOICE, p->generated_voice);
    facts_set_bool(f, FACT_FLAGGED_ARTIFICIAL_VOICE, p->flagged);
    return ask(op, rec, TRIGGER_BIT(TRIGGER_CAMPAIGN_PUBLISH), f, ret);
}
