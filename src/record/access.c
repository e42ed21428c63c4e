/* Asks policy, on every entry. Facts that are dear to find out (who wrote it, is there a consent)
 * are looked up only when the answer without them is no: every one of them can only widen access.
 * That a resource is sensitive can only narrow it, so it is always looked at first.
 * Invariant: a refusal is in the trail before it is told. */
#include "record/record_int.h"

/* HL7 v3 Confidentiality and ActCode InformationSensitivityPolicy codes that restrict
 * (https://terminology.hl7.org/CodeSystem-v3-ActCode.html). */
static const char *const labels[] = {"R",   "V",   "ALC",      "BH",       "DVD", "ETH",     "GDIS",
                                     "HIV", "MST", "OPIOIDUD", "PREGNANT", "PSY", "PSYTHPN", "SCA",
                                     "SDV", "SEX", "SPI",      "STD",      "SUD", "TABOO",   "VIO"};
#define LABELS (sizeof labels / sizeof *labels)

bool access_bound(const struct op *op)
{
    return op->actor && (op->actor->role == ROLE_PATIENT || op->actor->role == ROLE_HELPER ||
                         op->actor->role == ROLE_DEVICE);
}

bool access_sensitive_tree(const struct json *resource)
{
    const struct json *security = json_path(resource, "meta.security");
    for (size_t i = 0; json_at(security, i); i++) {
        str code = json_get_str(json_at(security, i), STR("code"));
        for (size_t j = 0; j < LABELS; j++)
            if (str_eq(code, str_of(labels[j])))
                return true;
    }
    return false;
}

/* What of a stored body still belongs to meta: up to the brace that closes it. */
static str meta_of(str body)
{
    bool quoted = false;
    int depth = 1;
    for (size_t i = 0; i < body.n; i++) {
        char c = body.p[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '}'))
            depth += c == '{' ? 1 : -1;
        if (depth == 0)
            return str_sub(body, 0, i + 1);
    }
    return body;
}

