/* Inviting helpers, and taking shares back: each is a RelatedPerson and one or more
 * Consents that name it, and an invitation kept under invite/<hash>. Invariant: what is shared is
 * what the Consents in the record say, nothing is kept beside them; every step is in the trail. */
#include "identity/helper_int.h"

#define UNTIL_MAX_MS (INT64_C(731) * 24 * 3600 * 1000)
#define INVITE_MS (INT64_C(7) * 24 * 3600 * 1000)
#define LISTED_MAX "100"

struct share_row {
    const char *category, *types;
    bool preset;
};
#include "sharing_gen.h"

const struct age_row *age_row(size_t i)
{
    return i < AGE_ROWS ? &age_rows[i] : NULL;
}

const char *identity_share_name(size_t i)
{
    return i < SHARE_ROWS ? share_rows[i].category : NULL;
}

bool identity_share_preset(size_t i)
{
    return i < SHARE_ROWS && share_rows[i].preset;
}

const char *identity_share_types(size_t i)
{
    return i < SHARE_ROWS ? share_rows[i].types : NULL;
}

err share_check(struct op *op, const struct identity_share *s)
{
    if (!s->name.n || s->name.n > NAME_MAX_BYTES || !str_utf8_valid(s->name))
        return fail(op, ERR_INVALID, "Say the helper's name.");
    if (s->email.n > 254 ||
        (s->email.n && (str_find_char(s->email, '@', 0) == SIZE_MAX || !str_utf8_valid(s->email))))
        return fail(op, ERR_INVALID, "The helper's e-mail address is not one.");
    return OK;
}

static err create(struct op *op, struct identity *id, const struct buf *b, str *ret_id)
{
    struct json *tree;
    struct record_result r;
    TRY(op_check(op));
    TRY(fhir_read(op, buf_str(b), 0, &tree));
    TRY(record_create(op, id->rec, tree, STR_NONE, &r));
    *ret_id = r.id;
    return OK;
}

/* The house writes down the person whom the patient, or the officer, names. */
err share_person(struct op *op, struct identity *id, str patient, const struct identity_share *s,
                 bool proxy, str *ret_id)
{
    struct buf b;
    struct op house = *op;
    house.actor = identity_system();
    buf_init(&b, op->arena, 16384);
    buf_printf(&b,
               "{\"resourceType\":\"RelatedPerson\",\"active\":true,\"patient\":{\"reference\":"
               "\"Patient/%.*s\"},\"relationship\":[{\"coding\":[{\"system\":\"http://"
               "terminology.hl7.org/CodeSystem/v3-RoleCode\",\"code\":\"%s\"}]}],\"name\":[{"
               "\"text\":",
               STR_ARG(patient), proxy ? "GUARD" : "FAMMEMB");
    buf_json_string(&b, s->name);
    buf_add(&b, STR("}]"));
    if (s->email.n) {
        buf_add(&b, STR(",\"telecom\":[{\"system\":\"email\",\"value\":"));
        buf_json_string(&b, s->email);
        buf_add(&b, STR("}]"));
    }
    buf_char(&b, '}');
    err e = create(&house, id, &b, ret_id);
    op->audit = house.audit;
    op->fault = house.fault;
    return e;
}

static void add_types(struct buf *b, unsigned what)
{
    static const char coding[] = "{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":\"";
    buf_printf(b, ",\"class\":[%sPatient\"}", coding);
    for (size_t i = 0; i < SHARE_ROWS; i++) {
        str types = str_of(share_rows[i].types), one;
        while ((what >> i & 1) && str_take_until(&types, ' ', &one))
            buf_printf(b, ",%s%.*s\"}", coding, STR_ARG(one));
    }
    buf_char(b, ']');
}

