/* Which provider takes a message: those of the configuration in their order. One that fails three
 * times in a row is left alone for a while, longer each time; then a single message asks whether it
 * is back. Invariant: a message goes to the next provider only when the one before certainly did
 * not take it. */
#include "outreach/outreach_int.h"

#include "base/log.h"

#define FAILURES 3u
#define REST_MIN_MS 1000
#define REST_MAX_MS 60000

static const struct channel *const CHANNELS[] = {
    &CHANNEL_TWILIO,     &CHANNEL_SMPP,         &CHANNEL_KANNEL, &CHANNEL_SMTP,
    &CHANNEL_SCREEN_SMS, &CHANNEL_SCREEN_EMAIL, &CHANNEL_PRINT,  &CHANNEL_WEBPUSH};

static err add(struct op *op, struct outreach *o, enum channel_kind k, str name)
{
    struct provider_list *list = &o->providers[k];
    if (str_empty(name) || str_eq(name, STR("off")))
        return OK;
    for (size_t i = 0; i < sizeof CHANNELS / sizeof CHANNELS[0]; i++) {
        const struct channel *c = CHANNELS[i];
        if (c->kind != k || !str_eq(str_of(c->name), name))
            continue;
        size_t many = c->count ? c->count(o) : 1;
        for (size_t n = 0; n < many; n++) {
            if (list->n == PROVIDERS_MAX)
                return fail(op, ERR_INVALID, "more than %u providers", PROVIDERS_MAX);
            list->at[list->n++] = (struct provider){.channel = c, .o = o, .number = n};
        }
        return OK;
    }
    return fail(op, ERR_INVALID, "%s: there is no channel of this name", channel_setting(k));
}

err provider_open(struct op *op, struct outreach *o)
{
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        str names = config_str(o->config, channel_setting((enum channel_kind)k)), one;
        while (str_take_until(&names, ',', &one))
            TRY(add(op, o, (enum channel_kind)k, str_trim(one)));
    }
    return OK;
}

err provider_start(struct op *op, struct outreach *o)
{
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        for (size_t i = 0; i < o->providers[k].n; i++) {
            struct provider *p = &o->providers[k].at[i];
            if (p->channel->start)
                TRY(p->channel->start(op, p));
        }
    return OK;
}

void provider_stop(struct outreach *o)
{
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        for (size_t i = 0; i < o->providers[k].n; i++) {
            struct provider *p = &o->providers[k].at[i];
            if (p->channel->stop && p->link)
                p->channel->stop(p);
            p->link = NULL;
        }
}

bool provider_any(const struct outreach *o, enum channel_kind k)
{
    return o->providers[k].n > 0;
}

bool provider_repeatable(const struct outreach *o, enum channel_kind k)
{
    for (size_t i = 0; i < o->providers[k].n; i++)
        if (!o->providers[k].at[i].channel->repeatable)
            return false;
    return o->providers[k].n > 0;
}

size_t provider_batch(const struct outreach *o, enum channel_kind k)
{
    size_t n = 0;
    for (size_t i = 0; i < o->providers[k].n; i++)
        if (n == 0 || o->providers[k].at[i].channel->batch < n)
            n = o->providers[k].at[i].channel->batch;
    return n ? n : 16;
}

/* Whether it answered at all, and what follows for the next messages. */
static void judge(struct provider *p, struct parcel *const *parcels, size_t n, int64_t now)
{
    bool answers = false;
    for (size_t i = 0; i < n; i++)
        answers |= parcels[i]->result == SENT_OK || parcels[i]->result == SENT_NEVER ||
                   parcels[i]->result == SENT_OPTED_OUT || parcels[i]->result == SENT_NO_ADDRESS ||
                   parcels[i]->result == SENT_STOPPED;
    if (answers) {
        p->failures = 0;
        p->rest = p->closed_until = 0;
        return;
    }
    if (++p->failures < FAILURES)
        return;
    p->rest = p->rest ? p->rest * 2 : REST_MIN_MS;
    if (p->rest > REST_MAX_MS)
        p->rest = REST_MAX_MS;
    p->closed_until = now + p->rest;
    log_event(LOG_WARN, "outreach.provider.rests", "channel=%s number=%zu ms=%lld",
              p->channel->name, p->number, (long long)p->rest);
}

