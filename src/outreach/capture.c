/* A consent as it was given becomes a Consent, with its evidence. Invariant: nothing is kept that
 * the rulebook refuses, and the trail's line holds the same hash as the Consent, so neither can be
 * changed without the other telling. */
#include "outreach/capture.h"
#include "outreach/outreach_int.h"

#define EVIDENCE_MAX 16000u
#define EVENT_MAX 1600u           /* 400 letters */
#define CONSENT_PART2 "part2_tpo" /* 42 CFR 2.31, for treatment, payment, operations */

static bool one_of(str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, str_of(words[i])))
            return true;
    return false;
}

static bool is_part2(const struct outreach_capture *c)
{
    return !c->no && str_eq(c->type, STR(CONSENT_PART2));
}

/* 42 CFR 2.31: about records, not about contact. It permits nobody to write. */
static err check_part2(struct op *op, const struct outreach_capture *c)
{
    if (c->n_purposes || !str_empty(c->channel) || !str_empty(c->number))
        return fail_at(op, ERR_INVALID, STR("purposes"),
                       "A Part 2 consent is about records and permits no contact: leave out "
                       "purposes, channel and number.");
    if (str_eq(c->how, STR("oral")) || str_eq(c->how, STR("keypad")))
        return fail_at(op, ERR_UNPROCESSABLE, STR("how"),
                       "A Part 2 consent is signed: written or web.");
    return OK;
}

/* A yes about a topic takes back the no about it; a no to all calls stands beside. */
static err check_topics(struct op *op, const struct outreach_capture *c, enum channel_kind k)
{
    if (k != CHANNEL_CALLS || c->n_purposes || c->until || c->n_topics > WISH_TOPICS)
        return fail_at(op, ERR_INVALID, STR("topics"),
                       "Topics, %d at most, are of calls (voice): leave out purposes and an end.",
                       WISH_TOPICS);
    for (size_t i = 0; i < c->n_topics; i++)
        if (!topic_fits(c->topics[i]))
            return fail_at(op, ERR_INVALID, STR("topics"), "A topic is a code.");
    return OK;
}

static err check_contact(struct op *op, const struct outreach_capture *c, enum channel_kind *ret)
{
    static const char *const purposes[] = {"care", "appointment", "marketing"};
    if (!word_about_parse(c->channel, ret))
        return fail_at(op, ERR_INVALID, STR("channel"),
                       "channel is sms, email, push, letter or voice.");
    if (c->n_topics)
        return check_topics(op, c, *ret);
    if (c->no)
        return !c->n_purposes && !c->until
                   ? OK
                   : fail_at(op, ERR_INVALID, STR("no"),
                             "A no is to every purpose and has no end: leave out both.");
    if (c->n_purposes == 0 || c->n_purposes > 3)
        return fail_at(op, ERR_INVALID, STR("purposes"), "Name one to three purposes.");
    for (size_t i = 0; i < c->n_purposes; i++)
        if (!one_of(c->purposes[i], purposes, 3))
            return fail_at(op, ERR_INVALID, STR("purposes"),
                           "A purpose is care, appointment or marketing.");
    return OK;
}

static err check(struct op *op, const struct outreach_capture *c, enum channel_kind *ret)
{
    static const char *const hows[] = {"written", "oral", "web", "keypad"};
    static const char *const types[] = {"prior_express_consent", "prior_express_written_consent",
                                        CONSENT_PART2};
    *ret = CHANNEL_SMS;
    if (!one_of(c->how, hows, 4))
        return fail_at(op, ERR_INVALID, STR("how"), "how is written, oral, web or keypad.");
    if (!c->no && !one_of(c->type, types, 3))
        return fail_at(op, ERR_INVALID, STR("type"), "This is no type of consent.");
    if (c->n_elements > 32)
        return fail_at(op, ERR_INVALID, STR("elements"), "Name 32 elements at most.");
    if (!str_empty(c->ends) && (!is_part2(c) || c->until || c->ends.n > EVENT_MAX))
        return fail_at(op, ERR_INVALID, STR("event"),
                       "A Part 2 consent ends on a day or with an event of %u bytes at most.",
                       EVENT_MAX);
    TRY(is_part2(c) ? check_part2(op, c) : check_contact(op, c, ret));
    if (str_empty(c->evidence) || c->evidence.n > EVIDENCE_MAX || !str_utf8_valid(c->evidence))
        return fail_at(op, ERR_INVALID, STR("evidence"),
                       "Give the evidence: the words, the form's text, or where it is kept.");
    return OK;
}

