/* A message from a patient. In one transaction: the Communication, what it means (stop, start,
 * help, danger), the case it joins, the answer that the rules ask for, and the provider's id, so
 * that a second delivery changes nothing. Keywords are looked for before anything else sees the
 * words. A shared number belongs to several patients: a stop holds for all of them; the words join
 * the thread of the one we wrote to last. */
#include "outreach/outreach_int.h"

#include "policy/content.h"

#define ANSWER_MS                                                                                  \
    (5 * 60000LL)      /* 47 CFR 64.1200(a)(12) for a stop; no other answer is of use later */
#define SHARED_MAX 500 /* a care home's number; all of them stop when one says stop */

struct incoming {
    struct outreach *o;
    const struct outreach_inbound *in;
    struct outreach_inbound own; /* with the number as the record spells it */
    enum channel_kind channel;
    struct recipient people[SHARED_MAX];
    size_t n, main; /* main: whose thread it joins */
    str last_sent;  /* our newest Communication to them, or empty */
    struct reply reply;
};

static str seen_key(struct op *op, const struct outreach_inbound *in)
{
    return arena_printf(op->arena, "inbound/%.*s/%.*s", STR_ARG(in->channel),
                        STR_ARG(in->provider_id));
}

/* Gateways tell numbers of other countries without the plus, or with 00; empty: this is none. */
static str with_plus(struct op *op, str from)
{
    str digits = phone_plain(op, from);
    if (str_starts(digits, STR("+00")))
        digits = str_sub(digits, 1, digits.n);
    if (str_starts(digits, STR("00")))
        digits = str_sub(digits, 2, digits.n);
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return STR_NONE;
    return digits.n >= 9 && digits.n <= 15 ? arena_cat(op->arena, STR("+"), digits) : STR_NONE;
}

static err find_people(struct op *op, struct incoming *x)
{
    struct record_page page;
    struct buf q;
    buf_init(&q, op->arena, 4096);
    buf_add(&q, STR("telecom="));
    buf_url(&q, address_key(op, x->channel, x->in->from));
    buf_printf(&q, "&_count=%d", SHARED_MAX);
    TRY(record_find(op, x->o->rec, fhir_type_parse(STR("Patient")), buf_str(&q), &page));
    for (size_t i = 0; i < page.n && x->n < SHARED_MAX; i++)
        TRY(recipient_load(op, x->o->rec, page.docs[i].id, &x->people[x->n++]));
    return OK;
}

/* The thread: the patient of this number to whom we wrote last by this channel. */
static err find_thread(struct op *op, struct incoming *x)
{
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < x->n; i++) {
        struct record_page page;
        str query = arena_printf(op->arena, "subject=Patient/%.*s&_sort=-sent&_count=5",
                                 STR_ARG(x->people[i].id));
        TRY(record_find(op, x->o->rec, fhir_type_parse(STR("Communication")), query, &page));
        for (size_t k = 0; k < page.n; k++) {
            struct json *c;
            struct time_span at;
            TRY(record_parse(op, &page.docs[k], &c));
            bool ours =
                !str_starts(json_get_str(JSON_GET(c, "sender"), STR("reference")), STR("Patient/"));
            bool same =
                str_eq(json_str(json_path(c, "medium.0.coding.0.code")), channel_name(x->channel));
            if (ours && same && time_parse(json_get_str(c, STR("sent")), &at) && at.lo > newest) {
                newest = at.lo;
                x->main = i;
                x->last_sent = page.docs[k].id;
            }
        }
    }
    return OK;
}

static void push_one(struct op *op, struct json *o, str name, const struct json *item)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, item);
    json_set(op->arena, o, name, list);
}

