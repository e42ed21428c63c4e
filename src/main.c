/* The program: finds the verb and hands over. What a verb does is in src/api/cli_<verb>.c. */
#include "api/cli.h"

#include <signal.h>

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} verbs[] = {
    {"init", cli_init, "make a new data folder"},
    {"serve", cli_serve, "run the server"},
    {"import", cli_import, "load FHIR Bundles and resources"},
    {"export", cli_export, "write all resources as NDJSON"},
    {"demo", cli_demo, "make an invented population, and run it"},
    {"user", cli_user, "add, list and disable accounts"},
    {"token", cli_token, "make a bearer token for scripts"},
    {"rules", cli_rules, "list, explain and test the rulebook; ask for a decision"},
    {"audit", cli_audit, "verify the audit trail"},
    {"version", cli_version, "say what this program is"},
};
#define VERBS (sizeof verbs / sizeof *verbs)

static int help(FILE *out, int code)
{
    fputs("usage: weft VERB [OPTIONS]     weft VERB --help says more\n\n", out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].what);
    fputs("\nexample: weft demo --data data --serve\n", out);
    return code;
}

int main(int argc, char **argv)
{
    str verb = argc > 1 ? str_of(argv[1]) : STR_NONE;
    (void)signal(SIGPIPE, SIG_IGN);
    if (str_eq(verb, STR("--help")) || str_eq(verb, STR("help")))
        return help(stdout, CLI_DONE);
    if (str_eq(verb, STR("--version")))
        verb = STR("version");
    for (size_t i = 0; i < VERBS; i++)
        if (str_eq(verb, str_of(verbs[i].name)))
            return verbs[i].run(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "weft: %s is not a verb\n\n", argv[1]);
    return help(stderr, CLI_USAGE);
}
