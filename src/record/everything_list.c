/* What belongs to a record: what lives in the compartment, what of the types that may name several
 * patients names this one, and, for a later page, what has changed since the first. Also the
 * position between pages. Invariant: nothing that belonged to the record at the first page's moment
 * is missing from the list; what has come since falls out when it is read. */
#include "record/everything_int.h"

#define HOLDERS_MAX 10000u
#define CHANGES 4096u
#define CHANGED_MAX 1000000u

static int by_place(const void *x, const void *y)
{
    const struct store_member *a = x, *b = y;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return (a->rid > b->rid) - (a->rid < b->rid);
}

void gather_sort(member_vec *v)
{
    size_t n = 0;
    if (v->n)
        qsort(v->at, v->n, sizeof *v->at, by_place);
    for (size_t i = 0; i < v->n; i++)
        if (!n || by_place(&v->at[n - 1], &v->at[i]) != 0)
            v->at[n++] = v->at[i];
    v->n = n;
}

/* A family account, a group visit, a household list: they live elsewhere and name the patient. */
static err holders(struct gather *g, fhir_type type)
{
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(type, i)); i++) {
        bool points = false;
        for (size_t k = 0; k < p->n_targets; k++)
            points |= p->targets[k] == g->rec->t_patient;
        if (!points || p->alias || p->type != PARAM_REFERENCE)
            continue;
        struct kb k = kb_param(p->number);
        uint64_t *rids;
        size_t n;
        kb_u8(&k, TAG_REF);
        kb_low(&k, g->patient, 6);
        TRY(store_reader_holders(g->op, g->r, type, str_make(k.p, k.n), HOLDERS_MAX, &rids, &n));
        for (size_t j = 0; j < n; j++)
            VEC_PUSH(g->op->arena, &g->members, ((struct store_member){rids[j], type}));
    }
    return op_check(g->op);
}

/* Did the version of then name the patient? */
static err named_then(struct gather *g, const struct store_change *c, bool *ret)
{
    struct store_doc d;
    bool there;
    str id;
    fhir_type type;
    *ret = false;
    TRY(store_reader_get(&g->inner, g->r, c->rid, g->t, &d, &there));
    if (!there || d.deleted)
        return OK;
    TRY(store_reader_body(&g->inner, g->r, &d));
    TRY(record_name(&g->inner, g->rec, g->patient, &type, &id));
    *ret =
        gather_names(d.body, arena_printf(g->scratch, "\"reference\":\"Patient/%.*s", STR_ARG(id)));
    return OK;
}

static err changed(struct gather *g)
{
    uint64_t after = g->t;
    size_t n = CHANGES, seen = 0;
    while (n >= CHANGES) {
        struct store_change *c;
        arena_reset(g->scratch);
        op_init(&g->inner, g->scratch, g->op->actor, g->op->now);
        TRY(store_feed(&g->inner, g->rec->store, after, CHANGES, &c, &n));
        for (size_t i = 0; i < n; i++) {
            bool one, ours = c[i].comp == g->patient;
            after = c[i].t;
            if (!ours && c[i].vid > 1 && type_many(c[i].type, &one))
                TRY(named_then(g, &c[i], &ours));
            if (ours)
                VEC_PUSH(g->op->arena, &g->members, ((struct store_member){c[i].rid, c[i].type}));
        }
        seen += n;
        if (seen > CHANGED_MAX)
            return fail(g->op, ERR_GONE,
                        "Too much has changed since the first page; start at page one.");
    }
    return op_check(g->op);
}

static void subject_first(struct gather *g)
{
    struct store_member *m = g->members.at;
    for (size_t i = 0; i < g->members.n; i++) {
        if (m[i].rid != g->subject)
            continue;
        struct store_member s = m[i];
        memmove(&m[1], &m[0], i * sizeof *m);
        m[0] = s;
        return;
    }
}

err gather_members(struct gather *g)
{
    struct store_member *held = NULL;
    size_t n = 0;
    if (g->patient)
        TRY(store_reader_members(g->op, g->r, g->patient, &held, &n));
    for (size_t i = 0; i < n; i++)
        VEC_PUSH(g->op->arena, &g->members, held[i]);
    for (fhir_type t = 1; g->patient && !g->visit.n && t <= FHIR_TYPE_COUNT; t++) {
        bool one;
        if (type_many(t, &one) && fhir_in_patient_compartment(t))
            TRY(holders(g, t));
    }
    VEC_PUSH(g->op->arena, &g->members, ((struct store_member){g->subject, g->subject_type}));
    if (g->patient && g->t < store_reader_t(g->r))
        TRY(changed(g));
    TRY(op_check(g->op));
    gather_sort(&g->members);
    subject_first(g);
    return OK;
}

/* "t-phase-type-number", all decimal. */
err place_take(struct gather *g, const struct fhir_query *q)
{
    str text, part[4];
    uint64_t v[4];
    TRY(page_take(g->op, g->rec, q, &text));
    if (str_empty(text))
        return OK;
    bool good = true;
    for (size_t i = 0; i < 4; i++)
        good = good && str_take_until(&text, '-', &part[i]) &&
               str_to_u64(part[i],
                          i == 1   ? 2
                          : i == 2 ? UINT16_MAX
                                   : INT64_MAX,
                          &v[i]);
    if (!good || text.n || !v[0])
        return fail(g->op, ERR_INVALID, "_page is not a position in a record.");
    g->t = v[0];
    g->from = (struct place){(unsigned)v[1], (fhir_type)v[2], v[3]};
    return OK;
}

str place_text(const struct gather *g)
{
    return arena_printf(g->op->arena, "%llu-%u-%u-%llu", (unsigned long long)g->t, g->last.phase,
                        g->last.type, (unsigned long long)g->last.rid);
}
