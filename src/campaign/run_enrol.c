/* One person in one plan: state, timer and CarePlan change in one transaction. A timer is an outbox
 * job that names the enrolment and the number of its state; one that is behind does nothing. */
#include "campaign/run_int.h"

str enrolment_key(struct op *op, const struct enrolment *e)
{
    return arena_printf(op->arena, "%.*s/%llu/%llu", STR_ARG(e->plan),
                        (unsigned long long)e->patient, (unsigned long long)e->trigger);
}

static str value_key(struct op *op, const struct enrolment *e)
{
    str k = enrolment_key(op, e);
    return arena_printf(op->arena, "campaign/e/%.*s", STR_ARG(k));
}

static void set_i64(struct op *op, struct json *o, const char *name, int64_t v)
{
    if (v)
        json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

static int64_t get_i64(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

static str pack(struct op *op, const struct enrolment *e)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    const struct plan_state *s = &e->state;
    set_i64(op, o, "v", e->vid);
    set_i64(op, o, "a", s->anchor);
    set_i64(op, o, "s", s->since);
    set_i64(op, o, "k", s->asked);
    set_i64(op, o, "p", s->paused_until);
    set_i64(op, o, "st", s->step);
    set_i64(op, o, "ph", s->phase);
    set_i64(op, o, "t", s->tries);
    set_i64(op, o, "si", s->silent);
    set_i64(op, o, "u", s->used);
    set_i64(op, o, "la", s->last);
    set_i64(op, o, "lh", s->late);
    set_i64(op, o, "ls", s->stale);
    set_i64(op, o, "ov", s->over);
    set_i64(op, o, "bk", s->back);
    set_i64(op, o, "w", s->words);
    set_i64(op, o, "ou", s->out);
    set_i64(op, o, "sx", s->stopped);
    set_i64(op, o, "sp", s->spoke);
    set_i64(op, o, "he", s->heard);
    set_i64(op, o, "q", e->seq);
    set_i64(op, o, "h", e->held);
    set_i64(op, o, "d", e->due);
    set_i64(op, o, "pr", e->promised);
    json_set_str(op->arena, o, STR("cp"), e->care_plan);
    json_set_str(op->arena, o, STR("r"), e->reason);
    json_set_str(op->arena, o, STR("tell"), e->tell);
    json_set_str(op->arena, o, STR("said"), e->said);
    if (!str_empty(e->done))
        json_set_str(op->arena, o, STR("dn"), e->done);
    buf_init(&b, op->arena, 8192);
    json_write(&b, o);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static void unpack(const struct json *o, struct enrolment *e)
{
    e->vid = (uint32_t)get_i64(o, "v");
    e->state = (struct plan_state){.anchor = get_i64(o, "a"),
                                   .since = get_i64(o, "s"),
                                   .asked = get_i64(o, "k"),
                                   .paused_until = get_i64(o, "p"),
                                   .step = (int16_t)get_i64(o, "st"),
                                   .phase = (uint8_t)get_i64(o, "ph"),
                                   .tries = (uint8_t)get_i64(o, "t"),
                                   .silent = (uint8_t)get_i64(o, "si"),
                                   .used = (uint8_t)get_i64(o, "u"),
                                   .last = (uint8_t)get_i64(o, "la"),
                                   .late = (uint8_t)get_i64(o, "lh"),
                                   .stale = (uint8_t)get_i64(o, "ls"),
                                   .over = (uint8_t)get_i64(o, "ov"),
                                   .back = (uint8_t)get_i64(o, "bk"),
                                   .words = (uint8_t)get_i64(o, "w"),
                                   .out = (uint8_t)get_i64(o, "ou"),
                                   .stopped = (uint8_t)get_i64(o, "sx"),
                                   .spoke = get_i64(o, "sp"),
                                   .heard = get_i64(o, "he")};
    e->seq = (uint32_t)get_i64(o, "q");
    e->held = get_i64(o, "h") != 0;
    e->due = get_i64(o, "d");
    e->promised = get_i64(o, "pr");
    e->care_plan = json_get_str(o, STR("cp"));
    e->reason = json_get_str(o, STR("r"));
    e->tell = json_get_str(o, STR("tell"));
    e->said = json_get_str(o, STR("said"));
    e->done = json_get_str(o, STR("dn"));
    if (str_eq(e->tell, STR("stop"))) { /* as it was kept until ADR 79 */
        e->tell = STR_NONE;
        e->state.stopped = PLAN_STOPPED;
    }
}

err enrolment_load(struct op *op, struct record *rec, struct enrolment *e)
{
    struct json *o;
    TRY(record_kv_get(op, rec, value_key(op, e), &e->text));
    if (str_empty(e->text))
        return OK;
    TRY(json_read(op, e->text, &JSON_LIMITS_DEFAULT, &o));
    unpack(o, e);
    return OK;
}

void enrolment_save(struct record_tx *tx, struct op *op, struct enrolment *e, int64_t at)
{
    str key = enrolment_key(op, e);
    e->seq++;
    record_tx_expect_kv(tx, value_key(op, e), e->text);
    e->text = pack(op, e);
    record_tx_kv(tx, value_key(op, e), e->text);
    if (at)
        record_tx_outbox(tx, STR(CAMPAIGN_QUEUE), at,
                         arena_printf(op->arena, "%.*s %u", STR_ARG(key), (unsigned)e->seq));
}

/* ---- those of a person ---- */
static str people_key(struct op *op, uint64_t patient)
{
    return arena_printf(op->arena, "campaign/p/%llu", (unsigned long long)patient);
}

bool enrolment_parse(str key, struct enrolment *ret)
{
    str plan, patient, trigger = STR_NONE;
    return str_take_until(&key, '/', &plan) && str_take_until(&key, '/', &patient) &&
           str_take_until(&key, '/', &trigger) && (ret->plan = plan).n &&
           str_to_u64(patient, UINT64_MAX, &ret->patient) &&
           str_to_u64(trigger, UINT64_MAX, &ret->trigger);
}

err enrolments_of(struct op *op, struct record *rec, uint64_t patient, struct enrolment *ret,
                  size_t *ret_n, str *ret_text)
{
    str text, part;
    size_t n = 0;
    TRY(record_kv_get(op, rec, people_key(op, patient), &text));
    *ret_text = text;
    while (n < ENROLMENTS_MAX && str_take_until(&text, ' ', &part)) {
        struct enrolment e = {0};
        if (!enrolment_parse(part, &e))
            continue;
        TRY(enrolment_load(op, rec, &e));
        if (!str_empty(e.text))
            ret[n++] = e;
    }
    *ret_n = n;
    return OK;
}

err enrolments_change(struct record_tx *tx, struct op *op, const struct enrolment *e, bool in)
{
    str text, part, rest, key = enrolment_key(op, e);
    struct buf b;
    size_t n = 0;
    TRY(record_tx_kv_now(tx, people_key(op, e->patient), &text));
    buf_init(&b, op->arena, 8192);
    if (in)
        buf_add(&b, key);
    for (rest = text; str_take_until(&rest, ' ', &part);)
        if (!str_eq(part, key) && n++ < ENROLMENTS_MAX - 1)
            buf_printf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(part));
    record_tx_kv(tx, people_key(op, e->patient), buf_str(&b));
    return op_check(op);
}

/* *ret: those that had not left. */
static err take_back(struct record_tx *tx, struct op *op, struct campaigns *c,
                     const struct enrolment *e, struct outreach_taken *ret)
{
    fhir_type type;
    str id;
    *ret = (struct outreach_taken){0};
    err found = record_name(op, c->rec, e->patient, &type, &id);
    if (found == ERR_NOT_FOUND || found == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(found);
    struct outreach_waiting all = {id, message_prefix(op, e)};
    return outreach_take_back(tx, op, c->outreach, &all, ret);
}

/* Was it a message of the step? Of an outline that is gone, none can be told from another. */
static bool taken_of(struct op *op, const struct plan *p, struct enrolment *e,
                     const struct outreach_taken *back, int step)
{
    struct message_name m;
    bool found = !p && back->n;
    for (size_t i = 0; p && i < back->n && step >= 0 && step < (int)p->n_steps && !found; i++)
        found = message_parse(op, back->keys[i], (struct enrolments){e, 1}, &m) &&
                message_names(op, m.step, p->steps[step].id);
    return found;
}

/* Of what was taken back they were not asked. */
static void unsaid(struct op *op, const struct plan *p, struct enrolment *e,
                   const struct outreach_taken *back)
{
    bool first = e->state.tries < 2;
    if (first && taken_of(op, p, e, back, e->state.last - 1))
        e->state.last = 0;
    if (first && taken_of(op, p, e, back, e->state.words - 1))
        e->state.words = 0;
}

err enrolment_leave(struct record_tx *tx, struct op *op, struct campaigns *c, struct enrolment *e,
                    enum plan_leaving how)
{
    struct outreach_taken back;
    struct plan *p;
    TRY(take_back(tx, op, c, e, &back));
    TRY(plan_alone(op, c, e->plan, e->vid, &p));
    unsaid(op, p, e, &back);
    plan_leave(p, &e->state, how, op->now);
    if (str_starts(e->tell, STR("again:")))
        e->tell = STR_NONE;
    int64_t until = plan_answered_until(&e->state), at = until > op->now ? until : 0;
    if (e->state.phase != PLAN_LEFT || !str_empty(e->tell))
        at = op->now; /* what they answered is heard yet */
    enrolment_save(tx, op, e, at);
    if (!at)
        TRY(enrolments_change(tx, op, e, false));
    const char *status = str_empty(e->done) ? "revoked" : "completed"; /* what it was for is done */
    return care_plan_status(tx, op, c->rec, e->care_plan, status);
}

/* ---- CarePlan ---- */
static void push(struct op *op, struct json *o, str name, const struct json *item)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, item);
    json_set(op->arena, o, name, list);
}

