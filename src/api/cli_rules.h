/* weft rules list | show | test | decide: the rulebook from the command line. */
#ifndef WEFT_API_CLI_RULES_H
#define WEFT_API_CLI_RULES_H

/* argv[0] is "rules", argv[1] the sub-command. Result on stdout, problems on stderr. Returns the
 * exit code: 0 done, 1 failed (an example decides otherwise, unknown rule, bad facts), 2 wrong
 * usage. */
int cli_rules(int argc, char **argv);

#endif
