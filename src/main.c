/* The program: finds the verb and hands over. What a verb does is in src/api/cli_<verb>.c. */
#include "api/cli.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int help(FILE *out, int code)
{
    fputs("usage: weft VERB [OPTIONS]     weft VERB --help says more\n\n", out);
    for (size_t i = 0; i < CLI_VERBS; i++)
        fprintf(out, "  %-8s %s\n", cli_verbs[i].name, cli_verbs[i].what);
    fputs("\nexample: weft demo --data data --serve\n", out);
    return code;
}

/* What is in memory is in no file: no core is dumped, and nobody of the same name attaches. (The
 * leak checker of a sanitized build must attach.) */
static void keep_memory_private(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    str verb = argc > 1 ? str_of(argv[1]) : STR_NONE;
    keep_memory_private();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk: an error, not the end */
    if (str_eq(verb, STR("--help")) || str_eq(verb, STR("help")))
        return help(stdout, CLI_DONE);
    if (str_eq(verb, STR("--version")))
        verb = STR("version");
    for (size_t i = 0; i < CLI_VERBS; i++)
        if (str_eq(verb, str_of(cli_verbs[i].name)))
            return cli_verbs[i].run(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "weft: %s is not a verb\n\n", argv[1]);
    return help(stderr, CLI_USAGE);
}
