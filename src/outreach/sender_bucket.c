/* How fast each of our numbers may send: a token bucket a number (carriers take about one message a
 * second from a long number) and a ceiling a day, kept over restarts. A patient always hears from
 * the same number. The sender's threads come here: one asks what room there is while another takes
 * it. */
#include "outreach/outreach_int.h"

static uint64_t day_of(int64_t now)
{
    return (uint64_t)(now / DAY_MS);
}

static str day_key(struct op *op, str number)
{
    return arena_cat(op->arena, STR("sent-day/"), number);
}

err bucket_open(struct op *op, struct outreach *o)
{
    str list = config_str(o->config, "sms.from"), one;
    o->rate = config_int(o->config, "sms.rate");
    o->burst = config_int(o->config, "sms.burst");
    o->per_day = config_int(o->config, "sms.per_day");
    while (str_take_until(&list, ',', &one)) {
        if (str_empty(str_trim(one)))
            continue;
        if (o->n_buckets == BUCKETS_MAX)
            return fail(op, ERR_INVALID, "sms.from names more than %u numbers", BUCKETS_MAX);
        struct bucket *b = &o->buckets[o->n_buckets++];
        str value = STR_NONE, day = STR_NONE;
        *b = (struct bucket){.number = str_trim(one), .tokens = o->burst * 1000, .at = op->now};
        TRY(record_kv_get(op, o->rec, day_key(op, b->number), &value));
        if (str_take_until(&value, ' ', &day) &&
            !(str_to_u64(day, UINT64_MAX, &b->day) && str_to_u64(value, UINT64_MAX, &b->sent)))
            b->day = b->sent = 0;
    }
    return OK;
}

static struct bucket *bucket_of(struct outreach *o, str patient)
{
    return o->n_buckets ? &o->buckets[str_hash(patient) % o->n_buckets] : NULL;
}

str bucket_number(const struct outreach *o, str patient)
{
    return o->n_buckets ? o->buckets[str_hash(patient) % o->n_buckets].number : STR_NONE;
}

/* Thousandths of a message. */
static void refill(const struct outreach *o, struct bucket *b, int64_t now)
{
    if (b->day != day_of(now)) {
        b->day = day_of(now);
        b->sent = 0;
    }
    if (now > b->at)
        b->tokens += (now - b->at) * o->rate;
    if (b->tokens > o->burst * 1000)
        b->tokens = o->burst * 1000;
    b->at = now;
}

int64_t bucket_room(struct outreach *o, enum channel_kind k, int64_t now)
{
    int64_t room = 0;
    if (k != CHANNEL_SMS || o->rate == 0 || o->n_buckets == 0)
        return INT64_MAX;
    pthread_mutex_lock(&o->bucket_lock);
    for (size_t i = 0; i < o->n_buckets; i++) {
        refill(o, &o->buckets[i], now);
        room += o->buckets[i].tokens / 1000;
    }
    pthread_mutex_unlock(&o->bucket_lock);
    return room;
}

static bool take(const struct outreach *o, struct bucket *b, int64_t now, int64_t *ret_free)
{
    refill(o, b, now);
    if (o->per_day && b->sent >= (uint64_t)o->per_day) {
        *ret_free = (int64_t)(day_of(now) + 1) * DAY_MS;
        return false;
    }
    if (o->rate && b->tokens < 1000) {
        *ret_free = now + (1000 - b->tokens) / o->rate + 1;
        return false;
    }
    if (o->rate)
        b->tokens -= 1000;
    b->sent++;
    b->changed = true;
    return true;
}

bool bucket_take(struct outreach *o, enum channel_kind k, str patient, int64_t now,
                 int64_t *ret_free)
{
    struct bucket *b = k == CHANNEL_SMS ? bucket_of(o, patient) : NULL;
    if (!b || (o->rate == 0 && o->per_day == 0))
        return true;
    pthread_mutex_lock(&o->bucket_lock);
    bool may = take(o, b, now, ret_free);
    pthread_mutex_unlock(&o->bucket_lock);
    return may;
}

void bucket_put(struct record_tx *tx, struct op *op, struct outreach *o, str patient)
{
    struct bucket *b = bucket_of(o, patient);
    if (!b || o->per_day == 0)
        return;
    pthread_mutex_lock(&o->bucket_lock);
    bool changed = b->changed;
    uint64_t day = b->day, sent = b->sent;
    b->changed = false; /* once a transaction: the count is of all of them */
    pthread_mutex_unlock(&o->bucket_lock);
    if (changed)
        record_tx_kv(tx, day_key(op, b->number),
                     arena_printf(op->arena, "%llu %llu", (unsigned long long)day,
                                  (unsigned long long)sent));
}
