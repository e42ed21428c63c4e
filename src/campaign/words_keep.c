/* The life of words: drafts, submitted, approved by another account; what is approved stands beside
 * as a named value, so that a new draft changes no message. Invariant: no words leave that one
 * account alone wrote and approved, or that changed since they were submitted. */
#include "base/bidi.h"
#include "campaign/words_int.h"

#include <sodium.h>

static fhir_type t_words(void)
{
    return fhir_type_parse(STR("ActivityDefinition"));
}

static const struct actor *house(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    return &self;
}

static str key_of(struct op *op, const char *space, str id)
{
    return arena_printf(op->arena, "campaign/words-%s/%.*s", space, STR_ARG(id));
}

struct kept {
    struct record_doc doc;
    struct json *resource, *life;
    str text; /* of the life, as it is stored; empty: none yet */
};

static err load(struct op *op, struct campaigns *c, str id, struct kept *ret)
{
    TRY(record_read(op, c->rec, t_words(), id, &ret->doc));
    TRY(record_parse(op, &ret->doc, &ret->resource));
    TRY(record_kv_get(op, c->rec, key_of(op, "life", id), &ret->text));
    if (str_empty(ret->text)) {
        ret->life = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, ret->life, STR("state"), STR("draft"));
        return op_check(op);
    }
    return json_read(op, arena_str(op->arena, ret->text), &JSON_LIMITS_DEFAULT, &ret->life);
}

static str state_of(const struct kept *k)
{
    return json_get_str(k->life, STR("state"));
}

static struct json *shown(struct op *op, const struct kept *k)
{
    struct json *o = words_from_resource(op, k->resource);
    json_set_str(op->arena, o, STR("state"), state_of(k));
    if (JSON_GET(k->life, "authors"))
        json_set(op->arena, o, STR("authors"), JSON_GET(k->life, "authors"));
    if (JSON_GET(k->life, "approved"))
        json_set(op->arena, o, STR("approved"), JSON_GET(k->life, "approved"));
    return o;
}

static void save_life(struct record_tx *tx, struct op *op, const struct kept *k, str id)
{
    struct buf b;
    str key = key_of(op, "life", id);
    buf_init(&b, op->arena, 65536);
    json_write(&b, k->life);
    record_tx_expect_kv(tx, key, k->text);
    record_tx_kv(tx, key, buf_str(&b));
}

/* What the words are, however they are kept. */
static str mark_of(struct op *op, const struct json *resource)
{
    struct json *o = words_from_resource(op, resource);
    struct buf b;
    uint8_t hash[16];
    char hex[sizeof hash * 2 + 1];
    json_unset(o, STR("id"));
    json_unset(o, STR("version"));
    buf_init(&b, op->arena, 1u << 20);
    json_write(&b, o);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)b.p, b.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_str(op->arena, str_of(hex));
}

err words_get(struct op *op, struct campaigns *c, str id, struct json **ret)
{
    struct kept k;
    TRY(load(op, c, id, &k));
    *ret = shown(op, &k);
    return op_check(op);
}

