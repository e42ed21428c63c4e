/* A test of words to whoever writes them. Invariants: nothing goes to an address that its owner did
 * not prove, or that a patient has; a job is gone before it is handed over, so a test goes once or
 * not at all; it takes its turn among the messages of its number. */
#include "outreach/probe.h"

#include "outreach/mail_out_int.h"
#include "outreach/reach.h"
#include "policy/content.h"

#include <sodium.h>

#define HOUR_MS (3600 * 1000LL)
#define CODE_MS (10 * 60000LL)
#define CODES_AN_HOUR 5u
#define TESTS_AN_HOUR 10u
#define GUESSES 5
#define LEASE_MS 60000

static str state_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("own/"), user);
}

/* What became of the newest stands apart: the channel's thread writes it while its author goes on.
 */
static str last_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("own-last/"), user);
}

static str queue_of(struct op *op, enum channel_kind k)
{
    return arena_cat(op->arena, STR("probe-"), channel_name(k));
}

struct own {
    struct json *o;
    str user, kept; /* as it was read */
};

static err load(struct op *op, struct outreach *o, str user, struct own *ret)
{
    *ret = (struct own){.user = user};
    TRY(record_kv_get(op, o->rec, state_key(op, user), &ret->kept));
    ret->o = json_new(op->arena, JSON_OBJECT);
    return str_empty(ret->kept) ? op_check(op)
                                : json_read(op, ret->kept, &JSON_LIMITS_DEFAULT, &ret->o);
}

static err own_of_actor(struct op *op, struct outreach *o, struct own *ret)
{
    if (!op->actor || str_empty(op->actor->user) ||
        !record_may_search(op, o->rec, fhir_type_parse(STR("Group"))))
        return fail(op, ERR_FORBIDDEN, "Tests of words are for who works on outreach.");
    return load(op, o, op->actor->user, ret);
}

static str text_of(struct op *op, const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 10);
    json_write(&b, v);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static void put(struct record_tx *tx, struct op *op, const struct own *w)
{
    record_tx_expect_kv(tx, state_key(op, w->user), w->kept);
    record_tx_kv(tx, state_key(op, w->user), text_of(op, w->o));
}

static err way_of(struct op *op, const struct outreach *o, str channel, enum channel_kind *ret)
{
    if (!channel_parse(channel, ret) || *ret > CHANNEL_EMAIL)
        return fail_at(op, ERR_INVALID, STR("channel"), "channel is sms or email.");
    if (!provider_any(o, *ret))
        return fail_at(op, ERR_UNPROCESSABLE, STR("channel"), "This channel is switched off.");
    return OK;
}

/* So many of a kind an hour; *io_list keeps the instants of the last hour. */
static err count(struct op *op, struct own *w, const char *kind, unsigned max)
{
    struct json *had = json_get(w->o, str_of(kind)), *now = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; had && i < had->n; i++) {
        int64_t at = 0;
        json_i64(json_at(had, i), &at);
        if (at > op->now - HOUR_MS && at <= op->now)
            json_push(op->arena, now, json_at(had, i));
    }
    if (now->n >= max)
        return fail(op, ERR_BUSY, "That is %u within an hour; try again later.", max);
    json_push(op->arena, now, json_new_i64(op->arena, op->now));
    json_set(op->arena, w->o, str_of(kind), now);
    return OK;
}

/* A patient's address is nobody's for tests: their STOP and their counts would be passed by. */
err address_is_free(struct op *op, struct outreach *o, enum channel_kind k, str to, bool *ret)
{
    static const char *const types[] = {"Patient", "RelatedPerson"};
    const struct actor *caller = op->actor;
    struct record_page page = {0};
    struct buf q;
    err e = OK;
    buf_init(&q, op->arena, 1024);
    buf_add(&q, STR("telecom="));
    buf_url(&q, address_key(op, k, to));
    buf_add(&q, STR("&_count=1"));
    op->actor = outreach_system();
    for (size_t i = 0; e == OK && page.n == 0 && i < 2; i++)
        e = record_find(op, o->rec, fhir_type_parse(str_of(types[i])), buf_str(&q), &page);
    op->actor = caller;
    *ret = page.n == 0;
    return e;
}

