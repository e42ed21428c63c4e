/* Who may take which step of a campaign's life, and what it does. Invariant: nothing runs that its
 * author alone approved; what was stopped is over for outreach before it is over here. */
#include "campaign/done_int.h"

static const char *const names[CAMPAIGN_STEPS] = {"submit",   "approve", "refuse",
                                                  "schedule", "undo",    "stop"};

bool campaign_step_parse(str name, enum campaign_step *ret)
{
    for (unsigned i = 0; i < CAMPAIGN_STEPS; i++)
        if (str_eq(name, str_of(names[i]))) {
            *ret = (enum campaign_step)i;
            return true;
        }
    return false;
}

/* Outreach staff plan; the privacy office approves and stops, too. */
static bool is_for(const struct op *op, enum campaign_step step)
{
    enum role role = op->actor ? op->actor->role : ROLE_NONE;
    bool watch = step == CAMPAIGN_APPROVE || step == CAMPAIGN_REFUSE || step == CAMPAIGN_STOP;
    return role == ROLE_OUTREACH || role == ROLE_SYSTEM || (watch && role == ROLE_PRIVACY);
}

static err may(struct op *op, enum campaign_step step)
{
    if (is_for(op, step))
        return OK;
    return fail(op, ERR_FORBIDDEN,
                "campaigns are for outreach staff; the privacy office may "
                "approve, refuse and stop them");
}

static bool in(const struct life *l, const char *const *states)
{
    for (; *states; states++)
        if (str_eq(l->state, str_of(*states)))
            return true;
    return false;
}

static bool fits(const struct life *l, enum campaign_step step)
{
    static const char *const from[CAMPAIGN_STEPS][4] = {
        [CAMPAIGN_SUBMIT] = {"draft"},
        [CAMPAIGN_APPROVE] = {"submitted"},
        [CAMPAIGN_REFUSE] = {"submitted", "approved"},
        [CAMPAIGN_SCHEDULE] = {"approved"},
        [CAMPAIGN_UNDO] = {"scheduled"},
        [CAMPAIGN_STOP] = {"scheduled", "running"}};
    return in(l, from[step]) || (step == CAMPAIGN_STOP && life_live(l));
}

static err check_state(struct op *op, const struct life *l, enum campaign_step step)
{
    if (fits(l, step))
        return OK;
    return fail(op, ERR_CONFLICT, "a campaign that is %.*s cannot take this step: %s",
                STR_ARG(l->state), names[step]);
}

/* ---- approval ---- */
static bool approved_by(const struct life *l, const struct actor *who)
{
    const struct json *list = JSON_GET(l->o, "approvals"), *a;
    bool found = false;
    for (size_t i = 0; (a = json_at(list, i)); i++)
        found |= authors_signed(a, who);
    return found;
}

static err not_ones_own(struct op *op, const struct life *l)
{
    if (life_wrote(l, op->actor))
        return fail(op, ERR_FORBIDDEN,
                    "a campaign is approved by another account than its "
                    "author's");
    if (approved_by(l, op->actor))
        return fail(op, ERR_CONFLICT,
                    "this account approved it already; a campaign of this "
                    "size takes two");
    return OK;
}

/* What was read is what will run. */
static err not_changed(struct op *op, const struct life *l, uint32_t vid)
{
    int64_t submitted = 0;
    (void)json_i64(JSON_GET(l->o, "version"), &submitted);
    return submitted == vid
               ? OK
               : fail(op, ERR_CONFLICT, "the outline changed since it was submitted; look again");
}

static err approve(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l,
                   uint32_t vid)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY), *one = json_new(a, JSON_OBJECT), *old;
    int64_t people = 0;
    TRY(not_ones_own(op, l));
    TRY(not_changed(op, l, vid));
    for (size_t i = 0; (old = json_at(JSON_GET(l->o, "approvals"), i)); i++)
        json_push(a, list, old);
    if (list->n == 0)
        TRY(people_freeze(op, c, tx, l));
    authors_sign(op, one);
    json_set_str(a, one, STR("at"), time_format(a, op->now));
    json_push(a, list, one);
    json_set(a, l->o, STR("approvals"), list);
    (void)json_i64(JSON_GET(l->o, "people"), &people);
    unsigned needed = people > config_int(c->config, "campaign.two_over") ? 2 : 1;
    json_set(a, l->o, STR("needed"), json_new_i64(a, needed));
    l->state = list->n >= needed ? STR("approved") : STR("submitted");
    return OK;
}

