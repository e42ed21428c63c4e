/* Delivery receipts: the provider's word on what became of a message. Only ever moves forward
 * (receipt_state.c); one that comes twice or late changes nothing; one that comes before our own
 * note of the provider's id is kept and applied then. */
#include "outreach/outreach_int.h"

#include "outreach/sender_int.h"

#define SAME_ID 20u

/* Centres begin to count again, and two may give the same number: the newest that we sent is meant.
 */
static err newest_sent(struct op *op, const struct record_page *page, struct record_doc *ret)
{
    int64_t newest = INT64_MIN;
    *ret = page->docs[0];
    for (size_t i = 0; page->n > 1 && i < page->n; i++) {
        struct json *c;
        struct time_span at;
        TRY(record_parse(op, &page->docs[i], &c));
        if (!time_parse(json_get_str(c, STR("sent")), &at) || at.lo <= newest)
            continue;
        newest = at.lo;
        *ret = page->docs[i];
    }
    return OK;
}

static err find(struct op *op, struct outreach *o, const struct outreach_receipt *r,
                struct record_doc *ret, bool *ret_found)
{
    struct record_page page;
    struct buf q;
    fhir_type type = fhir_type_parse(STR("Communication"));
    buf_init(&q, op->arena, 1024);
    buf_add(&q, STR("identifier=" PROVIDER_SYSTEM "%7C"));
    buf_url(&q, r->provider_id);
    buf_printf(&q, "&_count=%u", SAME_ID);
    TRY(record_find(op, o->rec, type, buf_str(&q), &page));
    *ret_found = page.n > 0;
    if (page.n)
        TRY(newest_sent(op, &page, ret));
    if (page.n || !fhir_id_valid(r->communication))
        return OK;
    /* the provider gives our id back: of a message whose hand-over was never answered */
    err e = record_read(op, o->rec, type, r->communication, ret);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    *ret_found = e == OK;
    return e;
}

static err apply(struct op *op, struct outreach *o, const struct record_doc *doc,
                 const struct outreach_receipt *r, bool *ret_waits)
{
    struct json *c;
    TRY(record_parse(op, doc, &c));
    *ret_waits = str_eq(json_get_str(c, STR("status")), STR("preparation"));
    if (!receipt_apply(op, c, receipt_means(r->vocabulary, r->word), r->error))
        return OK;
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(record_tx_update(tx, doc->type, doc->id, c, doc->vid));
    bool there;
    TRY(ledger_state(tx, op, c, &there));
    return record_commit(tx);
}

/* Notes have so many places and no more: a centre that tells of messages nobody sent fills nothing;
 * of two in one place the newer stays. */
#define EARLY_PLACES 65536u

static str early_key(struct op *op, str provider_id)
{
    return arena_printf(op->arena, "receipt/%u", (unsigned)(str_hash(provider_id) % EARLY_PLACES));
}

/* When the last note was made, to the hour: nearly always none was for long, and nobody looks. */
#define EARLY_LAST STR("receipt/last")
#define EARLY_WRITTEN_MS 3600000
#define EARLY_STANDS_MS (7 * DAY_MS) /* no centre tries for longer */

static err early_since(struct op *op, struct outreach *o, int64_t *ret_ms)
{
    str last;
    int64_t at = 0;
    TRY(record_kv_get(op, o->rec, EARLY_LAST, &last));
    *ret_ms = str_to_i64(last, &at) ? op->now - at : INT64_MAX;
    return OK;
}

static err note_early(struct op *op, struct outreach *o, str provider_id, str value)
{
    struct record_tx *tx = record_begin(op, o->rec);
    int64_t since;
    TRY(early_since(op, o, &since));
    if (!str_empty(value) && since > EARLY_WRITTEN_MS)
        record_tx_kv(tx, EARLY_LAST, arena_printf(op->arena, "%lld", (long long)op->now));
    record_tx_kv(tx, early_key(op, provider_id), value);
    return record_commit(tx);
}

