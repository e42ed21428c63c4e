/* Each patient's Consents, taken apart once and kept in memory until one of them changes, or a
 * team or organisation that they name does; and the one place where they are asked.
 * Invariant: a set is as new as the commit before it was asked for; what cannot be read, told or
 * kept in bounds hides, and nothing is shared by it. */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "record/consent_int.h"

#define SLOT_BITS 16u
#define SLOTS (1u << SLOT_BITS) /* a busy day's patients: making a set costs a walk */
#define LOCKS 64u
#define SET_BYTES (8u << 20)

struct slot {
    uint64_t patient;
    unsigned written, members; /* counters of when it was made */
    struct consent_set *set;   /* NULL: none that could matter */
};

struct consents {
    pthread_mutex_t locks[LOCKS];
    struct slot slots[SLOTS];
    atomic_uint written[SLOTS]; /* counts commits of Consents, by patient */
    atomic_uint all, members;   /* of any patient; of teams, roles, organisations */
    pthread_mutex_t list_lock;
    unsigned list_of; /* `all` when the list was made; 0 never */
    uint64_t list[CONSENT_PATIENTS_MAX];
    size_t n_list;
    bool many;
};

static size_t slot_of(uint64_t patient)
{
    return patient * UINT64_C(0x9E3779B97F4A7C15) >> (64 - SLOT_BITS);
}

err consents_new(struct op *op, struct record *rec)
{
    struct consents *c = calloc(1, sizeof *c);
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    pthread_mutex_init(&c->list_lock, NULL);
    atomic_store(&c->all, 1);
    rec->consents = c;
    return OK;
}

static void set_free(struct consent_set *s)
{
    struct arena *a = s ? s->arena : NULL;
    arena_free(a);
}

void consents_free(struct consents *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        set_free(c->slots[i].set);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    pthread_mutex_destroy(&c->list_lock);
    free(c);
}

void consents_stale(struct record *rec, fhir_type type, uint64_t patient)
{
    struct consents *c = rec->consents;
    if (type == rec->t_consent) {
        consent_list_stale(rec, patient);
        atomic_fetch_add(&c->written[slot_of(patient)], 1);
        if (atomic_fetch_add(&c->all, 1) == UINT_MAX)
            atomic_fetch_add(&c->all, 1); /* 0 is never */
    } else if (type == rec->t_team || type == rec->t_organization || type == rec->t_staff_role) {
        atomic_fetch_add(&c->members, 1);
    }
}

/* ---- making a set ---- */

static err read_one(struct op *op, struct record *rec, uint64_t rid, struct consent_set *set)
{
    struct store_doc d;
    struct record_doc doc;
    struct json *tree;
    const struct consent_rule *rule;
    TRY(store_get(op, rec->store, rid, &d));
    if (d.deleted)
        return OK;
    doc_whole(op, rec, &d, &doc);
    TRY(record_parse_bare(op, &doc, &tree));
    TRY(consent_rule_read(op, rec, tree, set, &rule));
    if (rule)
        set->roots[set->n++] = rule;
    return OK;
}

/* Over the set's own arena, as nobody in particular: who reads decides nothing of what is said. */
static err read_all(struct op *op, struct record *rec, uint64_t patient, struct consent_set *set)
{
    struct store_found found = {0};
    TRY(consent_list(op, rec, patient, CONSENTS_MAX, &found));
    if (found.more)
        return fail(op, ERR_TOO_COSTLY, "The patient has more Consents than can be kept.");
    set->roots = ARENA_ARRAY(op->arena, const struct consent_rule *, found.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < found.n; i++)
        TRY(read_one(op, rec, found.rids[i], set));
    return op_check(op);
}

/* Has the patient any Consent at all? Most have none. */
static err any(struct op *op, struct record *rec, uint64_t patient, bool *ret)
{
    struct store_found found = {0};
    TRY(consent_list(op, rec, patient, CONSENTS_MAX, &found));
    *ret = found.n > 0;
    return OK;
}

static err make(struct op *op, struct record *rec, uint64_t patient, struct consent_set **ret)
{
    bool some;
    *ret = NULL;
    TRY(any(op, rec, patient, &some));
    if (!some)
        return OK;
    struct arena *a = arena_new(SET_BYTES);
    struct consent_set *set = a ? ARENA_NEW(a, struct consent_set) : NULL;
    if (!set) {
        arena_free(a);
        return fail(op, ERR_UNAVAILABLE, "No memory left to read the patient's Consents.");
    }
    struct op own;
    op_init(&own, a, NULL, op->now);
    set->arena = a;
    set->broken = read_all(&own, rec, patient, set) != OK;
    if (set->n || set->broken)
        *ret = set;
    else
        arena_free(a);
    return OK;
}

