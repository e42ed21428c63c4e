/* Many devices that share a gateway, a region, a network, a firmware or a model and go silent at
 * once are one incident for support (FLEET-STORM), with no case and no text for each. Invariants: a
 * device is counted once, in what it is known to share; what is counted of it, its health and what
 * is told are one transaction; one that is still silent when the incident is over, or was closed by
 * a person, is a matter of its own. */
#include "fleet/storm_int.h"

#include <sodium.h>

#define PROGRAMME "device-storm/"
#define TOLD_DEVICES 50u

/* A device that is settled, and the transaction. */
struct turn {
    struct op *op;
    struct fleet *f;
    const struct fleet_device *d;
    struct health *h;
    struct record_tx *tx;
};

/* ---- what is kept of those who share something ---- */

static str hash_of(struct op *op, str group)
{
    unsigned char hash[16];
    char hex[33];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)group.p, group.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_str(op->arena, str_of(hex));
}

static str key_of(struct op *op, str group)
{
    return arena_cat(op->arena, STR("fleet/storm/"), hash_of(op, group));
}

static str programme_of(struct op *op, str group)
{
    return arena_cat(op->arena, STR(PROGRAMME), hash_of(op, group));
}

static int64_t whole(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

static err load(const struct turn *t, str group, struct storm *ret)
{
    struct json *o;
    str text;
    *ret = (struct storm){.of = 0};
    TRY(record_tx_kv_now(t->tx, key_of(t->op, group), &text));
    if (!text.n)
        return OK;
    TRY(json_read(t->op, text, &JSON_LIMITS_DEFAULT, &o));
    *ret = (struct storm){.of = whole(o, "of"),
                          .opened = whole(o, "opened"),
                          .joined = whole(o, "joined"),
                          .most = whole(o, "most"),
                          .told = whole(o, "told")};
    const struct json *out = JSON_GET(o, "out");
    for (size_t i = 0; out && i < out->n && i < STORM_OUT; i++) {
        int64_t at = 0;
        (void)json_i64(&out->u.members[i].value, &at);
        storm_add(ret, out->u.members[i].name, at);
    }
    return OK;
}

static err keep(const struct turn *t, str group, const struct storm *s)
{
    struct arena *a = t->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *out = json_new(a, JSON_OBJECT);
    struct buf b;
    struct {
        const char *name;
        int64_t v;
    } parts[] = {{"of", s->of},
                 {"opened", s->opened},
                 {"joined", s->joined},
                 {"most", s->most},
                 {"told", s->told}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].v)
            json_set(a, o, str_of(parts[i].name), json_new_i64(a, parts[i].v));
    for (size_t i = 0; i < s->n_out; i++)
        json_set(a, out, s->out[i].device, json_new_i64(a, s->out[i].at));
    json_set(a, o, STR("out"), out);
    buf_init(&b, a, 16384);
    json_write(&b, o);
    record_tx_kv(t->tx, key_of(t->op, group), buf_str(&b));
    return op_check(t->op);
}

/* ---- what a device shares ---- */

static err region_of(const struct turn *t, str *ret)
{
    struct record_doc doc;
    struct json *tree;
    *ret = STR_NONE;
    if (!t->d->patient.n)
        return OK;
    TRY(record_read(t->op, t->f->rec, fhir_type_parse(STR("Patient")), t->d->patient, &doc));
    TRY(record_parse(t->op, &doc, &tree));
    *ret = storm_region(t->op, tree, config_str(t->f->config, "house.country"));
    return op_check(t->op);
}

static err shared(const struct turn *t, enum storm_by by, str *ret)
{
    *ret = STR_NONE;
    switch (by) {
    case STORM_GATEWAY:
        *ret = fhir_ref_parse(json_str(json_path(t->d->tree, "parent.reference"))).id;
        return OK;
    case STORM_REGION:
        return region_of(t, ret);
    case STORM_NETWORK:
        *ret = device_extension(t->d->tree, "device-network", "valueString");
        return OK;
    case STORM_FIRMWARE:
        if (t->d->model.n && t->h->firmware.n)
            *ret = arena_printf(t->op->arena, "%.*s/%.*s", STR_ARG(t->d->model),
                                STR_ARG(t->h->firmware));
        return OK;
    case STORM_MODEL:
        *ret = t->d->model;
        return OK;
    case STORM_BYS:
        break;
    }
    return OK;
}

