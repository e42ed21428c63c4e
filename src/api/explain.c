/* Why was this allowed, refused or hidden? One line of the trail as a plain sentence; for the
 * privacy office with its trace: rule, citation, facts, the version of the rulebook then in force.
 * Shows nothing of the record, and to a patient no more than their own line of the trail says. */
#include "api/evidence_int.h"
#include "api/oauth_api_int.h"
#include "api/op_int.h"
#include "base/time.h"
#include "rules/rules.h"

struct line {
    const struct json *event;
    str role, who, kind, subtype, purpose, recorded, rule, detail;
    bool done;
};

static str extension(const struct json *event, const char *url)
{
    const struct json *all = JSON_GET(event, "extension"), *e;
    for (size_t i = 0; (e = json_at(all, i)); i++)
        if (str_eq(json_get_str(e, STR("url")), str_of(url)))
            return json_get_str(e, STR("valueString"));
    return STR_NONE;
}

static str first_code(const struct json *v)
{
    return json_get_str(json_at(v, 0), STR("code"));
}

/* The type of what was looked at: of the resource, or of the search. */
static str kind_of(const struct json *event)
{
    const struct json *all = JSON_GET(event, "entity"), *e;
    str kind = STR_NONE;
    for (size_t i = 0; (e = json_at(all, i)); i++) {
        struct fhir_ref r = fhir_ref_parse(json_get_str(JSON_GET(e, "what"), STR("reference")));
        if (r.type && (!kind.n || i))
            kind = fhir_type_name(r.type);
        if (json_get_str(e, STR("description")).n)
            kind = json_get_str(e, STR("description"));
    }
    return kind;
}

static struct line line_of(const struct json *event)
{
    const struct json *agent = json_at(JSON_GET(event, "agent"), 0);
    const struct json *role = json_at(JSON_GET(agent, "role"), 0);
    const struct json *purpose = json_at(JSON_GET(event, "purposeOfEvent"), 0);
    str user = json_get_str(agent, STR("altId"));
    return (struct line){
        .event = event,
        .role = first_code(JSON_GET(role, "coding")),
        .who = user.n ? user : json_get_str(JSON_GET(agent, "who"), STR("reference")),
        .kind = kind_of(event),
        .subtype = first_code(JSON_GET(event, "subtype")),
        .purpose = first_code(JSON_GET(purpose, "coding")),
        .recorded = json_get_str(event, STR("recorded")),
        .rule = extension(event, "urn:weft:rule"),
        .detail = extension(event, "urn:weft:detail"),
        .done = str_eq(json_get_str(event, STR("outcome")), STR("0")),
    };
}

static enum action action_of(str subtype)
{
    enum action a = ACTION_READ;
    if (str_eq(subtype, STR("search-type")))
        return ACTION_SEARCH;
    if (str_starts(subtype, STR("history")))
        return ACTION_HISTORY;
    (void)action_parse(subtype, &a);
    return a;
}

/* The row of the role table that speaks of such an act; what the record adds (Consents, labels) is
 * in the rule of the line. */
static struct access_verdict row_of(const struct line *l)
{
    struct actor who = {.patient = 1};
    struct access_request q = {.type = policy_type_parse(l->kind),
                               .action = action_of(l->subtype),
                               .patient = 1,
                               .is_own = true,
                               .assigned = true,
                               .consented = true};
    struct access_verdict v;
    (void)role_parse(l->role, &who.role);
    (void)purpose_parse(l->purpose, &who.purpose);
    policy_access(&who, &q, &v);
    return v;
}

static str because(struct arena *a, const struct line *l, const struct access_verdict *v)
{
    if (l->done)
        return v->allowed ? arena_printf(a, "the role %.*s may do this for %.*s", STR_ARG(l->role),
                                         STR_ARG(l->purpose))
                          : STR("the house itself does it");
    if (str_starts(l->rule, STR("CONSENT")))
        return STR("the patient's own permission, or the lack of it, keeps it from them");
    if (!v->allowed && v->why.n)
        return v->why;
    return STR("a rule of the house keeps it from them");
}

static str sentence(struct arena *a, const struct line *l, str reason)
{
    return arena_printf(a, "%.*s (%.*s) %s %.*s%s%.*s, because %.*s%s", STR_ARG(l->who),
                        STR_ARG(l->role), l->done ? "was allowed" : "was refused",
                        STR_ARG(l->subtype), l->kind.n ? " of " : "", STR_ARG(l->kind),
                        STR_ARG(reason), str_ends(reason, STR(".")) ? "" : ".");
}

/* A code by its row "<of> <code>" of the words; itself where there is none. */
static str word_of(struct op *op, enum language lang, const char *of, str code)
{
    str key = arena_printf(op->arena, "%s %.*s", of, STR_ARG(code));
    str said = language_say(op, lang, key);
    return str_eq(said, key) ? code : said;
}

