/* Posted search parameters at the door: the thread that makes their keys, how far they are, and
 * their lines in the CapabilityStatement. What they are is the record's (record/custom.h).
 * Invariant: the statement lists one when it can be asked, and no sooner. */
#include "record/custom.h"

#include "api/api_int.h"
#include "base/time.h"

#define SLICE 256u
#define SLICES 8 /* at one tick; others want the disk, too */

void custom_tick(void *ctx)
{
    struct api *api = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    bool more = a != NULL;
    for (int i = 0; more && i < SLICES; i++) {
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        if (record_custom_work(&op, api->rec, SLICE, &more) == OK)
            continue;
        log_event(LOG_WARN, "search.parameters", "error=%s", err_row(op.fault.code)->name);
        more = false;
    }
    arena_free(a);
}

static void part(struct arena *a, struct json *list, const char *name, const char *kind,
                 const struct json *value)
{
    struct json *p = json_new(a, JSON_OBJECT);
    json_set_str(a, p, STR("name"), str_of(name));
    json_set(a, p, str_of(kind), value);
    json_push(a, list, p);
}

/* For every type in base: its parameter and how much of what is stored it finds. */
err api_custom_status(struct call *c)
{
    struct arena *a = c->op.arena;
    struct record_custom *all;
    struct record_doc doc;
    size_t n;
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("SearchParameter")), c->id, &doc));
    TRY(record_custom_list(&c->op, c->api->rec, &all, &n));
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        if (all[i].rid != doc.rid)
            continue;
        struct json *parts = json_new(a, JSON_ARRAY);
        str base = fhir_type_name(all[i].param->base), code = str_of(all[i].param->code);
        part(a, parts, "base", "valueCode", json_new_str(a, base));
        part(a, parts, "code", "valueCode", json_new_str(a, code));
        part(a, parts, "percent", "valueInteger", json_new_i64(a, all[i].percent));
        part(a, parts, "ready", "valueBoolean", json_new_bool(a, all[i].percent >= 100));
        part(a, list, "parameter", "part", parts);
    }
    json_set_str(a, o, STR("resourceType"), STR("Parameters"));
    if (list->n)
        json_set(a, o, STR("parameter"), list);
    return answer_json(c, 200, o);
}

static void write_one(struct call *c, struct buf *b, const struct record_custom *one)
{
    buf_printf(b, "{\"name\":\"%s\",\"definition\":", one->param->code);
    buf_json_string(b, one->url);
    buf_printf(b, ",\"type\":\"%s\",\"documentation\":", capability_param_type(one->param));
    buf_json_string(b, capability_says(&c->op, one->param));
    buf_add(b, STR("},"));
}

err custom_statement(struct call *c, struct buf *b, bool *ret_any)
{
    static const char list[] = "\"searchParam\":[";
    struct record_custom *all;
    size_t n, from = 0;
    str body = c->api->capability.body;
    TRY(record_custom_list(&c->op, c->api->rec, &all, &n));
    *ret_any = false;
    for (fhir_type t = 1; n && t <= FHIR_TYPE_COUNT; t++)
        for (size_t i = 0; i < n; i++) {
            if (all[i].param->base != t || all[i].percent < 100)
                continue;
            size_t at = c->api->capability.type_at[t];
            at = str_find(body, str_of(list), at) + sizeof list - 1;
            buf_add(b, str_sub(body, from, at));
            write_one(c, b, &all[i]);
            from = at;
            *ret_any = true;
        }
    if (*ret_any)
        buf_add(b, str_sub(body, from, body.n));
    return OK;
}
