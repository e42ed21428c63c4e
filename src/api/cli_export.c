/* weft export: every current resource as NDJSON, in the order in which they were made. Invariant:
 * the export is in the trail before its first line leaves; a file it makes is its owner's alone. */
#include "api/cli.h"
#include "record/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char usage[] =
    "usage: weft export --data DIR [--type TYPE] [--out FILE]\n"
    "\n"
    "Writes one resource a line to FILE or standard output. weft import reads "
    "it back.\n"
    "The server must not be running on the folder.\n"
    "\n"
    "example: weft export --data data --type Observation --out obs.ndjson\n";

#define TELL 1000u

enum { DATA, TYPE, OUT, N_OPTIONS };

struct sink {
    FILE *out;
    uint64_t n;
    struct cli_progress progress;
};

static err line(struct op *op, void *ctx, const struct record_doc *doc)
{
    struct sink *s = ctx;
    if (fwrite(doc->head.p, 1, doc->head.n, s->out) != doc->head.n ||
        fwrite(doc->body.p, 1, doc->body.n, s->out) != doc->body.n || fputc('\n', s->out) == EOF)
        return fail(op, ERR_UNAVAILABLE, "the file cannot be written (%s).",
                    strerrordesc_np(errno));
    if (++s->n % TELL == 0)
        cli_progress_tell(&s->progress, "writing", s->n, 0);
    return OK;
}

/* Everybody's record is in it: a new file is its owner's alone. */
static FILE *open_out(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !f)
        (void)close(fd);
    return f;
}

static err run(struct cli *c, const char *const v[N_OPTIONS])
{
    struct op *op = &c->op;
    struct sink s = {.out = stdout};
    fhir_type type = v[TYPE] ? fhir_type_parse(str_of(v[TYPE])) : 0;
    TRY(cli_open(c, v[DATA], 0));
    if (v[OUT])
        s.out = open_out(v[OUT]);
    if (!s.out)
        return fail(op, ERR_UNAVAILABLE, "The file of --out cannot be written (%s).",
                    strerrordesc_np(errno));
    cli_progress_begin(&s.progress, "export", "writing");
    err e = record_unload(op, c->rec, type, line, &s);
    cli_progress_end(&s.progress);
    int written = v[OUT] ? fclose(s.out) : fflush(stdout);
    if (written != 0 && e == OK)
        e = fail(op, ERR_UNAVAILABLE, "The file could not be written to its end.");
    if (e == OK)
        fprintf(stderr, "export: %llu resources\n", (unsigned long long)s.n);
    return e;
}

int cli_export(int argc, char **argv)
{
    static const char *const names[] = {"data", "type", "out", NULL};
    const char *v[N_OPTIONS] = {0};
    struct cli_args args = {names, v, usage};
    struct cli c = {0};
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (!v[DATA] || rest != argc)
        return cli_wrong("export", usage, "name the folder with --data");
    if (v[TYPE] && !fhir_type_parse(str_of(v[TYPE])))
        return cli_wrong("export", usage, "--type is not a FHIR R4 resource type");
    code = run(&c, v) == OK ? CLI_DONE : cli_failed("export", &c.op);
    cli_close(&c);
    return code;
}
