/* The patient's wishes written into their Patient (WISHES_URL), checked first. What is not said
 * stays as it is. Invariant: what wishes_read() reads back is what was set. */
#include "outreach/outreach_int.h"

#include "base/time.h"

static bool none(str s)
{
    return str_eq(s, STR("none"));
}

static struct json *part(struct op *op, const char *url, const char *member, str value)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, e, STR("url"), str_of(url));
    json_set_str(op->arena, e, str_of(member), value);
    return e;
}

static str clock_text(struct op *op, int minute)
{
    return arena_printf(op->arena, "%02d:%02d:00", minute / 60, minute % 60);
}

/* The last instant of a day in a zone, written with its offset; false: the zone is not known. */
static bool day_ends(struct op *op, const struct time_span *day, str zone, int64_t *ret_end,
                     str *ret_text)
{
    struct time_local next = {0}, last;
    unsigned month, mday;
    time_civil_from_days(day->lo / DAY_MS + 1, &next.year, &month, &mday);
    next.month = (int)month;
    next.day = (int)mday;
    if (!time_from_local(&next, zone, ret_end) || !time_to_local(*ret_end - 1, zone, &last))
        return false;
    int off = last.offset_min;
    *ret_text = arena_printf(op->arena, "%04d-%02d-%02dT%02d:%02d:%02d.999%c%02d:%02d", last.year,
                             last.month, last.day, last.hour, last.minute, last.second,
                             off < 0 ? '-' : '+', abs(off) / 60, abs(off) % 60);
    return true;
}

static err set_pause(struct op *op, const struct outreach_wish *in, const struct recipient *r,
                     struct wishes *w)
{
    const struct wishes was = *w;
    struct time_span at = {0};
    int64_t end;
    str text, said = in->pause;
    if (str_empty(said))
        return OK;
    if (!none(said) && (!time_parse(said, &at) || at.hi > op->now + 366 * DAY_MS))
        return fail_at(op, ERR_INVALID, STR("pausedUntil"),
                       "A pause ends on a day within a year, or is none.");
    w->paused_until = none(said) ? 0 : at.hi;
    w->pause_text = time_format(op->arena, at.hi - 1);
    for (size_t i = 0, n = 0; at.precision == TIME_DAY && i < r->n_zones; i++)
        if (day_ends(op, &at, r->zones[i], &end, &text) && (n++ == 0 || end > w->paused_until)) {
            w->paused_until = end;
            w->pause_text = text;
        }
    if (in->takes_only && was.paused_until > w->paused_until)
        *w = was;
    return OK;
}

#define DAY_MINUTES (24 * 60)

/* From one minute of the day on to another. */
static int onward(int from, int to)
{
    return (to - from + DAY_MINUTES) % DAY_MINUTES;
}

static bool has_hours(const struct wishes *w)
{
    return w->quiet_from >= 0 && w->quiet_until >= 0 && w->quiet_from != w->quiet_until;
}

/* Hours that begin in or beside earlier ones, and are no whole day with them: *io is both. */
static bool prolong(const struct wishes *by, struct wishes *io)
{
    int lead = onward(io->quiet_from, by->quiet_from);
    int has = onward(io->quiet_from, io->quiet_until);
    int end = lead + onward(by->quiet_from, by->quiet_until);
    if (lead > has || end >= DAY_MINUTES)
        return false;
    io->quiet_until = (io->quiet_from + (end > has ? end : has)) % DAY_MINUTES;
    return true;
}

/* Of a link that takes away only: hours last longer than they did, or as long. What cannot be read
 * is quiet all day, and two hours apart cannot both be written: then theirs stay. */
static void keep_quiet(const struct wishes *was, struct wishes *w)
{
    struct wishes said = *w, had = *was;
    if (was->damaged || (has_hours(was) && !has_hours(w))) {
        *w = *was;
    } else if (has_hours(was)) {
        *w = prolong(&said, &had) ? had : prolong(was, &said) ? said : *was;
    }
}

