/* The life of an incident: opened, assessed, closed by another, and how it is told. Invariant: who
 * opened it does not close it, and it closes only assessed and with no clock running. */
#include "desk/incident_int.h"

#include "base/time.h"
#include "policy/authors.h"

#define LIST_MAX 200

err incident_officer(struct op *op)
{
    if (!op->actor || op->actor->role != ROLE_PRIVACY || op->actor->scopes ||
        str_empty(op->actor->user))
        return fail(op, ERR_FORBIDDEN, "Incidents are the privacy office's.");
    return OK;
}

static err load(struct incident *i)
{
    struct op *op = i->op;
    struct record_doc doc;
    struct time_span t;
    TRY(record_read(op, i->rec, fhir_type_parse(STR("Task")), i->id, &doc));
    TRY(record_parse(op, &doc, &i->task));
    const struct json *code = json_at(json_path(i->task, "code.coding"), 0);
    if (!str_eq(json_get_str(code, STR("code")), STR("incident")) ||
        !desk_has_label(i->task, STR(DESK_LABEL_OFFICER)))
        return fail(op, ERR_NOT_FOUND, "There is no such incident.");
    i->vid = doc.vid;
    TRY(desk_part(op, i->task, "input", "criteria", &i->criteria));
    TRY(desk_part(op, i->task, "output", "scope", &i->scope));
    TRY(desk_part(op, i->task, "output", "assessment", &i->assessment));
    TRY(desk_part(op, i->task, "output", "delay", &i->delay));
    if (!i->criteria || !time_parse(json_str(json_path(i->task, "restriction.period.start")), &t))
        return fail(op, ERR_FAULT, "The incident cannot be read.");
    i->discovered = t.lo;
    return OK;
}

err incident_begin(struct op *op, struct record *rec, str id, struct incident *ret)
{
    *ret = (struct incident){.op = op, .rec = rec, .person = op->actor, .id = id};
    TRY(incident_officer(op));
    TRY(load(ret));
    op->actor = desk_house();
    ret->tx = record_begin(op, rec);
    return op_check(op);
}

err incident_end(struct incident *i, err e)
{
    i->op->actor = i->person;
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(i->op);
    return fail(i->op, ERR_CONFLICT, "Somebody changed the incident meanwhile; look again.");
}

err incident_commit(struct incident *i, const char *what, const struct json *detail)
{
    struct op *op = i->op;
    json_unset(i->task, STR("output"));
    if (i->scope)
        TRY(desk_part_keep(op, i->task, "output", "scope", i->scope));
    if (i->assessment)
        TRY(desk_part_keep(op, i->task, "output", "assessment", i->assessment));
    if (i->delay)
        TRY(desk_part_keep(op, i->task, "output", "delay", i->delay));
    json_set_str(op->arena, i->task, STR("lastModified"), time_format(op->arena, op->now));
    i->op->actor = i->person; /* whose act it is */
    TRY(record_tx_update(i->tx, fhir_type_parse(STR("Task")), i->id, i->task, i->vid));
    record_tx_trail(i->tx, str_of(what), fhir_type_parse(STR("Task")), i->id, detail);
    TRY(op_check(op));
    return record_commit(i->tx);
}

/* ---- telling ---- */

static struct json *told(struct incident *i)
{
    struct arena *a = i->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    const struct json *t = i->task, *closer = json_at(JSON_GET(t, "note"), 0);
    json_set_str(a, o, STR("id"), i->id);
    json_set_str(a, o, STR("status"), json_get_str(t, STR("status")));
    json_set_str(a, o, STR("what"), json_get_str(t, STR("description")));
    json_set_str(a, o, STR("discovered"), time_format(a, i->discovered));
    json_set_str(a, o, STR("opened"), json_get_str(t, STR("authoredOn")));
    json_set_str(a, o, STR("openedBy"), json_get_str(i->criteria, STR("openedBy")));
    json_set(a, o, STR("criteria"), i->criteria);
    if (i->scope)
        json_set(a, o, STR("scope"), i->scope);
    if (i->assessment)
        json_set(a, o, STR("assessment"), i->assessment);
    if (i->delay) {
        json_set(a, i->delay, STR("inForce"), json_new_bool(a, incident_delayed(i) > 0));
        json_set(a, o, STR("delay"), i->delay);
    }
    if (closer)
        json_set_str(a, o, STR("closing"), json_get_str(closer, STR("text")));
    return o;
}

