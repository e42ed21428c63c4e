/* The follower: changes in, enrolments, exits, answers and outcomes out. Each is a transaction of
 * its own under the values it was made from; the cursor moves when all of a change are there.
 * Killed anywhere between, the change is looked at again, and what is there already changes
 * nothing. */
#include "campaign/done_int.h"
#include "campaign/run_int.h"

#include "base/log.h"
#include "outreach/reach.h"
#include "policy/content.h"

#define STEP_CHANGES 256
#define LIVE_MAX 500

struct follow {
    struct op *op;
    struct campaigns *c;
    struct loaded *plans[LIVE_MAX];
    size_t n_plans;
    fhir_type communication, task, appointment;
};

/* One that a newer reader refuses is as one that is gone: nobody else's answer, STOP or end waits
 * for it. What the store cannot give now fails, and is asked again. */
static err outline(struct follow *f, str id, uint32_t vid, struct loaded **ret)
{
    err e = plan_load(f->op, f->c, id, vid, ret);
    if (e != ERR_UNPROCESSABLE || arena_failed(f->op->arena))
        return e;
    log_failed("campaign.outline.unreadable", f->op, e, &f->c->run->unreadable_said);
    op_clear(f->op);
    *ret = NULL;
    return OK;
}

static err load_plans(struct follow *f)
{
    str *ids;
    size_t n;
    TRY(live_list(f->op, f->c->rec, &ids, &n));
    for (size_t i = 0; i < n && i < LIVE_MAX; i++) {
        struct life l;
        struct loaded *p;
        int64_t vid = 0;
        TRY(life_load(f->op, f->c->rec, ids[i], &l));
        (void)json_i64(JSON_GET(l.o, "liveVersion"), &vid);
        if (!life_live(&l))
            continue;
        TRY(outline(f, ids[i], (uint32_t)vid, &p));
        if (p)
            f->plans[f->n_plans++] = p;
    }
    return OK;
}

static err holds(struct follow *f, const struct plan_trigger *t, const struct record_change *ch,
                 struct json *tree, bool *ret)
{
    *ret = t->type == ch->type && (t->on & (ch->created ? PLAN_ADDED : PLAN_CHANGED)) != 0;
    if (*ret && t->when)
        return fhir_path_bool(f->op, t->when, tree, ret);
    return OK;
}

static err anchor_of(struct follow *f, const struct plan_trigger *t, const struct record_change *ch,
                     struct json *tree, int64_t *ret)
{
    struct fhir_path_items items;
    struct time_span at;
    *ret = ch->time;
    if (!t->anchor)
        return OK;
    TRY(fhir_path_eval(f->op, t->anchor, tree, &items));
    if (items.n && time_parse(json_str(items.at[0]), &at))
        *ret = at.lo;
    return OK;
}

static err in_tx(struct follow *f, const struct loaded *l, struct enrolment *e, int64_t anchor)
{
    bool done;
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    TRY(enrol(tx, f->op, f->c, l, e, anchor, &done));
    return done ? record_commit(tx) : OK;
}

static str name_of(const struct follow *f, const struct record_doc *doc)
{
    str type = fhir_type_name(doc->type);
    return arena_printf(f->op->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(doc->id));
}

static err try_enrol(struct follow *f, const struct loaded *l, const struct record_change *ch,
                     const struct record_doc *doc, struct json *tree)
{
    for (size_t i = 0; i < l->plan->n_triggers; i++) {
        const struct plan_trigger *t = &l->plan->triggers[i];
        struct enrolment e = {.plan = l->id, .patient = ch->patient, .reason = name_of(f, doc)};
        int64_t anchor = 0;
        bool is, other = false;
        TRY(holds(f, t, ch, tree, &is));
        if (!is)
            continue;
        TRY(anchor_of(f, t, ch, tree, &anchor));
        if (enrol_late(l->plan, anchor, f->op->now))
            return OK;
        if (ch->type == f->appointment || order_is(ch->type))
            e.trigger = ch->rid;
        if (order_is(ch->type))
            TRY(order_renews(f->op, f->c, doc, tree, &other));
        if (order_is(ch->type) && !other)
            TRY(order_joins(f->op, f->c, &e, anchor, &other));
        return other ? OK : in_tx(f, l, &e, anchor);
    }
    return OK;
}

/* The person leaves now, and nothing of the plan that still waits goes: no word of a visit that was
 * called off. */
