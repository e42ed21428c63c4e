/* Asks policy, on every entry. Facts that are dear to find out (who wrote it, is there a consent)
 * are looked up only when the answer without them is no: every one of them can only widen access.
 * That a resource is sensitive can only narrow it, so it is always looked at first.
 * Invariant: a refusal is in the trail before it is told. */
#include "record/consent_int.h"
#include "record/points_int.h"
#include "record/release_int.h"
#include "record/restrict_int.h"

bool access_bound(const struct op *op)
{
    return op->actor && (op->actor->role == ROLE_PATIENT || op->actor->role == ROLE_HELPER ||
                         op->actor->role == ROLE_DEVICE);
}

static bool keys_name_actor(const struct op *op, const struct fhir_param *p, const str *keys,
                            size_t n)
{
    struct kb k = kb_param(p->alias && p->n_parts ? p->parts[0] : p->number);
    kb_u8(&k, TAG_REF);
    kb_low(&k, op->actor->user_rid, 6);
    for (size_t i = 0; i < n; i++)
        if (str_eq(keys[i], str_make(k.p, k.n)))
            return true;
    return false;
}

/* An old version is judged by what it said itself: its keys are made again. */
static err keys_then(struct op *op, struct record *rec, const struct store_doc *d, str **ret,
                     size_t *ret_n)
{
    struct store_doc now;
    TRY(store_peek(op, rec->store, d->rid, &now));
    return now.vid == d->vid ? store_keys(op, rec->store, d->rid, ret, ret_n)
                             : keys_of_stored(op, rec, d, ret, ret_n);
}

/* One of the keys says that the actor wrote it; a Task: that it is the actor's. */
static void facts_from_keys(struct op *op, struct record *rec, const struct store_doc *d,
                            struct access_request *q)
{
    str *keys;
    size_t n;
    struct fault before = op->fault;
    if (keys_then(op, rec, d, &keys, &n) != OK) {
        op->fault = before; /* unknown: not the actor's */
        return;
    }
    const struct fhir_param *p;
    for (size_t i = 0; (p = author_param(op, d->type, i)); i++)
        q->is_own |= keys_name_actor(op, p, keys, n);
    if (d->type == rec->t_task && (p = fhir_param_find(d->type, STR("owner"))))
        q->assigned = keys_name_actor(op, p, keys, n);
}

/* A deletion holds nothing itself: it is judged by the content that was deleted. */
static bool content_of(struct op *op, struct record *rec, const struct store_doc *d,
                       struct store_doc *ret)
{
    struct fault before = op->fault;
    *ret = *d;
    if (!d->deleted || d->vid < 2 ||
        store_get_version(op, rec->store, d->rid, d->vid - 1, ret) == OK)
        return true;
    op->fault = before;
    return false;
}

/* How one document fares: by the rows, the labels and the patient's Consents. */
struct answer {
    struct access_verdict v;
    bool unnamed;    /* refused, and that there is something is not told either */
    bool by_consent; /* refused by a Consent: a broken glass may lift it */
    bool listed;     /* asked of what a search found */
    bool itself;     /* whatever it points at */
    bool whatever;   /* let pass for its type and patient alone, before Consents are asked */
};

/* Rows first, as if the patient shared it and it were not sensitive: both are dear to find out. */
static bool by_rows(struct op *op, struct record *rec, const struct store_doc *d,
                    struct access_request *q, struct answer *ret)
{
    struct access_request open = *q;
    policy_access(op->actor, q, &ret->v);
    ret->whatever = ret->v.allowed && !q->is_own && op->actor && !op->actor->scopes;
    if (ret->v.allowed || !op->actor)
        return ret->v.allowed;
    if (op->actor->user_rid)
        facts_from_keys(op, rec, d, q);
    open = *q;
    q->consented =
        consent_needs_share(op->actor->role) || policy_by_share(op->actor, q->action, d->type);
    if (q->is_own || q->assigned || q->consented)
        policy_access(op->actor, q, &ret->v);
    if (ret->v.allowed && q->consented) { /* only for being shared? */
        struct access_verdict v;
        policy_access(op->actor, &open, &v);
        q->consented = !v.allowed;
    }
    return ret->v.allowed;
}

static void with_labels(struct access_request *q, label_set s)
{
    q->sensitive = label_is_restricted(s);
    q->labels = s;
}

static void worst_labels(struct access_request *q)
{
    with_labels(q, LABELS_ALL);
}

/* May it be shown, sensitive or not? Otherwise its labels decide. */
static bool by_labels(struct op *op, const struct store_doc *d, struct access_request *q,
                      struct answer *ret)
{
    worst_labels(q);
    policy_access(op->actor, q, &ret->v);
    if (ret->v.allowed)
        return true;
    ret->whatever = false;
    label_set s = d ? label_of_body(op, d->body) : LABELS_ALL;
    with_labels(q, s);
    ret->unnamed = !label_is_named(s);
    policy_access(op->actor, q, &ret->v);
    return ret->v.allowed;
}

