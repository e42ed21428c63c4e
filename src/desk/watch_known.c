/* Why somebody may have looked in all innocence: asked before anything is raised. Invariant: an
 * explanation is a fact of the record or of the trail, never a word of the looker's. */
#include "desk/watch_int.h"

#include "base/time.h"

#define DAY INT64_C(86400000)
#define VISIT_DAYS 14
#define MESSAGE_DAYS 3
#define ASKED 10u

/* What only who looked wrote explains nothing. */
static err by_another(struct op *op, struct record *rec, const struct look *l,
                      const struct record_page *page, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < page->n_match && !*ret; i++)
        TRY(record_by_another(op, rec, page->docs[i].rid, l->who->user, ret));
    return OK;
}

/* An open case of the patient's on the worklist that all who work there see. */
static err open_case(struct op *op, struct record *rec, const struct look *l, bool *ret)
{
    struct record_page page;
    str query = arena_printf(
        op->arena,
        "patient=Patient/%.*s&code=" DESK_SYSTEM_CODE "|case&status=requested,in-progress,on-hold"
        "&_security:not=" DESK_LABEL_PRIVACY "&_security:not=" DESK_LABEL_OFFICER "&_count=%u",
        STR_ARG(l->patient_id), ASKED);
    TRY(look_ask(op, rec, "Task", query, &page));
    return by_another(op, rec, l, &page, ret);
}

static err message(struct op *op, struct record *rec, const struct look *l, bool *ret)
{
    struct record_page page;
    str from = time_format(op->arena, l->time - MESSAGE_DAYS * DAY);
    str query = arena_printf(op->arena, "subject=Patient/%.*s&_lastUpdated=ge%.*s&_count=%u",
                             STR_ARG(l->patient_id), STR_ARG(from), ASKED);
    TRY(look_ask(op, rec, "Communication", query, &page));
    return by_another(op, rec, l, &page, ret);
}

static unsigned bit(bool yes, enum look_why why)
{
    return yes ? 1u << why : 0;
}

err look_known(struct op *op, struct record *rec, const struct look *l, unsigned *ret)
{
    unsigned mask = bit(l->own && l->own == l->patient, WHY_OWN);
    int64_t until = 0;
    bool yes = false;
    TRY(record_glass_until(op, rec, l->patient, l->who->user, &until));
    mask |= bit(until >= l->time, WHY_GLASS);
    TRY(record_related(op, rec, &(struct record_relation){l->patient, l->who_rid, l->who->user},
                       &yes));
    mask |= bit(yes, WHY_TEAM);
    struct record_near near = {l->patient, l->time, VISIT_DAYS, l->who->user};
    TRY(record_visit_near(op, rec, &near, &yes));
    mask |= bit(yes, WHY_VISIT);
    TRY(open_case(op, rec, l, &yes));
    mask |= bit(yes, WHY_CASE);
    TRY(message(op, rec, l, &yes));
    *ret = mask | bit(yes, WHY_MESSAGE);
    return OK;
}

/* "07:00:00" to minutes; 24:00 is written as 00:00 of the end. */
static int minutes_of(str t, int fallback)
{
    uint64_t h, m;
    return str_to_u64(str_sub(t, 0, 2), 24, &h) && str_to_u64(str_sub(t, 3, 5), 59, &m)
               ? (int)(h * 60 + m)
               : fallback;
}

static bool on_day(const struct json *time, int weekday)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const struct json *days = JSON_GET(time, "daysOfWeek"), *d;
    for (size_t i = 0; (d = json_at(days, i)); i++)
        if (str_eq(json_str(d), str_of(names[weekday])))
            return true;
    return !days;
}

/* Half an hour before and after belongs to the shift; one that ends before it begins runs on over
 * midnight. */
static bool covers(const struct json *time, int weekday, int minute)
{
    int from = minutes_of(json_get_str(time, STR("availableStartTime")), 0) - 30;
    int to = minutes_of(json_get_str(time, STR("availableEndTime")), 24 * 60) + 30;
    if (json_bool(JSON_GET(time, "allDay"), false))
        return on_day(time, weekday);
    if (to - 30 > from + 30)
        return on_day(time, weekday) && minute >= from && minute < to;
    return (on_day(time, weekday) && minute >= from) ||
           (on_day(time, (weekday + 6) % 7) && minute < to);
}

err look_shift(struct op *op, struct record *rec, str practitioner, int64_t time, str zone,
               bool *ret_known, bool *ret_in)
{
    struct record_page page;
    struct time_local at;
    struct json *role;
    struct buf q;
    bool known = false, in = false;
    buf_init(&q, op->arena, 1024);
    look_value(&q, "practitioner", practitioner);
    buf_add(&q, STR("&_count=20"));
    TRY(look_ask(op, rec, "PractitionerRole", buf_str(&q), &page));
    if (!time_to_local(time, zone, &at))
        return fail(op, ERR_INVALID, "There is no such time zone.");
    int weekday = (at.wday + 6) % 7;
    for (size_t i = 0; i < page.n_match; i++) {
        const struct json *t;
        TRY(record_parse(op, &page.docs[i], &role));
        for (size_t k = 0; (t = json_at(JSON_GET(role, "availableTime"), k)); k++) {
            known = true;
            in |= covers(t, weekday, at.hour * 60 + at.minute);
        }
    }
    *ret_known = known;
    *ret_in = in;
    return OK;
}
