/* How the patient wants to be reached, set by themselves: language, the number or address to try
 * first, yes or no to a channel. Each goes where outreach reads it: Patient.communication,
 * ContactPoint.rank, a Consent of the channel. Invariant: one transaction, asked of the rulebook
 * (consent.capture) first. */
#include "outreach/outreach_int.h"

err outreach_is_self(struct op *op, struct outreach *o, str patient)
{
    struct record_doc doc;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), patient, &doc));
    bool self = op->actor && op->actor->role == ROLE_PATIENT && !op->actor->scopes &&
                op->actor->patient == doc.rid;
    return self ? OK : fail(op, ERR_FORBIDDEN, "Only the patient sets how they are reached.");
}

/* Preferred, and the only one so; others stay. */
static err speak(struct op *op, struct json *patient, str language)
{
    struct arena *a = op->arena;
    const struct json *had = JSON_GET(patient, "communication"), *one;
    struct json *list = json_new(a, JSON_ARRAY), *first = json_new(a, JSON_OBJECT);
    if (language.n < 2 || language.n > 8)
        return fail_at(op, ERR_INVALID, STR("language"), "language is a code such as es.");
    json_set(a, first, STR("language"), fhir_concept(op, STR("urn:ietf:bcp:47"), language));
    json_set(a, first, STR("preferred"), json_new_bool(a, true));
    json_push(a, list, first);
    for (size_t i = 0; (one = json_at(had, i)); i++) {
        struct json *next = json_dup(a, one);
        if (str_eq(json_str(json_path(one, "language.coding.0.code")), language))
            continue;
        json_unset(next, STR("preferred"));
        json_push(a, list, next);
    }
    json_set(a, patient, STR("communication"), list);
    return op_check(op);
}

/* The one becomes the first, the others keep their order after it. */
static err try_first(struct op *op, struct json *patient, str value)
{
    struct arena *a = op->arena;
    const struct json *had = JSON_GET(patient, "telecom"), *one;
    struct json *list = json_new(a, JSON_ARRAY);
    bool found = false;
    for (size_t i = 0; (one = json_at(had, i)); i++) {
        struct json *next = json_dup(a, one);
        int64_t rank = 0;
        bool is = !found && str_eq(json_get_str(one, STR("value")), value);
        found |= is;
        if (is || json_i64(JSON_GET(one, "rank"), &rank))
            json_set(a, next, STR("rank"), json_new_i64(a, is ? 1 : rank + 1));
        json_push(a, list, next);
    }
    if (!found)
        return fail_at(op, ERR_UNPROCESSABLE, STR("first"),
                       "This number or address is not in your record; ask us to add it.");
    json_set(a, patient, STR("telecom"), list);
    return op_check(op);
}

/* The act of the patient in the portal: a box of its own for each channel, taken back the same way.
 */
static err captured(struct op *op, struct outreach *o, const struct recipient *r, struct json **ret)
{
    struct facts *f = facts_new(op);
    struct verdict v;
    TRY(op_check(op));
    place_law_facts(o, r, f);
    facts_set_bool(f, FACT_AFFIRMATIVE_ACT, true);
    facts_set_bool(f, FACT_GRANULAR, true);
    facts_set_bool(f, FACT_NOT_BUNDLED, true);
    facts_set_bool(f, FACT_WITHDRAW_SAME_EFFORT, true);
    facts_set_bool(f, FACT_EVIDENCE_STORED, true);
    facts_set_str(f, FACT_CONSENT_TYPE, STR("prior_express_consent"));
    TRY(policy_decide(op, record_rulebook(o->rec), TRIGGER_BIT(TRIGGER_CONSENT_CAPTURE), f, &v));
    if (v.decision != DECISION_ALLOW)
        return fail(op, ERR_FORBIDDEN, "The rulebook does not allow that this is set so.");
    *ret = verdict_to_json(op, &v);
    return op_check(op);
}

static err say(struct record_tx *tx, struct op *op, const struct recipient *r, enum channel_kind k,
               enum outreach_word said, str by)
{
    struct stop_word word = {.stop = said == WORD_NO,
                             .evidence = by,
                             .how = STR("web"),
                             .number =
                                 said == WORD_NO || k > CHANNEL_EMAIL ? STR_NONE : r->address[k]};
    if (said == WORD_SAME)
        return OK;
    if (said == WORD_YES && str_empty(word_address(r, k)))
        return fail_at(op, ERR_UNPROCESSABLE, word_about(k),
                       "There is no number or address for this in your record.");
    return stop_record(tx, op, r, k, &word);
}

