/* Words from a number of several patients: whose are they? One question, with first names only, and
 * only of those who let themselves be written to there; the words wait for the answer, a number or
 * a name, and then belong to that person, as does what follows within the hour. Without an answer
 * they go to the thread of the one we wrote to last, and a person asks. Invariant: words are in the
 * value of their number or in the record, never in neither: each move is one transaction, guarded
 * by what the value was. */
#include "base/bidi.h"
#include "outreach/inbound_int.h"

#define WAIT_MS (10 * 60000LL)  /* for an answer */
#define HOLDS_MS (60 * 60000LL) /* the answer, for words that follow */
#define LEASE_MS 60000
#define WORDS_MAX 20u
#define WORDS_BYTES (128u << 10) /* of all that waits, before one more */
#define NAME_MAX 24u
#define NOBODY 9 /* the number of "someone else"; as a person: */
#define NONE_OF_THEM STR("-")

struct who {
    struct who_value *v;
    struct json *o;
    str is; /* Patient id, NONE_OF_THEM, or empty: not answered */
    int64_t asked, until;
};

size_t who_living(const struct incoming *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++)
        n += !x->people[i].deceased;
    return n;
}

void who_put(struct record_tx *tx, const struct who_value *v)
{
    if (str_empty(v->key))
        return;
    record_tx_expect_kv(tx, v->key, v->was);
    record_tx_kv(tx, v->key, v->now);
}

static str key_of(struct op *op, const struct incoming *x)
{
    uint64_t mark = ledger_mark(address_key(op, x->channel, x->in->from));
    return arena_printf(op->arena, WHO_QUEUE "/%.*s/%016llx", STR_ARG(channel_name(x->channel)),
                        (unsigned long long)mark);
}

static err load(struct op *op, struct record *rec, struct who_value *v, struct who *ret)
{
    *ret = (struct who){.v = v, .o = json_new(op->arena, JSON_OBJECT)};
    TRY(record_kv_get(op, rec, v->key, &v->was));
    if (!str_empty(v->was))
        TRY(json_read(op, v->was, &JSON_LIMITS_DEFAULT, &ret->o));
    ret->is = json_get_str(ret->o, STR("is"));
    (void)json_i64(JSON_GET(ret->o, "asked"), &ret->asked);
    (void)json_i64(JSON_GET(ret->o, "until"), &ret->until);
    return op_check(op);
}

static size_t waiting(const struct who *w)
{
    const struct json *list = JSON_GET(w->o, "words");
    return list ? list->n : 0;
}

static err save(struct op *op, struct who *w)
{
    struct buf b;
    buf_init(&b, op->arena, 256u << 10);
    json_write(&b, w->o);
    w->v->now = buf_str(&b);
    return buf_ok(&b) ? OK : fail(op, ERR_TOO_LARGE, "too many words wait");
}

/* ---- the question ---- */
/* May their name stand in a message to this number? */
static bool nameable(const struct incoming *x, const struct recipient *r)
{
    bool plain = r->first.n > 0 && r->first.n <= NAME_MAX && content_digit(r->first) < 0;
    for (size_t i = 0; i < r->first.n; i++)
        plain = plain && (unsigned char)r->first.p[i] >= ' ';
    return plain && !r->deceased && !r->confidential && recipient_agrees(r, x->channel);
}

/* Two of one name cannot be told apart by it: a person asks about them. */
static bool alone(const struct incoming *x, size_t who)
{
    for (size_t i = 0; i < x->n; i++)
        if (i != who && nameable(x, &x->people[i]) &&
            str_eq(x->people[i].first, x->people[who].first))
            return false;
    return true;
}

/* "1 Ana, 2 Lee"; who may be named goes into w->o. Empty: nobody. */
static str choices(struct op *op, const struct incoming *x, struct who *w)
{
    struct buf b;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    enum language language = language_or_english(x->people[x->main].language);
    buf_init(&b, op->arena, 1024);
    for (size_t i = 0, n = 0; i < x->n && n < WHO_MAX; i++) {
        const struct recipient *r = &x->people[i];
        if (!nameable(x, r) || !alone(x, i))
            continue;
        struct json *one = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, one, STR("id"), r->id);
        json_set_str(op->arena, one, STR("first"), r->first);
        json_push(op->arena, list, one);
        str first = bidi_value(op, language, r->first);
        buf_printf(&b, "%s%zu %.*s", n ? ", " : "", n + 1, STR_ARG(first));
        n++;
    }
    json_set(op->arena, w->o, STR("people"), list);
    return buf_str(&b);
}

