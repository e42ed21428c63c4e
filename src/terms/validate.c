/* $validate-code on CodeSystem and ValueSet
 * (http://hl7.org/fhir/R4/valueset-operation-validate-code.html). result is true or false only when
 * it is known; what cannot be told is an error that says what is missing. Of a CodeableConcept one
 * valid coding is enough. */
#include "terms/params_int.h"

#define CODINGS_MAX 100u

struct verdict_of {
    bool result;
    str message, display;
};

struct check {
    struct ask *q;
    const struct terms_request *r;
    struct set *set;       /* of a ValueSet */
    struct system *system; /* of a CodeSystem, when named by instance or inline */
    bool for_abstract, abstract_given;
};

static str quoted(struct op *op, str code)
{
    return arena_printf(op->arena, "\"%.*s\"", STR_ARG(str_sub(code, 0, 128)));
}

/* A code that was found: may it be chosen, and is the display right? */
static void judge(const struct check *c, const struct asked *a, const struct member *m,
                  struct verdict_of *v)
{
    struct op *op = c->q->op;
    str language = param_text(c->r->in, "displayLanguage");
    v->display = m->system ? system_display_in(m->system, m->row, language) : STR_NONE;
    if (m->display.n && !language.n)
        v->display = m->display;
    v->result = true;
    if (c->abstract_given && !c->for_abstract && m->system &&
        system_flags(m->system, m->row) & ROW_ABSTRACT) {
        v->result = false;
        v->message = arena_printf(op->arena, "The code %.*s is abstract and cannot be chosen.",
                                  STR_ARG(quoted(op, a->code)));
        return;
    }
    bool known = v->display.n > 0;
    if (!a->display.n || !known || text_alike(a->display, v->display) ||
        (m->system && m->row != NO_CODE && display_fits(m->system, m->row, a->display)))
        return;
    v->result = false;
    v->message =
        arena_printf(op->arena, "The display of the code %.*s is \"%.*s\", not the one given.",
                     STR_ARG(quoted(op, a->code)), STR_ARG(v->display));
}

static err in_system(const struct check *c, const struct asked *a, struct verdict_of *v)
{
    struct op *op = c->q->op;
    struct system *s = c->system;
    struct member m = {.row = NO_CODE};
    if (!s && !a->system.n)
        return fail(op, ERR_INVALID, "Say which code system: url, or coding with a system.");
    if (!s)
        TRY(system_find(c->q, a->system, a->version, &s));
    if (!s)
        return fail(op, ERR_NOT_FOUND, "The code system %.*s%s%.*s is not here.",
                    STR_ARG(a->system), a->version.n ? "|" : "", STR_ARG(a->version));
    m.system = s;
    if (s->grammar == GRAMMAR_NONE)
        m.row = system_code(s, a->code);
    else if (grammar_valid(s->grammar, a->code))
        m.display = a->code;
    if (m.row == NO_CODE && !m.display.n) {
        if (!system_whole(s))
            return fail(op, ERR_UNPROCESSABLE,
                        "It cannot be told whether the code is valid: of %.*s only a part is here.",
                        STR_ARG(s->url));
        v->message = arena_printf(op->arena, "The code %.*s is not in %.*s.",
                                  STR_ARG(quoted(op, a->code)), STR_ARG(s->url));
        return OK;
    }
    judge(c, a, &m, v);
    return OK;
}

static err in_set(const struct check *c, const struct asked *a, struct verdict_of *v)
{
    struct op *op = c->q->op;
    struct probe p = {a->system, a->version, a->code};
    struct member m;
    str url = c->set->url;
    TRY(set_has(c->q, c->set, &p, &m));
    if (m.answer == TERMS_UNKNOWN)
        return fail(op, ERR_UNPROCESSABLE,
                    "It cannot be told whether the code is in the value set: %.*s", STR_ARG(m.why));
    if (m.answer == TERMS_YES) {
        judge(c, a, &m, v);
        return OK;
    }
    v->message = arena_printf(op->arena, "The code %.*s%s%.*s is not in the value set%s%.*s.",
                              STR_ARG(quoted(op, a->code)), a->system.n ? " of " : "",
                              STR_ARG(a->system), url.n ? " " : "", STR_ARG(url));
    return OK;
}

