/* What the patient has read: a mark on the Communication, with when, by whom and how that is known.
 * Invariants: a message is marked once, and only when it has left; only somebody who looks at it
 * marks it: the patient or a helper in the portal, or who sends the form of a secure link; never
 * staff, an app, or a page that was only fetched. */
#include "outreach/read.h"
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"

#define TRIES 4u
#define PORTAL STR("portal")

static str text_at(const struct json *mark, const char *url, const char *name)
{
    return json_get_str(extension_at(mark, str_of(url)), str_of(name));
}

bool read_find(const struct json *c, struct read_mark *ret)
{
    const struct json *mark = extension_at(c, STR(READ_URL));
    struct time_span when;
    if (!time_parse(text_at(mark, "when", "valueDateTime"), &when))
        return false;
    ret->at = when.lo;
    ret->how = text_at(mark, "how", "valueCode");
    return true;
}

static bool has_left(const struct json *c)
{
    str status = json_get_str(c, STR("status"));
    return str_eq(status, STR("completed")) || str_eq(status, STR("in-progress")) ||
           str_eq(status, STR("unknown"));
}

static void put_part(struct op *op, struct json *list, const char *url, const char *name,
                     const struct json *value)
{
    struct json *one = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, one, STR("url"), str_of(url));
    json_set(op->arena, one, str_of(name), value);
    json_push(op->arena, list, one);
}

bool read_apply(struct op *op, struct json *c, const struct read_by *by)
{
    struct read_mark had;
    struct json *mark = json_new(op->arena, JSON_OBJECT), *parts = json_new(op->arena, JSON_ARRAY),
                *all = JSON_GET(c, "extension");
    const char *to = receipt_move(json_get_str(c, STR("status")), MEANS_READ);
    if (!has_left(c) || read_find(c, &had))
        return false;
    put_part(op, parts, "when", "valueDateTime",
             json_new_str(op->arena, time_format(op->arena, op->now)));
    if (by->who)
        put_part(op, parts, "by", "valueReference", by->who);
    put_part(op, parts, "how", "valueCode", json_new_str(op->arena, by->how));
    json_set_str(op->arena, mark, STR("url"), STR(READ_URL));
    json_set(op->arena, mark, STR("extension"), parts);
    if (!all)
        all = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, all, mark);
    json_set(op->arena, c, STR("extension"), all);
    if (to) /* who reads it has it, whatever the provider never said */
        json_set_str(op->arena, c, STR("status"), str_of(to));
    json_unset(c, STR("statusReason"));
    if (!JSON_GET(c, "received"))
        json_set_str(op->arena, c, STR("received"), time_format(op->arena, op->now));
    return true;
}

/* Words of theirs are not read by them. */
static bool is_to_them(const struct json *c)
{
    str from = json_str(json_path(c, "sender.reference"));
    return !str_starts(from, STR("Patient/")) && !str_starts(from, STR("RelatedPerson/"));
}

/* Who is at the portal, by name where it is not the patient: the nurse is told who read it. */
static err reader(struct op *op, const struct outreach *o, struct json **ret)
{
    struct fhir_ref ref = fhir_ref_parse(op->actor->reference);
    struct record_doc doc;
    struct json *person;
    *ret = fhir_reference(op, op->actor->reference);
    if (op->actor->role != ROLE_HELPER)
        return OK;
    const struct actor *self = op->actor;
    op->actor = outreach_system();
    err e = record_read(op, o->rec, ref.type, ref.id, &doc);
    if (e == OK)
        e = record_parse(op, &doc, &person);
    if (e == OK)
        json_set_str(op->arena, *ret, STR("display"), fhir_name_shown(op, person));
    op->actor = self;
    return e;
}

/* May the reader see it? What is written back is the whole message, not their view of it. */
static err look(struct op *op, const struct outreach *o, str id, struct record_doc *ret,
                struct json **ret_c)
{
    const struct actor *person = op->actor;
    fhir_type type = fhir_type_parse(STR("Communication"));
    TRY(record_read(op, o->rec, type, id, ret));
    op->actor = outreach_system();
    err e = record_read(op, o->rec, type, id, ret);
    op->actor = person;
    TRY(e);
    return record_parse(op, ret, ret_c);
}

