/* The outreach room's life: settings and secrets at start, the sender's thread. */
#include "outreach/ledger_int.h"
#include "outreach/mail_out_int.h"

#include "base/log.h"

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

err outreach_new(struct op *op, struct record *rec, const struct config *config,
                 struct outreach **ret)
{
    struct outreach *o = calloc(1, sizeof *o);
    if (!o)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    o->rec = rec;
    o->config = config;
    pthread_mutex_init(&o->stops_lock, NULL);
    o->shelf = shelf_new();
    err e = o->shelf ? provider_open(op, o) : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e == OK)
        e = bucket_open(op, o);
    if (e == OK)
        e = read_secret(op, config_str(config, "sms.token_file"), "sms.token_file", &o->secret_sms);
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
    wipe(o->secret_smtp);
    wipe(o->secret_smpp);
    wipe(o->secret_kannel);
    wipe(o->secret_kannel_password);
    wipe(o->secret_intake);
    dkim_shut(o->dkim);
    shelf_free(o->shelf);
    pthread_mutex_destroy(&o->stops_lock);
    free(o);
}

static void *run(void *ctx)
{
    struct sender *s = ctx;
    struct outreach *o = s->o;
    struct arena *a = arena_new(0);
    int64_t said = 0;
    while (a && !atomic_load(&o->stop)) {
        struct op op;
        size_t n = 0;
        arena_reset(a);
        op_init(&op, a, outreach_system(), time_now());
        err e = sender_step(&op, o, s->channel, &n);
        if (e != OK)
            log_failed("outreach.step.failed", NULL, e, &said);
        if (n == 0)
            time_rest(&o->stop, 250);
    }
    arena_free(a);
    return NULL;
}

err outreach_start(struct op *op, struct outreach *o)
{
    atomic_store(&o->stop, false);
    o->ledger_from = record_now_t(o->rec); /* before anybody asks for counts */
    TRY(provider_start(op, o));
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        struct sender *s = &o->senders[k];
        *s = (struct sender){.o = o, .channel = (enum channel_kind)k};
        if (pthread_create(&s->thread, NULL, run, s) != 0)
            return fail(op, ERR_UNAVAILABLE, "no thread for the sender");
        s->running = true;
    }
    if (pthread_create(&o->follower, NULL, ledger_run, o) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for the ledger");
    o->following = true;
    return OK;
}

void outreach_stop(struct outreach *o)
{
    atomic_store(&o->stop, true);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        if (o->senders[k].running)
            pthread_join(o->senders[k].thread, NULL);
        o->senders[k].running = false;
    }
    if (o->following)
        pthread_join(o->follower, NULL);
    o->following = false;
    provider_stop(o);
}
