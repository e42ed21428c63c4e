/* The notices of an incident: who is written to, in which language, by which way, with which words
 * (45 CFR 164.404(c), (d); GDPR Art. 34(2)). A notice that was sent is a Communication in the
 * patient's record; until then there is none. Invariant: where the patient asked to be reached by
 * one way only (45 CFR 164.522(b)), that way alone is named. */
#include "base/bidi.h"
#include "desk/incident_int.h"

#include "base/time.h"

#define LETTER_MAX (32u << 10)
#define NOTICE_LABEL                                                                               \
    "\"meta\":{\"security\":[{\"system\":\"" DESK_SYSTEM_LABEL "\",\"code\":\"" DESK_LABEL_OFFICER \
    "\"}]},"
#define NOTICE "&category=" DESK_SYSTEM_CODE "|breach-notice" /* made by the house alone */
#define NEWEST "&_sort=-_lastUpdated&_count=1"
#define SUBSTITUTE 10 /* 164.404(d)(2)(ii): insufficient addresses */
#define RETURNED_MAX 500u

static const struct {
    const char *word, *in[LANGUAGE_COUNT];
} words[] = {BREACH_WORDS};
static const struct {
    const char *word, *types;
} kinds[] = {
    {"kind-people", " Patient Person RelatedPerson "},
    {"kind-visits", " Encounter Appointment AppointmentResponse EpisodeOfCare "},
    {"kind-messages", " Communication CommunicationRequest QuestionnaireResponse "},
    {"kind-money", " Account ChargeItem Claim ClaimResponse Contract Coverage ExplanationOfBenefit "
                   "Invoice "},
};

static const char *word(const char *name, enum language l)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, name) == 0)
            return words[i].in[l];
    return "";
}

/* ---- which way ---- */

struct way {
    const char *channel; /* letter, email, phone, sms, substitute */
    str to;
    bool only; /* they asked to be reached so and in no other way */
};

static str address_of(struct op *op, const struct json *patient)
{
    const struct json *all = JSON_GET(patient, "address"), *a = json_at(all, 0);
    struct buf b;
    buf_init(&b, op->arena, 4096);
    if (json_get_str(a, STR("text")).n)
        return json_get_str(a, STR("text"));
    const struct json *lines = JSON_GET(a, "line"), *line;
    for (size_t i = 0; (line = json_at(lines, i)); i++)
        buf_printf(&b, "%s%.*s", b.n ? ", " : "", STR_ARG(json_str(line)));
    static const char *const parts[] = {"city", "state", "postalCode", "country"};
    for (size_t i = 0; b.n && i < 4; i++)
        if (json_get_str(a, str_of(parts[i])).n)
            buf_printf(&b, ", %.*s", STR_ARG(json_get_str(a, str_of(parts[i]))));
    return buf_str(&b);
}

/* The way a granted request for confidential communications names. */
static err only_way(struct incident *i, str patient, struct way *ret)
{
    struct record_page page;
    struct json *tree;
    const struct json *e;
    TRY(record_find(
        i->op, i->rec, fhir_type_parse(STR("Consent")),
        arena_printf(i->op->arena,
                     "patient=Patient/%.*s&status=active&category=" DESK_CONSENT_CATEGORY
                     "|confidential-communication&_sort=-_lastUpdated&_count=1",
                     STR_ARG(patient)),
        &page));
    if (page.n_match == 0)
        return OK;
    TRY(record_parse(i->op, &page.docs[0], &tree));
    for (size_t k = 0; (e = json_at(JSON_GET(tree, "extension"), k)); k++) {
        const struct json *point = JSON_GET(e, "valueContactPoint");
        str system = json_get_str(point, STR("system"));
        if (!point)
            continue;
        *ret = (struct way){str_eq(system, STR("email"))   ? "email"
                            : str_eq(system, STR("sms"))   ? "sms"
                            : str_eq(system, STR("phone")) ? "phone"
                                                           : "letter",
                            json_get_str(point, STR("value")), true};
    }
    return OK;
}

