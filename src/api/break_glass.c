/* Patient/[id]/$hidden: which kinds of resources Consents hide. Patient/[id]/$break-glass: an
 * emergency opens what the patient's Consents hide from who treats them. The permission
 * (record/glass.c), a review case for the privacy office and a notice to the patient, in the
 * patient's language, are one transaction. The reason stands in the case only. */
#include "api/op_int.h"
#include "desk/desk.h"
#include "fhir/make.h"
#include "policy/consent.h"

#define REASON_MIN 10u
#define REASON_MAX 500u

/* HHS asks for plain language; reviewed with the patients' words of web/src/words. */
static const char *const notices[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] =
        "Someone on your care team opened parts of your record that you had closed. They said it "
        "was an emergency. Our privacy office will check it. You can see who looked.",
    [LANGUAGE_ES] =
        "Alguien de su equipo de atención abrió partes de su expediente que usted había cerrado. "
        "Dijo que era una emergencia. Nuestra oficina de privacidad lo revisará. Usted puede ver "
        "quién miró.",
    [LANGUAGE_AR] =
        "فتح أحد أعضاء فريق رعايتك أجزاء من سجلك كنت قد أغلقتها. قال إنها حالة طارئة. سيراجع مكتب "
        "الخصوصية لدينا ذلك. يمكنك أن ترى من اطّلع عليها.",
};

static err tell_patient(struct call *c, struct record_tx *tx, str who)
{
    struct arena *a = c->op.arena;
    struct record_doc doc;
    struct json *patient, *note = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    struct json *ref = json_new(a, JSON_OBJECT), *part = json_new(a, JSON_OBJECT);
    struct json *to = json_new(a, JSON_ARRAY);
    str id;
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("Patient")), c->id, &doc));
    TRY(record_parse(&c->op, &doc, &patient));
    json_set_str(a, ref, STR("reference"), who);
    json_push(a, to, ref);
    json_set_str(a, part, STR("contentString"), str_of(notices[fhir_language(patient)]));
    json_push(a, list, part);
    json_set_str(a, note, STR("resourceType"), STR("Communication"));
    json_set_str(a, note, STR("status"), STR("completed"));
    json_set(a, note, STR("subject"), ref);
    json_set(a, note, STR("recipient"), to);
    json_set_str(a, note, STR("sent"), time_format(a, c->op.now));
    json_set(a, note, STR("payload"), list);
    return record_tx_create(tx, note, &id);
}

/* On one line: nobody writes a second reason in another's name. */
static str one_line(struct op *op, str text)
{
    char *p = arena_alloc(op->arena, text.n);
    for (size_t i = 0; p && i < text.n; i++)
        p[i] = (uint8_t)text.p[i] < ' ' ? ' ' : text.p[i];
    return str_make(p, p ? text.n : 0);
}

static err ask_review(struct call *c, struct record_tx *tx, str user, str who, str reason)
{
    bool fresh;
    str id;
    struct said parts[] = {desk_say_same(&c->op, user),
                           desk_say_same(&c->op, one_line(&c->op, reason))};
    struct desk_case review = {.patient = c->id,
                               .programme = STR("break-glass"),
                               .priority = DESK_P3,
                               .why = desk_say(&c->op, SAY_GLASS, parts, 2),
                               .evidence = &who,
                               .n_evidence = 1,
                               .rule = STR("CONSENT-STAFF"),
                               .privacy = true};
    return desk_open(tx, &c->op, c->api->rec, &review, &id, &fresh);
}

/* The review and the notice are the house's own, whoever broke the glass. */
static err followed_up(struct call *c, struct record_tx *tx, str reason)
{
    const struct actor *person = c->op.actor;
    str who = arena_printf(c->op.arena, "Patient/%.*s", STR_ARG(c->id));
    c->op.actor = identity_system();
    err e = ask_review(c, tx, person->user, who, reason);
    if (e == OK)
        e = tell_patient(c, tx, who);
    c->op.actor = person;
    return e;
}

static err answer_until(struct call *c, int64_t until)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    struct json *part = json_new(a, JSON_OBJECT);
    json_set_str(a, part, STR("name"), STR("until"));
    json_set_str(a, part, STR("valueInstant"), time_format(a, until));
    json_push(a, list, part);
    json_set_str(a, o, STR("resourceType"), STR("Parameters"));
    json_set(a, o, STR("parameter"), list);
    return answer_json(c, 200, o);
}

err api_hidden(struct call *c)
{
    struct arena *a = c->op.arena;
    struct op_params p;
    fhir_type *types;
    size_t n;
    TRY(op_params(c, "", &p));
    op_deadline(c);
    TRY(record_hidden(&c->op, c->api->rec, c->id, &types, &n));
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        struct json *part = json_new(a, JSON_OBJECT);
        json_set_str(a, part, STR("name"), STR("hidden"));
        json_set_str(a, part, STR("valueCode"), fhir_type_name(types[i]));
        json_push(a, list, part);
    }
    struct json *glass = json_new(a, JSON_OBJECT);
    json_set_str(a, glass, STR("name"), STR("glass"));
    json_set(a, glass, STR("valueBoolean"),
             json_new_bool(a, n && c->op.actor && consent_glass(c->op.actor->role)));
    json_push(a, list, glass);
    json_set_str(a, o, STR("resourceType"), STR("Parameters"));
    json_set(a, o, STR("parameter"), list);
    return answer_json(c, 200, o);
}

err api_break_glass(struct call *c)
{
    struct op_params p;
    str reason;
    int64_t until, ms = config_int(c->api->config, "glass.minutes") * 60000;
    TRY(op_params(c, "reason", &p));
    TRY(op_one(c, &p, "reason", &reason));
    reason = str_trim(reason);
    if (reason.n < REASON_MIN || reason.n > REASON_MAX)
        return fail_at(&c->op, ERR_INVALID, STR("reason"),
                       "Say why treatment cannot wait, in %u to %u characters.", REASON_MIN,
                       REASON_MAX);
    struct record_tx *tx = record_begin(&c->op, c->api->rec);
    TRY(op_check(&c->op));
    TRY(record_glass_break(tx, c->id, ms, &until));
    TRY(followed_up(c, tx, reason));
    TRY(record_commit(tx));
    return answer_until(c, until);
}
