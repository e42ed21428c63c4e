/* Somebody begins a programme: EpisodeOfCare and CarePlan in one transaction, one a patient and
 * programme (a named value), with what was found of each criterion kept in the plan. */
#include "programme/programme_int.h"

str programme_open_key(struct op *op, str patient, str code)
{
    return arena_printf(op->arena, "programme/%.*s/%.*s", STR_ARG(patient), STR_ARG(code));
}

/* An Annotation of op->actor, now. */
void programme_note(struct op *op, struct json *list, str text)
{
    struct arena *a = op->arena;
    struct json *note = json_new(a, JSON_OBJECT);
    if (op->actor && op->actor->reference.n) {
        struct json *ref = json_new(a, JSON_OBJECT);
        json_set_str(a, ref, STR("reference"), op->actor->reference);
        json_set(a, note, STR("authorReference"), ref);
    }
    json_set_str(a, note, STR("time"), time_format(a, op->now));
    json_set_str(a, note, STR("text"), text);
    json_push(a, list, note);
}

static str author(struct op *op, const char *member)
{
    str who = op->actor ? op->actor->reference : STR_NONE;
    return str_starts(who, STR("Practitioner/"))
               ? arena_printf(op->arena, ",\"%s\":{\"reference\":\"%.*s\"}", member, STR_ARG(who))
               : STR_NONE;
}

static err make_episode(struct record_tx *tx, struct op *op, const struct programme *of,
                        str patient, str *ret_id)
{
    struct json *t;
    str now = time_format(op->arena, op->now);
    str text = arena_printf(
        op->arena,
        "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"planned\",\"statusHistory\":[{\"status\":"
        "\"planned\",\"period\":{\"start\":\"%.*s\"}}],\"type\":[{\"coding\":[{\"system\":"
        "\"" PROGRAMME_SYSTEM "\",\"code\":\"%s\"}]}],\"patient\":{\"reference\":"
        "\"Patient/%.*s\"},\"period\":{\"start\":\"%.*s\"}%.*s}",
        STR_ARG(now), of->code, STR_ARG(patient), STR_ARG(now), STR_ARG(author(op, "careManager")));
    TRY(fhir_read(op, text, 0, &t));
    return record_tx_create(tx, t, ret_id);
}

/* "adult: yes (record). symptom: yes (answer)." */
static str said(struct op *op, const struct json *check)
{
    struct buf b;
    const struct json *list = JSON_GET(check, "criteria"), *c;
    buf_init(&b, op->arena, PROGRAMME_NOTE_MAX);
    for (size_t i = 0; (c = json_at(list, i)); i++)
        if (json_get_str(c, STR("from")).n)
            buf_printf(&b, "%s%.*s: %.*s (%.*s).", b.n ? " " : "",
                       STR_ARG(json_get_str(c, STR("code"))), STR_ARG(json_get_str(c, STR("met"))),
                       STR_ARG(json_get_str(c, STR("from"))));
    return buf_str(&b);
}

static err make_plan(struct record_tx *tx, struct op *op, const struct programme *of, str patient,
                     struct json *with)
{
    struct arena *a = op->arena;
    struct json *t, *activities = json_new(a, JSON_ARRAY);
    str id;
    str text = arena_printf(
        a,
        "{\"resourceType\":\"CarePlan\",\"identifier\":[{\"system\":\"" PROGRAMME_EPISODE
        "\",\"value\":\"%.*s\"}],\"instantiatesCanonical\":[\"%s\"],\"status\":\"draft\","
        "\"intent\":\"plan\",\"subject\":{\"reference\":\"Patient/%.*s\"}%.*s}",
        STR_ARG(json_get_str(with, STR("episode"))), of->definition, STR_ARG(patient),
        STR_ARG(author(op, "author")));
    TRY(fhir_read(op, text, 0, &t));
    for (size_t i = 0; i < of->n_steps; i++) {
        struct json *o = json_new(a, JSON_OBJECT), *detail = json_new(a, JSON_OBJECT);
        json_set(a, detail, STR("code"),
                 fhir_concept(op, STR(PROGRAMME_STEP), str_of(of->steps[i].code)));
        json_set_str(a, detail, STR("status"), STR("not-started"));
        json_set(a, o, STR("detail"), detail);
        json_push(a, activities, o);
    }
    json_set_str(a, t, STR("title"), str_of(of->title[0]));
    json_set(a, t, STR("activity"), activities);
    json_set(a, t, STR("note"), JSON_GET(with, "note"));
    TRY(fhir_validate(op, t));
    return record_tx_create(tx, t, &id);
}

static err is_in(struct op *op, struct programmes *p, str patient, str code, bool *ret)
{
    struct record_page page;
    TRY(record_find(op, p->rec, fhir_type_parse(STR("EpisodeOfCare")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&type=" PROGRAMME_SYSTEM
                                 "%%7C%.*s&status=planned,active,onhold&_count=1",
                                 STR_ARG(patient), STR_ARG(code)),
                    &page));
    *ret = page.n > 0;
    return OK;
}

err programme_enrol(struct op *op, struct programmes *p, str patient, str code,
                    const struct json *answers, struct record_result *ret)
{
    struct json *check, *with = json_new(op->arena, JSON_OBJECT);
    struct json *notes = json_new(op->arena, JSON_ARRAY);
    struct record_doc doc;
    bool in;
    str had, id, key = programme_open_key(op, patient, code);
    TRY(programme_check(op, p, patient, code, answers, &check));
    if (!json_bool(JSON_GET(check, "fits"), false))
        return fail(op, ERR_UNPROCESSABLE,
                    "The criteria of the programme are not all met, or not all answered.");
    TRY(record_kv_get(op, p->rec, key, &had));
    TRY(is_in(op, p, patient, code, &in)); /* by the name, or brought in from elsewhere */
    if (had.n || in)
        return fail(op, ERR_CONFLICT, "This patient is in the programme already.");
    struct record_tx *tx = record_begin(op, p->rec);
    programme_note(op, notes, said(op, check));
    TRY(make_episode(tx, op, programme_find(code), patient, &id));
    json_set_str(op->arena, with, STR("episode"), id);
    json_set(op->arena, with, STR("note"), notes);
    TRY(make_plan(tx, op, programme_find(code), patient, with));
    record_tx_expect_kv(tx, key, had);
    record_tx_kv(tx, key, id);
    TRY(record_commit(tx));
    TRY(record_read(op, p->rec, fhir_type_parse(STR("EpisodeOfCare")), id, &doc));
    *ret = (struct record_result){.type = doc.type,
                                  .id = doc.id,
                                  .vid = doc.vid,
                                  .updated = doc.updated,
                                  .created = true,
                                  .doc = doc};
    return OK;
}
