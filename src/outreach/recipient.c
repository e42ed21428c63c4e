/* A patient as outreach sees one: how to reach them, where they live, what they allowed. Read as
 * the system, because the facts of the rulebook must not depend on what the sender may see; the
 * sender's own right to write to this patient is asked when the Communication is created. */
#include "outreach/outreach_int.h"
#include "outreach/push_int.h"
#include "outreach/reach.h"

#define CLOCK_SLACK_MS (5 * 60000LL)
#define CONSENTS_MAX 200u
#define SUPPRESSED_RANK 1000000 /* behind every other */

const struct json *extension_at(const struct json *o, str url)
{
    const struct json *list = JSON_GET(o, "extension");
    for (size_t i = 0; list && i < list->n; i++)
        if (str_eq(json_get_str(json_at(list, i), STR("url")), url))
            return json_at(list, i);
    return NULL;
}

static void read_line(const struct json *telecom, struct recipient *r)
{
    r->line_type = json_get_str(extension_at(telecom, STR(LINE_TYPE_URL)), STR("valueCode"));
    const struct json *check = extension_at(telecom, STR(REASSIGNED_URL));
    struct time_span at;
    r->reassigned = json_get_str(extension_at(check, STR("result")), STR("valueCode"));
    if (time_parse(json_get_str(extension_at(check, STR("date")), STR("valueDateTime")), &at))
        r->reassigned_at = at.lo;
}

/* A number or address whose time is over, or has not begun, may be somebody else's. */
bool recipient_in_use(const struct op *op, const struct json *t)
{
    struct time_span start, end;
    const struct json *period = JSON_GET(t, "period");
    if (time_parse(json_get_str(period, STR("start")), &start) && start.lo > op->now)
        return false;
    return !time_parse(json_get_str(period, STR("end")), &end) || end.hi > op->now;
}

static void read_telecom(struct op *op, struct recipient *r)
{
    const struct json *list = JSON_GET(r->patient, "telecom");
    int64_t best[CHANNEL_EMAIL + 1] = {INT64_MAX, INT64_MAX};
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *t = json_at(list, i);
        str system = json_get_str(t, STR("system")), use = json_get_str(t, STR("use"));
        int64_t rank = 100 + (int64_t)i;
        json_i64(JSON_GET(t, "rank"), &rank);
        bool phone = str_eq(system, STR("phone")) || str_eq(system, STR("sms"));
        if (!recipient_in_use(op, t) || str_eq(use, STR("old")) ||
            (!phone && !str_eq(system, STR("email"))))
            continue;
        enum channel_kind k = phone ? CHANNEL_SMS : CHANNEL_EMAIL;
        str suppressed = phone ? STR_NONE : mail_suppressed(t);
        if (!str_empty(suppressed))
            rank += SUPPRESSED_RANK;
        if (rank >= best[k])
            continue;
        best[k] = rank;
        r->address[k] = json_get_str(t, STR("value"));
        if (phone)
            r->address[k] = phone_plain(op, r->address[k]);
        else
            r->suppressed = suppressed;
        if (phone)
            read_line(t, r);
    }
    r->preferred = best[CHANNEL_EMAIL] < best[CHANNEL_SMS] ? CHANNEL_EMAIL
                   : best[CHANNEL_SMS] != INT64_MAX        ? CHANNEL_SMS
                                                           : CHANNEL_KIND_COUNT;
}

/* As it stands on an envelope; a line to post to and a town are the least. */
static str postal(struct op *op, const struct json *a)
{
    const struct json *lines = JSON_GET(a, "line");
    str city = json_get_str(a, STR("city")), country = json_get_str(a, STR("country"));
    struct buf b;
    if (!lines || lines->n == 0 || str_empty(city) || !recipient_in_use(op, a) ||
        str_eq(json_get_str(a, STR("use")), STR("old")) ||
        str_eq(json_get_str(a, STR("use")), STR("billing")))
        return STR_NONE;
    buf_init(&b, op->arena, 1024);
    for (size_t i = 0; i < lines->n; i++)
        buf_printf(&b, "%.*s\n", STR_ARG(json_str(json_at(lines, i))));
    buf_printf(&b, "%.*s %.*s %.*s", STR_ARG(city), STR_ARG(json_get_str(a, STR("state"))),
               STR_ARG(json_get_str(a, STR("postalCode"))));
    if (!str_empty(country) && !str_eq(country, STR("US")))
        buf_printf(&b, "\n%.*s", STR_ARG(country));
    return buf_ok(&b) ? str_trim(buf_str(&b)) : STR_NONE;
}

