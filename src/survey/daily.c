/* Questions about somebody's day: which fit them, asked by themselves or by who cares for them, in
 * the portal, by text or on a call. Invariant: at most one Task of a survey is open for a patient,
 * the named value survey/open/<patient>/<survey>, which changes in the transaction of its Task. */
#include "survey/survey_int.h"

/* ---- which fit ---- */
static struct json *option_of(struct op *op, struct surveys *s, const struct survey *of, size_t i,
                              size_t k)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    str text[LANGUAGE_COUNT];
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        text[l] = survey_option_text(s, of, i, k, l);
    json_set_str(op->arena, o, STR("code"), str_of(of->items[i].options[k].code));
    json_set(op->arena, o, STR("text"), language_texts(op, text));
    return o;
}

static struct json *item_of(struct op *op, struct surveys *s, const struct survey *of, size_t i)
{
    static const char *const kinds[] = {"choice", "text", "yesno"};
    struct json *o = json_new(op->arena, JSON_OBJECT), *options = json_new(op->arena, JSON_ARRAY);
    str text[LANGUAGE_COUNT];
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        text[l] = survey_item_text(s, of, i, l);
    json_set_str(op->arena, o, STR("link"), str_of(of->items[i].link));
    json_set_str(op->arena, o, STR("kind"), str_of(kinds[of->items[i].kind]));
    json_set(op->arena, o, STR("text"), language_texts(op, text));
    for (size_t k = 0; k < of->items[i].n_options; k++)
        json_push(op->arena, options, option_of(op, s, of, i, k));
    json_set(op->arena, o, STR("options"), options);
    return o;
}

/* What op->actor may not search is, to them, not there. */
static err unseen(struct op *op, err e)
{
    if (e != ERR_FORBIDDEN)
        return e;
    op_clear(op);
    return OK;
}

err survey_answered(struct op *op, struct surveys *s, const struct survey *of, str patient,
                    str *ret)
{
    struct record_page page = {0};
    struct json *t;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&questionnaire=" SURVEY_URL
                             "%s&status=completed,amended&_sort=-authored&_count=1",
                             STR_ARG(patient), of->name);
    *ret = STR_NONE;
    TRY(unseen(
        op, record_find(op, s->rec, fhir_type_parse(STR("QuestionnaireResponse")), query, &page)));
    if (!page.n)
        return OK;
    TRY(record_parse(op, &page.docs[0], &t));
    *ret = json_get_str(t, STR("authored"));
    return OK;
}

static err each_of(struct op *op, struct surveys *s, const struct survey *of, str patient,
                   struct json *row)
{
    struct record_doc doc;
    struct json *request = NULL, *o;
    TRY(unseen(op, survey_each_now(op, s, of, patient, &doc, &request)));
    if (!request)
        return OK;
    const struct json *repeat = json_path(request, "occurrenceTiming.repeat");
    o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("at"),
                 str_sub(json_str(json_path(repeat, "timeOfDay.0")), 0, 5));
    json_set_str(op->arena, o, STR("until"), json_str(json_path(repeat, "boundsPeriod.end")));
    json_set(op->arena, row, STR("each"), o);
    return OK;
}

static err row_of(struct op *op, struct surveys *s, const struct survey *of, str patient,
                  struct json *all)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *items = json_new(op->arena, JSON_ARRAY);
    str at, title[] = {str_of(of->title[0]), str_of(of->title[1]), str_of(of->title[2])};
    json_set_str(op->arena, o, STR("survey"), str_of(of->name));
    json_set(op->arena, o, STR("title"), language_texts(op, title));
    TRY(survey_answered(op, s, of, patient, &at));
    if (at.n)
        json_set_str(op->arena, o, STR("answered"), at);
    TRY(each_of(op, s, of, patient, o));
    for (size_t i = 0; i < of->n_items; i++)
        json_push(op->arena, items, item_of(op, s, of, i));
    json_set(op->arena, o, STR("items"), items);
    json_push(op->arena, all, o);
    return OK;
}

