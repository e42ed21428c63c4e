/* What the Devices page shows: all devices the person may read, a page at a time, and what the
 * person may do next with each. */
#include "fleet/command_int.h"
#include "fleet/health_int.h"

#define HISTORY_MAX 50

static struct json *next_of(struct op *op, const struct fleet_device *d)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (unsigned s = 0; s < LIFE_COUNT; s++)
        if (FLEET_STATES[s].from >> d->life & 1u && FLEET_STATES[s].roles >> op->actor->role & 1u)
            json_push(op->arena, list, json_new_str(op->arena, str_of(FLEET_STATES[s].code)));
    return list;
}

static str text_or(str first, str second)
{
    return first.n ? first : second;
}

static struct json *row_of(struct op *op, const struct fleet_device *d)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    const struct json *t = d->tree;
    str name =
        text_or(json_str(json_path(t, "deviceName.0.name")), json_str(json_path(t, "type.text")));
    struct {
        const char *name;
        str value;
    } parts[] = {
        {"id", d->doc.id},
        {"name", text_or(name, d->serial)},
        {"state", str_of(FLEET_STATES[d->life].code)},
        {"reason", json_str(json_path(t, "statusReason.0.text"))},
        {"serial", d->serial},
        {"udi", json_str(json_path(t, "udiCarrier.0.carrierHRF"))},
        {"model", json_get_str(t, STR("modelNumber"))},
        {"modelId", d->model},
        {"maker", json_get_str(t, STR("manufacturer"))},
        {"firmware", device_firmware(t)},
        {"patient", d->patient},
        {"owner", fhir_ref_parse(json_str(json_path(t, "owner.reference"))).id},
        {"gateway", fhir_ref_parse(json_str(json_path(t, "parent.reference"))).id},
        {"network", device_extension(t, "device-network", "valueString")},
        {"warranty", device_extension(t, "device-warranty", "valueDate")},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            json_set_str(a, o, str_of(parts[i].name), parts[i].value);
    json_set(a, o, STR("next"), next_of(op, d));
    json_set(a, o, STR("code"),
             json_new_bool(a, d->user.n &&
                                  FLEET_STATES[LIFE_REVOKED].roles >> op->actor->role & 1u &&
                                  (d->life <= LIFE_DELIVERED || d->life == LIFE_ACTIVE)));
    return o;
}

static err add_health(struct op *op, struct fleet *f, str id, struct json *row)
{
    struct health h;
    str text;
    TRY(health_load(op, f, id, &h, &text));
    json_set(op->arena, row, STR("health"), health_told(op, &h));
    return op_check(op);
}

static err names(struct op *op, const struct record_page *page, struct json *rows)
{
    struct json *row, *p;
    for (size_t k = page->n_match; k < page->n; k++) {
        TRY(record_parse(op, &page->docs[k], &p));
        str name = fhir_name_shown(op, p);
        for (size_t i = 0; (row = json_at(rows, i)); i++)
            if (str_eq(json_get_str(row, STR("patient")), page->docs[k].id))
                json_set_str(op->arena, row, STR("patientName"), name);
    }
    return op_check(op);
}

#define BARE "." /* before the place of a page of devices that carry no state's tag */

/* What is asked for: all devices, or those of one state, first by its tag, then without one. */
struct asked {
    enum fleet_life only; /* LIFE_COUNT: all */
    bool bare;
    str after;
};

/* Newest changed first, with whose they are. */
static err find_page(struct op *op, struct fleet *f, const struct asked *of,
                     struct record_page *ret)
{
    struct buf q;
    buf_init(&q, op->arena, 2048);
    buf_printf(&q, "_sort=-_lastUpdated&_count=%u&_total=accurate&_include=Device:patient",
               FLEET_LIST_MAX);
    if (of->only != LIFE_COUNT) {
        buf_char(&q, '&');
        buf_add(&q, device_query(op, of->only, of->bare));
    }
    if (of->after.n) {
        buf_add(&q, STR("&_page="));
        buf_url(&q, of->after);
    }
    return record_find(op, f->rec, fhir_type_parse(STR("Device")), buf_str(&q), ret);
}

