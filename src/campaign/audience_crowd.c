/* A definition asked: each chip to the rows that it holds for, groups joined, then the reasons.
 * Columns are answered in memory, searches by cohorts of the record, a FHIRPath by the Patients
 * that remain. Invariant: nobody whom the asker may not be shown is in a crowd. */
#include "campaign/audience_int.h"
#include "campaign/done_int.h"

#include "base/time.h"

err bits_new(struct op *op, size_t n, struct bits *ret)
{
    *ret = (struct bits){ARENA_ARRAY(op->arena, uint64_t, n / 64 + 1), n};
    return op_check(op);
}

/* ---- columns ---- */
struct column {
    enum { COLUMN_OLDER, COLUMN_YOUNGER, COLUMN_SEX, COLUMN_FLAG, COLUMN_WORD } kind;
    int64_t number;
    enum people_words words;
    const uint8_t *fits; /* of words */
};

static bool word_fits(enum people_words kind, str word, str value)
{
    if (kind != PEOPLE_LANGUAGE)
        return str_eq(word, value);
    return str_starts(word, value) && (word.n == value.n || word.p[value.n] == '-');
}

static err column_words(struct crowd *w, const struct chip *chip, struct column *col)
{
    const struct people *p = w->c->people;
    size_t n = people_word_count(p, col->words);
    uint8_t *fits = ARENA_ARRAY(w->op->arena, uint8_t, n + 2);
    TRY(op_check(w->op));
    for (size_t i = 1; i <= n; i++)
        fits[i] = word_fits(col->words, people_word(p, col->words, (uint16_t)i), chip->value);
    col->kind = COLUMN_WORD;
    col->number = (int64_t)n;
    col->fits = fits;
    return OK;
}

static err column_of(struct crowd *w, const struct chip *chip, struct column *ret)
{
    str ask = str_of(chip->row->ask), word;
    *ret = (struct column){.kind = COLUMN_OLDER};
    bool named = !str_take_until(&ask, '=', &word) || str_empty(ask);
    if (str_starts(word, STR("age<"))) {
        ret->kind = COLUMN_YOUNGER;
        ask = str_sub(word, 4, word.n);
        named = false;
    } else if (str_eq(word, STR("sex")) || str_eq(word, STR("flag"))) {
        ret->kind = str_eq(word, STR("sex")) ? COLUMN_SEX : COLUMN_FLAG;
    }
    if (!named)
        return str_to_i64(ask, &ret->number) ? OK : fail(w->op, ERR_FAULT, "a chip's number");
    ret->words = str_eq(word, STR("language")) ? PEOPLE_LANGUAGE
                 : str_eq(word, STR("clinic")) ? PEOPLE_CLINIC
                                               : PEOPLE_AREA;
    return column_words(w, chip, ret);
}

static bool column_holds(const struct column *col, const struct person *p, int64_t now)
{
    switch (col->kind) {
    case COLUMN_OLDER:
        return person_age(p, now) >= col->number;
    case COLUMN_YOUNGER:
        return person_age(p, now) >= 0 && person_age(p, now) < col->number;
    case COLUMN_SEX:
        return p->sex == col->number;
    case COLUMN_FLAG:
        return p->flags & col->number;
    case COLUMN_WORD:
        break;
    }
    uint16_t word = col->words == PEOPLE_LANGUAGE ? p->language
                    : col->words == PEOPLE_CLINIC ? p->clinic
                                                  : p->area;
    return word <= col->number && col->fits[word];
}

static err ask_column(struct crowd *w, const struct chip *chip, struct bits *to)
{
    struct column col;
    size_t n;
    TRY(column_of(w, chip, &col));
    for (size_t at = 0; at < w->n; at += n) {
        const struct person *rows = people_chunk(w->c->people, at, &n);
        for (size_t i = 0; i < n && at + i < w->n; i++)
            if (column_holds(&col, &rows[i], w->op->now) != chip->negate)
                bits_set(to, at + i);
    }
    return OK;
}

