/* What a granted request makes happen, in the transaction that grants it: an amendment is kept with
 * the entry (Provenance, APPEND), a restriction becomes a Consent that policy enforces, another way
 * to be reached becomes the first of the Patient's and a Consent that binds outreach. Access,
 * portability and accounting give their file when the patient fetches it; an erasure is done by
 * record_erase() once approved. */
#include "desk/rights_int.h"

#define LOINC "http://loinc.org"
#define CONSENT_HEAD                                                                               \
    "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"      \
    "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"      \
    "\"patient\":{\"reference\":\"%.*s\"},\"dateTime\":\"%.*s\",\"identifier\":[{\"system\":"      \
    "\"https://weft.health/fhir/request\",\"value\":\"%.*s\"}],\"policyRule\":{\"text\":\"%s\"},"  \
    "\"category\":[{\"coding\":[{\"system\":\"%s\",\"code\":\"%s\"}]}]"

static str subject(const struct json *task)
{
    return json_get_str(JSON_GET(task, "for"), STR("reference"));
}

static str asked(const struct json *task, const char *name, const char *member)
{
    return json_get_str(right_input(task, str_of(name)), str_of(member));
}

err right_append(struct record_tx *tx, struct op *op, const struct json *task, const char *code,
                 str text)
{
    struct buf b;
    str id, who = subject(task);
    const struct json *about = JSON_GET(right_input(task, STR("about")), "valueReference");
    buf_init(&b, op->arena, 64u << 10);
    buf_add(&b, STR("{\"resourceType\":\"Provenance\",\"target\":[{\"reference\":"));
    buf_json_string(&b, json_get_str(about, STR("reference")));
    buf_printf(&b,
               "},{\"reference\":\"%.*s\"}],\"recorded\":\"%.*s\",\"activity\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-DataOperation\",\"code\":"
               "\"APPEND\"},{\"system\":\"https://weft.health/fhir/append\",\"code\":\"%s\"}]},"
               "\"agent\":[{\"who\":{\"reference\":\"%.*s\"}}],\"reason\":[{\"text\":",
               STR_ARG(who), STR_ARG(time_format(op->arena, op->now)), code, STR_ARG(who));
    buf_json_string(&b, text);
    buf_add(&b, STR("}]}"));
    return right_create(tx, op, buf_str(&b), &id);
}

static str head_of(struct op *op, const struct json *task, const char *law, const char *system,
                   const char *code)
{
    str who = subject(task);
    str self = json_get_str(task, STR("id"));
    return arena_printf(op->arena, CONSENT_HEAD, STR_ARG(who),
                        STR_ARG(time_format(op->arena, op->now)), STR_ARG(self), law, system, code);
}

static void each_input(struct buf *b, const struct json *task, const char *name, const char *before,
                       const char *after)
{
    const struct json *all = JSON_GET(task, "input"), *one;
    bool any = false;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        if (!str_eq(json_get_str(JSON_GET(one, "type"), STR("text")), str_of(name)))
            continue;
        str v = json_get_str(one, STR("valueCode"));
        if (!v.n)
            v = json_get_str(JSON_GET(one, "valueReference"), STR("reference"));
        buf_printf(b, "%s%s", any ? "," : "", before);
        buf_json_string(b, v);
        buf_add(b, str_of(after));
        any = true;
    }
}

static err restrict_it(struct record_tx *tx, struct op *op, const struct json *task)
{
    struct buf b;
    str id, from = json_get_str(JSON_GET(right_input(task, STR("from")), "valueReference"),
                                STR("reference"));
    buf_init(&b, op->arena, 64u << 10);
    buf_add(&b, head_of(op, task, "45 CFR 164.522(a); GDPR Art. 18", LOINC, "59284-0"));
    buf_add(&b, STR(",\"provision\":{\"type\":\"deny\""));
    if (right_input(task, STR("type"))) {
        buf_add(&b, STR(",\"class\":["));
        each_input(&b, task, "type",
                   "{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":", "}");
        buf_char(&b, ']');
    } else {
        buf_add(&b, STR(",\"data\":["));
        each_input(&b, task, "about",
                   "{\"meaning\":\"instance\",\"reference\":{\"reference\":", "}}");
        buf_char(&b, ']');
    }
    if (from.n) {
        buf_add(&b,
                STR(",\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
                    "CodeSystem/v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{"
                    "\"reference\":"));
        buf_json_string(&b, from);
        buf_add(&b, STR("}}]"));
    }
    buf_add(&b, STR("}}"));
    return right_create(tx, op, buf_str(&b), &id);
}

