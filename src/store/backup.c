/* Copying a store whole, for weft backup and weft restore: nearly the same work in both directions.
 * The copy grows in TO.part: the database first, the keys after it (a backup gets none), so that
 * what a kill leaves behind cannot be opened; then it is opened and its trail verified; then it
 * gets its name. Invariant: a folder called TO is whole, verified and synced, or there is none. Not
 * copied: what other rooms or people put into the folder (configuration, the demonstration's
 * files); of a store in use, looks after store_backup_ready() that are in its spool alone. */
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "unfinished" /* what makes a leftover folder one of ours */

static const char *const ours[] = {"weft.db", "weft.db-journal", "weft.db-wal", "weft.db-shm",
                                   "keys",    "keys.new",        "master",      "master.new",
                                   "lock",    "spool",           "database",    "database.new",
                                   MARK};

struct copy {
    str from;
    const struct store_keys_from *keys; /* NULL: a backup, without keys */
    str database; /* where the restored store is to be; empty: in the folder */
    const char *to, *part;
    int from_fd, fd; /* folders; fd holds a lock on the part */
    struct store_backup held;
};

static err cannot(struct op *op, const char *what)
{
    return fail(op, ERR_UNAVAILABLE, "%s (%s)", what, strerrordesc_np(errno));
}

static void wipe(const struct copy *c)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        (void)unlinkat(c->fd, ours[i], 0);
    (void)rmdir(c->part);
}