/* ---- searches ---- */
/* Any of the chip's searches, each as a cohort. */
static err ask_record(struct crowd *w, const struct chip *chip, struct record_cohort *ret)
{
    struct chip_ask asks[CHIP_ASKS_MAX];
    size_t n = chip_asks(w->op, chip, w->op->now, asks);
    *ret = (struct record_cohort){0};
    for (size_t i = 0; i < n; i++) {
        struct record_cohort one;
        TRY(chip->veiled ? record_cohort_veiled(w->op, w->c->rec, asks[i].type, asks[i].query, &one)
                         : record_cohort(w->op, w->c->rec, asks[i].type, asks[i].query, &one));
        TRY(done_add(w->op, ret, &one));
    }
    return op_check(w->op);
}

static void mark(const struct crowd *w, const struct record_cohort *found, struct bits *to)
{
    for (size_t i = 0; i < found->n; i++) {
        size_t row;
        if (people_find(w->c->people, found->patients[i], &row) && row < w->n)
            bits_set(to, row);
    }
}

/* ---- joining ---- */
static void join(struct bits *to, const struct bits *from)
{
    for (size_t i = 0; i <= to->n / 64; i++)
        to->at[i] |= from->at[i];
}

static bool group_done(const struct audience *a, size_t group)
{
    bool all = true;
    for (size_t i = 0; i < a->n; i++)
        if (a->chips[i].group == group)
            all = all && a->chips[i].negate && a->chips[i].row && a->chips[i].row->done;
    return all;
}

/* Cohorts first, without the lock; then everything that the rows say. */
struct answers {
    struct record_cohort hidden, chips[AUDIENCE_CHIPS_MAX];
};

static err group_bits(struct crowd *w, const struct answers *found, size_t group, struct bits *ret)
{
    TRY(bits_new(w->op, w->n, ret));
    for (size_t i = 0; i < w->a->n; i++) {
        const struct chip *chip = &w->a->chips[i];
        struct bits one;
        if (chip->group != group)
            continue;
        TRY(bits_new(w->op, w->n, &one));
        if (chip->row && !chip->row->search)
            TRY(ask_column(w, chip, &one));
        else
            mark(w, &found->chips[i], &one);
        for (size_t k = 0; chip->negate && (!chip->row || chip->row->search) && k <= w->n / 64; k++)
            one.at[k] = ~one.at[k];
        join(ret, &one);
    }
    return OK;
}

static err rows_match(struct crowd *w, const struct answers *found)
{
    w->n = people_count(w->c->people);
    TRY(bits_new(w->op, w->n, &w->match));
    TRY(bits_new(w->op, w->n, &w->done));
    TRY(bits_new(w->op, w->n, &w->hidden));
    mark(w, &found->hidden, &w->hidden);
    for (size_t i = 0; i < w->n; i++)
        if (!(people_row(w->c->people, i)->flags & PERSON_GONE) && !bits_has(&w->hidden, i))
            bits_set(&w->match, i);
    for (size_t g = 0; g < w->a->groups; g++) {
        struct bits one;
        bool done = group_done(w->a, g);
        TRY(group_bits(w, found, g, &one));
        for (size_t k = 0; k <= w->n / 64; k++) {
            if (done)
                w->done.at[k] |= ~one.at[k];
            else
                w->match.at[k] &= one.at[k];
        }
    }
    return OK;
}

/* The Patient without what readers of names are not shown. */
static err path_holds(struct op *op, struct crowd *w, uint64_t rid, bool *ret)
{
    static const struct actor house = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    struct record_doc doc;
    struct json *tree;
    op->actor = &house;
    TRY(record_get(op, w->c->rec, rid, &doc));
    TRY(record_parse(op, &doc, &tree));
    json_unset(tree, STR("text"));
    json_unset(tree, STR("contained"));
    return fhir_path_bool(op, w->a->compiled, tree, ret);
}

