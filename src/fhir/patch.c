/* Patches from outside: which kind it is, applying it, and what must be as before afterwards.
 * Invariant: what comes out is a valid resource of the same type and id, or an error. */
#include "patch_int.h"

#define SHOWN_MAX 200u

str patch_name(struct op *op, size_t at, str path)
{
    struct buf b;
    buf_init(&b, op->arena, 1024);
    buf_printf(&b, "Operation %zu (path ", at + 1);
    for (size_t i = 0; i < path.n && i < SHOWN_MAX; i++)
        buf_char(&b, (uint8_t)path.p[i] < 32 || path.p[i] == 127 ? '?' : path.p[i]);
    buf_add(&b, path.n > SHOWN_MAX ? STR("…)") : STR(")"));
    return buf_str(&b);
}

size_t patch_count(const struct json *v, size_t max)
{
    size_t n = 1;
    if (v->type == JSON_ARRAY || v->type == JSON_OBJECT)
        for (uint32_t i = 0; i < v->n && n < max; i++)
            n += patch_count(v->type == JSON_ARRAY ? &v->u.items[i] : &v->u.members[i].value,
                             max - n);
    return n;
}

unsigned patch_depth(const struct json *v)
{
    unsigned deepest = 0;
    if (v->type != JSON_ARRAY && v->type != JSON_OBJECT)
        return 1;
    for (uint32_t i = 0; i < v->n; i++) {
        unsigned d = patch_depth(v->type == JSON_ARRAY ? &v->u.items[i] : &v->u.members[i].value);
        deepest = d > deepest ? d : deepest;
    }
    return deepest + 1;
}

void patch_list_insert(struct arena *a, struct json *list, uint32_t index, const struct json *v)
{
    uint32_t n = list->n;
    json_push(a, list, v);
    if (list->n == n || index >= n)
        return;
    struct json last = list->u.items[n];
    memmove(&list->u.items[index + 1], &list->u.items[index], (n - index) * sizeof last);
    list->u.items[index] = last;
}

void patch_list_remove(struct json *list, uint32_t index)
{
    if (index >= list->n)
        return;
    memmove(&list->u.items[index], &list->u.items[index + 1],
            (list->n - index - 1) * sizeof *list->u.items);
    list->n--;
}

err fhir_patch_read(struct op *op, str text, const struct fhir_patch **ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *v;
    TRY(json_read(op, text, &limits, &v));
    if (v->type != JSON_ARRAY)
        return fail(op, ERR_INVALID, "A JSON Patch is a list of operations; write [ … ].");
    if (v->n > FHIR_PATCH_JSON_MAX)
        return fail(op, ERR_TOO_LARGE, "A JSON Patch may have %u operations; send it in parts.",
                    FHIR_PATCH_JSON_MAX);
    struct fhir_patch *p = ARENA_NEW(op->arena, struct fhir_patch);
    p->json = v;
    p->n = v->n;
    *ret = p;
    return op_check(op);
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* RFC 4648, white space allowed; false when it is not base64. */
static bool base64_decode(struct arena *a, str s, str *ret)
{
    char *out = arena_alloc(a, s.n / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t n = 0, digits = 0, pad = 0;
    for (size_t i = 0; i < s.n && out; i++) {
        int d = base64_digit(s.p[i]);
        if (strchr(" \t\r\n", s.p[i]) && s.p[i])
            continue;
        pad += s.p[i] == '=';
        if ((d < 0 && s.p[i] != '=') || (d >= 0 && pad))
            return false;
        if (d < 0)
            continue;
        bits = bits << 6 | (uint32_t)d;
        if (++digits % 4 != 1)
            out[n++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
    }
    *ret = str_make(out, n);
    return out && pad <= 2 && (digits + pad) % 4 == 0;
}

static err of_binary(struct op *op, const struct json *binary, const struct fhir_patch **ret)
{
    str type = json_get_str(binary, STR("contentType")), data = json_get_str(binary, STR("data"));
    str text;
    if (!str_starts(type, STR("application/json-patch+json")))
        return fail_at(op, ERR_INVALID, STR("Binary.contentType"),
                       "A patch in a Binary is of type application/json-patch+json.");
    if (!base64_decode(op->arena, data, &text))
        return fail_at(op, ERR_INVALID, STR("Binary.data"), "The data is not base64.");
    return fhir_patch_read(op, text, ret);
}

err fhir_patch_of(struct op *op, const struct json *resource, const struct fhir_patch **ret)
{
    fhir_type type = fhir_type_of(resource);
    if (type == FHIR_BINARY)
        return of_binary(op, resource, ret);
    if (type != FHIR_PARAMETERS)
        return fail(op, ERR_INVALID,
                    "A patch is a Parameters (FHIRPath Patch), or a JSON Patch; in a Bundle the "
                    "latter is carried by a Binary.");
    struct fhir_patch *p = ARENA_NEW(op->arena, struct fhir_patch);
    TRY(patch_path_read(op, resource, p));
    *ret = p;
    return op_check(op);
}

static bool hollow(const struct json *v)
{
    return (v->type == JSON_ARRAY || v->type == JSON_OBJECT) && v->n == 0;
}

static void prune(struct json *v, bool beside, unsigned depth);

/* beside: a list of what stands beside primitives, where null keeps a place. */
static void prune_list(struct json *v, bool beside, unsigned depth)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        struct json *one = &v->u.items[i];
        prune(one, false, depth);
        if (hollow(one) && beside)
            *one = (struct json){.type = JSON_NULL};
        if (!hollow(one))
            v->u.items[kept++] = *one;
    }
    v->n = kept;
}

/* Lists and objects that a patch left empty go: FHIR knows none. */
static void prune(struct json *v, bool beside, unsigned depth)
{
    uint32_t kept = 0;
    if (depth == 0)
        return;
    if (v->type == JSON_ARRAY)
        prune_list(v, beside, depth - 1);
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++) {
        struct json_member *m = &v->u.members[i];
        prune(&m->value, str_starts(m->name, STR("_")), depth - 1);
        if (!hollow(&m->value))
            v->u.members[kept++] = *m;
    }
    if (v->type == JSON_OBJECT)
        v->n = kept;
}

err fhir_patch_apply(struct op *op, const struct fhir_patch *p, struct json *resource)
{
    fhir_type type = fhir_type_of(resource);
    str id = arena_str(op->arena, json_get_str(resource, STR("id")));
    TRY(p->json ? patch_json_apply(op, p->json, resource) : patch_path_apply(op, p, resource));
    TRY(op_check(op));
    prune(resource, false, FHIR_DEPTH_MAX * 4);
    if (fhir_type_of(resource) != type || !str_eq(json_get_str(resource, STR("id")), id))
        return fail(op, ERR_UNPROCESSABLE,
                    "A patch may not change the type or the id of a resource.");
    return fhir_validate(op, resource);
}
