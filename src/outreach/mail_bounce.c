/* What a bounce or a complaint about a message of ours does. An address that is not there is marked
 * before anything else is written; a message that came back for now goes once more, later each
 * time, then it is told; a complaint marks the address, ends e-mail for all who have it and opens a
 * case, which campaigns count as harm. Invariant: the second report of the same changes nothing. */
#include "outreach/mail_int.h"

#define AGAIN_MAX 3u

str mail_again_key(struct op *op, str communication)
{
    return arena_cat(op->arena, STR("mail/"), communication);
}

static err read_message(struct op *op, struct outreach *o, const struct mail_token *t,
                        struct record_doc *ret, struct json **ret_tree)
{
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), t->communication, ret));
    return record_parse(op, ret, ret_tree);
}

err mail_sent_to(struct op *op, struct outreach *o, const struct mail_token *t,
                 struct recipient *ret, str *ret_address)
{
    struct record_doc doc;
    struct json *tree;
    TRY(read_message(op, o, t, &doc, &tree));
    str patient = fhir_ref_parse(json_get_str(JSON_GET(tree, "subject"), STR("reference"))).id;
    TRY(recipient_load(op, o->rec, patient, ret));
    TRY(mail_token_address(op, o, t, ret->patient, ret_address));
    if (!str_empty(*ret_address) || !ret->aide)
        return OK;
    ret->suppressed = ret->aide->suppressed;
    return mail_token_address(op, o, t, ret->aide->patient, ret_address);
}

enum receipt_means mail_means(str status, str *ret_row)
{
    *ret_row = status;
    for (size_t n = status.n; n; n--) {
        enum receipt_means means = receipt_means(STR("dsn"), str_sub(status, 0, n));
        *ret_row = str_sub(status, 0, n);
        if (means != MEANS_NOTHING && (n == status.n || status.p[n] == '.'))
            return means;
    }
    return MEANS_NOTHING;
}

str mail_provider_id(struct op *op, str communication, unsigned attempt)
{
    return attempt ? arena_printf(op->arena, "mail-%.*s-%u", STR_ARG(communication), attempt)
                   : arena_cat(op->arena, STR("mail-"), communication);
}

static err no_address(struct op *op, struct outreach *o, const struct mail_token *t, str status)
{
    struct recipient r;
    str address;
    TRY(mail_sent_to(op, o, t, &r, &address));
    if (str_empty(address))
        return OK;
    struct record_page holders;
    TRY(mail_holders(op, o, address, &holders));
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(mail_tell_of_helpers(tx, op, o, &holders, address));
    TRY(mail_suppress(tx, op, &holders, address, STR("bounce"), status));
    return record_commit(tx);
}

static err tell(struct op *op, struct outreach *o, const struct mail_token *t, str word, str status)
{
    struct outreach_receipt r = {.vocabulary = STR("dsn"),
                                 .provider_id = mail_provider_id(op, t->communication, t->attempt),
                                 .communication = t->communication,
                                 .word = word,
                                 .error = status};
    return outreach_receipt(op, o, &r);
}

/* A quarter of an hour, one, four. */
static int64_t wait_ms(unsigned attempt)
{
    return (15 * 60000LL) << (2 * attempt);
}

static int64_t number(const struct json *job, const char *name)
{
    int64_t n = 0;
    json_i64(json_get(job, str_of(name)), &n);
    return n;
}

static err may_again(struct op *op, struct outreach *o, const struct json *job, bool *ret)
{
    bool stopped = false;
    int64_t tries = number(job, "tries"), expires = number(job, "expires");
    TRY(lane_stopped(op, o, json_get_str(job, STR("campaign")), &stopped));
    *ret =
        !stopped && tries < AGAIN_MAX && (!expires || op->now + wait_ms((unsigned)tries) < expires);
    return OK;
}

static err put_again(struct op *op, struct outreach *o, const struct record_doc *doc,
                     struct json *tree, struct json *job, str kept)
{
    struct record_tx *tx = record_begin(op, o->rec);
    struct buf b;
    int64_t tries = number(job, "tries");
    str campaign = json_get_str(job, STR("campaign"));
    json_set(op->arena, job, STR("tries"), json_new_i64(op->arena, tries + 1));
    buf_init(&b, op->arena, 65536);
    json_write(&b, job);
    TRY(op_check(op));
    TRY(lane_join(tx, op, o, &campaign, 1));
    TRY(record_tx_update(tx, doc->type, doc->id, tree, doc->vid));
    record_tx_outbox(tx, channel_queue(op, CHANNEL_EMAIL, campaign),
                     op->now + wait_ms((unsigned)tries), buf_str(&b));
    record_tx_expect_kv(tx, mail_again_key(op, doc->id), kept);
    record_tx_kv(tx, mail_again_key(op, doc->id), buf_str(&b));
    bool there;
    TRY(ledger_state(tx, op, tree, &there));
    return record_commit(tx);
}

