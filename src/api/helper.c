/* People who can see my record: helpers invited, joined, stopped; parents and guardians; and "this
 * looks wrong" about a line of the trail, which opens a case for the privacy office. */
#include "identity/helper.h"

#include "api/api_int.h"
#include "desk/desk.h"

static void add_what(struct call *c, struct json *o, unsigned what)
{
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY);
    for (size_t i = 0; identity_share_name(i); i++)
        if (what >> i & 1)
            json_push(m, list, json_new_str(m, str_of(identity_share_name(i))));
    json_set(m, o, STR("what"), list);
}

static err share_of(struct call *c, const struct json *in, struct identity_share *ret)
{
    struct time_span until;
    const struct json *what = JSON_GET(in, "what"), *one;
    str text = json_get_str(in, STR("until"));
    *ret = (struct identity_share){.name = str_trim(json_get_str(in, STR("name"))),
                                   .email = str_trim(json_get_str(in, STR("email"))),
                                   .place = json_get_str(in, STR("place"))};
    if (text.n && !time_parse(text, &until))
        return fail(&c->op, ERR_INVALID, "until is a date or an instant.");
    ret->until = text.n ? until.hi : 0;
    for (size_t k = 0; (one = json_at(what, k)); k++) {
        size_t i = 0;
        while (identity_share_name(i) && !str_eq(str_of(identity_share_name(i)), json_str(one)))
            i++;
        if (!identity_share_name(i))
            return fail(&c->op, ERR_INVALID, "There is no such category to share.");
        ret->what |= 1u << i;
    }
    return OK;
}

static err invited(struct call *c, const struct identity_invited *i)
{
    struct arena *m = c->op.arena;
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("secret"), i->secret);
    json_set_str(
        m, o, STR("link"),
        arena_printf(m, "%.*s/portal/join#%.*s", STR_ARG(base_url(c)), STR_ARG(i->secret)));
    json_set_str(m, o, STR("consent"), i->consent);
    json_set_str(m, o, STR("related"), i->related);
    json_set_str(m, o, STR("expires"), time_format(m, i->expires));
    return answer_json(c, 201, o);
}

err api_helpers_invite(struct call *c)
{
    struct json *in;
    struct identity_share s;
    struct identity_invited i;
    TRY(body_object(c, &in));
    TRY(share_of(c, in, &s));
    TRY(identity_helper_invite(&c->op, c->api->id, &s, &i));
    return invited(c, &i);
}

err api_proxies_invite(struct call *c)
{
    struct json *in;
    struct identity_share s;
    struct identity_proposal p;
    struct arena *m = c->op.arena;
    TRY(body_object(c, &in));
    TRY(share_of(c, in, &s));
    str patient = json_get_str(in, STR("patient"));
    if (!fhir_id_valid(patient))
        return fail(&c->op, ERR_INVALID, "Say the id of the child's Patient.");
    TRY(identity_proxy_propose(&c->op, c->api->id, patient, &s, &p));
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("proposal"), p.proposal);
    json_set_str(m, o, STR("expires"), time_format(m, p.expires));
    return answer_json(c, 202, o);
}

err api_proxies_confirm(struct call *c)
{
    struct json *in;
    struct identity_invited i;
    TRY(body_object(c, &in));
    TRY(identity_proxy_confirm(&c->op, c->api->id, json_get_str(in, STR("proposal")),
                               json_get_str(in, STR("patient")), &i));
    return invited(c, &i);
}

static const char *state_of(const struct call *c, const struct identity_helper_row *r)
{
    if (!r->active)
        return "stopped";
    if (c->op.now >= r->until)
        return "ended";
    if (c->op.now < r->from)
        return "coming";
    return r->joined ? "active" : "invited";
}

static struct json *offers(struct call *c)
{
    struct arena *m = c->op.arena;
    struct json *all = json_new(m, JSON_ARRAY);
    for (size_t i = 0; identity_share_name(i); i++) {
        struct json *offer = json_new(m, JSON_OBJECT);
        json_set_str(m, offer, STR("category"), str_of(identity_share_name(i)));
        json_set_str(m, offer, STR("types"), str_of(identity_share_types(i)));
        json_set(m, offer, STR("preset"), json_new_bool(m, identity_share_preset(i)));
        json_push(m, all, offer);
    }
    return all;
}

