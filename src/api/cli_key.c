/* weft key: what keys a data folder has, and whether they open what is in it. Changing keys comes
 * with a later version. Invariant: no byte of a key is shown. */
#include "api/cli.h"
#include "record/bulk.h"

#include "base/time.h"

static const char usage[] =
    "usage: weft key list --data DIR     ids, algorithms, when made, fingerprints; never the keys\n"
    "       weft key check --data DIR    opens every version of every document with them\n"
    "\n"
    "The keys lie in DIR/keys. Without them nobody can read DIR, you neither: weft backup copies "
    "them\n"
    "too. Changing keys (rotation) and one key a patient come with a later version.\n"
    "\n"
    "example: weft key list --data data\n";

err cli_perform_key(struct cli *c, const struct cli_job *job, FILE *out)
{
    struct record_key_check check;
    (void)job;
    TRY(record_key_check(&c->op, c->rec, NULL, &check));
    if (check.refused)
        return fail(&c->op, ERR_FAULT,
                    "%llu versions of documents do not open, %llu do; restore from a backup.",
                    (unsigned long long)check.refused, (unsigned long long)check.opened);
    fprintf(out, "%llu versions of documents, all open\n", (unsigned long long)check.opened);
    return OK;
}

static int list(const char *dir)
{
    struct arena *a = arena_new(0);
    struct record_keys k = {.n = 0};
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    int code = CLI_FAILED;
    if (record_key_list(&op, str_of(dir), &k) != OK) {
        cli_failed("key", &op);
    } else {
        printf("%-8s  %-24s  %-24s  %-32s  %s\n", "id", "algorithm", "made", "fingerprint", "for");
        for (size_t i = 0; i < k.n; i++) {
            char made[24];
            time_format_to(made, k.keys[i].made);
            printf("%-8s  %-24s  %.24s  %s  %s\n", k.keys[i].id, k.keys[i].algorithm, made,
                   k.keys[i].fingerprint, k.keys[i].use);
        }
        printf("keys file: generation %llu; %zu patients erased\n",
               (unsigned long long)k.generation, k.erased);
        code = CLI_DONE;
    }
    arena_free(a);
    return code;
}

int cli_key(int argc, char **argv)
{
    static const char *const names[] = {"data", NULL};
    const char *dir = NULL;
    int rest, code;
    str verb = argc > 1 ? str_of(argv[1]) : STR_NONE;
    bool lists = str_eq(verb, STR("list")), known = lists || str_eq(verb, STR("check"));
    if (known) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (!cli_parse(argc, argv, &(struct cli_args){names, &dir, usage}, &rest, &code))
        return code;
    if (!known || !dir || rest != argc)
        return cli_wrong("key", usage, known ? "name the folder with --data" : "say list or check");
    if (lists)
        return list(dir);
    struct cli_progress p;
    cli_progress_begin(&p, "key", "opening every document");
    code = cli_do(dir, &(struct cli_job){.verb = "key"});
    cli_progress_end(&p);
    return code;
}
