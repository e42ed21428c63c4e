/* weft rules: lists and explains the rules, runs their examples, asks for a decision. Reads no
 * patient data and needs no data folder. Invariant: what it prints is what the server decides, from
 * the same tables. */
#include "api/cli.h"

#define FACTS_FILE_MAX (1u << 20)

static const char usage[] =
    "usage: weft rules list                      every rule, one a line\n"
    "       weft rules show ID                   one rule: condition, citation, examples\n"
    "       weft rules test                      runs every example of every rule\n"
    "       weft rules decide --trigger T[,T…] --facts FILE.json\n"
    "\n"
    "decide prints {\"decision\", \"fired\", \"obligations\", \"why\", \"missing\"}; FILE may be - "
    "for\n"
    "standard input. Exit code: 0 done (whatever was decided), 1 failed, 2 wrong usage.\n"
    "\n"
    "example: echo '{\"internal_dnc\": true}' | weft rules decide \\\n"
    "             --trigger outbound.attempt,outbound.sms --facts -\n";

static int list(void)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        str trigger = trigger_name(r->trigger), decision = decision_name(r->on_fail);
        printf("%-12s %-22.*s %-10.*s %-13s %s\n", r->id, STR_ARG(trigger), STR_ARG(decision),
               r->override_name, r->title);
    }
    return CLI_DONE;
}

static int show(const char *id)
{
    const struct rule *r = policy_rule_find(str_of(id));
    if (!r) {
        fprintf(stderr, "weft rules: there is no rule \"%s\"; see: weft rules list\n", id);
        return CLI_FAILED;
    }
    str trigger = trigger_name(r->trigger), decision = decision_name(r->on_fail);
    printf("%s  %s\n\n%s\n\n", r->id, r->title, r->condition);
    printf("asked at      %.*s\n", STR_ARG(trigger));
    printf("applies when  %s\n", r->applies_when);
    printf("requires      %s\n", r->require);
    printf("else          %.*s: %s\n", STR_ARG(decision), r->detail);
    printf("says          %s\n", r->why);
    printf("parameters    %s\n", r->params);
    printf("citation      %s\n", r->citation);
    printf("jurisdiction  %s\n", r->jurisdiction);
    printf("status        %s; evidence %s; from %s; to %s\n", r->status, r->evidence,
           r->effective_from ? r->effective_from : "-", r->effective_to ? r->effective_to : "-");
    printf("override      %s\n", r->override_name);
    for (size_t i = 0; i < r->n_examples; i++)
        printf("example       %s: %s %s\n", r->examples[i].expect, r->examples[i].name,
               r->examples[i].facts);
    return CLI_DONE;
}

/* Facts of a text; NULL with the op failed. */
static struct facts *read_facts(struct op *op, str text)
{
    struct json *tree = NULL;
    struct facts *facts = NULL;
    struct json_limits limits = {.bytes = FACTS_FILE_MAX, .depth = 8, .nodes = 100000};
    if (json_read(op, text, &limits, &tree) != OK || facts_from_json(op, tree, &facts) != OK)
        return NULL;
    return facts;
}

static bool example_holds(struct op *op, const struct rule *r, const struct rule_example *e)
{
    const struct facts *facts = read_facts(op, str_of(e->facts));
    if (!facts)
        return false;
    str got = decision_name(policy_rule_decide(NULL, r, facts, NULL));
    if (str_eq(got, str_of(e->expect)))
        return true;
    printf("%s: \"%s\" decides %.*s, expected %s\n", r->id, e->name, STR_ARG(got), e->expect);
    return false;
}

static int test(struct op *op)
{
    size_t examples = 0, failures = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        for (size_t e = 0; e < r->n_examples; e++, examples++)
            failures += !example_holds(op, r, &r->examples[e]);
        if (policy_rule_decide(NULL, r, NULL, NULL) == DECISION_ALLOW) {
            printf("%s: allows when nothing is known\n", r->id);
            failures++;
        }
    }
    for (size_t t = 0; t < TRIGGER_COUNT; t++) {
        struct verdict v;
        str name = trigger_name((enum trigger)t);
        if (policy_decide(op, NULL, TRIGGER_BIT(t), NULL, &v) == OK && v.decision != DECISION_ALLOW)
            continue;
        printf("%.*s: allows when nothing is known\n", STR_ARG(name));
        failures++;
    }
    printf("%d rules, %zu examples, %zu failures\n", RULE_COUNT, examples, failures);
    return failures == 0 ? CLI_DONE : CLI_FAILED;
}

