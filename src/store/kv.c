/* Small named values. A row's name is blind: 8 bytes of the group (the name up to its first '/' or
 * ':') and 16 of the whole name; the real name is sealed beside the value. Listing reads one group
 * when the prefix names it, else all. Of a group whose name ends in '@', which holds a value for
 * each resource of some kind, 8 of the 16 say which number the resource has: those of resources
 * that were made one after the other are neighbours in every order of the disk. */
#include "store/memo_int.h"
#include "store/near.h"
#include "store/store_int.h"

#define LIST_MAX 100000u

/* Up to and including the first separator; empty when there is none. */
static str group_of(str key)
{
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '/' || key.p[i] == ':')
            return str_sub(key, 0, i + 1);
    }
    return STR_NONE;
}

#define TURN_BITS 34 /* of a resource's number, four billion; the group's place is above */

/* The place of a value of that resource, as back ends read it from a key. */
static void turn(char out[24], uint64_t rid)
{
    uint64_t low = ((uint64_t)1 << TURN_BITS) - 1;
    u64_write(out + 8, (u64_read(out) & ~low) | (rid << 2 & low));
}

static bool is_numbered(str group)
{
    return group.n > 2 && group.p[group.n - 2] == '@';
}

void kv_row(const struct vault *v, str key, char out[24])
{
    str group = group_of(key);
    uint64_t rid;
    if (str_eq(group, KV_OFTEN))
        memcpy(out, v->often, sizeof v->often);
    else
        blind_hash(v, STR("kv group"), group, (uint8_t *)out, 8);
    blind_hash(v, STR("kv"), key, (uint8_t *)out + 8, 16);
    if (is_numbered(group) && id_parse(v, str_sub(key, group.n, key.n), &rid))
        turn(out, rid);
}

void queue_row(const struct vault *v, str queue, char out[8])
{
    blind_hash(v, STR("queue"), queue, (uint8_t *)out, 8);
}

err kv_read(struct op *op, struct store *s, str row, str value, str *ret_key, str *ret_value)
{
    str plain = STR_NONE, key = STR_NONE;
    uint64_t n = 0;
    TRY(unseal(op, &s->vault, OWNER_STORE, row, value, &plain));
    if (!take_varint(&plain, &n) || n > plain.n || !take_bytes(&plain, (size_t)n, &key))
        return damaged(op, "named value");
    *ret_key = key;
    *ret_value = plain;
    return OK;
}

err kv_stored(struct op *op, struct store *s, struct store_snap *snap, str row, str near, str *ret)
{
    char beside[24];
    if (near.n == 0 || !s->ops->get_near)
        return s->ops->get(op, snap, SPACE_KV, row, ret);
    kv_row(&s->vault, near, beside);
    return s->ops->get_near(op, snap, row, str_make(beside, sizeof beside), ret);
}

enum where { ANYWHERE, AT_ITS_OWN };

static err stored_at(struct op *op, struct store *s, enum where where, str row, str near, str *ret)
{
    struct store_snap *snap = NULL;
    TRY(snap_take(op, s, &snap));
    err e = where == AT_ITS_OWN && s->ops->get_own ? s->ops->get_own(op, snap, row, ret)
                                                   : kv_stored(op, s, snap, row, near, ret);
    s->ops->snap_close(snap);
    return e;
}

static err find(struct op *op, struct store *s, enum where where, str key, str near, str *ret)
{
    char row[24];
    str stored = STR_NONE, name = STR_NONE, value = STR_NONE;
    if (memo_find(s->memo, op->arena, key, ret))
        return arena_failed(op->arena) ? out_of_memory(op) : OK;
    uint64_t mark = memo_mark(s->memo);
    kv_row(&s->vault, key, row);
    TRY(stored_at(op, s, where, str_make(row, sizeof row), near, &stored));
    if (stored.p)
        TRY(kv_read(op, s, str_make(row, sizeof row), stored, &name, &value));
    memo_learn(s->memo, key, value, mark);
    *ret = value;
    return OK;
}

err store_kv_find(struct op *op, struct store *s, str key, str *ret)
{
    return find(op, s, ANYWHERE, key, STR_NONE, ret);
}