/* First of all; what was first before comes after it. */
static void put_first(struct op *op, struct json *patient, str system, str to)
{
    struct arena *a = op->arena;
    const struct json *had = JSON_GET(patient, "telecom"), *one;
    struct json *list = json_new(a, JSON_ARRAY), *first = json_new(a, JSON_OBJECT);
    for (size_t i = 0; (one = json_at(had, i)); i++)
        if (str_eq(json_get_str(one, STR("value")), to))
            first = json_dup(a, one);
    json_set_str(a, first, STR("system"), system);
    json_set_str(a, first, STR("value"), to);
    json_set(a, first, STR("rank"), json_new_i64(a, 1));
    json_push(a, list, first);
    for (size_t i = 0; (one = json_at(had, i)); i++) {
        int64_t rank;
        if (str_eq(json_get_str(one, STR("value")), to))
            continue;
        struct json *next = json_dup(a, one);
        if (json_i64(JSON_GET(next, "rank"), &rank))
            json_set(a, next, STR("rank"), json_new_i64(a, rank + 1));
        json_push(a, list, next);
    }
    json_set(a, patient, STR("telecom"), list);
}

static err reach_by(struct record_tx *tx, struct op *op, struct record *rec,
                    const struct json *task)
{
    struct record_doc doc;
    struct json *patient;
    struct buf b;
    str id, to = asked(task, "to", "valueString");
    str system = str_find_char(to, '@', 0) == SIZE_MAX ? STR("phone") : STR("email");
    const struct actor *person = op->actor;
    op->actor = desk_house();
    err e = record_read(op, rec, fhir_type_parse(STR("Patient")), fhir_ref_parse(subject(task)).id,
                        &doc);
    if (e == OK)
        e = record_parse(op, &doc, &patient);
    if (e == OK) {
        put_first(op, patient, system, to);
        e = record_tx_update(tx, doc.type, doc.id, patient, doc.vid);
    }
    op->actor = person;
    TRY(e);
    buf_init(&b, op->arena, 64u << 10);
    buf_add(&b, head_of(op, task, "45 CFR 164.522(b)", DESK_CONSENT_CATEGORY,
                        "confidential-communication"));
    buf_printf(&b,
               ",\"extension\":[{\"url\":\"%s\",\"valueContactPoint\":{\"system\":\"%.*s\","
               "\"value\":",
               DESK_CONTACT_POINT, STR_ARG(system));
    buf_json_string(&b, to);
    buf_add(&b, STR("}}]}"));
    return right_create(tx, op, buf_str(&b), &id);
}

/* The approval that record_erase() looks for. */
static void approve_erasure(struct op *op, struct json *task)
{
    struct json *coding = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, coding, STR("system"), STR(DESK_SYSTEM_CODE));
    json_set_str(op->arena, coding, STR("code"), STR("erase-record"));
    json_push(op->arena, (struct json *)json_path(task, "code.coding"), coding);
}

static err held(struct op *op, struct record *rec, const struct json *task)
{
    struct record_page page;
    const struct actor *person = op->actor;
    op->actor = desk_house();
    err e =
        record_find(op, rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "patient=%.*s&code=" DESK_SYSTEM_CODE "|legal-hold&status:not="
                                 "completed,cancelled,rejected,failed,entered-in-error&_count=1",
                                 STR_ARG(subject(task))),
                    &page);
    op->actor = person;
    TRY(e);
    return page.n_match ? fail(op, ERR_CONFLICT,
                               "The record is under a legal hold; nothing of it may be erased.")
                        : OK;
}

err right_grant(struct record_tx *tx, struct op *op, struct record *rec, struct json *task)
{
    str kind = rights_kind(task);
    if (str_eq(kind, STR("amendment")))
        return right_append(tx, op, task, "amendment", asked(task, "words", "valueString"));
    if (str_eq(kind, STR("restriction")))
        return restrict_it(tx, op, task);
    if (str_eq(kind, STR("confidential-communications")))
        return reach_by(tx, op, rec, task);
    if (str_eq(kind, STR("erasure"))) {
        TRY(held(op, rec, task));
        approve_erasure(op, task);
    }
    return OK;
}
