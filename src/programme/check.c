/* Does somebody fit a programme? Criteria that have a search are asked of the record, the others of
 * the nurse. What the record says is not overruled by an answer. */
#include "programme/programme_int.h"

enum met { MET_UNKNOWN, MET_NO, MET_YES };

/* {19y}, {180d}: the date that long before now. */
static err with_dates(struct op *op, const char *find, str *ret)
{
    str rest = str_of(find);
    struct buf b;
    buf_init(&b, op->arena, 2000);
    for (size_t at; (at = str_find_char(rest, '{', 0)) < rest.n;) {
        uint64_t n;
        buf_add(&b, str_sub(rest, 0, at));
        rest = str_sub(rest, at + 1, rest.n);
        if (!str_take_u64(&rest, 999, &n) || rest.n < 2)
            return fail(op, ERR_FAULT, "The request could not be done.");
        int64_t day = op->now / DAY_MS - (int64_t)n;
        if (rest.p[0] == 'y') {
            int y;
            unsigned m, d;
            time_civil_from_days(op->now / DAY_MS, &y, &m, &d);
            day = time_days_from_civil(y - (int)n, m, m == 2 && d == 29 ? 28 : d);
        }
        buf_add(&b, day_text(op, day));
        rest = str_sub(rest, 2, rest.n);
    }
    buf_add(&b, rest);
    *ret = buf_str(&b);
    return op_check(op);
}

static err look(struct op *op, struct programmes *p, str patient,
                const struct programme_criterion *c, enum met *ret, str *ret_evidence)
{
    struct record_page page;
    str query, type;
    TRY(with_dates(op, c->find, &query));
    if (!str_take_until(&query, '?', &type))
        return fail(op, ERR_FAULT, "The request could not be done.");
    bool self = str_eq(type, STR("Patient"));
    query = arena_printf(op->arena, "%s%.*s&%.*s&_count=1", self ? "_id=" : "patient=Patient/",
                         STR_ARG(patient), STR_ARG(query));
    TRY(record_find(op, p->rec, fhir_type_parse(type), query, &page));
    *ret = page.n ? MET_YES : self ? MET_NO : MET_UNKNOWN;
    if (page.n)
        *ret_evidence = arena_printf(op->arena, "%.*s/%.*s/_history/%u", STR_ARG(type),
                                     STR_ARG(page.docs[0].id), page.docs[0].vid);
    return OK;
}

static enum met answered(const struct json *answers, const char *code)
{
    str a = json_get_str(answers, str_of(code));
    return str_eq(a, STR("yes")) ? MET_YES : str_eq(a, STR("no")) ? MET_NO : MET_UNKNOWN;
}

/* Of a group one is enough: is another of it met? */
static bool group_met(const struct programme *of, const enum met *met, size_t i)
{
    for (size_t k = 0; k < of->n_criteria && of->criteria[i].group[0]; k++)
        if (met[k] == MET_YES &&
            str_eq(str_of(of->criteria[k].group), str_of(of->criteria[i].group)))
            return true;
    return false;
}

static bool fits(const struct programme *of, const enum met *met)
{
    for (size_t i = 0; i < of->n_criteria; i++) {
        enum met want = of->criteria[i].bar ? MET_NO : MET_YES;
        if (met[i] != want && !group_met(of, met, i))
            return false;
    }
    return true;
}

err programme_check(struct op *op, struct programmes *p, str patient, str code,
                    const struct json *answers, struct json **ret)
{
    static const char *const words[] = {"unknown", "no", "yes"};
    const struct programme *of = programme_find(code);
    struct record_doc who;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    if (!of)
        return fail_at(op, ERR_NOT_FOUND, STR("programme"), "There is no such programme.");
    TRY(record_read(op, p->rec, fhir_type_parse(STR("Patient")), patient, &who));
    enum met *met = ARENA_ARRAY(op->arena, enum met, of->n_criteria + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < of->n_criteria; i++) {
        const struct programme_criterion *c = &of->criteria[i];
        str evidence = STR_NONE, from = STR("record");
        if (c->find[0])
            TRY(look(op, p, patient, c, &met[i], &evidence));
        if (met[i] == MET_UNKNOWN) {
            met[i] = answered(answers, c->code);
            from = met[i] == MET_UNKNOWN ? STR_NONE : STR("answer");
        }
        struct json *one = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, one, STR("code"), str_of(c->code));
        json_set_str(op->arena, one, STR("met"), str_of(words[met[i]]));
        json_set_str(op->arena, one, STR("from"), from);
        json_set_str(op->arena, one, STR("evidence"), evidence);
        json_push(op->arena, list, one);
    }
    json_set_str(op->arena, o, STR("programme"), str_of(of->code));
    json_set(op->arena, o, STR("fits"), json_new_bool(op->arena, fits(of, met)));
    json_set(op->arena, o, STR("criteria"), list);
    *ret = o;
    return op_check(op);
}
