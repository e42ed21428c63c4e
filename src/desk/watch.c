/* One step of the watch: a block of the trail, each look of staff judged once a day and patient,
 * the findings made into cases. Invariant: cases, what is remembered and the cursor move together
 * or not at all, so a kill at any point neither loses a case nor makes it twice. */
#include "desk/watch_int.h"

#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"

#define STEP_LINES 500u
#define STEP_CASES 64u

struct seen { /* a looker of this step */
    struct looker l;
    struct person person;
    uint64_t rid, own;
    bool person_known;
};

struct step {
    struct op *op;
    struct op look; /* of one look: what was asked about it goes with it */
    struct desk_watch *w;
    struct map lookers; /* account to struct seen */
    struct habit habits[ROLE_COUNT];
    VEC(struct seen *) all;
    VEC(struct desk_case) cases;
};

static str looker_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("looker/"), user);
}

static str habit_key(struct op *op, enum role role)
{
    return arena_cat(op->arena, STR("look-habit/"), role_name(role));
}

static err seen_of(struct step *st, const struct record_look *line, struct seen **ret)
{
    struct seen *s = map_get(&st->lookers, line->user);
    str bytes = STR_NONE;
    if (!s) {
        s = ARENA_NEW(st->op->arena, struct seen);
        TRY(op_check(st->op));
        TRY(record_kv_get(st->op, st->w->rec, looker_key(st->op, line->user), &bytes));
        looker_read(bytes, &s->l);
        s->l.user = line->user;
        VEC_PUSH(st->op->arena, &st->all, s);
        if (!map_put(&st->lookers, line->user, s))
            return fail(st->op, ERR_UNAVAILABLE, "No memory left to read the trail.");
    }
    s->l.role = line->role;
    s->l.reference = line->reference;
    *ret = s;
    return op_check(st->op);
}

/* What is gone is no error: it only has nothing to say. */
static err tree_of(struct op *op, struct record *rec, struct fhir_ref name, struct json **ret,
                   uint64_t *ret_rid)
{
    struct record_doc doc;
    err e = record_read(op, rec, name.type, name.id, &doc);
    *ret = NULL;
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    *ret_rid = doc.rid;
    return record_parse(op, &doc, ret);
}

static err learn_looker(struct step *st, struct seen *s)
{
    struct fhir_ref ref = fhir_ref_parse(s->l.reference);
    struct json *tree = NULL;
    uint64_t rid = 0;
    if (s->person_known)
        return OK;
    s->person_known = true;
    if (ref.kind != REF_LOCAL)
        return OK;
    TRY(tree_of(st->op, st->w->rec, ref, &tree, &s->rid));
    person_add(st->op, tree, &s->person);
    TRY(look_own_patient(st->op, st->w->rec, s->l.reference, &s->own));
    if (!s->own)
        return OK;
    TRY(record_name(st->op, st->w->rec, s->own, &ref.type, &ref.id));
    TRY(tree_of(st->op, st->w->rec, ref, &tree, &rid));
    person_add(st->op, tree, &s->person);
    return OK;
}

/* The sentence: who, when, which rule, why. What was seen is not in it. */
static struct said sentence(struct step *st, const struct look *l, const struct finding *f)
{
    struct op *op = st->op;
    str entry = arena_printf(op->arena, "%llu", (unsigned long long)l->seq);
    struct said parts[] = {desk_say_same(op, entry),
                           desk_say_same(op, time_format(op->arena, l->time)),
                           desk_say_same(op, l->who->user),
                           desk_say_same(op, role_name(l->who->role)),
                           desk_say_same(op, purpose_name(l->purpose)),
                           desk_say_same(op, str_of(LOOK_ROW[f->rule].id)),
                           f->why};
    return desk_say(op, SAY_LOOK, parts, sizeof parts / sizeof *parts);
}

