/* JSON Patch (RFC 6902) over a tree: add, remove, replace, move, copy, test. Paths are JSON
 * Pointers (RFC 6901). Invariant: every operation finds its place or fails naming it; what one
 * patch writes is counted, so that copies of copies end at a ceiling. */
#include "patch_int.h"
#include "path_int.h"

#define TOKENS_MAX 64u
#define DEPTH_MAX 100u /* of a changed tree, before it is validated */

struct pointer {
    str text, tokens[TOKENS_MAX];
    size_t n;
};
struct edit {
    struct op *op;
    struct json *root;
    size_t at, written; /* operation; values written by all so far */
};
/* A child of a list or object; of the root: no parent. */
struct place {
    struct json *parent, *node; /* node NULL: nothing is there */
    str token;
    uint32_t index;
};

static err wrong(struct edit *e, str path, err code, const char *what)
{
    return fail(e->op, code, "%.*s: %s", STR_ARG(patch_name(e->op, e->at, path)), what);
}

/* "~1" is '/', "~0" is '~'. */
static bool unescape(struct arena *a, str s, str *ret)
{
    if (str_find_char(s, '~', 0) == SIZE_MAX) {
        *ret = s;
        return true;
    }
    char *out = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n && out; i++) {
        char c = s.p[i];
        if (c == '~') {
            if (++i == s.n || (s.p[i] != '0' && s.p[i] != '1'))
                return false;
            c = s.p[i] == '1' ? '/' : '~';
        }
        out[n++] = c;
    }
    *ret = str_make(out, n);
    return out != NULL;
}

static err pointer_read(struct edit *e, const struct json *o, str member, struct pointer *ret)
{
    const struct json *v = json_get(o, member);
    struct pointer p = {.text = json_str(v)};
    str rest = p.text;
    if (!json_is(v, JSON_STRING) || (rest.n && rest.p[0] != '/'))
        return wrong(e, p.text, ERR_INVALID,
                     "\"path\" (and \"from\") must be a JSON Pointer, empty or beginning with /.");
    while (rest.n) {
        size_t end = str_find_char(rest, '/', 1);
        if (p.n == TOKENS_MAX)
            return wrong(e, p.text, ERR_INVALID, "The path has too many parts.");
        if (!unescape(e->op->arena, str_sub(rest, 1, end), &p.tokens[p.n++]))
            return wrong(e, p.text, ERR_INVALID, "After ~ only 0 or 1 may stand in a path.");
        rest = str_sub(rest, end, SIZE_MAX);
    }
    *ret = p;
    return OK;
}

/* An index as RFC 6901 writes it: no leading zeros. */
static bool index_read(str token, uint32_t *ret)
{
    uint64_t n;
    if (!str_to_u64(token, UINT32_MAX - 1, &n) || (token.n > 1 && token.p[0] == '0'))
        return false;
    *ret = (uint32_t)n;
    return true;
}

/* Everything before the last part must be there. False: it is not. */
static bool find(struct edit *e, const struct pointer *p, struct place *ret)
{
    struct place at = {.node = e->root};
    for (size_t i = 0; i < p->n; i++) {
        if (!at.node)
            return false;
        at = (struct place){.parent = at.node, .token = p->tokens[i]};
        if (at.parent->type == JSON_OBJECT) {
            at.node = json_get(at.parent, at.token);
        } else if (at.parent->type == JSON_ARRAY) {
            if (str_eq(at.token, STR("-")))
                at.index = at.parent->n;
            else if (!index_read(at.token, &at.index))
                return false;
            at.node = json_at(at.parent, at.index);
        } else {
            return false;
        }
    }
    *ret = at;
    return true;
}

static err find_there(struct edit *e, const struct pointer *p, struct place *ret)
{
    if (!find(e, p, ret) || !ret->node)
        return wrong(e, p->text, ERR_UNPROCESSABLE, "Nothing stands there; check the path.");
    return OK;
}

/* What is written under p, counted; moving neighbours in a list is work too. */
static err count(struct edit *e, const struct pointer *p, const struct json *v)
{
    struct place at;
    e->written += patch_count(v, FHIR_PATCH_NODES_MAX);
    if (find(e, p, &at) && at.parent && at.parent->type == JSON_ARRAY)
        e->written += at.parent->n / 64;
    if (e->written > FHIR_PATCH_NODES_MAX || patch_depth(v) + p->n > DEPTH_MAX)
        return fail(e->op, ERR_TOO_LARGE, "The patch writes more, or deeper, than a patch may.");
    return OK;
}

/* A copy of v that is the tree's own. */
static err own(struct edit *e, const struct pointer *p, const struct json *v, struct json **ret)
{
    TRY(count(e, p, v));
    *ret = json_dup(e->op->arena, v);
    return op_check(e->op);
}

static err put(struct edit *e, const struct pointer *p, const struct json *v)
{
    struct place at;
    if (p->n == 0) {
        *e->root = *v;
        return OK;
    }
    if (!find(e, p, &at) || (at.parent->type == JSON_ARRAY && at.index > at.parent->n))
        return wrong(e, p->text, ERR_UNPROCESSABLE,
                     "There is no such place; what it is part of must be there already.");
    if (at.parent->type == JSON_ARRAY)
        patch_list_insert(e->op->arena, at.parent, at.index, v);
    else
        json_set(e->op->arena, at.parent, at.token, v);
    return op_check(e->op);
}

