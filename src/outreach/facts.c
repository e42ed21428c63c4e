/* The facts of one message, for the rulebook. What nobody knows is left unknown, and unknown never
 * allows. Who wants it sent, what the words hold, what the patient said, what came before, what
 * time it is where they may be. */
#include "outreach/outreach_int.h"

#define A_START_MS 2000 /* the ledger looks again at the last changes */

static bool appointment_purpose(str purpose)
{
    return str_eq(purpose, STR("appointment_or_exam_confirm_remind"));
}

static void kind_facts(const struct message *m, struct facts *f)
{
    static const char *const kinds[] = {"care", "optout_confirmation", "help_reply",
                                        "optin_confirmation"};
    facts_set_str(f, FACT_CHANNEL, channel_name(m->channel));
    facts_set_str(f, FACT_MESSAGE_KIND, str_of(kinds[m->kind]));
    facts_set_str(f, FACT_PURPOSE, m->purpose);
    facts_set_bool(f, FACT_EMERGENCY, false);
    facts_set_str(f, FACT_INITIATOR, m->human ? STR("human") : STR("system"));
    facts_set_bool(f, FACT_ROLE_CAN_TEXT, m->may_text);
    facts_set_bool(f, FACT_SESSION_MFA, m->strong);
    facts_set_bool(f, FACT_PLATFORM_CHANNEL, true);
    facts_set_bool(f, FACT_RECURRING_PROGRAM, false);
    facts_set_bool(f, FACT_GENAI_CONTENT, false);
    facts_set_bool(f, FACT_USES_ATDS,
                   false); /* one recipient, chosen by a person or by their own message */
    facts_set_bool(f, FACT_ARTIFICIAL_VOICE, false);
    facts_set_str(f, FACT_HIPAA_ROLE, STR("covered_entity"));
    facts_set_str(f, FACT_CALLER_CLASS, STR("healthcare_provider"));
}

static err words_facts(struct op *op, const struct outreach *o, const struct message *m,
                       struct facts *f)
{
    struct content_report body, subject;
    str domain = config_str(o->config, "outreach.domain");
    if (!scanned_report(op, o->scanned, domain, m->text, &body) ||
        !scanned_report(op, o->scanned, domain, m->subject, &subject))
        return op_check(op);
    /* care by a clinic is informational, our answer to the patient's own keyword conversational
     * (CTIA Exhibit II); the scan can only raise that to promotional */
    facts_set_str(f, FACT_CONTENT_TIER,
                  m->kind == KIND_CARE ? STR("informational") : STR("conversational"));
    facts_set_list(f, FACT_PHI_FIELDS, NULL, 0);
    facts_set_bool(f, FACT_CONTAINS_MARKETING, false);
    facts_set_bool(f, FACT_CONTAINS_FINANCIAL, false);
    content_facts(op, &body, f);
    if (subject.classes & (1u << CONTENT_FINANCIAL))
        facts_set_bool(f, FACT_CONTAINS_FINANCIAL, true);
    if (subject.classes & (1u << CONTENT_MARKETING))
        facts_set_bool(f, FACT_CONTAINS_MARKETING, true);
    bool phi = ((body.classes | subject.classes) & (1u << CONTENT_PHI)) != 0;
    facts_set_bool(f, FACT_CONTAINS_PHI, phi);
    facts_set_bool(f, FACT_USES_PHI, phi);
    facts_set_bool(f, FACT_CLINICAL_INFORMATION, phi);
    facts_set_bool(f, FACT_IS_HEALTHCARE_MESSAGE, true);
    facts_set_bool(f, FACT_IS_SOLICITATION, (body.classes & (1u << CONTENT_MARKETING)) != 0);
    facts_set_bool(f, FACT_PHI_IN_SUBJECT, (subject.classes & (1u << CONTENT_PHI)) != 0);
    facts_set_num(f, FACT_RECIPIENT_PATIENTS, 1);
    bool marketing = ((body.classes | subject.classes) & (1u << CONTENT_MARKETING)) != 0;
    facts_set_str(f, FACT_EMAIL_PRIMARY_PURPOSE,
                  marketing ? STR("commercial") : STR("transactional"));
    facts_set_bool(f, FACT_HEADER_TRUTHFUL, true); /* the channel sets it from the configuration */
    facts_set_bool(f, FACT_LEADS_WITH_PROMOTION, marketing);
    /* who we are stands in a mail's From, in a text before its words; the way to stop in both */
    str clinic = config_str(o->config, "outreach.clinic"),
        stop = words_line(op, o, message_ends(m->channel), m->language);
    facts_set_bool(f, FACT_SENDER_IDENTIFIED,
                   m->channel != CHANNEL_SMS || str_find(m->text, clinic, 0) != SIZE_MAX);
    facts_set_bool(f, FACT_OPTOUT_OFFERED, str_find(m->text, str_trim(stop), 0) != SIZE_MAX);
    /* SMS never is, mail only as far as the next hop; a notice is, and says nothing */
    facts_set_bool(f, FACT_CHANNEL_ENCRYPTED, m->channel == CHANNEL_PUSH);
    facts_set_bool(f, FACT_EXTENDED_CONTENT, false);
    facts_set_bool(f, FACT_MULTI_SEGMENT_ALLOWED, config_bool(o->config, "sms.multi_segment"));
    facts_set_bool(f, FACT_LANGUAGE_IN_GSM7, content_gsm_spells((enum language)m->language));
    facts_set_bool(f, FACT_SENDER_NAME_NEUTRAL,
                   content_sender_neutral(config_str(o->config, "outreach.clinic")));
    facts_set_bool(f, FACT_LINE_IS_PART2_PROGRAM, config_bool(o->config, "outreach.part2_program"));
    return OK;
}

