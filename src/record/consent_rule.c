/* FHIR R4 Consent to rules (http://hl7.org/fhir/R4/consent.html): what is understood is taken as it
 * is written, anything else makes its rule unclear, which denies and never permits. A Consent that
 * says nothing in its provision (a scanned form) neither hides nor shares.
 * Not understood: Group as an actor, codes below a SNOMED CT code, modifier extensions. */
#include <limits.h>

#include "base/time.h"
#include "record/consent_int.h"

#define SCOPE_SYSTEM "http://terminology.hl7.org/CodeSystem/consentscope"
#define ACT_CODE "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define ACT_REASON "http://terminology.hl7.org/CodeSystem/v3-ActReason"
#define CONTACT_CATEGORY "https://weft.health/fhir/consent-category"
#define CONTACT_CHANNEL "https://weft.health/fhir/contact-channel"

struct reader {
    struct op *op;
    struct record *rec;
    struct consent_set *set;
};

static bool has_code(const struct json *codings, const char *system, const char *code)
{
    const struct json *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (str_eq(json_get_str(c, STR("system")), str_of(system)) &&
            str_eq(json_get_str(c, STR("code")), str_of(code)))
            return true;
    return false;
}

/* By which channel one may be written to (outreach's): nothing about who sees what. */
static bool about_contact(const struct json *c)
{
    const struct json *categories = JSON_GET(c, "category"), *one;
    const struct json *codes = json_path(c, "provision.code"), *codings;
    bool contact = false;
    for (size_t i = 0; (one = json_at(categories, i)); i++)
        contact |= has_code(JSON_GET(one, "coding"), CONTACT_CATEGORY, "contact") ||
                   has_code(JSON_GET(one, "coding"), CONTACT_CATEGORY, "contact-topic");
    for (size_t i = 0; contact && (one = json_at(codes, i)); i++) {
        codings = JSON_GET(one, "coding");
        if (!json_at(codings, 0) || json_at(codings, 1) ||
            !str_eq(json_get_str(json_at(codings, 0), STR("system")), STR(CONTACT_CHANNEL)))
            return false;
    }
    return contact && json_at(codes, 0) && !json_path(c, "provision.provision");
}

bool consent_about(const struct json *c)
{
    const struct json *scope = json_path(c, "scope.coding");
    return str_eq(json_get_str(c, STR("status")), STR("active")) && !about_contact(c) &&
           !has_code(scope, SCOPE_SYSTEM, "research") &&
           !has_code(scope, SCOPE_SYSTEM, "treatment") && !has_code(scope, SCOPE_SYSTEM, "adr");
}

static bool opted_out(const struct json *c)
{
    const struct json *rule = json_path(c, "policyRule.coding");
    return has_code(rule, ACT_CODE, "OPTOUT") || has_code(rule, ACT_CODE, "OPTOUTE");
}

/* Anything but permissions, at any depth that is read. */
static bool denies_somewhere(const struct json *p, unsigned depth)
{
    const struct json *all = JSON_GET(p, "provision"), *e;
    for (size_t i = 0; (e = json_at(all, i)); i++)
        if (depth >= CONSENT_DEPTH_MAX || !str_eq(json_get_str(e, STR("type")), STR("permit")) ||
            denies_somewhere(e, depth + 1))
            return true;
    return false;
}

bool consent_may_deny(const struct json *c)
{
    const struct json *p = JSON_GET(c, "provision");
    str type = json_get_str(p, STR("type"));
    return consent_about(c) &&
           ((type.n && !str_eq(type, STR("permit"))) || opted_out(c) || denies_somewhere(p, 1));
}

/* ---- the elements of a provision ---- */

static struct consent_span span_of(const struct json *period, bool *ret_unclear)
{
    struct consent_span s = {INT64_MIN, INT64_MAX};
    struct time_span t;
    str start = json_get_str(period, STR("start")), end = json_get_str(period, STR("end"));
    if (start.n && time_parse(start, &t))
        s.lo = t.lo;
    else
        *ret_unclear |= start.n > 0;
    if (end.n && time_parse(end, &t))
        s.hi = t.hi;
    else
        *ret_unclear |= end.n > 0;
    return s;
}

/* What part the actor plays (HL7 v3 ParticipationType): who asks, unless it says otherwise. */
enum part { PART_ASKS, PART_AUTHOR, PART_OTHER };

static enum part part_of(const struct json *actor)
{
    static const char *const others[] = {"CST",       "CUST",    "GUARD",
                                         "CONSENTER", "GRANTOR", "DELEGATOR"};
    const struct json *codings = json_path(actor, "role.coding"), *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++) {
        str code = json_get_str(c, STR("code"));
        if (str_eq(code, STR("AUT")))
            return PART_AUTHOR;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            if (str_eq(code, str_of(others[k])))
                return PART_OTHER;
    }
    return PART_ASKS;
}

