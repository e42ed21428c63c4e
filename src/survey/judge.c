/* What an answer asks of us: a score past a row of spec/survey/limits.csv, or words of danger,
 * becomes a case with its clock. Invariant: the named value survey/judged/<response> holds what was
 * raised; it changes with the case, so each row raises one case of an answer, however often the
 * answer is looked at or added to. The case of a restricted answer is restricted, too. */
#include "survey/survey_int.h"

#include "campaign/link.h"
#include "policy/content.h"

#define PREVIOUS 10
#define WORDS_MAX 300u

struct judging {
    struct op *op;
    struct surveys *s;
    const struct record_doc *doc;
    struct survey_given g;
    str patient, key, had;
    uint64_t raised; /* bit a row; the last two: danger */
    struct record_tx *tx;
    double before; /* the score of the answers before */
    bool has_before;
    bool restricted; /* the answer is */
};
#define DANGER_BIT (1ull << 62)
#define DANGER "message-danger" /* a row of limits.csv has it */

static int8_t yesno(const struct survey_given *g, str link)
{
    for (size_t i = 0; i < g->of->n_items; i++)
        if (str_eq(link, str_of(g->of->items[i].link)))
            return g->choice[i];
    return -1;
}

str survey_words(const struct survey_given *g)
{
    for (size_t i = 0; i < g->of->n_items; i++)
        if (g->text[i].n)
            return g->text[i];
    return STR_NONE;
}

/* The score of the answers before these, for a drop. */
static err before(struct judging *j, str score)
{
    struct record_page page;
    str query = arena_printf(j->op->arena,
                             "patient=Patient/%.*s&questionnaire=" SURVEY_URL
                             "%s&_sort=-authored&_count=%d",
                             STR_ARG(j->patient), j->g.of->name, PREVIOUS);
    TRY(record_find(j->op, j->s->rec, j->doc->type, query, &page));
    for (size_t i = 0; i < page.n && !j->has_before; i++) {
        struct survey_given g;
        struct json *tree;
        if (page.docs[i].rid >= j->doc->rid)
            continue;
        TRY(record_parse(j->op, &page.docs[i], &tree));
        err e = survey_read(j->op, tree, &g);
        if (e != OK)
            op_clear(j->op); /* somebody else's, which does not fit */
        j->has_before = e == OK && survey_score(&g, score, &j->before);
    }
    return OK;
}

static err past(struct judging *j, const struct survey_limit *l, double v, bool *ret)
{
    *ret = l->how == LIMIT_AT_MOST    ? v <= l->limit
           : l->how == LIMIT_AT_LEAST ? v >= l->limit
                                      : v < l->limit;
    if (l->how != LIMIT_DROP)
        return OK;
    TRY(before(j, str_of(l->score)));
    *ret = j->has_before && j->before - v >= l->limit;
    return OK;
}

/* The questions of the score that got that count. */
static struct said items_with(struct judging *j, str score, double v)
{
    struct said all = {{STR_NONE, STR_NONE, STR_NONE}};
    uint32_t of = 0;
    for (size_t i = 0; i < j->g.of->n_scales; i++)
        if (str_eq(score, str_of(j->g.of->scales[i].score)))
            of = j->g.of->scales[i].of;
    for (size_t i = 0; i < j->g.of->n_items; i++) {
        const struct survey_item *item = &j->g.of->items[i];
        int count;
        if (!(of >> i & 1u) || !survey_count(&j->g, i, &count) || count != (int)v)
            continue;
        struct said one = desk_say_row(item->text);
        all = all.in[0].n ? desk_say(j->op, SAY_JOIN, (struct said[]){all, one}, 2) : one;
    }
    return all;
}

static struct said sentence(struct judging *j, const struct survey_limit *l, double v)
{
    struct op *op = j->op;
    str text = str_sub(survey_words(&j->g), 0, WORDS_MAX);
    while (text.n && !str_utf8_valid(text))
        text.n--; /* not in the middle of a character */
    struct said words =
        text.n ? desk_say_same(op, text) : desk_say(op, SAY_SURVEY_NO_WORDS, NULL, 0);
    struct said value = desk_say_number(op, l->how == LIMIT_UNDER || l->how == LIMIT_DROP, v);
    struct said limit = desk_say_number(op, 0, l->limit);
    struct said was = desk_say_number(op, 1, j->before);
    if (l->say == SAY_SURVEY_PHQ)
        return desk_say(op, l->say, NULL, 0);
    if (l->say == SAY_SURVEY_ITEM)
        return desk_say(op, l->say, (struct said[]){items_with(j, str_of(l->score), v), words}, 2);
    if (l->say == SAY_SURVEY_EMERGENCY || l->say == SAY_SURVEY_SIGNS) /* what was answered yes */
        return desk_say(op, l->say, (struct said[]){items_with(j, str_of(l->score), 1)}, 1);
    if (l->say == SAY_SURVEY_NPS)
        return desk_say(op, l->say, (struct said[]){value, words}, 2);
    return desk_say(op, l->say, (struct said[]){value, l->how == LIMIT_DROP ? was : limit}, 2);
}

