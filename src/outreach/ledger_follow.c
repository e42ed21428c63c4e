/* The ledger's follower: Communications that others wrote (FHIR, imports, partners, people's hands)
 * and calls that people made become rows too, and so does what was there before there was a ledger.
 * A step is one transaction: rows and cursor. Invariants: a row that is there already as it should
 * be is not written again; of a message of ours nobody else's version counts, but that it was taken
 * back before it left. Until it has come to where the record was when it started nobody knows the
 * counts: no verdict is asked for, and what waits goes on waiting. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "outreach/push_int.h"

#include "base/log.h"

#include <unistd.h>

#define CURSOR STR("ledger")
#define STEP_CHANGES 512
#define CURSOR_LAZY 20000u

struct step {
    struct op *op;
    struct outreach *o;
    struct record_tx *tx;
    bool wrote;
};

static str patient_of(const struct json *c)
{
    struct fhir_ref ref = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference")));
    if (ref.type == fhir_type_parse(STR("Patient")))
        return ref.id;
    ref = fhir_ref_parse(json_get_str(JSON_GET(c, "sender"), STR("reference")));
    return ref.type == fhir_type_parse(STR("Patient")) ? ref.id : STR_NONE;
}

/* Of the address nothing is told: it is the one that the channel would use today. */
static err address_of(struct step *st, str patient, const struct ledger_entry *e, str *ret)
{
    struct recipient r;
    bool phone = e->channel == LEDGER_SMS || e->channel == LEDGER_VOICE;
    *ret = STR_NONE;
    if (e->incoming || (!phone && e->channel != LEDGER_EMAIL))
        return OK;
    err code = recipient_load(st->op, st->o->rec, patient, &r);
    if (code == OK)
        *ret = r.address[phone ? CHANNEL_SMS : CHANNEL_EMAIL];
    else if (code != ERR_NOT_FOUND && code != ERR_GONE)
        return code;
    op_clear(st->op);
    return OK;
}

static bool same(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return a->at == b->at && a->state == b->state && a->channel == b->channel &&
           a->kind == b->kind && a->incoming == b->incoming && a->excepted == b->excepted &&
           a->due_key == b->due_key && a->programme == b->programme && a->campaign == b->campaign &&
           a->subject == b->subject;
}

static err follow_one(struct step *st, const struct record_change *c)
{
    struct record_doc doc;
    struct json *tree;
    struct ledger_entry e, old;
    bool there = false;
    str address;
    err code = record_get(st->op, st->o->rec, c->rid, &doc);
    if (code == ERR_NOT_FOUND || code == ERR_GONE || (code == OK && doc.deleted)) {
        op_clear(st->op); /* what was sent was sent, whoever deletes the note of it */
        return OK;
    }
    TRY(code);
    if (doc.vid != c->vid)
        return OK; /* a later change of the same follows */
    TRY(record_parse(st->op, &doc, &tree));
    str patient = patient_of(tree);
    if (c->type == fhir_type_parse(STR("Task")) ? !ledger_read_call(st->op, tree, &patient, &e)
                                                : str_empty(patient) || !ledger_read(tree, &e))
        return OK;
    TRY(ledger_entry_now(st->tx, st->op, patient, &e, &old, &there));
    if (there && old.ours) {
        uint8_t state = old.state == LEDGER_WAITING ? e.state : old.state;
        e = old;
        e.state = state;
    }
    e.number = there ? old.number : 0;
    if (there && same(&e, &old))
        return OK;
    TRY(there ? OK : address_of(st, patient, &e, &address));
    st->wrote = true;
    return ledger_add(st->tx, st->op, patient, &e, there ? STR_NONE : address);
}

/* An erased or deleted patient has no contacts to keep, and no devices. */
static err forget(struct step *st, const struct record_change *c)
{
    fhir_type type;
    str id;
    TRY(record_name(st->op, st->o->rec, c->rid, &type, &id));
    st->wrote = true;
    push_forget(st->tx, st->op, id);
    return ledger_forget(st->tx, st->op, id);
}

err ledger_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct step st = {.op = op, .o = o, .tx = record_begin(op, o->rec)};
    struct record_change *changes;
    uint64_t kept, now = record_now_t(o->rec), from = atomic_load(&o->ledger_t);
    const fhir_type communication = fhir_type_parse(STR("Communication"));
    const fhir_type patient = fhir_type_parse(STR("Patient")), task = fhir_type_parse(STR("Task"));
    const fhir_type asked = fhir_type_parse(STR("CommunicationRequest"));
    TRY(record_cursor(op, o->rec, CURSOR, &kept));
    from = from > kept ? from : kept;
    TRY(record_feed(op, o->rec, from, STEP_CHANGES, &changes, ret_n));
    if (*ret_n)
        own_settle(o, changes[*ret_n - 1].t, &o->follower.stop);
    for (size_t i = 0; i < *ret_n; i++) {
        if (changes[i].type == communication && !changes[i].deleted &&
            !own_known(&o->ledger_done, changes[i].t))
            TRY(follow_one(&st, &changes[i]));
        if (changes[i].type == task && !changes[i].deleted)
            TRY(follow_one(&st, &changes[i]));
        if (changes[i].type == patient && changes[i].deleted)
            TRY(forget(&st, &changes[i]));
        if (changes[i].type == asked && changes[i].created)
            atomic_store(&o->notices, true);
    }
    uint64_t to = *ret_n ? changes[*ret_n - 1].t : from;
    if (st.wrote || to >= kept + CURSOR_LAZY) {
        record_tx_cursor(st.tx, CURSOR, kept, to);
        TRY(record_commit(st.tx));
    }
    atomic_store(&o->ledger_t, *ret_n || now < to ? to : now);
    return OK;
}

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct outreach *o = ctx;
    own_rest(o, atomic_load(&o->ledger_t), &o->follower.stop);
    return ledger_step(op, o, ret_n);
}

static void wait_for_more(void *ctx)
{
    struct outreach *o = ctx;
    (void)record_feed_wait(o->rec, atomic_load(&o->ledger_t), 250);
}

err ledger_start(struct op *op, struct outreach *o)
{
    struct loop_plan plan = {.steps = {{"outreach.ledger.failed", follow}},
                             .wait = wait_for_more,
                             .actor = outreach_system(),
                             .bytes = 64u << 20,
                             .rest_ms = 100,
                             .ctx = o};
    return loop_start(op, &o->follower, &plan);
}

bool ledger_settle(const struct outreach *o, uint64_t t, int64_t ms)
{
    int64_t until = time_mono() + ms;
    while (atomic_load(&o->ledger_t) < t) {
        if (time_mono() >= until || atomic_load(&o->follower.stop))
            return false;
        usleep(500);
    }
    return true;
}

err ledger_known(struct op *op, const struct outreach *o, int64_t ms)
{
    return ledger_settle(o, o->ledger_from, ms)
               ? OK
               : fail(op, ERR_UNAVAILABLE,
                      "the contact ledger is still being made; try again soon");
}
