/* What a patient is told about a request: a Communication in their language, from words that are
 * data (spec/desk/rights-words.csv), labelled as the request is. It stays in the record; nothing is
 * sent by it. */
#include "base/bidi.h"
#include "desk/rights_int.h"
#include "rights_gen.h"

static const struct {
    const char *word, *text[LANGUAGE_COUNT];
} words[] = {RIGHT_WORDS};

static str word(str name, size_t language)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(name, str_of(words[i].word)))
            return str_of(words[i].text[language]);
    return STR_NONE;
}

static str sentence(struct op *op, const struct right_notice *n, size_t language)
{
    static const char *const said[] = {"said:received", "said:extended", "said:granted",
                                       "said:denied"};
    str text = word(str_of(said[n->step]), language), name;
    struct buf b;
    buf_init(&b, op->arena, 16u << 10);
    while (text.n) {
        size_t open = str_find_char(text, '{', 0);
        buf_add(&b, str_sub(text, 0, open));
        text = str_sub(text, open == SIZE_MAX ? text.n : open + 1, SIZE_MAX);
        if (open == SIZE_MAX || !str_take_until(&text, '}', &name))
            continue;
        if (str_eq(name, STR("what")))
            buf_add(&b, word(n->kind, language));
        else if (str_eq(name, STR("day")))
            buf_add(&b, bidi_value(op, (enum language)language,
                                   str_sub(time_format(op->arena, n->due), 0, 10)));
        else
            buf_add(&b, bidi_value(op, (enum language)language, n->reason));
    }
    return str_trim(buf_str(&b));
}

err right_tell(struct record_tx *tx, struct op *op, struct record *rec,
               const struct right_notice *n)
{
    struct record_doc doc;
    struct json *patient;
    struct buf b;
    str id;
    const struct actor *person = op->actor;
    op->actor = desk_house();
    err e = record_read(op, rec, fhir_type_parse(STR("Patient")), n->patient, &doc);
    op->actor = person;
    TRY(e);
    TRY(record_parse(op, &doc, &patient));
    buf_init(&b, op->arena, 64u << 10);
    buf_printf(&b,
               "{\"resourceType\":\"Communication\",\"meta\":{\"security\":[{\"system\":\"%s\","
               "\"code\":\"%s\"}]},\"status\":\"completed\",\"subject\":{"
               "\"reference\":\"Patient/%.*s\"},\"recipient\":[{\"reference\":\"Patient/%.*s\"}],"
               "\"sent\":\"%.*s\",\"payload\":[{\"contentString\":",
               DESK_SYSTEM_LABEL, DESK_LABEL_PRIVACY, STR_ARG(n->patient), STR_ARG(n->patient),
               STR_ARG(time_format(op->arena, op->now)));
    buf_json_string(&b, sentence(op, n, fhir_language(patient)));
    buf_add(&b, STR("}]}"));
    return right_create(tx, op, buf_str(&b), &id);
}
