/* The answer to a Task: one QuestionnaireResponse, kept together with the Task's next state.
 * Invariant: what is kept fits its questions; a completed answer is not changed by a link. */
#include "survey/survey_int.h"

static fhir_type t_task(void)
{
    return fhir_type_parse(STR("Task"));
}

static fhir_type t_response(void)
{
    return fhir_type_parse(STR("QuestionnaireResponse"));
}

const struct survey *survey_of_task(const struct json *task)
{
    struct fhir_ref ref = fhir_ref_parse(json_str(json_path(task, "focus.reference")));
    bool ours = str_eq(json_str(json_path(task, "code.coding.0.code")), STR(SURVEY_TASK_CODE)) &&
                str_starts(ref.id, STR("weft-"));
    return ours ? survey_find(str_sub(ref.id, 5, ref.id.n)) : NULL;
}

struct answering {
    struct op *op;
    struct surveys *s;
    struct record_doc task, response;
    struct json *task_tree, *response_tree; /* response_tree NULL: none yet */
    const struct actor *told;               /* who wrote down what they were told; NULL: they did */
};

/* A Task is written by many, and a link shows and changes as the house: its own answer alone. */
static bool is_begun(const struct answering *x)
{
    const struct json *r = x->response_tree;
    return x->response.patient == x->task.patient &&
           str_eq(json_get_str(r, STR("status")), STR("in-progress")) &&
           survey_of(json_get_str(r, STR("questionnaire"))) == survey_of_task(x->task_tree);
}

static err load(struct answering *x, str task)
{
    TRY(record_read(x->op, x->s->rec, t_task(), task, &x->task));
    TRY(record_parse(x->op, &x->task, &x->task_tree));
    str at = json_str(json_path(x->task_tree, "output.0.valueReference.reference"));
    struct fhir_ref ref = fhir_ref_parse(at);
    if (str_empty(ref.id))
        return OK;
    TRY(record_read(x->op, x->s->rec, t_response(), ref.id, &x->response));
    TRY(record_parse(x->op, &x->response, &x->response_tree));
    if (!is_begun(x))
        x->response_tree = NULL;
    return OK;
}

/* ---- the response ---- */
static struct json *answer_of(struct op *op, const struct survey_given *g, size_t i)
{
    struct arena *a = op->arena;
    const struct survey_item *item = &g->of->items[i];
    struct json *o = json_new(a, JSON_OBJECT), *coding = json_new(a, JSON_OBJECT);
    if (item->kind == SURVEY_TEXT) {
        json_set_str(a, o, STR("valueString"), g->text[i]);
        return o;
    }
    if (item->kind == SURVEY_YESNO) {
        json_set(a, o, STR("valueBoolean"), json_new_bool(a, g->choice[i] == 1));
        return o;
    }
    json_set_str(a, coding, STR("system"), arena_printf(a, SURVEY_ANSWERS "%s", g->of->name));
    json_set_str(a, coding, STR("code"), str_of(item->options[g->choice[i]].code));
    json_set(a, o, STR("valueCoding"), coding);
    return o;
}

static struct json *items_of(struct op *op, const struct survey_given *g)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < g->of->n_items; i++) {
        struct json *o = json_new(a, JSON_OBJECT), *answers = json_new(a, JSON_ARRAY);
        if (g->choice[i] < 0 && str_empty(g->text[i]))
            continue;
        json_push(a, answers, answer_of(op, g, i));
        json_set_str(a, o, STR("linkId"), str_of(g->of->items[i].link));
        json_set(a, o, STR("answer"), answers);
        json_push(a, list, o);
    }
    return list;
}

