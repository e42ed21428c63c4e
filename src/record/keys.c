/* The search keys of one resource, packed. Which values a resource has is fhir's work
 * (fhir_keys); how they are looked up is clause.c's. Not all values give one key: a string gives
 * its prefixes and trigrams, a period its end, a composite the product of its parts.
 * Invariant: whatever clause.c asks for a value that the resource has, one of these keys answers.
 */
#include "fhir/custom.h"
#include "record/phrase_int.h"
#include "record/points_int.h"

#define COMPOSITE_KEYS_MAX 64u
#define PARTS_MAX 4u
#define NAMED_NEAR 1024u /* keys among which that of a name's code is looked for */

struct packer {
    struct op *op;
    const struct key_source *src;
    VEC(str) keys;
};

static void put(struct packer *p, const struct kb *k)
{
    VEC_PUSH(p->op->arena, &p->keys, kb_str(p->op->arena, k));
}

static struct kb tagged(const struct kb *k, char tag)
{
    struct kb t = *k;
    kb_u8(&t, (uint8_t)tag);
    return t;
}

static void put_prefixes(struct packer *p, const struct kb *k, str folded)
{
    for (size_t n = 1; n <= folded.n && n <= PREFIX_BYTES_MAX; n++) {
        if (prefix_cut(folded, n) != n)
            continue;
        struct kb t = tagged(k, TAG_PREFIX);
        kb_top(&t, blind(p->src->blinder, BLIND_PREFIX, str_sub(folded, 0, n)), 6);
        put(p, &t);
    }
}

static void put_grams(struct packer *p, const struct kb *k, str folded)
{
    struct kb t;
    if (folded.n > GRAM_TEXT_MAX) {
        t = tagged(k, TAG_GRAM);
        kb_low(&t, UINT32_MAX, 4);
        kb_u8(&t, 1); /* one byte longer than a trigram: no hash can be it */
        put(p, &t);
        return;
    }
    for (size_t i = 0; i + 3 <= folded.n; i++) {
        t = tagged(k, TAG_GRAM);
        kb_top(&t, blind(p->src->blinder, BLIND_GRAM, str_sub(folded, i, i + 3)), 4);
        put(p, &t);
    }
}

static void put_string(struct packer *p, const struct kb *k, str text, bool whole)
{
    struct kb t = tagged(k, TAG_EXACT);
    kb_top(&t, blind(p->src->blinder, BLIND_EXACT, text), 8);
    put(p, &t);
    str folded = fhir_fold(p->op->arena, text);
    put_prefixes(p, k, folded);
    if (whole)
        put_grams(p, k, folded);
}

static void put_date(struct packer *p, const struct kb *k, int64_t lo, int64_t hi)
{
    uint8_t class = span_class(lo, hi);
    struct kb t = *k;
    kb_time(&t, lo);
    kb_u8(&t, class);
    put(p, &t);
    if (class != SPAN_OTHER)
        return;
    t = kb_ends(k);
    kb_time(&t, hi);
    put(p, &t);
}

static void put_quantity(struct packer *p, const struct kb *k, const struct fhir_key *key)
{
    str units[2] = {key->code, key->text};
    for (int i = 0; i < 2; i++) {
        if (i == 1 && (str_empty(units[1]) || str_eq(units[0], units[1])))
            return;
        struct kb t = *k;
        kb_double(&t, key->number);
        kb_top(&t, blind(p->src->blinder, BLIND_UNIT, units[i]), 3);
        /* The unit as people write it has no system: "sys|code" must not find it. */
        kb_top(&t, i == 0 ? blind(p->src->blinder, BLIND_SYSTEM, key->system) : 0, 3);
        put(p, &t);
    }
}

/* In base units, so that 1 g is found by 1000 mg. */
static void put_base(struct packer *p, const struct kb *k, const struct fhir_key *key)
{
    double base;
    str unit;
    struct kb t = kb_ends(k);
    if (!fhir_quantity_base(p->op->arena, key->system, key->code, key->number, &base, &unit))
        return;
    kb_top(&t, blind(p->src->blinder, BLIND_UNIT, unit), 3);
    kb_double(&t, base);
    put(p, &t);
}

static void put_words(struct packer *p, const struct kb *k, str text)
{
    str folded = fhir_fold(p->op->arena, text), word;
    while (fhir_word_take(&folded, &word)) {
        struct kb t = *k;
        (void)kb_word(&t, p->src->blinder, word);
        put(p, &t);
    }
}

