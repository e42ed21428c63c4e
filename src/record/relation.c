/* Has who acts to do with the patient? A team, visit, task, appointment or episode of the patient's
 * names them or one of their roles. Asked only where the house has switched the rule on
 * (access.relationship) and for the roles that spec/rules/consent-roles.csv says.
 * Invariant: what cannot be found out is no relationship; nobody writes one for themselves. */
#include "record/consent_int.h"
#include "record/looks.h"

#define ROLES_MAX 64u
#define ASKED_MAX 16u /* of a kind: whose work each is */

static const char *const kinds[] = {"CareTeam", "Encounter", "Task", "Appointment",
                                    "EpisodeOfCare"};
#define KINDS (sizeof kinds / sizeof *kinds)

void record_set_relationship(struct record *rec, bool on)
{
    rec->relationship = on;
}

/* Keys of one type that name any of the numbers, by whatever reference. */
static void naming(struct range_set *s, fhir_type type, const uint64_t *rids, size_t n)
{
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(type, i)); i++)
        for (size_t k = 0; p->type == PARAM_REFERENCE && !p->alias && k < n; k++) {
            struct kb key = kb_param(p->number);
            kb_u8(&key, TAG_REF);
            kb_low(&key, rids[k], 6);
            range_add(s, IN_OR, range_prefix(s->op->arena, &key, STR_NONE, 0));
        }
}

static bool finds(struct op *op, struct record *rec, struct store_query q, const uint64_t *rids,
                  size_t n, struct store_found *ret)
{
    struct range_set s = {.op = op, .rec = rec};
    naming(&s, q.type, rids, n);
    struct store_clause clause = {.ranges = s.or.at, .n_ranges = s.or.n};
    q.clauses = &clause;
    q.n_clauses = 1;
    return s.or.n && op_check(op) == OK && store_search(op, rec->store, &q, ret) == OK && ret->n;
}

/* Is any of them not the work of that account alone? */
static bool by_another(struct op *op, struct record *rec, const struct store_found *found, str user)
{
    bool other = false;
    for (size_t i = 0; i < found->n && !other; i++)
        if (record_by_another(op, rec, found->rids[i], user, &other) != OK)
            return false;
    return other;
}

static bool there(struct op *op, struct record *rec, const struct record_relation *q)
{
    uint64_t who[ROLES_MAX + 1] = {q->who};
    struct fault before = op->fault;
    struct store_found found = {0};
    size_t n = 1;
    bool yes = false;
    if (!q->who)
        return false;
    if (finds(op, rec, (struct store_query){.type = rec->t_staff_role, .limit = ROLES_MAX}, who, 1,
              &found)) {
        memcpy(who + 1, found.rids, found.n * sizeof *who);
        n += found.n;
    }
    for (size_t i = 0; i < KINDS && !yes; i++)
        yes = finds(op, rec,
                    (struct store_query){.type = fhir_type_parse(str_of(kinds[i])),
                                         .comp = q->patient,
                                         .limit = q->except.n ? ASKED_MAX : 1},
                    who, n, &found) &&
              (!q->except.n || by_another(op, rec, &found, q->except));
    op->fault = before;
    return yes;
}

bool relation_there(struct op *op, struct record *rec, uint64_t patient)
{
    return there(op, rec, &(struct record_relation){patient, op->actor->user_rid, STR_NONE});
}

err record_related(struct op *op, struct record *rec, const struct record_relation *q, bool *ret)
{
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    *ret = there(op, rec, q);
    return OK;
}

bool relation_lacks(struct op *op, struct record *rec, uint64_t patient)
{
    return rec->relationship && patient && op->actor && consent_needs_relation(op->actor->role) &&
           !relation_there(op, rec, patient) && !consent_glass_broken(op, rec, patient);
}

bool relation_kind(fhir_type type)
{
    for (size_t i = 0; i < KINDS; i++)
        if (str_eq(fhir_type_name(type), str_of(kinds[i])))
            return true;
    return false;
}
