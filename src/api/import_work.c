/* The workers of weft import: each takes texts from the queue and gives them to the record's
 * loading road. A text that names what is not there yet is put aside and tried again at the end,
 * first one by one, then all that is left as one transaction (they may name each other). Invariant:
 * every text is applied whole or told on stderr with file, line and path. */
#include "api/import_int.h"
#include "record/bulk.h"

#include "base/time.h"

#define DEFERRED_BYTES_MAX (256u << 20)
#define PACK_TEXTS 256u
#define PACK_BYTES (1u << 20)

void import_told(struct import *im, const char *source, const struct fault *fault)
{
    atomic_fetch_add(&im->rejected, 1);
    flockfile(stderr);
    for (size_t i = 0; i < fault->n; i++) {
        const struct issue *is = &fault->issues[i];
        if (is->severity == SEVERITY_ERROR)
            fprintf(stderr, "%s: %.*s%s%.*s\n", source, STR_ARG(is->expression),
                    is->expression.n ? ": " : "", STR_ARG(is->message));
    }
    funlockfile(stderr);
    if (im->stop_on_error)
        atomic_store(&im->stop, true);
}

static void late(void *ctx, str source, const struct fault *fault)
{
    char text[4200];
    snprintf(text, sizeof text, "%.*s", STR_ARG(source));
    import_told(ctx, text, fault);
}

static bool put_aside(struct import *im, struct import_text *t)
{
    pthread_mutex_lock(&im->lock);
    bool room = im->deferred_bytes + t->n <= DEFERRED_BYTES_MAX;
    if (room) {
        t->next = NULL;
        if (im->deferred_last)
            im->deferred_last->next = t;
        else
            im->deferred = t;
        im->deferred_last = t;
        im->deferred_bytes += t->n;
    }
    pthread_mutex_unlock(&im->lock);
    return room;
}

struct worker {
    struct import *im;
    struct arena *arena;
    struct op op;
    struct record_load load;
};

static bool begin(struct worker *w, struct import *im)
{
    *w = (struct worker){.im = im, .arena = arena_new(0)};
    if (!w->arena)
        return false;
    op_init(&w->op, w->arena, identity_system(), time_now());
    if (record_load_begin(&w->op, im->rec, &w->load) != OK) {
        import_told(im, "import", &w->op.fault);
        arena_free(w->arena);
        return false;
    }
    w->load.late = late;
    w->load.ctx = im;
    return true;
}

static void end(struct worker *w)
{
    struct import *im = w->im;
    uint64_t before = w->load.resources;
    if (record_load_end(&w->op, &w->load) != OK)
        import_told(im, "import", &w->op.fault);
    atomic_fetch_add(&im->resources, w->load.resources - before);
    pthread_mutex_lock(&im->lock);
    for (size_t i = 0; w->load.by_type && i <= FHIR_TYPE_COUNT; i++)
        im->by_type[i] += w->load.by_type[i];
    pthread_mutex_unlock(&im->lock);
    arena_free(w->arena);
}

static err offer(struct worker *w, const struct import_text *t)
{
    uint64_t before = w->load.resources;
    arena_reset(w->arena);
    op_init(&w->op, w->arena, identity_system(), time_now());
    w->load.source = str_of(t->source);
    err e = record_load_add(&w->op, &w->load, str_make(t->p, t->n));
    atomic_fetch_add(&w->im->resources, w->load.resources - before);
    return e;
}

/* Offered alone: applied, put aside, or told. Frees t unless it was put aside. */
static void alone(struct worker *w, struct import_text *t)
{
    size_t n = t->n;
    err e = offer(w, t);
    bool kept = e != OK && w->load.unresolved && put_aside(w->im, t);
    if (e != OK && !kept)
        import_told(w->im, t->source, &w->op.fault);
    if (!kept)
        import_text_free(t);
    atomic_fetch_add(&w->im->done, n);
}

/* Small resources go together: one transaction for many is far cheaper than one for each. When they
 * do not fit together, each is offered alone, so that only the bad ones are left out. */
