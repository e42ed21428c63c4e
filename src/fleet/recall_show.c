/* Recalls as people see them: what each concerns here, those with patients first, and whether its
 * notice may be read out (DEV-12). A person sees the devices that they may read. Changes nothing.
 */
#include "fleet/command_int.h"
#include "fleet/recall_int.h"
#include "policy/authors.h"
#include "record/find_each.h"

#include <stdlib.h>

#define DEVICES_MAX 100000u
#define LISTED_MAX 2000u

struct row {
    struct recall_kept k;
    size_t n, patients, left;
};
struct concerned {
    str id, serial, name, lot, firmware, patient, state;
    enum recall_how how;
    struct json *done;
};
struct shower {
    struct op *op;
    struct fleet *f;
    struct row *rows;
    size_t n;
    struct concerned *all; /* of the one that is shown; NULL: of none */
    size_t n_all;
    bool cut;
};

static err done_of(struct op *op, struct fleet *f, str recall, str device, struct json **ret)
{
    str text;
    *ret = NULL;
    TRY(record_kv_get(op, f->rec, recall_done_key(op, recall, device), &text));
    return text.n ? json_read(op, text, &JSON_LIMITS_DEFAULT, ret) : OK;
}

static err concern(struct shower *s, const struct fleet_device *d, const struct unit *u,
                   enum recall_how how)
{
    struct arena *a = s->op->arena;
    if (s->n_all == RECALL_SHOWN && !d->patient.n) {
        s->cut = true;
        return OK;
    }
    size_t at = s->n_all;
    if (at == RECALL_SHOWN) { /* one without a patient makes room */
        while (at > 0 && s->all[at - 1].patient.n)
            at--;
        s->cut = true;
        if (!at)
            return OK;
        at--;
    } else {
        s->n_all++;
    }
    s->all[at] = (struct concerned){.id = arena_str(a, d->doc.id),
                                    .serial = arena_str(a, u->serial),
                                    .name = arena_str(a, u->name),
                                    .lot = arena_str(a, u->lot),
                                    .firmware = arena_str(a, u->firmware),
                                    .patient = arena_str(a, d->patient),
                                    .state = str_of(FLEET_STATES[d->life].code),
                                    .how = how};
    return done_of(s->op, s->f, s->rows[0].k.r.id, s->all[at].id, &s->all[at].done);
}

static err look_each(void *ctx, struct op *op, const struct record_doc *doc,
                     const struct json *tree)
{
    struct shower *s = ctx;
    struct fleet_device d;
    struct unit u;
    (void)tree;
    TRY(device_of(op, doc, &d));
    unit_of(d.tree, &u);
    for (size_t i = 0; d.life != LIFE_WIPED && i < s->n; i++) {
        struct row *r = &s->rows[i];
        struct json *done;
        enum recall_how how = recall_match(op, &r->k.r, &u);
        if (how == RECALL_NO)
            continue;
        TRY(done_of(op, s->f, r->k.r.id, d.doc.id, &done));
        r->n++;
        r->patients += d.patient.n > 0;
        r->left += !done;
        if (s->all)
            TRY(concern(s, &d, &u, how));
    }
    return op_check(s->op);
}

static err walk(struct shower *s)
{
    struct record_each e = {.type = "Device",
                            .query = STR("_total=none"),
                            .max = DEVICES_MAX,
                            .fn = look_each,
                            .ctx = s};
    return record_find_each(s->op, s->f->rec, &e);
}

/* ---- the list ---- */

static err add_row(void *ctx, struct op *op, str id)
{
    struct shower *s = ctx;
    (void)op;
    if (s->n == LISTED_MAX)
        return OK;
    TRY(recall_load(s->op, s->f, id, &s->rows[s->n].k));
    s->n++;
    return OK;
}

static int severity(const struct recall *r)
{
    return str_eq_nocase(r->class, STR("class i"))     ? 0
           : str_eq_nocase(r->class, STR("class iii")) ? 2
                                                       : 1;
}

static int open_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int sx = severity(&x->k.r), sy = severity(&y->k.r);
    if (x->k.closed != y->k.closed)
        return x->k.closed ? 1 : -1;
    if (sx != sy)
        return sx < sy ? -1 : 1;
    int c = str_cmp(y->k.r.started, x->k.r.started);
    return c ? c : str_cmp(x->k.r.id, y->k.r.id);
}

