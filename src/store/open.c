/* Making, opening and closing a store: folder, lock, keys, back end, schema, tail, writer thread.
 * Invariant: one process at a time; whoever holds DIR/lock (flock) is named in it by pid. */
#include "store/memo_int.h"
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const struct store_ops *ops_of(enum store_backend backend)
{
    static const struct store_ops *const all[] = {[STORE_MEMORY] = &store_memory_ops,
                                                  [STORE_SQLITE] = &store_sqlite_ops,
                                                  [STORE_POSTGRES] = &store_postgres_ops};
    return all[backend];
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool good = fsync(fd) == 0;
    return close(fd) == 0 && good;
}

err store_create(struct op *op, const struct store_options *o)
{
    const struct store_ops *ops = ops_of(o->backend);
    if (!(ops->capabilities & STORE_CAP_DURABLE))
        return OK;
    const char *dir = str_z(op->arena, o->dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fail(op, ERR_UNAVAILABLE, "the data folder cannot be made");
    void *be = NULL;
    bool outside = o->backend == STORE_POSTGRES; /* it may be away, so it comes before the keys */
    /* its keys may only be away: their master would be lost */
    TRY(place_free(op, o->dir, ERR_CONFLICT,
                   "there is a database in the data folder already; put its keys back"));
    if (outside)
        TRY(ops->create(op, o));
    TRY(keyfile_create(op, o->dir, op->now)); /* ERR_CONFLICT when a store is there */
    TRY(outside ? place_write(op, o->dir, o->database) : ops->create(op, o));
    TRY(ops->open(op, o, &be));
    err e = migrate(op, ops, be);
    ops->close(be);
    if (e == OK && !sync_folder(dir))
        e = fail(op, ERR_UNAVAILABLE, "the data folder cannot be synced");
    return e;
}

/* A backup has it for a moment. */
#define LOCK_TRIES 20
#define GROUP_KEEP ((size_t)16 << 20) /* the writer's memory, over its groups */
#define NAMES_KNOWN 131072u
#define NAME_VALUE_MAX 512u
#define DOCS_KNOWN 16384u
static bool lock_now(int fd)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return false;
}

static err hold_lock(struct op *op, struct store *s)
{
    str path = arena_printf(op->arena, "%.*s/lock", STR_ARG(s->dir));
    char pid[24] = "";
    if (!path.p)
        return out_of_memory(op);
    s->lock_fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return fail(op, ERR_UNAVAILABLE, "the data folder cannot be opened or written");
    if (!lock_now(s->lock_fd)) {
        ssize_t n = pread(s->lock_fd, pid, sizeof pid - 1, 0);
        return fail(op, ERR_CONFLICT, "the data folder is in use by process %.*s",
                    (int)(n > 0 ? n : 1), n > 0 ? pid : "?");
    }
    int n = snprintf(pid, sizeof pid, "%ld", (long)getpid());
    if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, pid, (size_t)n, 0) != n)
        return fail(op, ERR_UNAVAILABLE, "the data folder cannot be written");
    return OK;
}

static err open_keys(struct op *op, struct store *s)
{
    struct ring *ring = NULL;
    if (s->ops->capabilities & STORE_CAP_DURABLE)
        TRY(s->own_keys ? keyfile_open(op, s->dir, &ring) : keyfile_peek(op, s->keys, &ring));
    else
        ring = ring_new(op->now);
    return ring ? vault_init(op, &s->vault, ring) : out_of_memory(op);
}

/* A sealed word shows that keys and database belong together. */
static err check_keys(struct op *op, struct store *s)
{
    str stored = STR_NONE, plain = STR_NONE;
    TRY(s->ops->get(op, s->ops->writer(s->be), SPACE_META, STR("keycheck"), &stored));
    if (stored.p) {
        if (unseal(op, &s->vault, OWNER_STORE, STR("keycheck"), stored, &plain) == OK)
            return OK;
        op_clear(op);
        return fail(op, ERR_FAULT, "the keys file does not belong to this database");
    }
    TRY(seal(op, &s->vault, OWNER_STORE, STR("keycheck"), STR("weft"), &plain));
    TRY(s->ops->begin(op, s->be));
    err e = s->ops->put(op, s->be, SPACE_META, STR("keycheck"), plain);
    if (e == OK)
        e = s->ops->commit(op, s->be);
    if (e != OK)
        s->ops->rollback(s->be);
    return e;
}

static err read_rid_max(struct op *op, struct store *s)
{
    struct store_cursor *c = NULL;
    char end[8];
    u64_write(end, INT64_MAX);
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_DOC, &c));
    err e = s->ops->cursor_seek(op, c, str_make(end, 8), true);
    if (e == OK && c->valid)
        s->rid_max = u64_read(c->key.p) >> 20;
    s->ops->cursor_close(c);
    return e;
}