static void put_reference(struct packer *p, const struct kb *k, const struct fhir_key *key)
{
    uint64_t rid;
    struct kb t;
    if (key->ref.kind == REF_LOCAL && p->src->target(p->src->ctx, &key->ref, &rid)) {
        t = tagged(k, TAG_REF);
        kb_low(&t, rid, 6);
        put(p, &t);
    } else if (key->ref.kind != REF_NONE && key->ref.kind != REF_CONTAINED) {
        t = tagged(k, TAG_REF_TEXT);
        kb_top(&t, blind(p->src->blinder, BLIND_URI, key->ref.text), 8);
        put(p, &t);
    }
    if (!str_empty(key->code) || !str_empty(key->system)) {
        t = tagged(k, TAG_REF_IDENT);
        kb_token(&t, p->src->blinder, key->system, key->code);
        put(p, &t);
    }
}

/* With the system of its type, and without. */
static void put_typed(struct packer *p, const struct kb *k, const struct fhir_key *key)
{
    struct kb t = kb_ends(k), any = t;
    str rest = arena_printf(p->op->arena, "|%.*s|%.*s", STR_ARG(key->code), STR_ARG(key->text));
    kb_typed(&any, p->src->blinder, rest);
    put(p, &any);
    if (!key->system.n)
        return;
    kb_typed(&t, p->src->blinder, arena_cat(p->op->arena, key->system, rest));
    put(p, &t);
}

/* The values of one part, after k. */
static void put_plain(struct packer *p, const struct kb *k, const struct fhir_key *key, bool whole)
{
    struct kb t = *k;
    switch ((enum fhir_key_kind)key->kind) {
    case KEY_TOKEN:
        kb_token(&t, p->src->blinder, key->system, key->code);
        put(p, &t);
        break;
    case KEY_STRING:
        put_string(p, k, key->text, whole);
        break;
    case KEY_DATE:
        put_date(p, k, key->lo, key->hi);
        break;
    case KEY_NUMBER:
        kb_double(&t, key->number);
        put(p, &t);
        break;
    case KEY_QUANTITY:
        put_quantity(p, k, key);
        if (whole)
            put_base(p, k, key);
        break;
    case KEY_WORDS:
        put_words(p, k, key->text);
        break;
    case KEY_PLACE:
        kb_low(&t, place_cell(key->lo, key->hi), PLACE_BITS / 4);
        put(p, &t);
        break;
    case KEY_REFERENCE:
        put_reference(p, k, key);
        break;
    case KEY_URI:
        kb_top(&t, blind(p->src->blinder, BLIND_URI, key->text), 8);
        put(p, &t);
        break;
    case KEY_TYPED:
        put_typed(p, k, key);
        break;
    case KEY_DISPLAY:   /* see put_named() */
    case KEY_COMPOSITE: /* composites do not nest */
        break;
    }
}

/* Every value of a part is put after every value of the parts before it. */
static void put_composite(struct packer *p, const struct kb *k, const struct fhir_key *key)
{
    size_t first = p->keys.n;
    put(p, k);
    for (size_t i = 0; i < key->n_parts && i < PARTS_MAX; i++) {
        size_t end = p->keys.n;
        for (size_t j = first; j < end && p->keys.n < first + COMPOSITE_KEYS_MAX; j++) {
            struct kb base = {0};
            base.n = (uint8_t)p->keys.at[j].n;
            memcpy(base.p, p->keys.at[j].p, base.n);
            put_plain(p, &base, &key->parts[i], false);
        }
        size_t made = p->keys.n - end;
        memmove(&p->keys.at[first], &p->keys.at[end], made * sizeof(str));
        p->keys.n = first + made;
    }
}

/* What has a name and no value is there all the same (:missing, :text). */
static void put_named(struct packer *p, const struct fhir_key *keys, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].param == keys[at].param && keys[i].kind != KEY_DISPLAY)
            return;
    struct kb k = kb_param(keys[at].param);
    k = kb_ends(&k);
    kb_u8(&k, TAG_NAMED);
    put(p, &k);
}

