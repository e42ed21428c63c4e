/* DATA/terms: one block a file, mapped. The folder is looked at when the room opens and again when
 * its time has changed, so a release loaded beside a running server is seen. Invariant: a file is
 * in the list only if it is whole. */
#include "terms/terms_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".terms"
#define FILES_MAX 256u

static err map_file(struct op *op, const char *path, str *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *p = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= (off_t)BLOB_MAX)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return fail(op, ERR_FAULT, "The terminology %s cannot be read.", path);
    *ret = str_make(p, (size_t)st.st_size);
    return OK;
}

static void unmap(str bytes)
{
    munmap((void *)(uintptr_t)bytes.p, bytes.n);
}

static err one(struct op *op, struct terms *t, const char *name)
{
    const char *path = arena_printf(op->arena, "%.*s/%s", STR_ARG(t->dir), name).p;
    struct kept k = {.origin = ORIGIN_FILE};
    str bytes;
    TRY(map_file(op, path ? path : "", &bytes));
    if (!blob_open(bytes, &k.b) || k.b.head->kind != BLOB_SYSTEM) {
        unmap(bytes);
        return fail(op, ERR_FAULT,
                    "The terminology file %s is damaged; load its release again with weft import "
                    "--terminology, or remove the file.",
                    path);
    }
    k.kind = k.b.head->kind;
    k.url = blob_fact(&k.b, FACT_URL);
    k.version = blob_fact(&k.b, FACT_VERSION);
    k.extra = blob_fact(&k.b, FACT_EXTRA);
    k.more = blob_fact(&k.b, FACT_MORE);
    k.id = arena_str(t->arena, str_of(name));
    k.mem = (void *)(uintptr_t)bytes.p;
    k.mem_n = bytes.n;
    if (kept_put(t, &k))
        return OK;
    unmap(bytes);
    return fail(op, ERR_UNAVAILABLE, "No memory for the list of terminologies.");
}

err files_read(struct op *op, struct terms *t)
{
    struct stat st;
    size_t n = 0;
    err e = OK;
    DIR *d = t->dir.n ? opendir(str_z(op->arena, t->dir)) : NULL;
    if (!d)
        return !t->dir.n || errno == ENOENT
                   ? OK
                   : fail(op, ERR_FAULT, "The folder %.*s cannot be read.", STR_ARG(t->dir));
    if (fstat(dirfd(d), &st) == 0)
        t->dir_time = st.st_mtim;
    for (struct dirent *f; e == OK && (f = readdir(d));) {
        if (!str_ends(str_of(f->d_name), STR(SUFFIX)))
            continue;
        e = ++n > FILES_MAX ? fail(op, ERR_TOO_LARGE, "More than %u terminologies in %.*s.",
                                   FILES_MAX, STR_ARG(t->dir))
                            : one(op, t, f->d_name);
    }
    closedir(d);
    return e;
}
