/* A message that somebody wrote and that stays silent goes by another way, and where there is none
 * a person calls: what did not arrive, and where an answer was asked for, what was not answered.
 * What was read goes no second way: where its answer is missing a person calls.
 * Plans of contacts look after their own. Invariants: what is watched is a named value written with
 * the message, and whoever takes it away commits what comes instead, so each silence has one
 * answer, whatever is killed when; no way is tried twice; a letter, which takes days, is none. */
#include "outreach/silence_int.h"

#include "outreach/ledger_int.h"
#include "outreach/reach.h"
#include "record/near.h"

#include "base/log.h"

#define QUEUE STR("silence")
#define LEASE_MS 60000
#define BATCH 32u
#define AGAIN_MS 60000
#define CALL_MS (4 * 3600 * 1000LL)
#define LETTER_MS (30 * DAY_MS) /* printed, posted and brought: silent for days */
#define LIST_MAX 32u
#define TRIES 3u /* one after the other, before the feed goes on without it */

static str watch_key(struct op *op, str communication)
{
    return arena_cat(op->arena, STR("silence@/"), communication);
}

static int64_t wait_ms(const struct outreach *o, bool answer)
{
    return 1000 * config_int(o->config, answer ? "outreach.unanswered_seconds"
                                               : "outreach.undelivered_seconds");
}

static void put_text(struct op *op, struct json *o, str name, str value)
{
    if (!str_empty(value))
        json_set_str(op->arena, o, name, value);
}

static err put_watch(struct record_tx *tx, struct op *op, const struct silence_sent *s,
                     const struct json *state)
{
    struct buf b;
    buf_init(&b, op->arena, 65536);
    json_write(&b, state);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "the message is too large");
    record_tx_kv_new(tx, watch_key(op, s->id), buf_str(&b));
    return OK;
}

err silence_watch(struct record_tx *tx, struct op *op, const struct outreach *o,
                  const struct silence_sent *s)
{
    const struct outreach_draft *d = s->draft;
    struct json *state = json_new(op->arena, JSON_OBJECT);
    if ((!s->message->human && str_empty(d->follows)) || !str_empty(d->campaign) ||
        !str_empty(d->programme) || d->asked)
        return OK;
    put_text(op, state, STR("patient"), d->patient);
    put_text(op, state, STR("task"), d->task);
    put_text(op, state, STR("language"), d->language);
    put_text(op, state, STR("template"), d->template_code);
    put_text(op, state, STR("text"), d->text);
    put_text(op, state, STR("subject"), d->subject);
    put_text(op, state, STR("purpose"), d->purpose);
    json_set(op->arena, state, STR("portal"), json_new_bool(op->arena, d->portal));
    json_set(op->arena, state, STR("own"), json_new_bool(op->arena, d->own));
    json_set(op->arena, state, STR("urgent"), json_new_bool(op->arena, d->urgent));
    json_set(op->arena, state, STR("asks"), json_new_bool(op->arena, d->asks));
    json_set(op->arena, state, STR("used"),
             json_new_i64(op->arena, (int64_t)(d->used | 1u << s->message->channel)));
    bool letter = s->message->channel == CHANNEL_LETTER;
    record_tx_outbox(tx, QUEUE, s->due + (letter ? LETTER_MS : wait_ms(o, false)), s->id);
    return put_watch(tx, op, s, state);
}

/* ---- looking at one ---- */
struct watched {
    struct outreach *o;
    const struct record_job *job; /* NULL: the feed told of it */
    str id, kept;
    struct json *state;
    struct json *message;
    bool unanswered; /* it arrived, and the answer that was asked for did not come */
    bool read;       /* and they looked at it */
    bool no_calls;
};

static str part(const struct watched *w, const char *name)
{
    return json_get_str(w->state, str_of(name));
}

static bool flag(const struct watched *w, const char *name)
{
    return json_bool(json_get(w->state, str_of(name)), false);
}

static unsigned used(const struct watched *w)
{
    int64_t n = 0;
    json_i64(JSON_GET(w->state, "used"), &n);
    return (unsigned)n;
}

static void done(struct record_tx *tx, struct op *op, const struct watched *w)
{
    if (w->job)
        record_tx_outbox_done(tx, w->job->job);
    if (str_empty(w->kept))
        return;
    str key = watch_key(op, w->id);
    record_tx_expect_kv(tx, key, w->kept);
    record_tx_kv(tx, key, STR_NONE);
}

static err let_go(struct op *op, const struct watched *w)
{
    struct record_tx *tx = record_begin(op, w->o->rec);
    done(tx, op, w);
    return record_commit(tx);
}

