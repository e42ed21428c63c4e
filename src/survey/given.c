/* What was given: from a form, from a text message, from a QuestionnaireResponse. Pure. Invariant:
 * only what fits its question is in there. */
#include "survey/survey_int.h"

void survey_given_new(const struct survey *of, struct survey_given *ret)
{
    *ret = (struct survey_given){.of = of};
    memset(ret->choice, -1, sizeof ret->choice);
}

static err bad(struct op *op, str link, const char *why)
{
    return fail_at(op, ERR_INVALID, link, "%s", why);
}

int survey_option_of(const struct survey_item *item, str code)
{
    for (size_t i = 0; i < item->n_options; i++)
        if (str_eq(code, str_of(item->options[i].code)))
            return (int)i;
    return -1;
}

static err give_choice(struct op *op, const struct survey_item *item, str value, int8_t *ret)
{
    int i = item->kind == SURVEY_CHOICE ? survey_option_of(item, value)
            : str_eq(value, STR("yes")) ? 1
            : str_eq(value, STR("no"))  ? 0
                                        : -1;
    if (i < 0 && value.n)
        return bad(op, str_of(item->link), "This is none of the answers to the question.");
    *ret = (int8_t)i;
    return OK;
}

err survey_give(struct op *op, struct survey_given *g, str link, str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < g->of->n_items; i++) {
        const struct survey_item *item = &g->of->items[i];
        if (!str_eq(link, str_of(item->link)))
            continue;
        if (item->kind != SURVEY_TEXT)
            return give_choice(op, item, value, &g->choice[i]);
        if (value.n > SURVEY_TEXT_MAX || !str_utf8_valid(value) ||
            str_find_char(value, 0, 0) != SIZE_MAX)
            return bad(op, link, "An answer in words has at most 1000 bytes.");
        g->text[i] = value;
        return OK;
    }
    return bad(op, link, "There is no such question.");
}

static str value_of(const struct json *answer)
{
    const struct json *b = JSON_GET(answer, "valueBoolean");
    str code = json_str(json_path(answer, "valueCoding.code"));
    if (b)
        return json_bool(b, false) ? STR("yes") : STR("no");
    return code.n ? code : json_get_str(answer, STR("valueString"));
}

err survey_read(struct op *op, const struct json *response, struct survey_given *ret)
{
    const struct survey *of = survey_of(json_get_str(response, STR("questionnaire")));
    const struct json *items = JSON_GET(response, "item"), *item;
    survey_given_new(of, ret);
    for (size_t i = 0; of && (item = json_at(items, i)); i++) {
        const struct json *answers = JSON_GET(item, "answer");
        str link = json_get_str(item, STR("linkId"));
        if (!answers)
            continue;
        if (answers->n != 1)
            return bad(op, link, "A question has one answer.");
        TRY(survey_give(op, ret, link, value_of(json_at(answers, 0))));
    }
    return OK;
}
