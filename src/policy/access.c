/* Role x resource x action: one look into the table made from spec/rules/access.csv, then the
 * row's scope, purpose and label. It does not know what a resource holds. Invariant: what no row
 * allows is refused, and an unknown role, type, action or purpose is in no row. */
#include "policy/consent.h"
#include "policy/policy_int.h"
#include "policy/scope.h"

enum why { WHY_SCOPE, WHY_PURPOSE, WHY_LABEL };

static void refuse(struct access_verdict *ret, const struct access_row *row, enum why why)
{
    *ret = (struct access_verdict){
        .rule = str_of(row->id), .citation = str_of(row->citation), .why = str_of(row->why[why])};
}

/* SEARCH and EXPORT name no single record: they are narrowed instead. */
static bool is_narrowed(enum action action)
{
    return action == ACTION_SEARCH || action == ACTION_EXPORT;
}

static bool in_scope(const struct access_row *row, const struct actor *actor,
                     const struct access_request *request)
{
    bool narrowed = is_narrowed(request->action);
    bool bound = actor->patient != 0;
    bool own_patient = bound && (narrowed || request->patient == actor->patient);
    bool own = narrowed || request->is_own;
    switch (row->scope) {
    case SCOPE_ALL:
        return true;
    case SCOPE_OWN_PATIENT:
        return own_patient;
    case SCOPE_OWN:
        return own;
    case SCOPE_AUTHORED:
        return own_patient && own;
    case SCOPE_CONSENTED:
        return own_patient && request->consented;
    case SCOPE_SHARED:
        return narrowed || request->consented;
    case SCOPE_ASSIGNED:
        return own || request->assigned;
    case SCOPE_NOBODY:
        break;
    }
    return false;
}

static const struct access_row *row_of(const struct actor *actor,
                                       const struct access_request *request)
{
    if ((unsigned)actor->role >= ROLE_COUNT || (unsigned)request->action >= ACTION_COUNT)
        return &policy_access_rows[0];
    if (request->type < 0 || request->type > POLICY_TYPE_COUNT)
        return &policy_access_rows[0];
    return &policy_access_rows[policy_access_cells[actor->role][request->type][request->action]];
}

bool policy_by_share(const struct actor *actor, enum action action, int type)
{
    struct access_request q = {.type = type, .action = action};
    return actor && row_of(actor, &q)->scope == SCOPE_SHARED;
}

int policy_shared_type(size_t i)
{
    return i < policy_n_shared_types ? policy_shared_types[i] : 0;
}

static void refuse_all(const struct actor *actor, const struct access_request *request,
                       struct access_verdict *ret)
{
    size_t role = (unsigned)actor->role < ROLE_COUNT ? (size_t)actor->role : ROLE_NONE;
    size_t action = (unsigned)request->action < ACTION_COUNT ? (size_t)request->action : 0;
    refuse(ret, &policy_access_rows[0], WHY_SCOPE);
    ret->why = str_of(policy_access_denied[role][action]);
}

void policy_access_by_row(const struct access_row *row, const struct actor *who,
                          const struct access_request *request, struct access_verdict *ret)
{
    bool narrowed = is_narrowed(request->action);
    bool purpose = (unsigned)who->purpose < PURPOSE_COUNT && (row->purposes >> who->purpose & 1);
    if (!purpose) {
        refuse(ret, row, WHY_PURPOSE);
    } else if (!in_scope(row, who, request)) {
        refuse(ret, row, WHY_SCOPE);
    } else if (!narrowed && ((request->sensitive && !row->sensitive) ||
                             (request->labels & label_kept(who->role, request->type)))) {
        refuse(ret, row, WHY_LABEL);
    } else {
        enum access_scope s = row->scope;
        bool patient = s == SCOPE_OWN_PATIENT || s == SCOPE_AUTHORED || s == SCOPE_CONSENTED;
        *ret = (struct access_verdict){
            .allowed = true,
            .compartment_only = narrowed && patient,
            .own_only = narrowed && (s == SCOPE_OWN || s == SCOPE_AUTHORED || s == SCOPE_ASSIGNED),
            .hide_sensitive = narrowed && !row->sensitive,
            .rule = str_of(row->id),
            .citation = str_of(row->citation)};
    }
}

void policy_access(const struct actor *actor, const struct access_request *request,
                   struct access_verdict *ret)
{
    static const struct actor nobody = {.role = ROLE_NONE};
    const struct actor *who = actor ? actor : &nobody;
    const struct access_row *row = row_of(who, request);
    if (who->untrained && request->action != ACTION_MANAGE) {
        *ret = (struct access_verdict){
            .rule = STR("PRIV-23"),
            .citation = STR("45 CFR 164.530(a)-(b)"),
            .why = STR("Your training or agreements are missing or have run out (PRIV-23); finish "
                       "them in your account first.")};
        return;
    }
    if (row == &policy_access_rows[0])
        refuse_all(who, request, ret);
    else
        policy_access_by_row(row, who, request, ret);
    if (ret->allowed && who->scopes)
        policy_scope(who, request, ret);
}
