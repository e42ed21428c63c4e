/* Validation in the record: $validate with everything that is known, and the check of every write.
 * Invariant: a write breaks no error-level invariant of R4, and where its type is strict no profile
 * that is asked for or claimed. */
#include "record/profile.h"

#include "record/profile_int.h"

static const struct fhir_terms *terms_of(const struct record *rec)
{
    return rec->terms;
}

/* What the actor may not read is not there; the look is in the trail as any other. */
static err resolve(struct op *op, void *ctx, str reference, struct json **ret)
{
    struct profile_look *l = ctx;
    struct fhir_ref ref = fhir_ref_parse(reference);
    struct record_doc doc;
    struct op inner;
    if (ref.kind != REF_LOCAL)
        return OK;
    op_init(&inner, op->arena, op->actor, op->now);
    inner.deadline = op->deadline;
    inner.trace = op->trace;
    inner.audit = op->audit;
    err e = record_read(&inner, l->rec, ref.type, ref.id, &doc);
    if (e == OK)
        e = record_parse(&inner, &doc, ret);
    op->audit = inner.audit;
    bool serious = e == ERR_TIMEOUT || e == ERR_UNAVAILABLE || e == ERR_FAULT;
    return serious ? fail(op, e, "A referenced resource could not be read.") : OK;
}

err record_validate(struct op *op, struct record *rec, struct json *resource,
                    const struct record_check *check)
{
    struct profile_look look;
    TRY(profile_look_begin(op, rec, &look));
    struct fhir_profile_env env = {.rules = profile_shelf_rules(rec->profiles),
                                   .terms = terms_of(rec),
                                   .profile = profile_look,
                                   .resolve = resolve,
                                   .ctx = &look,
                                   .must_support = check->must_support};
    err e = fhir_profile_check(op, &env, resource, check->profiles, check->n);
    profile_look_end(&look);
    return e;
}

/* ---- writes ---- */

struct write_check {
    struct record_tx *tx;
    struct arena *scratch;
};

static err check_strict(const struct write_check *w, struct json *resource,
                        const struct profile_strict *strict)
{
    struct op *op = w->tx->op;
    struct record *rec = w->tx->rec;
    struct profile_look look;
    TRY(profile_look_begin(op, rec, &look));
    struct fhir_profile_env env = {.rules = profile_shelf_rules(rec->profiles),
                                   .terms = terms_of(rec),
                                   .profile = profile_look,
                                   .ctx = &look,
                                   .scratch = w->scratch,
                                   .unknown_is_error = true,
                                   .errors_only = true};
    err e = fhir_profile_check(op, &env, resource, strict->urls, strict->n);
    profile_look_end(&look);
    return e;
}

static err check_write(const struct write_check *w, struct staged *s)
{
    struct op *op = w->tx->op;
    struct record *rec = w->tx->rec;
    size_t before = op->fault.n;
    if (!s->resource)
        return OK;
    const struct profile_strict *strict = profile_shelf_strict(rec->profiles, s->type);
    struct fhir_profile_env env = {
        .rules = profile_shelf_rules(rec->profiles), .scratch = w->scratch, .errors_only = true};
    err e = strict && strict->on ? check_strict(w, s->resource, strict)
                                 : fhir_profile_check(op, &env, s->resource, NULL, 0);
    for (size_t i = before; i < op->fault.n; i++)
        op->fault.issues[i].expression = links_path(w->tx, s, op->fault.issues[i].expression);
    return e;
}

err profile_check_all(struct record_tx *tx)
{
    struct write_check w = {.tx = tx, .scratch = arena_new(64u << 20)};
    err all = w.scratch ? op_check(tx->op)
                        : fail(tx->op, ERR_UNAVAILABLE, "No memory left to check what is written.");
    for (size_t i = 0; i < tx->staged.n && (all == OK || all == ERR_UNPROCESSABLE); i++) {
        err e = check_write(&w, tx->staged.at[i]);
        all = e == OK ? all : e;
    }
    arena_free(w.scratch);
    return all == OK ? op_check(tx->op) : all;
}

/* ---- strict types ---- */

static err strict_row(struct op *op, struct record *rec, fhir_type type, const str *urls, size_t n)
{
    struct profile_strict *row = profile_shelf_strict(rec->profiles, type);
    if (row->n && n)
        return fail(op, ERR_INVALID, "validate.strict names %.*s twice.",
                    STR_ARG(fhir_type_name(type)));
    *row = (struct profile_strict){.on = true, .urls = urls, .n = n};
    return OK;
}

static err strict_entry(struct op *op, struct record *rec, struct arena *a, str entry)
{
    str name = str_trim(str_sub(entry, 0, str_find_char(entry, '=', 0))), url;
    size_t eq = str_find_char(entry, '=', 0), n = 0;
    str list = eq < entry.n ? str_sub(entry, eq + 1, entry.n) : STR_NONE;
    fhir_type type = fhir_type_parse(name);
    bool all = str_eq(name, STR("*"));
    str *urls = ARENA_ARRAY(a, str, list.n / 2 + 1);
    if (!type && !all)
        return fail(op, ERR_INVALID, "validate.strict: %.*s is no R4 resource type.",
                    STR_ARG(name));
    while (urls && str_take_until(&list, ' ', &url))
        if (!str_empty(str_trim(url)))
            urls[n++] = arena_str(a, str_trim(url));
    if (all && n)
        return fail(op, ERR_INVALID, "validate.strict: * takes no profiles; name the types.");
    if (!all)
        return strict_row(op, rec, type, urls, n);
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        if (!profile_shelf_strict(rec->profiles, t)->on)
            TRY(strict_row(op, rec, t, NULL, 0));
    return OK;
}

err record_set_strict(struct op *op, struct record *rec, str text)
{
    str entry, part;
    if (str_empty(str_trim(text)))
        return OK;
    struct arena *a = profile_shelf_arena(rec->profiles);
    if (!a)
        return fail(op, ERR_UNAVAILABLE, "No memory for validate.strict.");
    while (str_take_until(&text, ',', &part))
        while (str_take_until(&part, ';', &entry))
            if (!str_empty(str_trim(entry)))
                TRY(strict_entry(op, rec, a, str_trim(entry)));
    return OK;
}