/* Whole file, at most FACTS_FILE_MAX bytes; STR_NONE with the op failed. */
static str read_file(struct op *op, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file) {
        (void)fail(op, ERR_INVALID, "cannot open the facts file");
        return STR_NONE;
    }
    char *text = arena_alloc(op->arena, FACTS_FILE_MAX + 1);
    size_t n = text ? fread(text, 1, FACTS_FILE_MAX + 1, file) : 0;
    bool good = text && !ferror(file) && n <= FACTS_FILE_MAX;
    if (!standard)
        (void)fclose(file);
    if (!good)
        (void)fail(op, ERR_TOO_LARGE, "cannot read the facts file, or it is over 1 MB");
    return good ? str_make(text, n) : STR_NONE;
}

/* "a,b" into bits; false for a name no rule has. */
static bool add_triggers(str names, uint64_t *set)
{
    str name;
    while (str_take_until(&names, ',', &name)) {
        enum trigger t;
        if (!trigger_parse(str_trim(name), &t)) {
            fprintf(stderr, "weft rules: no rule is asked at \"%.*s\"\n", STR_ARG(name));
            return false;
        }
        *set |= TRIGGER_BIT(t);
    }
    return true;
}

static int decide(struct op *op, int argc, char **argv)
{
    static const char *const names[] = {"trigger", "facts", NULL};
    const char *values[2] = {NULL, NULL};
    struct cli_args args = {names, values, usage};
    int rest, code;
    uint64_t triggers = 0;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (rest != argc || !values[0] || !values[1])
        return cli_wrong("rules", usage, "decide needs --trigger and --facts");
    if (!add_triggers(str_of(values[0]), &triggers))
        return CLI_USAGE;
    str text = read_file(op, values[1]);
    const struct facts *facts = text.p ? read_facts(op, text) : NULL;
    struct verdict v;
    if (!facts || policy_decide(op, NULL, triggers, facts, &v) != OK)
        return cli_failed("rules", op);
    struct buf out;
    buf_init(&out, op->arena, 4u << 20);
    json_write_pretty(&out, verdict_to_json(op, &v));
    if (!buf_ok(&out) || op_check(op) != OK)
        return cli_failed("rules", op);
    str shown = buf_str(&out);
    printf("%.*s\n", STR_ARG(shown));
    return CLI_DONE;
}

static int run(struct op *op, int argc, char **argv)
{
    static const char *const names[] = {NULL};
    struct cli_args args = {names, NULL, usage};
    int rest, code;
    str verb = argc > 1 ? str_of(argv[1]) : STR("");
    if (str_eq(verb, STR("decide"))) { /* the options stand after the sub-command */
        argv[1] = argv[0];
        return decide(op, argc - 1, argv + 1);
    }
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    if (str_eq(verb, STR("show")) && argc == 3 && argv[2][0] != '-')
        return show(argv[2]);
    bool help = argc == 3 && strcmp(argv[2], "--help") == 0;
    if (help)
        return fputs(usage, stdout) < 0 ? CLI_FAILED : CLI_DONE;
    if (str_eq(verb, STR("list")) && argc == 2)
        return list();
    if (str_eq(verb, STR("test")) && argc == 2)
        return test(op);
    return cli_wrong("rules", usage, "say list, show ID, test or decide");
}

int cli_rules(int argc, char **argv)
{
    struct arena *arena = arena_new(0);
    if (!arena) {
        fputs("weft rules: no memory\n", stderr);
        return CLI_FAILED;
    }
    struct op op;
    op_init(&op, arena, NULL, 0);
    int code = run(&op, argc, argv);
    arena_free(arena);
    if (fflush(stdout) != 0)
        code = CLI_FAILED;
    return code;
}