static struct json *received(struct op *op, const struct incoming *x)
{
    struct json *c = json_new(op->arena, JSON_OBJECT), *id = json_new(op->arena, JSON_OBJECT);
    struct json *payload = json_new(op->arena, JSON_OBJECT);
    str patient = arena_printf(op->arena, "Patient/%.*s", STR_ARG(x->people[x->main].id));
    json_set_str(op->arena, c, STR("resourceType"), STR("Communication"));
    json_set_str(op->arena, id, STR("system"), STR(PROVIDER_SYSTEM));
    json_set_str(op->arena, id, STR("value"), x->in->provider_id);
    push_one(op, c, STR("identifier"), id);
    json_set_str(op->arena, c, STR("status"), STR("completed"));
    if (x->reply.intent != REPLY_NONE)
        push_one(op, c, STR("category"),
                 outreach_concept(op, STR(PURPOSE_SYSTEM), STR(LEDGER_KEYWORD_CODE)));
    push_one(op, c, STR("medium"),
             outreach_concept(op, STR(CHANNEL_SYSTEM), channel_name(x->channel)));
    json_set(op->arena, c, STR("subject"), outreach_reference(op, patient));
    json_set(op->arena, c, STR("sender"), outreach_reference(op, patient));
    if (!str_empty(x->last_sent))
        push_one(op, c, STR("inResponseTo"),
                 outreach_reference(
                     op, arena_printf(op->arena, "Communication/%.*s", STR_ARG(x->last_sent))));
    json_set_str(op->arena, c, STR("received"), time_format(op->arena, op->now));
    json_set_str(op->arena, payload, STR("contentString"),
                 str_empty(str_trim(x->in->text)) ? STR("(no words)") : x->in->text);
    push_one(op, c, STR("payload"), payload);
    return c;
}

/* Stop, start and help are answered once each, by the same rulebook as every message. */
static err answer(struct record_tx *tx, struct op *op, struct incoming *x)
{
    static const struct {
        enum reply_intent intent;
        enum message_kind kind;
        enum line line, mail;
    } answers[] = {{REPLY_STOP, KIND_STOPPED, LINE_STOPPED, LINE_STOPPED_EMAIL},
                   {REPLY_START, KIND_STARTED, LINE_STARTED, LINE_STARTED_EMAIL},
                   {REPLY_HELP, KIND_HELP, LINE_HELP, LINE_HELP}};
    const struct recipient *r = &x->people[x->main];
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].intent != x->reply.intent)
            continue;
        unsigned language = words_language(r->language);
        bool mail = x->channel == CHANNEL_EMAIL;
        struct outreach_draft d = {.patient = r->id, .expires = op->now + ANSWER_MS};
        struct message m = {
            .kind = answers[i].kind,
            .channel = x->channel,
            .language = language,
            .language_tag = r->language,
            .to = x->channel == CHANNEL_SMS ? phone_plain(op, x->in->from) : x->in->from,
            .may_text = true,
            .purpose = STR("provision_of_treatment"),
            .stopped_at = op->now,
            .text = words_line(op, x->o, mail ? answers[i].mail : answers[i].line, language),
            .subject = mail ? config_str(x->o->config, "outreach.clinic") : STR_NONE};
        str id;
        return message_queue(tx, op, x->o, r, &m, &d, op->now, &id);
    }
    return OK;
}

static err obey(struct record_tx *tx, struct op *op, struct incoming *x)
{
    bool stop = x->reply.intent == REPLY_STOP;
    if (!stop && x->reply.intent != REPLY_START)
        return OK;
    for (size_t i = 0; i < x->n; i++) {
        if (!stop && i != x->main)
            continue; /* one person may say stop for a shared number, but start only for themselves
                       */
        struct stop_word word = {.stop = stop,
                                 .number = x->in->from,
                                 .evidence = arena_cat(op->arena, STR("the patient wrote: "),
                                                       str_sub(x->in->text, 0, 200))};
        TRY(stop_record(tx, op, &x->people[i], x->channel, &word));
    }
    return OK;
}

/* Trouble with a device opens a complaint at once, whatever else the message says; whether it is
 * one is for the quality team (DEV-01, DEV-03, DEV-09). */
