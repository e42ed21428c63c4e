/* Staged writes into one store transaction: references, compartments, policy, then keys, body and
 * the line in the trail. Invariant: nothing is put before every staged write has passed every
 * check, and every put has its trail line in the same transaction. */
#include "record/consent_int.h"
#include "record/phrase_int.h"
#include "record/release_int.h"

struct staged *stage_new(struct record_tx *tx, enum action action, fhir_type type,
                         struct json *resource)
{
    struct staged *s = ARENA_NEW(tx->op->arena, struct staged);
    s->action = action;
    s->actor = tx->op->actor;
    s->type = type;
    s->resource = resource;
    tx->parameters |= type == tx->rec->t_parameter;
    tx->definitions |= type == tx->rec->t_definition;
    VEC_PUSH(tx->op->arena, &tx->staged, s);
    return s;
}

static void registered(struct record_tx *tx, struct staged *s)
{
    struct arena *a = tx->op->arena;
    str key = arena_printf(a, "%.*s/%.*s", STR_ARG(fhir_type_name(s->type)), STR_ARG(s->id));
    struct target *t = map_get(&tx->targets, key);
    if (t && t->staged && tx->failed == OK)
        tx->failed = fail_at(tx->op, ERR_UNPROCESSABLE, s->where,
                             "The same resource stands in the transaction twice.");
    if (!t) {
        t = ARENA_NEW(a, struct target);
        (void)map_put(&tx->targets, key, t); /* a failed arena shows in op_check() */
    }
    *t = (struct target){.rid = s->rid,
                         .comp = s->old_comp,
                         .type = s->type,
                         .found = s->action != ACTION_DELETE,
                         .staged = s};
}

void stage_name(struct record_tx *tx, struct staged *s, str client_id)
{
    if (!s->rid && tx->rids_left > 0) {
        s->rid = tx->next_rid++;
        tx->rids_left--;
    } else if (!s->rid) {
        s->rid = store_rid_new(tx->rec->store, 1);
    }
    s->vid = 1;
    s->client_id = !str_empty(client_id);
    s->id = doc_id(tx->op, tx->rec, s->rid, client_id);
    registered(tx, s);
}

void stage_over(struct record_tx *tx, struct staged *s, const struct store_doc *old)
{
    s->rid = old->rid;
    s->vid = old->vid + 1;
    s->old_comp = old->comp;
    s->client_id = !str_empty(old->client_id);
    s->id = doc_id(tx->op, tx->rec, old->rid, old->client_id);
    registered(tx, s);
}

static bool staged_target(void *ctx, const struct fhir_ref *ref, uint64_t *ret_rid)
{
    struct target *t = target_get(ctx, ref->type, ref->id);
    if (!t || !t->rid)
        return false;
    *ret_rid = t->rid;
    return true;
}

/* The compartment alone answers "patient = X", unless the resource came into it another way. */
static void mark_stray(struct record_tx *tx, const struct staged *s, str *keys, size_t *n)
{
    uint16_t home = tx->rec->home[s->type];
    if (!home || !s->comp)
        return;
    struct kb k = kb_param(home);
    kb_u8(&k, TAG_REF);
    kb_low(&k, s->comp, 6);
    for (size_t i = 0; i < *n; i++)
        if (str_eq(keys[i], str_make(k.p, k.n)))
            return;
    k = kb_param(PARAM_STRAY);
    keys[(*n)++] = kb_str(tx->op->arena, &k);
}