static bool listed(const str *list, size_t n, str code)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], code))
            return true;
    return false;
}

static err topics_fit(struct op *op, const struct outreach_wish *w)
{
    if (w->n_no_calls > WISH_TOPICS)
        return fail_at(op, ERR_INVALID, STR("noCalls"), "At most %d topics.", WISH_TOPICS);
    for (size_t i = 0; i < w->n_no_calls; i++)
        if (!topic_fits(w->no_calls[i]))
            return fail_at(op, ERR_INVALID, STR("noCalls"), "A topic is a code.");
    return OK;
}

/* What the list adds is a no, what it leaves out a yes; what stays is no new word. */
static err say_topics(struct record_tx *tx, struct op *op, const struct recipient *r,
                      const struct outreach_wish *w, str by)
{
    str no[WISH_TOPICS], yes[WISH_TOPICS], id;
    int64_t at;
    struct stop_word stop = {.stop = true, .evidence = by, .how = STR("web"), .purposes = no};
    struct stop_word start = {.evidence = by, .how = STR("web"), .purposes = yes};
    if (!w->calls_said)
        return OK;
    TRY(topics_fit(op, w));
    for (size_t i = 0; i < w->n_no_calls; i++)
        if (!calls_said_no(&r->calls, w->no_calls[i], &at) &&
            !listed(no, stop.n_purposes, w->no_calls[i]))
            no[stop.n_purposes++] = w->no_calls[i];
    for (size_t i = 0; i < r->calls.n && !w->takes_only; i++)
        if (r->calls.said[i].no && !listed(w->no_calls, w->n_no_calls, r->calls.said[i].topic))
            yes[start.n_purposes++] = r->calls.said[i].topic;
    if (stop.n_purposes)
        TRY(stop_record_topics(tx, op, r, &stop, &id));
    return start.n_purposes ? stop_record_topics(tx, op, r, &start, &id) : OK;
}

static err put_patient(struct record_tx *tx, struct op *op, struct outreach *o,
                       const struct recipient *r, const struct outreach_wish *w)
{
    struct record_doc doc;
    struct json *tree;
    const struct actor *person = op->actor;
    op->actor = outreach_system();
    err e = record_read(op, o->rec, fhir_type_parse(STR("Patient")), r->id, &doc);
    if (e == OK)
        e = record_parse(op, &doc, &tree);
    if (e == OK && !str_empty(w->language))
        e = speak(op, tree, w->language);
    if (e == OK && !str_empty(w->first))
        e = try_first(op, tree, w->first);
    if (e == OK && w->by[WAY_EMAIL] == WORD_YES)
        mail_lift(op, tree); /* their word that mail reaches them */
    if (e == OK)
        e = wishes_write(op, tree, w, r);
    if (e == OK)
        e = record_tx_update(tx, doc.type, doc.id, tree, doc.vid);
    op->actor = person;
    return e;
}

/* by: "portal" or "link", for the evidence. */
static err prefer(struct op *op, struct outreach *o, str patient, const struct outreach_wish *w,
                  str by)
{
    struct recipient r;
    struct json *verdict = NULL;
    TRY(recipient_load(op, o->rec, patient, &r));
    TRY(captured(op, o, &r, &verdict));
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(op_check(op));
    if (!str_empty(w->language) || !str_empty(w->first) || wishes_said(w) ||
        w->by[WAY_EMAIL] == WORD_YES)
        TRY(put_patient(tx, op, o, &r, w));
    for (unsigned k = 0; k < CHANNEL_WORDS; k++)
        TRY(say(tx, op, &r, (enum channel_kind)k, w->by[k], by));
    TRY(say_topics(tx, op, &r, w, by));
    json_set_str(op->arena, verdict, STR("by"), by);
    record_tx_trail(tx, STR("contact-chosen"), fhir_type_parse(STR("Patient")), patient, verdict);
    return record_commit(tx);
}

err outreach_prefer(struct op *op, struct outreach *o, str patient, const struct outreach_wish *w)
{
    TRY(outreach_is_self(op, o, patient));
    return prefer(op, o, patient, w, STR("set by the patient in the portal"));
}