static err one(const struct check *c, struct asked a, struct verdict_of *v)
{
    *v = (struct verdict_of){0};
    if (!a.code.n)
        return fail(c->q->op, ERR_INVALID, "There is no code to validate.");
    return c->set ? in_set(c, &a, v) : in_system(c, &a, v);
}

/* Any of the codings; an unknown one counts only when none is valid. */
static err concept(const struct check *c, const struct json *codings, struct verdict_of *v)
{
    struct op *op = c->q->op;
    struct fault before = op->fault, first = before;
    struct verdict_of answer = {0};
    err unknown = OK;
    str url = param_text(c->r->in, "url");
    if (!codings || !codings->n || codings->n > CODINGS_MAX)
        return fail(op, ERR_INVALID, "codeableConcept has between 1 and %u codings.", CODINGS_MAX);
    for (size_t i = 0; i < codings->n && !answer.result; i++) {
        struct asked a;
        struct verdict_of this;
        asked_of(json_at(codings, i), &a);
        if (!c->set && url.n && a.system.n && !str_eq(url, a.system))
            continue;
        err e = one(c, a, &this);
        if (e == ERR_NOT_FOUND || e == ERR_UNPROCESSABLE) {
            if (unknown == OK)
                first = op->fault;
            unknown = e;
            op->fault = before;
            continue;
        }
        TRY(e);
        if (this.result || !answer.message.n)
            answer = this;
    }
    if (!answer.result && unknown != OK) {
        op->fault = first;
        return unknown;
    }
    *v = answer;
    return OK;
}

static err answer_of(const struct check *c, struct verdict_of *v)
{
    const struct json *in = c->r->in;
    const struct json *cc = param_object(in, "codeableConcept", "valueCodeableConcept");
    const struct json *coding = param_object(in, "coding", "valueCoding");
    bool set = c->set != NULL;
    struct asked a = {.system = param_text(in, set ? "system" : "url"),
                      .version = param_text(in, set ? "systemVersion" : "version"),
                      .code = param_text(in, "code"),
                      .display = param_text(in, "display")};
    if (!a.code.n && !coding && !cc)
        return fail(c->q->op, ERR_INVALID, "Send code, coding or codeableConcept.");
    if (cc)
    return concept(c, JSON_GET(cc, "coding"), v);
    if (coding) {
        str url = a.system;
        asked_of(coding, &a);
        if (!set && url.n && a.system.n && !str_eq(url, a.system))
            return fail(c->q->op, ERR_INVALID, "url and coding.system name different systems.");
        if (!set && url.n)
            a.system = url;
    }
    return one(c, a, v);
}

static const char set_names[] =
    "url context valueSet valueSetVersion code system systemVersion display coding "
    "codeableConcept date abstract displayLanguage";
static const char system_names[] = "url codeSystem code version display coding codeableConcept "
                                   "date abstract displayLanguage";

err terms_validate(struct op *op, struct terms *t, const struct terms_request *r, struct json **ret)
{
    struct ask q;
    struct verdict_of v = {0};
    bool set = str_eq(fhir_type_name(r->type), STR("ValueSet"));
    struct check c = {.q = &q, .r = r, .abstract_given = param_text(r->in, "abstract").n > 0};
    c.for_abstract = param_bool(r->in, "abstract", false);
    TRY(params_check(op, r->in, set ? set_names : system_names));
    TRY(ask_begin(&q, op, t, false));
    TRY(set ? request_set(&q, r, &c.set) : request_system(&q, r, &c.system));
    TRY(answer_of(&c, &v));
    struct json *out = json_new(op->arena, JSON_ARRAY);
    put_bool(op, out, "result", v.result);
    put_str(op, out, "message", "valueString", v.message);
    put_str(op, out, "display", "valueString", v.display);
    *ret = parameters(op, out);
    return op_check(op);
}