static void add_words(struct op *op, const struct incoming *x, struct who *w)
{
    struct json *one = json_new(op->arena, JSON_OBJECT);
    if (!waiting(w))
        json_set(op->arena, w->o, STR("words"), json_new(op->arena, JSON_ARRAY));
    json_set_str(op->arena, one, STR("text"), x->in->text);
    json_set_str(op->arena, one, STR("id"), x->in->provider_id);
    json_set(op->arena, one, STR("at"), json_new_i64(op->arena, x->at));
    json_push(op->arena, JSON_GET(w->o, "words"), one);
}

/* The words' own mark, and a line that tells no words and no names. */
static err taken(struct record_tx *tx, struct op *op, struct incoming *x, struct who *w,
                 const char *what)
{
    str seen = inbound_seen_key(op, x->in->channel, x->in->provider_id);
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    TRY(save(op, w));
    who_put(tx, w->v);
    record_tx_expect_kv(tx, seen, STR_NONE);
    record_tx_kv(tx, seen, WHO_WAITS);
    json_set_str(op->arena, detail, STR("step"), str_of(what));
    record_tx_trail(tx, STR("inbound-who"), fhir_type_parse(STR("Patient")), x->people[x->main].id,
                    detail);
    return record_commit(tx);
}

static err ask(struct op *op, struct incoming *x, struct who *w, bool *ret_taken)
{
    struct sms_shape shape = {0};
    w->o = json_new(op->arena, JSON_OBJECT);
    w->asked = op->now;
    str names = choices(op, x, w);
    enum language language = language_or_english(x->people[x->main].language);
    str text = words_line_about(op, x->o, LINE_WHO, language, names);
    if (x->channel == CHANNEL_SMS) {
        text = content_sms_plain(op, text);
        content_sms_shape(text, &shape);
    }
    x->unsure =
        str_empty(names) || shape.segments > content_sms_parts(language) || who_living(x) > WHO_MAX;
    if (x->unsure)
        return OK;
    json_set(op->arena, w->o, STR("asked"), json_new_i64(op->arena, w->asked));
    json_set_str(op->arena, w->o, STR("main"), x->people[x->main].id);
    json_set_str(op->arena, w->o, STR("channel"), x->in->channel);
    json_set_str(op->arena, w->o, STR("from"), x->in->from);
    add_words(op, x, w);
    struct record_tx *tx = record_begin(op, x->o->rec);
    TRY(inbound_answer(tx, op, x, KIND_HELP, text));
    record_tx_outbox(tx, STR(WHO_QUEUE), op->now + WAIT_MS, w->v->key);
    TRY(taken(tx, op, x, w, "asked"));
    *ret_taken = true;
    return OK;
}

/* ---- the answer ---- */
/* Place in "people", NOBODY, or -1: these are further words. */
static err answer_of(struct op *op, const struct incoming *x, const struct who *w, int *ret)
{
    const struct json *list = JSON_GET(w->o, "people"), *one;
    int digit = content_digit(x->in->text);
    bool bare = x->reply.normalised.n <= 3;
    struct reply name;
    *ret = bare && digit == NOBODY ? NOBODY : -1;
    for (int i = 0; (one = json_at(list, (size_t)i)); i++) {
        if (!content_reply(op, json_get_str(one, STR("first")), &name))
            return op_check(op);
        if ((bare && digit == i + 1) || str_eq(name.normalised, x->reply.normalised))
            *ret = i;
    }
    return OK;
}

static err answered(struct op *op, struct incoming *x, struct who *w, int pick)
{
    const struct json *who = json_at(JSON_GET(w->o, "people"), (size_t)pick);
    json_set_str(op->arena, w->o, STR("is"),
                 pick == NOBODY ? NONE_OF_THEM : json_get_str(who, STR("id")));
    json_set(op->arena, w->o, STR("until"), json_new_i64(op->arena, op->now + HOLDS_MS));
    return taken(record_begin(op, x->o->rec), op, x, w, pick == NOBODY ? "nobody" : "answered");
}

/* x->main becomes the person; unsure when there is none of the number any more. */
static void belongs_to(struct incoming *x, str is, str otherwise)
{
    x->unsure = true;
    for (size_t i = 0; i < x->n; i++) {
        if (str_eq(x->people[i].id, is)) {
            x->main = i;
            x->unsure = false;
            return;
        }
        if (str_eq(x->people[i].id, otherwise))
            x->main = i;
    }
}

