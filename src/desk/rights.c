/* Requests of patients: their clocks and how one comes in. Invariant: the clock is that of the rule
 * in force where the patient lives; where that is unknown, of the rule that ends first. */
#include "desk/rights_int.h"
#include "rights_gen.h"

#define DAY_MS INT64_C(86400000)
#define OPEN_MAX 20u
#define TO_MAX 200u

static const struct right_row rows[] = {RIGHT_ROWS};
#define ROWS (sizeof rows / sizeof *rows)
static const struct {
    const char *country, *alpha3, *jurisdiction;
} places[] = {RIGHT_PLACES};

const struct actor *desk_house(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = {"weft-desk", 9}};
    return &actor;
}

str right_rule(const struct right_row *row)
{
    return str_of(*row->rule ? row->rule : row->citation);
}

/* ---- clocks ---- */

static err length_of(struct op *op, struct record *rec, const struct right_row *row,
                     struct right_clock *ret)
{
    int64_t base = row->days, extended = row->days + row->more;
    const struct rule *rule = *row->rule ? policy_rule_find(str_of(row->rule)) : NULL;
    struct json *params;
    if (rule) {
        TRY(json_read(op, rulebook_params(record_rulebook(rec), rule), &JSON_LIMITS_DEFAULT,
                      &params));
        if (!json_i64(JSON_GET(params, "base"), &base) ||
            !json_i64(JSON_GET(params, "extended"), &extended))
            return fail(op, ERR_FAULT, "%s has no clock.", row->rule);
    }
    *ret = (struct right_clock){row, base * DAY_MS, extended * DAY_MS};
    return OK;
}

/* Of the first address with a country; empty when it is not one of the table. */
str right_place(const struct json *patient)
{
    const struct json *all = JSON_GET(patient, "address"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        str country = json_get_str(one, STR("country"));
        for (size_t k = 0; country.n && k < sizeof places / sizeof *places; k++)
            if (str_eq_nocase(country, str_of(places[k].country)) ||
                str_eq_nocase(country, str_of(places[k].alpha3)))
                return str_of(places[k].jurisdiction);
    }
    return STR_NONE;
}

static err shortest(struct op *op, struct record *rec, str kind, str where, struct right_clock *ret)
{
    struct right_clock best = {.row = NULL}, one = best;
    for (size_t i = 0; i < ROWS; i++) {
        if (!str_eq(kind, str_of(rows[i].kind)) ||
            (where.n && !str_eq(where, str_of(rows[i].jurisdiction))))
            continue;
        TRY(length_of(op, rec, &rows[i], &one));
        if (!best.row || one.base < best.base)
            best = one;
    }
    if (!best.row)
        return fail_at(op, ERR_UNPROCESSABLE, STR("request"),
                       "There is no such request; ask for access, amendment, restriction, "
                       "confidential-communications, accounting, portability or erasure.");
    *ret = best;
    return OK;
}

err right_clock(struct op *op, struct record *rec, str kind, const struct json *patient,
                struct right_clock *ret)
{
    return shortest(op, rec, kind, right_place(patient), ret);
}

err right_clock_of(struct op *op, struct record *rec, const struct json *task,
                   struct right_clock *ret)
{
    str where = json_get_str(right_input(task, STR("jurisdiction")), STR("valueCode"));
    return shortest(op, rec, rights_kind(task), where, ret);
}

/* ---- the Task ---- */

str rights_kind(const struct json *task)
{
    const struct json *codings = json_path(task, "code.coding"), *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++) {
        str code = json_get_str(c, STR("code"));
        if (str_eq(json_get_str(c, STR("system")), STR(DESK_SYSTEM_CODE)) &&
            str_starts(code, STR("right-")))
            return str_sub(code, 6, SIZE_MAX);
    }
    return STR_NONE;
}

const struct json *right_input(const struct json *task, str name)
{
    const struct json *all = JSON_GET(task, "input"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(JSON_GET(one, "type"), STR("text")), name))
            return one;
    return NULL;
}