err share_consent(struct op *op, struct identity *id, const struct spoken *s, str *ret_id)
{
    struct buf b;
    buf_init(&b, op->arena, 65536);
    buf_printf(&b,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
               "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"http://loinc.org\","
               "\"code\":\"59284-0\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},"
               "\"dateTime\":\"%.*s\",\"policyRule\":{\"text\":",
               STR_ARG(s->patient), STR_ARG(time_format(op->arena, op->now)));
    buf_json_string(&b, s->citation ? str_of(s->citation) : STR("45 CFR 164.510(b)"));
    buf_printf(&b,
               "},\"provision\":{\"type\":\"permit\",\"period\":{\"start\":\"%.*s\",\"end\":"
               "\"%.*s\"},\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://"
               "terminology.hl7.org/CodeSystem/v3-RoleCode\",\"code\":\"%s\"}]},\"reference\":{"
               "\"reference\":\"RelatedPerson/%.*s\"}}]",
               STR_ARG(time_format(op->arena, s->from)), STR_ARG(time_format(op->arena, s->until)),
               s->role, STR_ARG(s->related));
    add_types(&b, s->what);
    buf_add(&b, STR("}}"));
    return create(op, id, &b, ret_id);
}

err share_invite(struct op *op, struct identity *id, str patient, const struct identity_share *s,
                 struct identity_invited *ret)
{
    uint8_t hash[HASH_BYTES];
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    ret->secret = random_token(op->arena, 32);
    ret->expires = op->now + INVITE_MS;
    token_hash(ret->secret, hash);
    json_set_str(op->arena, o, STR("patient"), patient);
    json_set_str(op->arena, o, STR("related"), ret->related);
    json_set_str(op->arena, o, STR("consent"), ret->consent);
    json_set_str(op->arena, o, STR("name"), s->name);
    json_set_str(op->arena, o, STR("email"), s->email);
    json_set(op->arena, o, STR("what"), json_new_i64(op->arena, s->what));
    json_set(op->arena, o, STR("until"), json_new_i64(op->arena, s->until));
    json_set(op->arena, o, STR("expires"), json_new_i64(op->arena, ret->expires));
    buf_init(&b, op->arena, 16384);
    json_write(&b, o);
    TRY(op_check(op));
    TRY(kv_put(op, id, token_key(op, "invite/", hash), buf_str(&b)));
    return record_audit_event(op, id->rec, STR("helper"), true, STR("invited"));
}

err patient_of(struct op *op, struct identity *id, str *ret)
{
    fhir_type type;
    if (!op->actor || op->actor->role != ROLE_PATIENT || !op->actor->patient)
        return fail(op, ERR_FORBIDDEN, "Only a patient shares their own record.");
    return record_name(op, id->rec, op->actor->patient, &type, ret);
}

err identity_helper_invite(struct op *op, struct identity *id, const struct identity_share *s,
                           struct identity_invited *ret)
{
    struct identity_invited r = {0};
    str patient;
    TRY(patient_of(op, id, &patient));
    TRY(share_check(op, s));
    if (!s->what || s->what >> SHARE_ROWS)
        return fail(op, ERR_INVALID, "Say what is shared.");
    if (s->until <= op->now || s->until > op->now + UNTIL_MAX_MS)
        return fail(op, ERR_INVALID, "A share ends within two years; it can be given again.");
    TRY(share_person(op, id, patient, s, false, &r.related));
    struct spoken word = {patient, r.related, s->what, op->now, s->until, "FAMMEMB", NULL};
    TRY(share_consent(op, id, &word, &r.consent));
    TRY(share_invite(op, id, patient, s, &r));
    *ret = r;
    return OK;
}

/* ---- the patient's list ---- */

/* A category counts as shared when all of its types are. */
unsigned share_what(const struct json *provision)
{
    const struct json *classes = JSON_GET(provision, "class");
    unsigned what = 0;
    for (size_t i = 0; i < SHARE_ROWS; i++) {
        str types = str_of(share_rows[i].types), one;
        bool all = true;
        while (str_take_until(&types, ' ', &one)) {
            bool found = false;
            for (size_t k = 0; json_at(classes, k) && !found; k++)
                found = str_eq(json_get_str(json_at(classes, k), STR("code")), one);
            all = all && found;
        }
        what |= all ? 1u << i : 0;
    }
    return what;
}

