/* SNOMED CT's RF2 snapshot (https://confluence.ihtsdotools.org/display/DOCRELFMT): concepts,
 * descriptions, relationships, simple and language reference sets, module dependencies. As FHIR
 * wants it (http://hl7.org/fhir/R4/snomedct.html): is-a is the hierarchy, other relationships are
 * properties named by their type, reference sets are lists, the version is
 * http://snomed.info/sct/[module]/version/[date]. */
#include "terms/load_int.h"

#define SNOMED "http://snomed.info/sct"
#define IS_A "116680003"
#define FULL_NAME "900000000000003001"
#define SYNONYM "900000000000013009"
#define PREFERRED "900000000000548007"
#define US_ENGLISH "900000000000509007"
#define GB_ENGLISH "900000000000508004"
#define CORE "900000000000207008"

struct snomed {
    struct map preferred; /* description id, of US English where there is one */
    struct map modules;   /* module to its own id; removed: depended on */
    struct map needed;
    VEC(str) module_list;
    str newest;
};

static bool active(str s)
{
    return str_eq(s, STR("1"));
}

static err concept_row(struct loading *l, void *ctx, const str *c)
{
    struct snomed *s = ctx;
    uint32_t row = builder_concept(&l->b, keep(l, c[0]), STR_NONE);
    if (row == NO_ROW)
        return op_check(l->op);
    if (!active(c[2]))
        l->b.rows.at[row].flags |= ROW_INACTIVE;
    struct detail_note p = {.type = PROP_CODE, .value = keep(l, c[3])};
    p.property = builder_property(&l->b, STR("moduleId"), STR("code"), STR_NONE);
    builder_value(&l->b, row, &p);
    p.type = PROP_BOOLEAN;
    p.value = str_eq(c[4], STR("900000000000073002")) ? STR("true") : STR("false");
    p.property = builder_property(&l->b, STR("sufficientlyDefined"), STR("boolean"), STR_NONE);
    builder_value(&l->b, row, &p);
    if (str_cmp(c[1], s->newest) > 0)
        s->newest = keep(l, c[1]);
    return op_check(l->op);
}

/* Which descriptions a language reference set prefers; US English over all others. */
static err language_row(struct loading *l, void *ctx, const str *c)
{
    struct snomed *s = ctx;
    if (!active(c[0]) || !str_eq(c[3], STR(PREFERRED)))
        return OK;
    bool us = str_eq(c[1], STR(US_ENGLISH));
    if (us || !map_get(&s->preferred, c[2])) {
        static const char marks[] = "usgbxx";
        const char *mark = us ? marks : str_eq(c[1], STR(GB_ENGLISH)) ? marks + 2 : marks + 4;
        (void)map_put(&s->preferred, keep(l, c[2]), (void *)(uintptr_t)mark);
    }
    return op_check(l->op);
}

/* How good a description is as the display: the preferred English synonym, any English one, … */
static unsigned rank(const struct snomed *s, str id, str lang, str type)
{
    const char *mark = map_get(&s->preferred, id);
    unsigned english = str_eq(lang, STR("en")) ? 10 : 0;
    if (str_eq(type, STR(FULL_NAME)))
        return 1 + english / 10;
    return english + 3 + (mark ? (*mark == 'u' ? 4 : *mark == 'g' ? 3 : 2) : 0);
}

static err description_row(struct loading *l, void *ctx, const str *c)
{
    struct snomed *s = ctx;
    uint32_t row = builder_find(&l->b, c[2]);
    if (!active(c[1]) || row == NO_ROW)
        return OK;
    struct build_row *r = &l->b.rows.at[row];
    bool full = str_eq(c[4], STR(FULL_NAME));
    struct detail_note d = {.lang = keep(l, c[3]),
                            .system = STR(SNOMED),
                            .code = full ? STR(FULL_NAME) : STR(SYNONYM),
                            .display = full ? STR("Fully specified name") : STR("Synonym"),
                            .value = keep(l, c[5])};
    /* The rank so far waits in the upper bits of the flags. */
    unsigned best = rank(s, c[0], c[3], c[4]);
    builder_designation(&l->b, row, &d);
    if (best > r->flags >> 8) {
        r->display = d.value;
        r->flags = (r->flags & 0xff) | best << 8;
    }
    return op_check(l->op);
}

