/* The follower: changes in, cases out. One step is one transaction: the patients' tracks, the cases
 * and the cursor move together or not at all, so a kill at any point neither loses nor doubles.
 * When a nurse changed the case meanwhile, the step is thrown away and done again. */
#include "monitor/trial_int.h"

#define STEP_CHANGES 1024
static str track_key(struct op *op, uint64_t patient)
{
    return arena_printf(op->arena, "mon/%llu", (unsigned long long)patient);
}

static err track_of(struct step *st, uint64_t patient, struct track **ret)
{
    struct track *t = arena_alloc(st->op->arena, sizeof *t);
    str bytes = track_cache_get(&st->m->cache, patient);
    if (!t)
        return op_check(st->op);
    *ret = t;
    if (str_empty(bytes))
        TRY(record_kv_get(st->op, st->m->rec, track_key(st->op, patient), &bytes));
    if (!track_read(bytes, t))
        track_init(t, patient);
    t->on = st->m->live;
    return OK;
}

/* What was deleted since is no error: it only has nothing more to say. */
err step_get(struct step *st, uint64_t rid, struct record_doc *ret, bool *ret_there)
{
    err e = record_get(st->op, st->m->rec, rid, ret);
    *ret_there = e == OK && !ret->deleted;
    if (e != ERR_GONE && e != ERR_NOT_FOUND)
        return e;
    op_clear(st->op);
    return OK;
}

err step_seen(struct step *st, uint64_t patient, struct seen **ret)
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
    TRY(step_get(st, patient, &doc, &there));
    if (!there)
        return OK;
    s->rid = patient;
    TRY(track_of(st, patient, &s->track));
    s->id = doc.id;
    if (!s->track->plan_known) {
        TRY(monitor_zone_load(st->op, st->m, s->track, s->id));
        TRY(monitor_plan_load(st->op, st->m->rec, s->track, s->id));
    }
    s->findings->n = 0;
    s->next = st->first;
    s->alike = *alike;
    st->first = *alike = s;
    *ret = s;
    return OK;
}

/* Tells whether it is over a limit. Late or not is judged at the time of receipt: a reading that
 * came in time raises its case however long we were down. */
static bool add_reading(struct step *st, struct seen *s, const struct reading *r, int64_t at,
                        const struct record_doc *doc)
{
    uint64_t rid = doc->rid;
    bool fresh = at >= doc->updated - MONITOR_LATE_MS;
    if (r->series >= 0) {
        int i = track_add(s->track, r->series, (struct point){at, r->value, rid});
        size_t told = s->findings->n;
        if (i < 0 || !fresh)
            return false;
        bool over =
            MONITOR_SERIES[r->series].codes[0] && eval_beyond(s->track, r->series, r->value);
        monitor_eval(s->track, r->series, i, s->findings);
        trial_hear(st, s, r->series, i);
        return over || s->findings->n > told;
    }
    if (r->yes && fresh) {
        s->track->symptom_at[r->symptom] = at;
        monitor_eval_symptom(s->track, r->symptom, at, rid, s->findings);
    }
    return false;
}

/* A value that is hardly possible: no rule reads it, but it may be measured again. */
static void add_doubt(struct seen *s, const struct reading_set *set, const struct record_doc *doc)
{
    struct finding f = {.rule = (int)RULE_DOUBT + set->doubt.series,
                        .series = set->doubt.series,
                        .symptom = -1,
                        .priority = 2,
                        .run = 1,
                        .value = set->doubt.value,
                        .at = set->at,
                        .rid = doc->rid};
    if (set->implausible && s->findings->n < FINDINGS_MAX)
        s->findings->at[s->findings->n++] = f;
}

/* A weight that may be another person's: no rule reads it, but who is watched over is asked whether
 * it was them, once in some days. */
static void add_who(struct seen *s, const struct reading_set *set, const struct record_doc *doc)
{
    for (size_t i = 0; i < set->n && set->held && s->track->programmes; i++)
        if (set->at_most[i].series == SERIES_WEIGHT && s->findings->n < FINDINGS_MAX)
            s->findings->at[s->findings->n++] = (struct finding){.rule = (int)RULE_WHO,
                                                                 .series = SERIES_WEIGHT,
                                                                 .symptom = -1,
                                                                 .priority = 3,
                                                                 .run = 1,
                                                                 .value = set->at_most[i].value,
                                                                 .at = set->at,
                                                                 .rid = doc->rid};
}

/* What the resource says now. */
static err reading_of(struct step *st, const struct record_doc *doc, struct reading_set *ret)
{
    struct json *tree;
    TRY(record_parse(st->op, doc, &tree));
    if (doc->type != st->observation)
        return signals_of(st->op, st->m, tree, ret);
    reading_set_of(tree, ret);
    ret->dry = plan_is_dry(tree);
    return OK;
}