static err leave(struct follow *f, struct enrolment *e, enum plan_leaving how)
{
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    TRY(enrolment_leave(tx, f->op, f->c, e, how));
    return record_commit(tx);
}

/* Another visit's end is not this one's, nor is an old medicine that is stopped the new one: what
 * was booked or ordered ends only what it began. */
static bool of_another(const struct follow *f, const struct enrolment *e,
                       const struct record_doc *doc)
{
    str type = fhir_type_name(doc->type);
    if (doc->type == f->appointment)
        return e->trigger && e->trigger != doc->rid;
    return order_is(doc->type) && str_starts(e->reason, arena_cat(f->op->arena, type, STR("/"))) &&
           !enrolment_for(e, name_of(f, doc));
}

/* What ends it by its date is of after it began: no visit of last year that is written now. */
static err since_then(struct follow *f, const struct plan_trigger *t, const struct enrolment *e,
                      struct json *tree, bool *ret)
{
    struct fhir_path_items items;
    struct time_span at;
    *ret = true;
    if (!t->anchor)
        return OK;
    TRY(fhir_path_eval(f->op, t->anchor, tree, &items));
    *ret = items.n && time_parse(json_str(items.at[0]), &at) && at.hi > e->state.anchor;
    return OK;
}

/* A visit at which they could ask. */
static bool took_place(const struct follow *f, const struct record_doc *doc,
                       const struct json *tree)
{
    str status = json_get_str(tree, STR("status"));
    return doc->type == f->appointment
               ? str_eq(status, STR("fulfilled"))
               : doc->type == fhir_type_parse(STR("Encounter")) && str_eq(status, STR("finished"));
}

/* They had the shot or the test meanwhile: nothing more is said of it. */
static err try_done(struct follow *f, struct enrolment *e, const struct record_doc *doc, bool *ret)
{
    struct done_change ch = {e->patient, e->state.anchor ? e->state.anchor : f->op->now, doc};
    const struct chip_row *row;
    struct loaded *l;
    *ret = false;
    TRY(outline(f, e->plan, e->vid, &l));
    if (!l)
        return OK;
    TRY(done_by(f->op, f->c, l->plan, &ch, &row));
    if (!row)
        return OK;
    *ret = true;
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    TRY(done_leave(tx, f->op, f->c, e, row));
    return record_commit(tx);
}

static err try_exit(struct follow *f, struct enrolment *e, const struct record_change *ch,
                    const struct record_doc *doc, struct json *tree)
{
    struct loaded *l;
    TRY(outline(f, e->plan, e->vid, &l));
    if (of_another(f, e, doc))
        return OK;
    for (size_t i = 0; l && i < l->plan->n_exits; i++) {
        bool is, last = true;
        TRY(holds(f, &l->plan->exits[i], ch, tree, &is));
        if (is)
            TRY(since_then(f, &l->plan->exits[i], e, tree, &is));
        if (!is)
            continue;
        if (enrolment_for(e, name_of(f, doc)))
            TRY(order_ends(f->op, f->c, e, name_of(f, doc), &last));
        if (e->trigger)
            e->state.anchor = 0; /* booked again, even for the same hour, it begins anew */
        bool met = !l->journey || took_place(f, doc, tree);
        return last ? leave(f, e, met ? PLAN_LEAVES_IN_PEACE : PLAN_LEAVES) : OK;
    }
    return OK;
}

/* ---- answers ---- */
struct answered {
    struct enrolment *e; /* of whose question */
    struct enrolments in;
    str text;
};

static void add_part(struct op *op, struct json *list, const char *url, const char *type, str value)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, e, STR("url"), str_of(url));
    json_set_str(op->arena, e, str_of(type), value);
    json_push(op->arena, list, e);
}

/* How the words were understood stands with them, so that whoever reads the thread can judge it. */
static err note_meaning(struct record_tx *tx, struct op *op, const struct record_doc *doc,
                        struct json *words, const struct journey_answer *a)
{
    struct json *list = json_new(op->arena, JSON_ARRAY), *all = json_new(op->arena, JSON_ARRAY);
    struct json *e = json_new(op->arena, JSON_OBJECT), *sure = json_new(op->arena, JSON_OBJECT);
    const struct json *old;
    for (size_t i = 0; (old = json_at(JSON_GET(words, "extension"), i)); i++)
        json_push(op->arena, all, old);
    add_part(op, list, "rule", "valueCode", a->number ? STR("number") : STR("words"));
    if (!str_empty(a->matched))
        add_part(op, list, "matched", "valueString", a->matched);
    if (!str_empty(a->meaning))
        add_part(op, list, "meaning", "valueString", a->meaning);
    json_set_str(op->arena, sure, STR("url"), STR("confidence"));
    json_set(op->arena, sure, STR("valueInteger"), json_new_i64(op->arena, a->confidence));
    json_push(op->arena, list, sure);
    json_set_str(op->arena, e, STR("url"), STR(UNDERSTOOD_URL));
    json_set(op->arena, e, STR("extension"), list);
    json_push(op->arena, all, e);
    json_set(op->arena, words, STR("extension"), all);
    return record_tx_update(tx, doc->type, doc->id, words, doc->vid);
}