/* The English names codes; other languages say them. The reason of a rule is its title in English,
 * its sentence elsewhere: only that is translated. */
static str explained(struct op *op, enum language lang, const struct line *l,
                     const struct access_verdict *v)
{
    const struct rule *rule = policy_rule_find(l->rule);
    struct line in = *l;
    if (lang == LANGUAGE_EN)
        return sentence(op->arena, l, rule ? str_of(rule->title) : because(op->arena, l, v));
    in.role = word_of(op, lang, "role", l->role);
    in.subtype = word_of(op, lang, "act", l->subtype);
    in.purpose = word_of(op, lang, "purpose", l->purpose);
    if (l->kind.n)
        in.kind = oauth_type_word(lang, policy_type_parse(l->kind));
    str reason = rule ? str_of(rule->why) : because(op->arena, &in, v);
    return language_say(op, lang, sentence(op->arena, &in, language_say(op, lang, reason)));
}

/* Whether that was a look; the other acts made or changed something. */
static bool is_look(const struct line *l)
{
    enum action a = action_of(l->subtype);
    return a == ACTION_READ || a == ACTION_SEARCH || a == ACTION_HISTORY;
}

/* For the patient: who and why, in plain words, no rule and no account. A device is nobody who
 * works here, nor is the service. */
static str plain(struct op *op, enum language lang, const struct line *l)
{
    bool treats = str_eq(l->purpose, STR("TREAT")) || str_eq(l->purpose, STR("ETREAT"));
    const char *why = treats                              ? "to care for you"
                      : str_eq(l->purpose, STR("BTG"))    ? "in an emergency"
                      : str_eq(l->purpose, STR("PATRQT")) ? "because you asked"
                      : str_eq(l->purpose, STR("HPAYMT")) ? "for your bills"
                                                          : "to run the service";
    str text;
    if (!l->done)
        text = STR("Somebody who works here tried to look and was stopped. They saw nothing.");
    else if (str_eq(l->role, STR("device")))
        text = STR("A device sent this to care for you. It may add to your record.");
    else if (str_eq(l->role, STR("system")))
        text = STR("A system did this by set rules. It is no person.");
    else
        text = arena_printf(op->arena, "Somebody who works here %s %s. Their work allows this.",
                            is_look(l) ? "looked" : "did this", why);
    return language_say(op, lang, text);
}

static err trace(struct op *op, const struct explaining *in, const struct line *l, struct json *o)
{
    struct access_verdict v = row_of(l);
    struct arena *a = op->arena;
    struct json *facts = json_new(a, JSON_OBJECT), *detail;
    const struct rule *rule = policy_rule_find(l->rule);
    json_set_str(a, o, STR("sentence"), explained(op, (enum language)in->language, l, &v));
    struct fault before = op->fault;
    struct time_span t;
    uint32_t version = 0;
    json_set_str(a, facts, STR("role"), l->role);
    json_set_str(a, facts, STR("purpose"), l->purpose);
    json_set_str(a, facts, STR("action"), l->subtype);
    json_set_str(a, facts, STR("type"), l->kind);
    json_set(a, o, STR("facts"), facts);
    json_set_str(a, o, STR("rule"), l->rule.n ? l->rule : v.rule);
    json_set_str(a, o, STR("citation"), rule ? str_of(rule->citation) : v.citation);
    if (in->rules && time_parse(l->recorded, &t))
        TRY(rules_version_at(op, in->rules, t.lo, &version));
    json_set(a, o, STR("rulebookVersion"), json_new_i64(a, version));
    if (l->detail.n && json_read(op, l->detail, &JSON_LIMITS_DEFAULT, &detail) == OK)
        json_set(a, o, STR("trace"), detail);
    op->fault = before;
    return op_check(op);
}

err explain_entry(struct op *op, const struct explaining *in, str id, struct json **ret)
{
    struct record_doc doc;
    struct json *event, *o = json_new(op->arena, JSON_OBJECT);
    TRY(record_read(op, in->rec, fhir_type_parse(STR("AuditEvent")), id, &doc));
    TRY(record_parse(op, &doc, &event));
    struct line l = line_of(event);
    bool office = op->actor->role == ROLE_PRIVACY || op->actor->role == ROLE_SYSTEM;
    json_set_str(op->arena, o, STR("entry"), id);
    json_set(op->arena, o, STR("allowed"), json_new_bool(op->arena, l.done));
    if (office)
        TRY(trace(op, in, &l, o));
    else
        json_set_str(op->arena, o, STR("sentence"), plain(op, (enum language)in->language, &l));
    *ret = o;
    return op_check(op);
}

err api_audit_explain(struct call *c)
{
    struct explaining in = {c->api->rec, c->api->rules, (int)language_wanted(c)};
    struct json *o;
    TRY(explain_entry(&c->op, &in, c->id, &o));
    return answer_json(c, 200, o);
}
