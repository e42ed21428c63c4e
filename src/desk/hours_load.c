/* Whose hours hold: the services of the record, and the table's for everybody else. Invariant:
 * there is always an answer; a service that cannot be understood says so and is gone by nowhere. */
#include "desk/hours.h"

#include "base/bidi.h"
#include "base/time.h"
#include "desk/desk_int.h"
#include "policy/holiday.h"

#include "chain_gen.h"

#define ZONE_URL "http://hl7.org/fhir/StructureDefinition/timezone"
#define SERVICES_MAX 100
#define FIND                                                                                       \
    "active=true&service-type=" DESK_SYSTEM_SERVICE "|" DESK_SERVICE_CODE "&_count=100&_sort=_id"
#define YEAR_DAYS 366

static const struct hours_opening TABLE[] = {HOURS_ROWS};

static const struct json *extension(const struct json *of, const char *url)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(of, "extension"), i)); i++)
        if (str_eq(json_get_str(one, STR("url")), str_of(url)))
            return one;
    return NULL;
}

static str phone_of(const struct json *service)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(service, "telecom"), i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR("phone")) &&
            json_bool(JSON_GET(extension(one, DESK_OUT_OF_HOURS_URL), "valueBoolean"), false))
            return json_get_str(one, STR("value"));
    return STR_NONE;
}

static struct team_hours table(const struct config *config)
{
    str country = config ? config_str(config, "house.country") : STR_NONE;
    bool us = str_eq(country, STR("US"));
    return (struct team_hours){.country = country,
                               .zone = config ? config_str(config, "house.zone") : STR("UTC"),
                               .phone = config ? config_str(config, "outreach.phone") : STR_NONE,
                               .openings = TABLE,
                               .n_openings = sizeof TABLE / sizeof *TABLE,
                               .federal = us};
}

static err one_service(struct op *op, const struct record_doc *doc, const struct config *config,
                       struct team_hours *ret)
{
    struct json *tree;
    TRY(record_parse(op, doc, &tree));
    struct team_hours house = table(config),
                      h = {.service = doc->id,
                           .name = json_get_str(tree, STR("name")),
                           .zone = json_get_str(extension(tree, ZONE_URL), STR("valueCode")),
                           .phone = phone_of(tree),
                           .country = house.country,
                           .programmes = JSON_GET(tree, "program")};
    if (!h.zone.n)
        h.zone = house.zone;
    if (!h.phone.n)
        h.phone = house.phone;
    err e = hours_read(op, tree, &h);
    if (e == ERR_UNPROCESSABLE) {
        h.wrong = op->fault.n ? op->fault.issues[0].message : STR("?");
        op_clear(op);
        e = OK;
    }
    *ret = h;
    return e;
}

err hours_load(struct op *op, struct record *rec, const struct config *config,
               struct hours_all *ret)
{
    struct record_page page;
    TRY(record_find(op, rec, fhir_type_parse(STR("HealthcareService")), STR(FIND), &page));
    ret->at = ARENA_ARRAY(op->arena, struct team_hours, page.n_match + 1);
    TRY(op_check(op));
    for (ret->n = 0; ret->n < page.n_match; ret->n++)
        TRY(one_service(op, &page.docs[ret->n], config, &ret->at[ret->n]));
    ret->at[ret->n++] = table(config);
    return OK;
}

static bool names(const struct team_hours *h, str programme)
{
    const struct json *one, *coding;
    for (size_t i = 0; (one = json_at(h->programmes, i)); i++)
        for (size_t k = 0; (coding = json_at(JSON_GET(one, "coding"), k)); k++)
            if (str_eq(json_get_str(coding, STR("code")), programme))
                return true;
    return false;
}

const struct team_hours *hours_of(const struct hours_all *all, str programme)
{
    const struct team_hours *others = &all->at[all->n - 1];
    for (size_t i = all->n - 1; i-- > 0;) {
        const struct team_hours *h = &all->at[i];
        if (h->wrong.n)
            continue;
        if (names(h, programme))
            return h;
        if (!h->programmes)
            others = h;
    }
    return others;
}

