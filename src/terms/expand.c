/* ValueSet/$expand (http://hl7.org/fhir/R4/valueset-operation-expand.html): a flat, paged list.
 * Without count at most EXPAND_PLAIN codes, else too-costly: asking for pages is always possible.
 */
#include "terms/params_int.h"

#include "base/time.h"
#include "base/uuid.h"
#include "fhir/fhir.h"

#define WORDS_MAX 8u
#define CANONICALS_MAX 32u

struct expansion {
    struct op *op;
    const struct json *in;
    str language, words[WORDS_MAX];
    size_t n_words;
    bool designations, choosable_only;
    uint64_t offset, count;
    bool paged;
};

static const char names[] =
    "url valueSet valueSetVersion context contextDirection filter date offset count "
    "includeDesignations designation includeDefinition activeOnly excludeNested excludeNotForUI "
    "excludePostCoordinated displayLanguage exclude-system system-version check-system-version "
    "force-system-version";

static err read_pins(struct ask *q, const struct json *in)
{
    static const char *const kinds[] = {"system-version", "check-system-version",
                                        "force-system-version"};
    for (unsigned k = 0; k < 3; k++) {
        const struct json *p;
        for (size_t i = 0; (p = param_at(in, str_of(kinds[k]), i)); i++) {
            str text = STR_NONE;
            for (uint32_t m = 0; m < p->n; m++)
                if (str_starts(p->u.members[m].name, STR("value")))
                    text = json_str(&p->u.members[m].value);
            size_t bar = str_find_char(text, '|', 0);
            if (bar == SIZE_MAX || i == CANONICALS_MAX)
                return fail(q->op, ERR_INVALID, "%s is system|version, at most %u times.", kinds[k],
                            CANONICALS_MAX);
            struct pin pin = {str_sub(text, 0, bar), str_sub(text, bar + 1, SIZE_MAX),
                              (enum pin_mode)k};
            VEC_PUSH(q->op->arena, &q->pins, pin);
        }
    }
    return OK;
}

static err read_input(struct op *op, const struct json *in, struct expansion *x)
{
    str text = fhir_fold(op->arena, param_text(in, "filter")), word;
    *x = (struct expansion){.op = op, .in = in, .language = param_text(in, "displayLanguage")};
    x->designations = param_bool(in, "includeDesignations", param_at(in, STR("designation"), 0));
    x->choosable_only = param_bool(in, "excludeNotForUI", false);
    x->paged = param_text(in, "count").n > 0;
    while (x->n_words < WORDS_MAX && str_take_until(&text, ' ', &word))
        if (word.n)
            x->words[x->n_words++] = word;
    TRY(param_count(op, in, "offset", 0, &x->offset));
    TRY(param_count(op, in, "count", EXPAND_PLAIN, &x->count));
    if (x->count > EXPAND_PLAIN)
        return fail(op, ERR_TOO_COSTLY, "A page has at most %u codes; lower count.", EXPAND_PLAIN);
    return OK;
}

/* ---- choosing ---- */

static bool word_starts(str text, str word)
{
    for (size_t at = 0; (at = str_find(text, word, at)) != SIZE_MAX; at++) {
        unsigned char before = at ? (unsigned char)text.p[at - 1] : ' ';
        bool inside =
            (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9') || before >= 0x80;
        if (!inside)
            return true;
    }
    return false;
}

/* Small letters, when all of it is ASCII and fits; else as fhir_fold() says. */
static str folded_of(struct arena *scratch, str text, char room[256])
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (text.n > 256 || (unsigned char)c >= 0x80)
            return fhir_fold(scratch, text);
        room[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
    }
    return str_make(room, text.n);
}

/* Every word begins a word of the text. scratch is for one concept only. */
static bool text_has(const struct expansion *x, struct arena *scratch, str text)
{
    char room[256];
    str folded = folded_of(scratch, text, room);
    for (size_t i = 0; i < x->n_words; i++)
        if (!word_starts(folded, x->words[i]))
            return false;
    return true;
}

static bool filter_takes(const struct expansion *x, struct arena *scratch, const struct hit *h)
{
    if (text_has(x, scratch, hit_display(h, x->language)) || text_has(x, scratch, hit_code(h)))
        return true;
    if (h->row == NO_CODE)
        return false;
    struct notes n =
        notes_of(&h->source->system->b, SEC_DETAIL, h->source->system->rows[h->row].detail);
    struct note d;
    while (notes_designation(&n, &d))
        if (text_has(x, scratch, d.value))
            return true;
    return false;
}

static bool system_excluded(const struct expansion *x, const struct hit *h)
{
    const struct json *p;
    for (size_t i = 0; i < CANONICALS_MAX && (p = param_at(x->in, STR("exclude-system"), i)); i++) {
        str text = json_get_str(p, STR("valueCanonical"));
        text = text.n ? text : json_get_str(p, STR("valueString"));
        if (str_eq(str_sub(text, 0, str_find_char(text, '|', 0)), h->source->url))
            return true;
    }
    return false;
}

