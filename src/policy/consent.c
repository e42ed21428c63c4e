/* One patient's Consents asked about one request. Every question has four answers: no, yes, it
 * cannot be told, and it depends on the resource (asked of a whole type). All that a rule is
 * narrowed by must hold; of a list, one is enough.
 * Invariant: a denial holds unless the answer is no, a permission only when it is yes. */
#include "policy/consent_int.h"

enum sure {
    SURE_NO,
    SURE_MAYBE,
    SURE_DEPENDS,
    SURE_YES
}; /* both: the lesser; either: the greater */

static enum sure both(enum sure a, enum sure b)
{
    return a < b ? a : b;
}

static enum sure either(enum sure a, enum sure b)
{
    return a > b ? a : b;
}

static bool overlap(const struct consent_span *a, const struct consent_span *b)
{
    return a->lo < b->hi && b->lo < a->hi;
}

static bool listed(const str *list, size_t n, str one)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], one))
            return true;
    return false;
}

/* An address may be this house's, and may be another's. */
static enum sure named(const struct consent_data *d, str reference)
{
    if (listed(d->refs, d->n_refs, reference))
        return SURE_YES;
    return listed(d->foreign, d->n_foreign, reference) ? SURE_MAYBE : SURE_NO;
}

static enum sure by_mask(unsigned yes, unsigned maybe, unsigned bit)
{
    if (yes & bit)
        return SURE_YES;
    return maybe & bit ? SURE_MAYBE : SURE_NO;
}

static enum sure of_party(const struct consent_party *p, const struct consent_request *r)
{
    if (str_empty(p->reference))
        return SURE_MAYBE;
    if (!p->author)
        return listed(r->names, r->n_names, p->reference) ? SURE_YES : SURE_NO;
    if (!r->data)
        return SURE_DEPENDS;
    /* named somewhere, but as the author? */
    return named(r->data, p->reference) ? SURE_MAYBE : SURE_NO;
}

static enum sure of_actors(const struct consent_rule *c, const struct consent_request *r)
{
    enum sure s = SURE_NO;
    for (size_t i = 0; i < c->n_actors; i++)
        s = either(s, of_party(&c->actors[i], r));
    return s;
}

static enum sure of_action(const struct consent_rule *c, const struct consent_request *r)
{
    enum sure s = by_mask(c->actions, c->actions_maybe, 1u << r->action);
    bool leaves = r->outside || r->action == ACTION_EXPORT;
    return c->disclosing && !leaves ? SURE_NO : s;
}

static enum sure of_classes(const struct consent_rule *c, const struct consent_request *r)
{
    if (listed(c->classes, c->n_classes, r->type))
        return SURE_YES;
    return listed(c->classes, c->n_classes, STR_NONE) ? SURE_MAYBE : SURE_NO;
}

static bool code_fits(const struct consent_code *asked, const struct consent_code *has)
{
    if (!str_eq(asked->system, has->system))
        return false;
    return asked->begins ? str_starts(has->code, asked->code) : str_eq(asked->code, has->code);
}

static enum sure of_codes(const struct consent_rule *c, const struct consent_data *d)
{
    enum sure s = SURE_NO;
    for (size_t i = 0; i < c->n_codes; i++) {
        if (str_empty(c->codes[i].code))
            s = either(s, SURE_MAYBE);
        for (size_t k = 0; k < d->n_codes; k++)
            if (code_fits(&c->codes[i], &d->codes[k]))
                return SURE_YES;
    }
    return s;
}

static enum sure of_labels(const struct consent_rule *c, const struct consent_data *d)
{
    if (c->labels & d->labels)
        return SURE_YES;
    return c->labels_unclear ? SURE_MAYBE : SURE_NO;
}

static enum sure of_datum(const struct consent_datum *m, const struct consent_data *d)
{
    if (str_eq(m->reference, d->self))
        return SURE_YES;
    if (m->meaning == MEANS_INSTANCE)
        return SURE_NO;
    if (m->meaning == MEANS_UNCLEAR)
        return SURE_MAYBE;
    return named(d, m->reference);
}

static enum sure of_data(const struct consent_rule *c, const struct consent_data *d)
{
    enum sure s = SURE_NO;
    for (size_t i = 0; i < c->n_data; i++)
        s = either(s, of_datum(&c->data[i], d));
    return s;
}

static enum sure of_dates(const struct consent_rule *c, const struct consent_data *d)
{
    if (!d->dated)
        return SURE_MAYBE;
    if (!overlap(&c->dated, &d->when))
        return SURE_NO;
    return d->when.lo >= c->dated.lo && d->when.hi <= c->dated.hi ? SURE_YES : SURE_MAYBE;
}

#define OF_RESOURCE (CONSENT_CODES | CONSENT_LABELS | CONSENT_DATA | CONSENT_DATED)

static bool asks_resource(const struct consent_rule *c)
{
    bool asks = c->has & OF_RESOURCE;
    for (size_t i = 0; i < c->n_actors; i++)
        asks |= c->actors[i].author;
    return asks;
}

