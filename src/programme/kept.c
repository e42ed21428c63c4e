/* Days with data, kept as readings come in, so that a list of everybody reads nobody's readings.
 * A follower of the change feed: a patient's value is written when a day is new, at most once a day
 * and patient as a rule; what was changed or taken back is counted anew. Invariant: what is kept is
 * what data_days() would find for the house; whoever may see less is not answered from it. */
#include "programme/programme_int.h"

#include <stdlib.h>

#define CURSOR "programme-days"
#define STEP 256
#define CURSOR_EVERY 4096
#define SPAN_DAYS 400 /* back from today, and ahead, for clocks that are wrong */
#define DAYS_MAX 512u /* of a patient; the oldest makes room */
#define PEOPLE_MAX 50000u
#define BEHIND_MS 500 /* a list waits so long for the newest readings to be counted */
#define VALUE_MAX 32768u

struct kept {
    uint64_t patient;
    char zone[KEPT_ZONE];
    int64_t since; /* whole from that day on; DAY_NEVER: nothing is */
    bool labelled; /* not everybody sees all of them */
    bool stale, touched;
    size_t n;
    int32_t day[DAYS_MAX];
};

static const struct actor *follower(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = {"weft-programme", 14}};
    return &actor;
}

static str key_of(struct op *op, uint64_t patient)
{
    return arena_printf(op->arena, "programme-days/%llu", (unsigned long long)patient);
}

static struct kept *find(struct kept_all *all, uint64_t patient)
{
    return map_get(&all->people, str_make((const char *)&patient, sizeof patient));
}

static void add_day(struct kept *k, int64_t day)
{
    size_t i = k->n;
    while (i > 0 && k->day[i - 1] > day)
        i--;
    if ((i > 0 && k->day[i - 1] == day) || day < k->since || day > INT32_MAX)
        return;
    if (k->n == DAYS_MAX) {
        if (i == 0)
            return;
        k->since = k->day[0] + 1;
        memmove(k->day, k->day + 1, --k->n * sizeof k->day[0]);
        i--;
    }
    memmove(k->day + i + 1, k->day + i, (k->n++ - i) * sizeof k->day[0]);
    k->day[i] = (int32_t)day;
    k->touched = true;
}

/* ---- as it is stored ---- */
static str text_of(struct op *op, const struct kept *k)
{
    struct buf b;
    if (k->since == DAY_NEVER)
        return STR_NONE; /* nobody is there: nothing is kept */
    buf_init(&b, op->arena, VALUE_MAX);
    buf_printf(&b, "{\"zone\":\"%s\",\"since\":%lld,\"labelled\":%s,\"days\":[", k->zone,
               (long long)k->since, k->labelled ? "true" : "false");
    for (size_t i = 0; i < k->n; i++)
        buf_printf(&b, "%s%d", i ? "," : "", k->day[i]);
    buf_add(&b, STR("]}"));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool read_text(struct op *op, str text, struct kept *k)
{
    struct json *o;
    int64_t since, day;
    if (!text.n || json_read(op, text, &JSON_LIMITS_DEFAULT, &o) != OK ||
        !json_i64(JSON_GET(o, "since"), &since)) {
        op_clear(op);
        return false;
    }
    const struct json *days = JSON_GET(o, "days"), *one;
    snprintf(k->zone, sizeof k->zone, "%.*s", STR_ARG(json_get_str(o, STR("zone"))));
    k->since = since;
    k->labelled = json_bool(JSON_GET(o, "labelled"), false);
    for (size_t i = 0; (one = json_at(days, i)) && json_i64(one, &day); i++)
        add_day(k, day);
    k->touched = false;
    return true;
}

/* ---- counting ---- */
/* Of one who is gone, or has more than can be counted, nothing is kept. */
static err recount(struct op *op, struct programmes *p, struct kept *k)
{
    struct data_days data = {0};
    const struct json *name;
    fhir_type type;
    str id, zone = STR_NONE;
    err e = record_name(op, p->rec, k->patient, &type, &id);
    if (e == OK)
        e = patient_zone(op, p, id, &zone, &name);
    int64_t since = DAY_NEVER;
    if (e == OK && zone.n < sizeof k->zone) {
        int64_t today = day_of(op->now, zone);
        struct day_span over = {today - SPAN_DAYS, today + SPAN_DAYS};
        e = data_days(op, p, id, zone, &over, &data);
        since = over.from;
    }
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_TOO_COSTLY) {
        op_clear(op);
        since = DAY_NEVER;
    } else {
        TRY(e);
    }
    pthread_mutex_lock(&p->kept.lock);
    k->since = since;
    k->n = 0;
    k->labelled = data.labelled;
    k->stale = false;
    if (since != DAY_NEVER)
        snprintf(k->zone, sizeof k->zone, "%.*s", STR_ARG(zone));
    for (size_t i = 0; since != DAY_NEVER && i < data.list.n; i++)
        add_day(k, data.list.at[i].day);
    k->touched = true;
    pthread_mutex_unlock(&p->kept.lock);
    return OK;
}

