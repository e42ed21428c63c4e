/* What comes from a message centre goes into the record: receipts, many in a transaction, and
 * messages, whole. Only then the centre is told that we have it, so that a crash loses nothing.
 * A message in parts waits in one named value for the rest; a part that never comes is told.
 * A message that a centre repeats after its connection broke is known by its words: as long as it
 * has not shown that it heard our answer, it owes us the repetition. */
#include "outreach/channel_sms_smpp_int.h"

#include "base/time.h"
#include "policy/content.h"

#include <unistd.h>

#define TAKE 256u
#define PATIENCE_MS 500 /* for the result of the message a receipt is of */
#define PARTS_MAX 65536u
#define PART_WAIT_MS (10 * 60000LL)
#define REPEAT_MS (10 * 60000LL)
#define REMEMBERED 128u       /* of the newest */
#define OWED_MAX 1024u        /* and of those that are owed */
#define OWED_MS (30 * DAY_MS) /* a centre that has not brought it by then never will */
/* In a time: the centre may not know that we have it; it is a stop or a start; nobody knows whether
 * that was said again, or only came again. */
#define OWED (UINT64_C(1) << 63)
#define KEYWORD (UINT64_C(1) << 62)
#define UNSURE (UINT64_C(1) << 61)
#define FLAGS (OWED | KEYWORD | UNSURE)
#define TRIES 12
#define GIVE_UP 16 /* messages a round */

/* ---- receipts ---- */

static size_t receipts(struct op *op, struct smpp_client *c)
{
    struct receipt_slot *slots = ARENA_ARRAY(op->arena, struct receipt_slot, TAKE);
    struct outreach_receipt *rs = ARENA_ARRAY(op->arena, struct outreach_receipt, TAKE);
    struct smpp_ack *acks = ARENA_ARRAY(op->arena, struct smpp_ack, TAKE);
    err *errors = ARENA_ARRAY(op->arena, err, TAKE);
    size_t k = 0;
    if (op_check(op) != OK)
        return 0;
    int64_t now = time_mono(), before = atomic_load(&c->o->handing) ? now - PATIENCE_MS : now;
    size_t n = shelf_take(c->o->shelf, c, before, slots, TAKE);
    for (size_t i = 0; i < n; i++) {
        acks[i] = (struct smpp_ack){slots[i].generation, slots[i].sequence, SMPP_OK};
        if (slots[i].state != SLOT_DONE)
            rs[k++] = (struct outreach_receipt){.vocabulary = STR("smpp"),
                                                .provider_id = str_of(slots[i].id),
                                                .word = str_of(slots[i].word),
                                                .error = str_of(slots[i].error)};
    }
    if (k)
        receipt_many(op, c->o, rs, k, errors);
    for (size_t i = 0, j = 0; i < n; i++)
        if (slots[i].state != SLOT_DONE && errors[j++] != OK)
            acks[i].status = SMPP_TRY_LATER;
    (void)smpp_client_ack(c, acks, n, NULL);
    return n;
}

/* ---- messages in parts ---- */

struct part {
    str from, to, octets;
    uint64_t ref, total, number, coding, at;
};

static bool take_part(str *in, struct part *p)
{
    uint64_t a, b, n;
    return take_varint(in, &a) && take_bytes(in, a, &p->from) && take_varint(in, &b) &&
           take_bytes(in, b, &p->to) && take_varint(in, &p->ref) && take_varint(in, &p->total) &&
           take_varint(in, &p->number) && take_varint(in, &p->coding) && take_varint(in, &p->at) &&
           take_varint(in, &n) && take_bytes(in, n, &p->octets);
}

static void put_part(struct buf *b, const struct part *p)
{
    buf_varint(b, p->from.n);
    buf_add(b, p->from);
    buf_varint(b, p->to.n);
    buf_add(b, p->to);
    buf_varint(b, p->ref);
    buf_varint(b, p->total);
    buf_varint(b, p->number);
    buf_varint(b, p->coding);
    buf_varint(b, p->at);
    buf_varint(b, p->octets.n);
    buf_add(b, p->octets);
}

static bool same_message(const struct part *a, const struct part *b)
{
    return a->ref == b->ref && a->total == b->total && str_eq(a->from, b->from) &&
           str_eq(a->to, b->to);
}

static str parts_key(void)
{
    return STR("mo/parts");
}

/* Fails when another centre's intake changed them since. */
static err keep_parts(struct op *op, struct smpp_client *c, str had, str value)
{
    struct record_tx *tx = record_begin(op, c->o->rec);
    record_tx_expect_kv(tx, parts_key(), had);
    record_tx_kv(tx, parts_key(), value);
    return record_commit(tx);
}

