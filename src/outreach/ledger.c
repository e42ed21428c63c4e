/* What this patient got lately, over every channel: read from the Communications themselves, so
 * there is no second book to keep in step. */
#include "outreach/outreach_int.h"

static bool counts(const struct json *c)
{
    str status = json_get_str(c, STR("status"));
    return !str_eq(status, STR("not-done")) && !str_eq(status, STR("stopped")) &&
           !str_eq(status, STR("entered-in-error"));
}

static bool from_patient(const struct json *c)
{
    return str_starts(json_get_str(JSON_GET(c, "sender"), STR("reference")), STR("Patient/"));
}

static bool is_text(const struct json *c)
{
    str channel = json_str(json_path(c, "medium.0.coding.0.code"));
    return str_eq(channel, STR("sms"));
}

/* Answers to stop, start and help are owed, not sought: they are no contact that counts. */
static bool is_service_line(const struct json *c, str *ret_code)
{
    *ret_code = json_str(json_path(c, "category.0.coding.0.code"));
    return str_eq(*ret_code, STR("optout_confirmation")) || str_eq(*ret_code, STR("help_reply")) ||
           str_eq(*ret_code, STR("optin_confirmation"));
}

/* Where the message asked about stands in the line of those that wait. */
struct place {
    int64_t at;
    str id;
};

static int64_t instant_of(const struct json *c)
{
    struct time_span at;
    str when = json_get_str(c, STR("sent"));
    if (str_empty(when))
        when = json_get_str(c, STR("received"));
    return time_parse(when, &at) ? at.lo : INT64_MIN;
}

static bool waits_behind(const struct json *c, const struct place *self)
{
    int64_t at = instant_of(c);
    return str_eq(json_get_str(c, STR("status")), STR("preparation")) &&
           (at > self->at || (at == self->at && str_cmp(json_get_str(c, STR("id")), self->id) > 0));
}

static void add_service(const struct recipient *r, const struct json *c, str service,
                        struct ledger *l)
{
    int64_t asked_again = r->permitted_at[is_text(c) ? CHANNEL_SMS : CHANNEL_EMAIL];
    if (str_eq(service, STR("optout_confirmation")) && instant_of(c) >= asked_again)
        l->stop_confirmations++;
}

static void add(struct op *op, const struct recipient *r, const struct json *c, struct ledger *l)
{
    struct time_local then, today;
    int64_t at = instant_of(c);
    str service;
    if (at < op->now - 7 * DAY_MS)
        return;
    if (from_patient(c)) {
        l->wrote_first |= at > op->now - DAY_MS;
        return;
    }
    if (!counts(c))
        return;
    if (is_service_line(c, &service)) {
        add_service(r, c, service, l);
        return;
    }
    l->contacts_week++;
    if (l->n_counted < sizeof l->counted / sizeof l->counted[0])
        l->counted[l->n_counted++] = at;
    str zone = r->n_zones ? r->zones[0] : STR("Etc/UTC");
    if (is_text(c) && time_to_local(at, zone, &then) && time_to_local(op->now, zone, &today) &&
        then.year == today.year && then.month == today.month && then.day == today.day)
        l->texts_today++;
}

static err add_all(struct op *op, const struct recipient *r, const struct record_page *page,
                   str self, struct ledger *l)
{
    struct json **all = ARENA_ARRAY(op->arena, struct json *, page->n + 1);
    struct place place = {.at = INT64_MAX, .id = self};
    TRY(op_check(op));
    for (size_t i = 0; i < page->n; i++) {
        TRY(record_parse(op, &page->docs[i], &all[i]));
        if (str_eq(page->docs[i].id, self))
            place.at = instant_of(all[i]);
    }
    for (size_t i = 0; i < page->n; i++)
        if (!str_eq(page->docs[i].id, self) && !waits_behind(all[i], &place))
            add(op, r, all[i], l);
    return OK;
}

err ledger_load(struct op *op, struct record *rec, const struct recipient *r, str self,
                struct ledger *ret)
{
    struct ledger l = {0};
    struct record_page page;
    const struct actor *person = op->actor;
    str query = arena_printf(op->arena, "subject=Patient/%.*s&_sort=-_lastUpdated&_count=100",
                             STR_ARG(r->id));
    op->actor = outreach_system();
    err e = record_find(op, rec, fhir_type_parse(STR("Communication")), query, &page);
    if (e == OK)
        e = add_all(op, r, &page, self, &l);
    op->actor = person;
    if (e == OK)
        *ret = l;
    return e;
}