static bool is_line(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ')
            return false;
    return s.n > 0;
}

static err groups_of(const struct turn *t, str *ret)
{
    struct buf b;
    buf_init(&b, t->op->arena, 2048);
    for (unsigned by = 0; by < STORM_BYS; by++) {
        str what;
        TRY(shared(t, (enum storm_by)by, &what));
        what = str_utf8_cut(what, STORM_BY_MAX);
        if (is_line(what))
            buf_printf(&b, "%s/%.*s\n", FLEET_STORM_BY[by].code, STR_ARG(what));
    }
    *ret = buf_str(&b);
    return op_check(t->op);
}

static bool has_line(str all, str line)
{
    str one;
    while (str_take_until(&all, '\n', &one))
        if (str_eq(one, line))
            return true;
    return false;
}

/* by one more or less for each of all that is not in rest. */
static err count(const struct turn *t, str all, str rest, int by)
{
    str group;
    while (str_take_until(&all, '\n', &group)) {
        struct storm s;
        if (!group.n || has_line(rest, group))
            continue;
        TRY(load(t, group, &s));
        s.of = s.of + by > 0 ? s.of + by : 0;
        TRY(keep(t, group, &s));
    }
    return OK;
}

/* Once a day, and never while it is silent: what it was counted in then it is taken out of. */
static err regroup(const struct turn *t)
{
    str now;
    bool newer = !t->h->grouped || t->op->now - t->h->grouped >= HEALTH_DAY;
    if (!newer || t->h->out)
        return OK;
    TRY(groups_of(t, &now));
    TRY(count(t, t->h->groups, now, -1));
    TRY(count(t, now, t->h->groups, 1));
    t->h->groups = now;
    t->h->grouped = t->op->now;
    return OK;
}

/* ---- told ---- */

/* The number on its case, while it is known here. */
static str gateway_name(const struct turn *t, str id)
{
    struct fleet_device d;
    if (device_read(t->op, t->f, id, &d) == OK && d.serial.n)
        return d.serial;
    op_clear(t->op);
    return id;
}

/* What they share, as people know it. */
static str shown(const struct turn *t, str group, enum storm_by *ret_by)
{
    str code = STR_NONE, model = json_get_str(t->d->tree, STR("modelNumber"));
    unsigned by = 0;
    (void)str_take_until(&group, '/', &code);
    while (by + 1 < STORM_BYS && !str_eq(code, str_of(FLEET_STORM_BY[by].code)))
        by++;
    *ret_by = (enum storm_by)by;
    if (by == STORM_GATEWAY)
        return gateway_name(t, group);
    if (by == STORM_MODEL && model.n)
        return model;
    if (by == STORM_FIRMWARE && model.n)
        return arena_printf(t->op->arena, "%.*s %.*s", STR_ARG(model), STR_ARG(t->h->firmware));
    return group;
}

