/* What is done already, asked of the record: for one person before each contact and when something
 * of them changes, for everybody in reports and simulations. Invariants: a season or window counts
 * back from the campaign, so what ended it yesterday ends it tomorrow; and what is said of a person
 * is asked by the right of who is told. */
#include "campaign/done_int.h"

#include "base/time.h"
#include "record/custom.h"

#define SEASON_MONTH 8
#define MONTHS_MAX 240u

/* ---- a row's searches ---- */
/* {flu}, {27m} as a date; any other stays. */
static str date_of(struct op *op, str name, int64_t at)
{
    struct time_local l;
    uint64_t months;
    if (!time_to_local(at, STR("Etc/UTC"), &l))
        return STR_NONE;
    if (str_eq(name, STR("flu")))
        return arena_printf(op->arena, "%d-%02d-01", l.month >= SEASON_MONTH ? l.year : l.year - 1,
                            SEASON_MONTH);
    if (!str_ends(name, STR("m")) || !str_to_u64(str_sub(name, 0, name.n - 1), MONTHS_MAX, &months))
        return STR_NONE;
    int month = l.year * 12 + l.month - 1 - (int)months;
    return arena_printf(op->arena, "%d-%02d-01", month / 12, month % 12 + 1);
}

static str filled(struct op *op, str text, int64_t at)
{
    size_t from = str_find(text, STR("{"), 0);
    size_t to = from == SIZE_MAX ? SIZE_MAX : str_find(text, STR("}"), from);
    str date = to == SIZE_MAX ? STR_NONE : date_of(op, str_sub(text, from + 1, to), at);
    if (str_empty(date))
        return text;
    str head = arena_cat(op->arena, str_sub(text, 0, from), date);
    return arena_cat(op->arena, head, str_sub(text, to + 1, text.n));
}

static struct chip_ask ask_of(struct op *op, str search, int64_t at)
{
    str text = filled(op, search, at), name;
    if (!str_take_until(&text, '?', &name))
        name = text;
    return (struct chip_ask){.type = fhir_type_parse(name), .query = text};
}

size_t chip_asks(struct op *op, const struct chip *chip, int64_t at, struct chip_ask *ret)
{
    str rest, one;
    size_t n = 0;
    if (!chip->row) {
        ret[0] = ask_of(op, chip->search, at);
        return 1;
    }
    for (rest = str_of(chip->row->ask); n < CHIP_ASKS_MAX && str_take_until(&rest, ' ', &one);)
        ret[n++] = ask_of(op, one, at);
    return n;
}

bool chip_may_search(struct op *op, const struct campaigns *c, const struct chip_row *row)
{
    str rest = str_of(row->ask), one;
    bool may = true;
    while (may && str_take_until(&rest, ' ', &one))
        may = record_may_search(op, c->rec, search_type(one));
    return may;
}

bool chip_may_ask(struct op *op, const struct campaigns *c, str search)
{
    struct chip_ask ask = ask_of(op, search, op->now);
    const struct fhir_query *q;
    struct fault before = op->fault;
    if (ask.type && record_query_read(op, c->rec, ask.type, ask.query, false, &q) == OK)
        return record_may_ask(op, c->rec, q);
    op->fault = before;
    return false;
}

/* ---- one person ---- */
bool done_concerns(const struct plan *p, fhir_type type)
{
    size_t i = 0;
    while (i < p->n_done_types && p->done_types[i] != type)
        i++;
    return i < p->n_done_types;
}

struct asked {
    str who;
    int64_t at;
    const struct record_doc *of; /* this resource alone; NULL: any */
};

static err row_holds(struct op *op, struct campaigns *c, const struct chip_row *row,
                     const struct asked *a, bool *ret)
{
    str rest = str_of(row->ask), one;
    *ret = false;
    while (!*ret && str_take_until(&rest, ' ', &one)) {
        struct record_page page;
        if (a->of && search_type(one) != a->of->type)
            continue;
        struct chip_ask ask = ask_of(op, one, a->at);
        str query = arena_printf(op->arena, "patient=Patient/%.*s&%.*s&_count=1", STR_ARG(a->who),
                                 STR_ARG(ask.query));
        if (a->of)
            query = arena_printf(op->arena, "%.*s&_id=%.*s", STR_ARG(query), STR_ARG(a->of->id));
        TRY(record_find(op, c->rec, ask.type, query, &page));
        *ret = page.n > 0;
    }
    return OK;
}

err done_already(struct op *op, struct campaigns *c, const struct plan *p, uint64_t patient,
                 int64_t at, const struct chip_row **ret)
{
    fhir_type type;
    str who;
    *ret = NULL;
    if (p->n_done == 0)
        return OK;
    TRY(record_name(op, c->rec, patient, &type, &who));
    for (size_t i = 0; i < p->n_done && !*ret; i++) {
        bool is = false;
        if (chip_may_search(op, c, p->done[i]))
            TRY(row_holds(op, c, p->done[i], &(struct asked){.who = who, .at = at}, &is));
        *ret = is ? p->done[i] : NULL;
    }
    return OK;
}

