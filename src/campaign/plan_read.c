/* A PlanDefinition read to the compiled outline. Every fault names its step and element, all of
 * them at once. Invariant: a step's next has a greater number than the step, so every run ends. */
#include "campaign/audience_int.h"
#include "campaign/plan_int.h"

#define DEPTH_MAX 3
#define OPEN (-2) /* next not known yet: what follows the list this step is in */
#define HOUR_MS (3600 * 1000LL)

struct reader {
    struct op *op;
    struct plan *p;
    str path; /* of the action that is read */
    str name; /* "step 3 (day-4)" */
};

__attribute__((format(printf, 3, 4))) static void bad(struct reader *r, const char *element,
                                                      const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(r->op->arena, fmt, ap);
    va_end(ap);
    str at = arena_printf(r->op->arena, "%.*s%s%s", STR_ARG(r->path), *element ? "." : "", element);
    fail_at(r->op, ERR_UNPROCESSABLE, at, "%.*s: %.*s", STR_ARG(r->name), STR_ARG(text));
}

static const struct json *extension(const struct json *o, const char *name)
{
    const struct json *list = JSON_GET(o, "extension"), *e;
    for (size_t i = 0; (e = json_at(list, i)); i++) {
        str url = json_get_str(e, STR("url"));
        if (str_starts(url, STR(PLAN_URL)) &&
            str_eq(str_sub(url, sizeof PLAN_URL - 1, url.n), str_of(name)))
            return e;
    }
    return NULL;
}

static str code_of(const struct json *o, const char *name)
{
    return json_get_str(extension(o, name), STR("valueCode"));
}

