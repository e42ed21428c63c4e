/* Attempts past their retention leave the contact ledger, and words of consents the record: some
 * patients a step, once a day round, with a line of the trail for each of which something went.
 * Invariants: nothing younger than the longest time that a rule in force asks for goes; nothing of
 * a patient under a legal hold goes; rows and line are one transaction. What the record holds of a
 * contact otherwise is not touched: it is versioned, and ends with the patient's key. */
#include "outreach/retention_int.h"

#include "desk/desk.h"
#include "outreach/ledger_int.h"

#define QUEUE STR("retention")
#define LEASE_MS (10 * 60000)
#define AT_ONCE 50u
#define PAUSE_MS 1000
#define LEAST_YEARS 5

/* The rules that say how long an attempt, or a no, is shown. */
static const struct {
    const char *rule, *param;
} KEEPS[] = {{"TCPA-CON-09", "retain_years_after_last_call"},
             {"TCPA-DNC-02", "retain_years"},
             {"TCPA-DNC-02", "retain_years_VA_text"}};

err retention_before(struct op *op, const struct outreach *o, int64_t *ret)
{
    int64_t longest = LEAST_YEARS;
    for (size_t i = 0; i < sizeof KEEPS / sizeof *KEEPS; i++) {
        struct json *params;
        int64_t years = 0;
        str text =
            rulebook_params(record_rulebook(o->rec), policy_rule_find(str_of(KEEPS[i].rule)));
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &params));
        json_i64(json_get(params, str_of(KEEPS[i].param)), &years);
        longest = years > longest ? years : longest;
    }
    *ret = op->now - longest * 366 * DAY_MS;
    return OK;
}

err retention_held(struct op *op, struct outreach *o, str patient, bool *ret)
{
    struct record_page page;
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&code=" DESK_SYSTEM_CODE
                                 "|legal-hold&status:not=completed,cancelled,rejected,failed,"
                                 "entered-in-error&_count=1",
                                 STR_ARG(patient)),
                    &page));
    *ret = page.n_match > 0;
    return OK;
}

err retention_purge(struct op *op, struct outreach *o, str patient, size_t *ret_rows)
{
    int64_t before;
    bool old, held;
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    *ret_rows = 0;
    TRY(retention_before(op, o, &before));
    TRY(ledger_has_before(op, o->rec, patient, before, &old));
    if (!old)
        return OK;
    TRY(retention_held(op, o, patient, &held));
    if (held)
        return OK;
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(ledger_purge(tx, op, patient, before, ret_rows));
    json_set(op->arena, detail, STR("rows"), json_new_i64(op->arena, (int64_t)*ret_rows));
    json_set_str(op->arena, detail, STR("before"), time_format(op->arena, before));
    record_tx_trail(tx, STR("ledger-purge"), fhir_type_parse(STR("Patient")), patient, detail);
    return record_commit(tx);
}

static err some(struct op *op, struct outreach *o, str at, str *ret_next)
{
    struct record_page page;
    str more = at.n ? arena_cat(op->arena, STR("&_page="), at) : STR_NONE;
    err e = record_find(op, o->rec, fhir_type_parse(STR("Patient")),
                        arena_printf(op->arena, "_count=%u%.*s", AT_ONCE, STR_ARG(more)), &page);
    *ret_next = STR_NONE;
    if (e == ERR_INVALID || e == ERR_GONE) { /* a page of long ago: from the start, tomorrow */
        op_clear(op);
        return OK;
    }
    TRY(e);
    for (size_t i = 0; i < page.n_match; i++) {
        size_t rows;
        e = retention_purge(op, o, page.docs[i].id, &rows);
        if (e == OK)
            e = evidence_purge(op, o, page.docs[i].id, &rows);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
            op_clear(op); /* somebody wrote to them now: another day */
        else
            TRY(e);
    }
    *ret_next = page.next;
    return OK;
}

/* One round a day, by one server: whoever made the first job. */
static err begin(struct op *op, struct outreach *o)
{
    str there;
    TRY(record_kv_get(op, o->rec, QUEUE, &there));
    if (!str_empty(there))
        return OK;
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_expect_kv(tx, QUEUE, STR_NONE);
    record_tx_kv(tx, QUEUE, STR("on"));
    record_tx_outbox(tx, QUEUE, op->now, STR("-"));
    return record_commit(tx);
}

err retention_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *job;
    str next;
    *ret_n = 0;
    if (!ledger_settle(o, o->ledger_from, 0))
        return OK; /* it is still being made */
    if (!o->retention_begun) {
        TRY(begin(op, o));
        o->retention_begun = true;
    }
    TRY(record_outbox_take(op, o->rec, QUEUE, LEASE_MS, 1, &job, ret_n));
    if (*ret_n == 0)
        return OK;
    TRY(some(op, o, str_eq(job->body, STR("-")) ? STR_NONE : job->body, &next));
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_outbox_later(tx, job->job, op->now + (next.n ? PAUSE_MS : DAY_MS),
                           next.n ? next : STR("-"));
    return record_commit(tx);
}
