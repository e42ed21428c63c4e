/* The doors of the contact ledger: adding, moving on, asking. A page is read and written back in
 * the same transaction, guarded by what it was. Invariant: a row is in the patient's pages and in
 * the number's in one commit, or in neither. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "record/near.h"

#include <gnutls/crypto.h>

static const char *const CHANNELS[LEDGER_CHANNEL_COUNT] = {"other",  "sms",  "voice", "email",
                                                           "portal", "push", "letter"};

enum ledger_channel ledger_channel_of(str code)
{
    for (unsigned i = 1; i < LEDGER_CHANNEL_COUNT; i++)
        if (str_eq(code, str_of(CHANNELS[i])))
            return (enum ledger_channel)i;
    return LEDGER_OTHER;
}

str ledger_channel_name(enum ledger_channel c)
{
    return str_of(CHANNELS[c < LEDGER_CHANNEL_COUNT ? c : LEDGER_OTHER]);
}

uint64_t ledger_mark(str name)
{
    unsigned char sum[32];
    uint64_t mark = 0;
    if (str_empty(name) || gnutls_hash_fast(GNUTLS_DIG_SHA256, name.p, name.n, sum) != 0)
        return 0;
    memcpy(&mark, sum, sizeof mark);
    return mark ? mark : 1;
}

str ledger_own_key(struct op *op, str patient)
{
    return arena_printf(op->arena, "ledger/%.*s", STR_ARG(patient));
}

str ledger_number_key(struct op *op, uint64_t number)
{
    return arena_printf(op->arena, "ledger#%016llx", (unsigned long long)number);
}

struct ledger_name ledger_own(struct op *op, str patient, uint64_t number)
{
    str key = ledger_own_key(op, patient);
    return (struct ledger_name){key, number ? ledger_number_key(op, number) : key};
}

struct ledger_name ledger_of_number(struct op *op, uint64_t number)
{
    return (struct ledger_name){ledger_number_key(op, number), STR_NONE};
}

struct ledger_name ledger_behind(struct op *op, struct ledger_name front, uint32_t page)
{
    front.key = ledger_behind_key(op, front.key, page);
    return front;
}

str ledger_behind_key(struct op *op, str key, uint32_t page)
{
    return arena_printf(op->arena, "%.*s/%u", STR_ARG(key), page);
}

static err unpack(struct op *op, str bytes, struct ledger_page *ret)
{
    return ledger_unpack(bytes, ret) ? OK : fail(op, ERR_FAULT, "a page of the ledger is damaged");
}

static err page_of(struct record_tx *tx, struct op *op, struct ledger_name at,
                   struct ledger_page *ret)
{
    str bytes = STR_NONE;
    TRY(record_tx_kv_now_near(tx, at.key, at.near, &bytes));
    return unpack(op, bytes, ret);
}

static err write_page(struct record_tx *tx, struct op *op, struct ledger_name at,
                      const struct ledger_page *p)
{
    str bytes = ledger_pack(op->arena, p);
    if (str_empty(bytes))
        return op_check(op);
    record_tx_kv_near(tx, at.key, at.near, bytes);
    return OK;
}

/* One that was moved behind already stays there: found by going back as far as its time asks. */
static err put_behind(struct record_tx *tx, struct op *op, struct ledger_name name,
                      const struct ledger_page *front, const struct ledger_entry *e, bool *ret_done)
{
    struct ledger_page old;
    *ret_done = false;
    for (uint32_t i = 0; i < front->behind && i < LEDGER_BEHIND_MAX; i++) {
        struct ledger_name at = ledger_behind(op, name, front->behind - 1 - i);
        TRY(page_of(tx, op, at, &old));
        if (!ledger_find(&old, e->id))
            continue;
        ledger_put(&old, e);
        *ret_done = true;
        return write_page(tx, op, at, &old);
    }
    return OK;
}

static err put(struct record_tx *tx, struct op *op, struct ledger_name at,
               const struct ledger_entry *e)
{
    struct ledger_page p, old;
    bool done = false;
    TRY(page_of(tx, op, at, &p));
    if (p.behind && e->at <= p.behind_last && !ledger_find(&p, e->id))
        TRY(put_behind(tx, op, at, &p, e, &done));
    if (done)
        return OK;
    ledger_put(&p, e);
    if (ledger_spill(&p, op->now, &old))
        TRY(write_page(tx, op, ledger_behind(op, at, p.behind - 1), &old));
    return write_page(tx, op, at, &p);
}