err survey_daily(struct op *op, struct surveys *s, str patient, struct json **ret)
{
    struct json *all = json_new(op->arena, JSON_ARRAY);
    const struct survey *of;
    struct record_doc doc;
    TRY(record_read(op, s->rec, fhir_type_parse(STR("Patient")), patient, &doc));
    for (size_t i = 0; (of = survey_row(i)); i++) {
        bool is = false;
        if (!of->daily)
            continue;
        TRY(unseen(op, survey_concerns(op, s, of, patient, &is)));
        if (is)
            TRY(row_of(op, s, of, patient, all));
    }
    *ret = all;
    return op_check(op);
}

/* ---- asked ---- */
static err may_ask(struct op *op, const struct survey_asking *a)
{
    const struct actor *who = op->actor;
    if (!a->of || !a->of->daily)
        return fail(op, ERR_UNPROCESSABLE, "These questions are not asked about a day.");
    if (who->role == ROLE_PATIENT ? a->by_text : who->patient != 0)
        return fail(op, ERR_FORBIDDEN, "Only the patient, or who cares for them, asks this.");
    return OK;
}

static err is_open(struct op *op, struct surveys *s, str task, bool *ret)
{
    struct record_doc doc;
    struct json *t;
    *ret = false;
    if (str_empty(task))
        return OK;
    err e = record_read(op, s->rec, fhir_type_parse(STR("Task")), task, &doc);
    if (e == ERR_GONE || e == ERR_NOT_FOUND) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &t));
    *ret = survey_task_open(t);
    return OK;
}

struct day {
    const struct survey_asking *a;
    const struct actor *who;
    uint64_t patient;
};

/* As the house, but for a Task that staff make: it is theirs, as policy allows. */
static err ask(struct op *op, struct surveys *s, const struct day *d, str *ret)
{
    const struct survey *of = d->a->of;
    bool open;
    str task, key = arena_printf(op->arena, "survey/open/%llu/%s", (unsigned long long)d->patient,
                                 of->name);
    TRY(record_kv_get(op, s->rec, key, &task));
    TRY(is_open(op, s, task, &open));
    if (open && !d->a->by_text) {
        *ret = task;
        return OK;
    }
    TRY(questionnaire_keep(op, s, of));
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_expect_kv(tx, key, task);
    if (!open) {
        struct visit v = {.patient = d->a->patient, .end = op->now};
        struct json *t = survey_task_new(op, of, &v);
        op->actor = d->who->role == ROLE_PATIENT ? survey_system() : d->who;
        TRY(record_tx_create(tx, t, &task));
        op->actor = survey_system();
        record_tx_kv(tx, key, task);
    }
    if (d->a->by_text)
        survey_message_at(op, tx, task, op->now, d->a->at ? d->a->at : op->now);
    TRY(record_commit(tx));
    *ret = task;
    return OK;
}

err survey_ask(struct op *op, struct surveys *s, const struct survey_asking *a, str *ret_task)
{
    struct day d = {.a = a, .who = op->actor};
    struct record_doc doc;
    TRY(may_ask(op, a));
    TRY(record_read(op, s->rec, fhir_type_parse(STR("Patient")), a->patient, &doc));
    d.patient = doc.rid;
    op->actor = survey_system();
    err e = ask(op, s, &d, ret_task);
    if (e == ERR_CONFLICT) {
        op_clear(op); /* asked at the same moment by another: theirs is there now */
        op->actor = survey_system();
        e = ask(op, s, &d, ret_task);
    }
    op->actor = d.who;
    return e;
}

/* ---- told on a call ---- */
err survey_told(struct op *op, struct surveys *s, const struct survey_asking *a,
                const struct json *answers, str *ret_response)
{
    struct survey_given g;
    str task;
    bool any = false;
    TRY(may_ask(op, a));
    if (op->actor->patient)
        return fail(op, ERR_FORBIDDEN, "Patients answer in the portal.");
    survey_given_new(a->of, &g);
    for (size_t i = 0; answers && answers->type == JSON_OBJECT && i < answers->n; i++)
        TRY(survey_give(op, &g, answers->u.members[i].name,
                        json_str(&answers->u.members[i].value)));
    for (size_t i = 0; i < a->of->n_items; i++)
        any |= g.choice[i] >= 0 || g.text[i].n;
    if (!any)
        return fail(op, ERR_UNPROCESSABLE, "Write down at least one answer.");
    TRY(survey_ask(op, s, a, &task));
    return survey_put_told(op, s, task, &g, ret_response);
}
