/* Every one of the 146 resource types, from the tables: a minimal and a full instance are valid and
 * come back from the stored form; one fault put into them is told with its FHIRPath. */
#include "base/test.h"
#include "fhir_int.h"

struct maker {
    struct arena *a;
    size_t turn;      /* which type of a choice comes next … */
    const bool *used; /* … unless one is still unused; may be NULL */
};

static struct json *object(struct maker *m, uint16_t type, unsigned depth);

/* A value of a primitive type that its format takes. */
static struct json *primitive(struct maker *m, const struct fhir_row *r)
{
    static const struct {
        uint16_t type;
        const char *text;
    } samples[] = {
        {FHIR_BASE64_BINARY, "AAAA"},
        {FHIR_DATE, "2024-02-29"},
        {FHIR_DATE_TIME, "2024-02-29T10:00:00Z"},
        {FHIR_INSTANT, "2024-02-29T10:00:00.001+01:00"},
        {FHIR_TIME, "10:00:00"},
        {FHIR_OID, "urn:oid:1.2"},
        {FHIR_UUID, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        {FHIR_XHTML, "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"},
    };
    if (r->set && fhir_sets[r->set].rule == SET_LISTED)
        return json_new_str(m->a, fhir_word(fhir_codes[fhir_sets[r->set].first].code));
    if (r->set)
        return json_new_str(m->a, fhir_sets[r->set].rule == SET_MIME ? STR("a/b") : STR("en"));
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (samples[i].type == r->type)
            return json_new_str(m->a, str_of(samples[i].text));
    if (r->type == FHIR_BOOLEAN)
        return json_new_bool(m->a, true);
    if (r->type == FHIR_DECIMAL)
        return json_new_num(m->a, STR("1.50"));
    if (fhir_is_a(r->type, FHIR_INTEGER))
        return json_new_i64(m->a, 1);
    return json_new_str(m->a, STR("a"));
}

static struct json *reference(struct maker *m, const struct fhir_row *r)
{
    struct json *v = json_new(m->a, JSON_OBJECT);
    str type = r->targets ? fhir_word(fhir_models[fhir_targets[r->targets]].name) : STR("Patient");
    json_set_str(m->a, v, STR("reference"), arena_printf(m->a, "%.*s/1", STR_ARG(type)));
    return v;
}

static struct json *concept(struct maker *m, uint16_t set)
{
    struct json *v = json_new(m->a, JSON_OBJECT), *c = json_new(m->a, JSON_OBJECT);
    const struct fhir_code *code = &fhir_codes[fhir_sets[set].first];
    bool listed = fhir_sets[set].rule == SET_LISTED;
    json_set_str(m->a, c, STR("code"), listed ? fhir_word(code->code) : STR("kg"));
    if (listed)
        json_set_str(m->a, c, STR("system"), fhir_word(code->system));
    struct json *list = json_new(m->a, JSON_ARRAY);
    json_push(m->a, list, c);
    json_set(m->a, v, STR("coding"), list);
    return v;
}

static struct json *value_of(struct maker *m, uint16_t row, unsigned depth);

static struct json *extension(struct maker *m, unsigned depth)
{
    const struct fhir_model *model = &fhir_models[FHIR_EXTENSION];
    struct json *v = json_new(m->a, JSON_OBJECT);
    uint16_t row = fhir_row_find(FHIR_EXTENSION, STR("valueBoolean"));
    for (uint16_t i = 0; m->used && depth && i < model->n_rows; i++) {
        uint16_t other = fhir_lists[model->list + i];
        if (!m->used[other] && fhir_rows[other].flags & ROW_CHOICE)
            row = other;
    }
    json_set_str(m->a, v, STR("url"), STR("http://example.org/x"));
    json_set(m->a, v, fhir_word(fhir_rows[row].name), value_of(m, row, depth ? depth - 1 : 0));
    return v;
}

static struct json *value_of(struct maker *m, uint16_t row, unsigned depth)
{
    const struct fhir_row *r = &fhir_rows[row];
    struct json *v;
    if (r->flags & ROW_PRIMITIVE)
        v = primitive(m, r);
    else if (r->type == FHIR_REFERENCE)
        v = reference(m, r);
    else if (r->type == FHIR_CODEABLE_CONCEPT && r->set)
    v = concept(m, r->set);
    else if (r->type == FHIR_EXTENSION) v = extension(m, depth);
    else v = object(m, r->type == FHIR_RESOURCE ? FHIR_BASIC : r->type, depth ? depth - 1 : 0);
    if (!(r->flags & ROW_ARRAY))
        return v;
    struct json *list = json_new(m->a, JSON_ARRAY);
    json_push(m->a, list, v);
    return list;
}

/* Bundle's rules want some elements absent; contained is made by hand elsewhere. */
static bool left_out(uint16_t type, const struct fhir_row *r)
{
    str name = fhir_word(r->element);
    if (str_eq(name, STR("contained")))
        return true;
    str at = fhir_word(fhir_models[type].name);
    bool entry = str_eq(at, STR("Bundle.entry"));
    return (type == FHIR_BUNDLE && str_eq(name, STR("total"))) ||
           (entry && (str_eq(name, STR("search")) || str_eq(name, STR("response")) ||
                      str_eq(name, STR("request"))));
}

static str member_of(uint16_t row)
{
    return fhir_word(fhir_rows[row].name);
}

static struct json *object(struct maker *m, uint16_t type, unsigned depth)
{
    const struct fhir_model *model = &fhir_models[type];
    struct json *v = json_new(m->a, JSON_OBJECT);
    if (model->kind == KIND_RESOURCE)
        json_set_str(m->a, v, STR("resourceType"), fhir_word(model->name));
    for (uint16_t i = 0; i < model->n_rows;) {
        uint16_t first = i, row, ordinal = fhir_rows[fhir_lists[model->list + i]].ordinal;
        while (i < model->n_rows && fhir_rows[fhir_lists[model->list + i]].ordinal == ordinal)
            i++;
        row = fhir_lists[model->list + first + m->turn++ % (size_t)(i - first)];
        for (uint16_t j = first; m->used && j < i; j++)
            if (!m->used[fhir_lists[model->list + j]])
                row = fhir_lists[model->list + j];
        const struct fhir_row *r = &fhir_rows[row];
        if ((depth || r->flags & ROW_REQUIRED) && !left_out(type, r))
            json_set(m->a, v, member_of(row), value_of(m, row, depth));
    }
    if (type == FHIR_BUNDLE)
        json_set_str(m->a, v, STR("type"), STR("collection"));
    if (str_eq(fhir_word(model->name), STR("Bundle.entry")) && !JSON_GET(v, "resource"))
        json_set(m->a, v, STR("resource"), object(m, FHIR_BASIC, 0));
    if (v->n == 0) {
        struct json *list = json_new(m->a, JSON_ARRAY);
        json_push(m->a, list, extension(m, 0));
        json_set(m->a, v, STR("extension"), list);
    }
    return v;
}

static void must_be_valid(struct op *op, struct json *v, str what)
{
    if (fhir_validate(op, v) == OK && op->fault.n == 0)
        return;
    struct buf b;
    buf_init(&b, op->arena, 1u << 24);
    json_write(&b, v);
    fail_msg("%.*s at %.*s: %.*s\n%.*s\n", STR_ARG(what), STR_ARG(op->fault.issues[0].expression),
             STR_ARG(op->fault.issues[0].message), (int)(b.n > 2000 ? 2000 : b.n), b.p);
}

static void comes_back(struct op *op, fhir_type type, struct json *v)
{
    struct buf b;
    struct json *again = NULL;
    json_set_str(op->arena, v, STR("id"), STR("i"));
    struct json *meta = JSON_GET(v, "meta");
    if (!meta)
        json_set(op->arena, v, STR("meta"), json_new(op->arena, JSON_OBJECT));
    meta = JSON_GET(v, "meta");
    json_set_str(op->arena, meta, STR("versionId"), STR("3"));
    json_set_str(op->arena, meta, STR("lastUpdated"), STR("2023-11-14T22:13:20.000Z"));
    buf_init(&b, op->arena, 1u << 24);
    fhir_head_write(&b, type, STR("i"), 3, 1700000000000);
    fhir_body_write(&b, v);
    assert_true(buf_ok(&b));
    assert_int_equal(fhir_read(op, buf_str(&b), type, &again), OK);
    assert_true(json_equal(v, again));
}

static void minimal_and_full_are_valid(void **state)
{
    (void)state;
    struct op op = test_op();
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        for (unsigned depth = 0; depth < 4; depth++) {
            struct maker m = {.a = op.arena, .turn = depth * 7u};
            struct json *v = object(&m, t, depth);
            must_be_valid(&op, v, fhir_type_name(t));
            comes_back(&op, t, v);
            op_clear(&op);
            arena_reset(op.arena);
        }
    }
    test_op_done(&op);
}