err done_by(struct op *op, struct campaigns *c, const struct plan *p, const struct done_change *ch,
            const struct chip_row **ret)
{
    struct asked a = {.at = ch->at, .of = ch->doc};
    fhir_type type;
    *ret = NULL;
    if (!done_concerns(p, ch->doc->type) || !record_may_search(op, c->rec, ch->doc->type))
        return OK;
    TRY(record_name(op, c->rec, ch->patient, &type, &a.who));
    for (size_t i = 0; i < p->n_done && !*ret; i++) {
        bool is;
        TRY(row_holds(op, c, p->done[i], &a, &is));
        *ret = is ? p->done[i] : NULL;
    }
    return OK;
}

err done_leave(struct record_tx *tx, struct op *op, struct campaigns *c, struct enrolment *e,
               const struct chip_row *row)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    fhir_type type;
    str who;
    TRY(record_name(op, c->rec, e->patient, &type, &who));
    json_set_str(op->arena, detail, STR("plan"), e->plan);
    json_set_str(op->arena, detail, STR("done"), str_of(row->code));
    record_tx_trail(tx, STR("campaign-done"), type, who, detail);
    e->done = str_of(row->code);
    return enrolment_leave(tx, op, c, e, PLAN_LEAVES_DONE);
}

bool done_may_tell(struct op *op, const struct campaigns *c, const struct plan *p)
{
    size_t i = 0;
    while (i < p->n_done && chip_may_search(op, c, p->done[i]))
        i++;
    return i == p->n_done;
}

/* ---- everybody ---- */
err done_add(struct op *op, struct record_cohort *to, const struct record_cohort *one)
{
    size_t n = 0, i = 0, k = 0;
    if (to->n == 0) {
        *to = *one;
        return OK;
    }
    uint64_t *all = ARENA_ARRAY(op->arena, uint64_t, to->n + one->n + 1);
    TRY(op_check(op));
    while (i < to->n || k < one->n) {
        bool ours = k == one->n || (i < to->n && to->patients[i] <= one->patients[k]);
        uint64_t next = ours ? to->patients[i] : one->patients[k];
        i += i < to->n && to->patients[i] == next;
        k += k < one->n && one->patients[k] == next;
        all[n++] = next;
    }
    to->patients = all;
    to->n = n;
    to->filtered |= one->filtered;
    return OK;
}

str done_known(struct op *op, str query, int64_t until)
{
    return arena_printf(op->arena, "%.*s&_lastUpdated=lt%.*s", STR_ARG(query),
                        STR_ARG(time_format(op->arena, until)));
}

err done_cohort(struct op *op, struct campaigns *c, const struct plan *p,
                const struct done_span *span, struct record_cohort *ret)
{
    *ret = (struct record_cohort){0};
    for (size_t i = 0; i < p->n_done; i++) {
        struct chip_ask asks[CHIP_ASKS_MAX];
        size_t n = chip_asks(op, &(struct chip){.row = p->done[i]}, span->at, asks);
        for (size_t k = 0; k < n; k++) {
            struct record_cohort one;
            str query = asks[k].query;
            if (span->since)
                query = arena_printf(op->arena, "%.*s&date=ge%.*s", STR_ARG(query),
                                     STR_ARG(str_sub(time_format(op->arena, span->since), 0, 10)));
            if (span->until)
                query = done_known(op, query, span->until);
            TRY(record_cohort(op, c->rec, asks[k].type, query, &one));
            TRY(done_add(op, ret, &one));
        }
    }
    return OK;
}

/* ---- what an outline says of it ---- */
err done_named(struct op *op, const struct plan *p)
{
    bool needed = false;
    for (size_t i = 0; i < CHIP_COUNT; i++)
        needed = needed || (CHIPS[i].done && str_eq(p->programme, str_of(CHIPS[i].done)));
    if (!needed || p->n_done > 0 || p->n_exits > 0)
        return OK;
    return fail_at(op, ERR_UNPROCESSABLE, STR("PlanDefinition.extension(done)"),
                   "say what ends it for a person: which shot or test");
}

void done_rows(struct op *op, struct json *o)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < CHIP_COUNT; i++) {
        struct json *row = json_new(op->arena, JSON_OBJECT);
        str label[LANGUAGE_COUNT];
        for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
            label[l] = str_of(CHIPS[i].label[l]);
        if (!CHIPS[i].done)
            continue;
        json_set_str(op->arena, row, STR("code"), str_of(CHIPS[i].code));
        json_set(op->arena, row, STR("label"), language_texts(op, label));
        json_push(op->arena, list, row);
    }
    json_set(op->arena, o, STR("endings"), list);
}
