/* For tests of runs only: a record, a rulebook and campaigns over them, with a clock of ours and
 * short forms of what people do. */
#ifndef WEFT_CAMPAIGN_PLAY_INT_H
#define WEFT_CAMPAIGN_PLAY_INT_H

#include "campaign/fixture_int.h"
#include "campaign/run_int.h"

#define DISCHARGE 1795554000000LL /* 2026-11-24T21:00:00Z: Tue 15:00 in Chicago */
#define HOUR 3600000LL

struct play {
    struct ground *g;
    struct config *config;
    struct outreach *outreach;
    struct campaigns *c;
    struct actor author, other, third;
    int64_t now;
};

static inline void as(struct play *p, const struct actor *who)
{
    op_init(&p->g->op, p->g->arena, who, p->now);
}

static inline void set(struct play *p, const char *name, const char *value)
{
    assert_int_equal(config_set(&p->g->op, p->config, str_of(name), str_of(value)), OK);
}

static inline int open_play(void **state)
{
    struct play *p = calloc(1, sizeof *p);
    void *g = NULL;
    ground_open(&g);
    p->g = g;
    p->now = DISCHARGE;
    p->config = config_new(p->g->arena);
    as(p, campaign_system());
    set(p, "sms.channel", "screen");
    set(p, "smtp.channel", "screen");
    set(p, "sms.route", "us_10dlc");
    set(p, "sms.campaign_approved", "true");
    set(p, "outreach.clinic", "North Clinic");
    set(p, "outreach.phone", "+13125550100");
    set(p, "campaign.holdout", "0");
    set(p, "house.zone", "America/Chicago");
    set(p, "campaign.undo_minutes", "0");
    assert_int_equal(outreach_new(&p->g->op, p->g->rec, p->config, &p->outreach), OK);
    assert_int_equal(campaigns_new(&p->g->op, p->g->rec, p->outreach, p->config, &p->c), OK);
    p->author = p->other = p->third = p->g->outreach;
    p->author.user = STR("ann");
    p->other.user = STR("bob");
    p->third.user = STR("cy");
    *state = p;
    return 0;
}

static inline int close_play(void **state)
{
    struct play *p = *state;
    void *g = p->g;
    campaigns_free(p->c);
    outreach_free(p->outreach);
    ground_close(&g);
    free(p);
    return 0;
}

static inline void ok_at(struct play *p, err e, int line)
{
    for (size_t i = 0; e != OK && i < p->g->op.fault.n; i++)
        print_error("line %d: %.*s: %.*s\n", line, STR_ARG(p->g->op.fault.issues[i].expression),
                    STR_ARG(p->g->op.fault.issues[i].message));
    assert_int_equal(e, OK);
}
#define ok(p, e) ok_at((p), (e), __LINE__)

/* Everything that is there to do, now. */
static inline void settle(struct play *p)
{
    for (int i = 0; i < 40; i++) {
        size_t followed = 0, moved = 0;
        as(p, campaign_system());
        ok(p, campaign_follow(&p->g->op, p->c, &followed));
        ok(p, campaign_tick(&p->g->op, p->c, &moved));
        if (followed + moved == 0 && i > 2)
            return;
        p->now += 1100;
    }
}

static inline str step(struct play *p, const struct actor *who, str id, enum campaign_step s)
{
    struct json *o;
    as(p, who);
    ok(p, campaign_do(&p->g->op, p->c, id, s, 0, &o));
    return json_get_str(o, STR("state"));
}

static inline err try_step(struct play *p, const struct actor *who, str id, enum campaign_step s)
{
    struct json *o;
    as(p, who);
    return campaign_do(&p->g->op, p->c, id, s, 0, &o);
}