/* What the organisation takes away from the role (policy/restrict.h). */
static bool by_tenant(struct op *op, struct record *rec, const struct store_doc *d,
                      struct answer *ret)
{
    const struct restriction *x = restrict_binds(op, rec, d->type, d->comp);
    if (x)
        ret->v = (struct access_verdict){.rule = x->id, .why = x->why};
    return !x;
}

/* What the patient wished to hear of first (policy/release.h). */
static bool by_release(struct op *op, struct record *rec, const struct store_doc *d,
                       struct answer *ret)
{
    bool waits = release_hides(op, rec, d), other = waits && release_by_exception(op, rec, d);
    ret->whatever = ret->whatever && !release_binds(op, rec, d->type);
    if (waits)
        ret->v = (struct access_verdict){
            .rule = STR("CURES-02"),
            .citation = STR("ONC FAQ on patient-requested delay"),
            .why = STR("This waits until the care team told you of it, as you asked.")};
    if (other)
        ret->v = (struct access_verdict){
            .rule = STR("CURES-01"),
            .citation = STR("45 CFR 171.201"),
            .why = STR("A clinician holds this back for now, for a reason that the law names.")};
    return !waits;
}

static bool by_consents(struct op *op, struct record *rec, const struct consent_question *q,
                        struct answer *ret)
{
    struct consent_verdict c;
    if (!consent_hides(op, rec, q, &c))
        return true;
    ret->v = (struct access_verdict){.rule = c.rule, .citation = c.citation, .why = c.why};
    ret->by_consent = true;
    ret->unnamed = q->tree ? false : !label_is_named(label_of_body(op, q->doc->body));
    return false;
}

/* What names a bill that the patient keeps would tell of it. */
static bool by_links(struct op *op, struct record *rec, const struct store_doc *d,
                     struct answer *ret)
{
    struct access_request q = {.type = policy_shared_type(0), .action = ACTION_READ};
    if (ret->itself || d->deleted || !points_hide(op, rec, d))
        return true;
    policy_access(op->actor, &q, &ret->v);
    ret->v.allowed = false;
    ret->unnamed = true;
    return false;
}

static bool is_for(struct op *op, struct record *rec, enum action action,
                   const struct store_doc *doc, struct answer *ret)
{
    struct store_doc then;
    bool known = content_of(op, rec, doc, &then);
    struct access_request q = {.type = doc->type,
                               .action = action,
                               .patient = doc->comp,
                               .is_own =
                                   op->actor && doc->rid == op->actor->user_rid && doc->rid != 0,
                               .listed = ret->listed,
                               .scopes_held = known ? scopes_held_doc(op, rec, &then) : 0};
    *ret = (struct answer){.listed = ret->listed, .itself = ret->itself};
    if (!by_rows(op, rec, &then, &q, ret) || !by_labels(op, known ? &then : NULL, &q, ret) ||
        !by_tenant(op, rec, &then, ret) || !by_release(op, rec, &then, ret)) {
        ret->whatever = false;
        return false;
    }
    struct consent_question c = {.action = action, .doc = &then, .open = !q.consented};
    return by_consents(op, rec, &c, ret) && by_links(op, rec, &then, ret);
}

/* Where each patient shares the type or keeps it, a refusal does not tell that there is any. */
static bool may(struct op *op, struct record *rec, enum action action, const struct store_doc *doc,
                struct answer *ret)
{
    bool is = is_for(op, rec, action, doc, ret);
    ret->unnamed = ret->unnamed || (!is && policy_by_share(op->actor, action, doc->type));
    return is;
}

bool access_may_see(struct op *op, struct record *rec, const struct plan *plan,
                    const struct store_doc *doc)
{
    struct answer a = {.listed = plan != NULL};
    return may(op, rec, ACTION_READ, doc, &a);
}

bool access_may_see_next(struct op *op, struct record *rec, const struct store_doc *doc,
                         struct access_known *io)
{
    struct answer a = {.listed = true};
    struct consent_question c = {.action = ACTION_READ, .doc = doc, .open = true};
    if (io->let && io->type == doc->type && io->comp == doc->comp && !doc->deleted)
        return by_consents(op, rec, &c, &a) && by_links(op, rec, doc, &a);
    bool seen = may(op, rec, ACTION_READ, doc, &a);
    *io = (struct access_known){a.whatever && !doc->deleted, doc->type, doc->comp};
    return seen;
}

