/* SQLite back end: one consistent state of a database, copied while others read and write it. The
 * source stays in one read transaction, so the copy is the commit that was newest when it began;
 * commits made meanwhile only let the write-ahead log grow.
 * Invariant: OK means that the copy is complete, synced and readable by its owner alone. */
#include "store/sqlite/sqlite_int.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 1024
#define BUSY_MS 10000

/* Where nothing can be written (a mounted snapshot, a disc) SQLite may not look for a log. */
static str source_uri(struct op *op, str dir)
{
    static const char plain[] = "/-_.~";
    bool fixed = access(str_z(op->arena, dir), W_OK) != 0;
    struct buf b;
    buf_init(&b, op->arena, 16384);
    buf_add(&b, STR("file:"));
    for (size_t i = 0; i < dir.n; i++) {
        char c = dir.p[i];
        bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    (c && strchr(plain, c));
        buf_printf(&b, keep ? "%c" : "%%%02X", (unsigned char)c);
    }
    buf_printf(&b, "/weft.db%s", fixed ? "?immutable=1" : "");
    buf_u8(&b, 0);
    return buf_ok(&b) ? str_of(buf_str(&b).p) : STR_NONE;
}

static err copy_pages(struct op *op, sqlite3 *to, sqlite3 *from, const struct store_watch *w)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b)
        return lite_fail(op, to, sqlite3_errcode(to));
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK) {
        rc = sqlite3_backup_step(b, STEP_PAGES);
        uint64_t all = (uint64_t)sqlite3_backup_pagecount(b);
        if (w)
            w->fn(w->ctx, "copying", all - (uint64_t)sqlite3_backup_remaining(b), all);
    }
    int end = sqlite3_backup_finish(b);
    return rc == SQLITE_DONE && end == SQLITE_OK ? OK : lite_fail(op, to, end ? end : rc);
}

static err copy_open(struct op *op, sqlite3 *from, const char *path, const struct store_watch *w)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    err e = rc == SQLITE_OK ? lite_exec(op, to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
                            : lite_fail(op, to, rc);
    if (e == OK)
        e = copy_pages(op, to, from, w);
    sqlite3_close(to);
    return e;
}

static err settle(struct op *op, const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool good = fd >= 0 && fchmod(fd, 0600) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    return good ? OK : lite_fail(op, NULL, SQLITE_IOERR);
}

err lite_copy(struct op *op, str from, str to, const struct store_watch *w)
{
    sqlite3 *db = NULL;
    str uri = source_uri(op, from), path = arena_printf(op->arena, "%.*s/weft.db", STR_ARG(to));
    if (!uri.p || !path.p)
        return lite_fail(op, NULL, SQLITE_NOMEM);
    bool fixed = str_ends(uri, STR("=1"));
    int flags = SQLITE_OPEN_URI | (fixed ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(uri.p, &db, flags, NULL);
    err e = rc == SQLITE_OK ? OK : lite_fail(op, db, rc);
    if (e == OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        e = lite_exec(op, db, "BEGIN; SELECT count(*) FROM meta");
    }
    if (e == OK)
        e = copy_open(op, db, path.p, w);
    sqlite3_close(db);
    return e == OK ? settle(op, path.p) : e;
}
