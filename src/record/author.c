/* Whose words a resource is: the elements that name who says it, by type. Only types that somebody
 * may write or read because they wrote them stand here; of every other nobody is the author.
 * Invariant: it is the actor's only when the actor alone is named. */
#include "record/record_int.h"

/* FHIR R4 definitions of the elements (http://hl7.org/fhir/R4/<type>-definitions.html); each is a
 * search parameter of the same name. `also`: an element that people and devices bound to a patient
 * fill with themselves or leave out; to staff it names whom they write for. */
static const struct {
    const char *type, *element;
    bool also;
} rows[] = {
    {"AppointmentResponse", "actor", false},    {"Communication", "sender", false},
    {"Observation", "performer", false},        {"Observation", "device", false},
    {"QuestionnaireResponse", "author", false}, {"QuestionnaireResponse", "source", true},
};
#define ROWS (sizeof rows / sizeof *rows)

/* Elements at any depth that put words into somebody's mouth. */
static const char *const speaks[] = {".author",   ".sender",   ".performer",        ".source",
                                     ".recorder", ".asserter", ".informationSource"};
#define SPEAKS (sizeof speaks / sizeof *speaks)

static bool counts(const struct op *op, size_t row)
{
    return !rows[row].also || access_bound(op);
}

const struct fhir_param *author_param(const struct op *op, fhir_type type, size_t i)
{
    for (size_t r = 0; r < ROWS; r++)
        if (str_eq(fhir_type_name(type), str_of(rows[r].type)) && counts(op, r) && i-- == 0)
            return fhir_param_find(type, str_of(rows[r].element));
    return NULL;
}

static str without(str path, str end)
{
    return str_ends(path, end) ? str_sub(path, 0, path.n - end.n) : path;
}

/* "Observation.performer[0].reference" to "Observation.performer". */
static str element_of(str path)
{
    path = without(without(path, STR(".reference")), STR(".ofType(Reference)"));
    size_t n = path.n;
    if (n && path.p[n - 1] == ']')
        while (n && path.p[n - 1] != '[')
            n--;
    return n && n < path.n ? str_sub(path, 0, n - 1) : path;
}

static bool is_actor(const struct op *op, const struct ref_use *u)
{
    uint64_t rid = u->target ? u->target->rid : 0;
    return rid && (rid == op->actor->user_rid ||
                   (op->actor->role == ROLE_DEVICE && rid == op->actor->patient));
}

static size_t values(const struct json *resource, const char *element)
{
    const struct json *v = json_get(resource, str_of(element));
    size_t n = 0;
    if (!v)
        return 0;
    while (json_at(v, n))
        n++;
    return n ? n : 1;
}

/* Every value of the element must be a reference to the actor: a name or an identifier instead of
 * a reference would speak for somebody else. */
static bool only_actor(const struct op *op, const struct staged *s, const char *element,
                       size_t *total)
{
    size_t n = values(s->resource, element), mine = 0;
    str type = fhir_type_name(s->type);
    for (size_t i = 0; i < s->n_refs; i++) {
        str e = element_of(s->refs[i].path);
        if (e.n == type.n + 1 + strlen(element) && str_ends(e, str_of(element)) &&
            e.p[type.n] == '.')
            mine += is_actor(op, &s->refs[i]);
    }
    *total += mine;
    return mine == n;
}

bool author_is_actor(const struct op *op, const struct staged *s)
{
    size_t total = 0;
    if (!s->resource || !op->actor || !op->actor->user_rid)
        return false;
    for (size_t r = 0; r < ROWS; r++)
        if (str_eq(fhir_type_name(s->type), str_of(rows[r].type)) && counts(op, r) &&
            !only_actor(op, s, rows[r].element, &total))
            return false;
    for (size_t i = 0; i < s->n_refs && access_bound(op); i++)
        for (size_t w = 0; w < SPEAKS; w++)
            if (str_ends(element_of(s->refs[i].path), str_of(speaks[w])) &&
                !is_actor(op, &s->refs[i]))
                return false;
    return total > 0;
}
