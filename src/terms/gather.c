/* All codes of a value set, each once, in the order in which the set says them. Numbers and bits,
 * not texts: half a million codes of SNOMED CT are a few megabytes. */
#include "terms/set_int.h"

#include "base/time.h"

#define WORK_MS 10000

str hit_code(const struct hit *h)
{
    return h->row != NO_CODE ? system_text(h->source->system, h->row)
                             : blob_text(&h->source->set->b, h->listed->code);
}

/* The set's own word first, unless a language is asked for that the system has. */
str hit_display(const struct hit *h, str language)
{
    str own = h->listed ? blob_text(&h->source->set->b, h->listed->display) : STR_NONE;
    if (h->listed && language.n) {
        struct notes n = notes_of(&h->source->set->b, SEC_CODE_DETAIL, h->listed->detail);
        struct note d;
        while (notes_designation(&n, &d))
            if (language_fits(d.lang, language))
                return d.value;
    }
    if (h->row == NO_CODE || (own.n && !language.n))
        return own;
    str display = system_display_in(h->source->system, h->row, language);
    bool plain = !language.n || str_eq(display, system_display(h->source->system, h->row));
    return own.n && plain ? own : display;
}

uint32_t hit_flags(const struct hit *h)
{
    return h->row == NO_CODE ? 0 : system_flags(h->source->system, h->row);
}

static struct seen *seen_of(struct gather *g, const struct source *src)
{
    str version = src->system ? src->system->version : src->version;
    for (size_t i = 0; i < g->seen.n; i++)
        if (str_eq(g->seen.at[i]->url, src->url) && str_eq(g->seen.at[i]->version, version))
            return g->seen.at[i];
    struct arena *a = g->q->op->arena;
    struct seen *s = ARENA_NEW(a, struct seen);
    if (!s)
        return NULL;
    *s = (struct seen){.url = src->url, .version = version, .system = src->system};
    if (src->system)
        s->bits = ARENA_ARRAY(a, uint8_t, src->system->n / 8 + 1);
    map_init(&s->codes, a);
    VEC_PUSH(a, &g->seen, s);
    return s;
}

/* True when it is new, and from now on known. */
static bool first_time(struct gather *g, const struct hit *h)
{
    struct seen *s = seen_of(g, h->source);
    if (!s)
        return false;
    if (h->row != NO_CODE && s->bits && h->row < s->system->n) {
        uint8_t bit = (uint8_t)(1u << h->row % 8);
        bool is_new = !(s->bits[h->row / 8] & bit);
        s->bits[h->row / 8] |= bit;
        return is_new;
    }
    str code = hit_code(h);
    return !map_get(&s->codes, code) && map_put(&s->codes, code, s);
}

static struct probe probe_of(const struct hit *h)
{
    return (struct probe){h->source->url, h->source->version, hit_code(h)};
}

static err unknown(struct ask *q, const struct member *m)
{
    return fail(q->op, ERR_NOT_FOUND, "%.*s", STR_ARG(m->why));
}

static err excluded(struct gather *g, const struct set *set, const struct hit *h, bool *ret)
{
    struct probe p = probe_of(h);
    *ret = false;
    for (uint32_t i = 0; i < set->n_parts && !*ret; i++) {
        struct member m;
        if (!set->parts[i].exclude)
            continue;
        TRY(part_has(g->q, set, &set->parts[i], &p, &m));
        if (m.answer == TERMS_UNKNOWN)
            return unknown(g->q, &m);
        *ret = m.answer == TERMS_YES;
    }
    return OK;
}

static err put(struct gather *g, const struct set *set, const struct hit *h)
{
    bool out;
    if (++g->looked > GATHER_MAX)
        return fail(g->q->op, ERR_TOO_COSTLY,
                    "The value set has more than %u codes to look at; narrow it with filters.",
                    GATHER_MAX);
    if (g->looked % 1024 == 0 && time_mono() > g->until)
        return fail(g->q->op, ERR_TOO_COSTLY,
                    "The expansion takes too long; narrow the value set.");
    if ((g->active_only || set->active_only) && hit_flags(h) & ROW_INACTIVE)
        return OK;
    TRY(excluded(g, set, h, &out));
    if (!out && first_time(g, h))
        VEC_PUSH(g->q->op->arena, &g->hits, *h);
    return g->looked % 1024 ? OK : op_check(g->q->op);
}

