/* Decisions a second on one core: the whole rulebook of a text message (outbound.attempt and
 * outbound.sms), allowed and refused, and one access check. Prints one line a figure:
 * name, value, unit, limit. Exit 1 when a limit is missed. */
#include "policy/policy.h"

#include <time.h>

#define RULES_LIMIT 200000.0
#define ACCESS_LIMIT_NS 200.0

static const struct {
    enum fact id;
    const char *text; /* NULL: the number */
    double number;    /* of a bool too */
    bool is_bool;
} ordinary[] = {
    {FACT_PURPOSE, "post_discharge_followup", 0, false},
    {FACT_MESSAGE_KIND, "care", 0, false},
    {FACT_EMERGENCY, NULL, 0, true},
    {FACT_IS_SOLICITATION, NULL, 0, true},
    {FACT_CONTAINS_MARKETING, NULL, 0, true},
    {FACT_LEGAL_BASIS, "prior_express_consent", 0, false},
    {FACT_CONSENT_ORIGIN, "patient", 0, false},
    {FACT_CONSENT_RECORD_ID, NULL, 1, true},
    {FACT_CONSENT_RECORD_INTACT, NULL, 1, true},
    {FACT_CONSENT_PURPOSE_MATCH, NULL, 1, true},
    {FACT_CONSENT_CHANNEL_MATCH, NULL, 1, true},
    {FACT_CONSENT_NUMBER_MATCH, NULL, 1, true},
    {FACT_REVOCATION_ON_FILE, NULL, 0, true},
    {FACT_INTERNAL_DNC, NULL, 0, true},
    {FACT_DAY_OPEN, NULL, 1, true},
    {FACT_LOCAL_MIN_EARLIEST, NULL, 600, false},
    {FACT_LOCAL_MIN_LATEST, NULL, 720, false},
    {FACT_GENAI_CONTENT, NULL, 0, true},
    {FACT_CONTACTS_7D, NULL, 0, false},
    {FACT_CONFIDENTIAL_COMM_ON_FILE, NULL, 0, true},
    {FACT_LINE_IS_PART2_PROGRAM, NULL, 0, true},
    {FACT_RND_RESULT, "no", 0, false},
    {FACT_RND_QUERY_AGE_DAYS, NULL, 3, false},
    {FACT_TEXTS_TODAY, NULL, 0, false},
    {FACT_CAMPAIGN_STATUS, "approved", 0, false},
    {FACT_USE_CASE_MATCHES, NULL, 1, true},
    {FACT_CONTENT_TIER, "informational", 0, false},
    {FACT_OPTIN_LEVEL, "express", 0, false},
    {FACT_RECURRING_PROGRAM, NULL, 0, true},
    {FACT_ENCODING, "gsm7", 0, false},
    {FACT_SEGMENTS, NULL, 1, false},
    {FACT_SEPTETS, NULL, 140, false},
    {FACT_EXTENDED_CONTENT, NULL, 0, true},
    {FACT_ROLE_CAN_TEXT, NULL, 1, true},
    {FACT_SESSION_MFA, NULL, 1, true},
    {FACT_PLATFORM_CHANNEL, NULL, 1, true},
    {FACT_HAS_LINK, NULL, 0, true},
    {FACT_ROUTE_ACCEPTS_REPLIES, NULL, 1, true},
    {FACT_CALLED_STATE, "TX", 0, false},
    {FACT_NUMBER_CONTACTS_TODAY, NULL, 0, false},
    {FACT_IN_PROGRAMME, NULL, 0, true},
    {FACT_PATIENT_PAUSED, NULL, 0, true},
    {FACT_IN_QUIET_HOURS, NULL, 0, true},
    {FACT_TOPIC_REFUSED, NULL, 0, true},
};

/* ns of processor time of this thread: figures are a core's, whatever else the machine does. */
static int64_t core_ns(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0
               ? (int64_t)t.tv_sec * 1000000000 + t.tv_nsec
               : 0;
}

/* Facts are set anew each time, as a sender would. */
static void set_facts(struct facts *f)
{
    static const str fields[] = {{"generic_action", 14}, {"contact_number", 14}};
    facts_clear(f);
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
        if (ordinary[i].text)
            facts_set_str(f, ordinary[i].id, str_of(ordinary[i].text));
        else if (ordinary[i].is_bool)
            facts_set_bool(f, ordinary[i].id, ordinary[i].number > 0);
        else
            facts_set_num(f, ordinary[i].id, ordinary[i].number);
    facts_set_list(f, FACT_PHI_FIELDS, fields, 2);
}

static double decisions_per_second(struct op *op, struct facts *f, bool refused, size_t n)
{
    const uint64_t sms = TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT) | TRIGGER_BIT(TRIGGER_OUTBOUND_SMS);
    struct arena *arena = op->arena, *scratch = arena_new(0);
    size_t wrong = 0;
    int64_t start = core_ns();
    op->arena = scratch;
    for (size_t i = 0; i < n && scratch; i++) {
        struct verdict v;
        set_facts(f);
        facts_set_bool(f, FACT_INTERNAL_DNC, refused);
        if (policy_decide(op, NULL, sms, f, &v) != OK || (v.decision == DECISION_DENY) != refused ||
            (v.decision == DECISION_ALLOW) == refused)
            wrong++;
        arena_reset(scratch);
    }
    double seconds = (double)(core_ns() - start) / 1e9;
    arena_free(scratch);
    op->arena = arena;
    return wrong == 0 && scratch && seconds > 0 ? (double)n / seconds : 0;
}

static double access_ns(size_t n)
{
    struct actor nurse = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};
    struct access_verdict v;
    size_t allowed = 0;
    int64_t start = core_ns();
    for (size_t i = 0; i < n; i++) {
        struct access_request r = {.type = (int)(i % POLICY_TYPE_COUNT) + 1,
                                   .action = (enum action)(i % ACTION_COUNT)};
        policy_access(&nurse, &r, &v);
        allowed += v.allowed;
    }
    double ns = (double)(core_ns() - start) / (double)n;
    return allowed > 0 ? ns : 1e9;
}

int main(void)
{
    struct arena *arena = arena_new(0);
    struct op op;
    if (!arena)
        return 1;
    op_init(&op, arena, NULL, 0);
    struct facts *f = facts_new(&op);
    double allow = decisions_per_second(&op, f, false, 400000);
    double deny = decisions_per_second(&op, f, true, 400000);
    double ns = access_ns(20000000);
    printf("policy.decide.allow\t%.0f\tdecisions/s\t>= %.0f\n", allow, RULES_LIMIT);
    printf("policy.decide.deny\t%.0f\tdecisions/s\t>= %.0f\n", deny, RULES_LIMIT);
    printf("policy.access\t%.1f\tns\t<= %.0f\n", ns, ACCESS_LIMIT_NS);
    arena_free(arena);
    return allow >= RULES_LIMIT && deny >= RULES_LIMIT && ns <= ACCESS_LIMIT_NS ? 0 : 1;
}