static void raise_case(struct step *st, const struct look *l, const struct finding *f)
{
    const struct look_row *row = &LOOK_ROW[f->rule];
    struct arena *a = st->op->arena;
    bool person = str_eq(str_of(row->group), STR("person"));
    struct desk_case c = {.programme =
                              arena_printf(a, "look-%s/%.*s", row->group, STR_ARG(l->who->user)),
                          .patient = person ? l->patient_id : STR_NONE,
                          .priority = (enum desk_priority)row->priority,
                          .why = sentence(st, l, f),
                          .rule = str_of(row->id),
                          .officer = true,
                          .looker = l->who_rid ? l->who->reference : l->who->user};
    for (size_t i = 0; i < st->cases.n; i++) {
        struct desk_case *had = &st->cases.at[i];
        if (!str_eq(had->programme, c.programme) || !str_eq(had->patient, c.patient))
            continue;
        had->why = desk_say_lines(st->op, &had->why, &c.why);
        if (c.priority < had->priority) {
            had->priority = c.priority;
            had->rule = c.rule;
        }
        return;
    }
    if (person) {
        str *evidence = ARENA_NEW(a, str);
        *evidence = arena_cat(a, STR("Patient/"), l->patient_id);
        c.evidence = evidence;
        c.n_evidence = 1;
    }
    VEC_PUSH(a, &st->cases, c);
}

static err judge(struct step *st, struct seen *s, struct look *l)
{
    struct op *op = &st->look;
    struct record *rec = st->w->rec;
    struct finding found[LOOK_RULES];
    struct fhir_ref name = {.kind = REF_LOCAL};
    struct json *tree;
    size_t n = 0;
    unsigned known = 0;
    uint64_t rid;
    arena_reset(st->w->look);
    op_init(op, st->w->look, st->op->actor, st->op->now);
    TRY(record_name(op, rec, l->patient, &name.type, &name.id));
    l->patient_id = arena_str(st->op->arena, name.id);
    TRY(tree_of(op, rec, name, &tree, &rid));
    if (!tree)
        return OK;
    person_add(op, tree, &l->person);
    TRY(look_known(op, rec, l, &known));
    TRY(look_find(op, rec, l, found, &n));
    st->w->stats.judged++;
    for (size_t i = 0; i < n; i++) {
        if (known & LOOK_ROW[found[i].rule].explained_by)
            st->w->stats.explained++;
        else
            raise_case(st, l, &found[i]);
    }
    s->l.recent[s->l.n - 1].strange = !(known & LOOK_ROW[LOOK_RELATION].explained_by);
    bool late = false;
    TRY(watch_night(op, st->w, l, &late, found));
    if (late && !(known & LOOK_ROW[LOOK_NIGHT].explained_by))
        raise_case(st, l, found);
    if (watch_relation(op, &s->l, (uint32_t)(l->time / 60000), found))
        raise_case(st, l, found);
    return op_check(op);
}

static bool is_look(const struct record_look *line)
{
    bool staff = line->role == ROLE_NURSE || line->role == ROLE_AGENT ||
                 line->role == ROLE_OUTREACH || line->role == ROLE_PRIVACY ||
                 line->role == ROLE_ADMIN;
    bool looked = line->action == ACTION_READ || line->action == ACTION_SEARCH ||
                  line->action == ACTION_HISTORY || line->action == ACTION_EXPORT;
    return staff && looked && !line->refused && line->user.n && line->n_patients &&
           !str_eq(fhir_type_name(line->type), STR("AuditEvent")); /* the review itself */
}

static err take_line(struct step *st, const struct record_look *line)
{
    struct seen *s = NULL;
    struct finding f;
    uint32_t minute = (uint32_t)(line->time / 60000);
    if (!is_look(line))
        return OK;
    TRY(seen_of(st, line, &s));
    struct habit *h = &st->habits[line->role];
    struct look l = {.who = &s->l,
                     .looker = &s->person,
                     .seq = line->seq,
                     .time = line->time,
                     .purpose = line->purpose};
    watch_hour(&s->l, h, minute / 60);
    if (line->n_patients == 1 && looker_knows(&s->l, line->patients[0], minute))
        return OK;
    TRY(learn_looker(st, s));
    l.who_rid = s->rid;
    l.own = s->own;
    l.patient = line->patients[0];
    if (line->n_patients == 1) {
        looker_opens(&s->l, l.patient, minute);
        s->l.opened++;
        int64_t start = time_mono();
        TRY(judge(st, s, &l));
        watch_rest(st->w, time_mono() - start);
        if (watch_bulk(st->op, &s->l, h, minute, &f))
            raise_case(st, &l, &f);
        return op_check(st->op);
    }
    for (size_t i = 0; i < line->n_patients; i++)
        looker_lists(&s->l, line->patients[i]);
    if (watch_list(st->op, &s->l, h, minute, &f))
        raise_case(st, &l, &f);
    return op_check(st->op);
}