static err set_quiet(struct op *op, const struct outreach_wish *in, struct wishes *w)
{
    if (str_empty(in->quiet_from) && str_empty(in->quiet_until))
        return OK;
    w->damaged = false;
    if (none(in->quiet_from)) {
        w->quiet_from = w->quiet_until = -1;
        return OK;
    }
    if (!wish_minute(in->quiet_from, &w->quiet_from) ||
        !wish_minute(in->quiet_until, &w->quiet_until) || w->quiet_from == w->quiet_until)
        return fail_at(op, ERR_INVALID, STR("quietFrom"),
                       "Quiet hours have a beginning and an end, such as 21:00 and 09:00.");
    return OK;
}

/* Checked as any other, also where what stands is kept. */
static err set_hours(struct op *op, const struct outreach_wish *in, struct wishes *w)
{
    const struct wishes was = *w;
    TRY(set_quiet(op, in, w));
    if (in->takes_only)
        keep_quiet(&was, w);
    return OK;
}

static err set_zone(struct op *op, str zone, struct wishes *w)
{
    struct time_local at;
    if (str_empty(zone))
        return OK;
    if (!none(zone) && (zone.n > 64 || !time_to_local(op->now, zone, &at)))
        return fail_at(op, ERR_INVALID, STR("zone"), "This time zone is not known.");
    w->zone = none(zone) ? STR_NONE : zone;
    return OK;
}

static bool refuses(const struct wishes *w, str topic)
{
    for (size_t i = 0; i < w->n_refused; i++)
        if (str_eq(w->refused[i], topic))
            return true;
    return false;
}

/* Those that there was no room for, as they are written. */
static bool stands_beyond(const struct wishes *w, str topic)
{
    const struct json *one;
    for (size_t i = w->beyond_at; (one = json_at(w->beyond, i)); i++)
        if (wish_is_topic(one) && str_eq(json_get_str(one, STR("valueCode")), topic))
            return true;
    return false;
}

/* One that stands already, however it came to be written, is no reason to keep nothing; nor is one
 * that finds no room: it goes behind the others, into late. */
static err refuse_topic(struct op *op, str topic, const struct wishes *was, struct wishes *w,
                        struct json *late)
{
    if (!topic_fits(topic) && !refuses(was, topic) && !stands_beyond(was, topic))
        return fail_at(op, ERR_INVALID, STR("refused"), "A topic is a code.");
    if (refuses(w, topic) || stands_beyond(was, topic))
        return OK;
    if (w->n_refused < WISH_TOPICS) {
        w->refused[w->n_refused++] = topic;
        return OK;
    }
    if ((was->beyond ? was->beyond->n : 0) + late->n >= WISH_TOPICS_ALL)
        return fail_at(op, ERR_INVALID, STR("refused"), "At most %d topics.", WISH_TOPICS_ALL);
    json_push(op->arena, late, part(op, "refusedTopic", "valueCode", topic));
    return OK;
}

static err set_topics(struct op *op, const struct outreach_wish *in, struct wishes *w,
                      struct json *late)
{
    const struct wishes was = *w;
    if (!in->topics_said)
        return OK;
    if (!in->takes_only)
        w->n_refused = 0;
    for (size_t i = 0; i < in->n_refused; i++)
        TRY(refuse_topic(op, in->refused[i], &was, w, late));
    return OK;
}

static err set_channel(struct op *op, const struct wish_way *said, struct wishes *w)
{
    enum channel_kind k;
    size_t n = 0;
    if (str_empty(said->channel))
        return OK;
    if (!topic_fits(said->purpose))
        return fail_at(op, ERR_INVALID, STR("ways"), "A purpose is a code.");
    if (!none(said->channel) && !channel_parse(said->channel, &k))
        return fail_at(op, ERR_INVALID, said->purpose,
                       "A channel is sms, email, push, letter or none.");
    for (size_t i = 0; i < w->n_channels; i++)
        if (!str_eq(w->channels[i].purpose, said->purpose))
            w->channels[n++] = w->channels[i];
    w->n_channels = n;
    if (none(said->channel))
        return OK;
    if (n == WISH_CHANNELS)
        return fail_at(op, ERR_INVALID, STR("ways"), "At most %d purposes.", WISH_CHANNELS);
    w->channels[n] = *said;
    w->n_channels = n + 1;
    return OK;
}

