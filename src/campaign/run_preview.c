/* A few people as they would be contacted: when, by which channel, in which words, and why; or one
 * of them who is asked about. Each is read by the asker's own right, and so is what the outline's
 * conditions ask. Of a veiled audience others are shown: to be among the three tells nothing. */
#include "campaign/done_int.h"

#include "outreach/trial.h"
#include "policy/content.h"

#define TRIED_MAX 60

static err name_of(struct op *op, struct campaigns *c, uint64_t rid, str *ret_id, str *ret_name,
                   struct json **ret)
{
    struct record_doc doc;
    struct json *tree;
    fhir_type type;
    TRY(record_name(op, c->rec, rid, &type, ret_id));
    TRY(record_read(op, c->rec, type, *ret_id, &doc));
    TRY(record_parse(op, &doc, &tree));
    str given = json_str(json_path(tree, "name.0.given.0"));
    str family = json_str(json_path(tree, "name.0.family"));
    size_t first = 0; /* letter of the family's name, of whatever bytes */
    if (family.n)
        (void)str_utf8_next(family, &first);
    *ret_name =
        arena_printf(op->arena, "%.*s %.*s.", STR_ARG(given), STR_ARG(str_sub(family, 0, first)));
    *ret = tree;
    return OK;
}

static void say_words(struct op *op, struct json *o, str text, str language)
{
    struct sms_shape shape;
    struct grade g;
    content_sms_shape(text, &shape);
    content_grade(text, language, &g);
    json_set_str(op->arena, o, STR("text"), text);
    json_set(op->arena, o, STR("segments"), json_new_i64(op->arena, shape.segments));
    if (g.method == GRADE_FLESCH_KINCAID || g.method == GRADE_FERNANDEZ_HUERTA)
        json_set_str(op->arena, o, STR("grade"), arena_printf(op->arena, "%.1f", g.years));
}

static err describe(struct op *op, struct campaigns *c, const struct plan *p, struct met *m,
                    struct json *o)
{
    struct plan_state s;
    struct plan_move move;
    str say[LANGUAGE_COUNT];
    plan_begin(p, op->now, op->now, &s);
    m->who.place = &m->place;
    TRY(conditions_of(op, c, p, m));
    plan_next(p, &m->who, &s, op->now, &move);
    json_set_str(op->arena, o, STR("language"), str_of(LANGUAGE_TAGS[m->lang]));
    json_set_str(op->arena, o, STR("channel"),
                 move.channel >= PLAN_PHONE ? STR("phone") : plan_channel_name(move.channel));
    json_set_str(op->arena, o, STR("at"), time_format(op->arena, move.at));
    json_set_str(op->arena, o, STR("zone"), m->zone);
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        say[l] = plan_explain(op, p, &move, m->zone, l);
    json_set(op->arena, o, STR("because"), language_texts(op, say));
    if (move.kind != PLAN_DONE && move.step >= 0 && move.step < (int)p->n_steps)
        say_words(op, o, words_for(op, c, &p->steps[move.step].words, m, 0),
                  str_of(LANGUAGE_TAGS[m->lang]));
    return OK;
}

static void say_done(struct op *op, struct json *o, const struct met *m, str name)
{
    str say[LANGUAGE_COUNT];
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        say[l] = left_sentence(op, LEFT_DONE, l, name);
    json_set_str(op->arena, o, STR("language"), str_of(LANGUAGE_TAGS[m->lang]));
    json_set(op->arena, o, STR("because"), language_texts(op, say));
}

static err one(struct op *op, struct campaigns *c, const struct plan *p, uint64_t rid,
               struct json **ret)
{
    const struct actor *who = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    const struct chip_row *row;
    struct met m;
    struct json *patient;
    str id, name;
    TRY(name_of(op, c, rid, &id, &name, &patient));
    op->actor = campaign_system();
    err e = meet(op, c, p, rid, &m);
    op->actor = who;
    TRY(e);
    m.patient = patient; /* conditions, by the asker's right: a step of theirs is no question */
    TRY(done_already(op, c, p, rid, op->now, &row));
    if (row)
        say_done(op, o, &m, name);
    else if (!m.gone)
        TRY(describe(op, c, p, &m, o));
    json_set_str(op->arena, o, STR("id"), id);
    json_set_str(op->arena, o, STR("name"), name);
    *ret = m.gone ? NULL : o;
    return OK;
}

/* Three in different languages when there are. */
static err pick(struct op *op, struct campaigns *c, const struct plan *p,
                const struct people_of *all, struct json *list)
{
    str had[3] = {STR_NONE, STR_NONE, STR_NONE};
    struct json *spare[3] = {NULL, NULL, NULL};
    size_t n_spare = 0;
    for (size_t i = 0; i < all->n && i < TRIED_MAX && list->n < 3; i++) {
        struct json *o = NULL;
        err e = one(op, c, p, all->rids[i * (all->n / TRIED_MAX ? all->n / TRIED_MAX : 1)], &o);
        if (e != OK || !o) {
            op_clear(op); /* whom the asker may not see is not shown */
            continue;
        }
        str language = json_get_str(o, STR("language"));
        bool again = str_eq(language, had[0]) || str_eq(language, had[1]);
        if (again && n_spare < 3)
            spare[n_spare++] = o;
        if (again)
            continue;
        had[list->n] = language;
        json_push(op->arena, list, o);
    }
    for (size_t i = 0; i < n_spare && list->n < 3; i++)
        json_push(op->arena, list, spare[i]);
    return OK;
}

err campaign_preview(struct op *op, struct campaigns *c, str id, str patient, struct json **ret)
{
    const struct actor *who = op->actor;
    struct record_doc doc;
    struct json *tree, *o = json_new(op->arena, JSON_OBJECT), *row,
                       *list = json_new(op->arena, JSON_ARRAY);
    struct plan *p;
    struct people_of all = {0};
    uint64_t rid, *rids = NULL;
    bool veiled;
    TRY(campaign_check_role(op));
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(plan_read(op, tree, &p));
    if (!str_empty(patient)) {
        TRY(record_resolve(op, c->rec, fhir_type_parse(STR("Patient")), patient, &rid));
        TRY(one(op, c, p, rid, &row));
        if (row)
            json_push(op->arena, list, row);
    } else if (!p->journey) {
        TRY(people_veiled(op, c, id, &veiled));
        op->actor = campaign_system();
        err e = veiled ? people_everybody(op, c, &all) : people_now(op, c, id, &rids, &all.n);
        op->actor = who;
        TRY(e);
        all.rids = veiled ? all.rids : rids;
        TRY(pick(op, c, p, &all, list));
    }
    json_set(op->arena, o, STR("people"), list);
    *ret = o;
    return op_check(op);
}
