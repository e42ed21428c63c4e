/* An Open mHealth or IEEE 1752.1 data point becomes an Observation: the measure's own name and,
 * where spec/omh/codes.csv has one, LOINC's; units as UCUM writes them. Values are never converted:
 * what was measured stands there as it was sent. Whose it is, and whether it is late or known, is
 * decided by intake_prepare(), as for every reading. Pure. */
#include "monitor/omh_int.h"

#include "fhir/ucum.h"
#include "omh_gen.h"

#define OMH_SYSTEM "https://w3id.org/openmhealth"
#define OMH_POINT_SYSTEM "https://w3id.org/openmhealth/data-point"

enum omh_role { OMH_VALUE, OMH_COMPONENT, OMH_PANEL };
struct omh_code {
    const char *measure, *property, *unit, *with, *code, *also, *display, *category;
    enum omh_role role;
};
struct omh_unit {
    const char *unit, *ucum;
};
static const struct omh_code CODES[] = {OMH_CODE_ROWS};
static const struct omh_unit UNITS[] = {OMH_UNIT_ROWS};

struct making {
    struct op *op;
    const struct omh_schema *schema;
    const struct json *body;
    struct json *o, *codings, *components, *notes;
    const char *category;
};

bool monitor_is_point(const struct json *v)
{
    return json_is(v, JSON_OBJECT) && JSON_GET(v, "header") && JSON_GET(v, "body") &&
           !JSON_GET(v, "resourceType");
}

static str ucum_of(str unit)
{
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++)
        if (str_eq(unit, str_of(UNITS[i].unit)))
            return str_of(UNITS[i].ucum);
    return ucum_valid(unit) ? unit : STR_NONE;
}

/* "specimen_source=capillary blood" of a row. */
static bool has_with(const struct json *body, const char *with)
{
    str want = str_of(with), name;
    if (str_empty(want))
        return true;
    return str_take_until(&want, '=', &name) && str_eq(json_get_str(body, name), want);
}

static const struct omh_code *code_of(const struct making *m, str property, str unit)
{
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        const struct omh_code *c = &CODES[i];
        if (str_eq(str_of(c->measure), str_of(m->schema->name)) &&
            str_eq(str_of(c->property), property) &&
            (!c->unit[0] || str_empty(unit) || str_eq(str_of(c->unit), unit)) &&
            has_with(m->body, c->with))
            return c;
    }
    return NULL;
}

static void add_coding(struct op *op, struct json *list, str system, str code, str display)
{
    struct json *c = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, c, STR("system"), system);
    json_set_str(op->arena, c, STR("code"), code);
    if (!str_empty(display))
        json_set_str(op->arena, c, STR("display"), display);
    json_push(op->arena, list, c);
}

static void add_loinc(struct op *op, struct json *list, const struct omh_code *c)
{
    add_coding(op, list, STR("http://loinc.org"), str_of(c->code), str_of(c->display));
    if (c->also[0])
        add_coding(op, list, STR("http://loinc.org"), str_of(c->also), STR_NONE);
}

static void set_quantity(struct op *op, struct json *to, const struct json *value, str unit)
{
    struct json *q = json_new(op->arena, JSON_OBJECT);
    str code = ucum_of(unit);
    json_set(op->arena, q, STR("value"), value);
    if (!str_empty(unit))
        json_set_str(op->arena, q, STR("unit"), unit);
    if (!str_empty(code)) {
        json_set_str(op->arena, q, STR("system"), STR("http://unitsofmeasure.org"));
        json_set_str(op->arena, q, STR("code"), code);
    }
    json_set(op->arena, to, STR("valueQuantity"), q);
}

static void add_component(struct making *m, str property, const struct omh_code *c,
                          struct json *value)
{
    struct op *op = m->op;
    struct json *codings = json_new(op->arena, JSON_ARRAY), *code;
    if (c)
        add_loinc(op, codings, c);
    add_coding(op, codings, STR(OMH_SYSTEM), property, STR_NONE);
    code = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, code, STR("coding"), codings);
    json_set(op->arena, value, STR("code"), code);
    json_push(op->arena, m->components, value);
}

