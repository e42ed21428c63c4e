/* Notices that were asked for, handed to whoever carries them, and what came of them. Not the way
 * itself: mail is outreach's, letters are posted by people. Invariant: what leaves and what is kept
 * stands under the label of the request. */
#include "desk/incident_int.h"

err incident_asked(struct op *op, struct record *rec, const char *channel, unsigned max,
                   struct record_page *ret)
{
    return record_find(op, rec, fhir_type_parse(STR("CommunicationRequest")),
                       arena_printf(op->arena,
                                    "status=active&category=" DESK_SYSTEM_CODE
                                    "|breach-notice&medium=" DESK_CHANNEL_SYSTEM
                                    "|%s&_sort=_lastUpdated&_count=%u",
                                    channel, max),
                       ret);
}

static void copy(struct op *op, struct json *to, const char *as, const struct json *from,
                 const char *name)
{
    const struct json *v = json_get(from, str_of(name));
    if (v)
        json_set(op->arena, to, str_of(as), v);
}

void incident_bind(struct op *op, const struct json *request, str id, struct json *c)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY), *old = JSON_GET(c, "category");
    struct json *categories = old ? json_dup(a, old) : json_new(a, JSON_ARRAY);
    json_push(a, categories, fhir_concept(op, STR(DESK_SYSTEM_CODE), STR("breach-notice")));
    json_set(a, c, STR("category"), categories);
    json_push(a, list,
              desk_reference(op, arena_cat(a, STR("CommunicationRequest/"), id), STR_NONE));
    json_set(a, c, STR("basedOn"), list);
    copy(op, c, "partOf", request, "about");
    desk_set_label(op, c, DESK_SYSTEM_LABEL, STR(DESK_LABEL_OFFICER));
}

struct json *incident_notice(struct op *op, const struct json *request, str id, const char *status)
{
    static const char *const same[] = {"subject", "recipient", "medium", "language", "payload"};
    struct json *c = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, c, STR("resourceType"), STR("Communication"));
    json_set_str(op->arena, c, STR("status"), str_of(status));
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        copy(op, c, same[i], request, same[i]);
    incident_bind(op, request, id, c);
    return c;
}

err incident_carried(struct record_tx *tx, struct op *op, const struct record_doc *asked,
                     struct json *request)
{
    json_set_str(op->arena, request, STR("status"), STR("completed"));
    return record_tx_update(tx, asked->type, asked->id, request, asked->vid);
}

static err carry(struct op *op, struct record *rec, const struct record_doc *asked, str refused)
{
    struct json *request, *c, *why = json_new(op->arena, JSON_OBJECT);
    struct record_tx *tx = record_begin(op, rec);
    str id;
    TRY(record_parse(op, asked, &request));
    if (refused.n) {
        c = incident_notice(op, request, asked->id, "not-done");
        json_set_str(op->arena, why, STR("text"), refused);
        json_set(op->arena, c, STR("statusReason"), why);
        TRY(record_tx_create(tx, c, &id));
    }
    TRY(incident_carried(tx, op, asked, request));
    return record_commit(tx);
}

err incident_carry(struct op *op, struct record *rec, const struct record_doc *request, str refused)
{
    const struct actor *caller = op->actor;
    op->actor = desk_house();
    err e = carry(op, rec, request, refused);
    op->actor = caller;
    return e;
}