/* "1 Fine" to the question of today, "1 I feel worse" to that of yesterday: a number that would
 * end with nobody looking is not taken for the one where it may be the other. */
#define BOTH_ASKED_MS (2 * PLAN_DAY_MS)
static err of_another_question(struct follow *f, const struct answered *x, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < x->in.n && !*ret; i++) {
        const struct enrolment *one = &x->in.all[i];
        struct loaded *l;
        struct journey_answer a;
        int of = plan_awaits(&one->state, f->op->now);
        of = of < 0 ? plan_lingers(&one->state, f->op->now) : of;
        if (one == x->e || of < 0 || f->op->now - one->state.asked > BOTH_ASKED_MS)
            continue;
        TRY(outline(f, one->plan, one->vid, &l));
        if (!l || of >= (int)l->plan->n_steps)
            continue;
        const struct plan_step *s = &l->plan->steps[of];
        if (!journey_understand(f->op, l->plan, s, x->text, &a))
            return op_check(f->op);
        *ret = a.path >= 0 && a.number && plan_looks_after(l->plan, s, a.path);
    }
    return OK;
}

static err understand(struct follow *f, const struct plan *p, int of, const struct answered *x,
                      struct journey_answer *ret)
{
    bool other = false;
    if (!journey_understand(f->op, p, &p->steps[of], x->text, ret))
        return op_check(f->op);
    if (ret->number && !plan_looks_after(p, &p->steps[of], ret->path))
        TRY(of_another_question(f, x, &other));
    if (other) {
        ret->path = -1;
        ret->meaning = STR_NONE;
    }
    return OK;
}

static err take_answer(struct follow *f, const struct answered *x, const struct record_doc *doc,
                       struct json *words)
{
    struct enrolment *e = x->e;
    struct loaded *l;
    struct journey_answer a;
    TRY(outline(f, e->plan, e->vid, &l));
    int of = plan_awaits(&e->state, f->op->now);
    of = of < 0 ? plan_lingers(&e->state, f->op->now) : of;
    if (!l || of < 0 || of >= (int)l->plan->n_steps)
        return OK;
    TRY(understand(f, l->plan, of, x, &a));
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    e->said = doc->id;
    e->tell = a.path >= 0 ? arena_printf(f->op->arena, "echo:%d", a.path) : STR("person");
    e->due = e->promised = 0;
    plan_answer(l->plan, &e->state, a.path, f->op->now, &e->state);
    enrolment_save(tx, f->op, e, f->op->now);
    TRY(note_meaning(tx, f->op, doc, words, &a));
    struct json *detail = json_new(f->op->arena, JSON_OBJECT);
    json_set(f->op->arena, detail, STR("path"), json_new_i64(f->op->arena, a.path));
    json_set(f->op->arena, detail, STR("confidence"), json_new_i64(f->op->arena, a.confidence));
    record_tx_trail(tx, STR("campaign-answer"), doc->type, doc->id, detail);
    return record_commit(tx);
}

/* Nothing of it is written to them again, also where they had left it before. */
static err stop_words(struct follow *f, struct enrolment *e)
{
    bool left = e->state.phase == PLAN_LEFT;
    if (left && e->state.stopped)
        return OK;
    e->state.stopped = left ? PLAN_STOPPED_LATER : PLAN_STOPPED;
    if (!left)
        return leave(f, e, PLAN_LEAVES_IN_PEACE);
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    int64_t until = plan_answered_until(&e->state), now = f->op->now;
    e->state.out = 1;
    enrolment_save(tx, f->op, e, str_empty(e->tell) && until > now ? until : now);
    return record_commit(tx);
}