static err missing(struct ask *q, str url, str version)
{
    return fail(q->op, ERR_NOT_FOUND,
                "The code system %.*s%s%.*s is not here, so its codes cannot be listed; load it "
                "with weft import, or name the codes.",
                STR_ARG(url), version.n ? "|" : "", STR_ARG(version));
}

static err put_listed(struct gather *g, const struct set *set, const struct set_part *part,
                      const struct source *src)
{
    for (uint32_t i = 0; i < part->code_n; i++) {
        struct hit h = {.source = src, .row = NO_CODE};
        h.listed = &set->codes[part->code_first + i];
        if (src->system && src->system->grammar == GRAMMAR_NONE)
            h.row = system_code(src->system, blob_text(&set->b, h.listed->code));
        TRY(put(g, set, &h));
    }
    return OK;
}

static err put_system(struct gather *g, const struct set *set, const struct set_part *part,
                      const struct source *src)
{
    struct filter *f;
    uint32_t *rows;
    size_t n;
    if (!src->system)
        return missing(g->q, src->url, src->version);
    if (src->system->grammar != GRAMMAR_NONE)
        return fail(g->q->op, ERR_TOO_COSTLY,
                    "The codes of %.*s are a grammar without end and cannot be listed.",
                    STR_ARG(src->url));
    TRY(filters_ready(g->q, set, part, src->system, &f));
    TRY(filters_rows(g->q->op, src->system, f, part->filter_n, &rows, &n));
    for (size_t i = 0; i < n; i++)
        TRY(put(g, set, &(struct hit){.source = src, .row = rows[i]}));
    return OK;
}

static err source_new(struct gather *g, const struct set *set, const struct set_part *part,
                      struct source **ret)
{
    struct source *s = ARENA_NEW(g->q->op->arena, struct source);
    if (!s)
        return op_check(g->q->op);
    s->set = set;
    s->url = blob_text(&set->b, part->system);
    s->version = blob_text(&set->b, part->version);
    *ret = s;
    return system_find(g->q, s->url, s->version, &s->system);
}

/* What the first imported set has, if the others and the part's own conditions agree. */
static err put_imported(struct gather *g, const struct set *set, const struct set_part *part,
                        unsigned depth)
{
    struct gather inner = {.q = g->q, .active_only = g->active_only, .until = g->until};
    struct set *first;
    str name = blob_text(&set->b, set->imports[part->import_first]);
    bool more = part->import_n > 1 || part->system;
    TRY(set_find(g->q, name, &first));
    if (!first)
        return fail(g->q->op, ERR_NOT_FOUND, "The value set %.*s is not here.", STR_ARG(name));
    TRY(gather_set(&inner, first, depth + 1));
    for (size_t i = 0; i < inner.hits.n; i++) {
        struct probe p = probe_of(&inner.hits.at[i]);
        struct member m = {.answer = TERMS_YES};
        if (more)
            TRY(part_has(g->q, set, part, &p, &m));
        if (m.answer == TERMS_UNKNOWN)
            return unknown(g->q, &m);
        if (m.answer == TERMS_YES)
            TRY(put(g, set, &inner.hits.at[i]));
    }
    return OK;
}

err gather_set(struct gather *g, const struct set *set, unsigned depth)
{
    if (depth > IMPORT_DEPTH)
        return fail(g->q->op, ERR_UNPROCESSABLE,
                    "Value sets import one another more than %u deep, or in a circle (%.*s).",
                    IMPORT_DEPTH, STR_ARG(set->url));
    if (!g->until)
        g->until = time_mono() + WORK_MS;
    if (depth && time_mono() > g->until)
        return fail(g->q->op, ERR_TOO_COSTLY,
                    "The expansion takes too long; narrow the value set.");
    for (uint32_t i = 0; i < set->n_parts; i++) {
        const struct set_part *part = &set->parts[i];
        struct source *src = NULL;
        if (part->exclude)
            continue;
        if (part->import_n) {
            TRY(put_imported(g, set, part, depth));
            continue;
        }
        TRY(source_new(g, set, part, &src));
        if (!src)
            return op_check(g->q->op);
        TRY(part->code_n ? put_listed(g, set, part, src) : put_system(g, set, part, src));
    }
    return op_check(g->q->op);
}
