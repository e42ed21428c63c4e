/* Texts that other rooms ask for: a CommunicationRequest of their kind in the change feed is sent
 * as the rulebook permits, once, and says what became of it. Invariant: its id is the message's
 * key, so a request looked at twice is one message; what is refused is revoked with the reason. */
#include "outreach/page_int.h"
#include "outreach/retention_int.h"
#include "outreach/silence_int.h"

#define CURSOR "outreach-request"
#define STEP 256
#define CURSOR_EVERY 4096
#define LATE_MS (24 * 3600000LL) /* what was asked for a day ago helps nobody now */

static err settle(struct op *op, struct outreach *o, const struct record_doc *doc,
                  struct json *tree, err sent)
{
    struct json *why = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, tree, STR("status"), sent == OK ? STR("completed") : STR("revoked"));
    if (sent != OK && op->fault.n) {
        json_set_str(op->arena, why, STR("text"), op->fault.issues[0].message);
        json_set(op->arena, tree, STR("statusReason"), why);
    }
    op_clear(op);
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(record_tx_update(tx, doc->type, doc->id, tree, doc->vid));
    return record_commit(tx);
}

/* What would wait past its use is not begun: who asked is told now, not when the time is over. */
static err in_time(struct op *op, struct outreach *o, const struct outreach_draft *d)
{
    struct outreach_preview p;
    if (!d->expires)
        return OK;
    if (d->expires <= op->now)
        return fail(op, ERR_UNPROCESSABLE, "it is too late to be of use");
    TRY(outreach_check(op, o, d, &p));
    if (p.verdict.decision == DECISION_HOLD_UNTIL && p.send_at > d->expires)
        return fail(op, ERR_UNPROCESSABLE, "it cannot go before it is too late to be of use");
    return OK;
}

static err send_it(struct op *op, struct outreach *o, const struct record_change *ch)
{
    struct record_doc doc;
    struct record_result r;
    struct json *tree;
    TRY(record_get(op, o->rec, ch->rid, &doc));
    TRY(record_parse(op, &doc, &tree));
    if (doc.deleted || !str_eq(json_get_str(tree, STR("status")), STR("active")) ||
        !str_eq(json_str(json_path(tree, "category.0.coding.0.system")), STR(DESK_TEXT_SYSTEM)))
        return OK;
    struct outreach_draft d = {
        .patient = fhir_ref_parse(json_str(json_path(tree, "subject.reference"))).id,
        .text = json_str(json_path(tree, "payload.0.contentString")),
        .programme = json_str(json_path(tree, "category.0.coding.0.code")),
        .key = arena_cat(op->arena, STR("request/"), doc.id)};
    struct time_span until;
    if (time_parse(json_str(json_path(tree, "occurrencePeriod.end")), &until))
        d.expires = until.lo;
    err e = in_time(op, o, &d);
    if (e == OK)
        e = outreach_send(op, o, &d, &r);
    if (e != OK && e != ERR_UNPROCESSABLE && e != ERR_INVALID)
        return e;
    return settle(op, o, &doc, tree, e);
}

static err one(struct op *op, struct outreach *o, const struct record_change *ch)
{
    bool asked = ch->type == fhir_type_parse(STR("CommunicationRequest"));
    if (asked && (!ch->created || ch->deleted || op->now - ch->time > LATE_MS))
        return OK;
    err e = asked ? send_it(op, o, ch) : silence_follow(op, o, ch);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FAULT) {
        op_clear(op); /* a request that cannot be read holds up no other */
        return OK;
    }
    return e;
}

static err step(struct op *op, void *ctx, size_t *ret_n)
{
    struct outreach *o = ctx;
    struct record_change *all;
    size_t n;
    *ret_n = 0;
    if (!o->request_known) {
        TRY(record_cursor(op, o->rec, STR(CURSOR), &o->request_cursor));
        o->request_seen = o->request_cursor;
        o->request_known = true;
    }
    own_rest(o, o->request_seen, &o->requests.stop);
    TRY(record_feed(op, o->rec, o->request_seen, STEP, &all, &n));
    if (n)
        own_settle(o, all[n - 1].t, &o->requests.stop);
    for (size_t i = 0; i < n; i++) {
        TRY(one(op, o, &all[i]));
        o->request_seen = all[i].t > 1 ? all[i].t - 1 : 0; /* its transaction may have others */
    }
    *ret_n = n;
    if (n)
        o->request_seen = all[n - 1].t;
    if (o->request_seen < o->request_cursor + CURSOR_EVERY)
        return OK;
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_cursor(tx, STR(CURSOR), o->request_cursor, o->request_seen);
    o->request_known = false;
    TRY(record_commit(tx));
    o->request_cursor = o->request_seen;
    o->request_known = true;
    return OK;
}

static err silence(struct op *op, void *ctx, size_t *ret_n)
{
    return silence_step(op, ctx, ret_n);
}

static err retention(struct op *op, void *ctx, size_t *ret_n)
{
    return retention_step(op, ctx, ret_n);
}

static err pages(struct op *op, void *ctx, size_t *ret_n)
{
    return page_step(op, ctx, ret_n);
}

static void wait_for_more(void *ctx)
{
    struct outreach *o = ctx;
    (void)record_feed_wait(o->rec, o->request_seen, 250);
}

err request_start(struct op *op, struct outreach *o)
{
    struct loop_plan plan = {.steps = {{"outreach.request.failed", step},
                                       {"outreach.page.failed", pages},
                                       {"outreach.silence.failed", silence},
                                       {"outreach.retention.failed", retention}},
                             .wait = wait_for_more,
                             .actor = outreach_system(),
                             .bytes = 64u << 20,
                             .rest_ms = 1000,
                             .ctx = o};
    return loop_start(op, &o->requests, &plan);
}