static err say(const struct turn *t, str group, struct storm *s, bool over)
{
    struct op *op = t->op;
    enum storm_by by;
    bool script, is_new;
    str id, what = shown(t, group, &by), devices[TOLD_DEVICES];
    struct desk_case c = {.programme = programme_of(op, group),
                          .priority = (enum desk_priority)FLEET_STORM.priority,
                          .technical = true,
                          .evidence = devices,
                          .rule = str_of(FLEET_STORM.id)};
    devices[c.n_evidence++] = arena_cat(op->arena, STR("Device/"), t->d->doc.id);
    for (size_t i = 0; !over && i < s->n_out && c.n_evidence < TOLD_DEVICES; i++)
        if (!str_eq(s->out[i].device, t->d->doc.id))
            devices[c.n_evidence++] = arena_cat(op->arena, STR("Device/"), s->out[i].device);
    struct said name = desk_say_same(op, what), most = desk_say_number(op, 0, (double)s->most);
    struct said begun[4] = {most, desk_say_number(op, 0, (double)s->of), name,
                            desk_say_number(op, 0, FLEET_STORM.minutes)};
    struct said ended[3] = {most, desk_say_number(op, 0, (double)storm_left(s)), name};
    c.why = over ? desk_say(op, SAY_FLEET_STORM_OVER, ended, 3)
                 : desk_say(op, FLEET_STORM_BY[by].say, begun, 4);
    TRY(health_may_say(op, t->f, FLEET_STORM.acts, &script));
    if (script && !over) {
        struct said how = desk_say_row(FLEET_STORM.script);
        c.why = desk_say_lines(op, &c.why, &how);
    }
    s->told = s->most;
    return desk_open(t->tx, op, t->f->rec, &c, &id, &is_new);
}

/* ---- it ends ---- */

static err is_told(const struct turn *t, str group, bool *ret)
{
    return desk_is_open(t->op, t->f->rec, STR_NONE, programme_of(t->op, group), ret);
}

static void clear(struct storm *s)
{
    s->opened = s->joined = s->most = s->told = 0;
}

static err end(const struct turn *t, str group, struct storm *s)
{
    bool open;
    TRY(is_told(t, group, &open));
    if (open)
        TRY(say(t, group, s, true));
    clear(s);
    return OK;
}

static str storm_name(struct op *op, str group, const struct storm *s)
{
    return arena_printf(op->arena, "%lld/%.*s", (long long)s->opened, STR_ARG(group));
}

/* Heard again, or in use no more: it is taken out of what it was counted in. */
static err back(const struct turn *t)
{
    str all = t->h->groups, group;
    while (str_take_until(&all, '\n', &group)) {
        struct storm s;
        if (!group.n)
            continue;
        TRY(load(t, group, &s));
        bool listed = storm_remove(&s, t->d->doc.id);
        bool mine = s.opened && str_eq(t->h->storm, storm_name(t->op, group, &s));
        if (mine && s.joined)
            s.joined--;
        if (s.opened && (mine || listed) && storm_over(&s))
            TRY(end(t, group, &s));
        if (mine || listed)
            TRY(keep(t, group, &s));
    }
    t->h->storm = STR_NONE;
    t->h->out = 0;
    return OK;
}

/* ---- it begins ---- */

static err list(const struct turn *t, int64_t since)
{
    str all = t->h->groups, group;
    t->h->out = since;
    while (str_take_until(&all, '\n', &group)) {
        struct storm s;
        if (!group.n)
            continue;
        TRY(load(t, group, &s));
        storm_add(&s, t->d->doc.id, since);
        if (storm_left(&s) > s.most && s.opened)
            s.most = storm_left(&s);
        TRY(keep(t, group, &s));
    }
    return OK;
}

/* Those of the storm count in nothing else that this device shares. */
static err explained(const struct turn *t, str group, const struct storm *s)
{
    str all = t->h->groups, other;
    while (str_take_until(&all, '\n', &other)) {
        struct storm o;
        if (!other.n || str_eq(other, group))
            continue;
        TRY(load(t, other, &o));
        bool fewer = storm_remove(&o, t->d->doc.id);
        for (size_t i = 0; s && i < s->n_out; i++)
            fewer |= storm_remove(&o, s->out[i].device);
        if (fewer)
            TRY(keep(t, other, &o));
    }
    return OK;
}

static err join(const struct turn *t, str group, struct storm *s)
{
    (void)storm_remove(s, t->d->doc.id);
    s->joined++;
    if (storm_left(s) > s->most)
        s->most = storm_left(s);
    t->h->storm = storm_name(t->op, group, s);
    if (s->most >= 2 * s->told)
        TRY(say(t, group, s, false));
    return keep(t, group, s);
}

