/* A parent's access ends at the child's birthday, of the house's day; when the day of birth in the
 * record changes, a follower of the record moves the periods of the Consents that stand on it
 * (spec/identity/proxy-ages.csv). A period that somebody altered by hand is only ever made shorter.
 * Invariant: the cursor moves with the work, so that no change is passed over. */
#include "identity/helper_int.h"

#define CURSOR "proxy-ages"
#define STEP 5000u
#define STEP_BYTES ((size_t)64 << 20)
#define CONSENTS "200"

void identity_zone(struct identity *id, str zone)
{
    id->zone = zone;
}

static int64_t midnight(const struct identity *id, int y, unsigned m, unsigned d)
{
    int64_t utc = time_days_from_civil(y, m, d) * 86400000, there;
    struct time_local at = {.year = y, .month = (int)m, .day = (int)d};
    return id->zone.n && time_from_local(&at, id->zone, &there) ? there : utc;
}

int64_t birthday(const struct identity *id, str birth, unsigned age)
{
    struct time_span span;
    int y;
    unsigned m, d;
    if (!time_parse(birth, &span) || span.precision < TIME_DAY)
        return 0;
    time_civil_from_days(span.lo / 86400000 - (span.lo % 86400000 < 0), &y, &m, &d);
    y += (int)age;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m == 2 && d == 29 && !leap) {
        m = 3;
        d = 1;
    }
    return midnight(id, y, m, d);
}

/* The row whose word the Consent is; NULL: of none, or what it shares was altered. */
static const struct age_row *row_of(const struct json *c)
{
    const struct json *p = JSON_GET(c, "provision");
    const struct age_row *row;
    if (!str_eq(json_str(json_path(p, "actor.0.role.coding.0.code")), STR("PRN")))
        return NULL;
    for (size_t i = 0; (row = age_row(i)); i++)
        if (str_eq(json_str(json_path(c, "policyRule.text")), str_of(row->citation)) &&
            share_what(p) == row->what)
            return row;
    return NULL;
}

/* Is it as a day of birth made it? */
static bool as_made(struct op *op, const struct identity *id, const struct age_row *row,
                    int64_t from, int64_t until)
{
    struct time_local at;
    if (!time_to_local(from, id->zone.n ? id->zone : STR("UTC"), &at))
        return false;
    str birth =
        arena_printf(op->arena, "%04d-%02d-%02d", at.year - (int)row->from, at.month, at.day);
    return birthday(id, birth, row->from) == from && birthday(id, birth, row->to) == until;
}

/* True when it moved. */
static bool move(struct op *op, const struct identity *id, str birth, struct json *c)
{
    const struct age_row *row = row_of(c);
    struct json *period = json_get(JSON_GET(c, "provision"), STR("period"));
    struct time_span from, until;
    if (!row || !time_parse(json_get_str(period, STR("start")), &from) ||
        !time_parse(json_get_str(period, STR("end")), &until))
        return false;
    int64_t lo = birthday(id, birth, row->from), hi = birthday(id, birth, row->to);
    if (!as_made(op, id, row, from.lo, until.lo)) {
        lo = lo > from.lo ? lo : from.lo;
        hi = hi < until.lo ? hi : until.lo;
    }
    if (lo == from.lo && hi == until.lo)
        return false;
    lo = lo < hi ? lo : hi; /* a period that is over before it begins is no period */
    json_set_str(op->arena, period, STR("start"), time_format(op->arena, lo));
    json_set_str(op->arena, period, STR("end"), time_format(op->arena, hi));
    return true;
}

static err of_child(struct record_tx *tx, struct op *op, struct identity *id, uint64_t rid)
{
    struct record_doc child;
    struct record_page page;
    struct json *tree;
    struct fault before = op->fault;
    err e = record_get(op, id->rec, rid, &child);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op->fault = before;
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &child, &tree));
    str birth = json_get_str(tree, STR("birthDate"));
    if (!birthday(id, birth, 0))
        return OK;
    TRY(record_find(op, id->rec, fhir_type_parse(STR("Consent")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&scope=patient-privacy&_count=" CONSENTS,
                                 STR_ARG(child.id)),
                    &page));
    for (size_t i = 0; i < page.n_match; i++) {
        TRY(record_parse(op, &page.docs[i], &tree));
        if (!move(op, id, birth, tree))
            continue;
        TRY(record_tx_update(tx, page.docs[i].type, page.docs[i].id, tree, page.docs[i].vid));
    }
    return OK;
}

static bool born_anew(fhir_type patient, const struct record_change *all, size_t i, size_t n)
{
    if (all[i].type != patient || all[i].created || all[i].deleted)
        return false;
    for (size_t k = i + 1; k < n; k++)
        if (all[k].rid == all[i].rid)
            return false; /* again in this step: once is enough */
    return true;
}

err identity_proxy_step(struct op *op, struct identity *id, size_t *ret_n)
{
    struct record_change *all;
    uint64_t cursor;
    size_t n, some = 0;
    fhir_type patient = fhir_type_parse(STR("Patient"));
    TRY(record_cursor(op, id->rec, STR(CURSOR), &cursor));
    TRY(record_feed(op, id->rec, cursor > id->seen ? cursor : id->seen, STEP, &all, &n));
    struct record_tx *tx = record_begin(op, id->rec);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++)
        if (born_anew(patient, all, i, n)) {
            TRY(of_child(tx, op, id, all[i].rid));
            some++;
        }
    *ret_n = n;
    if (n == 0)
        return OK;
    if (some || n >= STEP) { /* else a restart passes over them once more */
        record_tx_cursor(tx, STR(CURSOR), cursor, all[n - 1].t);
        TRY(record_commit(tx));
    }
    id->seen = all[n - 1].t;
    return OK;
}

static void *follow(void *ctx)
{
    struct identity *id = ctx;
    struct arena *a = arena_new(STEP_BYTES);
    while (a && !atomic_load(&id->stop)) {
        struct op op;
        size_t n = 0;
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        if (identity_proxy_step(&op, id, &n) != OK)
            time_rest(&id->stop, 250);
        else if (n == 0)
            record_feed_wait(id->rec, id->seen, 250);
    }
    arena_free(a);
    return NULL;
}

err identity_follow(struct op *op, struct identity *id)
{
    atomic_store(&id->stop, false);
    if (pthread_create(&id->follower, NULL, follow, id) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for the ages of children");
    id->following = true;
    return OK;
}

void identity_follow_stop(struct identity *id)
{
    atomic_store(&id->stop, true);
    if (id->following)
        pthread_join(id->follower, NULL);
    id->following = false;
}