/* A number, with its unit or bare. */
static void add_quantity(struct making *m, str property, const struct json *value, str unit)
{
    struct op *op = m->op;
    const struct omh_code *c = code_of(m, property, unit);
    char own[64];
    size_t n = strlen(m->schema->name);
    if (c && str_empty(unit))
        unit = str_of(c->unit);
    for (size_t i = 0; i <= n && n < sizeof own; i++)
        own[i] = m->schema->name[i] == '-' ? '_' : m->schema->name[i];
    if (c && !m->category)
        m->category = c->category;
    if (c ? c->role == OMH_VALUE : n < sizeof own && str_eq(property, str_of(own))) {
        if (c)
            add_loinc(op, m->codings, c);
        set_quantity(op, m->o, value, unit);
        return;
    }
    struct json *component = json_new(op->arena, JSON_OBJECT);
    set_quantity(op, component, value, unit);
    add_component(m, property, c, component);
}

static void add_text(struct making *m, str property, str text)
{
    struct json *o = json_new(m->op->arena, JSON_OBJECT);
    bool note = str_eq(property, STR("user_notes"));
    json_set_str(m->op->arena, o, note ? STR("text") : STR("valueString"), text);
    if (note)
        json_push(m->op->arena, m->notes, o);
    else
        add_component(m, property, NULL, o);
}

static void add_property(struct making *m, const struct json_member *p)
{
    const struct json *v = &p->value, *number = JSON_GET(v, "value");
    if (str_eq(p->name, STR("effective_time_frame")))
        return;
    if (json_is(v, JSON_NUMBER)) {
        add_quantity(m, p->name, v, STR_NONE);
    } else if (json_is(number, JSON_NUMBER)) {
        add_quantity(m, p->name, number, json_get_str(v, STR("unit")));
    } else if (json_is(v, JSON_STRING) && !str_empty(str_trim(json_str(v)))) {
        add_text(m, p->name, json_str(v));
    } else if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE)) {
        struct json *o = json_new(m->op->arena, JSON_OBJECT);
        json_set(m->op->arena, o, STR("valueBoolean"), v);
        add_component(m, p->name, NULL, o);
    } else if (str_eq(p->name, STR("medication"))) {
        str name = json_get_str(v, STR("generic_name"));
        add_text(m, p->name, str_empty(name) ? json_get_str(v, STR("trade_name")) : name);
    }
}

static bool moment_of(const struct json *interval, const char *name, int64_t *ret)
{
    struct time_span span;
    if (!time_parse(json_get_str(interval, str_of(name)), &span))
        return false;
    *ret = span.lo;
    return true;
}

/* start and end, one of them perhaps by the duration. */
static err set_period(struct op *op, struct json *o, const struct json *interval)
{
    const struct json *length = JSON_GET(interval, "duration");
    int64_t start = 0, end = 0;
    double v = 0, ms = 0;
    bool has_start = moment_of(interval, "start_date_time", &start);
    bool has_end = moment_of(interval, "end_date_time", &end);
    if (length &&
        (!json_double(JSON_GET(length, "value"), &v) ||
         !ucum_convert_code(v, ucum_of(json_get_str(length, STR("unit"))), STR("ms"), &ms)))
        return fail_at(op, ERR_UNPROCESSABLE, STR("body.effective_time_frame"),
                       "the duration has a unit that is none of time");
    if (!(fabs(ms) < 4e12))
        return fail_at(op, ERR_UNPROCESSABLE, STR("body.effective_time_frame"),
                       "the duration is longer than a hundred years");
    if (!has_start)
        start = end - (int64_t)ms;
    if (!has_end)
        end = start + (int64_t)ms;
    str from =
        has_start ? json_get_str(interval, STR("start_date_time")) : time_format(op->arena, start);
    str to = has_end ? json_get_str(interval, STR("end_date_time")) : time_format(op->arena, end);
    struct json *period = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, period, STR("start"), end < start ? to : from);
    json_set_str(op->arena, period, STR("end"), end < start ? from : to);
    if (end < start) /* the schemas allow it, FHIR has no such Period */
        intake_tag(op, o, STR("interval-turned"));
    json_set(op->arena, o, STR("effectivePeriod"), period);
    return OK;
}

static err set_time(struct making *m, const struct json *header)
{
    const struct json *frame = JSON_GET(m->body, "effective_time_frame");
    const struct json *interval = JSON_GET(frame, "time_interval");
    str day = json_get_str(interval, STR("date")), at = json_get_str(frame, STR("date_time"));
    if (interval && str_empty(day))
        return set_period(m->op, m->o, interval);
    if (!str_empty(day)) {
        at = day;
        add_text(m, STR("part_of_day"), json_get_str(interval, STR("part_of_day")));
    }
    if (str_empty(at))
        at = json_get_str(header, STR("creation_date_time"));
    if (str_empty(at))
        at = json_get_str(header, STR("source_creation_date_time"));
    json_set_str(m->op->arena, m->o, STR("effectiveDateTime"), at);
    return OK;
}

