/* The letters that wait to be printed and posted. A run is a mark on its Communications, written
 * under their versions: so nothing is in two runs, and what is posted is moved once. What its
 * campaign, its patient's death or a STOP ended while it waited is in none. */
#include "outreach/letter.h"

#include "base/uuid.h"
#include "outreach/outreach_int.h"

#define RUN_SYSTEM "https://weft.health/fhir/letter-run"
#define LETTER_QUERY "medium=" CHANNEL_SYSTEM "%7Cletter&status=in-progress&_sort=sent"

/* Handing over is queueing: the record that says so is the queue. */
static void queue_letters(struct op *op, struct provider *via, struct parcel *const *parcels,
                          size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool may = parcel_may_go(via->o, parcels[i]);
        parcels[i]->provider_id = arena_cat(op->arena, STR("letter-"), parcels[i]->id);
        parcels[i]->result = may ? SENT_OK : SENT_STOPPED;
    }
}

const struct channel CHANNEL_PRINT = {.name = "print",
                                      .kind = CHANNEL_LETTER,
                                      .repeatable = true,
                                      .batch = 64,
                                      .send = queue_letters};

static err may_handle(struct op *op)
{
    enum role r = op->actor ? op->actor->role : ROLE_PATIENT;
    return r == ROLE_NURSE || r == ROLE_AGENT || r == ROLE_OUTREACH
               ? OK
               : fail(op, ERR_FORBIDDEN, "Letters are for those who write to patients.");
}

static str run_of(const struct json *c)
{
    const struct json *all = JSON_GET(c, "identifier");
    for (size_t i = 0; all && i < all->n; i++)
        if (str_eq(json_get_str(json_at(all, i), STR("system")), STR(RUN_SYSTEM)))
            return json_get_str(json_at(all, i), STR("value"));
    return STR_NONE;
}

static err find(struct op *op, struct outreach *o, str run, str after, struct record_page *ret)
{
    struct buf q;
    TRY(may_handle(op));
    buf_init(&q, op->arena, 1024);
    buf_add(&q, STR(LETTER_QUERY));
    buf_printf(&q, "&_count=%u", LETTERS_MAX);
    if (!str_empty(run)) {
        buf_add(&q, STR("&identifier=" RUN_SYSTEM "%7C"));
        buf_url(&q, run);
    }
    if (!str_empty(after)) {
        buf_add(&q, STR("&_page="));
        buf_url(&q, after);
    }
    return record_find(op, o->rec, fhir_type_parse(STR("Communication")), buf_str(&q), ret);
}

/* Who it is for and where to, as the reader may see it. */
static err address(struct op *op, struct outreach *o, const struct json *c,
                   struct outreach_letter *l)
{
    struct record_doc doc;
    struct json *patient;
    struct recipient r;
    l->patient = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference"))).id;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), l->patient, &doc));
    TRY(record_parse(op, &doc, &patient));
    TRY(recipient_load(op, o->rec, l->patient, &r));
    l->name = fhir_name_shown(op, patient);
    l->language = r.language;
    l->to = r.address[CHANNEL_LETTER];
    return OK;
}

err letter_list(struct op *op, struct outreach *o, str run, str after, struct letter_list *ret)
{
    struct record_page page;
    size_t n = 0;
    TRY(find(op, o, run, after, &page));
    struct outreach_letter *all = ARENA_ARRAY(op->arena, struct outreach_letter, page.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n; i++) {
        struct json *c;
        struct outreach_letter *l = &all[n];
        TRY(record_parse(op, &page.docs[i], &c));
        *l = (struct outreach_letter){.id = page.docs[i].id,
                                      .subject = json_str(json_path(c, "topic.text")),
                                      .text = json_str(json_path(c, "payload.0.contentString")),
                                      .run = run_of(c),
                                      .sent = json_get_str(c, STR("sent"))};
        err e = address(op, o, c, l);
        if (e != OK && e != ERR_NOT_FOUND && e != ERR_GONE && e != ERR_FORBIDDEN)
            return e;
        op_clear(op); /* whom they may not see is not theirs to post */
        n += e == OK;
    }
    *ret = (struct letter_list){all, n, page.next};
    return OK;
}

static err change(struct record_tx *tx, struct op *op, const struct record_doc *doc, struct json *c)
{
    TRY(record_tx_update(tx, doc->type, doc->id, c, doc->vid));
    bool there;
    return ledger_state(tx, op, c, &there);
}

/* Days may lie between the verdict and the printer: why it is not printed, NULL: it is. */
static err not_printed(struct op *op, struct outreach *o, const struct json *c, const char **ret)
{
    struct recipient r;
    bool stopped = false;
    str plan = json_str(json_at(JSON_GET(c, "instantiatesCanonical"), 0));
    str patient = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference"))).id;
    *ret = NULL;
    TRY(lane_stopped(op, o, fhir_ref_parse(plan).id, &stopped));
    err e = recipient_load(op, o->rec, patient, &r);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        r = (struct recipient){.deceased = true};
    } else {
        TRY(e);
    }
    const struct consent_state *said = &r.consent[CHANNEL_LETTER];
    bool planned = !str_empty(plan) && !recipient_allows(&r, CHANNEL_LETTER, STR_NONE);
    if (stopped)
        *ret = CAMPAIGN_STOPPED;
    else if (r.deceased)
        *ret = "the patient is no longer to be written to";
    else if ((said->any && !said->permit) || planned)
        *ret = "they said stop meanwhile";
    return OK;
}