bool access_sensitive_body(struct op *op, str body)
{
    str meta = meta_of(body);
    if (str_find(meta, STR("\"security\":"), 0) == SIZE_MAX)
        return false;
    struct json *tree;
    str whole = arena_printf(op->arena, "{\"meta\":{\"versionId\":\"1\"%.*s}", STR_ARG(meta));
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct fault before = op->fault;
    bool yes = json_read(op, whole, &limits, &tree) != OK || access_sensitive_tree(tree);
    op->fault = before;
    return yes;
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

static bool may(struct op *op, struct record *rec, enum action action, const struct plan *plan,
                const struct store_doc *doc, struct access_verdict *v)
{
    struct store_doc then;
    const struct store_doc *d = &then;
    bool known = content_of(op, rec, doc, &then);
    struct access_request q = {.type = d->type,
                               .action = action,
                               .patient = d->comp,
                               .is_own = op->actor && d->rid == op->actor->user_rid && d->rid != 0,
                               .consented = plan && plan->consented,
                               .sensitive = !known || access_sensitive_body(op, d->body)};
    policy_access(op->actor, &q, v);
    if (v->allowed || !op->actor)
        return v->allowed;
    if (op->actor->user_rid)
        facts_from_keys(op, rec, d, &q);
    q.consented = q.consented || consent_shares(op, rec, d->type);
    if (q.is_own || q.assigned || q.consented)
        policy_access(op->actor, &q, v);
    return v->allowed;
}

bool access_may_see(struct op *op, struct record *rec, const struct plan *plan,
                    const struct store_doc *doc)
{
    struct access_verdict v;
    return may(op, rec, ACTION_READ, plan, doc, &v);
}

err access_doc(struct op *op, struct record *rec, enum action action, const struct store_doc *doc)
{
    struct access_verdict v;
    if (may(op, rec, action, NULL, doc, &v))
        return OK;
    struct audit a = {.action = action,
                      .type = doc->type,
                      .rid = doc->rid,
                      .vid = doc->vid,
                      .patients = &doc->comp,
                      .n_patients = doc->comp != 0,
                      .rule = v.rule};
    return audit_refuse(op, rec, a, v.why);
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

static void narrow_sensitive(struct op *op, struct record *rec, fhir_type type,
                             struct clause_list *l)
{
    const struct fhir_param *p = fhir_param_find(type, STR("_security"));
    if (!p)
        return;
    struct blinder b = {.store = rec->store};
    struct range_set s = {.op = op, .rec = rec};
    for (size_t i = 0; i < LABELS; i++) {
        struct kb k = kb_param(p->number);
        kb_top(&k, blind(&b, BLIND_CODE, str_of(labels[i])), 6);
        range_add(&s, IN_OR, range_prefix(op->arena, &k, STR_NONE, 0));
    }
    clause_push(op, l,
                (struct store_clause){.negate = true, .ranges = s.or.at, .n_ranges = s.or.n});
}

err access_search(struct op *op, struct record *rec, enum action action, fhir_type type,
                  struct clause_list *clauses, struct plan *plan)
{
    struct access_request q = {
        .type = type, .action = action, .consented = consent_shares(op, rec, type)};
    struct access_verdict v, read, restricted;
    plan->consented = q.consented;
    policy_access(op->actor, &q, &v);
    if (v.allowed) {
        q = (struct access_request){.type = type,
                                    .action = ACTION_READ,
                                    .patient = op->actor->patient,
                                    .is_own = true,
                                    .consented = q.consented};
        policy_access(op->actor, &q, &read);
        if (!read.allowed)
            v = read;
    }
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
    q.sensitive = true;
    policy_access(op->actor, &q, &restricted);
    if (!restricted.allowed)
        narrow_sensitive(op, rec, type, clauses);
    return op_check(op);
}

err access_condition(struct op *op, struct record *rec, fhir_type type, struct clause_list *clauses,
                     struct plan *plan)
{
    struct access_request q = {
        .type = type, .action = ACTION_SEARCH, .consented = consent_shares(op, rec, type)};
    struct access_verdict v;
    policy_access(op->actor, &q, &v);
    if (v.allowed)
        return access_search(op, rec, ACTION_SEARCH, type, clauses, plan);
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
                        const struct access_verdict *v)
{
    uint64_t patient = s->old_comp ? s->old_comp : s->comp;
    struct audit a = {.action = s->action,
                      .type = s->type,
                      .patients = &patient,
                      .n_patients = patient != 0,
                      .rule = v->rule};
    if (s->action != ACTION_CREATE)
        a.rid = s->rid;
    if (!s->rid)
        a.id = s->id;
    return audit_refuse(op, rec, a, v->why);
}

/* What stands there must be the actor's to change, whatever the new content says. It is read only
 * when what it holds can make a difference. */
static err may_change(struct op *op, struct record *rec, const struct staged *s,
                      struct access_verdict *ret)
{
    struct access_request worst = {
        .type = s->type, .action = s->action, .patient = s->old_comp, .sensitive = true};
    struct store_doc old;
    policy_access(op->actor, &worst, ret);
    if (ret->allowed)
        return OK;
    TRY(store_get(op, rec->store, s->rid, &old));
    (void)may(op, rec, s->action, NULL, &old, ret);
    return op_check(op);
}

err access_change(struct op *op, struct record *rec, const struct staged *s)
{
    struct access_request best = {.type = s->type,
                                  .action = s->action,
                                  .patient = op->actor ? op->actor->patient : 0,
                                  .is_own = true,
                                  .assigned = true,
                                  .consented = true};
    struct access_verdict v;
    if (s->rid)
        TRY(may_change(op, rec, s, &v));
    else
        policy_access(op->actor, &best, &v);
    return v.allowed ? OK : refuse_write(op, rec, s, &v);
}

/* Asked of what is there and of what will be there, in its place. */
err access_write(struct op *op, struct record *rec, const struct staged *s)
{
    struct access_request q = {.type = s->type, .action = s->action, .patient = s->comp};
    struct access_verdict v;
    if (s->action != ACTION_CREATE)
        TRY(access_change(op, rec, s));
    if (!s->resource)
        return OK;
    q.is_own = (op->actor && op->actor->user_rid && s->rid == op->actor->user_rid) ||
               author_is_actor(op, s);
    q.sensitive = access_sensitive_tree(s->resource);
    policy_access(op->actor, &q, &v);
    return v.allowed ? OK : refuse_write(op, rec, s, &v);
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
