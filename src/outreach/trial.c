/* A contact tried over columns: the sender's own composing, facts and rules over a recipient that
 * is made up from them. What columns do not hold (the age of a look-up, the id of a Consent) counts
 * as it is for most: there and fresh. */
#include "outreach/trial.h"

#include "outreach/outreach_int.h"

#define NUMBER "+13125550100"
#define MAIL "somebody@example.org"

static void fill_way(struct recipient *r, enum channel_kind k, const struct outreach_trial_way *w)
{
    static const char *const to[] = {NUMBER, MAIL};
    if (w->there)
        r->address[k] = str_of(to[k]);
    r->consent[k] = (struct consent_state){.any = w->said,
                                           .permit = w->agrees,
                                           .care = w->care,
                                           .appointment = w->appointment,
                                           .marketing = w->marketing,
                                           .written = w->written,
                                           .id = STR("trial"),
                                           .number = str_of(to[k])};
}

static void fill(struct op *op, const struct outreach_trial *t, struct recipient *r)
{
    *r = (struct recipient){.id = STR("trial"),
                            .first = STR("Maria"),
                            .line_type = t->line_type,
                            .reassigned = t->reassigned ? STR("yes") : STR("no"),
                            .reassigned_at = op->now - DAY_MS,
                            .state = t->state,
                            .country = t->country,
                            .confidential = t->confidential,
                            .deceased = t->deceased,
                            .n_zones = t->n_zones};
    memcpy(r->zones, t->zones, sizeof t->zones);
    r->wishes.quiet_from = r->wishes.quiet_until = -1;
    place_by_address(op, r, t->country, t->state, t->zones[0]);
    fill_way(r, CHANNEL_SMS, &t->sms);
    fill_way(r, CHANNEL_EMAIL, &t->email);
}

err outreach_try(struct op *op, struct outreach *o, const struct outreach_trial *t,
                 const struct outreach_draft *d, struct verdict *ret)
{
    struct recipient r;
    struct message m;
    struct facts *f;
    struct ledger_count n = {.day = t->day, .week = t->week, .month = t->week};
    struct ledger_counts counts = {.all = n, .spoken = n, .number = n};
    fill(op, t, &r);
    TRY(message_compose(op, o, &r, d, &m));
    TRY(message_facts(op, o, &r, &counts, &m, &f));
    return policy_decide(op, record_rulebook(o->rec), message_triggers(m.channel), f, ret);
}
