/* Figures for Prometheus: requests by route and class of status, latencies, what net and store say
 * of themselves. Labels are route names from the table, so nothing personal can get in. */
#include "api/api_int.h"

/* Upper bounds in microseconds. */
static const uint64_t bounds[LATENCY_BUCKETS] = {100,   250,   500,   1000,   2500,   5000,
                                                 10000, 25000, 50000, 100000, 500000, 2500000};

void metrics_count(struct api *api, const struct route *route, int status, int64_t ns, size_t bytes)
{
    struct route_metrics *m =
        &api->metrics[route ? (size_t)(route - api_routes) : (size_t)ROUTE_COUNT];
    uint64_t us = (uint64_t)ns / 1000;
    unsigned bucket = 0;
    while (bucket < LATENCY_BUCKETS && us > bounds[bucket])
        bucket++;
    unsigned class = status >= 100 && status < 600 ? (unsigned)status / 100 : 0;
    atomic_fetch_add_explicit(&m->by_class[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->sum_us, us, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->bytes, bytes, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_fast64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static const char *name_of(unsigned i)
{
    return i < ROUTE_COUNT ? api_routes[i].name : "none";
}

static void write_counts(struct api *api, struct buf *b)
{
    buf_add(b, STR("# HELP weft_http_requests_total Requests answered.\n"
                   "# TYPE weft_http_requests_total counter\n"));
    for (unsigned i = 0; i <= ROUTE_COUNT; i++)
        for (unsigned class = 1; class < 6; class ++)
            if (get(&api->metrics[i].by_class[class]))
                buf_printf(b, "weft_http_requests_total{route=\"%s\",class=\"%uxx\"} %llu\n",
                           name_of(i), class,
                           (unsigned long long)get(&api->metrics[i].by_class[class]));
    buf_add(b, STR("# HELP weft_http_response_bytes_total Bytes of answers' bodies.\n"
                   "# TYPE weft_http_response_bytes_total counter\n"));
    for (unsigned i = 0; i <= ROUTE_COUNT; i++)
        if (get(&api->metrics[i].bytes))
            buf_printf(b, "weft_http_response_bytes_total{route=\"%s\"} %llu\n", name_of(i),
                       (unsigned long long)get(&api->metrics[i].bytes));
}

static void write_latency(struct api *api, struct buf *b, unsigned i)
{
    const struct route_metrics *m = &api->metrics[i];
    uint64_t n = 0;
    for (unsigned k = 0; k <= LATENCY_BUCKETS; k++)
        n += get(&m->buckets[k]);
    if (!n)
        return;
    uint64_t below = 0;
    for (unsigned k = 0; k < LATENCY_BUCKETS; k++) {
        below += get(&m->buckets[k]);
        buf_printf(b, "weft_http_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", name_of(i),
                   (double)bounds[k] / 1e6, (unsigned long long)below);
    }
    buf_printf(b, "weft_http_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", name_of(i),
               (unsigned long long)n);
    buf_printf(b, "weft_http_seconds_sum{route=\"%s\"} %.6f\n", name_of(i),
               (double)get(&m->sum_us) / 1e6);
    buf_printf(b, "weft_http_seconds_count{route=\"%s\"} %llu\n", name_of(i),
               (unsigned long long)n);
}

static void gauge(struct buf *b, const char *name, const char *help, bool counter, uint64_t v)
{
    buf_printf(b, "# HELP weft_%s %s\n# TYPE weft_%s %s\nweft_%s %llu\n", name, help, name,
               counter ? "counter" : "gauge", name, (unsigned long long)v);
}

static void write_server(struct api *api, struct buf *b)
{
    struct net_http_stats s;
    net_http_stats(api->http, &s);
    gauge(b, "http_connections", "Connections open.", false, s.connections);
    gauge(b, "http_active", "Requests being answered.", false, s.active);
    gauge(b, "http_waiting", "Requests waiting for a worker.", false, s.waiting);
    gauge(b, "live_streams", "Live screens connected.", false, s.streams);
    gauge(b, "http_timeouts_total", "Connections cut off for slowness.", true, s.timeouts);
    gauge(b, "http_refused_total", "Requests refused by a ceiling.", true, s.refused);
    gauge(b, "uptime_seconds", "Since the server started.", false,
          (uint64_t)(time_mono() - api->started) / 1000);
}

static void write_partners(struct api *api, struct buf *b)
{
    struct partners_stats s;
    partners_stats(api->partners, &s);
    gauge(b, "subscriptions", "Subscriptions being matched.", false, s.active);
    gauge(b, "subscriptions_behind", "Changes not yet matched.", false, s.behind);
    gauge(b, "subscription_events_total", "Events written.", true, s.events);
    gauge(b, "notifications_total", "Notifications delivered.", true, s.delivered);
    gauge(b, "notifications_failed_total", "Tries that failed.", true, s.failed);
    gauge(b, "notifications_under_way", "Requests to endpoints now.", false, s.waiting);
}

static void write_rooms(struct api *api, struct buf *b)
{
    gauge(b, "transaction", "Number of the newest transaction.", true, record_now_t(api->rec));
    if (api->partners)
        write_partners(api, b);
    if (!api->monitor)
        return;
    struct monitor_stats m;
    monitor_stats(api->monitor, &m);
    gauge(b, "monitor_behind", "Changes the monitor has not seen yet.", false, m.behind);
    gauge(b, "monitor_readings_total", "Readings evaluated.", true, m.readings);
    gauge(b, "monitor_cases_total", "Cases opened.", true, m.cases_opened);
    gauge(b, "monitor_joined_total", "Readings that joined an open case.", true, m.evidence_joined);
    gauge(b, "desk_steps_total", "Steps of the chain: cases that went up.", true, m.steps);
    gauge(b, "desk_told_total", "Patients told that nobody is watching.", true, m.told);
    gauge(b, "desk_unnamed_total", "Steps behind which nobody is named.", true, m.unnamed);
    gauge(b, "desk_pages_total", "Pages to who is on duty.", true, m.pages);
    gauge(b, "desk_unreached_total", "Waits in which all were paged and nobody answered.", true,
          m.unreached);
}

err api_metrics(struct call *c)
{
    struct buf b = answer_buf(c);
    write_counts(c->api, &b);
    buf_add(&b, STR("# HELP weft_http_seconds Time from request line to answer sent.\n"
                    "# TYPE weft_http_seconds histogram\n"));
    for (unsigned i = 0; i <= ROUTE_COUNT; i++)
        write_latency(c->api, &b, i);
    write_server(c->api, &b);
    write_rooms(c->api, &b);
    return answer(c, 200, &b);
}
