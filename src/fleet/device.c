/* A Device as the doors see it: where it is in its life, whose account it has. Reads and builds
 * trees; decides nothing. */
#include "fleet/fleet_int.h"

const struct fleet_state FLEET_STATES[LIFE_COUNT] = {FLEET_STATE_ROWS};

enum fleet_life fleet_life_of(str code)
{
    unsigned i = 0;
    while (i < LIFE_COUNT && !str_eq(code, str_of(FLEET_STATES[i].code)))
        i++;
    return (enum fleet_life)i;
}

err fleet_staff(struct op *op, uint32_t roles)
{
    const struct actor *a = op->actor;
    if (!a || a->scopes || !(roles >> a->role & 1u))
        return fail(op, ERR_FORBIDDEN, "Your role does not do this with devices.");
    return OK;
}

/* Of several the table's last, as device_query() asks. */
static enum fleet_life life_in(const struct json *tree)
{
    const struct json *tags = json_path(tree, "meta.tag"), *tag;
    enum fleet_life life = LIFE_COUNT;
    for (size_t i = 0; (tag = json_at(tags, i)); i++) {
        enum fleet_life one = fleet_life_of(json_get_str(tag, STR("code")));
        if (str_eq(json_get_str(tag, STR("system")), STR(FLEET_LIFE)) && one != LIFE_COUNT &&
            (life == LIFE_COUNT || one > life))
            life = one;
    }
    if (life != LIFE_COUNT)
        return life;
    return str_eq(json_get_str(tree, STR("status")), STR("active")) ? LIFE_ACTIVE : LIFE_STOCK;
}

static void add_tags(struct buf *q, const char *clause, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        buf_printf(q, "%s" FLEET_LIFE "%%7C%s", i == from ? clause : ",", FLEET_STATES[i].code);
}

str device_query(struct op *op, enum fleet_life life, bool bare)
{
    struct buf q;
    buf_init(&q, op->arena, 1024);
    if (bare && life != LIFE_ACTIVE && life != LIFE_STOCK)
        return STR_NONE;
    if (bare) {
        buf_add(&q, life == LIFE_ACTIVE ? STR("status=active") : STR("status:not=active"));
        add_tags(&q, "&_tag:not=", 0, LIFE_COUNT);
    } else {
        add_tags(&q, "_tag=", life, life + 1u);
        add_tags(&q, "&_tag:not=", life + 1u, LIFE_COUNT);
    }
    return buf_str(&q);
}

static str user_in(const struct json *tree)
{
    const struct json *all = JSON_GET(tree, "identifier"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR(FLEET_ACCOUNT)))
            return json_get_str(one, STR("value"));
    return STR_NONE;
}

err device_of(struct op *op, const struct record_doc *doc, struct fleet_device *ret)
{
    struct fleet_device d = {.doc = *doc};
    TRY(record_parse(op, doc, &d.tree));
    d.life = life_in(d.tree);
    d.user = user_in(d.tree);
    d.patient = fhir_ref_parse(json_str(json_path(d.tree, "patient.reference"))).id;
    d.model = fhir_ref_parse(json_str(json_path(d.tree, "definition.reference"))).id;
    d.serial = json_get_str(d.tree, STR("serialNumber"));
    *ret = d;
    return op_check(op);
}

/* As they are given on the shelf. */
static bool is_kit_name(str user)
{
    for (size_t i = 0; i < user.n; i++)
        if (!(user.p[i] >= 'a' && user.p[i] <= 'z') && !(user.p[i] >= '0' && user.p[i] <= '9') &&
            user.p[i] != '-')
            return false;
    return str_starts(user, STR("kit-"));
}

/* What stands in a Device is text that others may write, too: the account is its own when the
 * account says so, or when there is none yet of a name from the shelf. */
static err own_name(struct op *op, struct fleet *f, struct fleet_device *d)
{
    const struct actor *asker = op->actor;
    struct identity_account a = {.role = ROLE_NONE};
    struct fault before = op->fault;
    op->actor = fleet_system();
    err e = identity_account_get(op, f->id, d->user, &a);
    op->actor = asker;
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    str me = arena_cat(op->arena, STR("Device/"), d->doc.id);
    if (e == OK ? a.role != ROLE_DEVICE || !str_eq(a.reference, me) : !is_kit_name(d->user))
        d->user = STR_NONE;
    return op_check(op);
}

err device_read(struct op *op, struct fleet *f, str id, struct fleet_device *ret)
{
    struct record_doc doc;
    TRY(record_read(op, f->rec, fhir_type_parse(STR("Device")), id, &doc));
    TRY(device_of(op, &doc, ret));
    return ret->user.n ? own_name(op, f, ret) : OK;
}

str device_extension(const struct json *tree, const char *name, const char *value)
{
    const struct json *all = JSON_GET(tree, "extension"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        str url = json_get_str(one, STR("url"));
        if (str_starts(url, STR(FLEET_EXTENSION)) &&
            str_eq(str_sub(url, sizeof FLEET_EXTENSION - 1, url.n), str_of(name)))
            return json_get_str(one, str_of(value));
    }
    return STR_NONE;
}

str device_firmware(const struct json *tree)
{
    const struct json *all = JSON_GET(tree, "version"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_str(json_path(one, "type.coding.0.code")), STR(FLEET_FIRMWARE)))
            return json_get_str(one, STR("value"));
    return STR_NONE;
}

void device_set_life(struct op *op, struct fleet_device *d, enum fleet_life to)
{
    struct arena *a = op->arena;
    struct json *meta = JSON_GET(d->tree, "meta"), *tags = json_new(a, JSON_ARRAY),
                *mine = json_new(a, JSON_OBJECT);
    const struct json *had = JSON_GET(meta, "tag"), *tag;
    json_set_str(a, mine, STR("system"), STR(FLEET_LIFE));
    json_set_str(a, mine, STR("code"), str_of(FLEET_STATES[to].code));
    json_push(a, tags, mine);
    for (size_t i = 0; (tag = json_at(had, i)); i++)
        if (!str_eq(json_get_str(tag, STR("system")), STR(FLEET_LIFE)))
            json_push(a, tags, tag);
    if (!meta)
        json_set(a, d->tree, STR("meta"), json_new(a, JSON_OBJECT));
    json_set(a, JSON_GET(d->tree, "meta"), STR("tag"), tags);
    json_set_str(a, d->tree, STR("status"), str_of(FLEET_STATES[to].status));
    d->life = to;
}