/* A pair of pressures is one reading over limits; of samples each is one. */
static void add_set(struct step *st, struct seen *s, struct reading_set *set,
                    const struct record_doc *doc)
{
    struct reading r;
    int64_t at;
    bool over = false;
    for (size_t i = 0; i < set->n; i++)
        over |= add_reading(st, s, &set->at_most[i], set->at, doc);
    if (over)
        track_over(s->track, set->at, 1);
    while (samples_next(set, &r, &at))
        if (at <= doc->updated + MONITOR_FUTURE_MS) {
            if (add_reading(st, s, &r, at, doc))
                track_over(s->track, at, 1);
            set->n++;
        }
}

static err add_observation(struct step *st, const struct record_change *c)
{
    struct record_doc doc;
    struct reading_set set;
    struct seen *s;
    bool there;
    TRY(step_get(st, c->rid, &doc, &there));
    if (there && doc.vid != c->vid)
        return OK; /* a later change of the same resource follows */
    TRY(step_seen(st, c->patient, &s));
    if (!s)
        return OK;
    if (!c->created)
        track_forget(s->track, c->rid);
    for (size_t k = 0; !c->created && k < s->track->n_asks; k++)
        s->track->asks[k].gone |= s->track->asks[k].rid == c->rid;
    if (!there) /* was it the dry weight? */
        return isnan(s->track->dry) ? OK : monitor_plan_load(st->op, st->m->rec, s->track, s->id);
    TRY(reading_of(st, &doc, &set));
    if (set.dry)
        return monitor_plan_load(st->op, st->m->rec, s->track, s->id);
    if (set.at > doc.updated + MONITOR_FUTURE_MS)
        return OK;
    add_who(s, &set, &doc);
    if (!set.usable)
        return OK;
    add_set(st, s, &set, &doc);
    add_doubt(s, &set, &doc);
    st->m->stats.readings += set.n;
    return OK;
}

/* Somebody who is watched over may have moved. */
static err add_patient(struct step *st, const struct record_change *c)
{
    struct seen *s;
    str bytes = track_cache_get(&st->m->cache, c->rid);
    if (str_empty(bytes))
        TRY(record_kv_get(st->op, st->m->rec, track_key(st->op, c->rid), &bytes));
    if (str_empty(bytes) || c->deleted)
        return OK;
    TRY(step_seen(st, c->rid, &s));
    return s ? monitor_zone_load(st->op, st->m, s->track, s->id) : OK;
}

static err add_change(struct step *st, const struct record_change *c)
{
    if (c->type == st->patient)
        return add_patient(st, c);
    if (c->patient == 0)
        return OK;
    if (c->type == st->observation || signals_watch(c->type))
        return add_observation(st, c);
    if (c->type == st->care_plan || c->type == st->goal) {
        struct seen *s;
        TRY(step_seen(st, c->patient, &s));
        return s ? monitor_plan_load(st->op, st->m->rec, s->track, s->id) : OK;
    }
    return c->type == st->request && !c->created ? ask_refused(st, c) : OK;
}

static const struct finding *keep_news(struct seen *s, const struct findings *all, bool open,
                                       struct findings *ret)
{
    size_t best = 0;
    for (size_t i = 0; i < all->n; i++)
        if (monitor_news(s->track, &all->at[i], open)) {
            ret->at[ret->n++] = all->at[i];
            open = true; /* from here on it is: what follows is evidence, however changes are
                            batched */
        }
    for (size_t i = 1; i < ret->n; i++)
        if (ret->at[i].priority < ret->at[best].priority)
            best = i;
    return ret->n ? &ret->at[best] : NULL;
}

/* What a finding was found in; empty: it was deleted meanwhile. */
static err reference_of(struct step *st, const struct finding *f, str *ret)
{
    struct record_doc doc;
    bool there;
    *ret = STR_NONE;
    TRY(step_get(st, f->rid, &doc, &there));
    str name = there ? fhir_type_name(doc.type) : STR_NONE;
    if (there)
        *ret = arena_printf(st->op->arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(doc.id));
    return OK;
}

static err evidence_of(struct step *st, const struct findings *f, const str **ret, size_t *ret_n)
{
    str *refs = ARENA_ARRAY(st->op->arena, str, FINDINGS_MAX);
    size_t n = 0;
    for (size_t i = f->n; i-- > 0;) {
        str ref;
        TRY(reference_of(st, &f->at[i], &ref));
        bool had = str_empty(ref);
        for (size_t k = 0; k < n; k++)
            had |= str_eq(refs[k], ref);
        if (!had)
            refs[n++] = ref;
    }
    *ret = refs;
    *ret_n = n;
    return OK;
}

/* A technical level as one of the desk's: data at risk is seen within four hours, the rest in a
 * day. */
static enum desk_priority priority_of(const struct finding *f)
{
    return (enum desk_priority)(finding_is_technical(f) ? f->priority + 2 : f->priority);
}

/* It reaches the case even when the same rule joined it a moment ago. */
static void keep_worse(struct seen *s, const struct worse *w, struct findings *news)
{
    const struct finding *f = w->of;
    for (size_t i = 0; i < news->n; i++)
        if (news->at[i].rule == f->rule && news->at[i].rid == f->rid)
            return;
    if (news->n == FINDINGS_MAX)
        return;
    news->at[news->n++] = *f;
    s->track->rules[f->rule].case_at = f->at;
}

