/* The part of a resource that its reader may see: doc_fill() makes every document that leaves the
 * room here, so that no road goes past it. Which elements are absent say the rows of
 * spec/rules/redact.csv (policy/redact.h). A view is marked REDACTED wherever rows are about it,
 * and not only where something was there: the mark tells nothing. Invariant: what cannot be
 * redacted is not shown at all. */
#include "record/points_int.h"
#include "record/restrict_int.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

enum redact_hope redact_may_hide(struct op *op, struct record *rec, fhir_type type,
                                 uint64_t patient)
{
    const struct restrictions *x = atomic_load(&rec->restrictions);
    bool one;
    if (consent_needs_share(op->actor->role) || rec->relationship || (x && x->n))
        return HIDES_PERHAPS;
    if (consent_denies(op, rec, patient))
        return HIDES_PERHAPS;
    if (!patient || !type_many(type, &one) || !consent_denies(op, rec, 0))
        return HIDES_NOTHING;
    return HIDES_ANOTHERS;
}

/* Is there any member at all that the row looks at? */
static bool holds_any(const struct redact_row *row, str body)
{
    char name[64];
    for (size_t i = 0; row->elements[i]; i++) {
        int n = snprintf(name, sizeof name, "\"%s\":", row->elements[i]);
        if (n > 0 && memmem(body.p, body.n, name, (size_t)n))
            return true;
    }
    return false;
}

/* A row `hidden`. */
static bool looks_at_links(struct op *op, struct record *rec, const struct store_doc *d,
                           const struct redact_row *row, struct redact_view *v)
{
    enum redact_hope hope = redact_may_hide(op, rec, d->type, d->comp);
    if (hope == HIDES_NOTHING || (hope == HIDES_ANOTHERS && !holds_any(row, d->body)))
        return false;
    v->quiet = hope == HIDES_ANOTHERS;
    v->links[v->n_links++] = row;
    return true;
}

/* Its own, and those of the resource as it is now: what it says today covers what it said before.
 * All of them where it is deleted or cannot be read. */
static label_set labels_of(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct store_doc now;
    struct fault before = op->fault;
    label_set labels = label_of_body(op, d->body);
    err e = store_peek(op, rec->store, d->rid, &now);
    if (e == OK && now.vid == d->vid)
        return labels;
    if (e == OK)
        e = store_get(op, rec->store, d->rid, &now);
    op->fault = before;
    return e == OK && !now.deleted ? labels | label_of_body(op, now.body) : LABELS_ALL;
}

bool redact_view(struct op *op, struct record *rec, const struct store_doc *d,
                 struct redact_view *ret)
{
    const struct redact_set *set = redact_find(op->actor, d->type);
    label_set labels = 0;
    *ret = (struct redact_view){0};
    for (size_t i = 0; set && i < set->n; i++) {
        const struct redact_row *row = redact_row(set->at[i]);
        uint64_t bit = UINT64_C(1) << set->at[i];
        if (row->unshared)
            continue; /* points.c */
        if (row->hidden) {
            ret->mask |= looks_at_links(op, rec, d, row, ret) && !ret->quiet ? bit : 0;
            continue;
        }
        if (row->labels && !labels)
            labels = labels_of(op, rec, d);
        bool shared = row->unless && consent_shares(op, rec, (fhir_type)row->unless);
        if (!redact_takes(row, labels, shared))
            continue;
        ret->mask |= bit;
        ret->rows[ret->n++] = row;
    }
    return ret->n || ret->n_links;
}

bool redact_absent(const struct redact_view *v, str member)
{
    for (size_t i = 0; i < v->n; i++)
        if (redact_names(v->rows[i], member))
            return true;
    /* a narrative may say what an item says, and what is carried inside may be it */
    return v->n_links && !v->quiet &&
           (str_eq(member, STR("text")) || str_eq(member, STR("contained")));
}

static bool links_name(const struct redact_view *v, str member)
{
    for (size_t i = 0; i < v->n_links; i++)
        if (redact_names(v->links[i], member))
            return true;
    return false;
}

