/* The kinds of channels: what each is called, where it is configured, where its messages wait, and
 * what a message is once it was handed over. */
#include "outreach/outreach_int.h"

static const struct {
    const char *setting, *queue, *lane, *taken;
} KINDS[CHANNEL_KIND_COUNT] = {
    [CHANNEL_SMS] = {"sms.channel", MESSAGE_QUEUE, "campaign/", "in-progress"},
    [CHANNEL_EMAIL] = {"smtp.channel", MESSAGE_QUEUE "-mail", "campaign-mail/", "completed"},
    [CHANNEL_PUSH] = {"push.channel", MESSAGE_QUEUE "-push", "campaign-push/", "completed"},
    [CHANNEL_LETTER] = {"letter.channel", MESSAGE_QUEUE "-letter", "campaign-letter/",
                        "in-progress"},
};

str channel_name(enum channel_kind k)
{
    return way_name((enum way)k);
}

bool channel_parse(str name, enum channel_kind *ret)
{
    enum way k;
    bool is = way_parse(name, &k);
    if (is)
        *ret = (enum channel_kind)k;
    return is;
}

const char *channel_setting(enum channel_kind k)
{
    return KINDS[k].setting;
}

str channel_queue(struct op *op, enum channel_kind k, str campaign)
{
    if (str_empty(campaign))
        return str_of(KINDS[k].queue);
    return arena_cat(op->arena, str_of(KINDS[k].lane), campaign);
}

const char *channel_taken(enum channel_kind k)
{
    return KINDS[k].taken;
}
