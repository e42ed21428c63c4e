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

static bool is_service_line(const struct json *c, str *ret_code)
{
    *ret_code = json_str(json_path(c, "category.0.coding.0.code"));
    return str_eq(*ret_code, STR("optout_confirmation")) || str_eq(*ret_code, STR("help_reply"));
}

static void add(struct op *op, const struct recipient *r, const struct json *c, struct ledger *l)
{
    struct time_span at;
    struct time_local then, today;
    str when = json_get_str(c, STR("sent")), service;
    if (str_empty(when))
        when = json_get_str(c, STR("received"));
    if (!time_parse(when, &at) || at.lo < op->now - 7 * DAY_MS)
        return;
    if (from_patient(c)) {
        l->wrote_first |= at.lo > op->now - DAY_MS;
        return;
    }
    if (!counts(c))
        return;
    if (is_service_line(c, &service)) {
        l->stop_confirmations += str_eq(service, STR("optout_confirmation"));
        return;
    }
    l->contacts_week++;
    if (l->n_counted < sizeof l->counted / sizeof l->counted[0])
        l->counted[l->n_counted++] = at.lo;
    str zone = r->n_zones ? r->zones[0] : STR("Etc/UTC");
    if (is_text(c) && time_to_local(at.lo, zone, &then) && time_to_local(op->now, zone, &today) &&
        then.year == today.year && then.month == today.month && then.day == today.day)
        l->texts_today++;
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
    for (size_t i = 0; e == OK && i < page.n; i++) {
        struct json *c;
        if (str_eq(page.docs[i].id, self))
            continue;
        e = record_parse(op, &page.docs[i], &c);
        if (e == OK)
            add(op, r, c, &l);
    }
    op->actor = person;
    if (e == OK)
        *ret = l;
    return e;
}