/* The first; one that is for post before one that is for visits. */
static void read_postal(struct op *op, struct recipient *r)
{
    const struct json *list = JSON_GET(r->patient, "address");
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *a = json_at(list, i);
        bool for_post = str_eq(json_get_str(a, STR("type")), STR("postal"));
        str lines = postal(op, a);
        if (!str_empty(lines) && (for_post || str_empty(r->address[CHANNEL_LETTER])))
            r->address[CHANNEL_LETTER] = lines;
        if (!str_empty(lines) && for_post)
            return;
    }
}

/* Where notices go is the portal's account: it has devices, or none. */
static err read_devices(struct op *op, struct record *rec, struct recipient *r)
{
    struct json *list;
    str text;
    bool in_use;
    TRY(push_in_use(op, rec, &in_use));
    if (!in_use)
        return OK;
    TRY(push_devices(op, rec, r->id, &list, &text));
    if (list->n)
        r->address[CHANNEL_PUSH] = arena_cat(op->arena, STR("Patient/"), r->id);
    return OK;
}

static void read_places(struct op *op, struct recipient *r)
{
    const struct json *list = JSON_GET(r->patient, "address");
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *a = json_at(list, i);
        str zone = json_get_str(extension_at(a, STR(ZONE_URL)), STR("valueCode"));
        place_by_address(op, r, json_get_str(a, STR("country")), json_get_str(a, STR("state")),
                         zone);
        if (str_empty(r->state))
            r->state = json_get_str(a, STR("state"));
        if (str_empty(r->country))
            r->country = json_get_str(a, STR("country"));
        if (str_eq(json_get_str(a, STR("use")), STR("temp")) && JSON_GET(a, "period"))
            op_note(op, SEVERITY_INFORMATION, STR("Patient.address"),
                    "a temporary address counts for calling hours too");
    }
}

/* The zone they stated, and those their devices told of. */
static void read_own_zones(struct recipient *r)
{
    if (!str_empty(r->wishes.zone))
        r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, r->wishes.zone);
    const struct json *list = JSON_GET(r->patient, "extension");
    for (size_t i = 0; list && i < list->n; i++) {
        str url = json_get_str(json_at(list, i), STR("url"));
        str zone = json_get_str(json_at(list, i), STR("valueCode"));
        if ((str_eq(url, STR(ZONE_URL)) || str_eq(url, STR(DEVICE_ZONE_URL))) && !str_empty(zone))
            r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, zone);
    }
}

static void read_person(struct op *op, struct recipient *r)
{
    const struct json *name = json_at(JSON_GET(r->patient, "name"), 0);
    r->first = json_str(json_at(JSON_GET(name, "given"), 0));
    const struct json *talks = JSON_GET(r->patient, "communication");
    for (size_t i = 0; talks && i < talks->n; i++) {
        const struct json *c = json_at(talks, i);
        str code = json_str(json_path(c, "language.coding.0.code"));
        if (str_empty(r->language) || json_bool(JSON_GET(c, "preferred"), false))
            r->language = code;
    }
    struct time_span born;
    if (time_parse(json_get_str(r->patient, STR("birthDate")), &born))
        r->minor = op->now - born.lo < 18 * 365 * DAY_MS + 4 * DAY_MS;
    r->deceased = json_bool(JSON_GET(r->patient, "deceasedBoolean"), false) ||
                  JSON_GET(r->patient, "deceasedDateTime");
}

bool codings_have(const struct json *codings, str system, str code)
{
    for (size_t i = 0; codings && i < codings->n; i++)
        if (str_eq(json_get_str(json_at(codings, i), STR("system")), system) &&
            str_eq(json_get_str(json_at(codings, i), STR("code")), code))
            return true;
    return false;
}

bool consent_names(const struct json *provision, enum channel_kind k)
{
    const struct json *codes = JSON_GET(provision, "code");
    if (!codes)
        return true; /* no channel named: all of them */
    for (size_t i = 0; i < codes->n; i++)
        if (codings_have(JSON_GET(json_at(codes, i), "coding"), STR(CHANNEL_SYSTEM), word_about(k)))
            return true;
    return false;
}

/* A permission holds within its period; one dated after now is a wrong clock's and must not outlast
 * a stop of today. A refusal always holds. */
static bool permission_holds(const struct op *op, const struct json *c, int64_t given)
{
    const struct json *period = json_path(c, "provision.period");
    struct time_span start, end;
    if (given > op->now + CLOCK_SLACK_MS)
        return false;
    if (time_parse(json_get_str(period, STR("start")), &start) && start.lo > op->now)
        return false;
    return !time_parse(json_get_str(period, STR("end")), &end) || end.hi > op->now;
}

