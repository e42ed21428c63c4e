/* weft audit: verifies the hash chain of the trail and its signed heads, gives a signed head away,
 * and makes the evidence pack. Exit 0, or 1 and the first line that is altered, missing or moved.
 */
#include "api/cli.h"
#include "api/evidence_int.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static const char usage[] =
    "usage: weft audit verify --data DIR [--head FILE]\n"
    "       weft audit head   --data DIR\n"
    "       weft audit pack   --data DIR --out FILE\n"
    "       weft audit explain --data DIR NUMBER\n"
    "\n"
    "verify reads the whole audit trail, checks its hash chain and every signed head (Ed25519) "
    "and\n"
    "prints the number of entries and the head hash (exit 0), or the first broken entry (exit 1).\n"
    "head prints where the trail is now, signed: keep it somewhere else, and verify --head says\n"
    "whether the trail is still the one it was taken of.\n"
    "pack makes the evidence pack of the last 90 days, signed, as JSON or, when FILE ends in "
    ".pdf,\n"
    "as a PDF: verification, keys, accounts and training, events, rules, open clocks.\n"
    "explain says in a sentence why one entry was allowed or refused, then its trace as JSON: "
    "rule,\n"
    "citation, facts. NUMBER is the entry's, as in AuditEvent/NUMBER.\n"
    "\n"
    "example: weft audit verify --data data\n";

enum { WORD_VERB, WORD_HEAD, WORD_OUT };
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

/* Written by whoever does the job, to the path as seen from where it was asked. */
static err pack(struct cli *c, const char *path, FILE *out)
{
    str json = STR_NONE, bytes = STR_NONE;
    if (!path)
        return fail(&c->op, ERR_INVALID, "Name the file to write.");
    TRY(evidence_make(&c->op, c->rec, c->id, NULL, &json));
    bytes = json;
    if (str_ends(str_of(path), STR(".pdf")))
        TRY(evidence_pdf(&c->op, c->rec, json, &bytes));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* it names accounts */
    bool good = fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (!good && fd >= 0)
        (void)unlink(path);
    if (!good)
        return fail(&c->op, ERR_UNAVAILABLE, "%s cannot be written, or is there already.", path);
    fprintf(out, "%s: %zu bytes, signed\n", path, bytes.n);
    return OK;
}

static err explain(struct cli *c, const char *number, FILE *out)
{
    struct json *o;
    struct buf b;
    if (!number)
        return fail(&c->op, ERR_INVALID, "Name the entry.");
    TRY(explain_entry(&c->op, &(struct explaining){.rec = c->rec}, str_of(number), &o));
    buf_init(&b, c->op.arena, 1u << 20);
    json_write(&b, o);
    TRY(op_check(&c->op));
    fprintf(out, "%.*s\n%.*s\n", STR_ARG(json_get_str(o, STR("sentence"))), STR_ARG(buf_str(&b)));
    return OK;
}

err cli_perform_audit(struct cli *c, const struct cli_job *job, FILE *out)
{
    str json;
    if (job->words[WORD_VERB] && strcmp(job->words[WORD_VERB], "pack") == 0)
        return pack(c, job->words[WORD_OUT], out);
    if (job->words[WORD_VERB] && strcmp(job->words[WORD_VERB], "explain") == 0)
        return explain(c, job->words[WORD_OUT], out);
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

/* The server's folder may be another one. */
static bool whole_path(const char *path, char out[PATH_MAX])
{
    char here[PATH_MAX];
    bool whole = path[0] == '/';
    if (!whole && !getcwd(here, sizeof here))
        return false;
    int n = snprintf(out, PATH_MAX, "%s%s%s", whole ? "" : here, whole ? "" : "/", path);
    return n > 0 && n < PATH_MAX;
}

int cli_audit(int argc, char **argv)
{
    static const char *const names[] = {"data", "head", "out", NULL};
    const char *v[3] = {0}, *verb = argc > 1 ? argv[1] : "", *head = NULL;
    char text[HEAD_MAX];
    int rest, code;
    char out[PATH_MAX];
    bool packs = strcmp(verb, "pack") == 0;
    bool explains = strcmp(verb, "explain") == 0;
    bool known = strcmp(verb, "verify") == 0 || strcmp(verb, "head") == 0 || packs || explains;
    if (known) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, usage}, &rest, &code))
        return code;
    if (!known || !v[0] || rest + explains != argc)
        return cli_wrong("audit", usage,
                         !known     ? "say verify, head, pack or explain"
                         : explains ? "name one entry, and the folder with --data"
                                    : "name the folder with --data");
    if (packs && (!v[2] || !whole_path(v[2], out)))
        return cli_wrong("audit", usage, "name the new file with --out");
    if (v[1] && !(head = head_of(v[1], text))) {
        fprintf(stderr, "weft audit: %s cannot be read\n", v[1]);
        return CLI_FAILED;
    }
    struct cli_progress p;
    cli_progress_begin(&p, "audit", "reading the trail");
    code = cli_do(v[0], &(struct cli_job){.verb = "audit",
                                          .words = {verb, head,
                                                    packs      ? out
                                                    : explains ? argv[rest]
                                                               : NULL}});
    cli_progress_end(&p);
    return code;
}
