/* Asks outreach for a text to a patient, by the change feed. Not whether it may go, nor by which
 * way. Invariant: it is asked for in the transaction of what made it needed, or not at all. */
#include "desk/desk_int.h"

static struct json *list_of(struct op *op, struct json *one)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, one);
    return list;
}

static struct json *text_of(struct op *op, const char *name, str text)
{
    struct json *held = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, held, str_of(name), text);
    return list_of(op, held);
}

static struct json *request_of(struct op *op, const struct desk_text *t, str words)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *about = json_new(a, JSON_ARRAY),
                *period = json_new(a, JSON_OBJECT);
    str subject = arena_cat(a, STR("Patient/"), t->patient);
    json_set_str(a, o, STR("resourceType"), STR("CommunicationRequest"));
    json_set_str(a, o, STR("status"), STR("active"));
    json_set(a, o, STR("category"),
             list_of(op, fhir_concept(op, STR(DESK_TEXT_SYSTEM), str_of(t->kind))));
    json_set(a, o, STR("subject"), desk_reference(op, subject, STR_NONE));
    for (size_t i = 0; i < t->n_about; i++)
        json_push(a, about, desk_reference(op, t->about[i], STR_NONE));
    json_set(a, o, STR("about"), about);
    json_set_str(a, o, STR("authoredOn"), time_format(a, op->now));
    if (t->until) {
        json_set_str(a, period, STR("end"), time_format(a, t->until));
        json_set(a, o, STR("occurrencePeriod"), period);
    }
    json_set(a, o, STR("reasonCode"), text_of(op, "text", str_of(t->rule)));
    json_set(a, o, STR("payload"), text_of(op, "contentString", words));
    return o;
}

err desk_text_ask(struct record_tx *tx, struct op *op, struct record *rec,
                  const struct desk_text *t, str *ret_id)
{
    struct record_doc doc;
    struct json *patient;
    TRY(record_read(op, rec, fhir_type_parse(STR("Patient")), t->patient, &doc));
    TRY(record_parse(op, &doc, &patient));
    struct json *request = request_of(op, t, t->words.in[fhir_language(patient)]);
    TRY(fhir_validate(op, request));
    return record_tx_create(tx, request, ret_id);
}