err incident_view(struct incident *i, struct json **ret)
{
    struct json *clocks, *o;
    bool open;
    i->op->actor = desk_house();
    TRY(load(i));
    o = told(i);
    TRY(incident_clock_list(i, &clocks, &open));
    json_set(i->op->arena, o, STR("clocks"), clocks);
    *ret = o;
    return op_check(i->op);
}

err incident_get(struct op *op, struct record *rec, str id, struct json **ret)
{
    struct incident i;
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, incident_view(&i, ret));
}

/* The clock that ends first, for the list: {"due", "late"}; none where none runs. */
static err next_clock(struct incident *i, struct json *o)
{
    struct json *all, *next = NULL;
    const struct json *c;
    bool open;
    i->op->actor = desk_house();
    err e = incident_clock_list(i, &all, &open);
    i->op->actor = i->person;
    TRY(e);
    for (size_t k = 0; (c = json_at(all, k)); k++) {
        if (!str_eq(json_get_str(c, STR("status")), STR("requested")) ||
            (next && str_cmp(json_get_str(next, STR("due")), json_get_str(c, STR("due"))) <= 0))
            continue;
        next = json_new(i->op->arena, JSON_OBJECT);
        json_set_str(i->op->arena, next, STR("due"), json_get_str(c, STR("due")));
        json_set(i->op->arena, next, STR("late"), JSON_GET(c, "late"));
    }
    if (next)
        json_set(i->op->arena, o, STR("next"), next);
    return op_check(i->op);
}

/* One that is broken hides no other. */
static err unless_broken(struct op *op, err e, bool *ret)
{
    *ret = e == ERR_FAULT || e == ERR_NOT_FOUND;
    if (*ret)
        op_clear(op);
    return *ret ? OK : e;
}

err incident_list(struct op *op, struct record *rec, struct json **ret)
{
    struct record_page page;
    struct json *list = json_new(op->arena, JSON_ARRAY), *o = json_new(op->arena, JSON_OBJECT);
    TRY(incident_officer(op));
    TRY(record_find(op, rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" DESK_SYSTEM_CODE "|incident&_security=" DESK_LABEL_OFFICER
                                 "&_sort=-authored-on&_count=%d",
                                 LIST_MAX),
                    &page));
    for (size_t k = 0; k < page.n_match; k++) {
        struct incident i = {.op = op, .rec = rec, .person = op->actor, .id = page.docs[k].id};
        bool broken;
        TRY(unless_broken(op, load(&i), &broken));
        if (broken)
            continue;
        struct json *one = told(&i);
        TRY(unless_broken(op, next_clock(&i, one), &broken)); /* shown without its clocks */
        json_push(op->arena, list, one);
    }
    json_set(op->arena, o, STR("incidents"), list);
    *ret = o;
    return op_check(op);
}

err incident_brief(struct op *op, const struct record_doc *doc, struct json **ret)
{
    struct json *task, *scope, *assessment, *o = json_new(op->arena, JSON_OBJECT);
    TRY(record_parse(op, doc, &task));
    TRY(desk_part(op, task, "output", "scope", &scope));
    TRY(desk_part(op, task, "output", "assessment", &assessment));
    json_set_str(op->arena, o, STR("id"), doc->id);
    json_set_str(op->arena, o, STR("status"), json_get_str(task, STR("status")));
    json_set_str(op->arena, o, STR("opened"), json_get_str(task, STR("authoredOn")));
    json_set_str(op->arena, o, STR("discovered"),
                 json_str(json_path(task, "restriction.period.start")));
    if (JSON_GET(scope, "people"))
        json_set(op->arena, o, STR("people"), JSON_GET(scope, "people"));
    if (assessment)
        json_set(op->arena, o, STR("lowProbability"), JSON_GET(assessment, "lowProbability"));
    *ret = o;
    return op_check(op);
}