/* First-class mail; e-mail where the person put it first (164.404(d)(1)(i)). */
static err way_of(struct incident *i, str id, const struct json *patient, struct way *ret)
{
    const struct json *all = JSON_GET(patient, "telecom"), *one;
    struct way w = {"letter", address_of(i->op, patient), false};
    int64_t rank = 0;
    for (size_t k = 0; (one = json_at(all, k)); k++)
        if (str_eq(json_get_str(one, STR("system")), STR("email")) &&
            (!w.to.n || (json_i64(JSON_GET(one, "rank"), &rank) && rank == 1)))
            w = (struct way){"email", json_get_str(one, STR("value")), false};
    if (!w.to.n)
        w.channel = "substitute";
    *ret = w;
    return only_way(i, id, ret);
}

/* ---- the words ---- */

static bool has_kind(const struct json *types, const char *list, bool other)
{
    const struct json *t;
    for (size_t i = 0; (t = json_at(types, i)); i++) {
        char room[80];
        snprintf(room, sizeof room, " %.*s ", STR_ARG(json_str(t)));
        bool in = false;
        for (size_t k = 0; other && k < sizeof kinds / sizeof *kinds; k++)
            in |= strstr(kinds[k].types, room) != NULL;
        if (other ? !in : strstr(list, room) != NULL)
            return true;
    }
    return false;
}

static void add_kinds(const struct incident *i, enum language l, struct buf *b)
{
    const struct json *types = JSON_GET(i->scope, "kinds");
    const char *sep = "";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (has_kind(types, kinds[k].types, false)) {
            buf_printf(b, "%s%s", sep, word(kinds[k].word, l));
            sep = "; ";
        }
    if (!types || !types->n || has_kind(types, "", true))
        buf_printf(b, "%s%s", sep, word("kind-clinical", l));
}

static void section(struct buf *b, const char *head, str text)
{
    buf_printf(b, "\n\n%s\n%.*s", head, STR_ARG(text));
}

/* "2026-11-24" would be read from its end in Arabic. */
static str day_in(struct op *op, enum language l, str time)
{
    return bidi_value(op, l, str_sub(time, 0, 10));
}