static err not_free(struct op *op)
{
    return fail_at(op, ERR_UNPROCESSABLE, STR("to"),
                   "This address cannot get tests; use another one.");
}

static err plain(struct op *op, enum channel_kind k, str in, str *ret)
{
    str to = str_trim(in);
    bool ok = k == CHANNEL_EMAIL ? mail_is_address(to) : false;
    if (k == CHANNEL_SMS) {
        to = phone_plain(op, to);
        ok = to.n >= 8 && to.n <= 16 && to.p[0] == '+';
        for (size_t i = 1; ok && i < to.n; i++)
            ok = to.p[i] >= '0' && to.p[i] <= '9';
    }
    *ret = to;
    return ok ? OK
              : fail_at(op, ERR_INVALID, STR("to"),
                        k == CHANNEL_SMS ? "Give a number with its country, as +13125550143."
                                         : "Give a mail address.");
}

/* A job of the channel's own thread, which alone speaks to providers. */
static void queue(struct record_tx *tx, struct op *op, const struct own *w, enum channel_kind k,
                  const struct parcel *p)
{
    struct json *job = json_new(op->arena, JSON_OBJECT), *last = json_new(op->arena, JSON_OBJECT);
    str id = arena_printf(op->arena, "test%08x%08x%08x", (unsigned)randombytes_random(),
                          (unsigned)randombytes_random(), (unsigned)randombytes_random());
    json_set_str(op->arena, job, STR("id"), id);
    json_set_str(op->arena, job, STR("user"), w->user);
    json_set_str(op->arena, job, STR("to"), p->to);
    json_set_str(op->arena, job, STR("text"), p->text);
    json_set_str(op->arena, job, STR("subject"), p->subject);
    json_set_str(op->arena, job, STR("language"), p->language);
    json_set_str(op->arena, last, STR("id"), id);
    json_set_str(op->arena, last, STR("channel"), channel_name(k));
    json_set_str(op->arena, last, STR("at"), time_format(op->arena, op->now));
    json_set_str(op->arena, last, STR("state"), STR("waiting"));
    record_tx_kv(tx, last_key(op, w->user), text_of(op, last));
    record_tx_outbox(tx, queue_of(op, k), op->now, text_of(op, job));
}

static void note(struct record_tx *tx, struct op *op, str what, enum channel_kind k)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("channel"), channel_name(k));
    record_tx_trail(tx, what, fhir_type_parse(STR("ActivityDefinition")), STR_NONE, detail);
}

/* ---- one's own address ---- */
static void add_address(struct op *op, const struct own *w, enum channel_kind k, struct json *o)
{
    const struct json *had = json_get(w->o, channel_name(k));
    struct json *a = json_new(op->arena, JSON_OBJECT);
    if (!had)
        return;
    json_set_str(op->arena, a, STR("to"), json_get_str(had, STR("to")));
    json_set(op->arena, a, STR("verified"),
             json_new_bool(op->arena, json_bool(JSON_GET(had, "verified"), false)));
    json_set(op->arena, o, channel_name(k), a);
}

err probe_addresses(struct op *op, struct outreach *o, struct json **ret)
{
    struct own w;
    TRY(own_of_actor(op, o, &w));
    struct json *out = json_new(op->arena, JSON_OBJECT), *last;
    str kept;
    add_address(op, &w, CHANNEL_SMS, out);
    add_address(op, &w, CHANNEL_EMAIL, out);
    TRY(record_kv_get(op, o->rec, last_key(op, w.user), &kept));
    if (kept.n) {
        TRY(json_read(op, kept, &JSON_LIMITS_DEFAULT, &last));
        json_unset(last, STR("id"));
        json_set(op->arena, out, STR("last"), last);
    }
    *ret = out;
    return op_check(op);
}

static str code_new(struct op *op)
{
    return arena_printf(op->arena, "%06u", (unsigned)randombytes_uniform(1000000));
}

