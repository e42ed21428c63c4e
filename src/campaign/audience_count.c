/* Figures of an audience: how many match, how many are reached, who is left out and why; and reach
 * by language, age and area, of groups of 30 and more. Invariant: every figure of a veiled audience
 * goes through crowd_figure(). */
#include "base/time.h"
#include "campaign/audience_int.h"
#include "fhir/make.h"

#define AREAS_TOLD 40u

static err make(struct op *op, struct campaigns *c, const struct json *definition,
                struct audience *a, struct crowd *w)
{
    TRY(audience_read(op, c, definition, a));
    TRY(crowd_make(op, c, a, w));
    return crowd_told(w);
}

static void set_number(struct op *op, struct json *o, str name, uint64_t n)
{
    json_set(op->arena, o, name, json_new_i64(op->arena, (int64_t)n));
}

static str primary(str tag)
{
    return str_sub(tag, 0, str_find_char(tag, '-', 0));
}

static struct json *languages(struct op *op, const struct crowd *w)
{
    struct people *p = w->c->people;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    size_t n = people_word_count(p, PEOPLE_LANGUAGE) + 1;
    uint64_t *sums = ARENA_ARRAY(op->arena, uint64_t, n + 1);
    for (size_t i = 0; sums && i < w->n; i++)
        if (w->left[i] == LEFT_IN && people_row(p, i)->language < n)
            sums[people_row(p, i)->language]++;
    for (size_t i = 0; sums && i < n; i++) {
        str code = i ? primary(people_word(p, PEOPLE_LANGUAGE, (uint16_t)i)) : STR("und");
        int64_t before = 0;
        if (!sums[i])
            continue;
        (void)!json_i64(json_get(o, code), &before);
        set_number(op, o, code, crowd_figure(w, sums[i]) + (uint64_t)before);
    }
    return o;
}

err audience_count(struct op *op, struct campaigns *c, const struct json *definition,
                   struct json **ret)
{
    struct audience a;
    struct crowd w;
    uint64_t left[LEFT_COUNT + 1] = {0}, matched = 0, helped = 0;
    int64_t start = time_mono_ns();
    TRY(make(op, c, definition, &a, &w));
    people_read(c->people);
    for (size_t i = 0; i < w.n; i++) {
        if (w.left[i] == CROWD_OUT)
            continue;
        matched++;
        left[w.left[i]]++;
        helped += w.left[i] == LEFT_IN && people_row(c->people, i)->flags & PERSON_HELPED;
    }
    struct json *by = languages(op, &w);
    people_done(c->people);
    struct json *o = json_new(op->arena, JSON_OBJECT), *why = json_new(op->arena, JSON_OBJECT);
    for (int i = 0; i < LEFT_COUNT; i++)
        set_number(op, why, str_of(LEFTS[i].code), crowd_figure(&w, left[i]));
    set_number(op, o, STR("matched"), crowd_figure(&w, matched));
    set_number(op, o, STR("reached"), crowd_figure(&w, left[LEFT_IN]));
    json_set(op->arena, o, STR("left"), why);
    json_set(op->arena, o, STR("veiled"), json_new_bool(op->arena, a.veiled));
    json_set(op->arena, o, STR("few"),
             json_new_bool(op->arena, a.veiled && matched < AUDIENCE_FEW));
    set_number(op, o, STR("helped"), crowd_figure(&w, helped));
    json_set(op->arena, o, STR("languages"), by);
    set_number(op, o, STR("ms"), (uint64_t)(time_mono_ns() - start) / 1000000);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

/* ---- equity ---- */
struct share {
    str code;
    uint64_t matched, reached;
};

static int most(const void *x, const void *y)
{
    const struct share *a = x, *b = y;
    return a->matched == b->matched ? str_cmp(a->code, b->code) : a->matched < b->matched ? 1 : -1;
}

/* The small ones together; and, so that nobody reckons them from the sum, with the smallest of the
 * others when together they are still under 30. */
static size_t merge_small(struct share *s, size_t n)
{
    struct share other = {.code = STR("other")};
    qsort(s, n, sizeof *s, most);
    while (n && (s[n - 1].matched < AUDIENCE_EQUITY_MIN || n > AREAS_TOLD ||
                 (other.matched && other.matched < AUDIENCE_EQUITY_MIN))) {
        other.matched += s[--n].matched;
        other.reached += s[n].reached;
    }
    if (other.matched >= AUDIENCE_EQUITY_MIN)
        s[n++] = other;
    return n;
}

static struct json *shares(const struct crowd *w, struct share *s, size_t n)
{
    struct op *op = w->op;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    n = merge_small(s, n);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, o, STR("code"), s[i].code);
        set_number(op, o, STR("matched"), crowd_figure(w, s[i].matched));
        set_number(op, o, STR("reached"), crowd_figure(w, s[i].reached));
        json_push(op->arena, list, o);
    }
    return list;
}

static void add(struct share *s, const struct crowd *w, size_t row)
{
    s->matched++;
    s->reached += w->left[row] == LEFT_IN;
}

