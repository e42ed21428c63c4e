/* Notices of incidents that are to go by mail (45 CFR 164.404(d)(1)(i)): the requests that wait in
 * the record are the queue. Letters are the office's: they are printed and posted by people.
 * Invariants: the rulebook is asked as for every message, and its no is the notice's answer; a
 * request is one message, also after a crash between sending and saying so (its key is the
 * request's). */
#include "desk/incident.h"
#include "outreach/outreach_int.h"

#define NOTICE_BATCH 16u

/* The first line is what it is called. */
static struct outreach_draft draft_of(struct op *op, const struct json *request, str id)
{
    str text = json_str(json_path(request, "payload.0.contentString")), rest = text, subject;
    if (!str_take_until(&rest, '\n', &subject))
        subject = STR_NONE;
    return (struct outreach_draft){
        .patient = fhir_ref_parse(json_str(json_path(request, "subject.reference"))).id,
        .channel = channel_name(CHANNEL_EMAIL),
        .language = json_get_str(request, STR("language")),
        .text = text,
        .subject = subject,
        .key = arena_cat(op->arena, STR("notice-"), id),
        .asked = request};
}

static err take(struct op *op, struct outreach *o, const struct record_doc *doc)
{
    struct json *request;
    struct record_result done;
    str refused = STR_NONE;
    TRY(record_parse(op, doc, &request));
    struct outreach_draft d = draft_of(op, request, doc->id);
    err e = outreach_send(op, o, &d, &done);
    if (err_passes(e))
        return e;
    if (e != OK)
        refused = op->fault.n ? arena_str(op->arena, op->fault.issues[0].message)
                              : str_of(err_row(e)->name);
    op_clear(op);
    e = incident_carry(op, o->rec, doc, refused);
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op); /* the office marked it meanwhile: it is looked at again */
        e = OK;
    }
    return e;
}

static err step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_page page;
    TRY(incident_asked(op, o->rec, "email", NOTICE_BATCH, &page));
    for (size_t i = 0; i < page.n_match; i++)
        TRY(take(op, o, &page.docs[i]));
    *ret_n = page.n_match;
    return OK;
}

/* Without mail nobody carries them here: the office does, and marks them. */
err notice_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    *ret_n = 0;
    if (!provider_any(o, CHANNEL_EMAIL) || !atomic_exchange(&o->notices, false))
        return OK;
    err e = step(op, o, ret_n);
    if (e != OK || *ret_n)
        atomic_store(&o->notices, true); /* there may be more */
    return e;
}
