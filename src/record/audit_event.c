/* AuditEvent resources (https://hl7.org/fhir/R4/auditevent.html) made from lines of the trail when
 * somebody asks. Nothing is stored; the id is the line's number. Invariant: an actor bound to a
 * patient sees only lines about that patient, and in them no other patient. */
#include "record/record_int.h"

struct kind {
    const char *action, *subtype;
};

static const struct kind kinds[ACTION_COUNT] = {
    [ACTION_READ] = {"R", "read"},
    [ACTION_SEARCH] = {"E", "search-type"},
    [ACTION_HISTORY] = {"R", "history-instance"},
    [ACTION_CREATE] = {"C", "create"},
    [ACTION_UPDATE] = {"U", "update"},
    [ACTION_DELETE] = {"D", "delete"},
    [ACTION_EXPORT] = {"R", "export"},
    [ACTION_IMPORT] = {"C", "transaction"},
    [ACTION_AUDIT] = {"E", "audit"},
    [ACTION_MANAGE] = {"E", "manage"},
};

str audit_action_code(uint8_t action)
{
    return action < ACTION_COUNT ? str_of(kinds[action].action) : STR_NONE;
}

str audit_subtype_code(const struct audit_line *l)
{
    if (!str_empty(l->code))
        return l->code;
    return l->action < ACTION_COUNT ? str_of(kinds[l->action].subtype) : STR_NONE;
}

static void string(struct buf *b, const char *before, str s)
{
    buf_add(b, str_of(before));
    buf_json_string(b, s);
}

static void coding(struct buf *b, const char *system, str code)
{
    string(b, "{\"system\":", str_of(system));
    string(b, ",\"code\":", code);
    buf_char(b, '}');
}

static void reference_to(struct op *op, struct record *rec, struct buf *b, fhir_type type,
                         uint64_t rid)
{
    struct store_doc d = {0};
    struct fault before = op->fault;
    if (peek_named(op, rec, rid, &d) != OK)
        op->fault = before;
    str id = doc_id(op, rec, rid, d.client_id);
    string(b, "{\"reference\":",
           arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(type)), STR_ARG(id)));
    buf_char(b, '}');
}

static void entity(struct buf *b, const char *type, const char *role)
{
    buf_add(b, STR(",\"type\":"));
    coding(b, "http://terminology.hl7.org/CodeSystem/audit-entity-type", str_of(type));
    buf_add(b, STR(",\"role\":"));
    coding(b, "http://terminology.hl7.org/CodeSystem/object-role", str_of(role));
}

static void detail(struct buf *b, const char *name, str value)
{
    string(b, ",\"detail\":[{\"type\":", str_of(name));
    string(b, ",\"valueString\":", value);
    buf_add(b, STR("}]"));
}

/* Persons first, then the resource or the search. */
static void entities(struct op *op, struct record *rec, struct buf *b, const struct audit_line *l)
{
    const char *sep = ",\"entity\":[{\"what\":";
    bool any = false;
    for (size_t i = 0; i < l->n_patients; i++, any = true) {
        buf_add(b, str_of(any ? ",{\"what\":" : sep));
        reference_to(op, rec, b, rec->t_patient, l->patients[i]);
        entity(b, "1", "1");
        buf_char(b, '}');
    }
    if (l->rid && !(l->n_patients && l->patients[0] == l->rid)) {
        buf_add(b, str_of(any ? ",{\"what\":" : sep));
        reference_to(op, rec, b, l->type, l->rid);
        entity(b, "2", "4");
        if (l->vid)
            detail(b, "version", arena_printf(op->arena, "%u", l->vid));
        buf_char(b, '}');
        any = true;
    }
    if (l->action == ACTION_SEARCH) {
        string(b, any ? ",{\"description\":" : ",\"entity\":[{\"description\":",
               l->type ? fhir_type_name(l->type) : STR("system"));
        entity(b, "2", "24");
        detail(b, "parameters", str_empty(l->detail) ? STR("none") : l->detail);
        buf_char(b, '}');
        any = true;
    }
    if (any)
        buf_char(b, ']');
}

static void agent(struct buf *b, const struct audit_line *l)
{
    buf_add(b, STR(",\"agent\":[{\"role\":[{\"coding\":["));
    coding(b, "urn:weft:role", role_name((enum role)l->role));
    if (str_empty(l->reference))
        string(b, "]}],\"who\":{\"display\":", str_empty(l->user) ? STR("nobody") : l->user);
    else
        string(b, "]}],\"who\":{\"reference\":", l->reference);
    buf_char(b, '}');
    if (!str_empty(l->user))
        string(b, ",\"altId\":", l->user);
    buf_add(b, STR(",\"requestor\":true}]"));
}

/* Why a result is held back from somebody may be what would harm them: 45 CFR 171.201. */
static bool kept_back(const struct op *op, const struct audit_line *l)
{
    return str_eq(l->code, STR("result-withheld")) && op->actor &&
           (op->actor->role == ROLE_PATIENT || op->actor->role == ROLE_HELPER);
}