static err keep(struct op *op, struct programmes *p, uint64_t patient)
{
    struct kept_all *all = &p->kept;
    str text;
    if (!patient || find(all, patient) || all->people.n >= PEOPLE_MAX)
        return OK;
    TRY(record_kv_get(op, p->rec, key_of(op, patient), &text));
    if (!all->spare) /* that of one who could not be counted serves the next */
        all->spare = ARENA_NEW(all->arena, struct kept);
    if (arena_failed(all->arena))
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    struct kept *k = all->spare;
    memset(k, 0, sizeof *k);
    k->patient = patient;
    k->since = INT64_MIN;
    if (!read_text(op, text, k))
        TRY(recount(op, p, k));
    pthread_mutex_lock(&all->lock);
    bool kept = map_put(&all->people, str_make((const char *)&k->patient, sizeof patient), k);
    pthread_mutex_unlock(&all->lock);
    all->spare = kept ? NULL : k;
    return kept ? OK : fail(op, ERR_UNAVAILABLE, "out of memory");
}

static err keep_episode(void *ctx, struct op *op, const struct record_doc *doc,
                        const struct json *tree)
{
    uint64_t rid = 0;
    (void)doc;
    str id = fhir_ref_parse(json_str(json_path(tree, "patient.reference"))).id;
    if (!enrolment_programme(tree) || !id.n)
        return OK;
    struct programmes *p = ctx;
    err e = record_resolve(op, p->rec, fhir_type_parse(STR("Patient")), id, &rid);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(keep(op, p, rid));
    struct kept *k = find(&p->kept, rid);
    if (!k || !k->touched)
        return OK;
    struct record_tx *tx = record_begin(op, p->rec);
    record_tx_kv(tx, key_of(op, rid), text_of(op, k));
    k->touched = false;
    return record_commit(tx);
}

static err load(struct op *op, struct programmes *p)
{
    struct kept_all *all = &p->kept;
    struct record_each walk = {.type = "EpisodeOfCare",
                               .query = STR("type=" PROGRAMME_SYSTEM "%7C"),
                               .max = PEOPLE_MAX,
                               .fn = keep_episode,
                               .ctx = p};
    uint64_t now = record_now_t(p->rec);
    TRY(record_cursor(op, p->rec, STR(CURSOR), &all->cursor));
    if (!all->cursor && now) { /* the first time: what was before is counted by the walk */
        struct record_tx *tx = record_begin(op, p->rec);
        record_tx_cursor(tx, STR(CURSOR), 0, now);
        TRY(record_commit(tx));
        all->cursor = now;
    }
    TRY(record_find_each(op, p->rec, &walk));
    atomic_store(&all->seen, all->cursor);
    all->loaded = true;
    return OK;
}

/* ---- following ---- */
static err add_reading(struct op *op, struct programmes *p, const struct record_change *c,
                       struct kept *k)
{
    struct record_doc doc;
    struct json *tree;
    int64_t day;
    if (!c->created || c->deleted) {
        k->stale = true; /* what it said before is not known */
        return OK;
    }
    err e = record_get(op, p->rec, c->rid, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op); /* taken back since: its change follows */
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &tree));
    if (!reading_day(tree, str_of(k->zone), &day))
        return OK;
    pthread_mutex_lock(&p->kept.lock);
    add_day(k, day);
    if (reading_labelled(tree) && !k->labelled)
        k->labelled = k->touched = true;
    pthread_mutex_unlock(&p->kept.lock);
    return OK;
}

static err add_change(struct op *op, struct programmes *p, const struct record_change *c)
{
    static const char *const types[] = {"EpisodeOfCare", "Observation", "Patient"};
    size_t i = 0;
    while (i < 3 && c->type != fhir_type_parse(str_of(types[i])))
        i++;
    if (i == 0 && !c->deleted)
        return keep(op, p, c->patient);
    struct kept *k = find(&p->kept, i == 2 ? c->rid : c->patient);
    if (!k || i == 3)
        return OK;
    if (i == 1)
        return add_reading(op, p, c, k);
    k->stale = true; /* moved, perhaps, or gone */
    return OK;
}

