/* Erasing a patient for good, asked for by the system's own hand: whether it may be done stands in
 * the record itself, as Tasks of the patient. Invariants: nothing is erased without an approval
 * that the trail says a privacy officer wrote last, or under a legal hold; the trail tells of the
 * erasure before it begins and when it is done. */
#include "base/time.h"
#include "record/bulk.h"
#include "record/cohort_int.h"
#include "record/forget_int.h"
#include "store/backup.h"
#include "store/reader.h"

#define LINES_MAX 100u
#define FILES_MAX 50u
#define YEAR_MS (365.25 * 24 * 3600 * 1000)
#define LIFE "https://weft.health/fhir/StructureDefinition/expected-life"

struct standing {
    uint64_t hold, approval;       /* numbers of Tasks; 0 none */
    str by;                        /* who approved */
    struct json *files[FILES_MAX]; /* complaints about devices */
    size_t n_files;                /* more than there is room for are too many */
};

static bool over(str status)
{
    static const char *const ends[] = {"completed", "cancelled", "rejected", "failed",
                                       "entered-in-error"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_eq(status, str_of(ends[i])))
            return true;
    return false;
}

/* The line of the trail that wrote this very version of the Task is a privacy officer's: one that
 * came in bulk has none, whoever wrote the version before. */
static err approved(struct op *op, struct record *rec, const struct store_doc *task, str *ret_by)
{
    struct kb key = audit_key(rec, AUDIT_ENTITY, task->rid);
    struct store_range range = range_prefix(op->arena, &key, STR_NONE, 0);
    struct store_trail_entry *e;
    struct audit_line l;
    size_t n = 0;
    *ret_by = STR_NONE;
    TRY(store_trail_find(op, rec->store, &range, 0, LINES_MAX, &e, &n));
    for (size_t i = 0; i < n; i++) {
        if (!audit_decode(e[i].entry, &l) || l.rid != task->rid || l.outcome != OK ||
            (l.action != ACTION_CREATE && l.action != ACTION_UPDATE))
            continue;
        if (l.role == ROLE_PRIVACY && l.vid == task->vid)
            *ret_by = str_empty(l.reference) ? l.user : l.reference;
        return OK;
    }
    return OK;
}

static err look_at(struct op *op, struct record *rec, const struct store_doc *d,
                   struct standing *st)
{
    struct json *task;
    TRY(tree_of(op, rec, d, &task));
    str status = json_get_str(task, STR("status"));
    if (task_is(task, "legal-hold") && !over(status))
        st->hold = d->rid;
    if (task_is(task, "complaint") && st->n_files++ < FILES_MAX)
        st->files[st->n_files - 1] = json_dup(op->arena, task);
    if (!task_is(task, "erase-record") || !str_eq(status, STR("accepted")) || st->approval)
        return OK;
    TRY(approved(op, rec, d, &st->by));
    st->approval = st->by.n ? d->rid : 0;
    return OK;
}

static err look(struct op *op, struct record *rec, uint64_t comp, struct standing *st)
{
    struct store_reader *r;
    struct store_member *m = NULL;
    struct store_doc d;
    size_t n = 0;
    TRY(store_reader_open(op, rec->store, &r));
    err e = store_reader_members(op, r, comp, &m, &n);
    for (size_t i = 0; e == OK && i < n; i++) {
        bool there = false;
        if (m[i].type != rec->t_task)
            continue;
        e = store_reader_get(op, r, m[i].rid, 0, &d, &there);
        if (e == OK && there && !d.deleted)
            e = store_reader_body(op, r, &d);
        if (e == OK && there && !d.deleted)
            e = look_at(op, rec, &d, st);
    }
    store_reader_close(r);
    return e;
}

/* Years that the device lives by its model's file; *ret_known false: it does not say. */
static err device_life(struct op *op, struct record *rec, const struct json *complaint, double *ret,
                       bool *ret_known)
{
    static const char *const types[] = {"Device", "DeviceDefinition"};
    static const char *const ways[] = {"focus.reference", "definition.reference"};
    const struct json *at = complaint, *all, *one;
    *ret_known = false;
    for (size_t i = 0; i < 2; i++) {
        struct fhir_ref ref = fhir_ref_parse(json_str(json_path(at, ways[i])));
        struct record_doc doc;
        struct json *tree;
        if (ref.kind != REF_LOCAL || ref.type != fhir_type_parse(str_of(types[i])))
            return OK;
        err e = record_read(op, rec, ref.type, ref.id, &doc);
        if (e == ERR_NOT_FOUND || e == ERR_GONE) {
            op_clear(op);
            return OK;
        }
        TRY(e);
        TRY(record_parse(op, &doc, &tree));
        at = tree;
    }
    all = JSON_GET(at, "extension");
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(one, STR("url")), STR(LIFE)))
            *ret_known = json_double(JSON_GET(one, "valueInteger"), ret);
    return OK;
}