/* "text message, e-mail", as each language writes it. */
static struct said ways_said(struct op *op, unsigned mask)
{
    struct said out;
    for (unsigned l = 0; l < SAY_LANGS; l++) {
        struct buf b;
        buf_init(&b, op->arena, 512);
        for (unsigned k = 0; k < WAY_COUNT; k++)
            if (mask >> k & 1)
                buf_printf(&b, "%s%.*s",
                           !buf_str(&b).n ? ""
                           : l == SAY_AR  ? "، "
                                          : ", ",
                           STR_ARG(way_word((enum way)k, l)));
        out.in[l] = buf_str(&b);
    }
    return out;
}

/* A person calls, or reaches them as they want it. */
static err call(struct record_tx *tx, struct op *op, const struct watched *w)
{
    str evidence = arena_cat(op->arena, STR("Communication/"), w->id), id;
    str text = json_str(json_path(w->message, "payload.0.contentString"));
    struct said parts[] = {
        ways_said(op, used(w)),
        desk_say(op, w->no_calls ? SAY_SILENT_NO_CALL : SAY_SILENT_CALL, NULL, 0),
        desk_say_same(op, str_utf8_cut(text, 300))};
    struct desk_case c = {.patient = part(w, "patient"),
                          .programme = STR("message-silent"),
                          .priority = flag(w, "urgent") ? DESK_P2 : DESK_P3,
                          .why = desk_say(op,
                                          w->read         ? SAY_SILENT_READ
                                          : w->unanswered ? SAY_SILENT_UNANSWERED
                                                          : SAY_SILENT_LOST,
                                          parts, 3),
                          .evidence = &evidence,
                          .n_evidence = 1,
                          .rule = STR("MESSAGE"),
                          .due = op->now + CALL_MS};
    bool is_new;
    return desk_open(tx, op, w->o->rec, &c, &id, &is_new);
}

static struct outreach_draft next_draft(struct op *op, const struct watched *w)
{
    return (struct outreach_draft){.patient = part(w, "patient"),
                                   .task = part(w, "task"),
                                   .language = part(w, "language"),
                                   .template_code = part(w, "template"),
                                   .text = part(w, "text"),
                                   .subject = part(w, "subject"),
                                   .purpose = part(w, "purpose"),
                                   .own = flag(w, "own"),
                                   .portal = flag(w, "portal"),
                                   .urgent = flag(w, "urgent"),
                                   .asks = flag(w, "asks"),
                                   .used = used(w) | 1u << WAY_LETTER,
                                   .follows = w->id,
                                   .key = arena_cat(op->arena, STR("silence-"), w->id)};
}

/* By the next way, else a call. The rulebook is asked as for every message; its no is a call, too:
 * whether to ring somebody is for the person who reads why. */
static err fall_back(struct op *op, const struct watched *w)
{
    struct outreach_draft d = next_draft(op, w);
    struct outreach_sent sent = {.code = ERR_UNPROCESSABLE};
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    struct record_tx *tx = record_begin(op, w->o->rec);
    if (!w->read) /* words that they have seen are not sent once more */
        TRY(outreach_put_many(tx, op, w->o, &(struct outreach_batch){&d, 1, &sent}));
    if (err_passes(sent.code))
        return fail(op, sent.code, "a silent message cannot go by another way now");
    if (sent.code != OK)
        TRY(call(tx, op, w));
    else
        json_set_str(op->arena, detail, STR("next"), sent.communication);
    json_set_str(op->arena, detail, STR("why"),
                 w->read         ? STR("read and unanswered")
                 : w->unanswered ? STR("unanswered")
                                 : STR("undelivered"));
    done(tx, op, w);
    record_tx_trail(tx, STR("message-silent"), fhir_type_parse(STR("Communication")), w->id,
                    detail);
    return record_commit(tx);
}

static err later(struct op *op, const struct watched *w, int64_t at)
{
    struct record_tx *tx = record_begin(op, w->o->rec);
    if (!w->job)
        return OK;
    record_tx_outbox_later(tx, w->job->job, at, w->job->body);
    return record_commit(tx);
}

/* Words of theirs since, by any channel; a keyword is an answer to nothing. */
static err answered(struct op *op, const struct watched *w, int64_t since, bool *ret)
{
    struct ledger_entry *list;
    size_t n;
    TRY(ledger_list(op, w->o->rec, part(w, "patient"), LIST_MAX, &list, &n));
    *ret = false;
    for (size_t i = 0; i < n; i++)
        *ret |= list[i].incoming && list[i].at >= since && list[i].kind != LEDGER_KEYWORD;
    return OK;
}

/* The case it was written for is closed: whoever closed it knew. */
static err case_closed(struct op *op, const struct watched *w, bool *ret)
{
    struct record_doc doc;
    struct json *task;
    *ret = false;
    if (str_empty(part(w, "task")))
        return OK;
    err e = record_read(op, w->o->rec, fhir_type_parse(STR("Task")), part(w, "task"), &doc);
    *ret = e == ERR_NOT_FOUND || e == ERR_GONE;
    if (*ret) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &task));
    str status = json_get_str(task, STR("status"));
    *ret = str_eq(status, STR("completed")) || str_eq(status, STR("cancelled"));
    return OK;
}