static err put(struct record_tx *tx, struct staged *s)
{
    struct op *op = tx->op;
    struct store_put p = {.rid = s->rid,
                          .type = s->type,
                          .vid = s->vid,
                          .comp = s->comp,
                          .alone = s->alone,
                          .marks = tx->rec->marks[s->type]};
    if (s->client_id)
        p.client_id = s->id;
    p.deleted = s->action == ACTION_DELETE;
    if (!p.deleted) {
        struct blinder b = {.store = tx->rec->store, .memo = tx->rec->memo};
        struct phrase_writer w = {.rec = tx->rec, .tx = tx->stx, .blinder = &b};
        struct key_source src = {.blinder = &b,
                                 .target = staged_target,
                                 .ctx = tx,
                                 .customs = custom_of(tx),
                                 .writer = &w};
        struct buf body;
        str *keys;
        TRY(keys_of_resource(op, &src, s->resource, &keys, &p.n_keys));
        mark_stray(tx, s, keys, &p.n_keys);
        buf_init(&body, op->arena, RECORD_BODY_MAX);
        fhir_body_write(&body, s->resource);
        if (!buf_ok(&body))
            return fail(op, ERR_TOO_LARGE, "The resource is too large to be stored.");
        p.keys = keys;
        p.body = s->body = buf_str(&body);
    }
    store_tx_put(tx->stx, &p);
    return op_check(op);
}

static void told(struct record_tx *tx, const struct staged *s)
{
    const struct actor *committer = tx->op->actor;
    tx->op->actor = s->actor;
    struct audit a = {.action = s->action,
                      .type = s->type,
                      .rid = s->rid,
                      .vid = s->vid,
                      .patients = &s->comp,
                      .n_patients = s->comp != 0,
                      .rule = s->rule};
    audit_put(tx->op, tx->rec, tx->stx, &a);
    tx->op->actor = committer;
}

/* One line for a whole transaction of a bulk run. */
static void told_bulk(struct record_tx *tx)
{
    uint64_t patients[64];
    size_t n = 0;
    for (size_t i = 0; i < tx->staged.n && n < 64; i++) {
        uint64_t p = tx->staged.at[i]->comp;
        bool known = p == 0;
        for (size_t j = 0; j < n && !known; j++)
            known = patients[j] == p;
        if (!known)
            patients[n++] = p;
    }
    struct audit a = {.action = ACTION_IMPORT,
                      .patients = patients,
                      .n_patients = n,
                      .detail = arena_printf(tx->op->arena, "%zu", tx->staged.n)};
    audit_put(tx->op, tx->rec, tx->stx, &a);
}

static err restored(struct record_tx *tx, struct staged *s)
{
    TRY(redact_restore(tx->op, tx->rec, s));
    return release_keep(tx->op, tx->rec, s);
}

static err may_write(struct record_tx *tx, struct staged *s)
{
    return access_write(tx->op, tx->rec, s);
}

void fault_where(struct record_tx *tx, str where, size_t from)
{
    struct fault *f = &tx->op->fault;
    for (size_t i = from; where.n && i < f->n; i++) {
        str *e = &f->issues[i].expression;
        size_t dot = str_find_char(*e, '.', 0);
        if (str_empty(*e))
            *e = where;
        else if (!str_starts(*e, STR("Bundle.")))
            *e = arena_printf(tx->op->arena, "%.*s.resource%.*s", STR_ARG(where),
                              STR_ARG(dot == SIZE_MAX ? STR_NONE : str_sub(*e, dot, e->n)));
    }
}

/* A transaction may hold the writes of several devices: each is judged as its own writer. */
static err as_writer(struct record_tx *tx, struct staged *s,
                     err (*check)(struct record_tx *, struct staged *))
{
    const struct actor *committer = tx->op->actor;
    tx->op->actor = s->actor;
    size_t before = tx->op->fault.n;
    err e = check(tx, s);
    tx->op->actor = committer;
    if (e != OK)
        fault_where(tx, s->where, before);
    return e;
}

/* What it names, then whose it is: while the tree is near. */
static err located(struct record_tx *tx, struct staged *s)
{
    if (s->resource)
        TRY(links_resolve(tx, s));
    return home_find(tx, s);
}

static err check_all(struct record_tx *tx)
{
    struct staged **s = tx->staged.at;
    for (size_t i = 0; i < tx->staged.n && !tx->bulk; i++)
        TRY(as_writer(tx, s[i], restored));
    for (size_t i = 0; i < tx->staged.n; i++)
        TRY(as_writer(tx, s[i], located));
    for (size_t i = 0; i < tx->staged.n; i++)
        TRY(as_writer(tx, s[i], home_check));
    for (size_t i = 0; i < tx->staged.n && !tx->bulk; i++)
        TRY(as_writer(tx, s[i], may_write));
    for (size_t i = 0; i < tx->staged.n && tx->parameters; i++)
        TRY(as_writer(tx, s[i], custom_check));
    for (size_t i = 0; i < tx->staged.n && tx->plain; i++)
        TRY(as_writer(tx, s[i], plain_check));
    return profile_check_all(tx);
}