err api_shares(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set(c->op.arena, o, STR("offers"), offers(c));
    return answer_json(c, 200, o);
}

err api_helpers(struct call *c)
{
    struct identity_helper_row *rows;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT);
    TRY(identity_helpers(&c->op, c->api->id, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *row = json_new(m, JSON_OBJECT);
        json_set_str(m, row, STR("consent"), rows[i].consent);
        json_set_str(m, row, STR("related"), rows[i].related);
        json_set_str(m, row, STR("name"), rows[i].name);
        json_set_str(m, row, STR("until"), time_format(m, rows[i].until));
        json_set_str(m, row, STR("state"), str_of(state_of(c, &rows[i])));
        json_set(m, row, STR("proxy"), json_new_bool(m, rows[i].proxy));
        add_what(c, row, rows[i].what);
        json_push(m, list, row);
    }
    json_set(m, o, STR("helpers"), list);
    json_set(m, o, STR("offers"), offers(c));
    return answer_json(c, 200, o);
}

static err set(struct call *c, bool active)
{
    struct json *in;
    TRY(body_object(c, &in));
    str consent = json_get_str(in, STR("consent"));
    if (!fhir_id_valid(consent))
        return fail(&c->op, ERR_INVALID, "Send {\"consent\": id}.");
    TRY(identity_helper_set(&c->op, c->api->id, consent, active));
    c->rq->answer.status = 204;
    return OK;
}

err api_helpers_stop(struct call *c)
{
    return set(c, false);
}

err api_helpers_resume(struct call *c)
{
    return set(c, true);
}

err api_join_begin(struct call *c)
{
    struct json *in;
    struct identity_invitation i;
    struct arena *m = c->op.arena;
    TRY(body_object(c, &in));
    TRY(identity_invitation(&c->op, c->api->id, json_get_str(in, STR("secret")), &i));
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("patient"), i.patient_name);
    json_set_str(m, o, STR("name"), i.name);
    json_set_str(m, o, STR("email"), i.email);
    json_set_str(m, o, STR("until"), time_format(m, i.until));
    add_what(c, o, i.what);
    return answer_json(c, 200, o);
}

err api_join(struct call *c)
{
    struct json *in;
    bool cookie;
    struct identity_try t;
    struct identity_session s;
    TRY(session_asked(c, &in, &cookie, &t));
    TRY(identity_join(&c->op, c->api->id, json_get_str(in, STR("secret")), &t, &s));
    return session_answer(c, &s, cookie);
}

/* ---- this looks wrong ---- */

/* The case names the line of the trail by its number only: whom it is about is for the privacy
 * office to look up. */
static err open_case(struct call *c, str patient, str *ret_id)
{
    struct op house = c->op;
    house.actor = identity_system();
    str evidence = arena_cat(c->op.arena, STR("Patient/"), patient);
    struct said entry = desk_say_same(&house, c->id);
    struct desk_case one = {.patient = patient,
                            .programme = STR("privacy"),
                            .priority = DESK_P3,
                            .why = desk_say(&house, SAY_LOOK_WRONG, &entry, 1),
                            .evidence = &evidence,
                            .n_evidence = 1,
                            .rule = STR("PRIV-LOOK"),
                            .privacy = true};
    struct record_tx *tx = record_begin(&house, c->api->rec);
    bool is_new;
    err e = op_check(&house);
    if (e == OK)
        e = desk_open(tx, &house, c->api->rec, &one, ret_id, &is_new);
    if (e == OK)
        e = record_commit(tx);
    c->op.audit = house.audit;
    c->op.fault = house.fault;
    return e;
}

err api_audit_report(struct call *c)
{
    struct record_doc line;
    fhir_type type;
    str patient, task;
    struct arena *m = c->op.arena;
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("AuditEvent")), c->id, &line));
    if (!c->op.actor || c->op.actor->role != ROLE_PATIENT)
        return fail(&c->op, ERR_FORBIDDEN, "A patient reports looks at their own record here.");
    TRY(record_name(&c->op, c->api->rec, c->op.actor->patient, &type, &patient));
    TRY(open_case(c, patient, &task));
    TRY(record_audit_event(&c->op, c->api->rec, STR("look-reported"), true, c->id));
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("case"), task);
    return answer_json(c, 201, o);
}