/* The words of all parts of p that are there, in order; *ret_n: how many they are. What is not of
 * it goes to *rest. */
static str join(struct op *op, str all, const struct part *p, struct buf *rest, size_t *ret_n)
{
    struct part found[256] = {{.total = 0}}, one;
    struct buf octets;
    buf_init(&octets, op->arena, PARTS_MAX);
    *ret_n = 0;
    while (take_part(&all, &one)) {
        if (!same_message(&one, p))
            put_part(rest, &one);
        else if (one.number < 256)
            found[one.number] = one;
    }
    if (p->number < 256)
        found[p->number] = *p;
    for (size_t i = 1; i <= p->total && i < 256; i++) {
        buf_add(&octets, found[i].octets);
        *ret_n += found[i].total != 0;
    }
    return sms_decode(op->arena, (uint8_t)p->coding, buf_str(&octets));
}

/* All that waits with p in its place; one that comes twice stands there once. */
static void add_part(str all, const struct part *p, struct buf *to)
{
    struct part one;
    while (take_part(&all, &one))
        if (!same_message(&one, p) || one.number != p->number)
            put_part(to, &one);
    put_part(to, p);
}

/* ---- messages ---- */

/* Whose (upper half) and which words (lower half). */
static uint64_t mark_of(struct op *op, const struct mo *m, str words)
{
    uint64_t who = ledger_mark(arena_printf(op->arena, "%s\n%s", m->from, m->to));
    return who << 32 | (uint32_t)ledger_mark(words);
}

static enum reply_intent keyword_of(struct op *op, str words)
{
    struct reply r;
    bool is = content_reply(op, words, &r) && (r.intent == REPLY_STOP || r.intent == REPLY_START);
    return is ? r.intent : REPLY_NONE;
}

/* What came from a sender within ten minutes before, and what the centre may not know we have. */
struct past {
    int64_t same;              /* of the newest with this mark; 0 none */
    bool owed;                 /* that one */
    uint64_t word, word_flags; /* the newest stop or start; 0 none */
};

static err load_past(struct op *op, struct smpp_client *c, uint64_t mark, bool early,
                     struct past *ret)
{
    str had = STR_NONE;
    uint64_t m, at;
    struct past p = {0};
    TRY(record_kv_get(op, c->o->rec, STR("mo/last"), &had));
    while (take_u64(&had, &m) && take_u64(&had, &at)) {
        uint64_t flags = at & FLAGS;
        int64_t ago = op->now - (int64_t)(at & ~FLAGS);
        bool owed = flags & OWED && ago < OWED_MS;
        if (m >> 32 != mark >> 32)
            continue;
        if (flags & KEYWORD) {
            p.word = m;
            p.word_flags = flags;
        }
        if (m == mark && (owed || (early && ago < REPEAT_MS))) {
            p.same = (int64_t)(at & ~FLAGS);
            p.owed = owed;
        }
    }
    *ret = p;
    return OK;
}

enum repeats { REPEATS_NOT, REPEATS, REPEATS_PERHAPS };

/* Words come again when they came before. A stop or a start does when none of the two came since,
 * as one may have undone the other; else, when the centre owes it, nobody knows: it is obeyed, and
 * not answered again. But a START that is owed undoes no STOP that came after it, and a STOP that
 * comes late is obeyed again: they may have permitted it in another way since. */
static enum repeats repeats(const struct past *p, uint64_t mark, enum reply_intent word, bool early)
{
    if (!p->same)
        return REPEATS_NOT;
    if (word == REPLY_NONE)
        return REPEATS;
    if (p->word == mark)
        return word == REPLY_START || early ? REPEATS : REPEATS_PERHAPS;
    if (!p->owed)
        return REPEATS_NOT;
    return word == REPLY_START && !(p->word_flags & UNSURE) ? REPEATS : REPEATS_PERHAPS;
}

static bool acked(const struct smpp_client *c, uint64_t mark)
{
    for (size_t i = 0; i < c->n_acked; i++)
        if (c->acked[i] == mark)
            return true;
    return false;
}

/* With what the centre knows since; mark 0: that alone. What is owed stays longer. */
static err remember_once(struct op *op, struct smpp_client *c, uint64_t mark, uint64_t at)
{
    str had = STR_NONE;
    struct buf b;
    uint64_t m, was;
    TRY(record_kv_get(op, c->o->rec, STR("mo/last"), &had));
    str rest = had;
    buf_init(&b, op->arena, (OWED_MAX + 1) * 16);
    while (take_u64(&rest, &m) && take_u64(&rest, &was)) {
        uint64_t is = acked(c, m) ? was & ~OWED : was;
        if (rest.n / 16 + 1 >= (is & OWED ? OWED_MAX : REMEMBERED))
            continue;
        buf_u64(&b, m);
        buf_u64(&b, is);
    }
    if (mark) {
        buf_u64(&b, mark);
        buf_u64(&b, at | OWED);
    }
    struct record_tx *tx = record_begin(op, c->o->rec);
    record_tx_expect_kv(tx, STR("mo/last"), had);
    record_tx_kv(tx, STR("mo/last"), buf_str(&b));
    TRY(record_commit(tx));
    c->n_acked = 0;
    return OK;
}

