/* The invariants and non-required bindings of the base types, from spec/fhir: paths resolved to
 * types and rows of the model, expressions compiled once. Those that fhir_validate() sees to by
 * hand (ele-1, ext-1, txt-*, ref-1, dom-2 to dom-5, those of Bundle) are left out here. Invariant:
 * a row of the table that does not fit the model or the engine is an error at start. */
#include "fhir/profile_int.h"

struct fhir_rules {
    const struct profile_rule *by_type[FHIR_MODEL_COUNT + 1];
    const struct profile_rule *by_row[FHIR_ROW_COUNT + 1];
    const struct profile_binding *bindings[FHIR_ROW_COUNT + 1];
    size_t n;
};

static bool by_hand(const char *key)
{
    static const char *const keys[] = {"ele-1", "ext-1", "txt-1",  "txt-2",  "ref-1",
                                       "dom-2", "dom-3", "dom-4",  "dom-5",  "bdl-1",
                                       "bdl-2", "bdl-3", "bdl-4",  "bdl-5",  "bdl-7",
                                       "bdl-8", "bdl-9", "bdl-10", "bdl-11", "bdl-12"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* "Patient.contact" to its type, or "Organization.address" to its rows (a choice has several). */
struct spot {
    uint16_t type, rows[64];
    size_t n;
};

static bool find_rows(struct spot *s, str name)
{
    const struct fhir_model *m = &fhir_models[s->type];
    if (str_ends(name, STR("[x]")))
        name = str_sub(name, 0, name.n - 3);
    uint16_t word = fhir_word_find(name), type = 0;
    s->n = 0;
    for (uint16_t i = 0; word && i < m->n_rows; i++) {
        uint16_t row = fhir_lists[m->list + i];
        if (fhir_rows[row].element == word && s->n < 64) {
            s->rows[s->n++] = row;
            type = fhir_rows[row].type;
        }
    }
    s->type = type;
    return s->n > 0;
}

/* The whole of a path; own: it is a type of its own (a resource, data type or backbone). */
static bool find(str path, struct spot *ret, bool *ret_own)
{
    str whole = path, step;
    struct spot s = {0};
    if (!str_take_until(&path, '.', &step) || !(s.type = fhir_model_find(step)))
        return false;
    while (str_take_until(&path, '.', &step))
        if (!find_rows(&s, step))
            return false;
    *ret_own = str_eq(fhir_word(fhir_models[s.type].name), whole);
    *ret = s;
    return true;
}

/* Rules of another form that hold where an element is absent, as it mostly is. */
static uint16_t guard_by_hand(str key)
{
    static const char *const rows[][2] = {
        {"obs-7", "component"},
        {"per-1", "end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq(key, str_of(rows[i][0])))
            return fhir_word_find(str_of(rows[i][1]));
    return 0;
}

/* "value.empty() or …" holds where there is no value, "value.exists() implies …" likewise; then the
 * expression need not be evaluated. Operators of the same or a lower rank would make that untrue.
 */
static uint16_t guard_of(str e)
{
    size_t n = 0;
    while (n < e.n && ((e.p[n] | 0x20) >= 'a' && (e.p[n] | 0x20) <= 'z'))
        n++;
    str name = str_sub(e, 0, n), rest = str_sub(e, n, e.n), tail;
    bool empty = str_starts(rest, STR(".empty() or "));
    if (!empty && !str_starts(rest, STR(".exists() implies ")))
        return 0;
    tail = str_sub(rest, 10, rest.n);
    bool again = str_find(str_sub(tail, 8, tail.n), STR(" implies "), 0) != SIZE_MAX;
    bool other = str_find(tail, STR(" xor "), 0) != SIZE_MAX;
    return again || (empty && other) ? 0 : fhir_word_find(name);
}

static err rule(struct op *op, struct arena *keep, const struct rule_row *row,
                const struct profile_rule **list)
{
    struct profile_rule *r = ARENA_NEW(keep, struct profile_rule);
    struct op inner;
    op_init(&inner, keep, op->actor, op->now);
    *r = (struct profile_rule){.next = NULL,
                               .key = str_of(row->key),
                               .human = str_of(row->human),
                               .error = strcmp(row->severity, "error") == 0,
                               .guard = guard_by_hand(str_of(row->key))};
    if (!r->guard)
        r->guard = guard_of(str_of(row->expression));
    while (r->human.n && r->human.p[r->human.n - 1] == '.')
        r->human.n--;
    if (fhir_path_compile(&inner, str_of(row->expression), &r->path) != OK)
        return fail(op, ERR_FAULT, "The invariant %s of R4 does not compile.", row->key);
    r->next = (struct profile_rule *)(uintptr_t)*list;
    *list = r;
    return OK;
}

static err rules(struct op *op, struct arena *keep, struct fhir_rules *r)
{
    for (size_t i = 0; i < FHIR_RULE_ROWS; i++) {
        const struct rule_row *row = &fhir_rule_rows[i];
        struct spot at;
        bool own;
        if (by_hand(row->key))
            continue;
        if (!find(str_of(row->path), &at, &own))
            return fail(op, ERR_FAULT, "The invariant %s of R4 has no place.", row->key);
        if (own)
            TRY(rule(op, keep, row, &r->by_type[at.type]));
        for (size_t k = 0; !own && k < at.n; k++)
            TRY(rule(op, keep, row, &r->by_row[at.rows[k]]));
        r->n++;
    }
    return OK;
}

static err bindings(struct op *op, struct arena *keep, struct fhir_rules *r)
{
    for (size_t i = 0; i < FHIR_BINDING_ROWS; i++) {
        const struct binding_row *row = &fhir_binding_rows[i];
        struct profile_binding *b = ARENA_NEW(keep, struct profile_binding);
        struct spot at;
        bool own;
        if (!find(str_of(row->path), &at, &own))
            return fail(op, ERR_FAULT, "A binding of R4 has no place: %s", row->path);
        *b = (struct profile_binding){
            .strength = strcmp(row->strength, "extensible") ? BIND_PREFERRED : BIND_EXTENSIBLE,
            .known = profile_set_find(str_of(row->set)),
            .set = str_of(row->set)};
        for (size_t k = 0; k < at.n; k++)
            r->bindings[at.rows[k]] = b;
    }
    return OK;
}

err fhir_rules_compile(struct op *op, struct arena *keep, const struct fhir_rules **ret)
{
    struct fhir_rules *r = ARENA_NEW(keep, struct fhir_rules);
    if (!r)
        return fail(op, ERR_UNAVAILABLE, "No memory for the invariants.");
    TRY(rules(op, keep, r));
    TRY(bindings(op, keep, r));
    if (arena_failed(keep))
        return fail(op, ERR_UNAVAILABLE, "No memory for the invariants.");
    *ret = r;
    return OK;
}

size_t fhir_rules_count(const struct fhir_rules *r)
{
    return r->n;
}

const struct profile_rule *rules_of_type(const struct fhir_rules *r, uint16_t type)
{
    return r->by_type[type];
}

const struct profile_rule *rules_of_row(const struct fhir_rules *r, uint16_t row)
{
    return r->by_row[row];
}

const struct profile_binding *rules_binding(const struct fhir_rules *r, uint16_t row)
{
    return r->bindings[row];
}