static err open_case(struct judging *j, const struct desk_case *like)
{
    struct desk_case c = *like;
    str id,
        evidence = arena_printf(j->op->arena, "QuestionnaireResponse/%.*s", STR_ARG(j->doc->id));
    bool fresh;
    c.patient = j->patient;
    c.evidence = &evidence;
    c.n_evidence = 1;
    return desk_open(j->tx, j->op, j->s->rec, &c, &id, &fresh);
}

/* As with every message of a patient: words of danger go to a person at once (EMG-01, EMG-04). */
static err danger(struct judging *j, struct desk_case *io)
{
    struct reply reply;
    if (j->raised & DANGER_BIT || !survey_words(&j->g).n)
        return OK;
    if (!content_reply(j->op, survey_words(&j->g), &reply))
        return op_check(j->op);
    if (!reply.emergency && !reply.suicidal)
        return OK;
    j->raised |= DANGER_BIT;
    io->why = desk_say(j->op, reply.suicidal ? SAY_DANGER_SELF : SAY_DANGER, NULL, 0);
    io->rule = reply.suicidal ? STR("EMG-04") : STR("EMG-01");
    return OK;
}

/* Rows of one programme make one case, and so do words of danger with warning signs: of one
 * programme a transaction opens one. */
static err programme(struct judging *j, size_t first)
{
    const struct survey_limit *l = survey_limit_row(first), *row;
    struct desk_case c = {.programme = str_of(l->programme),
                          .priority = (enum desk_priority)l->priority,
                          .rule = str_of(l->rule)};
    if (strcmp(l->programme, DANGER) == 0)
        TRY(danger(j, &c));
    for (size_t i = first; (row = survey_limit_row(i)); i++) {
        double v;
        bool is, known = survey_score(&j->g, str_of(row->score), &v);
        if (!known || strcmp(row->programme, l->programme) != 0 || j->raised >> i & 1u ||
            (row->contact && yesno(&j->g, STR("nps-contact")) != 1))
            continue;
        TRY(past(j, row, v, &is));
        if (!is)
            continue;
        struct said why = sentence(j, row, v);
        c.why = c.why.in[SAY_EN].n ? desk_say_lines(j->op, &c.why, &why) : why;
        c.due = j->op->now + row->hours * SURVEY_HOUR;
        c.restricted = j->restricted;
        j->raised |= 1ull << i;
    }
    return c.why.in[SAY_EN].n ? open_case(j, &c) : OK;
}

static err limits(struct judging *j)
{
    const struct survey_limit *l, *earlier;
    for (size_t i = 0; (l = survey_limit_row(i)); i++) {
        bool done = false;
        for (size_t k = 0; k < i && (earlier = survey_limit_row(k)); k++)
            done |= strcmp(earlier->programme, l->programme) == 0;
        if (!done)
            TRY(programme(j, i));
    }
    return OK;
}

err response_judge(struct op *op, struct surveys *s, const struct record_doc *doc,
                   const struct json *tree)
{
    struct judging *j = ARENA_NEW(op->arena, struct judging);
    TRY(op_check(op));
    *j = (struct judging){.op = op, .s = s, .doc = doc};
    err e = survey_read(op, tree, &j->g);
    if (e != OK || !j->g.of) {
        op_clear(op); /* not ours, or it fits no question: nothing is reckoned from it */
        return OK;
    }
    j->patient = fhir_ref_parse(json_str(json_path(tree, "subject.reference"))).id;
    j->restricted = j->g.of->sensitive || link_asks(tree);
    j->key = arena_printf(op->arena, "survey/judged/%llu", (unsigned long long)doc->rid);
    TRY(record_kv_get(op, s->rec, j->key, &j->had));
    (void)str_to_u64(j->had, UINT64_MAX, &j->raised);
    uint64_t had = j->raised;
    j->tx = record_begin(op, s->rec);
    TRY(limits(j));
    if (j->raised == had)
        return OK;
    record_tx_expect_kv(j->tx, j->key, j->had);
    record_tx_kv(j->tx, j->key, arena_printf(op->arena, "%llu", (unsigned long long)j->raised));
    return record_commit(j->tx);
}