static err actors_of(struct reader *r, const struct json *list, struct consent_rule *c)
{
    consent_parties all = {0};
    const struct json *a;
    for (size_t i = 0; (a = json_at(list, i)); i++) {
        str ref = json_str(json_path(a, "reference.reference"));
        enum part part = part_of(a);
        if (part == PART_OTHER || fhir_ref_parse(ref).kind != REF_LOCAL || i >= CONSENT_LIST_MAX) {
            VEC_PUSH(r->op->arena, &all, ((struct consent_party){0}));
            if (i >= CONSENT_LIST_MAX)
                break;
        } else if (part == PART_AUTHOR) {
            r->set->needs |= CONSENT_DATA; /* whom the resource names */
            TRY(consent_author_add(r->op, r->rec, ref, &all, &r->set->of_members));
        } else {
            TRY(consent_party_add(r->op, r->rec, ref, &all, &r->set->of_members));
        }
    }
    c->actors = all.at;
    c->n_actors = all.n;
    return op_check(r->op);
}

static void purposes_of(const struct json *list, struct consent_rule *c)
{
    const struct json *p;
    for (size_t i = 0; (p = json_at(list, i)); i++) {
        str system = json_get_str(p, STR("system"));
        unsigned yes = 0, maybe = UINT_MAX;
        if (!system.n || str_eq(system, STR(ACT_REASON)))
            (void)consent_purpose(json_get_str(p, STR("code")), &yes, &maybe);
        c->purposes |= yes;
        c->purposes_maybe |= maybe;
    }
}

#define BIT(a) (1u << (a))
#define LOOKS (BIT(ACTION_READ) | BIT(ACTION_SEARCH) | BIT(ACTION_HISTORY) | BIT(ACTION_EXPORT))
#define CORRECTS (BIT(ACTION_CREATE) | BIT(ACTION_UPDATE) | BIT(ACTION_DELETE))

/* Without a word about the action: all that shows what is there. */
static void actions_of(const struct json *list, struct consent_rule *c)
{
    const struct json *concept, *coding;
    c->actions = LOOKS | BIT(ACTION_UPDATE) | BIT(ACTION_DELETE);
    if (!json_at(list, 0))
        return;
    c->actions = 0;
    c->disclosing = true;
    for (size_t i = 0; (concept = json_at(list, i)); i++) {
        const struct json *codings = JSON_GET(concept, "coding");
        if (!json_at(codings, 0))
            c->actions_maybe = UINT_MAX;
        for (size_t k = 0; (coding = json_at(codings, k)); k++) {
            str code = json_get_str(coding, STR("code"));
            bool disclose = str_eq(code, STR("disclose"));
            if (disclose || str_eq(code, STR("access")) || str_eq(code, STR("use")))
                c->actions |= LOOKS;
            else if (str_eq(code, STR("correct")))
                c->actions |= CORRECTS;
            else if (str_eq(code, STR("collect")))
                c->actions |= BIT(ACTION_CREATE);
            else
                c->actions_maybe = UINT_MAX;
            c->disclosing = c->disclosing && disclose;
        }
    }
    c->disclosing = c->disclosing && !c->actions_maybe;
}

static void classes_of(struct reader *r, const struct json *list, struct consent_rule *c)
{
    VEC(str) all = {0};
    const struct json *k;
    for (size_t i = 0; (k = json_at(list, i)) && i < CONSENT_LIST_MAX; i++) {
        str system = json_get_str(k, STR("system")), code = json_get_str(k, STR("code"));
        bool type = !system.n || str_eq(system, STR("http://hl7.org/fhir/resource-types")) ||
                    str_eq(system, STR("http://hl7.org/fhir/fhir-types"));
        VEC_PUSH(r->op->arena, &all, type && fhir_type_parse(code) ? code : STR_NONE);
    }
    c->classes = all.at;
    c->n_classes = all.n;
}

static void codes_of(struct reader *r, const struct json *list, struct consent_rule *c)
{
    VEC(struct consent_code) all = {0};
    const struct json *concept, *coding;
    for (size_t i = 0; (concept = json_at(list, i)) && all.n < CONSENT_LIST_MAX; i++) {
        const struct json *codings = JSON_GET(concept, "coding");
        if (!json_at(codings, 0))
            VEC_PUSH(r->op->arena, &all, ((struct consent_code){0}));
        for (size_t k = 0; (coding = json_at(codings, k)) && k < CONSENT_LIST_MAX; k++) {
            str system = json_get_str(coding, STR("system"));
            bool tree = str_starts(system, STR("http://hl7.org/fhir/sid/icd-10"));
            VEC_PUSH(
                r->op->arena, &all,
                ((struct consent_code){system, json_get_str(coding, STR("code")), .begins = tree}));
        }
    }
    c->codes = all.at;
    c->n_codes = all.n;
}

