/* Topics of the R5 back-port: shipped ones (spec/partners/topics.json) and those kept as Basic
 * resources with the cross-version extensions of SubscriptionTopic
 * (http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-topic).
 * Invariant: a topic that is found can be matched; one that cannot is refused naming the part. */
#include "partners/partners_int.h"
#include "record/custom.h"

#define AT STR("Basic.extension")
#define TOPICS_MAX 500

struct topic_row {
    const char *url, *type, *previous, *current, *path;
    unsigned interactions;
    bool both;
};
#include "topics_gen.h"

static str part(const struct json *of, const char *name, const char *value)
{
    const struct json *e;
    for (size_t i = 0; (e = json_at(JSON_GET(of, "extension"), i)); i++) {
        str url = json_get_str(e, STR("url"));
        if (str_eq(url, str_of(name)))
            return json_get_str(e, str_of(value));
    }
    return STR_NONE;
}

static const struct json *named(const struct json *of, const char *name, size_t nth)
{
    const struct json *e;
    for (size_t i = 0; (e = json_at(JSON_GET(of, "extension"), i)); i++) {
        str url = json_get_str(e, STR("url"));
        bool full = str_starts(url, STR(R5_TOPIC)) &&
                    str_eq(str_sub(url, sizeof R5_TOPIC - 1, url.n), str_of(name));
        if ((full || str_eq(url, str_of(name))) && nth-- == 0)
            return e;
    }
    return NULL;
}

static str topic_url(const struct json *basic)
{
    const struct json *e = named(basic, "url", 0);
    return json_get_str(e, STR("valueUri"));
}

static err read_query(struct op *op, struct partners *p, fhir_type type, str text,
                      const struct fhir_query **ret)
{
    size_t mark = str_find_char(text, '?', 0);
    if (str_empty(text))
        return OK;
    str query = mark == SIZE_MAX ? text : str_sub(text, mark + 1, text.n);
    if (record_criteria_read(op, p->rec, type, query, ret) == OK)
        return OK;
    return fail_at(op, ERR_UNPROCESSABLE, AT, "A query of the topic is not understood, see above.");
}

static err read_path(struct op *op, str text, const struct fhir_path **ret)
{
    if (str_empty(text))
        return OK;
    if (fhir_path_compile(op, text, ret) == OK)
        return OK;
    return fail_at(op, ERR_UNPROCESSABLE, AT, "A FHIRPath of the topic is not understood.");
}

static unsigned interaction(str code)
{
    return str_eq(code, STR("create"))   ? ON_CREATE
           : str_eq(code, STR("update")) ? ON_UPDATE
           : str_eq(code, STR("delete")) ? ON_DELETE
                                         : 0;
}

static err read_trigger(struct op *op, struct partners *p, const struct json *ext,
                        struct topic_trigger *t)
{
    const struct json *e, *q = named(ext, "queryCriteria", 0);
    str resource = part(ext, "resource", "valueUri");
    size_t slash = resource.n;
    while (slash && resource.p[slash - 1] != '/')
        slash--;
    *t = (struct topic_trigger){.type = fhir_type_parse(str_sub(resource, slash, resource.n))};
    if (!t->type)
        return fail_at(op, ERR_UNPROCESSABLE, AT, "A resourceTrigger names a resource type.");
    for (size_t i = 0; (e = named(ext, "supportedInteraction", i)); i++)
        t->interactions |= interaction(json_get_str(e, STR("valueCode")));
    if (!t->interactions)
        t->interactions = ON_CREATE | ON_UPDATE;
    t->both = json_bool(JSON_GET(named(q, "requireBoth", 0), "valueBoolean"), false);
    t->create_passes = !str_eq(part(q, "resultForCreate", "valueCode"), STR("test-fails"));
    t->delete_passes = !str_eq(part(q, "resultForDelete", "valueCode"), STR("test-fails"));
    TRY(read_query(op, p, t->type, part(q, "previous", "valueString"), &t->previous));
    TRY(read_query(op, p, t->type, part(q, "current", "valueString"), &t->current));
    return read_path(op, part(ext, "fhirPathCriteria", "valueString"), &t->path);
}

static err from_basic(struct op *op, struct partners *p, const struct json *basic,
                      struct subscription *s)
{
    const struct json *e;
    for (size_t i = 0; (e = named(basic, "resourceTrigger", i)); i++) {
        if (s->n_triggers == TRIGGERS_MAX)
            return fail_at(op, ERR_UNPROCESSABLE, AT, "A topic has at most %u triggers.",
                           TRIGGERS_MAX);
        TRY(read_trigger(op, p, e, &s->triggers[s->n_triggers++]));
    }
    if (s->n_triggers == 0)
        return fail_at(op, ERR_UNPROCESSABLE, AT, "A topic needs a resourceTrigger.");
    return OK;
}

static err from_rows(struct op *op, struct partners *p, str url, struct subscription *s)
{
    for (size_t i = 0; i < sizeof TOPICS / sizeof *TOPICS; i++) {
        const struct topic_row *r = &TOPICS[i];
        if (!str_eq(str_of(r->url), url) || s->n_triggers == TRIGGERS_MAX)
            continue;
        struct topic_trigger *t = &s->triggers[s->n_triggers++];
        *t = (struct topic_trigger){.type = fhir_type_parse(str_of(r->type)),
                                    .interactions = r->interactions,
                                    .both = r->both,
                                    .create_passes = true,
                                    .delete_passes = true};
        TRY(read_query(op, p, t->type, str_of(r->previous), &t->previous));
        TRY(read_query(op, p, t->type, str_of(r->current), &t->current));
        TRY(read_path(op, str_of(r->path), &t->path));
    }
    return OK;
}

static bool is_topic(const struct json *basic)
{
    const struct json *c;
    for (size_t i = 0; (c = json_at(json_path(basic, "code.coding"), i)); i++)
        if (str_eq(json_get_str(c, STR("code")), STR("SubscriptionTopic")))
            return true;
    return false;
}

err topic_check(struct op *op, struct partners *p, const struct json *basic)
{
    struct subscription s = {0};
    if (!is_topic(basic))
        return OK;
    if (str_empty(topic_url(basic)))
        return fail_at(op, ERR_UNPROCESSABLE, AT, "A topic needs its canonical url.");
    return from_basic(op, p, basic, &s);
}

/* Topics are few; they are looked for when a subscription is read, not when a change is matched. */
static err from_record(struct op *op, struct partners *p, str url, struct subscription *s)
{
    const struct actor *before = op->actor;
    struct record_page page;
    op->actor = partners_system();
    err e = record_find(op, p->rec, p->t_basic, STR("code=SubscriptionTopic&_count=500"), &page);
    op->actor = before;
    TRY(e);
    for (size_t i = 0; i < page.n_match && i < TOPICS_MAX; i++) {
        struct json *tree;
        TRY(record_parse(op, &page.docs[i], &tree));
        if (str_eq(topic_url(tree), url))
            return from_basic(op, p, tree, s);
    }
    return OK;
}

err topic_find(struct op *op, struct partners *p, str url, struct subscription *s)
{
    size_t bar = str_find_char(url, '|', 0);
    url = str_sub(url, 0, bar == SIZE_MAX ? url.n : bar);
    TRY(from_rows(op, p, url, s));
    if (s->n_triggers == 0)
        TRY(from_record(op, p, url, s));
    if (s->n_triggers)
        return OK;
    return fail_at(op, ERR_UNPROCESSABLE, STR("Subscription.criteria"),
                   "There is no such topic here; /docs lists the shipped ones, others are Basic "
                   "resources with the code SubscriptionTopic.");
}
