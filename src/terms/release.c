/* A release: all files below a folder, or all members of a zip. */
#include "terms/load_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static err walk(struct release *r, str folder, unsigned depth)
{
    struct op *op = r->op;
    DIR *d = opendir(str_z(op->arena, folder));
    err e = OK;
    if (!d)
        return fail(op, ERR_NOT_FOUND, "The folder %.*s cannot be read.", STR_ARG(folder));
    for (struct dirent *f; e == OK && (f = readdir(d));) {
        struct stat st;
        str path = arena_printf(op->arena, "%.*s/%s", STR_ARG(folder), f->d_name);
        if (f->d_name[0] == '.' || stat(str_z(op->arena, path), &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < FOLDERS_DEEP)
            e = walk(r, path, depth + 1);
        else if (S_ISREG(st.st_mode))
            VEC_PUSH(op->arena, &r->members,
                     ((struct member_file){.name = path, .size = (uint64_t)st.st_size}));
        if (r->members.n > MEMBERS_MAX)
            e = fail(op, ERR_TOO_LARGE, "More than %u files in the release.", MEMBERS_MAX);
    }
    closedir(d);
    return e == OK ? op_check(op) : e;
}

err release_open(struct op *op, str path, struct release *ret)
{
    struct stat st;
    *ret = (struct release){.op = op, .path = path};
    int fd = open(str_z(op->arena, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0)
            close(fd);
        return fail(op, ERR_NOT_FOUND, "There is no %.*s.", STR_ARG(path));
    }
    if (S_ISDIR(st.st_mode)) {
        close(fd);
        return walk(ret, path, 0);
    }
    void *p =
        st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (p == MAP_FAILED)
        return fail(op, ERR_INVALID, "%.*s is neither a folder nor a zip file.", STR_ARG(path));
    ret->zip = str_make(p, (size_t)st.st_size);
    return zip_members(ret);
}

void release_close(struct release *r)
{
    if (r->zip.n)
        munmap((void *)(uintptr_t)r->zip.p, r->zip.n);
    r->zip = STR_NONE;
}

static str base_of(str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return str_sub(path, n, SIZE_MAX);
}

const struct member_file *release_find(const struct release *r, const char *pattern, size_t i)
{
    for (size_t k = 0; k < r->members.n; k++) {
        char name[256];
        str base = base_of(r->members.at[k].name);
        if (base.n >= sizeof name)
            continue;
        memcpy(name, base.p, base.n);
        name[base.n] = 0;
        if (fnmatch(pattern, name, FNM_CASEFOLD) == 0 && i-- == 0)
            return &r->members.at[k];
    }
    return NULL;
}