/* ---- opening ---- */

/* What an officer's case says of itself: whose looks, whose record. */
static err from_case(struct op *op, struct record *rec, str id, struct json *criteria)
{
    struct desk_task t;
    struct arena *a = op->arena;
    TRY(desk_read(op, rec, id, &t));
    str programme = json_get_str(JSON_GET(t.tree, "groupIdentifier"), STR("value"));
    struct fhir_ref who = fhir_ref_parse(json_get_str(JSON_GET(t.tree, "for"), STR("reference")));
    size_t slash = str_find_char(programme, '/', 0);
    if (desk_is_own_look(op, t.tree))
        return fail(op, ERR_FORBIDDEN, "Nobody judges their own look; a colleague opens this.");
    if (slash < programme.n && !JSON_GET(criteria, "user") &&
        desk_has_label(t.tree, STR(DESK_LABEL_OFFICER))) {
        json_set_str(a, criteria, STR("user"), str_sub(programme, slash + 1, programme.n));
        json_set_str(a, criteria, STR("person"),
                     json_str(json_path(t.tree, "reasonReference.reference")));
    }
    if (who.id.n && !JSON_GET(criteria, "patients")) {
        struct json *list = json_new(a, JSON_ARRAY);
        json_push(a, list, json_new_str(a, who.id));
        json_set(a, criteria, STR("patients"), list);
    }
    json_set_str(a, criteria, STR("case"), id);
    return OK;
}

/* Asked before anything is kept. */
static err all_there(struct op *op, struct record *rec, const struct json *patients)
{
    const struct json *one;
    uint64_t rid;
    for (size_t i = 0; (one = json_at(patients, i)); i++)
        if (i >= INCIDENT_PEOPLE_MAX ||
            record_resolve(op, rec, fhir_type_parse(STR("Patient")), json_str(one), &rid) != OK) {
            op_clear(op);
            return fail_at(op, ERR_UNPROCESSABLE, STR("patients"),
                           "One of the patients is not there, or there are more than %u.",
                           INCIDENT_PEOPLE_MAX);
        }
    return OK;
}

static err criteria_of(struct op *op, struct record *rec, const struct json *in, struct json **ret)
{
    static const char *const texts[] = {"user", "session", "from", "until"};
    struct json *o = json_new(op->arena, JSON_OBJECT);
    const struct json *patients = JSON_GET(in, "patients");
    int64_t from, until;
    TRY(desk_instant(op, in, "from", 0, &from));
    TRY(desk_instant(op, in, "until", op->now, &until));
    if (from > until)
        return fail_at(op, ERR_INVALID, STR("until"), "It ends before it begins.");
    for (size_t i = 0; i < 4; i++)
        if (json_get_str(in, str_of(texts[i])).n)
            json_set_str(op->arena, o, str_of(texts[i]), json_get_str(in, str_of(texts[i])));
    if (json_is(patients, JSON_ARRAY) && patients->n)
        json_set(op->arena, o, STR("patients"), patients);
    if (json_bool(JSON_GET(in, "everybody"), false))
        json_set(op->arena, o, STR("everybody"), json_new_bool(op->arena, true));
    if (json_get_str(in, STR("case")).n)
        TRY(from_case(op, rec, json_get_str(in, STR("case")), o));
    if (!JSON_GET(o, "user") && !JSON_GET(o, "session") && !JSON_GET(o, "patients") &&
        !JSON_GET(o, "everybody") && !JSON_GET(o, "from"))
        return fail(op, ERR_UNPROCESSABLE,
                    "Say what it is about: user, session, from, patients, everybody or case.");
    TRY(all_there(op, rec, JSON_GET(o, "patients")));
    json_set_str(op->arena, o, STR("openedBy"), op->actor->user);
    TRY(authors_add(op, o));
    *ret = o;
    return OK;
}

