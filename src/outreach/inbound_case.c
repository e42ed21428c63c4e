/* The case that a patient's words open or join: danger and trouble with a device at once, words of
 * nobody-knows-whom and words that nothing else takes up for a person to read. Invariant: no words
 * are without a case, a plan that asked for them, or a keyword's own answer. */
#include "desk/complaint.h"
#include "outreach/inbound_int.h"

#define READ_WITHIN_MS DAY_MS
#define ASK_WITHIN_MS (4 * 3600 * 1000LL)

bool inbound_urgent(const struct reply *r)
{
    return r->emergency || r->suicidal || r->device;
}

/* *ret_joined: it stands in a case that was open, which a transaction changes once. */
static err open_one(struct record_tx *tx, struct op *op, struct incoming *x, struct desk_case *c,
                    bool *ret_joined)
{
    str id;
    bool is_new;
    c->patient = x->people[x->main].id;
    c->n_evidence = 1;
    if (inbound_urgent(&x->reply) && who_living(x) > 1) {
        struct said shared = desk_say(op, SAY_SHARED_NUMBER, NULL, 0);
        c->why = desk_say_lines(op, &c->why, &shared);
    }
    TRY(desk_open(tx, op, x->o->rec, c, &id, &is_new));
    *ret_joined |= !is_new;
    return OK;
}

/* Words of danger open a case of their own at once, whatever else is open (EMG-01, EMG-04). */
static err alarm(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                 bool *ret_joined)
{
    bool self = x->reply.suicidal;
    struct desk_case c = {.programme = STR("message-danger"),
                          .priority = DESK_P1,
                          .why = desk_say(op, self ? SAY_DANGER_SELF : SAY_DANGER, NULL, 0),
                          .evidence = evidence,
                          .rule = self ? STR("EMG-04") : STR("EMG-01")};
    return x->reply.emergency || self ? open_one(tx, op, x, &c, ret_joined) : OK;
}

/* Trouble with a device opens a complaint at once, whatever else the message says; whether it is
 * one is for the quality team (DEV-01, DEV-03, DEV-09). */
static err complaint(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                     bool *ret_joined)
{
    struct desk_case c = {.programme = STR("device-complaint"),
                          .priority = DESK_P2,
                          .why = desk_say(op, SAY_DEVICE, NULL, 0),
                          .evidence = evidence,
                          .rule = STR("DEV-01")};
    struct complaint_new n = {.patient = x->people[x->main].id,
                              .source = STR("message"),
                              .words = x->in->text,
                              .evidence = *evidence,
                              .role = config_str(x->o->config, "house.device_role"),
                              .aware = op->now,
                              .urgent = x->reply.emergency || x->reply.suicidal};
    str id;
    if (!x->reply.device)
        return OK;
    TRY(complaint_record(tx, op, x->o->rec, &n, &id, &c.due));
    return open_one(tx, op, x, &c, ret_joined);
}

static err to_be_read(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence)
{
    bool unused = false;
    struct said words = desk_say_same(op, str_utf8_cut(x->in->text, 300));
    struct desk_case c = {.programme = x->unsure ? STR("message-who") : STR("message"),
                          .priority = x->unsure ? DESK_P3 : DESK_P4,
                          .why = desk_say(op, x->unsure ? SAY_WHO_WROTE : SAY_WROTE, &words, 1),
                          .evidence = evidence,
                          .rule = STR("MESSAGE"),
                          .due = op->now + (x->unsure ? ASK_WITHIN_MS : READ_WITHIN_MS)};
    return open_one(tx, op, x, &c, &unused);
}

err inbound_case(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                 bool *ret_unread)
{
    bool joined = false;
    *ret_unread = false;
    TRY(alarm(tx, op, x, evidence, &joined));
    TRY(complaint(tx, op, x, evidence, &joined));
    if (!joined && !x->unsure)
        TRY(desk_join(tx, op, x->o->rec, x->people[x->main].id, *evidence,
                      STR("The patient answered."), &joined));
    bool taken = joined || x->awaited || inbound_urgent(&x->reply);
    if (x->reply.intent != REPLY_NONE || taken)
        return OK;
    *ret_unread = !x->unsure;
    return to_be_read(tx, op, x, evidence);
}
