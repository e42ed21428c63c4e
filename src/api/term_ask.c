/* The terminology operations over HTTP: $lookup, $validate-code, $subsumes, $expand, $translate
 * (http://hl7.org/fhir/R4/terminology-service.html). All knowledge is the terms room's. */
#include "api/term_int.h"

typedef err (*term_fn)(struct op *op, struct terms *t, const struct terms_request *r,
                       struct json **ret);

static err run(struct call *c, const char *type, const char *body_name, term_fn fn)
{
    struct terms_request r;
    struct json *out;
    TRY(term_request(c, type, body_name, &r));
    TRY(fn(&c->op, c->api->terms, &r, &out));
    return answer_json(c, 200, out);
}

err api_term_lookup(struct call *c)
{
    return run(c, "CodeSystem", NULL, terms_lookup);
}

err api_term_subsumes(struct call *c)
{
    return run(c, "CodeSystem", NULL, terms_subsumes);
}

err api_term_system_validate(struct call *c)
{
    return run(c, "CodeSystem", "codeSystem", terms_validate);
}

err api_term_set_validate(struct call *c)
{
    return run(c, "ValueSet", "valueSet", terms_validate);
}

err api_term_expand(struct call *c)
{
    return run(c, "ValueSet", "valueSet", terms_expand);
}

err api_term_translate(struct call *c)
{
    return run(c, "ConceptMap", "conceptMap", terms_translate);
}