static err part_lock(struct op *op, struct copy *c)
{
    c->fd = open(c->part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (c->fd < 0)
        return cannot(op, "the folder of the copy cannot be opened");
    if (flock(c->fd, LOCK_EX | LOCK_NB) != 0)
        return fail(op, ERR_CONFLICT, "another copy into %s is under way", c->part);
    return OK;
}

/* A folder that a killed copy left behind is taken away; anything else stays where it is. */
static err part_clear(struct op *op, struct copy *c)
{
    TRY(part_lock(op, c));
    if (faccessat(c->fd, MARK, F_OK, 0) == 0)
        wipe(c);
    else
        (void)rmdir(c->part);
    close(c->fd);
    c->fd = -1;
    if (access(c->part, F_OK) == 0)
        return fail(op, ERR_CONFLICT, "%s is in the way; look at it and remove it", c->part);
    return OK;
}

static err part_make(struct op *op, struct copy *c)
{
    if (access(c->part, F_OK) == 0)
        TRY(part_clear(op, c));
    if (mkdir(c->part, 0700) != 0)
        return cannot(op, "the folder of the copy cannot be made");
    TRY(part_lock(op, c));
    int fd = openat(c->fd, MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || close(fd) != 0)
        return cannot(op, "the copy cannot be written");
    return OK;
}

static err copy_bytes(struct op *op, const struct copy *c, int in)
{
    char bytes[16384];
    ssize_t n = 0;
    int out = openat(c->fd, "spool", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = out >= 0;
    while (good && (n = read(in, bytes, sizeof bytes)) > 0)
        good = write(out, bytes, (size_t)n) == n;
    good = good && n == 0 && fsync(out) == 0;
    if (out >= 0)
        good = close(out) == 0 && good;
    return good ? OK : cannot(op, "the spool of the audit trail cannot be copied");
}

/* What a killed process left behind; it comes before the database, which may only be ahead of it.
 * Whoever has the store open holds the lock and commits its own in a moment. */
static err copy_spool(struct op *op, const struct copy *c)
{
    int lock = openat(c->from_fd, "lock", O_RDONLY | O_CLOEXEC);
    bool in_use = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;
    int in = in_use ? -1 : openat(c->from_fd, "spool", O_RDONLY | O_CLOEXEC);
    err e = in >= 0 ? copy_bytes(op, c, in) : OK;
    if (in >= 0)
        close(in);
    if (lock >= 0)
        close(lock);
    return e;
}

/* keys: a folder, or a file with what is relative in it seen from its folder. */
static err keys_of(struct op *op, const struct copy *c, struct ring **ret)
{
    struct stat st;
    str at = c->keys->at.n ? c->keys->at : c->from, pass = STR_NONE, dir = at;
    bool folder = stat(str_z(op->arena, at), &st) == 0 && S_ISDIR(st.st_mode);
    str path = folder ? arena_printf(op->arena, "%.*s/keys", STR_ARG(at)) : at;
    while (!folder && dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    if (!path.p)
        return out_of_memory(op);
    if (!c->keys->at.n && access(path.p, F_OK) != 0)
        return fail(op, ERR_NOT_FOUND,
                    "the backup holds no keys, as it should be; name the folder or the copy that "
                    "has them");
    if (c->keys->pass_file.n)
        TRY(secret_read(op, str_z(op->arena, c->keys->pass_file), "passphrase file", &pass));
    return keyfile_open_at(op, path, dir.n ? dir : STR("."), str_trim(pass), ret);
}

/* The same keys under a master of the copy's own. */
static err copy_keys(struct op *op, const struct copy *c)
{
    struct ring *r = NULL;
    TRY(keys_of(op, c, &r));
    err e = keyfile_import(op, str_of(c->part), r);
    ring_free(r);
    return e;
}

static err verify(struct op *op, struct copy *c, str database, const struct store_watch *w)
{
    struct store_options o = {.backend = database.n ? STORE_POSTGRES : STORE_SQLITE,
                              .dir = str_of(c->part),
                              .database = database};
    if (!c->keys)
        o.keys = c->from;
    struct store *s = NULL;
    struct store_trail_check check = {.entries = 0};
    if (w)
        w->fn(w->ctx, "verifying", 0, 0);
    TRY(store_open(op, &o, &s));
    err e = store_trail_verify(op, s, &check);
    if (e == OK && check.bad_seq)
        e = fail(op, ERR_FAULT, "the audit trail is broken at entry %llu of %llu",
                 (unsigned long long)check.bad_seq, (unsigned long long)check.entries);
    store_stats(s, &c->held.stats);
    c->held.time = atomic_load(&s->time);
    memcpy(c->held.head, check.head, sizeof check.head);
    store_close(s);
    return e;
}

static bool sync_at(int folder, const char *name, int flags)
{
    int fd = openat(folder, name, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    return good;
}

static bool sync_above(struct arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] != '/')
        n--;
    return sync_at(AT_FDCWD, n ? str_z(a, str_make(path, n)) : ".", O_RDONLY | O_DIRECTORY);
}

static err move_rows(struct op *op, void *be, const struct store_options *to,
                     const struct store_watch *w)
{
    const struct store_ops *ops = &store_postgres_ops;
    struct store_snap *snap = NULL;
    void *out = NULL;
    TRY(ops->create(op, to));
    TRY(ops->open(op, to, &out));
    err e = store_sqlite_ops.snap_open(op, be, &snap);
    if (e == OK) {
        e = spaces_copy(op, &store_sqlite_ops, snap,
                        &(struct spaces_to){.ops = ops, .be = out, .at_once = true, .watch = w});
        store_sqlite_ops.snap_close(snap);
    }
    ops->close(out);
    return e;
}

/* The verified copy's rows into the database that was named, in one transaction; the folder keeps
 * the keys. */
static err move_out(struct op *op, struct copy *c, const struct store_watch *w)
{
    struct store_options o = {.backend = STORE_SQLITE, .dir = str_of(c->part)}, to = o;
    void *be = NULL;
    to.backend = STORE_POSTGRES;
    to.database = c->database;
    TRY(store_sqlite_ops.open(op, &o, &be));
    err e = move_rows(op, be, &to, w);
    store_sqlite_ops.close(be);
    TRY(e);
    for (size_t i = 0; i < 4; i++)
        (void)unlinkat(c->fd, ours[i], 0);
    return verify(op, c, c->database, w);
}

/* Opening it may have merged a little: synced again, then named. */
/* The mark goes last: without it nobody could tell a part that a kill left behind from somebody's
 * folder. */
static err finish(struct op *op, struct copy *c)
{
    struct stat st;
    const char *kept = c->database.n ? "database" : "weft.db";
    (void)unlinkat(c->fd, "lock", 0);
    if (!sync_at(c->fd, kept, O_RDWR) || fstatat(c->fd, kept, &st, 0) != 0 || fsync(c->fd) != 0 ||
        rename(c->part, c->to) != 0)
        return cannot(op, "the copy cannot be given its name");
    c->part = c->to; /* what is taken away if this fails */
    if (!sync_above(op->arena, c->to) || unlinkat(c->fd, MARK, 0) != 0 || fsync(c->fd) != 0)
        return cannot(op, "the copy cannot be given its name");
    if (!c->database.n)
        c->held.stats.bytes_on_disk = (uint64_t)st.st_size;
    return OK;
}

static err run(struct op *op, struct copy *c, const struct store_watch *w)
{
    c->from_fd = open(str_z(op->arena, c->from), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    str outside = STR_NONE;
    if (c->from_fd < 0 || (faccessat(c->from_fd, "weft.db", F_OK, 0) != 0 &&
                           faccessat(c->from_fd, "database", F_OK, 0) != 0))
        return fail(op, ERR_NOT_FOUND, "%.*s holds no store: weft.db is expected there",
                    STR_ARG(c->from));
    TRY(store_place(op, c->from, &outside));
    if (access(c->to, F_OK) == 0)
        return fail(op, ERR_CONFLICT, "%s is there already; name a folder that is not", c->to);
    TRY(part_make(op, c));
    err e = copy_spool(op, c);
    if (e == OK)
        e = (outside.n ? &store_postgres_ops : &store_sqlite_ops)
                ->copy(op, c->from, str_of(c->part), w);
    if (e == OK && c->keys)
        e = copy_keys(op, c);
    if (e == OK)
        e = verify(op, c, STR_NONE, w);
    if (e == OK && c->database.n)
        e = move_out(op, c, w);
    if (e == OK)
        e = finish(op, c);
    if (e != OK)
        wipe(c);
    return e;
}

static err copy_whole(struct op *op, struct copy c, str to, const struct store_watch *w,
                      struct store_backup *ret)
{
    while (to.n > 1 && to.p[to.n - 1] == '/')
        to.n--;
    c.from_fd = c.fd = -1;
    c.to = str_z(op->arena, to);
    c.part = arena_printf(op->arena, "%.*s.part", STR_ARG(to)).p;
    if (!c.to || !c.part)
        return out_of_memory(op);
    err e = run(op, &c, w);
    if (c.from_fd >= 0)
        close(c.from_fd);
    if (c.fd >= 0)
        close(c.fd);
    if (e == OK)
        *ret = c.held;
    return e;
}

err store_backup_ready(struct op *op, struct store *s)
{
    return trail_catch_up(op, s);
}

err store_backup(struct op *op, str from, str to, const struct store_watch *w,
                 struct store_backup *ret)
{
    return copy_whole(op, (struct copy){.from = from}, to, w, ret);
}

err store_restore(struct op *op, str from, const struct store_keys_from *keys, str to,
                  const struct store_watch *w, struct store_backup *ret)
{
    struct copy c = {.from = from, .keys = keys, .database = keys->database};
    return copy_whole(op, c, to, w, ret);
}