struct pack {
    struct import_text *at[PACK_TEXTS];
    size_t n, bytes;
};

static void flush(struct worker *w, struct pack *p)
{
    str texts[PACK_TEXTS];
    uint64_t before = w->load.resources;
    err e = ERR_CONFLICT;
    for (size_t i = 0; i < p->n; i++)
        texts[i] = str_make(p->at[i]->p, p->at[i]->n);
    if (p->n > 1) {
        arena_reset(w->arena);
        op_init(&w->op, w->arena, identity_system(), time_now());
        w->load.source = str_of(p->at[0]->source);
        e = record_load_add_all(&w->op, &w->load, texts, p->n);
        atomic_fetch_add(&w->im->resources, w->load.resources - before);
    }
    for (size_t i = 0; i < p->n; i++) {
        if (e == OK || atomic_load(&w->im->stop)) {
            atomic_fetch_add(&w->im->done, p->at[i]->n);
            import_text_free(p->at[i]);
        } else {
            alone(w, p->at[i]);
        }
    }
    p->n = p->bytes = 0;
}

static bool is_bundle(const struct import_text *t)
{
    str head = str_make(t->p, t->n < 400 ? t->n : 400);
    return str_find(head, STR("\"Bundle\""), 0) != SIZE_MAX;
}

void *import_work(void *ctx)
{
    struct import *im = ctx;
    struct worker w;
    struct pack pack = {.n = 0};
    struct import_text *t;
    bool ready = begin(&w, im);
    while ((t = import_take(&im->queue))) {
        if (!ready || atomic_load(&im->stop)) {
            import_text_free(t);
        } else if (is_bundle(t)) {
            flush(&w, &pack);
            alone(&w, t);
        } else {
            pack.at[pack.n++] = t;
            pack.bytes += t->n;
            if (pack.n == PACK_TEXTS || pack.bytes > PACK_BYTES)
                flush(&w, &pack);
        }
    }
    flush(&w, &pack);
    if (ready)
        end(&w);
    return NULL;
}

/* One round; what still fails stays. Returns how many were applied. */
static size_t round_of(struct import *im, bool last)
{
    struct worker w;
    size_t applied = 0;
    struct import_text *t = im->deferred, **link = &im->deferred;
    if (!begin(&w, im))
        return 0;
    while (t && !atomic_load(&im->stop)) {
        struct import_text *next = t->next;
        err e = offer(&w, t);
        if (e == OK)
            applied++;
        if (e != OK && (last || !w.load.unresolved))
            import_told(im, t->source, &w.op.fault);
        if (e == OK || last || !w.load.unresolved) {
            *link = next;
            import_text_free(t);
        } else {
            link = &t->next;
        }
        t = next;
    }
    end(&w);
    return applied;
}

/* All that is left, together. */
static bool together(struct import *im)
{
    struct worker w;
    size_t n = 0;
    for (struct import_text *t = im->deferred; t; t = t->next)
        n++;
    str *texts = calloc(n, sizeof *texts);
    str source = im->deferred ? str_of(im->deferred->source) : STR_NONE;
    if (!texts || n < 2 || !begin(&w, im)) {
        free(texts);
        return false;
    }
    n = 0;
    for (struct import_text *t = im->deferred; t; t = t->next)
        texts[n++] = str_make(t->p, t->n);
    w.load.source = source;
    bool ok = record_load_add_all(&w.op, &w.load, texts, n) == OK;
    if (ok)
        atomic_fetch_add(&im->resources, w.load.resources);
    end(&w);
    free(texts);
    return ok;
}

bool import_deferred(struct import *im)
{
    while (im->deferred && round_of(im, false) > 0)
        ;
    if (im->deferred && !together(im))
        (void)round_of(im, true);
    while (im->deferred) {
        struct import_text *t = im->deferred;
        im->deferred = t->next;
        import_text_free(t);
    }
    return atomic_load(&im->rejected) == 0;
}
