/* What is asked and told before a person calls. Invariants: a language that nobody wrote down stays
 * an unknown fact, so help is to be offered; without an allowing verdict no number is given; the
 * answer is in the trail. */
#include "outreach/call.h"
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"

#include "base/time.h"
#include "policy/consent.h"

#define INTERPRETER_URL "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
#define DISABILITY_URL "http://hl7.org/fhir/StructureDefinition/patient-disability"
#define CALL_PURPOSE "provision_of_treatment" /* one of MSG-12's nine */
#define A_START_MS 2000
#define REASON_MAX 500u
#define SHORT_NUMBER 4u

static const char *const names[CALL_EXCEPTION_COUNT] = {"", "emergency", "callback", "made"};

str call_exception_name(enum call_exception x)
{
    return str_of(names[x]);
}

bool call_exception_parse(str name, enum call_exception *ret)
{
    for (unsigned i = 0; i < CALL_EXCEPTION_COUNT; i++)
        if (str_eq(name, str_of(names[i]))) {
            *ret = (enum call_exception)i;
            return true;
        }
    return false;
}

/* For who calls without saying about what: these they leave out. */
static void not_about(const struct recipient *r, struct outreach_call *c)
{
    for (size_t i = 0; i < r->calls.n; i++)
        if (r->calls.said[i].no)
            c->not_about[c->n_not_about++] = r->calls.said[i].topic;
    for (size_t i = 0; i < r->wishes.n_refused; i++)
        if (!calls_refuse(&r->calls, r->wishes.refused[i]))
            c->not_about[c->n_not_about++] = r->wishes.refused[i];
}

static bool speaks_english(str language)
{
    return str_starts(language, STR("en")) && (language.n == 2 || language.p[2] == '-');
}

/* 45 CFR 92.201, 28 CFR 36.303. We call their number: no relay operator calls us. */
static struct facts *help_facts(struct op *op, const struct recipient *r, bool offered)
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

struct asked {
    struct contact c;
    str number;
};

/* A person speaks, by hand, from a telephone of the house, in words of their own: no machine, no
 * recording, nothing sold. What a voicemail hears is a name and a number (PRIV-19): the script says
 * so, and what is said to them in person no rule limits. */
static void voice_facts(const struct outreach *o, const struct asked *a, struct facts *f)
{
    const struct recipient *r = a->c.r;
    str number = a->number;
    static const enum fact no[] = {FACT_EMERGENCY,        FACT_USES_ATDS,
                                   FACT_ARTIFICIAL_VOICE, FACT_USES_GENERATED_VOICE,
                                   FACT_AUTOMATED_CALL,   FACT_AUTOMATED_SELECTION_OR_DIALING,
                                   FACT_GENAI_CONTENT,    FACT_CONTAINS_MARKETING,
                                   FACT_IS_SOLICITATION,  FACT_CONTAINS_FINANCIAL,
                                   FACT_USES_PHI,         FACT_CALLER_IS_DEBT_COLLECTOR};
    static const enum fact cli[] = {FACT_CLI_PRESENTED, FACT_CLI_AUTHORISED_FOR_CALLER,
                                    FACT_CLI_REACHABLE};
    bool ours = config_bool(o->config, "outreach.caller_id"),
         no_calls = recipient_no_calls(r, STR_NONE);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        facts_set_bool(f, no[i], false);
    for (size_t i = 0; i < sizeof cli / sizeof cli[0]; i++)
        facts_set_bool(f, cli[i], ours);
    facts_set_str(f, FACT_CHANNEL, STR("voice"));
    facts_set_str(f, FACT_MESSAGE_KIND, STR("care"));
    facts_set_str(f, FACT_PURPOSE, a->c.m->purpose);
    facts_set_str(f, FACT_INITIATOR, STR("human"));
    facts_set_str(f, FACT_LEGAL_BASIS, STR("none")); /* none is relied on, as no machine dials */
    facts_set_str(f, FACT_CONSENT_ORIGIN, STR("none"));
    facts_set_list(f, FACT_PHI_FIELDS, NULL, 0);
    facts_set_bool(f, FACT_REVOCATION_ON_FILE, no_calls);
    facts_set_bool(f, FACT_OPTED_OUT, no_calls);
    facts_set_bool(f, FACT_INTERNAL_DNC, no_calls || r->deceased);
    if (no_calls)
        facts_set_str(f, FACT_REVOCATION_SCOPE, STR("all"));
    facts_set_bool(f, FACT_CONFIDENTIAL_COMM_ON_FILE, r->confidential);
    facts_set_bool(f, FACT_LINE_IS_PART2_PROGRAM, config_bool(o->config, "outreach.part2_program"));
    facts_set_bool(f, FACT_SENDER_NAME_NEUTRAL,
                   content_sender_neutral(config_str(o->config, "outreach.clinic")));
    facts_set_str(f, FACT_DIALED, number.n <= SHORT_NUMBER ? number : STR("a patient"));
}

/* The number that is dialled, against the one they asked for. */
static void asked_facts(struct op *op, const struct recipient *r, str number, struct facts *f)
{
    bool same;
    if (str_empty(r->confidential_to))
        return;
    same = str_eq(phone_plain(op, r->confidential_to), number);
    facts_set_bool(f, FACT_USES_ALTERNATIVE_ADDRESS, same);
    facts_set_bool(f, FACT_USES_BLOCKED_ADDRESS, !same);
}

/* Who asked to be called at one number only is called at it. */
static str number_of(struct op *op, const struct recipient *r)
{
    str asked = phone_plain(op, r->confidential_to);
    bool phone = r->confidential && str_starts(asked, STR("+"));
    return phone ? asked : r->address[CHANNEL_SMS];
}

