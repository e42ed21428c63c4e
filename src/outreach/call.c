/* What is asked and told before a person calls. Invariant: a language that nobody wrote down stays
 * an unknown fact, so help is to be offered; the answer is in the trail. */
#include "outreach/call.h"
#include "outreach/outreach_int.h"

#include "base/time.h"

#define INTERPRETER_URL "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
#define DISABILITY_URL "http://hl7.org/fhir/StructureDefinition/patient-disability"

static bool speaks_english(str language)
{
    return str_starts(language, STR("en")) && (language.n == 2 || language.p[2] == '-');
}

/* 45 CFR 92.201, 28 CFR 36.303. We call their number: no relay operator calls us. */
static struct facts *facts_of(struct op *op, const struct recipient *r, bool offered)
{
    struct facts *f = facts_new(op);
    bool asked =
        json_bool(JSON_GET(extension_at(r->patient, STR(INTERPRETER_URL)), "valueBoolean"), false);
    if (asked || !str_empty(r->language))
        facts_set_bool(f, FACT_LIMITED_ENGLISH, asked || !speaks_english(r->language));
    facts_set_bool(f, FACT_COMMUNICATION_DISABILITY,
                   extension_at(r->patient, STR(DISABILITY_URL)) != NULL);
    facts_set_bool(f, FACT_RELAY_CALL, false);
    facts_set_bool(f, FACT_INTERPRETER_OR_AID_OFFERED, offered);
    facts_set_bool(f, FACT_DISCONNECTED, false);
    facts_set_bool(f, FACT_CHARGED, false);
    return f;
}

static void clocks(const struct op *op, const struct recipient *r, struct outreach_call *c)
{
    c->earliest = c->latest = -1;
    for (size_t i = 0; i < r->n_zones && !r->lost; i++) {
        struct time_local at;
        if (!time_to_local(op->now, r->zones[i], &at))
            continue;
        int minute = at.hour * 60 + at.minute;
        c->earliest = c->earliest < 0 || minute < c->earliest ? minute : c->earliest;
        c->latest = minute > c->latest ? minute : c->latest;
    }
}

err outreach_call(struct op *op, struct outreach *o, str patient, bool offered,
                  struct outreach_call *ret)
{
    struct record_doc seen;
    struct recipient r;
    int64_t end;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), patient, &seen));
    TRY(recipient_load(op, o->rec, patient, &r));
    struct facts *f = facts_of(op, &r, offered);
    struct outreach_call c = {.language = r.language,
                              .paused = r.wishes.paused_until > op->now,
                              .quiet = wishes_quiet(&r.wishes, r.zones, r.n_zones, op->now, &end),
                              .confidential = r.confidential,
                              .confidential_to = r.confidential_to};
    TRY(op_check(op));
    clocks(op, &r, &c);
    TRY(policy_decide(op, record_rulebook(o->rec), TRIGGER_BIT(TRIGGER_CALL_ROUTE), f, &c.verdict));
    struct json *trace = verdict_to_json(op, &c.verdict);
    json_set(op->arena, trace, STR("facts"), facts_to_json(op, f));
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_trail(tx, STR("call-asked"), fhir_type_parse(STR("Patient")), patient, trace);
    TRY(record_commit(tx));
    *ret = c;
    return op_check(op);
}
