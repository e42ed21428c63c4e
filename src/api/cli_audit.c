/* weft audit: verifies the hash chain of the trail and its signed heads, gives a signed head away,
 * and makes the evidence pack. Exit 0, or 1 and the first line that is altered, missing or moved.
 */
#include "api/cli.h"

static const char usage[] =
    "usage: weft audit verify --data DIR [--head FILE]\n"
    "       weft audit head   --data DIR\n"
    "\n"
    "verify reads the whole audit trail, checks its hash chain and every signed head (Ed25519) "
    "and\n"
    "prints the number of entries and the head hash (exit 0), or the first broken entry (exit 1).\n"
    "head prints where the trail is now, signed: keep it somewhere else, and verify --head says\n"
    "whether the trail is still the one it was taken of.\n"
    "\n"
    "example: weft audit verify --data data\n";

enum { WORD_VERB, WORD_HEAD };
#define HEAD_MAX 4096u

static err verify(struct cli *c, const char *head, FILE *out)
{
    struct record_audit_check check;
    uint64_t seq = 0;
    TRY(record_audit_verify(&c->op, c->rec, &check));
    if (check.bad_seq)
        return fail(&c->op, ERR_FAULT, "The trail is broken at entry %llu of %llu.",
                    (unsigned long long)check.bad_seq, (unsigned long long)check.entries);
    if (head) {
        TRY(record_audit_holds(&c->op, c->rec, str_of(head), &seq));
        if (!seq)
            return fail(&c->op, ERR_FAULT,
                        "The trail is not the one that this head was taken of, or the head was "
                        "altered.");
        fprintf(out, "the head given holds, at entry %llu\n", (unsigned long long)seq);
    }
    fprintf(out, "%llu entries, whole; %llu signed heads; head %s\n",
            (unsigned long long)check.entries, (unsigned long long)check.heads, check.head);
    return OK;
}

err cli_perform_audit(struct cli *c, const struct cli_job *job, FILE *out)
{
    str json;
    if (!job->words[WORD_VERB] || strcmp(job->words[WORD_VERB], "head") != 0)
        return verify(c, job->words[WORD_HEAD], out);
    TRY(record_audit_head(&c->op, c->rec, &json));
    fprintf(out, "%.*s\n", STR_ARG(json));
    return OK;
}

/* The text of a small file; NULL when it cannot be read. */
static const char *head_of(const char *path, char text[HEAD_MAX])
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    size_t n = fread(text, 1, HEAD_MAX - 1, f);
    bool good = ferror(f) == 0 && n > 0;
    (void)fclose(f);
    text[n] = 0;
    return good ? text : NULL;
}

int cli_audit(int argc, char **argv)
{
    static const char *const names[] = {"data", "head", NULL};
    const char *v[2] = {0}, *verb = argc > 1 ? argv[1] : "", *head = NULL;
    char text[HEAD_MAX];
    int rest, code;
    bool known = strcmp(verb, "verify") == 0 || strcmp(verb, "head") == 0;
    if (known) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, usage}, &rest, &code))
        return code;
    if (!known || !v[0] || rest != argc)
        return cli_wrong("audit", usage,
                         known ? "name the folder with --data" : "say verify or head");
    if (v[1] && !(head = head_of(v[1], text))) {
        fprintf(stderr, "weft audit: %s cannot be read\n", v[1]);
        return CLI_FAILED;
    }
    struct cli_progress p;
    cli_progress_begin(&p, "audit", "reading the trail");
    code = cli_do(v[0], &(struct cli_job){.verb = "audit", .words = {verb, head}});
    cli_progress_end(&p);
    return code;
}
