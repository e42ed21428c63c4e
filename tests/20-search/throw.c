/* Random conditions whose values are taken from what the resources hold, their text for the other
 * side, and the comparison of the two answers. See model.h. */
#include "model.h"

#include <stdio.h>

uint32_t model_roll(struct model *m, uint32_t n)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return n ? (uint32_t)(m->seed >> 33) % n : 0;
}

/* ---- conditions ---- */

static struct json *some_item(struct model *m, const struct model_param *p, fhir_type type,
                              str *ret_kind)
{
    for (int tries = 0; tries < 12; tries++) {
        struct model_resource *r = &m->resources[model_roll(m, (uint32_t)m->n)];
        if (r->type != type && tries < 11) {
            size_t from = model_roll(m, (uint32_t)m->n); /* the next of the type */
            for (size_t i = 0; i < m->n && r->type != type; i++)
                r = &m->resources[(from + i) % m->n];
        }
        if (r->type != type)
            return NULL;
        const struct fhir_path_items *items = model_items(m, r, p);
        if (items->n == 0)
            continue;
        size_t i = model_roll(m, (uint32_t)items->n);
        *ret_kind = model_kind(items, i);
        return items->at[i];
    }
    return NULL;
}

static str piece(struct model *m, str s)
{
    size_t from = model_roll(m, 2) ? 0 : model_roll(m, (uint32_t)s.n),
           to = from + 1 + model_roll(m, (uint32_t)(s.n - from));
    while (from < s.n && ((unsigned char)s.p[from] & 0xc0) == 0x80)
        from++;
    while (to < s.n && ((unsigned char)s.p[to] & 0xc0) == 0x80)
        to++;
    return str_sub(s, from, to);
}

static str any_text(struct model *m, const struct json *v, int depth)
{
    if (v && v->type == JSON_STRING)
        return v->u.s;
    if (v && v->type == JSON_ARRAY)
        return any_text(m, json_at(v, model_roll(m, v->n)), depth);
    if (v && v->type == JSON_OBJECT && v->n && depth < 3)
        return any_text(m, &v->u.members[model_roll(m, v->n)].value, depth + 1);
    return STR_NONE;
}

static bool clean(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr(",|$\\", s.p[i]))
            return false;
    return s.n > 0;
}

static bool typed_value(struct model *m, const struct json *v, struct model_value *w)
{
    const struct json *coding = json_at(JSON_GET(JSON_GET(v, "type"), "coding"), 0);
    w->text = json_get_str(v, STR("value"));
    w->has_system = true;
    w->system = json_get_str(coding, STR("system"));
    w->code = model_roll(m, 5) ? json_get_str(coding, STR("code")) : STR("MR");
    return w->text.n && w->system.n && w->code.n;
}

static bool token_value(struct model *m, struct model_cond *c, const struct model_seen *seen,
                        struct model_value *w)
{
    const struct json *v = seen->v, *coding = v;
    str kind = seen->kind;
    if (c->mod == TEXT) {
        str text = any_text(m, v, 0);
        w->text = text.n ? str_trim(piece(m, text)) : STR_NONE;
        return clean(w->text);
    }
    if (v->type == JSON_TRUE || v->type == JSON_FALSE || v->type == JSON_STRING) {
        w->code = v->type == JSON_STRING ? v->u.s
                  : v->type == JSON_TRUE ? STR("true")
                                         : STR("false");
        return c->mod != OF_TYPE && clean(w->code);
    }
    if (c->mod == OF_TYPE)
        return typed_value(m, v, w);
    if (str_eq(kind, STR("CodeableConcept")))
        coding = json_at(JSON_GET(v, "coding"), 0);
    bool value = str_eq(kind, STR("Identifier")) || str_eq(kind, STR("ContactPoint"));
    w->code = json_get_str(coding, value ? STR("value") : STR("code"));
    w->has_system = model_roll(m, 2);
    w->system = model_roll(m, 8) && !str_eq(kind, STR("ContactPoint"))
                    ? json_get_str(coding, STR("system"))
                    : STR("");
    if (w->has_system && w->system.n && model_roll(m, 4) == 0)
        w->code = STR("");
    return w->code.n || (w->has_system && w->system.n);
}