static err commit_step(struct step *st, uint64_t to)
{
    struct op *op = st->op;
    struct record *rec = st->w->rec;
    struct record_tx *tx = record_begin(op, rec);
    uint64_t opened = 0;
    for (size_t i = 0; i < st->cases.n; i++) {
        str id;
        bool is_new = false;
        TRY(desk_open(tx, op, rec, &st->cases.at[i], &id, &is_new));
        opened += is_new;
    }
    for (size_t i = 0; i < st->all.n; i++)
        record_tx_kv(tx, looker_key(op, st->all.at[i]->l.user),
                     looker_write(op, &st->all.at[i]->l));
    for (enum role r = ROLE_NURSE; st->all.n && r <= ROLE_ADMIN; r++)
        record_tx_kv(tx, habit_key(op, r), habit_write(op, &st->habits[r]));
    record_tx_cursor(tx, STR(WATCH_CURSOR), st->w->cursor, to);
    TRY(op_check(op));
    TRY(record_commit(tx));
    st->w->stats.cases += opened;
    st->w->stats.joined += st->cases.n - opened;
    return OK;
}

static err take(struct op *op, struct desk_watch *w, const struct record_look *lines, size_t n)
{
    struct step st = {.op = op, .w = w};
    str bytes;
    size_t i = 0;
    map_init(&st.lookers, op->arena);
    for (enum role r = ROLE_NURSE; r <= ROLE_ADMIN; r++) {
        TRY(record_kv_get(op, w->rec, habit_key(op, r), &bytes));
        habit_read(bytes, &st.habits[r]);
    }
    while (i < n && st.cases.n < STEP_CASES)
        TRY(take_line(&st, &lines[i++]));
    TRY(commit_step(&st, lines[i - 1].seq));
    w->cursor = lines[i - 1].seq;
    w->stats.lines += i;
    return OK;
}

/* One bad line must not keep all looks from being watched: it is passed over, and the trail says
 * so. */
static err skip(struct op *op, struct desk_watch *w, const struct record_look *line)
{
    op_clear(op);
    struct record_tx *tx = record_begin(op, w->rec);
    struct json *what = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, what, STR("entry"), json_new_i64(op->arena, (int64_t)line->seq));
    record_tx_trail(tx, STR("look-skipped"), 0, STR_NONE, what);
    record_tx_cursor(tx, STR(WATCH_CURSOR), w->cursor, line->seq);
    TRY(record_commit(tx));
    w->cursor = line->seq;
    w->stats.skipped++;
    return OK;
}

/* Only what may pass by itself is worth another try. */
static bool hopeless(err e)
{
    return e != OK && e != ERR_UNAVAILABLE && e != ERR_BUSY && e != ERR_CONFLICT &&
           e != ERR_PRECONDITION && e != ERR_TIMEOUT;
}

err desk_watch_step(struct op *op, struct desk_watch *w, size_t *ret_n)
{
    struct record_look *lines;
    size_t n;
    if (!w->cursor_known) {
        TRY(record_cursor(op, w->rec, STR(WATCH_CURSOR), &w->cursor));
        w->cursor_known = true;
    }
    TRY(record_looks_after(op, w->rec, w->cursor, w->careful ? 1 : STEP_LINES, &lines, &n));
    *ret_n = n;
    if (n == 0) {
        w->careful = false;
        return OK;
    }
    err e = take(op, w, lines, n);
    if (hopeless(e) && w->careful)
        e = skip(op, w, &lines[0]);
    w->careful = e != OK;
    w->cursor_known = e != ERR_CONFLICT && e != ERR_PRECONDITION;
    return e;
}

void desk_watch_stats(const struct desk_watch *w, struct desk_watch_stats *ret)
{
    *ret = w->stats;
}