static bool row_of(const struct json *c, struct identity_helper_row *ret)
{
    const struct json *p = JSON_GET(c, "provision"), *actor = json_at(JSON_GET(p, "actor"), 0);
    struct fhir_ref ref = fhir_ref_parse(json_str(json_path(actor, "reference.reference")));
    struct time_span from, until;
    if (ref.type != fhir_type_parse(STR("RelatedPerson")) ||
        !time_parse(json_str(json_path(p, "period.start")), &from) ||
        !time_parse(json_str(json_path(p, "period.end")), &until))
        return false;
    *ret = (struct identity_helper_row){
        .related = ref.id,
        .what = share_what(p),
        .from = from.lo,
        .until = until.lo,
        .active = str_eq(json_get_str(c, STR("status")), STR("active")),
        .proxy = str_eq(json_str(json_path(actor, "role.coding.0.code")), STR("PRN"))};
    return true;
}

static void name_of(struct op *op, struct identity *id, struct identity_helper_row *row)
{
    struct record_doc doc;
    struct json *tree;
    struct fault before = op->fault;
    bool found = false;
    str user;
    if (record_read(op, id->rec, fhir_type_parse(STR("RelatedPerson")), row->related, &doc) == OK &&
        record_parse(op, &doc, &tree) == OK)
        row->name = json_str(json_path(tree, "name.0.text"));
    if (kv_get(op, id, arena_cat(op->arena, STR("joined/"), row->related), &found, &user) == OK)
        row->joined = found;
    op->fault = before;
}

err identity_helpers(struct op *op, struct identity *id, struct identity_helper_row **ret,
                     size_t *ret_n)
{
    struct record_page page;
    str patient;
    size_t n = 0;
    TRY(patient_of(op, id, &patient));
    TRY(record_find(op, id->rec, fhir_type_parse(STR("Consent")),
                    arena_printf(op->arena,
                                 "patient=Patient/%.*s&scope=patient-privacy&_sort=-_lastUpdated&"
                                 "_count=" LISTED_MAX,
                                 STR_ARG(patient)),
                    &page));
    struct identity_helper_row *all =
        ARENA_ARRAY(op->arena, struct identity_helper_row, page.n ? page.n : 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n_match; i++) {
        struct json *tree;
        TRY(record_parse(op, &page.docs[i], &tree));
        if (!row_of(tree, &all[n]))
            continue;
        all[n].consent = page.docs[i].id;
        name_of(op, id, &all[n++]);
    }
    *ret = all;
    *ret_n = n;
    return OK;
}

bool share_given(struct op *op, struct identity *id, str patient, str reference)
{
    struct op house = *op;
    struct record_page page = {0};
    struct json *tree;
    struct identity_helper_row row;
    bool given = false;
    house.actor = identity_system();
    str asked =
        arena_printf(op->arena, "patient=Patient/%.*s&actor=%.*s&status=active&_count=" LISTED_MAX,
                     STR_ARG(patient), STR_ARG(reference));
    if (record_find(&house, id->rec, fhir_type_parse(STR("Consent")), asked, &page) == OK)
        for (size_t i = 0; !given && i < page.n_match; i++)
            given = record_parse(&house, &page.docs[i], &tree) == OK && row_of(tree, &row) &&
                    row.from <= op->now && op->now < row.until;
    op->audit = house.audit;
    return given;
}

err identity_helper_set(struct op *op, struct identity *id, str consent_id, bool active)
{
    struct record_doc doc;
    struct record_result done;
    struct json *tree;
    struct identity_helper_row row;
    str patient;
    TRY(patient_of(op, id, &patient));
    TRY(record_read(op, id->rec, fhir_type_parse(STR("Consent")), consent_id, &doc));
    TRY(record_parse(op, &doc, &tree));
    if (!row_of(tree, &row))
        return fail(op, ERR_NOT_FOUND, "This is no share of yours.");
    if (row.proxy)
        return fail(op, ERR_FORBIDDEN,
                    "This access is a parent's or guardian's; ask the clinic to change it.");
    json_set_str(op->arena, tree, STR("status"), active ? STR("active") : STR("inactive"));
    TRY(fhir_validate(op, tree));
    TRY(record_update(op, id->rec, doc.type, doc.id, tree, arena_printf(op->arena, "%u", doc.vid),
                      &done));
    return record_audit_event(op, id->rec, STR("helper"), true,
                              active ? STR("shared again") : STR("stopped"));
}