static err complaint(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                     bool *ret_joined)
{
    *ret_joined = false;
    if (!x->reply.device)
        return OK;
    struct desk_case c = {.patient = x->people[x->main].id,
                          .programme = STR("device-complaint"),
                          .priority = DESK_P2,
                          .why = desk_say(op, SAY_DEVICE, NULL, 0),
                          .evidence = evidence,
                          .n_evidence = 1,
                          .rule = STR("DEV-01")};
    str id;
    bool is_new;
    TRY(desk_open(tx, op, x->o->rec, &c, &id, &is_new));
    *ret_joined = !is_new;
    return OK;
}

/* What was done with the message, held against the rules of inbound messages; the answer and its
 * facts are in the trail, and what is left undone is a fault, so nothing of it is kept. */
static err account(struct record_tx *tx, struct op *op, struct incoming *x, str communication)
{
    struct facts *f = facts_new(op);
    struct verdict v;
    bool stop = x->reply.intent == REPLY_STOP, start = x->reply.intent == REPLY_START;
    facts_set_str(f, FACT_NORMALISED_TEXT, x->reply.normalised);
    facts_set_bool(f, FACT_REASONABLE_PERSON_WOULD_READ_AS_STOP, stop);
    facts_set_bool(f, FACT_SUPPRESSION_WRITTEN, stop);
    facts_set_bool(f, FACT_HELP_REPLY_SENT, x->reply.intent == REPLY_HELP);
    facts_set_bool(f, FACT_CONSENT_STATE_CHANGED, stop || start);
    uint64_t triggers = TRIGGER_BIT(TRIGGER_INBOUND_MESSAGE) | TRIGGER_BIT(TRIGGER_INBOUND_CONTACT);
    if (stop) { /* a request whose clock (TCPA-REV-03) ends in the moment it begins */
        facts_set_str(f, FACT_REQUEST_KIND, STR("contact_revocation"));
        facts_set_num(f, FACT_ELAPSED_BUSINESS_DAYS, 0);
        triggers |= TRIGGER_BIT(TRIGGER_REQUEST_TICK);
    }
    TRY(op_check(op));
    TRY(policy_decide(op, record_rulebook(x->o->rec), triggers, f, &v));
    if (v.decision != DECISION_ALLOW)
        return fail(op, ERR_FAULT, "an inbound message was not handled as %s asks",
                    v.n_fired ? v.fired[0].rule->id : "the rulebook");
    struct json *trace = verdict_to_json(op, &v);
    json_set(op->arena, trace, STR("facts"), facts_to_json(op, f));
    record_tx_trail(tx, STR("inbound-decision"), fhir_type_parse(STR("Communication")),
                    communication, trace);
    return op_check(op);
}

/* Words of danger open a case of their own at once, whatever else is open (EMG-01, EMG-04). */
static err alarm(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                 bool *ret_joined)
{
    *ret_joined = false;
    if (!x->reply.emergency && !x->reply.suicidal)
        return OK;
    struct desk_case c = {
        .patient = x->people[x->main].id,
        .programme = STR("message-danger"),
        .priority = DESK_P1,
        .why = desk_say(op, x->reply.suicidal ? SAY_DANGER_SELF : SAY_DANGER, NULL, 0),
        .evidence = evidence,
        .n_evidence = 1,
        .rule = x->reply.suicidal ? STR("EMG-04") : STR("EMG-01")};
    str id;
    bool is_new;
    TRY(desk_open(tx, op, x->o->rec, &c, &id, &is_new));
    *ret_joined = !is_new;
    return OK;
}

