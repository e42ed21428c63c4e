/* The rulebook asked before a campaign or journey is published (campaign.publish), with what is
 * known of those it may reach. Invariant: what it refuses is not scheduled; each answer is in the
 * trail. */
#include "campaign/run_int.h"

#include "outreach/pace.h"

/* Lives one of them outside the United States? A place that nobody wrote down counts as here, where
 * the house is. */
static bool any_abroad(struct campaigns *c, const struct people_of *all)
{
    bool abroad = false;
    people_read(c->people);
    for (size_t i = 0; i < all->n && !abroad; i++) {
        size_t row;
        if (!people_find(c->people, all->rids[i], &row))
            continue;
        const struct person *p = people_row(c->people, row);
        str where = people_word(c->people, PEOPLE_STATE, p->state);
        if (str_empty(where))
            where = people_word(c->people, PEOPLE_AREA, p->area);
        abroad = !str_empty(where) && !str_starts(where, STR("US"));
    }
    people_done(c->people);
    return abroad;
}

err campaign_publish(struct op *op, struct campaigns *c, const struct life *l)
{
    struct people_of all;
    struct verdict v;
    if (json_bool(JSON_GET(l->o, "journey"), false)) /* whoever comes into it */
        TRY(people_everybody(op, c, &all));
    else
        TRY(campaign_people(op, c, l, &all));
    struct publish_facts p = {.abroad = any_abroad(c, &all),
                              .large_scale =
                                  (int64_t)all.n > config_int(c->config, "campaign.two_over"),
                              .assessed = config_bool(c->config, "campaign.impact_assessed")};
    TRY(publish_ask(op, c->rec, &p, &v));
    for (size_t i = 0; i < v.n_fired; i++)
        if (v.fired[i].decision != DECISION_ALLOW)
            fail_at(op, ERR_UNPROCESSABLE, str_of(v.fired[i].rule->id), "%.*s",
                    STR_ARG(v.fired[i].why));
    return v.decision == DECISION_ALLOW || op->fault.code
               ? op->fault.code
               : fail(op, ERR_UNPROCESSABLE, "the rulebook does not allow that this is published");
}