static err words_came(struct follow *f, const struct record_change *ch,
                      const struct record_doc *doc, struct json *tree)
{
    struct enrolment all[ENROLMENTS_MAX];
    struct reply reply;
    size_t n;
    str list, text = json_str(json_path(tree, "payload.0.contentString"));
    if (!ch->created || !outreach_is_theirs(json_str(json_path(tree, "sender.reference"))))
        return OK;
    TRY(enrolments_of(f->op, f->c->rec, ch->patient, all, &n, &list));
    if (n == 0)
        return OK;
    if (!content_reply(f->op, text, &reply))
        return op_check(f->op);
    if (reply.intent == REPLY_STOP) {
        for (size_t i = 0; i < n; i++)
            TRY(stop_words(f, &all[i]));
        return OK;
    }
    struct enrolment *e;
    struct outreach_words w = {
        .answers = fhir_ref_parse(json_str(json_path(tree, "inResponseTo.0.reference"))).id,
        .text = text};
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].said, doc->id))
            return OK; /* they were taken already */
    TRY(enrolment_asked(f->op, f->c, &w, (struct enrolments){all, n}, &e));
    if (!e || reply.intent != REPLY_NONE)
        return OK;
    struct answered x = {e, {all, n}, text};
    return take_answer(f, &x, doc, tree);
}

/* ---- outcomes: what the nurse did is told to the patient ---- */
static str outcome_of(const struct json *task)
{
    const struct json *list = JSON_GET(task, "output"), *o;
    for (size_t i = 0; (o = json_at(list, i)); i++) {
        str code = json_str(json_path(o, "valueCodeableConcept.coding.0.code"));
        if (!str_empty(code))
            return code;
    }
    return STR_NONE;
}

static err case_closed(struct follow *f, const struct record_change *ch, const struct json *tree)
{
    struct enrolment all[ENROLMENTS_MAX];
    size_t n;
    str list, outcome = outcome_of(tree);
    str programme = json_str(json_path(tree, "groupIdentifier.value"));
    if (!str_eq(json_get_str(tree, STR("status")), STR("completed")) || str_empty(outcome))
        return OK;
    TRY(enrolments_of(f->op, f->c->rec, ch->patient, all, &n, &list));
    for (size_t i = 0; i < n; i++) {
        struct loaded *l;
        TRY(outline(f, all[i].plan, all[i].vid, &l));
        if (!l || !str_eq(l->plan->programme, programme) || all[i].due == 0)
            continue;
        struct record_tx *tx = record_begin(f->op, f->c->rec);
        if (!all[i].state.stopped)
            all[i].tell = arena_printf(f->op->arena, "outcome:%.*s:%llu", STR_ARG(outcome),
                                       (unsigned long long)ch->rid);
        all[i].due = 0; /* the promise is kept: told once */
        enrolment_save(tx, f->op, &all[i], f->op->now);
        return record_commit(tx);
    }
    return OK;
}

/* ---- what did not arrive ---- */
/* It is said by another way, or a person calls: never silence. */
static err came_back(struct follow *f, const struct record_change *ch, const struct record_doc *doc,
                     const struct json *tree)
{
    struct enrolment all[ENROLMENTS_MAX], e;
    struct message_name m;
    uint64_t tried = 0;
    size_t n;
    enum way way;
    str key, list;
    if (!outreach_came_back(tree, &key, &way))
        return OK;
    TRY(enrolments_of(f->op, f->c->rec, ch->patient, all, &n, &list));
    if (!message_parse(f->op, key, (struct enrolments){all, n}, &m) || m.of.patient != ch->patient)
        return OK;
    e = m.of;
    TRY(enrolment_load(f->op, f->c->rec, &e));
    if (str_empty(e.text) || e.held || e.state.out || !str_empty(e.tell))
        return OK;
    if (str_starts(m.attempt, STR("a")))
        (void)str_to_u64(str_sub(m.attempt, 1, m.attempt.n), UINT8_MAX, &tried);
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    e.tell =
        arena_printf(f->op->arena, "again:%.*s:%u", STR_ARG(m.step), (unsigned)tried | 1u << way);
    enrolment_save(tx, f->op, &e, f->op->now);
    record_tx_trail(tx, STR("campaign-came-back"), doc->type, doc->id, NULL);
    return record_commit(tx);
}

/* ---- one change ---- */
static bool concerns(const struct follow *f, fhir_type type)
{
    if (type == f->communication || type == f->task)
        return true;
    for (size_t i = 0; i < f->n_plans; i++) {
        const struct plan *p = f->plans[i]->plan;
        for (size_t k = 0; k < p->n_triggers; k++)
            if (p->triggers[k].type == type)
                return true;
        for (size_t k = 0; k < p->n_exits; k++)
            if (p->exits[k].type == type)
                return true;
        if (done_concerns(p, type))
            return true;
    }
    return false;
}