err who_meet(struct op *op, struct incoming *x, bool *ret_taken)
{
    struct who w;
    int pick = -1;
    if (who_living(x) <= 1) {
        for (size_t i = 0; i < x->n; i++)
            x->main = x->people[i].deceased ? x->main : i;
        return OK;
    }
    x->who.key = key_of(op, x);
    TRY(load(op, x->o->rec, &x->who, &w));
    x->who.now = x->who.was; /* as it is, unless something comes of it */
    if (!str_empty(w.is) && (waiting(&w) || op->now < w.until)) {
        belongs_to(x, w.is, x->people[x->main].id);
        return OK;
    }
    if (!w.asked || !str_empty(w.is))
        return ask(op, x, &w, ret_taken);
    TRY(answer_of(op, x, &w, &pick));
    x->unsure = pick < 0 && (waiting(&w) >= WORDS_MAX || x->who.was.n > WORDS_BYTES);
    if (x->unsure)
        return OK;
    *ret_taken = true;
    if (pick >= 0)
        return answered(op, x, &w, pick);
    add_words(op, x, &w);
    return taken(record_begin(op, x->o->rec), op, x, &w, "waits");
}

/* ---- what waited ---- */
/* The first of the words is kept, and is gone from the value. */
static err release_one(struct op *op, struct incoming *x, bool *ret_more)
{
    struct outreach_inbound_result kept;
    struct who w;
    TRY(load(op, x->o->rec, &x->who, &w));
    const struct json *list = JSON_GET(w.o, "words"), *first = json_at(list, 0), *one;
    *ret_more = first && !str_empty(w.is);
    if (!*ret_more)
        return OK;
    x->own = (struct outreach_inbound){.channel = json_get_str(w.o, STR("channel")),
                                       .from = json_get_str(w.o, STR("from")),
                                       .text = json_get_str(first, STR("text")),
                                       .provider_id = json_get_str(first, STR("id"))};
    (void)json_i64(JSON_GET(first, "at"), &x->at);
    struct json *rest = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 1; (one = json_at(list, i)); i++)
        json_push(op->arena, rest, one);
    json_set(op->arena, w.o, STR("words"), rest);
    TRY(save(op, &w));
    x->in = &x->own;
    x->waited = WHO_WAITS;
    if (!channel_parse(x->in->channel, &x->channel) || !content_reply(op, x->in->text, &x->reply))
        return op_check(op);
    x->reply.intent = REPLY_NONE; /* a START that nobody proved waits as words, and stays words */
    TRY(inbound_find(op, x));
    if (x->n == 0) { /* the number is nobody's any more: as words of nobody */
        struct record_tx *tx = record_begin(op, x->o->rec);
        who_put(tx, &x->who);
        TRY(record_commit(tx));
        return record_audit_event(op, x->o->rec, STR("inbound-unknown-sender"), false, STR_NONE);
    }
    belongs_to(x, w.is, json_get_str(w.o, STR("main")));
    TRY(inbound_waits_for(op, x));
    return inbound_keep(op, x, &kept);
}

err who_release(struct op *op, struct outreach *o, str key)
{
    struct incoming *x = ARENA_NEW(op->arena, struct incoming);
    bool more = true;
    TRY(op_check(op));
    for (unsigned tries = 0; more && tries < 5u * WORDS_MAX; tries++) {
        *x = (struct incoming){.o = o, .who = {.key = key}};
        err e = release_one(op, x, &more);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            TRY(e);
        op_clear(op);
    }
    return OK;
}

/* Nobody answered: the words are kept all the same. What is over is forgotten. */
static err end_one(struct op *op, struct outreach *o, const struct record_job *job)
{
    struct who_value v = {.key = job->body};
    struct who w;
    int64_t next = 0; /* 0: over */
    TRY(load(op, o->rec, &v, &w));
    v.now = v.was;
    if (w.asked && str_empty(w.is) && op->now < w.asked + WAIT_MS) {
        next = w.asked + WAIT_MS;
    } else if (w.asked && str_empty(w.is)) {
        json_set_str(op->arena, w.o, STR("is"), NONE_OF_THEM);
        TRY(save(op, &w));
        next = op->now;
    } else if (waiting(&w)) {
        next = op->now;
    } else if (w.until > op->now) {
        next = w.until;
    } else {
        v.now = STR_NONE;
    }
    struct record_tx *tx = record_begin(op, o->rec);
    who_put(tx, &v);
    if (next)
        record_tx_outbox_later(tx, job->job, next, job->body);
    else
        record_tx_outbox_done(tx, job->job);
    TRY(record_commit(tx));
    return who_release(op, o, job->body);
}

err who_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *jobs;
    TRY(record_outbox_take(op, o->rec, STR(WHO_QUEUE), LEASE_MS, 16, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        err e = end_one(op, o, &jobs[i]);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
            record_outbox_again(op, o->rec, &jobs[i]);
        else
            TRY(e);
    }
    return OK;
}
