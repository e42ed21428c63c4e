/* Release files: the input is a zip (first byte 'P') or one table; every row of every member that
 * looks like one is read as CSV, tabs or pipes, by its first byte, and a whole LOINC load tried. */
#include "terms/load_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_member(const struct release *r, const struct member_file *m, enum table_kind kind)
{
    static const char *const named[] = {"a", "?b", NULL}, *const numbered[] = {"0", "2", NULL};
    struct table t;
    str cells[COLUMNS_MAX];
    if (table_open(r, m, kind, kind == TABLE_PIPE ? numbered : named, &t) == OK)
        while (table_next(&t, cells))
            ;
    op_clear(r->op);
}

/* The input as a file, so that the reader is the one that is shipped. */
static int file_of(const uint8_t *data, size_t size, char path[32])
{
    int fd = memfd_create("release", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct release r = {.op = &op};
    char path[32];
    int fd = file_of(data, size, path);
    op_init(&op, a, NULL, 0);
    if (size && data[0] == 'P') {
        if (release_open(&op, str_of(path), &r) != OK)
            r.members.n = 0;
        for (size_t i = 0; i < r.members.n && i < 8; i++)
            read_member(&r, &r.members.at[i], (enum table_kind)(i % 3));
        release_close(&r);
    } else if (size) {
        struct member_file m = {.name = str_of(path), .size = size};
        read_member(&r, &m, (enum table_kind)(data[0] % 3));
    }
    arena_free(a);
    close(fd);
    return 0;
}