err outreach_wish_by_link(struct op *op, struct outreach *o, str token,
                          const struct outreach_wish *w)
{
    str patient;
    bool agrees;
    const struct actor *caller = op->actor;
    TRY(outreach_wish_open(op, o, token, &patient, &agrees));
    for (unsigned k = 0; k < CHANNEL_WORDS && !agrees; k++)
        if (w->by[k] == WORD_YES)
            return fail(op, ERR_FORBIDDEN,
                        "This link cannot say yes. Reply START to us, or say yes in the portal.");
    op->actor = outreach_system();
    struct outreach_wish said = *w;
    said.takes_only = !agrees;
    err e = prefer(op, o, patient, &said, STR("set by the patient with a link we sent them"));
    op->actor = caller;
    return e;
}

err outreach_unsubscribe(struct op *op, struct outreach *o, str token)
{
    static const struct outreach_wish no_mail = {.by = {[WAY_EMAIL] = WORD_NO}};
    struct recipient r;
    str patient;
    const struct actor *caller = op->actor;
    TRY(link_late(op, o, token, &patient));
    op->actor = outreach_system();
    err e = recipient_load(op, o->rec, patient, &r);
    const struct consent_state *c = &r.consent[CHANNEL_EMAIL];
    if (e == OK && (!c->any || c->permit)) /* else it was said before */
        e = prefer(op, o, patient, &no_mail, STR("one click in the header of a mail"));
    op->actor = caller;
    return e;
}

static void put(struct op *op, struct json *o, const char *name, str value)
{
    if (!str_empty(value))
        json_set_str(op->arena, o, str_of(name), value);
}

static str clock_of(struct op *op, int minute)
{
    return minute < 0 ? STR_NONE : arena_printf(op->arena, "%02d:%02d", minute / 60, minute % 60);
}

/* What a way of being reached stands at: agreed or not; absent when there is no word yet. */
static void put_channels(struct op *op, const struct recipient *r, struct json *o)
{
    for (unsigned k = 0; k < CHANNEL_WORDS; k++)
        if (r->consent[k].any)
            json_set(op->arena, o, word_about((enum channel_kind)k),
                     json_new_bool(op->arena, r->consent[k].permit && (k != CHANNEL_EMAIL ||
                                                                       str_empty(r->suppressed))));
    if (r->calls.lost) { /* nobody calls about anything, and no yes of theirs would open it */
        json_set(op->arena, o, STR("voice"), json_new_bool(op->arena, false));
        json_set(op->arena, o, STR("callsFull"), json_new_bool(op->arena, true));
    }
}

/* By which way what is written of each topic; and which ways there are to choose from. */
static void put_ways(struct op *op, const struct recipient *r, struct json *o)
{
    struct json *ways = json_new(op->arena, JSON_OBJECT), *reach = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < r->wishes.n_channels; i++)
        json_set_str(op->arena, ways, r->wishes.channels[i].purpose, r->wishes.channels[i].channel);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        if (!str_empty(r->address[k]))
            json_push(op->arena, reach,
                      json_new_str(op->arena, channel_name((enum channel_kind)k)));
    json_set(op->arena, o, STR("ways"), ways);
    json_set(op->arena, o, STR("reach"), reach);
}

static struct json *calls_json(struct op *op, const struct calls_about *c)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < c->n; i++)
        if (c->said[i].no)
            json_push(op->arena, list, json_new_str(op->arena, c->said[i].topic));
    return list;
}

/* All that count, also those that there was no room for. */
static void put_refused(struct op *op, const struct wishes *w, struct json *list)
{
    const struct json *one;
    for (size_t i = 0; i < w->n_refused; i++)
        json_push(op->arena, list, json_new_str(op->arena, w->refused[i]));
    for (size_t i = w->beyond_at; (one = json_at(w->beyond, i)); i++)
        if (wish_is_topic(one))
            json_push(op->arena, list,
                      json_new_str(op->arena, json_get_str(one, STR("valueCode"))));
}

err outreach_wishes(struct op *op, struct outreach *o, str patient, struct json **ret)
{
    struct record_doc seen;
    struct recipient r;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), patient, &seen));
    TRY(recipient_load(op, o->rec, patient, &r));
    struct json *out = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    const struct wishes *w = &r.wishes;
    put(op, out, "language", r.language);
    put_channels(op, &r, out);
    if (w->paused_until > op->now)
        put(op, out, "pausedUntil", w->pause_text);
    put(op, out, "quietFrom", clock_of(op, w->quiet_from));
    put(op, out, "quietUntil", clock_of(op, w->quiet_until));
    put(op, out, "zone", w->zone);
    put_ways(op, &r, out);
    put_refused(op, w, list);
    json_set(op->arena, out, STR("refused"), list);
    json_set(op->arena, out, STR("noCalls"), calls_json(op, &r.calls));
    *ret = out;
    return op_check(op);
}
