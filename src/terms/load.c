/* weft import --terminology: a release read into a builder, its block written beside the others
 * under its own name. Invariant: DATA/terms holds whole files only; an older one stays until the
 * new one is on disk. */
#include "terms/load_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOAD_MEMORY ((size_t)6 << 30)
#define TELL_BYTES (4u << 20)

str keep(struct loading *l, str s)
{
    return s.n ? arena_str(l->b.a, s) : STR_NONE;
}

static err one_member(struct loading *l, const struct reading *r, const struct member_file *m)
{
    struct table t;
    str cells[COLUMNS_MAX];
    uint64_t told = 0, read = 0;
    TRY(table_open(&l->release, m, r->kind, r->columns, &t));
    while (table_next(&t, cells)) {
        for (size_t i = 0; i < t.n_columns; i++)
            read += cells[i].n + 1;
        TRY(r->fn(l, r->ctx, cells));
        if (l->watch && read - told > TELL_BYTES) {
            told = read;
            uint64_t part = read < m->size ? read : m->size;
            l->watch->fn(l->watch->ctx, "reading", l->done + part, l->all);
        }
    }
    TRY(table_close(&t));
    l->done += m->size;
    return op_check(l->op);
}

err load_rows(struct loading *l, const struct reading *r, size_t *ret_n)
{
    const struct member_file *m;
    size_t n = 0;
    while ((m = release_find(&l->release, r->pattern, n))) {
        TRY(one_member(l, r, m));
        n++;
    }
    *ret_n = n;
    return OK;
}

err load_needed(struct loading *l, const struct reading *r)
{
    size_t n;
    TRY(load_rows(l, r, &n));
    if (!n)
        return fail(l->op, ERR_NOT_FOUND, "%.*s has no file %s; name the release's folder or zip.",
                    STR_ARG(l->release.path), r->pattern);
    return OK;
}

/* ---- writing ---- */

static err cannot(struct op *op, const char *path)
{
    return fail(op, ERR_UNAVAILABLE, "%s cannot be written (%s).", path, strerrordesc_np(errno));
}

static bool write_all(int fd, str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n < (1u << 30) ? s.n : (1u << 30));
        if (n <= 0)
            return false;
        s = str_sub(s, (size_t)n, SIZE_MAX);
    }
    return true;
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    return good;
}

err load_store(struct op *op, str data, str name, str bytes)
{
    const char *folder = arena_printf(op->arena, "%.*s/terms", STR_ARG(data)).p;
    const char *part = arena_printf(op->arena, "%s/%.*s.part", folder, STR_ARG(name)).p;
    const char *path = arena_printf(op->arena, "%s/%.*s", folder, STR_ARG(name)).p;
    TRY(op_check(op));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return cannot(op, folder);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_all(fd, bytes) && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (!good || rename(part, path) != 0 || !sync_folder(folder)) {
        err e = cannot(op, part);
        (void)unlink(part);
        return e;
    }
    return OK;
}

/* "loinc-2.77.terms": letters, digits, dots and hyphens of the version only. */
static str file_name(struct op *op, str what, str version)
{
    struct buf b;
    buf_init(&b, op->arena, 200);
    buf_add(&b, what);
    buf_char(&b, '-');
    for (size_t i = 0; i < version.n && b.n < 150; i++) {
        char c = version.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.';
        if (plain || (b.n && b.p[b.n - 1] != '-'))
            buf_char(&b, plain ? c : '-');
    }
    buf_add(&b, STR(".terms"));
    return buf_str(&b);
}

static void count(struct loading *l)
{
    l->told.codes = l->b.rows.n;
    l->told.relations = l->b.edges.n;
    for (size_t i = 0; i < l->b.rows.n; i++)
        for (const struct detail_note *d = l->b.rows.at[i].designations; d; d = d->next)
            l->told.designations++;
}

static err run(struct loading *l, str what, str to)
{
    static const struct {
        const char *name;
        err (*fn)(struct loading *l);
    } kinds[] = {{"loinc", load_loinc}, {"snomed", load_snomed}, {"rxnorm", load_rxnorm}};
    err (*fn)(struct loading *) = NULL;
    str block;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(what, str_of(kinds[i].name)))
            fn = kinds[i].fn;
    if (!fn)
        return fail(l->op, ERR_INVALID, "Terminologies to load: loinc, snomed, rxnorm.");
    for (size_t i = 0; i < l->release.members.n; i++)
        l->all += l->release.members.at[i].size;
    l->b.facts.flags = CONTENT_COMPLETE;
    l->b.facts.text[FACT_STATUS] = STR("active");
    TRY(fn(l));
    if (!l->b.rows.n)
        return fail(l->op, ERR_INVALID, "There is no code in %.*s.", STR_ARG(l->release.path));
    count(l);
    if (l->watch)
        l->watch->fn(l->watch->ctx, "writing", 0, 0);
    TRY(builder_finish(&l->b, BLOB_MAX, &block));
    l->told.bytes = block.n;
    l->told.system = l->b.facts.text[FACT_URL];
    l->told.version = l->b.facts.text[FACT_VERSION];
    l->told.file = file_name(l->op, what, l->told.version);
    return load_store(l->op, to, l->told.file, block);
}

err terms_load(struct op *op, str what, str from, str to, const struct terms_watch *watch,
               struct terms_loaded *ret)
{
    struct arena *a = arena_new(LOAD_MEMORY);
    struct loading *l = a ? ARENA_NEW(a, struct loading) : NULL;
    struct op inner;
    if (!l) {
        arena_free(a);
        return fail(op, ERR_UNAVAILABLE, "No memory to load a terminology.");
    }
    op_init(&inner, a, op->actor, op->now);
    l->op = &inner;
    l->watch = watch;
    builder_init(&l->b, &inner);
    err e = release_open(&inner, from, &l->release);
    if (e == OK)
        e = run(l, what, to);
    if (e == OK) {
        *ret = l->told;
        ret->system = arena_str(op->arena, ret->system);
        ret->version = arena_str(op->arena, ret->version);
        ret->file = arena_str(op->arena, ret->file);
    } else {
        e = fail(op, e, "%.*s",
                 STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("It failed.")));
    }
    release_close(&l->release);
    arena_free(a);
    return e;
}
