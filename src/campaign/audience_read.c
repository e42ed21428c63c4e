/* Definitions: from JSON to chips, to a Group and back. Invariant: what is read can be asked; a
 * veiled definition holds chips of the table alone. */
#include "campaign/audience_int.h"

#define NAME_MAX_BYTES 200u
#define SEARCH_MAX 2000u

const struct chip_row *chip_of(str code)
{
    for (size_t i = 0; i < CHIP_COUNT; i++)
        if (str_eq(code, str_of(CHIPS[i].code)))
            return &CHIPS[i];
    return NULL;
}

fhir_type search_type(str search)
{
    return fhir_type_parse(str_sub(search, 0, str_find_char(search, '?', 0)));
}

static bool needs_value(const struct chip_row *row)
{
    return str_eq(str_of(row->ask), STR("language")) || str_eq(str_of(row->ask), STR("clinic")) ||
           str_eq(str_of(row->ask), STR("area"));
}

static err read_chip(struct op *op, struct campaigns *c, const struct json *o, struct chip *chip)
{
    str code = json_get_str(o, STR("chip")), search = json_get_str(o, STR("search"));
    chip->row = chip_of(code);
    chip->value = json_get_str(o, STR("value"));
    chip->search = search;
    chip->negate = json_bool(JSON_GET(o, "not"), false);
    if (!chip->row && (code.n || !search.n))
        return fail_at(op, ERR_INVALID, chip->at,
                       "There is no such chip; /campaigns/chips has "
                       "them all.");
    if (search.n && (chip->row || search.n > SEARCH_MAX || !search_type(search)))
        return fail_at(op, ERR_INVALID, chip->at,
                       "A search is Type?query, of at most %u bytes, and no chip beside it.",
                       SEARCH_MAX);
    if (chip->row && needs_value(chip->row) != (chip->value.n > 0))
        return fail_at(op, ERR_INVALID, chip->at,
                       chip->value.n ? "This chip takes no value." : "This chip needs a value.");
    chip->veiled = chip->row && chip->row->search && !chip_may_search(op, c, chip->row);
    return OK;
}

static err read_groups(struct op *op, struct campaigns *c, const struct json *groups,
                       struct audience *a)
{
    for (size_t i = 0; groups && i < groups->n; i++) {
        const struct json *any = json_at(groups, i);
        if (!json_is(any, JSON_ARRAY) || !any->n)
            return fail_at(op, ERR_INVALID, arena_printf(op->arena, "groups[%zu]", i),
                           "A group holds chips.");
        for (size_t k = 0; k < any->n; k++) {
            if (a->n == AUDIENCE_CHIPS_MAX)
                return fail_at(op, ERR_INVALID, STR("groups"), "At most %u chips.",
                               AUDIENCE_CHIPS_MAX);
            struct chip *chip = &a->chips[a->n++];
            *chip =
                (struct chip){.group = i, .at = arena_printf(op->arena, "groups[%zu][%zu]", i, k)};
            TRY(read_chip(op, c, json_at(any, k), chip));
            a->veiled |= chip->veiled;
        }
        a->groups = i + 1;
    }
    return OK;
}

static err check_veil(struct op *op, const struct audience *a)
{
    for (size_t i = 0; a->veiled && i < a->n; i++)
        if (!a->chips[i].row)
            return fail_at(op, ERR_INVALID, a->chips[i].at,
                           "Beside chips about health only chips of the table may stand, so that "
                           "no figure tells about one person.");
    if (a->veiled && a->path.n)
        return fail_at(op, ERR_INVALID, STR("path"),
                       "Beside chips about health there is no FHIRPath.");
    return OK;
}

static err number(struct op *op, const struct json *o, const char *name, int64_t max, int64_t *io)
{
    const struct json *v = json_get(o, str_of(name));
    if (v && (!json_i64(v, io) || *io < 0 || *io > max))
        return fail_at(op, ERR_INVALID, str_of(name), "%s is 0 to %lld.", name, (long long)max);
    return OK;
}

err audience_read(struct op *op, struct campaigns *c, const struct json *definition,
                  struct audience *ret)
{
    struct audience a = {.lately = 7, .hold_out = 10};
    a.name = json_get_str(definition, STR("name"));
    a.purpose = json_get_str(definition, STR("purpose"));
    a.path = json_get_str(definition, STR("path"));
    a.seed = a.name;
    if (str_empty(a.purpose))
        a.purpose = STR("care");
    if (!record_may_search(op, c->rec, fhir_type_parse(STR("Group"))))
        return fail(op, ERR_FORBIDDEN, "Audiences are for who works on outreach.");
    if (!json_is(definition, JSON_OBJECT) || a.name.n > NAME_MAX_BYTES)
        return fail(op, ERR_INVALID, "An audience is an object with a name and groups of chips.");
    if (!str_eq(a.purpose, STR("care")) && !str_eq(a.purpose, STR("appointment")) &&
        !str_eq(a.purpose, STR("marketing")))
        return fail_at(op, ERR_INVALID, STR("purpose"),
                       "purpose is care, appointment or marketing.");
    TRY(number(op, definition, "lately", 7, &a.lately));
    TRY(number(op, definition, "holdOut", 50, &a.hold_out));
    TRY(read_groups(op, c, JSON_GET(definition, "groups"), &a));
    if (a.path.n)
        TRY(fhir_path_compile(op, a.path, &a.compiled));
    TRY(check_veil(op, &a));
    if (a.veiled)
        a.seed = STR("veiled"); /* a lot of one's own for each name would be a question for each */
    *ret = a;
    return OK;
}

