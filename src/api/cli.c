/* What the verbs of the command line share: options, opening a data folder, telling errors.
 * Invariant: a verb acts as the system actor, so all it does is in the trail. */
#include "api/cli.h"

#include "base/time.h"
#include "terms/terms.h"

#include <malloc.h>

int cli_wrong(const char *verb, const char *usage, const char *what)
{
    fprintf(stderr, "weft %s: %s\n\n%s", verb, what, usage);
    return CLI_USAGE;
}

int cli_failed(const char *verb, const struct op *op)
{
    for (size_t i = 0; i < op->fault.n; i++) {
        const struct issue *is = &op->fault.issues[i];
        bool at = is->expression.n > 0;
        fprintf(stderr, "weft %s: %.*s%s%.*s\n", verb, STR_ARG(is->expression), at ? ": " : "",
                STR_ARG(is->message));
    }
    return CLI_FAILED;
}

/* The slot of "--name", or -1. *ret_flag: it takes no value. */
static int slot_of(const struct cli_args *a, str name, bool *ret_flag)
{
    for (int i = 0; a->names[i]; i++) {
        str n = str_of(a->names[i]);
        *ret_flag = str_ends(n, STR("!"));
        if (str_eq(name, *ret_flag ? str_sub(n, 0, n.n - 1) : n))
            return i;
    }
    return -1;
}

bool cli_parse(int argc, char **argv, const struct cli_args *a, int *ret_rest, int *ret_exit)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
        if (!argv[i][2]) {
            i++;
            break;
        }
        str word = str_of(argv[i] + 2);
        size_t eq = str_find_char(word, '=', 0);
        bool flag;
        if (str_eq(word, STR("help"))) {
            fputs(a->usage, stdout);
            *ret_exit = CLI_DONE;
            return false;
        }
        int slot = slot_of(a, str_sub(word, 0, eq), &flag);
        if (slot < 0 || (!flag && eq == SIZE_MAX && i + 1 >= argc)) {
            fprintf(stderr, "weft %s: %s %s\n\n%s", argv[0], argv[i],
                    slot < 0 ? "is not an option" : "needs a value", a->usage);
            *ret_exit = CLI_USAGE;
            return false;
        }
        a->values[slot] = flag ? "yes" : eq != SIZE_MAX ? argv[i] + 2 + eq + 1 : argv[++i];
    }
    *ret_rest = i;
    return true;
}

str cli_take_database(struct arena *a, const char *value)
{
    str copy = value ? arena_str(a, str_of(value)) : STR_NONE;
    if (value)
        memset((char *)(uintptr_t)value, 'x', strlen(value));
    return copy;
}

void cli_keep_memory(int bytes)
{
    (void)mallopt(M_MMAP_THRESHOLD, bytes / 2);
    (void)mallopt(M_TRIM_THRESHOLD, bytes);
}

err cli_open(struct cli *c, const char *dir, size_t cache_bytes)
{
    *c = (struct cli){.arena = arena_new(0)};
    if (!c->arena)
        return ERR_UNAVAILABLE;
    op_init(&c->op, c->arena, identity_system(), time_now());
    TRY(record_open(&c->op, str_of(dir), cache_bytes, &c->rec));
    return identity_new(&c->op, record_store(c->rec), c->rec, &c->id);
}

void cli_close(struct cli *c)
{
    if (c->id)
        identity_free(c->id);
    if (c->terms)
        record_set_terms(c->rec, NULL);
    terms_close(c->terms);
    record_close(c->rec);
    arena_free(c->arena);
}

err cli_perform(struct cli *c, const struct cli_job *job, FILE *out)
{
    str verb = str_of(job->verb);
    if (str_eq(verb, STR("token")))
        return cli_perform_token(c, job, out);
    if (str_eq(verb, STR("user")))
        return cli_perform_user(c, job, out);
    if (str_eq(verb, STR("audit")))
        return cli_perform_audit(c, job, out);
    if (str_eq(verb, STR("key")))
        return cli_perform_key(c, job, out);
    if (str_eq(verb, STR("backup")))
        return cli_perform_backup(c, job, out);
    return fail(&c->op, ERR_INVALID, "A running server does not know this verb.");
}

int cli_do(const char *dir, const struct cli_job *job)
{
    struct cli c;
    int code = CLI_DONE;
    err e = cli_open(&c, dir, 0);
    if (e == OK && (e = cli_perform(&c, job, stdout)) == OK)
        e = record_audit_wait(&c.op, c.rec);
    if (e != OK && (c.rec || e != ERR_CONFLICT || !control_ask(dir, job, &code)))
        code = cli_failed(job->verb, &c.op);
    cli_close(&c);
    return code;
}
