/* Scoring tables of the site: read, checked, kept, used. Invariant: the named values
 * survey/weights/<survey>/<version> hold only tables that were checked, one a version for ever;
 * survey/weights/<survey> names the one in use, empty for none. */
#include "survey/weights.h"

#include "record/find_each.h"
#include "survey/survey_int.h"

#include <math.h>

#define WEIGHT_MAX 1000.0
#define VERSION_MAX 64u
#define SOURCE_MAX 500u
#define ANSWERS_MAX 1000000u /* to be scored after a table came */

struct weighted { /* a score: its place in of->scales, and what each answer adds */
    double intercept, *by[SURVEY_ITEMS_MAX];
};
struct survey_weights {
    const struct survey *of;
    str version;
    struct weighted *scores; /* of->n_scales */
};

bool survey_is_weighted(const struct survey *of)
{
    for (size_t i = 0; of && i < of->n_scales; i++)
        if (of->scales[i].how == SCALE_WEIGHTED)
            return true;
    return false;
}

str survey_weights_version(const struct survey_weights *w)
{
    return w->version;
}

bool survey_weigh(const struct survey_weights *w, const struct survey_given *g, str score,
                  double *ret)
{
    for (size_t k = 0; w && w->of == g->of && k < g->of->n_scales; k++) {
        const struct survey_scale *scale = &g->of->scales[k];
        double sum = w->scores[k].intercept;
        if (scale->how != SCALE_WEIGHTED || !str_eq(score, str_of(scale->score)))
            continue;
        for (size_t i = 0; i < g->of->n_items; i++) {
            if (!(scale->of >> i & 1u))
                continue;
            if (g->choice[i] < 0)
                return false;
            sum += w->scores[k].by[i][g->choice[i]];
        }
        *ret = sum;
        return true;
    }
    return false;
}

/* ---- read and checked ---- */
struct reading {
    struct op *op;
    const char *survey, *score, *item; /* where; the last two NULL outside of one */
};

static err bad(const struct reading *r, const char *what, str which)
{
    return fail(r->op, ERR_INVALID, "survey.weights_file: %s%s%s%s%s: %s%.*s", r->survey,
                r->score ? ": " : "", r->score ? r->score : "", r->item ? ": " : "",
                r->item ? r->item : "", what, STR_ARG(which));
}

static err number(const struct reading *r, const struct json *v, const char *what, double *ret)
{
    if (!json_is(v, JSON_NUMBER) || !json_double(v, ret) || !(fabs(*ret) <= WEIGHT_MAX))
        return bad(r, what, STR(" is no number from -1000 to 1000"));
    return OK;
}

/* Nothing but what is known is in an object: a name with a slip in it must not be passed over. */
static err only(const struct reading *r, const struct json *o, const char *const *names)
{
    for (size_t i = 0; i < o->n; i++) {
        bool known = false;
        for (size_t k = 0; names[k]; k++)
            known |= str_eq(o->u.members[i].name, str_of(names[k]));
        if (!known)
            return bad(r, "there is no member ", o->u.members[i].name);
    }
    return OK;
}

/* A weight of the answer's place on 0-100, or one of each answer. */
static err read_item(const struct reading *r, const struct survey_item *item, const struct json *v,
                     double *by)
{
    double w = 0;
    if (json_is(v, JSON_NUMBER)) {
        TRY(number(r, v, "the weight", &w));
        for (size_t k = 0; k < item->n_options; k++)
            by[k] = w * survey_hundred(item, item->options[k].score);
        return OK;
    }
    if (!json_is(v, JSON_OBJECT))
        return bad(r, "a weight or the weights of its answers are missing", STR_NONE);
    for (size_t i = 0; i < v->n; i++)
        if (survey_option_of(item, v->u.members[i].name) < 0)
            return bad(r, "there is no answer ", v->u.members[i].name);
    for (size_t k = 0; k < item->n_options; k++) {
        const struct json *one = json_get(v, str_of(item->options[k].code));
        if (!one)
            return bad(r, "no weight of answer ", str_of(item->options[k].code));
        TRY(number(r, one, "a weight", &by[k]));
    }
    return OK;
}

