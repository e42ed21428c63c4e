/* What an answer says of the body and of medicines, kept as what it is: an Observation for each
 * symptom asked about, yes or no, and for each score of a site's table, and a MedicationStatement
 * for each medicine, all derived from the response. It decides nothing: the monitor reads them like
 * any other. Invariant: the named value survey/observed/<response> holds the version looked at
 * (with "@" and the table that scored it) and what was made of it, and moves in their transaction;
 * a later version takes back what the one before said. What a table scored stays as it is. */
#include "survey/survey_int.h"

#include "survey/weights.h"

#define SYMPTOMS "https://weft.health/fhir/symptom"
#define CATEGORY "http://terminology.hl7.org/CodeSystem/observation-category"
#define MEDICINES_MAX "50"

struct observing {
    struct op *op;
    struct surveys *s;
    const struct record_doc *doc;
    const struct json *tree;
    struct survey_given g;
    struct record_tx *tx;
    struct buf made;                /* " Type/id" each */
    str at;                         /* when it was answered */
    struct survey_weights *weights; /* NULL: no table is in use */
};

static struct json *list_of(struct op *op, const struct json *one)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, one);
    return list;
}

static void add_labels(struct op *op, struct json *list, const struct json *from)
{
    const struct json *label, *had, *all = json_path(from, "meta.security");
    for (size_t i = 0; (label = json_at(all, i)); i++) {
        bool is = false;
        for (size_t k = 0; (had = json_at(list, k)); k++)
            is |= str_eq(json_get_str(had, STR("system")), json_get_str(label, STR("system"))) &&
                  str_eq(json_get_str(had, STR("code")), json_get_str(label, STR("code")));
        if (!is)
            json_push(op->arena, list, label);
    }
}

/* What both kinds share: whose it is, what it comes from, and what hides it. order: of a medicine,
 * whose labels its statement has, too; or NULL. */
static struct json *begin(struct observing *x, const char *type, const struct json *order)
{
    struct arena *a = x->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *meta = json_new(a, JSON_OBJECT),
                *security = json_new(a, JSON_ARRAY);
    json_set_str(a, o, STR("resourceType"), str_of(type));
    add_labels(x->op, security, x->tree);
    add_labels(x->op, security, order);
    if (security->n) {
        json_set(a, meta, STR("security"), security);
        json_set(a, o, STR("meta"), meta);
    }
    json_set(a, o, STR("subject"), JSON_GET(x->tree, "subject"));
    json_set_str(a, o, STR("effectiveDateTime"), x->at);
    json_set(a, o, STR("derivedFrom"),
             list_of(x->op, fhir_reference_to(x->op, "QuestionnaireResponse", x->doc->id)));
    return o;
}

static err keep(struct observing *x, struct json *o)
{
    str id, type = json_get_str(o, STR("resourceType"));
    TRY(record_tx_create(x->tx, o, &id));
    buf_printf(&x->made, " %.*s/%.*s", STR_ARG(type), STR_ARG(id));
    return OK;
}

static struct json *observation(struct observing *x, struct json *code)
{
    struct arena *a = x->op->arena;
    const struct json *source = JSON_GET(x->tree, "source");
    struct json *o = begin(x, "Observation", NULL);
    json_set_str(a, o, STR("status"), STR("final"));
    json_set(a, o, STR("category"),
             list_of(x->op, fhir_concept(x->op, STR(CATEGORY), STR("survey"))));
    json_set(a, o, STR("code"), code);
    if (source)
        json_set(a, o, STR("performer"), list_of(x->op, source));
    return o;
}

static err symptom(struct observing *x, size_t i)
{
    struct arena *a = x->op->arena;
    const struct survey_item *item = &x->g.of->items[i];
    struct json *code = fhir_concept(x->op, STR(SYMPTOMS), str_of(item->code));
    json_set_str(a, code, STR("text"), str_of(item->shown));
    struct json *o = observation(x, code);
    json_set(a, o, STR("valueBoolean"), json_new_bool(a, x->g.choice[i] == 1));
    return keep(x, o);
}