/* The shipped outline with the second of each pair instead of the first, over a group or none. */
typedef const char *const put_change[2];
static inline str put_changed(struct play *p, const char *code, put_change *changes, size_t n,
                              str group)
{
    const struct plan_shipped *s;
    struct json *plan, *o;
    size_t i = 0;
    while ((s = plan_shipped_at(i)) && strcmp(s->code, code) != 0)
        i++;
    assert_non_null(s);
    str text = str_of(s->plan);
    for (size_t k = 0; k < n; k++) {
        struct buf b;
        str rest = text;
        buf_init(&b, p->g->arena, 1u << 20);
        for (size_t at; (at = str_find(rest, str_of(changes[k][0]), 0)) != SIZE_MAX;) {
            buf_printf(&b, "%.*s%s", STR_ARG(str_sub(rest, 0, at)), changes[k][1]);
            rest = str_sub(rest, at + strlen(changes[k][0]), rest.n);
        }
        assert_true(rest.n < text.n);
        buf_add(&b, rest);
        text = buf_str(&b);
    }
    as(p, &p->author);
    ok(p, json_read(&p->g->op, text, &JSON_LIMITS_DEFAULT, &plan));
    if (!str_empty(group)) {
        struct json *x, *ref = json_new(p->g->arena, JSON_OBJECT);
        json_set_str(p->g->arena, ref, STR("reference"),
                     arena_printf(p->g->arena, "Group/%.*s", STR_ARG(group)));
        x = json_new(p->g->arena, JSON_OBJECT);
        json_set_str(p->g->arena, x, STR("url"), STR(PLAN_URL "audience"));
        json_set(p->g->arena, x, STR("valueReference"), ref);
        json_push(p->g->arena, JSON_GET(plan, "extension"), x);
    }
    ok(p, campaign_put(&p->g->op, p->c, STR_NONE, plan, &o));
    return json_get_str(o, STR("id"));
}

static inline str put(struct play *p, const char *code, str group)
{
    return put_changed(p, code, NULL, 0, group);
}

/* The shipped outline with these words instead of those. */
static inline str put_with(struct play *p, const char *code, const char *was, const char *is)
{
    return put_changed(p, code, &(put_change){was, is}, 1, STR_NONE);
}

static inline void run_it(struct play *p, str id)
{
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "approved");
    assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
    settle(p);
}

/* Their word for a way, given to the clinic on paper five days ago. */
static inline void permit(struct play *p, str who, const char *way, const char *system, str address)
{
    as(p, campaign_system());
    ground_make(
        p->g,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},\"dateTime\":"
        "\"%.*s\",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
        "consent-contact-point\",\"valueContactPoint\":{\"system\":\"%s\",\"value\":"
        "\"%.*s\"}}],\"policyRule\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"
        "consent-form\",\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\",\"code\":[{"
        "\"coding\":[{\"system\":\"https://weft.health/fhir/contact-channel\",\"code\":\"%s\"}]}],"
        "\"purpose\":[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"},"
        "{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"appointment\"}]}}",
        STR_ARG(who), STR_ARG(time_format(p->g->arena, p->now - 5 * PLAN_DAY_MS)), system,
        STR_ARG(address), way);
}

static inline str patient(struct play *p, unsigned n, const char *language)
{
    as(p, campaign_system());
    str then = time_format(p->g->arena, p->now - 5 * PLAN_DAY_MS);
    str id = ground_make(
        p->g,
        "{\"resourceType\":\"Patient\",\"birthDate\":\"1950-03-02\",\"name\":[{\"given\":[\"Lee\"]"
        ",\"family\":\"Chen\"}],\"telecom\":[{\"system\":\"phone\",\"rank\":1,\"value\":"
        "\"+1312555%04u\",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
        "line-type\",\"valueCode\":\"wireless\"},{\"url\":\"https://weft.health/fhir/"
        "StructureDefinition/reassigned-check\",\"extension\":[{\"url\":\"result\",\"valueCode\":"
        "\"no\"},{\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}]}],\"address\":[{\"state\":\"IL\","
        "\"country\":\"US\",\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/"
        "timezone\",\"valueCode\":\"America/Chicago\"}]}],\"communication\":[{\"language\":{"
        "\"coding\":[{\"code\":\"%s\"}]}}]}",
        n, STR_ARG(then), language);
    permit(p, id, "sms", "phone", arena_printf(p->g->arena, "+1312555%04u", n));
    return id;
}

static inline void discharge(struct play *p, str who)
{
    struct record_result r;
    struct json *t;
    as(p, campaign_system());
    str id = ground_make(p->g,
                         "{\"resourceType\":\"Encounter\",\"status\":\"in-progress\",\"class\":{"
                         "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":"
                         "\"IMP\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                         STR_ARG(who));
    str text = arena_printf(p->g->arena,
                            "{\"resourceType\":\"Encounter\",\"id\":\"%.*s\",\"status\":"
                            "\"finished\",\"class\":{\"system\":\"http://terminology.hl7.org/"
                            "CodeSystem/v3-ActCode\",\"code\":\"IMP\"},\"subject\":{\"reference\":"
                            "\"Patient/%.*s\"},\"period\":{\"end\":\"%.*s\"}}",
                            STR_ARG(id), STR_ARG(who), STR_ARG(time_format(p->g->arena, p->now)));
    ok(p, fhir_read(&p->g->op, text, 0, &t));
    ok(p,
       record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("Encounter")), id, t, STR_NONE, &r));
}