static struct json *row_json(struct op *op, const struct row *r)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    const struct recall *x = &r->k.r;
    struct {
        const char *name;
        str value;
    } all[] = {{"id", x->id},         {"firm", x->firm},       {"product", x->product},
               {"codes", x->codes},   {"reason", x->reason},   {"class", x->class},
               {"status", x->status}, {"started", x->started}, {"action", x->action}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n)
            json_set_str(a, o, str_of(all[i].name), all[i].value);
    json_set(a, o, STR("devices"), json_new_i64(a, (int64_t)r->n));
    json_set(a, o, STR("patients"), json_new_i64(a, (int64_t)r->patients));
    json_set(a, o, STR("left"), json_new_i64(a, (int64_t)r->left));
    json_set_str(a, o, STR("state"), r->k.closed ? STR("closed") : STR("open"));
    return o;
}

err recall_list(struct op *op, struct fleet *f, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    struct shower s = {.op = op, .f = f};
    TRY(fleet_staff(op, FLEET_READERS));
    s.rows = ARENA_ARRAY(a, struct row, LISTED_MAX);
    TRY(op_check(op));
    TRY(index_each(op, f, STR(RECALL_HITS), add_row, &s));
    if (s.n) {
        TRY(walk(&s));
        qsort(s.rows, s.n, sizeof *s.rows, open_first);
    }
    for (size_t i = 0; i < s.n; i++)
        json_push(a, list, row_json(op, &s.rows[i]));
    json_set(a, o, STR("recalls"), list);
    json_set(a, o, STR("may"), json_new_bool(a, RECALL_ROLES >> op->actor->role & 1u));
    *ret = o;
    return op_check(op);
}

/* ---- one ---- */

err recall_left(struct op *op, struct fleet *f, const struct recall_kept *k, size_t *ret)
{
    const struct actor *person = op->actor;
    struct row row = {.k = *k};
    struct shower s = {.op = op, .f = f, .rows = &row, .n = 1};
    op->actor = fleet_system(); /* also of devices that the person does not see */
    err e = walk(&s);
    op->actor = person;
    *ret = row.left;
    return e;
}

/* May its notice be read out to who has the device (DEV-12)? */
static err may_say(struct op *op, struct fleet *f, bool approved, enum recall_how how, bool *ret)
{
    struct verdict v;
    struct facts *facts = facts_new(op);
    facts_set_str(facts, FACT_TOPIC, STR("recall"));
    facts_set_bool(facts, FACT_SCRIPT_APPROVED, approved);
    facts_set_bool(facts, FACT_UDI_OR_SERIAL_CHECKED,
                   how == RECALL_SERIAL || how == RECALL_LOT || how == RECALL_UDI);
    facts_set_bool(facts, FACT_CONTRADICTS_NOTICE, false); /* it is the notice */
    TRY(policy_decide(op, record_rulebook(f->rec), TRIGGER_BIT(TRIGGER_AGENT_SAY), facts, &v));
    *ret = true;
    for (size_t i = 0; i < v.n_fired; i++)
        if (str_eq(str_of(v.fired[i].rule->id), STR("DEV-12")))
            *ret = false;
    return OK;
}

static int patients_first(const void *a, const void *b)
{
    const struct concerned *x = a, *y = b;
    if (!x->patient.n != !y->patient.n)
        return x->patient.n ? -1 : 1;
    if (x->how != y->how)
        return x->how > y->how ? -1 : 1;
    int c = str_cmp(x->serial, y->serial);
    return c ? c : str_cmp(x->id, y->id);
}

static struct json *concerned_json(struct op *op, const struct concerned *x, bool say)
{
    static const char *const said[] = {"done", "note", "who", "time"};
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct {
        const char *name;
        str value;
    } all[] = {{"id", x->id},
               {"serial", x->serial},
               {"name", x->name},
               {"lot", x->lot},
               {"firmware", x->firmware},
               {"state", x->state},
               {"patient", x->patient},
               {"how", str_of(RECALL_HOW_CODES[x->how])}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n)
            json_set_str(a, o, str_of(all[i].name), all[i].value);
    for (size_t i = 0; x->done && i < sizeof said / sizeof *said; i++)
        if (json_get(x->done, str_of(said[i])))
            json_set(a, o, str_of(said[i]), json_get(x->done, str_of(said[i])));
    json_set(a, o, STR("say"), json_new_bool(a, say));
    return o;
}