static err keep(struct op *op, struct incoming *x, struct outreach_inbound_result *ret)
{
    struct record_tx *tx = record_begin(op, x->o->rec);
    struct json *c = received(op, x);
    bool joined = false;
    TRY(record_tx_create(tx, c, &ret->communication));
    str evidence = arena_printf(op->arena, "Communication/%.*s", STR_ARG(ret->communication));
    TRY(obey(tx, op, x));
    bool filed = false;
    TRY(alarm(tx, op, x, &evidence, &joined));
    TRY(complaint(tx, op, x, &evidence, &filed));
    if (!joined &&
        !filed) /* else it stands in the open case of danger, which a transaction changes once */
        TRY(desk_join(tx, op, x->o->rec, x->people[x->main].id, evidence,
                      STR("The patient answered."), &joined));
    TRY(answer(tx, op, x));
    TRY(account(tx, op, x, ret->communication));
    record_tx_expect_kv(tx, seen_key(op, x->in), STR_NONE);
    record_tx_kv(tx, seen_key(op, x->in), ret->communication);
    TRY(record_commit(tx));
    ret->stopped = x->reply.intent == REPLY_STOP;
    ret->matched = true;
    return OK;
}

static err known(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                 struct outreach_inbound_result *ret)
{
    str id = STR_NONE;
    TRY(record_kv_get(op, o->rec, seen_key(op, in), &id));
    if (str_empty(id))
        return OK;
    *ret =
        (struct outreach_inbound_result){.duplicate = true, .matched = true, .communication = id};
    return OK;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' && c != '\t' && c != '\r' && c != '\n';
}

/* As a resource may hold it: a form feed in a patient's words must not lose their STOP. */
static str holdable(struct op *op, str text)
{
    size_t n = 0;
    while (n < text.n && !is_control(text.p[n]))
        n++;
    if (n == text.n)
        return text;
    char *p = arena_alloc(op->arena, text.n);
    for (size_t i = 0; p && i < text.n; i++)
        p[i] = (char)(is_control(text.p[i]) ? ' ' : text.p[i]);
    return p ? str_make(p, text.n) : STR_NONE;
}

static err check(struct op *op, const struct outreach_inbound *in, enum channel_kind *ret)
{
    if (!channel_parse(in->channel, ret))
        return fail_at(op, ERR_INVALID, STR("channel"), "unknown channel");
    if (str_empty(in->provider_id) || in->provider_id.n > 100 || str_empty(in->from) ||
        in->from.n > 254)
        return fail(op, ERR_INVALID,
                    "an inbound message needs a sender and the provider's id of it");
    if (in->text.n > TEXT_MAX * 4 || !str_utf8_valid(in->text))
        return fail(op, ERR_INVALID,
                    "the words of an inbound message must be UTF-8 of at most %d bytes",
                    TEXT_MAX * 4);
    return OK;
}

static err once(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                enum channel_kind k, struct outreach_inbound_result *ret)
{
    struct incoming *x = ARENA_NEW(op->arena, struct incoming);
    *ret = (struct outreach_inbound_result){0};
    TRY(op_check(op));
    x->o = o;
    x->in = in;
    x->channel = k;
    TRY(known(op, o, in, ret));
    if (ret->duplicate)
        return OK;
    if (!content_reply(op, in->text, &x->reply))
        return op_check(op);
    if (in->unproven && x->reply.intent == REPLY_START)
        x->reply.intent = REPLY_NONE;
    TRY(find_people(op, x));
    x->own = *in;
    x->own.from = x->n || k != CHANNEL_SMS ? STR_NONE : with_plus(op, in->from);
    if (!str_empty(x->own.from)) {
        x->in = &x->own;
        TRY(find_people(op, x));
    }
    if (x->n == 0)
        return record_audit_event(op, o->rec, STR("inbound-unknown-sender"), false, STR_NONE);
    TRY(find_thread(op, x));
    return keep(op, x, ret);
}

err outreach_inbound(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                     struct outreach_inbound_result *ret)
{
    enum channel_kind k;
    const struct actor *caller = op->actor;
    struct outreach_inbound as = *in;
    TRY(check(op, in, &k));
    as.text = holdable(op, in->text);
    TRY(op_check(op));
    op->actor = outreach_system();
    err e = OK;
    for (int tries = 0; tries < 5; tries++) {
        e = once(op, o, &as, k, ret);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            break;
        op_clear(
            op); /* a nurse changed the case meanwhile, or the provider delivered twice at once */
    }
    op->actor = caller;
    return e;
}