static bool has_item(const struct survey *of, const struct survey_scale *scale, str link)
{
    for (size_t i = 0; i < of->n_items; i++)
        if (scale->of >> i & 1u && str_eq(link, str_of(of->items[i].link)))
            return true;
    return false;
}

static err read_score(struct reading *r, const struct survey *of, const struct survey_scale *scale,
                      const struct json *v, struct weighted *ret)
{
    static const char *const names[] = {"intercept", "items", NULL};
    const struct json *items = JSON_GET(v, "items");
    if (!json_is(v, JSON_OBJECT) || !json_is(items, JSON_OBJECT))
        return bad(r, "its intercept and items are missing", STR_NONE);
    TRY(only(r, v, names));
    TRY(number(r, JSON_GET(v, "intercept"), "the intercept", &ret->intercept));
    for (size_t i = 0; i < items->n; i++)
        if (!has_item(of, scale, items->u.members[i].name))
            return bad(r, "there is no question ", items->u.members[i].name);
    for (size_t i = 0; i < of->n_items; i++) {
        const struct survey_item *item = &of->items[i];
        if (!(scale->of >> i & 1u))
            continue;
        ret->by[i] = ARENA_ARRAY(r->op->arena, double, item->n_options);
        TRY(op_check(r->op));
        r->item = item->link;
        TRY(read_item(r, item, json_get(items, str_of(item->link)), ret->by[i]));
        r->item = NULL;
    }
    return OK;
}

static bool is_version(str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!(v.p[i] >= 'a' && v.p[i] <= 'z') && !(v.p[i] >= 'A' && v.p[i] <= 'Z') &&
            !(v.p[i] >= '0' && v.p[i] <= '9') && !(i && strchr("._-", v.p[i])))
            return false;
    return v.n > 0 && v.n <= VERSION_MAX;
}

static err read_scores(struct reading *r, const struct json *scores, struct survey_weights *w)
{
    for (size_t i = 0; i < scores->n; i++) {
        bool known = false;
        for (size_t k = 0; k < w->of->n_scales; k++)
            known |= w->of->scales[k].how == SCALE_WEIGHTED &&
                     str_eq(scores->u.members[i].name, str_of(w->of->scales[k].score));
        if (!known)
            return bad(r, "there is no score ", scores->u.members[i].name);
    }
    for (size_t k = 0; k < w->of->n_scales; k++) {
        const struct survey_scale *scale = &w->of->scales[k];
        if (scale->how != SCALE_WEIGHTED)
            continue;
        r->score = scale->score;
        TRY(read_score(r, w->of, scale, json_get(scores, str_of(scale->score)), &w->scores[k]));
        r->score = NULL;
    }
    return OK;
}

static err read_table(struct op *op, const struct survey *of, const struct json *v,
                      struct survey_weights **ret)
{
    static const char *const names[] = {"version", "source", "scores", NULL};
    struct reading r = {.op = op, .survey = of->name};
    struct survey_weights *w = ARENA_NEW(op->arena, struct survey_weights);
    const struct json *scores = JSON_GET(v, "scores");
    TRY(op_check(op));
    if (!json_is(v, JSON_OBJECT) || !json_is(scores, JSON_OBJECT))
        return bad(&r, "its version and scores are missing", STR_NONE);
    TRY(only(&r, v, names));
    *w = (struct survey_weights){.of = of,
                                 .version = json_get_str(v, STR("version")),
                                 .scores = ARENA_ARRAY(op->arena, struct weighted, of->n_scales)};
    TRY(op_check(op));
    if (!json_is(JSON_GET(v, "version"), JSON_STRING) || !is_version(w->version))
        return bad(&r, "the version is up to 64 letters, digits, dots, dashes", STR_NONE);
    if (json_get_str(v, STR("source")).n > SOURCE_MAX)
        return bad(&r, "the source has at most 500 bytes", STR_NONE);
    TRY(read_scores(&r, scores, w));
    *ret = w;
    return OK;
}

/* ---- kept ---- */
static str used_key(struct op *op, const struct survey *of)
{
    return arena_printf(op->arena, "survey/weights/%s", of->name);
}

static str table_key(struct op *op, const struct survey *of, str version)
{
    return arena_printf(op->arena, "survey/weights/%s/%.*s", of->name, STR_ARG(version));
}

