/* The evidence pack: what an inspector or an auditor asks for first, out of the record itself: is
 * the trail whole, who has which rights and is trained for them, what was done with accounts, keys,
 * rules and exports, which clocks run. Names accounts, never patients. Invariant: everything in it
 * is read while it is made, under the right to verify the trail, and signed as it is written. */
#include "api/evidence_int.h"

#include "base/time.h"
#include "desk/incident.h"
#include "identity/training.h"
#include "policy/policy.h"
#include "record/bulk.h"
#include "record/search.h"

#define EVENTS_MAX 5000u
#define PACK_MAX ((size_t)64 << 20)
#define DAY_MS INT64_C(86400000)

struct gather {
    struct op *op; /* the system's, after whoever asked was allowed */
    struct record *rec;
    struct identity *id;
    struct arena *m;
    struct json *pack;
};

static void set_time(struct gather *g, struct json *o, str name, int64_t t)
{
    json_set_str(g->m, o, name, time_format(g->m, t));
}

static void set_number(struct gather *g, struct json *o, str name, uint64_t n)
{
    json_set(g->m, o, name, json_new_i64(g->m, (int64_t)n));
}

static err add_trail(struct gather *g)
{
    struct json *o = json_new(g->m, JSON_OBJECT), *head;
    struct record_audit_check check;
    struct record_key_state keys;
    str signed_head;
    TRY(record_audit_verify(g->op, g->rec, &check));
    TRY(record_audit_head(g->op, g->rec, &signed_head));
    TRY(json_read(g->op, signed_head, &JSON_LIMITS_DEFAULT, &head));
    json_set(g->m, o, STR("whole"), json_new_bool(g->m, check.bad_seq == 0));
    set_number(g, o, STR("entries"), check.entries);
    if (check.bad_seq)
        set_number(g, o, STR("brokenAt"), check.bad_seq);
    set_number(g, o, STR("signedHeads"), check.heads);
    json_set(g->m, o, STR("head"), head);
    json_set(g->m, g->pack, STR("trail"), o);
    record_key_state(g->rec, &keys);
    o = json_new(g->m, JSON_OBJECT);
    set_number(g, o, STR("generation"), keys.generation);
    set_number(g, o, STR("dataKeys"), keys.epoch);
    set_number(g, o, STR("patientsErased"), keys.erased);
    json_set(g->m, g->pack, STR("keys"), o);
    return OK;
}

static str state_of(const struct gather *g, const struct identity_account *a)
{
    return a->disabled                          ? STR("disabled")
           : a->pending                         ? STR("pending")
           : a->until && g->op->now >= a->until ? STR("ended")
                                                : STR("open");
}

static err add_accounts(struct gather *g)
{
    struct json *list = json_new(g->m, JSON_ARRAY);
    struct identity_account *all;
    size_t n;
    TRY(identity_account_list(g->op, g->id, &all, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(g->m, JSON_OBJECT);
        int64_t until = 0;
        if (all[i].role == ROLE_PATIENT || all[i].role == ROLE_HELPER)
            continue;
        TRY(identity_trained_until(g->op, g->id, &all[i], &until));
        json_set_str(g->m, o, STR("user"), all[i].user);
        json_set_str(g->m, o, STR("role"), role_name(all[i].role));
        json_set_str(g->m, o, STR("state"), state_of(g, &all[i]));
        json_set(g->m, o, STR("secondStep"), json_new_bool(g->m, all[i].totp.n > 0));
        if (all[i].until)
            set_time(g, o, STR("until"), all[i].until);
        json_set(g->m, o, STR("trained"), json_new_bool(g->m, until > g->op->now));
        if (until && until != INT64_MAX)
            set_time(g, o, STR("trainedUntil"), until);
        json_push(g->m, list, o);
    }
    json_set(g->m, g->pack, STR("accounts"), list);
    return op_check(g->op);
}

static err add_events(struct gather *g, int64_t from)
{
    struct json *list = json_new(g->m, JSON_ARRAY);
    struct record_event *e;
    bool more = false;
    size_t n;
    TRY(record_audit_events(g->op, g->rec, from, EVENTS_MAX, &e, &n, &more));
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(g->m, JSON_OBJECT);
        set_number(g, o, STR("entry"), e[i].seq);
        set_time(g, o, STR("time"), e[i].time);
        json_set_str(g->m, o, STR("what"), e[i].code);
        if (!str_eq(e[i].role, role_name(ROLE_PATIENT)) &&
            !str_eq(e[i].role, role_name(ROLE_HELPER)))
            json_set_str(g->m, o, STR("who"), e[i].who);
        json_set_str(g->m, o, STR("role"), e[i].role);
        json_set(g->m, o, STR("done"), json_new_bool(g->m, e[i].done));
        json_push(g->m, list, o);
    }
    json_set(g->m, g->pack, STR("events"), list);
    json_set(g->m, g->pack, STR("eventsComplete"), json_new_bool(g->m, !more));
    return op_check(g->op);
}