/* A life that nobody knows is not over. */
static err file_is_old(struct op *op, struct record *rec, const struct json *complaint, bool *ret)
{
    struct facts *f = facts_new(op);
    struct verdict v;
    struct time_span at;
    double life = 0;
    bool known;
    *ret = false;
    TRY(device_life(op, rec, complaint, &life, &known));
    if (!known || !time_parse(json_get_str(complaint, STR("authoredOn")), &at))
        return op_check(op);
    facts_set_str(f, FACT_RECORD_CLASS, STR("device_complaint"));
    facts_set_num(f, FACT_AGE_YEARS, (double)(op->now - at.lo) / YEAR_MS);
    facts_set_num(f, FACT_EXPECTED_DEVICE_LIFE_YEARS, life);
    TRY(policy_decide(op, record_rulebook(rec), TRIGGER_BIT(TRIGGER_RECORD_PURGE), f, &v));
    *ret = v.decision == DECISION_ALLOW;
    return OK;
}

/* Is one of its complaints about a device to be kept longer (DEV-18)? */
static err kept_files(struct op *op, struct record *rec, const struct standing *st, bool *ret)
{
    *ret = st->n_files > FILES_MAX;
    for (size_t i = 0; i < st->n_files && !*ret; i++) {
        bool old;
        TRY(file_is_old(op, rec, st->files[i], &old));
        *ret = !old;
    }
    return OK;
}

static err tell(struct op *op, struct record *rec, uint64_t comp, err outcome, str detail)
{
    struct audit a = {.action = ACTION_DELETE,
                      .outcome = outcome,
                      .type = rec->t_patient,
                      .rid = comp,
                      .patients = &comp,
                      .n_patients = 1,
                      .code = STR("erase-record"),
                      .detail = detail};
    TRY(audit_append(op, rec, &a));
    return record_audit_wait(op, rec);
}

err record_erase(struct op *op, struct record *rec, str patient, str reason, str *ret_by)
{
    struct store_doc d;
    struct standing st = {.hold = 0};
    bool kept;
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    if (str_empty(str_trim(reason)) || reason.n > 1000)
        return fail(op, ERR_INVALID, "Say why, in at most 1000 characters.");
    err e = id_resolve(op, rec, rec->t_patient, patient, &d);
    if (e == ERR_NOT_FOUND)
        return fail_not_found(op);
    TRY(e);
    TRY(look(op, rec, d.rid, &st));
    TRY(kept_files(op, rec, &st, &kept));
    if (kept) {
        TRY(tell(op, rec, d.rid, ERR_FORBIDDEN, STR("DEV-18")));
        return fail_at(op, ERR_FORBIDDEN, STR("DEV-18"),
                       "A complaint about a device is kept for two years, or for the device's life "
                       "where that is longer (the model's file says it: expected-life, years); the "
                       "record may not be erased until then.");
    }
    if (st.hold || !st.approval) {
        TRY(tell(op, rec, d.rid, ERR_FORBIDDEN, st.hold ? STR("legal hold") : STR("not approved")));
        return st.hold ? fail(op, ERR_FORBIDDEN,
                              "The record is under a legal hold (an open Task with code "
                              "legal-hold); it may not be erased.")
                       : fail(op, ERR_FORBIDDEN,
                              "A privacy officer must approve first: a Task for the patient with "
                              "code erase-record and status accepted, last written by them.");
    }
    str by = arena_str(op->arena, st.by);
    TRY(tell(
        op, rec, d.rid, OK,
        arena_printf(op->arena, "begun; approved by %.*s; %.*s", STR_ARG(by), STR_ARG(reason))));
    TRY(store_key_erase(op, rec->store, d.rid));
    consents_stale(rec, rec->t_consent, d.rid);
    cohort_kept_forget(rec);
    TRY(forget_named(op, rec, d.rid, patient));
    TRY(tell(op, rec, d.rid, OK, STR("done")));
    *ret_by = by;
    return OK;
}
