/* LOINC as Regenstrief publishes it (https://loinc.org/kb/): Loinc.csv, and where present the
 * hierarchy (ComponentHierarchyBySystem.csv, formerly MultiAxialHierarchy.csv), AnswerList.csv and
 * the linguistic variants. As FHIR wants it (http://hl7.org/fhir/R4/loinc.html): parts are parents
 * of codes, answer lists are lists, the axes are properties. The version is the newest that any
 * code was changed in. */
#include "terms/load_int.h"

static const char *const main_columns[] = {"LOINC_NUM",
                                           "LONG_COMMON_NAME",
                                           "STATUS",
                                           "COMPONENT",
                                           "PROPERTY",
                                           "TIME_ASPCT",
                                           "SYSTEM",
                                           "SCALE_TYP",
                                           "METHOD_TYP",
                                           "CLASS",
                                           "?CLASSTYPE",
                                           "?ORDER_OBS",
                                           "?SHORTNAME",
                                           "?DisplayName",
                                           "?DefinitionDescription",
                                           "?EXTERNAL_COPYRIGHT_NOTICE",
                                           "?VersionLastChanged",
                                           "?VersionFirstReleased",
                                           NULL};
enum {
    NUM,
    NAME,
    STATUS,
    FIRST_AXIS,
    LAST_AXIS = FIRST_AXIS + 8, /* ORDER_OBS */
    SHORT,
    SHOWN,
    DEFINITION,
    COPYRIGHT,
    CHANGED,
    RELEASED
};

static void value(struct loading *l, uint32_t row, const char *name, str text)
{
    struct detail_note p = {.value = keep(l, text), .type = PROP_STRING};
    if (!text.n)
        return;
    p.property = builder_property(&l->b, str_of(name), STR("string"), STR_NONE);
    builder_value(&l->b, row, &p);
}

static void word(struct loading *l, uint32_t row, const char *use, str text)
{
    struct detail_note d = {.lang = STR("en"), .value = keep(l, text)};
    d.system = STR("http://loinc.org");
    d.code = d.display = str_of(use);
    if (text.n)
        builder_designation(&l->b, row, &d);
}

static err main_row(struct loading *l, void *ctx, const str *c)
{
    str *newest = ctx;
    uint32_t row = builder_concept(&l->b, keep(l, c[NUM]), keep(l, c[NAME]));
    if (!c[NUM].n)
        return fail(l->op, ERR_INVALID, "Loinc.csv: a line has no LOINC_NUM.");
    if (row == NO_ROW)
        return op_check(l->op);
    l->b.rows.at[row].definition = keep(l, c[DEFINITION]);
    if (str_eq(c[STATUS], STR("DEPRECATED")))
        l->b.rows.at[row].flags |= ROW_INACTIVE;
    value(l, row, "STATUS", c[STATUS]);
    for (size_t i = FIRST_AXIS; i <= LAST_AXIS; i++)
        value(l, row, main_columns[i] + (main_columns[i][0] == '?'), c[i]);
    value(l, row, "copyright", c[COPYRIGHT].n ? STR("3rdParty") : STR("LOINC"));
    word(l, row, "SHORTNAME", c[SHORT]);
    word(l, row, "DisplayName", c[SHOWN]);
    for (size_t i = CHANGED; i <= RELEASED; i++)
        if (version_cmp(c[i], *newest) > 0)
            *newest = keep(l, c[i]);
    return op_check(l->op);
}

static err tree_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    str code = keep(l, c[0]);
    if (!code.n)
        return OK;
    if (builder_find(&l->b, code) == NO_ROW)
        (void)builder_concept(&l->b, code, keep(l, c[2]));
    if (c[1].n)
        builder_edge(&l->b, code, keep(l, c[1]));
    return op_check(l->op);
}

static err answer_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    if (!c[0].n || !c[2].n)
        return OK;
    str list = keep(l, c[0]), code = keep(l, c[2]);
    uint32_t row = builder_find(&l->b, code);
    if (row == NO_ROW)
        row = builder_concept(&l->b, code, keep(l, c[3]));
    builder_list_add(&l->b, builder_list(&l->b, list, keep(l, c[1])), row);
    return op_check(l->op);
}

static err variant_row(struct loading *l, void *ctx, const str *c)
{
    const str *lang = ctx;
    uint32_t row = builder_find(&l->b, c[0]);
    struct detail_note d = {.lang = *lang, .value = keep(l, c[1].n ? c[1] : c[2])};
    if (row != NO_ROW && d.value.n)
        builder_designation(&l->b, row, &d);
    return op_check(l->op);
}

/* "deDE15LinguisticVariant.csv": language, country, number. */
static err variants(struct loading *l)
{
    static const char *const columns[] = {"LOINC_NUM", "?LONG_COMMON_NAME",
                                          "?LinguisticVariantDisplayName", NULL};
    const struct member_file *m;
    for (size_t i = 0; (m = release_find(&l->release, "????[0-9]*LinguisticVariant.csv", i)); i++) {
        size_t at = m->name.n, n;
        while (at > 0 && m->name.p[at - 1] != '/')
            at--;
        str base = str_sub(m->name, at, SIZE_MAX);
        str lang = arena_printf(l->b.a, "%.2s-%.2s", base.p, base.p + 2);
        TRY(load_rows(
            l, &(struct reading){str_z(l->b.a, base), TABLE_CSV, columns, variant_row, &lang}, &n));
    }
    return OK;
}

err load_loinc(struct loading *l)
{
    static const char *const tree[] = {"CODE", "IMMEDIATE_PARENT", "CODE_TEXT", NULL};
    static const char *const answers[] = {"AnswerListId", "AnswerListName", "AnswerStringId",
                                          "DisplayText", NULL};
    str newest = STR_NONE;
    size_t n;
    l->b.facts.text[FACT_URL] = STR("http://loinc.org");
    l->b.facts.text[FACT_NAME] = STR("LOINC");
    l->b.facts.text[FACT_EXTRA] = STR("http://loinc.org/vs");
    l->b.facts.flags |= FLAG_CASE_FOLDED;
    TRY(load_needed(l, &(struct reading){"Loinc.csv", TABLE_CSV, main_columns, main_row, &newest}));
    TRY(load_rows(
        l, &(struct reading){"ComponentHierarchyBySystem.csv", TABLE_CSV, tree, tree_row, NULL},
        &n));
    if (!n)
        TRY(load_rows(
            l, &(struct reading){"MultiAxialHierarchy.csv", TABLE_CSV, tree, tree_row, NULL}, &n));
    TRY(load_rows(l, &(struct reading){"AnswerList.csv", TABLE_CSV, answers, answer_row, NULL},
                  &n));
    TRY(variants(l));
    l->b.facts.text[FACT_VERSION] = newest;
    return OK;
}