err consent_take(struct op *op, struct record *rec, uint64_t patient, struct consent_set **ret)
{
    struct consents *c = rec->consents;
    size_t at = slot_of(patient);
    struct slot *slot = &c->slots[at];
    pthread_mutex_t *lock = &c->locks[at % LOCKS];
    unsigned written = atomic_load(&c->written[at]), members = atomic_load(&c->members);
    pthread_mutex_lock(lock);
    bool known = slot->patient == patient && slot->written == written &&
                 (!slot->set || !slot->set->of_members || slot->members == members);
    struct consent_set *set = known ? slot->set : NULL;
    if (set)
        set->refs++;
    pthread_mutex_unlock(lock);
    *ret = set;
    if (known)
        return OK;
    TRY(make(op, rec, patient, &set));
    if (set)
        set->refs = 2; /* the slot's and the caller's */
    pthread_mutex_lock(lock);
    struct consent_set *old = slot->set;
    *slot = (struct slot){patient, written, members, set};
    bool last = old && --old->refs == 0;
    pthread_mutex_unlock(lock);
    if (last)
        set_free(old);
    *ret = set;
    return OK;
}

void consent_give(struct record *rec, uint64_t patient, struct consent_set *set)
{
    pthread_mutex_t *lock = &rec->consents->locks[slot_of(patient) % LOCKS];
    if (!set)
        return;
    pthread_mutex_lock(lock);
    bool last = --set->refs == 0;
    pthread_mutex_unlock(lock);
    if (last)
        set_free(set);
}

/* ---- asking ---- */

static struct consent_request request_of(const struct op *op, enum action action, fhir_type type)
{
    return (struct consent_request){
        .role = consent_role(op->actor),
        .purpose = op->actor->purpose,
        .action = action,
        .outside = access_bound(op) || consent_role(op->actor) == CONSENT_APP,
        .names = &op->actor->reference,
        .n_names = str_empty(op->actor->reference) || !op->actor->user_rid ? 0 : 1,
        .now = op->now,
        .listed = policy_by_share(op->actor, action, type),
        .type = fhir_type_name(type)};
}

#define OF_RESOURCE (CONSENT_CODES | CONSENT_LABELS | CONSENT_DATA | CONSENT_DATED)

static void hide(struct consent_verdict *v)
{
    v->hidden = !v->free;
}

/* With the resource at hand, when a rule asks about it. */
static err ask_data(struct op *op, struct record *rec, const struct consent_set *set,
                    const struct consent_question *q, const struct consent_request *any,
                    struct consent_verdict *ret)
{
    struct consent_data data = {0};
    struct consent_request r = *any;
    struct json *tree = q->tree;
    if (set->needs & OF_RESOURCE) {
        if (!tree)
            TRY(tree_of(op, rec, q->doc, &tree));
        TRY(consent_data_of(op, tree, set->needs, &data));
        data.self = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(q->doc->type)),
                                 STR_ARG(doc_id(op, rec, q->doc->rid, q->doc->client_id)));
    }
    r.data = &data;
    consent_decide(set->roots, set->n, false, &r, ret);
    return op_check(op);
}

static bool hides_for(struct op *op, struct record *rec, uint64_t patient,
                      const struct consent_question *q, struct consent_verdict *ret)
{
    struct consent_request r = request_of(op, q->action, q->doc->type);
    struct fault before = op->fault;
    struct consent_set *set;
    bool looks = q->action != ACTION_CREATE || relation_kind(q->doc->type);
    r.open = q->open;
    consent_decide(NULL, 0, false, &r, ret);
    if (ret->free)
        return false;
    if (looks && relation_lacks(op, rec, patient)) {
        consent_no_relation(ret);
        return true;
    }
    if (consent_take(op, rec, patient, &set) != OK) {
        hide(ret);
        op->fault = before;
        return ret->hidden;
    }
    if (set && (set->broken || ask_data(op, rec, set, q, &r, ret) != OK))
        hide(ret);
    if (ret->hidden && consent_glass_broken(op, rec, patient))
        consent_decide(NULL, 0, true, &r, ret);
    consent_give(rec, patient, set);
    op->fault = before;
    return ret->hidden;
}

#define NAMED_MAX 32u

/* The patient that a reference names, here or at an address that may be this house's. */
static str patient_named(struct op *op, struct record *rec, str text)
{
    str foreign = consent_foreign(op, text);
    struct fhir_ref r = fhir_ref_parse(foreign.n ? foreign : text);
    return r.kind == REF_LOCAL && r.type == rec->t_patient ? r.id : STR_NONE;
}

/* What lives in nobody's record may name patients all the same: what hides one of them hides it. */
static bool hides_named(struct op *op, struct record *rec, const struct consent_question *q,
                        struct consent_verdict *ret)
{
    const str mark = STR("\"reference\":\"");
    str body = q->doc->body;
    struct store_doc d;
    for (size_t at = 0, n = 0; (at = str_find(body, mark, at)) != SIZE_MAX;) {
        at += mark.n;
        size_t end = str_find_char(body, '"', at);
        str id = end == SIZE_MAX ? STR_NONE : patient_named(op, rec, str_sub(body, at, end));
        if (end == SIZE_MAX || (id.n && n++ >= NAMED_MAX)) {
            hide(ret);
            return ret->hidden;
        }
        struct fault before = op->fault;
        err e = id.n ? id_resolve(op, rec, rec->t_patient, id, &d) : ERR_NOT_FOUND;
        op->fault = before;
        if (e == OK && hides_for(op, rec, d.rid, q, ret))
            return true;
    }
    return false;
}