static inline struct record_page found(struct play *p, const char *type, const char *query, str who)
{
    struct record_page page;
    as(p, campaign_system());
    str q = arena_printf(p->g->arena, "patient=Patient/%.*s&%s", STR_ARG(who), query);
    ok(p, record_find(&p->g->op, p->g->rec, fhir_type_parse(str_of(type)), q, &page));
    return page;
}

static inline struct json *tree(struct play *p, const struct record_doc *doc)
{
    struct json *t;
    ok(p, record_parse(&p->g->op, doc, &t));
    return t;
}

static inline void write_again(struct play *p, const char *type, str id, const char *name,
                               const char *is)
{
    struct record_doc doc;
    struct record_result r;
    fhir_type t = fhir_type_parse(str_of(type));
    as(p, campaign_system());
    ok(p, record_read(&p->g->op, p->g->rec, t, id, &doc));
    struct json *o = tree(p, &doc);
    json_set_str(p->g->arena, o, str_of(name), str_of(is));
    ok(p, record_update(&p->g->op, p->g->rec, t, id, o, STR_NONE, &r));
    settle(p);
}

static inline void write_status(struct play *p, const char *type, str id, const char *status)
{
    write_again(p, type, id, "status", status);
}

/* What waits for its sender has left. */
static inline void arrives(struct play *p, str who)
{
    struct record_page page = found(p, "Communication", "status=preparation&_count=100", who);
    assert_true(page.n > 0);
    for (size_t i = 0; i < page.n; i++)
        write_status(p, "Communication", page.docs[i].id, "completed");
}

static inline void has_email(struct play *p, str who, str address)
{
    struct record_doc doc;
    struct record_result r;
    fhir_type type = fhir_type_parse(STR("Patient"));
    as(p, campaign_system());
    ok(p, record_read(&p->g->op, p->g->rec, type, who, &doc));
    struct json *o = tree(p, &doc), *way = json_new(p->g->arena, JSON_OBJECT);
    json_set_str(p->g->arena, way, STR("system"), STR("email"));
    json_set_str(p->g->arena, way, STR("value"), address);
    json_push(p->g->arena, JSON_GET(o, "telecom"), way);
    ok(p, record_update(&p->g->op, p->g->rec, type, who, o, STR_NONE, &r));
    permit(p, who, "email", "email", address);
}

/* What went to the person last. */
static inline str last_words(struct play *p, str who)
{
    struct record_page page = found(p, "Communication", "_sort=-sent&_count=20", who);
    for (size_t i = 0; i < page.n; i++) {
        struct json *t = tree(p, &page.docs[i]);
        if (!str_starts(json_str(json_path(t, "sender.reference")), STR("Patient/")))
            return json_str(json_path(t, "payload.0.contentString"));
    }
    return STR_NONE;
}

#define assert_has(text, words)                                                                    \
    do {                                                                                           \
        str text_ = (text);                                                                        \
        if (str_find(text_, str_of(words), 0) == SIZE_MAX)                                         \
            print_error("not in: %.*s\n", STR_ARG(text_));                                         \
        assert_true(str_find(text_, str_of(words), 0) != SIZE_MAX);                                \
    } while (0)

/* Nobody has looked at it yet. */
static inline void writes(struct play *p, unsigned n, const char *text)
{
    static unsigned id;
    struct outreach_inbound_result r;
    char name[32];
    snprintf(name, sizeof name, "in-%u", ++id);
    as(p, campaign_system());
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = arena_printf(p->g->arena, "+1312555%04u", n),
                                  .to = STR("+13125550100"),
                                  .text = str_of(text),
                                  .provider_id = arena_str(p->g->arena, str_of(name))};
    ok(p, outreach_inbound(&p->g->op, p->outreach, &in, &r));
    assert_true(r.matched);
}

static inline void says(struct play *p, unsigned n, const char *text)
{
    writes(p, n, text);
    settle(p);
}

static inline str group_of(struct play *p, const str *ids, size_t n)
{
    struct buf b;
    buf_init(&b, p->g->arena, 1u << 20);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s{\"entity\":{\"reference\":\"Patient/%.*s\"}}", i ? "," : "",
                   STR_ARG(ids[i]));
    return ground_make(
        p->g,
        "{\"resourceType\":\"Group\",\"type\":\"person\",\"actual\":true,\"name\":\"Some\","
        "\"member\":[%.*s]}",
        STR_ARG(buf_str(&b)));
}

static inline int64_t number_of(const struct json *o, const char *name)
{
    int64_t v = -1;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

#endif
