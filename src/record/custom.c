/* The set of posted search parameters: given to readers and writers without a lock. A set is never
 * changed and never freed before the record, so a query may point into it.
 * Invariant: who makes keys by a set is counted, so that the worker knows when nobody writes by an
 * older one any more. */
#include "record/custom.h"

#include "record/custom_int.h"

err custom_new(struct op *op, struct record *rec)
{
    struct customs *c = calloc(1, sizeof *c);
    struct arena *a = arena_new(CUSTOM_BYTES);
    struct custom_set *none = a ? ARENA_NEW(a, struct custom_set) : NULL;
    if (!c || !none) {
        arena_free(a);
        free(c);
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    }
    c->arena = a;
    pthread_mutex_init(&c->lock, NULL);
    atomic_store(&c->now, none);
    rec->customs = c;
    return custom_refresh(op, rec);
}

void custom_free(struct customs *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    arena_free(c->arena);
    free(c);
}

void custom_stale(struct record *rec)
{
    atomic_store(&rec->customs->stale, true);
}

const struct fhir_customs *custom_now(const struct record *rec)
{
    return rec->customs ? &atomic_load(&rec->customs->now)->all : NULL;
}

/* Looked at again after the count, so that the worker either sees the writer or the writer sees the
 * newer set. */
void custom_enter(struct record_tx *tx)
{
    for (;;) {
        struct custom_set *s = atomic_load(&tx->rec->customs->now);
        atomic_fetch_add(&s->writers, 1);
        tx->customs = s;
        if (atomic_load(&tx->rec->customs->now) == s)
            return;
        custom_leave(tx);
    }
}

void custom_leave(struct record_tx *tx)
{
    if (tx->customs)
        atomic_fetch_sub(&tx->customs->writers, 1);
    tx->customs = NULL;
}

const struct fhir_customs *custom_of(const struct record_tx *tx)
{
    return tx->customs ? &tx->customs->all : NULL;
}

err custom_check(struct record_tx *tx, struct staged *s)
{
    struct fhir_custom_def d;
    size_t others = 0;
    if (s->type != tx->rec->t_parameter || !s->resource)
        return OK;
    TRY(fhir_custom_read(tx->op, s->resource, &d));
    const struct custom_set *set = atomic_load(&tx->rec->customs->now);
    for (size_t i = 0; d.active && i < set->all.n; i++) {
        const struct fhir_param *p = &set->all.rows[i].param;
        if (set->states[i]->rid == s->rid)
            continue;
        others++;
        for (size_t b = 0; b < d.n_bases; b++)
            if (p->base == d.bases[b] && str_eq(d.code, str_of(p->code)))
                return fail_at(tx->op, ERR_UNPROCESSABLE, STR("SearchParameter.code"),
                               "Another SearchParameter has this name for a type in base; choose "
                               "another.");
    }
    if (d.active && others + d.n_bases > RECORD_CUSTOM_MAX)
        return fail_at(tx->op, ERR_UNPROCESSABLE, STR("SearchParameter.base"),
                       "There are too many: at most %u parameters can be added, counted by type; "
                       "retire some.",
                       RECORD_CUSTOM_MAX);
    return OK;
}

err record_query_read(struct op *op, struct record *rec, fhir_type type, str query, bool lenient,
                      const struct fhir_query **ret)
{
    return fhir_query_read_with(op, custom_now(rec), type, query, lenient, ret);
}

err record_queries_read(struct op *op, struct record *rec, const struct fhir_types *types,
                        str query, bool lenient, const struct fhir_query *const **ret)
{
    return fhir_query_read_types(op, custom_now(rec), types, query, lenient, ret);
}

err record_criteria_read(struct op *op, struct record *rec, fhir_type type, str query,
                         const struct fhir_query **ret)
{
    struct fhir_customs all = *custom_now(rec);
    all.unready = true;
    return fhir_query_read_with(op, &all, type, query, false, ret);
}

const struct fhir_customs *record_customs(const struct record *rec)
{
    return custom_now(rec);
}

uint64_t record_custom_generation(const struct record *rec)
{
    return atomic_load(&rec->customs->generation);
}

const struct fhir_custom *custom_by_number(const struct record *rec, uint16_t number)
{
    const struct fhir_customs *all = custom_now(rec);
    for (size_t i = 0; all && i < all->n; i++)
        if (all->rows[i].param.number == number)
            return &all->rows[i];
    return NULL;
}

err record_custom_list(struct op *op, struct record *rec, struct record_custom **ret, size_t *ret_n)
{
    const struct custom_set *set = atomic_load(&rec->customs->now);
    struct record_custom *all = ARENA_ARRAY(op->arena, struct record_custom, set->all.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < set->all.n; i++)
        all[i] = (struct record_custom){.param = &set->all.rows[i].param,
                                        .url = set->states[i]->url,
                                        .rid = set->states[i]->rid,
                                        .percent = atomic_load(set->all.rows[i].percent)};
    *ret = all;
    *ret_n = set->all.n;
    return OK;
}