static int64_t duration(struct reader *r, const struct json *d, const char *element,
                        int64_t fallback)
{
    static const struct {
        const char *code;
        double ms;
    } units[] = {{"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"wk", 7 * 86400e3}};
    double v;
    if (!d)
        return fallback;
    str code = json_get_str(d, STR("code"));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_eq(code, str_of(units[i].code)) && json_double(JSON_GET(d, "value"), &v) &&
            v >= 0 && v * units[i].ms <= 800.0 * PLAN_DAY_MS)
            return (int64_t)(v * units[i].ms);
    bad(r, element, "give a duration of at most 800 days in min, h, d or wk (UCUM code)");
    return fallback;
}

static int64_t ext_duration(struct reader *r, const struct json *o, const char *name,
                            int64_t fallback)
{
    return duration(r, JSON_GET(extension(o, name), "valueDuration"), name, fallback);
}

static int ext_int(struct reader *r, const struct json *o, const char *name, int fallback)
{
    const struct json *e = extension(o, name);
    int64_t v = fallback;
    if (e && (!json_i64(JSON_GET(e, "valueInteger"), &v) || v < 0 || v > 9)) {
        bad(r, name, "give a number from 0 to 9");
        return fallback;
    }
    return (int)v;
}

/* "18:30" or "18:30:00" as minutes, or -1. */
static int minutes(str s)
{
    uint64_t h, m;
    if (s.n < 5 || s.p[2] != ':' || !str_to_u64(str_sub(s, 0, 2), 23, &h) ||
        !str_to_u64(str_sub(s, 3, 5), 59, &m))
        return -1;
    return (int)(h * 60 + m);
}

static const struct fhir_path *path_of(struct reader *r, str text, const char *element)
{
    const struct fhir_path *p = NULL;
    if (str_empty(text))
        return NULL;
    struct fault before = r->op->fault;
    r->op->fault = (struct fault){0};
    if (fhir_path_compile(r->op, text, &p) != OK) {
        str why = r->op->fault.n ? r->op->fault.issues[0].message : STR("not FHIRPath");
        r->op->fault = before;
        bad(r, element, "%.*s", STR_ARG(why));
        return NULL;
    }
    r->op->fault = before;
    return p;
}

static str translation(const struct json *o, str language)
{
    const struct json *list = JSON_GET(o, "extension"), *e;
    for (size_t i = 0; (e = json_at(list, i)); i++) {
        const struct json *parts = JSON_GET(e, "extension"), *part;
        str lang = STR_NONE, content = STR_NONE;
        for (size_t k = 0; (part = json_at(parts, k)); k++) {
            str url = json_get_str(part, STR("url"));
            if (str_eq(url, STR("lang")))
                lang = json_get_str(part, STR("valueCode"));
            if (str_eq(url, STR("content")))
                content = json_get_str(part, STR("valueString"));
        }
        if (str_eq(lang, language))
            return content;
    }
    return STR_NONE;
}

static struct plan_words words_of(const struct json *action)
{
    const struct json *more = JSON_GET(action, "_textEquivalent");
    return (struct plan_words){.template = json_get_str(action, STR("definitionCanonical")),
                               .text = {json_get_str(action, STR("textEquivalent")),
                                        translation(more, STR("es")),
                                        translation(more, STR("ar"))}};
}

static str kind_code(const struct json *action)
{
    const struct json *list = JSON_GET(action, "code"), *c;
    for (size_t i = 0; (c = json_at(list, i)); i++) {
        const struct json *coding = json_at(JSON_GET(c, "coding"), 0);
        if (str_eq(json_get_str(coding, STR("system")), STR(PLAN_STEP_SYSTEM)))
            return json_get_str(coding, STR("code"));
    }
    return STR_NONE;
}

/* ---- enrolment ---- */
static void read_trigger(struct reader *r, const struct json *t, const struct json *action,
                         struct plan_trigger *ret)
{
    str type = json_get_str(t, STR("type"));
    ret->type = fhir_type_parse(json_get_str(json_at(JSON_GET(t, "data"), 0), STR("type")));
    ret->on = str_eq(type, STR("data-added"))      ? PLAN_ADDED
              : str_eq(type, STR("data-modified")) ? PLAN_CHANGED
                                                   : PLAN_ADDED | PLAN_CHANGED;
    if (!str_eq(type, STR("data-added")) && !str_eq(type, STR("data-modified")) &&
        !str_eq(type, STR("data-changed")))
        bad(r, "trigger.type",
            "a journey is triggered by data: data-added, data-modified or "
            "data-changed");
    if (!ret->type)
        bad(r, "trigger.data.type", "name the type of the data, such as Encounter");
    ret->when_text = json_get_str(JSON_GET(t, "condition"), STR("expression"));
    ret->when = path_of(r, ret->when_text, "trigger.condition.expression");
    ret->anchor_text = json_get_str(extension(action, "anchor"), STR("valueString"));
    ret->anchor = path_of(r, ret->anchor_text, "anchor");
}

static err read_triggers(struct reader *r, const struct json *action, struct plan_trigger **ret,
                         size_t *ret_n)
{
    const struct json *list = JSON_GET(action, "trigger");
    size_t n = list ? list->n : 0;
    if (n > 8) {
        bad(r, "trigger", "at most 8 triggers");
        n = 8;
    }
    struct plan_trigger *all =
        arena_grow(r->op->arena, *ret, *ret_n * sizeof **ret, (*ret_n + n + 1) * sizeof **ret);
    if (!all)
        return op_check(r->op);
    for (size_t i = 0; i < n; i++) {
        all[*ret_n + i] = (struct plan_trigger){0};
        read_trigger(r, json_at(list, i), action, &all[*ret_n + i]);
    }
    *ret = all;
    *ret_n += n;
    return OK;
}

static err read_enrol(struct reader *r, const struct json *action)
{
    const struct json *nested = JSON_GET(action, "action"), *x;
    r->path = STR("PlanDefinition.action[0]");
    r->name = STR("enrolment");
    if (!str_eq(kind_code(action), STR("enrol"))) {
        bad(r, "code", "the first action tells who enrols: code enrol");
        return OK;
    }
    TRY(read_triggers(r, action, &r->p->triggers, &r->p->n_triggers));
    if (r->p->journey && r->p->n_triggers == 0)
        bad(r, "trigger", "a journey needs a trigger");
    for (size_t i = 0; (x = json_at(nested, i)) && i < 8; i++) {
        r->path = arena_printf(r->op->arena, "PlanDefinition.action[0].action[%zu]", i);
        if (!str_eq(kind_code(x), STR("exit")))
            bad(r, "code", "only exits stand inside the enrolment");
        else
            TRY(read_triggers(r, x, &r->p->exits, &r->p->n_exits));
    }
    return OK;
}

/* ---- steps ---- */
static bool kind_of(str code, enum plan_kind *ret)
{
    static const char *const codes[] = {"message", "ask", "case", "call", "end"};
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++)
        if (str_eq(code, str_of(codes[i]))) {
            *ret = (enum plan_kind)i;
            return true;
        }
    return false;
}

