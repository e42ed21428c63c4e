/* The list of what is not shipped: compiled resources of the record and mapped files, sorted by
 * kind and url. A block lives until nobody refers to it: the list is one, an operation under way
 * another. */
#include "terms/terms_int.h"

#include <stdlib.h>
#include <sys/mman.h>

void kept_release(void *kept)
{
    struct kept *k = kept;
    if (atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    if (k->origin == ORIGIN_FILE)
        munmap(k->mem, k->mem_n);
    else
        free(k->mem);
    free(k);
}

static int digits_cmp(str *a, str *b)
{
    while (a->n > 1 && a->p[0] == '0')
        *a = str_sub(*a, 1, SIZE_MAX);
    while (b->n > 1 && b->p[0] == '0')
        *b = str_sub(*b, 1, SIZE_MAX);
    return a->n != b->n ? (a->n < b->n ? -1 : 1) : str_cmp(*a, *b);
}

static str run_of(str *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    str run = str_sub(*s, 0, n);
    *s = str_sub(*s, n, SIZE_MAX);
    return run;
}

int version_cmp(str a, str b)
{
    while (a.n && b.n) {
        str x = run_of(&a), y = run_of(&b);
        int c = x.n && y.n ? digits_cmp(&x, &y) : (x.n > y.n) - (x.n < y.n);
        if (c || !a.n || !b.n)
            return c ? c : (a.n > 0) - (b.n > 0);
        if (a.p[0] != b.p[0])
            return (unsigned char)a.p[0] < (unsigned char)b.p[0] ? -1 : 1;
        a = str_sub(a, 1, SIZE_MAX);
        b = str_sub(b, 1, SIZE_MAX);
    }
    return (a.n > 0) - (b.n > 0);
}

static int place_cmp(const struct kept *k, uint32_t kind, str url)
{
    return k->kind != kind ? (k->kind < kind ? -1 : 1) : str_cmp(k->url, url);
}

size_t kept_find(const struct kept_list *l, uint32_t kind, str url)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (place_cmp(l->at[mid], kind, url) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void take_out(struct kept_list *l, size_t i)
{
    struct kept *gone = l->at[i];
    l->bytes -= gone->origin == ORIGIN_RECORD ? gone->mem_n : 0;
    l->supplements -= gone->kind == BLOB_SYSTEM && gone->more.n > 0;
    memmove(l->at + i, l->at + i + 1, (l->n - i - 1) * sizeof *l->at);
    l->n--;
    kept_release(gone);
}

void kept_remove(struct terms *t, uint64_t rid)
{
    for (size_t i = t->list.n; rid && i-- > 0;)
        if (t->list.at[i]->rid == rid)
            take_out(&t->list, i);
}

static void remove_same(struct terms *t, const struct kept *k)
{
    if (k->origin == ORIGIN_RECORD) {
        kept_remove(t, k->rid);
        return;
    }
    for (size_t i = kept_find(&t->list, k->kind, k->url); i < t->list.n; i++) {
        const struct kept *o = t->list.at[i];
        if (place_cmp(o, k->kind, k->url) != 0)
            return;
        if (o->origin == k->origin && str_eq(o->version, k->version)) {
            take_out(&t->list, i);
            return;
        }
    }
}

bool kept_put(struct terms *t, const struct kept *k)
{
    struct kept_list *l = &t->list;
    remove_same(t, k);
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct kept **more = realloc(l->at, cap * sizeof(struct kept *));
        if (!more)
            return false;
        l->at = more;
        l->cap = cap;
    }
    struct kept *copy = malloc(sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, k, sizeof *copy);
    atomic_init(&copy->refs, 1);
    size_t i = kept_find(l, k->kind, k->url);
    memmove(l->at + i + 1, l->at + i, (l->n - i) * sizeof *l->at);
    l->at[i] = copy;
    l->n++;
    l->supplements += k->kind == BLOB_SYSTEM && k->more.n > 0;
    l->bytes += k->origin == ORIGIN_RECORD ? k->mem_n : 0;
    return true;
}