/* An answer goes where the words came from; else whom they named instead is not they. */
static bool agrees(const struct recipient *r, const struct message *m)
{
    const struct consent_state *c = &r->consent[m->channel];
    return m->kind == KIND_CARE ? recipient_agrees(r, m->channel) : c->any && c->permit;
}

static void consent_facts(struct op *op, const struct recipient *r, const struct message *m,
                          struct facts *f)
{
    const struct consent_state *c = &r->consent[m->channel];
    bool revoked = c->any && !c->permit;
    facts_set_bool(f, FACT_REVOCATION_ON_FILE, revoked);
    facts_set_bool(f, FACT_OPTED_OUT, revoked);
    facts_set_bool(f, FACT_INTERNAL_DNC, revoked || r->deceased);
    facts_set_bool(f, FACT_EMAIL_OPTED_OUT,
                   r->consent[CHANNEL_EMAIL].any && !r->consent[CHANNEL_EMAIL].permit);
    facts_set_bool(f, FACT_EMAIL_SUPPRESSED, !str_empty(r->suppressed));
    facts_set_bool(f, FACT_MARKETING_REVOKED, revoked || !c->marketing);
    facts_set_bool(f, FACT_MARKETING_OBJECTION, revoked);
    bool asked_for = c->any && c->permit && c->marketing; /* by their own act: no soft opt-in */
    facts_set_bool(f, FACT_EPRIVACY_OPTIN, asked_for);
    facts_set_bool(f, FACT_CASL_CONSENT, asked_for);
    facts_set_bool(f, FACT_CONFIDENTIAL_COMM_ON_FILE, r->confidential);
    if (!str_empty(r->confidential_to)) { /* a request that names no address leaves it unknown */
        bool asked = str_eq(address_key(op, m->channel, r->confidential_to),
                            address_key(op, m->channel, m->to));
        facts_set_bool(f, FACT_USES_ALTERNATIVE_ADDRESS, asked);
        facts_set_bool(f, FACT_USES_BLOCKED_ADDRESS, !asked);
    }
    if (revoked)
        facts_set_str(f, FACT_REVOCATION_SCOPE, STR("all"));
    if (m->kind != KIND_CARE) /* it answers the patient's own message */
        facts_set_str(f, FACT_CONSENT_ORIGIN, STR("patient_direct"));
    if (!agrees(r, m)) {
        facts_set_str(f, FACT_LEGAL_BASIS, STR("none"));
        facts_set_str(f, FACT_OPTIN_LEVEL, STR("none"));
        return;
    }
    bool appointment = appointment_purpose(m->purpose);
    facts_set_str(f, FACT_LEGAL_BASIS,
                  c->written ? STR("prior_express_written_consent") : STR("prior_express_consent"));
    facts_set_str(f, FACT_OPTIN_LEVEL, c->written ? STR("express_written") : STR("express"));
    facts_set_bool(f, FACT_CONSENT_RECORD_ID, !str_empty(c->id));
    /* It was just read, and sealed documents verify on reading; its evidence has its own hash. */
    facts_set_bool(f, FACT_CONSENT_RECORD_INTACT, !c->changed);
    facts_set_bool(f, FACT_CONSENT_PURPOSE_MATCH,
                   appointment ? c->appointment || c->care : c->care);
    facts_set_bool(f, FACT_CONSENT_CHANNEL_MATCH, true); /* chosen by channel in recipient.c */
    facts_set_str(f, FACT_CONSENT_ORIGIN, STR("patient_direct"));
    bool named =
        !str_empty(r->to) && str_empty(c->number); /* that person, by any number of theirs */
    if (m->channel > CHANNEL_EMAIL || named) /* their own account or home: nobody else's number */
        facts_set_bool(f, FACT_CONSENT_NUMBER_MATCH, true);
    else if (!str_empty(c->number)) /* a permission that names no address leaves it unknown */
        facts_set_bool(
            f, FACT_CONSENT_NUMBER_MATCH,
            str_eq(address_key(op, m->channel, c->number), address_key(op, m->channel, m->to)));
}

