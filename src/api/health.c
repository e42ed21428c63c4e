/* GET /healthz (answers: so the server is ready) and GET /readyz (its parts). */
#include "api/api_int.h"

err api_healthz(struct call *c)
{
    struct buf b = answer_buf(c);
    buf_add(&b, STR("ok\n"));
    return answer(c, 200, &b);
}

err api_readyz(struct call *c)
{
    struct buf b = answer_buf(c);
    buf_printf(&b, "{\"ready\":true,\"transaction\":%llu,\"monitor\":%s,\"outreach\":%s",
               (unsigned long long)record_now_t(c->api->rec), c->api->monitor ? "true" : "false",
               c->api->outreach ? "true" : "false");
    if (c->api->monitor) {
        struct monitor_stats m;
        monitor_stats(c->api->monitor, &m);
        buf_printf(&b, ",\"monitorBehind\":%llu", (unsigned long long)m.behind);
    }
    buf_char(&b, '}');
    return answer(c, 200, &b);
}