static err exits_of(struct follow *f, const struct record_change *ch, const struct record_doc *doc,
                    struct json *tree)
{
    struct enrolment all[ENROLMENTS_MAX];
    size_t n;
    str list;
    TRY(enrolments_of(f->op, f->c->rec, ch->patient, all, &n, &list));
    for (size_t i = 0; i < n; i++) {
        bool done;
        if (all[i].state.phase == PLAN_LEFT || all[i].state.out)
            continue;
        TRY(try_done(f, &all[i], doc, &done));
        if (!done)
            TRY(try_exit(f, &all[i], ch, doc, tree));
    }
    return OK;
}

static err one_change(struct follow *f, const struct record_change *ch)
{
    struct record_doc doc;
    struct json *tree;
    if (!ch->patient || ch->deleted || !concerns(f, ch->type))
        return OK;
    err e = record_get(f->op, f->c->rec, ch->rid, &doc);
    if (e == ERR_GONE || e == ERR_NOT_FOUND) {
        op_clear(f->op);
        return OK;
    }
    TRY(e);
    if (doc.deleted || doc.vid != ch->vid)
        return OK; /* a later change of the same follows */
    TRY(record_parse(f->op, &doc, &tree));
    if (ch->type == f->communication) {
        TRY(came_back(f, ch, &doc, tree));
        return words_came(f, ch, &doc, tree);
    }
    if (ch->type == f->task)
        TRY(case_closed(f, ch, tree)); /* it may also bring somebody in: a case about a reading */
    TRY(exits_of(f, ch, &doc, tree));
    for (size_t i = 0; i < f->n_plans; i++)
        if (f->plans[i]->journey)
            TRY(try_enrol(f, f->plans[i], ch, &doc, tree));
    return OK;
}

static err move_cursor(struct follow *f, uint64_t to)
{
    struct campaign_run *r = f->c->run;
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    record_tx_cursor(tx, STR(CAMPAIGN_CURSOR), r->cursor, to);
    TRY(record_commit(tx));
    r->cursor = to;
    return OK;
}

static bool hopeless(err e)
{
    return e != OK && e != ERR_UNAVAILABLE && e != ERR_BUSY && e != ERR_CONFLICT &&
           e != ERR_PRECONDITION && e != ERR_TIMEOUT;
}

/* One bad change must not keep everybody waiting: it is passed over, and the trail says so. */
static err take(struct follow *f, const struct record_change *ch)
{
    err e = one_change(f, ch);
    if (!hopeless(e))
        return e;
    op_clear(f->op);
    struct record_tx *tx = record_begin(f->op, f->c->rec);
    struct json *what = json_new(f->op->arena, JSON_OBJECT);
    json_set(f->op->arena, what, STR("t"), json_new_i64(f->op->arena, (int64_t)ch->t));
    record_tx_trail(tx, STR("campaign-skipped"), ch->type, STR_NONE, what);
    return record_commit(tx);
}

err run_follow(struct op *op, struct campaigns *c, size_t *ret_n)
{
    struct campaign_run *r = c->run;
    struct record_change *changes;
    struct follow *f = ARENA_NEW(op->arena, struct follow);
    size_t n;
    *ret_n = 0;
    f->op = op;
    f->c = c;
    f->communication = fhir_type_parse(STR("Communication"));
    f->task = fhir_type_parse(STR("Task"));
    f->appointment = fhir_type_parse(STR("Appointment"));
    if (!r->cursor_known) {
        TRY(record_cursor(op, c->rec, STR(CAMPAIGN_CURSOR), &r->cursor));
        r->cursor_known = true;
    }
    TRY(record_feed(op, c->rec, r->cursor > r->seen ? r->cursor : r->seen, STEP_CHANGES, &changes,
                    &n));
    if (n == 0)
        return OK;
    TRY(load_plans(f));
    for (size_t i = 0; i < n; i++) {
        err e = take(f, &changes[i]);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION) {
            op_clear(op); /* somebody was quicker: once more from what is there now */
            e = take(f, &changes[i]);
        }
        TRY(e);
    }
    *ret_n = n;
    r->seen = changes[n - 1].t;
    return move_cursor(f, changes[n - 1].t);
}