/* *ret_over: it is not tried again. */
static err again(struct op *op, struct outreach *o, const struct mail_token *t, str status,
                 bool *ret_over)
{
    struct record_doc doc;
    struct json *tree, *job = NULL;
    str kept = STR_NONE;
    bool may = false;
    TRY(read_message(op, o, t, &doc, &tree));
    TRY(record_kv_get(op, o->rec, mail_again_key(op, doc.id), &kept));
    if (!str_empty(kept))
        TRY(json_read(op, kept, &JSON_LIMITS_DEFAULT, &job));
    *ret_over = false;
    if (number(job, "tries") > (int64_t)t->attempt)
        return OK; /* this attempt's word came before */
    if (str_eq(json_get_str(tree, STR("status")), STR("preparation")))
        return fail(op, ERR_UNAVAILABLE, "what became of this message is not written yet");
    if (job)
        TRY(may_again(op, o, job, &may));
    *ret_over = !may;
    if (!may || !receipt_apply(op, tree, MEANS_AGAIN, status))
        return OK;
    return put_again(op, o, &doc, tree, job, kept);
}

/* What a server says may be anything: digits and points, or nothing known. */
static str clean(str status)
{
    bool ok = status.n > 0 && status.n <= 12;
    for (size_t i = 0; ok && i < status.n; i++)
        ok = status.p[i] == '.' || (status.p[i] >= '0' && status.p[i] <= '9');
    return ok ? status : STR("5");
}

err mail_bounced(struct op *op, struct outreach *o, const struct mail_token *t, str said)
{
    str status = clean(said), word;
    enum receipt_means means = mail_means(status, &word);
    bool over = true;
    if (means == MEANS_GONE)
        TRY(no_address(op, o, t, status));
    if (means == MEANS_AGAIN)
        TRY(again(op, o, t, status, &over));
    if (!over)
        return OK;
    return tell(op, o, t, means == MEANS_AGAIN ? STR("given-up") : word, status);
}

/* Everybody who has the address called it unwanted with the one who did: it is one mailbox. Of a
 * helper's the mark is enough: the patient did not say stop. */
static err end_mail(struct record_tx *tx, struct op *op, struct outreach *o,
                    const struct record_page *holders)
{
    const struct stop_word word = {.stop = true, .evidence = STR("a mail was called unwanted")};
    for (size_t i = 0; i < holders->n; i++) {
        struct recipient *r = ARENA_NEW(op->arena, struct recipient);
        TRY(op_check(op));
        if (holders->docs[i].type != fhir_type_parse(STR("Patient")))
            continue;
        TRY(recipient_load(op, o->rec, holders->docs[i].id, r));
        const struct consent_state *c = &r->consent[CHANNEL_EMAIL];
        if (!c->any || c->permit)
            TRY(stop_record(tx, op, r, CHANNEL_EMAIL, &word));
    }
    return OK;
}

err mail_complained(struct op *op, struct outreach *o, const struct mail_token *t)
{
    struct recipient r;
    struct record_page holders;
    str address, id, evidence = arena_cat(op->arena, STR("Communication/"), t->communication);
    bool is_new;
    TRY(mail_sent_to(op, o, t, &r, &address));
    if (str_empty(address) || str_eq(r.suppressed, STR("complaint")))
        return OK;
    TRY(mail_holders(op, o, address, &holders));
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(mail_suppress(tx, op, &holders, address, STR("complaint"), STR_NONE));
    TRY(end_mail(tx, op, o, &holders));
    struct desk_case c = {.patient = r.id,
                          .programme = STR("complaint"),
                          .priority = DESK_P3,
                          .why = desk_say(op, SAY_MAIL_COMPLAINT, NULL, 0),
                          .evidence = &evidence,
                          .n_evidence = 1,
                          .rule = STR("CAP-06")};
    TRY(desk_open(tx, op, o->rec, &c, &id, &is_new));
    record_tx_trail(tx, STR("mail-complaint"), fhir_type_parse(STR("Communication")),
                    t->communication, json_new(op->arena, JSON_OBJECT));
    return record_commit(tx);
}