static struct facts *facts_of(struct op *op, const struct outreach *o, const struct recipient *r,
                              const struct outreach_capture *c)
{
    struct facts *f = facts_new(op);
    facts_set_str(f, FACT_CONSENT_TYPE, c->type);
    facts_set_list(f, FACT_CONSENT_ELEMENTS, c->elements, c->n_elements);
    place_law_facts(o, r, f);
    facts_set_bool(f, FACT_AFFIRMATIVE_ACT, c->affirmative);
    facts_set_bool(f, FACT_GRANULAR, c->granular);
    facts_set_bool(f, FACT_NOT_BUNDLED, c->separate);
    facts_set_bool(f, FACT_WITHDRAW_SAME_EFFORT, true); /* STOP, the portal and the link */
    facts_set_bool(f, FACT_EVIDENCE_STORED, true);      /* below, in the same transaction */
    return f;
}

static err decide(struct op *op, struct outreach *o, const struct recipient *r,
                  const struct outreach_capture *c, struct json **ret)
{
    struct verdict v;
    struct facts *f = facts_of(op, o, r, c);
    TRY(op_check(op));
    TRY(policy_decide(op, record_rulebook(o->rec), TRIGGER_BIT(TRIGGER_CONSENT_CAPTURE), f, &v));
    for (size_t i = 0; i < v.n_fired; i++)
        if (v.fired[i].decision != DECISION_ALLOW)
            fail_at(op, ERR_UNPROCESSABLE, str_of(v.fired[i].rule->id), "%.*s",
                    STR_ARG(v.fired[i].why));
    if (v.decision != DECISION_ALLOW)
        return op->fault.code ? op->fault.code
                              : fail(op, ERR_UNPROCESSABLE, "The consent is not complete.");
    bool written = str_eq(c->type, STR("prior_express_written_consent"));
    if (written && str_eq(c->how, STR("oral")))
        return fail_at(op, ERR_UNPROCESSABLE, STR("how"),
                       "A written consent is not given by word of mouth.");
    *ret = verdict_to_json(op, &v);
    json_set(op->arena, *ret, STR("facts"), facts_to_json(op, f));
    return op_check(op);
}

/* Any words are enough, and nothing lacks (47 CFR 64.1200(a)(10)). */
static err refusal(struct op *op, struct json **ret)
{
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, *ret, STR("word"), STR("no"));
    return op_check(op);
}

static err keep(struct op *op, struct outreach *o, const struct recipient *r,
                const struct outreach_capture *c, struct json *verdict, str *ret_id)
{
    enum channel_kind k = CHANNEL_SMS;
    str hash = STR_NONE;
    (void)word_about_parse(c->channel, &k);
    bool of_any = c->no || k == CHANNEL_CALLS; /* number: a call by a person asks no permission */
    struct stop_word word = {.stop = c->no,
                             .number = of_any                 ? STR_NONE
                                       : str_empty(c->number) ? r->address[k]
                                                              : c->number,
                             .evidence = c->how,
                             .purposes = c->n_topics ? c->topics : c->purposes,
                             .n_purposes = c->n_topics ? c->n_topics : c->n_purposes,
                             .until = c->until,
                             .ends = c->ends,
                             .written = str_eq(c->type, STR("prior_express_written_consent")) &&
                                        !str_eq(c->how, STR("oral")),
                             .how = c->how,
                             .words = c->evidence,
                             .type = c->type,
                             .language = c->language,
                             .elements = c->elements,
                             .n_elements = c->n_elements,
                             .book = record_rulebook(o->rec),
                             .ret_hash = &hash};
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(is_part2(c)   ? stop_record_part2(tx, op, r, &word, ret_id)
        : c->n_topics ? stop_record_topics(tx, op, r, &word, ret_id)
                      : stop_record_as(tx, op, r, k, &word, ret_id));
    json_set_str(op->arena, verdict, STR("sha256"), hash);
    json_set_str(op->arena, verdict, STR("how"), c->how);
    record_tx_trail(tx, STR("consent-captured"), fhir_type_parse(STR("Consent")), *ret_id, verdict);
    return record_commit(tx);
}

err outreach_capture(struct op *op, struct outreach *o, const struct outreach_capture *c,
                     struct record_result *ret)
{
    struct record_doc seen;
    struct recipient r;
    struct json *verdict = NULL;
    enum channel_kind k;
    str id;
    TRY(check(op, c, &k));
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), c->patient, &seen));
    TRY(recipient_load(op, o->rec, c->patient, &r));
    if (!is_part2(c) && !c->no && str_empty(c->number) && str_empty(word_address(&r, k)))
        return fail_at(op, ERR_UNPROCESSABLE, STR("number"),
                       "The record holds no number or address for this channel.");
    TRY(c->no ? refusal(op, &verdict) : decide(op, o, &r, c, &verdict));
    TRY(keep(op, o, &r, c, verdict, &id));
    struct record_result out = {.type = fhir_type_parse(STR("Consent")), .id = id, .created = true};
    TRY(record_read(op, o->rec, out.type, id, &out.doc));
    out.vid = out.doc.vid;
    out.updated = out.doc.updated;
    *ret = out;
    return OK;
}