static str letter(const struct incident *i, str name, enum language l)
{
    const struct json *notice = JSON_GET(i->assessment, "notice");
    const struct json *own = json_get(notice, str_of(LANGUAGE_TAGS[l]));
    const struct json *said = own ? own : notice;
    struct buf b;
    str first = json_get_str(i->scope, STR("first"));
    buf_init(&b, i->op->arena, LETTER_MAX);
    name = bidi_value(i->op, l, name);
    buf_printf(&b, "%s\n\n%s %.*s,\n\n%s", word("subject", l), word("dear", l), STR_ARG(name),
               word("intro", l));
    section(&b, word("happened", l), json_get_str(said, STR("happened")));
    if (first.n)
        buf_printf(&b, "\n%s: %.*s.", word("date", l), STR_ARG(day_in(i->op, l, first)));
    str known = day_in(i->op, l, time_format(i->op->arena, i->discovered));
    buf_printf(&b, "\n%s %.*s.", word("known", l), STR_ARG(known));
    buf_printf(&b, "\n\n%s\n", word("kinds", l));
    add_kinds(i, l, &b);
    section(&b, word("steps", l), json_get_str(said, STR("steps")));
    section(&b, word("doing", l), json_get_str(said, STR("doing")));
    section(&b, word("contact", l), json_get_str(said, STR("contact")));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* ---- the list ---- */

struct addressee {
    str id, name;
    enum language language;
    struct way way;
    struct json *patient, *communication, *request;
    struct record_doc doc, asked; /* of communication, of request */
    bool again;                   /* what went by mail came back: a letter is to be asked for */
};

/* The notice of one person that was asked for, or what came of it; *ret_tree NULL: none. */
static err newest(struct incident *i, const char *type, str query, struct record_doc *ret,
                  struct json **ret_tree)
{
    struct record_page page;
    *ret_tree = NULL;
    TRY(record_find(i->op, i->rec, fhir_type_parse(str_of(type)), query, &page));
    if (page.n_match == 0)
        return OK;
    *ret = page.docs[0];
    return record_parse(i->op, &page.docs[0], ret_tree);
}

static err sent(struct incident *i, struct addressee *to)
{
    struct arena *a = i->op->arena;
    TRY(newest(i, "Communication",
               arena_printf(a, "part-of=Task/%.*s&subject=Patient/%.*s" NEWEST NOTICE,
                            STR_ARG(i->id), STR_ARG(to->id)),
               &to->doc, &to->communication));
    TRY(newest(i, "CommunicationRequest",
               arena_printf(a,
                            "group-identifier=" DESK_NOTICE_GROUP
                            "|%.*s&subject=Patient/%.*s" NEWEST NOTICE,
                            STR_ARG(i->id), STR_ARG(to->id)),
               &to->asked, &to->request));
    str of = fhir_ref_parse(json_str(json_path(to->communication, "basedOn.0.reference"))).id;
    if (of.n && to->request && !str_eq(of, to->asked.id))
        to->communication = NULL; /* what came of an earlier request is not this one's */
    return OK;
}

/* A notice has left when its Communication says so: the office's word for letters, the channel's
 * for what it carries. */
static str status_of(const struct addressee *to)
{
    str s = json_get_str(to->communication, STR("status"));
    if (!s.n)
        return to->request ? STR("queued") : STR("open");
    return str_eq(s, STR("completed"))                               ? STR("sent")
           : str_eq(s, STR("stopped")) || str_eq(s, STR("not-done")) ? STR("returned")
                                                                     : STR("queued");
}

/* What went by mail and came back goes by post, unless mail is their only way. */
static void other_way(struct incident *i, struct addressee *to)
{
    str post = address_of(i->op, to->patient);
    str asked = json_str(json_path(to->request, "medium.0.coding.0.code"));
    bool mail = strcmp(to->way.channel, "email") == 0 && !to->way.only && post.n;
    to->again = mail && str_eq(asked, STR("email")) && str_eq(status_of(to), STR("returned"));
    if (to->again || (mail && str_eq(asked, STR("letter"))))
        to->way = (struct way){"letter", post, false};
}

static err addressee(struct incident *i, str id, struct addressee *ret)
{
    struct record_doc doc;
    *ret = (struct addressee){.id = id};
    err e = record_read(i->op, i->rec, fhir_type_parse(STR("Patient")), id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) { /* erased: nobody to write to */
        op_clear(i->op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(i->op, &doc, &ret->patient));
    ret->name = fhir_name_shown(i->op, ret->patient);
    ret->language = fhir_language(ret->patient);
    TRY(way_of(i, id, ret->patient, &ret->way));
    TRY(sent(i, ret));
    other_way(i, ret);
    return OK;
}

static struct json *row_of(struct incident *i, const struct addressee *to, bool with_text)
{
    struct arena *a = i->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("patient"), to->id);
    json_set_str(a, o, STR("name"), to->name);
    json_set_str(a, o, STR("language"), str_of(LANGUAGE_TAGS[to->language]));
    json_set_str(a, o, STR("channel"), str_of(to->way.channel));
    json_set_str(a, o, STR("to"), to->way.to);
    json_set(a, o, STR("deceased"),
             json_new_bool(a, JSON_GET(to->patient, "deceasedDateTime") != NULL ||
                                  json_bool(JSON_GET(to->patient, "deceasedBoolean"), false)));
    json_set_str(a, o, STR("status"), status_of(to));
    str why = json_str(json_path(to->communication, "statusReason.text"));
    if (why.n)
        json_set_str(a, o, STR("why"), why);
    str asked = json_str(json_path(to->request, "payload.0.contentString")); /* what will be kept */
    if (with_text)
        json_set_str(a, o, STR("text"), asked.n ? asked : letter(i, to->name, to->language));
    return o;
}

/* Did another notice follow what came back? */
static err followed(struct incident *i, const struct record_doc *doc, bool *ret)
{
    struct json *c;
    struct addressee to = {0};
    TRY(record_parse(i->op, doc, &c));
    to.id = fhir_ref_parse(json_str(json_path(c, "subject.reference"))).id;
    TRY(sent(i, &to));
    *ret = !to.communication || !str_eq(to.doc.id, doc->id);
    return OK;
}

/* Those that came back and that nothing followed, in all; from ten on there is a substitute notice
 * (164.404(d)(2)(ii)). Of very many the last ones are not looked at: none of them is left out. */
static err returned(struct incident *i, struct json *o)
{
    struct record_page page;
    TRY(record_find(
        i->op, i->rec, fhir_type_parse(STR("Communication")),
        arena_printf(i->op->arena,
                     "part-of=Task/%.*s&status=stopped&_count=%u&_total=accurate" NOTICE,
                     STR_ARG(i->id), RETURNED_MAX),
        &page));
    int64_t n = (int64_t)page.total;
    for (size_t k = 0; k < page.n_match; k++) {
        bool gone;
        TRY(followed(i, &page.docs[k], &gone));
        n -= gone;
    }
    json_set(i->op->arena, o, STR("returned"), json_new_i64(i->op->arena, n));
    json_set(i->op->arena, o, STR("substitute"), json_new_bool(i->op->arena, n >= SUBSTITUTE));
    return OK;
}

static err list(struct incident *i, const struct incident_page *page, struct json **ret)
{
    struct arena *a = i->op->arena;
    struct json *all = json_new(a, JSON_ARRAY), *o = json_new(a, JSON_OBJECT);
    uint64_t *people;
    size_t n, k = page->after;
    TRY(incident_people(i, &people, &n));
    for (; k < n && k < page->after + page->max; k++) {
        struct addressee to;
        fhir_type type;
        str id;
        err e = record_name(i->op, i->rec, people[k], &type, &id);
        if (e == ERR_NOT_FOUND || e == ERR_GONE) { /* erased: nobody to write to */
            op_clear(i->op);
            continue;
        }
        TRY(e);
        TRY(addressee(i, id, &to));
        if (to.patient)
            json_push(a, all, row_of(i, &to, page->with_text));
    }
    json_set(a, o, STR("letters"), all);
    json_set(a, o, STR("total"), json_new_i64(a, (int64_t)n));
    if (k < n)
        json_set(a, o, STR("next"), json_new_i64(a, (int64_t)k));
    TRY(returned(i, o));
    i->op->actor = i->person;
    TRY(record_audit_event(i->op, i->rec, STR("incident-letters"), true, i->id));
    *ret = o;
    return op_check(i->op);
}

err incident_letters(struct op *op, struct record *rec, str id, const struct incident_page *page,
                     struct json **ret)
{
    struct incident i;
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, list(&i, page, ret));
}

