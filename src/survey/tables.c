/* The rows of spec/survey. Const tables. */
#include "survey/survey_int.h"

#include "survey_gen.h"

const struct survey *survey_row(size_t i)
{
    return i < sizeof surveys / sizeof *surveys ? &surveys[i] : NULL;
}

const struct survey_limit *survey_limit_row(size_t i)
{
    return i < sizeof limits / sizeof *limits ? &limits[i] : NULL;
}

const struct survey_medicine *survey_medicine_row(size_t i)
{
    return i < sizeof medicines / sizeof *medicines ? &medicines[i] : NULL;
}

const struct survey *survey_find(str name)
{
    const struct survey *s = NULL;
    for (size_t i = 0; (s = survey_row(i)); i++)
        if (str_eq(name, str_of(s->name)))
            return s;
    return NULL;
}

const struct survey *survey_of(str canonical)
{
    if (!str_starts(canonical, STR(SURVEY_URL)))
        return NULL;
    str name = str_sub(canonical, sizeof SURVEY_URL - 1, canonical.n);
    return survey_find(str_sub(name, 0, str_find_char(name, '|', 0)));
}