str plan_version_uri(struct op *op, str id, uint32_t vid)
{
    return arena_printf(op->arena, "PlanDefinition/%.*s/_history/%u", STR_ARG(id), (unsigned)vid);
}

err care_plan_open(struct record_tx *tx, struct op *op, const struct loaded *l, struct enrolment *e)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *period = json_new(a, JSON_OBJECT),
                *id = json_new(a, JSON_OBJECT);
    str key = enrolment_key(op, e), patient = e->care_plan; /* the Patient's reference till now */
    json_set_str(a, o, STR("resourceType"), STR("CarePlan"));
    json_set_str(a, id, STR("system"), STR(CARE_PLAN_ID));
    json_set_str(a, id, STR("value"), arena_printf(a, "%.*s", STR_ARG(key)));
    push(op, o, STR("identifier"), id);
    if (!str_empty(l->plan->url))
        push(op, o, STR("instantiatesCanonical"),
             json_new_str(a, arena_printf(a, "%.*s|%u", STR_ARG(l->plan->url), (unsigned)l->vid)));
    push(op, o, STR("instantiatesUri"), json_new_str(a, plan_version_uri(op, l->id, l->vid)));
    json_set_str(a, o, STR("status"), STR("active"));
    json_set_str(a, o, STR("intent"), STR("plan"));
    json_set_str(a, o, STR("title"), l->title);
    json_set(a, o, STR("subject"), fhir_reference(op, patient));
    json_set_str(a, period, STR("start"), time_format(a, op->now));
    json_set(a, o, STR("period"), period);
    if (!str_empty(e->reason))
        push(op, o, STR("supportingInfo"), fhir_reference(op, e->reason));
    return record_tx_create(tx, o, &e->care_plan);
}

