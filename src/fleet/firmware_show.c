/* What people are shown of firmware releases: each ring's counts, why one halted, who did what, the
 * devices whose command moved last. Changes nothing. */
#include "fleet/firmware_int.h"

#define NOTES_SHOWN 40u

static void put(struct op *op, struct json *o, const char *name, int64_t v)
{
    json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

static void put_time(struct op *op, struct json *o, const char *name, int64_t at)
{
    if (at)
        json_set_str(op->arena, o, str_of(name), time_format(op->arena, at));
}

static struct json *number(struct op *op, double v)
{
    return json_new_num(op->arena, arena_printf(op->arena, "%.9g", v));
}

static struct json *ring_view(struct op *op, const struct tally *t, size_t i, bool over)
{
    struct arena *a = op->arena;
    const struct firmware_ring *row = &FIRMWARE_RING[i];
    const struct ring_count *c = &t->rings[i];
    struct json *o = json_new(a, JSON_OBJECT), *signs = json_new(a, JSON_OBJECT);
    bool open = c->opened && !c->passed;
    json_set_str(a, o, STR("name"), str_of(row->name));
    json_set_str(a, o, STR("state"),
                 str_of(c->passed       ? "passed"
                        : open && !over ? "open"
                                        : "later"));
    json_set(a, o, STR("percent"), number(op, row->percent));
    json_set(a, o, STR("limit"), number(op, row->limit));
    put(op, o, "soak", row->soak);
    put(op, o, "asked", c->asked);
    put(op, o, "done", c->done);
    put(op, o, "failed", c->failed);
    put_time(op, o, "opened", c->opened);
    if (open)
        put_time(op, o, "until", c->opened + row->soak * INT64_C(3600000));
    for (size_t k = 0; k < c->n_signs; k++)
        json_set(a, signs, c->sign[k].name, json_new_i64(a, c->sign[k].n));
    json_set(a, o, STR("signs"), signs);
    return o;
}

static struct json *halt_view(struct op *op, const struct tally *t)
{
    const struct firmware_ring *row = &FIRMWARE_RING[t->halt_ring];
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("ring"), str_of(row->name));
    put(op, o, "failed", t->halt_failed);
    put(op, o, "asked", t->halt_asked);
    json_set(op->arena, o, STR("limit"), number(op, row->limit));
    put_time(op, o, "at", t->halt_at);
    json_set_str(op->arena, o, STR("citation"), str_of(row->citation));
    return o;
}

static struct json *steps_view(struct op *op, const struct firmware *r)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    const struct json *notes = JSON_GET(r->tree, "note"), *one;
    for (size_t i = 0; i < NOTES_SHOWN && (one = json_at(notes, i)); i++) {
        struct json *o = json_new(a, JSON_OBJECT);
        str text = json_get_str(one, STR("text")), what = STR_NONE;
        (void)str_take_until(&text, ':', &what);
        json_set_str(a, o, STR("who"), json_get_str(one, STR("authorString")));
        json_set_str(a, o, STR("time"), json_get_str(one, STR("time")));
        json_set_str(a, o, STR("what"), what);
        if (str_trim(text).n)
            json_set_str(a, o, STR("reason"), str_trim(text));
        json_push(a, list, o);
    }
    return list;
}

static err file_view(struct op *op, struct fleet *f, const struct firmware *r, struct json **ret)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct upload u;
    TRY(upload_look(op, f, r->doc.id, &u));
    if (r->file_at.n) {
        json_set_str(op->arena, o, STR("by"), r->file_by);
        json_set_str(op->arena, o, STR("at"), r->file_at);
    }
    if (r->file_gone.n)
        json_set_str(op->arena, o, STR("gone"), r->file_gone);
    if (u.offset)
        put(op, o, "offset", u.offset);
    *ret = o;
    return OK;
}

static err view(struct op *op, struct fleet *f, struct firmware *r, const struct actor *person,
                struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *may = json_new(a, JSON_ARRAY),
                *rings = json_new(a, JSON_ARRAY), *file;
    struct tally t;
    const char *step;
    struct {
        const char *name;
        str value;
    } parts[] = {
        {"id", r->doc.id},
        {"model", r->model},
        {"version", r->version},
        {"digest", r->digest},
        {"url", r->url},
        {"signature", r->signature},
        {"notes", json_get_str(r->tree, STR("description"))},
        {"state", str_of(FIRMWARE_STATE_CODES[r->state])},
        {"by", r->by.user},
        {"asked", json_get_str(r->tree, STR("authoredOn"))},
    };
    TRY(image_look(op, f, r));
    TRY(tally_load(op, f, r->doc.id, &t));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            json_set_str(a, o, str_of(parts[i].name), parts[i].value);
    put(op, o, "size", r->size);
    if (!r->url.n) {
        TRY(file_view(op, f, r, &file));
        json_set(a, o, STR("file"), file);
    }
    for (size_t i = 0; i < FIRMWARE_RINGS; i++)
        json_push(a, rings, ring_view(op, &t, i, r->state > FIRMWARE_RESUMING));
    json_set(a, o, STR("rings"), rings);
    if (t.halt_at)
        json_set(a, o, STR("halt"), halt_view(op, &t));
    json_set(a, o, STR("steps"), steps_view(op, r));
    unsigned s = 0;
    do {
        if (firmware_may_step(r, s++, person, &step))
            json_push(a, may, json_new_str(a, str_of(step)));
    } while (step);
    json_set(a, o, STR("may"), may);
    *ret = o;
    return op_check(op);
}

