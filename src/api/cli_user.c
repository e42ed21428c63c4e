/* weft user: accounts from the command line. The password is read from standard input (not echoed
 * on a terminal), never from the arguments, where others could see it. */
#include "api/cli.h"
#include "base/time.h"
#include "identity/training.h"

#include <termios.h>
#include <unistd.h>

static const char usage[] =
    "usage: weft user add --data DIR --user ID --role ROLE [--name NAME] [--patient ID]\n"
    "                     [--reference Type/ID] [--language TAG] [--no-password]\n"
    "                     [--until DATE] [--pending] [--trained]\n"
    "       weft user list --data DIR\n"
    "       weft user certificate --data DIR --user ID --fingerprint SHA256 [--remove]\n"
    "       weft user disable|enable|vet|train --data DIR --user ID\n"
    "\n"
    "certificate: who shows the client certificate of this fingerprint acts as the account "
    "(device\n"
    "or system; the setting tls.clients).\n"
    "--until: the role ends then. --pending: nobody has vetted the person yet; vet says that it\n"
    "was done. Staff see patient data once their training and agreements are done, on the\n"
    "account page; --trained and train say that it was done elsewhere.\n"
    "add reads the password from standard input; adding an account that exists changes it.\n"
    "\n"
    "example: weft user add --data data --user nurse.ada --role nurse --name 'Ada N.'\n";

enum {
    DATA,
    USER,
    ROLE,
    NAME,
    PATIENT,
    REFERENCE,
    LANGUAGE,
    NO_PASSWORD,
    UNTIL,
    PENDING,
    TRAINED,
    FINGERPRINT,
    REMOVE,
    VERB,
    PASSWORD
};

/* One line of standard input, into line. */
static const char *ask_password(char *line, int size)
{
    struct termios old, quiet;
    bool terminal = isatty(0) && tcgetattr(0, &old) == 0;
    if (terminal) {
        fputs("password: ", stderr);
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(0, TCSANOW, &quiet);
    }
    bool got = fgets(line, size, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(0, TCSANOW, &old);
        fputc('\n', stderr);
    }
    if (!got)
        return NULL;
    line[strcspn(line, "\r\n")] = 0;
    return line[0] ? line : NULL;
}

static err add(struct cli *c, const char *const *v)
{
    struct op *op = &c->op;
    struct identity_account a = {.user = str_of(v[USER]),
                                 .reference = str_of(v[REFERENCE]),
                                 .patient = str_of(v[PATIENT]),
                                 .name = str_of(v[NAME]),
                                 .pending = v[PENDING] != NULL,
                                 .language = str_of(v[LANGUAGE])};
    if (!v[USER] || !v[ROLE] || !role_parse(str_of(v[ROLE]), &a.role))
        return fail(op, ERR_INVALID, "--user and a --role that exists are needed.");
    if (a.role == ROLE_PATIENT && str_empty(a.reference) && v[PATIENT])
        a.reference = arena_printf(op->arena, "Patient/%s", v[PATIENT]);
    if (!v[NO_PASSWORD] && !v[PASSWORD])
        return fail(op, ERR_INVALID, "No password came on standard input; or say --no-password.");
    struct time_span until;
    if (v[UNTIL] && !time_parse(str_of(v[UNTIL]), &until))
        return fail(op, ERR_INVALID, "--until takes a date or an instant.");
    if (v[UNTIL])
        a.until = until.hi;
    TRY(identity_account_put(op, c->id, &a, str_of(v[PASSWORD])));
    return v[TRAINED] ? identity_training_note(op, c->id, a.user) : OK;
}

static err list(struct cli *c, FILE *out)
{
    struct identity_account *a;
    size_t n;
    TRY(identity_account_list(&c->op, c->id, &a, &n));
    for (size_t i = 0; i < n; i++) {
        str role = role_name(a[i].role);
        fprintf(out, "%-24.*s %-9.*s %-8s %.*s\n", STR_ARG(a[i].user), STR_ARG(role),
                a[i].disabled                           ? "disabled"
                : a[i].pending                          ? "pending"
                : a[i].until && c->op.now >= a[i].until ? "ended"
                                                        : "",
                STR_ARG(a[i].name));
    }
    return OK;
}

static err change(struct cli *c, str verb, const char *const *v)
{
    struct identity_account a;
    if (!v[USER])
        return fail(&c->op, ERR_INVALID, "--user says which account.");
    TRY(identity_account_get(&c->op, c->id, str_of(v[USER]), &a));
    if (str_eq(verb, STR("certificate")))
        return identity_certificate_set(&c->op, c->id, str_of(v[FINGERPRINT]),
                                        v[REMOVE] ? STR_NONE : a.user);
    if (str_eq(verb, STR("train")))
        return identity_training_note(&c->op, c->id, a.user);
    if (str_eq(verb, STR("vet")))
        a.pending = false;
    else
        a.disabled = str_eq(verb, STR("disable"));
    a.totp = STR_NONE;
    return identity_account_put(&c->op, c->id, &a, STR_NONE);
}

err cli_perform_user(struct cli *c, const struct cli_job *job, FILE *out)
{
    str verb = str_of(job->words[VERB]);
    if (str_eq(verb, STR("add")))
        return add(c, job->words);
    return str_eq(verb, STR("list")) ? list(c, out) : change(c, verb, job->words);
}

int cli_user(int argc, char **argv)
{
    static const char *const names[] = {
        "data",         "user",  "role",     "name",     "patient",     "reference", "language",
        "no-password!", "until", "pending!", "trained!", "fingerprint", "remove!",   NULL};
    struct cli_job job = {.verb = "user"};
    const char **v = job.words;
    struct cli_args args = {names, v, usage};
    str verb = argc > 1 ? str_of(argv[1]) : STR_NONE;
    static const char *const verbs[] = {"add", "list",  "disable",    "enable",
                                        "vet", "train", "certificate"};
    bool known = false;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        known |= str_eq(verb, str_of(verbs[i]));
    char line[1026];
    int rest, code;
    if (known)
        argv[1] = argv[0];
    if (!cli_parse(argc - known, argv + known, &args, &rest, &code))
        return code;
    if (!known || !v[DATA] || rest != argc - 1)
        return cli_wrong("user", usage,
                         known ? "name the folder with --data"
                               : "say add, list, disable, enable, vet, train or certificate");
    v[VERB] = verb.p;
    if (str_eq(verb, STR("add")) && !v[NO_PASSWORD])
        v[PASSWORD] = ask_password(line, sizeof line);
    return cli_do(v[DATA], &job);
}
