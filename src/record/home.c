/* In whose record a resource lives: its Patient compartment, settled when it is written. R4 names
 * the types and elements that decide it; a resource of another type (a Task, say) lives where
 * everything it names lives. Invariant: no resource of one patient's record names data of another
 * patient's, but for the types of spec/record/multi-patient.csv, which is there to do that. */
#include "multi_patient_gen.h"
#include "record/record_int.h"

#define ROWS (sizeof multi_rows / sizeof *multi_rows)

bool type_many(fhir_type type, bool *ret_one)
{
    str name = fhir_type_name(type);
    size_t lo = 0, hi = ROWS;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = str_cmp(name, str_of(multi_rows[mid].type));
        if (c == 0) {
            *ret_one = multi_rows[mid].one;
            return true;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    *ret_one = true;
    return false;
}

/* The Patient that "subject", "patient" or "beneficiary" names, if one does. */
static uint64_t subject_of(struct record_tx *tx, const struct staged *s)
{
    static const char *const elements[] = {".subject", ".patient", ".beneficiary"};
    for (size_t e = 0; e < 3; e++)
        for (size_t i = 0; i < s->n_refs; i++) {
            const struct ref_use *u = &s->refs[i];
            str path = u->path;
            if (str_ends(path, STR(".reference")))
                path = str_sub(path, 0, path.n - 10);
            if (u->target && u->target->type == tx->rec->t_patient &&
                path.n == fhir_type_name(s->type).n + strlen(elements[e]) &&
                str_ends(path, str_of(elements[e])))
                return u->target->rid;
        }
    return 0;
}

static err named(struct record_tx *tx, struct staged *s, bool many)
{
    str *ids;
    size_t n;
    TRY(fhir_patients(tx->op, s->resource, &ids, &n));
    s->homed = n > 0;
    if (n > 1)
        s->comp = subject_of(tx, s);
    if (n == 0 || s->comp || (n > 1 && many))
        return OK;
    struct target *t = target_get(tx, tx->rec->t_patient, ids[0]);
    if (!t)
        return op_check(tx->op) == OK ? ERR_FAULT : tx->op->fault.code;
    s->comp = t->rid;
    return OK;
}

err home_find(struct record_tx *tx, struct staged *s)
{
    bool one, many = type_many(s->type, &one);
    if (s->type == tx->rec->t_patient) {
        s->comp = s->rid;
        s->homed = true;
    } else if (!one) {
        s->homed = true;
    } else if (s->resource) {
        TRY(named(tx, s, many));
    }
    return OK;
}

static uint64_t home_of(const struct target *t)
{
    return t->staged ? t->staged->comp : t->comp;
}

/* What names nobody lives where all it points at lives, if that is one place. */
static void infer(struct staged *s)
{
    uint64_t only = 0;
    for (size_t i = 0; i < s->n_refs; i++) {
        uint64_t home = s->refs[i].target ? home_of(s->refs[i].target) : 0;
        if (home && only && home != only)
            return;
        if (home)
            only = home;
    }
    s->comp = only;
}

static err settled(struct record_tx *tx, struct staged *s)
{
    if (!s->homed && s->resource)
        infer(s);
    if (!s->comp)
        s->comp = s->old_comp;
    if (s->old_comp && s->comp != s->old_comp)
        return fail_at(
            tx->op, ERR_UNPROCESSABLE, s->where,
            "The resource belongs to another patient's record and cannot be moved; delete "
            "it there and create it anew.");
    return OK;
}

err home_check(struct record_tx *tx, struct staged *s)
{
    struct op *op = tx->op;
    bool one, many = type_many(s->type, &one), bound = access_bound(op);
    err first = OK;
    TRY(settled(tx, s));
    for (size_t i = 0; i < s->n_refs; i++) {
        uint64_t home = s->refs[i].target ? home_of(s->refs[i].target) : 0;
        if (!home || (bound ? home == op->actor->patient : many || home == s->comp))
            continue;
        str path = links_path(tx, s, s->refs[i].path);
        if (first == OK) {
            struct audit a = {.action = s->action,
                              .type = s->type,
                              .outcome = ERR_UNPROCESSABLE,
                              .patients = &s->comp,
                              .n_patients = s->comp != 0,
                              .code = STR("cross-patient"),
                              .detail = path};
            TRY(audit_append(op, tx->rec, &a));
        }
        /* To an actor bound to a patient, others' data does not exist. */
        first = bound
                    ? fail_at(op, ERR_UNPROCESSABLE, path,
                              "The %.*s that this reference names does not exist; create it first, "
                              "or in the same transaction.",
                              STR_ARG(fhir_type_name(s->refs[i].target->type)))
                    : fail_at(op, ERR_UNPROCESSABLE, path,
                              "The reference points at another patient's data; a %.*s may name "
                              "the data of one patient only.",
                              STR_ARG(fhir_type_name(s->type)));
    }
    return first;
}