err words_all(struct op *op, struct campaigns *c, struct json **ret)
{
    struct record_page page;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    TRY(record_find(op, c->rec, t_words(), STR("_sort=-_lastUpdated&_count=100"), &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct kept k = {.doc = page.docs[i]};
        TRY(record_parse(op, &page.docs[i], &k.resource));
        if (!str_eq(json_get_str(k.resource, STR("kind")), STR("CommunicationRequest")))
            continue;
        TRY(load(op, c, page.docs[i].id, &k));
        json_push(op->arena, list, shown(op, &k));
    }
    json_set(op->arena, o, STR("words"), list);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

err words_put(struct op *op, struct campaigns *c, str id, const struct json *definition,
              struct json **ret)
{
    struct words w;
    struct kept k = {.life = json_new(op->arena, JSON_OBJECT)};
    TRY(words_read(op, definition, &w));
    if (str_empty(w.title))
        return fail_at(op, ERR_INVALID, STR("title"), "Give the words a title.");
    if (id.n)
        TRY(load(op, c, id, &k));
    struct json *o = words_to_resource(op, &w);
    if (id.n && !str_empty(json_get_str(k.resource, STR("version"))))
        json_set_str(op->arena, o, STR("version"), json_get_str(k.resource, STR("version")));
    struct record_tx *tx = record_begin(op, c->rec);
    TRY(op_check(op));
    if (id.n) {
        json_set_str(op->arena, o, STR("id"), id);
        TRY(record_tx_update(tx, t_words(), id, o, k.doc.vid));
    } else {
        TRY(record_tx_create(tx, o, &id));
    }
    if (str_eq(state_of(&k), STR("active"))) /* a new draft: its authors begin anew */
        json_unset(k.life, STR("authors"));
    json_set_str(op->arena, k.life, STR("state"), STR("draft"));
    json_set_str(op->arena, k.life, STR("mark"), mark_of(op, o));
    TRY(authors_add(op, k.life));
    save_life(tx, op, &k, id);
    TRY(record_commit(tx));
    return words_get(op, c, id, ret);
}

/* ---- steps ---- */

static err may_step(struct op *op, const struct kept *k, bool approves)
{
    enum role role = op->actor ? op->actor->role : ROLE_NONE;
    if (role != ROLE_OUTREACH && !(approves && role == ROLE_PRIVACY))
        return fail(op, ERR_FORBIDDEN,
                    "Words are for outreach staff; the privacy office approves them, too.");
    if (approves && authors_have(k->life, op->actor))
        return fail(op, ERR_FORBIDDEN,
                    "Words are approved by another account than their authors'.");
    return OK;
}

static err must_be(struct op *op, const struct kept *k, const char *state)
{
    if (str_eq(state_of(k), str_of(state)))
        return OK;
    return fail(op, ERR_CONFLICT, "These words are %.*s; this step is for %s ones.",
                STR_ARG(state_of(k)), state);
}

static err approve(struct op *op, struct campaigns *c, struct kept *k, str id)
{
    int64_t vid = 0;
    uint64_t version = 0;
    const struct actor *who = op->actor;
    struct buf b;
    (void)!json_i64(JSON_GET(k->life, "vid"), &vid);
    if (vid != (int64_t)k->doc.vid)
        return fail(op, ERR_CONFLICT, "The words changed since they were submitted.");
    (void)str_to_u64(json_get_str(k->resource, STR("version")), 1000000, &version);
    buf_init(&b, op->arena, 1u << 20);
    json_write(&b, words_from_resource(op, k->resource));
    json_set_str(op->arena, k->resource, STR("status"), STR("active"));
    json_set_str(op->arena, k->resource, STR("version"),
                 arena_printf(op->arena, "%llu", (unsigned long long)version + 1));
    json_set_str(op->arena, k->life, STR("state"), STR("active"));
    json_set_str(op->arena, k->life, STR("approved"), who->user);
    struct record_tx *tx = record_begin(op, c->rec);
    op->actor = house(); /* who approves need not be one who may write */
    err e = record_tx_update(tx, t_words(), id, k->resource, k->doc.vid);
    op->actor = who;
    TRY(e);
    record_tx_kv(tx, key_of(op, "live", id), buf_str(&b));
    record_tx_trail(tx, STR("words-approved"), t_words(), id, k->life);
    save_life(tx, op, k, id);
    return record_commit(tx);
}

static err move(struct op *op, struct campaigns *c, struct kept *k, str id, const char *state)
{
    struct record_tx *tx = record_begin(op, c->rec);
    json_set_str(op->arena, k->life, STR("state"), str_of(state));
    json_set(op->arena, k->life, STR("vid"), json_new_i64(op->arena, (int64_t)k->doc.vid));
    record_tx_trail(tx, arena_printf(op->arena, "words-%s", state), t_words(), id, k->life);
    save_life(tx, op, k, id);
    return record_commit(tx);
}

static err check(struct op *op, struct campaigns *c, const struct kept *k)
{
    struct words w;
    if (!str_eq(mark_of(op, k->resource), json_get_str(k->life, STR("mark"))))
        return fail(op, ERR_CONFLICT, "These words were changed elsewhere; save them here first.");
    TRY(words_read(op, words_from_resource(op, k->resource), &w));
    return words_errors(op, c, &w);
}

err words_step(struct op *op, struct campaigns *c, str id, str step, struct json **ret)
{
    struct kept k;
    bool submits = str_eq(step, STR("submit")), approves = str_eq(step, STR("approve"));
    if (!submits && !approves && !str_eq(step, STR("refuse")))
        return fail(op, ERR_NOT_FOUND, "There is no such step.");
    TRY(load(op, c, id, &k));
    TRY(may_step(op, &k, !submits));
    TRY(must_be(op, &k, submits ? "draft" : "submitted"));
    if (submits || approves)
        TRY(check(op, c, &k));
    TRY(approves ? approve(op, c, &k, id) : move(op, c, &k, id, submits ? "submitted" : "draft"));
    return words_get(op, c, id, ret);
}

/* ---- for campaigns ---- */

struct saying {
    struct campaigns *c;
    const struct words *w;
    const struct words_ask *ask;
    unsigned language;
};

static err bare(struct op *op, void *ctx, str name, str *ret)
{
    const struct saying *s = ctx;
    const struct words_variable *v = words_variable(s->w, name);
    bool missing;
    if (str_eq(name, STR("phone")))
        *ret = config_str(s->c->config, "outreach.phone");
    else if (str_eq(name, STR("clinic")))
        *ret = config_str(s->c->config, "outreach.clinic");
    else if (str_eq(name, STR("due")))
        *ret = s->ask->due;
    else if (str_eq(name, STR("first")))
        *ret = json_str(json_path(s->ask->patient, "name.0.given.0"));
    else if (str_eq(name, STR("link")) && s->ask->link.n)
        *ret = s->ask->link;
    else if (str_eq(name, STR("link")))
        return fail(op, ERR_UNPROCESSABLE, "These words need a link, and there is none.");
    else if (v)
        return words_value(op, s->w, v, s->ask->patient, s->language, ret, &missing);
    return OK;
}

static err value(struct op *op, void *ctx, str name, str *ret)
{
    const struct saying *s = ctx;
    TRY(bare(op, ctx, name, ret));
    *ret = bidi_value(op, (enum language)s->language, *ret);
    return OK;
}

err words_value(struct op *op, const struct words *w, const struct words_variable *v,
                struct json *patient, unsigned language, str *ret, bool *ret_missing)
{
    struct fhir_path_items found;
    (void)w;
    TRY(fhir_path_eval(op, v->compiled, patient, &found));
    *ret = found.n ? json_str(found.at[0]) : STR_NONE;
    *ret_missing = str_empty(*ret);
    if (*ret_missing)
        *ret = v->fallback[language];
    return OK;
}

err words_say(struct op *op, struct campaigns *c, const struct words_ask *ask, str *ret_text,
              str *ret_subject)
{
    str text;
    struct json *o;
    struct words w;
    TRY(record_kv_get(op, c->rec, key_of(op, "live", ask->id), &text));
    if (str_empty(text))
        return fail(op, ERR_NOT_FOUND, "These words are not approved.");
    TRY(json_read(op, arena_str(op->arena, text), &JSON_LIMITS_DEFAULT, &o));
    TRY(words_read(op, o, &w));
    unsigned l = str_starts(ask->language, STR("es"))   ? 1
                 : str_starts(ask->language, STR("ar")) ? 2
                                                        : 0;
    struct saying s = {c, &w, ask, l};
    TRY(words_fill_text(op, ask->email && w.texts[l].email.n ? w.texts[l].email : w.texts[l].sms,
                        value, &s, ret_text));
    return words_fill_text(op, w.texts[l].subject, value, &s, ret_subject);
}