bool consent_hides(struct op *op, struct record *rec, const struct consent_question *q,
                   struct consent_verdict *ret)
{
    *ret = (struct consent_verdict){0};
    if (!op->actor || !consent_binds(consent_role(op->actor)))
        return false;
    if (q->doc->comp)
        return hides_for(op, rec, q->doc->comp, q, ret);
    if (policy_by_share(op->actor, q->action, q->doc->type)) /* nobody's: nobody shares it */
        hide(ret);
    return ret->hidden || hides_named(op, rec, q, ret);
}

bool consent_hides_type(struct op *op, struct record *rec, uint64_t patient, fhir_type type,
                        bool hopeful)
{
    struct consent_request r = request_of(op, ACTION_READ, type);
    struct consent_verdict v;
    struct consent_set *set;
    struct fault before = op->fault;
    r.hopeful = hopeful;
    consent_decide(NULL, 0, false, &r, &v);
    if (v.free)
        return false;
    if (relation_lacks(op, rec, patient))
        return true;
    bool hidden = consent_take(op, rec, patient, &set) != OK;
    if (!hidden && set)
        consent_decide(set->roots, set->n, false, &r, &v);
    hidden = hidden || (set && set->broken) || v.hidden;
    hidden = hidden && !consent_glass_broken(op, rec, patient);
    if (set)
        consent_give(rec, patient, set);
    op->fault = before;
    return hidden;
}

/* ---- who has denied something ---- */

static err list_make(struct op *op, struct record *rec, struct consents *c)
{
    struct kb k = kb_param(PARAM_BINDS);
    struct store_range range = range_prefix(op->arena, &k, STR_NONE, 0);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct store_query q = {.type = rec->t_consent,
                            .clauses = &clause,
                            .n_clauses = 1,
                            .limit = 4 * CONSENT_PATIENTS_MAX};
    struct store_found found = {0};
    TRY(store_search(op, rec->store, &q, &found));
    c->many = found.more;
    c->n_list = 0;
    for (size_t i = 0; i < found.n && !c->many; i++) {
        struct store_doc d;
        TRY(store_peek(op, rec->store, found.rids[i], &d));
        bool known = d.comp == 0;
        for (size_t j = 0; j < c->n_list && !known; j++)
            known = c->list[j] == d.comp;
        c->many = !known && c->n_list == CONSENT_PATIENTS_MAX;
        if (!known && !c->many)
            c->list[c->n_list++] = d.comp;
    }
    return OK;
}

err consent_patients(struct op *op, struct record *rec, uint64_t *ret, size_t *ret_n,
                     bool *ret_many)
{
    struct consents *c = rec->consents;
    err e = OK;
    pthread_mutex_lock(&c->list_lock);
    unsigned now = atomic_load(&c->all);
    if (c->list_of != now)
        e = list_make(op, rec, c);
    if (e == OK)
        c->list_of = now;
    *ret_n = c->n_list;
    *ret_many = c->many;
    memcpy(ret, c->list, c->n_list * sizeof *ret);
    pthread_mutex_unlock(&c->list_lock);
    return e;
}

bool consent_denies(struct op *op, struct record *rec, uint64_t patient)
{
    struct consents *c = rec->consents;
    struct fault before = op->fault;
    pthread_mutex_lock(&c->list_lock);
    unsigned now = atomic_load(&c->all);
    bool known = c->list_of == now || list_make(op, rec, c) == OK;
    if (known)
        c->list_of = now;
    bool many = !known || c->many, found = many || (!patient && c->n_list);
    for (size_t i = 0; i < c->n_list && !found; i++)
        found = c->list[i] == patient;
    pthread_mutex_unlock(&c->list_lock);
    op->fault = before;
    return found && (!many || !patient || record_consents_bind(op, rec, patient));
}

bool record_consents_bind(struct op *op, struct record *rec, uint64_t patient)
{
    struct consent_set *set = NULL;
    struct fault before = op->fault;
    bool failed = consent_take(op, rec, patient, &set) != OK, some = set != NULL;
    if (!failed)
        consent_give(rec, patient, set);
    op->fault = before;
    return failed || some || rec->relationship;
}

err record_shared(struct op *op, struct record *rec, uint64_t patient, fhir_type type, bool *ret)
{
    *ret = !policy_by_share(op->actor, ACTION_READ, type) ||
           !consent_hides_type(op, rec, patient, type, true);
    return op_check(op);
}

bool consent_hopes(struct op *op, struct record *rec, fhir_type type)
{
    return consent_shares(op, rec, type) || policy_by_share(op->actor, ACTION_READ, type);
}

bool consent_shares(struct op *op, struct record *rec, fhir_type type)
{
    return op->actor && consent_needs_share(op->actor->role) && op->actor->patient &&
           !consent_hides_type(op, rec, op->actor->patient, type, true);
}
