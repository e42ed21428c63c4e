/* Is there a visit near a moment: the fact that a tenant's restriction may wait for. Invariant: it
 * is asked of the record of today, by the system; what was called off is none, nor is what only the
 * one who asks made, moved or gave to this patient; and it gives away nothing but yes or no. */
#include "record/custom.h"
#include "record/entry_int.h"
#include "record/looks.h"

#include "base/time.h"

#define DAY INT64_C(86400000)
#define VISITS_MAX 16u
#define LINES_MAX 64u

struct window {
    int64_t from, to;
    str user; /* whose own visits do not count; empty: all count */
};

static bool called_off(str status)
{
    return str_eq(status, STR("cancelled")) || str_eq(status, STR("noshow")) ||
           str_eq(status, STR("entered-in-error"));
}

/* Was an earlier version such a visit of the same patient? */
static bool was_one(struct op *op, struct record *rec, const struct store_doc *now, uint32_t vid,
                    const struct window *w)
{
    struct store_doc then;
    struct json *tree;
    struct time_span lo, hi;
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct fault before = op->fault;
    bool one = false;
    if (store_get_version(op, rec->store, now->rid, vid, &then) == OK && !then.deleted &&
        then.comp == now->comp &&
        json_read(op,
                  arena_printf(op->arena, "{\"meta\":{\"versionId\":\"1\"%.*s", STR_ARG(then.body)),
                  &limits, &tree) == OK) {
        const struct json *p = JSON_GET(tree, "period") ? JSON_GET(tree, "period") : tree;
        str start = json_get_str(p, STR("start")), end = json_get_str(p, STR("end"));
        one = !called_off(json_get_str(tree, STR("status"))) && time_parse(start, &lo) &&
              lo.lo <= w->to && (!end.n || (time_parse(end, &hi) && hi.hi >= w->from));
    }
    op->fault = before;
    return one;
}

/* The trail knows who wrote which version; what it does not know came in bulk. */
static err by_another(struct op *op, struct record *rec, const struct store_doc *d,
                      const struct window *w, bool *ret)
{
    struct kb k = audit_key(rec, AUDIT_ENTITY, d->rid);
    struct store_range range = range_prefix(op->arena, &k, STR_NONE, 0);
    struct store_trail_entry *e;
    size_t n;
    uint32_t oldest = d->vid + 1;
    TRY(store_trail_find(op, rec->store, &range, 0, LINES_MAX, &e, &n));
    for (size_t i = 0; i < n; i++) {
        struct audit_line l;
        if (!audit_decode(e[i].entry, &l) || l.rid != d->rid || l.outcome != OK || !l.vid ||
            (l.action != ACTION_CREATE && l.action != ACTION_UPDATE))
            continue;
        oldest = l.vid < oldest ? l.vid : oldest;
        *ret = !str_eq(l.user, w->user) && (l.vid == d->vid || was_one(op, rec, d, l.vid, w));
        if (*ret)
            return OK;
    }
    *ret = n < LINES_MAX && oldest > 1 && (oldest > d->vid || was_one(op, rec, d, oldest - 1, w));
    return OK;
}

static err any(struct op *op, struct record *rec, const char *type, str query,
               const struct window *w, bool *ret)
{
    struct matches m = {0};
    TRY(match_some(op, rec, fhir_type_parse(str_of(type)), query, w->user.n ? VISITS_MAX : 1, &m));
    *ret = m.n > 0 && !w->user.n;
    for (size_t i = 0; i < m.n && !*ret; i++)
        TRY(by_another(op, rec, &m.docs[i], w, ret));
    return OK;
}

err record_visit_near(struct op *op, struct record *rec, const struct record_near *q, bool *ret)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    struct window w = {
        .from = q->when - q->days * DAY, .to = q->when + q->days * DAY, .user = q->except};
    struct store_doc p;
    struct op inner;
    bool found = false;
    if (!q->patient) {
        *ret = false;
        return OK;
    }
    op_init(&inner, op->arena, &self, op->now);
    TRY(peek_named(&inner, rec, q->patient, &p));
    str id = doc_id(&inner, rec, q->patient, p.client_id);
    str from = time_format(op->arena, w.from), to = time_format(op->arena, w.to);
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&date=ge%.*s&date=le%.*s"
                             "&status:not=cancelled,noshow,entered-in-error",
                             STR_ARG(id), STR_ARG(from), STR_ARG(to));
    TRY(op_check(op));
    err e = any(&inner, rec, "Encounter", query, &w, &found);
    if (e == OK && !found)
        e = any(&inner, rec, "Appointment", query, &w, &found);
    if (e != OK)
        return fail(op, e, "The patient's visits could not be looked up.");
    *ret = found;
    return OK;
}

err record_by_another(struct op *op, struct record *rec, uint64_t rid, str user, bool *ret)
{
    struct kb k = audit_key(rec, AUDIT_ENTITY, rid);
    struct store_range range = range_prefix(op->arena, &k, STR_NONE, 0);
    struct store_trail_entry *e;
    bool made = false, other = false;
    size_t n;
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(store_trail_find(op, rec->store, &range, 0, LINES_MAX, &e, &n));
    for (size_t i = 0; i < n; i++) {
        struct audit_line l;
        if (!audit_decode(e[i].entry, &l) || l.rid != rid || l.outcome != OK || !l.vid ||
            (l.action != ACTION_CREATE && l.action != ACTION_UPDATE))
            continue;
        bool own = str_eq(l.user, user);
        made |= own && l.vid == 1;
        other |= !own;
    }
    *ret = other || (!made && n < LINES_MAX);
    return OK;
}