static err task_of(struct op *op, const struct json *in, const struct json *criteria,
                   struct json **ret)
{
    struct arena *a = op->arena;
    struct json *task;
    struct buf b;
    int64_t discovered;
    TRY(desk_instant(op, in, "discovered", op->now, &discovered));
    if (discovered > op->now)
        return fail_at(op, ERR_INVALID, STR("discovered"), "discovered lies ahead.");
    buf_init(&b, a, 8192);
    buf_printf(&b,
               "{\"resourceType\":\"Task\",\"meta\":{\"security\":[{\"system\":\"%s\",\"code\":"
               "\"%s\"}]},\"status\":\"in-progress\",\"intent\":\"order\",\"priority\":\"asap\","
               "\"code\":{\"coding\":[{\"system\":\"%s\",\"code\":\"incident\"}]},"
               "\"authoredOn\":\"%.*s\",\"restriction\":{\"period\":{\"start\":\"%.*s\"}}}",
               DESK_SYSTEM_LABEL, DESK_LABEL_OFFICER, DESK_SYSTEM_CODE,
               STR_ARG(time_format(a, op->now)), STR_ARG(time_format(a, discovered)));
    TRY(json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, &task));
    json_set_str(a, task, STR("description"), json_get_str(in, STR("what")));
    TRY(desk_part_keep(op, task, "input", "criteria", criteria));
    *ret = task;
    return op_check(op);
}

err incident_open(struct op *op, struct record *rec, const struct json *in, struct json **ret)
{
    struct json *criteria = NULL, *task = NULL;
    fhir_type type = fhir_type_parse(STR("Task"));
    str id;
    TRY(incident_officer(op));
    if (!str_trim(json_get_str(in, STR("what"))).n)
        return fail_at(op, ERR_INVALID, STR("what"), "Say what happened.");
    TRY(criteria_of(op, rec, in, &criteria));
    TRY(task_of(op, in, criteria, &task));
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    TRY(record_tx_create(tx, task, &id));
    record_tx_trail(tx, STR("incident-opened"), type, id, json_new(op->arena, JSON_OBJECT));
    TRY(record_commit(tx));
    return incident_scope(op, rec, id, ret);
}

/* ---- assessing and closing ---- */

static err keep_texts(struct op *op, const struct json *in, const char *const *names, size_t n,
                      struct json *to)
{
    for (size_t i = 0; i < n; i++) {
        str text = str_trim(json_get_str(in, str_of(names[i])));
        if (!text.n || text.n > 4000)
            return fail_at(op, ERR_UNPROCESSABLE, str_of(names[i]),
                           "The assessment asks for all of it, each at most 4,000 letters.");
        json_set_str(op->arena, to, str_of(names[i]), text);
    }
    return OK;
}

static const char *const parts[] = {"happened", "steps", "doing", "contact"};

/* The same in Spanish and Arabic, where it was written; else the one text goes to all. */
static err keep_languages(struct op *op, const struct json *in, struct json *to)
{
    static const char *const languages[] = {"es", "ar"};
    for (size_t i = 0; i < 2; i++) {
        struct json *o = json_new(op->arena, JSON_OBJECT);
        if (!json_get(in, str_of(languages[i])))
            continue;
        TRY(keep_texts(op, json_get(in, str_of(languages[i])), parts, 4, o));
        json_set(op->arena, to, str_of(languages[i]), o);
    }
    return OK;
}

static err assessment_of(struct op *op, const struct json *in, struct json **ret)
{
    static const char *const factors[] = {"nature", "recipient", "acquired", "mitigation",
                                          "reason"};
    struct json *o = json_new(op->arena, JSON_OBJECT), *notice = json_new(op->arena, JSON_OBJECT);
    bool low = json_bool(JSON_GET(in, "lowProbability"), false);
    TRY(keep_texts(op, in, factors, 5, o));
    json_set(op->arena, o, STR("lowProbability"), json_new_bool(op->arena, low));
    json_set_str(op->arena, o, STR("by"), op->actor->user);
    json_set_str(op->arena, o, STR("at"), time_format(op->arena, op->now));
    if (!low) {
        TRY(keep_texts(op, JSON_GET(in, "notice"), parts, 4, notice));
        TRY(keep_languages(op, JSON_GET(in, "notice"), notice));
        json_set(op->arena, o, STR("notice"), notice);
    }
    *ret = o;
    return OK;
}

