/* The steps of a change: submitted, approved by somebody else, published from a date for a trial or
 * for good, kept, ended. Invariant: no step skips another, nobody approves or publishes alone what
 * they wrote, or ends or keeps alone what was published, and a version is made from exactly the one
 * its approver saw. */
#include "base/time.h"
#include "rules/rules_int.h"

struct step_row {
    const char *from, *to, *deed;
};
static const struct step_row steps[RULES_STEPS] = {
    [RULES_SUBMIT] = {"draft", "submitted", "submit"},
    [RULES_APPROVE] = {"submitted", "approved", "approve"},
    [RULES_REFUSE] = {"submitted", "refused", "refuse"},
    [RULES_PUBLISH] = {"approved", "published", "publish"},
    [RULES_KEEP] = {"published", "published", "keep"},
    [RULES_END] = {"published", "ended", "end"},
};

static void put(struct op *op, struct json *o, str name, str value)
{
    json_set_str(op->arena, o, name, value);
}

/* A draft of before there were authors names one account. */
static bool wrote(const struct json *meta, const struct actor *who)
{
    return authors_have(meta, who) || authors_is(json_get_str(meta, STR("author")), who);
}

static err approve(struct op *op, struct rules *r, struct json *meta)
{
    struct version v;
    if (wrote(meta, op->actor)) {
        TRY(record_audit_event(op, r->rec, STR("rule-approve"), false, STR("author")));
        return fail(op, ERR_FORBIDDEN,
                    "This is your own change; a second person has to approve it.");
    }
    TRY(book_at(op, r, op->now, &v));
    put(op, meta, STR("approver"), op->actor->user);
    put(op, meta, STR("approved"), time_format(op->arena, op->now));
    json_set(op->arena, meta, STR("on"), json_new_i64(op->arena, v.number));
    return OK;
}

static err write_version(struct op *op, struct record_tx *tx, uint32_t number, struct json *tree,
                         str before)
{
    struct buf b;
    buf_init(&b, op->arena, 256u << 10);
    json_write(&b, tree);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The rulebook's changes are too many for one version.");
    record_tx_expect_kv(tx, book_key(op, number), before);
    record_tx_kv(tx, book_key(op, number), buf_str(&b));
    return OK;
}

/* A change of the rulebook is a change of settings: those rules are asked too (config.change). What
 * would switch off a rule of privacy weakens a default. */
static err settings_rules(struct op *op, struct rules *r, struct json *meta)
{
    struct json *change = JSON_GET(meta, "change");
    struct facts *f = facts_new(op);
    struct verdict v;
    str rule = json_get_str(change, STR("rule"));
    bool off = !json_bool(JSON_GET(change, "enabled"), true);
    bool privacy = str_starts(rule, STR("PRIV-")) || str_starts(rule, STR("GDPR-"));
    facts_set_str(f, FACT_SETTING, str_empty(rule) ? STR("access") : rule);
    facts_set_bool(f, FACT_GDPR_APPLIES, true);
    facts_set_bool(f, FACT_WEAKENS_DEFAULT_BEYOND_NEED, off && privacy);
    TRY(op_check(op));
    TRY(policy_decide(op, record_rulebook(r->rec), TRIGGER_BIT(TRIGGER_CONFIG_CHANGE), f, &v));
    json_set(op->arena, meta, STR("settings"), verdict_to_json(op, &v));
    if (v.decision != DECISION_ALLOW)
        return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.fired[0].why));
    return op_check(op);
}

/* Is there a newer version that has not ended, in force or waiting for its date? */
static err superseded(struct op *op, struct rules *r, uint32_t than, uint32_t newest, bool *ret)
{
    struct version v;
    *ret = false;
    for (uint32_t i = newest; i > than && !*ret; i--) {
        TRY(book_load(op, r, i, &v));
        *ret = !v.until || v.until > op->now;
    }
    return OK;
}

