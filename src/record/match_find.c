/* Patient/$match: candidates by blocks, that is by searches over the blind keys that few patients
 * share; then each is read, asked of policy and weighed. Invariant: nobody is found whom the actor
 * could not have found by searching, and nothing is looked at without bound. */
#include "base/phone.h"
#include "base/time.h"
#include "record/match_int.h"

#define BLOCK_MAX 100u
#define CANDIDATES_MAX 600u
#define DIGITS_10 10u

struct matching {
    struct op *op;
    struct record *rec;
    struct features asked;
    VEC(uint64_t) rids;
    size_t blocks;
    struct plan plan; /* of the last block: access as decided */
    VEC(struct record_matched) found;
};

static void value(struct buf *b, const char *name, str v)
{
    buf_printf(b, "%s%s=", b->n ? "&" : "", name);
    for (size_t i = 0; i < v.n; i++) { /* what search gives a meaning to */
        if (strchr("\\,$|", v.p[i]) && v.p[i])
            buf_add(b, STR("%5C"));
        buf_url(b, str_sub(v, i, i + 1));
    }
}

/* One search; what is too common to tell people apart finds its first few only. */
static err block(struct matching *m, const struct buf *query)
{
    const struct fhir_query *q;
    uint64_t *rids;
    size_t n;
    TRY(op_check(m->op));
    m->blocks++;
    TRY(fhir_query_read(m->op, m->rec->t_patient, buf_str(query), false, &q));
    TRY(plan_make(m->op, m->rec, q, 0, &m->plan));
    TRY(search_rids(m->op, m->rec, q, &m->plan, BLOCK_MAX, &rids, &n));
    for (size_t i = 0; i < n && m->rids.n < CANDIDATES_MAX; i++) {
        bool known = false;
        for (size_t k = 0; k < m->rids.n && !known; k++)
            known = m->rids.at[k] == rids[i];
        if (!known)
            VEC_PUSH(m->op->arena, &m->rids, rids[i]);
    }
    return op_check(m->op);
}

static struct buf fresh(struct matching *m)
{
    struct buf b;
    buf_init(&b, m->op->arena, 8192);
    return b;
}

static err by_identifier(struct matching *m)
{
    const struct features *f = &m->asked;
    for (size_t i = 0; i < f->values.n; i++) {
        struct buf b = fresh(m);
        value(&b, "identifier", f->systems.at[i]);
        if (f->systems.at[i].n) {
            buf_char(&b, '|');
            struct buf v = fresh(m);
            value(&v, "", f->values.at[i]);
            buf_add(&b, str_sub(buf_str(&v), 1, SIZE_MAX));
        } else {
            b = fresh(m);
            value(&b, "identifier", f->values.at[i]);
        }
        TRY(block(m, &b));
    }
    return OK;
}

/* Day and month may have changed places. */
static err by_date(struct matching *m, const char *name, str v)
{
    str d = m->asked.birthdate;
    struct buf b = fresh(m);
    if (d.n != 10)
        return OK;
    value(&b, "birthdate", d);
    value(&b, name, v);
    TRY(block(m, &b));
    str swapped = arena_printf(m->op->arena, "%.5s%.2s-%.2s", d.p, d.p + 8, d.p + 5);
    struct time_span span;
    if (str_eq(swapped, d) || !time_parse(swapped, &span))
        return OK;
    b = fresh(m);
    value(&b, "birthdate", swapped);
    value(&b, name, v);
    return block(m, &b);
}

/* With the short forms of the given name; as one search. */
static err by_name(struct matching *m, str family, str given)
{
    struct match_list also = {.n = 0};
    struct buf b = fresh(m);
    match_nicknames_of(given, &also);
    value(&b, "family", family);
    value(&b, "given", given);
    for (size_t i = 0; i < also.n; i++) {
        buf_char(&b, ',');
        buf_url(&b, also.at[i]);
    }
    return block(m, &b);
}

