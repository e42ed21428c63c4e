/* Accounting of disclosures (45 CFR 164.528; GDPR Art. 15(1)(c)): what of one patient left the
 * house, out of the trail: notifications to partners, looks by apps of their own (backend
 * services), exports; and what people of the house told outside without us (public health, a court:
 * 45 CFR 164.512), kept as a Communication of category IDSCL. Left out is what the law leaves out:
 * the house's own treatment, payment and operations, what the patient and who acts for them saw,
 * and the apps they permitted. Invariant: whole exports count for every patient who was in the
 * record then. */
#include "record/operations.h"
#include "record/record_int.h"

#define ROUND 500u
#define SCAN_MAX 200000u
#define ACT_CODE "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define APP "app-" /* how identity names an app's own account */

typedef VEC(struct record_event) event_vec;

static bool outside(const struct audit_line *l)
{
    bool own = l->role == ROLE_PATIENT || l->role == ROLE_HELPER;
    if (l->outcome != OK || own)
        return false;
    if (str_eq(l->code, STR("notification")) || l->action == ACTION_EXPORT)
        return true;
    return str_starts(l->user, STR(APP)) &&
           (l->action == ACTION_READ || l->action == ACTION_SEARCH || l->action == ACTION_HISTORY);
}

/* Told outside by somebody of the house, who wrote down when, to whom, what and why
 * (164.528(b)(2)).
 */
static err told(struct op *op, struct record *rec, const struct audit_line *l,
                struct record_event *one, bool *ret_is)
{
    struct store_doc d;
    struct json *c;
    struct time_span sent;
    str who, why;
    *ret_is = false;
    if (l->outcome != OK || l->action != ACTION_CREATE ||
        !str_eq(fhir_type_name(l->type), STR("Communication")))
        return OK;
    TRY(store_get(op, rec->store, l->rid, &d));
    if (d.deleted)
        return OK;
    TRY(tree_of(op, rec, &d, &c));
    if (!str_eq(json_str(json_path(c, "category.0.coding.0.system")), STR(ACT_CODE)) ||
        !str_eq(json_str(json_path(c, "category.0.coding.0.code")), STR("IDSCL")))
        return OK;
    who = json_str(json_path(c, "recipient.0.display"));
    why = json_str(json_path(c, "reasonCode.0.text"));
    one->who = str_empty(who) ? json_str(json_path(c, "recipient.0.reference")) : who;
    one->detail = json_str(json_path(c, "payload.0.contentString"));
    one->code = STR("disclosure");
    if (!str_empty(why))
        one->role = why;
    if (time_parse(json_get_str(c, STR("sent")), &sent))
        one->time = sent.lo;
    *ret_is = true;
    return OK;
}

static err add(struct op *op, struct record *rec, const struct store_trail_entry *e, event_vec *all)
{
    bool by_hand;
    struct audit_line l;
    fhir_type type;
    str id = STR_NONE, what;
    if (!audit_decode(e->entry, &l))
        return OK;
    struct record_event one = {.seq = e->seq,
                               .time = e->time,
                               .role = purpose_name((enum purpose)l.purpose),
                               .done = true};
    TRY(told(op, rec, &l, &one, &by_hand));
    if (by_hand)
        VEC_PUSH(op->arena, all, one);
    if (by_hand || !outside(&l))
        return op_check(op);
    what = l.type ? fhir_type_name(l.type) : l.code;
    if (l.rid && record_name(op, rec, l.rid, &type, &id) == OK)
        what = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(type)), STR_ARG(id));
    else
        op_clear(op);
    one.code = arena_str(op->arena, audit_subtype_code(&l));
    one.who = arena_str(op->arena, str_empty(l.reference) ? l.user : l.reference);
    one.detail = what;
    if (str_eq(l.code, STR("notification"))) {
        struct json *detail;
        TRY(json_read(op, l.detail, &JSON_LIMITS_DEFAULT, &detail));
        one.who =
            arena_cat(op->arena, STR("Subscription/"), json_get_str(detail, STR("subscription")));
    }
    VEC_PUSH(op->arena, all, one);
    return op_check(op);
}

/* io->next: where the walk stopped for having looked at enough; of two, the newer. */
static err walk(struct op *op, struct record *rec, const struct kb *key, int64_t from,
                struct record_disclosed *io, event_vec *all)
{
    struct store_range range = range_prefix(op->arena, key, STR_NONE, 0);
    struct store_trail_entry *e;
    uint64_t before = io->before;
    size_t n = ROUND, looked = 0;
    while (n == ROUND) {
        TRY(search_late(op, 0));
        TRY(store_trail_find(op, rec->store, &range, before, ROUND, &e, &n));
        for (size_t i = 0; i < n; i++) {
            if (e[i].time < from)
                return OK;
            TRY(add(op, rec, &e[i], all));
        }
        before = n ? e[n - 1].seq : 0;
        looked += n;
        if (n == ROUND && looked >= io->max) {
            io->next = before > io->next ? before : io->next;
            return OK;
        }
    }
    return OK;
}

static int newest_first(const void *x, const void *y)
{
    const struct record_event *a = x, *b = y;
    return a->seq < b->seq ? 1 : a->seq > b->seq ? -1 : 0;
}

err record_disclosures(struct op *op, struct record *rec, str patient, struct record_disclosed *io)
{
    struct record_doc p;
    struct store_doc first;
    event_vec all = {.n = 0};
    TRY(record_read(op, rec, rec->t_patient, patient, &p));
    bool self = op->actor && op->actor->role == ROLE_PATIENT && op->actor->patient == p.rid;
    if (!self || op->actor->scopes)
        TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(store_get_version(op, rec->store, p.rid, 1, &first));
    io->max = io->max && io->max < SCAN_MAX ? io->max : SCAN_MAX;
    io->next = 0;
    struct kb key = audit_key(rec, AUDIT_PATIENT, p.rid);
    TRY(walk(op, rec, &key, io->from, io, &all));
    key = audit_key(rec, AUDIT_ACTION, ACTION_EXPORT);
    TRY(walk(op, rec, &key, io->from > first.time ? io->from : first.time, io, &all));
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, newest_first);
    size_t n = 0; /* a line may be found by both keys; older than where one stopped: next time */
    for (size_t i = 0; i < all.n; i++)
        if (all.at[i].seq >= io->next && (n == 0 || all.at[n - 1].seq != all.at[i].seq))
            all.at[n++] = all.at[i];
    io->at = all.at;
    io->n = n;
    return OK;
}