static void mark(const struct json *v, bool *seen, unsigned depth)
{
    assert_true(depth < 100);
    seen[FHIR_TAG_ROW(v->tag)] = true;
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        mark(&v->u.items[i], seen, depth + 1);
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++)
        mark(&v->u.members[i].value, seen, depth + 1);
}

/* Over enough instances every row of the tables is used, so none of them is wrong by itself. */
static void every_row_is_used(void **state)
{
    (void)state;
    static bool seen[FHIR_ROW_COUNT + 1];
    struct op op = test_op();
    for (size_t turn = 0; turn < 60; turn++)
        for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
            struct maker m = {.a = op.arena, .used = seen};
            struct json *v = object(&m, t, 6);
            must_be_valid(&op, v, fhir_type_name(t));
            mark(v, seen, 0);
            arena_reset(op.arena);
        }
    size_t unused = 0;
    for (uint16_t row = 1; row <= FHIR_ROW_COUNT; row++)
        unused += !seen[row];
    /* What left_out() names and what is below it, and Reference.type, .identifier, .display. */
    assert_int_equal(unused, 21);
    test_op_done(&op);
}

/* Every element of every resource type alone, every type of every choice. */
static void every_element_is_taken(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t n = 0;
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        for (uint16_t i = 0; i < fhir_models[t].n_rows; i++, n++) {
            struct maker m = {.a = op.arena, .turn = 0};
            uint16_t row = fhir_lists[fhir_models[t].list + i];
            struct json *v = object(&m, t, 0);
            if (left_out(t, &fhir_rows[row]))
                continue;
            for (uint16_t j = 0; j < fhir_models[t].n_rows; j++) {
                uint16_t other = fhir_lists[fhir_models[t].list + j];
                if (fhir_rows[other].ordinal == fhir_rows[row].ordinal)
                    json_unset(v, member_of(other));
            }
            json_set(op.arena, v, member_of(row), value_of(&m, row, 0));
            if (t == FHIR_BUNDLE)
                json_set_str(op.arena, v, STR("type"), STR("collection"));
            must_be_valid(&op, v, member_of(row));
            arena_reset(op.arena);
        }
    assert_true(n > 3000);
    test_op_done(&op);
}