/* Patients of the step: counted anew where that is asked, and kept with the cursor. */
static err settle(struct op *op, struct programmes *p, const struct record_change *c, size_t n)
{
    struct kept_all *all = &p->kept;
    struct record_tx *tx = record_begin(op, p->rec);
    struct kept **done = ARENA_ARRAY(op->arena, struct kept *, 2 * n + 1);
    size_t n_done = 0;
    TRY(op_check(op));
    for (size_t i = 0; i < 2 * n; i++) {
        struct kept *k = find(all, i % 2 ? c[i / 2].rid : c[i / 2].patient);
        if (k && k->stale)
            TRY(recount(op, p, k));
        if (!k || !k->touched)
            continue;
        k->touched = false;
        done[n_done++] = k;
        record_tx_kv(tx, key_of(op, k->patient), text_of(op, k));
    }
    uint64_t to = c[n - 1].t;
    if (!n_done && to < all->cursor + CURSOR_EVERY)
        return OK;
    record_tx_cursor(tx, STR(CURSOR), all->cursor, to);
    err e = record_commit(tx);
    for (size_t i = 0; e != OK && i < n_done; i++)
        done[i]->touched = true;
    TRY(e);
    all->cursor = to;
    return OK;
}

err kept_step(struct op *op, void *ctx, size_t *ret_n)
{
    struct programmes *p = ctx;
    struct record_change *all;
    *ret_n = 0;
    op->actor = follower();
    if (!p->kept.loaded)
        TRY(load(op, p));
    uint64_t now = record_now_t(p->rec), seen = atomic_load(&p->kept.seen);
    TRY(record_feed(op, p->rec, seen, STEP, &all, ret_n));
    for (size_t i = 0; i < *ret_n; i++)
        TRY(add_change(op, p, &all[i]));
    if (*ret_n)
        TRY(settle(op, p, all, *ret_n));
    atomic_store(&p->kept.seen, *ret_n ? all[*ret_n - 1].t : now);
    return OK;
}

/* ---- asking ---- */
bool kept_is_current(struct programmes *p)
{
    uint64_t now = record_now_t(p->rec);
    int64_t until = time_mono() + BEHIND_MS;
    while (p->kept.arena && atomic_load(&p->kept.seen) < now && time_mono() < until)
        time_rest(&p->kept.loop.stop, 5);
    return p->kept.arena && atomic_load(&p->kept.seen) >= now;
}

bool kept_days(struct op *op, struct programmes *p, uint64_t patient, str zone,
               const struct day_span *over, struct data_days *io)
{
    if (record_consents_bind(op, p->rec, patient))
        return false;
    pthread_mutex_lock(&p->kept.lock);
    const struct kept *k = find(&p->kept, patient);
    bool known =
        k && !k->stale && !k->labelled && k->since <= over->from && str_eq(str_of(k->zone), zone);
    for (size_t i = 0; known && i < k->n; i++)
        if (k->day[i] >= over->from && k->day[i] <= over->to) {
            struct data_day d = {.day = k->day[i], .n = 1};
            VEC_PUSH(op->arena, &io->list, d);
        }
    pthread_mutex_unlock(&p->kept.lock);
    return known;
}

/* ---- life ---- */
static void wait_for_more(void *ctx)
{
    struct programmes *p = ctx;
    record_feed_wait(p->rec, atomic_load(&p->kept.seen), 500);
}

err kept_open(struct op *op, struct programmes *p)
{
    pthread_mutex_init(&p->kept.lock, NULL);
    p->kept.arena = arena_new((size_t)PEOPLE_MAX * sizeof(struct kept) * 2);
    if (!p->kept.arena)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    map_init(&p->kept.people, p->kept.arena);
    return OK;
}

void kept_close(struct programmes *p)
{
    if (!p->kept.arena)
        return;
    pthread_mutex_destroy(&p->kept.lock);
    arena_free(p->kept.arena);
    p->kept.arena = NULL;
    p->kept.spare = NULL;
}

err programmes_start(struct op *op, struct programmes *p)
{
    struct loop_plan plan = {.steps = {{"programme.days.failed", kept_step}},
                             .wait = wait_for_more,
                             .actor = follower(),
                             .bytes = 256u << 20,
                             .rest_ms = 1000,
                             .ctx = p};
    return loop_start(op, &p->kept.loop, &plan);
}

void programmes_stop(struct programmes *p)
{
    loop_stop(&p->kept.loop);
}
