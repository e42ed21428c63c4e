/* See faulty_vfs.h. A file of this VFS holds a file of the real one right behind its own head. */
#include "faulty_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real;
    const char *path;
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static atomic_int armed_kind = -1;
static atomic_ullong countdown, hits;
static atomic_bool stays;
static _Atomic(const struct disk_watch *) watch;

void faulty_watch(const struct disk_watch *w)
{
    atomic_store(&watch, w);
}

static const char *path_of(sqlite3_file *f)
{
    return ((struct file *)f)->path;
}

void faulty_arm(enum fault_kind kind, uint64_t nth, bool until_healed)
{
    atomic_store(&hits, 0);
    atomic_store(&countdown, nth);
    atomic_store(&stays, until_healed);
    atomic_store(&armed_kind, (int)kind);
}

void faulty_heal(void)
{
    atomic_store(&armed_kind, -1);
}

uint64_t faulty_hits(void)
{
    return atomic_load(&hits);
}

static bool refuse(bool sync)
{
    int kind = atomic_load(&armed_kind);
    if (kind < 0 || (kind == FAULT_SYNC) != sync)
        return false;
    unsigned long long left = atomic_load(&countdown);
    if (left > 1) {
        atomic_fetch_sub(&countdown, 1);
        return false;
    }
    if (left == 0 && !atomic_load(&stays))
        return false;
    atomic_store(&countdown, 0);
    atomic_fetch_add(&hits, 1);
    return true;
}

/* The spool is no file of SQLite's: the linker brings the store's own writes here. */
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    const struct disk_watch *w = atomic_load(&watch);
    if (w)
        w->pwrote(fd, p, n, (uint64_t)at);
    if (!refuse(false))
        return __real_pwrite(fd, p, n, at);
    bool full = atomic_load(&armed_kind) == FAULT_FULL;
    if (!full && __real_pwrite(fd, p, n / 8192 * 4096, at) < 0) /* torn, at a page */
        return -1;
    errno = full ? ENOSPC : EIO;
    return -1;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static int x_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real(f)->pMethods->xRead(real(f), p, n, at);
}

static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    const struct disk_watch *w = atomic_load(&watch);
    if (w)
        w->wrote(path_of(f), p, (size_t)n, (uint64_t)at);
    if (refuse(false)) {
        if (atomic_load(&armed_kind) == FAULT_FULL)
            return SQLITE_FULL;
        int half = n / 2; /* torn */
        real(f)->pMethods->xWrite(real(f), p, half, at);
        return SQLITE_IOERR_WRITE;
    }
    return real(f)->pMethods->xWrite(real(f), p, n, at);
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    const struct disk_watch *w = atomic_load(&watch);
    if (w)
        w->truncated(path_of(f), (uint64_t)n);
    return real(f)->pMethods->xTruncate(real(f), n);
}

static int x_sync(sqlite3_file *f, int flags)
{
    const struct disk_watch *w = atomic_load(&watch);
    if (refuse(true))
        return SQLITE_IOERR_FSYNC;
    return w && w->synced(path_of(f)) ? SQLITE_OK : real(f)->pMethods->xSync(real(f), flags);
}

static int x_size(sqlite3_file *f, sqlite3_int64 *n)
{
    return real(f)->pMethods->xFileSize(real(f), n);
}

static int x_lock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xLock(real(f), how);
}

static int x_unlock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xUnlock(real(f), how);
}

static int x_reserved(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int x_control(sqlite3_file *f, int what, void *p)
{
    return real(f)->pMethods->xFileControl(real(f), what, p);
}

static int x_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int x_device(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int x_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static void x_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int x_shm_unmap(sqlite3_file *f, int delete)
{
    return real(f)->pMethods->xShmUnmap(real(f), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct file *file = (struct file *)f;
    (void)v;
    file->real = (sqlite3_file *)(file + 1);
    file->path = name;
    int rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
    file->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

void faulty_install(void)
{
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "faulty";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    vfs.xOpen = x_open;
    sqlite3_vfs_register(&vfs, 1);
}
