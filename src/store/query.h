/* Searching the store: key ranges, orders, pages. Comes with store.h, whose contract holds here,
 * too.
 */
#ifndef WEFT_STORE_QUERY_H
#define WEFT_STORE_QUERY_H

#include "base/op.h"

struct store;
struct store_doc;

/* ---- searching ---- */
/* Keys k (param + value), lo <= k < hi; if mask.n > 0, their bytes at mask_at are mask too. */
struct store_range {
    str lo, hi, mask;
    uint16_t mask_at;
};
enum store_clause_kind { CLAUSE_RANGES, CLAUSE_RIDS, CLAUSE_TIME };
/* A resource fits when any of the ranges holds one of its keys | its number is listed | its current
 * version's time is in [time_lo, time_hi). negate turns it round. */
struct store_clause {
    enum store_clause_kind kind;
    bool negate, sorted; /* sorted: the ranges ascend, do not overlap and have no mask */
    uint16_t label;      /* the caller's own, told again in store_found.led; 0 none */
    const struct store_range *ranges;
    size_t n_ranges;
    const uint64_t *rids; /* sorted */
    size_t n_rids;
    int64_t time_lo, time_hi;
};
enum store_order { ORDER_RID, ORDER_KEY, ORDER_TIME };
struct store_sort {
    enum store_order order;
    bool descending;
    uint16_t param; /* ORDER_KEY: its smallest (descending: largest) key; without one: last */
    bool single;    /* no resource has two keys of it */
    bool backwards; /* the same order from its end: what came last comes first */
};
/* Beside its keys the store marks, by the first STORE_LEAD_BYTES of the value of every `lead` key,
 * where the resource lies among the `order` keys and where in the log, so that a search which asks
 * for such a lead passes over all other places (store_query.marks). Marks name no resource. */
#define STORE_LEAD_BYTES 4u
struct store_marks {
    uint16_t lead, order; /* parameters; 0: none */
};
/* Extracts the keys an old version had; see store_search. */
typedef err (*store_keys_fn)(struct op *op, void *ctx, const struct store_doc *doc, str **ret,
                             size_t *ret_n);
struct store_query {
    uint16_t type;                      /* of the resources wanted */
    struct store_marks marks;           /* of every resource of the type; or none */
    uint64_t comp;                      /* only that patient compartment; 0 = any */
    const struct store_clause *clauses; /* all must fit */
    size_t n_clauses;
    struct store_sort sort; /* ties: by resource number, in the same direction */
    size_t limit;           /* 0 = count only */
    size_t all;             /* no page: every match, so many at most (ERR_TOO_COSTLY past it);
                             * with limit 0 and nothing after */
    bool total;             /* count all matches exactly */
    str after;              /* opaque position from a former answer, or empty */
    store_keys_fn keys_of;  /* needed with after: results are those of the first page's t */
    void *ctx;
};

struct store_found {
    uint64_t *rids;
    size_t n;
    bool more;
    str next;       /* position after the last one, when more */
    str back;       /* position before the first one, to be read with sort.backwards turned round */
    uint64_t total; /* when asked */
    uint64_t t;     /* the state answered from */
    /* How it was found: keys and numbers stepped over, and what led the way. */
    uint64_t steps;
    enum store_lead {
        LEAD_TYPE,
        LEAD_COMPARTMENT,
        LEAD_CLAUSE,
        LEAD_TIME,
        LEAD_ORDER,
        LEAD_MARKS, /* the order, where a clause is marked */
    } lead;
    uint16_t led; /* LEAD_CLAUSE, LEAD_MARKS: the label of the clause */
};
/* Never unbounded memory or work (ERR_TOO_COSTLY past the ceiling). A page taken with `after` shows
 * what the first page's t showed; ERR_GONE when that is too long ago to tell. */
MUST err store_search(struct op *op, struct store *s, const struct store_query *q,
                      struct store_found *ret);
/* A position before everything, for ORDER_RID upwards: the whole answer as it was at t. end: behind
 * everything, for the same order backwards. */
str store_position(struct op *op, uint64_t t, bool end);
/* Where a walk in this order, as of t, comes to the first whose sort key begins with *key (what
 * follows the parameter's number); empty: to the first without one. NULL, or another order: to its
 * start. */
str store_position_at(struct op *op, uint64_t t, const struct store_sort *sort, const str *key);
/* The t that a position goes on as of; 0 when it is none. */
uint64_t store_position_t(str position);
/* All keys of one resource (param + value). */
MUST err store_keys(struct op *op, struct store *s, uint64_t rid, str **ret, size_t *ret_n);

#endif
