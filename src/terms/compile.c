/* From a FHIR resource to a block: what all three kinds share. Not a validator: what is missing is
 * taken as absent; only what would make answers wrong is refused. */
#include "terms/build_int.h"

static const char *const contents[] = {"complete", "fragment", "example", "not-present",
                                       "supplement"};

void canonical_split(str canonical, str *ret_url, str *ret_version)
{
    size_t bar = str_find_char(canonical, '|', 0);
    *ret_url = str_sub(canonical, 0, bar);
    *ret_version = bar == SIZE_MAX ? STR_NONE : str_sub(canonical, bar + 1, SIZE_MAX);
}

static uint32_t content_of(const struct json *cs)
{
    str text = json_get_str(cs, STR("content"));
    for (uint32_t i = 0; i < sizeof contents / sizeof *contents; i++)
        if (str_eq(text, str_of(contents[i])))
            return i;
    return CONTENT_FRAGMENT; /* unsaid: nothing may be concluded from what is not in it */
}

static str first_of(const struct json *o, const char *const *names)
{
    for (; *names; names++) {
        str s = json_get_str(o, str_of(*names));
        if (s.n)
            return s;
    }
    return STR_NONE;
}

void facts_of(const struct json *r, struct facts_text *ret)
{
    static const char *const extra[] = {"valueSet", "sourceCanonical", "sourceUri", NULL};
    static const char *const more[] = {"supplements", "targetCanonical", "targetUri", NULL};
    struct facts_text f = {0};
    str own = json_get_str(r, STR("version"));
    const struct json *experimental = JSON_GET(r, "experimental");
    f.text[FACT_ID] = json_get_str(r, STR("id"));
    canonical_split(json_get_str(r, STR("url")), &f.text[FACT_URL], &f.text[FACT_VERSION]);
    if (!f.text[FACT_VERSION].n)
        f.text[FACT_VERSION] = own;
    f.text[FACT_NAME] = json_get_str(r, STR("name"));
    f.text[FACT_TITLE] = json_get_str(r, STR("title"));
    f.text[FACT_STATUS] = json_get_str(r, STR("status"));
    f.text[FACT_DATE] = json_get_str(r, STR("date"));
    f.text[FACT_EXTRA] = first_of(r, extra);
    f.text[FACT_MORE] = first_of(r, more);
    if (experimental)
        f.flags |= json_bool(experimental, false) ? FLAG_EXPERIMENTAL : FLAG_NOT_EXPERIMENTAL;
    if (JSON_GET(r, "content"))
        f.flags |= content_of(r);
    *ret = f;
}

err terms_compile(struct op *op, const struct json *resource, size_t max, str *ret)
{
    str type = json_get_str(resource, STR("resourceType"));
    if (str_eq(type, STR("CodeSystem")))
        return compile_system(op, resource, max, ret);
    if (str_eq(type, STR("ValueSet")))
        return compile_set(op, resource, max, ret);
    if (str_eq(type, STR("ConceptMap")))
        return compile_map(op, resource, max, ret);
    return fail(op, ERR_INVALID, "A CodeSystem, ValueSet or ConceptMap is expected here.");
}
