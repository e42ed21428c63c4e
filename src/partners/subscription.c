/* A Subscription as written to the form that is matched and sent by: R4's own (criteria is a
 * search), or the R5 back-port (criteria names a topic, filters narrow it). What could never work
 * is refused here, with its path, instead of waiting for ever in "requested". Invariant: whoever
 * reads a subscription for matching has all of it checked. */
#include "partners/partners_int.h"
#include "record/custom.h"

#include <stdlib.h>

#define COUNT_DEFAULT 20
#define COUNT_MAX 200
#define TIMEOUT_DEFAULT_S 20
#define TIMEOUT_MAX_S 60
#define HEARTBEAT_LEAST_S 10

static const struct json *extension(const struct json *of, const char *name)
{
    const struct json *list = JSON_GET(of, "extension"), *e;
    for (size_t i = 0; (e = json_at(list, i)); i++) {
        str url = json_get_str(e, STR("url"));
        if (str_starts(url, STR(BACKPORT)) &&
            str_eq(str_sub(url, sizeof BACKPORT - 1, url.n), str_of(name)))
            return e;
    }
    return NULL;
}

static err whole(struct op *op, const struct json *ext, unsigned least, unsigned most,
                 unsigned *ret)
{
    int64_t v;
    const struct json *n = JSON_GET(ext, "valueUnsignedInt");
    if (!n)
        n = JSON_GET(ext, "valuePositiveInt");
    if (!ext || (json_i64(n, &v) && v == 0))
        return OK;
    if (!json_i64(n, &v) || v < (int64_t)least || v > (int64_t)most)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.extension"),
                       "Give a whole number from %u to %u.", least, most);
    *ret = (unsigned)v;
    return OK;
}

err criteria_read(struct op *op, struct partners *p, str criteria, str path,
                  const struct fhir_query **ret)
{
    size_t mark = str_find_char(criteria, '?', 0);
    fhir_type type = fhir_type_parse(str_sub(criteria, 0, mark == SIZE_MAX ? criteria.n : mark));
    if (!type)
        return fail_at(op, ERR_UNPROCESSABLE, path,
                       "Criteria are a search: a resource type, then ? and parameters, e.g. "
                       "Observation?code=http://loinc.org|8867-4.");
    str query = mark == SIZE_MAX ? STR("") : str_sub(criteria, mark + 1, criteria.n);
    if (record_criteria_read(op, p->rec, type, query, ret) == OK)
        return OK;
    return fail_at(op, ERR_UNPROCESSABLE, path, "This search is not understood, see above.");
}

static err read_filters(struct op *op, struct partners *p, const struct json *resource,
                        struct subscription *s)
{
    const struct json *list = json_path(resource, "_criteria.extension"), *e;
    for (size_t i = 0; (e = json_at(list, i)); i++) {
        if (!str_eq(json_get_str(e, STR("url")), STR(BACKPORT "backport-filter-criteria")))
            continue;
        if (s->n_filters == TRIGGERS_MAX)
            return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.criteria.extension"),
                           "A subscription has at most %u filters.", TRIGGERS_MAX);
        TRY(criteria_read(op, p, json_get_str(e, STR("valueString")),
                          STR("Subscription.criteria.extension"), &s->filters[s->n_filters++]));
    }
    return OK;
}

static err read_content(struct op *op, const struct json *channel, struct subscription *s)
{
    const struct json *ext = extension(JSON_GET(channel, "_payload"), "backport-payload-content");
    str code = json_get_str(ext, STR("valueCode"));
    if (str_eq(code, STR("full-resource")))
        s->content = CONTENT_FULL;
    else if (str_eq(code, STR("id-only")))
        s->content = CONTENT_ID_ONLY;
    else if (str_empty(code) || str_eq(code, STR("empty")))
        s->content = CONTENT_EMPTY;
    else
        return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.payload.extension"),
                       "The payload's content is empty, id-only or full-resource.");
    return OK;
}

/* What frames, routes or signs the request is ours to say. */
static bool reserved(str name)
{
    static const char *const names[] = {"host",       "content-length", "transfer-encoding",
                                        "connection", "content-type",   "expect",
                                        "te",         "upgrade"};
    bool ours = name.n >= 8 && str_eq_nocase(str_sub(name, 0, 8), STR("webhook-"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ours |= str_eq_nocase(name, str_of(names[i]));
    return ours;
}

static err read_headers(struct op *op, const struct json *channel, struct subscription *s)
{
    const struct json *list = JSON_GET(channel, "header"), *h;
    for (size_t i = 0; (h = json_at(list, i)); i++) {
        str line = json_str(h);
        size_t colon = str_find_char(line, ':', 0);
        bool odd = colon == SIZE_MAX || colon == 0 || line.n > 4096;
        for (size_t k = 0; k < line.n; k++)
            odd |= (unsigned char)line.p[k] < ' ' || (k < colon && line.p[k] == ' ');
        odd |= reserved(str_sub(line, 0, colon));
        if (odd || s->n_headers == HEADERS_MAX)
            return fail_at(op, ERR_UNPROCESSABLE,
                           arena_printf(op->arena, "Subscription.channel.header[%zu]", i),
                           "A header is one line \"Name: value\" that neither frames nor signs the "
                           "request; at most %u of them.",
                           HEADERS_MAX);
        s->headers[s->n_headers++] = line;
    }
    return OK;
}

static err read_mime(struct op *op, struct subscription *s)
{
    static const char *const known[] = {"application/fhir+json", "application/json",
                                        "application/fhir+xml", "application/xml"};
    if (str_empty(s->mime) || (s->channel == CHANNEL_EMAIL && str_starts(s->mime, STR("text/"))))
        return OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(s->mime, str_of(known[i]))) {
            s->xml = i >= 2;
            if (s->xml && s->channel == CHANNEL_LIVE)
                break;
            return OK;
        }
    return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.payload"),
                   "Notifications are sent as application/fhir+json or, but for the live channel, "
                   "application/fhir+xml; leave the payload out for none.");
}

