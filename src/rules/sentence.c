/* A sentence about a rule becomes a change, and the change is said back in the same words. Forms:
 * the rows of spec/rules/sentences.csv, "RULE: parameter = value", "switch RULE off" (or on), and
 * narrowings of access (sentence_access.c). Invariant: what is not understood to the last word
 * changes nothing; the answer names the nearest sentences instead. */
#include "rules/rules_int.h"

struct sentence_row {
    const char *rule, *param, *sentence;
};
#include "sentences_gen.h"

#define ROWS (sizeof SENTENCES / sizeof *SENTENCES)
#define NEAR_MAX 3

/* Lower case, single spaces, no full stop. */
static str plain(struct op *op, str text)
{
    struct buf b;
    buf_init(&b, op->arena, SENTENCE_MAX + 1);
    str s = str_trim(text);
    while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
        bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (!space || (b.n && b.p[b.n - 1] != ' '))
            buf_u8(&b, space ? ' ' : (uint8_t)c);
    }
    return buf_str(&b);
}

/* "14" or "09:30" as minutes. */
static bool value_of(str word, bool time, uint64_t *ret)
{
    uint64_t h = 0, m = 0;
    if (!time)
        return str_to_u64(word, 1000000, ret);
    size_t colon = str_find_char(word, ':', 0);
    if (colon == SIZE_MAX || word.n - colon != 3 || !str_to_u64(str_sub(word, 0, colon), 24, &h) ||
        !str_to_u64(str_sub(word, colon + 1, SIZE_MAX), 59, &m))
        return false;
    *ret = h * 60 + m;
    return *ret <= 1440;
}

/* Words in common, all words; *ret_value when they are the same but for the value. */
static bool row_fits(const struct sentence_row *row, str words, size_t *ret_common,
                     uint64_t *ret_value)
{
    str want = str_of(row->sentence), w, given;
    bool all = true;
    *ret_common = 0;
    while (str_take_until(&want, ' ', &w)) {
        bool more = str_take_until(&words, ' ', &given);
        bool time = str_eq(w, STR("{time}")), slot = time || str_eq(w, STR("{n}"));
        bool same = more && (slot ? value_of(given, time, ret_value) : str_eq(w, given));
        *ret_common += same;
        all = all && same;
    }
    return all && str_empty(words);
}

static str filled(struct op *op, const char *sentence, str value)
{
    str s = str_of(sentence);
    size_t open = str_find_char(s, '{', 0), close = str_find_char(s, '}', 0);
    char first = str_empty(s) ? ' ' : s.p[0];
    if (first >= 'a' && first <= 'z')
        first = (char)(first - 32);
    return arena_printf(op->arena, "%c%.*s%.*s%.*s.", first, STR_ARG(str_sub(s, 1, open)),
                        STR_ARG(value), STR_ARG(str_sub(s, close + 1, s.n)));
}

static struct json *of_param(struct op *op, str rule, str param, const struct json *value)
{
    struct json *params = json_new(op->arena, JSON_OBJECT), *o = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, params, param, value);
    json_set_str(op->arena, o, STR("rule"), rule);
    json_set(op->arena, o, STR("params"), params);
    return o;
}

static bool of_row(struct op *op, str words, struct json **ret, str *ret_back)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct sentence_row *row = &SENTENCES[i];
        uint64_t value = 0;
        size_t common;
        if (!row_fits(row, words, &common, &value))
            continue;
        bool time = str_find(str_of(row->sentence), STR("{time}"), 0) != SIZE_MAX;
        *ret = of_param(op, str_of(row->rule), str_of(row->param),
                        json_new_i64(op->arena, (int64_t)value));
        *ret_back = filled(op, row->sentence,
                           time ? arena_printf(op->arena, "%02u:%02u", (unsigned)(value / 60),
                                               (unsigned)(value % 60))
                                : arena_printf(op->arena, "%u", (unsigned)value));
        return true;
    }
    return false;
}

/* A rule's id however it is written. */
static const struct rule *rule_named(str id)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (str_eq_nocase(str_trim(id), str_of(policy_rule_at(i)->id)))
            return policy_rule_at(i);
    return NULL;
}