static void read_channel(struct reader *r, const struct json *a, struct plan_step *s)
{
    str code = code_of(a, "channel");
    s->channel = PLAN_PREFERRED;
    if (str_eq(code, STR("other")))
        s->channel = PLAN_OTHER;
    else if (!str_empty(code) && !str_eq(code, STR("preferred")) &&
             !plan_channel_parse(code, &s->channel))
        bad(r, "channel", "unknown channel; use preferred, other, sms, email, push or letter");
}

/* What it is about, as a row of the plan's purposes. */
static void read_purpose(struct reader *r, const struct json *a, struct plan_step *s)
{
    struct plan *p = r->p;
    size_t i = 0;
    s->purpose = code_of(a, "purpose");
    while (i < p->n_purposes && !str_eq(p->purposes[i], s->purpose))
        i++;
    if (str_empty(s->purpose))
        i = 0;
    else if (i == PLAN_PURPOSES_MAX)
        bad(r, "purpose", "an outline has at most %d different purposes", PLAN_PURPOSES_MAX);
    else if (i == p->n_purposes)
        p->purposes[p->n_purposes++] = s->purpose;
    s->about = (uint8_t)(i < PLAN_PURPOSES_MAX ? i : 0);
}

static void read_condition(struct reader *r, const struct json *a, struct plan_step *s)
{
    const struct json *c = json_at(JSON_GET(a, "condition"), 0);
    str text = json_get_str(JSON_GET(c, "expression"), STR("expression"));
    struct plan *p = r->p;
    s->condition = -1;
    if (!c)
        return;
    const struct fhir_path *path = path_of(r, text, "condition.expression");
    if (!path && str_empty(text))
        bad(r, "condition.expression", "a condition needs an expression in FHIRPath");
    if (!path)
        return;
    s->condition = (int)p->n_conditions;
    p->condition_texts[p->n_conditions] = text;
    p->conditions[p->n_conditions++] = path;
}

static void read_time(struct reader *r, const struct json *a, struct plan_step *s)
{
    const struct json *rel = json_at(JSON_GET(a, "relatedAction"), 0);
    str relation = json_get_str(rel, STR("relationship")), at;
    s->delay = duration(r, JSON_GET(rel, "offsetDuration"), "relatedAction.offsetDuration", 0);
    s->from_anchor = str_eq(json_get_str(rel, STR("actionId")), STR("enrol"));
    if (str_starts(relation, STR("before"))) {
        if (!s->from_anchor)
            bad(r, "relatedAction", "only a step of the enrolment can be before something");
        s->delay = -s->delay;
    }
    s->at_min = -1;
    at = json_get_str(extension(a, "at"), STR("valueTime"));
    if (!str_empty(at) && (s->at_min = minutes(at)) < 0)
        bad(r, "at", "give a time of day such as 10:00:00");
}

static int priority_of(str code)
{
    return str_eq(code, STR("stat"))     ? 1
           : str_eq(code, STR("asap"))   ? 2
           : str_eq(code, STR("urgent")) ? 3
                                         : 4;
}