void right_add(struct op *op, struct json *task, const char *list, str name, str member, str value)
{
    struct arena *a = op->arena;
    struct json *type = json_new(a, JSON_OBJECT), *one = json_new(a, JSON_OBJECT);
    if (!value.n)
        return;
    if (!json_get(task, str_of(list)))
        json_set(a, task, str_of(list), json_new(a, JSON_ARRAY));
    json_set_str(a, type, STR("text"), name);
    json_set(a, one, STR("type"), type);
    if (str_eq(member, STR("valueReference")))
        json_set(a, one, member, desk_reference(op, value, STR_NONE));
    else
        json_set_str(a, one, member, value);
    json_push(a, json_get(task, str_of(list)), one);
}

err right_create(struct record_tx *tx, struct op *op, str json, str *ret_id)
{
    struct json *tree;
    const struct actor *person = op->actor;
    TRY(json_read(op, json, &JSON_LIMITS_DEFAULT, &tree));
    op->actor = desk_house();
    err e = record_tx_create(tx, tree, ret_id);
    op->actor = person;
    return e;
}

static void add_inputs(struct op *op, struct json *task, const struct right_request *r,
                       const struct right_clock *clock)
{
    right_add(op, task, "input", STR("jurisdiction"), STR("valueCode"),
              str_of(clock->row->jurisdiction));
    right_add(op, task, "input", STR("words"), STR("valueString"), r->text);
    for (size_t i = 0; i < r->n_about; i++)
        right_add(op, task, "input", STR("about"), STR("valueReference"), r->about[i]);
    for (size_t i = 0; i < r->n_types; i++)
        right_add(op, task, "input", STR("type"), STR("valueCode"), r->types[i]);
    right_add(op, task, "input", STR("from"), STR("valueReference"), r->from);
    right_add(op, task, "input", STR("to"), STR("valueString"), r->to);
}

static str asker(const struct op *op, str patient_ref)
{
    return op->actor->role == ROLE_PATIENT ? patient_ref : op->actor->reference;
}

static err task_of(struct op *op, const struct right_request *r, const struct json *patient,
                   const struct right_clock *clock, struct json **ret)
{
    struct arena *a = op->arena;
    struct buf b;
    str ref = arena_cat(a, STR("Patient/"), r->patient), who = asker(op, ref);
    str now = time_format(a, op->now);
    buf_init(&b, a, 64u << 10);
    buf_printf(
        &b,
        "{\"resourceType\":\"Task\",\"meta\":{\"security\":[{\"system\":\"%s\",\"code\":\"%s\"}]"
        "},\"groupIdentifier\":{\"system\":\"%s\",\"value\":\"right-%.*s\"},\"status\":"
        "\"requested\",\"intent\":\"order\",\"priority\":\"urgent\",\"code\":{\"coding\":[{"
        "\"system\":\"%s\",\"code\":\"case\"},{\"system\":\"%s\",\"code\":\"right-%.*s\"}]},"
        "\"focus\":{\"reference\":\"%.*s\"},\"authoredOn\":\"%.*s\",\"lastModified\":\"%.*s\","
        "\"restriction\":{\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}}}",
        DESK_SYSTEM_LABEL, DESK_LABEL_PRIVACY, DESK_SYSTEM_PROGRAMME, STR_ARG(r->kind),
        DESK_SYSTEM_CODE, DESK_SYSTEM_CODE, STR_ARG(r->kind), STR_ARG(ref), STR_ARG(now),
        STR_ARG(now), STR_ARG(now), STR_ARG(time_format(a, op->now + clock->base)));
    TRY(json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, ret));
    struct json *reason = json_new(a, JSON_OBJECT), *task = *ret;
    json_set_str(a, reason, STR("text"), right_rule(clock->row));
    json_set(a, task, STR("reasonCode"), reason);
    json_set(a, task, STR("for"), desk_reference(op, ref, fhir_name_shown(op, patient)));
    if (who.n)
        json_set(a, task, STR("requester"), desk_reference(op, who, STR_NONE));
    json_set_str(a, task, STR("description"),
                 r->text.n ? arena_printf(a, "The patient asks for %.*s: %.*s", STR_ARG(r->kind),
                                          STR_ARG(str_sub(r->text, 0, 500)))
                           : arena_printf(a, "The patient asks for %.*s.", STR_ARG(r->kind)));
    add_inputs(op, task, r, clock);
    return op_check(op);
}

/* ---- asking ---- */