static err forget(struct op *op, struct outreach *o, struct own *w, str channel)
{
    struct record_tx *tx = record_begin(op, o->rec);
    json_unset(w->o, channel);
    put(tx, op, w);
    return record_commit(tx);
}

err probe_ask(struct op *op, struct outreach *o, str channel, str to)
{
    struct own w;
    enum channel_kind k;
    str plain_to, code = code_new(op);
    bool may;
    TRY(own_of_actor(op, o, &w));
    TRY(way_of(op, o, channel, &k));
    if (str_empty(str_trim(to)))
        return forget(op, o, &w, channel);
    TRY(plain(op, k, to, &plain_to));
    TRY(count(op, &w, "codes", CODES_AN_HOUR));
    TRY(address_is_free(op, o, k, plain_to, &may));
    if (!may) { /* counted, too: whose a number is, is not to be found out by asking */
        struct record_tx *asked = record_begin(op, o->rec);
        put(asked, op, &w);
        note(asked, op, STR("test-address-refused"), k);
        TRY(record_commit(asked));
        return not_free(op);
    }
    struct json *a = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, a, STR("to"), plain_to);
    json_set_str(op->arena, a, STR("code"), code);
    json_set(op->arena, a, STR("until"), json_new_i64(op->arena, op->now + CODE_MS));
    json_set(op->arena, w.o, channel, a);
    struct parcel p = {.to = plain_to,
                       .text = words_line_about(op, o, LINE_OWN_CODE, 0, code),
                       .subject = words_line(op, o, LINE_TEST, 0),
                       .language = STR("en")};
    struct record_tx *tx = record_begin(op, o->rec);
    queue(tx, op, &w, k, &p);
    put(tx, op, &w);
    note(tx, op, STR("test-address"), k);
    return record_commit(tx);
}

err probe_confirm(struct op *op, struct outreach *o, str channel, str code)
{
    struct own w;
    enum channel_kind k;
    int64_t until = 0, tries = 0;
    TRY(own_of_actor(op, o, &w));
    TRY(way_of(op, o, channel, &k));
    struct json *a = json_get(w.o, channel);
    json_i64(JSON_GET(a, "until"), &until);
    json_i64(JSON_GET(a, "tries"), &tries);
    str want = json_get_str(a, STR("code"));
    if (str_empty(want) || until < op->now || tries >= GUESSES)
        return fail_at(op, ERR_UNPROCESSABLE, STR("code"), "Ask for a new code.");
    bool right = code.n == want.n && sodium_memcmp(code.p, want.p, want.n) == 0;
    json_set(op->arena, a, STR("tries"), json_new_i64(op->arena, tries + 1));
    if (right) {
        json_unset(a, STR("code"));
        json_set(op->arena, a, STR("verified"), json_new_bool(op->arena, true));
    }
    struct record_tx *tx = record_begin(op, o->rec);
    put(tx, op, &w);
    TRY(record_commit(tx));
    return right ? OK : fail_at(op, ERR_UNPROCESSABLE, STR("code"), "This is not the code.");
}

/* ---- the test ---- */
static err whole(struct op *op, const struct outreach *o, const struct probe_words *w,
                 enum channel_kind k, struct parcel *ret)
{
    unsigned l = words_language(w->language);
    str mark = arena_cat(op->arena, words_line(op, o, LINE_TEST, l), STR(": ")), head, tail;
    str text = str_trim(w->text);
    if (str_empty(text) || text.n > TEXT_MAX || !str_utf8_valid(text))
        return fail_at(op, ERR_UNPROCESSABLE, STR("text"),
                       "There are no words in this language for this channel yet.");
    outreach_lines(op, o, w->language, k == CHANNEL_EMAIL, &head, &tail);
    text = arena_cat(op->arena, arena_cat(op->arena, head, text), tail);
    text = arena_cat(op->arena, mark, text);
    ret->text = k == CHANNEL_SMS ? content_sms_plain(op, text) : text;
    str subject =
        str_empty(w->subject) ? config_str(o->config, "outreach.clinic") : str_trim(w->subject);
    ret->subject = k == CHANNEL_SMS ? STR_NONE : arena_cat(op->arena, mark, subject);
    ret->language = w->language;
    return op_check(op);
}

