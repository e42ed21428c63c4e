/* Links that open one task. Invariant: what is kept beside the task is the hash of the word; a use
 * is in the trail, and an answer is counted in the transaction before it is told. */
#include "campaign/link.h"

#include "base/time.h"
#include "campaign/campaign_int.h"
#include "desk/hours.h"
#include "fhir/fhir.h"
#include "fhir/make.h"
#include "outreach/read.h"
#include "policy/content.h"

#include <sodium.h>

#define WORD_BYTES 16u
#define WORD_CHARS CONTENT_LINK_WORD
#define DAY_MS 86400000LL

static const struct actor *house(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT};
    return &self;
}

static str key_of(struct op *op, str word)
{
    uint8_t hash[16];
    char hex[sizeof hash * 2 + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)word.p, word.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_printf(op->arena, "campaign/link/%s", hex);
}

static fhir_type t_task(void)
{
    return fhir_type_parse(STR("Task"));
}

bool link_asks(const struct json *resource)
{
    const struct json *all = json_path(resource, "meta.security");
    bool found = false;
    for (size_t i = 0; all && i < all->n && !found; i++) {
        str code = json_get_str(json_at(all, i), STR("code"));
        found = str_eq(code, STR("R")) || str_eq(code, STR("V")) || code.n > 1;
    }
    return found;
}

static str text_of(struct op *op, const struct json *o)
{
    struct buf b;
    buf_init(&b, op->arena, 4096);
    json_write(&b, o);
    return buf_str(&b);
}

static err save(struct op *op, struct campaigns *c, str key, str before, str after)
{
    struct record_tx *tx = record_begin(op, c->rec);
    record_tx_expect_kv(tx, key, before);
    record_tx_kv(tx, key, after);
    return record_commit(tx);
}

/* Who holds the link speaks as the patient: no helper and no app gets more by it than they may. */
static bool may_make(const struct actor *a, uint64_t patient)
{
    return a && !a->scopes &&
           (a->role == ROLE_NURSE || a->role == ROLE_AGENT || a->role == ROLE_OUTREACH ||
            a->role == ROLE_SYSTEM || (a->role == ROLE_PATIENT && a->patient == patient));
}

/* What the house works on for them (a case, a request, its clock) is nothing that they complete. */
static bool is_theirs(const struct json *task)
{
    const struct json *all = json_path(task, "code.coding"), *one;
    bool ours = false;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        ours |= str_eq(json_get_str(one, STR("system")), STR(LINK_TASK_SYSTEM)) &&
                !str_eq(json_get_str(one, STR("code")), STR(LINK_TASK_CODE));
    return !ours;
}

str link_address(struct op *op, const struct config *config, str word)
{
    str url = config_str(config, "public_url"), listen = config_str(config, "listen"), first;
    while (str_ends(url, STR("/")))
        url.n--;
    if (str_empty(url) && str_take_until(&listen, ',', &first))
        url = arena_cat(op->arena, STR("http://"), str_trim(first));
    return arena_printf(op->arena, "%.*s" CONTENT_LINK_PATH "%.*s", STR_ARG(url), STR_ARG(word));
}

