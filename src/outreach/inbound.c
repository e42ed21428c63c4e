/* A message from a patient. In one transaction: the Communication, what it means (stop, start,
 * help, danger), the case it joins, the answer that the rules ask for, and the provider's id, so
 * that a second delivery changes nothing. Keywords are looked for before anything else sees the
 * words. A shared number belongs to several patients: a stop and words of danger are for all of
 * them; of other words it is asked whose they are (inbound_who.c). What nothing else takes up is a
 * case of its own: no words are without a person behind them. */
#include "desk/chain.h"
#include "outreach/page_int.h"
#include "outreach/reach.h"

#define ANSWER_MS                                                                                  \
    (5 * 60000LL - 15000) /* until it is there: 47 CFR 64.1200(a)(12) for a stop; no other answer  \
                             is of use later */
#define TOLD_AGAIN_MS (7 * DAY_MS) /* how to get help is told once in so long */

str inbound_seen_key(struct op *op, str channel, str provider_id)
{
    return arena_printf(op->arena, "inbound/%.*s/%.*s", STR_ARG(channel), STR_ARG(provider_id));
}

static err find_of(struct op *op, const struct incoming *x, const char *type,
                   struct record_page *ret)
{
    struct buf q;
    buf_init(&q, op->arena, 4096);
    buf_add(&q, STR("telecom="));
    buf_url(&q, address_key(op, x->channel, x->in->from));
    buf_printf(&q, "&_count=%d", SHARED_MAX);
    return record_find(op, x->o->rec, fhir_type_parse(str_of(type)), buf_str(&q), ret);
}

static bool there(const struct incoming *x, str patient)
{
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->people[i].id, patient))
            return true;
    return false;
}

/* A helper speaks for whom they get the messages of, also after they said stop. */
static err add_helped(struct op *op, struct incoming *x, const struct record_doc *helper)
{
    struct json *person;
    struct recipient r;
    TRY(record_parse(op, helper, &person));
    str patient = fhir_ref_parse(json_get_str(JSON_GET(person, "patient"), STR("reference"))).id;
    if (str_empty(patient) || there(x, patient))
        return OK;
    err e = recipient_load(op, x->o->rec, patient, &r);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    if (recipient_hears(&r, x->channel, helper->id))
        x->people[x->n++] = r;
    return OK;
}

static err find_people(struct op *op, struct incoming *x)
{
    struct record_page page, helpers;
    TRY(find_of(op, x, "Patient", &page));
    TRY(find_of(op, x, "RelatedPerson", &helpers));
    x->people = ARENA_ARRAY(op->arena, struct recipient, page.n + helpers.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n; i++)
        TRY(recipient_load(op, x->o->rec, page.docs[i].id, &x->people[x->n++]));
    for (size_t i = 0; i < helpers.n; i++)
        TRY(add_helped(op, x, &helpers.docs[i]));
    return OK;
}

/* An answer of ours to words of theirs is not what they answer, nor what was taken back. */
static bool asks_or_tells(const struct json *c, enum channel_kind k)
{
    str status = json_get_str(c, STR("status"));
    str kind = json_str(json_path(c, "category.0.coding.0.code"));
    bool ours = !outreach_is_theirs(json_get_str(JSON_GET(c, "sender"), STR("reference")));
    if (str_eq(status, STR("not-done")) || str_eq(status, STR("entered-in-error")))
        return false;
    return ours && !str_starts(kind, STR("opt")) && !str_eq(kind, STR("help_reply")) &&
           str_eq(json_str(json_path(c, "medium.0.coding.0.code")), channel_name(k));
}

/* The newest to one of them, before one that still waits here: nobody answers what they did not
 * get. */
static err find_sent(struct op *op, const struct incoming *x, str patient, str *ret,
                     int64_t *ret_at)
{
    struct record_page page;
    str query =
        arena_printf(op->arena, "subject=Patient/%.*s&_sort=-sent&_count=5", STR_ARG(patient));
    bool waits = true;
    TRY(record_find(op, x->o->rec, fhir_type_parse(STR("Communication")), query, &page));
    for (size_t k = 0; k < page.n && waits; k++) {
        struct json *c;
        struct time_span at;
        TRY(record_parse(op, &page.docs[k], &c));
        if (!asks_or_tells(c, x->channel) || !time_parse(json_get_str(c, STR("sent")), &at))
            continue;
        waits = str_eq(json_get_str(c, STR("status")), STR("preparation"));
        if (waits && !str_empty(*ret))
            continue;
        *ret = page.docs[k].id;
        *ret_at = at.lo;
    }
    return OK;
}