/* Of the model's file: its name, and whether its key's owner signed the release. */
static err names(struct op *op, struct fleet *f, const struct firmware *r, struct json *o)
{
    struct json *model;
    err e = firmware_model(op, f, r->model, &model);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    json_set_str(op->arena, o, STR("modelName"), json_get_str(model, STR("modelNumber")));
    json_set_str(op->arena, o, STR("signed"),
                 str_of(FIRMWARE_SIGN_CODES[firmware_signed(op, model, r)]));
    return OK;
}

static err list(struct op *op, struct fleet *f, const struct actor *person, struct json *all)
{
    struct record_page page;
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" RECORD_TASK_CODE "%%7C" FIRMWARE_CODE
                                 "&_sort=-authored-on&_count=%d",
                                 FIRMWARE_PAGE),
                    &page));
    for (size_t i = 0; i < page.n; i++) {
        struct firmware r;
        struct json *o;
        TRY(firmware_of(op, &page.docs[i], &r));
        TRY(view(op, f, &r, person, &o));
        TRY(names(op, f, &r, o));
        json_push(op->arena, all, o);
    }
    return op_check(op);
}

err firmware_list(struct op *op, struct fleet *f, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT), *all = json_new(op->arena, JSON_ARRAY);
    TRY(fleet_staff(op, FLEET_READERS));
    op->actor = fleet_system();
    err e = list(op, f, person, all);
    op->actor = person;
    TRY(e);
    json_set(op->arena, o, STR("releases"), all);
    json_set(op->arena, o, STR("may"),
             json_new_bool(op->arena, COMMANDS[KIND_UPDATE].roles >> person->role & 1u));
    *ret = o;
    return op_check(op);
}

/* The device's serial number; nothing of whose it is. */
static err device_row(struct op *op, struct fleet *f, const struct command *c, struct json *rows)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct record_doc doc;
    struct fleet_device d;
    err e = record_read(op, f->rec, fhir_type_parse(STR("Device")), c->device, &doc);
    if (e == OK)
        e = device_of(op, &doc, &d);
    if (e == OK)
        json_set_str(a, o, STR("serial"), d.serial);
    else if (e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op);
    json_set_str(a, o, STR("id"), c->device);
    json_set_str(a, o, STR("state"), str_of(COMMAND_STATE_ROWS[c->state].code));
    json_set_str(a, o, STR("time"), json_get_str(c->tree, STR("lastModified")));
    str reason = json_str(json_path(c->tree, "statusReason.text"));
    if (reason.n)
        json_set_str(a, o, STR("reason"), reason);
    json_push(a, rows, o);
    return op_check(op);
}

static err get(struct op *op, struct fleet *f, str id, const struct actor *person,
               struct json **ret)
{
    struct firmware r;
    struct record_page page;
    struct json *rows = json_new(op->arena, JSON_ARRAY);
    TRY(firmware_read(op, f, id, &r));
    TRY(view(op, f, &r, person, ret));
    TRY(names(op, f, &r, *ret));
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" RECORD_TASK_CODE "%%7C" COMMAND_CODE
                                 "&part-of=Task/%.*s&_sort=-modified&_count=%d",
                                 STR_ARG(id), FIRMWARE_PAGE),
                    &page));
    for (size_t i = 0; i < page.n; i++) {
        struct command c;
        TRY(command_of(op, &page.docs[i], &c));
        TRY(device_row(op, f, &c, rows));
    }
    json_set(op->arena, *ret, STR("devices"), rows);
    return op_check(op);
}

err firmware_get(struct op *op, struct fleet *f, str id, struct json **ret)
{
    const struct actor *person = op->actor;
    TRY(fleet_staff(op, FLEET_READERS));
    op->actor = fleet_system();
    err e = get(op, f, id, person, ret);
    op->actor = person;
    return e;
}