/* ---- sent, returned ---- */

static err keep(struct incident *i, const struct addressee *to)
{
    struct json *c = incident_notice(i->op, to->request, to->asked.id, "completed");
    str id;
    json_set_str(i->op->arena, c, STR("sent"), time_format(i->op->arena, i->op->now));
    TRY(record_tx_create(i->tx, c, &id));
    return incident_carried(i->tx, i->op, &to->asked, to->request);
}

/* The letter asked for: whoever carries its channel sends it, the office prints those by post. */
static err ask(struct incident *i, const struct addressee *to)
{
    struct arena *a = i->op->arena;
    struct json *c, *payload = json_new(a, JSON_ARRAY), *one = json_new(a, JSON_OBJECT);
    struct buf b;
    str id;
    buf_init(&b, a, 4096);
    buf_printf(&b,
               "{\"resourceType\":\"CommunicationRequest\"," NOTICE_LABEL "\"groupIdentifier\":{"
               "\"system\":\"" DESK_NOTICE_GROUP "\",\"value\":\"%.*s\"},\"status\":\"active\","
               "\"category\":[{\"coding\":[{\"system\":\"" DESK_SYSTEM_CODE "\",\"code\":"
               "\"breach-notice\"}]}],\"about\":[{\"reference\":\"Task/%.*s\"}],\"subject\":{"
               "\"reference\":\"Patient/%.*s\"},\"recipient\":[{\"reference\":\"Patient/%.*s\"}],"
               "\"medium\":[{\"coding\":[{\"system\":\"" DESK_CHANNEL_SYSTEM "\",\"code\":\"%s\"}]"
               ",\"text\":\"%s\"}],\"authoredOn\":\"%.*s\"}",
               STR_ARG(i->id), STR_ARG(i->id), STR_ARG(to->id), STR_ARG(to->id), to->way.channel,
               to->way.channel, STR_ARG(time_format(a, i->op->now)));
    TRY(json_read(i->op, buf_str(&b), &JSON_LIMITS_DEFAULT, &c));
    json_set_str(a, one, STR("contentString"), letter(i, to->name, to->language));
    json_push(a, payload, one);
    json_set(a, c, STR("payload"), payload);
    json_set_str(a, c, STR("language"), str_of(LANGUAGE_TAGS[to->language]));
    return record_tx_create(i->tx, c, &id);
}