static err patient_lives(struct op *op, struct watched *w, bool *ret)
{
    struct recipient r;
    err e = recipient_load(op, w->o->rec, part(w, "patient"), &r);
    *ret = e == OK && !r.deceased;
    w->no_calls = e == OK && recipient_no_calls(&r, part(w, "purpose"));
    if (e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op);
    return OK;
}

static err silent(struct op *op, struct watched *w)
{
    bool closed, lives;
    TRY(case_closed(op, w, &closed));
    TRY(patient_lives(op, w, &lives));
    return closed || !lives ? let_go(op, w) : fall_back(op, w);
}

/* The time to look has come. */
static err look_in_time(struct op *op, struct watched *w, str status)
{
    struct time_span sent = {.lo = op->now};
    struct read_mark read;
    bool said;
    (void)time_parse(json_get_str(w->message, STR("sent")), &sent);
    if (str_eq(status, STR("preparation"))) /* held; it has an end of its own */
        return later(op, w, op->now + wait_ms(w->o, false));
    TRY(answered(op, w, sent.lo, &said));
    if (said)
        return let_go(op, w);
    w->read = read_find(w->message, &read);
    if (!w->read && !str_eq(status, STR("completed"))) /* nobody said that it arrived */
        return silent(op, w);
    if (!flag(w, "asks"))
        return let_go(op, w);
    int64_t from = w->read ? read.at : sent.lo; /* who reads it has the whole time to answer */
    if (op->now < from + wait_ms(w->o, true))
        return later(op, w, from + wait_ms(w->o, true));
    w->unanswered = true;
    return silent(op, w);
}

static bool taken_back(str status)
{
    return str_eq(status, STR("not-done")) || str_eq(status, STR("entered-in-error"));
}

bool silence_finds_nothing(const struct json *communication)
{
    str key;
    enum way way;
    return !outreach_came_back(communication, &key, &way) &&
           !taken_back(json_get_str(communication, STR("status")));
}

static err look(struct op *op, struct watched *w)
{
    struct record_doc doc;
    str key = watch_key(op, w->id);
    enum way way;
    TRY(record_kv_get(op, w->o->rec, key, &w->kept));
    if (str_empty(w->kept))
        return w->job ? let_go(op, w) : OK;
    TRY(json_read(op, w->kept, &JSON_LIMITS_DEFAULT, &w->state));
    err e = record_read(op, w->o->rec, fhir_type_parse(STR("Communication")), w->id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return let_go(op, w);
    }
    TRY(e);
    TRY(record_parse(op, &doc, &w->message));
    str status = json_get_str(w->message, STR("status"));
    struct read_mark read;
    bool seen = read_find(w->message, &read);
    if (!w->job && seen) /* where an answer is awaited its time comes */
        return flag(w, "asks") ? OK : let_go(op, w);
    if (!seen && outreach_came_back(w->message, &key, &way))
        return silent(op, w);
    if (taken_back(status))
        return let_go(op, w);
    return w->job ? look_in_time(op, w, status) : OK;
}

err silence_follow(struct op *op, struct outreach *o, const struct record_change *ch)
{
    struct watched w = {.o = o};
    fhir_type type;
    if (ch->created || ch->deleted || ch->type != fhir_type_parse(STR("Communication")) ||
        own_known(&o->silent_none, ch->t))
        return OK;
    TRY(record_name(op, o->rec, ch->rid, &type, &w.id));
    err e = look(op, &w);
    o->silent_tries = o->silent_tried == ch->rid ? o->silent_tries + 1 : 1;
    o->silent_tried = ch->rid;
    if (e == OK)
        o->silent_tries = 0;
    if (e == OK || (err_passes(e) && o->silent_tries < TRIES))
        return e;
    log_event(LOG_ERROR, "outreach.silence.failed", "error=%s", err_row(e)->name);
    op_clear(op); /* one that cannot be read holds up nobody else's messages; its time comes, too */
    return OK;
}

err silence_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *jobs;
    *ret_n = 0;
    if (!ledger_settle(o, o->ledger_from, 0))
        return OK; /* nobody knows yet who answered */
    TRY(record_outbox_take(op, o->rec, QUEUE, LEASE_MS, BATCH, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        struct watched w = {.o = o, .job = &jobs[i], .id = jobs[i].body};
        err e = look(op, &w);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
            record_outbox_again(op, o->rec, &jobs[i]);
        else if (e != OK && !err_passes(e)) { /* one that cannot be read holds up no other */
            op_clear(op);
            TRY(later(op, &w, op->now + AGAIN_MS));
        } else
            TRY(e);
    }
    return OK;
}