void smpp_mo_acked(struct smpp_client *c)
{
    if (c->mark && c->n_acked < SMPP_ACKED_MAX)
        c->acked[c->n_acked++] = c->mark;
    c->mark = 0;
}

static bool raced(err e)
{
    return e == ERR_CONFLICT || e == ERR_PRECONDITION;
}

static err remember(struct op *op, struct smpp_client *c, uint64_t mark, uint64_t at)
{
    err e = remember_once(op, c, mark, at);
    for (int tries = 0; raced(e) && tries < 5; tries++) {
        op_clear(op);
        e = remember_once(op, c, mark, at);
    }
    return e;
}

/* Noted first: after a crash in between the repetition has the same id, and is taken once. */
static err take_as(struct op *op, struct smpp_client *c, struct outreach_inbound *in,
                   enum repeats again, int64_t at, struct outreach_inbound_result *ret)
{
    bool keyword = keyword_of(op, in->text) != REPLY_NONE;
    in->again = again == REPEATS_PERHAPS;
    if (again != REPEATS) {
        at = at >= op->now ? at + 1 : op->now;
        TRY(remember(op, c, c->mark,
                     (uint64_t)at | (keyword ? KEYWORD : 0) | (in->again ? UNSURE : 0)));
    }
    in->provider_id = arena_printf(op->arena, "mo-%016llx-%llx", (unsigned long long)c->mark,
                                   (unsigned long long)at);
    return outreach_inbound(op, c->o, in, ret);
}

/* A stop that seems to have come before is obeyed again where something was permitted since, in
 * whichever way: what they said meanwhile may be forgotten here, or was never said here, and to
 * stop one too often is the lesser fault (R523). */
static err whole(struct op *op, struct smpp_client *c, const struct mo *m, str words)
{
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = str_of(m->from),
                                  .to = str_of(m->to),
                                  .text = str_utf8_cut(words, (size_t)TEXT_MAX * 4),
                                  .guessed = true};
    struct outreach_inbound_result r;
    struct past past;
    uint64_t mark = mark_of(op, m, words);
    TRY(load_past(op, c, mark, m->early, &past));
    c->mark = mark;
    enum repeats again = repeats(&past, mark, keyword_of(op, in.text), m->early);
    TRY(take_as(op, c, &in, again, past.same, &r));
    return r.outlived ? take_as(op, c, &in, REPEATS_PERHAPS, past.same, &r) : OK;
}

/* No sender, no words: it will not be better next time, and must not stand in the way of others. */
static err told(struct op *op, struct smpp_client *c, const struct mo *m, str words)
{
    err e = whole(op, c, m, words);
    if (e != ERR_INVALID)
        return e;
    op_clear(op);
    return OK;
}

/* The message that waits longest is told as it is: when it waited too long, or now, for room. */
static err give_up(struct op *op, struct smpp_client *c, bool now, bool *ret_did)
{
    str had = STR_NONE;
    struct part p;
    struct buf rest;
    size_t n = 0;
    *ret_did = false;
    TRY(record_kv_get(op, c->o->rec, parts_key(), &had));
    str first = had;
    if (!take_part(&first, &p) || (!now && op->now - (int64_t)p.at < PART_WAIT_MS))
        return OK;
    struct mo *m = ARENA_NEW(op->arena, struct mo);
    TRY(op_check(op));
    memcpy(m->from, p.from.p, p.from.n < sizeof m->from ? p.from.n : sizeof m->from - 1);
    memcpy(m->to, p.to.p, p.to.n < sizeof m->to ? p.to.n : sizeof m->to - 1);
    buf_init(&rest, op->arena, PARTS_MAX);
    str words = join(op, had, &p, &rest, &n);
    words = arena_printf(op->arena, "%.*s [%zu of %llu parts came]",
                         STR_ARG(str_utf8_cut(words, TEXT_MAX)), n, (unsigned long long)p.total);
    TRY(told(op, c, m, words));
    *ret_did = true;
    return keep_parts(op, c, had, buf_str(&rest));
}

static bool header_of(const struct mo *m, str *octets, struct part *ret)
{
    struct sms_header h = {.ref = m->sar_ref, .total = m->sar_total, .number = m->sar_number};
    if ((m->esm & SMPP_ESM_HEADER) && !sms_take_header(octets, &h))
        h.total = 0;
    ret->ref = h.ref;
    ret->total = h.total;
    ret->number = h.number;
    return h.total > 1;
}

