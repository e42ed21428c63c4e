/* Full text: expressions over words (_text, _content) as conditions on the words' keys, which are
 * keyed hashes of the words and of how they begin, and on the keys of codes that are called so
 * (phrase.c). Every document that meets the expression is among what the conditions let through;
 * where they let through more, the document is asked.
 * Invariant: no word reaches the store as text. */
#include "record/clause_int.h"
#include "record/phrase_int.h"

struct wording {
    struct planner *pl;
    uint16_t number;
    fhir_type type;
    bool names; /* those of codes count */
    bool sure;  /* the keys alone decide */
};

static void add_word(struct wording *x, struct range_set *s, str word, bool begin)
{
    struct blinder b = {.store = x->pl->rec->store};
    struct kb k = kb_param(x->number);
    if (begin && word.n < WORD_BEGIN_BYTES) { /* any word at all */
        x->sure = false;
        range_add(s, IN_OR, range_prefix(x->pl->op->arena, &k, STR_NONE, 0));
        if (x->names)
            (void)phrases_with(s, x->type, STR_NONE);
        return;
    }
    size_t end = kb_word(&k, &b, word);
    x->sure &= !begin;
    k.n = begin ? (uint8_t)end : k.n;
    if (x->names && phrases_with(s, x->type, str_make(k.p + 2, k.n - 2u)))
        x->sure = false; /* a code may have other names, too */
    range_add(s, IN_OR, range_prefix(x->pl->op->arena, &k, STR_NONE, 0));
}

/* Adds keys of which every document that meets w has one; false when there are none such. */
static bool some_key(struct wording *x, const struct fhir_words *w, struct range_set *s)
{
    switch (w->kind) {
    case WORDS_PHRASE:
    case WORDS_BEGIN:
        x->sure &= w->n_words == 1;
        add_word(x, s, w->words[0], w->kind == WORDS_BEGIN);
        return true;
    case WORDS_OR:
        for (size_t i = 0; i < w->n_kids; i++)
            if (!some_key(x, w->kids[i], s))
                return false;
        return true;
    case WORDS_AND: /* one of them will do */
        x->sure = false;
        for (size_t i = 0; i < w->n_kids; i++) {
            size_t before = s->or.n;
            if (some_key(x, w->kids[i], s))
                return true;
            s->or.n = before;
        }
        return false;
    case WORDS_NOT:
        break;
    }
    x->sure = false;
    return false;
}

static void condition(struct wording *x, const struct fhir_words *w)
{
    struct range_set s = {.op = x->pl->op, .rec = x->pl->rec};
    if (some_key(x, w, &s))
        planner_ranges(x->pl, &s, false);
}

/* What must hold at once: each part of an AND, each word of a phrase. */
static void conditions(struct wording *x, const struct fhir_words *w)
{
    bool all = w->kind == WORDS_AND;
    for (size_t i = 0; all && i < w->n_kids; i++) {
        if (w->kids[i]->kind == WORDS_PHRASE)
            conditions(x, w->kids[i]);
        else
            condition(x, w->kids[i]);
    }
    for (size_t i = 0; w->kind == WORDS_PHRASE && i < w->n_words; i++) {
        struct range_set s = {.op = x->pl->op, .rec = x->pl->rec};
        add_word(x, &s, w->words[i], false);
        planner_ranges(x->pl, &s, false);
    }
    x->sure &= w->kind != WORDS_PHRASE || w->n_words == 1;
    if (!all && w->kind != WORDS_PHRASE)
        condition(x, w);
}

err clause_words(struct planner *pl, const struct fhir_clause *c)
{
    struct wording x = {.pl = pl, .number = c->param->number, .type = c->param->base, .sure = true};
    x.names = str_eq(str_of(c->param->code), STR("_content"));
    const struct fhir_words **kids = ARENA_ARRAY(pl->op->arena, const struct fhir_words *, c->n);
    TRY(op_check(pl->op));
    for (size_t i = 0; i < c->n; i++)
        kids[i] = c->values[i].words;
    struct fhir_words any = {.kind = WORDS_OR, .kids = kids, .n_kids = c->n};
    conditions(&x, c->n == 1 ? kids[0] : &any);
    pl->plan->match |= !x.sure;
    return op_check(pl->op);
}