/* What a code is called: found by the code's own key where it has one. */
static err put_name(struct packer *p, const struct fhir_key *keys, size_t n, size_t at)
{
    const struct fhir_key *name = &keys[at];
    struct kb k = {.n = 0}, words = kb_param(name->param);
    bool known = false, own = true;
    for (size_t i = 0; i < n && i < NAMED_NEAR && own; i++) {
        if (keys[i].kind != KEY_TOKEN || !str_eq(keys[i].code, name->code) ||
            !str_eq(keys[i].system, name->system))
            continue;
        k = kb_param(keys[i].param);
        kb_token(&k, p->src->blinder, name->system, name->code);
        own = false;
    }
    if (p->src->writer)
        TRY(phrase_key(p->op, p->src->writer, name, &k, &known));
    if (!known)
        put_words(p, &words, name->text);
    else if (own)
        put(p, &k);
    return OK;
}

static err put_all(struct packer *p, const struct fhir_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct kb k = kb_param(keys[i].param);
        if (keys[i].kind == KEY_WORDS && keys[i].code.n)
            TRY(put_name(p, keys, n, i));
        else if (keys[i].kind == KEY_COMPOSITE)
            put_composite(p, &k, &keys[i]);
        else if (keys[i].kind == KEY_DISPLAY)
            put_named(p, keys, n, i);
        else
            put_plain(p, &k, &keys[i], true);
    }
    return OK;
}

/* What narrows searches by labels and by Consents (access.c, consent.c, points.c). */
static void put_labels(struct packer *p, const struct json *resource)
{
    label_set s = label_of_tree(p->op, resource);
    for (size_t i = 0; s != LABEL_NORMAL && label_name(i).n; i++) {
        struct kb k = kb_param(PARAM_LABEL);
        if (!(s >> i & 1))
            continue;
        kb_top(&k, blind(p->src->blinder, BLIND_CODE, label_name(i)), 6);
        put(p, &k);
    }
    struct kb k = kb_param(PARAM_BINDS);
    if (str_eq(fhir_type_name(fhir_type_of(resource)), STR("Consent")) &&
        consent_may_deny(resource))
        put(p, &k);
    k = kb_param(PARAM_POINTS);
    if (points_any(resource))
        put(p, &k);
}

err keys_of_resource(struct op *op, const struct key_source *src, struct json *resource, str **ret,
                     size_t *ret_n)
{
    struct fhir_key *keys;
    size_t n;
    TRY(fhir_keys(op, resource, &keys, &n));
    struct packer p = {.op = op, .src = src};
    TRY(put_all(&p, keys, n));
    for (size_t i = 0; src->customs && i < src->customs->n; i++) {
        const struct fhir_param *param = &src->customs->rows[i].param;
        if (param->base != fhir_type_of(resource))
            continue;
        TRY(fhir_custom_keys(op, param, resource, &keys, &n));
        TRY(put_all(&p, keys, n));
    }
    put_labels(&p, resource);
    VEC_PUSH(op->arena, &p.keys, STR_NONE); /* room for one more, see stage.c */
    TRY(op_check(op));
    *ret = p.keys.at;
    *ret_n = p.keys.n - 1;
    return OK;
}

struct stored_ctx {
    struct op *op;
    struct record *rec;
};

static bool stored_target(void *ctx, const struct fhir_ref *ref, uint64_t *ret_rid)
{
    struct stored_ctx *c = ctx;
    struct store_doc d;
    if (id_resolve(c->op, c->rec, ref->type, ref->id, &d) != OK)
        return false;
    *ret_rid = d.rid;
    return true;
}

static err of_stored(struct op *op, struct phrase_writer *w, const struct store_doc *doc, str **ret,
                     size_t *ret_n)
{
    struct record *rec = w->rec;
    if (doc->deleted) {
        *ret = NULL;
        *ret_n = 0;
        return OK;
    }
    struct json *tree;
    TRY(tree_of(op, rec, doc, &tree));
    struct stored_ctx c = {op, rec};
    struct blinder b = {.store = rec->store, .memo = rec->memo};
    struct key_source src = {.blinder = &b,
                             .target = stored_target,
                             .ctx = &c,
                             .customs = custom_now(rec),
                             .writer = w->tx ? w : NULL};
    w->blinder = &b;
    err e = keys_of_resource(op, &src, tree, ret, ret_n);
    w->blinder = NULL;
    return e;
}

err keys_of_stored(struct op *op, void *ctx, const struct store_doc *doc, str **ret, size_t *ret_n)
{
    struct phrase_writer w = {.rec = ctx};
    return of_stored(op, &w, doc, ret, ret_n);
}

err keys_to_store(struct op *op, struct phrase_writer *w, const struct store_doc *doc, str **ret,
                  size_t *ret_n)
{
    return of_stored(op, w, doc, ret, ret_n);
}
