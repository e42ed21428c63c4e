/* weft version: what this program is. */
#include "api/cli.h"

static const char usage[] = "usage: weft version\n\nexample: weft version\n";

int cli_version(int argc, char **argv)
{
    static const char *const names[] = {NULL};
    struct cli_args args = {names, NULL, usage};
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (rest != argc)
        return cli_wrong("version", usage, "takes no arguments");
    printf("weft 0.1.0 (FHIR R4 4.0.1)\n");
    return CLI_DONE;
}