static err submit(struct op *op, struct campaigns *c, struct life *l)
{
    struct record_doc doc;
    struct json *tree;
    struct plan *p;
    int64_t edited = 0;
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), l->id, &doc));
    TRY(record_parse(op, &doc, &tree));
    TRY(plan_read(op, tree, &p));
    (void)json_i64(JSON_GET(l->o, "edited"), &edited);
    if (edited != doc.vid) /* by whom, nobody says: who saves it here answers for it */
        return fail(op, ERR_CONFLICT, "the outline was changed elsewhere; save it here first");
    json_set(op->arena, l->o, STR("version"), json_new_i64(op->arena, doc.vid));
    json_set(op->arena, l->o, STR("journey"), json_new_bool(op->arena, p->journey));
    TRY(people_asked(op, c, l));
    TRY(done_named(op, p));
    TRY(life_author(op, l));
    json_unset(l->o, STR("approvals"));
    l->state = STR("submitted");
    return OK;
}

/* ---- schedule, undo, stop ---- */
static int64_t undo_ms(const struct campaigns *c)
{
    return config_int(c->config, "campaign.undo_minutes") * 60000;
}

/* Nothing starts while it can be undone. */
static err schedule(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l,
                    int64_t at)
{
    int64_t first = op->now + undo_ms(c);
    life_set_time(op, l, "scheduled", op->now);
    life_set_time(op, l, "start", at > first ? at : first);
    l->state = STR("scheduled");
    return live_change(tx, op, c->rec, l->id, true);
}

static bool undo_in_time(const struct op *op, const struct campaigns *c, const struct life *l)
{
    return op->now <= life_time(l, "scheduled") + undo_ms(c);
}

static err undo(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l)
{
    if (!undo_in_time(op, c, l))
        return fail(op, ERR_CONFLICT,
                    "it can be undone within %lld minutes of scheduling; stop "
                    "it instead",
                    (long long)(undo_ms(c) / 60000));
    l->state = STR("approved");
    json_unset(l->o, STR("scheduled"));
    json_unset(l->o, STR("start"));
    return life_live(l) ? OK : live_change(tx, op, c->rec, l->id, false);
}

static err stop(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l)
{
    TRY(outreach_stop_campaign(op, c->outreach, l->id));
    l->state = STR("stopped");
    json_unset(l->o, STR("live"));
    life_set_time(op, l, "stopped", op->now);
    return live_change(tx, op, c->rec, l->id, false);
}

void campaign_steps(struct op *op, const struct campaigns *c, const struct life *l, struct json *o)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    bool wrote = op->actor && life_wrote(l, op->actor);
    bool gave = op->actor && approved_by(l, op->actor);
    for (unsigned i = 0; i < CAMPAIGN_STEPS; i++) {
        bool own = i == CAMPAIGN_APPROVE && (wrote || gave);
        bool late = i == CAMPAIGN_UNDO && !undo_in_time(op, c, l);
        if (is_for(op, (enum campaign_step)i) && fits(l, (enum campaign_step)i) && !own && !late)
            json_push(op->arena, list, json_new_str(op->arena, str_of(names[i])));
    }
    json_set(op->arena, o, STR("steps"), list);
    json_set(op->arena, o, STR("wrote"), json_new_bool(op->arena, wrote));
    json_set(op->arena, o, STR("gave"), json_new_bool(op->arena, gave));
}

struct order {
    enum campaign_step step;
    int64_t at;
    uint32_t vid; /* of the outline as it is now */
};

static err take_step(struct op *op, struct campaigns *c, struct life *l, const struct order *o)
{
    struct record_tx *tx = record_begin(op, c->rec);
    switch (o->step) {
    case CAMPAIGN_SUBMIT:
        TRY(submit(op, c, l));
        break;
    case CAMPAIGN_APPROVE:
        TRY(approve(op, c, tx, l, o->vid));
        break;
    case CAMPAIGN_REFUSE:
        l->state = STR("draft");
        json_unset(l->o, STR("approvals"));
        break;
    case CAMPAIGN_SCHEDULE:
        TRY(campaign_publish(op, c, l));
        TRY(schedule(op, c, tx, l, o->at));
        break;
    case CAMPAIGN_UNDO:
        TRY(undo(op, c, tx, l));
        break;
    case CAMPAIGN_STOP:
    case CAMPAIGN_STEPS:
    default:
        TRY(stop(op, c, tx, l));
        break;
    }
    TRY(life_save(tx, op, l, names[o->step]));
    return record_commit(tx);
}

err campaign_do(struct op *op, struct campaigns *c, str id, enum campaign_step step, int64_t at,
                struct json **ret)
{
    struct record_doc doc;
    struct life l = {.id = id};
    TRY(may(op, step));
    if (step >= CAMPAIGN_STEPS)
        return fail(op, ERR_INVALID, "there is no such step");
    TRY(record_read(op, c->rec, fhir_type_parse(STR("PlanDefinition")), id, &doc));
    TRY(life_load(op, c->rec, id, &l));
    TRY(check_state(op, &l, step));
    err e = take_step(op, c, &l, &(struct order){step, at, doc.vid});
    if (e == ERR_CONFLICT && op->fault.n == 0)
        return fail(op, ERR_CONFLICT, "somebody else took a step of it meanwhile; look again");
    TRY(e);
    return campaign_get(op, c, id, ret);
}