/* Nobody is to be helped any more by a call to the dead; what was done anybody may write down. */
static bool may_except(const struct op *op, const struct recipient *r, enum call_exception x)
{
    return x == CALL_AS_ANY || x == CALL_MADE ||
           (!r->deceased && (x == CALL_CALLBACK || (op->actor && consent_glass(op->actor->role))));
}

static err decide(struct op *op, struct outreach *o, const struct asked *a, enum call_exception x,
                  struct facts **ret_facts, struct verdict *ret)
{
    struct facts *f = facts_new(op);
    TRY(op_check(op));
    voice_facts(o, a, f);
    asked_facts(op, a->c.r, a->number, f);
    TRY(contact_facts(op, o, &a->c, f));
    if (calls_refuse(&a->c.r->calls, a->c.m->purpose))
        facts_set_bool(f, FACT_TOPIC_REFUSED, true);
    if (x == CALL_EMERGENCY)
        facts_set_bool(f, FACT_EMERGENCY_PATH_STARTED, true);
    if (x == CALL_CALLBACK)
        facts_set_bool(f, FACT_REPLYING_TO_OWN_INQUIRY, true);
    TRY(contact_decide(op, o, &a->c, f, ret));
    *ret_facts = f;
    return OK;
}

static err outbound(struct op *op, struct outreach *o, const struct recipient *r,
                    const struct outreach_call_ask *ask, struct json *trace,
                    struct outreach_call *ret)
{
    struct ledger_counts counts;
    struct facts *f, *unused;
    struct verdict with;
    str number = number_of(op, r);
    str about = ask->about.n ? ask->about : STR(CALL_PURPOSE);
    struct message m = {.kind = KIND_CARE, .purpose = about, .to = number};
    struct asked a = {{r, &counts, &m,
                       TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT) | TRIGGER_BIT(TRIGGER_OUTBOUND_VOICE)},
                      number};
    struct ledger_question q = {
        .patient = r->id, .address = number, .zones = r->zones, .n_zones = r->n_zones};
    TRY(ledger_known(op, o, A_START_MS));
    (void)ledger_settle(o, record_now_t(o->rec), LEDGER_SETTLE_MS); /* a colleague's call counts */
    TRY(ledger_load(op, o->rec, &q, &counts));
    TRY(decide(op, o, &a, ask->exception, &f, &ret->outbound));
    ret->may = ret->outbound.decision == DECISION_ALLOW && ask->exception != CALL_MADE;
    if (ret->may)
        ret->number = number;
    for (unsigned x = CALL_EMERGENCY; !ret->may && x < CALL_MADE; x++) {
        if (!may_except(op, r, (enum call_exception)x))
            continue;
        TRY(decide(op, o, &a, (enum call_exception)x, &unused, &with));
        ret->opens |= with.decision == DECISION_ALLOW ? 1u << x : 0;
    }
    struct json *said = verdict_to_json(op, &ret->outbound);
    json_set(op->arena, said, STR("facts"), facts_to_json(op, f));
    json_set(op->arena, trace, STR("outbound"), said);
    return op_check(op);
}

static err check(struct op *op, const struct recipient *r, const struct outreach_call_ask *ask)
{
    if (ask->about.n && !topic_fits(ask->about))
        return fail_at(op, ERR_INVALID, STR("about"), "What a call is about is a code.");
    if (!may_except(op, r, ask->exception))
        return fail_at(op, ERR_FORBIDDEN, STR("exception"),
                       "This exception is not for you, or not for this patient.");
    if (ask->exception && (str_empty(str_trim(ask->reason)) || ask->reason.n > REASON_MAX ||
                           !str_utf8_valid(ask->reason)))
        return fail_at(op, ERR_INVALID, STR("reason"),
                       "Give the reason for the exception, in up to 500 bytes.");
    return OK;
}

static err keep(struct op *op, struct outreach *o, const struct outreach_call_ask *ask,
                struct json *trace)
{
    str what = ask->exception ? STR("call-exception") : STR("call-asked");
    if (ask->exception) {
        json_set_str(op->arena, trace, STR("exception"), call_exception_name(ask->exception));
        json_set_str(op->arena, trace, STR("reason"), str_trim(ask->reason));
    }
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_trail(tx, what, fhir_type_parse(STR("Patient")), ask->patient, trace);
    return record_commit(tx);
}

err outreach_call(struct op *op, struct outreach *o, const struct outreach_call_ask *ask,
                  struct outreach_call *ret)
{
    struct record_doc seen;
    struct recipient r;
    int64_t end;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), ask->patient, &seen));
    TRY(recipient_load(op, o->rec, ask->patient, &r));
    TRY(check(op, &r, ask));
    struct facts *f = help_facts(op, &r, ask->offered);
    struct outreach_call c = {.vid = seen.vid,
                              .language = r.language,
                              .paused = r.wishes.paused_until > op->now,
                              .quiet = wishes_quiet(&r.wishes, r.zones, r.n_zones, op->now, &end),
                              .confidential = r.confidential,
                              .confidential_to = r.confidential_to};
    TRY(op_check(op));
    clocks(op, &r, &c);
    not_about(&r, &c);
    TRY(policy_decide(op, record_rulebook(o->rec), TRIGGER_BIT(TRIGGER_CALL_ROUTE), f, &c.verdict));
    struct json *trace = verdict_to_json(op, &c.verdict);
    json_set(op->arena, trace, STR("facts"), facts_to_json(op, f));
    TRY(outbound(op, o, &r, ask, trace, &c));
    TRY(keep(op, o, ask, trace));
    *ret = c;
    return op_check(op);
}
