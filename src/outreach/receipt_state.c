/* The one machine of a message's states after it was handed over: which word of which provider
 * moves a Communication where. Invariant: never backwards; what is final stays, whatever comes
 * later. (Mail's "completed" is handed over and not returned yet.) */
#include "outreach/outreach_int.h"

#include "receipts_gen.h"

static const struct {
    const char *vocabulary, *word;
    enum receipt_means means;
} WORDS[] = {RECEIPT_ROWS};

/* What is not here stays. unknown: it was not clear whether the message left; now it is. */
static const struct {
    const char *from;
    enum receipt_means means;
    const char *to;
} MOVES[] = {
    {"in-progress", MEANS_DELIVERED, "completed"},
    {"in-progress", MEANS_FAILED, "stopped"},
    {"unknown", MEANS_TAKEN, "in-progress"},
    {"unknown", MEANS_DELIVERED, "completed"},
    {"unknown", MEANS_FAILED, "stopped"},
    {"completed", MEANS_RETURNED, "stopped"},
    {"unknown", MEANS_RETURNED, "stopped"},
    {"completed", MEANS_GONE, "stopped"},
    {"unknown", MEANS_GONE, "stopped"},
    {"completed", MEANS_AGAIN, "preparation"},
    {"unknown", MEANS_AGAIN, "preparation"},
    {"in-progress", MEANS_READ, "completed"},
    {"unknown", MEANS_READ, "completed"},
};

enum receipt_means receipt_means(str vocabulary, str word)
{
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (str_eq(str_of(WORDS[i].vocabulary), vocabulary) &&
            str_eq_nocase(str_of(WORDS[i].word), word))
            return WORDS[i].means;
    return MEANS_NOTHING;
}

const char *receipt_move(str from, enum receipt_means means)
{
    for (size_t i = 0; i < sizeof MOVES / sizeof MOVES[0]; i++)
        if (MOVES[i].means == means && str_eq(str_of(MOVES[i].from), from))
            return MOVES[i].to;
    return NULL;
}

bool receipt_apply(struct op *op, struct json *c, enum receipt_means means, str error)
{
    const char *to = receipt_move(json_get_str(c, STR("status")), means);
    if (means == MEANS_READ)
        return read_apply(
            op, c, &(struct read_by){.who = json_path(c, "recipient.0"), .how = STR("receipt")});
    if (!to)
        return false;
    json_set_str(op->arena, c, STR("status"), str_of(to));
    json_unset(c, STR("statusReason"));
    if (means == MEANS_DELIVERED)
        json_set_str(op->arena, c, STR("received"), time_format(op->arena, op->now));
    if (means != MEANS_TAKEN && means != MEANS_DELIVERED) {
        struct json *why = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, why, STR("text"),
                     arena_printf(op->arena, "not delivered%s (provider code %.*s)",
                                  means == MEANS_AGAIN ? " yet; it is sent again" : "",
                                  STR_ARG(error)));
        json_set(op->arena, c, STR("statusReason"), why);
    }
    return true;
}