static err publish(struct op *op, struct rules *r, struct json *meta, const struct rules_when *when,
                   struct record_tx *tx)
{
    struct version v;
    struct index x;
    struct json *tree;
    bool newer;
    int64_t on = -1, from = when && when->from > op->now ? when->from : op->now;
    if (when && when->until && when->until <= from)
        return fail_at(op, ERR_INVALID, STR("until"), "The trial ends before it begins.");
    TRY(settings_rules(op, r, meta));
    TRY(book_at(op, r, op->now, &v));
    TRY(index_load(op, r, &x));
    TRY(superseded(op, r, v.number, x.versions, &newer));
    if (!json_i64(JSON_GET(meta, "on"), &on) || on != v.number || newer)
        return fail(
            op, ERR_CONFLICT,
            "The rulebook moved on since this was approved, or another version waits for its date; "
            "draft it anew on what is in force.");
    TRY(book_with(op, &v, meta, &tree));
    struct index next = {.changes = x.changes, .versions = x.versions + 1};
    put(op, meta, STR("from"), time_format(op->arena, from));
    if (when && when->until)
        put(op, meta, STR("until"), time_format(op->arena, when->until));
    json_set(op->arena, meta, STR("version"), json_new_i64(op->arena, next.versions));
    static const char *const told[] = {"version", "from", "until", "author", "approver"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (json_get(meta, str_of(told[i])))
            json_set(op->arena, tree, str_of(told[i]), json_get(meta, str_of(told[i])));
    put(op, tree, STR("change"), json_get_str(meta, STR("id")));
    index_save(tx, op, &x, &next);
    return write_version(op, tx, next.versions, tree, STR_NONE);
}

/* The version of the change, while it is the newest and in force. */
static err standing(struct op *op, struct rules *r, const struct json *meta, struct version *ret)
{
    struct version v;
    struct index x;
    int64_t number = 0;
    TRY(index_load(op, r, &x));
    if (!json_i64(JSON_GET(meta, "version"), &number) || number != x.versions)
        return fail(op, ERR_CONFLICT,
                    "Later versions were made from this one; draft \"Withdraw %.*s\".",
                    STR_ARG(json_get_str(meta, STR("id"))));
    TRY(book_load(op, r, x.versions, &v));
    if (v.until && v.until <= op->now)
        return fail(op, ERR_CONFLICT, "Its trial is over; draft it anew.");
    *ret = v;
    return OK;
}

/* Another end of the newest version: none, or now. */
static err move_end(struct op *op, struct json *meta, const struct version *was, bool end,
                    struct record_tx *tx)
{
    struct version v = *was;
    json_unset(v.tree, STR("until"));
    json_unset(meta, STR("until"));
    if (end) {
        put(op, v.tree, STR("until"), time_format(op->arena, op->now));
        put(op, meta, STR("until"), time_format(op->arena, op->now));
    }
    return write_version(op, tx, v.number, v.tree, v.text);
}

/* Two people end a published change, or make a trial permanent: one asks, another does it. The end
 * that a trial was given stays its end. *ret: it may be done now. */
static err second_person(struct op *op, struct rules *r, struct json *meta, enum rules_step step,
                         bool *ret)
{
    struct json *asked = JSON_GET(meta, "asked");
    bool same = asked && str_eq(json_get_str(asked, STR("step")), str_of(steps[step].deed));
    *ret = same && !authors_signed(asked, op->actor);
    if (same && !*ret) {
        TRY(record_audit_event(op, r->rec, STR("rule-approve"), false, STR("asked it themselves")));
        return fail(op, ERR_FORBIDDEN,
                    "You have asked for this; a second person has to confirm it.");
    }
    json_unset(meta, STR("asked"));
    if (*ret)
        return OK;
    asked = json_new(op->arena, JSON_OBJECT);
    put(op, asked, STR("step"), str_of(steps[step].deed));
    authors_sign(op, asked);
    put(op, asked, STR("at"), time_format(op->arena, op->now));
    json_set(op->arena, meta, STR("asked"), asked);
    return OK;
}

static err take_step(struct op *op, struct rules *r, str id, enum rules_step step,
                     const struct rules_when *when, struct json **ret)
{
    struct json *meta;
    struct version v;
    str before;
    TRY(change_load(op, r, id, &meta, &before));
    str status = json_get_str(meta, STR("status"));
    if (!str_eq(status, str_of(steps[step].from)))
        return fail(op, ERR_CONFLICT,
                    "This change is %.*s; only one that is %s can be taken this step.",
                    STR_ARG(status), steps[step].from);
    struct record_tx *tx = record_begin(op, r->rec);
    if (step == RULES_APPROVE)
        TRY(approve(op, r, meta));
    if (step == RULES_PUBLISH)
        TRY(publish(op, r, meta, when, tx));
    bool two = step == RULES_KEEP || step == RULES_END, now = true;
    if (two)
        TRY(standing(op, r, meta, &v));
    if (two)
        TRY(second_person(op, r, meta, step, &now));
    if (two && now)
        TRY(move_end(op, meta, &v, step == RULES_END, tx));
    if (now)
        put(op, meta, STR("status"), str_of(steps[step].to));
    str deed = !now                 ? arena_printf(op->arena, "asked-%s", steps[step].deed)
               : step == RULES_KEEP ? STR("kept")
                                    : str_of(steps[step].to);
    TRY(change_save(op, meta, before, deed, tx));
    *ret = meta;
    return book_refresh(op, r);
}

err rules_step(struct op *op, struct rules *r, str id, enum rules_step step,
               const struct rules_when *when, struct json **ret)
{
    TRY(may_change(op, r, steps[step].deed));
    pthread_mutex_lock(&r->lock);
    err e = take_step(op, r, id, step, when, ret);
    pthread_mutex_unlock(&r->lock);
    return e;
}
