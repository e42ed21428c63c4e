/* An address that mail does not reach, or whose owner called it unwanted: an extension of the
 * contact point, with everybody who has it, patients and who gets their messages. The rulebook's
 * fact email_suppressed is read from there (CAP-06). It goes when the contact point is replaced or
 * the patient says yes to e-mail again. */
#include "outreach/mail_int.h"

#define HOLDERS_MAX 500u

static struct json *part(struct op *op, const char *url, const char *member, str value)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, e, STR("url"), str_of(url));
    json_set_str(op->arena, e, str_of(member), value);
    return e;
}

/* The extensions of a contact point without ours. */
static struct json *others(struct op *op, const struct json *telecom)
{
    const struct json *had = JSON_GET(telecom, "extension"), *one;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; (one = json_at(had, i)); i++)
        if (!str_eq(json_get_str(one, STR("url")), STR(SUPPRESSED_URL)))
            json_push(op->arena, list, one);
    return list;
}

static struct json *mark(struct op *op, str reason, str code)
{
    struct json *e = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, part(op, "reason", "valueCode", reason));
    json_push(op->arena, list, part(op, "date", "valueDateTime", time_format(op->arena, op->now)));
    if (!str_empty(code))
        json_push(op->arena, list, part(op, "code", "valueString", code));
    json_set_str(op->arena, e, STR("url"), STR(SUPPRESSED_URL));
    json_set(op->arena, e, STR("extension"), list);
    return e;
}

str mail_suppressed(const struct json *telecom)
{
    const struct json *mark = extension_at(telecom, STR(SUPPRESSED_URL));
    return json_get_str(extension_at(mark, STR("reason")), STR("valueCode"));
}

/* A complaint is not forgotten over a bounce, and the first word of each stays. */
static bool changes(const struct json *telecom, str reason)
{
    str had = mail_suppressed(telecom);
    return str_empty(reason) ? !str_empty(had)
                             : !str_eq(had, reason) && !str_eq(had, STR("complaint"));
}

/* address empty: every one; reason empty: the mark goes. False: nothing was changed. */
static bool set_marks(struct op *op, struct json *patient, str address, str reason, str code)
{
    const struct json *had = JSON_GET(patient, "telecom"), *one;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    str key = address_key(op, CHANNEL_EMAIL, address);
    bool changed = false;
    for (size_t i = 0; (one = json_at(had, i)); i++) {
        struct json *next = json_dup(op->arena, one);
        str value = address_key(op, CHANNEL_EMAIL, json_get_str(one, STR("value")));
        if (str_eq(json_get_str(one, STR("system")), STR("email")) && changes(one, reason) &&
            (str_empty(address) || str_eq(value, key))) {
            struct json *rest = others(op, one);
            changed = true;
            if (!str_empty(reason))
                json_push(op->arena, rest, mark(op, reason, code));
            json_unset(next, STR("extension"));
            if (rest->n)
                json_set(op->arena, next, STR("extension"), rest);
        }
        json_push(op->arena, list, next);
    }
    if (changed)
        json_set(op->arena, patient, STR("telecom"), list);
    return changed;
}

void mail_lift(struct op *op, struct json *patient)
{
    (void)set_marks(op, patient, STR_NONE, STR_NONE, STR_NONE);
}

err mail_holders(struct op *op, struct outreach *o, str address, struct record_page *ret)
{
    static const char *const types[] = {"Patient", "RelatedPerson"};
    struct record_page page[2];
    struct buf q;
    size_t n = 0;
    buf_init(&q, op->arena, 4096);
    buf_add(&q, STR("telecom="));
    buf_url(&q, address_key(op, CHANNEL_EMAIL, address));
    buf_printf(&q, "&_count=%u", HOLDERS_MAX);
    for (size_t i = 0; i < 2; i++)
        TRY(record_find(op, o->rec, fhir_type_parse(str_of(types[i])), buf_str(&q), &page[i]));
    *ret = (struct record_page){
        .docs = ARENA_ARRAY(op->arena, struct record_doc, page[0].n + page[1].n + 1)};
    TRY(op_check(op));
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < page[i].n; k++)
            ret->docs[n++] = page[i].docs[k];
    ret->n = n;
    return OK;
}

/* Once a mark: who gets a patient's messages and cannot, is a person's to ask about. */
err mail_tell_of_helpers(struct record_tx *tx, struct op *op, struct outreach *o,
                         const struct record_page *holders, str address)
{
    const fhir_type helper = fhir_type_parse(STR("RelatedPerson"));
    for (size_t i = 0; i < holders->n; i++) {
        const struct record_doc *doc = &holders->docs[i];
        struct json *tree;
        bool is_new;
        str id, evidence = arena_cat(op->arena, STR("RelatedPerson/"), doc->id);
        if (doc->type != helper)
            continue;
        TRY(record_parse(op, doc, &tree));
        str patient = fhir_ref_parse(json_str(json_path(tree, "patient.reference"))).id;
        struct said who = desk_say_same(op, fhir_name_shown(op, tree));
        struct desk_case c = {.patient = patient,
                              .programme = STR("helper-address"),
                              .priority = DESK_P4,
                              .why = desk_say(op, SAY_HELPER_LOST, &who, 1),
                              .evidence = &evidence,
                              .n_evidence = 1,
                              .rule = STR("CAP-06")};
        if (set_marks(op, tree, address, STR("bounce"), STR_NONE))
            TRY(desk_open(tx, op, o->rec, &c, &id, &is_new));
    }
    return OK;
}

err mail_suppress(struct record_tx *tx, struct op *op, const struct record_page *holders,
                  str address, str reason, str code)
{
    for (size_t i = 0; i < holders->n; i++) {
        const struct record_doc *doc = &holders->docs[i];
        struct json *tree;
        TRY(record_parse(op, doc, &tree));
        if (!set_marks(op, tree, address, reason, code))
            continue;
        TRY(record_tx_update(tx, doc->type, doc->id, tree, doc->vid));
    }
    return OK;
}