static void extensions(struct op *op, struct buf *b, const struct audit_line *l)
{
    bool rule = !str_empty(l->rule);
    bool more = !str_empty(l->detail) && !str_empty(l->code) && !kept_back(op, l);
    if (!rule && !more)
        return;
    buf_add(b, STR(",\"extension\":["));
    if (rule) {
        string(b, "{\"url\":\"urn:weft:rule\",\"valueString\":", l->rule);
        buf_add(b, more ? STR("},") : STR("}"));
    }
    if (more) {
        string(b, "{\"url\":\"urn:weft:detail\",\"valueString\":", l->detail);
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

static void body(struct op *op, struct record *rec, struct buf *b, int64_t time,
                 const struct audit_line *l)
{
    buf_char(b, '}');
    extensions(op, b, l);
    buf_add(b, STR(",\"type\":"));
    coding(b, "http://terminology.hl7.org/CodeSystem/audit-event-type", STR("rest"));
    buf_add(b, STR(",\"subtype\":["));
    coding(b, str_empty(l->code) ? "http://hl7.org/fhir/restful-interaction" : "urn:weft:event",
           audit_subtype_code(l));
    string(b, "],\"action\":", audit_action_code(l->action));
    string(b, ",\"recorded\":", time_format(op->arena, time));
    string(b, ",\"outcome\":", l->outcome == OK ? STR("0") : STR("4"));
    if (l->outcome != OK)
        string(b, ",\"outcomeDesc\":", str_of(err_row((err)l->outcome)->issue_code));
    if (l->purpose != PURPOSE_NONE) {
        buf_add(b, STR(",\"purposeOfEvent\":[{\"coding\":["));
        coding(b, "http://terminology.hl7.org/CodeSystem/v3-ActReason",
               purpose_name((enum purpose)l->purpose));
        buf_add(b, STR("]}]"));
    }
    agent(b, l);
    buf_add(b, STR(",\"source\":{\"observer\":{\"display\":\"Weft\"}}"));
    entities(op, rec, b, l);
    buf_char(b, '}');
}

err audit_event_doc(struct op *op, struct record *rec, uint64_t seq, int64_t time,
                    const struct audit_line *line, struct record_doc *ret)
{
    struct buf head, b;
    *ret = (struct record_doc){.type = rec->t_audit,
                               .id = arena_printf(op->arena, "%llu", (unsigned long long)seq),
                               .vid = 1,
                               .updated = time,
                               .patient = line->n_patients == 1 ? line->patients[0] : 0};
    buf_init(&head, op->arena, 1024);
    fhir_head_write(&head, rec->t_audit, ret->id, 1, time);
    buf_init(&b, op->arena, 1u << 20);
    body(op, rec, &b, time, line);
    if (!buf_ok(&head) || !buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The line of the trail is too large to be shown.");
    ret->head = buf_str(&head);
    ret->body = buf_str(&b);
    return op_check(op);
}

bool audit_narrow(const struct op *op, struct audit_line *line)
{
    if (!access_bound(op))
        return true;
    for (size_t i = 0; i < line->n_patients; i++) {
        if (line->patients[i] != op->actor->patient)
            continue;
        bool alone = line->n_patients == 1;
        line->patients[0] = op->actor->patient;
        line->n_patients = 1;
        if (!alone) /* of several: what else was seen is not theirs to know */
            line->rid = 0;
        return true;
    }
    return false;
}

/* May the actor look at the trail at all; plan->q.comp narrows it. */
err audit_look(struct op *op, struct record *rec, struct plan *plan)
{
    struct clause_list unused = {0};
    *plan = (struct plan){0};
    return access_search(op, rec, ACTION_SEARCH, rec->t_audit, &unused, plan);
}

err audit_event_read(struct op *op, struct record *rec, str id, struct record_doc *ret)
{
    struct store_trail_entry e;
    struct audit_line line;
    struct plan plan;
    uint64_t seq;
    TRY(audit_look(op, rec, &plan));
    if (plan.empty || !str_to_u64(id, INT64_MAX, &seq))
        return fail_not_found(op);
    struct fault before = op->fault;
    err r = store_trail_read(op, rec->store, seq, &e);
    if (r == ERR_NOT_FOUND) {
        op->fault = before;
        return fail_not_found(op);
    }
    TRY(r);
    if (!audit_decode(e.entry, &line))
        return fail(op, ERR_FAULT, "The line of the trail cannot be read; run weft audit verify.");
    if (!audit_narrow(op, &line))
        return fail_not_found(op);
    struct audit a = {.action = ACTION_READ,
                      .type = rec->t_audit,
                      .id = id,
                      .patients = line.patients,
                      .n_patients = line.n_patients};
    TRY(audit_append(op, rec, &a));
    return audit_event_doc(op, rec, seq, e.time, &line, ret);
}