/* Quiet hours that cannot be read are quiet: they stay as they are written. */
static void put_damaged(const struct op *op, const struct json *was, struct json *list)
{
    const struct json *had = JSON_GET(was, "extension"), *one;
    for (size_t i = 0; (one = json_at(had, i)); i++) {
        str url = json_get_str(one, STR("url"));
        if (str_eq(url, STR("quietFrom")) || str_eq(url, STR("quietUntil")))
            json_push(op->arena, list, one);
    }
}

/* Topics that there was no room for stay refused as they are written. */
static void put_beyond(const struct op *op, const struct wishes *w, struct json *list)
{
    const struct json *one;
    for (size_t i = w->beyond_at; (one = json_at(w->beyond, i)); i++)
        if (wish_is_topic(one) && !refuses(w, json_get_str(one, STR("valueCode"))))
            json_push(op->arena, list, one);
}

/* was: the extension as it stands, or NULL; late: topics behind those of w. */
static struct json *extension_of(struct op *op, const struct wishes *w, const struct json *was,
                                 const struct json *late)
{
    struct json *e = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    if (w->paused_until)
        json_push(op->arena, list, part(op, "pausedUntil", "valueDateTime", w->pause_text));
    if (w->damaged) {
        put_damaged(op, was, list);
    } else if (w->quiet_from >= 0) {
        json_push(op->arena, list,
                  part(op, "quietFrom", "valueTime", clock_text(op, w->quiet_from)));
        json_push(op->arena, list,
                  part(op, "quietUntil", "valueTime", clock_text(op, w->quiet_until)));
    }
    if (!str_empty(w->zone))
        json_push(op->arena, list, part(op, "zone", "valueCode", w->zone));
    for (size_t i = 0; i < w->n_refused; i++)
        json_push(op->arena, list, part(op, "refusedTopic", "valueCode", w->refused[i]));
    put_beyond(op, w, list);
    for (size_t i = 0; i < late->n; i++)
        json_push(op->arena, list, json_at(late, i));
    for (size_t i = 0; i < w->n_channels; i++) {
        struct json *one = json_new(op->arena, JSON_OBJECT), *two = json_new(op->arena, JSON_ARRAY);
        json_push(op->arena, two, part(op, "purpose", "valueCode", w->channels[i].purpose));
        json_push(op->arena, two, part(op, "by", "valueCode", w->channels[i].channel));
        json_set_str(op->arena, one, STR("url"), STR("channel"));
        json_set(op->arena, one, STR("extension"), two);
        json_push(op->arena, list, one);
    }
    json_set_str(op->arena, e, STR("url"), STR(WISHES_URL));
    json_set(op->arena, e, STR("extension"), list);
    return list->n ? e : NULL;
}

bool wishes_said(const struct outreach_wish *in)
{
    return in->topics_said || !str_empty(in->pause) || !str_empty(in->quiet_from) ||
           !str_empty(in->quiet_until) || !str_empty(in->zone) || in->n_ways > 0;
}

err wishes_write(struct op *op, struct json *patient, const struct outreach_wish *in,
                 const struct recipient *r)
{
    struct wishes w;
    struct json *list = json_new(op->arena, JSON_ARRAY), *late = json_new(op->arena, JSON_ARRAY);
    struct json *mine;
    const struct json *had = JSON_GET(patient, "extension");
    wishes_read(patient, &w);
    if (!wishes_said(in))
        return OK;
    TRY(set_pause(op, in, r, &w));
    TRY(set_hours(op, in, &w));
    if (!in->takes_only) /* in another zone they would be other hours */
        TRY(set_zone(op, in->zone, &w));
    TRY(set_topics(op, in, &w, late));
    for (size_t i = 0; i < in->n_ways; i++)
        TRY(set_channel(op, &in->ways[i], &w));
    for (size_t i = 0; had && i < had->n; i++)
        if (!str_eq(json_get_str(json_at(had, i), STR("url")), STR(WISHES_URL)))
            json_push(op->arena, list, json_at(had, i));
    if ((mine = extension_of(op, &w, extension_at(patient, STR(WISHES_URL)), late)))
        json_push(op->arena, list, mine);
    if (list->n)
        json_set(op->arena, patient, STR("extension"), list);
    else
        json_unset(patient, STR("extension"));
    return op_check(op);
}
