/* weft init: makes a data folder with its keys and an empty store. Invariant: an existing store is
 * never touched. */
#include "api/cli.h"

#include "base/time.h"

static const char usage[] =
    "usage: weft init --data DIR [--database ADDRESS]\n"
    "\n"
    "Makes a new data folder: keys, empty store, audit trail.\n"
    "  --database  keep the store in this PostgreSQL, in its schema weft; the folder keeps the "
    "keys\n"
    "              and remembers the address. A password belongs in a file that PGPASSFILE names.\n"
    "\n"
    "example: weft init --data data\n"
    "         weft init --data data --database "
    "postgresql://weft@db.example/weft?sslmode=verify-full\n";

int cli_init(int argc, char **argv)
{
    static const char *const names[] = {"data", "database", NULL};
    const char *v[2] = {NULL}, *dir;
    struct cli_args args = {names, v, usage};
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    dir = v[0];
    if (!dir || rest != argc)
        return cli_wrong("init", usage, "name the new folder with --data");
    struct arena *a = arena_new(0);
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    str database = cli_take_database(a, v[1]);
    code = record_init_at(&op, str_of(dir), database) == OK ? CLI_DONE : cli_failed("init", &op);
    arena_free(a);
    if (code == CLI_DONE)
        printf("%s is ready; next: weft user add, weft import or weft serve\n", dir);
    return code;
}