struct ledger_entry ledger_shared(const struct ledger_entry *own, str patient)
{
    struct ledger_entry e = *own;
    e.number = ledger_mark(patient);
    e.due_key = 0;
    e.programme = e.campaign = e.subject = 0;
    return e;
}

err ledger_add(struct record_tx *tx, struct op *op, str patient, const struct ledger_entry *e,
               str address)
{
    struct ledger_entry own = *e;
    if (str_empty(patient) || e->id == 0)
        return fail(op, ERR_FAULT, "an attempt without a patient");
    if (!str_empty(address))
        own.number = ledger_mark(address);
    TRY(put(tx, op, ledger_own(op, patient, own.number), &own));
    if (own.number == 0 || own.incoming)
        return OK;
    struct ledger_entry shared = ledger_shared(&own, patient);
    return put(tx, op, ledger_of_number(op, own.number), &shared);
}

err ledger_entry_now(struct record_tx *tx, struct op *op, str patient, const struct ledger_entry *e,
                     struct ledger_entry *ret, bool *ret_there)
{
    struct ledger_page p;
    struct ledger_entry *there = NULL;
    struct ledger_name own = ledger_own(op, patient, e->number);
    uint32_t behind = 0;
    for (uint32_t i = 0; i <= behind && i <= LEDGER_BEHIND_MAX && !there; i++) {
        TRY(page_of(tx, op, i ? ledger_behind(op, own, behind - i) : own, &p));
        if (i == 0)
            behind = e->at <= p.behind_last ? p.behind : 0;
        there = ledger_find(&p, e->id);
    }
    *ret_there = there != NULL;
    if (there)
        *ret = *there;
    return OK;
}

err ledger_forget(struct record_tx *tx, struct op *op, str patient)
{
    struct ledger_page p;
    struct ledger_name own = ledger_own(op, patient, 0);
    TRY(page_of(tx, op, own, &p));
    for (uint32_t i = 0; i < p.behind; i++)
        record_tx_kv(tx, ledger_behind_key(op, own.key, i), STR_NONE);
    record_tx_kv(tx, own.key, STR_NONE);
    return OK;
}

void ledger_soon(const struct op *op, struct ledger_entry *e)
{
    e->state = LEDGER_OUT;
    e->at = op->now + LEDGER_AHEAD_MS;
}

static err move_row(struct record_tx *tx, struct op *op, const struct json *c, bool leaves,
                    bool *ret_there)
{
    struct ledger_entry e, row;
    bool there = false;
    *ret_there = false;
    str patient = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference"))).id;
    if (str_empty(patient) || !ledger_read(c, &e))
        return OK;
    TRY(ledger_entry_now(tx, op, patient, &e, &row, &there));
    *ret_there = there;
    if (!there)
        return OK;
    int64_t from = leaves ? op->now : e.at;
    if (row.state == (leaves ? LEDGER_OUT : e.state) && row.at >= from &&
        row.at <= from + LEDGER_AHEAD_MS)
        return OK; /* it counts from then already */
    int64_t at = leaves ? op->now + LEDGER_AHEAD_MS : e.at;
    row.state = leaves ? LEDGER_OUT : e.state;
    row.at = row.kind == LEDGER_STOPPED && row.at > at ? row.at : at;
    return ledger_add(tx, op, patient, &row, STR_NONE);
}

err ledger_state(struct record_tx *tx, struct op *op, const struct json *c, bool *ret_there)
{
    return move_row(tx, op, c, false, ret_there);
}

err ledger_leaves(struct record_tx *tx, struct op *op, const struct json *c)
{
    bool there;
    return move_row(tx, op, c, true, &there);
}

err ledger_move(struct record_tx *tx, struct op *op, const struct json *c, str address)
{
    struct ledger_entry e, now;
    bool there;
    str patient = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference"))).id;
    if (str_empty(patient) || !ledger_read(c, &e))
        return OK;
    TRY(ledger_entry_now(tx, op, patient, &e, &now, &there));
    if (!there || now.number == ledger_mark(address))
        return OK;
    struct ledger_entry gone = ledger_shared(&now, patient);
    gone.state = LEDGER_TAKEN_BACK;
    if (now.number)
        TRY(put(tx, op, ledger_of_number(op, now.number), &gone));
    return ledger_add(tx, op, patient, &now, address);
}

