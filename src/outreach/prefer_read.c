/* The patient's wishes about being contacted, as they stand in their Patient: a pause, quiet hours,
 * topics they do not want, a channel for a purpose. Pure. Invariant: a wish that cannot be read is
 * no permission: it counts as a wish for quiet until it is set again, and every refused topic
 * counts, however many there are. */
#include "outreach/prefer.h"

#include "base/time.h"

static const struct json *with_url(const struct json *o, str url)
{
    const struct json *list = JSON_GET(o, "extension");
    for (size_t i = 0; list && i < list->n; i++)
        if (str_eq(json_get_str(json_at(list, i), STR("url")), url))
            return json_at(list, i);
    return NULL;
}

/* "21:30:00" to minutes of the day. */
bool wish_minute(str s, int *ret)
{
    if (s.n < 5 || s.p[2] != ':')
        return false;
    uint64_t h = 0, m = 0;
    if (!str_to_u64(str_sub(s, 0, 2), 23, &h) || !str_to_u64(str_sub(s, 3, 5), 59, &m))
        return false;
    *ret = (int)(h * 60 + m);
    return true;
}

bool wish_is_topic(const struct json *part)
{
    return str_eq(json_get_str(part, STR("url")), STR("refusedTopic"));
}

static void read_one(const struct json *e, struct wishes *w)
{
    str url = json_get_str(e, STR("url"));
    struct time_span at;
    if (str_eq(url, STR("pausedUntil"))) {
        w->pause_text = json_get_str(e, STR("valueDateTime"));
        bool ok = time_parse(w->pause_text, &at);
        w->paused_until = ok ? at.hi : INT64_MAX;
        if (!ok)
            w->pause_text = STR("9999-12-31T23:59:59.999Z");
    } else if (str_eq(url, STR("quietFrom"))) {
        w->damaged |= !wish_minute(json_get_str(e, STR("valueTime")), &w->quiet_from);
    } else if (str_eq(url, STR("quietUntil"))) {
        w->damaged |= !wish_minute(json_get_str(e, STR("valueTime")), &w->quiet_until);
    } else if (str_eq(url, STR("zone"))) {
        w->zone = json_get_str(e, STR("valueCode"));
    } else if (wish_is_topic(e)) {
        w->refused[w->n_refused++] = json_get_str(e, STR("valueCode"));
    } else if (str_eq(url, STR("channel")) && w->n_channels < WISH_CHANNELS) {
        w->channels[w->n_channels].purpose =
            json_get_str(with_url(e, STR("purpose")), STR("valueCode"));
        w->channels[w->n_channels++].channel =
            json_get_str(with_url(e, STR("by")), STR("valueCode"));
    }
}

void wishes_read(const struct json *patient, struct wishes *ret)
{
    const struct json *list = JSON_GET(with_url(patient, STR(WISHES_URL)), "extension");
    *ret = (struct wishes){.quiet_from = -1, .quiet_until = -1};
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *one = json_at(list, i);
        if (!wish_is_topic(one) || ret->n_refused < WISH_TOPICS) {
            read_one(one, ret);
        } else if (!ret->beyond) {
            ret->beyond = list;
            ret->beyond_at = i;
        }
    }
    ret->damaged |= (ret->quiet_from < 0) != (ret->quiet_until < 0);
}

bool topic_fits(str code)
{
    bool ok = code.n > 0 && code.n <= 64;
    for (size_t i = 0; ok && i < code.n; i++)
        ok = (code.p[i] >= 'a' && code.p[i] <= 'z') || (code.p[i] >= '0' && code.p[i] <= '9') ||
             code.p[i] == '_' || code.p[i] == '-';
    return ok;
}

str wish_topic_of(str purpose)
{
    static const char *const visits[] = {"hospital_preregistration", "preoperative_instructions"};
    for (size_t i = 0; i < sizeof visits / sizeof *visits; i++)
        if (str_eq(purpose, str_of(visits[i])))
            return STR(WISH_VISITS);
    return str_eq(purpose, STR("post_discharge_followup")) ? STR(WISH_CARE) : STR_NONE;
}

static bool is_of(str refused, str topic)
{
    str of = wish_topic_of(topic);
    return !str_empty(refused) && (str_eq(refused, topic) || str_eq(refused, of));
}

bool wishes_refuse(const struct wishes *w, str topic)
{
    const struct json *one;
    for (size_t i = 0; i < w->n_refused; i++)
        if (is_of(w->refused[i], topic))
            return true;
    for (size_t i = w->beyond_at; (one = json_at(w->beyond, i)); i++)
        if (wish_is_topic(one) && is_of(json_get_str(one, STR("valueCode")), topic))
            return true;
    return false;
}

str wishes_channel(const struct wishes *w, str purpose)
{
    const str visits = STR(WISH_VISITS), care = STR(WISH_CARE), topic = wish_topic_of(purpose);
    str general = str_starts(purpose, STR("appointment")) ? visits
                  : str_empty(topic)                      ? care
                                                          : topic;
    str ret = STR_NONE;
    for (size_t i = 0; i < w->n_channels; i++) {
        if (str_eq(w->channels[i].purpose, purpose))
            return w->channels[i].channel;
        if (str_eq(w->channels[i].purpose, general))
            ret = w->channels[i].channel;
    }
    return ret;
}

/* The minute of the day lies in [from, until), which may go over midnight. */
static bool inside(const struct wishes *w, int minute)
{
    if (w->quiet_from < w->quiet_until)
        return minute >= w->quiet_from && minute < w->quiet_until;
    return minute >= w->quiet_from || minute < w->quiet_until;
}

bool wishes_quiet(const struct wishes *w, const str *zones, size_t n, int64_t now, int64_t *ret_end)
{
    bool quiet = w->damaged;
    *ret_end = 0;
    if (w->quiet_from < 0 || w->quiet_until < 0 || w->quiet_from == w->quiet_until)
        return quiet;
    for (size_t i = 0; i < n; i++) {
        struct time_local at;
        if (!time_to_local(now, zones[i], &at))
            continue;
        int minute = at.hour * 60 + at.minute;
        if (!inside(w, minute))
            continue;
        int wait = (w->quiet_until - minute + 24 * 60) % (24 * 60);
        int64_t end = now + wait * 60000LL - at.second * 1000LL;
        *ret_end = end > *ret_end ? end : *ret_end;
        quiet = true;
    }
    return quiet || (n == 0 && w->quiet_from >= 0);
}
