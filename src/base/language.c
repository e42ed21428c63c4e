/* The languages that the server speaks. */
#include "base/language.h"

const char *const LANGUAGE_TAGS[LANGUAGE_COUNT] = {"en", "es", "ar"};

enum language language_of(str tag)
{
    int l = LANGUAGE_EN;
    while (l < LANGUAGE_COUNT && !(str_eq_nocase(str_sub(tag, 0, 2), str_of(LANGUAGE_TAGS[l])) &&
                                   (tag.n == 2 || tag.p[2] == '-')))
        l++;
    return (enum language)l;
}

enum language language_or_english(str tag)
{
    enum language l = language_of(tag);
    return l == LANGUAGE_COUNT ? LANGUAGE_EN : l;
}

struct json *language_texts(struct op *op, const str text[LANGUAGE_COUNT])
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    for (int l = 0; l < LANGUAGE_COUNT; l++)
        json_set_str(op->arena, o, str_of(LANGUAGE_TAGS[l]), text[l]);
    return o;
}
