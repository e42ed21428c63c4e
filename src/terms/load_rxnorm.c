/* RxNorm's RRF files (https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html): RXNCONSO,
 * RXNREL and, where present, RXNSTY and RXNSAB (for the version). As FHIR wants it
 * (http://hl7.org/fhir/R4/rxnorm.html): only RxNorm's own atoms; TTY, STY and relationships are
 * properties, isa is the hierarchy. The files have no header line. */
#include "terms/load_int.h"

#define RXNORM "http://www.nlm.nih.gov/research/umls/rxnorm"

static bool is_synonym(str tty)
{
    static const char *const names[] = {"SY", "TMSY", "PSN", "ET"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(tty, str_of(names[i])))
            return true;
    return false;
}

static void value(struct loading *l, uint32_t row, str name, str text, bool code)
{
    struct detail_note p = {.value = keep(l, text), .type = code ? PROP_CODE : PROP_STRING};
    p.property = builder_property(&l->b, name, code ? STR("code") : STR("string"), STR_NONE);
    builder_value(&l->b, row, &p);
}

/* RXCUI LAT SAB TTY STR SUPPRESS */
static err name_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    if (!str_eq(c[2], STR("RXNORM")))
        return OK;
    if (!c[0].n)
        return fail(l->op, ERR_INVALID, "RXNCONSO.RRF: a line has no RXCUI.");
    uint32_t row = builder_find(&l->b, c[0]);
    if (row == NO_ROW)
        row = builder_concept(&l->b, keep(l, c[0]), STR_NONE);
    if (row == NO_ROW)
        return op_check(l->op);
    struct build_row *r = &l->b.rows.at[row];
    bool synonym = is_synonym(c[3]);
    struct detail_note d = {.lang = STR("en"), .value = keep(l, c[4])};
    if (!synonym) {
        r->display = d.value;
        value(l, row, STR("TTY"), c[3], false);
        if (str_eq(c[5], STR("O")))
            r->flags |= ROW_INACTIVE;
    } else {
        d.code = keep(l, c[3]);
        d.system = STR(RXNORM);
        builder_designation(&l->b, row, &d);
        if (!r->display.n)
            r->display = d.value;
    }
    return op_check(l->op);
}

/* RXCUI1 RXCUI2 RELA SAB: what stands second "is a" what stands first. */
static err relation_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    if (!str_eq(c[3], STR("RXNORM")) || !c[0].n || !c[1].n || !c[2].n)
        return OK;
    uint32_t row = builder_find(&l->b, c[1]);
    if (row == NO_ROW || builder_find(&l->b, c[0]) == NO_ROW)
        return OK;
    if (str_eq(c[2], STR("isa")))
        builder_edge(&l->b, l->b.rows.at[row].code, keep(l, c[0]));
    else if (!str_eq(c[2], STR("inverse_isa")))
        value(l, row, keep(l, c[2]), c[0], true);
    return op_check(l->op);
}

static err type_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    uint32_t row = builder_find(&l->b, c[0]);
    if (row != NO_ROW && c[1].n)
        value(l, row, STR("STY"), c[1], false);
    return op_check(l->op);
}

static err source_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    if (str_eq(c[0], STR("RXNORM")))
        l->b.facts.text[FACT_VERSION] = keep(l, c[1]);
    return op_check(l->op);
}

err load_rxnorm(struct loading *l)
{
    static const char *const names[] = {"0", "1", "11", "12", "14", "16", NULL};
    static const char *const relations[] = {"0", "4", "7", "10", NULL};
    static const char *const types[] = {"0", "3", NULL};
    static const char *const sources[] = {"3", "6", NULL};
    size_t n;
    l->b.facts.text[FACT_URL] = STR(RXNORM);
    l->b.facts.text[FACT_NAME] = STR("RxNorm");
    l->b.facts.text[FACT_EXTRA] = STR(RXNORM "/vs");
    TRY(load_needed(l, &(struct reading){"RXNCONSO.RRF", TABLE_PIPE, names, name_row, NULL}));
    TRY(load_needed(l, &(struct reading){"RXNREL.RRF", TABLE_PIPE, relations, relation_row, NULL}));
    TRY(load_rows(l, &(struct reading){"RXNSTY.RRF", TABLE_PIPE, types, type_row, NULL}, &n));
    TRY(load_rows(l, &(struct reading){"RXNSAB.RRF", TABLE_PIPE, sources, source_row, NULL}, &n));
    return OK;
}