static void read_step(struct reader *r, const struct json *a, struct plan_step *s)
{
    if (!kind_of(kind_code(a), &s->kind))
        bad(r, "code", "unknown kind of step; use message, ask, case, call or end");
    s->title = json_get_str(a, STR("title"));
    s->next = s->kind == PLAN_END ? -1 : OPEN;
    s->words = words_of(a);
    read_purpose(r, a, s);
    s->urgent = json_bool(JSON_GET(extension(a, "urgent"), "valueBoolean"), false);
    s->expires = ext_duration(r, a, "expires", 2 * PLAN_DAY_MS);
    s->silence = ext_duration(r, a, "silence", 2 * PLAN_DAY_MS);
    s->tries = ext_int(r, a, "tries", 1);
    s->promise = ext_duration(r, a, "promise", 8 * HOUR_MS);
    s->priority = priority_of(json_get_str(a, STR("priority")));
    s->paths = (int)r->p->n_paths;
    read_channel(r, a, s);
    read_condition(r, a, s);
    read_time(r, a, s);
    bool speaks = s->kind == PLAN_MESSAGE || s->kind == PLAN_ASK;
    if (speaks && str_empty(s->words.template) && str_empty(s->words.text[0]))
        bad(r, "textEquivalent", "a step that speaks needs words or a template");
    if (speaks && s->tries == 0)
        bad(r, "tries", "at least one try");
}

static bool id_taken(const struct plan *p, str id)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (str_eq(p->steps[i].id, id))
            return true;
    return false;
}

/* Levels are few: read_one() refuses more than DEPTH_MAX. */
// NOLINTBEGIN(misc-no-recursion)
static err read_list(struct reader *r, const struct json *actions, size_t from, int depth);

static err read_path(struct reader *r, const struct json *a, struct plan_path *path, int depth)
{
    struct plan *p = r->p;
    path->key = json_get_str(a, STR("prefix"));
    path->code = code_of(a, "answer");
    path->title = json_get_str(a, STR("title"));
    path->echo = words_of(a);
    if (path->key.n != 1 || path->key.p[0] < '1' || path->key.p[0] > '9')
        bad(r, "prefix", "a path is a numbered answer: prefix 1 to 9");
    if (str_empty(path->code))
        bad(r, "answer", "a path needs its answer code (spec/campaign/answers.csv)");
    const struct json *steps = JSON_GET(a, "action");
    path->first = steps && steps->n ? (int)p->n_steps : -1;
    size_t at = (size_t)(path - p->paths);
    TRY(read_list(r, steps, 0, depth + 1));
    if (p->paths[at].first >= (int)p->n_steps)
        p->paths[at].first = -1;
    for (int i = p->paths[at].first; i >= 0 && i < (int)p->n_steps; i++)
        p->steps[i].inner = true;
    return OK;
}

static err read_paths(struct reader *r, const struct json *action, size_t step, int depth)
{
    const struct json *list = JSON_GET(action, "action"), *a;
    str path = r->path, name = r->name;
    struct plan *p = r->p;
    size_t n = list ? list->n : 0;
    if (p->steps[step].kind == PLAN_ASK ? n < 1 : n > 0)
        bad(r, "action", "a question has numbered paths, and nothing else has");
    if (n > PLAN_PATHS_MAX || p->n_paths + n > PLAN_STEPS_MAX || p->steps[step].kind != PLAN_ASK) {
        if (n > 0)
            bad(r, "action", "at most %d paths", PLAN_PATHS_MAX);
        return OK;
    }
    size_t first = p->n_paths;
    p->steps[step].paths = (int)first;
    p->steps[step].n_paths = (int)n;
    p->n_paths += n;
    for (size_t i = 0; (a = json_at(list, i)); i++) {
        r->path = arena_printf(r->op->arena, "%.*s.action[%zu]", STR_ARG(path), i);
        r->name = arena_printf(r->op->arena, "%.*s path %zu", STR_ARG(name), i + 1);
        if (!str_eq(kind_code(a), STR("path")))
            bad(r, "code", "inside a question there are paths: code path");
        TRY(read_path(r, a, &p->paths[first + i], depth));
    }
    return OK;
}

