/* weft token: a bearer token for scripts and devices, printed alone on stdout. Invariant: the token
 * is shown once; the store keeps only its hash, and the trail that it was made. */
#include "api/cli.h"

#define TTL_DEFAULT 86400u

static const char usage[] =
    "usage: weft token --data DIR --role ROLE [--user ID] [--patient ID] [--reference Type/ID]\n"
    "                  [--ttl SECONDS] [--scope SCOPES]\n"
    "\n"
    "Prints a bearer token. ROLE is nurse, agent, outreach, privacy, admin, patient, helper, "
    "device "
    "or\n"
    "system; patient and helper need --patient (the id of a Patient), helper --reference (the\n"
    "RelatedPerson) too. Where --user names an account, the account says the rest. A token\n"
    "lives for a day unless --ttl says otherwise. SCOPES (SMART App Launch 2.2, with spaces\n"
    "between) leave it a part of what the role may do; patient/ ones need --patient.\n"
    "\n"
    "example: curl -H \"Authorization: Bearer $(weft token --data data --role nurse)\" \\\n"
    "             http://127.0.0.1:8080/fhir/Patient\n"
    "         weft token --data data --role nurse --scope 'user/Observation.rs user/Patient.r'\n";

enum { DATA, ROLE, USER, PATIENT, REFERENCE, TTL, SCOPE, N_OPTIONS };

err cli_perform_token(struct cli *c, const struct cli_job *job, FILE *out)
{
    const char *const *v = job->words;
    uint64_t ttl = TTL_DEFAULT;
    struct op *op = &c->op;
    struct identity_account a = {0};
    struct identity_session session;
    str user = str_of(v[USER]);
    if (v[TTL] && !str_to_u64(str_of(v[TTL]), INT32_MAX, &ttl))
        return fail(op, ERR_INVALID, "--ttl takes seconds.");
    struct fault before = op->fault;
    bool known = !str_empty(user) && identity_account_get(op, c->id, user, &a) == OK;
    op->fault = before;
    if (!known) {
        a = (struct identity_account){
            .user = user, .reference = str_of(v[REFERENCE]), .patient = str_of(v[PATIENT])};
        if (!v[ROLE] || !role_parse(str_of(v[ROLE]), &a.role))
            return fail(op, ERR_INVALID,
                        "--role takes nurse, agent, outreach, privacy, admin, "
                        "patient, helper, device or system.");
        if (str_empty(user))
            a.user = arena_printf(op->arena, "script.%s", v[ROLE]);
        if (a.role == ROLE_PATIENT && str_empty(a.reference) && !str_empty(a.patient))
            a.reference = arena_printf(op->arena, "Patient/%s", v[PATIENT]);
    }
    TRY(identity_token_issue(op, c->id, &a, str_of(v[SCOPE]), (int64_t)ttl, &session));
    fprintf(out, "%.*s\n", STR_ARG(session.token));
    return OK;
}

int cli_token(int argc, char **argv)
{
    static const char *const names[] = {"data",      "role", "user",  "patient",
                                        "reference", "ttl",  "scope", NULL};
    struct cli_job job = {.verb = "token"};
    const char **v = job.words;
    struct cli_args args = {names, v, usage};
    uint64_t ttl;
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (!v[DATA] || (!v[ROLE] && !v[USER]) || rest != argc)
        return cli_wrong("token", usage, "--data and --role (or --user) are needed");
    if (v[TTL] && !str_to_u64(str_of(v[TTL]), INT32_MAX, &ttl))
        return cli_wrong("token", usage, "--ttl takes seconds");
    return cli_do(v[DATA], &job);
}
