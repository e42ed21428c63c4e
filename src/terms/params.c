/* Parameters in and out (http://hl7.org/fhir/R4/parameters.html). */
#include "terms/build_int.h"
#include "terms/params_int.h"

bool str_in(const char *names, str name)
{
    str list = str_of(names), one;
    while (str_take_until(&list, ' ', &one))
        if (str_eq(one, name))
            return true;
    return false;
}

err params_check(struct op *op, const struct json *in, const char *names)
{
    const struct json *list = JSON_GET(in, "parameter");
    for (size_t i = 0; list && i < list->n; i++) {
        str name = json_get_str(json_at(list, i), STR("name"));
        if (!str_in(names, name))
            return fail(op, ERR_INVALID, "This operation has no parameter \"%.*s\"; it has: %s.",
                        STR_ARG(str_sub(name, 0, 64)), names);
    }
    return OK;
}

const struct json *param_at(const struct json *in, str name, size_t i)
{
    const struct json *list = JSON_GET(in, "parameter");
    for (size_t k = 0; list && k < list->n; k++) {
        const struct json *p = json_at(list, k);
        if (str_eq(json_get_str(p, STR("name")), name) && i-- == 0)
            return p;
    }
    return NULL;
}

static const struct json *value_of(const struct json *p)
{
    for (uint32_t m = 0; p && m < p->n; m++)
        if (str_starts(p->u.members[m].name, STR("value")))
            return &p->u.members[m].value;
    return NULL;
}

str param_text(const struct json *in, const char *name)
{
    const struct json *v = value_of(param_at(in, str_of(name), 0));
    if (json_is(v, JSON_TRUE))
        return STR("true");
    return json_is(v, JSON_FALSE) ? STR("false") : json_str(v);
}

bool param_bool(const struct json *in, const char *name, bool fallback)
{
    str s = param_text(in, name);
    return s.n ? str_eq(s, STR("true")) : fallback;
}

const struct json *param_object(const struct json *in, const char *name, const char *member)
{
    const struct json *v = json_get(param_at(in, str_of(name), 0), str_of(member));
    return json_is(v, JSON_OBJECT) ? v : NULL;
}

err param_count(struct op *op, const struct json *in, const char *name, uint64_t fallback,
                uint64_t *ret)
{
    str s = param_text(in, name);
    *ret = fallback;
    if (s.n && !str_to_u64(s, INT32_MAX, ret))
        return fail(op, ERR_INVALID, "%s is a whole number from 0 on.", name);
    return OK;
}

static void put(struct op *op, struct json *list, const char *name, const char *member,
                const struct json *value)
{
    struct json *p = json_new(op->arena, JSON_OBJECT);
    if (!p || !value)
        return;
    json_set_str(op->arena, p, STR("name"), str_of(name));
    json_set(op->arena, p, str_of(member), value);
    json_push(op->arena, list, p);
}

void put_str(struct op *op, struct json *list, const char *name, const char *member, str value)
{
    if (value.n)
        put(op, list, name, member, json_new_str(op->arena, value));
}

void put_bool(struct op *op, struct json *list, const char *name, bool value)
{
    put(op, list, name, "valueBoolean", json_new_bool(op->arena, value));
}

void put_coding(struct op *op, struct json *list, const char *name, const struct note *coding)
{
    struct json *c = json_new(op->arena, JSON_OBJECT);
    if (coding->system.n)
        json_set_str(op->arena, c, STR("system"), coding->system);
    if (coding->code.n)
        json_set_str(op->arena, c, STR("code"), coding->code);
    if (coding->display.n)
        json_set_str(op->arena, c, STR("display"), coding->display);
    put(op, list, name, "valueCoding", c);
}

void put_parts(struct op *op, struct json *list, const char *name, const struct json *parts)
{
    put(op, list, name, "part", parts);
}

struct json *parameters(struct op *op, const struct json *list)
{
    struct json *p = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, p, STR("resourceType"), STR("Parameters"));
    json_set(op->arena, p, STR("parameter"), list);
    return p;
}