/* Who is named to get the messages. */
static str told_instead(const struct json *provision)
{
    const struct json *actors = JSON_GET(provision, "actor");
    for (size_t i = 0; actors && i < actors->n; i++) {
        const struct json *a = json_at(actors, i);
        str who = json_str(json_path(a, "reference.reference"));
        if (str_eq(json_str(json_path(a, "role.coding.0.code")), STR(OUTREACH_HELPER_ROLE)) &&
            str_starts(who, STR("RelatedPerson/")))
            return who;
    }
    return STR_NONE;
}

static void read_consent(struct op *op, const struct json *c, struct consent_state *s)
{
    const struct json *p = JSON_GET(c, "provision");
    const struct json *purposes = JSON_GET(p, "purpose");
    *s = (struct consent_state){.any = true,
                                .permit = str_eq(json_get_str(p, STR("type")), STR("permit"))};
    s->id = json_get_str(c, STR("id"));
    s->changed = !stop_intact(op, c);
    s->helper = told_instead(p);
    s->care = codings_have(purposes, STR(PURPOSE_SYSTEM), STR("care"));
    s->appointment = codings_have(purposes, STR(PURPOSE_SYSTEM), STR("appointment"));
    s->marketing = codings_have(purposes, STR(PURPOSE_SYSTEM), STR("marketing"));
    s->written = codings_have(json_path(c, "policyRule.coding"), STR(CONSENT_FORM), STR("written"));
    const struct json *point =
        JSON_GET(extension_at(c, STR(CONTACT_POINT_URL)), "valueContactPoint");
    s->number = phone_plain(op, json_get_str(point, STR("value")));
}

static bool is_of_category(const struct json *c, str code)
{
    const struct json *categories = JSON_GET(c, "category");
    for (size_t i = 0; categories && i < categories->n; i++)
        if (codings_have(JSON_GET(json_at(categories, i), "coding"), STR(CONSENT_CATEGORY), code))
            return true;
    return false;
}

/* Does a Consent name somebody who acts for the patient? */
static void read_parties(const struct op *op, const struct json *c, struct recipient *r)
{
    const struct json *p = JSON_GET(c, "provision"), *actors = JSON_GET(p, "actor");
    struct time_span given = {0};
    if (!str_eq(json_get_str(p, STR("type")), STR("permit")) ||
        !time_parse(json_get_str(c, STR("dateTime")), &given) || !permission_holds(op, c, given.lo))
        return;
    for (size_t i = 0; actors && i < actors->n; i++)
        r->proxy |=
            str_eq(json_str(json_path(json_at(actors, i), "role.coding.0.code")), STR("PRN"));
}

static void read_confidential(const struct json *c, struct recipient *r, int64_t *io_newest)
{
    struct time_span at = {.lo = INT64_MIN};
    if (!is_of_category(c, STR("confidential-communication")))
        return;
    (void)time_parse(json_get_str(c, STR("dateTime")), &at);
    if (r->confidential && at.lo <= *io_newest)
        return;
    *io_newest = at.lo;
    r->confidential = true;
    r->confidential_to = json_get_str(
        JSON_GET(extension_at(c, STR(CONTACT_POINT_URL)), "valueContactPoint"), STR("value"));
}

/* A wish to be reached in one way only is not outlived by any number of newer words. */
static err find_confidential(struct op *op, struct record *rec, struct recipient *r)
{
    struct record_page page;
    struct json *c;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&status=active&category=" CONSENT_CATEGORY
                             "%%7Cconfidential-communication&_sort=-date&_count=1",
                             STR_ARG(r->id));
    TRY(record_find(op, rec, fhir_type_parse(STR("Consent")), query, &page));
    if (page.n == 0)
        return OK;
    int64_t newest = INT64_MIN;
    TRY(record_parse_bare(op, &page.docs[0], &c));
    read_confidential(c, r, &newest);
    return OK;
}

static void read_topics(const struct op *op, const struct json *c, struct recipient *r)
{
    struct time_span at;
    if (is_of_category(c, STR(TOPIC_CATEGORY)) && time_parse(json_get_str(c, STR("dateTime")), &at))
        calls_about_read(c, at.lo, permission_holds(op, c, at.lo), &r->calls);
}

/* Nor is a no to calls about one topic. */
static err find_topics(struct op *op, struct record *rec, struct recipient *r)
{
    struct record_page page;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&status=active&category=" CONSENT_CATEGORY
                             "%%7C" TOPIC_CATEGORY "&_sort=-date&_count=%u",
                             STR_ARG(r->id), CONSENTS_MAX);
    TRY(record_find(op, rec, fhir_type_parse(STR("Consent")), query, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *c;
        TRY(record_parse_bare(op, &page.docs[i], &c));
        read_topics(op, c, r);
    }
    return OK;
}

