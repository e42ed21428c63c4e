/* Is an equal item in a list? For distinct(), union and their like: short lists are walked, of long
 * ones strings and numbers are found by hash, so that thousands of references cost no square.
 * Invariant: the answer is that of '=' with every item of the list. */
#include "fhir/path_int.h"

#define WALK_MAX 16

void path_set_init(struct path_set *s, struct path_run *r, const struct path_list *list)
{
    *s = (struct path_set){.list = list};
    map_init(&s->strings, r->op->arena);
    map_init(&s->numbers, r->op->arena);
}

static bool walk(struct path_run *r, const struct path_list *l, const struct path_item *item)
{
    for (size_t i = 0; i < l->n && r->steps <= PATH_STEPS_MAX; i++) {
        r->steps++;
        if (path_equal(r, &l->at[i], item) == TRI_TRUE)
            return true;
    }
    return false;
}

/* Takes in what the list has got since. */
static err catch_up(struct path_run *r, struct path_set *s)
{
    for (; s->seen < s->list->n; s->seen++) {
        struct path_item *item = &s->list->at[s->seen];
        struct path_value v = path_value_of(item);
        TRY(path_step(r, 1 + v.s.n / 64));
        if (v.kind == V_STRING && v.s.n)
            (void)map_put(&s->strings, v.s, s);
        else if (v.kind == V_NUMBER)
            (void)map_put(&s->numbers, dec_key(r->op->arena, v.d), s);
        else
            TRY(path_push(r, &s->others, *item));
    }
    return op_check(r->op);
}

err path_set_has(struct path_run *r, struct path_set *s, const struct path_item *item, bool *ret)
{
    struct path_value v = path_value_of(item);
    TRY(path_step(r, 1 + v.s.n / 64));
    bool found = false;
    if (s->list->n <= WALK_MAX) {
        found = walk(r, s->list, item);
    } else {
        TRY(catch_up(r, s));
        if (v.kind == V_STRING && v.s.n)
            found = map_get(&s->strings, v.s) != NULL;
        else if (v.kind == V_NUMBER && map_get(&s->numbers, dec_key(r->op->arena, v.d)))
            found = true;
        else /* a quantity may equal a number */
            found = walk(r, v.kind == V_QUANTITY ? s->list : &s->others, item);
    }
    TRY(path_step(r, 0));
    *ret = found;
    return OK;
}

err path_set_add(struct path_run *r, const struct path_list *from, struct path_list *ret)
{
    struct path_set set;
    bool there;
    path_set_init(&set, r, ret);
    for (size_t i = 0; i < from->n; i++) {
        TRY(path_set_has(r, &set, &from->at[i], &there));
        if (!there)
            TRY(path_push(r, ret, from->at[i]));
    }
    return OK;
}

err path_set_keep(struct path_run *r, const struct path_list *from, const struct path_list *in,
                  bool keep, struct path_list *ret)
{
    struct path_set set;
    bool there;
    path_set_init(&set, r, in);
    for (size_t i = 0; i < from->n; i++) {
        TRY(path_set_has(r, &set, &from->at[i], &there));
        if (there == keep)
            TRY(path_push(r, ret, from->at[i]));
    }
    return OK;
}