static err read_all(struct op *op, struct store *s)
{
    str dictionary = STR_NONE;
    struct store_snap *writer = s->ops->writer(s->be);
    TRY(migrate(op, s->ops, s->be));
    TRY(check_keys(op, s));
    TRY(state_read(op, s->ops, writer, &s->state));
    TRY(reseal_load(op, s));
    TRY(heads_load(op, s));
    TRY(s->ops->get(op, writer, SPACE_META, STR("dictionary"), &dictionary));
    TRY(packer_new(op, dictionary, &s->packer));
    TRY(read_rid_max(op, s));
    TRY(tail_replay(op, s));
    TRY(trail_replay(op, s));
    TRY(spool_load(op, s));
    uint64_t next = s->state.rid_next > s->rid_max ? s->state.rid_next : s->rid_max + 1;
    atomic_store(&s->rid_next, next);
    atomic_store(&s->t, s->state.t);
    atomic_store(&s->feed_t, s->state.feed_t);
    atomic_store(&s->time, s->state.time);
    atomic_store(&s->resources, s->state.resources);
    atomic_store(&s->versions, s->state.versions);
    atomic_store(&s->trail_entries, s->state.trail_seq);
    atomic_store(&s->waiting, s->active->weight);
    atomic_store(&s->sealing, s->reseal.running);
    return OK;
}

static err set_up(struct op *op, struct store *s)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->tail_lock, NULL);
    pthread_mutex_init(&s->keys_lock, NULL);
    pthread_mutex_init(&s->desk.lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->room, NULL);
    pthread_cond_init(&s->news, NULL);
    pthread_cond_init(&s->desk.moved, NULL);
    s->arena = arena_new((size_t)1 << 30);
    if (s->arena)
        arena_keep(s->arena, GROUP_KEEP);
    s->active = s->tail_now = tail_new();
    bool far = s->ops->capabilities & STORE_CAP_FAR; /* may be taken over by another */
    if (!far && !s->o.forgetful) {
        s->memo = memo_new(NAMES_KNOWN, NAME_VALUE_MAX);
        s->docs = memo_new(DOCS_KNOWN, MEMO_DOC_MAX);
    }
    if (!s->arena || !s->active)
        return out_of_memory(op);
    if (s->ops->capabilities & STORE_CAP_DURABLE)
        TRY(hold_lock(op, s));
    if (s->o.backend == STORE_POSTGRES)
        TRY(place_free(op, s->dir, ERR_INVALID,
                       "the data folder has a database of its own; name no other"));
    TRY(open_keys(op, s));
    TRY(s->ops->open(op, &s->o, &s->be));
    TRY(read_all(op, s));
    if (s->o.backend == STORE_POSTGRES && s->own_keys)
        TRY(place_write(op, s->dir, s->o.database)); /* where other verbs find it from now on */
    if (pthread_create(&s->thread, NULL, writer_main, s) != 0)
        return fail(op, ERR_UNAVAILABLE, "the writer's thread cannot be started");
    s->started = true;
    return erase_again(op, s);
}

static bool kept(str from, str *ret)
{
    char *p = malloc(from.n + 1);
    if (p && from.n)
        memcpy(p, from.p, from.n);
    *ret = str_make(p, from.n);
    return p != NULL;
}

err store_open(struct op *op, const struct store_options *o, struct store **ret)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s || !kept(o->dir, &s->dir) || !kept(o->keys.n ? o->keys : o->dir, &s->keys)) {
        if (s)
            free((void *)(uintptr_t)s->dir.p);
        free(s);
        return out_of_memory(op);
    }
    s->o = *o;
    s->o.dir = s->dir;
    s->own_keys = !o->keys.n;
    s->lock_fd = s->spool.fd = -1;
    s->ops = ops_of(o->backend);
    err e = set_up(op, s);
    if (e != OK) {
        store_close(s);
        return e;
    }
    *ret = s;
    return OK;
}

str store_dir(const struct store *s)
{
    return s->dir;
}

bool store_lost(const struct store *s)
{
    return s->ops->lost && s->ops->lost(s->be);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->work);
        pthread_cond_broadcast(&s->news);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    spool_close(s);
    s->ops->close(s->be);
    tail_drop(s->active);
    tail_drop(s->frozen);
    packer_free(s->packer);
    memo_free(s->memo);
    memo_free(s->docs);
    vault_free(&s->vault);
    arena_free(s->arena);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->tail_lock);
    pthread_mutex_destroy(&s->keys_lock);
    pthread_mutex_destroy(&s->desk.lock);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->room);
    pthread_cond_destroy(&s->news);
    pthread_cond_destroy(&s->desk.moved);
    free((void *)(uintptr_t)s->dir.p);
    free((void *)(uintptr_t)s->keys.p);
    free(s);
}

void store_stats(struct store *s, struct store_stats *ret)
{
    *ret = (struct store_stats){
        .t = atomic_load(&s->t),
        .resources = atomic_load(&s->resources),
        .versions = atomic_load(&s->versions),
        .tail = atomic_load(&s->waiting),
        .merges = atomic_load(&s->merges),
        .commits = atomic_load(&s->commits),
        .fsyncs = s->ops->capabilities & STORE_CAP_DURABLE
                      ? atomic_load(&s->commits) + atomic_load(&s->spooled)
                      : 0,
        .trail_entries = atomic_load(&s->trail_entries),
        .bytes_on_disk = s->ops->bytes(s->be),
    };
}

bool store_far(const struct store *s)
{
    return s->ops->capabilities & STORE_CAP_FAR;
}