struct json *hours_tell(struct op *op, const struct team_hours *h)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    bool open = hours_open(h, op->now);
    int64_t until;
    json_set_str(op->arena, o, STR("service"), h->service);
    json_set_str(op->arena, o, STR("name"), h->name);
    json_set_str(op->arena, o, STR("zone"), h->zone);
    json_set_str(op->arena, o, STR("phone"), h->phone);
    json_set_str(op->arena, o, STR("emergency"), desk_emergency(NULL, h->country));
    json_set(op->arena, o, STR("watching"), json_new_bool(op->arena, open));
    if (hours_change(h, op->now, &until))
        json_set_str(op->arena, o, STR("until"), time_format(op->arena, until));
    if (h->programmes)
        json_set(op->arena, o, STR("programmes"), h->programmes);
    if (h->wrong.n)
        json_set_str(op->arena, o, STR("wrong"), h->wrong);
    return o;
}

static struct json *openings_json(struct op *op, const struct team_hours *h)
{
    static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < h->n_openings; i++) {
        const struct hours_opening *o = &h->openings[i];
        struct json *one = json_new(a, JSON_OBJECT), *of = json_new(a, JSON_ARRAY);
        for (unsigned d = 1; d <= 7; d++)
            if (o->days & (1u << d % 7))
                json_push(a, of, json_new_str(a, str_of(days[d % 7])));
        json_set(a, one, STR("daysOfWeek"), of);
        if (o->from == 0 && o->until == 1440)
            json_set(a, one, STR("allDay"), json_new_bool(a, true));
        else {
            json_set_str(a, one, STR("availableStartTime"),
                         arena_printf(a, "%02d:%02d:00", o->from / 60, o->from % 60));
            json_set_str(a, one, STR("availableEndTime"),
                         arena_printf(a, "%02d:%02d:00", o->until / 60 % 24, o->until % 60));
        }
        json_push(a, list, one);
    }
    return list;
}

static void push_closed(struct op *op, struct json *list, str why, str from, str until)
{
    struct arena *a = op->arena;
    struct json *one = json_new(a, JSON_OBJECT), *during = json_new(a, JSON_OBJECT);
    json_set_str(a, during, STR("start"), from);
    json_set_str(a, during, STR("end"), until);
    json_set_str(a, one, STR("description"), why);
    json_set(a, one, STR("during"), during);
    json_push(a, list, one);
}

static struct json *closed_json(struct op *op, const struct team_hours *h)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (int d = 0; h->federal && d < YEAR_DAYS; d++) {
        struct time_local at;
        if (!time_to_local(op->now + d * INT64_C(86400000), h->zone, &at) ||
            !policy_federal_holiday(&at))
            continue;
        str day = arena_printf(op->arena, "%04d-%02d-%02d", at.year, at.month, at.day);
        push_closed(op, list, STR("Federal holiday (5 USC 6103)"), day, day);
    }
    return list;
}

struct json *hours_week(struct op *op, const struct team_hours *h)
{
    struct json *o = hours_tell(op, h);
    json_set(op->arena, o, STR("availableTime"), openings_json(op, h));
    json_set(op->arena, o, STR("notAvailable"),
             h->closed_said ? h->closed_said : closed_json(op, h));
    return o;
}

struct said hours_say(struct op *op, int64_t at, str zone)
{
    static const enum say_word days[] = {SAY_SUN, SAY_MON, SAY_TUE, SAY_WED,
                                         SAY_THU, SAY_FRI, SAY_SAT};
    struct time_local t = {0};
    if (!time_to_local(at, zone, &t))
        (void)time_to_local(at, STR("UTC"), &t);
    struct said s = desk_say(op, days[t.wday % 7], NULL, 0);
    bool far = at - op->now > INT64_C(6) * 86400000;
    for (int l = 0; l < SAY_LANGS; l++) {
        str hour = desk_say_hour(op, &t, (enum say_lang)l);
        s.in[l] = arena_printf(op->arena, "%.*s %.*s", STR_ARG(s.in[l]), STR_ARG(hour));
        if (far)
            s.in[l] = bidi_value(op, (enum language)l,
                                 arena_printf(op->arena, "%04d-%02d-%02d %.*s", t.year, t.month,
                                              t.day, STR_ARG(hour)));
    }
    return s;
}