/* What is asked of the resource itself. */
static enum sure of_resource(const struct consent_rule *c, const struct consent_request *r)
{
    enum sure s = SURE_YES;
    if (!(c->has & OF_RESOURCE))
        return s;
    if (!r->data)
        return SURE_DEPENDS;
    if (c->has & CONSENT_CODES)
        s = both(s, of_codes(c, r->data));
    if (c->has & CONSENT_LABELS)
        s = both(s, of_labels(c, r->data));
    if (c->has & CONSENT_DATA)
        s = both(s, of_data(c, r->data));
    if (c->has & CONSENT_DATED)
        s = both(s, of_dates(c, r->data));
    return s;
}

static enum sure matches(const struct consent_rule *c, const struct consent_request *r)
{
    struct consent_span now = {r->now, r->now + 1};
    enum sure s = c->unclear ? SURE_MAYBE : SURE_YES;
    if (!overlap(&c->period, &now))
        return SURE_NO;
    if (c->has & CONSENT_ACTORS)
        s = both(s, of_actors(c, r));
    if (c->has & CONSENT_PURPOSES)
        s = both(s, by_mask(c->purposes, c->purposes_maybe, 1u << r->purpose));
    s = both(s, of_action(c, r));
    if (c->has & CONSENT_CLASSES)
        s = both(s, of_classes(c, r));
    return both(s, of_resource(c, r));
}

/* Where the walk stands: all above it is sure, who asks was named, or the type (whichever makes a
 * permission a share), the resource is asked about. */
struct stand {
    bool sure, named, asked;
};

static enum consent_effect own_word(const struct consent_rule *c, bool hopeful, struct stand at)
{
    if (c->denies)
        return hopeful && at.asked ? CONSENT_SILENT : CONSENT_DENY;
    if (!c->permits || !at.sure)
        return CONSENT_SILENT;
    return at.named ? CONSENT_SHARE : CONSENT_PERMIT;
}

static bool names(const struct consent_rule *c, const struct consent_request *r)
{
    return r->listed ? (c->has & CONSENT_CLASSES) != 0 : c->n_actors > 0;
}

/* As deep as CONSENT_DEPTH_MAX: the record builds no deeper tree. */
static enum consent_effect walk(const struct consent_rule *c, const struct consent_request *r,
                                struct stand at)
{
    enum sure s = matches(c, r);
    enum consent_effect strictest = CONSENT_SILENT;
    if (s == SURE_NO)
        return CONSENT_SILENT;
    at.sure = at.sure && s >= (r->hopeful ? SURE_DEPENDS : SURE_YES);
    at.named = at.named || names(c, r);
    at.asked = at.asked || asks_resource(c);
    for (size_t i = 0; i < c->n_exceptions; i++) {
        enum consent_effect e = walk(&c->exceptions[i], r, at);
        strictest = e > strictest ? e : strictest;
    }
    return strictest == CONSENT_SILENT ? own_word(c, r->hopeful, at) : strictest;
}

enum consent_effect consent_ask(const struct consent_rule *root, const struct consent_request *r)
{
    bool known = (unsigned)r->purpose < PURPOSE_COUNT && (unsigned)r->action < ACTION_COUNT;
    if (!known)
        return CONSENT_DENY;
    return walk(root, r, (struct stand){.sure = true});
}

static const struct consent_role *role_of(enum role role)
{
    return &consent_roles[(unsigned)role <= CONSENT_APP ? role : ROLE_HELPER];
}

enum role consent_role(const struct actor *actor)
{
    return actor->role == ROLE_SYSTEM && actor->scopes ? CONSENT_APP : actor->role;
}

bool consent_binds(enum role role)
{
    return role_of(role)->bound != BOUND_FREE;
}

bool consent_needs_share(enum role role)
{
    return role_of(role)->bound == BOUND_SHARED;
}

bool consent_needs_relation(enum role role)
{
    return role_of(role)->relation;
}

void consent_no_relation(struct consent_verdict *ret)
{
    *ret = (struct consent_verdict){
        .hidden = true,
        .rule = STR("CONSENT-RELATION"),
        .citation = STR("45 CFR 164.308(a)(4); 164.502(b)"),
        .why = STR("You have nothing to do with this patient's care here (CONSENT-RELATION). In an "
                   "emergency you may break the glass.")};
}

bool consent_glass(enum role role)
{
    return role_of(role)->emergency;
}

void consent_decide(const struct consent_rule *const *roots, size_t n, bool glass,
                    const struct consent_request *r, struct consent_verdict *ret)
{
    const struct consent_role *row = role_of(r->role);
    bool shared = !r->listed && (row->bound != BOUND_SHARED || r->open), denied = false;
    *ret = (struct consent_verdict){.by = n,
                                    .rule = str_of(row->rule),
                                    .why = str_of(row->why),
                                    .citation = str_of(row->citation)};
    ret->free = row->bound == BOUND_FREE || (glass && row->emergency);
    if (ret->free)
        return;
    for (size_t i = 0; i < n && !denied; i++) {
        enum consent_effect e = consent_ask(roots[i], r);
        shared = shared || e == CONSENT_SHARE;
        denied = e == CONSENT_DENY;
        ret->by = denied ? i : n;
    }
    ret->hidden = denied || !shared;
}

bool consent_purpose(str code, unsigned *ret_yes, unsigned *ret_maybe)
{
    for (size_t i = 0; i < consent_n_purposes; i++) {
        if (!str_eq(code, str_of(consent_purposes[i].code)))
            continue;
        *ret_yes = consent_purposes[i].yes;
        *ret_maybe = consent_purposes[i].maybe;
        return true;
    }
    return false;
}