static err choose(struct expansion *x, struct gather *g)
{
    bool excludes = param_at(x->in, STR("exclude-system"), 0);
    struct arena *scratch = arena_new(16u << 20);
    size_t out = 0;
    if (!scratch)
        return fail(x->op, ERR_UNAVAILABLE, "No memory for the expansion.");
    for (size_t i = 0; i < g->hits.n; i++) {
        const struct hit *h = &g->hits.at[i];
        if (i % 256 == 255)
            arena_reset(scratch);
        if ((x->choosable_only && hit_flags(h) & ROW_ABSTRACT) ||
            (excludes && system_excluded(x, h)) || (x->n_words && !filter_takes(x, scratch, h)))
            continue;
        g->hits.at[out++] = *h;
    }
    g->hits.n = out;
    arena_free(scratch);
    return OK;
}

/* ---- writing ---- */

static bool designation_wanted(const struct expansion *x, const struct note *d)
{
    const struct json *p;
    if (!param_at(x->in, STR("designation"), 0))
        return true;
    for (size_t i = 0; i < CANONICALS_MAX && (p = param_at(x->in, STR("designation"), i)); i++) {
        str token = json_get_str(p, STR("valueString"));
        size_t bar = str_find_char(token, '|', 0);
        str system = str_sub(token, 0, bar), code = str_sub(token, bar + 1, SIZE_MAX);
        bool language = bar == SIZE_MAX || str_eq(system, STR("urn:ietf:bcp:47"));
        if (bar == SIZE_MAX)
            code = token;
        if (language ? language_fits(d->lang, code)
                     : str_eq(d->system, system) && str_eq(d->code, code))
            return true;
    }
    return false;
}

static void put_designations(const struct expansion *x, struct json *list, struct notes n)
{
    struct arena *a = x->op->arena;
    struct note d;
    while (notes_designation(&n, &d)) {
        struct json *o = json_new(a, JSON_OBJECT), *use = json_new(a, JSON_OBJECT);
        if (!designation_wanted(x, &d))
            continue;
        if (d.lang.n)
            json_set_str(a, o, STR("language"), d.lang);
        if (d.code.n) {
            if (d.system.n)
                json_set_str(a, use, STR("system"), d.system);
            json_set_str(a, use, STR("code"), d.code);
            if (d.display.n)
                json_set_str(a, use, STR("display"), d.display);
            json_set(a, o, STR("use"), use);
        }
        json_set_str(a, o, STR("value"), d.value);
        json_push(a, list, o);
    }
}

static struct json *contains_of(const struct expansion *x, const struct hit *h)
{
    struct arena *a = x->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    str display = hit_display(h, x->language);
    uint32_t flags = hit_flags(h);
    const struct system *s = h->source->system;
    json_set_str(a, o, STR("system"), h->source->url);
    if (flags & ROW_ABSTRACT)
        json_set(a, o, STR("abstract"), json_new_bool(a, true));
    if (flags & ROW_INACTIVE)
        json_set(a, o, STR("inactive"), json_new_bool(a, true));
    if (h->source->version.n)
        json_set_str(a, o, STR("version"), h->source->version);
    json_set_str(a, o, STR("code"), hit_code(h));
    if (display.n)
        json_set_str(a, o, STR("display"), display);
    if (!x->designations)
        return o;
    if (h->listed)
        put_designations(x, list, notes_of(&h->source->set->b, SEC_CODE_DETAIL, h->listed->detail));
    if (h->row != NO_CODE)
        put_designations(x, list, notes_of(&s->b, SEC_DETAIL, s->rows[h->row].detail));
    for (size_t i = 0; h->row != NO_CODE && i < s->n_supplements; i++) {
        const struct system *more = &s->supplements[i];
        uint32_t at = system_code(more, hit_code(h));
        if (at != NO_CODE)
            put_designations(x, list, notes_of(&more->b, SEC_DETAIL, more->rows[at].detail));
    }
    if (list->n)
        json_set(a, o, STR("designation"), list);
    return o;
}

/* A value of the address, with the type that R4's table has for it. */
static void put_input(const struct expansion *x, struct json *out, str name, const struct json *v)
{
    static const struct {
        const char *names, *member;
    } types[] = {{"includeDesignations includeDefinition activeOnly excludeNested excludeNotForUI "
                  "excludePostCoordinated",
                  "valueBoolean"},
                 {"offset count", "valueInteger"},
                 {"displayLanguage", "valueCode"},
                 {"date", "valueDateTime"},
                 {"filter designation contextDirection valueSetVersion", "valueString"}};
    struct arena *a = x->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *copy = json_dup(a, v);
    const char *member = "valueUri";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_in(types[i].names, name))
            member = types[i].member;
    bool string = json_is(v, JSON_STRING);
    if (string && str_eq(str_of(member), STR("valueBoolean")))
        copy = json_new_bool(a, str_eq(v->u.s, STR("true")));
    else if (string && str_eq(str_of(member), STR("valueInteger")))
        copy = json_new_num(a, v->u.s);
    json_set_str(a, o, STR("name"), name);
    json_set(a, o, str_of(member), copy);
    json_push(a, out, o);
}