static struct json *response(struct answering *x, const struct survey_given *g, bool partial)
{
    struct arena *a = x->op->arena;
    struct json *o = x->response_tree ? x->response_tree : json_new(a, JSON_OBJECT);
    const struct json *security = json_path(x->task_tree, "meta.security"), *items;
    const struct json *who = JSON_GET(x->task_tree, "for"), *visit;
    json_set_str(a, o, STR("resourceType"), STR("QuestionnaireResponse"));
    if (security && !x->response_tree) {
        struct json *meta = json_new(a, JSON_OBJECT);
        json_set(a, meta, STR("security"), security);
        json_set(a, o, STR("meta"), meta);
    }
    json_set_str(a, o, STR("questionnaire"), arena_printf(a, SURVEY_URL "%s|1", g->of->name));
    json_set_str(a, o, STR("status"), partial ? STR("in-progress") : STR("completed"));
    json_set(a, o, STR("subject"), who);
    if ((visit = JSON_GET(x->task_tree, "encounter")))
        json_set(a, o, STR("encounter"), visit);
    json_set_str(a, o, STR("authored"), time_format(a, x->op->now));
    json_set(a, o, STR("source"), who);
    if (x->told && x->told->reference.n)
        json_set(a, o, STR("author"), fhir_reference(x->op, x->told->reference));
    items = items_of(x->op, g);
    json_unset(o, STR("item"));
    if (items->n)
        json_set(a, o, STR("item"), items);
    return o;
}

static void set_output(struct answering *x, str id)
{
    struct arena *a = x->op->arena;
    struct json *list = json_new(a, JSON_ARRAY), *o = json_new(a, JSON_OBJECT),
                *type = json_new(a, JSON_OBJECT);
    json_set_str(a, type, STR("text"), STR("answer"));
    json_set(a, o, STR("type"), type);
    json_set(a, o, STR("valueReference"), fhir_reference_to(x->op, "QuestionnaireResponse", id));
    json_push(a, list, o);
    json_set(a, x->task_tree, STR("output"), list);
}

static err keep(struct answering *x, const struct survey_given *g, bool partial)
{
    struct op *op = x->op;
    struct record_tx *tx = record_begin(op, x->s->rec);
    struct json *r = response(x, g, partial);
    str id = x->response.id;
    if (x->told)
        op->actor = x->told;
    if (x->response_tree)
        TRY(record_tx_update(tx, t_response(), id, r, x->response.vid));
    else
        TRY(record_tx_create(tx, r, &id));
    op->actor = survey_system();
    x->response.id = id;
    set_output(x, id);
    json_set_str(op->arena, x->task_tree, STR("status"),
                 partial ? STR("in-progress") : STR("completed"));
    json_set_str(op->arena, x->task_tree, STR("lastModified"), time_format(op->arena, op->now));
    TRY(record_tx_update(tx, t_task(), x->task.id, x->task_tree, x->task.vid));
    return record_commit(tx);
}

static err put(struct answering *x, str task, const struct survey_given *g, bool partial)
{
    TRY(load(x, task));
    if (!g->of || survey_of_task(x->task_tree) != g->of || !survey_task_open(x->task_tree))
        return fail(x->op, ERR_CONFLICT, "These questions were answered already.");
    return keep(x, g, partial);
}

static err put_as_house(struct answering *x, str task, const struct survey_given *g, bool partial)
{
    const struct actor *before = x->op->actor;
    x->op->actor = survey_system();
    err e = put(x, task, g, partial);
    x->op->actor = before;
    return e == ERR_PRECONDITION
               ? fail(x->op, ERR_CONFLICT, "These questions were answered already.")
               : e;
}

err survey_put(struct op *op, struct surveys *s, str task, const struct survey_given *g,
               bool partial)
{
    struct answering x = {.op = op, .s = s};
    return put_as_house(&x, task, g, partial);
}

err survey_put_told(struct op *op, struct surveys *s, str task, const struct survey_given *g,
                    str *ret_id)
{
    struct answering x = {.op = op, .s = s, .told = op->actor};
    TRY(put_as_house(&x, task, g, false));
    *ret_id = x.response.id;
    return OK;
}

err survey_begun(struct op *op, struct surveys *s, str task, struct survey_given *ret)
{
    const struct actor *before = op->actor;
    struct answering x = {.op = op, .s = s};
    op->actor = survey_system();
    err e = load(&x, task);
    const struct survey *of = e == OK ? survey_of_task(x.task_tree) : NULL;
    op->actor = before;
    TRY(e);
    if (!x.response_tree || survey_read(op, x.response_tree, ret) != OK) { /* none that fits */
        op_clear(op);
        survey_given_new(of, ret);
    }
    return OK;
}