static err take_back(struct incident *i, struct addressee *to)
{
    struct arena *a = i->op->arena;
    struct json *why = json_new(a, JSON_OBJECT);
    json_set_str(a, why, STR("text"), STR("returned"));
    json_set_str(a, to->communication, STR("status"), STR("stopped"));
    json_set(a, to->communication, STR("statusReason"), why);
    return record_tx_update(i->tx, to->doc.type, to->doc.id, to->communication, to->doc.vid);
}

static err affected(struct incident *i, str patient)
{
    uint64_t rid, *people;
    size_t n;
    err e = record_resolve(i->op, i->rec, fhir_type_parse(STR("Patient")), patient, &rid);
    if (e == OK)
        TRY(incident_people(i, &people, &n));
    for (size_t k = 0; e == OK && k < n; k++)
        if (people[k] == rid)
            return OK;
    op_clear(i->op);
    return fail(i->op, ERR_NOT_FOUND, "The incident does not reach such a patient.");
}

static err may_send(const struct incident *i)
{
    if (!JSON_GET(i->assessment, "notice"))
        return fail(i->op, ERR_CONFLICT, "Assess the incident first: the notice is written there.");
    if (incident_delayed(i))
        return fail(i->op, ERR_CONFLICT,
                    "The police asked that notices wait (45 CFR 164.412); end that first.");
    return OK;
}

static err mark(struct incident *i, str patient, str state, struct json **ret)
{
    struct addressee to;
    struct json *detail = json_new(i->op->arena, JSON_OBJECT);
    bool send = str_eq(state, STR("sent"));
    TRY(affected(i, patient));
    TRY(addressee(i, patient, &to));
    TRY(may_send(i));
    if (!to.patient || (send && (!to.request || to.communication)) ||
        (!send && !str_eq(status_of(&to), STR("sent"))))
        return fail(i->op, ERR_CONFLICT,
                    send ? "Only a notice that was asked for, and is not on its way, can be marked "
                           "as sent."
                         : "This notice was not sent yet.");
    TRY(send ? keep(i, &to) : take_back(i, &to));
    json_set_str(i->op->arena, detail, STR("state"), state);
    TRY(incident_commit(i, "incident-notice", detail));
    i->op->actor = desk_house();
    TRY(addressee(i, patient, &to));
    *ret = row_of(i, &to, false);
    return OK;
}

#define QUEUE_MAX 200u

static err queue_one(struct incident *i, str patient, size_t *io_n)
{
    struct addressee to;
    TRY(addressee(i, patient, &to));
    if (!to.patient || ((to.request || to.communication) && !to.again) ||
        strcmp(to.way.channel, "substitute") == 0)
        return OK;
    ++*io_n;
    return ask(i, &to);
}

static err queue(struct incident *i, str patient, size_t after, struct json **ret)
{
    struct arena *a = i->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    uint64_t *people;
    size_t n, k = after, queued = 0;
    TRY(may_send(i));
    TRY(incident_people(i, &people, &n));
    if (patient.n) {
        TRY(affected(i, patient));
        TRY(queue_one(i, patient, &queued));
        k = n;
    }
    for (; k < n && queued < QUEUE_MAX; k++) {
        fhir_type type;
        str id;
        err e = record_name(i->op, i->rec, people[k], &type, &id);
        if (e == ERR_NOT_FOUND || e == ERR_GONE)
            op_clear(i->op); /* erased: nobody to write to */
        else
            TRY(e);
        if (e == OK)
            TRY(queue_one(i, id, &queued));
    }
    json_set(a, o, STR("queued"), json_new_i64(a, (int64_t)queued));
    if (k < n)
        json_set(a, o, STR("next"), json_new_i64(a, (int64_t)k));
    TRY(incident_commit(i, "incident-notices-queued", o));
    *ret = o;
    return OK;
}

err incident_queue(struct op *op, struct record *rec, str id, str patient, size_t after,
                   struct json **ret)
{
    struct incident i;
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, queue(&i, patient, after, ret));
}

err incident_mark(struct op *op, struct record *rec, str id, str patient, str state,
                  struct json **ret)
{
    struct incident i;
    if (!str_eq(state, STR("sent")) && !str_eq(state, STR("returned")))
        return fail_at(op, ERR_INVALID, STR("state"), "state is sent or returned.");
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, mark(&i, patient, state, ret));
}