/* The input as understood, and the version of each system used. */
static struct json *parameters_of(const struct expansion *x, const struct gather *g)
{
    struct arena *a = x->op->arena;
    struct json *out = json_new(a, JSON_ARRAY);
    const struct json *list = JSON_GET(x->in, "parameter");
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *p = json_at(list, i);
        str name = json_get_str(p, STR("name"));
        for (uint32_t m = 0; m < p->n && !str_eq(name, STR("url")); m++)
            if (str_starts(p->u.members[m].name, STR("value")))
                put_input(x, out, name, &p->u.members[m].value);
    }
    for (size_t i = 0; i < g->seen.n; i++) {
        str text = arena_printf(a, "%.*s|%.*s", STR_ARG(g->seen.at[i]->url),
                                STR_ARG(g->seen.at[i]->version));
        if (g->seen.at[i]->version.n)
            put_str(x->op, out, "version", "valueUri", text);
    }
    return out;
}

static struct json *expansion_of(const struct expansion *x, const struct gather *g)
{
    struct arena *a = x->op->arena;
    struct json *e = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    struct json *params = parameters_of(x, g);
    char when[24];
    time_format_to(when, x->op->now);
    for (uint64_t i = x->offset; i < g->hits.n && i - x->offset < x->count; i++)
        json_push(a, list, contains_of(x, &g->hits.at[i]));
    json_set_str(a, e, STR("identifier"), arena_cat(a, STR("urn:uuid:"), uuid_new(a)));
    json_set_str(a, e, STR("timestamp"), arena_printf(a, "%.24s", when));
    json_set(a, e, STR("total"), json_new_i64(a, (int64_t)g->hits.n));
    if (x->paged || x->offset)
        json_set(a, e, STR("offset"), json_new_i64(a, (int64_t)x->offset));
    if (params->n)
        json_set(a, e, STR("parameter"), params);
    if (list->n)
        json_set(a, e, STR("contains"), list);
    return e;
}

static struct json *answer_of(struct op *op, const struct set *set, const struct json *expansion)
{
    static const struct {
        const char *name;
        enum blob_fact fact;
    } rows[] = {{"id", FACT_ID},     {"url", FACT_URL},     {"version", FACT_VERSION},
                {"name", FACT_NAME}, {"title", FACT_TITLE}, {"status", FACT_STATUS},
                {"date", FACT_DATE}};
    struct arena *a = op->arena;
    struct json *vs = json_new(a, JSON_OBJECT);
    uint32_t flags = set->b.facts[FACT_FLAGS];
    json_set_str(a, vs, STR("resourceType"), STR("ValueSet"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str text = blob_fact(&set->b, rows[i].fact);
        if (rows[i].fact == FACT_STATUS && !text.n)
            text = STR("unknown");
        if (text.n)
            json_set_str(a, vs, str_of(rows[i].name), text);
        if (rows[i].fact == FACT_STATUS && flags & (FLAG_EXPERIMENTAL | FLAG_NOT_EXPERIMENTAL))
            json_set(a, vs, STR("experimental"), json_new_bool(a, flags & FLAG_EXPERIMENTAL));
    }
    json_set(a, vs, STR("expansion"), expansion);
    return vs;
}

err terms_expand(struct op *op, struct terms *t, const struct terms_request *r, struct json **ret)
{
    struct ask q;
    struct expansion x;
    struct set *set;
    TRY(params_check(op, r->in, names));
    TRY(read_input(op, r->in, &x));
    TRY(ask_begin(&q, op, t, false));
    TRY(read_pins(&q, r->in));
    TRY(request_set(&q, r, &set));
    struct gather g = {.q = &q, .active_only = param_bool(r->in, "activeOnly", false)};
    TRY(gather_set(&g, set, 0));
    TRY(choose(&x, &g));
    if (!x.paged && g.hits.n > EXPAND_PLAIN)
        return fail(op, ERR_TOO_COSTLY,
                    "The expansion has %zu codes, more than %u: ask for pages with count and "
                    "offset, or narrow it with filter.",
                    g.hits.n, EXPAND_PLAIN);
    struct json *vs = answer_of(op, set, expansion_of(&x, &g));
    if (param_bool(r->in, "includeDefinition", false))
        json_set(op->arena, vs, STR("compose"), definition_of(op, set));
    *ret = vs;
    return op_check(op);
}