/* The thread: the patient of this number to whom we wrote last by this channel. */
static err find_thread(struct op *op, struct incoming *x)
{
    int64_t newest = INT64_MIN;
    x->sent = ARENA_ARRAY(op->arena, str, x->n);
    TRY(op_check(op));
    for (size_t i = 0; i < x->n; i++) {
        int64_t at = INT64_MIN;
        TRY(find_sent(op, x, x->people[i].id, &x->sent[i], &at));
        if (at > newest) {
            newest = at;
            x->main = i;
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
                 fhir_concept(op, STR(PURPOSE_SYSTEM), STR(LEDGER_KEYWORD_CODE)));
    push_one(op, c, STR("medium"), fhir_concept(op, STR(CHANNEL_SYSTEM), channel_name(x->channel)));
    json_set(op->arena, c, STR("subject"), fhir_reference(op, patient));
    struct json *sender = fhir_reference(op, recipient_reference(op, &x->people[x->main]));
    if (!str_empty(x->people[x->main].to_name))
        json_set_str(op->arena, sender, STR("display"), x->people[x->main].to_name);
    json_set(op->arena, c, STR("sender"), sender);
    if (!str_empty(x->sent[x->main]))
        push_one(op, c, STR("inResponseTo"),
                 fhir_reference(
                     op, arena_printf(op->arena, "Communication/%.*s", STR_ARG(x->sent[x->main]))));
    json_set_str(op->arena, c, STR("received"), time_format(op->arena, x->at));
    json_set_str(op->arena, payload, STR("contentString"),
                 str_empty(str_trim(x->in->text)) ? STR("(no words)") : x->in->text);
    push_one(op, c, STR("payload"), payload);
    return c;
}

static str told_key(struct op *op, const struct incoming *x)
{
    return arena_printf(op->arena, "told/%.*s/%.*s", STR_ARG(x->in->channel),
                        STR_ARG(x->people[x->main].id));
}

/* What a stop ends is what was permitted when it came: a START that follows before the confirmation
 * left does not make it the first. */
static int64_t ended(const struct recipient *r, enum channel_kind k)
{
    return r->permitted_at[k] ? r->permitted_at[k] : 1;
}

err inbound_answer(struct record_tx *tx, struct op *op, struct incoming *x, enum message_kind kind,
                   str text)
{
    const struct recipient *r = &x->people[x->main];
    struct outreach_draft d = {.patient = r->id, .expires = op->now + ANSWER_MS};
    bool mail = x->channel == CHANNEL_EMAIL;
    struct message m = {.kind = kind,
                        .channel = x->channel,
                        .language = words_language(r->language),
                        .language_tag = r->language,
                        .to = mail ? x->in->from : phone_plain(op, x->in->from),
                        .may_text = true,
                        .answers = x->reply.intent == REPLY_NONE,
                        .purpose = STR("provision_of_treatment"),
                        .ended = kind == KIND_STOPPED ? ended(r, x->channel) : 0,
                        .stopped_at = op->now,
                        .text = text,
                        .subject = mail ? config_str(x->o->config, "outreach.clinic") : STR_NONE};
    str id;
    for (size_t i = 0; kind == KIND_STOPPED && i < x->n; i++)
        if (x->people[i].said_at[x->channel] > m.confirms)
            m.confirms = x->people[i].said_at[x->channel];
    return message_queue(tx, op, x->o, r, &m, &d, op->now, &id);
}

static str line_of(struct op *op, const struct incoming *x, enum line line)
{
    return words_line(op, x->o, line, words_language(x->people[x->main].language));
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
    bool mail = x->channel == CHANNEL_EMAIL;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].intent == x->reply.intent)
            return inbound_answer(tx, op, x, answers[i].kind,
                                  line_of(op, x, mail ? answers[i].mail : answers[i].line));
    return OK;
}

