/* A no to calls about one topic, as their Consents say it. Pure. Invariant: no word opens what
 * another refuses: of one topic the newest counts and at the same moment no; more topics than there
 * is room for count as a no to all. */
#include "outreach/outreach_int.h"

static size_t slot_of(const struct calls_about *c, str topic)
{
    size_t i = 0;
    while (i < c->n && !str_eq(c->said[i].topic, topic))
        i++;
    return i;
}

static void take(struct calls_about *io, str topic, int64_t at, bool no)
{
    size_t i = slot_of(io, topic);
    if (str_empty(topic))
        return;
    if (i == WISH_TOPICS) {
        io->lost |= no;
        return;
    }
    bool newer = i == io->n || (no ? at >= io->said[i].at : at > io->said[i].at);
    if (!newer)
        return;
    io->said[i].topic = topic;
    io->said[i].at = at;
    io->said[i].no = no;
    io->n += i == io->n ? 1 : 0;
}

void calls_about_read(const struct json *consent, int64_t at, bool holds, struct calls_about *io)
{
    const struct json *p = JSON_GET(consent, "provision"), *topics = JSON_GET(p, "purpose"), *one;
    bool no = str_eq(json_get_str(p, STR("type")), STR("deny"));
    if ((!no && !holds) || !consent_names(p, CHANNEL_CALLS))
        return;
    for (size_t i = 0; (one = json_at(topics, i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR(TOPIC_SYSTEM)))
            take(io, json_get_str(one, STR("code")), at, no);
}

bool calls_said_no(const struct calls_about *c, str topic, int64_t *ret_at)
{
    size_t i = slot_of(c, topic);
    *ret_at = i < c->n ? c->said[i].at : 0;
    return i < c->n && c->said[i].no;
}

bool calls_refuse(const struct calls_about *c, str purpose)
{
    int64_t at;
    bool no = calls_said_no(c, purpose, &at);
    return c->lost || no || (at == 0 && calls_said_no(c, wish_topic_of(purpose), &at));
}
