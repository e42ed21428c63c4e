/* What is to become of a due job: the rulebook is asked again with the facts of now. What nobody
 * asks for any more, what is too late and what a stopped campaign wanted ends here. */
#include "outreach/sender_int.h"

#define LOOK_AGAIN_MS 60000

struct message sender_message(const struct job *j)
{
    int64_t kind = 0, stopped = 0, ended = 0;
    json_i64(JSON_GET(j->body, "kind"), &kind);
    json_i64(JSON_GET(j->body, "stoppedAt"), &stopped);
    json_i64(JSON_GET(j->body, "ended"), &ended);
    return (struct message){.kind = (enum message_kind)kind,
                            .channel = j->channel,
                            .language_tag = json_get_str(j->body, STR("language")),
                            .purpose = json_get_str(j->body, STR("purpose")),
                            .to = json_get_str(j->body, STR("to")),
                            .text = message_out(j->tree),
                            .subject = json_str(json_path(j->tree, "topic.text")),
                            .programme = json_get_str(j->body, STR("programme")),
                            .campaign = j->campaign,
                            .subject_code = json_get_str(j->body, STR("subject")),
                            .due_key = json_get_str(j->body, STR("dueKey")),
                            .human = json_bool(JSON_GET(j->body, "human"), true),
                            .may_text = json_bool(JSON_GET(j->body, "mayText"), false),
                            .strong = json_bool(JSON_GET(j->body, "strong"), false),
                            .answers = json_bool(JSON_GET(j->body, "answers"), false),
                            .own = json_bool(JSON_GET(j->body, "own"), false),
                            .ended = ended,
                            .stopped_at = stopped,
                            .self = j->communication,
                            .tx = j->tx};
}

unsigned sender_attempt(const struct job *j)
{
    int64_t tries = 0;
    json_i64(JSON_GET(j->body, "tries"), &tries);
    return (unsigned)tries;
}

static void finish(struct job *j, struct outcome w)
{
    j->step = STEP_FINISH;
    j->out = w;
}

static err ask_again(struct op *op, struct outreach *o, struct job *j, struct verdict *ret,
                     const struct json **ret_trace)
{
    struct recipient r;
    struct facts *facts;
    struct message m = sender_message(j); /* self: it must not count against itself */
    TRY(recipient_load(op, o->rec, j->patient, &r));
    m.language = words_language(m.language_tag);
    if (m.kind == KIND_CARE) { /* an answer goes where the words came from */
        if (!m.own)
            recipient_route(&r, m.channel);
        j->moved = !str_empty(r.address[m.channel]) && !str_eq(m.to, r.address[m.channel]);
        m.to = r.address[m.channel];
        j->other = !str_eq(json_str(json_path(j->tree, "recipient.0.reference")),
                           recipient_reference(op, &r));
    }
    const struct consent_state *c = &r.consent[m.channel];
    j->unwanted = m.kind == KIND_HELP && m.answers && c->any && !c->permit;
    json_set_str(op->arena, j->body, STR("to"), m.to);
    if (str_empty(m.to))
        return fail(op, ERR_UNPROCESSABLE, "the patient's address is gone");
    TRY(message_decide(op, o, &r, &m, &facts, ret));
    if (ret->decision != DECISION_ALLOW)
        *ret_trace = message_trace(op, &m, facts, ret);
    return OK;
}

static err by_rules(struct op *op, struct outreach *o, struct job *j)
{
    struct verdict v;
    const struct json *trace = NULL;
    TRY(stop_mark(op, o->rec, j->patient, j->channel, &j->mark));
    err e = ask_again(op, o, j, &v, &trace);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_UNPROCESSABLE) {
        op_clear(op);
        finish(j, (struct outcome){.status = "not-done",
                                   .why = "the patient's address is no longer on record"});
        return OK;
    }
    TRY(e);
    if (j->other) {
        finish(j, (struct outcome){.status = "not-done",
                                   .why = "who gets their messages changed meanwhile"});
    } else if (j->unwanted) {
        finish(j, (struct outcome){.status = "not-done", .why = "they said stop meanwhile"});
    } else if (v.decision == DECISION_HOLD_UNTIL && v.held) {
        j->step = STEP_LATER;
        j->due = v.hold_until > op->now ? v.hold_until : op->now + 60000;
    } else if (v.decision != DECISION_ALLOW && lookup_missing(o, &v)) {
        j->step =
            STEP_LATER; /* the provider of answers is away: held until it is back, or expired */
        j->due = op->now + LOOK_AGAIN_MS;
    } else if (v.decision != DECISION_ALLOW) {
        finish(j, (struct outcome){.status = "not-done",
                                   .why = "the rulebook no longer allows it",
                                   .trace = trace});
    } else {
        j->step = STEP_SUBMIT;
    }
    return OK;
}

err sender_decide(struct op *op, struct outreach *o, struct job *j)
{
    bool stopped = false,
         preparation = str_eq(json_get_str(j->tree, STR("status")), STR("preparation"));
    if (j->submitting && !provider_repeatable(o, j->channel)) {
        finish(j, (struct outcome){.status = "unknown", .why = NOT_KNOWN});
        return OK;
    }
    if (!preparation) {
        j->step = STEP_DROP; /* taken back, or already told */
        return OK;
    }
    TRY(lane_stopped(op, o, j->campaign, &stopped));
    if (stopped)
        finish(j, (struct outcome){.status = "not-done", .why = CAMPAIGN_STOPPED});
    else if (j->expires && op->now > j->expires)
        finish(j, (struct outcome){.status = "stopped",
                                   .why = "too late to be of use; it was not sent"});
    else if (!provider_any(o, j->channel))
        finish(j, (struct outcome){.status = "not-done", .why = "this channel is switched off"});
    else
        return by_rules(op, o, j);
    return OK;
}
