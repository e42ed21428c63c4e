/* Asks every rule of the triggers and unites the answers: emergency path > deny > require >
 * hold_until > allow (regulations.md 2). Pure. Invariant: adding a fired rule never loosens the
 * decision, and a rule that applies is met only when its requirement is known to be true. */
#include "policy/policy_int.h"

struct judged { /* everything one call gathers, on the stack */
    uint16_t fired[RULE_COUNT];
    bool suspended[RULE_COUNT];
    size_t n_fired, n_applied;
    uint64_t obligations[OBLIGATION_WORDS];
    uint64_t missing[(FACT_COUNT + 63) / 64];
    enum decision decision;
    bool emergency;
};

static struct outcome judge(const struct rulebook *book, size_t rule, const struct facts *facts)
{
    const struct rule_place *p = &policy_places[rule];
    struct outcome o = {.require = TRI_YES};
    o.scope = policy_eval(&policy_code[p->scope], p->scope_n, book->params, facts);
    if (o.scope != TRI_NO)
        o.require = policy_eval(&policy_code[p->require], p->require_n, book->params, facts);
    return o;
}

static bool emergency_started(const struct facts *facts)
{
    const struct value *v = &facts->at[FACT_EMERGENCY_PATH_STARTED];
    return v->kind == VALUE_BOOL && v->u.b;
}

/* EMG-10: help is never delayed by consent, hours, frequency or verification, nor by a fact that
 * nobody had the time to find out. */
bool policy_suspends(const struct rule *rule, struct outcome o, bool emergency)
{
    if (!emergency || rule->emergency == EMERGENCY_KEEPS)
        return false;
    if (rule->emergency == EMERGENCY_SUSPENDS)
        return true;
    return o.scope == TRI_UNKNOWN || o.require == TRI_UNKNOWN;
}

static void note_missing(struct judged *j, size_t at, size_t n, const struct facts *facts)
{
    for (size_t i = at; i < at + n; i++) {
        const struct insn *in = &policy_code[i];
        if (in->code < OP_EQ)
            continue;
        if (facts->at[in->fact].kind == VALUE_NONE)
            j->missing[in->fact / 64] |= UINT64_C(1) << (in->fact % 64);
        if (in->arg_kind == ARG_FACT && facts->at[in->arg].kind == VALUE_NONE)
            j->missing[in->arg / 64] |= UINT64_C(1) << (in->arg % 64);
    }
}

static void fire(struct judged *j, size_t rule, struct outcome o, const struct facts *facts,
                 bool emergency)
{
    const struct rule_place *p = &policy_places[rule];
    bool suspended = policy_suspends(&policy_rules[rule], o, emergency);
    for (size_t w = 0; w < OBLIGATION_WORDS && !suspended; w++)
        j->obligations[w] |= p->obligations[w];
    note_missing(j, p->scope, p->scope_n, facts);
    note_missing(j, p->require, p->require_n, facts);
    if (!suspended && policy_rules[rule].on_fail > j->decision)
        j->decision = policy_rules[rule].on_fail;
    j->emergency = j->emergency || suspended;
    j->suspended[j->n_fired] = suspended;
    j->fired[j->n_fired++] = (uint16_t)rule;
}

static bool is_off(const struct rulebook *book, size_t rule)
{
    return book->disabled[rule / 64] >> (rule % 64) & 1;
}

static void judge_trigger(struct judged *j, const struct rulebook *book, size_t trigger,
                          const struct facts *facts)
{
    bool emergency = emergency_started(facts);
    for (size_t i = policy_trigger_start[trigger]; i < policy_trigger_start[trigger + 1]; i++) {
        size_t rule = policy_trigger_rules[i];
        if (is_off(book, rule))
            continue;
        struct outcome o = judge(book, rule, facts);
        if (o.scope == TRI_NO)
            continue;
        j->n_applied++;
        for (size_t w = 0; w < OBLIGATION_WORDS; w++)
            j->obligations[w] |= policy_places[rule].duties[w];
        if (o.require != TRI_YES)
            fire(j, rule, o, facts, emergency);
    }
}

/* The facts of rule that nobody gave, as words: "internal dnc, emergency". */
static str missing_words(struct arena *a, size_t rule, const struct facts *facts)
{
    struct judged j = {.n_fired = 0};
    const struct rule_place *p = &policy_places[rule];
    struct buf b;
    note_missing(&j, p->scope, p->scope_n, facts);
    note_missing(&j, p->require, p->require_n, facts);
    buf_init(&b, a, 4096);
    for (size_t i = 0; i < FACT_COUNT; i++)
        if (j.missing[i / 64] >> (i % 64) & 1) {
            if (b.n > 0)
                buf_add(&b, STR(", "));
            for (const char *c = policy_facts[i].name; *c; c++)
                buf_char(&b, *c == '_' ? ' ' : *c);
        }
    return buf_str(&b);
}