/* Nobody reads it now, and they do not know yet: told once in a closed time, with when it will be.
 */
static err out_of_hours(struct record_tx *tx, struct op *op, const struct incoming *x, bool *ret,
                        struct said *ret_when)
{
    const struct recipient *r = &x->people[x->main];
    struct hours_all hours;
    TRY(hours_load(op, x->o->rec, x->o->config, &hours));
    const struct team_hours *h = hours_of(&hours, STR("message"));
    return desk_nobody(tx, op, h, r->id, desk_zone(r->patient, h->zone), ret, ret_when);
}

/* Words that only a person understands: the patient is told once that one will read them, and how
 * to get help meanwhile. Never one who said stop. */
static err reassure(struct record_tx *tx, struct op *op, struct incoming *x)
{
    int64_t last = 0;
    if (str_to_i64(x->told, &last) && op->now < last + TOLD_AGAIN_MS)
        return OK;
    str key = told_key(op, x);
    record_tx_expect_kv(tx, key, x->told);
    record_tx_kv(tx, key, arena_printf(op->arena, "%lld", (long long)op->now));
    return inbound_answer(tx, op, x, KIND_HELP,
                          words_line_to(op, x->o, LINE_READ, &x->people[x->main], STR_NONE));
}

/* What they hear of words that are no keyword: out of hours, also of danger and of a case that is
 * open, when somebody looks again; else that somebody will. */
static err answer_words(struct record_tx *tx, struct op *op, struct incoming *x, bool unread)
{
    const struct recipient *r = &x->people[x->main];
    const struct consent_state *c = &r->consent[x->channel];
    bool closed = false;
    struct said when;
    if ((c->any && !c->permit) || x->reply.intent != REPLY_NONE || x->unsure)
        return OK;
    if (!x->awaited || inbound_urgent(&x->reply))
        TRY(out_of_hours(tx, op, x, &closed, &when));
    if (!closed)
        return unread ? reassure(tx, op, x) : OK;
    str said = when.in[words_language(r->language)];
    return inbound_answer(tx, op, x, KIND_HELP, words_line_to(op, x->o, LINE_CLOSED, r, said));
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
                                 .by = x->people[i].to,
                                 .evidence = arena_cat(op->arena,
                                                       str_empty(x->people[i].to)
                                                           ? STR("the patient wrote: ")
                                                           : STR("who gets their messages wrote: "),
                                                       str_sub(x->in->text, 0, 200))};
        TRY(stop_record(tx, op, &x->people[i], x->channel, &word));
    }
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

/* One person's part: the words in their thread, and the case. */
static err keep_for(struct record_tx *tx, struct op *op, struct incoming *x, str *ret_id,
                    bool *ret_unread)
{
    struct json *c = received(op, x);
    TRY(record_tx_create(tx, c, ret_id));
    str evidence = arena_printf(op->arena, "Communication/%.*s", STR_ARG(*ret_id));
    return inbound_case(tx, op, x, &evidence, ret_unread);
}

/* Words of danger from a family's number are everybody's until somebody says whose. */
static err keep_for_all(struct record_tx *tx, struct op *op, struct incoming *x, str *ret_id)
{
    size_t main = x->main;
    bool unread;
    str id;
    TRY(keep_for(tx, op, x, ret_id, &unread));
    TRY(answer_words(tx, op, x, unread));
    bool all = inbound_urgent(&x->reply) && who_living(x) <= WHO_MAX;
    for (x->main = 0; all && x->main < x->n; x->main++)
        if (x->main != main && !x->people[x->main].deceased)
            TRY(keep_for(tx, op, x, &id, &unread));
    x->main = main;
    return OK;
}

err inbound_keep(struct op *op, struct incoming *x, struct outreach_inbound_result *ret)
{
    struct record_tx *tx = record_begin(op, x->o->rec);
    str seen = inbound_seen_key(op, x->in->channel, x->in->provider_id);
    TRY(keep_for_all(tx, op, x, &ret->communication));
    TRY(obey(tx, op, x));
    if (!x->in->again)
        TRY(answer(tx, op, x));
    TRY(account(tx, op, x, ret->communication));
    record_tx_expect_kv(tx, seen, x->waited);
    record_tx_kv(tx, seen, ret->communication);
    who_put(tx, &x->who);
    TRY(record_commit(tx));
    ret->stopped = x->reply.intent == REPLY_STOP;
    ret->matched = true;
    return OK;
}

