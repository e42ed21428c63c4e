/* One row, made anew from the record: how the patient can be reached as the gate sees it, and what
 * leaves them out. Invariant: a row comes from what is committed, never from the change alone. */
#include "base/time.h"
#include "campaign/people_int.h"
#include "outreach/reach.h"

#include <sodium.h>

#define DAY_MS 86400000LL
#define MINOR_YEARS 18

static const struct json *extension(const struct json *o, str url)
{
    const struct json *list = JSON_GET(o, "extension");
    for (size_t i = 0; list && i < list->n; i++)
        if (str_eq(json_get_str(json_at(list, i), STR("url")), url))
            return json_at(list, i);
    return NULL;
}

static uint8_t sex_of(str gender)
{
    return str_eq(gender, STR("female"))  ? SEX_FEMALE
           : str_eq(gender, STR("male"))  ? SEX_MALE
           : str_eq(gender, STR("other")) ? SEX_OTHER
                                          : SEX_UNKNOWN;
}

static uint8_t line_of(str line)
{
    return str_empty(line)                 ? LINE_UNKNOWN
           : str_eq(line, STR("wireless")) ? LINE_WIRELESS
           : str_eq(line, STR("landline")) ? LINE_LANDLINE
           : str_starts(line, STR("voip")) ? LINE_VOIP
                                           : LINE_OTHER;
}

static uint8_t permit_of(const struct outreach_way *w)
{
    unsigned p = !w->said ? 0 : w->agrees ? 0 : PERMIT_REFUSED;
    if (w->said && w->agrees)
        p = (w->care ? PERMIT_CARE : 0u) | (w->appointment ? PERMIT_APPOINTMENT : 0u) |
            (w->marketing ? PERMIT_MARKETING : 0u) | (w->written ? PERMIT_WRITTEN : 0u);
    return (uint8_t)p;
}

static uint64_t household(const struct people *p, str address)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t h = 0;
    if (str_empty(address))
        return 0;
    crypto_shorthash(out, (const unsigned char *)address.p, address.n, p->key);
    memcpy(&h, out, sizeof h);
    return h ? h : 1;
}

static void has(struct person *row, enum person_channel k)
{
    row->channels = (uint8_t)(row->channels | 1u << k);
}

static void fill_places(struct op *op, struct people *p, const struct outreach_reach *r,
                        struct person *row)
{
    const struct json *home = json_at(JSON_GET(r->patient, "address"), 0);
    str country = str_empty(r->country) ? STR("US") : r->country;
    str post = json_get_str(home, STR("postalCode"));
    struct buf zones;
    buf_init(&zones, op->arena, 400);
    for (size_t i = 0; i < r->n_zones; i++)
        buf_printf(&zones, "%s%.*s", i ? " " : "", STR_ARG(r->zones[i]));
    row->zones = people_word_add(p, PEOPLE_ZONES, buf_str(&zones));
    if (post.n >= 3)
        row->area = people_word_add(
            p, PEOPLE_AREA, arena_printf(op->arena, "%.*s-%.*s", STR_ARG(country), 3, post.p));
    if (!str_empty(r->state))
        row->state = people_word_add(
            p, PEOPLE_STATE,
            arena_printf(op->arena, "%.*s-%.*s", STR_ARG(country), STR_ARG(r->state)));
}

static void fill_person(struct people *p, const struct outreach_reach *r, struct person *row)
{
    const struct json *patient = r->patient, *link = json_at(JSON_GET(patient, "link"), 0);
    struct time_span born;
    row->birth = PERSON_BORN_UNKNOWN;
    if (time_parse(json_get_str(patient, STR("birthDate")), &born))
        row->birth = (int32_t)(born.lo / DAY_MS);
    row->sex = sex_of(json_get_str(patient, STR("gender")));
    row->language = people_word_add(p, PEOPLE_LANGUAGE, r->language);
    str clinic = json_str(json_path(patient, "managingOrganization.reference"));
    if (str_empty(clinic))
        clinic = json_str(json_path(patient, "generalPractitioner.0.reference"));
    row->clinic = people_word_add(p, PEOPLE_CLINIC, clinic);
    bool interpreter =
        json_bool(JSON_GET(extension(patient, STR("http://hl7.org/fhir/StructureDefinition/"
                                                  "patient-interpreterRequired")),
                           "valueBoolean"),
                  false);
    bool gone = !json_bool(JSON_GET(patient, "active"), true) ||
                str_eq(json_get_str(link, STR("type")), STR("replaced-by"));
    row->flags =
        (uint16_t)((gone ? PERSON_GONE : 0u) | (r->deceased ? PERSON_DECEASED : 0u) |
                   (r->confidential ? PERSON_CONFIDENTIAL : 0u) |
                   (r->reassigned ? PERSON_REASSIGNED : 0u) |
                   (r->helper_lost ? PERSON_HELPER_LOST : 0u) | (r->proxy ? PERSON_PROXY : 0u) |
                   (interpreter ? PERSON_INTERPRETER : 0u));
}