static bool measure_value(struct model *m, const struct model_cond *c, const struct json *v,
                          struct model_value *w)
{
    static const char *const odd[] = {"0", "1", "70", "70.4", "5", "0.2", "100"};
    const struct json *n = v->type == JSON_NUMBER ? v : JSON_GET(v, "value");
    w->prefix = model_roll(m, 2) ? 0 : (int)model_roll(m, PREFIX_AP);
    w->code = n && model_roll(m, 3) ? n->u.s : str_of(odd[model_roll(m, 7)]);
    if (c->param->type == PARAM_QUANTITY && model_roll(m, 2) && v->type == JSON_OBJECT) {
        w->text = json_get_str(v, model_roll(m, 3) ? STR("code") : STR("unit"));
        w->system = model_roll(m, 2) && w->text.n ? json_get_str(v, STR("system")) : STR("");
    }
    return w->code.n < 19 && str_find_char(w->code, 'e', 0) == SIZE_MAX;
}

static bool reference_value(struct model *m, struct model_cond *c, const struct json *v,
                            struct model_value *w)
{
    str ref = v->type == JSON_STRING ? v->u.s : json_get_str(v, STR("reference"));
    const struct json *id = JSON_GET(v, "identifier");
    if (v->type == JSON_STRING) {
        w->code = model_roll(m, 2) ? ref : str_sub(ref, 0, str_find_char(ref, '|', 0));
        return ref.n && c->mod == AS_IS;
    }
    if (c->mod == IDENTIFIER) {
        w->has_system = model_roll(m, 2);
        w->system = json_get_str(id, STR("system"));
        w->code = json_get_str(id, STR("value"));
        return w->code.n > 0;
    }
    size_t slash = str_find_char(ref, '/', 0);
    w->code = ref;
    if (c->target || (slash != SIZE_MAX && model_roll(m, 3) == 0)) {
        if (slash == SIZE_MAX)
            return false;
        c->target = fhir_type_parse(str_sub(ref, 0, slash));
        w->code = str_sub(ref, slash + 1, ref.n);
    }
    return ref.n > 0 && ref.p[0] != '#';
}

static bool value_for(struct model *m, struct model_cond *c, fhir_type type, struct model_value *w)
{
    str kind;
    struct json *v = some_item(m, c->param, type, &kind);
    *w = (struct model_value){0};
    if (!v)
        return false;
    switch (c->param->type) {
    case PARAM_TOKEN:
        return token_value(m, c, &(struct model_seen){kind, v}, w);
    case PARAM_STRING: {
        str text = any_text(m, v, 0);
        w->text = !text.n ? text : c->mod == EXACT && model_roll(m, 3) ? text : piece(m, text);
        return clean(w->text) && w->text.p[0] != ' ' && w->text.p[w->text.n - 1] != ' ';
    }
    case PARAM_DATE:
        w->code = any_text(m, v, 0);
        w->prefix = (int)model_roll(m, PREFIX_AP);
        if (model_roll(m, 3) == 0)
            w->code = str_sub(w->code, 0, model_roll(m, 2) ? 4 : 7);
        return time_parse(w->code, &(struct time_span){0});
    case PARAM_NUMBER:
    case PARAM_QUANTITY:
        return measure_value(m, c, v, w);
    case PARAM_REFERENCE:
        return reference_value(m, c, v, w);
    case PARAM_URI: {
        w->code = any_text(m, v, 0);
        size_t slash = str_find_char(w->code, '/', 9);
        if (c->mod == BELOW && slash < w->code.n && model_roll(m, 2))
            w->code = str_sub(w->code, 0, slash);
        if (c->mod == ABOVE && w->code.n)
            w->code = arena_cat(m->op.arena, w->code, STR("/more/1"));
        return w->code.n && clean(w->code);
    }
    default:
        break;
    }
    return false;
}

static bool composite_value(struct model *m, const struct model_cond *c, fhir_type type,
                            struct model_value *w)
{
    *w = (struct model_value){.parts = ARENA_ARRAY(m->op.arena, struct model_value, MODEL_PARTS)};
    for (size_t i = 0; i < c->param->n_parts; i++) {
        struct model_cond part = {.param = c->param->parts[i]};
        if (!value_for(m, &part, type, &w->parts[i]) || part.target)
            return false;
    }
    return c->param->n_parts > 0;
}