static err known(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                 struct outreach_inbound_result *ret)
{
    str id = STR_NONE;
    TRY(record_kv_get(op, o->rec, inbound_seen_key(op, in->channel, in->provider_id), &id));
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

/* Too short to be taken for a number of another country, and told without its plus. */
static err find_abroad(struct op *op, struct incoming *x)
{
    str digits = phone_plain(op, x->in->from);
    if (x->n || x->channel != CHANNEL_SMS || digits.n < 9 || digits.p[0] < '0' || digits.p[0] > '9')
        return OK;
    x->own = *x->in;
    x->own.from = arena_cat(op->arena, STR("+"), digits);
    x->in = &x->own;
    return find_people(op, x);
}

static err find_owners(struct op *op, struct incoming *x)
{
    TRY(find_people(op, x));
    return find_abroad(op, x);
}

err inbound_find(struct op *op, struct incoming *x)
{
    TRY(find_owners(op, x));
    return x->n ? find_thread(op, x) : OK;
}

err inbound_waits_for(struct op *op, struct incoming *x)
{
    if (x->reply.intent != REPLY_NONE)
        return OK;
    struct outreach_words w = {
        .patient = x->people[x->main].id, .answers = x->sent[x->main], .text = x->in->text};
    TRY(record_kv_get(op, x->o->rec, told_key(op, x), &x->told));
    err e = OK;
    pthread_mutex_lock(&x->o->words_lock);
    for (size_t i = 0; e == OK && i < x->o->n_awaits && !x->awaited; i++)
        e = x->o->awaits[i].ask(op, x->o->awaits[i].ctx, &w, &x->awaited);
    pthread_mutex_unlock(&x->o->words_lock);
    return e;
}

/* Only the patient says yes: a helper's START is words for a person, unless the number is a
 * patient's, too. */
static void who_starts(struct incoming *x)
{
    size_t own = 0, n = 0;
    if (x->n == 0 || x->reply.intent != REPLY_START || str_empty(x->people[x->main].to))
        return;
    for (size_t i = 0; i < x->n; i++)
        if (str_empty(x->people[i].to)) {
            own = i;
            n++;
        }
    if (n == 1)
        x->main = own;
    else
        x->reply.intent = REPLY_NONE;
}

/* Was something permitted to one of them after their last no, holding yet or not? */
static err outlived(struct op *op, struct incoming *x, bool *ret)
{
    if (!x->in->guessed || !content_reply(op, x->in->text, &x->reply) ||
        x->reply.intent != REPLY_STOP)
        return op_check(op);
    TRY(find_owners(op, x));
    for (size_t i = 0; i < x->n; i++)
        *ret |= x->people[i].said_at[x->channel] > x->people[i].refused_at[x->channel];
    return OK;
}

static err once(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                enum channel_kind k, struct outreach_inbound_result *ret)
{
    struct incoming *x = ARENA_NEW(op->arena, struct incoming);
    bool taken = false;
    *ret = (struct outreach_inbound_result){0};
    TRY(op_check(op));
    x->o = o;
    x->in = in;
    x->channel = k;
    x->at = op->now;
    TRY(known(op, o, in, ret));
    if (ret->duplicate)
        return outlived(op, x, &ret->outlived);
    if (!content_reply(op, in->text, &x->reply))
        return op_check(op);
    if (in->unproven && x->reply.intent == REPLY_START)
        x->reply.intent = REPLY_NONE;
    TRY(inbound_find(op, x));
    who_starts(x);
    if (x->n == 0)
        TRY(page_reply(op, x, &taken));
    if (taken)
        return OK;
    if (x->n == 0)
        return record_audit_event(op, o->rec, STR("inbound-unknown-sender"), false, STR_NONE);
    if (x->n > 1 && x->reply.intent == REPLY_NONE && !inbound_urgent(&x->reply))
        TRY(who_meet(op, x, &taken));
    ret->matched = true;
    if (taken)
        return who_release(op, o, x->who.key);
    TRY(inbound_waits_for(op, x));
    return inbound_keep(op, x, ret);
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
