/* Private to the search: one query under way. A query is answered from one view; a later page shows
 * what the first page's t showed: resources changed since are left out as they are and taken in as
 * they were. */
#ifndef WEFT_STORE_SEARCH_INT_H
#define WEFT_STORE_SEARCH_INT_H

#include "store/store_int.h"

#define HIT_KEY_MAX 48u /* longer sort keys are compared by their first bytes */
#define LIMIT_MAX 10000u
#define WORK_MAX 20000000u
#define COLLECT_MAX 65536u
#define SORT_MAX 20000u /* candidates that are sorted rather than met in order */
#define CHANGED_MAX 1000000u
#define OLD_MAX 50000u

/* A result and where it stands in the order. */
struct hit {
    uint64_t rid, t;
    uint64_t lead; /* the first bytes of the key: most are told apart by them */
    bool keyless;  /* has no key of the sort's param: last */
    uint8_t key_n;
    char key[HIT_KEY_MAX];
};

/* Keeps the best few of any number of hits. */
struct top {
    struct hit *at;
    struct arena *arena;
    size_t n, room, want; /* it grows up to twice what is wanted and a little */
    bool full;            /* at[want - 1] was the last of the best when it was sorted */
};

struct search {
    struct op *op;
    const struct view *v;
    const struct store_query *q;
    bool later;        /* a later page */
    struct hit after;  /* its position */
    uint64_t t;        /* as of */
    uint64_t *changed; /* sorted: changed after t */
    size_t n_changed;
    struct top top;
    VEC(uint64_t) all; /* of q->all */
    uint64_t total;
    size_t streamed; /* hits from a source that comes in order */
    size_t work;
    bool trying, gave_up; /* a way that is tried costs no more than so many steps */
    size_t patience;
    enum store_lead lead;
    uint16_t led;
};

/* Do numbers come from the highest down? */
static inline bool sort_falls(const struct store_sort *sort)
{
    return sort->descending != sort->backwards;
}

/* ---- search_order.c ---- */
int hit_order(const struct store_sort *sort, const struct hit *a, const struct hit *b);
void hit_make(const struct store_sort *sort, const struct fwd_entry *e, struct hit *ret);
MUST err top_init(struct op *op, struct top *t, size_t want);
void top_add(struct top *t, const struct store_sort *sort, const struct hit *h);
void top_finish(struct top *t, const struct store_sort *sort);
str position_write(struct op *op, const struct store_sort *sort, uint64_t t, const struct hit *h);
MUST err position_read(struct op *op, str text, const struct store_sort *sort, uint64_t *ret_t,
                       struct hit *ret);

/* ---- search_match.c ---- */
bool clause_fits(const struct store_clause *c, const struct fwd_entry *e);
bool entry_fits(const struct store_query *q, const struct fwd_entry *e);
/* Counts it, and keeps it when it lies behind the position. */
void search_offer(struct search *s, const struct fwd_entry *e);
/* Every so often: is the work still within bounds? */
MUST err search_tick(struct search *s);
bool search_changed(const struct search *s, uint64_t rid);
/* A source in the order of the results may stop, or has cost too much to be tried further. */
bool search_enough(const struct search *s);
#define STEPS_A_READ 12u /* passing along keys costs so much less than reading a candidate */
void search_spend(struct search *s, size_t steps);
bool list_has(const uint64_t *list, size_t n, uint64_t rid);

/* ---- search_past.c ---- */
/* Finds what changed since s->t and offers what it was then. */
MUST err search_past(struct search *s);

/* ---- search_scan.c, search_drive.c, search_walk.c ---- */
MUST err search_scan(struct search *s);
MUST err search_drive(struct search *s);

/* search_time.c: resources of the type changed in the clause's window, when they are few. */
MUST err search_window(struct search *s, const struct store_clause *clause, struct rids *ret,
                       bool *ret_small);

struct drive {
    struct search *s;
    struct rids *narrow; /* [0] leads; every one must hold the number (negated: must not) */
    bool *negated;
    const struct store_clause **by; /* which clause each is of; NULL: the type or a window */
    size_t n_narrow;
    const struct store_clause **rest; /* checked on the keys */
    size_t n_rest;
    size_t lead; /* about how many candidates */
    /* search_marks.c */
    const struct store_clause *marked; /* whose marks they are; NULL: every place is looked at */
    struct rids marks;
    uint16_t order; /* parameter that they are in the order of */
    bool falls;
    bool placed; /* place is one that is marked */
    uint64_t place;
    struct buf room;
};
/* Is the number in all the others, too? from: the first to ask. */
MUST err drive_probe(struct drive *d, size_t from, uint64_t rid, bool *ret);
/* Reads the keys of a candidate when they are needed; ret->rid == 0 when it is not there. */
MUST err drive_read(struct drive *d, uint64_t rid, struct fwd_entry *ret);
/* Checks what is left on the keys read, offers it. */
void drive_offer(struct drive *d, const struct fwd_entry *e);
/* Both. */
MUST err drive_check(struct drive *d, uint64_t rid);

/* ---- search_hull.c ---- */
#define HULL_CLAUSES 8u
struct hull {
    str lo, hi; /* keys of the order's param, [lo, hi) */
    size_t n;   /* clauses that it is made of, and what fits each by another key */
    const struct store_clause *by[HULL_CLAUSES];
    struct rids aside[HULL_CLAUSES];
};
MUST err hull_make(struct drive *d, struct hull *ret);
MUST err hull_offer_aside(struct drive *d, const struct hull *h);
/* Of e nothing but its number and its one sort key is known. FITS, as far as clauses are not
 * narrow; NOT, or offered already; UNKNOWN: its other keys tell. */
enum hull_verdict { HULL_FITS, HULL_NOT, HULL_UNKNOWN };
enum hull_verdict hull_decide(const struct drive *d, const struct hull *h,
                              const struct fwd_entry *e);

/* ---- search_marks.c ---- */
/* Marks for the order asked for, if there are any. */
MUST err marks_open(struct drive *d);
/* On to the first entry, from the one that the walk (cursor of the log) stands on, at a marked
 * place. */
MUST err marks_pass_keys(struct drive *d, struct walk *w);
MUST err marks_pass_log(struct drive *d, struct store_cursor *c);
/* What fits c and all narrow clauses, when c is about the marked order; ret->listed tells. */
MUST err marks_collect(struct drive *d, const struct store_clause *c, struct rids *ret);

MUST err walk_by_key(struct drive *d);
MUST err walk_by_time(struct drive *d);

#endif