bool access_may_see_itself(struct op *op, struct record *rec, const struct store_doc *doc)
{
    struct answer a = {.itself = true};
    struct actor bare = *op->actor;
    const struct actor *before = op->actor;
    bare.scopes = NULL;
    op->actor = &bare;
    bool is = may(op, rec, ACTION_READ, doc, &a);
    op->actor = before;
    return is;
}

bool access_hides_named(struct op *op, struct record *rec, const struct store_doc *doc)
{
    struct answer a = {0};
    return !may(op, rec, ACTION_READ, doc, &a) && a.by_consent && !a.unnamed;
}

err access_doc(struct op *op, struct record *rec, enum action action, const struct store_doc *doc)
{
    struct answer r = {0};
    if (may(op, rec, action, doc, &r))
        return OK;
    struct audit a = {.action = action,
                      .type = doc->type,
                      .rid = doc->rid,
                      .vid = doc->vid,
                      .patients = &doc->comp,
                      .n_patients = doc->comp != 0,
                      .unnamed = r.unnamed,
                      .glass = r.by_consent,
                      .rule = r.v.rule};
    return audit_refuse(op, rec, a, r.v.why);
}

/* Only what the actor wrote, or is. */
static void narrow_own(struct op *op, struct record *rec, fhir_type type, struct clause_list *l,
                       struct plan *plan)
{
    if (fhir_ref_parse(op->actor->reference).type == type) {
        uint64_t *rid = arena_alloc(op->arena, sizeof *rid);
        *rid = op->actor->user_rid;
        clause_push(op, l, (struct store_clause){.kind = CLAUSE_RIDS, .rids = rid, .n_rids = 1});
        return;
    }
    struct range_set s = {.op = op, .rec = rec};
    const struct fhir_param *p;
    for (size_t i = 0; (p = author_param(op, type, i)); i++) {
        struct kb k = kb_param(p->alias && p->n_parts ? p->parts[0] : p->number);
        kb_u8(&k, TAG_REF);
        kb_low(&k, op->actor->user_rid, 6);
        range_add(&s, IN_OR, range_prefix(op->arena, &k, STR_NONE, 0));
    }
    plan->empty |= s.or.n == 0 || !op->actor->user_rid;
    clause_push(op, l, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
}

void access_without(struct op *op, struct record *rec, uint64_t away, struct clause_list *l)
{
    struct blinder b = {.store = rec->store};
    struct range_set s = {.op = op, .rec = rec};
    for (size_t i = 0; label_name(i).n; i++) {
        struct kb k = kb_param(PARAM_LABEL);
        if (!(away >> i & 1))
            continue;
        kb_top(&k, blind(&b, BLIND_CODE, label_name(i)), 6);
        range_add(&s, IN_OR, range_prefix(op->arena, &k, STR_NONE, 0));
    }
    clause_push(op, l,
                (struct store_clause){.negate = true, .ranges = s.or.at, .n_ranges = s.or.n});
}

err access_search(struct op *op, struct record *rec, enum action action, fhir_type type,
                  struct clause_list *clauses, struct plan *plan)
{
    struct access_request q = {
        .type = type, .action = action, .consented = consent_hopes(op, rec, type)};
    struct access_verdict v, read, restricted;
    policy_access(op->actor, &q, &v);
    if (v.allowed) {
        q = (struct access_request){.type = type,
                                    .action = ACTION_READ,
                                    .patient = scopes_patient(op->actor),
                                    .is_own = true,
                                    .consented = q.consented,
                                    .listed = true,
                                    .scopes_held = UINT32_MAX};
        policy_access(op->actor, &q, &read);
        if (!read.allowed)
            v = read;
    }
    bool some;
    const struct restriction *x = restrict_type(op, rec, type, &some);
    if (v.allowed && x)
        v = (struct access_verdict){.rule = x->id, .why = x->why};
    plan->careful |= some || release_binds(op, rec, type);
    if (!v.allowed) {
        struct audit a = {.action = action, .type = type, .outcome = ERR_FORBIDDEN, .rule = v.rule};
        TRY(audit_append(op, rec, &a));
        return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
    }
    if (v.compartment_only) {
        plan->empty |= !op->actor->patient || (plan->q.comp && plan->q.comp != op->actor->patient);
        plan->q.comp = op->actor->patient;
    }
    if (v.own_only)
        narrow_own(op, rec, type, clauses, plan);
    TRY(scopes_narrow(op, rec, type, &v, clauses, plan));
    q.sensitive = true; /* every sensitive one has R, too */
    policy_access(op->actor, &q, &restricted);
    label_set away = restricted.allowed ? label_kept(op->actor->role, type) : LABEL_RESTRICTED;
    if (away)
        access_without(op, rec, away, clauses);
    return op_check(op);
}

err access_condition(struct op *op, struct record *rec, fhir_type type, struct clause_list *clauses,
                     struct plan *plan)
{
    struct access_request q = {
        .type = type, .action = ACTION_SEARCH, .consented = consent_hopes(op, rec, type)};
    struct access_verdict v;
    policy_access(op->actor, &q, &v);
    if (v.allowed)
        return access_search(op, rec, ACTION_SEARCH, type, clauses, plan);
    if (op->actor && op->actor->scopes)
        return access_plain(op, rec, ACTION_SEARCH, type);
    plan->own = true;
    if (!op->actor || !op->actor->user_rid) {
        plan->empty = true;
        return OK;
    }
    if (access_bound(op)) {
        plan->empty |= !op->actor->patient || (plan->q.comp && plan->q.comp != op->actor->patient);
        plan->q.comp = op->actor->patient;
    }
    narrow_own(op, rec, type, clauses, plan);
    return op_check(op);
}

static err refuse_write(struct op *op, struct record *rec, const struct staged *s,
                        const struct answer *r)
{
    uint64_t patient = s->old_comp ? s->old_comp : s->comp;
    struct audit a = {.action = s->action,
                      .type = s->type,
                      .patients = &patient,
                      .n_patients = patient != 0,
                      .unnamed = r->unnamed && s->action != ACTION_CREATE,
                      .glass = r->by_consent,
                      .rule = r->v.rule};
    if (s->action != ACTION_CREATE)
        a.rid = s->rid;
    if (!s->rid)
        a.id = s->id;
    return audit_refuse(op, rec, a, r->v.why);
}

/* What stands there must be the actor's to change, whatever the new content says. It is read only
 * when what it holds can make a difference. */
static err may_change(struct op *op, struct record *rec, const struct staged *s, struct answer *ret)
{
    struct access_request worst = {.type = s->type, .action = s->action, .patient = s->old_comp};
    worst_labels(&worst);
    /* scopes_held 0: a restricted scope is asked of what stands there */
    struct store_doc old;
    *ret = (struct answer){0};
    policy_access(op->actor, &worst, &ret->v);
    bool bound = op->actor && consent_binds(consent_role(op->actor));
    if (ret->v.allowed && !record_narrows(op, rec, s->type) && !points_asks(op->actor) &&
        (!bound || (s->old_comp && !record_consents_bind(op, rec, s->old_comp))))
        return OK;
    TRY(store_get(op, rec->store, s->rid, &old));
    (void)may(op, rec, s->action, &old, ret);
    return op_check(op);
}

err access_change(struct op *op, struct record *rec, const struct staged *s)
{
    struct access_request best = {.type = s->type,
                                  .action = s->action,
                                  .patient = scopes_patient(op->actor),
                                  .is_own = true,
                                  .assigned = true,
                                  .consented = true,
                                  .scopes_held = UINT32_MAX};
    struct answer r = {0};
    if (s->rid)
        TRY(may_change(op, rec, s, &r));
    else
        policy_access(op->actor, &best, &r.v);
    return r.v.allowed ? OK : refuse_write(op, rec, s, &r);
}

/* A Consent may say that nothing is to be collected, or corrected. */
static bool may_make(struct op *op, struct record *rec, const struct staged *s, struct answer *ret)
{
    struct store_doc d = {.rid = s->rid, .type = s->type, .comp = s->comp, .client_id = s->id};
    struct consent_question q = {.action = s->action, .doc = &d, .tree = s->resource, .open = true};
    return by_consents(op, rec, &q, ret);
}

/* Asked of what is there and of what will be there, in its place. */
err access_write(struct op *op, struct record *rec, const struct staged *s)
{
    struct access_request q = {.type = s->type, .action = s->action, .patient = s->comp};
    struct answer r = {0};
    if (s->action != ACTION_CREATE)
        TRY(access_change(op, rec, s));
    if (!s->resource)
        return OK;
    q.is_own = (op->actor && op->actor->user_rid && s->rid == op->actor->user_rid) ||
               author_is_actor(op, s);
    worst_labels(&q);
    q.scopes_held = scopes_held(op, rec, s->type, s->resource);
    policy_access(op->actor, &q, &r.v);
    if (!r.v.allowed) {
        with_labels(&q, label_of_tree(op, s->resource));
        policy_access(op->actor, &q, &r.v);
    }
    return r.v.allowed && may_make(op, rec, s, &r) ? OK : refuse_write(op, rec, s, &r);
}

err access_plain(struct op *op, struct record *rec, enum action action, int type)
{
    struct access_request q = {.type = type, .action = action};
    struct access_verdict v;
    policy_access(op->actor, &q, &v);
    if (v.allowed)
        return OK;
    struct audit a = {
        .action = action, .type = (fhir_type)type, .outcome = ERR_FORBIDDEN, .rule = v.rule};
    TRY(audit_append(op, rec, &a));
    return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
}