static bool of_switch(struct op *op, str words, struct json **ret, str *ret_back)
{
    bool on = str_ends(words, STR(" on")), off = str_ends(words, STR(" off"));
    if (!str_starts(words, STR("switch ")) || (!on && !off))
        return false;
    const struct rule *rule = rule_named(str_sub(words, 7, words.n - (on ? 3 : 4)));
    if (!rule)
        return false;
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, *ret, STR("rule"), str_of(rule->id));
    json_set(op->arena, *ret, STR("enabled"), json_new_bool(op->arena, on));
    *ret_back = arena_printf(op->arena, "Switch %s off (%s).", rule->id, rule->title);
    if (on)
        *ret_back = arena_printf(op->arena, "Switch %s on (%s).", rule->id, rule->title);
    return true;
}

/* "MSG-09: per_day = 2"; the value as JSON. The case of the value counts, so the text as typed. */
static bool of_assignment(struct op *op, str text, struct json **ret, str *ret_back)
{
    size_t colon = str_find_char(text, ':', 0), eq = str_find_char(text, '=', 0);
    if (colon == SIZE_MAX || eq == SIZE_MAX || colon > eq)
        return false;
    const struct rule *rule = rule_named(str_sub(text, 0, colon));
    str param = str_trim(str_sub(text, colon + 1, eq)),
        written = str_trim(str_sub(text, eq + 1, text.n));
    struct json_limits limits = {.bytes = SENTENCE_MAX, .depth = 3, .nodes = 100};
    struct fault before = op->fault;
    struct json *value;
    if (!rule || !param.n || json_read(op, written, &limits, &value) != OK) {
        op->fault = before;
        return false;
    }
    *ret = of_param(op, str_of(rule->id), param, value);
    *ret_back = arena_printf(op->arena, "%s: %.*s = %.*s (%s).", rule->id, STR_ARG(param),
                             STR_ARG(written), rule->title);
    return true;
}

/* The rows that share most words, best first. */
static err not_understood(struct op *op, str words)
{
    size_t best[NEAR_MAX] = {0}, score[NEAR_MAX] = {0};
    for (size_t i = 0; i < ROWS; i++) {
        size_t common = 0, at = NEAR_MAX;
        str rest = words, w;
        while (str_take_until(&rest, ' ', &w))
            common += w.n > 2 && str_find(str_of(SENTENCES[i].sentence), w, 0) != SIZE_MAX;
        while (at > 0 && common > score[at - 1])
            at--;
        for (size_t k = NEAR_MAX - 1; at < NEAR_MAX && k > at; k--) {
            best[k] = best[k - 1];
            score[k] = score[k - 1];
        }
        if (at < NEAR_MAX) {
            best[at] = i;
            score[at] = common;
        }
    }
    for (size_t k = 0; k < NEAR_MAX && score[k] > 1; k++)
        op_note(op, SEVERITY_INFORMATION, STR("sentence"), "Did you mean: %.*s",
                STR_ARG(filled(op, SENTENCES[best[k]].sentence, STR("…"))));
    return fail_at(
        op, ERR_UNPROCESSABLE, STR("sentence"),
        "This sentence is not understood to its last word, so nothing is changed. Write one "
        "as the examples, \"RULE: parameter = value\", \"Switch RULE off\", or \"Nurses may "
        "not see medicines unless the patient has a visit in 14 days\".");
}

err sentence_parse(struct op *op, str text, struct json **ret_change, str *ret_back)
{
    if (!str_trim(text).n || text.n > SENTENCE_MAX || !str_utf8_valid(text))
        return fail_at(op, ERR_INVALID, STR("sentence"), "Give one sentence of at most %u bytes.",
                       SENTENCE_MAX);
    str words = plain(op, text);
    TRY(op_check(op));
    if (of_row(op, words, ret_change, ret_back) || of_switch(op, words, ret_change, ret_back) ||
        of_assignment(op, text, ret_change, ret_back))
        return op_check(op);
    if (sentence_access(op, words, ret_change, ret_back))
        return op_check(op);
    TRY(op_check(op));
    return not_understood(op, words);
}