static struct json *by_word(const struct crowd *w, enum people_words kind)
{
    const struct people *p = w->c->people;
    size_t n = people_word_count(p, kind) + 1;
    struct share *s = ARENA_ARRAY(w->op->arena, struct share, n + 1);
    for (size_t i = 0; s && i < n; i++)
        s[i].code = i ? people_word(p, kind, (uint16_t)i) : STR("unknown");
    for (size_t i = 0; s && i < w->n; i++) {
        const struct person *row = people_row(p, i);
        uint16_t word = kind == PEOPLE_LANGUAGE ? row->language : row->area;
        if (w->left[i] != CROWD_OUT && word < n)
            add(&s[word], w, i);
    }
    return s ? shares(w, s, n) : json_new(w->op->arena, JSON_ARRAY);
}

static struct json *by_age(const struct crowd *w)
{
    static const struct {
        int from;
        const char *code;
    } BANDS[] = {{75, "75+"}, {65, "65-74"}, {50, "50-64"}, {18, "18-49"}, {0, "0-17"}};
    struct share s[7] = {{.code = STR("unknown")}};
    for (size_t k = 0; k < 5; k++)
        s[k + 1].code = str_of(BANDS[k].code);
    for (size_t i = 0; i < w->n; i++) {
        int32_t age = person_age(people_row(w->c->people, i), w->op->now);
        size_t k = 0;
        while (k < 5 && age < BANDS[k].from)
            k++;
        if (w->left[i] != CROWD_OUT)
            add(&s[k == 5 ? 0 : k + 1], w, i);
    }
    return shares(w, s, 6);
}

err audience_equity(struct op *op, struct campaigns *c, const struct json *definition,
                    struct json **ret)
{
    struct audience a;
    struct crowd w;
    TRY(make(op, c, definition, &a, &w));
    struct json *o = json_new(op->arena, JSON_OBJECT);
    people_read(c->people);
    json_set(op->arena, o, STR("language"), by_word(&w, PEOPLE_LANGUAGE));
    json_set(op->arena, o, STR("age"), by_age(&w));
    json_set(op->arena, o, STR("area"), by_word(&w, PEOPLE_AREA));
    people_done(c->people);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

/* ---- lists ---- */
#define LISTED 50u

str left_sentence(struct op *op, enum audience_left reason, unsigned language, str who)
{
    static const char *const somebody[] = {"A person", "Una persona", "شخص"};
    str say = str_of(LEFTS[reason].say[language]);
    size_t at = str_find(say, STR("{who}"), 0);
    if (at == SIZE_MAX)
        return say;
    str name = who.n ? who : str_of(somebody[language]);
    return arena_cat(op->arena, arena_cat(op->arena, str_sub(say, 0, at), name),
                     str_sub(say, at + 5, say.n));
}

struct listing {
    struct crowd w;
    struct audience a;
    const struct audience_page *page;
    struct json *list;
    size_t n;
};

static err list_one(struct op *op, struct listing *l, size_t row, uint64_t rid)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *patient;
    struct record_doc doc;
    fhir_type type;
    str id = STR_NONE, name = STR_NONE;
    if (!l->a.veiled) {
        TRY(record_name(op, l->w.c->rec, rid, &type, &id));
        TRY(record_read(op, l->w.c->rec, type, id, &doc));
        TRY(record_parse(op, &doc, &patient));
        name = fhir_name_shown(op, patient);
        json_set_str(op->arena, o, STR("id"), id);
        json_set_str(op->arena, o, STR("name"), name);
    }
    /* a row's number is the same in every list: beside names elsewhere it would name people here */
    set_number(op, o, STR("row"), l->a.veiled ? l->n : row);
    if (l->page->reason != LEFT_IN) {
        json_set_str(op->arena, o, STR("reason"), str_of(LEFTS[l->page->reason].code));
        json_set_str(
            op->arena, o, STR("sentence"),
            left_sentence(op, l->page->reason, language_or_english(l->page->language), name));
    }
    json_push(op->arena, l->list, o);
    l->n++;
    return op_check(op);
}

err audience_list(struct op *op, struct campaigns *c, const struct json *definition,
                  const struct audience_page *page, struct json **ret)
{
    struct listing l = {.page = page};
    uint64_t next = 0, sum = 0;
    TRY(make(op, c, definition, &l.a, &l.w));
    l.list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < l.w.n; i++)
        sum += l.w.left[i] == page->reason;
    bool told = !l.a.veiled || sum >= AUDIENCE_FEW;
    size_t from = l.a.veiled ? 0 : page->after; /* nor may a place in the table be asked about */
    for (size_t i = from; told && i < l.w.n && !next; i++) {
        if (l.w.left[i] != page->reason)
            continue;
        if (l.n == LISTED || (l.a.veiled && l.n == sum / 10 * 10)) {
            next = l.a.veiled ? 0 : i;
            break;
        }
        people_read(c->people);
        uint64_t rid = people_row(c->people, i)->rid;
        people_done(c->people);
        TRY(list_one(op, &l, i, rid));
    }
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, o, STR("people"), l.list);
    if (next)
        set_number(op, o, STR("next"), next);
    TRY(op_check(op));
    *ret = o;
    return OK;
}