static err relationship_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    uint32_t row = builder_find(&l->b, c[1]);
    if (!active(c[0]) || row == NO_ROW)
        return OK;
    if (str_eq(c[3], STR(IS_A))) {
        builder_edge(&l->b, l->b.rows.at[row].code, keep(l, c[2]));
        return op_check(l->op);
    }
    struct detail_note p = {.type = PROP_CODE, .value = keep(l, c[2])};
    p.property = builder_property(&l->b, keep(l, c[3]), STR("code"), STR_NONE);
    builder_value(&l->b, row, &p);
    return op_check(l->op);
}

static err refset_row(struct loading *l, void *ctx, const str *c)
{
    (void)ctx;
    uint32_t row = builder_find(&l->b, c[2]), set = builder_find(&l->b, c[1]);
    if (!active(c[0]) || row == NO_ROW)
        return OK;
    str name = keep(l, c[1]);
    bool is_new = !map_get(&l->b.lists_by_name, name);
    builder_list_add(&l->b, builder_list(&l->b, name, STR_NONE), row);
    if (is_new && set != NO_ROW)
        builder_list_add(&l->b, builder_list(&l->b, STR("refset"), STR_NONE), set);
    return op_check(l->op);
}

static err module_row(struct loading *l, void *ctx, const str *c)
{
    struct snomed *s = ctx;
    str module = keep(l, c[1]), on = keep(l, c[2]);
    if (!active(c[0]))
        return OK;
    if (!map_get(&s->modules, module)) {
        (void)map_put(&s->modules, module, s);
        VEC_PUSH(l->b.a, &s->module_list, module);
    }
    (void)map_put(&s->needed, on, s);
    return op_check(l->op);
}

/* The module that no other depends on names the edition. */
static str edition(const struct snomed *s)
{
    str found = STR_NONE;
    for (size_t i = 0; i < s->module_list.n; i++)
        if (!map_get(&s->needed, s->module_list.at[i]))
            found = found.n ? STR(CORE) : s->module_list.at[i];
    return found.n ? found : STR(CORE);
}

err load_snomed(struct loading *l)
{
    static const char *const concepts[] = {"id",       "effectiveTime",      "active",
                                           "moduleId", "definitionStatusId", NULL};
    static const char *const languages[] = {"active", "refsetId", "referencedComponentId",
                                            "acceptabilityId", NULL};
    static const char *const descriptions[] = {"id",     "active", "conceptId", "languageCode",
                                               "typeId", "term",   NULL};
    static const char *const relations[] = {"active", "sourceId", "destinationId", "typeId", NULL};
    static const char *const refsets[] = {"active", "refsetId", "referencedComponentId", NULL};
    static const char *const modules[] = {"active", "moduleId", "referencedComponentId", NULL};
    struct snomed s = {.newest = STR_NONE};
    size_t n;
    map_init(&s.preferred, l->b.a);
    map_init(&s.modules, l->b.a);
    map_init(&s.needed, l->b.a);
    TRY(load_needed(
        l, &(struct reading){"sct2_Concept_Snapshot*.txt", TABLE_TAB, concepts, concept_row, &s}));
    TRY(load_rows(l,
                  &(struct reading){"der2_cRefset_LanguageSnapshot*.txt", TABLE_TAB, languages,
                                    language_row, &s},
                  &n));
    TRY(load_needed(l, &(struct reading){"sct2_Description_Snapshot*.txt", TABLE_TAB, descriptions,
                                         description_row, &s}));
    TRY(load_needed(l, &(struct reading){"sct2_Relationship_Snapshot*.txt", TABLE_TAB, relations,
                                         relationship_row, &s}));
    TRY(load_rows(
        l,
        &(struct reading){"der2_Refset_Simple*Snapshot*.txt", TABLE_TAB, refsets, refset_row, &s},
        &n));
    TRY(load_rows(l,
                  &(struct reading){"der2_ssRefset_ModuleDependencySnapshot*.txt", TABLE_TAB,
                                    modules, module_row, &s},
                  &n));
    for (size_t i = 0; i < l->b.rows.n; i++)
        l->b.rows.at[i].flags &= 0xff;
    l->b.facts.text[FACT_URL] = STR(SNOMED);
    l->b.facts.text[FACT_NAME] = STR("SNOMED_CT");
    l->b.facts.text[FACT_TITLE] = STR("SNOMED CT");
    l->b.facts.text[FACT_EXTRA] = STR(SNOMED "?fhir_vs");
    l->b.facts.text[FACT_VERSION] =
        arena_printf(l->b.a, SNOMED "/%.*s/version/%.*s", STR_ARG(edition(&s)), STR_ARG(s.newest));
    return op_check(l->op);
}