/* Never claims what is not known: a rule that fired for want of facts says which. */
static str why_of(struct op *op, const struct rulebook *book, size_t rule,
                  const struct facts *facts, str *ret_unknown)
{
    str why = book->why ? book->why[rule] : str_of(policy_rules[rule].why);
    struct outcome o = judge(book, rule, facts);
    if (o.scope == TRI_YES && o.require == TRI_NO)
        return why;
    str words = missing_words(op->arena, rule, facts);
    *ret_unknown = words;
    if (o.require == TRI_NO)
        return arena_printf(op->arena, "Unless these facts show otherwise (%.*s): %.*s",
                            STR_ARG(words), STR_ARG(why));
    return arena_printf(op->arena, "Find out first, this is not known yet: %.*s. The rule: %s.",
                        STR_ARG(words), policy_rules[rule].title);
}

static struct fired fired_row(struct op *op, const struct rulebook *book, size_t rule,
                              const struct facts *facts)
{
    const struct rule *r = &policy_rules[rule];
    str unknown = STR_NONE, why = why_of(op, book, rule, facts, &unknown);
    return (struct fired){.rule = r,
                          .decision = r->on_fail,
                          .why = why,
                          .unknown = unknown,
                          .params =
                              book->params_json ? book->params_json[rule] : str_of(r->params)};
}

/* What is known to be so stands before what is only not known to be otherwise; else the order
 * stays. */
static void known_first(struct fired *list, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && list[k].unknown.n == 0 && list[k - 1].unknown.n > 0; k--) {
            struct fired swap = list[k];
            list[k] = list[k - 1];
            list[k - 1] = swap;
        }
}

/* Strictest first, suspended last, then what is known, else in the order asked. */
static err fill_fired(struct op *op, struct verdict *v, const struct judged *j,
                      const struct rulebook *book, const struct facts *facts)
{
    v->fired = ARENA_ARRAY(op->arena, struct fired, j->n_fired);
    if (!v->fired)
        return op_check(op);
    for (int level = DECISION_DENY; level >= DECISION_ALLOW; level--) {
        size_t from = v->n_fired;
        for (size_t i = 0; i < j->n_fired; i++) {
            const struct rule *rule = &policy_rules[j->fired[i]];
            if (level != (j->suspended[i] ? DECISION_ALLOW : (int)rule->on_fail))
                continue;
            v->fired[v->n_fired] = fired_row(op, book, j->fired[i], facts);
            v->fired[v->n_fired++].suspended = j->suspended[i];
        }
        known_first(v->fired + from, v->n_fired - from);
    }
    return OK;
}

static size_t count_bits(const uint64_t *words, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (size_t)__builtin_popcountll(words[i]);
    return sum;
}

static err fill_obligations(struct op *op, struct verdict *v, const uint64_t *words)
{
    size_t n = count_bits(words, OBLIGATION_WORDS);
    if (n == 0)
        return OK;
    str *list = ARENA_ARRAY(op->arena, str, n);
    if (!list)
        return op_check(op);
    for (size_t i = 0, at = 0; i < policy_obligation_count; i++)
        if (words[i / 64] >> (i % 64) & 1)
            list[at++] = policy_obligations[i].code;
    v->obligations = list;
    v->n_obligations = n;
    return OK;
}

static err fill_missing(struct op *op, struct verdict *v, const struct judged *j)
{
    v->n_missing = count_bits(j->missing, sizeof j->missing / sizeof *j->missing);
    v->missing = ARENA_ARRAY(op->arena, enum fact, v->n_missing);
    if (!v->missing)
        return op_check(op);
    for (size_t i = 0, at = 0; i < FACT_COUNT; i++)
        if (j->missing[i / 64] >> (i % 64) & 1)
            v->missing[at++] = (enum fact)i;
    return OK;
}

err policy_decide(struct op *op, const struct rulebook *book, uint64_t triggers,
                  const struct facts *facts, struct verdict *ret)
{
    if (triggers == 0 || triggers >> (TRIGGER_COUNT - 1) > 1)
        return fail(op, ERR_INVALID, "ask at least one trigger of the rulebook");
    static const struct facts nothing;
    const struct facts *known = facts ? facts : &nothing;
    const struct rulebook *from = book ? book : rulebook_default();
    struct judged j = {.decision = DECISION_ALLOW};
    for (size_t t = 0; t < TRIGGER_COUNT; t++)
        if (triggers >> t & 1)
            judge_trigger(&j, from, t, known);
    if (j.emergency) /* help first, review afterwards */
        for (size_t w = 0; w < OBLIGATION_WORDS; w++)
            j.obligations[w] |=
                policy_places[policy_rule_find(STR("EMG-10")) - policy_rules].duties[w];
    struct verdict v = {.decision = j.decision, .emergency = j.emergency, .n_applied = j.n_applied};
    TRY(fill_obligations(op, &v, j.obligations));
    if (j.n_fired > 0) {
        TRY(fill_fired(op, &v, &j, from, known));
        TRY(fill_missing(op, &v, &j));
    }
    *ret = v;
    return OK;
}

enum decision policy_rule_decide(const struct rulebook *book, const struct rule *rule,
                                 const struct facts *facts, bool *ret_applied)
{
    static const struct facts nothing;
    const struct rulebook *from = book ? book : rulebook_default();
    size_t at = (size_t)(rule - policy_rules);
    struct outcome o = {.scope = TRI_NO};
    if (!is_off(from, at))
        o = judge(from, at, facts ? facts : &nothing);
    if (ret_applied)
        *ret_applied = o.scope != TRI_NO;
    return o.scope == TRI_NO || o.require == TRI_YES ? DECISION_ALLOW : rule->on_fail;
}
