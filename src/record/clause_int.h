/* Between plan.c, chain.c and clause_*.c only: one parameter's values as ranges. */
#ifndef WEFT_RECORD_CLAUSE_INT_H
#define WEFT_RECORD_CLAUSE_INT_H

#include "record/record_int.h"

#define BOTH_SETS (IN_OR | IN_AND)

/* How much all chains of one search may follow, in looks at the store. */
struct chain_budget {
    size_t left;
};
struct planner {
    struct op *op;
    struct record *rec;
    struct plan *plan;
    struct clause_list list;
    struct chain_budget *budget;
    uint64_t t;                    /* see plan_make() */
    bool crowd;                    /* see plan_crowd() */
    VEC(struct fhir_clause) asked; /* what plan_holds() asks of the document */
    VEC(const struct fhir_clause *) chains;
};
/* A plan for a query inside another, drawing on the same budget. */
MUST err plan_inner(const struct planner *pl, const struct fhir_query *q, struct plan *ret);
/* One more condition: any of the ranges, or with negate none of them. */
void planner_ranges(struct planner *pl, const struct range_set *s, bool negate);
void planner_rids(struct planner *pl, const uint64_t *rids, size_t n, bool negate);
/* The numbers that keys are stored under. */
size_t clause_numbers(const struct fhir_param *p, const uint16_t **ret);

/* redact_search.c: when all clauses are in the list, before access: what tells of a redacted
 * element is refused, or asked of the documents. */
MUST err redact_query(struct planner *pl, const struct fhir_query *q);
/* chain.c: when all other clauses and access are in the list. */
MUST err chains_settle(struct planner *pl, fhir_type type);
MUST err chains_hold(struct op *op, struct record *rec, const struct plan *plan, uint64_t rid,
                     bool *ret);

/* clause_text.c */
MUST err clause_words(struct planner *pl, const struct fhir_clause *c);
/* clause_near.c */
void ranges_near(struct range_set *s, const struct kb *k, const struct fhir_value *v);
/* clause_terms.c: :in, :not-in, :above and :below of tokens as lists of codes. */
MUST err clause_codes(struct planner *pl, const struct fhir_clause *c, struct fhir_clause *ret);
/* clause_tree.c: :above and :below of references; _list. */
MUST err clause_tree(struct planner *pl, const struct fhir_clause *c);
MUST err clause_list(struct planner *pl, fhir_type type, const struct fhir_clause *c);
/* The targets of a resource's references by a parameter, as of t (0: now), from its keys. */
struct rid_at {
    uint64_t rid, t;
};
MUST err clause_points_at(struct op *op, struct record *rec, struct rid_at who,
                          const struct fhir_param *p, uint64_t **ret, size_t *ret_n);

/* The clause's values asked of the keys stored under number. */
MUST err clause_values(struct range_set *s, uint16_t number, const struct fhir_clause *c);
/* Any value at all. */
void clause_present(struct range_set *s, uint16_t number);
/* A reference to any of rids. */
void clause_targets(struct range_set *s, uint16_t number, const uint64_t *rids, size_t n);
/* Values to be looked for in texts: trigrams, or anything at all when they are too short. */
void clause_contains(struct range_set *s, uint16_t number, const struct fhir_clause *c);
/* The i-th trigram of a folded text; returns the number of ranges. */
size_t clause_grams(struct op *op, struct record *rec, uint16_t number, str folded, size_t i,
                    struct store_range ret[2]);

#endif
