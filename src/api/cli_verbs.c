/* The verbs of weft, in the order in which people meet them: what main() looks up and /docs/verbs
 * shows. */
#include "api/cli.h"

const struct cli_verb cli_verbs[CLI_VERBS] = {
    {"init", cli_init, "make a new data folder"},
    {"serve", cli_serve, "run the server"},
    {"import", cli_import, "load FHIR Bundles and resources"},
    {"export", cli_export, "write all resources as NDJSON"},
    {"demo", cli_demo, "make an invented population, and run it"},
    {"user", cli_user, "add, list and disable accounts"},
    {"token", cli_token, "make a bearer token for scripts"},
    {"rules", cli_rules, "list, explain and test the rulebook; ask for a decision"},
    {"audit", cli_audit, "verify the audit trail"},
    {"key", cli_key, "list, try, change and save the keys; erase a patient"},
    {"backup", cli_backup, "copy a data folder whole, the server running or not"},
    {"restore", cli_restore, "make a data folder from a backup"},
    {"bench", cli_bench, "measure this machine quickly"},
    {"version", cli_version, "say what this program is"},
};
