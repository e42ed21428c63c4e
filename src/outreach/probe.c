/* A test of words to whoever writes them. Invariants: nothing goes to an address that its owner did
 * not prove, or that a patient has, but codes, of which an address gets few a day whoever asks; a
 * test goes once or not at all (staff.c). */
#include "outreach/probe.h"

#include "outreach/reach.h"
#include "outreach/staff_int.h"
#include "policy/content.h"

#include <sodium.h>

#define CODE_MS (10 * 60000LL)
#define CODES_AN_HOUR 5u
#define TESTS_AN_HOUR 10u
#define GUESSES 5
#define CODES_A_DAY 5u /* to one address, whoever of the staff asks */

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

struct own {
    struct staff_state s;
    str user;
};

static err own_of_actor(struct op *op, struct outreach *o, struct own *ret)
{
    if (!op->actor || str_empty(op->actor->user) ||
        !record_may_search(op, o->rec, fhir_type_parse(STR("Group"))))
        return fail(op, ERR_FORBIDDEN, "Tests of words are for who works on outreach.");
    ret->user = op->actor->user;
    return staff_load(op, o, state_key(op, ret->user), &ret->s);
}

static err way_of(struct op *op, const struct outreach *o, str channel, enum channel_kind *ret)
{
    if (!channel_parse(channel, ret) || *ret > CHANNEL_EMAIL)
        return fail_at(op, ERR_INVALID, STR("channel"), "channel is sms or email.");
    if (!provider_any(o, *ret))
        return fail_at(op, ERR_UNPROCESSABLE, STR("channel"), "This channel is switched off.");
    return OK;
}

/* So many of a kind an hour. */
static err count(struct op *op, struct own *w, const char *kind, unsigned max)
{
    int64_t last;
    if (staff_lately(op, &w->s, kind, STAFF_HOUR_MS, &last) >= max)
        return fail(op, ERR_BUSY, "That is %u within an hour; try again later.", max);
    staff_count(op, &w->s, kind);
    return OK;
}

/* Somebody else's telephone must not ring all day: all of the staff together count, and by no name
 * that can be read. */
static err count_to(struct op *op, struct outreach *o, str address, struct staff_state *ret)
{
    int64_t last;
    str key = arena_printf(op->arena, "own-to/%016llx", (unsigned long long)ledger_mark(address));
    TRY(staff_load(op, o, key, ret));
    if (staff_lately(op, ret, "codes", DAY_MS, &last) >= CODES_A_DAY)
        return fail(op, ERR_BUSY, "%u codes went there within a day; try again tomorrow.",
                    CODES_A_DAY);
    staff_count(op, ret, "codes");
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
    if (staff_address(op, k, in, ret))
        return OK;
    return fail_at(op, ERR_INVALID, STR("to"),
                   k == CHANNEL_SMS ? "Give a number with its country, as +13125550143."
                                    : "Give a mail address.");
}

/* A job of the channel's own thread, which alone speaks to providers. */
static void queue(struct record_tx *tx, struct op *op, const struct own *w, enum channel_kind k,
                  const struct parcel *p)
{
    struct json *job = staff_job(op, "test", w->user, p), *last = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, last, STR("id"), json_get_str(job, STR("id")));
    json_set_str(op->arena, last, STR("channel"), channel_name(k));
    json_set_str(op->arena, last, STR("at"), time_format(op->arena, op->now));
    json_set_str(op->arena, last, STR("state"), STR("waiting"));
    record_tx_kv(tx, last_key(op, w->user), staff_text(op, last));
    record_tx_outbox(tx, staff_queue(op, "probe", k), op->now, staff_text(op, job));
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
    const struct json *had = json_get(w->s.o, channel_name(k));
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
    json_unset(w->s.o, channel);
    staff_put(tx, op, &w->s);
    return record_commit(tx);
}

err probe_ask(struct op *op, struct outreach *o, str channel, str to)
{
    struct own w;
    enum channel_kind k;
    struct staff_state there;
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
        staff_put(asked, op, &w.s);
        note(asked, op, STR("test-address-refused"), k);
        TRY(record_commit(asked));
        return not_free(op);
    }
    TRY(count_to(op, o, address_key(op, k, plain_to), &there));
    struct json *a = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, a, STR("to"), plain_to);
    json_set_str(op->arena, a, STR("code"), code);
    json_set(op->arena, a, STR("until"), json_new_i64(op->arena, op->now + CODE_MS));
    json_set(op->arena, w.s.o, channel, a);
    struct parcel p = {.to = plain_to,
                       .text = words_line_about(op, o, LINE_OWN_CODE, 0, code),
                       .subject = words_line(op, o, LINE_TEST, 0),
                       .language = STR("en")};
    struct record_tx *tx = record_begin(op, o->rec);
    queue(tx, op, &w, k, &p);
    staff_put(tx, op, &w.s);
    staff_put(tx, op, &there);
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
    struct json *a = json_get(w.s.o, channel);
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
    staff_put(tx, op, &w.s);
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
    const struct json *a = json_get(w.s.o, words->channel);
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
    staff_put(tx, op, &w.s);
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
    str kept, key = last_key(op, json_get_str(job, STR("who")));
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
    record_tx_kv(tx, key, staff_text(op, last));
    err e = record_commit(tx);
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return OK;
}

err probe_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n)
{
    struct staff_sent sent;
    err e = staff_send(op, o, "probe", k, &sent);
    *ret_n = sent.n;
    TRY(e);
    return sent.job ? tell(op, o, k, sent.job, &sent.p) : OK;
}