static void close_next(struct plan *p, size_t from, size_t to, int next)
{
    for (size_t i = from; i < to; i++)
        if (p->steps[i].next == OPEN)
            p->steps[i].next = next;
}

static err read_one(struct reader *r, const struct json *a, size_t number, int depth)
{
    struct plan *p = r->p;
    size_t at = p->n_steps;
    str id = json_get_str(a, STR("id"));
    r->name = arena_printf(r->op->arena, "step %zu (%.*s)", number, STR_ARG(id));
    if (at == PLAN_STEPS_MAX || depth > DEPTH_MAX)
        return fail_at(r->op, ERR_UNPROCESSABLE, r->path,
                       "%.*s: an outline has at most %d steps and %d levels", STR_ARG(r->name),
                       PLAN_STEPS_MAX, DEPTH_MAX);
    if (str_empty(id) || id.n > 64 || id_taken(p, id))
        bad(r, "id", "every step needs an id of its own");
    p->steps[p->n_steps++] = (struct plan_step){.id = id};
    read_step(r, a, &p->steps[at]);
    return read_paths(r, a, at, depth);
}

static err read_list(struct reader *r, const struct json *actions, size_t from, int depth)
{
    str path = r->path, name = r->name;
    const struct json *a;
    struct plan *p = r->p;
    size_t list = p->n_steps;
    for (size_t i = from; (a = json_at(actions, i)); i++) {
        if (depth == 0 && str_eq(kind_code(a), STR("silence")))
            continue;
        close_next(p, list, p->n_steps, (int)p->n_steps);
        r->path = arena_printf(r->op->arena, "%.*s.action[%zu]", STR_ARG(path), i);
        TRY(read_one(r, a, i + (depth > 0), depth));
    }
    r->path = path;
    r->name = name;
    return OK;
}

// NOLINTEND(misc-no-recursion)

/* What is done after so many questions without an answer: its steps come last. */
static err read_silence(struct reader *r, const struct json *actions)
{
    struct plan *p = r->p;
    const struct json *a;
    p->silent_step = -1;
    close_next(p, 0, p->n_steps, -1);
    for (size_t i = 1; (a = json_at(actions, i)); i++) {
        if (!str_eq(kind_code(a), STR("silence")))
            continue;
        r->path = arena_printf(r->op->arena, "PlanDefinition.action[%zu]", i);
        r->name = STR("silence");
        if (p->silent_step >= 0)
            bad(r, "", "only one list of what is done after silence");
        p->silent_max = ext_int(r, a, "after", 3);
        p->silent_step = (int)p->n_steps;
        TRY(read_list(r, JSON_GET(a, "action"), 0, 1));
        close_next(p, 0, p->n_steps, -1);
        if (p->silent_step == (int)p->n_steps)
            bad(r, "action", "after silence there must be something: a last check, a call");
    }
    return OK;
}

static void read_hours(struct reader *r, const struct json *o)
{
    str s = json_get_str(extension(o, "hours"), STR("valueString"));
    r->p->open_min = 0;
    r->p->close_min = 24 * 60;
    if (str_empty(s))
        return;
    r->p->open_min = minutes(s);
    r->p->close_min = s.n >= 11 ? minutes(str_sub(s, 6, s.n)) : -1;
    if (r->p->open_min < 0 || r->p->close_min <= r->p->open_min)
        bad(r, "hours", "give hours such as 09:00-19:00");
}