/* One of the problems is at path. */
static void must_complain_at(struct op *op, struct json *v, str path)
{
    assert_int_equal(fhir_validate(op, v), ERR_UNPROCESSABLE);
    for (size_t i = 0; i < op->fault.n; i++)
        if (str_eq(op->fault.issues[i].expression, path))
            return;
    fail_msg("no problem at %.*s; first at %.*s\n", STR_ARG(path),
             STR_ARG(op->fault.issues[0].expression));
}

static str path_of(struct op *op, fhir_type t, const struct fhir_row *r, const char *index)
{
    str type = fhir_word(fhir_models[r->type].name), name = fhir_word(r->element);
    if (r->flags & ROW_CHOICE)
        return arena_printf(op->arena, "%.*s.%.*s.ofType(%.*s)", STR_ARG(fhir_type_name(t)),
                            STR_ARG(name), STR_ARG(type));
    return arena_printf(op->arena, "%.*s.%.*s%s", STR_ARG(fhir_type_name(t)), STR_ARG(name),
                        r->flags & ROW_ARRAY ? index : "");
}

static void unknown_and_missing_are_told(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t missing = 0;
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        struct maker m = {.a = op.arena, .turn = 0};
        struct json *v = object(&m, t, 0);
        json_set_str(op.arena, v, STR("zzz"), STR("a"));
        must_complain_at(&op, v, arena_printf(op.arena, "%.*s.zzz", STR_ARG(fhir_type_name(t))));
        op_clear(&op);
        for (uint16_t i = 0; i < fhir_models[t].n_rows; i++) {
            const struct fhir_row *r = &fhir_rows[fhir_lists[fhir_models[t].list + i]];
            v = object(&m, t, 0);
            m.turn = 0;
            if (!(r->flags & ROW_REQUIRED) || !json_get(v, fhir_word(r->name)))
                continue;
            json_unset(v, fhir_word(r->name));
            must_complain_at(&op, v,
                             arena_printf(op.arena, "%.*s.%.*s", STR_ARG(fhir_type_name(t)),
                                          STR_ARG(fhir_word(r->element))));
            op_clear(&op);
            missing++;
        }
        arena_reset(op.arena);
    }
    assert_true(missing > 200);
    test_op_done(&op);
}