/* Whose own looks it is about: by name, or by a session that was theirs. */
static bool is_in_it(const struct incident *i)
{
    const struct json *all = JSON_GET(i->scope, "accounts"), *one;
    bool in = authors_is(json_get_str(i->criteria, STR("user")), i->person) ||
              authors_is(json_get_str(i->criteria, STR("person")), i->person);
    if (!json_get(i->criteria, STR("session")))
        return in;
    for (size_t k = 0; !in && (one = json_at(all, k)); k++)
        in = str_eq(json_get_str(one, STR("user")), i->person->user);
    return in;
}

static err still_open(const struct incident *i)
{
    if (!str_eq(json_get_str(i->task, STR("status")), STR("in-progress")))
        return fail(i->op, ERR_CONFLICT, "The incident is closed.");
    return OK;
}

err incident_judge(const struct incident *i)
{
    TRY(still_open(i));
    return is_in_it(i)
               ? fail(i->op, ERR_FORBIDDEN, "Nobody judges their own look; a colleague does this.")
               : OK;
}

static err assess(struct incident *i, struct json *assessment, struct json **ret)
{
    struct json *detail = json_new(i->op->arena, JSON_OBJECT);
    TRY(incident_judge(i));
    i->assessment = assessment;
    json_set(i->op->arena, detail, STR("lowProbability"), JSON_GET(assessment, "lowProbability"));
    TRY(incident_clocks(i));
    TRY(incident_commit(i, "incident-assessed", detail));
    return incident_view(i, ret);
}

err incident_assess(struct op *op, struct record *rec, str id, const struct json *in,
                    struct json **ret)
{
    struct incident i;
    struct json *assessment;
    TRY(incident_officer(op));
    TRY(assessment_of(op, in, &assessment));
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, assess(&i, assessment, ret));
}

static err recount(struct incident *i, struct json **ret)
{
    struct json *detail = json_new(i->op->arena, JSON_OBJECT);
    TRY(still_open(i));
    TRY(incident_count(i));
    TRY(incident_clocks(i));
    json_set(i->op->arena, detail, STR("people"), JSON_GET(i->scope, "people"));
    TRY(incident_commit(i, "incident-scoped", detail));
    return incident_view(i, ret);
}

err incident_scope(struct op *op, struct record *rec, str id, struct json **ret)
{
    struct incident i;
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, recount(&i, ret));
}

static err close_it(struct incident *i, str note, struct json **ret)
{
    struct json *clocks;
    bool open;
    TRY(still_open(i));
    bool opened = authors_have(i->criteria, i->person) ||
                  authors_is(json_get_str(i->criteria, STR("openedBy")), i->person);
    if (opened || is_in_it(i))
        return fail(i->op, ERR_FORBIDDEN,
                    "Somebody else closes an incident than who opened it or is in it.");
    TRY(incident_clock_list(i, &clocks, &open));
    if (!i->assessment || open)
        return fail(i->op, ERR_CONFLICT,
                    "An incident is closed when it is assessed and none of its clocks runs.");
    i->op->actor = i->person;
    desk_add_note(i->op, i->task, note);
    desk_set_status(i->op, i->task, STR("completed"));
    TRY(incident_commit(i, "incident-closed", json_new(i->op->arena, JSON_OBJECT)));
    return incident_view(i, ret);
}

err incident_close(struct op *op, struct record *rec, str id, str note, struct json **ret)
{
    struct incident i;
    if (!str_trim(note).n)
        return fail_at(op, ERR_INVALID, STR("note"), "Say how it ended.");
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, close_it(&i, note, ret));
}