/* A page of one state: its total and the page behind it are of those with and without a tag. */
static err find_state(struct op *op, struct fleet *f, struct asked *of, struct record_page *ret)
{
    struct record_page others = {.total = 0};
    str query = device_query(op, of->only, !of->bare);
    TRY(find_page(op, f, of, ret));
    if (!query.n)
        return OK;
    query = arena_cat(op->arena, query, STR("&_summary=count"));
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Device")), query, &others));
    if (!of->bare && !ret->n_match && others.total) {
        of->bare = true;
        of->after = STR_NONE;
        TRY(find_page(op, f, of, ret)); /* nothing by tag: no page that is empty */
    } else {
        ret->total += others.total;
    }
    if (of->bare && ret->next.n)
        ret->next = arena_cat(op->arena, STR(BARE), ret->next);
    else if (!of->bare && !ret->next.n && others.total)
        ret->next = STR(BARE);
    return op_check(op);
}

static err find(struct op *op, struct fleet *f, str state, str after, struct record_page *ret)
{
    struct asked of = {.only = fleet_life_of(state), .after = after};
    if (!state.n)
        return find_page(op, f, &of, ret);
    if (of.only == LIFE_COUNT)
        return fail_at(op, ERR_INVALID, STR("state"), "There is no such state of a device.");
    of.bare = str_starts(after, STR(BARE));
    if (of.bare)
        of.after = str_sub(after, 1, after.n);
    if (of.bare && !device_query(op, of.only, true).n)
        return fail_at(op, ERR_INVALID, STR("after"),
                       "There is no such page of this state; start at page one.");
    return find_state(op, f, &of, ret);
}

err fleet_list(struct op *op, struct fleet *f, str state, str after, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *rows = json_new(a, JSON_ARRAY),
                *waiting = json_new(a, JSON_ARRAY);
    struct record_page page;
    TRY(fleet_staff(op, FLEET_READERS));
    TRY(find(op, f, state, after, &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct fleet_device d;
        TRY(device_of(op, &page.docs[i], &d));
        struct json *row = row_of(op, &d);
        TRY(add_health(op, f, d.doc.id, row));
        json_push(a, rows, row);
    }
    TRY(names(op, &page, rows));
    if (!after.n)
        TRY(commands_waiting(op, f, rows, &waiting));
    json_set(a, o, STR("waiting"), waiting);
    json_set(a, o, STR("devices"), rows);
    json_set(a, o, STR("total"), json_new_i64(a, (int64_t)page.total));
    json_set(a, o, STR("more"), json_new_bool(a, page.next.n > 0));
    if (page.next.n)
        json_set_str(a, o, STR("after"), page.next);
    *ret = o;
    return op_check(op);
}

static err history(struct op *op, struct fleet *f, str id, struct json **ret)
{
    struct record_doc *docs;
    struct arena *a = op->arena;
    size_t n;
    str last = STR_NONE;
    *ret = json_new(a, JSON_ARRAY);
    TRY(record_history(op, f->rec, fhir_type_parse(STR("Device")), id, 0, HISTORY_MAX, &docs, &n));
    for (size_t i = n; i-- > 0;) {
        struct fleet_device d;
        struct json *o = json_new(a, JSON_OBJECT);
        if (docs[i].deleted)
            continue;
        TRY(device_of(op, &docs[i], &d));
        str state = str_of(FLEET_STATES[d.life].code);
        if (str_eq(state, last))
            continue;
        last = state;
        json_set_str(a, o, STR("state"), state);
        json_set_str(a, o, STR("time"), time_format(a, docs[i].updated));
        json_push(a, *ret, o);
    }
    return op_check(op);
}

err device_view(struct op *op, struct fleet *f, str id, struct json **ret)
{
    struct fleet_device d;
    struct json *past, *supply;
    TRY(device_read(op, f, id, &d));
    struct json *o = row_of(op, &d);
    TRY(add_health(op, f, id, o));
    TRY(commands_show(op, f, &d, o));
    TRY(history(op, f, id, &past));
    json_set(op->arena, o, STR("history"), past);
    const struct actor *person = op->actor;
    op->actor = fleet_system(); /* of a shipment: its state and number, nothing of the patient */
    err e = supply_list(op, f, id, &supply);
    op->actor = person;
    TRY(e);
    json_set(op->arena, o, STR("supply"), supply);
    *ret = o;
    return op_check(op);
}

err fleet_get(struct op *op, struct fleet *f, str id, struct json **ret)
{
    TRY(fleet_staff(op, FLEET_READERS));
    return device_view(op, f, id, ret);
}
