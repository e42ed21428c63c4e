/* Following the record without a thread: each question first looks whether anything was committed
 * since the last one, and takes in what concerns terminologies. Compiled resources are held up to
 * KEPT_MAX bytes in all; past that (or when one cannot be compiled) it is made again for each
 * question, which then says what is wrong with it. */
#include "terms/build_int.h"
#include "terms/terms_int.h"

#include "base/time.h"

#include <stdlib.h>
#include <sys/stat.h>

#define FEED_MAX 1000u
#define LOOK_MS 2000

static const struct actor self = {
    .role = ROLE_SYSTEM, .purpose = PURPOSE_SYSADMIN, .user = {"terms", 5}};

static uint32_t kind_of(str type)
{
    if (str_eq(type, STR("CodeSystem")))
        return BLOB_SYSTEM;
    if (str_eq(type, STR("ValueSet")))
        return BLOB_SET;
    return str_eq(type, STR("ConceptMap")) ? BLOB_MAP : BLOB_NONE;
}

/* The names are kept behind the block, so that one free() takes all. */
static str put_text(char **at, str s)
{
    char *p = *at;
    if (s.n)
        memcpy(p, s.p, s.n);
    *at += s.n;
    return str_make(p, s.n);
}

static bool keep(struct terms *t, const struct record_doc *doc, const struct json *r, str block)
{
    struct facts_text f;
    facts_of(r, &f);
    if (t->list.bytes + block.n > KEPT_MAX)
        block = STR_NONE;
    struct kept k = {.origin = ORIGIN_RECORD, .rid = doc->rid, .updated = doc->updated};
    str *const texts[] = {&block, &k.url, &k.version, &k.id, &k.extra, &k.more};
    str from[] = {block,   f.text[FACT_URL],   f.text[FACT_VERSION],
                  doc->id, f.text[FACT_EXTRA], f.text[FACT_MORE]};
    k.kind = kind_of(fhir_type_name(doc->type));
    k.mem_n = 1;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        k.mem_n += from[i].n;
    k.mem = malloc(k.mem_n);
    if (!k.mem)
        return false;
    char *at = k.mem;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        *texts[i] = put_text(&at, from[i]);
    if (block.n && !blob_view(block, &k.b))
        k.b.head = NULL;
    if (kept_put(t, &k))
        return true;
    free(k.mem);
    return false;
}

static err take_in(struct op *op, struct terms *t, const struct record_doc *doc)
{
    struct json *r;
    str block = STR_NONE;
    if (doc->deleted) {
        kept_remove(t, doc->rid);
        return OK;
    }
    if (record_parse(op, doc, &r) != OK)
        return op->fault.code;
    if (terms_compile(op, r, KEPT_MAX, &block) != OK) {
        block = STR_NONE;
        op_clear(op);
    }
    return keep(t, doc, r, block) ? OK : fail(op, ERR_UNAVAILABLE, "No memory for a terminology.");
}

static err list_type(struct op *outer, struct terms *t, const char *type)
{
    struct arena *a = arena_new(0);
    struct op op;
    str page = STR_NONE;
    err e = a ? OK : fail(outer, ERR_UNAVAILABLE, "No memory for the terminologies.");
    do {
        struct record_page found = {0};
        if (e != OK)
            break;
        op_init(&op, a, &self, outer->now);
        e = record_find(
            &op, t->rec, fhir_type_parse(str_of(type)),
            arena_printf(a, "_count=100&_total=none%s%.*s", page.n ? "&_page=" : "", STR_ARG(page)),
            &found);
        for (size_t i = 0; e == OK && i < found.n_match; i++)
            e = take_in(&op, t, &found.docs[i]);
        if (e != OK)
            e = fail(outer, e, "The terminologies of the record cannot be read.");
        page = e == OK ? arena_str(outer->arena, found.next) : STR_NONE;
        arena_reset(a);
    } while (e == OK && page.n);
    arena_free(a);
    return e;
}

static err change(struct op *op, struct terms *t, const struct record_change *c)
{
    struct record_doc doc;
    if (kind_of(fhir_type_name(c->type)) == BLOB_NONE)
        return OK;
    if (c->deleted) {
        kept_remove(t, c->rid);
        return OK;
    }
    err e = record_get(op, t->rec, c->rid, &doc);
    if (e == ERR_GONE || e == ERR_NOT_FOUND) {
        op_clear(op);
        kept_remove(t, c->rid);
        return OK;
    }
    return e == OK ? take_in(op, t, &doc) : e;
}

static err follow(struct op *outer, struct terms *t, uint64_t to)
{
    struct arena *a = arena_new(0);
    err e = a ? OK : fail(outer, ERR_UNAVAILABLE, "No memory for the terminologies.");
    uint64_t at = atomic_load(&t->t);
    while (e == OK && at < to) {
        struct record_change *c;
        size_t n;
        struct op op;
        op_init(&op, a, &self, outer->now);
        e = record_feed(&op, t->rec, at, FEED_MAX, &c, &n);
        for (size_t i = 0; e == OK && i < n; i++) {
            e = change(&op, t, &c[i]);
            at = c[i].t;
        }
        if (e != OK)
            e = fail(outer, e, "The changes of the terminologies cannot be read.");
        else if (n == 0)
            at = to;
        arena_reset(a);
    }
    arena_free(a);
    if (e == OK)
        atomic_store(&t->t, at);
    return e;
}

static err catch_up(struct op *op, struct terms *t)
{
    uint64_t to = record_now_t(t->rec);
    if (!atomic_load(&t->listed)) {
        TRY(list_type(op, t, "CodeSystem"));
        TRY(list_type(op, t, "ValueSet"));
        TRY(list_type(op, t, "ConceptMap"));
        atomic_store(&t->t, to);
        atomic_store(&t->listed, true);
    }
    return follow(op, t, to);
}

/* New files beside a running server; one that is damaged is told to who asks next. */
static err look(struct op *op, struct terms *t)
{
    struct stat st;
    int64_t now = time_mono();
    if (!t->dir.n || now - atomic_load(&t->looked) < LOOK_MS)
        return OK;
    atomic_store(&t->looked, now);
    if (stat(str_z(op->arena, t->dir), &st) != 0 ||
        memcmp(&st.st_mtim, &t->dir_time, sizeof t->dir_time) == 0)
        return OK;
    return files_read(op, t);
}

err terms_sync(struct op *op, struct terms *t)
{
    bool behind = t->rec && (!atomic_load(&t->listed) || atomic_load(&t->t) < record_now_t(t->rec));
    bool stale = t->dir.n && time_mono() - atomic_load(&t->looked) >= LOOK_MS;
    if (!behind && !stale)
        return OK;
    pthread_rwlock_wrlock(&t->lock);
    err e = look(op, t);
    if (e == OK && t->rec)
        e = catch_up(op, t);
    pthread_rwlock_unlock(&t->lock);
    return e;
}