/* Their ways for purposes, in the order of the purposes: one word for all who wish the same. */
static uint16_t wishes_of(struct op *op, struct people *p, const struct json *patient)
{
    struct wishes w;
    struct buf b;
    enum way way;
    wishes_read(patient, &w);
    for (size_t i = 1; i < w.n_channels; i++)
        for (size_t k = i; k && str_cmp(w.channels[k].purpose, w.channels[k - 1].purpose) < 0;
             k--) {
            struct wish_way one = w.channels[k];
            w.channels[k] = w.channels[k - 1];
            w.channels[k - 1] = one;
        }
    buf_init(&b, op->arena, PEOPLE_WORD_BYTES);
    for (size_t i = 0; i < w.n_channels; i++)
        if (topic_fits(w.channels[i].purpose) && way_parse(w.channels[i].channel, &way))
            buf_printf(&b, "%s%.*s=%.*s", b.n ? " " : "", STR_ARG(w.channels[i].purpose),
                       STR_ARG(w.channels[i].channel));
    return b.n ? people_word_add(p, PEOPLE_WISHES, buf_str(&b)) : 0;
}

static void fill_ways(const struct people *p, const struct outreach_reach *r, struct person *row)
{
    row->line = line_of(r->line_type);
    str phone = r->by[WAY_SMS].address, mail = r->by[WAY_EMAIL].address;
    row->preferred = r->prefers == WAY_EMAIL ? PERSON_EMAIL : PERSON_SMS;
    for (unsigned k = 0; k < WAY_COUNT; k++) {
        row->permit[PERSON_OF_WAY[k]] = permit_of(&r->by[k]);
        if (!str_empty(r->by[k].address) && (k != WAY_SMS || row->line != LINE_LANDLINE))
            has(row, PERSON_OF_WAY[k]);
    }
    if (!str_empty(phone))
        has(row, PERSON_VOICE);
    row->household = household(p, str_empty(phone) ? mail : phone);
}

/* Of a child: is there a parent or guardian in the record? */
static err find_proxy(struct op *op, struct people *p, str patient, struct person *row)
{
    struct record_page page;
    int32_t age = person_age(row, op->now);
    if (age < 0 || age >= MINOR_YEARS || row->flags & PERSON_PROXY)
        return OK;
    TRY(record_find(op, p->rec, fhir_type_parse(STR("RelatedPerson")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&relationship=GUARD,MTH,FTH,PRN,PARNT,"
                                 "NMTH,NFTH,HPOWATT&_count=1",
                                 STR_ARG(patient)),
                    &page));
    if (page.n_match)
        row->flags |= PERSON_PROXY;
    return OK;
}

static err find_helper(struct op *op, struct people *p, const struct outreach_reach *r,
                       struct person *row)
{
    struct fhir_ref ref = fhir_ref_parse(r->helper);
    struct fault before = op->fault;
    if (str_empty(r->helper))
        return OK;
    err e = record_resolve(op, p->rec, fhir_type_parse(STR("RelatedPerson")), ref.id, &row->helper);
    if (e == ERR_NOT_FOUND) {
        op->fault = before;
        return OK;
    }
    if (e == OK)
        row->flags |= PERSON_HELPED;
    return e;
}

static void count_one(const struct json *c, int64_t now, struct person *row)
{
    struct time_span at;
    str status = json_get_str(c, STR("status")), when = json_get_str(c, STR("sent"));
    str sender = json_str(json_path(c, "sender.reference"));
    if (outreach_is_theirs(sender) || str_eq(status, STR("not-done")) ||
        str_eq(status, STR("stopped")) || str_eq(status, STR("entered-in-error")) ||
        !time_parse(when, &at) || at.lo > now + DAY_MS || at.lo < 0)
        return;
    uint32_t minute = (uint32_t)(at.lo / 60000);
    row->contacted = minute > row->contacted ? minute : row->contacted;
    if (at.lo / DAY_MS > now / DAY_MS - 8 && row->days[at.lo / DAY_MS % 8] < UINT8_MAX)
        row->days[at.lo / DAY_MS % 8]++;
}

static err count_contacts(struct op *op, struct people *p, str patient, struct person *row)
{
    struct record_page page;
    TRY(record_find(op, p->rec, fhir_type_parse(STR("Communication")),
                    arena_printf(op->arena, "subject=Patient/%.*s&_sort=-_lastUpdated&_count=100",
                                 STR_ARG(patient)),
                    &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct json *c;
        TRY(record_parse(op, &page.docs[i], &c));
        count_one(c, op->now, row);
    }
    return OK;
}

static err forget(struct op *op, struct people *p, uint64_t patient)
{
    size_t i;
    people_read(p);
    bool known = people_find(p, patient, &i);
    people_done(p);
    return known ? people_put(op, p, &(struct person){.rid = patient, .flags = PERSON_GONE}) : OK;
}

err people_reread(struct op *op, struct people *p, uint64_t patient, bool contacts)
{
    struct person row = {.rid = patient};
    struct outreach_reach r;
    fhir_type type;
    str id;
    err e = record_name(op, p->rec, patient, &type, &id);
    if (e == OK && !str_eq(fhir_type_name(type), STR("Patient")))
        return OK;
    if (e == OK)
        e = outreach_reach(op, p->rec, id, &r);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return forget(op, p, patient);
    }
    TRY(e);
    fill_person(p, &r, &row);
    fill_places(op, p, &r, &row);
    fill_ways(p, &r, &row);
    row.wishes = wishes_of(op, p, r.patient);
    TRY(find_proxy(op, p, id, &row));
    TRY(find_helper(op, p, &r, &row));
    if (contacts)
        TRY(count_contacts(op, p, id, &row));
    return people_put(op, p, &row);
}