/* As the role, whatever an app was given: else the app's scopes would decide what is told. */
static bool points_at_hidden(struct op *op, struct record *rec, const struct fhir_ref *ref)
{
    struct store_doc d;
    struct actor bare = *op->actor;
    const struct actor *before = op->actor;
    struct fault fault = op->fault;
    bool named = (ref->kind == REF_LOCAL || ref->kind == REF_ABSOLUTE) && ref->type && ref->id.n;
    if (!named || ref->type == rec->t_audit)
        return false;
    bool there = id_get(op, rec, ref->type, ref->id, &d) == OK;
    op->fault = fault;
    bare.scopes = NULL;
    op->actor = &bare;
    bool hidden = there && !access_may_see(op, rec, NULL, &d);
    op->actor = before;
    return hidden;
}

/* "List.entry[3].item.reference": entry, 3. */
static struct redact_item item_of(str path)
{
    struct redact_item it = {.at = SIZE_MAX};
    uint64_t at;
    str rest = path, number;
    size_t dot = str_find_char(rest, '.', 0);
    rest = str_sub(rest, dot == SIZE_MAX ? rest.n : dot + 1, path.n);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '.' && rest.p[end] != '[')
        end++;
    it.member = str_sub(rest, 0, end);
    rest = str_sub(rest, end, rest.n);
    if (str_starts(rest, STR("["))) {
        rest = str_sub(rest, 1, rest.n);
        if (str_take_until(&rest, ']', &number) && str_to_u64(number, UINT32_MAX, &at))
            it.at = at;
    }
    return it;
}

err redact_links(struct op *op, struct record *rec, const struct redact_view *v, struct json *tree,
                 redact_items *ret)
{
    struct fhir_ref_node *refs;
    size_t n;
    if (!v->n_links)
        return OK;
    TRY(fhir_refs(op, tree, &refs, &n));
    for (size_t i = 0; i < n; i++) {
        struct redact_item it = item_of(refs[i].path);
        const struct redact_item *last = ret->n ? &ret->at[ret->n - 1] : NULL;
        bool known = last && last->at == it.at && str_eq(last->member, it.member);
        if (!known && links_name(v, it.member) && points_at_hidden(op, rec, &refs[i].ref))
            VEC_PUSH(op->arena, ret, it);
        TRY(op_check(op));
    }
    return OK;
}

static bool is_among(const redact_items *items, str member, size_t at)
{
    for (size_t i = 0; i < items->n; i++)
        if (items->at[i].at == at && str_eq(items->at[i].member, member))
            return true;
    return false;
}

err redact_add(struct op *op, redact_items *io, const redact_items *more)
{
    for (size_t i = 0; i < more->n; i++)
        if (!is_among(io, more->at[i].member, more->at[i].at))
            VEC_PUSH(op->arena, io, more->at[i]);
    return op_check(op);
}

/* A member without the items; NULL when none is left. */
static const struct json *rest_of(struct op *op, const struct json *member, str name,
                                  const redact_items *items)
{
    struct json *left = json_new(op->arena, JSON_ARRAY);
    if (!json_is(member, JSON_ARRAY))
        return NULL;
    for (size_t i = 0; i < member->n; i++)
        if (!is_among(items, name, i))
            json_push(op->arena, left, &member->u.items[i]);
    return left->n ? left : NULL;
}

static void take_links(struct op *op, struct json *tree, const redact_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        str name = items->at[i].member;
        bool done = i > 0 && str_eq(items->at[i - 1].member, name);
        const struct json *member = done ? NULL : json_get(tree, name);
        if (!member)
            continue;
        const struct json *left = rest_of(op, member, name, items);
        if (left)
            json_set(op->arena, tree, name, left);
        else
            json_unset(tree, name);
    }
}

static bool inside(const struct redact_view *v, str member, str name)
{
    for (size_t i = 0; i < v->n; i++)
        if (redact_inside(v->rows[i], member, name))
            return true;
    return false;
}

/* As deep as a document may be. */
static void take_inside(const struct redact_view *v, str member, struct json *value)
{
    for (size_t i = 0; json_is(value, JSON_ARRAY) && i < value->n; i++)
        take_inside(v, member, &value->u.items[i]);
    for (size_t i = json_is(value, JSON_OBJECT) ? value->n : 0; i-- > 0;) {
        if (inside(v, member, value->u.members[i].name))
            json_unset(value, value->u.members[i].name);
        else
            take_inside(v, member, &value->u.members[i].value);
    }
}