static void line_facts(struct op *op, const struct outreach *o, const struct recipient *r,
                       const struct message *m, struct facts *f)
{
    facts_set_bool(f, FACT_ROUTE_ACCEPTS_REPLIES, true);
    facts_set_str(f, FACT_ROUTE, config_str(o->config, "sms.route"));
    facts_set_str(f, FACT_CAMPAIGN_STATUS,
                  config_bool(o->config, "sms.campaign_approved") ? STR("approved") : STR("none"));
    facts_set_bool(f, FACT_USE_CASE_MATCHES, config_bool(o->config, "sms.campaign_approved"));
    facts_set_bool(f, FACT_FREE_TO_END_USER, false);
    if (m->channel != CHANNEL_SMS) {
        facts_set_str(f, FACT_LINE_TYPE, STR("none")); /* no phone line is used */
        return;
    }
    if (!str_empty(r->line_type))
        facts_set_str(f, FACT_LINE_TYPE, r->line_type);
    if (!str_empty(r->reassigned)) {
        facts_set_str(f, FACT_RND_RESULT, r->reassigned);
        int64_t days = (op->now - r->reassigned_at) / DAY_MS;
        facts_set_num(f, FACT_RND_QUERY_AGE_DAYS, (double)days);
    }
}

/* Texts and calls count together (47 CFR 64.1200(a)(9)(iv)(F)); a line is a number, whoever in the
 * house was meant. */
static void ledger_facts(const struct ledger_counts *l, const struct message *m, struct facts *f)
{
    facts_set_num(f, FACT_TEXTS_TODAY, l->spoken.day);
    facts_set_num(f, FACT_CONTACTS_7D, l->all.week);
    facts_set_num(f, FACT_EXEMPT_MSGS_TODAY, l->spoken.day);
    facts_set_num(f, FACT_EXEMPT_MSGS_7D, l->spoken.week);
    facts_set_num(f, FACT_NUMBER_CONTACTS_TODAY, l->number.day);
    facts_set_num(f, FACT_PROGRAMME_CONTACTS_7D, l->programme.week);
    facts_set_num(f, FACT_LINE_CALLS_TODAY, l->number.day);
    facts_set_num(f, FACT_LINE_CALLS_7D, l->number.week);
    facts_set_num(f, FACT_LINE_CALLS_30D, l->number.month);
    if (!str_empty(m->subject_code))
        facts_set_num(f, FACT_SAME_SUBJECT_24H, l->subject_24h);
    /* A campaign answers nobody who happened to write to us, but who answers its question. */
    bool reply = m->kind != KIND_CARE || (l->wrote_first && (m->answers || str_empty(m->campaign)));
    facts_set_bool(f, FACT_REPLYING_TO_OWN_INQUIRY, reply);
    facts_set_bool(f, FACT_CONSUMER_TEXTED_FIRST, reply);
    facts_set_num(f, FACT_PRIOR_CONFIRMATIONS, l->confirmations);
}

