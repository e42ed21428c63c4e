/* Where the store of a data folder is: in the folder, or in PostgreSQL; then the folder keeps the
 * keys and, in the file "database" (0600), the connection string, so that every verb finds it.
 * Invariant: a folder never has both. */
#include "store/store_int.h"

#include <unistd.h>

static const char *path_in(struct op *op, str dir, const char *name)
{
    return arena_printf(op->arena, "%.*s/%s", STR_ARG(dir), name).p;
}

err store_place(struct op *op, str dir, str *ret)
{
    const char *path = path_in(op, dir, "database");
    str text = STR_NONE;
    if (!path)
        return out_of_memory(op);
    if (access(path, F_OK) != 0) {
        *ret = STR_NONE;
        return OK;
    }
    TRY(secret_read(op, path, "file that names the database", &text));
    *ret = str_trim(text);
    return ret->n ? OK : fail(op, ERR_INVALID, "%s names no database", path);
}

err place_write(struct op *op, str dir, str database)
{
    str before = STR_NONE;
    TRY(store_place(op, dir, &before));
    if (str_eq(before, database))
        return OK;
    const char *path = path_in(op, dir, "database");
    str line = arena_cat(op->arena, database, STR("\n"));
    return path && line.p ? file_replace(op, path, line) : out_of_memory(op);
}

err place_free(struct op *op, str dir, err code, const char *otherwise)
{
    const char *path = path_in(op, dir, "weft.db");
    if (!path)
        return out_of_memory(op);
    return access(path, F_OK) != 0 ? OK : fail(op, code, "%s", otherwise);
}
