/* The patient as outreach sees one, told to plans. Not a decision: those are the rulebook's. */
#include "outreach/reach.h"

#include "outreach/outreach_int.h"

/* A letter needs no word: what is allowed without one counts as agreed. */
static struct outreach_way way(const struct recipient *r, enum channel_kind k)
{
    const struct consent_state *c = &r->consent[k];
    bool unasked = k == CHANNEL_LETTER && !c->any && recipient_allows(r, k, STR_NONE);
    if (unasked)
        return (struct outreach_way){.address = r->address[k],
                                     .said = true,
                                     .agrees = true,
                                     .care = true,
                                     .appointment = true};
    bool dead = k == CHANNEL_EMAIL && !str_empty(recipient_no_mail(r));
    return (struct outreach_way){.address = dead ? STR_NONE : recipient_address(r, k),
                                 .said = c->any,
                                 .agrees = c->permit,
                                 .care = c->care,
                                 .appointment = c->appointment,
                                 .marketing = c->marketing,
                                 .written = c->written};
}

err outreach_reach(struct op *op, struct record *rec, str patient, struct outreach_reach *ret)
{
    struct recipient r;
    TRY(recipient_load(op, rec, patient, &r));
    fhir_tag(r.patient); /* conditions of campaigns are asked of it */
    *ret = (struct outreach_reach){.patient = r.patient,
                                   .language = r.language,
                                   .state = r.state,
                                   .country = r.country,
                                   .n_zones = r.n_zones < 4 ? r.n_zones : 4,
                                   .deceased = r.deceased,
                                   .confidential = r.confidential,
                                   .confidential_to = r.confidential_to,
                                   .reassigned = str_eq(r.reassigned, STR("yes")),
                                   .no_calls = recipient_no_calls(&r, STR_NONE),
                                   .calls = r.calls,
                                   .proxy = r.proxy,
                                   .line_type = r.line_type,
                                   .helper = r.helper,
                                   .helper_lost = recipient_helper_lost(&r),
                                   .prefers = (enum way)r.preferred};
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        ret->by[k] = way(&r, (enum channel_kind)k);
    for (size_t i = 0; i < ret->n_zones; i++)
        ret->zones[i] = r.zones[i];
    return OK;
}

bool outreach_no_calls(const struct outreach_reach *r, str purpose)
{
    return r->no_calls || calls_refuse(&r->calls, purpose);
}

enum way outreach_prefers(const struct outreach_reach *r, str purpose, bool *ret_said)
{
    struct wishes w;
    enum way k;
    wishes_read(r->patient, &w);
    *ret_said = way_parse(wishes_channel(&w, purpose), &k);
    return *ret_said ? k : r->prefers;
}

void outreach_lines(struct op *op, const struct outreach *o, str language, bool email,
                    str *ret_head, str *ret_tail)
{
    unsigned l = words_language(language);
    *ret_head = email ? STR_NONE : words_line(op, o, LINE_IDENTITY, l);
    *ret_tail = words_line(op, o, email ? LINE_OPTOUT_EMAIL : LINE_OPTOUT_SMS, l);
}

unsigned outreach_ways(const struct outreach *o)
{
    unsigned ways = 0;
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        ways |= provider_any(o, (enum channel_kind)k) ? 1u << k : 0;
    return ways;
}

bool outreach_is_theirs(str reference)
{
    return str_starts(reference, STR("Patient/")) || str_starts(reference, STR("RelatedPerson/"));
}

str outreach_sent_under(const struct json *c)
{
    const struct json *ids = JSON_GET(c, "identifier"), *id;
    for (size_t i = 0; (id = json_at(ids, i)); i++)
        if (str_eq(json_get_str(id, STR("system")), STR(KEY_SYSTEM)))
            return json_get_str(id, STR("value"));
    return STR_NONE;
}

bool outreach_came_back(const struct json *c, str *ret_key, enum way *ret_way)
{
    str status = json_get_str(c, STR("status")), why = json_str(json_path(c, "statusReason.text"));
    bool wanted = str_eq(why, STR(TAKEN_BACK)) || str_eq(why, STR(CAMPAIGN_STOPPED));
    bool failed = str_eq(status, STR("stopped")) || (str_eq(status, STR("not-done")) && !wanted);
    if (JSON_GET(c, "basedOn"))
        return false; /* whoever asked for it looks after it */
    *ret_key = outreach_sent_under(c);
    return failed && ret_key->n &&
           way_parse(json_str(json_path(c, "medium.0.coding.0.code")), ret_way);
}