err link_make(struct op *op, struct campaigns *c, const struct link_for *what, str *ret)
{
    struct record_doc doc;
    struct json *t, *o = json_new(op->arena, JSON_OBJECT);
    unsigned char bytes[WORD_BYTES];
    char word[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    TRY(record_read(op, c->rec, t_task(), what->task, &doc));
    TRY(record_parse(op, &doc, &t));
    if (!may_make(op->actor, doc.patient))
        return fail(op, ERR_FORBIDDEN, "Only staff, or the patient, ask for this link.");
    if (!str_starts(json_str(json_path(t, "for.reference")), STR("Patient/")) || !doc.patient)
        return fail(op, ERR_UNPROCESSABLE, "The task is for no patient.");
    if (!is_theirs(t))
        return fail(op, ERR_UNPROCESSABLE, "This task is ours: no link opens it.");
    if (what->expires <= op->now || what->expires > op->now + LINK_DAYS_MAX * DAY_MS)
        return fail(op, ERR_INVALID, "A link ends within %d days.", LINK_DAYS_MAX);
    do { /* an {id} of an address has no underscore: a quarter of the words would lead nowhere */
        randombytes_buf(bytes, sizeof bytes);
        sodium_bin2base64(word, sizeof word, bytes, sizeof bytes,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    } while (strchr(word, '_'));
    json_set_str(op->arena, o, STR("task"), what->task);
    if (!str_empty(what->message))
        json_set_str(op->arena, o, STR("message"), what->message);
    json_set(op->arena, o, STR("expires"), json_new_i64(op->arena, what->expires));
    json_set(op->arena, o, STR("tries"), json_new_i64(op->arena, 0));
    str made = arena_str(op->arena, str_make(word, WORD_CHARS));
    TRY(op_check(op));
    TRY(save(op, c, key_of(op, made), STR_NONE, text_of(op, o)));
    *ret = made;
    return record_audit_event(op, c->rec, STR("task-link"), true, STR("made"));
}

static err gone(struct op *op)
{
    return fail(op, ERR_GONE, "This link has ended. Please call us.");
}

struct opened {
    str key, text; /* of the named value */
    struct json *o, *task, *patient;
    struct record_doc doc;
    int64_t tries;
};

static err find(struct op *op, struct campaigns *c, const struct link_use *use, struct opened *ret)
{
    int64_t expires = 0;
    struct record_doc patient;
    struct fault before = op->fault;
    if (use->word.n != WORD_CHARS)
        return gone(op);
    ret->key = key_of(op, use->word);
    TRY(record_kv_get(op, c->rec, ret->key, &ret->text));
    if (str_empty(ret->text))
        return gone(op);
    TRY(json_read(op, arena_str(op->arena, ret->text), &JSON_LIMITS_DEFAULT, &ret->o));
    (void)!json_i64(JSON_GET(ret->o, "expires"), &expires);
    (void)!json_i64(JSON_GET(ret->o, "tries"), &ret->tries);
    if (expires <= op->now || ret->tries >= LINK_TRIES)
        return gone(op);
    err e = record_read(op, c->rec, t_task(), json_get_str(ret->o, STR("task")), &ret->doc);
    if (e == OK)
        e = record_get(op, c->rec, ret->doc.patient, &patient);
    if (e != OK) {
        op->fault = before;
        return gone(op);
    }
    TRY(record_parse(op, &ret->doc, &ret->task));
    return record_parse(op, &patient, &ret->patient);
}

/* Right or wrong, what is kept changes before it is told: of many tries at once one counts, and the
 * others say nothing. */
static err count_try(struct op *op, struct campaigns *c, struct opened *w, const char *what)
{
    str before = w->text;
    int64_t n = 0;
    (void)!json_i64(json_get(w->o, str_of(what)), &n);
    json_set(op->arena, w->o, str_of(what), json_new_i64(op->arena, n + 1));
    w->text = text_of(op, w->o);
    return save(op, c, w->key, before, w->text);
}

static err step_up(struct op *op, struct campaigns *c, const struct link_use *use, struct opened *w,
                   bool *ret_known)
{
    str born = json_get_str(w->patient, STR("birthDate"));
    *ret_known = !link_asks(w->task);
    if (*ret_known || str_empty(use->born))
        return OK;
    *ret_known = born.n == 10 && use->born.n == 10 && sodium_memcmp(born.p, use->born.p, 10) == 0;
    return count_try(op, c, w, *ret_known ? "opened" : "tries");
}

static bool open_task(const struct json *task)
{
    str s = json_get_str(task, STR("status"));
    return str_eq(s, STR("requested")) || str_eq(s, STR("ready")) || str_eq(s, STR("accepted")) ||
           str_eq(s, STR("in-progress")) || str_eq(s, STR("received"));
}

/* The task is completed and the link ends, together. */
static err complete(struct op *op, struct campaigns *c, struct opened *w)
{
    struct record_tx *tx = record_begin(op, c->rec);
    json_set_str(op->arena, w->task, STR("status"), STR("completed"));
    json_set_str(op->arena, w->task, STR("lastModified"), time_format(op->arena, op->now));
    TRY(record_tx_update(tx, t_task(), w->doc.id, w->task, w->doc.vid));
    record_tx_trail(tx, STR("task-link-done"), t_task(), w->doc.id,
                    json_new(op->arena, JSON_OBJECT));
    record_tx_expect_kv(tx, w->key, w->text);
    record_tx_kv(tx, w->key, STR_NONE);
    return record_commit(tx);
}

/* Who sent the form has the message before them. */
static err note_read(struct op *op, struct campaigns *c, const struct opened *w)
{
    str key = json_get_str(w->o, STR("message"));
    str patient = fhir_ref_parse(json_str(json_path(w->task, "for.reference"))).id;
    return str_empty(key) || !c->outreach ? OK : outreach_read_link(op, c->outreach, patient, key);
}

static err use_link(struct op *op, struct campaigns *c, const struct link_use *use,
                    struct link_task *ret)
{
    struct opened w = {0};
    bool known;
    TRY(find(op, c, use, &w));
    TRY(step_up(op, c, use, &w, &known));
    struct link_task r = {.ask = !known};
    r.language = fhir_language_told(w.patient);
    r.emergency = desk_emergency(w.patient, config_str(c->config, "house.country"));
    if (known && (!open_task(w.task) || !is_theirs(w.task)))
        return gone(op);
    if (known) {
        r.text = json_get_str(w.task, STR("description"));
        r.task = w.doc.id;
        r.tree = w.task;
    }
    if (known && use->sent)
        TRY(note_read(op, c, &w));
    if (known && use->done) {
        TRY(complete(op, c, &w));
        r.done = true;
    }
    *ret = r;
    return record_audit_event(op, c->rec, STR("task-link"), known,
                              r.done  ? STR("done")
                              : known ? STR("opened")
                                      : STR("asked"));
}

err link_open(struct op *op, struct campaigns *c, const struct link_use *use, struct link_task *ret)
{
    const struct actor *before = op->actor;
    op->actor = house();
    err e = use_link(op, c, use, ret);
    op->actor = before;
    return e;
}
