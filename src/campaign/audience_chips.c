/* The chips there are, in a language, with the values that people in the table have. Invariant: a
 * value is told when 30 people or more have it. */
#include "campaign/audience_int.h"

#define VALUES_MAX 200u

static bool values_of(str ask, enum people_words *ret)
{
    *ret = str_eq(ask, STR("language")) ? PEOPLE_LANGUAGE
           : str_eq(ask, STR("clinic")) ? PEOPLE_CLINIC
                                        : PEOPLE_AREA;
    return *ret != PEOPLE_AREA || str_eq(ask, STR("area"));
}

static err clinic_name(struct op *op, struct campaigns *c, str reference, str *ret)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    struct fault before = op->fault;
    struct record_doc doc;
    struct json *tree;
    *ret = reference;
    if (!ref.type || record_read(op, c->rec, ref.type, ref.id, &doc) != OK) {
        op->fault = before;
        return OK;
    }
    TRY(record_parse(op, &doc, &tree));
    str name = json_get_str(tree, STR("name"));
    if (name.n)
        *ret = name;
    return OK;
}

static err add_values(struct op *op, struct campaigns *c, enum people_words kind, struct json *chip)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    people_read(c->people);
    size_t n = people_word_count(c->people, kind) + 1, rows = people_count(c->people);
    uint32_t *sums = ARENA_ARRAY(op->arena, uint32_t, n + 1);
    str *words = ARENA_ARRAY(op->arena, str, n + 1);
    for (size_t i = 0; sums && i < rows; i++) {
        const struct person *p = people_row(c->people, i);
        uint16_t w = kind == PEOPLE_LANGUAGE ? p->language
                     : kind == PEOPLE_CLINIC ? p->clinic
                                             : p->area;
        if (w < n && !(p->flags & PERSON_GONE))
            sums[w]++;
    }
    for (size_t i = 1; words && i < n; i++)
        words[i] = arena_str(op->arena, people_word(c->people, kind, (uint16_t)i));
    people_done(c->people);
    TRY(op_check(op));
    for (size_t i = 1; i < n && list->n < VALUES_MAX; i++) {
        struct json *v = json_new(op->arena, JSON_OBJECT);
        str label = words[i];
        if (sums[i] < AUDIENCE_EQUITY_MIN && kind == PEOPLE_AREA)
            continue;
        if (kind == PEOPLE_CLINIC)
            TRY(clinic_name(op, c, words[i], &label));
        json_set_str(op->arena, v, STR("code"), words[i]);
        json_set_str(op->arena, v, STR("label"), label);
        json_push(op->arena, list, v);
    }
    json_set(op->arena, chip, STR("values"), list);
    return op_check(op);
}

err audience_chips(struct op *op, struct campaigns *c, str language, struct json **ret)
{
    unsigned l = language_or_english(language);
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    struct json *left = json_new(op->arena, JSON_OBJECT);
    if (!record_may_search(op, c->rec, fhir_type_parse(STR("Group"))))
        return fail(op, ERR_FORBIDDEN, "Audiences are for who works on outreach.");
    for (size_t i = 0; i < CHIP_COUNT; i++) {
        struct json *chip = json_new(op->arena, JSON_OBJECT);
        enum people_words kind;
        str ask = str_of(CHIPS[i].ask);
        json_set_str(op->arena, chip, STR("code"), str_of(CHIPS[i].code));
        json_set_str(op->arena, chip, STR("label"), str_of(CHIPS[i].label[l]));
        json_set_str(op->arena, chip, STR("citation"), str_of(CHIPS[i].citation));
        json_set(op->arena, chip, STR("done"), json_new_bool(op->arena, CHIPS[i].done != NULL));
        json_set(op->arena, chip, STR("veiled"),
                 json_new_bool(op->arena, CHIPS[i].search && !chip_may_search(op, c, &CHIPS[i])));
        if (!CHIPS[i].search && values_of(ask, &kind))
            TRY(add_values(op, c, kind, chip));
        json_push(op->arena, list, chip);
    }
    for (int i = 0; i < LEFT_COUNT; i++)
        json_set_str(op->arena, left, str_of(LEFTS[i].code), str_of(LEFTS[i].title[l]));
    json_set(op->arena, o, STR("chips"), list);
    json_set(op->arena, o, STR("left"), left);
    TRY(op_check(op));
    *ret = o;
    return OK;
}
