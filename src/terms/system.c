/* Reading a code system's block: codes by binary search, neighbours, closures, notes. Every number
 * in the block is checked here before it is followed. */
#include "terms/build_int.h"
#include "terms/doors_int.h"

bool system_view(const struct blob *b, struct system *ret)
{
    struct system s = {.b = *b, .content = blob_content(b)};
    if (b->head->kind != BLOB_SYSTEM)
        return false;
    s.url = blob_fact(b, FACT_URL);
    s.version = blob_fact(b, FACT_VERSION);
    s.rows = blob_rows(b, SEC_ROWS, sizeof *s.rows, &s.n);
    s.order = blob_rows(b, SEC_ORDER, 4, &s.n_order);
    s.folded = blob_rows(b, SEC_FOLDED, 4, &s.n_folded);
    s.up_at = blob_rows(b, SEC_UP_AT, 4, &s.n_up_at);
    s.up = blob_rows(b, SEC_UP, 4, &s.n_up);
    s.down_at = blob_rows(b, SEC_DOWN_AT, 4, &s.n_down_at);
    s.down = blob_rows(b, SEC_DOWN, 4, &s.n_down);
    s.props = blob_rows(b, SEC_PROPS, sizeof *s.props, &s.n_props);
    s.lists = blob_rows(b, SEC_LISTS, sizeof *s.lists, &s.n_lists);
    s.list_rows = blob_rows(b, SEC_LIST_ROWS, 4, &s.n_list_rows);
    *ret = s;
    return true;
}

bool system_whole(const struct system *s)
{
    return s->grammar != GRAMMAR_NONE || s->content == CONTENT_COMPLETE;
}

/* ---- supplements ---- */

static void supplement_add(struct ask *q, struct system *s, const struct blob *b)
{
    str url, version;
    canonical_split(blob_fact(b, FACT_MORE), &url, &version);
    if (s->n_supplements == SUPPLEMENTS_MAX || !str_eq(url, s->url) ||
        (version.n && !str_eq(version, s->version)))
        return;
    if (!s->supplements)
        s->supplements = ARENA_ARRAY(q->op->arena, struct system, SUPPLEMENTS_MAX);
    if (s->supplements && system_view(b, &s->supplements[s->n_supplements]))
        s->n_supplements++;
}

struct supplemented {
    struct ask *q;
    struct system *s;
};

static bool supplements(const void *ctx, str extra, str more)
{
    const struct supplemented *c = ctx;
    (void)extra;
    return more.n && str_eq(str_sub(more, 0, str_find_char(more, '|', 0)), c->s->url);
}

static err supplement_one(void *ctx, const struct blob *b)
{
    struct supplemented *c = ctx;
    if (blob_content(b) == CONTENT_SUPPLEMENT)
        supplement_add(c->q, c->s, b);
    return OK;
}

/* Of the record's there are seldom any; R4's own are known since the room opened. */
static err supplement(struct ask *q, struct system *s)
{
    struct supplemented c = {q, s};
    pthread_rwlock_rdlock(&q->t->lock);
    bool any = q->t->list.supplements > 0;
    pthread_rwlock_unlock(&q->t->lock);
    if (any)
        TRY(catalog_each(q, BLOB_SYSTEM, &(struct visitor){supplements, supplement_one, &c, true}));
    for (size_t i = 0; i < q->t->supplements.n; i++) {
        struct blob b;
        if (archive_blob(q->t, q->t->supplements.at[i], &b))
            supplement_add(q, s, &b);
    }
    return OK;
}

/* ---- finding ---- */

static err pinned(struct ask *q, str url, str *version)
{
    for (size_t i = 0; i < q->pins.n; i++) {
        const struct pin *p = &q->pins.at[i];
        if (!str_eq(p->url, url))
            continue;
        if (p->mode == PIN_FORCE || (p->mode == PIN_DEFAULT && !version->n))
            *version = p->version;
        else if (p->mode == PIN_CHECK && version->n && !str_eq(*version, p->version))
            return fail(q->op, ERR_UNPROCESSABLE,
                        "The code system %.*s is asked for in version %.*s, but "
                        "check-system-version says %.*s.",
                        STR_ARG(url), STR_ARG(*version), STR_ARG(p->version));
    }
    return OK;
}

static err check_pins(struct ask *q, const struct system *s)
{
    for (size_t i = 0; i < q->pins.n; i++) {
        const struct pin *p = &q->pins.at[i];
        if (p->mode == PIN_CHECK && str_eq(p->url, s->url) && !str_eq(p->version, s->version))
            return fail(q->op, ERR_UNPROCESSABLE,
                        "The code system %.*s is here in version %.*s, but check-system-version "
                        "says %.*s.",
                        STR_ARG(s->url), STR_ARG(s->version), STR_ARG(p->version));
    }
    return OK;
}

static err find(struct ask *q, str url, str version, struct system **ret)
{
    struct found f;
    struct system *s = ARENA_NEW(q->op->arena, struct system);
    *ret = NULL;
    if (!s)
        return op_check(q->op);
    TRY(catalog_find(q, BLOB_SYSTEM, url, version, &f));
    if (f.b.head && system_view(&f.b, s) && s->content != CONTENT_NOT_PRESENT &&
        s->content != CONTENT_SUPPLEMENT) {
        TRY(check_pins(q, s));
        *ret = s;
        return supplement(q, s);
    }
    *s = (struct system){.url = url, .version = version, .grammar = grammar_of(url)};
    if (s->grammar != GRAMMAR_NONE)
        *ret = s;
    return OK;
}

