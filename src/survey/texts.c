/* Words: those of spec/survey, and the licensed ones of the site's file (survey.texts_file):
 * {"kccq-12": {"en": {"1a": "the question", "1a/1": "its first answer", …}, "es": …}}. A language
 * that the file lacks has its English there. */
#include "survey/survey_int.h"

#include <stdio.h>

#define TEXTS_MAX (1u << 20)

err site_file(struct op *op, const struct surveys *s, const char *setting, str *ret)
{
    str path = config_str(s->config, setting);
    *ret = STR_NONE;
    if (str_empty(path))
        return OK;
    FILE *f = fopen(str_z(op->arena, path), "re");
    char *p = arena_alloc(op->arena, TEXTS_MAX + 1);
    size_t n = f && p ? fread(p, 1, TEXTS_MAX + 1, f) : 0;
    bool ok = f && !ferror(f);
    if (f)
        (void)fclose(f);
    TRY(op_check(op));
    if (!ok)
        return fail(op, ERR_INVALID, "%s cannot be read", setting);
    if (n > TEXTS_MAX)
        return fail(op, ERR_TOO_LARGE, "%s holds at most 1 MiB", setting);
    *ret = str_make(p, n);
    return OK;
}

err texts_load(struct op *op, struct surveys *s)
{
    struct json *o;
    str text;
    TRY(site_file(op, s, "survey.texts_file", &text));
    if (!text.p)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    s->texts = json_dup(s->arena, o);
    return arena_failed(s->arena) ? fail(op, ERR_UNAVAILABLE, "out of memory") : OK;
}

static str licensed(const struct surveys *s, const struct survey *of, str key, unsigned l)
{
    const struct json *all = json_get(s->texts, str_of(of->name));
    str text = json_get_str(json_get(all, str_of(LANGUAGE_TAGS[l])), key);
    return text.n ? text : json_get_str(json_get(all, STR("en")), key);
}

str survey_item_text(const struct surveys *s, const struct survey *of, size_t item, unsigned l)
{
    const struct survey_item *i = &of->items[item];
    return of->licensed ? licensed(s, of, str_of(i->link), l) : str_of(i->text[l]);
}

str survey_option_text(const struct surveys *s, const struct survey *of, size_t item, size_t option,
                       unsigned l)
{
    const struct survey_item *i = &of->items[item];
    char key[64];
    int n = snprintf(key, sizeof key, "%s/%s", i->link, i->options[option].code);
    return of->licensed ? licensed(s, of, str_make(key, (size_t)n), l)
                        : str_of(i->options[option].text[l]);
}

bool survey_ready(const struct surveys *s, const struct survey *of)
{
    for (size_t i = 0; i < of->n_items; i++) {
        if (str_empty(survey_item_text(s, of, i, 0)))
            return false;
        for (size_t k = 0; k < of->items[i].n_options; k++)
            if (str_empty(survey_option_text(s, of, i, k, 0)))
                return false;
    }
    return true;
}

str texts_message(struct op *op, const struct survey *of, enum survey_part part, unsigned l,
                  str link)
{
    str text = str_of(of->message[part][l]);
    size_t at = str_find(text, STR("{link}"), 0);
    if (at == SIZE_MAX)
        return text;
    return arena_cat(op->arena, arena_cat(op->arena, str_sub(text, 0, at), link),
                     str_sub(text, at + 6, text.n));
}