err care_plan_status(struct record_tx *tx, struct op *op, struct record *rec, str id,
                     const char *status)
{
    struct record_doc doc;
    struct json *o;
    if (str_empty(id))
        return OK;
    err e = record_read(op, rec, fhir_type_parse(STR("CarePlan")), id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &o));
    str was = json_get_str(o, STR("status"));
    if (str_eq(was, STR("revoked")) || str_eq(was, STR("completed")))
        return OK; /* how it ended stays */
    json_set_str(op->arena, o, STR("status"), str_of(status));
    struct json *period = JSON_GET(o, "period");
    bool over = strcmp(status, "active") != 0 && strcmp(status, "on-hold") != 0;
    if (over && json_is(period, JSON_OBJECT))
        json_set_str(op->arena, period, STR("end"), time_format(op->arena, op->now));
    return record_tx_update(tx, doc.type, id, o, doc.vid);
}

bool enrol_late(const struct plan *p, int64_t anchor, int64_t now)
{
    return anchor < now - (p->lasts ? p->lasts : 30 * PLAN_DAY_MS);
}

/* Before it begins anew. What they answered and nobody has heard yet, or what they want to ask and
 * nobody knows, a person reads. */
static err forget_said(struct op *op, struct campaigns *c, struct enrolment *e)
{
    struct plan *p = NULL;
    if (!str_empty(e->text))
        TRY(plan_alone(op, c, e->plan, e->vid, &p));
    bool pending = e->state.phase != PLAN_LEFT && e->state.out;
    bool waits = p && (plan_unheard(p, &e->state) >= 0 || plan_untold(p, &e->state) >= 0);
    bool unheard = !str_empty(e->text) && (pending || waits || str_eq(e->tell, STR("person")));
    e->tell = unheard ? STR("person") : STR_NONE;
    e->said = unheard ? e->said : STR_NONE;
    e->promised = 0;
    return OK;
}

err enrol(struct record_tx *tx, struct op *op, struct campaigns *c, const struct loaded *l,
          struct enrolment *e, int64_t anchor, bool *ret_done)
{
    const struct plan *p = l->plan;
    fhir_type type;
    struct outreach_taken back;
    str id;
    *ret_done = false;
    TRY(enrolment_load(op, c->rec, e));
    bool under_way = !str_empty(e->text) && e->state.phase != PLAN_LEFT && !e->state.out;
    bool moved = under_way && e->trigger && e->state.anchor != anchor; /* another hour */
    bool soon =
        !str_empty(e->text) && !under_way && (p->again < 0 || op->now < e->state.since + p->again);
    /* the same visit at the same hour, written again: who has left it stays out */
    bool again = !str_empty(e->text) && !under_way && e->state.anchor == anchor;
    if ((under_way && !moved) || soon || again)
        return OK;
    if (enrol_late(p, anchor, op->now))
        return OK;
    TRY(record_name(op, c->rec, e->patient, &type, &id));
    if (moved) /* "your visit is tomorrow" waits no more */
        TRY(take_back(tx, op, c, e, &back));
    TRY(forget_said(op, c, e));
    e->vid = l->vid;
    e->done = STR_NONE;
    plan_begin(p, anchor, op->now, &e->state);
    if (!moved && l->journey) {
        e->care_plan = arena_printf(op->arena, "Patient/%.*s", STR_ARG(id));
        TRY(care_plan_open(tx, op, l, e));
    }
    enrolment_save(tx, op, e, e->held ? 0 : op->now);
    *ret_done = true;
    return moved ? OK : enrolments_change(tx, op, e, true);
}
