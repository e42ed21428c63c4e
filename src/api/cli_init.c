/* weft init: makes a data folder with its keys and an empty store. Invariant: an existing store is
 * never touched. */
#include "api/cli.h"

#include "base/time.h"

static const char usage[] = "usage: weft init --data DIR\n"
                            "\n"
                            "Makes a new data folder: keys, empty store, audit trail.\n"
                            "\n"
                            "example: weft init --data data\n";

int cli_init(int argc, char **argv)
{
    static const char *const names[] = {"data", NULL};
    const char *dir = NULL;
    struct cli_args args = {names, &dir, usage};
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (!dir || rest != argc)
        return cli_wrong("init", usage, "name the new folder with --data");
    struct arena *a = arena_new(0);
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    code = record_init(&op, str_of(dir)) == OK ? CLI_DONE : cli_failed("init", &op);
    arena_free(a);
    if (code == CLI_DONE)
        printf("%s is ready; next: weft user add, weft import or weft serve\n", dir);
    return code;
}
