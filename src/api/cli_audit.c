/* weft audit verify: recomputes the hash chain of the trail. Exit 0 and the head, or 1 and the
 * first line that is altered, missing or moved. */
#include "api/cli.h"

static const char usage[] =
    "usage: weft audit verify --data DIR\n"
    "\n"
    "Reads the whole audit trail and checks its hash chain. Prints the number "
    "of entries and\n"
    "the head hash (exit 0), or the first broken entry (exit 1).\n"
    "\n"
    "example: weft audit verify --data data\n";

static int verify(const char *dir)
{
    struct cli c;
    struct record_audit_check check;
    int code = CLI_DONE;
    if (cli_open(&c, dir, 0) != OK || record_audit_verify(&c.op, c.rec, &check) != OK) {
        code = cli_failed("audit", &c.op);
    } else if (check.bad_seq) {
        printf("broken at entry %llu of %llu\n", (unsigned long long)check.bad_seq,
               (unsigned long long)check.entries);
        code = CLI_FAILED;
    } else {
        printf("%llu entries, whole; head %s\n", (unsigned long long)check.entries, check.head);
    }
    cli_close(&c);
    return code;
}

int cli_audit(int argc, char **argv)
{
    static const char *const names[] = {"data", NULL};
    const char *dir = NULL;
    struct cli_args args = {names, &dir, usage};
    int rest, code;
    bool verb = argc > 1 && str_eq(str_of(argv[1]), STR("verify"));
    if (verb) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (!verb || !dir || rest != argc)
        return cli_wrong("audit", usage,
                         verb ? "name the folder with --data" : "say: audit verify");
    return verify(dir);
}