static err by_person(struct matching *m)
{
    const struct features *f = &m->asked;
    for (size_t i = 0; i < f->families.n && i < 3; i++) {
        TRY(by_date(m, "family", f->families.at[i]));
        for (size_t k = 0; k < f->givens.n && k < 2; k++)
            TRY(by_name(m, f->families.at[i], f->givens.at[k]));
    }
    for (size_t k = 0; k < f->givens.n && k < 2; k++)
        TRY(by_date(m, "given", f->givens.at[k]));
    for (size_t i = 0; i < f->postcodes.n && i < 2; i++)
        TRY(by_date(m, "address-postalcode", f->postcodes.at[i]));
    return OK;
}

/* Telecom values as they were sent, and as other systems like to write them. */
static err by_telecom(struct matching *m, const struct json *patient)
{
    const struct json *list = JSON_GET(patient, "telecom"), *one;
    for (size_t i = 0; (one = json_at(list, i)) && i < 4; i++) {
        str written = json_get_str(one, STR("value"));
        bool mail = str_eq(json_get_str(one, STR("system")), STR("email"));
        str plain =
            mail ? fhir_fold(m->op->arena, written) : phone_plain_number(m->op->arena, written);
        if (!written.n)
            continue;
        struct buf b = fresh(m);
        value(&b, mail ? "email" : "phone", written);
        if (!str_eq(plain, written)) {
            buf_char(&b, ',');
            buf_url(&b, plain);
        }
        if (!mail && plain.n > DIGITS_10) {
            buf_char(&b, ',');
            buf_url(&b, str_sub(plain, plain.n - DIGITS_10, plain.n));
        }
        TRY(block(m, &b));
    }
    return OK;
}

static err weigh(struct matching *m, uint64_t rid)
{
    struct store_doc d;
    struct json *tree;
    struct features f;
    struct record_matched one = {.score = 0};
    bool ok;
    TRY(search_fetch(m->op, m->rec, NULL, &m->plan, rid, 0, &d, &ok));
    if (!ok)
        return OK;
    TRY(tree_shown(m->op, m->rec, &d, &tree));
    features_of(m->op, tree, &f);
    match_score(m->op, &m->asked, &f, &one);
    if (one.grade == GRADE_CERTAINLY_NOT)
        return op_check(m->op);
    doc_fill(m->op, m->rec, &d, &one.doc);
    VEC_PUSH(m->op->arena, &m->found, one);
    return op_check(m->op);
}

static int by_score(const void *x, const void *y)
{
    const struct record_matched *a = x, *b = y;
    if (a->grade != b->grade)
        return a->grade > b->grade ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->doc.rid > b->doc.rid) - (a->doc.rid < b->doc.rid);
}

static err told(struct matching *m)
{
    uint64_t patients[64];
    size_t n = 0;
    for (size_t i = 0; i < m->found.n && n < 64; i++)
        patients[n++] = m->found.at[i].doc.rid;
    struct audit a = {.action = ACTION_READ,
                      .type = m->rec->t_patient,
                      .code = STR("match"),
                      .patients = patients,
                      .n_patients = n};
    return audit_append(m->op, m->rec, &a);
}

err record_match(struct op *op, struct record *rec, const struct json *patient, size_t max,
                 struct record_matched **ret, size_t *ret_n)
{
    struct matching m = {.op = op, .rec = rec};
    features_of(op, patient, &m.asked);
    TRY(by_identifier(&m));
    TRY(by_person(&m));
    TRY(by_telecom(&m, patient));
    if (m.blocks == 0)
        return fail(op, ERR_INVALID,
                    "There is too little to look for: send an identifier, a phone or e-mail "
                    "address, or two of family name, given name, birth date.");
    for (size_t i = 0; i < m.rids.n; i++) {
        TRY(search_late(op, i));
        TRY(weigh(&m, m.rids.at[i]));
    }
    if (m.found.n)
        qsort(m.found.at, m.found.n, sizeof *m.found.at, by_score);
    m.found.n = m.found.n < max ? m.found.n : max;
    TRY(told(&m));
    *ret = m.found.at;
    *ret_n = m.found.n;
    return OK;
}
