/* The follower: changes in, cases out. One step is one transaction: the patients' tracks, the cases
 * and the cursor move together or not at all, so a kill at any point neither loses nor doubles.
 * When a nurse changed the case meanwhile, the step is thrown away and done again. */
#include "monitor/monitor_int.h"

#define STEP_CHANGES 1024
#define SEEN_LISTS 256u

struct seen { /* a patient touched in this step */
    uint64_t rid;
    struct track *track;
    struct findings *findings;
    str id;
    struct seen *next, *alike;
};

struct step {
    struct op *op;
    struct monitor *m;
    struct seen *first, *by_rid[SEEN_LISTS]; /* all of them; those with like numbers */
    fhir_type observation, care_plan, goal;
};

static str track_key(struct op *op, uint64_t patient)
{
    return arena_printf(op->arena, "mon/%llu", (unsigned long long)patient);
}

static err track_of(struct step *st, uint64_t patient, struct track **ret)
{
    struct track *cached = st->m->slots[patient % TRACK_SLOTS];
    struct track *t = arena_alloc(st->op->arena, sizeof *t);
    if (!t)
        return op_check(st->op);
    *ret = t;
    if (cached && cached->patient == patient) {
        *t = *cached;
        return OK;
    }
    str bytes = STR_NONE;
    TRY(record_kv_get(st->op, st->m->rec, track_key(st->op, patient), &bytes));
    if (!track_read(bytes, t))
        track_init(t, patient);
    return OK;
}

/* What was deleted since is no error: it only has nothing more to say. */
static err get_if_there(struct step *st, uint64_t rid, struct record_doc *ret, bool *ret_there)
{
    err e = record_get(st->op, st->m->rec, rid, ret);
    *ret_there = e == OK && !ret->deleted;
    if (e != ERR_GONE && e != ERR_NOT_FOUND)
        return e;
    op_clear(st->op);
    return OK;
}

/* *ret is NULL when the patient is gone: there is nobody to watch over. */
static err seen_of(struct step *st, uint64_t patient, struct seen **ret)
{
    struct seen **alike = &st->by_rid[patient % SEEN_LISTS];
    for (struct seen *s = *alike; s; s = s->alike)
        if (s->rid == patient) {
            *ret = s;
            return OK;
        }
    struct seen *s = ARENA_NEW(st->op->arena, struct seen);
    s->findings = arena_alloc(st->op->arena, sizeof *s->findings);
    struct record_doc doc;
    bool there;
    *ret = NULL;
    if (!s->findings)
        return op_check(st->op);
    TRY(get_if_there(st, patient, &doc, &there));
    if (!there)
        return OK;
    s->rid = patient;
    TRY(track_of(st, patient, &s->track));
    s->id = doc.id;
    if (!s->track->plan_known)
        TRY(monitor_plan_load(st->op, st->m->rec, s->track, s->id));
    s->findings->n = 0;
    s->next = st->first;
    s->alike = *alike;
    st->first = *alike = s;
    *ret = s;
    return OK;
}

/* Late or not is judged at the time of receipt: a reading that came in time raises its case however
 * long we were down. */
static void add_reading(struct seen *s, const struct reading *r, int64_t at,
                        const struct record_doc *doc)
{
    uint64_t rid = doc->rid;
    bool fresh = at >= doc->updated - MONITOR_LATE_MS;
    if (r->series >= 0) {
        int i = track_add(s->track, r->series, (struct point){at, r->value, rid});
        if (i >= 0 && fresh)
            monitor_eval(s->track, r->series, i, s->findings);
    } else if (r->yes && fresh) {
        s->track->symptom_at[r->symptom] = at;
        monitor_eval_symptom(s->track, r->symptom, at, rid, s->findings);
    }
}

static err add_observation(struct step *st, const struct record_change *c)
{
    struct record_doc doc;
    struct json *tree;
    struct reading_set set;
    struct seen *s;
    bool there;
    TRY(get_if_there(st, c->rid, &doc, &there));
    if (there && doc.vid != c->vid)
        return OK; /* a later change of the same resource follows */
    TRY(seen_of(st, c->patient, &s));
    if (!s)
        return OK;
    if (!c->created)
        track_forget(s->track, c->rid);
    if (!there)
        return OK;
    TRY(record_parse(st->op, &doc, &tree));
    reading_set_of(tree, &set);
    if (!set.usable || set.at > doc.updated + MONITOR_FUTURE_MS)
        return OK;
    for (size_t i = 0; i < set.n; i++)
        add_reading(s, &set.at_most[i], set.at, &doc);
    st->m->stats.readings += set.n;
    return OK;
}

static err add_change(struct step *st, const struct record_change *c)
{
    if (c->patient == 0)
        return OK;
    if (c->type == st->observation)
        return add_observation(st, c);
    if (c->type == st->care_plan || c->type == st->goal) {
        struct seen *s;
        TRY(seen_of(st, c->patient, &s));
        return s ? monitor_plan_load(st->op, st->m->rec, s->track, s->id) : OK;
    }
    return OK;
}

static const struct finding *keep_news(struct seen *s, bool open, struct findings *ret)
{
    size_t best = 0;
    for (size_t i = 0; i < s->findings->n; i++)
        if (monitor_news(s->track, &s->findings->at[i], open)) {
            ret->at[ret->n++] = s->findings->at[i];
            open = true; /* from here on it is: what follows is evidence, however changes are
                            batched */
        }
    for (size_t i = 1; i < ret->n; i++)
        if (ret->at[i].priority < ret->at[best].priority)
            best = i;
    return ret->n ? &ret->at[best] : NULL;
}

