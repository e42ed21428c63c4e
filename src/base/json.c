/* Looking into JSON trees and building them. Children lie side by side; a container that grows
 * keeps twice the room it needs (see json.room). */
#include "base/json_int.h"

static struct json_member *member(const struct json *o, str name)
{
    if (!o || o->type != JSON_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < o->n; i++) {
        str at = o->u.members[i].name;
        if (at.n == name.n && (at.n == 0 || (at.p[0] == name.p[0] && str_eq(at, name))))
            return &o->u.members[i];
    }
    return NULL;
}

struct json *json_get(const struct json *o, str name)
{
    struct json_member *m = member(o, name);
    return m ? &m->value : NULL;
}

str json_str(const struct json *v)
{
    return v && (v->type == JSON_STRING || v->type == JSON_NUMBER) ? v->u.s : STR_NONE;
}

str json_get_str(const struct json *o, str name)
{
    return json_str(json_get(o, name));
}

bool json_is(const struct json *v, enum json_type type)
{
    return v && v->type == type;
}

bool json_bool(const struct json *v, bool fallback)
{
    if (json_is(v, JSON_TRUE))
        return true;
    return json_is(v, JSON_FALSE) ? false : fallback;
}

bool json_i64(const struct json *v, int64_t *ret)
{
    return json_is(v, JSON_NUMBER) && str_to_i64(v->u.s, ret);
}

bool json_double(const struct json *v, double *ret)
{
    return json_is(v, JSON_NUMBER) && str_to_double(v->u.s, ret);
}

struct json *json_at(const struct json *a, size_t i)
{
    return json_is(a, JSON_ARRAY) && i < a->n ? &a->u.items[i] : NULL;
}

struct json *json_path(const struct json *v, const char *path)
{
    str rest = str_of(path), part;
    struct json *at = NULL;
    while (str_take_until(&rest, '.', &part)) {
        uint64_t i;
        if (json_is(v, JSON_ARRAY) && str_to_u64(part, UINT32_MAX, &i))
            at = json_at(v, (size_t)i);
        else
            at = json_get(v, part);
        if (!at)
            return NULL;
        v = at;
    }
    return at;
}

static bool equal(const struct json *a, const struct json *b, unsigned depth)
{
    if (a->type != b->type || depth >= JSON_DEPTH_MAX)
        return false;
    if (a->type == JSON_STRING || a->type == JSON_NUMBER)
        return str_eq(a->u.s, b->u.s);
    if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
        return true;
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct json *x, *y;
        if (a->type == JSON_ARRAY) {
            x = &a->u.items[i];
            y = &b->u.items[i];
        } else {
            str name = a->u.members[i].name;
            x = &a->u.members[i].value;
            y = str_eq(b->u.members[i].name, name) ? &b->u.members[i].value : json_get(b, name);
        }
        if (!y || !equal(x, y, depth + 1))
            return false;
    }
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return a == b || (a && b && equal(a, b, 0));
}

struct json *json_new(struct arena *a, enum json_type type)
{
    struct json *v = ARENA_NEW(a, struct json);
    v->type = (uint8_t)type;
    return v;
}

struct json *json_new_str(struct arena *a, str s)
{
    struct json *v = json_new(a, JSON_STRING);
    v->u.s = s;
    return v;
}

struct json *json_new_num(struct arena *a, str written)
{
    struct json *v = json_new(a, JSON_NUMBER);
    v->u.s = written;
    return v;
}

struct json *json_new_i64(struct arena *a, int64_t n)
{
    return json_new_num(a, arena_printf(a, "%lld", (long long)n));
}

struct json *json_new_bool(struct arena *a, bool v)
{
    return json_new(a, v ? JSON_TRUE : JSON_FALSE);
}

/* Room for one more child of size bytes at *at. */
static bool child_room(struct arena *a, struct json *v, void **at, size_t size)
{
    size_t cap = v->room ? (size_t)1 << v->room : v->n;
    if (v->n < cap)
        return true;
    uint8_t room = 2;
    while (((size_t)1 << room) <= v->n)
        room++;
    void *grown = v->n < UINT32_MAX ? arena_grow(a, *at, cap * size, size << room) : NULL;
    if (!grown)
        return false;
    *at = grown;
    v->room = room;
    return true;
}

void json_set(struct arena *a, struct json *o, str name, const struct json *v)
{
    struct json_member *m = member(o, name);
    if (m) {
        m->value = *v;
        return;
    }
    struct json_member copy = {.name = name, .value = *v};
    void *at = o->u.members;
    if (o->type != JSON_OBJECT || !child_room(a, o, &at, sizeof copy))
        return;
    o->u.members = at;
    o->u.members[o->n++] = copy;
}

void json_set_str(struct arena *a, struct json *o, str name, str s)
{
    json_set(a, o, name, &(struct json){.type = JSON_STRING, .u.s = s});
}

void json_push(struct arena *a, struct json *arr, const struct json *v)
{
    struct json copy = *v;
    void *at = arr->u.items;
    if (arr->type != JSON_ARRAY || !child_room(a, arr, &at, sizeof copy))
        return;
    arr->u.items = at;
    arr->u.items[arr->n++] = copy;
}

void json_unset(struct json *o, str name)
{
    struct json_member *m = member(o, name);
    if (!m)
        return;
    size_t after = o->n - 1 - (size_t)(m - o->u.members);
    memmove(m, m + 1, after * sizeof *m);
    o->n--;
}

static struct json dup(struct arena *a, const struct json *v, unsigned depth)
{
    struct json copy = *v;
    copy.room = 0;
    if (v->type == JSON_STRING || v->type == JSON_NUMBER) {
        copy.u.s = arena_str(a, v->u.s);
    } else if (v->type == JSON_ARRAY || v->type == JSON_OBJECT) {
        bool object = v->type == JSON_OBJECT;
        size_t size = object ? sizeof(struct json_member) : sizeof(struct json);
        void *out = v->n && depth < JSON_DEPTH_MAX ? arena_alloc(a, v->n * size) : NULL;
        copy.n = out && !arena_failed(a) ? v->n : 0;
        copy.u.members = object ? out : NULL;
        if (!object)
            copy.u.items = out;
        for (uint32_t i = 0; i < copy.n; i++) {
            if (object)
                copy.u.members[i] = (struct json_member){arena_str(a, v->u.members[i].name),
                                                         dup(a, &v->u.members[i].value, depth + 1)};
            else
                copy.u.items[i] = dup(a, &v->u.items[i], depth + 1);
        }
    }
    return copy;
}

struct json *json_dup(struct arena *a, const struct json *v)
{
    struct json *copy = json_new(a, JSON_NULL);
    *copy = dup(a, v, 0);
    return copy;
}