static err take_path(struct crowd *w)
{
    struct arena *m = arena_new(0);
    size_t looked = 0;
    err e = m ? OK : fail(w->op, ERR_UNAVAILABLE, "No memory left for a FHIRPath.");
    for (size_t i = 0; e == OK && i < w->n; i++) {
        struct op op;
        bool holds = false;
        if (!bits_has(&w->match, i))
            continue;
        if (++looked > AUDIENCE_PATH_MAX)
            e = fail_at(w->op, ERR_TOO_COSTLY, STR("path"),
                        "More than %u people remain for the FHIRPath; add chips before it.",
                        AUDIENCE_PATH_MAX);
        else if (w->op->deadline && time_now() > w->op->deadline)
            e = fail_at(w->op, ERR_TIMEOUT, STR("path"), "The FHIRPath takes too long.");
        arena_reset(m);
        op_init(&op, m, NULL, w->op->now);
        people_read(w->c->people);
        uint64_t rid = people_row(w->c->people, i)->rid;
        people_done(w->c->people);
        if (e == OK && path_holds(&op, w, rid, &holds) != OK)
            e = fail_at(w->op, op.fault.code, STR("path"), "%.*s",
                        STR_ARG(op.fault.n ? op.fault.issues[0].message : STR_NONE));
        if (!holds)
            w->match.at[i / 64] &= ~(UINT64_C(1) << (i % 64));
    }
    arena_free(m);
    return e;
}

static uint8_t permit_for(str purpose)
{
    return str_eq(purpose, STR("marketing"))     ? PERMIT_MARKETING
           : str_eq(purpose, STR("appointment")) ? PERMIT_APPOINTMENT | PERMIT_CARE
                                                 : PERMIT_CARE;
}

void crowd_leave(struct crowd *w)
{
    struct left_ask ask = {.now = w->op->now,
                           .lately = w->a->lately,
                           .hold_out = w->a->hold_out,
                           .seed = str_hash(w->a->seed),
                           .permit = permit_for(w->a->purpose)};
    people_read(w->c->people);
    for (size_t i = 0; i < w->n; i++) {
        w->left[i] = CROWD_OUT;
        if (!bits_has(&w->match, i))
            continue;
        ask.done = bits_has(&w->done, i);
        w->left[i] = (uint8_t)people_left_out(people_row(w->c->people, i), &ask);
    }
    people_done(w->c->people);
}

err crowd_rows(struct crowd *w)
{
    struct answers *found = ARENA_NEW(w->op->arena, struct answers);
    TRY(op_check(w->op));
    people_read(w->c->people);
    err e = rows_match(w, found);
    people_done(w->c->people);
    TRY(e);
    w->left = ARENA_ARRAY(w->op->arena, uint8_t, w->n + 1);
    TRY(op_check(w->op));
    crowd_leave(w);
    return OK;
}

err crowd_make(struct op *op, struct campaigns *c, const struct audience *a, struct crowd *ret)
{
    struct answers *found = ARENA_NEW(op->arena, struct answers);
    struct crowd w = {.op = op, .c = c, .a = a};
    unsigned percent;
    TRY(op_check(op));
    if (!people_ready(c->people, &percent))
        return fail(op, ERR_UNAVAILABLE,
                    "The table of people is being made (%u of 100); try again in a moment.",
                    percent);
    TRY(record_cohort_hidden(op, c->rec, &found->hidden));
    for (size_t i = 0; i < a->n; i++)
        if (!a->chips[i].row || a->chips[i].row->search)
            TRY(ask_record(&w, &a->chips[i], &found->chips[i]));
    TRY(people_wait(op, c->people, record_now_t(c->rec)));
    people_read(c->people);
    err e = rows_match(&w, found);
    people_done(c->people);
    TRY(e);
    if (a->compiled)
        TRY(take_path(&w));
    w.left = ARENA_ARRAY(op->arena, uint8_t, w.n + 1);
    TRY(op_check(op));
    crowd_leave(&w);
    *ret = w;
    return OK;
}