void asked_of(const struct json *coding, struct asked *ret)
{
    str bar;
    canonical_split(json_get_str(coding, STR("system")), &ret->system, &bar);
    ret->version = json_get_str(coding, STR("version"));
    if (!ret->version.n)
        ret->version = bar;
    ret->code = json_get_str(coding, STR("code"));
    ret->display = json_get_str(coding, STR("display"));
}

err request_set(struct ask *q, const struct terms_request *r, struct set **ret)
{
    const struct json *inline_set = param_object(r->in, "valueSet", "resource");
    str url = param_text(r->in, "url"), version = param_text(r->in, "valueSetVersion");
    struct found f;
    if (r->id.n || inline_set) {
        struct set *s = ARENA_NEW(q->op->arena, struct set);
        if (inline_set)
            return set_compile(q, inline_set, ret);
        TRY(catalog_instance(q, r->type, r->id, &f));
        if (!s || !set_view(&f.b, s))
            return fail(q->op, ERR_FAULT, "The value set could not be made ready.");
        *ret = s;
        return OK;
    }
    if (!url.n && param_text(r->in, "context").n)
        return fail(q->op, ERR_UNSUPPORTED,
                    "This server does not resolve \"context\"; name the value set by url.");
    if (!url.n)
        return fail(q->op, ERR_INVALID,
                    "Name the value set: url, or valueSet with the resource, or its address.");
    if (version.n && str_find_char(url, '|', 0) == SIZE_MAX)
        url = arena_printf(q->op->arena, "%.*s|%.*s", STR_ARG(url), STR_ARG(version));
    TRY(set_find(q, url, ret));
    return *ret ? OK : fail(q->op, ERR_NOT_FOUND, "The value set %.*s is not here.", STR_ARG(url));
}

err request_system(struct ask *q, const struct terms_request *r, struct system **ret)
{
    const struct json *given = param_object(r->in, "codeSystem", "resource");
    struct found f;
    str block;
    *ret = NULL;
    if (!r->id.n && !given)
        return OK;
    if (given)
        TRY(compile_system(q->op, given, COMPILED_MAX, &block));
    if (given && !blob_view(block, &f.b))
        return fail(q->op, ERR_FAULT, "The code system could not be made ready.");
    if (!given)
        TRY(catalog_instance(q, r->type, r->id, &f));
    struct system *s = ARENA_NEW(q->op->arena, struct system);
    if (!s || !system_view(&f.b, s))
        return fail(q->op, ERR_FAULT, "The code system could not be made ready.");
    *ret = s;
    return OK;
}

/* ---- displays ---- */

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static size_t skip_space(str s, size_t i)
{
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r'))
        i++;
    return i;
}

bool text_alike(str a, str b)
{
    size_t i = skip_space(a, 0), k = skip_space(b, 0);
    while (i < a.n && k < b.n) {
        size_t ni = skip_space(a, i), nk = skip_space(b, k);
        if ((ni > i) != (nk > k) && ni < a.n && nk < b.n)
            return false;
        i = ni;
        k = nk;
        if (i == a.n || k == b.n)
            break;
        if (folded(a.p[i++]) != folded(b.p[k++]))
            return false;
    }
    return skip_space(a, i) == a.n && skip_space(b, k) == b.n;
}

static bool note_fits(const struct system *s, uint32_t row, str display)
{
    struct notes n = notes_of(&s->b, SEC_DETAIL, s->rows[row].detail);
    struct note d;
    while (notes_designation(&n, &d))
        if (text_alike(d.value, display))
            return true;
    return false;
}

bool display_fits(const struct system *s, uint32_t row, str display)
{
    str code = system_text(s, row);
    if (row >= s->n || text_alike(system_display(s, row), display) || note_fits(s, row, display))
        return row < s->n;
    for (size_t i = 0; i < s->n_supplements; i++) {
        uint32_t at = system_code(&s->supplements[i], code);
        if (at != NO_CODE && note_fits(&s->supplements[i], at, display))
            return true;
    }
    return false;
}