static void labels_of(const struct json *list, struct consent_rule *c)
{
    const struct json *k;
    for (size_t i = 0; (k = json_at(list, i)); i++) {
        label_set one = label_parse(json_get_str(k, STR("code")));
        c->labels |= one;
        c->labels_unclear |= !one;
    }
}

static void data_of(struct reader *r, const struct json *list, struct consent_rule *c)
{
    VEC(struct consent_datum) all = {0};
    const struct json *k;
    for (size_t i = 0; (k = json_at(list, i)) && i < CONSENT_LIST_MAX; i++) {
        str meaning = json_get_str(k, STR("meaning"));
        str ref = consent_ref(r->op, json_str(json_path(k, "reference.reference")));
        struct consent_datum d = {MEANS_UNCLEAR, ref};
        if (str_eq(meaning, STR("instance")) && fhir_ref_parse(d.reference).kind == REF_LOCAL)
            d.meaning = MEANS_INSTANCE;
        else if (str_eq(meaning, STR("dependents")) &&
                 fhir_ref_parse(d.reference).kind == REF_LOCAL)
            d.meaning = MEANS_DEPENDENTS;
        VEC_PUSH(r->op->arena, &all, d);
    }
    c->data = all.at;
    c->n_data = all.n;
}

/* ---- a provision ---- */

static const struct {
    const char *name;
    unsigned has; /* 0: no criterion, or always asked */
} members[] = {{"id", 0},
               {"type", 0},
               {"period", 0},
               {"action", 0},
               {"provision", 0},
               {"actor", CONSENT_ACTORS},
               {"purpose", CONSENT_PURPOSES},
               {"class", CONSENT_CLASSES},
               {"code", CONSENT_CODES},
               {"securityLabel", CONSENT_LABELS},
               {"data", CONSENT_DATA},
               {"dataPeriod", CONSENT_DATED}};
#define MEMBERS (sizeof members / sizeof *members)

static void members_of(const struct json *p, struct consent_rule *c)
{
    for (uint32_t i = 0; json_is(p, JSON_OBJECT) && i < p->n; i++) {
        size_t k = 0;
        while (k < MEMBERS && !str_eq(p->u.members[i].name, str_of(members[k].name)))
            k++;
        if (k == MEMBERS)
            c->unclear = true;
        else
            c->has |= members[k].has;
    }
}

static err provision(struct reader *r, const struct json *p, unsigned depth, struct consent_rule *c)
{
    struct op *op = r->op;
    const struct json *list = JSON_GET(p, "provision");
    size_t n = 0;
    members_of(p, c);
    c->period = span_of(JSON_GET(p, "period"), &c->unclear);
    c->dated = span_of(JSON_GET(p, "dataPeriod"), &c->unclear);
    TRY(actors_of(r, JSON_GET(p, "actor"), c));
    purposes_of(JSON_GET(p, "purpose"), c);
    actions_of(JSON_GET(p, "action"), c);
    classes_of(r, JSON_GET(p, "class"), c);
    codes_of(r, JSON_GET(p, "code"), c);
    labels_of(JSON_GET(p, "securityLabel"), c);
    data_of(r, JSON_GET(p, "data"), c);
    r->set->needs |= c->has;
    while (n < CONSENT_LIST_MAX && json_at(list, n))
        n++;
    if (n == 0)
        return op_check(op);
    if (depth >= CONSENT_DEPTH_MAX || json_at(list, n)) {
        c->unclear = true;
        return OK;
    }
    struct consent_rule *all = ARENA_ARRAY(op->arena, struct consent_rule, n);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        all[i].permits = str_eq(json_get_str(json_at(list, i), STR("type")), STR("permit"));
        all[i].denies = !all[i].permits;
        TRY(provision(r, json_at(list, i), depth + 1, &all[i]));
    }
    c->exceptions = all;
    c->n_exceptions = n;
    return OK;
}

err consent_rule_read(struct op *op, struct record *rec, const struct json *consent,
                      struct consent_set *set, const struct consent_rule **ret)
{
    const struct json *p = JSON_GET(consent, "provision");
    str type = json_get_str(p, STR("type"));
    struct reader r = {op, rec, set};
    *ret = NULL;
    if (!consent_about(consent))
        return OK;
    struct consent_rule *c = ARENA_NEW(op->arena, struct consent_rule);
    TRY(op_check(op));
    c->permits = str_eq(type, STR("permit"));
    c->denies = (type.n && !c->permits) || (!type.n && opted_out(consent));
    c->unclear = !has_code(json_path(consent, "scope.coding"), SCOPE_SYSTEM, "patient-privacy") ||
                 JSON_GET(consent, "modifierExtension");
    TRY(provision(&r, p, 1, c));
    *ret = c;
    return OK;
}