/* One try; *told_already stays true when the message is told and only its parts are left to drop.
 */
static err take_once(struct op *op, struct smpp_client *c, const struct mo *m, const struct part *p,
                     bool *told_already)
{
    str had = STR_NONE;
    struct buf rest, all;
    size_t n = 0;
    bool did;
    TRY(record_kv_get(op, c->o->rec, parts_key(), &had));
    buf_init(&rest, op->arena, PARTS_MAX);
    str words = join(op, had, p, &rest, &n);
    if (n == p->total && !*told_already) {
        TRY(told(op, c, m, words));
        *told_already = true;
    }
    if (*told_already)
        return keep_parts(op, c, had, buf_str(&rest));
    buf_init(&all, op->arena, PARTS_MAX);
    add_part(had, p, &all);
    if (buf_ok(&all))
        return keep_parts(op, c, had, buf_str(&all));
    TRY(give_up(op, c, true, &did));
    return fail(op, ERR_CONFLICT, "there is room now");
}

err smpp_mo_take(struct op *op, struct smpp_client *c, const struct mo *m)
{
    struct part p = {.from = str_of(m->from), .to = str_of(m->to), .coding = m->coding};
    str octets = str_make(m->text, m->n);
    bool told_already = false;
    if (!header_of(m, &octets, &p))
        return whole(op, c, m, sms_decode(op->arena, m->coding, octets));
    p.octets = octets;
    p.at = (uint64_t)op->now;
    err e = take_once(op, c, m, &p, &told_already);
    for (int tries = 0; raced(e) && tries < TRIES; tries++) {
        op_clear(op);
        e = take_once(op, c, m, &p, &told_already);
    }
    return e;
}

static bool next_message(struct smpp_client *c, struct mo *ret)
{
    pthread_mutex_lock(&c->lock);
    bool any = c->n_mo > 0;
    if (any) {
        *ret = c->mo[c->mo_at];
        c->mo_at = (c->mo_at + 1) % MO_MAX;
        c->n_mo--;
    }
    pthread_mutex_unlock(&c->lock);
    return any;
}

static size_t messages(struct op *op, struct smpp_client *c)
{
    struct mo *m = ARENA_NEW(op->arena, struct mo);
    if (op_check(op) != OK || !next_message(c, m))
        return 0;
    c->mark = 0;
    err e = smpp_mo_take(op, c, m);
    bool never = e == ERR_INVALID; /* no sender, no words: it will not be better next time */
    struct smpp_ack ack = {m->generation, m->sequence, e == OK || never ? SMPP_OK : SMPP_TRY_LATER};
    struct told t = {.mark = c->mark, .generation = m->generation};
    op_clear(op);
    if (smpp_client_ack(c, &ack, 1, &t.asked) && e == OK && t.mark && c->n_told < SMPP_ACKED_MAX)
        c->told[c->n_told++] = t;
    return 1;
}

/* Of what the centre was told: what it heard is noted, what it never heard stays owed. */
static void settle_told(struct op *op, struct smpp_client *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_told; i++) {
        const struct told t = c->told[i];
        enum smpp_shown shown = smpp_client_shown(c, &t);
        bool room = c->n_acked < SMPP_ACKED_MAX;
        if (shown == SMPP_NOT_YET || (shown == SMPP_SHOWN && !room)) {
            c->told[n++] = t;
        } else if (shown == SMPP_SHOWN) {
            c->mark = t.mark;
            smpp_mo_acked(c);
        }
    }
    c->n_told = n;
    if (c->n_acked && remember(op, c, 0, 0) != OK)
        op_clear(op);
}

void *smpp_intake_run(void *ctx)
{
    struct smpp_client *c = ctx;
    struct arena *a = arena_new(0);
    int64_t looked = 0;
    while (a && !atomic_load(&c->stop)) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, outreach_system(), time_now());
        size_t n = receipts(&op, c) + messages(&op, c);
        if (time_mono() - looked > 30000) {
            looked = time_mono();
            bool did = true;
            for (int i = 0; did && i < GIVE_UP; i++)
                if (give_up(&op, c, false, &did) != OK)
                    break;
            op_clear(&op);
        }
        if (n == 0 || c->n_told >= SMPP_ACKED_MAX / 2)
            settle_told(&op, c);
        if (n == 0)
            usleep(10000);
    }
    while (a && !atomic_load(&c->over))
        usleep(1000);
    if (a) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, outreach_system(), time_now());
        settle_told(&op, c);
    }
    arena_free(a);
    return NULL;
}