/* All of them; of very many the newest that hold. */
static err find_consents(struct op *op, struct record *rec, str id, uint64_t patient,
                         struct record_page *ret)
{
    const fhir_type type = fhir_type_parse(STR("Consent"));
    err e = record_of_patient(op, rec, type, patient, CONSENTS_MAX, ret);
    if (e != ERR_TOO_COSTLY)
        return e;
    op_clear(op);
    str query = arena_printf(op->arena, "patient=Patient/%.*s&status=active&_sort=-date&_count=%u",
                             STR_ARG(id), CONSENTS_MAX);
    return record_find(op, rec, type, query, ret);
}

/* The newest word of the patient decides; at the same moment, no wins. */
static err read_consents(struct op *op, struct record *rec, uint64_t patient, struct recipient *r)
{
    struct record_page page;
    int64_t newest[CHANNEL_WORDS] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    int64_t confidential = INT64_MIN;
    TRY(find_consents(op, rec, r->id, patient, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *c;
        struct time_span at = {0};
        TRY(record_parse_bare(op, &page.docs[i], &c));
        if (!str_eq(json_get_str(c, STR("status")), STR("active")))
            continue;
        read_parties(op, c, r);
        read_confidential(c, r, &confidential);
        read_topics(op, c, r);
        if (!is_of_category(c, STR("contact")) ||
            !time_parse(json_get_str(c, STR("dateTime")), &at))
            continue;
        bool deny = str_eq(json_get_str(JSON_GET(c, "provision"), STR("type")), STR("deny"));
        bool holds = deny || permission_holds(op, c, at.lo);
        for (unsigned k = 0; k < CHANNEL_WORDS; k++) {
            if (!consent_names(JSON_GET(c, "provision"), (enum channel_kind)k))
                continue;
            if (at.lo > r->said_at[k])
                r->said_at[k] = at.lo;
            if (deny && at.lo > r->refused_at[k])
                r->refused_at[k] = at.lo;
            if (!holds)
                continue;
            if (!deny && at.lo > r->permitted_at[k])
                r->permitted_at[k] = at.lo;
            if (deny ? at.lo < newest[k] : at.lo <= newest[k])
                continue;
            newest[k] = at.lo;
            read_consent(op, c, &r->consent[k]);
        }
    }
    if (page.n < CONSENTS_MAX)
        return OK;
    TRY(r->confidential ? OK : find_confidential(op, rec, r));
    return find_topics(op, rec, r);
}

void recipient_read_person(struct op *op, struct recipient *r)
{
    read_person(op, r);
    read_telecom(op, r);
    read_places(op, r);
    read_own_zones(r);
    place_by_number(r, r->address[CHANNEL_SMS]);
}

err recipient_load(struct op *op, struct record *rec, str patient, struct recipient *ret)
{
    struct recipient r = {.id = patient};
    struct record_doc doc;
    const struct actor *person = op->actor;
    op->actor = outreach_system();
    err e = record_read(op, rec, fhir_type_parse(STR("Patient")), patient, &doc);
    if (e == OK)
        e = record_parse_bare(op, &doc, &r.patient);
    if (e == OK) {
        wishes_read(r.patient, &r.wishes);
        recipient_read_person(op, &r);
        read_postal(op, &r);
        e = read_consents(op, rec, doc.rid, &r);
    }
    if (e == OK)
        e = recipient_find_helper(op, rec, &r);
    if (e == OK)
        e = read_devices(op, rec, &r);
    op->actor = person;
    if (e == OK)
        *ret = r;
    return e;
}

bool recipient_no_calls(const struct recipient *r, str purpose)
{
    return (r->consent[CHANNEL_CALLS].any && !r->consent[CHANNEL_CALLS].permit) ||
           calls_refuse(&r->calls, purpose);
}

bool recipient_allows(const struct recipient *r, enum channel_kind k, str purpose)
{
    const struct consent_state *c = &r->consent[k];
    bool refused = false;
    if (k == CHANNEL_EMAIL && !str_empty(recipient_no_mail(r)))
        return false;
    for (unsigned i = 0; i < CHANNEL_KIND_COUNT; i++)
        refused |= r->consent[i].any && !r->consent[i].permit;
    if (k == CHANNEL_LETTER && !c->any)
        return !refused;
    return c->any && c->permit &&
           (c->care || (c->appointment && str_starts(purpose, STR("appointment"))));
}