static void set_codes(struct making *m, str name)
{
    struct op *op = m->op;
    const struct omh_code *panel = code_of(m, STR_NONE, STR_NONE);
    struct json *code = json_new(op->arena, JSON_OBJECT);
    if (panel)
        add_loinc(op, m->codings, panel);
    add_coding(op, m->codings, STR(OMH_SYSTEM), name, STR_NONE);
    json_set(op->arena, code, STR("coding"), m->codings);
    json_set(op->arena, m->o, STR("code"), code);
    if (!m->category)
        return;
    struct json *codings = json_new(op->arena, JSON_ARRAY), *list = json_new(op->arena, JSON_ARRAY);
    struct json *category = json_new(op->arena, JSON_OBJECT);
    add_coding(op, codings, STR("http://terminology.hl7.org/CodeSystem/observation-category"),
               str_of(m->category), STR_NONE);
    json_set(op->arena, category, STR("coding"), codings);
    json_push(op->arena, list, category);
    json_set(op->arena, m->o, STR("category"), list);
}

static void set_identifier(struct op *op, struct json *o, str value)
{
    struct json *list = json_new(op->arena, JSON_ARRAY), *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), STR(OMH_POINT_SYSTEM));
    json_set_str(op->arena, id, STR("value"), value);
    json_push(op->arena, list, id);
    json_set(op->arena, o, STR("identifier"), list);
}

static err schema_of(struct op *op, const struct json *header, const struct omh_schema **ret)
{
    const struct json *id = JSON_GET(header, "schema_id");
    bool ieee = JSON_GET(header, "uuid") && !JSON_GET(header, "id");
    TRY(omh_check(op, omh_schema_of(ieee ? STR("ieee") : STR("omh"), STR("header"), STR_NONE),
                  header, STR("header")));
    *ret = omh_schema_of(json_get_str(id, STR("namespace")), json_get_str(id, STR("name")),
                         json_get_str(id, STR("version")));
    return *ret ? OK
                : fail_at(op, ERR_UNPROCESSABLE, STR("header.schema_id"),
                          "there is no published schema of this namespace, name and version");
}

/* For those who send for many: the document's own name of its user is the patient's id here. */
static void set_subject(struct op *op, struct json *o, str user)
{
    if (fhir_id_valid(user))
        intake_reference(op, o, STR("subject"),
                         arena_printf(op->arena, "Patient/%.*s", STR_ARG(user)));
}

/* Typed in by the patient: no device measured it. */
static bool is_self_reported(const struct json *header)
{
    const struct json *source = JSON_GET(header, "acquisition_provenance");
    str how = json_get_str(source ? source : header, STR("modality"));
    return str_eq(how, STR("self-reported"));
}

err monitor_point(struct op *op, const struct json *point, struct json **ret)
{
    const struct json *header = JSON_GET(point, "header");
    struct making m = {.op = op, .body = JSON_GET(point, "body")};
    TRY(schema_of(op, header, &m.schema));
    TRY(omh_check(op, m.schema, m.body, STR("body")));
    if (!m.schema->measure)
        return fail_at(op, ERR_UNPROCESSABLE, STR("header.schema_id"),
                       "the document is valid, but it is a part of others and no measure of a "
                       "person: nothing is kept");
    m.o = json_new(op->arena, JSON_OBJECT);
    m.codings = json_new(op->arena, JSON_ARRAY);
    m.components = json_new(op->arena, JSON_ARRAY);
    m.notes = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, m.o, STR("resourceType"), STR("Observation"));
    json_set_str(op->arena, m.o, STR("status"), STR("final"));
    str id = json_get_str(header, STR("id"));
    set_identifier(op, m.o, str_empty(id) ? json_get_str(header, STR("uuid")) : id);
    TRY(set_time(&m, header));
    for (size_t i = 0; i < m.body->n; i++)
        add_property(&m, &m.body->u.members[i]);
    set_codes(&m, arena_printf(op->arena, "%s:%s:%s", m.schema->space, m.schema->name,
                               m.schema->version));
    if (is_self_reported(header))
        intake_tag(op, m.o, STR("self-reported"));
    if (m.components->n)
        json_set(op->arena, m.o, STR("component"), m.components);
    if (m.notes->n)
        json_set(op->arena, m.o, STR("note"), m.notes);
    if (!op->actor || !op->actor->patient)
        set_subject(op, m.o, json_get_str(header, STR("user_id")));
    *ret = m.o;
    return op_check(op);
}