bool parcel_too_late(const struct parcel *p)
{
    return p->until && time_mono() > p->until;
}

bool parcel_overtaken(struct op *op, struct outreach *o, enum channel_kind k,
                      const struct parcel *p)
{
    str mark = STR_NONE;
    if (parcel_too_late(p))
        return true;
    if (str_empty(p->patient))
        return false;
    bool same = stop_mark(op, o->rec, p->patient, k, &mark) == OK && str_eq(mark, p->mark);
    op_clear(op);
    return !same;
}

static size_t waiting(struct op *op, struct provider *p, struct parcel *all, size_t n,
                      struct parcel **ret)
{
    struct outreach *o = p->o;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].result == SENT_LATER && !parcel_may_go(o, &all[i]))
            all[i].result = SENT_STOPPED;
        if (all[i].result == SENT_LATER && !parcel_overtaken(op, o, p->channel->kind, &all[i]))
            ret[found++] = &all[i];
    }
    return found;
}

static void say(const struct provider *p, struct parcel *const *parcels, size_t n)
{
    unsigned counts[SENT_KIND_COUNT] = {0};
    str code = STR_NONE;
    for (size_t i = 0; i < n; i++) {
        counts[parcels[i]->result]++;
        if (parcels[i]->result != SENT_OK)
            code = parcels[i]->code;
    }
    bool fine = counts[SENT_OK] == n;
    log_event(fine ? LOG_INFO : LOG_WARN, "outreach.handed",
              "channel=%s n=%zu ok=%u later=%u never=%u unknown=%u code=%.*s", p->channel->name, n,
              counts[SENT_OK], counts[SENT_LATER],
              counts[SENT_NEVER] + counts[SENT_OPTED_OUT] + counts[SENT_NO_ADDRESS],
              counts[SENT_UNKNOWN], STR_ARG(code));
}

static void send_in_order(struct op *op, struct outreach *o, enum channel_kind k,
                          struct parcel *all, size_t n)
{
    struct parcel **some = ARENA_ARRAY(op->arena, struct parcel *, n + 1);
    for (size_t i = 0; some && i < o->providers[k].n; i++) {
        struct provider *p = &o->providers[k].at[i];
        size_t left = waiting(op, p, all, n, some);
        if (left == 0)
            return;
        if (time_now() < p->closed_until)
            continue;
        bool probe = p->closed_until != 0;
        size_t batch = probe ? 1 : left;
        p->channel->send(op, p, some, batch);
        judge(p, some, batch, time_now());
        say(p, some, batch);
        if (probe && p->closed_until == 0)
            i--; /* it is back: the others too */
    }
}

/* Pages and words that are tried go by the same lines as a batch of another thread. */
void provider_send(struct op *op, struct outreach *o, enum channel_kind k, struct parcel *all,
                   size_t n)
{
    pthread_mutex_lock(&o->senders[k].line);
    send_in_order(op, o, k, all, n);
    pthread_mutex_unlock(&o->senders[k].line);
}

void channel_each(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n,
                  enum sent (*one)(struct op *op, const struct outreach *o, struct parcel *p))
{
    struct outreach *o = via->o;
    for (size_t i = 0; i < n && !atomic_load(&o->senders[via->channel->kind].loop.stop); i++)
        if (i == 0 || !parcel_overtaken(op, o, via->channel->kind, parcels[i]))
            parcels[i]->result =
                parcel_may_go(o, parcels[i]) ? one(op, o, parcels[i]) : SENT_STOPPED;
}
