/* Does the patient's Consent share a type with the helper who asks (FHIR R4 Consent.provision)?
 * Invariant: what a Consent says and this server cannot keep makes it share nothing; a refusal that
 * names the helper beats every permission; what cannot be read shares nothing. */
#include "record/record_int.h"

#include "base/time.h"

#define CONSENTS_MAX 200u

/* Members of a provision that this server knows how to keep. Any other narrows what is shared in a
 * way that it could not honour, so such a Consent shares nothing. */
static bool provision_known(const struct json *p, bool nested)
{
    static const char *const known[] = {"id", "type", "period", "actor", "class", "provision"};
    size_t n = sizeof known / sizeof *known - (nested ? 1 : 0);
    for (uint32_t i = 0; p && p->type == JSON_OBJECT && i < p->n; i++) {
        bool ok = false;
        for (size_t k = 0; k < n && !ok; k++)
            ok = str_eq(p->u.members[i].name, str_of(known[k]));
        if (!ok)
            return false;
    }
    return json_is(p, JSON_OBJECT);
}

static bool class_lists(const struct json *p, fhir_type type)
{
    const struct json *classes = JSON_GET(p, "class");
    bool listed = !json_at(classes, 0);
    for (size_t i = 0; json_at(classes, i) && !listed; i++)
        listed = str_eq(json_get_str(json_at(classes, i), STR("code")), fhir_type_name(type));
    return listed;
}

/* "All, but not …": an exception that names the type (or no type) takes it out again, whomever and
 * whenever it is about; one that is no plain refusal is not understood. */
static bool excepted(const struct json *p, fhir_type type)
{
    const struct json *all = JSON_GET(p, "provision"), *e;
    for (size_t i = 0; (e = json_at(all, i)); i++)
        if (!str_eq(json_get_str(e, STR("type")), STR("deny")) || !provision_known(e, true) ||
            class_lists(e, type))
            return true;
    return false;
}

/* Consents to research, to treatment or to be written to share nothing with a helper. */
static bool about_privacy(const struct json *c)
{
    const struct json *codings = json_path(c, "scope.coding"), *code;
    for (size_t i = 0; (code = json_at(codings, i)); i++)
        if (str_eq(json_get_str(code, STR("system")),
                   STR("http://terminology.hl7.org/CodeSystem/consentscope")) &&
            str_eq(json_get_str(code, STR("code")), STR("patient-privacy")))
            return true;
    return false;
}

static bool in_force(const struct op *op, const struct json *c, const struct json *p)
{
    struct time_span from, to;
    const struct json *period = JSON_GET(p, "period");
    return str_eq(json_get_str(c, STR("status")), STR("active")) && about_privacy(c) &&
           !(time_parse(json_get_str(period, STR("start")), &from) && from.lo > op->now) &&
           !(time_parse(json_get_str(period, STR("end")), &to) && to.hi <= op->now);
}

static bool names_helper(const struct op *op, const struct json *p)
{
    const struct json *actors = JSON_GET(p, "actor"), *a;
    for (size_t i = 0; (a = json_at(actors, i)); i++)
        if (str_eq(json_str(json_path(a, "reference.reference")), op->actor->reference))
            return true;
    return false;
}

/* What one Consent says of the helper and the type. */
struct said {
    bool yes, no;
};

static struct said ask(struct op *op, const struct json *c, fhir_type type)
{
    const struct json *p = JSON_GET(c, "provision");
    str kind = json_get_str(p, STR("type"));
    if (!in_force(op, c, p) || !names_helper(op, p) || !class_lists(p, type))
        return (struct said){0};
    return (struct said){.yes = str_eq(kind, STR("permit")) && provision_known(p, false) &&
                                !excepted(p, type),
                         .no = !str_eq(kind, STR("permit"))};
}

bool consent_shares(struct op *op, struct record *rec, fhir_type type)
{
    if (!op->actor || op->actor->role != ROLE_HELPER || !op->actor->patient ||
        !op->actor->user_rid || str_empty(op->actor->reference)) /* nobody is named by no name */
        return false;
    struct store_query q = {
        .type = rec->t_consent, .comp = op->actor->patient, .limit = CONSENTS_MAX};
    struct store_found found = {0};
    struct fault before = op->fault;
    bool yes = false, no = store_search(op, rec->store, &q, &found) != OK || found.more;
    for (size_t i = 0; i < found.n && !no; i++) {
        struct store_doc d;
        struct json *tree;
        no = store_get(op, rec->store, found.rids[i], &d) != OK;
        if (no || d.deleted)
            continue;
        no = tree_of(op, rec, &d, &tree) != OK;
        struct said s = {0};
        if (!no)
            s = ask(op, tree, type);
        yes |= s.yes;
        no |= s.no;
    }
    op->fault = before;
    return yes && !no;
}
