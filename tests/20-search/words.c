/* Full text (_content) in the model: the texts of a resource by a walk of its tree, conditions of
 * words that are in them, and their judgement word by word. See model.h. Invariant: nothing here
 * calls fhir_keys(), fhir_query_*(), fhir_fold() or the store. */
#include "model.h"

#include "fhir/fhir_int.h"

#define TEXTS_MAX 400u
#define DEPTH_MAX 40u

struct texts {
    str at[TEXTS_MAX];
    size_t n;
};

/* What is said by a parameter of its own: references, identifiers, contacts, measures. */
static bool silent(uint16_t t)
{
    return t == FHIR_REFERENCE || t == FHIR_IDENTIFIER || t == FHIR_CONTACT_POINT ||
           fhir_is_a(t, FHIR_QUANTITY);
}

static void gather(struct texts *ts, const struct json *v, unsigned depth)
{
    uint16_t type = FHIR_TAG_TYPE(v->tag);
    bool text = type == FHIR_STRING || type == FHIR_MARKDOWN || type == FHIR_XHTML;
    if (depth > DEPTH_MAX || (v->type == JSON_OBJECT && silent(type)))
        return;
    if (v->type == JSON_STRING && FHIR_TAG_ROW(v->tag) && text && ts->n < TEXTS_MAX)
        ts->at[ts->n++] = v->u.s;
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        gather(ts, &v->u.items[i], depth + 1);
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++)
        if (type != FHIR_CODING || str_eq(v->u.members[i].name, STR("display")))
            gather(ts, &v->u.members[i].value, depth + 1);
}

static bool letter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* Tags are no words. */
static bool next_word(str *rest, str *ret)
{
    size_t from = 0, to;
    for (bool tag = false; from < rest->n && (tag || !letter(rest->p[from])); from++)
        tag = (tag || rest->p[from] == '<') && rest->p[from] != '>';
    for (to = from; to < rest->n && letter(rest->p[to]);)
        to++;
    *ret = str_sub(*rest, from, to);
    *rest = str_sub(*rest, to, rest->n);
    return ret->n > 0;
}

static bool word_fits(str have, str want, bool begin)
{
    return begin ? str_starts(have, want) : str_eq(have, want);
}

/* The word, or the two after one another, in one of the texts. */
static bool said(struct model *m, const struct texts *ts, str one, str then, bool begin)
{
    for (size_t i = 0; i < ts->n; i++) {
        str rest = model_plain(m, ts->at[i]), word, after;
        while (next_word(&rest, &word)) {
            str there = rest;
            if (word_fits(word, one, begin) &&
                (!then.n || (next_word(&there, &after) && str_eq(after, then))))
                return true;
        }
    }
    return false;
}

bool model_words_hold(struct model *m, const struct model_resource *r, const struct model_words *w)
{
    struct texts ts = {.n = 0};
    gather(&ts, r->tree, 0);
    if (w->how == WORDS_ARE_MISSING)
        return (ts.n == 0) == w->missing;
    if (w->how == WORDS_TOGETHER)
        return said(m, &ts, w->word[0], w->word[1], false);
    bool a = said(m, &ts, w->word[0], STR_NONE, w->how == WORDS_BEGINNING);
    bool b = w->word[1].n && said(m, &ts, w->word[1], STR_NONE, false);
    if (w->how == WORDS_EITHER || w->how == WORDS_LIST)
        return a || b;
    if (w->how == WORDS_BOTH || w->how == WORDS_WITHOUT)
        return a && b == (w->how == WORDS_BOTH);
    return a == (w->how != WORDS_NONE);
}

/* A word of some resource of the type, and the one after it when there is one. */
static bool some_word(struct model *m, fhir_type type, str *ret, str *ret_next)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        const struct model_resource *r = &m->resources[model_roll(m, (uint32_t)m->n)];
        struct texts ts = {.n = 0};
        if (r->type == type)
            gather(&ts, r->tree, 0);
        if (!ts.n)
            continue;
        str rest = model_plain(m, ts.at[model_roll(m, (uint32_t)ts.n)]);
        bool any = next_word(&rest, ret), more = next_word(&rest, ret_next);
        while (any && more && model_roll(m, 2)) {
            *ret = *ret_next;
            more = next_word(&rest, ret_next);
        }
        if (any)
            return true;
    }
    return false;
}

bool model_words_some(struct model *m, fhir_type type, struct model_cond *c)
{
    struct model_words *w = ARENA_NEW(m->op.arena, struct model_words);
    str next, unused;
    assert_non_null(w);
    *c = (struct model_cond){.words = w};
    w->how = (enum model_words_how)model_roll(m, WORDS_HOWS);
    w->missing = model_roll(m, 2);
    if (!some_word(m, type, &w->word[0], &next) || !some_word(m, type, &w->word[1], &unused))
        return false;
    if (w->how == WORDS_TOGETHER && next.n && model_roll(m, 4))
        w->word[1] = next;
    if (w->how == WORDS_BEGINNING)
        w->word[0] = str_sub(w->word[0], 0, 1 + model_roll(m, (uint32_t)w->word[0].n));
    return true;
}

static void put_words(struct buf *b, const struct model_words *w)
{
    str one = w->word[0], two = w->word[1];
    if (w->how == WORDS_TOGETHER)
        buf_printf(b, "\"%.*s %.*s\"", STR_ARG(one), STR_ARG(two));
    else if (w->how == WORDS_BOTH)
        buf_printf(b, "%.*s %.*s", STR_ARG(one), STR_ARG(two));
    else if (w->how == WORDS_EITHER)
        buf_printf(b, "(%.*s OR %.*s)", STR_ARG(one), STR_ARG(two));
    else if (w->how == WORDS_WITHOUT)
        buf_printf(b, "%.*s AND NOT %.*s", STR_ARG(one), STR_ARG(two));
    else
        buf_printf(b, "%s%.*s%s", w->how == WORDS_NONE ? "NOT " : "", STR_ARG(one),
                   w->how == WORDS_BEGINNING ? "*" : "");
}

void model_words_put(struct model *m, struct buf *b, const struct model_words *w)
{
    struct buf text;
    if (w->how == WORDS_ARE_MISSING) {
        buf_printf(b, "_content:missing=%s", w->missing ? "true" : "false");
        return;
    }
    buf_init(&text, m->op.arena, 1000);
    put_words(&text, w);
    buf_add(b, STR("_content="));
    buf_url(b, buf_str(&text));
    if (w->how == WORDS_LIST)
        buf_printf(b, ",%.*s", STR_ARG(w->word[1]));
}
