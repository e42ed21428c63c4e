/* Who stands behind a step, what counts as having done something, and what the patient is told.
 * Invariant: a patient is told once a closed time, whatever number of cases it has. */
#include "desk/chain_int.h"

#include "base/time.h"

#define KIND "nobody-watching"

static bool covers(const struct json *period, int64_t now)
{
    struct time_span t;
    str start = json_get_str(period, STR("start")), end = json_get_str(period, STR("end"));
    return (!start.n || (time_parse(start, &t) && t.lo <= now)) &&
           (!end.n || (time_parse(end, &t) && now < t.hi));
}

static bool on_duty(struct op *op, const struct json *role, const struct team_hours *h)
{
    struct team_hours own = {.zone = h->zone};
    if (!covers(JSON_GET(role, "period"), op->now))
        return false;
    if (!JSON_GET(role, "availableTime") && !JSON_GET(role, "notAvailable"))
        return true;
    if (hours_read(op, role, &own) != OK) {
        op_clear(op); /* a shift that nobody understands is none */
        return false;
    }
    return own.n_openings == 0 || hours_open(&own, op->now);
}

err chain_roles(struct op *op, struct record *rec, const struct team_hours *h, enum chain_to to,
                struct record_page *ret)
{
    str of = h->service.n
                 ? arena_printf(op->arena, "service=HealthcareService/%.*s", STR_ARG(h->service))
                 : STR("service:missing=true");
    return record_find(op, rec, fhir_type_parse(STR("PractitionerRole")),
                       arena_printf(op->arena,
                                    "%.*s&active=true&role=" DESK_SYSTEM_TEAM_ROLE
                                    "|%s&_sort=_id&_count=100",
                                    STR_ARG(of), chain_to_word(to)),
                       ret);
}

err chain_on_duty(struct op *op, struct record *rec, const struct team_hours *h, enum chain_to to,
                  struct json *ret)
{
    struct record_page page;
    if (to == CHAIN_TO_WAIT || to == CHAIN_TO_SECOND)
        return OK;
    TRY(chain_roles(op, rec, h, to, &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct json *role, *one = json_new(op->arena, JSON_OBJECT);
        TRY(record_parse(op, &page.docs[i], &role));
        const struct json *person = JSON_GET(role, "practitioner");
        if (!on_duty(op, role, h))
            continue;
        json_set(op->arena, one, STR("who"),
                 JSON_GET(person, "reference")
                     ? json_dup(op->arena, person)
                     : fhir_reference_to(op, "PractitionerRole", page.docs[i].id));
        json_set_str(op->arena, one, STR("role"), page.docs[i].id);
        json_push(op->arena, ret, one);
    }
    return op_check(op);
}

err chain_who(struct op *op, struct record *rec, const struct team_hours *h, enum chain_to to,
              struct json **ret)
{
    struct json *all = json_new(op->arena, JSON_ARRAY);
    TRY(chain_on_duty(op, rec, h, to, all));
    *ret = JSON_GET(json_at(all, 0), "who");
    return OK;
}

static void later(int64_t *io, int64_t at)
{
    if (at > *io)
        *io = at;
}

/* By its own time, as far as that is not ahead of us, else by when it was kept. */
static err newest(struct op *op, struct record *rec, const char *type, str query, int64_t *io)
{
    static const char *const times[] = {"authoredOn", "lastModified", "sent"};
    struct record_page page;
    struct json *tree;
    int64_t at = 0;
    TRY(record_find(op, rec, fhir_type_parse(str_of(type)), query, &page));
    if (!page.n_match)
        return OK;
    TRY(record_parse(op, &page.docs[0], &tree));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct time_span t;
        if (time_parse(json_get_str(tree, str_of(times[i])), &t) && t.lo <= op->now)
            later(&at, t.lo);
    }
    later(io, at ? at : page.docs[0].updated);
    return OK;
}

err chain_touched(struct op *op, struct record *rec, const struct json *task, str id, int64_t *io)
{
    const struct json *note;
    struct time_span t;
    str owner = json_str(json_path(task, "owner.reference"));
    str patient = json_str(json_path(task, "for.reference"));
    for (size_t i = 0; (note = json_at(JSON_GET(task, "note"), i)); i++)
        if (str_eq(json_str(json_path(note, "authorReference.reference")), owner) &&
            time_parse(json_get_str(note, STR("time")), &t))
            later(io, t.lo);
    TRY(newest(
        op, rec, "Task",
        arena_printf(op->arena, "part-of=Task/%.*s&_sort=-_lastUpdated&_count=1", STR_ARG(id)),
        io));
    if (!patient.n || !owner.n)
        return OK;
    return newest(op, rec, "Communication",
                  arena_printf(op->arena, "subject=%.*s&sender=%.*s&_sort=-_lastUpdated&_count=1",
                               STR_ARG(patient), STR_ARG(owner)),
                  io);
}

/* Words that they wrote are answered where they came in (outreach); a reading is not. */
static bool is_reading(const struct json *task)
{
    str first = json_str(json_path(task, "focus.reference"));
    return str_starts(first, STR("Observation/")) ||
           str_starts(first, STR("QuestionnaireResponse/"));
}

err desk_nobody(struct record_tx *tx, struct op *op, const struct team_hours *h, str patient,
                str zone, bool *ret, struct said *ret_when)
{
    int64_t opens;
    str had;
    *ret = false;
    if (hours_open(h, op->now) || !hours_change(h, op->now, &opens))
        return OK;
    str key = arena_printf(op->arena, "nobody/%.*s", STR_ARG(patient));
    str now = arena_printf(op->arena, "%lld", (long long)opens);
    TRY(record_tx_kv_now(tx, key, &had));
    if (str_eq(had, now))
        return OK;
    record_tx_kv(tx, key, now);
    *ret_when = hours_say(op, opens, zone);
    *ret = true;
    return OK;
}

err chain_tell(struct record_tx *tx, struct op *op, struct record *rec, const struct json *task,
               const struct team_hours *h, bool *ret)
{
    struct record_doc doc;
    struct json *patient;
    struct said parts[2];
    str id = fhir_ref_parse(json_str(json_path(task, "for.reference"))).id, request;
    str about = json_str(json_path(task, "focus.reference"));
    int64_t opens;
    *ret = false;
    if (!id.n || !is_reading(task))
        return OK;
    err e = record_read(op, rec, fhir_type_parse(STR("Patient")), id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK; /* there is nobody to tell */
    }
    TRY(e);
    TRY(record_parse(op, &doc, &patient));
    TRY(desk_nobody(tx, op, h, id, desk_zone(patient, h->zone), ret, &parts[0]));
    if (!*ret || !hours_change(h, op->now, &opens))
        return OK;
    parts[1] = desk_emergency_say(op, desk_emergency(patient, h->country));
    struct desk_text t = {.patient = id,
                          .kind = KIND,
                          .rule = "TEAM-HOURS",
                          .about = &about,
                          .n_about = 1,
                          .words = desk_say(op, SAY_NOBODY_WATCHING, parts, 2),
                          .until = opens};
    return desk_text_ask(tx, op, rec, &t, &request);
}