static void add_rules(struct gather *g, const struct json *changes)
{
    struct json *list = json_new(g->m, JSON_ARRAY);
    const struct rulebook *book = record_rulebook(g->rec);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        struct json *o = json_new(g->m, JSON_OBJECT);
        json_set_str(g->m, o, STR("id"), str_of(r->id));
        json_set_str(g->m, o, STR("title"), str_of(r->title));
        json_set_str(g->m, o, STR("citation"), str_of(r->citation));
        json_set_str(g->m, o, STR("effectiveFrom"), str_of(r->effective_from));
        json_set_str(g->m, o, STR("inForce"), rulebook_params(book, r));
        json_push(g->m, list, o);
    }
    json_set(g->m, g->pack, STR("rules"), list);
    if (changes)
        json_set(g->m, g->pack, STR("ruleChanges"), changes);
}

/* A Task with an end that is not done; whose it is stays out. */
static err add_clock(struct gather *g, struct json *list, const struct record_doc *doc)
{
    struct json *task, *o = json_new(g->m, JSON_OBJECT);
    struct time_span due;
    TRY(record_parse(g->op, doc, &task));
    str end = json_str(json_path(task, "restriction.period.end"));
    const struct json *coding = json_at(json_path(task, "code.coding"), 0);
    if (!end.n || !time_parse(end, &due))
        return OK;
    json_set_str(g->m, o, STR("task"), doc->id);
    json_set_str(g->m, o, STR("what"), json_get_str(coding, STR("code")));
    if (json_str(json_path(task, "reasonCode.text")).n)
        json_set_str(g->m, o, STR("rule"), json_str(json_path(task, "reasonCode.text")));
    json_set_str(g->m, o, STR("status"), json_get_str(task, STR("status")));
    json_set_str(g->m, o, STR("due"), end);
    json_set(g->m, o, STR("late"), json_new_bool(g->m, due.hi < g->op->now));
    json_push(g->m, list, o);
    return OK;
}

static err add_clocks(struct gather *g)
{
    struct json *list = json_new(g->m, JSON_ARRAY);
    struct record_page page;
    TRY(record_find(g->op, g->rec, fhir_type_parse(STR("Task")),
                    STR("status=requested,received,accepted,ready,in-progress,on-hold&_count=1000"),
                    &page));
    for (size_t i = 0; i < page.n_match; i++)
        TRY(add_clock(g, list, &page.docs[i]));
    json_set(g->m, g->pack, STR("openClocks"), list);
    json_set(g->m, g->pack, STR("openClocksComplete"), json_new_bool(g->m, !page.next.n));
    return op_check(g->op);
}

/* Which there are and how many people each reaches; whom stays out. */
static err add_incidents(struct gather *g)
{
    struct json *list = json_new(g->m, JSON_ARRAY), *o;
    struct record_page page;
    TRY(record_find(g->op, g->rec, fhir_type_parse(STR("Task")),
                    STR("code=https://weft.health/fhir/task-code|incident&_count=1000"), &page));
    for (size_t i = 0; i < page.n_match; i++) {
        TRY(incident_brief(g->op, &page.docs[i], &o));
        json_push(g->m, list, o);
    }
    json_set(g->m, g->pack, STR("incidents"), list);
    return op_check(g->op);
}

static err gather(struct gather *g, const struct json *rules)
{
    int64_t from = g->op->now - EVIDENCE_DAYS * DAY_MS;
    json_set_str(g->m, g->pack, STR("format"), STR(EVIDENCE_FORMAT));
    set_time(g, g->pack, STR("made"), g->op->now);
    set_time(g, g->pack, STR("from"), from);
    TRY(add_trail(g));
    TRY(add_accounts(g));
    TRY(add_events(g, from));
    add_rules(g, rules);
    TRY(add_incidents(g));
    return add_clocks(g);
}

static err sign(struct op *op, struct record *rec, const struct json *pack, str *ret)
{
    struct record_signature s;
    struct buf b, whole;
    buf_init(&b, op->arena, PACK_MAX);
    buf_init(&whole, op->arena, PACK_MAX + 1024);
    json_write(&b, pack);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The evidence is more than %zu MB.", PACK_MAX >> 20);
    TRY(record_sign(op, rec, STR(EVIDENCE_FORMAT), buf_str(&b), &s));
    buf_add(&whole, STR("{\"pack\":"));
    buf_add(&whole, buf_str(&b));
    buf_printf(&whole,
               ",\"signature\":{\"algorithm\":\"Ed25519\",\"key\":\"%s\",\"value\":\"%s\"}}", s.key,
               s.value);
    *ret = buf_str(&whole);
    return buf_ok(&whole) ? OK : op_check(op);
}

err evidence_make(struct op *op, struct record *rec, struct identity *id, const struct json *rules,
                  str *ret_json)
{
    str head;
    struct gather g = {.op = op, .rec = rec, .id = id, .m = op->arena};
    const struct actor *who = op->actor;
    TRY(record_audit_head(op, rec, &head)); /* may they? */
    TRY(record_audit_event(op, rec, STR("evidence-pack"), true, STR_NONE));
    TRY(record_audit_wait(op, rec)); /* it tells of itself */
    g.pack = json_new(g.m, JSON_OBJECT);
    op->actor = identity_system(); /* accounts and clocks are part of it, whoever may have it */
    err e = gather(&g, rules);
    if (e == OK)
        e = sign(op, rec, g.pack, ret_json);
    op->actor = who;
    return e;
}