/* Is a storm open that it belongs to? One whose case a person closed is over. */
static err joins(const struct turn *t, bool *ret)
{
    str all = t->h->groups, group;
    *ret = false;
    while (!*ret && str_take_until(&all, '\n', &group)) {
        struct storm s;
        if (!group.n)
            continue;
        TRY(load(t, group, &s));
        if (!s.opened)
            continue;
        TRY(is_told(t, group, ret));
        if (!*ret) {
            clear(&s);
            TRY(keep(t, group, &s));
        } else if (!str_eq(t->h->storm, storm_name(t->op, group, &s))) {
            TRY(explained(t, group, NULL));
            TRY(join(t, group, &s));
        }
    }
    if (!*ret)
        t->h->storm = STR_NONE;
    return OK;
}

/* What explains it best: of whose devices the largest part is silent; of the same part, the
 * narrowest. */
static err opens(const struct turn *t, bool *ret)
{
    str all = t->h->groups, group, best = STR_NONE;
    struct storm found = {.of = 0};
    double share = 0;
    while (str_take_until(&all, '\n', &group)) {
        struct storm s;
        if (!group.n)
            continue;
        TRY(load(t, group, &s));
        size_t n = storm_near(&s, t->h->out);
        double part = (double)n / (double)(s.of > (int64_t)n ? s.of : (int64_t)n + !n);
        if (!storm_is(&s, n) || part <= share)
            continue;
        share = part;
        best = group;
        found = s;
    }
    *ret = best.n > 0;
    if (!*ret)
        return OK;
    found.opened = t->op->now;
    storm_keep_near(&found, t->h->out);
    found.most = storm_left(&found);
    TRY(explained(t, best, &found));
    return join(t, best, &found);
}

static bool is_silence(const struct fleet_rule *r)
{
    return r->kind == HEALTH_SILENT || r->kind == HEALTH_BROKEN;
}

/* Told later, if then it is not the storm's. */
static void hold(struct health *h, uint32_t *fresh)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (*fresh >> i & 1u && is_silence(&FLEET_RULE[i])) {
            h->told[i] = 0;
            *fresh &= ~(1u << i);
        }
}

static bool is_silent(const struct health *h)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (h->raised[i] && FLEET_RULE[i].kind == HEALTH_SILENT)
            return true;
    return h->broken;
}

static bool any_silence(uint32_t fresh)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (fresh >> i & 1u && is_silence(&FLEET_RULE[i]))
            return true;
    return false;
}

err storm_settle(struct op *op, struct fleet *f, const struct fleet_device *d, struct health *h,
                 struct record_tx *tx, uint32_t *fresh)
{
    struct turn t = {op, f, d, h, tx};
    bool silent = is_silent(h), storm = false;
    if (!silent && h->out)
        TRY(back(&t));
    TRY(regroup(&t));
    if (silent && !h->out) {
        TRY(list(&t, h->broken ? h->broken : h->heard));
        if (!h->broken) /* its like are found silent in these minutes, too */
            health_look(op, tx, d->doc.id, h, op->now + FLEET_STORM.minutes * INT64_C(60000));
    }
    if (!any_silence(*fresh))
        return OK;
    bool wait = !h->broken && h->look > op->now && !h->storm.n;
    if (!wait)
        TRY(joins(&t, &storm));
    if (!wait && !storm)
        TRY(opens(&t, &storm));
    if (storm)
        health_look(op, tx, d->doc.id, h, op->now + STORM_LOOK);
    if (wait || storm)
        hold(h, fresh);
    return OK;
}

err storm_leave(struct op *op, struct fleet *f, const struct fleet_device *d, struct health *h,
                struct record_tx *tx)
{
    struct turn t = {op, f, d, h, tx};
    TRY(back(&t));
    TRY(count(&t, h->groups, STR_NONE, -1));
    h->groups = STR_NONE;
    h->grouped = 0;
    return OK;
}