err probe_send(struct op *op, struct outreach *o, const struct probe_words *words,
               struct json **ret)
{
    struct own w;
    enum channel_kind k;
    struct parcel p = {0};
    struct json *out = json_new(op->arena, JSON_OBJECT);
    bool may;
    TRY(own_of_actor(op, o, &w));
    TRY(way_of(op, o, words->channel, &k));
    const struct json *a = json_get(w.o, words->channel);
    p.to = json_get_str(a, STR("to"));
    if (!json_bool(JSON_GET(a, "verified"), false))
        return fail_at(op, ERR_UNPROCESSABLE, STR("channel"),
                       "Give your own number or address first, and the code that is sent there.");
    TRY(whole(op, o, words, k, &p));
    TRY(count(op, &w, "tests", TESTS_AN_HOUR));
    TRY(address_is_free(op, o, k, p.to, &may));
    if (!may)
        return not_free(op);
    struct record_tx *tx = record_begin(op, o->rec);
    queue(tx, op, &w, k, &p);
    put(tx, op, &w);
    note(tx, op, STR("test-to-me"), k);
    TRY(record_commit(tx));
    json_set_str(op->arena, out, STR("to"), p.to);
    json_set_str(op->arena, out, STR("text"), p.text);
    json_set_str(op->arena, out, STR("subject"), p.subject);
    *ret = out;
    return op_check(op);
}

/* ---- the channel's thread ---- */
static bool on_screen(const struct outreach *o, enum channel_kind k)
{
    return str_eq(config_str(o->config, channel_setting(k)), STR("screen"));
}

/* What came of it, for its author; when they did something else meanwhile it is not told. */
static err tell(struct op *op, struct outreach *o, enum channel_kind k, const struct json *job,
                const struct parcel *p)
{
    struct json *last;
    str kept, key = last_key(op, json_get_str(job, STR("user")));
    TRY(record_kv_get(op, o->rec, key, &kept));
    if (str_empty(kept))
        return OK;
    TRY(json_read(op, kept, &JSON_LIMITS_DEFAULT, &last));
    if (!str_eq(json_get_str(last, STR("id")), p->id))
        return OK;
    json_set_str(op->arena, last, STR("state"), p->result == SENT_OK ? STR("sent") : STR("failed"));
    if (on_screen(o, k))
        json_set_str(op->arena, last, STR("screen"), p->text);
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_expect_kv(tx, key, kept);
    record_tx_kv(tx, key, text_of(op, last));
    err e = record_commit(tx);
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return OK;
}

err probe_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n)
{
    struct record_job *jobs;
    struct json *job;
    int64_t free_at = op->now;
    *ret_n = 0;
    if (k > CHANNEL_EMAIL)
        return OK;
    TRY(record_outbox_take(op, o->rec, queue_of(op, k), LEASE_MS, 1, &jobs, ret_n));
    if (*ret_n == 0)
        return OK;
    TRY(json_read(op, jobs->body, &JSON_LIMITS_DEFAULT, &job));
    str user = json_get_str(job, STR("user"));
    struct record_tx *tx = record_begin(op, o->rec);
    bool now = bucket_take(o, k, user, op->now, &free_at);
    if (!now)
        record_tx_outbox_later(tx, jobs->job, free_at, jobs->body);
    else
        record_tx_outbox_done(tx, jobs->job);
    if (now && k == CHANNEL_SMS)
        bucket_put(tx, op, o, user);
    TRY(record_commit(tx)); /* before it leaves: once or not at all */
    struct parcel p = {.id = json_get_str(job, STR("id")),
                       .to = json_get_str(job, STR("to")),
                       .from = bucket_number(o, user),
                       .text = json_get_str(job, STR("text")),
                       .subject = json_get_str(job, STR("subject")),
                       .language = json_get_str(job, STR("language")),
                       .kind = KIND_CARE,
                       .human = true,
                       .result = SENT_LATER};
    if (!now)
        return OK;
    provider_send(op, o, k, &p, 1);
    return tell(op, o, k, job, &p);
}