static void end_letter(struct op *op, struct json *c, const char *why)
{
    struct json *reason = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, c, STR("status"), STR("not-done"));
    json_set_str(op->arena, reason, STR("text"), str_of(why));
    json_set(op->arena, c, STR("statusReason"), reason);
}

static void put_run(struct op *op, struct json *c, str run)
{
    struct json *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), STR(RUN_SYSTEM));
    json_set_str(op->arena, id, STR("value"), run);
    if (!JSON_GET(c, "identifier"))
        json_set(op->arena, c, STR("identifier"), json_new(op->arena, JSON_ARRAY));
    json_push(op->arena, JSON_GET(c, "identifier"), id);
}

struct run {
    struct outreach *o;
    struct record_tx *tx;
    str id;
    size_t n, ended;
};

/* Those of a page that are in no run yet: into this one, as far as there is room. */
static err take_page(struct op *op, struct run *x, const struct record_page *page)
{
    for (size_t i = 0; i < page->n && x->n + x->ended < LETTERS_MAX; i++) {
        struct json *c;
        const char *why;
        TRY(record_parse(op, &page->docs[i], &c));
        if (!str_empty(run_of(c)))
            continue;
        TRY(not_printed(op, x->o, c, &why));
        if (why)
            end_letter(op, c, why);
        else
            put_run(op, c, x->id);
        TRY(change(x->tx, op, &page->docs[i], c));
        *(why ? &x->ended : &x->n) += 1;
    }
    return OK;
}

/* What is in runs and not posted yet stands before what waits, however much it is. */
err letter_run(struct op *op, struct outreach *o, str *ret_run, size_t *ret_n)
{
    struct record_page page = {.next = STR_NONE};
    struct run x = {.o = o, .tx = record_begin(op, o->rec), .id = random_token(op->arena, 12)};
    do {
        TRY(find(op, o, STR_NONE, page.next, &page));
        TRY(take_page(op, &x, &page));
    } while (!str_empty(page.next) && x.n + x.ended < LETTERS_MAX);
    if (x.n + x.ended == 0)
        return fail(op, ERR_UNPROCESSABLE, "No letter waits to be printed.");
    err e = record_commit(x.tx);
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "Somebody else took these letters; look again.");
    }
    TRY(e);
    *ret_run = x.id;
    *ret_n = x.n;
    return x.n ? OK : fail(op, ERR_UNPROCESSABLE, "No letter waits to be printed.");
}

/* Moves what the machine lets move, with one line in the trail for all. */
static err move(struct op *op, struct outreach *o, const struct record_doc *docs, size_t n,
                const char *word, size_t *ret_n)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    struct record_tx *tx = record_begin(op, o->rec);
    size_t moved = 0;
    for (size_t i = 0; i < n; i++) {
        struct json *c;
        TRY(record_parse(op, &docs[i], &c));
        if (!receipt_apply(op, c, receipt_means(STR("letter"), str_of(word)), STR("post")))
            continue;
        TRY(change(tx, op, &docs[i], c));
        moved++;
    }
    *ret_n = moved;
    if (moved == 0)
        return OK;
    json_set_str(op->arena, detail, STR("word"), str_of(word));
    json_set(op->arena, detail, STR("letters"), json_new_i64(op->arena, (int64_t)moved));
    record_tx_trail(tx, STR("letter-posted"), fhir_type_parse(STR("Communication")),
                    n == 1 ? docs[0].id : STR_NONE, detail);
    err e = record_commit(tx);
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "Somebody else marked these letters; look again.");
    }
    return e;
}

err letter_posted(struct op *op, struct outreach *o, str run, size_t *ret_n)
{
    struct letter_list all;
    size_t k = 0;
    TRY(letter_list(op, o, run, STR_NONE, &all));
    struct record_doc *docs = ARENA_ARRAY(op->arena, struct record_doc, all.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < all.n; i++)
        if (!str_empty(all.at[i].to)) /* the others were not printed */
            TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), all.at[i].id,
                            &docs[k++]));
    return move(op, o, docs, k, "posted", ret_n);
}

err letter_failed(struct op *op, struct outreach *o, str id, size_t *ret_n)
{
    struct record_doc doc;
    struct json *c;
    TRY(may_handle(op));
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), id, &doc));
    TRY(record_parse(op, &doc, &c));
    if (!str_eq(json_str(json_path(c, "medium.0.coding.0.code")), channel_name(CHANNEL_LETTER)))
        return fail(op, ERR_NOT_FOUND, "There is no such letter.");
    return move(op, o, &doc, 1, "unpostable", ret_n);
}
