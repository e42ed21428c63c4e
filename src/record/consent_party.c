/* Who is meant when a Consent names a role, an organisation or a care team: the people behind it,
 * as they are now. A change there makes the sets that stand on it anew (consent.c).
 * Invariant: who cannot be found out is a party that this server cannot tell, which denies. */
#include "record/consent_int.h"

#define LEVELS 6u /* teams of teams, organisations of organisations */

struct crowd {
    struct op *op;
    struct record *rec;
    consent_parties *to;
    bool *members;
};

static void push(struct crowd *c, str reference)
{
    for (size_t i = 0; i < c->to->n; i++)
        if (!c->to->at[i].author && str_eq(c->to->at[i].reference, reference))
            return;
    if (c->to->n >= CONSENT_PARTIES_MAX)
        reference = STR_NONE;
    VEC_PUSH(c->op->arena, c->to, (struct consent_party){.reference = reference});
}

static bool is_type(fhir_type t, const char *name)
{
    return str_eq(fhir_type_name(t), str_of(name));
}

static bool is_many(fhir_type t)
{
    return is_type(t, "PractitionerRole") || is_type(t, "Organization") || is_type(t, "CareTeam");
}

static err add(struct crowd *c, str reference, unsigned level);

/* What names the number under a parameter: the roles of an organisation, its parts. */
static err pointing(struct crowd *c, const char *type, const char *code, uint64_t rid,
                    unsigned level)
{
    struct op *op = c->op;
    fhir_type t = fhir_type_parse(str_of(type));
    const struct fhir_param *p = fhir_param_find(t, str_of(code));
    if (!p)
        return OK;
    struct kb k = kb_param(p->alias && p->n_parts ? p->parts[0] : p->number);
    kb_u8(&k, TAG_REF);
    kb_low(&k, rid, 6);
    struct store_range range = range_prefix(op->arena, &k, STR_NONE, 0);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct store_query q = {
        .type = t, .clauses = &clause, .n_clauses = 1, .limit = CONSENT_PARTIES_MAX};
    struct store_found found = {0};
    TRY(store_search(op, c->rec->store, &q, &found));
    if (found.more)
        push(c, STR_NONE);
    for (size_t i = 0; i < found.n; i++) {
        struct store_doc d;
        TRY(peek_named(op, c->rec, found.rids[i], &d));
        str id = doc_id(op, c->rec, d.rid, d.client_id);
        TRY(add(c, arena_printf(op->arena, "%s/%.*s", type, STR_ARG(id)), level));
    }
    return OK;
}

static err behind(struct crowd *c, const struct fhir_ref *ref, unsigned level)
{
    struct store_doc d;
    struct json *tree;
    const struct json *one;
    err e = id_get(c->op, c->rec, ref->type, ref->id, &d);
    if (e == ERR_NOT_FOUND || (e == OK && d.deleted))
        return OK; /* nobody is behind what is not there */
    TRY(e);
    if (is_type(ref->type, "Organization")) {
        TRY(pointing(c, "PractitionerRole", "organization", d.rid, level));
        return pointing(c, "Organization", "partof", d.rid, level);
    }
    TRY(tree_of(c->op, c->rec, &d, &tree));
    if (is_type(ref->type, "PractitionerRole")) {
        str person = json_str(json_path(tree, "practitioner.reference"));
        return person.n ? add(c, person, level) : OK;
    }
    const struct json *list = JSON_GET(tree, "participant");
    for (size_t i = 0; (one = json_at(list, i)); i++)
        TRY(add(c, json_str(json_path(one, "member.reference")), level));
    return OK;
}

static err add(struct crowd *c, str reference, unsigned level)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    bool many = ref.kind == REF_LOCAL && is_many(ref.type);
    if (ref.kind != REF_LOCAL || is_type(ref.type, "Group") || (many && level >= LEVELS)) {
        push(c, STR_NONE);
        return op_check(c->op);
    }
    push(c, consent_ref(c->op, reference));
    if (c->to->n > CONSENT_PARTIES_MAX)
        return OK;
    *c->members |= many;
    TRY(op_check(c->op));
    return many ? behind(c, &ref, level + 1) : OK;
}

err consent_party_add(struct op *op, struct record *rec, str reference, consent_parties *to,
                      bool *ret_members)
{
    struct crowd c = {op, rec, to, ret_members};
    return add(&c, reference, 0);
}

err consent_author_add(struct op *op, struct record *rec, str reference, consent_parties *to,
                       bool *ret_members)
{
    consent_parties all = {0};
    struct crowd c = {op, rec, &all, ret_members};
    struct fhir_ref ref = fhir_ref_parse(reference);
    struct store_doc d;
    push(&c, consent_ref(op, reference));
    if (is_many(ref.type)) {
        all.n = 0; /* and whom it stands for: they say it in their own name */
        TRY(add(&c, reference, 0));
    } else if (is_type(ref.type, "Practitioner")) {
        err e = id_get(op, rec, ref.type, ref.id, &d);
        if (e == OK)
            e = pointing(&c, "PractitionerRole", "practitioner", d.rid, LEVELS - 1);
        if (e != OK && e != ERR_NOT_FOUND)
            return e;
        *ret_members = true;
    }
    for (size_t i = 0; i < all.n; i++)
        VEC_PUSH(op->arena, to, ((struct consent_party){true, all.at[i].reference}));
    return op_check(op);
}
