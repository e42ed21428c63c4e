/* The one who gets a patient's messages in their place: the RelatedPerson whom the newest Consent
 * for that way names as who is told (OUTREACH_HELPER_ROLE). Their number or address, their language
 * and where they may be; the patient's own places count, too. Invariant: without an address of the
 * one who was named the message goes nowhere, never to the patient instead. */
#include "outreach/outreach_int.h"

/* They are still who they were, of this patient. */
static bool stands(struct op *op, const struct recipient *r, const struct json *person)
{
    str patient = arena_cat(op->arena, STR("Patient/"), r->id);
    return json_bool(JSON_GET(person, "active"), true) && recipient_in_use(op, person) &&
           str_eq(json_get_str(JSON_GET(person, "patient"), STR("reference")), patient);
}

static err load(struct op *op, struct record *rec, str reference, struct recipient *r)
{
    struct record_doc doc;
    struct json *person;
    struct recipient as = {.id = r->id};
    struct fhir_ref ref = fhir_ref_parse(reference);
    err e = record_read(op, rec, fhir_type_parse(STR("RelatedPerson")), ref.id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &person));
    if (!stands(op, r, person))
        return OK;
    as.patient = person; /* read the same way: telecom, language and address are alike */
    recipient_read_person(op, &as);
    struct recipient *keep = ARENA_NEW(op->arena, struct recipient);
    TRY(op_check(op));
    as.to = reference;
    as.to_name = fhir_name_shown(op, person);
    *keep = as;
    r->aide = keep;
    return OK;
}

/* Who is named to get the messages; else who was, and said stop: their words are still heard. */
err recipient_find_helper(struct op *op, struct record *rec, struct recipient *r)
{
    str who = STR_NONE;
    for (unsigned k = 0; k <= CHANNEL_EMAIL; k++) {
        const struct consent_state *c = &r->consent[k];
        if (str_empty(r->helper) && c->permit)
            r->helper = c->helper;
        who = str_empty(who) ? c->helper : who;
    }
    who = str_empty(r->helper) ? who : r->helper;
    return str_empty(who) ? OK : load(op, rec, who, r);
}

static bool routed(const struct recipient *r, enum channel_kind k)
{
    const struct consent_state *c = &r->consent[k];
    return k <= CHANNEL_EMAIL && c->permit && !str_empty(c->helper);
}

static bool is_aide(const struct recipient *r, str who)
{
    return r->aide && str_eq(r->aide->to, who);
}

str recipient_address(const struct recipient *r, enum channel_kind k)
{
    if (!routed(r, k))
        return r->address[k];
    return is_aide(r, r->consent[k].helper) ? r->aide->address[k] : STR_NONE;
}

str recipient_no_mail(const struct recipient *r)
{
    if (!routed(r, CHANNEL_EMAIL))
        return r->suppressed;
    return is_aide(r, r->consent[CHANNEL_EMAIL].helper) ? r->aide->suppressed : STR_NONE;
}

bool recipient_helper_lost(const struct recipient *r)
{
    bool named = false, works = false;
    for (unsigned i = 0; i <= CHANNEL_EMAIL; i++) {
        enum channel_kind k = (enum channel_kind)i;
        bool dead = k == CHANNEL_EMAIL && !str_empty(recipient_no_mail(r));
        named |= routed(r, k);
        works |= routed(r, k) && !dead && !str_empty(recipient_address(r, k));
    }
    return named && !works;
}

void recipient_route(struct recipient *r, enum channel_kind k)
{
    if (!routed(r, k))
        return;
    const struct recipient *a = is_aide(r, r->consent[k].helper) ? r->aide : NULL;
    r->address[k] = recipient_address(r, k);
    r->to = r->consent[k].helper;
    if (!a)
        return;
    r->to_name = a->to_name;
    r->suppressed = a->suppressed;
    r->line_type = a->line_type;
    r->reassigned = a->reassigned;
    r->reassigned_at = a->reassigned_at;
    if (!str_empty(a->language))
        r->language = a->language;
    for (size_t i = 0; i < a->n_zones; i++)
        r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, a->zones[i]);
    for (size_t i = 0; i < a->n_places; i++)
        r->lost |= !place_add(r->places, &r->n_places, PLACES_MAX, a->places[i]);
    r->lost |= a->lost;
    r->elsewhere |= a->elsewhere;
}

bool recipient_hears(struct recipient *r, enum channel_kind k, str helper)
{
    if (!str_eq(fhir_ref_parse(r->consent[k].helper).id, helper) ||
        !is_aide(r, r->consent[k].helper))
        return false;
    recipient_route(r, k);
    r->to = r->aide->to;
    r->to_name = r->aide->to_name;
    return true;
}

bool recipient_agrees(const struct recipient *r, enum channel_kind k)
{
    const struct consent_state *c = &r->consent[k];
    return c->any && c->permit && (k > CHANNEL_EMAIL || str_eq(c->helper, r->to));
}

str recipient_reference(struct op *op, const struct recipient *r)
{
    return str_empty(r->to) ? arena_cat(op->arena, STR("Patient/"), r->id) : r->to;
}
