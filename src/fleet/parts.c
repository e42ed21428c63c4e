/* A model's bills of materials at the door: taken in, kept as a named value a model and range of
 * firmware, shown. Whoever brings one stands with it. */
#include "fleet/bom_int.h"

static str parts_key(struct op *op, str model)
{
    return arena_cat(op->arena, STR(PARTS_PREFIX), model);
}

err model_known(struct op *op, struct fleet *f, str model, str *ret_name)
{
    struct record_doc doc;
    struct json *o;
    if (!fhir_id_valid(model))
        return fail(op, ERR_NOT_FOUND, "There is no such model.");
    TRY(record_read(op, f->rec, fhir_type_parse(STR("DeviceDefinition")), model, &doc));
    TRY(record_parse(op, &doc, &o));
    *ret_name = json_get_str(o, STR("modelNumber"));
    return OK;
}

static struct json *part_json(struct op *op, const struct part *p)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct {
        const char *name;
        str value;
    } all[] = {{"name", p->name}, {"version", p->version}, {"purl", p->purl}, {"cpe", p->cpe}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n)
            json_set_str(a, o, str_of(all[i].name), all[i].value);
    return o;
}

str kept_text(struct op *op, const struct json *o, size_t max)
{
    struct buf b;
    buf_init(&b, op->arena, max);
    json_write(&b, o);
    if (!buf_ok(&b))
        (void)fail(op, ERR_TOO_LARGE, "One entry of the document is too large to be kept.");
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err lines_add(struct op *op, struct record_tx *tx, str key, str line, size_t max)
{
    str had, rest, one;
    size_t n = 0;
    TRY(record_tx_kv_now(tx, key, &had));
    rest = had;
    while (str_take_until(&rest, '\n', &one)) {
        if (str_eq(one, line))
            return OK;
        n++;
    }
    if (n >= max)
        return fail(op, ERR_TOO_LARGE, "There are too many of these already (%zu).", n);
    record_tx_kv(tx, key,
                 n ? arena_printf(op->arena, "%.*s\n%.*s", STR_ARG(had), STR_ARG(line)) : line);
    return op_check(op);
}

static err keep(struct op *op, struct fleet *f, struct bom_new *b, const struct parts *p,
                const struct actor *person)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < p->n; i++)
        json_push(a, list, part_json(op, &p->all[i]));
    json_set_str(a, o, STR("format"), p->format);
    json_set_str(a, o, STR("firmware"), str_utf8_cut(p->version, 80));
    json_set_str(a, o, STR("from"), b->range.from);
    json_set_str(a, o, STR("to"), b->range.to);
    json_set_str(a, o, STR("by"), person->user);
    json_set_str(a, o, STR("time"), time_format(a, op->now));
    json_set(a, o, STR("parts"), list);
    b->text = kept_text(op, o, 2 * PARTS_BYTES_MAX);
    TRY(op_check(op));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(bom_keep(op, f, tx, b));
    TRY(lines_add(op, tx, STR(PARTS_MODELS), b->model, PARTS_MODELS_MAX));
    record_tx_outbox(tx, STR(VULN_QUEUE), op->now, b->model);
    op->actor = person;
    record_tx_trail(tx, STR("device-parts"), fhir_type_parse(STR("DeviceDefinition")), b->model,
                    NULL);
    op->actor = fleet_system();
    return record_commit(tx);
}

/* As asked for; else the version that the document describes; else any. */
static err range(struct op *op, const struct parts_new *in, const struct parts *p,
                 struct bom_range *ret)
{
    bool said = in->from.n || in->to.n;
    *ret = (struct bom_range){.from = in->from, .to = in->to};
    if ((in->from.n && !bom_version_valid(in->from)) || (in->to.n && !bom_version_valid(in->to)))
        return fail_at(op, ERR_INVALID, STR("from"),
                       "from and to are firmware versions: at most 40 letters, digits, dots, -, + "
                       "and _.");
    if (in->from.n && in->to.n && version_order(in->from, in->to) > 0)
        return fail_at(op, ERR_INVALID, STR("from"), "from is a version before to, or the same.");
    if (!said && bom_version_valid(p->version))
        ret->from = ret->to = p->version;
    return OK;
}

err parts_take(struct op *op, struct fleet *f, const struct parts_new *in, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct parts p;
    struct bom_new b = {.model = in->model};
    size_t bare = 0;
    str name;
    TRY(fleet_staff(op, PARTS_ROLES));
    TRY(model_known(op, f, in->model, &name));
    TRY(parts_read(op, in->document, &p));
    TRY(range(op, in, &p, &b.range));
    op->actor = fleet_system();
    err e = keep(op, f, &b, &p, person);
    op->actor = person;
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT,
                    "Somebody else takes a bill of materials of the model in; try again.");
    }
    TRY(e);
    for (size_t i = 0; i < p.n; i++)
        bare += !p.all[i].keys[0].n && !p.all[i].keys[1].n;
    json_set_str(op->arena, o, STR("format"), p.format);
    json_set_str(op->arena, o, STR("firmware"), p.version);
    json_set_str(op->arena, o, STR("from"), b.range.from);
    json_set_str(op->arena, o, STR("to"), b.range.to);
    json_set(op->arena, o, STR("parts"), json_new_i64(op->arena, (int64_t)p.n));
    json_set(op->arena, o, STR("unmatched"), json_new_i64(op->arena, (int64_t)bare));
    *ret = o;
    return op_check(op);
}

err parts_get(struct op *op, struct fleet *f, str model, str firmware, struct json **ret)
{
    struct bom_list all;
    str text, name, key = parts_key(op, model);
    TRY(fleet_staff(op, FLEET_READERS));
    TRY(model_known(op, f, model, &name));
    TRY(bom_ranges(op, f, model, &all));
    size_t i = firmware.n ? bom_of(&all, firmware) : SIZE_MAX;
    if (firmware.n && i == SIZE_MAX)
        return fail(op, ERR_NOT_FOUND, "The model has no bill of materials of that firmware.");
    if (firmware.n && !all.all[i].old)
        key = bom_key(op, model, &all.all[i]);
    TRY(record_kv_get(op, f->rec, key, &text));
    if (!text.n)
        return fail(op, ERR_NOT_FOUND, "The model has no bill of materials yet.");
    return json_read(op, text, &JSON_LIMITS_DEFAULT, ret);
}

err parts_of(struct op *op, str text, struct parts *ret, struct json **ret_kept)
{
    const struct json *list, *one;
    str v;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, ret_kept));
    list = JSON_GET(*ret_kept, "parts");
    *ret = (struct parts){.format = json_get_str(*ret_kept, STR("format")),
                          .version = json_get_str(*ret_kept, STR("firmware"))};
    ret->all = ARENA_ARRAY(op->arena, struct part, (list ? list->n : 0) + 1);
    TRY(op_check(op));
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        struct part *p = &ret->all[ret->n++];
        *p = (struct part){.name = json_get_str(one, STR("name")),
                           .version = json_get_str(one, STR("version")),
                           .purl = json_get_str(one, STR("purl")),
                           .cpe = json_get_str(one, STR("cpe"))};
        p->keys[0] = purl_key(op, p->purl, &v);
        p->keys[1] = cpe_key(op, p->cpe, &v);
    }
    return op_check(op);
}