static err take_out(struct edit *e, const struct pointer *p, struct json *ret)
{
    struct place at;
    TRY(find_there(e, p, &at));
    if (!at.parent)
        return wrong(e, p->text, ERR_UNPROCESSABLE, "The whole resource cannot be taken away.");
    *ret = *at.node;
    if (at.parent->type == JSON_ARRAY)
        patch_list_remove(at.parent, at.index);
    else
        json_unset(at.parent, at.token);
    return OK;
}

static bool same_number(str a, str b)
{
    struct path_dec x, y;
    return str_eq(a, b) || (dec_parse(a, &x) && dec_parse(b, &y) && dec_cmp(x, y) == 0);
}

/* Equal as RFC 6902 4.6 has it: numbers by value, members in any order. */
static bool same(const struct json *a, const struct json *b, unsigned depth)
{
    if (a->type != b->type || depth == 0)
        return false;
    if (a->type == JSON_NUMBER)
        return same_number(a->u.s, b->u.s);
    if (a->type == JSON_STRING)
        return str_eq(a->u.s, b->u.s);
    if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
        return true;
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        bool list = a->type == JSON_ARRAY;
        const struct json *x = list ? &a->u.items[i] : &a->u.members[i].value;
        const struct json *y = list ? &b->u.items[i] : json_get(b, a->u.members[i].name);
        if (!y || !same(x, y, depth - 1))
            return false;
    }
    return true;
}

static err value_of(struct edit *e, const struct json *o, const struct pointer *p,
                    const struct json **ret)
{
    *ret = JSON_GET(o, "value");
    return *ret ? OK : wrong(e, p->text, ERR_INVALID, "This operation needs a \"value\"; add it.");
}

static err run_add(struct edit *e, const struct json *o, const struct pointer *p)
{
    const struct json *v;
    struct json *copy;
    TRY(value_of(e, o, p, &v));
    TRY(own(e, p, v, &copy));
    return put(e, p, copy);
}

static err run_remove(struct edit *e, const struct json *o, const struct pointer *p)
{
    struct json gone;
    (void)o;
    TRY(count(e, p, &(struct json){.type = JSON_NULL}));
    return take_out(e, p, &gone);
}

static err run_replace(struct edit *e, const struct json *o, const struct pointer *p)
{
    const struct json *v;
    struct json *copy;
    struct place at;
    TRY(value_of(e, o, p, &v));
    TRY(own(e, p, v, &copy));
    TRY(find_there(e, p, &at));
    *at.node = *copy;
    return OK;
}

static err run_move(struct edit *e, const struct json *o, const struct pointer *p)
{
    struct pointer from;
    struct place at;
    struct json v;
    TRY(pointer_read(e, o, STR("from"), &from));
    TRY(find_there(e, &from, &at));
    if (str_eq(from.text, p->text))
        return OK;
    if (str_starts(p->text, arena_cat(e->op->arena, from.text, STR("/"))))
        return wrong(e, p->text, ERR_INVALID, "Nothing can be moved into a part of itself.");
    TRY(count(e, p, at.node));
    TRY(take_out(e, &from, &v));
    return put(e, p, &v);
}

static err run_copy(struct edit *e, const struct json *o, const struct pointer *p)
{
    struct pointer from;
    struct place at;
    struct json *copy;
    TRY(pointer_read(e, o, STR("from"), &from));
    TRY(find_there(e, &from, &at));
    TRY(own(e, p, at.node, &copy));
    return put(e, p, copy);
}

static err run_test(struct edit *e, const struct json *o, const struct pointer *p)
{
    const struct json *v;
    struct place at;
    TRY(value_of(e, o, p, &v));
    TRY(find_there(e, p, &at));
    return same(at.node, v, DEPTH_MAX)
               ? OK
               : wrong(e, p->text, ERR_UNPROCESSABLE,
                       "The test does not hold: another value stands there. Nothing was changed.");
}

static const struct {
    const char *name;
    err (*run)(struct edit *e, const struct json *o, const struct pointer *p);
} operations[] = {
    {"add", run_add},   {"remove", run_remove}, {"replace", run_replace},
    {"move", run_move}, {"copy", run_copy},     {"test", run_test},
};

err patch_json_apply(struct op *op, const struct json *patch, struct json *root)
{
    struct edit e = {.op = op, .root = root};
    for (; e.at < patch->n; e.at++) {
        const struct json *o = &patch->u.items[e.at];
        str name = json_get_str(o, STR("op"));
        struct pointer p;
        size_t i = 0, n = sizeof operations / sizeof *operations;
        while (i < n && !str_eq(name, str_of(operations[i].name)))
            i++;
        if (i == n)
            return wrong(&e, json_get_str(o, STR("path")), ERR_INVALID,
                         "\"op\" must be add, remove, replace, move, copy or test.");
        TRY(pointer_read(&e, o, STR("path"), &p));
        TRY(operations[i].run(&e, o, &p));
    }
    return op_check(op);
}
