/* The trail: one compact line for every read, search, write and refusal. The store chains and keeps
 * the lines; audit_event.c shows them as AuditEvent. Names and values of patients never go in:
 * numbers, ids of accounts and rules, names of search parameters.
 * Invariant: what audit_write() writes, audit_decode() reads, and keys find it by patient, agent,
 * entity and (where rare enough to be worth it) action and failure. */
#include "record/consent_int.h"

#define VERSION 1
#define ENTRY_MAX (64u << 10)
#define PATIENTS_MAX 64u

struct kb audit_key(struct record *rec, enum audit_param param, uint64_t number)
{
    (void)rec;
    struct kb k = kb_param((uint16_t)param);
    kb_low(&k, number, 8);
    return k;
}

uint64_t audit_user(struct record *rec, str user)
{
    struct blinder b = {.store = rec->store};
    return blind(&b, BLIND_USER, user);
}

static void text(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

static str entry_of(struct op *op, const struct audit *a)
{
    static const struct actor nobody = {.role = ROLE_NONE};
    const struct actor *who = op->actor ? op->actor : &nobody;
    size_t n = a->n_patients < PATIENTS_MAX ? a->n_patients : PATIENTS_MAX;
    struct buf b;
    buf_init(&b, op->arena, ENTRY_MAX);
    buf_u8(&b, VERSION);
    buf_u8(&b, (uint8_t)a->action);
    buf_u8(&b, (uint8_t)a->outcome);
    buf_u8(&b, (uint8_t)who->role);
    buf_u8(&b, (uint8_t)who->purpose);
    buf_varint(&b, a->type);
    buf_varint(&b, a->rid);
    buf_varint(&b, a->vid);
    buf_u64(&b, op->trace);
    buf_varint(&b, n);
    for (size_t i = 0; i < n; i++)
        buf_varint(&b, a->patients[i]);
    text(&b, who->user);
    text(&b, who->reference);
    text(&b, who->session);
    text(&b, a->id);
    text(&b, a->rule);
    text(&b, a->code);
    text(&b, a->detail);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool take_text(str *in, str *ret)
{
    uint64_t n;
    return take_varint(in, &n) && n <= in->n && take_bytes(in, (size_t)n, ret);
}

bool audit_decode(str in, struct audit_line *ret)
{
    struct audit_line l = {0};
    uint8_t version;
    uint64_t type, vid, n;
    if (!take_u8(&in, &version) || version != VERSION || !take_u8(&in, &l.action) ||
        !take_u8(&in, &l.outcome) || !take_u8(&in, &l.role) || !take_u8(&in, &l.purpose) ||
        !take_varint(&in, &type) || !take_varint(&in, &l.rid) || !take_varint(&in, &vid) ||
        !take_u64(&in, &l.trace) || !take_varint(&in, &n) || n > PATIENTS_MAX)
        return false;
    l.type = (fhir_type)type;
    l.vid = (uint32_t)vid;
    for (; l.n_patients < n; l.n_patients++)
        if (!take_varint(&in, &l.patients[l.n_patients]))
            return false;
    if (!take_text(&in, &l.user) || !take_text(&in, &l.reference) || !take_text(&in, &l.session) ||
        !take_text(&in, &l.id) || !take_text(&in, &l.rule) || !take_text(&in, &l.code) ||
        !take_text(&in, &l.detail))
        return false;
    *ret = l;
    return true;
}

/* Room for every patient and the four other keys. */
struct key_set {
    struct kb made[PATIENTS_MAX + 4];
    str at[PATIENTS_MAX + 4];
    size_t n;
};

static void add_key(struct key_set *s, struct record *rec, enum audit_param param, uint64_t number)
{
    s->made[s->n] = audit_key(rec, param, number);
    s->at[s->n] = str_make(s->made[s->n].p, s->made[s->n].n);
    s->n++;
}

static void keys_of(struct op *op, struct record *rec, const struct audit *a, struct key_set *s)
{
    s->n = 0;
    for (size_t i = 0; i < a->n_patients && i < PATIENTS_MAX; i++)
        add_key(s, rec, AUDIT_PATIENT, a->patients[i]);
    if (op->actor && op->actor->role != ROLE_SYSTEM)
        add_key(s, rec, AUDIT_AGENT,
                audit_user(rec, str_empty(op->actor->reference) ? op->actor->user
                                                                : op->actor->reference));
    if (a->rid)
        add_key(s, rec, AUDIT_ENTITY, a->rid);
    if (a->action != ACTION_READ && a->action != ACTION_SEARCH && a->action != ACTION_HISTORY)
        add_key(s, rec, AUDIT_ACTION, a->action);
    if (a->outcome != OK)
        add_key(s, rec, AUDIT_FAILED, 1);
}

static bool looked(enum action a)
{
    return a == ACTION_READ || a == ACTION_SEARCH || a == ACTION_HISTORY;
}

err audit_append(struct op *op, struct record *rec, const struct audit *a)
{
    if (looked(a->action) && op->actor && op->actor->role == ROLE_SYSTEM && !op->actor->scopes)
        return OK;
    struct key_set keys;
    keys_of(op, rec, a, &keys);
    str entry = entry_of(op, a);
    TRY(op_check(op));
    struct tickets t;
    TRY(store_trail_append(op, rec->store, entry, keys.at, keys.n, &t.first));
    t.last = t.first;
    op_owes(op, &t);
    return OK;
}

void audit_put(struct op *op, struct record *rec, struct store_tx *tx, const struct audit *a)
{
    struct key_set keys;
    keys_of(op, rec, a, &keys);
    str *copy = ARENA_ARRAY(op->arena, str, keys.n);
    for (size_t i = 0; copy && i < keys.n; i++)
        copy[i] = arena_str(op->arena, keys.at[i]);
    store_tx_trail(tx, entry_of(op, a), copy, copy ? keys.n : 0);
}

err audit_refuse(struct op *op, struct record *rec, struct audit a, str why)
{
    a.outcome = ERR_FORBIDDEN;
    TRY(audit_append(op, rec, &a));
    if (a.unnamed || (access_bound(op) && a.action != ACTION_CREATE))
        return fail_not_found(op);
    if (a.glass && consent_glass(op->actor->role)) /* so that a screen can offer it */
        return fail_at(op, ERR_FORBIDDEN, STR("break-glass"), "%.*s", STR_ARG(why));
    return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(why));
}

err record_audit_wait(struct op *op, struct record *rec)
{
    return op->audit.last ? store_trail_wait(op, rec->store, op->audit) : OK;
}

void record_audit_on_durable(struct record *rec, const struct tickets *owed,
                             void (*fn)(void *ctx, err result), void *ctx)
{
    store_trail_on_durable(rec->store, *owed, fn, ctx);
}

void record_audit_go(struct record *rec)
{
    store_trail_go(rec->store);
}

err record_audit_event(struct op *op, struct record *rec, str action, bool success, str detail)
{
    struct audit a = {.action = ACTION_MANAGE,
                      .outcome = success ? OK : ERR_FORBIDDEN,
                      .code = action,
                      .detail = detail};
    return audit_append(op, rec, &a);
}