static str caught_key(struct op *op, const struct survey *of)
{
    return arena_printf(op->arena, "survey/weights-caught-up/%s", of->name);
}

err survey_weights_get(struct op *op, struct record *rec, const struct survey *of,
                       struct survey_weights **ret)
{
    struct json *v;
    str version, text;
    *ret = NULL;
    TRY(record_kv_get(op, rec, used_key(op, of), &version));
    if (str_empty(version))
        return OK;
    TRY(record_kv_get(op, rec, table_key(op, of, version), &text));
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &v));
    return read_table(op, of, v, ret);
}

/* v NULL: the site has no table for it (any more). */
static err keep(struct op *op, struct surveys *s, const struct survey *of, const struct json *v)
{
    struct survey_weights *w = NULL;
    struct record_tx *tx;
    struct json *before;
    struct buf b;
    str used, had = STR_NONE;
    if (v)
        TRY(read_table(op, of, v, &w));
    TRY(record_kv_get(op, s->rec, used_key(op, of), &used));
    if (w)
        TRY(record_kv_get(op, s->rec, table_key(op, of, w->version), &had));
    if (had.n)
        TRY(json_read(op, had, &JSON_LIMITS_DEFAULT, &before));
    if (had.n && !json_equal(before, v))
        return fail(op, ERR_INVALID,
                    "survey.weights_file: %s: another table was loaded as version %.*s; give this "
                    "one a version of its own",
                    of->name, STR_ARG(w->version));
    if (str_eq(used, w ? w->version : STR_NONE))
        return OK;
    tx = record_begin(op, s->rec);
    if (w && !had.n) {
        buf_init(&b, op->arena, 1u << 20);
        json_write(&b, v);
        if (!buf_ok(&b))
            return fail(op, ERR_TOO_LARGE, "survey.weights_file is too long.");
        record_tx_kv(tx, table_key(op, of, w->version), buf_str(&b));
    }
    record_tx_kv(tx, used_key(op, of), w ? w->version : STR_NONE);
    record_tx_kv(tx, caught_key(op, of), STR_NONE);
    return record_commit(tx);
}

err weights_load(struct op *op, struct surveys *s)
{
    struct json *all = NULL;
    const struct survey *of;
    str text;
    TRY(site_file(op, s, "survey.weights_file", &text));
    if (text.p)
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &all));
    if (all && !json_is(all, JSON_OBJECT))
        return fail(op, ERR_INVALID, "survey.weights_file: it holds no tables by survey");
    for (size_t i = 0; all && i < all->n; i++)
        if (!survey_is_weighted(survey_find(all->u.members[i].name)))
            return fail(op, ERR_INVALID, "survey.weights_file: %.*s is not scored by a table",
                        STR_ARG(all->u.members[i].name));
    for (size_t i = 0; (of = survey_row(i)); i++)
        if (survey_is_weighted(of))
            TRY(keep(op, s, of, json_get(all, str_of(of->name))));
    return OK;
}

/* ---- answers from before the table ---- */
static err look_again(void *ctx, struct op *op, const struct record_doc *doc,
                      const struct json *tree)
{
    return response_observe(op, ctx, doc, tree);
}

static err catch_up(struct op *op, struct surveys *s, const struct survey *of)
{
    str used, caught;
    TRY(record_kv_get(op, s->rec, used_key(op, of), &used));
    TRY(record_kv_get(op, s->rec, caught_key(op, of), &caught));
    if (str_empty(used) || str_eq(used, caught))
        return OK;
    struct record_each e = {.type = "QuestionnaireResponse",
                            .query =
                                arena_printf(op->arena, "questionnaire=" SURVEY_URL "%s", of->name),
                            .max = ANSWERS_MAX,
                            .fn = look_again,
                            .ctx = s};
    TRY(record_find_each(op, s->rec, &e));
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_kv(tx, caught_key(op, of), used);
    return record_commit(tx);
}

err weights_catch_up(struct op *op, struct surveys *s)
{
    const struct survey *of;
    if (s->caught_up)
        return OK;
    op->actor = survey_system();
    for (size_t i = 0; (of = survey_row(i)); i++)
        if (survey_is_weighted(of))
            TRY(catch_up(op, s, of));
    s->caught_up = true;
    return OK;
}
