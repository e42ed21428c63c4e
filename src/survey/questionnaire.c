/* The Questionnaires in the record, as spec/survey and the site's file say. They are written when
 * they are first asked, and again when they have changed; ids are of the house. */
#include "survey/survey_int.h"

#define TRANSLATION "http://hl7.org/fhir/StructureDefinition/translation"
#define ORDINAL "http://hl7.org/fhir/StructureDefinition/ordinalValue"
#define TEXT_MAX (1u << 18)

static fhir_type t_questionnaire(void)
{
    return fhir_type_parse(STR("Questionnaire"));
}

static str id_of(struct op *op, const struct survey *of)
{
    return arena_printf(op->arena, "weft-%s", of->name);
}

struct json *questionnaire_reference(struct op *op, const struct survey *of)
{
    str id = id_of(op, of);
    return fhir_reference_to(op, "Questionnaire", id);
}

static void push_one(struct op *op, struct json *o, str name, const struct json *item)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, item);
    json_set(op->arena, o, name, list);
}

static struct json *translation(struct op *op, const char *lang, str text)
{
    struct arena *a = op->arena;
    struct json *e = json_new(a, JSON_OBJECT), *parts = json_new(a, JSON_ARRAY);
    struct json *l = json_new(a, JSON_OBJECT), *c = json_new(a, JSON_OBJECT);
    json_set_str(a, l, STR("url"), STR("lang"));
    json_set_str(a, l, STR("valueCode"), str_of(lang));
    json_set_str(a, c, STR("url"), STR("content"));
    json_set_str(a, c, STR("valueString"), text);
    json_push(a, parts, l);
    json_push(a, parts, c);
    json_set_str(a, e, STR("url"), STR(TRANSLATION));
    json_set(a, e, STR("extension"), parts);
    return e;
}

/* English in the element, the others beside it; nothing where there are no words. */
static void set_words(struct op *op, struct json *o, const char *name,
                      const str words[LANGUAGE_COUNT])
{
    struct json *more = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    if (str_empty(words[0]))
        return;
    json_set_str(op->arena, o, str_of(name), words[0]);
    json_push(op->arena, list, translation(op, "es", words[1]));
    json_push(op->arena, list, translation(op, "ar", words[2]));
    json_set(op->arena, more, STR("extension"), list);
    json_set(op->arena, o, arena_printf(op->arena, "_%s", name), more);
}

static void set_loinc(struct op *op, struct json *o, const char *code)
{
    struct json *c = json_new(op->arena, JSON_OBJECT);
    if (!*code)
        return;
    json_set_str(op->arena, c, STR("system"), STR("http://loinc.org"));
    json_set_str(op->arena, c, STR("code"), str_of(code));
    push_one(op, o, STR("code"), c);
}

static struct json *option_of(struct op *op, struct surveys *s, const struct survey *of, size_t i,
                              size_t k)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *coding = json_new(a, JSON_OBJECT);
    const struct survey_option *row = &of->items[i].options[k];
    str words[LANGUAGE_COUNT];
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        words[l] = survey_option_text(s, of, i, k, l);
    if (row->score != SURVEY_NO_SCORE) {
        struct json *e = json_new(a, JSON_OBJECT);
        json_set_str(a, e, STR("url"), STR(ORDINAL));
        json_set(a, e, STR("valueDecimal"), json_new_i64(a, row->score));
        push_one(op, o, STR("extension"), e);
    }
    json_set_str(a, coding, STR("system"), arena_printf(a, SURVEY_ANSWERS "%s", of->name));
    json_set_str(a, coding, STR("code"), str_of(row->code));
    set_words(op, coding, "display", words);
    json_set(a, o, STR("valueCoding"), coding);
    return o;
}

static struct json *item_of(struct op *op, struct surveys *s, const struct survey *of, size_t i)
{
    static const char *const kinds[] = {"choice", "text", "boolean"};
    struct arena *a = op->arena;
    const struct survey_item *row = &of->items[i];
    struct json *o = json_new(a, JSON_OBJECT), *options = json_new(a, JSON_ARRAY);
    str words[LANGUAGE_COUNT];
    for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
        words[l] = survey_item_text(s, of, i, l);
    json_set_str(a, o, STR("linkId"), str_of(row->link));
    set_loinc(op, o, row->loinc);
    set_words(op, o, "text", words);
    json_set_str(a, o, STR("type"), str_of(kinds[row->kind]));
    if (row->kind == SURVEY_TEXT)
        json_set(a, o, STR("maxLength"), json_new_i64(a, SURVEY_TEXT_MAX));
    for (size_t k = 0; k < row->n_options; k++)
        json_push(a, options, option_of(op, s, of, i, k));
    if (row->n_options)
        json_set(a, o, STR("answerOption"), options);
    return o;
}

static struct json *resource(struct op *op, struct surveys *s, const struct survey *of)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *items = json_new(a, JSON_ARRAY);
    str title[] = {str_of(of->title[0]), str_of(of->title[1]), str_of(of->title[2])};
    json_set_str(a, o, STR("resourceType"), STR("Questionnaire"));
    json_set_str(a, o, STR("id"), id_of(op, of));
    json_set_str(a, o, STR("url"), arena_printf(a, SURVEY_URL "%s", of->name));
    json_set_str(a, o, STR("version"), STR("1"));
    set_words(op, o, "title", title);
    json_set_str(a, o, STR("status"), STR("active"));
    push_one(op, o, STR("subjectType"), json_new_str(a, STR("Patient")));
    set_loinc(op, o, of->loinc);
    for (size_t i = 0; i < of->n_items; i++)
        json_push(a, items, item_of(op, s, of, i));
    json_set(a, o, STR("item"), items);
    return o;
}

err questionnaire_keep(struct op *op, struct surveys *s, const struct survey *of)
{
    struct json *o = resource(op, s, of);
    struct record_result r;
    struct buf b;
    str had, key = arena_printf(op->arena, "survey/questionnaire/%s", of->name);
    buf_init(&b, op->arena, TEXT_MAX);
    json_write(&b, o);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The words of a questionnaire are too long.");
    str mark = arena_printf(op->arena, "%016llx", (unsigned long long)str_hash(buf_str(&b)));
    TRY(record_kv_get(op, s->rec, key, &had));
    if (str_eq(had, mark))
        return OK;
    TRY(fhir_validate(op, o));
    TRY(record_update(op, s->rec, t_questionnaire(), id_of(op, of), o, STR_NONE, &r));
    struct record_tx *tx = record_begin(op, s->rec);
    record_tx_kv(tx, key, mark);
    return record_commit(tx);
}