static err read_page(struct op *op, struct record *rec, const struct ledger_sum *s,
                     struct ledger_name at, struct ledger_page *ret)
{
    str bytes;
    TRY(s->q->tx ? record_tx_kv_now_near(s->q->tx, at.key, at.near, &bytes)
                 : record_kv_get_near(op, rec, at.key, at.near, &bytes));
    return unpack(op, bytes, ret);
}

static err read_pages(struct op *op, struct record *rec, struct ledger_name at,
                      struct ledger_sum *s, bool own)
{
    struct ledger_page p;
    uint32_t behind = 0;
    int64_t last = 0;
    for (uint32_t i = 0; i <= behind && i <= LEDGER_BEHIND_MAX; i++) {
        TRY(read_page(op, rec, s, i ? ledger_behind(op, at, behind - i) : at, &p));
        if (i == 0) {
            behind = p.behind;
            last = p.behind_last;
        }
        const struct ledger_entry *self = own && i == 0 ? ledger_find(&p, s->place.id) : NULL;
        if (self)
            s->place.at = self->at;
        for (size_t k = 0; k < p.n; k++)
            own ? ledger_sum_own(s, &p.at[k]) : ledger_sum_number(s, &p.at[k]);
        if (last < op->now - LEDGER_MONTH_MS ||
            (i > 0 && p.n && p.at[p.n - 1].at < op->now - 2 * LEDGER_MONTH_MS))
            break;
    }
    return OK;
}

err ledger_load(struct op *op, struct record *rec, const struct ledger_question *q,
                struct ledger_counts *ret)
{
    struct ledger_sum s;
    ledger_sum_start(&s, q, op->now);
    uint64_t number = ledger_mark(q->address);
    TRY(read_pages(op, rec, ledger_own(op, q->patient, number), &s, true));
    if (number)
        TRY(read_pages(op, rec, ledger_of_number(op, number), &s, false));
    *ret = s.counts;
    return OK;
}

err ledger_list(struct op *op, struct record *rec, str patient, size_t max,
                struct ledger_entry **ret, size_t *ret_n)
{
    struct ledger_page p;
    struct ledger_entry *rows = ARENA_ARRAY(op->arena, struct ledger_entry, max + 1);
    struct ledger_name own = ledger_own(op, patient, 0);
    size_t n = 0;
    uint32_t behind = 0;
    TRY(op_check(op));
    for (uint32_t i = 0; i <= behind && n < max; i++) {
        str bytes;
        struct ledger_name at = i ? ledger_behind(op, own, behind - i) : own;
        TRY(record_kv_get_near(op, rec, at.key, at.near, &bytes));
        TRY(unpack(op, bytes, &p));
        behind = i == 0 ? p.behind : behind;
        for (size_t k = p.n; k-- > 0 && n < max;)
            rows[n++] = p.at[k];
    }
    *ret = rows;
    *ret_n = n;
    return OK;
}

err ledger_delivery(struct op *op, struct record *rec, str patient, struct ledger_delivery *ret)
{
    struct ledger_page p;
    struct ledger_delivery d = {0};
    unsigned seen = 0;
    enum way k;
    str bytes;
    struct ledger_name own = ledger_own(op, patient, 0);
    TRY(record_kv_get_near(op, rec, own.key, own.near, &bytes));
    TRY(unpack(op, bytes, &p));
    for (size_t i = p.n; i-- > 0;) {
        const struct ledger_entry *e = &p.at[i];
        bool came_back = e->state == LEDGER_FAILED && e->at >= op->now - LEDGER_MONTH_MS;
        if (e->incoming || e->state == LEDGER_TAKEN_BACK)
            continue;
        if (e->state != LEDGER_FAILED && e->at > d.last_contact)
            d.last_contact = e->at;
        if (e->state == LEDGER_WAITING || !way_parse(ledger_channel_name(e->channel), &k))
            continue;
        d.failing |= came_back && !(seen & (1u << k)) ? 1u << k : 0;
        seen |= 1u << k;
    }
    *ret = d;
    return OK;
}
