/* Which elements of the first level a search parameter may tell of. It reads the expression as text
 * and errs towards yes. */
#include "fhir/custom.h"
#include "fhir/keys_int.h"

#define PARTS_MAX 64u /* of unions and composites, and theirs */

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Each "Type.member" of the expression. */
static bool expression_reads(str text, str type, fhir_takes_fn takes, void *ctx)
{
    size_t at = 0;
    bool any = false;
    while (text.n && (at = str_find(text, type, at)) != SIZE_MAX) {
        size_t from = at + type.n + 1, end = from;
        bool whole =
            (at == 0 || !name_char(text.p[at - 1])) && from <= text.n && text.p[from - 1] == '.';
        at += type.n;
        if (!whole)
            continue;
        any = true;
        while (end < text.n && name_char(text.p[end]))
            end++;
        if (takes(ctx, str_sub(text, from, end)))
            return true;
    }
    return !any && !str_starts(text, STR("Resource."));
}

/* Of a posted expression every name in it counts; and what walks over all names. A name may be
 * written with escapes: any may be meant. */
static bool names_read(str text, fhir_takes_fn takes, void *ctx)
{
    if (str_find_char(text, '\\', 0) != SIZE_MAX)
        return true;
    for (size_t at = 0; at < text.n; at++) {
        size_t from = at;
        while (at < text.n && name_char(text.p[at]))
            at++;
        str name = str_sub(text, from, at);
        if (name.n && (takes(ctx, name) || str_eq(name, STR("children")) ||
                       str_eq(name, STR("descendants")) || str_eq(name, STR("repeat"))))
            return true;
    }
    return false;
}

static bool one_reads(const struct fhir_param *p, fhir_takes_fn takes, void *ctx)
{
    if (!p || fhir_param_words(p))
        return true;
    str text = str_of(fhir_param_more(p)->expression);
    if (fhir_param_custom(p))
        return names_read(text, takes, ctx);
    if (p->n_parts || str_starts(str_of(p->code), STR("_")))
        return false;
    return expression_reads(text, fhir_type_name(p->base), takes, ctx);
}

bool fhir_param_reads(const struct fhir_param *p, fhir_takes_fn takes, void *ctx)
{
    const struct fhir_param *todo[PARTS_MAX] = {p};
    size_t n = 1;
    for (size_t i = 0; i < n; i++) {
        if (one_reads(todo[i], takes, ctx))
            return true;
        for (size_t k = 0; k < todo[i]->n_parts; k++) {
            if (n == PARTS_MAX)
                return true;
            todo[n++] = fhir_param_get(todo[i]->parts[k]);
        }
    }
    return false;
}