/* ---- as a Group ---- */

static struct json *extension(struct op *op, const char *name, const char *kind, struct json *value)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, e, STR("url"),
             json_new_str(op->arena, arena_printf(op->arena, AUDIENCE_URL "%s", name)));
    json_set(op->arena, e, str_of(kind), value);
    return e;
}

static void add_text(struct op *op, struct json *list, const char *name, str text)
{
    if (text.n)
        json_push(op->arena, list,
                  extension(op, name, "valueString", json_new_str(op->arena, text)));
}

static void add_number(struct op *op, struct json *list, const char *name, int64_t v)
{
    json_push(op->arena, list, extension(op, name, "valueUnsignedInt", json_new_i64(op->arena, v)));
}

static struct json *characteristic(struct op *op, const struct chip *chip)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *list = json_new(m, JSON_ARRAY);
    struct json *code = json_new(m, JSON_OBJECT);
    add_number(op, list, "group", (int64_t)chip->group);
    add_text(op, list, "chip", chip->row ? str_of(chip->row->code) : STR_NONE);
    add_text(op, list, "value", chip->value);
    add_text(op, list, "search", chip->search);
    json_set_str(m, code, STR("text"), chip->row ? str_of(chip->row->label[0]) : chip->search);
    json_set(m, o, STR("extension"), list);
    json_set(m, o, STR("code"), code);
    json_set(m, o, STR("valueBoolean"), json_new_bool(m, true));
    json_set(m, o, STR("exclude"), json_new_bool(m, chip->negate));
    return o;
}

struct json *audience_to_group(struct op *op, const struct audience *a)
{
    struct arena *m = op->arena;
    struct json *g = json_new(m, JSON_OBJECT), *list = json_new(m, JSON_ARRAY);
    struct json *all = json_new(m, JSON_ARRAY);

    add_text(op, list, "purpose", a->purpose);
    add_text(op, list, "path", a->path);
    add_number(op, list, "lately", a->lately);
    add_number(op, list, "hold-out", a->hold_out);
    for (size_t i = 0; i < a->n; i++)
        json_push(m, all, characteristic(op, &a->chips[i]));
    json_set_str(m, g, STR("resourceType"), STR("Group"));
    json_set(m, g, STR("extension"), list);
    json_set(m, g, STR("active"), json_new_bool(m, true));
    json_set_str(m, g, STR("type"), STR("person"));
    json_set(m, g, STR("actual"), json_new_bool(m, false));
    json_set_str(m, g, STR("name"), a->name);
    if (a->n)
        json_set(m, g, STR("characteristic"), all);
    return g;
}

static const struct json *of(const struct json *o, const char *name, const char *kind)
{
    const struct json *list = JSON_GET(o, "extension");
    for (size_t i = 0; list && i < list->n; i++) {
        str url = json_get_str(json_at(list, i), STR("url"));
        if (str_starts(url, STR(AUDIENCE_URL)) &&
            str_eq(str_sub(url, sizeof AUDIENCE_URL - 1, url.n), str_of(name)))
            return json_get(json_at(list, i), str_of(kind));
    }
    return NULL;
}

static void copy(struct op *op, struct json *to, const char *name, const struct json *v)
{
    if (v)
        json_set(op->arena, to, str_of(name), v);
}

static struct json *chip_from(struct op *op, const struct json *c)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    copy(op, o, "chip", of(c, "chip", "valueString"));
    copy(op, o, "value", of(c, "value", "valueString"));
    copy(op, o, "search", of(c, "search", "valueString"));
    if (json_bool(JSON_GET(c, "exclude"), false))
        json_set(op->arena, o, STR("not"), json_new_bool(op->arena, true));
    return o;
}

struct json *audience_from_group(struct op *op, const struct json *group)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *groups = json_new(m, JSON_ARRAY);
    const struct json *all = JSON_GET(group, "characteristic");
    struct json *any[AUDIENCE_CHIPS_MAX] = {NULL};
    for (size_t i = 0; all && i < all->n; i++) {
        int64_t g = 0;
        (void)!json_i64(of(json_at(all, i), "group", "valueUnsignedInt"), &g);
        if (g < 0 || g >= (int64_t)AUDIENCE_CHIPS_MAX)
            continue;
        if (!any[g])
            any[g] = json_new(m, JSON_ARRAY);
        json_push(m, any[g], chip_from(op, json_at(all, i)));
    }
    for (size_t g = 0; g < AUDIENCE_CHIPS_MAX; g++)
        if (any[g])
            json_push(m, groups, any[g]);
    copy(op, o, "id", JSON_GET(group, "id"));
    copy(op, o, "name", JSON_GET(group, "name"));
    copy(op, o, "purpose", of(group, "purpose", "valueString"));
    copy(op, o, "path", of(group, "path", "valueString"));
    copy(op, o, "lately", of(group, "lately", "valueUnsignedInt"));
    copy(op, o, "holdOut", of(group, "hold-out", "valueUnsignedInt"));
    json_set(m, o, STR("groups"), groups);
    return o;
}