static err put_all(struct record_tx *tx)
{
    TRY(tx->failed);
    TRY(op_check(tx->op));
    if (!tx->bulk)
        TRY(release_written(tx));
    TRY(check_all(tx));
    for (size_t i = 0; i < tx->staged.n; i++) {
        struct staged *s = tx->staged.at[i];
        if (s->none)
            guard_put(tx->stx, s->none);
        TRY(put(tx, s));
        if (!tx->bulk)
            told(tx, s);
    }
    if (tx->bulk && tx->staged.n)
        told_bulk(tx);
    for (size_t i = 0; i < tx->lines.n; i++) {
        struct audit *a = tx->lines.at[i];
        a->n_patients = a->n_patients && a->patients[0] != 0;
        audit_put(tx->op, tx->rec, tx->stx, a);
    }
    return op_check(tx->op);
}

/* From before the commit until after it, so that nobody who sees it knows an older list. */
static void consents_enter(struct record_tx *tx)
{
    tx->consents = true;
    for (size_t i = 0; i < tx->staged.n; i++) {
        const struct staged *s = tx->staged.at[i];
        if (s->type == tx->rec->t_consent)
            consent_list_enter(tx->rec, s->comp ? s->comp : s->old_comp);
    }
}

static void consents_leave(struct record_tx *tx)
{
    for (size_t i = 0; tx->consents && i < tx->staged.n; i++) {
        const struct staged *s = tx->staged.at[i];
        if (s->type == tx->rec->t_consent)
            consent_list_leave(tx->rec, s->comp ? s->comp : s->old_comp);
    }
    tx->consents = false;
}

err stage_all(struct record_tx *tx)
{
    custom_enter(tx);
    err e = put_all(tx);
    if (e != OK)
        custom_leave(tx);
    else
        consents_enter(tx);
    return e;
}

err stage_commit(struct record_tx *tx, struct store_commit *ret)
{
    err e = store_commit(tx->op, tx->stx, ret);
    stage_committed(tx);
    return e;
}

void stage_committed(struct record_tx *tx)
{
    custom_leave(tx);
    consents_leave(tx);
    for (size_t i = 0; i < tx->staged.n; i++) {
        consents_stale(tx->rec, tx->staged.at[i]->type, tx->staged.at[i]->comp);
        release_stale(tx->rec, tx->staged.at[i]->type, tx->staged.at[i]->comp);
    }
    if (tx->parameters)
        custom_stale(tx->rec);
    if (tx->definitions)
        profile_shelf_stale(tx->rec->profiles);
}

void stage_result(struct record_tx *tx, const struct staged *s, const struct store_commit *c,
                  struct record_result *ret)
{
    struct store_doc d = {.rid = s->rid,
                          .type = s->type,
                          .vid = s->vid,
                          .deleted = s->action == ACTION_DELETE,
                          .comp = s->comp,
                          .t = c->t,
                          .time = c->time,
                          .client_id = s->client_id ? s->id : STR_NONE,
                          .body = s->body};
    *ret = (struct record_result){.type = s->type,
                                  .vid = s->vid,
                                  .updated = c->time,
                                  .created =
                                      s->action != ACTION_DELETE && (s->vid == 1 || s->revived)};
    doc_fill(tx->op, tx->rec, &d, &ret->doc);
    ret->id = ret->doc.id = s->id;
}

bool commit_may_retry(struct op *op, err *e, int attempt)
{
    if (*e != ERR_CONFLICT && *e != ERR_PRECONDITION)
        return false;
    op_clear(op);
    if (attempt + 1 < RECORD_RETRIES)
        return true;
    *e = fail(op, ERR_UNAVAILABLE,
              "Others change the same resources without a pause; nothing was written. Try again.");
    return false;
}