/* A parent or guardian with the whole record stands for the patient (45 CFR 164.502(g)(3)). */
static bool stands_for(struct op *op, struct record *rec, str patient)
{
    struct record_page page;
    struct json *c;
    struct fault before = op->fault;
    bool stands = false;
    err e = record_find(op, rec, fhir_type_parse(STR("Consent")),
                        arena_printf(op->arena,
                                     "patient=Patient/%.*s&actor=%.*s&status=active&_count=50",
                                     STR_ARG(patient), STR_ARG(op->actor->reference)),
                        &page);
    for (size_t i = 0; e == OK && !stands && i < page.n_match; i++) {
        struct time_span from = {0}, end = {0};
        bool whole = false;
        e = record_parse(op, &page.docs[i], &c);
        if (e != OK)
            break;
        const struct json *p = JSON_GET(c, "provision"), *classes = JSON_GET(p, "class"), *one;
        for (size_t k = 0; (one = json_at(classes, k)); k++)
            whole |= str_eq(json_get_str(one, STR("code")), STR("DocumentReference"));
        stands = whole &&
                 str_eq(json_str(json_path(p, "actor.0.role.coding.0.code")), STR("PRN")) &&
                 time_parse(json_str(json_path(p, "period.start")), &from) &&
                 time_parse(json_str(json_path(p, "period.end")), &end) && from.lo <= op->now &&
                 op->now < end.lo;
    }
    op->fault = before;
    return stands;
}

/* A helper asks for somebody whose Consent shares Tasks with them. */
static err may_ask(struct op *op, struct record *rec, str patient, struct json **ret)
{
    struct record_doc doc;
    struct record_page page;
    TRY(record_read(op, rec, fhir_type_parse(STR("Patient")), patient, &doc));
    TRY(record_parse(op, &doc, ret));
    enum role role = op->actor ? op->actor->role : ROLE_NONE;
    bool staff = role == ROLE_NURSE || role == ROLE_AGENT || role == ROLE_PRIVACY;
    if (op->actor && op->actor->scopes)
        return fail(op, ERR_FORBIDDEN, "An app cannot ask for this; sign in and ask yourself.");
    if (role == ROLE_HELPER && stands_for(op, rec, patient))
        return OK;
    if (role == ROLE_HELPER)
        return record_find(op, rec, fhir_type_parse(STR("Task")), STR("_count=0"), &page);
    if (role != ROLE_PATIENT && !staff && role != ROLE_SYSTEM)
        return fail(op, ERR_FORBIDDEN, "The patient, a helper or the care team asks for this.");
    return OK;
}

static err room_left(struct op *op, struct record *rec, str patient)
{
    struct record_page page;
    const struct actor *person = op->actor;
    size_t n = 0;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&code=" DESK_SYSTEM_CODE
                             "|case&status=requested,in-progress,on-hold&_count=200",
                             STR_ARG(patient));
    op->actor = desk_house();
    err e = record_find(op, rec, fhir_type_parse(STR("Task")), query, &page);
    for (size_t i = 0; e == OK && i < page.n_match; i++) {
        struct json *task;
        e = record_parse(op, &page.docs[i], &task);
        n += e == OK && rights_kind(task).n;
    }
    op->actor = person;
    TRY(e);
    return n < OPEN_MAX
               ? OK
               : fail(op, ERR_CONFLICT, "%u requests are open; we answer those first.", OPEN_MAX);
}

static err whole(struct op *op, const struct right_request *r)
{
    bool amend = str_eq(r->kind, STR("amendment"));
    bool reach = str_eq(r->kind, STR("confidential-communications"));
    if (r->text.n > RIGHT_TEXT_MAX || r->n_about > RIGHT_ABOUT_MAX || r->n_types > RIGHT_ABOUT_MAX)
        return fail(op, ERR_TOO_LARGE, "A request has at most %u letters and %u entries.",
                    RIGHT_TEXT_MAX, RIGHT_ABOUT_MAX);
    if (amend && (r->n_about != 1 || !r->text.n))
        return fail_at(op, ERR_UNPROCESSABLE, STR("about"),
                       "Say which entry is wrong, and what it should say.");
    if (r->to.n > TO_MAX || (reach && !r->to.n))
        return fail_at(op, ERR_UNPROCESSABLE, STR("to"),
                       "Say, in at most 200 characters, the phone number or e-mail address that we "
                       "shall use.");
    if (str_eq(r->kind, STR("restriction")) && !r->n_about && !r->n_types)
        return fail_at(op, ERR_UNPROCESSABLE, STR("types"), "Say what shall be hidden.");
    return OK;
}

