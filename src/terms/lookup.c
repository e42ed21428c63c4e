/* CodeSystem/$lookup: what is known of a code
 * (http://hl7.org/fhir/R4/codesystem-operation-lookup.html). Without `property` all that is known;
 * with it, only what is named there besides name, version and display. */
#include "terms/build_int.h"
#include "terms/params_int.h"

#include "fhir/ucum.h"

struct looked {
    struct ask *q;
    const struct json *in;
    const struct system *s;
    uint32_t row;
    struct json *out;
};

static bool wanted(const struct looked *l, str name)
{
    if (!param_at(l->in, STR("property"), 0))
        return true;
    const struct json *p;
    for (size_t i = 0; (p = param_at(l->in, STR("property"), i)); i++)
        if (str_eq(json_get_str(p, STR("valueCode")), name) ||
            str_eq(json_get_str(p, STR("valueString")), name))
            return true;
    return false;
}

static void put_property(const struct looked *l, str code, const char *member, str value, str text)
{
    struct op *op = l->q->op;
    struct json *parts = json_new(op->arena, JSON_ARRAY);
    put_str(op, parts, "code", "valueCode", code);
    if (str_eq(str_of(member), STR("valueBoolean")))
        put_bool(op, parts, "value", str_eq(value, STR("true")));
    else
        put_str(op, parts, "value", member, value);
    put_str(op, parts, "description", "valueString", text);
    put_parts(op, l->out, "property", parts);
}

static void put_designation(const struct looked *l, const struct note *d)
{
    struct op *op = l->q->op;
    struct json *parts = json_new(op->arena, JSON_ARRAY);
    put_str(op, parts, "language", "valueCode", d->lang);
    if (d->code.n)
        put_coding(op, parts, "use", d);
    put_str(op, parts, "value", "valueString", d->value);
    put_parts(op, l->out, "designation", parts);
}

static void put_value(const struct looked *l, const struct system *s, const struct note *p)
{
    struct op *op = l->q->op;
    str code = p->property < s->n_props ? blob_text(&s->b, s->props[p->property].code) : STR_NONE;
    if (!code.n || !wanted(l, code) || p->type >= PROP_TYPES)
        return;
    if (p->type != PROP_CODING) {
        str text = STR_NONE; /* of a code in this system: its display */
        if (p->type == PROP_CODE)
            text = system_display(l->s, system_code(l->s, p->value));
        bool number = p->type == PROP_INTEGER || p->type == PROP_DECIMAL;
        put_property(l, code, number ? "valueString" : prop_type_names[p->type], p->value, text);
        return;
    }
    struct note coding = {.system = p->system, .code = p->value, .display = p->display};
    struct json *parts = json_new(op->arena, JSON_ARRAY);
    put_str(op, parts, "code", "valueCode", code);
    put_coding(op, parts, "value", &coding);
    put_parts(op, l->out, "property", parts);
}

static bool language_wanted(const struct looked *l, str lang)
{
    return wanted(l, STR("designation")) ||
           (lang.n && wanted(l, arena_cat(l->q->op->arena, STR("lang."), lang)));
}

static void put_notes(const struct looked *l, const struct system *s, uint32_t row)
{
    struct notes n = notes_of(&s->b, SEC_DETAIL, s->rows[row].detail);
    struct note one;
    if (n.definition.n && wanted(l, STR("definition")))
        put_property(l, STR("definition"), "valueString", n.definition, STR_NONE);
    while (notes_designation(&n, &one))
        if (language_wanted(l, one.lang))
            put_designation(l, &one);
    while (notes_property(&n, &one))
        put_value(l, s, &one);
}

static void put_neighbours(const struct looked *l, bool parents)
{
    uint32_t n;
    const uint32_t *rows =
        parents ? system_parents(l->s, l->row, &n) : system_children(l->s, l->row, &n);
    str name = parents ? STR("parent") : STR("child");
    for (uint32_t i = 0; i < n && wanted(l, name); i++)
        put_property(l, name, "valueCode", system_text(l->s, rows[i]),
                     system_display(l->s, rows[i]));
}

static void put_all(struct looked *l, str language)
{
    struct op *op = l->q->op;
    const struct system *s = l->s;
    str name = blob_fact(&s->b, FACT_TITLE), code = system_text(s, l->row);
    str display = system_display_in(s, l->row, language);
    name = name.n ? name : blob_fact(&s->b, FACT_NAME);
    put_str(op, l->out, "name", "valueString", name.n ? name : s->url);
    put_str(op, l->out, "version", "valueString", s->version);
    put_str(op, l->out, "display", "valueString", display.n ? display : code);
    if (wanted(l, STR("inactive")) && system_flags(s, l->row) & ROW_INACTIVE)
        put_property(l, STR("inactive"), "valueBoolean", STR("true"), STR_NONE);
    put_notes(l, s, l->row);
    for (size_t i = 0; i < s->n_supplements; i++) {
        uint32_t at = system_code(&s->supplements[i], code);
        if (at != NO_CODE)
            put_notes(l, &s->supplements[i], at);
    }
    put_neighbours(l, true);
    put_neighbours(l, false);
}

static err grammar_answer(struct looked *l, const struct asked *a)
{
    struct op *op = l->q->op;
    if (!grammar_valid(l->s->grammar, a->code))
        return fail(op, ERR_NOT_FOUND, "This is no code of %.*s.", STR_ARG(l->s->url));
    put_str(op, l->out, "name", "valueString", l->s->url);
    str display = a->code;
    if (l->s->grammar == GRAMMAR_UCUM)
        display = ucum_display(op->arena, a->code);
    put_str(op, l->out, "display", "valueString", display.n ? display : a->code);
    return OK;
}

err terms_lookup(struct op *op, struct terms *t, const struct terms_request *r, struct json **ret)
{
    struct ask q;
    struct asked a = {0};
    struct system *s;
    const struct json *coding = param_object(r->in, "coding", "valueCoding");
    TRY(params_check(op, r->in, "code system version coding date displayLanguage property"));
    TRY(ask_begin(&q, op, t, false));
    if (coding)
        asked_of(coding, &a);
    else
        a = (struct asked){param_text(r->in, "system"), param_text(r->in, "version"),
                           param_text(r->in, "code"), STR_NONE};
    if (!a.code.n || !a.system.n)
        return fail(op, ERR_INVALID, "Send code and system, or coding with both.");
    TRY(system_find(&q, a.system, a.version, &s));
    if (!s)
        return fail(op, ERR_NOT_FOUND, "The code system %.*s%s%.*s is not here.", STR_ARG(a.system),
                    a.version.n ? "|" : "", STR_ARG(a.version));
    struct looked l = {.q = &q, .in = r->in, .s = s, .out = json_new(op->arena, JSON_ARRAY)};
    if (s->grammar != GRAMMAR_NONE) {
        TRY(grammar_answer(&l, &a));
    } else {
        l.row = system_code(s, a.code);
        if (l.row == NO_CODE)
            return fail(op, ERR_NOT_FOUND, "The code \"%.*s\" is not in %.*s%s.",
                        STR_ARG(str_sub(a.code, 0, 128)), STR_ARG(s->url),
                        system_whole(s) ? "" : ", of which only a part is here");
        put_all(&l, param_text(r->in, "displayLanguage"));
    }
    *ret = parameters(op, l.out);
    return op_check(op);
}