/* Of what types the row's searches are: asked of every change, so it is known beforehand. */
static void read_done_types(struct reader *r, const struct chip_row *row)
{
    struct plan *p = r->p;
    str rest = str_of(row->ask), one;
    while (str_take_until(&rest, ' ', &one)) {
        fhir_type type = search_type(one);
        size_t i = 0;
        while (i < p->n_done_types && p->done_types[i] != type)
            i++;
        if (i == PLAN_DONE_TYPES_MAX)
            bad(r, "done", "at most %d types of what ends it", PLAN_DONE_TYPES_MAX);
        else if (i == p->n_done_types)
            p->done_types[p->n_done_types++] = type;
    }
}

/* Which shots or tests end it for a person: rows of the chips that say what is done already. */
static void read_done(struct reader *r, const struct json *o)
{
    const struct json *list = JSON_GET(o, "extension"), *e;
    struct plan *p = r->p;
    for (size_t i = 0; (e = json_at(list, i)); i++) {
        if (!str_eq(json_get_str(e, STR("url")), STR(PLAN_URL "done")))
            continue;
        const struct chip_row *row = chip_of(json_get_str(e, STR("valueCode")));
        if (!row || !row->done)
            bad(r, "done", "no shot or test of that name ends a plan");
        else if (p->n_done == PLAN_DONE_MAX)
            bad(r, "done", "at most %d shots and tests", PLAN_DONE_MAX);
        else {
            p->done[p->n_done++] = row;
            read_done_types(r, row);
        }
    }
}

static err read_head(struct reader *r, const struct json *o)
{
    struct plan *p = r->p;
    struct arena *a = r->op->arena;
    r->path = STR("PlanDefinition");
    r->name = STR("plan");
    p->id = json_get_str(o, STR("id"));
    p->url = json_get_str(o, STR("url"));
    p->version = json_get_str(o, STR("version"));
    p->title = json_get_str(o, STR("title"));
    p->journey = str_eq(code_of(o, "kind"), STR("journey"));
    p->purpose = p->purposes[p->n_purposes++] = code_of(o, "purpose");
    p->programme = code_of(o, "programme");
    p->outcome = json_get_str(extension(o, "outcome"), STR("valueString"));
    p->marketing = str_eq(p->purpose, STR("marketing"));
    p->lasts = ext_duration(r, o, "lasts", 0);
    p->again = ext_duration(r, o, "again", -1);
    p->gap = ext_duration(r, o, "gap", 20 * HOUR_MS);
    p->spread = ext_duration(r, o, "spread", p->journey ? HOUR_MS / 6 : 4 * HOUR_MS);
    p->steps = ARENA_ARRAY(a, struct plan_step, PLAN_STEPS_MAX);
    p->paths = ARENA_ARRAY(a, struct plan_path, PLAN_STEPS_MAX);
    p->conditions = (const struct fhir_path **)arena_calloc(a, PLAN_STEPS_MAX, sizeof(void *));
    p->condition_texts = ARENA_ARRAY(a, str, PLAN_STEPS_MAX);
    if (str_empty(p->title))
        bad(r, "title", "give it a name");
    read_hours(r, o);
    read_done(r, o);
    return p->steps && p->paths && p->conditions && p->condition_texts ? OK : op_check(r->op);
}

err plan_read(struct op *op, struct json *o, struct plan **ret)
{
    struct plan *p = ARENA_NEW(op->arena, struct plan);
    struct reader r = {.op = op, .p = p};
    const struct json *actions = JSON_GET(o, "action");
    if (!str_eq(json_get_str(o, STR("resourceType")), STR("PlanDefinition")))
        return fail(op, ERR_UNPROCESSABLE, "an outline is a PlanDefinition");
    TRY(read_head(&r, o));
    TRY(read_enrol(&r, json_at(actions, 0)));
    r.path = STR("PlanDefinition");
    TRY(read_list(&r, actions, 1, 0));
    if (p->n_steps == 0) {
        r.name = STR("plan");
        bad(&r, "action", "an outline needs at least one step");
    }
    TRY(read_silence(&r, actions));
    TRY(op_check(op));
    *ret = p;
    return OK;
}
