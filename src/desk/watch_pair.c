/* Does a rule hold between who looked and whose record it was: neighbour, surname, widely known,
 * colleague. Asks the record as the system; decides nothing about blame. */
#include "desk/watch_int.h"

err look_ask(struct op *op, struct record *rec, const char *type, str query,
             struct record_page *ret)
{
    TRY(op_check(op));
    return record_find(op, rec, fhir_type_parse(str_of(type)), query, ret);
}

void look_value(struct buf *b, const char *name, str value)
{
    buf_printf(b, "%s%s=", b->n ? "&" : "", name);
    for (size_t i = 0; i < value.n; i++) { /* what search gives a meaning to */
        if (value.p[i] && strchr("\\,$|", value.p[i]))
            buf_add(b, STR("%5C"));
        buf_url(b, str_sub(value, i, i + 1));
    }
}

static struct buf query_of(struct op *op, const char *name, str value)
{
    struct buf b;
    buf_init(&b, op->arena, 4096);
    look_value(&b, name, value);
    return b;
}

static void found(struct finding *ret, size_t *n, enum look_rule rule, struct said why)
{
    ret[(*n)++] = (struct finding){rule, why};
}

static void ask_neighbour(struct op *op, const struct look *l, struct finding *ret, size_t *n)
{
    uint64_t apart;
    if (!person_neighbours(l->looker, &l->person, (uint64_t)LOOK_ROW[LOOK_NEIGHBOUR].limit, &apart))
        return;
    enum say_word word = apart == 0            ? SAY_LOOK_ADDRESS
                         : apart == UINT64_MAX ? SAY_LOOK_STREET
                                               : SAY_LOOK_HOUSES;
    struct said houses = desk_say_number(op, 0, (double)apart);
    found(ret, n, LOOK_NEIGHBOUR, desk_say(op, word, &houses, 1));
}

/* A name that many have says nothing. */
static err ask_surname(struct op *op, struct record *rec, const struct look *l, struct finding *ret,
                       size_t *n)
{
    struct record_page page;
    str family;
    int limit = LOOK_ROW[LOOK_SURNAME].limit;
    if (!person_same_family(l->looker, &l->person, &family))
        return OK;
    struct buf q = query_of(op, "family", family);
    buf_printf(&q, "&_count=%d", limit + 1);
    TRY(look_ask(op, rec, "Patient", buf_str(&q), &page));
    struct said have = desk_say_number(op, 0, (double)page.n_match);
    if (page.n_match <= (size_t)limit)
        found(ret, n, LOOK_SURNAME,
              desk_say(op, page.n_match == 1 ? SAY_LOOK_SURNAME_ONE : SAY_LOOK_SURNAME, &have, 1));
    return OK;
}

static err ask_vip(struct op *op, struct record *rec, const struct look *l, struct finding *ret,
                   size_t *n)
{
    struct record_page page;
    str codes = str_of(LOOK_ROW[LOOK_VIP].codes), one;
    bool vip = l->person.vip;
    while (!vip && str_take_until(&codes, ' ', &one)) {
        str system = STR_NONE;
        (void)str_take_until(&one, '|', &system);
        struct buf q;
        buf_init(&q, op->arena, 4096);
        buf_printf(&q, "member=Patient/%.*s&code=%.*s%%7C%.*s&_count=1", STR_ARG(l->patient_id),
                   STR_ARG(system), STR_ARG(one));
        TRY(look_ask(op, rec, "Group", buf_str(&q), &page));
        vip = page.n_match > 0;
    }
    if (vip)
        found(ret, n, LOOK_VIP, desk_say(op, SAY_LOOK_VIP, NULL, 0));
    return OK;
}

/* Active Flags carry their codes where R4 has no search for them. */
static err ask_flags(struct op *op, struct record *rec, struct look *l)
{
    struct record_page page;
    struct json *tree;
    struct buf q = query_of(op, "patient", arena_cat(op->arena, STR("Patient/"), l->patient_id));
    buf_add(&q, STR("&_count=50"));
    TRY(look_ask(op, rec, "Flag", buf_str(&q), &page));
    for (size_t i = 0; i < page.n_match; i++) {
        const struct json *c;
        TRY(record_parse(op, &page.docs[i], &tree));
        for (size_t k = 0; (c = json_at(json_path(tree, "code.coding"), k)); k++)
            l->person.vip |=
                str_eq(json_get_str(tree, STR("status")), STR("active")) &&
                person_code(str_of(LOOK_ROW[LOOK_VIP].codes), json_get_str(c, STR("system")),
                            json_get_str(c, STR("code")));
    }
    return OK;
}

/* A Practitioner of the same full name and birthday, or tied to the Patient by a Person. */
static err works_here(struct op *op, struct record *rec, const struct look *l, bool *ret)
{
    struct record_page page;
    struct json *tree;
    struct buf q = query_of(op, "patient", arena_cat(op->arena, STR("Patient/"), l->patient_id));
    buf_add(&q, STR("&practitioner:missing=false&_count=1"));
    TRY(look_ask(op, rec, "Person", buf_str(&q), &page));
    *ret = l->person.works_here || page.n_match;
    if (*ret || !l->person.n_families || !l->person.given.n || !l->person.birth.n)
        return OK;
    q = query_of(op, "family", l->person.families[0]);
    look_value(&q, "given", l->person.given);
    buf_add(&q, STR("&_count=20"));
    TRY(look_ask(op, rec, "Practitioner", buf_str(&q), &page));
    for (size_t i = 0; i < page.n_match && !*ret; i++) {
        TRY(record_parse(op, &page.docs[i], &tree));
        *ret = str_eq(json_get_str(tree, STR("birthDate")), l->person.birth);
    }
    return OK;
}

err look_own_patient(struct op *op, struct record *rec, str practitioner, uint64_t *ret)
{
    struct record_page page;
    struct json *tree;
    struct buf q = query_of(op, "practitioner", practitioner);
    const struct json *link;
    buf_add(&q, STR("&_count=1"));
    *ret = 0;
    TRY(look_ask(op, rec, "Person", buf_str(&q), &page));
    if (page.n_match == 0)
        return OK;
    TRY(record_parse(op, &page.docs[0], &tree));
    for (size_t i = 0; (link = json_at(JSON_GET(tree, "link"), i)); i++) {
        struct fhir_ref r =
            fhir_ref_parse(json_get_str(JSON_GET(link, "target"), STR("reference")));
        if (r.type == fhir_type_parse(STR("Patient")) &&
            record_resolve(op, rec, r.type, r.id, ret) != OK)
            op_clear(op);
    }
    return OK;
}

err look_find(struct op *op, struct record *rec, const struct look *asked, struct finding *ret,
              size_t *ret_n)
{
    struct look l = *asked;
    bool colleague = false;
    size_t n = 0;
    ask_neighbour(op, &l, ret, &n);
    TRY(ask_surname(op, rec, &l, ret, &n));
    TRY(ask_flags(op, rec, &l));
    TRY(ask_vip(op, rec, &l, ret, &n));
    TRY(works_here(op, rec, &l, &colleague));
    if (colleague)
        found(ret, &n, LOOK_COLLEAGUE, desk_say(op, SAY_LOOK_COLLEAGUE, NULL, 0));
    *ret_n = n;
    return op_check(op);
}