static void take_members(const struct redact_view *v, struct json *tree)
{
    for (size_t i = tree->n; i-- > 0;) {
        str name = tree->u.members[i].name;
        if (redact_absent(v, name))
            json_unset(tree, name);
        else if (inside(v, name, STR_NONE))
            take_inside(v, name, &tree->u.members[i].value);
    }
}

static bool is_mark(const struct json *coding)
{
    return str_eq(json_get_str(coding, STR("code")), STR("REDACTED")) &&
           str_eq(json_get_str(coding, STR("system")), STR(SYSTEM));
}

static void mark(struct op *op, struct json *tree)
{
    struct json *meta = JSON_GET(tree, "meta");
    struct json *security = JSON_GET(meta, "security");
    struct json *list = json_new(op->arena, JSON_ARRAY);
    struct json *coding = json_new(op->arena, JSON_OBJECT);
    for (size_t i = 0; i < (security ? security->n : 0); i++) {
        if (is_mark(&security->u.items[i]))
            return;
        json_push(op->arena, list, &security->u.items[i]);
    }
    json_set_str(op->arena, coding, STR("system"), STR(SYSTEM));
    json_set_str(op->arena, coding, STR("code"), STR("REDACTED"));
    json_set_str(op->arena, coding, STR("display"), STR("redacted"));
    json_push(op->arena, list, coding);
    json_set(op->arena, meta, STR("security"), list);
}

void redact_unmark(struct json *tree)
{
    struct json *meta = JSON_GET(tree, "meta");
    struct json *security = JSON_GET(meta, "security");
    size_t kept = 0;
    for (size_t i = 0; i < (json_is(security, JSON_ARRAY) ? security->n : 0); i++)
        if (!is_mark(&security->u.items[i]))
            security->u.items[kept++] = security->u.items[i];
    if (!security || kept == security->n)
        return;
    security->n = (uint32_t)kept;
    if (!kept)
        json_unset(meta, STR("security"));
    if (!meta->n)
        json_unset(tree, STR("meta"));
}

static int by_member(const void *x, const void *y)
{
    const struct redact_item *a = x, *b = y;
    int c = str_cmp(a->member, b->member);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

/* The same of what names what its patient keeps: with the narrative, and nothing is marked. */
static err take_points(struct op *op, struct record *rec, const struct store_doc *d,
                       struct json *tree, redact_items *io)
{
    redact_items own = {.n = 0};
    TRY(points_items(op, rec, d, tree, &own));
    if (!own.n)
        return OK;
    TRY(redact_add(op, io, &own));
    if (io->at)
        qsort(io->at, io->n, sizeof *io->at, by_member);
    json_unset(tree, STR("text"));
    return OK;
}

/* *ret_same: nothing is taken, and the body stays as it is stored. */
static err tree_left(struct op *op, struct record *rec, const struct store_doc *d,
                     const struct redact_view *v, struct json *tree, bool *ret_same)
{
    redact_items items = {.n = 0};
    TRY(redact_links(op, rec, v, tree, &items));
    TRY(take_points(op, rec, d, tree, &items));
    *ret_same = !v->n && !v->n_links && !items.n;
    take_links(op, tree, &items);
    take_members(v, tree);
    if (v->mask)
        mark(op, tree);
    return op_check(op);
}

static err body_shown(struct op *op, struct record *rec, const struct store_doc *d,
                      const struct redact_view *v, struct record_doc *doc)
{
    struct json *tree;
    struct buf b;
    bool same;
    TRY(record_parse(op, doc, &tree));
    TRY(tree_left(op, rec, d, v, tree, &same));
    if (same)
        return OK;
    buf_init(&b, op->arena, RECORD_BODY_MAX);
    fhir_body_write(&b, tree);
    doc->body = buf_str(&b);
    return buf_ok(&b) ? op_check(op) : fail(op, ERR_TOO_LARGE, "The resource is too large.");
}

void doc_redact(struct op *op, struct record *rec, const struct store_doc *d,
                struct record_doc *doc)
{
    struct redact_view v;
    if (doc->deleted || (!redact_view(op, rec, d, &v) && !points_may(op->actor, d->body)))
        return;
    doc->redacted = v.mask;
    err e = body_shown(op, rec, d, &v, doc);
    if (e == OK)
        return;
    doc->head = doc->body = STR_NONE;
    if (op->fault.code == OK)
        e = fail(op, e, "The part of the resource that you may see cannot be made.");
}
