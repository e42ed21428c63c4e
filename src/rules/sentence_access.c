/* Sentences that narrow access: "ROLE may see A and B, not C, unless the patient has a visit in N
 * days", "ROLE may not see C". Words are rows of spec/rules/access-words.csv. Invariant: what "may
 * see" names must be seen today, since such a sentence never gives; what "not" names must be seen
 * today too, or there is nothing to take away. */
#include "rules/rules_int.h"

struct word_row {
    const char *word;
    enum role role;
    const char *types;
};
#include "words_gen.h"

#define ITEMS_MAX 16u

struct narrowing {
    struct op *op;
    const struct word_row *who;
    const struct word_row *seen[ITEMS_MAX], *hidden[ITEMS_MAX];
    size_t n_seen, n_hidden;
    uint64_t days; /* 0: whatever the visits are */
};

static const struct word_row *word_of(str text, bool role)
{
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if ((WORDS[i].role != ROLE_NONE) == role && str_eq(text, str_of(WORDS[i].word)))
            return &WORDS[i];
    return NULL;
}

static bool take_list(struct narrowing *n, str list, bool hidden)
{
    str item;
    while (str_take_until(&list, ',', &item)) {
        for (str rest = str_trim(item); rest.n;) {
            size_t at = str_find(rest, STR(" and "), 0);
            str one = str_trim(str_sub(rest, 0, at));
            rest = at == SIZE_MAX ? STR_NONE : str_sub(rest, at + 5, rest.n);
            one = str_starts(one, STR("and ")) ? str_sub(one, 4, one.n) : one;
            if (str_starts(one, STR("not "))) {
                hidden = true;
                one = str_sub(one, 4, one.n);
            }
            const struct word_row *word = word_of(one, false);
            if (!word || n->n_seen == ITEMS_MAX || n->n_hidden == ITEMS_MAX)
                return false;
            if (hidden)
                n->hidden[n->n_hidden++] = word;
            else
                n->seen[n->n_seen++] = word;
        }
    }
    return true;
}

static bool take_unless(struct narrowing *n, str *words)
{
    size_t at = str_find(*words, STR(" unless "), 0);
    if (at == SIZE_MAX)
        return true;
    str when = str_sub(*words, at + 8, words->n), rest;
    *words = str_trim(str_sub(*words, 0, at));
    if (words->n && words->p[words->n - 1] == ',')
        words->n--;
    if (str_starts(when, STR("the patient has a visit in ")))
        rest = str_sub(when, 27, when.n);
    else if (str_starts(when, STR("the patient has a visit within ")))
        rest = str_sub(when, 31, when.n);
    else
        return false;
    return str_take_u64(&rest, RESTRICTION_DAYS_MAX, &n->days) && n->days > 0 &&
           (str_eq(rest, STR(" days")) || str_eq(rest, STR(" day")));
}

static bool read_words(struct narrowing *n, str words)
{
    size_t at = str_find(words, STR(" may "), 0);
    if (at == SIZE_MAX || !(n->who = word_of(str_sub(words, 0, at), true)))
        return false;
    str rest = str_sub(words, at + 5, words.n);
    bool hidden = str_starts(rest, STR("not "));
    if (hidden)
        rest = str_sub(rest, 4, rest.n);
    if (!str_starts(rest, STR("see ")))
        return false;
    rest = str_sub(rest, 4, rest.n);
    return take_unless(n, &rest) && take_list(n, rest, hidden) && n->n_hidden > 0;
}

/* Would the role table let this role see the type, for the best of its purposes? */
static bool seen_today(enum role role, int type)
{
    for (int p = 0; p < PURPOSE_COUNT; p++) {
        struct actor who = {.role = role, .purpose = (enum purpose)p, .patient = 1};
        struct access_request ask = {.type = type,
                                     .action = ACTION_SEARCH,
                                     .patient = 1,
                                     .is_own = true,
                                     .assigned = true,
                                     .consented = true};
        struct access_verdict v;
        policy_access(&who, &ask, &v);
        if (v.allowed)
            return true;
    }
    return false;
}

static err check_seen(const struct narrowing *n)
{
    for (size_t i = 0; i < n->n_seen; i++) {
        str types = str_of(n->seen[i]->types), type;
        while (str_take_until(&types, ' ', &type))
            if (!seen_today(n->who->role, policy_type_parse(type)))
                return fail_at(
                    n->op, ERR_UNPROCESSABLE, STR("sentence"),
                    "%s do not see %s (%.*s) today, and a sentence only takes away; what a "
                    "role is given stands in the role table.",
                    n->who->word, n->seen[i]->word, STR_ARG(type));
    }
    return OK;
}

/* Those of the hidden types that are seen today. */
static err hidden_types(const struct narrowing *n, struct json **ret)
{
    struct json *list = json_new(n->op->arena, JSON_ARRAY);
    for (size_t i = 0; i < n->n_hidden; i++) {
        str types = str_of(n->hidden[i]->types), type;
        while (str_take_until(&types, ' ', &type))
            if (seen_today(n->who->role, policy_type_parse(type)))
                json_push(n->op->arena, list, json_new_str(n->op->arena, type));
    }
    if (!json_at(list, 0))
        return fail_at(n->op, ERR_UNPROCESSABLE, STR("sentence"),
                       "%s see nothing of this today, so there is nothing to take away.",
                       n->who->word);
    *ret = list;
    return OK;
}

static void join(struct buf *b, const struct word_row *const *words, size_t n, const char *last)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%s", i == 0 ? "" : i + 1 == n ? last : ", ", words[i]->word);
}

static str read_back(const struct narrowing *n)
{
    struct buf b;
    const char *who = n->who->word;
    buf_init(&b, n->op->arena, 4096);
    buf_printf(&b, "%c%s may ", who[0] - 32, who + 1);
    if (n->n_seen) {
        buf_add(&b, STR("see "));
        join(&b, n->seen, n->n_seen, " and ");
        buf_add(&b, STR(", not "));
    } else {
        buf_add(&b, STR("not see "));
    }
    join(&b, n->hidden, n->n_hidden, " and ");
    if (n->days)
        buf_printf(&b, ", unless the patient has a visit in %u days", (unsigned)n->days);
    buf_char(&b, '.');
    return buf_str(&b);
}

bool sentence_access(struct op *op, str words, struct json **ret_change, str *ret_back)
{
    struct narrowing n = {.op = op};
    struct json *types = NULL, *o = json_new(op->arena, JSON_OBJECT);
    if (!read_words(&n, words) || check_seen(&n) != OK || hidden_types(&n, &types) != OK)
        return false;
    str back = read_back(&n);
    json_set_str(op->arena, o, STR("role"), role_name(n.who->role));
    json_set(op->arena, o, STR("types"), types);
    json_set_str(op->arena, o, STR("why"), back);
    if (n.days)
        json_set(op->arena, o, STR("unlessVisitDays"), json_new_i64(op->arena, (int64_t)n.days));
    *ret_change = o;
    *ret_back = back;
    return true;
}