/* The table that scored it is its method. */
static err score(struct observing *x, const struct survey_scale *scale, double v)
{
    struct arena *a = x->op->arena;
    const char *survey = x->g.of->name;
    str version = survey_weights_version(x->weights);
    struct json *value = json_new(a, JSON_OBJECT);
    struct json *code = fhir_concept(x->op, STR(SURVEY_SCORES),
                                     arena_printf(a, "%s-%s", survey, scale->score)),
                *method =
                    fhir_concept(x->op, arena_printf(a, SURVEY_WEIGHTS "%s", survey), version);
    json_set_str(a, code, STR("text"), arena_printf(a, "%s: %s", x->g.of->title[0], scale->score));
    json_set_str(a, method, STR("text"), arena_printf(a, "Scoring table %.*s", STR_ARG(version)));
    json_set(a, value, STR("value"), json_new_num(a, arena_printf(a, "%.2f", v)));
    json_set_str(a, value, STR("unit"), STR("score"));
    json_set_str(a, value, STR("system"), STR("http://unitsofmeasure.org"));
    json_set_str(a, value, STR("code"), STR("{score}"));
    struct json *o = observation(x, code);
    json_set(a, o, STR("valueQuantity"), value);
    json_set(a, o, STR("method"), method);
    return keep(x, o);
}

static err scores(struct observing *x)
{
    double v;
    for (size_t k = 0; x->weights && k < x->g.of->n_scales; k++)
        if (survey_weigh(x->weights, &x->g, str_of(x->g.of->scales[k].score), &v))
            TRY(score(x, &x->g.of->scales[k], v));
    return OK;
}

/* ---- medicines ---- */
static bool is_of(const struct json *order, const char *class)
{
    const struct json *all = json_path(order, "medicationCodeableConcept.coding"), *c;
    const struct survey_medicine *m;
    for (size_t i = 0; (c = json_at(all, i)); i++)
        for (size_t k = 0; (m = survey_medicine_row(k)); k++) {
            str code = json_get_str(c, STR("code"));
            if (strcmp(m->class, class) == 0 &&
                str_eq(json_get_str(c, STR("system")), str_of(m->system)) &&
                (m->exact ? str_eq(code, str_of(m->code)) : str_starts(code, str_of(m->code))))
                return true;
        }
    return false;
}

/* The class alone has a question of its own: what is said there is said of those. */
static bool asked_apart(const struct observing *x, const struct json *order)
{
    for (size_t i = 0; i < x->g.of->n_items; i++) {
        const struct survey_item *item = &x->g.of->items[i];
        if (item->says == SAYS_MEDICINES && *item->code && x->g.choice[i] >= 0 &&
            is_of(order, item->code))
            return true;
    }
    return false;
}

/* status: of the MedicationStatement. order NULL: which medicines is not known. */
static err statement(struct observing *x, const struct record_doc *doc, const struct json *order,
                     const char *status)
{
    static const char *const kinds[] = {"medicationCodeableConcept", "medicationReference"};
    struct arena *a = x->op->arena;
    struct json *o = begin(x, "MedicationStatement", order), *text = json_new(a, JSON_OBJECT);
    const struct json *source = JSON_GET(x->tree, "source"), *what;
    str words = survey_words(&x->g);
    json_set_str(a, o, STR("status"), str_of(status));
    for (size_t k = 0; order && k < 2; k++)
        if ((what = json_get(order, str_of(kinds[k]))))
            json_set(a, o, str_of(kinds[k]), what);
    if (order) {
        json_set(a, o, STR("basedOn"),
                 list_of(x->op, fhir_reference_to(x->op, "MedicationRequest", doc->id)));
    } else {
        json_set_str(a, text, STR("text"), STR("Medicines as ordered: some taken, some not"));
        json_set(a, o, STR("medicationCodeableConcept"), text);
    }
    json_set_str(a, o, STR("dateAsserted"), x->at);
    if (source)
        json_set(a, o, STR("informationSource"), source);
    if (words.n && strcmp(status, "completed") != 0) {
        struct json *note = json_new(a, JSON_OBJECT);
        json_set_str(a, note, STR("text"), words);
        json_set(a, o, STR("note"), list_of(x->op, note));
    }
    return keep(x, o);
}

static const char *status_of(str code)
{
    return str_eq(code, STR("all")) || str_eq(code, STR("yes"))   ? "completed"
           : str_eq(code, STR("none")) || str_eq(code, STR("no")) ? "not-taken"
                                                                  : NULL;
}

static err medicines_of(struct observing *x, size_t i, const struct record_page *orders)
{
    const struct survey_item *item = &x->g.of->items[i];
    str code = str_of(item->options[x->g.choice[i]].code);
    const char *status = status_of(code);
    if (str_eq(code, STR("some")))
        return statement(x, NULL, NULL, "unknown");
    for (size_t k = 0; status && k < orders->n; k++) {
        struct json *order;
        TRY(record_parse(x->op, &orders->docs[k], &order));
        if (*item->code ? is_of(order, item->code) : !asked_apart(x, order))
            TRY(statement(x, &orders->docs[k], order, status));
    }
    return OK;
}