/* The names of the patients, as far as the person may read them. */
static err name_them(struct op *op, struct fleet *f, struct json *list)
{
    struct json *row;
    for (size_t i = 0; (row = json_at(list, i)); i++) {
        struct record_doc doc;
        struct json *tree;
        str id = json_get_str(row, STR("patient"));
        if (!id.n)
            break; /* those with a patient are first */
        err e = record_read(op, f->rec, fhir_type_parse(STR("Patient")), id, &doc);
        if (e == OK)
            e = record_parse(op, &doc, &tree);
        if (e == OK)
            json_set_str(op->arena, row, STR("patientName"), fhir_name_shown(op, tree));
        else if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FORBIDDEN)
            op_clear(op);
        else
            return e;
    }
    return op_check(op);
}

bool recall_may(const struct recall_kept *k, str step, const struct actor *person)
{
    const struct json *n = JSON_GET(k->tree, "notice");
    if (k->closed || !(RECALL_ROLES >> person->role & 1u))
        return false;
    return !str_eq(step, STR("approve")) || (n && !json_get_str(n, STR("approver")).n &&
                                             !authors_is(json_get_str(n, STR("who")), person) &&
                                             !authors_is(json_get_str(n, STR("person")), person));
}

static void show_steps(struct op *op, const struct recall_kept *k, struct json *o)
{
    static const char *const steps[] = {"device", "notice", "approve", "close"};
    struct arena *a = op->arena;
    struct json *may = json_new(a, JSON_ARRAY), *dones = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (recall_may(k, str_of(steps[i]), op->actor))
            json_push(a, may, json_new_str(a, str_of(steps[i])));
    for (size_t i = 0; i < RECALL_DONE_N; i++)
        json_push(a, dones, json_new_str(a, str_of(RECALL_DONES[i].code)));
    json_set(a, o, STR("may"), may);
    json_set(a, o, STR("dones"), dones);
}

/* Who may not write it reads it when two people have agreed on the words. */
static bool show_notice(struct op *op, const struct recall_kept *k, struct json *o)
{
    static const char *const told[] = {"text", "who", "time", "approver"};
    struct arena *a = op->arena;
    struct json *shown = json_new(a, JSON_OBJECT);
    const struct json *n = JSON_GET(k->tree, "notice");
    bool approved = json_get_str(n, STR("approver")).n > 0;
    if (!n || (!approved && !(RECALL_ROLES >> op->actor->role & 1u)))
        return approved;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (json_get(n, str_of(told[i])))
            json_set(a, shown, str_of(told[i]), json_get(n, str_of(told[i])));
    json_set(a, o, STR("notice"), shown);
    return approved;
}

err recall_get(struct op *op, struct fleet *f, str id, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY), *o;
    struct row row = {.n = 0};
    struct shower s = {.op = op, .f = f, .rows = &row, .n = 1};
    TRY(fleet_staff(op, FLEET_READERS));
    TRY(recall_load(op, f, id, &row.k));
    s.all = ARENA_ARRAY(a, struct concerned, RECALL_SHOWN);
    TRY(op_check(op));
    TRY(walk(&s));
    if (s.n_all)
        qsort(s.all, s.n_all, sizeof *s.all, patients_first);
    o = row_json(op, &row);
    bool approved = show_notice(op, &row.k, o);
    for (size_t i = 0; i < s.n_all; i++) {
        bool say;
        TRY(may_say(op, f, approved, s.all[i].how, &say));
        json_push(a, list, concerned_json(op, &s.all[i], say));
    }
    TRY(name_them(op, f, list));
    json_set(a, o, STR("devices"), json_new_i64(a, (int64_t)row.n));
    json_set(a, o, STR("concerned"), list);
    json_set(a, o, STR("cut"), json_new_bool(a, s.cut));
    json_set_str(a, o, STR("citation"), STR("21 CFR 7.40-7.59; 21 CFR 806"));
    if (JSON_GET(row.k.tree, "closed"))
        json_set(a, o, STR("closed"), JSON_GET(row.k.tree, "closed"));
    show_steps(op, &row.k, o);
    *ret = o;
    return op_check(op);
}