static enum model_mod some_mod(struct model *m, const struct model_param *p)
{
    if (p->type == PARAM_COMPOSITE || model_roll(m, 2))
        return AS_IS;
    if (model_roll(m, 3) == 0)
        return IS_MISSING;
    switch (p->type) {
    case PARAM_STRING:
        return (enum model_mod[]){EXACT, CONTAINS, TEXT}[model_roll(m, 3)];
    case PARAM_TOKEN:
        return (enum model_mod[]){NOT, TEXT, OF_TYPE}[model_roll(m, 3)];
    case PARAM_URI:
        return model_roll(m, 2) ? BELOW : ABOVE;
    case PARAM_REFERENCE:
        return IDENTIFIER;
    default:
        return AS_IS;
    }
}

const struct model_param *model_some_param(struct model *m, fhir_type type, int kind)
{
    size_t from = model_roll(m, (uint32_t)m->n_params);
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *p = &m->params[(from + i) % m->n_params];
        bool server = strcmp(p->code, "_lastUpdated") == 0 || strcmp(p->code, "_id") == 0;
        if ((!type || p->base == type) && (kind < 0 || p->type == kind) && !server)
            return p;
    }
    return NULL;
}

/* A chain over a reference that is really there. */
static bool chain(struct model *m, fhir_type type, unsigned depth, struct model_cond *c)
{
    str kind;
    const struct model_param *p = model_some_param(m, type, PARAM_REFERENCE);
    struct json *v = p ? some_item(m, p, type, &kind) : NULL;
    struct model_resource *t = v ? model_find(m, json_get_str(v, STR("reference"))) : NULL;
    if (!t)
        return false;
    *c = (struct model_cond){.param = p, .target = t->type};
    c->chain = ARENA_NEW(m->op.arena, struct model_cond);
    return model_condition(m, t->type, depth + 1, c->chain);
}

static bool has(struct model *m, fhir_type type, unsigned depth, struct model_cond *c)
{
    struct model_resource *from = &m->resources[model_roll(m, (uint32_t)m->n)];
    const struct model_param *p = model_some_param(m, from->type, PARAM_REFERENCE);
    const struct fhir_path_items *items = p ? model_items(m, from, p) : NULL;
    str name = fhir_type_name(type);
    for (size_t i = 0; items && i < items->n; i++) {
        str ref = json_get_str(items->at[i], STR("reference"));
        if (!str_starts(ref, name) || ref.p[name.n] != '/')
            continue;
        *c = (struct model_cond){.param = p, .reverse = true};
        c->chain = ARENA_NEW(m->op.arena, struct model_cond);
        return model_condition(m, from->type, depth + 1, c->chain);
    }
    return false;
}

bool model_values(struct model *m, fhir_type type, struct model_cond *c)
{
    const struct model_param *p = c->param;
    if (c->mod == IS_MISSING)
        return true;
    c->n = 1 + model_roll(m, 2);
    for (size_t i = 0; i < c->n; i++)
        if (!(p->type == PARAM_COMPOSITE ? composite_value(m, c, type, &c->v[i])
                                         : value_for(m, c, type, &c->v[i])))
            return false;
    return true;
}

bool model_condition(struct model *m, fhir_type type, unsigned depth, struct model_cond *c)
{
    uint32_t way = depth < 3 ? model_roll(m, 6) : 5;
    if (depth == 0 && model_roll(m, 12) == 0)
        return model_words_some(m, type, c);
    if (way == 0)
        return chain(m, type, depth, c);
    if (way == 1)
        return has(m, type, depth, c);
    const struct model_param *p = model_some_param(m, type, -1);
    if (!p)
        return false;
    *c = (struct model_cond){.param = p, .mod = some_mod(m, p), .missing = model_roll(m, 2)};
    return model_values(m, type, c);
}
/* ---- as text ---- */

static void put(struct buf *b, str s)
{
    buf_url(b, s);
}

static void put_value(struct buf *b, const struct model_param *p, enum model_mod mod,
                      const struct model_value *v)
{
    static const char *const prefixes[] = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
    if (p->type == PARAM_DATE || p->type == PARAM_NUMBER || p->type == PARAM_QUANTITY)
        buf_add(b, str_of(prefixes[v->prefix]));
    if (mod == OF_TYPE) {
        put(b, v->system);
        buf_add(b, STR("|"));
        put(b, v->code);
        buf_add(b, STR("|"));
        put(b, v->text);
    } else if (p->type == PARAM_STRING || mod == TEXT) {
        put(b, v->text);
    } else if (p->type == PARAM_QUANTITY && v->text.n) {
        put(b, v->code);
        buf_add(b, STR("|"));
        put(b, v->system);
        buf_add(b, STR("|"));
        put(b, v->text);
    } else {
        if (v->has_system)
            put(b, v->system);
        if (v->has_system)
            buf_add(b, STR("|"));
        if (p->type == PARAM_URI || p->type == PARAM_REFERENCE)
            for (size_t i = 0; i < v->code.n; i++)
                buf_printf(b, v->code.p[i] == '|' && p->type == PARAM_URI ? "%%5C%%7C" : "%%%02X",
                           (unsigned char)v->code.p[i]);
        else
            put(b, v->code);
    }
}

