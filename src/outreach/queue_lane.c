/* Lanes of waiting messages: care first, then each campaign in its turn. A campaign has an outbox
 * queue of its own, so that all that waits of it can be reached when it is stopped. The names of
 * the lanes there are stand in one named value, changed in the transaction that needs it.
 * Invariant: after a campaign's stop is written no message of it is submitted (lane_guard) and none
 * is accepted; what a worker holds already is stopped by parcel_may_go() before each hand-over. */
#include "outreach/outreach_int.h"

#include "base/log.h"

#define LANES_MAX 1000u
#define FAR_MS (100LL * 365 * DAY_MS)

static str lanes_key(void)
{
    return STR("lanes");
}

static str stop_key(struct op *op, str campaign)
{
    return arena_cat(op->arena, STR("campaign-stop/"), campaign);
}

static bool among(str list, str name)
{
    str one;
    while (str_take_until(&list, ' ', &one))
        if (str_eq(one, name))
            return true;
    return false;
}

static size_t count(str list)
{
    str one;
    size_t n = 0;
    while (str_take_until(&list, ' ', &one))
        n++;
    return n;
}

err lane_join(struct record_tx *tx, struct op *op, struct outreach *o, const str *campaigns,
              size_t n)
{
    str had = STR_NONE, list;
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= !str_empty(campaigns[i]);
    if (!any)
        return OK;
    TRY(record_kv_get(op, o->rec, lanes_key(), &had));
    list = had;
    for (size_t i = 0; i < n; i++) {
        bool stopped = false;
        if (str_empty(campaigns[i]))
            continue;
        TRY(lane_stopped(op, o, campaigns[i], &stopped));
        if (stopped)
            return fail(op, ERR_UNPROCESSABLE, "The campaign was stopped; it sends no more.");
        lane_guard(tx, op, campaigns[i]);
        if (!among(list, campaigns[i]))
            list = list.n
                       ? arena_printf(op->arena, "%.*s %.*s", STR_ARG(list), STR_ARG(campaigns[i]))
                       : campaigns[i];
    }
    if (count(list) > LANES_MAX)
        return fail(op, ERR_UNAVAILABLE, "More than %u campaigns have messages that wait.",
                    LANES_MAX);
    record_tx_expect_kv(tx, lanes_key(), had);
    if (!str_eq(list, had))
        record_tx_kv(tx, lanes_key(), list);
    return OK;
}

void lane_guard(struct record_tx *tx, struct op *op, str campaign)
{
    if (!str_empty(campaign))
        record_tx_expect_kv(tx, stop_key(op, campaign), STR_NONE);
}

err lane_stopped(struct op *op, struct outreach *o, str campaign, bool *ret)
{
    str value = STR_NONE;
    if (!str_empty(campaign))
        TRY(record_kv_get(op, o->rec, stop_key(op, campaign), &value));
    *ret = !str_empty(value);
    return OK;
}

/* A lane with nothing left leaves the list. */
static void retire(struct op *op, struct outreach *o, str lanes, str campaign)
{
    bool any = true;
    str list = STR_NONE, rest = lanes, one;
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        err e =
            record_outbox_any(op, o->rec, channel_queue(op, (enum channel_kind)k, campaign), &any);
        if (e != OK || any) {
            op_clear(op);
            return;
        }
    }
    while (str_take_until(&rest, ' ', &one))
        if (!str_eq(one, campaign))
            list = list.n ? arena_printf(op->arena, "%.*s %.*s", STR_ARG(list), STR_ARG(one)) : one;
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_expect_kv(tx, lanes_key(), lanes);
    record_tx_kv(tx, lanes_key(), list);
    if (record_commit(tx) != OK)
        op_clear(op); /* somebody came meanwhile: another time */
}

/* Of a stopped campaign all there is, whenever it is due: the sender ends it. */
static err take_lane(struct op *op, struct outreach *o, enum channel_kind k, str campaign,
                     struct lane_jobs *to)
{
    struct record_job *jobs = NULL;
    size_t n = 0;
    bool stopped = false;
    int64_t now = op->now;
    TRY(lane_stopped(op, o, campaign, &stopped));
    op->now = stopped ? now + FAR_MS : now;
    err e = record_outbox_take(op, o->rec, channel_queue(op, k, campaign), LANE_LEASE_MS,
                               to->max - to->n, &jobs, &n);
    op->now = now;
    TRY(e);
    for (size_t i = 0; i < n; i++)
        to->jobs[to->n++] = jobs[i];
    return OK;
}

err lane_take(struct op *op, struct outreach *o, enum channel_kind k, size_t max,
              struct lane_jobs *ret)
{
    str lanes = STR_NONE, one;
    *ret =
        (struct lane_jobs){.jobs = ARENA_ARRAY(op->arena, struct record_job, max + 1), .max = max};
    TRY(op_check(op));
    TRY(take_lane(op, o, k, STR_NONE, ret));
    TRY(record_kv_get(op, o->rec, lanes_key(), &lanes));
    size_t n = count(lanes), turn = n ? o->lane_turn[k]++ % n : 0;
    for (unsigned round = 0; round < 2; round++) { /* from the one whose turn it is */
        str rest = lanes;
        for (size_t i = 0; ret->n < max && str_take_until(&rest, ' ', &one); i++)
            if ((i >= turn) == (round == 0))
                TRY(take_lane(op, o, k, one, ret));
    }
    if (ret->n == 0 && n && op->now - o->lane_looked[k] > 60000) {
        o->lane_looked[k] = op->now;
        for (size_t i = 0; i <= turn && str_take_until(&lanes, ' ', &one); i++)
            ;
        str all = STR_NONE;
        TRY(record_kv_get(op, o->rec, lanes_key(), &all));
        retire(op, o, all, one);
    }
    return OK;
}

bool parcel_may_go(struct outreach *o, const struct parcel *p)
{
    bool may = true;
    if (str_empty(p->campaign))
        return true;
    uint64_t hash = str_hash(p->campaign);
    pthread_mutex_lock(&o->stops_lock);
    for (size_t i = 0; i < o->n_stops && may; i++)
        may = o->stops[i] != hash;
    pthread_mutex_unlock(&o->stops_lock);
    return may;
}

static void stop_workers(struct outreach *o, str campaign)
{
    pthread_mutex_lock(&o->stops_lock);
    o->stops[o->n_stops < STOPS_MAX ? o->n_stops++ : o->stop_at++ % STOPS_MAX] = str_hash(campaign);
    pthread_mutex_unlock(&o->stops_lock);
}

err outreach_stop_campaign(struct op *op, struct outreach *o, str campaign)
{
    const struct actor *caller = op->actor;
    if (!fhir_id_valid(campaign))
        return fail(op, ERR_INVALID, "A campaign is named by the id of its plan.");
    stop_workers(o, campaign);
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_kv(tx, stop_key(op, campaign), time_format(op->arena, op->now));
    record_tx_trail(tx, STR("campaign-stop"), fhir_type_parse(STR("PlanDefinition")), campaign,
                    NULL);
    err e = record_commit(tx);
    op->actor = caller;
    return e;
}