static err read_channel(struct op *op, struct partners *p, const struct json *channel,
                        struct subscription *s)
{
    str type = json_get_str(channel, STR("type"));
    s->endpoint = json_get_str(channel, STR("endpoint"));
    s->mime = json_get_str(channel, STR("payload"));
    s->max_count = COUNT_DEFAULT;
    s->timeout_s = TIMEOUT_DEFAULT_S;
    TRY(read_headers(op, channel, s));
    TRY(read_content(op, channel, s));
    TRY(whole(op, extension(channel, "backport-heartbeat-period"), HEARTBEAT_LEAST_S, 86400,
              &s->heartbeat_s));
    TRY(whole(op, extension(channel, "backport-timeout"), 1, TIMEOUT_MAX_S, &s->timeout_s));
    TRY(whole(op, extension(channel, "backport-max-count"), 1, COUNT_MAX, &s->max_count));
    if (str_eq(type, STR("websocket"))) {
        s->channel = CHANNEL_LIVE;
        return read_mime(op, s);
    }
    if (!str_eq(type, STR("rest-hook")) && !str_eq(type, STR("email")))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.type"),
                       "The channel is rest-hook, email, or websocket (served as Server-Sent "
                       "Events at Subscription/[id]/$live).");
    s->channel = str_eq(type, STR("email")) ? CHANNEL_EMAIL : CHANNEL_REST_HOOK;
    if (!s->backport)
        s->content = str_empty(s->mime) ? CONTENT_EMPTY : CONTENT_FULL;
    if (s->channel == CHANNEL_EMAIL && s->content == CONTENT_FULL)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.payload"),
                       "Plain mail carries no resources; leave the payload out, or use id-only.");
    if (str_starts(s->endpoint, STR("mailto:")) != (s->channel == CHANNEL_EMAIL))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.channel.endpoint"),
                       "A rest-hook goes to an https:// address, e-mail to mailto:name@domain.");
    TRY(read_mime(op, s));
    return endpoint_check(op, p, s->endpoint, STR("Subscription.channel.endpoint"));
}

static err read_triggers(struct op *op, struct partners *p, const struct json *resource,
                         struct subscription *s)
{
    str criteria = json_get_str(resource, STR("criteria"));
    if (s->backport) {
        s->topic = criteria;
        TRY(topic_find(op, p, criteria, s));
        return read_filters(op, p, resource, s);
    }
    struct topic_trigger *t = &s->triggers[0];
    TRY(criteria_read(op, p, criteria, STR("Subscription.criteria"), &t->current));
    t->type = t->current->type;
    t->interactions = ON_CREATE | ON_UPDATE;
    s->n_triggers = 1;
    return OK;
}

err subscription_read(struct op *op, struct partners *p, const struct json *resource,
                      struct subscription *ret)
{
    struct subscription s = {.id = json_get_str(resource, STR("id"))};
    struct time_span end;
    str text = json_get_str(resource, STR("end")), url;
    const struct json *profiles = json_path(resource, "meta.profile");
    str criteria = json_get_str(resource, STR("criteria"));
    for (size_t i = 0; (url = json_str(json_at(profiles, i))).n; i++)
        s.backport |= str_eq(url, STR(BACKPORT "backport-subscription"));
    s.backport |= str_starts(criteria, STR("http://")) || str_starts(criteria, STR("https://")) ||
                  str_starts(criteria, STR("urn:"));
    if (text.n && time_parse(text, &end))
        s.end = end.hi;
    TRY(read_triggers(op, p, resource, &s));
    TRY(read_channel(op, p, JSON_GET(resource, "channel"), &s));
    *ret = s;
    return op_check(op);
}

err partners_check(struct op *op, struct partners *p, const struct json *resource)
{
    fhir_type type = fhir_type_of(resource);
    struct subscription s;
    if (p && type == p->t_basic)
        return topic_check(op, p, resource);
    if (!p || type != p->t_subscription)
        return OK;
    str status = json_get_str(resource, STR("status"));
    if (str_eq(status, STR("off")) || str_eq(status, STR("error")))
        return OK;
    return subscription_read(op, p, resource, &s);
}
