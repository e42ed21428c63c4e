/* What two persons have in common, from their Patient and Practitioner resources: a surname, a
 * street. Invariant: a value that is absent or too short is in common with nobody. */
#include "desk/watch_int.h"

/* "12 Elm St., Apt 4" and "Elm St 14" are one street: letters alone, the first number apart. */
static void street_of(struct op *op, str line, struct home *h)
{
    str folded = fhir_fold(op->arena, line);
    struct buf b;
    bool counted = false;
    buf_init(&b, op->arena, folded.n + 1);
    for (size_t i = 0; i < folded.n;) {
        str rest = str_sub(folded, i, folded.n);
        uint64_t number;
        if (rest.p[0] == ',')
            break; /* what follows is a flat or a floor */
        if (rest.p[0] >= '0' && rest.p[0] <= '9' && str_take_u64(&rest, 1000000, &number)) {
            if (!counted)
                h->number = number;
            counted = true;
            i = folded.n - rest.n;
            continue;
        }
        if ((rest.p[0] >= 'a' && rest.p[0] <= 'z') || (unsigned char)rest.p[0] >= 0x80)
            buf_char(&b, rest.p[0]);
        i++;
    }
    h->street = buf_str(&b);
}

static str area_of(struct op *op, const struct json *address)
{
    str code = fhir_fold(op->arena, json_get_str(address, STR("postalCode")));
    size_t dash = str_find_char(code, '-', 0); /* ZIP+4: the part that both write */
    if (code.n)
        return str_sub(code, 0, dash);
    return fhir_fold(op->arena, json_get_str(address, STR("city")));
}

static void add_homes(struct op *op, const struct json *tree, struct person *p)
{
    const struct json *all = JSON_GET(tree, "address"), *a;
    for (size_t i = 0; (a = json_at(all, i)) && p->n_homes < 8; i++) {
        struct home h = {.area = area_of(op, a)};
        if (str_eq(json_get_str(a, STR("use")), STR("old")) ||
            str_eq(json_get_str(a, STR("use")), STR("work")))
            continue;
        street_of(op, json_str(json_at(JSON_GET(a, "line"), 0)), &h);
        if (h.area.n > 2 && h.street.n > 2)
            p->homes[p->n_homes++] = h;
    }
}

bool person_code(str codes, str system, str code)
{
    str one, head;
    while (str_take_until(&codes, ' ', &one))
        if (str_take_until(&one, '|', &head) && code.n && str_eq(head, system) && str_eq(one, code))
            return true;
    return false;
}

static bool coded(const struct json *codings, str codes)
{
    const struct json *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (person_code(codes, json_get_str(c, STR("system")), json_get_str(c, STR("code"))))
            return true;
    return false;
}

static void add_marks(const struct json *tree, struct person *p)
{
    const struct json *labels = json_path(tree, "meta.security"), *e;
    const struct json *extensions = JSON_GET(tree, "extension");
    p->vip |= coded(labels, str_of(LOOK_ROW[LOOK_VIP].codes));
    p->works_here |= coded(labels, str_of(LOOK_ROW[LOOK_COLLEAGUE].codes));
    for (size_t i = 0; (e = json_at(extensions, i)); i++)
        if (str_ends(json_get_str(e, STR("url")), STR("/patient-importance")))
            p->vip |= coded(json_path(e, "valueCodeableConcept.coding"),
                            str_of(LOOK_ROW[LOOK_VIP].codes));
}

void person_add(struct op *op, const struct json *tree, struct person *p)
{
    const struct json *names = JSON_GET(tree, "name"), *n;
    for (size_t i = 0; (n = json_at(names, i)); i++) {
        str family = fhir_fold(op->arena, json_get_str(n, STR("family")));
        if (family.n > 1 && p->n_families < 8)
            p->families[p->n_families++] = family;
        if (!p->given.n)
            p->given = fhir_fold(op->arena, json_str(json_at(JSON_GET(n, "given"), 0)));
    }
    if (!p->birth.n)
        p->birth = json_get_str(tree, STR("birthDate"));
    add_homes(op, tree, p);
    add_marks(tree, p);
}

bool person_same_family(const struct person *a, const struct person *b, str *ret_family)
{
    for (size_t i = 0; i < a->n_families; i++)
        for (size_t k = 0; k < b->n_families; k++)
            if (str_eq(a->families[i], b->families[k])) {
                *ret_family = a->families[i];
                return true;
            }
    return false;
}

static bool near(const struct home *a, const struct home *b, uint64_t limit, uint64_t *ret_apart)
{
    if (!str_eq(a->area, b->area) || !str_eq(a->street, b->street))
        return false;
    uint64_t apart = a->number > b->number ? a->number - b->number : b->number - a->number;
    if (a->number && b->number && apart > limit)
        return false;
    *ret_apart = a->number && b->number ? apart : UINT64_MAX; /* one number is unknown */
    return true;
}

bool person_neighbours(const struct person *a, const struct person *b, uint64_t limit,
                       uint64_t *ret_apart)
{
    for (size_t i = 0; i < a->n_homes; i++)
        for (size_t k = 0; k < b->n_homes; k++)
            if (near(&a->homes[i], &b->homes[k], limit, ret_apart))
                return true;
    return false;
}