/* Pause and quiet hours end by themselves: later of the two; 0 not known. */
static int64_t wish_ends(const struct op *op, const struct recipient *r)
{
    int64_t quiet = 0, pause = r->wishes.paused_until;
    (void)wishes_quiet(&r->wishes, r->zones, r->n_zones, op->now, &quiet);
    pause = pause > op->now && pause < INT64_MAX ? pause : 0;
    return pause > quiet ? pause : quiet;
}

static struct hours_query hours_of(const struct op *op, const struct recipient *r,
                                   const struct ledger_counts *l)
{
    return (struct hours_query){.now = op->now,
                                .zones = r->zones,
                                .n_zones = r->lost ? 0 : r->n_zones,
                                .jurisdictions = r->places,
                                .n_jurisdictions = r->lost ? 0 : r->n_places,
                                .counted = l->counted,
                                .n_counted = l->n_counted,
                                .ready_at = wish_ends(op, r)};
}

static void wish_facts(const struct op *op, const struct recipient *r, const struct message *m,
                       struct facts *f)
{
    int64_t end;
    facts_set_bool(f, FACT_PATIENT_PAUSED, r->wishes.paused_until > op->now);
    facts_set_bool(f, FACT_IN_QUIET_HOURS,
                   wishes_quiet(&r->wishes, r->zones, r->n_zones, op->now, &end));
    facts_set_bool(f, FACT_TOPIC_REFUSED,
                   wishes_refuse(&r->wishes, m->subject_code) ||
                       wishes_refuse(&r->wishes, m->programme) ||
                       wishes_refuse(&r->wishes, m->purpose));
    facts_set_bool(f, FACT_IN_PROGRAMME, !str_empty(m->programme));
}

/* A place in the United States makes their rule of hours hold, whatever else is plausible. */
static void place_facts(const struct outreach *o, const struct recipient *r, struct facts *f)
{
    str country = r->country;
    for (size_t i = 0; i < r->n_places; i++)
        if (str_starts(r->places[i], STR("US-")))
            country = STR("US");
    if (!str_empty(country))
        facts_set_str(f, FACT_COUNTRY, country);
    if (!str_empty(r->state))
        facts_set_str(f, FACT_CALLED_STATE, r->state);
    place_law_facts(o, r, f);
}

/* A letter rings at no hour: it is as if it came at noon. Without a word of theirs no consent is
 * relied on, so none has an origin. */
static void letter_facts(const struct recipient *r, struct facts *f)
{
    facts_set_bool(f, FACT_DAY_OPEN, true);
    facts_set_bool(f, FACT_IN_QUIET_HOURS, false);
    facts_set_num(f, FACT_LOCAL_MIN_EARLIEST, 12 * 60);
    facts_set_num(f, FACT_LOCAL_MIN_LATEST, 12 * 60);
    if (!r->consent[CHANNEL_LETTER].any)
        facts_set_str(f, FACT_CONSENT_ORIGIN, STR("none"));
}

err contact_facts(struct op *op, const struct outreach *o, const struct contact *c, struct facts *f)
{
    struct hours_query q = hours_of(op, c->r, c->l);
    ledger_facts(c->l, c->m, f);
    place_facts(o, c->r, f);
    wish_facts(op, c->r, c->m, f);
    return policy_hours_facts(op, record_rulebook(o->rec), &q, f);
}

