/* DATA/terms as part of a backup: every file is opened and checked, then written whole. */
#include "terms/load_int.h"
#include "terms/terms_int.h"

err terms_copy(struct op *op, str from, str to, size_t *ret_n)
{
    struct terms *t;
    err e = OK;
    TRY(terms_open(op, NULL, from, &t)); /* a damaged file is an error here */
    for (size_t i = 0; e == OK && to.n && i < t->list.n; i++)
        e = load_store(op, to, t->list.at[i]->id, t->list.at[i]->b.bytes);
    *ret_n = t->list.n;
    terms_close(t);
    return e;
}
