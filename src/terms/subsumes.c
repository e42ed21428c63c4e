/* CodeSystem/$subsumes (http://hl7.org/fhir/R4/codesystem-operation-subsumes.html). */
#include "terms/params_int.h"

static err read_codes(struct op *op, const struct terms_request *r, struct asked a[2])
{
    static const char *const codings[] = {"codingA", "codingB"}, *const codes[] = {"codeA",
                                                                                   "codeB"};
    for (size_t i = 0; i < 2; i++) {
        const struct json *coding = param_object(r->in, codings[i], "valueCoding");
        if (coding)
            asked_of(coding, &a[i]);
        else
            a[i] = (struct asked){.system = param_text(r->in, "system"),
                                  .version = param_text(r->in, "version"),
                                  .code = param_text(r->in, codes[i])};
        if (!a[i].code.n)
            return fail(op, ERR_INVALID, "Send codeA, codeB and system, or codingA and codingB.");
    }
    if (!str_eq(a[0].system, a[1].system))
        return fail(op, ERR_INVALID, "Both codes must be of one code system.");
    return OK;
}

err terms_subsumes(struct op *op, struct terms *t, const struct terms_request *r, struct json **ret)
{
    struct ask q;
    struct asked a[2];
    struct system *s;
    bool above = false, below = false;
    uint32_t row[2];
    memset(a, 0, sizeof a);
    TRY(params_check(op, r->in, "codeA codeB system version codingA codingB"));
    TRY(ask_begin(&q, op, t, false));
    TRY(read_codes(op, r, a));
    TRY(request_system(&q, r, &s));
    if (!s && !a[0].system.n)
        return fail(op, ERR_INVALID, "Say in which code system: system.");
    if (!s)
        TRY(system_find(&q, a[0].system, a[0].version, &s));
    if (!s)
        return fail(op, ERR_NOT_FOUND, "The code system %.*s is not here.", STR_ARG(a[0].system));
    if (s->grammar != GRAMMAR_NONE)
        return fail(op, ERR_UNPROCESSABLE, "The codes of %.*s have no hierarchy.", STR_ARG(s->url));
    for (size_t i = 0; i < 2; i++) {
        row[i] = system_code(s, a[i].code);
        if (row[i] == NO_CODE)
            return fail(op, ERR_NOT_FOUND, "The code \"%.*s\" is not in %.*s.",
                        STR_ARG(str_sub(a[i].code, 0, 128)), STR_ARG(s->url));
    }
    TRY(system_above(op, s, row[0], row[1], &above));
    if (!above)
        TRY(system_above(op, s, row[1], row[0], &below));
    struct json *out = json_new(op->arena, JSON_ARRAY);
    put_str(op, out, "outcome", "valueCode",
            row[0] == row[1] ? STR("equivalent")
            : above          ? STR("subsumes")
            : below          ? STR("subsumed-by")
                             : STR("not-subsumed"));
    *ret = parameters(op, out);
    return op_check(op);
}
