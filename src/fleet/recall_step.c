/* What people do about a recall: what was done with each device, the notice's words and their
 * approval by somebody else, the closing. Invariants: nobody approves words of their own; a recall
 * is closed only when each device that it concerns has something said of it. */
#include "fleet/recall_int.h"
#include "policy/authors.h"

#define NOTE_MAX 1000u
#define NOTICE_MAX 4000u

const struct recall_done RECALL_DONES[RECALL_DONE_N] = {RECALL_DONE_ROWS};

str recall_done_key(struct op *op, str recall, str device)
{
    return arena_printf(op->arena, RECALL_DONE "%.*s/%.*s", STR_ARG(recall), STR_ARG(device));
}

static struct json *by(struct op *op, const struct actor *person)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("who"), person->user);
    json_set_str(op->arena, o, STR("time"), time_format(op->arena, op->now));
    return o;
}

/* The recall as it is now; whoever was faster wins. */
static void keep(struct op *op, struct record_tx *tx, const struct recall_kept *k)
{
    record_tx_expect_kv(tx, recall_key(op, k->r.id), k->raw);
    record_tx_kv(tx, recall_key(op, k->r.id), kept_text(op, k->tree, 1u << 20));
}

static err done_with(struct op *op, struct fleet *f, const struct recall_kept *k,
                     const struct json *in, struct record_tx *tx)
{
    struct fleet_device d;
    struct unit u;
    struct json *o = by(op, op->actor);
    size_t i = 0;
    str done = json_get_str(in, STR("done")), note = str_trim(json_get_str(in, STR("note")));
    while (i < RECALL_DONE_N && !str_eq(done, str_of(RECALL_DONES[i].code)))
        i++;
    if (i == RECALL_DONE_N)
        return fail_at(op, ERR_INVALID, STR("done"), "There is no such thing to have done.");
    if ((RECALL_DONES[i].note && !note.n) || note.n > NOTE_MAX)
        return fail_at(op, ERR_INVALID, STR("note"), "Say how, in at most 1000 bytes.");
    TRY(device_read(op, f, json_get_str(in, STR("device")), &d));
    unit_of(d.tree, &u);
    if (recall_match(op, &k->r, &u) == RECALL_NO)
        return fail_at(op, ERR_INVALID, STR("device"), "The recall does not concern this device.");
    json_set_str(op->arena, o, STR("done"), done);
    if (note.n)
        json_set_str(op->arena, o, STR("note"), note);
    record_tx_kv(tx, recall_done_key(op, k->r.id, d.doc.id), kept_text(op, o, 8192));
    record_tx_trail(tx, STR("device-recall"), fhir_type_parse(STR("Device")), d.doc.id, o);
    return op_check(op);
}

static err notice(struct op *op, struct recall_kept *k, const struct json *in, struct record_tx *tx)
{
    struct json *o = by(op, op->actor);
    str text = str_trim(json_get_str(in, STR("text")));
    if (!text.n || text.n > NOTICE_MAX)
        return fail_at(op, ERR_INVALID, STR("text"),
                       "Write what the maker's notice says, in at most 4000 bytes.");
    json_set_str(op->arena, o, STR("text"), text);
    if (op->actor->reference.n)
        json_set_str(op->arena, o, STR("person"), op->actor->reference);
    json_set(op->arena, k->tree, STR("notice"), o);
    keep(op, tx, k);
    return op_check(op);
}

static bool is_own(const struct json *notice, const struct actor *person)
{
    return authors_is(json_get_str(notice, STR("who")), person) ||
           authors_is(json_get_str(notice, STR("person")), person);
}

static err approve(struct op *op, struct recall_kept *k, struct record_tx *tx)
{
    struct json *o = JSON_GET(k->tree, "notice");
    if (!o || json_get_str(o, STR("approver")).n)
        return fail(op, ERR_CONFLICT, "There are no words that wait for approval.");
    if (is_own(o, op->actor))
        return fail(op, ERR_FORBIDDEN, "You wrote it; a second person has to approve it.");
    json_set_str(op->arena, o, STR("approver"), op->actor->user);
    keep(op, tx, k);
    return op_check(op);
}

static err finish(struct op *op, struct fleet *f, struct recall_kept *k, const struct json *in,
                  struct record_tx *tx)
{
    struct json *o = by(op, op->actor);
    str note = str_trim(json_get_str(in, STR("note")));
    size_t left;
    if (!note.n || note.n > NOTE_MAX)
        return fail_at(op, ERR_INVALID, STR("note"), "Say what was done, in at most 1000 bytes.");
    TRY(recall_left(op, f, k, &left));
    if (left)
        return fail(op, ERR_UNPROCESSABLE,
                    "Of %zu devices it is not said yet what was done with them.", left);
    json_set_str(op->arena, o, STR("note"), note);
    json_set(op->arena, k->tree, STR("closed"), o);
    keep(op, tx, k);
    return op_check(op);
}

static err take(struct op *op, struct fleet *f, struct recall_kept *k, str step,
                const struct json *in)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    struct record_tx *tx = record_begin(op, f->rec);
    err e = ERR_NOT_FOUND;
    if (str_eq(step, STR("device")))
        e = done_with(op, f, k, in, tx);
    else if (str_eq(step, STR("notice")))
        e = notice(op, k, in, tx);
    else if (str_eq(step, STR("approve")))
        e = approve(op, k, tx);
    else if (str_eq(step, STR("close")))
        e = finish(op, f, k, in, tx);
    else
        return fail(op, ERR_NOT_FOUND, "There is no such step.");
    TRY(e);
    json_set_str(op->arena, detail, STR("step"), step);
    json_set_str(op->arena, detail, STR("recall"), k->r.id);
    record_tx_trail(tx, STR("device-recall"), 0, STR_NONE, detail);
    return record_commit(tx);
}

/* What the room itself adds to a recall meanwhile is no reason to refuse a person. */
#define TRIES 4u

err recall_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                struct json **ret)
{
    err e = ERR_CONFLICT;
    TRY(fleet_staff(op, RECALL_ROLES));
    for (unsigned i = 0; (e == ERR_CONFLICT || e == ERR_PRECONDITION) && i < TRIES; i++) {
        struct recall_kept k;
        op_clear(op);
        TRY(recall_load(op, f, id, &k));
        if (k.closed)
            return fail(op, ERR_CONFLICT, "The recall is closed.");
        e = take(op, f, &k, step, in);
    }
    TRY(e);
    return recall_get(op, f, id, ret);
}