/* Whose it is stands in it: a place is shared. */
static str early_text(struct op *op, const struct outreach_receipt *r)
{
    return arena_printf(op->arena, "%.*s %.*s %.*s %.*s", STR_ARG(r->vocabulary), STR_ARG(r->word),
                        STR_ARG(r->provider_id), STR_ARG(r->error));
}

/* *ret_found: it was applied, or changes nothing; else the message is not there yet. */
static err try_apply(struct op *op, struct outreach *o, const struct outreach_receipt *r,
                     bool *ret_found)
{
    err e = OK;
    for (int tries = 0; tries < 5; tries++) {
        struct record_doc doc;
        bool waits = false;
        e = find(op, o, r, &doc, ret_found);
        if (e == OK && *ret_found)
            e = apply(op, o, &doc, r, &waits);
        if (waits)
            *ret_found = false; /* its result is not written yet */
        if (e != ERR_PRECONDITION && e != ERR_CONFLICT)
            break;
        op_clear(op);
    }
    return e;
}

/* Providers can be quicker than our own commit of their id: such a receipt is noted first, then
 * looked for again; the sender looks for notes after its commit. One of the two sees the other. */
static err take(struct op *op, struct outreach *o, const struct outreach_receipt *r)
{
    bool found = false, again = false;
    enum receipt_means means = receipt_means(r->vocabulary, r->word);
    if (means == MEANS_NOTHING || (means == MEANS_TAKEN && str_empty(r->communication)))
        return OK; /* nothing that the record does not say already */
    TRY(try_apply(op, o, r, &found));
    if (found || means == MEANS_TAKEN)
        return OK;
    TRY(note_early(op, o, r->provider_id, early_text(op, r)));
    TRY(try_apply(op, o, r, &again));
    return again ? note_early(op, o, r->provider_id, STR_NONE) : OK;
}

static err catch_up(struct op *op, struct outreach *o, str provider_id)
{
    bool found;
    int64_t since;
    str value = STR_NONE, whose;
    struct outreach_receipt r = {.provider_id = provider_id};
    TRY(early_since(op, o, &since));
    if (since > EARLY_STANDS_MS)
        return OK;
    TRY(record_kv_get(op, o->rec, early_key(op, provider_id), &value));
    if (!str_take_until(&value, ' ', &r.vocabulary) || !str_take_until(&value, ' ', &r.word) ||
        !str_take_until(&value, ' ', &whose) || !str_eq(whose, provider_id))
        return OK;
    r.error = value;
    TRY(try_apply(op, o, &r, &found));
    return note_early(op, o, provider_id, STR_NONE);
}

void receipt_claim(struct op *op, struct outreach *o, struct job *const *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct receipt_slot r;
        str id = jobs[i]->out.provider_id;
        if (jobs[i]->step != STEP_FINISH || str_empty(id) || str_find_char(id, ' ', 0) != SIZE_MAX)
            continue; /* of several parts each has its own word: after the result */
        if (!shelf_claim(o->shelf, id, &r))
            continue;
        jobs[i]->out.receipt = receipt_means(STR("smpp"), str_of(r.word));
        jobs[i]->out.error = arena_str(op->arena, str_of(r.error));
    }
}

void receipt_settle(struct op *op, struct outreach *o, struct job *const *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str ids = jobs[i]->out.provider_id, one;
        while (jobs[i]->step == STEP_FINISH && str_take_until(&ids, ' ', &one)) {
            shelf_claimed(o->shelf, one, jobs[i]->written);
            if (!jobs[i]->written)
                continue;
            shelf_know(o->shelf, one, jobs[i]->communication);
            if (catch_up(op, o, one) != OK)
                op_clear(op); /* the note stays; a later receipt finds the message */
        }
    }
}

err outreach_receipt(struct op *op, struct outreach *o, const struct outreach_receipt *r)
{
    const struct actor *caller = op->actor;
    if (str_empty(r->provider_id) || r->provider_id.n > 100 || r->error.n > 20 || r->word.n > 20)
        return fail(op, ERR_INVALID, "a receipt names the message by the provider's id");
    op->actor = outreach_system();
    err e = take(op, o, r);
    op->actor = caller;
    return e;
}