static err open_case(struct step *st, struct record_tx *tx, struct seen *s, str programme,
                     struct findings *all)
{
    bool open = false, is_new = false;
    TRY(desk_is_open(st->op, st->m->rec, s->id, programme, &open));
    struct findings news = {0};
    struct worse worse = {0};
    if (open)
        TRY(worse_find(st, s, programme, all, &worse));
    const struct finding *worst = keep_news(s, all, open, &news);
    if (worse.of)
        keep_worse(s, &worse, &news);
    if (!worst)
        worst = worse.of;
    if (!worst)
        return OK;
    struct desk_case c = {.patient = s->id,
                          .programme = programme,
                          .priority = priority_of(worst),
                          .technical = finding_is_technical(worst),
                          .why = monitor_why(st->op, s->track, &news),
                          .rule = str_of(finding_rule_id(worst))};
    str id;
    TRY(evidence_of(st, &news, &c.evidence, &c.n_evidence));
    if (c.n_evidence == 0)
        return OK; /* all of it was deleted meanwhile */
    TRY(reference_of(st, worst, &c.about));
    c.worse = worse.of != NULL;
    if (c.worse)
        c.why = worse_why(st->op, &worse, c.why);
    TRY(desk_open(tx, st->op, st->m->rec, &c, &id, &is_new));
    if (is_new)
        st->m->stats.cases_opened++;
    else
        st->m->stats.evidence_joined++;
    return OK;
}

/* Trouble with a device is nobody's health: it has a case of its own. What is only for the patient
 * is noted as told. */
static err raise_case(struct step *st, struct record_tx *tx, struct seen *s)
{
    struct findings *health = ARENA_NEW(st->op->arena, struct findings);
    struct findings *device = ARENA_NEW(st->op->arena, struct findings);
    TRY(op_check(st->op));
    for (size_t i = 0; i < s->findings->n; i++) {
        const struct finding *f = &s->findings->at[i];
        struct findings *to = finding_is_technical(f) ? device : health;
        if (finding_is_technical(f) && f->priority == 3) {
            if (monitor_news(s->track, f, false))
                TRY(ask_missing(st, tx, s, f));
        } else
            to->at[to->n++] = *f;
    }
    if (device->n)
        TRY(open_case(st, tx, s, STR(MONITOR_TECHNICAL), device));
    return health->n ? open_case(st, tx, s, track_programme(s->track), health) : OK;
}

err step_commit(struct step *st, uint64_t to)
{
    struct record_tx *tx = record_begin(st->op, st->m->rec);
    size_t n = 0;
    for (struct seen *s = st->first; s; s = s->next, n++) {
        if (s->findings->n || s->track->n_asks)
            TRY(ask_step(st, tx, s));
        if (s->findings->n)
            TRY(raise_case(st, tx, s));
        if (s->trial)
            TRY(trial_keep(st, tx, s));
    }
    str *bytes = ARENA_ARRAY(st->op->arena, str, n + 1);
    TRY(op_check(st->op));
    n = 0;
    for (struct seen *s = st->first; s; s = s->next) {
        bytes[n] = track_write(st->op, s->track);
        record_tx_kv(tx, track_key(st->op, s->rid), bytes[n++]);
    }
    record_tx_cursor(tx, STR(MONITOR_CURSOR), st->m->cursor, to);
    err e = record_commit(tx);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        st->m->cursor_known = false; /* was it a nurse, or does another node follow? */
    TRY(e);
    n = 0;
    for (struct seen *s = st->first; s; s = s->next) {
        struct findings none = {0};
        int64_t due;
        monitor_eval_time(s->track, (struct listened){st->op->now, &st->m->away}, &none, &due);
        track_cache_put(&st->m->cache, s->rid, bytes[n++], none.n ? st->op->now : due);
        round_put(&st->m->round, s->track);
    }
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
                      .goal = fhir_type_parse(STR("Goal")),
                      .patient = fhir_type_parse(STR("Patient")),
                      .request = fhir_type_parse(STR("CommunicationRequest"))};
    for (size_t i = 0; i < n; i++)
        TRY(add_change(&st, &changes[i]));
    TRY(step_commit(&st, changes[n - 1].t));
    m->cursor = m->seen = changes[n - 1].t;
    return OK;
}

/* What is held is what the store has for as long as nobody else moves the cursor. A nurse who
 * changed a case meanwhile costs the step, and no track is read again. */
static err know_cursor(struct op *op, struct monitor *m)
{
    uint64_t had = m->cursor;
    TRY(record_cursor(op, m->rec, STR(MONITOR_CURSOR), &m->cursor));
    m->cursor_known = true;
    if (m->cursor == had)
        return OK;
    m->seen = m->cursor;
    m->loaded = false;
    m->load_n = 0;
    track_cache_clear(&m->cache);
    round_clear(&m->round);
    return OK;
}

err monitor_step(struct op *op, struct monitor *m, size_t *ret_n)
{
    struct record_change *changes;
    size_t n;
    op->actor = identity_system();
    if (!m->cursor_known)
        TRY(know_cursor(op, m));
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
