/* The outreach room's life: settings and secrets at start, the sender's thread. */
#include "outreach/ledger_int.h"
#include "outreach/mail_out_int.h"
#include "outreach/page_int.h"
#include "outreach/sender_int.h"

#include "base/log.h"

#define REST_MS 250

const struct actor *outreach_system(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = {"weft-outreach", 13}};
    return &actor;
}

static err read_secret(struct op *op, str path, const char *name, str *ret)
{
    char line[512] = "";
    if (str_empty(path))
        return OK;
    FILE *f = fopen(str_z(op->arena, path), "re");
    bool ok = f && fgets(line, sizeof line, f);
    if (f)
        (void)fclose(f);
    if (!ok)
        return fail(op, ERR_INVALID, "%s cannot be read; it holds the secret on one line", name);
    line[strcspn(line, "\r\n")] = 0;
    char *kept = strdup(line);
    if (!kept)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    *ret = str_of(kept);
    return OK;
}

static err own_key(struct op *op, struct outreach *o)
{
    str key;
    const struct actor *caller = op->actor;
    op->actor = outreach_system();
    err e = outreach_key(op, o->rec, STR("kannel/key"), &key);
    op->actor = caller;
    TRY(e);
    if (key.n != sizeof o->receipt_key)
        return fail(op, ERR_FAULT, "the key of receipts cannot be used");
    memcpy(o->receipt_key, key.p, key.n);
    return OK;
}

err outreach_new(struct op *op, struct record *rec, const struct config *config,
                 struct outreach **ret)
{
    struct outreach *o = calloc(1, sizeof *o);
    if (!o)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    o->rec = rec;
    o->config = config;
    pthread_mutex_init(&o->stops_lock, NULL);
    pthread_mutex_init(&o->words_lock, NULL);
    pthread_mutex_init(&o->bucket_lock, NULL);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        sender_init(&o->senders[k], o, (enum channel_kind)k);
    o->shelf = shelf_new();
    o->scanned = scanned_new();
    err e =
        o->shelf && o->scanned ? provider_open(op, o) : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e == OK)
        e = bucket_open(op, o);
    if (e == OK)
        e = read_secret(op, config_str(config, "sms.token_file"), "sms.token_file", &o->secret_sms);
    if (e == OK)
        e = read_secret(op, config_str(config, "outreach.lookup_token_file"),
                        "outreach.lookup_token_file", &o->secret_lookup);
    if (e == OK)
        e = lookup_open(op, o);
    if (e == OK)
        e = read_secret(op, config_str(config, "smtp.password_file"), "smtp.password_file",
                        &o->secret_smtp);
    if (e == OK)
        e = read_secret(op, config_str(config, "smpp.password_file"), "smpp.password_file",
                        &o->secret_smpp);
    if (e == OK)
        e = read_secret(op, config_str(config, "kannel.password_file"), "kannel.password_file",
                        &o->secret_kannel_password);
    if (e == OK)
        e = read_secret(op, config_str(config, "kannel.key_file"), "kannel.key_file",
                        &o->secret_kannel);
    if (e == OK)
        e = read_secret(op, config_str(config, "smtp.intake_key_file"), "smtp.intake_key_file",
                        &o->secret_intake);
    if (e == OK)
        e = dkim_open(op, config, &o->dkim);
    if (e == OK && o->secret_kannel.n)
        e = own_key(op, o);
    if (e != OK) {
        outreach_free(o);
        return e;
    }
    *ret = o;
    return OK;
}

static void wipe(str s)
{
    if (!s.p)
        return;
    char *p = NULL;
    memcpy(&p, &s.p, sizeof p); /* ours, from strdup */
    explicit_bzero(p, s.n);
    free(p);
}

void outreach_free(struct outreach *o)
{
    if (!o)
        return;
    wipe(o->secret_sms);
    wipe(o->secret_lookup);
    wipe(o->secret_smtp);
    wipe(o->secret_smpp);
    wipe(o->secret_kannel);
    wipe(o->secret_kannel_password);
    wipe(o->secret_intake);
    dkim_shut(o->dkim);
    shelf_free(o->shelf);
    scanned_free(o->scanned);
    pthread_mutex_destroy(&o->stops_lock);
    pthread_mutex_destroy(&o->words_lock);
    pthread_mutex_destroy(&o->bucket_lock);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        sender_free(&o->senders[k]);
    free(o);
}

void outreach_on_words(struct outreach *o, outreach_awaits_fn *awaits, void *ctx)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->words_lock);
    if (o->n_awaits < AWAITS_MAX) {
        o->awaits[o->n_awaits].ask = awaits;
        o->awaits[o->n_awaits++].ctx = ctx;
    }
    pthread_mutex_unlock(&o->words_lock);
}

void outreach_off_words(struct outreach *o, void *ctx)
{
    size_t n = 0;
    if (!o)
        return;
    pthread_mutex_lock(&o->words_lock);
    for (size_t i = 0; i < o->n_awaits; i++)
        if (o->awaits[i].ctx != ctx)
            o->awaits[n++] = o->awaits[i];
    o->n_awaits = n;
    pthread_mutex_unlock(&o->words_lock);
}

static err send_due(struct op *op, void *ctx, size_t *ret_n)
{
    struct sender *s = ctx;
    TRY(sender_step(op, s->o, s->channel, ret_n));
    if (*ret_n)
        return OK;
    TRY(page_send(op, s->o, s->channel, ret_n));
    if (*ret_n)
        return OK;
    TRY(probe_step(op, s->o, s->channel, ret_n));
    if (*ret_n)
        return OK;
    return s->channel == CHANNEL_SMS     ? who_step(op, s->o, ret_n)
           : s->channel == CHANNEL_EMAIL ? notice_step(op, s->o, ret_n)
                                         : OK;
}

static err send_more(struct op *op, void *ctx, size_t *ret_n)
{
    struct sender *s = ctx;
    *ret_n = 0;
    return sender_is_plenty(s) ? sender_step(op, s->o, s->channel, ret_n) : OK;
}

/* Texts are many: they have threads that help. */
static err start_sender(struct op *op, struct sender *s)
{
    struct loop_plan plan = {.steps = {{"outreach.step.failed", send_due}},
                             .wait = sender_rest,
                             .actor = outreach_system(),
                             .keep = OUTREACH_KEEP,
                             .rest_ms = REST_MS,
                             .ctx = s};
    TRY(loop_start(op, &s->loop, &plan));
    plan.steps[0].take = send_more;
    plan.wait = sender_mate_rest;
    for (size_t i = 0; s->channel == CHANNEL_SMS && i < SENDER_MATES; i++)
        TRY(loop_start(op, &s->mates[i], &plan));
    return OK;
}

static void stop_sender(struct sender *s)
{
    loop_stop(&s->loop);
    for (size_t i = 0; i < SENDER_MATES; i++)
        loop_stop(&s->mates[i]);
}

err outreach_start(struct op *op, struct outreach *o)
{
    atomic_store(&o->notices, true);
    o->ledger_from = record_now_t(o->rec); /* before anybody asks for counts */
    TRY(provider_start(op, o));
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        TRY(start_sender(op, &o->senders[k]));
    TRY(ledger_start(op, o));
    return request_start(op, o);
}

void outreach_stop(struct outreach *o)
{
    loop_stop(&o->requests);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        loop_end(&o->senders[k].loop);
        for (size_t i = 0; i < SENDER_MATES; i++)
            loop_end(&o->senders[k].mates[i]);
    }
    loop_end(&o->follower);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        stop_sender(&o->senders[k]);
    loop_stop(&o->follower);
    provider_stop(o);
}