err message_facts(struct op *op, const struct outreach *o, const struct recipient *r,
                  const struct ledger_counts *l, const struct message *m, struct facts **ret)
{
    struct facts *f = facts_new(op);
    kind_facts(m, f);
    TRY(words_facts(op, o, m, f));
    consent_facts(op, r, m, f);
    line_facts(op, o, r, m, f);
    int64_t since_stop = (op->now - m->stopped_at) / 1000;
    facts_set_num(f, FACT_SECONDS_SINCE_OPTOUT, m->stopped_at ? (double)since_stop : 1e9);
    TRY(contact_facts(op, o, &(struct contact){r, l, m, 0}, f));
    if (m->channel == CHANNEL_LETTER)
        letter_facts(r, f);
    TRY(op_check(op));
    *ret = f;
    return OK;
}

str message_because(struct op *op, const struct message *m, unsigned language)
{
    return arena_printf(op->arena, "%.*s: %.*s", STR_ARG(way_word((enum way)m->channel, language)),
                        STR_ARG(way_reason(m->by, language)));
}

struct json *message_trace(struct op *op, const struct message *m, const struct facts *facts,
                           const struct verdict *v)
{
    struct json *o = verdict_to_json(op, v), *names = json_new(op->arena, JSON_ARRAY);
    for (int t = 0; t < TRIGGER_COUNT; t++)
        if (message_triggers(m->channel) & TRIGGER_BIT(t))
            json_push(op->arena, names, json_new_str(op->arena, trigger_name((enum trigger)t)));
    json_set(op->arena, o, STR("triggers"), names);
    json_set(op->arena, o, STR("facts"), facts_to_json(op, facts));
    json_set_str(op->arena, o, STR("way"), message_because(op, m, 0));
    return o;
}

/* Rules that name states see one at a time: of all that are plausible the strictest answer holds.
 */
static err decide_everywhere(struct op *op, const struct rulebook *book, const struct contact *c,
                             struct facts *f, struct verdict *ret)
{
    const struct recipient *r = c->r;
    uint64_t triggers = c->triggers;
    bool any = false;
    for (size_t i = 0; i < r->n_places && !r->lost; i++) {
        struct verdict v;
        if (!str_starts(r->places[i], STR("US-")))
            continue;
        facts_set_str(f, FACT_CALLED_STATE, str_sub(r->places[i], 3, r->places[i].n));
        TRY(policy_decide(op, book, triggers, f, &v));
        if (!any || v.decision > ret->decision)
            *ret = v;
        any = true;
    }
    if (any)
        return OK;
    if (!r->lost && r->n_places) /* no state of the United States */
        facts_set_str(f, FACT_CALLED_STATE, STR("none"));
    return policy_decide(op, book, triggers, f, ret);
}

err contact_decide(struct op *op, const struct outreach *o, const struct contact *c,
                   struct facts *f, struct verdict *ret)
{
    struct verdict v;
    const struct rulebook *book = record_rulebook(o->rec);
    TRY(decide_everywhere(op, book, c, f, &v));
    if (v.decision == DECISION_HOLD_UNTIL) {
        struct hours_query q = hours_of(op, c->r, c->l);
        TRY(policy_hold_until(op, book, &q, &v));
    }
    *ret = v;
    return OK;
}

err message_decide(struct op *op, struct outreach *o, const struct recipient *who,
                   const struct message *m, struct facts **ret_facts, struct verdict *ret)
{
    struct recipient known = *who, *r = &known;
    struct ledger_counts counts;
    struct ledger_question about = {.patient = r->id,
                                    .address = m->to,
                                    .self = m->self,
                                    .zones = r->zones,
                                    .n_zones = r->n_zones,
                                    .programme = m->programme,
                                    .subject = m->subject_code,
                                    .confirmed_since =
                                        m->ended ? m->ended : r->permitted_at[m->channel],
                                    .tx = m->tx};
    if (m->channel == CHANNEL_SMS)
        TRY(lookup_number(op, o, r));
    TRY(ledger_known(op, o, A_START_MS));
    TRY(ledger_load(op, o->rec, &about, &counts));
    TRY(message_facts(op, o, r, &counts, m, ret_facts));
    struct contact c = {r, &counts, m, message_triggers(m->channel)};
    return contact_decide(op, o, &c, *ret_facts, ret);
}