/* What it is about has to be there, and visible to who asks. */
static err named(struct op *op, struct record *rec, const struct right_request *r)
{
    struct record_doc doc;
    for (size_t i = 0; i < r->n_about; i++) {
        struct fhir_ref ref = fhir_ref_parse(r->about[i]);
        uint64_t patient;
        if (ref.kind != REF_LOCAL)
            return fail_at(op, ERR_UNPROCESSABLE, STR("about"), "Name entries of the record.");
        TRY(record_resolve(op, rec, fhir_type_parse(STR("Patient")), r->patient, &patient));
        TRY(record_read(op, rec, ref.type, ref.id, &doc));
        if (doc.patient != patient)
            return fail_at(op, ERR_UNPROCESSABLE, STR("about"),
                           "That is not of this patient's record.");
    }
    for (size_t i = 0; i < r->n_types; i++)
        if (!fhir_type_parse(r->types[i]))
            return fail_at(op, ERR_UNPROCESSABLE, STR("types"), "There is no such kind of entry.");
    return OK;
}

/* Of whom a Consent can speak, and there; somebody else's next of kin are not to be found out. */
static err from_whom(struct op *op, struct record *rec, const struct right_request *r)
{
    static const char *const staff[] = {"Practitioner", "PractitionerRole", "CareTeam",
                                        "Organization"};
    struct fhir_ref ref = fhir_ref_parse(r->from);
    struct record_doc doc;
    uint64_t rid, patient;
    bool there = false, local = ref.kind == REF_LOCAL && !ref.version.n;
    for (size_t i = 0; local && i < sizeof staff / sizeof *staff; i++)
        there |= str_eq(fhir_type_name(ref.type), str_of(staff[i])) &&
                 record_resolve(op, rec, ref.type, ref.id, &rid) == OK;
    if (local && str_eq(fhir_type_name(ref.type), STR("RelatedPerson")))
        there =
            record_resolve(op, rec, fhir_type_parse(STR("Patient")), r->patient, &patient) == OK &&
            record_read(op, rec, ref.type, ref.id, &doc) == OK && doc.patient == patient;
    if (there || !r->from.n)
        return OK;
    op_clear(op);
    return fail_at(op, ERR_UNPROCESSABLE, STR("from"),
                   "Name somebody of ours: Practitioner/…, CareTeam/…, Organization/… .");
}

static struct json *detail_of(struct op *op, const struct right_clock *clock, str kind)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("request"), kind);
    json_set_str(op->arena, o, STR("rule"), right_rule(clock->row));
    json_set_str(op->arena, o, STR("due"), time_format(op->arena, op->now + clock->base));
    return o;
}

err rights_open(struct op *op, struct record *rec, const struct right_request *r,
                struct record_result *ret)
{
    struct json *patient, *task;
    struct right_clock clock;
    str id;
    fhir_type type = fhir_type_parse(STR("Task"));
    TRY(may_ask(op, rec, r->patient, &patient));
    TRY(right_clock(op, rec, r->kind, patient, &clock));
    TRY(whole(op, r));
    TRY(named(op, rec, r));
    TRY(from_whom(op, rec, r));
    TRY(room_left(op, rec, r->patient));
    TRY(task_of(op, r, patient, &clock, &task));
    struct right_notice n = {.step = RIGHT_RECEIVED,
                             .patient = r->patient,
                             .kind = r->kind,
                             .due = op->now + clock.base};
    const struct actor *person = op->actor;
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    op->actor = desk_house();
    err e = record_tx_create(tx, task, &id);
    op->actor = person;
    TRY(e);
    TRY(right_tell(tx, op, rec, &n));
    record_tx_trail(tx, STR("right-asked"), type, id, detail_of(op, &clock, r->kind));
    TRY(record_commit(tx));
    op->actor = desk_house(); /* staff who ask for a patient need not see cases of the office */
    e = record_read(op, rec, type, id, &ret->doc);
    op->actor = person;
    ret->type = type;
    ret->id = id;
    ret->vid = ret->doc.vid;
    ret->updated = ret->doc.updated;
    return e;
}
