/* What a verdict says in the other languages of spec/rules/why.<language>.csv, and the filling in
 * of parameters for all of them. Decides nothing; a rule without a translation keeps its English.
 */
#include "policy/why.h"
#include "policy/policy_int.h"

#define WHY_MAX 4096u

void policy_why_fill(struct buf *b, str words, const struct json *params)
{
    while (words.n > 0) {
        size_t open = str_find_char(words, '{', 0), close = str_find_char(words, '}', 0);
        if (close == SIZE_MAX) { /* the generator sees to it that braces come in pairs */
            buf_add(b, words);
            return;
        }
        buf_add(b, str_sub(words, 0, open));
        const struct json *v = json_get(params, str_sub(words, open + 1, close));
        if (json_is(v, JSON_STRING))
            buf_add(b, json_str(v));
        else if (v)
            json_write(b, v);
        words = str_sub(words, close + 1, words.n);
    }
}

/* "limited english", as the English sentence has it; -1: no fact is called so. */
static int fact_said(struct op *op, str words)
{
    enum fact f;
    char *name = arena_alloc(op->arena, words.n + 1);
    if (!name)
        return -1;
    for (size_t i = 0; i < words.n; i++)
        name[i] = words.p[i] == ' ' ? '_' : words.p[i];
    return fact_parse(str_make(name, words.n), &f) ? (int)f : -1;
}

/* Each missing fact in their language; those that have no word there are said once, as others. */
static str facts_said(struct op *op, size_t lang, str unknown)
{
    struct buf b;
    bool other = false;
    str next = STR(", "), sep = str_eq(str_of(policy_langs[lang]), STR("ar")) ? STR("، ") : next;
    buf_init(&b, op->arena, WHY_MAX);
    while (unknown.n > 0) {
        size_t end = str_find(unknown, next, 0);
        str words = str_sub(unknown, 0, end == SIZE_MAX ? unknown.n : end);
        int f = fact_said(op, words);
        const char *said = f < 0 ? NULL : policy_fact_words[f][lang];
        unknown = end == SIZE_MAX ? STR_NONE : str_sub(unknown, end + next.n, unknown.n);
        other |= !said;
        if (said) {
            buf_add(&b, b.n ? sep : STR_NONE);
            buf_add(&b, str_of(said));
        }
    }
    if (other) {
        buf_add(&b, b.n ? sep : STR_NONE);
        buf_add(&b, str_of(policy_fact_other[lang]));
    }
    return buf_str(&b);
}

/* Never claims what is not known, as the English does not. */
static str unless(struct op *op, size_t lang, str unknown, str why)
{
    struct json *parts = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    buf_init(&b, op->arena, 3 * WHY_MAX);
    json_set_str(op->arena, parts, STR("facts"), facts_said(op, lang, unknown));
    json_set_str(op->arena, parts, STR("why"), why);
    policy_why_fill(&b, str_of(policy_why_unless[lang]), parts);
    return buf_str(&b);
}

static str said(struct op *op, const struct fired *f, size_t lang)
{
    const char *words = policy_why[f->rule - policy_rules][lang];
    struct json *params = NULL;
    struct buf b;
    if (!words || json_read(op, f->params, &JSON_LIMITS_DEFAULT, &params) != OK)
        return f->why;
    buf_init(&b, op->arena, WHY_MAX);
    policy_why_fill(&b, str_of(words), params);
    return f->unknown.n ? unless(op, lang, f->unknown, buf_str(&b)) : buf_str(&b);
}

struct json *verdict_translations(struct op *op, const struct verdict *v)
{
    struct json *all = json_new(op->arena, JSON_OBJECT);
    for (size_t l = 0; l < POLICY_LANGS; l++) {
        struct json *list = json_new(op->arena, JSON_ARRAY);
        for (size_t i = 0; i < v->n_fired; i++)
            if (!v->fired[i].suspended)
                json_push(op->arena, list, json_new_str(op->arena, said(op, &v->fired[i], l)));
        json_set(op->arena, all, str_of(policy_langs[l]), list);
    }
    return all;
}