static err evidence_of(struct step *st, const struct findings *f, const str **ret, size_t *ret_n)
{
    str *refs = ARENA_ARRAY(st->op->arena, str, FINDINGS_MAX);
    size_t n = 0;
    for (size_t i = f->n; i-- > 0;) {
        struct record_doc doc;
        bool there;
        TRY(get_if_there(st, f->at[i].rid, &doc, &there));
        if (!there)
            continue;
        str name = fhir_type_name(doc.type);
        str ref = arena_printf(st->op->arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(doc.id));
        bool had = false;
        for (size_t k = 0; k < n; k++)
            had |= str_eq(refs[k], ref);
        if (!had)
            refs[n++] = ref;
    }
    *ret = refs;
    *ret_n = n;
    return OK;
}

static err raise_case(struct step *st, struct record_tx *tx, struct seen *s)
{
    str programme = s->track->programme >= 0 ? str_of(MONITOR_PROGRAMMES[s->track->programme].code)
                                             : STR("vital-signs");
    bool open = false, is_new = false;
    TRY(desk_is_open(st->op, st->m->rec, s->id, programme, &open));
    struct findings news = {0};
    const struct finding *worst = keep_news(s, open, &news);
    if (!worst)
        return OK;
    struct desk_case c = {.patient = s->id,
                          .programme = programme,
                          .priority = (enum desk_priority)worst->priority,
                          .why = monitor_why(st->op, s->track, &news),
                          .rule = str_of(finding_rule_id(worst))};
    str id;
    TRY(evidence_of(st, &news, &c.evidence, &c.n_evidence));
    if (c.n_evidence == 0)
        return OK; /* all of it was deleted meanwhile */
    TRY(desk_open(tx, st->op, st->m->rec, &c, &id, &is_new));
    if (is_new)
        st->m->stats.cases_opened++;
    else
        st->m->stats.evidence_joined++;
    return OK;
}

static void remember(struct step *st)
{
    for (struct seen *s = st->first; s; s = s->next) {
        struct track **slot = &st->m->slots[s->rid % TRACK_SLOTS];
        if (!*slot)
            *slot = malloc(sizeof **slot);
        if (*slot)
            **slot = *s->track;
    }
}

static err commit_step(struct step *st, uint64_t to)
{
    struct record_tx *tx = record_begin(st->op, st->m->rec);
    for (struct seen *s = st->first; s; s = s->next) {
        if (s->findings->n)
            TRY(raise_case(st, tx, s));
        record_tx_kv(tx, track_key(st->op, s->rid), track_write(st->op, s->track));
    }
    record_tx_cursor(tx, STR(MONITOR_CURSOR), st->m->cursor, to);
    TRY(record_commit(tx));
    remember(st);
    return OK;
}

/* Only what may pass by itself is worth another try; all else fails the same way for ever. */
static bool hopeless(err e)
{
    return e != OK && e != ERR_UNAVAILABLE && e != ERR_BUSY && e != ERR_CONFLICT &&
           e != ERR_PRECONDITION && e != ERR_TIMEOUT;
}

/* One bad transaction must not keep all patients from being watched: it is passed over, and the
 * trail says so. */
static err skip(struct op *op, struct monitor *m, const struct record_change *c)
{
    struct record_tx *tx;
    op_clear(op);
    tx = record_begin(op, m->rec);
    struct json *what = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, what, STR("t"), json_new_i64(op->arena, (int64_t)c->t));
    record_tx_trail(tx, STR("monitor-skipped"), c->type, STR_NONE, what);
    record_tx_cursor(tx, STR(MONITOR_CURSOR), m->cursor, c->t);
    TRY(record_commit(tx));
    m->cursor = m->seen = c->t;
    m->stats.skipped++;
    return OK;
}

static err take(struct op *op, struct monitor *m, const struct record_change *changes, size_t n)
{
    struct step st = {.op = op,
                      .m = m,
                      .observation = fhir_type_parse(STR("Observation")),
                      .care_plan = fhir_type_parse(STR("CarePlan")),
                      .goal = fhir_type_parse(STR("Goal"))};
    for (size_t i = 0; i < n; i++)
        TRY(add_change(&st, &changes[i]));
    TRY(commit_step(&st, changes[n - 1].t));
    m->cursor = m->seen = changes[n - 1].t;
    return OK;
}

err monitor_step(struct op *op, struct monitor *m, size_t *ret_n)
{
    struct record_change *changes;
    size_t n;
    op->actor = identity_system();
    if (!m->cursor_known) {
        TRY(record_cursor(op, m->rec, STR(MONITOR_CURSOR), &m->cursor));
        m->cursor_known = true;
        m->seen = m->cursor;
    }
    uint64_t now_t = record_now_t(m->rec);
    TRY(record_feed(op, m->rec, m->seen, m->careful ? 1 : STEP_CHANGES, &changes, &n));
    *ret_n = n;
    if (n == 0) {
        m->seen = m->stats.cursor = now_t; /* what was committed since holds no documents */
        m->stats.behind = 0;
        m->careful = false;
        return OK;
    }
    err e = take(op, m, changes, n);
    if (hopeless(e) && m->careful)
        e = skip(op, m, &changes[n - 1]);
    m->careful = e != OK;
    m->stats.cursor = m->seen;
    m->stats.behind = now_t > m->seen ? now_t - m->seen : 0;
    return e;
}