err system_find(struct ask *q, str url, str version, struct system **ret)
{
    str bar, key;
    canonical_split(url, &url, &bar);
    version = version.n ? version : bar;
    TRY(pinned(q, url, &version));
    key = version.n ? arena_printf(q->op->arena, "%.*s|%.*s", STR_ARG(url), STR_ARG(version)) : url;
    *ret = map_get(&q->systems, key);
    if (*ret)
        return OK;
    TRY(find(q, url, version, ret));
    return !*ret || map_put(&q->systems, key, *ret) ? OK : op_check(q->op);
}

static int fold_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
        x = x >= 'A' && x <= 'Z' ? x | 32 : x;
        y = y >= 'A' && y <= 'Z' ? y | 32 : y;
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static uint32_t search(const struct system *s, str code, bool fold)
{
    uint32_t lo = 0, hi = fold ? s->n_folded : s->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2, row = fold ? s->folded[mid] : mid;
        if (row >= s->n)
            return NO_CODE;
        str at = blob_text(&s->b, s->rows[row].code);
        int c = fold ? fold_cmp(at, code) : str_cmp(at, code);
        if (c == 0)
            return row;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NO_CODE;
}

uint32_t system_code(const struct system *s, str code)
{
    uint32_t row = code.n ? search(s, code, false) : NO_CODE;
    return row == NO_CODE && s->n_folded && code.n ? search(s, code, true) : row;
}

str system_text(const struct system *s, uint32_t row)
{
    return row < s->n ? blob_text(&s->b, s->rows[row].code) : STR_NONE;
}

str system_display(const struct system *s, uint32_t row)
{
    return row < s->n ? blob_text(&s->b, s->rows[row].display) : STR_NONE;
}

uint32_t system_flags(const struct system *s, uint32_t row)
{
    return row < s->n ? s->rows[row].flags : 0;
}

static const uint32_t *range(const uint32_t *at, uint32_t n_at, const uint32_t *all, uint32_t n_all,
                             uint32_t row, uint32_t *ret_n)
{
    *ret_n = 0;
    if (n_at < 2 || row >= n_at - 1 || at[row] > at[row + 1] || at[row + 1] > n_all)
        return NULL;
    *ret_n = at[row + 1] - at[row];
    return all + at[row];
}

const uint32_t *system_parents(const struct system *s, uint32_t row, uint32_t *ret_n)
{
    return range(s->up_at, s->n_up_at, s->up, s->n_up, row, ret_n);
}

const uint32_t *system_children(const struct system *s, uint32_t row, uint32_t *ret_n)
{
    return range(s->down_at, s->n_down_at, s->down, s->n_down, row, ret_n);
}

/* ---- walking ---- */

err system_closure(struct op *op, const struct system *s, uint32_t row, bool below, size_t max,
                   uint32_t **ret, size_t *ret_n)
{
    VEC(uint32_t) out = {0};
    bool flat = s->b.facts[FACT_FLAGS] & FLAG_NO_SUBSUMPTION;
    uint8_t *seen = ARENA_ARRAY(op->arena, uint8_t, s->n / 8 + 1);
    if (!seen || row >= s->n)
        return seen ? fail(op, ERR_FAULT, "No such concept.") : op_check(op);
    VEC_PUSH(op->arena, &out, row);
    seen[row / 8] |= (uint8_t)(1u << row % 8);
    for (size_t at = 0; at < out.n && !flat; at++) {
        uint32_t n;
        const uint32_t *next =
            below ? system_children(s, out.at[at], &n) : system_parents(s, out.at[at], &n);
        for (uint32_t i = 0; i < n; i++) {
            if (next[i] >= s->n || seen[next[i] / 8] >> next[i] % 8 & 1)
                continue;
            seen[next[i] / 8] |= (uint8_t)(1u << next[i] % 8);
            VEC_PUSH(op->arena, &out, next[i]);
        }
        if (out.n > max)
            return fail(op, ERR_TOO_COSTLY, "More than %zu codes of %.*s are meant; narrow it.",
                        max, STR_ARG(s->url));
    }
    *ret = out.at;
    *ret_n = out.n;
    return op_check(op);
}

#define ABOVE_MAX 4096u /* ancestors of one concept */

static bool listed(const uint32_t *list, size_t n, uint32_t row)
{
    while (n-- > 0)
        if (list[n] == row)
            return true;
    return false;
}

err system_above(struct op *op, const struct system *s, uint32_t a, uint32_t b, bool *ret)
{
    VEC(uint32_t) out = {0};
    *ret = false;
    if (s->b.facts[FACT_FLAGS] & FLAG_NO_SUBSUMPTION)
        return OK;
    VEC_PUSH(op->arena, &out, b);
    for (size_t at = 0; at < out.n; at++) {
        uint32_t n;
        const uint32_t *up = system_parents(s, out.at[at], &n);
        for (uint32_t i = 0; i < n; i++) {
            if (up[i] == a && a != b) {
                *ret = true;
                return OK;
            }
            if (up[i] < s->n && !listed(out.at, out.n, up[i]))
                VEC_PUSH(op->arena, &out, up[i]);
        }
        if (out.n > ABOVE_MAX)
            return fail(op, ERR_TOO_COSTLY, "A concept of %.*s has more than %u above it.",
                        STR_ARG(s->url), ABOVE_MAX);
    }
    return op_check(op);
}

const struct sys_list *system_list(const struct system *s, str name)
{
    uint32_t lo = 0, hi = s->n_lists;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(blob_text(&s->b, s->lists[mid].name), name);
        if (c == 0) {
            const struct sys_list *l = &s->lists[mid];
            return l->first <= s->n_list_rows && l->n <= s->n_list_rows - l->first ? l : NULL;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