err store_kv_find_near(struct op *op, struct store *s, str key, str near, str *ret)
{
    return find(op, s, ANYWHERE, key, near, ret);
}

err store_kv_find_own(struct op *op, struct store *s, str key, str *ret)
{
    return find(op, s, AT_ITS_OWN, key, STR_NONE, ret);
}

err store_kv_get(struct op *op, struct store *s, str key, str *ret)
{
    TRY(store_kv_find(op, s, key, ret));
    return ret->n ? OK : fail(op, ERR_NOT_FOUND, "there is no such value");
}

static int by_name(const void *x, const void *y)
{
    return str_cmp(*(const str *)x, *(const str *)y);
}

typedef VEC(str) names;

static err collect(struct op *op, struct store *s, struct store_cursor *c, str prefix, names *out)
{
    char row[24];
    str key = STR_NONE, value = STR_NONE;
    size_t group_n = 0;
    if (group_of(prefix).n) {
        kv_row(&s->vault, prefix, row);
        group_n = 8;
    }
    TRY(s->ops->cursor_seek(op, c, str_make(row, group_n), false));
    while (c->valid) {
        if (c->key.n != sizeof row || memcmp(c->key.p, row, group_n) != 0)
            return OK;
        TRY(kv_read(op, s, c->key, c->value, &key, &value));
        if (str_starts(key, prefix))
            VEC_PUSH(op->arena, out, key);
        if (out->n > LIST_MAX)
            return fail(op, ERR_TOO_COSTLY, "too many values have names like that");
        TRY(s->ops->cursor_next(op, c));
    }
    return OK;
}

err store_kv_list(struct op *op, struct store *s, str prefix, size_t max, str **ret_keys,
                  size_t *ret_n)
{
    struct store_snap *snap = NULL;
    struct store_cursor *c = NULL;
    names found = {.n = 0};
    TRY(snap_take(op, s, &snap));
    err e = s->ops->cursor_open(op, snap, SPACE_KV, &c);
    if (e == OK)
        e = collect(op, s, c, prefix, &found);
    s->ops->snap_close(snap);
    TRY(e);
    if (arena_failed(op->arena))
        return out_of_memory(op);
    if (found.n)
        qsort(found.at, found.n, sizeof *found.at, by_name);
    *ret_keys = found.at;
    *ret_n = found.n < max ? found.n : max;
    return OK;
}

typedef VEC(struct store_named) named_values;

/* The rows of a group after `at`; *at is left on the last one looked at, empty when none is left.
 */
static err walk(struct op *op, struct store *s, struct store_cursor *c, str prefix, str *at,
                size_t max, named_values *out)
{
    char row[24];
    kv_row(&s->vault, prefix, row);
    TRY(s->ops->cursor_seek(op, c, str_empty(*at) ? str_make(row, 8) : *at, false));
    if (c->valid && !str_empty(*at) && str_eq(c->key, *at))
        TRY(s->ops->cursor_next(op, c));
    *at = STR_NONE;
    for (size_t seen = 0; c->valid && c->key.n == sizeof row && memcmp(c->key.p, row, 8) == 0;
         seen++) {
        struct store_named found;
        if (seen == max)
            return OK;
        TRY(kv_read(op, s, c->key, c->value, &found.name, &found.value));
        *at = arena_str(op->arena, c->key);
        if (str_starts(found.name, prefix))
            VEC_PUSH(op->arena, out, found);
        TRY(s->ops->cursor_next(op, c));
    }
    *at = STR_NONE;
    return OK;
}

err store_kv_page(struct op *op, struct store *s, str prefix, str *at, size_t max,
                  struct store_named **ret, size_t *ret_n)
{
    struct store_snap *snap = NULL;
    struct store_cursor *c = NULL;
    named_values found = {.n = 0};
    TRY(snap_take(op, s, &snap));
    err e = s->ops->cursor_open(op, snap, SPACE_KV, &c);
    if (e == OK)
        e = walk(op, s, c, prefix, at, max, &found);
    s->ops->snap_close(snap);
    TRY(e);
    *ret = found.at;
    *ret_n = found.n;
    return arena_failed(op->arena) ? out_of_memory(op) : OK;
}
