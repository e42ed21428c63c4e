/* Sentences in each language of the server: filled in, and kept in Task.description with its
 * translations. Chooses no language: that is the reader's. */
#include "desk/say.h"

#include "base/buf.h"

#define SAY_MAX (1u << 16)
#define TRANSLATION "http://hl7.org/fhir/StructureDefinition/translation"
#define ISOLATE "\xE2\x81\xA8"     /* U+2068 */
#define ISOLATE_END "\xE2\x81\xA9" /* U+2069 */

/* A byte below SAY_PARTS stands for a part: 1 is the first. */
static const char *const WORDS[SAY_WORDS][SAY_LANGS] = {SAY_ROWS};

static str filled(struct op *op, const char *words, const struct said *parts, size_t n, int lang)
{
    struct buf b;
    buf_init(&b, op->arena, SAY_MAX);
    for (const char *p = words; *p; p++) {
        size_t part = (size_t)(unsigned char)*p;
        if (part >= SAY_PARTS)
            buf_char(&b, *p);
        else if (part <= n)
            buf_add(&b, parts[part - 1].in[lang]);
    }
    return buf_str(&b);
}

struct said desk_say(struct op *op, enum say_word word, const struct said *parts, size_t n)
{
    struct said s;
    for (int l = 0; l < SAY_LANGS; l++)
        s.in[l] = filled(op, WORDS[word][l], parts, n, l);
    return s;
}

struct said desk_say_same(struct op *op, str text)
{
    struct said s = {{text, text, text}};
    s.in[SAY_AR] = arena_printf(op->arena, ISOLATE "%.*s" ISOLATE_END, STR_ARG(text));
    return s;
}

struct said desk_say_number(struct op *op, int decimals, double v)
{
    str plain = arena_printf(op->arena, "%.*f", decimals, v);
    size_t dot = str_find_char(plain, '.', 0);
    struct said s = {{plain, plain, plain}};
    if (dot < plain.n)
        s.in[SAY_ES] = arena_printf(op->arena, "%.*s,%.*s", STR_ARG(str_sub(plain, 0, dot)),
                                    STR_ARG(str_sub(plain, dot + 1, plain.n)));
    return s;
}

str desk_say_hour(struct op *op, const struct time_local *at, enum say_lang lang)
{
    if (lang != SAY_EN)
        return arena_printf(op->arena, "%d:%02d", at->hour, at->minute);
    int twelve = at->hour % 12 ? at->hour % 12 : 12;
    str minutes = at->minute ? arena_printf(op->arena, ":%02d", at->minute) : STR_NONE;
    return arena_printf(op->arena, "%d%.*s %s", twelve, STR_ARG(minutes),
                        at->hour < 12 ? "am" : "pm");
}

struct said desk_say_row(const char *const row[SAY_LANGS])
{
    return (struct said){{str_of(row[SAY_EN]), str_of(row[SAY_ES]), str_of(row[SAY_AR])}};
}

static str of_lang(const struct said *s, int lang)
{
    return s->in[lang].n ? s->in[lang] : s->in[SAY_EN];
}

struct said desk_say_lines(struct op *op, const struct said *a, const struct said *b)
{
    struct said s = {{STR_NONE}};
    for (int l = 0; l < SAY_LANGS; l++)
        if (a->in[l].n || b->in[l].n)
            s.in[l] = arena_printf(op->arena, "%.*s\n%.*s", STR_ARG(of_lang(a, l)),
                                   STR_ARG(of_lang(b, l)));
    return s;
}

static void push_part(struct op *op, struct json *list, const char *url, str type, str value)
{
    struct json *part = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, part, STR("url"), str_of(url));
    json_set_str(op->arena, part, type, value);
    json_push(op->arena, list, part);
}

void desk_say_set(struct op *op, struct json *task, const struct said *what)
{
    struct json *all = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, task, STR("description"), what->in[SAY_EN]);
    for (int l = SAY_ES; l < SAY_LANGS; l++) {
        if (what->in[l].n == 0)
            continue;
        struct json *one = json_new(op->arena, JSON_OBJECT);
        struct json *parts = json_new(op->arena, JSON_ARRAY);
        push_part(op, parts, "lang", STR("valueCode"), str_of(LANGUAGE_TAGS[l]));
        push_part(op, parts, "content", STR("valueString"), what->in[l]);
        json_set(op->arena, one, STR("extension"), parts);
        json_set_str(op->arena, one, STR("url"), STR(TRANSLATION));
        json_push(op->arena, all, one);
    }
    json_unset(task, STR("_description"));
    if (all->n == 0)
        return;
    struct json *beside = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, beside, STR("extension"), all);
    json_set(op->arena, task, STR("_description"), beside);
}

static str part_of(const struct json *extension, str url, str type)
{
    const struct json *part;
    for (size_t i = 0; (part = json_at(JSON_GET(extension, "extension"), i)); i++)
        if (str_eq(json_get_str(part, STR("url")), url))
            return json_get_str(part, type);
    return STR_NONE;
}

struct said desk_say_get(const struct json *task)
{
    struct said s = {{json_get_str(task, STR("description"))}};
    const struct json *one;
    for (size_t i = 0; (one = json_at(json_path(task, "_description.extension"), i)); i++)
        for (int l = SAY_ES; l < SAY_LANGS; l++)
            if (str_eq(json_get_str(one, STR("url")), STR(TRANSLATION)) &&
                str_eq(part_of(one, STR("lang"), STR("valueCode")), str_of(LANGUAGE_TAGS[l])))
                s.in[l] = part_of(one, STR("content"), STR("valueString"));
    return s;
}
