/* Follows a trie of search parameters through a resource: one pass makes the keys of all parameters
 * of the type. Does not know the data types (keys_from.c).
 * Invariant: an edge is taken once for each item of its member whose condition holds; a composite's
 * parts come from one element, so values that do not belong together never meet. */
#include "fhir/keys_int.h"

static bool holds(const struct key_walk *w, const struct key_edge *e, const struct json *v)
{
    switch ((enum key_if)e->cond) {
    case IF_EQUAL:
        return str_eq(json_get_str(v, str_of(e->name)), str_of(e->text));
    case IF_TARGET:
        return ref_target(w->resource, v) == e->number;
    case IF_NONE:
    case IF_INDEX:
        break;
    }
    return true;
}

static void follow(struct key_walk *w, const struct key_edge *e, const struct json *v)
{
    if (v->type != JSON_ARRAY) {
        if (v->type != JSON_NULL && holds(w, e, v) && (e->cond != IF_INDEX || e->number == 0))
            keys_walk(w, e->child, v);
        return;
    }
    uint32_t from = e->cond == IF_INDEX ? e->number : 0;
    uint32_t to = e->cond == IF_INDEX && v->n > from ? from + 1 : v->n;
    for (uint32_t i = from; i < to && !w->over; i++)
        if (v->u.items[i].type != JSON_NULL && holds(w, e, &v->u.items[i]))
            keys_walk(w, e->child, &v->u.items[i]);
}

static int edge_order(const struct key_edge *e, str name)
{
    if (e->length != name.n)
        return e->length < name.n ? -1 : 1;
    return memcmp(e->member, name.p, name.n);
}

/* The first edge of that name, or n_edges. */
static size_t edge_find(const struct key_edge *e, size_t n, str name)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (edge_order(&e[mid], name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && edge_order(&e[lo], name) == 0 ? lo : n;
}

/* The keys of one part of a composite, as a list of its own. */
static void part_keys(struct key_walk *w, const struct key_part *p, const struct json *v,
                      struct key_walk *ret)
{
    *ret = (struct key_walk){.op = w->op, .resource = w->resource, .part = true};
    keys_walk(ret, p->node, p->outer ? w->resource : v);
    w->over |= ret->over;
}

void keys_cross(struct key_walk *w, uint16_t param, const struct key_walk *lists, size_t n)
{
    size_t at[KEY_PARTS_MAX] = {0};
    for (;;) {
        struct fhir_key *parts = ARENA_ARRAY(w->op->arena, struct fhir_key, n);
        if (!parts || w->over)
            return;
        for (size_t i = 0; i < n; i++)
            parts[i] = lists[i].keys.at[at[i]];
        keys_add(w, &(struct fhir_key){
                        .param = param, .kind = KEY_COMPOSITE, .parts = parts, .n_parts = n});
        size_t i = 0;
        while (i < n && ++at[i] == lists[i].keys.n)
            at[i++] = 0;
        if (i == n)
            return;
    }
}

static void composite(struct key_walk *w, const struct key_action *a, const struct json *v)
{
    const struct key_composite *c = &fhir_key_composites[a->composite];
    struct key_walk lists[KEY_PARTS_MAX];
    if (c->n > KEY_PARTS_MAX)
        return;
    /* The value parts come last and are the ones most often absent. */
    for (size_t i = c->n; i-- > 0;) {
        part_keys(w, &fhir_key_parts[c->part + i], v, &lists[i]);
        if (lists[i].keys.n == 0)
            return;
    }
    keys_cross(w, a->param, lists, c->n);
}

static void act(struct key_walk *w, const struct key_node *n, const struct json *v)
{
    for (size_t i = 0; i < n->n_actions; i++) {
        const struct key_action *a = &fhir_key_actions[n->action + i];
        if (a->from == KEY_FROM_COMPOSITE)
            composite(w, a, v);
        else
            keys_from(w, a->param, a->from, v);
    }
}

void keys_walk(struct key_walk *w, uint16_t node, const struct json *v)
{
    const struct key_node *n = &fhir_key_nodes[node];
    act(w, n, v);
    if (n->n_edges == 0 || v->type != JSON_OBJECT)
        return;
    const struct key_edge *edges = fhir_key_edges + n->edge;
    for (uint32_t i = 0; i < v->n && !w->over; i++) {
        const struct json_member *m = &v->u.members[i];
        for (size_t e = edge_find(edges, n->n_edges, m->name);
             e < n->n_edges && edge_order(&edges[e], m->name) == 0; e++)
            follow(w, &edges[e], &m->value);
    }
}

void keys_add(struct key_walk *w, const struct fhir_key *key)
{
    if (w->part && (key->kind == KEY_DISPLAY || key->kind == KEY_TYPED))
        return;
    if (w->keys.n >= KEYS_MAX || arena_failed(w->op->arena)) {
        w->over = true;
        return;
    }
    VEC_PUSH(w->op->arena, &w->keys, *key);
}
