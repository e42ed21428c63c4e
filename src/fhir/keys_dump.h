/* For tests: search keys as text lines, sorted, so that two lists can be compared. */
#ifndef WEFT_FHIR_KEYS_DUMP_H
#define WEFT_FHIR_KEYS_DUMP_H

#include "base/test.h"
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"

#include <stdlib.h>

static inline void key_value(struct buf *b, const struct fhir_key *k)
{
    char lo[24], hi[24];
    switch ((enum fhir_key_kind)k->kind) {
    case KEY_TOKEN:
        buf_printf(b, "%.*s|%.*s", STR_ARG(k->system), STR_ARG(k->code));
        break;
    case KEY_STRING:
    case KEY_URI:
        buf_add(b, k->text);
        break;
    case KEY_DISPLAY:
        buf_printf(b, "\"%.*s\"", STR_ARG(k->text));
        break;
    case KEY_WORDS:
        buf_add(b, k->text);
        break;
    case KEY_PLACE:
        buf_printf(b, "%lld|%lld", (long long)k->lo, (long long)k->hi);
        break;
    case KEY_TYPED:
        buf_printf(b, "%.*s|%.*s|%.*s", STR_ARG(k->system), STR_ARG(k->code), STR_ARG(k->text));
        break;
    case KEY_DATE:
        time_format_to(lo, k->lo == INT64_MIN ? 0 : k->lo);
        time_format_to(hi, k->hi == INT64_MAX ? 0 : k->hi);
        buf_printf(b, "%.24s/%.24s", k->lo == INT64_MIN ? "-                       " : lo,
                   k->hi == INT64_MAX ? "-                       " : hi);
        break;
    case KEY_NUMBER:
        buf_printf(b, "%.10g", k->number);
        break;
    case KEY_QUANTITY:
        buf_printf(b, "%.10g|%.*s|%.*s|%.*s", k->number, STR_ARG(k->system), STR_ARG(k->code),
                   STR_ARG(k->text));
        break;
    case KEY_REFERENCE:
        buf_printf(b, "%.*s", STR_ARG(k->ref.text));
        if (k->code.n)
            buf_printf(b, "(%.*s|%.*s)", STR_ARG(k->system), STR_ARG(k->code));
        break;
    case KEY_COMPOSITE:
        for (size_t i = 0; i < k->n_parts; i++) {
            buf_add(b, i ? STR("$") : STR(""));
            key_value(b, &k->parts[i]);
        }
        break;
    }
}

static inline int key_line_order(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

/* "code=value\n…" sorted. */
static inline str keys_dump(struct op *op, const struct fhir_key *keys, size_t n)
{
    str *lines = ARENA_ARRAY(op->arena, str, n + 1);
    struct buf b, all;
    size_t all_n = n;
    n = 0;
    for (size_t i = 0; i < all_n; i++) {
        if (keys[i].kind == KEY_WORDS) /* not of a parameter's expression */
            continue;
        buf_init(&b, op->arena, 1u << 20);
        buf_printf(&b, "%s=", fhir_param_get(keys[i].param)->code);
        key_value(&b, &keys[i]);
        buf_char(&b, '\n');
        assert_true(buf_ok(&b));
        lines[n++] = buf_str(&b);
    }
    qsort(lines, n, sizeof *lines, key_line_order);
    buf_init(&all, op->arena, 64u << 20);
    for (size_t i = 0; i < n; i++)
        buf_add(&all, lines[i]);
    assert_true(buf_ok(&all));
    return buf_str(&all);
}

/* A tagged tree of JSON text. */
static inline struct json *tree_of_text(struct op *op, str text)
{
    struct json *v = NULL;
    assert_int_equal(json_read(op, text, &JSON_LIMITS_DEFAULT, &v), OK);
    fhir_tag(v);
    return v;
}

/* The keys of every stored parameter by FHIRPath instead of the trie. */
static inline str keys_dump_by_path(struct op *op, struct json *resource)
{
    struct key_walk w = {.op = op, .resource = resource};
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(fhir_type_of(resource), i)); i++) {
        bool of_server = strcmp(p->code, "_id") == 0 || strcmp(p->code, "_lastUpdated") == 0;
        if (p->alias || fhir_param_words(p) || of_server)
            continue;
        if (keys_by_path(&w, p, resource) != OK)
            fail_msg("%s: %.*s\n", p->code, STR_ARG(op->fault.issues[0].message));
    }
    return keys_dump(op, w.keys.at, w.keys.n);
}

/* Query text that asks for one key; false for kinds that have no one text. */
static inline bool key_query(struct buf *b, const struct fhir_key *k)
{
    buf_clear(b);
    buf_printf(b, "%s%s=", fhir_param_get(k->param)->code,
               k->kind == KEY_DISPLAY ? ":text"
               : k->kind == KEY_TYPED ? ":of-type"
                                      : "");
    if (k->kind == KEY_TYPED) {
        buf_url(b, k->system);
        buf_add(b, STR("%7C"));
        buf_url(b, k->code);
        buf_add(b, STR("%7C"));
        buf_url(b, k->text);
    } else if (k->kind == KEY_TOKEN && k->system.n) {
        buf_url(b, k->system);
        buf_add(b, STR("%7C"));
        buf_url(b, k->code);
    } else if (k->kind == KEY_TOKEN) {
        buf_url(b, k->code);
    } else if (k->kind == KEY_STRING || k->kind == KEY_URI || k->kind == KEY_DISPLAY) {
        buf_url(b, k->text);
    } else if (k->kind == KEY_QUANTITY || k->kind == KEY_NUMBER) {
        buf_printf(b, "ge%.17g", k->number);
    } else if (k->kind == KEY_REFERENCE && k->ref.text.n) {
        buf_url(b, k->ref.text);
    } else {
        return false;
    }
    /* commas and the like would need escapes of their own */
    return buf_ok(b) && str_find(buf_str(b), STR("%2C"), 0) == SIZE_MAX &&
           str_find(buf_str(b), STR("%5C"), 0) == SIZE_MAX &&
           str_find(k->code, STR("|"), 0) == SIZE_MAX;
}

/* Asks for the resource by each of its keys; it must match. How many were asked. */
static inline size_t keys_find_it(struct op *op, struct json *v)
{
    struct fhir_key *keys = NULL;
    size_t n = 0, asked = 0;
    struct buf b;
    buf_init(&b, op->arena, 1u << 20);
    assert_int_equal(fhir_keys(op, v, &keys, &n), OK);
    for (size_t k = 0; k < n; k++) {
        const struct fhir_query *q = NULL;
        bool hit = false;
        bool reference = fhir_param_get(keys[k].param)->type == PARAM_REFERENCE;
        if ((keys[k].kind == KEY_DISPLAY && reference) || !key_query(&b, &keys[k]))
            continue;
        asked++;
        if (fhir_query_read(op, fhir_type_of(v), buf_str(&b), false, &q) != OK)
            fail_msg("%.*s: %.*s\n", STR_ARG(buf_str(&b)), STR_ARG(op->fault.issues[0].message));
        assert_int_equal(fhir_query_match(op, q, v, &hit), OK);
        if (!hit)
            fail_msg("not found by %.*s\n", STR_ARG(buf_str(&b)));
    }
    return asked;
}

#endif