static void put_name(struct buf *b, const struct model_cond *c)
{
    static const char *const mods[] = {"",      ":missing", ":exact", ":contains", ":not",
                                       ":text", ":of-type", ":below", ":above",    ":identifier"};
    str target = fhir_type_name(c->target);
    if (c->reverse)
        buf_printf(b, "_has:%.*s:", STR_ARG(fhir_type_name(c->param->base)));
    buf_add(b, str_of(c->param->code));
    if (c->target && !c->reverse)
        buf_printf(b, ":%.*s", STR_ARG(target));
    if (!c->chain) {
        buf_add(b, str_of(mods[c->mod]));
        return;
    }
    buf_char(b, c->reverse ? ':' : '.');
    put_name(b, c->chain);
}

static void put_condition(struct buf *b, const struct model_cond *whole)
{
    const struct model_cond *c = whole;
    put_name(b, whole);
    buf_char(b, '=');
    while (c->chain)
        c = c->chain;
    if (c->mod == IS_MISSING)
        buf_add(b, c->missing ? STR("true") : STR("false"));
    for (size_t i = 0; i < c->n; i++) {
        buf_add(b, i ? STR(",") : STR(""));
        for (size_t k = 0; k < c->param->n_parts; k++) {
            buf_add(b, k ? STR("$") : STR(""));
            put_value(b, c->param->parts[k], AS_IS, &c->v[i].parts[k]);
        }
        if (!c->param->n_parts)
            put_value(b, c->param, c->mod, &c->v[i]);
    }
}

/* ---- comparing ---- */

/* Marks what the record finds, page after page. */
static bool mark(struct model *m, struct fixture *f, str query, size_t *ret_n)
{
    struct record_page page = {0};
    *ret_n = 0;
    m->searches++;
    do {
        str name = fhir_type_name(m->type);
        str next = page.next.n ? arena_cat(m->op.arena, STR("&_page="), page.next) : STR("");
        str whole = arena_cat(m->op.arena, query, next);
        arena_reset(f->arena);
        fixture_as(f, &f->system);
        if (record_find(&f->op, f->rec, m->type, whole, &page) != OK) {
            print_error("%.*s?%.*s: %.*s\n", STR_ARG(name), STR_ARG(whole),
                        STR_ARG(f->op.fault.issues[0].message));
            return false;
        }
        for (size_t k = 0; k < page.n; k++) {
            str ref = arena_printf(f->arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(page.docs[k].id));
            struct model_resource *r = model_find(m, ref);
            if (!r || r->found == m->searches)
                return false; /* not there, or twice */
            r->found = m->searches;
        }
        *ret_n += page.n;
    } while (page.next.n);
    return true;
}

bool model_compare(struct model *m, struct fixture *f, const struct model_cond *c, size_t n,
                   bool *ret_some)
{
    struct buf b;
    size_t hits = 0, found;
    str name = fhir_type_name(m->type);
    buf_init(&b, m->op.arena, 100000);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i ? STR("&") : STR(""));
        if (c[i].words)
            model_words_put(m, &b, c[i].words);
        else
            put_condition(&b, &c[i]);
    }
    buf_add(&b, STR("&_count=1000"));
    str query = buf_str(&b);
    if (!mark(m, f, query, &found))
        return false;
    for (size_t i = 0; i < m->n; i++) {
        struct model_resource *r = &m->resources[i];
        bool yes = r->type == m->type;
        for (size_t k = 0; k < n && yes; k++)
            yes = model_holds(m, r, &c[k]);
        hits += yes;
        if (yes == (r->found == m->searches))
            continue;
        buf_init(&b, m->op.arena, 1u << 20);
        json_write(&b, r->tree);
        print_error("%.*s?%.*s: the model says %s of %.*s\n%.*s\n", STR_ARG(name), STR_ARG(query),
                    yes ? "yes" : "no", STR_ARG(r->ref), STR_ARG(buf_str(&b)));
        return false;
    }
    *ret_some = hits > 0;
    return found == hits;
}