static err medicines(struct observing *x)
{
    struct record_page orders = {0};
    str patient = fhir_ref_parse(json_str(json_path(x->tree, "subject.reference"))).id;
    bool any = false;
    for (size_t i = 0; i < x->g.of->n_items; i++)
        any |= x->g.of->items[i].says == SAYS_MEDICINES && x->g.choice[i] >= 0;
    if (!any)
        return OK;
    TRY(record_find(x->op, x->s->rec, fhir_type_parse(STR("MedicationRequest")),
                    arena_printf(x->op->arena,
                                 "patient=Patient/%.*s&status=active&_count=" MEDICINES_MAX,
                                 STR_ARG(patient)),
                    &orders));
    for (size_t i = 0; i < x->g.of->n_items; i++)
        if (x->g.of->items[i].says == SAYS_MEDICINES && x->g.choice[i] >= 0)
            TRY(medicines_of(x, i, &orders));
    return OK;
}

/* ---- the version before ---- */
static err take_back(struct observing *x, str made)
{
    str one;
    while (str_take_until(&made, ' ', &one)) {
        struct fhir_ref ref = fhir_ref_parse(one);
        struct record_doc doc;
        struct json *o;
        err e = record_read(x->op, x->s->rec, ref.type, ref.id, &doc);
        if (e == ERR_GONE || e == ERR_NOT_FOUND) {
            op_clear(x->op);
            continue;
        }
        TRY(e);
        TRY(record_parse(x->op, &doc, &o));
        json_set_str(x->op->arena, o, STR("status"), STR("entered-in-error"));
        TRY(record_tx_update(x->tx, ref.type, ref.id, o, doc.vid));
    }
    return OK;
}

static bool says_anything(const struct survey *of)
{
    for (size_t i = 0; of && i < of->n_items; i++)
        if (of->items[i].says)
            return true;
    return survey_is_weighted(of);
}

static err observe(struct observing *x, str key, str had, str made)
{
    str status = json_get_str(x->tree, STR("status"));
    x->tx = record_begin(x->op, x->s->rec);
    record_tx_expect_kv(x->tx, key, had);
    TRY(take_back(x, made));
    buf_init(&x->made, x->op->arena, 1u << 14);
    buf_printf(&x->made, "%u", x->doc->vid);
    if (x->weights)
        buf_printf(&x->made, "@%.*s", STR_ARG(survey_weights_version(x->weights)));
    bool said = str_eq(status, STR("completed")) || str_eq(status, STR("amended"));
    for (size_t i = 0; said && i < x->g.of->n_items; i++)
        if (x->g.of->items[i].says == SAYS_SYMPTOM && x->g.choice[i] >= 0)
            TRY(symptom(x, i));
    if (said) {
        TRY(medicines(x));
        TRY(scores(x));
    }
    if (!buf_ok(&x->made))
        return fail(x->op, ERR_TOO_LARGE, "The answer says too much.");
    record_tx_kv(x->tx, key, buf_str(&x->made));
    return record_commit(x->tx);
}

err response_observe(struct op *op, struct surveys *s, const struct record_doc *doc,
                     const struct json *tree)
{
    struct observing *x = ARENA_NEW(op->arena, struct observing);
    struct time_span span;
    str had, mark = STR_NONE, version = STR_NONE;
    TRY(op_check(op));
    *x = (struct observing){.op = op, .s = s, .doc = doc, .tree = tree};
    err e = survey_read(op, tree, &x->g);
    if (e != OK || !says_anything(x->g.of)) {
        op_clear(op); /* not ours, or it fits no question */
        return OK;
    }
    str key = arena_printf(op->arena, "survey/observed/%llu", (unsigned long long)doc->rid);
    TRY(record_kv_get(op, s->rec, key, &had));
    str made = had;
    (void)str_take_until(&made, ' ', &mark);
    bool scored = str_find_char(mark, '@', 0) != SIZE_MAX;
    (void)str_take_until(&mark, '@', &version);
    if (survey_is_weighted(x->g.of))
        TRY(survey_weights_get(op, s->rec, x->g.of, &x->weights));
    if (str_eq(version, arena_printf(op->arena, "%u", doc->vid)) && (scored || !x->weights))
        return OK;
    x->at = json_get_str(tree, STR("authored"));
    if (!time_parse(x->at, &span) || span.precision < TIME_MINUTE || span.lo > op->now)
        x->at = time_format(op->arena, doc->updated);
    return observe(x, key, had, made);
}
