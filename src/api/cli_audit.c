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

err cli_perform_audit(struct cli *c, const struct cli_job *job, FILE *out)
{
    struct record_audit_check check;
    (void)job;
    TRY(record_audit_verify(&c->op, c->rec, &check));
    if (check.bad_seq)
        return fail(&c->op, ERR_FAULT, "The trail is broken at entry %llu of %llu.",
                    (unsigned long long)check.bad_seq, (unsigned long long)check.entries);
    fprintf(out, "%llu entries, whole; head %s\n", (unsigned long long)check.entries, check.head);
    return OK;
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
    struct cli_progress p;
    cli_progress_begin(&p, "audit", "reading the trail");
    code = cli_do(dir, &(struct cli_job){.verb = "audit"});
    cli_progress_end(&p);
    return code;
}