static err write(struct record_tx *tx, struct op *op, const struct record_doc *doc, struct json *c,
                 const struct read_by *by)
{
    const struct actor *person = op->actor;
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    bool there;
    op->actor = outreach_system();
    err e = record_tx_update(tx, doc->type, doc->id, c, doc->vid);
    op->actor = person;
    TRY(e);
    TRY(ledger_state(tx, op, c, &there));
    json_set_str(op->arena, detail, STR("how"), by->how);
    record_tx_trail(tx, STR("message-read"), doc->type, doc->id, detail);
    return op_check(op);
}

/* One that the reader may not see, or that there is not, is as if it had not been named. */
static err mark_one(struct record_tx *tx, struct op *op, const struct outreach *o, str id,
                    struct read_by *by, bool *ret)
{
    struct record_doc doc;
    struct json *c;
    struct read_mark had;
    *ret = false;
    err e = look(op, o, id, &doc, &c);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FORBIDDEN) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    *ret = is_to_them(c) && read_find(c, &had);
    if (*ret || !is_to_them(c) || !read_apply(op, c, by))
        return OK;
    TRY(write(tx, op, &doc, c, by));
    by->n++;
    *ret = true;
    return OK;
}

static bool named_before(const str *ids, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(ids[k], ids[i]))
            return true;
    return false;
}

static err mark_all(struct op *op, const struct outreach *o, const struct outreach_seen *s,
                    struct read_by *by, struct json *ret)
{
    struct record_tx *tx = record_begin(op, o->rec);
    by->n = 0;
    for (size_t i = 0; i < s->n; i++) {
        bool marked;
        if (!fhir_id_valid(s->ids[i]) || named_before(s->ids, i))
            continue;
        TRY(mark_one(tx, op, o, s->ids[i], by, &marked));
        if (marked)
            json_push(op->arena, ret, json_new_str(op->arena, s->ids[i]));
    }
    return by->n ? record_commit(tx) : OK;
}

/* A receipt may come in the same moment. */
static err mark(struct op *op, const struct outreach *o, const struct outreach_seen *s,
                struct read_by *by, struct json **ret)
{
    err e = OK;
    for (unsigned tries = 0; tries < TRIES; tries++) {
        op_clear(op);
        *ret = json_new(op->arena, JSON_ARRAY);
        e = mark_all(op, o, s, by, *ret);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            break;
    }
    return e;
}

err outreach_read(struct op *op, struct outreach *o, const struct outreach_seen *s,
                  struct json **ret)
{
    struct read_by by = {.how = PORTAL};
    struct json *who;
    if (!op->actor || op->actor->scopes ||
        (op->actor->role != ROLE_PATIENT && op->actor->role != ROLE_HELPER))
        return fail(op, ERR_FORBIDDEN,
                    "Only the patient, or a helper, marks a message as read, in the portal.");
    if (s->n > OUTREACH_SEEN_MAX)
        return fail_at(op, ERR_TOO_LARGE, STR("messages"), "At most %u messages at once.",
                       OUTREACH_SEEN_MAX);
    TRY(reader(op, o, &who));
    by.who = who;
    return mark(op, o, s, &by, ret);
}

err outreach_read_link(struct op *op, struct outreach *o, str patient, str key)
{
    struct read_by by = {.how = STR("link")};
    struct record_page page;
    struct json *done, *c;
    struct buf q;
    buf_init(&q, op->arena, 1024);
    buf_add(&q, STR("identifier=" KEY_SYSTEM "%7C"));
    buf_url(&q, key);
    buf_printf(&q, "&subject=Patient/%.*s&_count=1", STR_ARG(patient));
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Communication")), buf_str(&q), &page));
    if (page.n == 0)
        return OK;
    TRY(record_parse(op, &page.docs[0], &c));
    by.who = json_path(c, "recipient.0"); /* who holds the word is whom it was sent to */
    return mark(op, o, &(struct outreach_seen){&page.docs[0].id, 1}, &by, &done);
}