/* A JSON value that no FHIR element of this row takes. */
static struct json *misfit(struct op *op, const struct fhir_row *r, bool list)
{
    struct json *wrong = r->flags & ROW_PRIMITIVE ? json_new(op->arena, JSON_OBJECT)
                                                  : json_new_bool(op->arena, true);
    if (r->flags & ROW_PRIMITIVE)
        json_set_str(op->arena, wrong, STR("a"), STR("b"));
    if (!list)
        return wrong;
    struct json *v = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, v, wrong);
    return v;
}

static void wrong_types_and_codes_are_told(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t codes = 0;
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        for (uint16_t i = 0; i < fhir_models[t].n_rows; i++) {
            struct maker m = {.a = op.arena, .turn = 0};
            const struct fhir_row *r = &fhir_rows[fhir_lists[fhir_models[t].list + i]];
            bool list = r->flags & ROW_ARRAY;
            struct json *v = object(&m, t, 0), *bad;
            json_set(op.arena, v, fhir_word(r->name), misfit(&op, r, list));
            must_complain_at(&op, v, path_of(&op, t, r, "[0]"));
            op_clear(&op);
            v = object(&m, t, 0);
            json_set(op.arena, v, fhir_word(r->name), misfit(&op, r, !list));
            must_complain_at(&op, v, path_of(&op, t, r, ""));
            op_clear(&op);
            if (r->set && r->type == FHIR_CODE && fhir_sets[r->set].rule == SET_LISTED) {
                bad = json_new_str(op.arena, STR("no-such-code"));
                if (list) {
                    struct json *one = bad;
                    json_push(op.arena, bad = json_new(op.arena, JSON_ARRAY), one);
                }
                v = object(&m, t, 0);
                json_set(op.arena, v, fhir_word(r->name), bad);
                must_complain_at(&op, v, path_of(&op, t, r, "[0]"));
                op_clear(&op);
                codes++;
            }
            arena_reset(op.arena);
        }
    assert_true(codes > 100);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimal_and_full_are_valid),
        cmocka_unit_test(every_row_is_used),
        cmocka_unit_test(every_element_is_taken),
        cmocka_unit_test(unknown_and_missing_are_told),
        cmocka_unit_test(wrong_types_and_codes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
