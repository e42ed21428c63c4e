/* Words tried on people who are really there: which variables are missing, and how it reads, with
 * what is theirs masked. As the asker: whom they may not be shown is not among them, and each look
 * is in the trail. */
#include "base/bidi.h"
#include "campaign/words_int.h"
#include "fhir/make.h"
#include "outreach/probe.h"

#define PEOPLE_TRIED 20u
#define SAMPLES 3u

struct trying {
    struct campaigns *c;
    const struct words *w;
    struct json *patient;
    unsigned language;
    str dot;                                   /* what stands for a letter that is not shown */
    uint32_t missing[WORDS_VARIABLES_MAX + 1]; /* the last: first */
};

/* The first letter and as many dots as it has more, at most six. */
static str masked(struct op *op, str value, str dot)
{
    struct buf b;
    size_t at = 0, n = 0;
    buf_init(&b, op->arena, 64);
    while (at < value.n && n < 7) {
        uint32_t c = str_utf8_next(value, &at);
        if (n++ == 0)
            buf_utf8(&b, c);
        else
            buf_add(&b, dot);
    }
    return buf_str(&b);
}

static err value(struct op *op, void *ctx, str name, str *ret)
{
    struct trying *t = ctx;
    const struct words_variable *v = words_variable(t->w, name);
    bool missing = false;
    *ret = STR_NONE;
    if (str_eq(name, STR("first"))) {
        *ret = masked(op, json_str(json_path(t->patient, "name.0.given.0")), t->dot);
    } else if (str_eq(name, STR("phone"))) {
        *ret = config_str(t->c->config, "outreach.phone");
    } else if (str_eq(name, STR("clinic"))) {
        *ret = config_str(t->c->config, "outreach.clinic");
    } else if (v) {
        TRY(words_value(op, t->w, v, t->patient, t->language, ret, &missing));
        if (!missing)
            *ret = masked(op, *ret, t->dot);
    } else {
        *ret = arena_printf(op->arena, "{%.*s}", STR_ARG(name));
    }
    *ret = bidi_value(op, (enum language)t->language, *ret);
    return OK;
}

static err count_missing(struct op *op, struct trying *t)
{
    for (size_t i = 0; i < t->w->n; i++) {
        str v;
        bool missing;
        TRY(words_value(op, t->w, &t->w->variables[i], t->patient, t->language, &v, &missing));
        t->missing[i] += missing;
    }
    t->missing[WORDS_VARIABLES_MAX] += str_empty(json_str(json_path(t->patient, "name.0.given.0")));
    return OK;
}

static err try_one(struct op *op, struct trying *t, const struct record_doc *doc,
                   struct json *samples)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    str text;
    TRY(record_parse(op, doc, &t->patient));
    t->language = fhir_language(t->patient);
    TRY(count_missing(op, t));
    if (samples->n >= SAMPLES || str_empty(t->w->texts[t->language].sms))
        return OK;
    TRY(words_fill_text(op, t->w->texts[t->language].sms, value, t, &text));
    json_set_str(op->arena, o, STR("language"), str_of(LANGUAGE_TAGS[t->language]));
    json_set_str(op->arena, o, STR("sms"), text);
    json_push(op->arena, samples, o);
    return op_check(op);
}

static void tell(struct op *op, struct json *o, str name, uint32_t n)
{
    if (n)
        json_set(op->arena, o, name, json_new_i64(op->arena, n));
}

err words_try(struct op *op, struct campaigns *c, const struct json *definition, struct json **ret)
{
    struct words w;
    struct record_page page;
    struct json *o = json_new(op->arena, JSON_OBJECT), *samples = json_new(op->arena, JSON_ARRAY);
    struct json *missing = json_new(op->arena, JSON_OBJECT);
    TRY(words_read(op, definition, &w));
    struct trying t = {.c = c, .w = &w, .dot = STR("•")};
    TRY(record_find(op, c->rec, fhir_type_parse(STR("Patient")), STR("_count=20"), &page));
    for (size_t i = 0; i < page.n_match && i < PEOPLE_TRIED; i++)
        TRY(try_one(op, &t, &page.docs[i], samples));
    for (size_t i = 0; i < w.n; i++)
        tell(op, missing, w.variables[i].name, t.missing[i]);
    tell(op, missing, STR("first"), t.missing[WORDS_VARIABLES_MAX]);
    json_set(op->arena, o, STR("people"), json_new_i64(op->arena, (int64_t)page.n_match));
    json_set(op->arena, o, STR("missing"), missing);
    json_set(op->arena, o, STR("samples"), samples);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

/* ---- to their author ---- */
/* Somebody who speaks the language, else anybody the author may be shown. */
static err pick_person(struct op *op, struct trying *t)
{
    struct record_page page;
    struct json *one;
    TRY(record_find(op, t->c->rec, fhir_type_parse(STR("Patient")), STR("_count=20"), &page));
    for (size_t i = 0; i < page.n_match && i < PEOPLE_TRIED; i++) {
        TRY(record_parse(op, &page.docs[i], &one));
        bool fits = fhir_language(one) == t->language;
        if (!t->patient || fits)
            t->patient = one;
        if (fits)
            return OK;
    }
    return t->patient
               ? OK
               : fail(op, ERR_UNPROCESSABLE, "There is nobody whose variables could be used.");
}

err words_probe(struct op *op, struct campaigns *c, const struct json *definition,
                const struct words_probe *to, struct json **ret)
{
    struct words w;
    struct probe_words words = {.channel = to->channel};
    bool email = str_eq(to->channel, STR("email"));
    TRY(words_read(op, definition, &w));
    /* a sign of GSM-7: with another the text would be longer than theirs is */
    struct trying t = {
        .c = c, .w = &w, .language = language_or_english(to->language), .dot = STR("*")};
    const struct words_text *text = &w.texts[t.language];
    TRY(pick_person(op, &t));
    words.language = str_of(LANGUAGE_TAGS[t.language]);
    TRY(words_fill_text(op, email ? text->email : text->sms, value, &t, &words.text));
    TRY(words_fill_text(op, email ? text->subject : STR_NONE, value, &t, &words.subject));
    return probe_send(op, c->outreach, &words, ret);
}
