/* JSON text into a tree. yajl finds the tokens; this file builds the nodes, decodes escaped strings
 * itself (yajl lets lone surrogates through) and keeps the ceilings. Children are gathered on a
 * stack and copied out side by side when their container closes.
 * Invariant: nothing from the input is ever quoted in an error. */
#include "base/json_int.h"

#include <setjmp.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#define NAMES_PAIRWISE 24u
#define FIRST_CHILDREN 64u /* of most documents all that are open at once */
#define YAJL_BYTES 4096u   /* it needs no more but for a long escaped string */

/* An open array or object; its children start at stack[first]. */
struct frame {
    size_t first;
    bool object;
};

struct reader {
    struct op *op;
    str in;
    const struct json_limits *limits;
    yajl_handle yajl;
    struct json_member *stack; /* children of all open containers */
    size_t n, cap;
    uint32_t depth, nodes;
    str name; /* of the member whose value comes next */
    err problem;
    const char *why;
    size_t at; /* byte offset of the problem; SIZE_MAX = where yajl stands */
    jmp_buf out_of_memory;
    size_t yajl_used; /* of bytes; what does not fit is the arena's */
    struct frame frames[JSON_DEPTH_MAX];
    struct json_member first[FIRST_CHILDREN];
    _Alignas(16) char bytes[YAJL_BYTES];
};

static int stop(struct reader *r, err e, const char *why)
{
    r->problem = e;
    r->why = why;
    return 0;
}

/* Adds a finished node to the innermost open container. */
static int add(struct reader *r, struct json v)
{
    if (++r->nodes > r->limits->nodes)
        return stop(r, ERR_TOO_LARGE, "too many values; split the document");
    if (r->n == r->cap) {
        size_t more = r->cap * 2;
        bool first = r->stack == r->first;
        struct json_member *grown = arena_grow(r->op->arena, first ? NULL : r->stack,
                                               r->cap * sizeof *grown, more * sizeof *grown);
        if (!grown)
            return stop(r, ERR_TOO_LARGE, "too much memory needed; split the document");
        if (first)
            memcpy(grown, r->first, sizeof r->first);
        r->stack = grown;
        r->cap = more;
    }
    r->stack[r->n++] = (struct json_member){.name = r->name, .value = v};
    return 1;
}

static int on_null(void *ctx)
{
    return add(ctx, (struct json){.type = JSON_NULL});
}

static int on_bool(void *ctx, int v)
{
    return add(ctx, (struct json){.type = v ? JSON_TRUE : JSON_FALSE});
}

static bool in_input(const struct reader *r, const char *p)
{
    return p >= r->in.p && p <= r->in.p + r->in.n;
}

/* A number that ends the text comes out of yajl's own buffer. */
static int on_number(void *ctx, const char *p, size_t n)
{
    struct reader *r = ctx;
    str s = str_make(p, n);
    if (!in_input(r, p))
        s = arena_str(r->op->arena, s);
    return add(r, (struct json){.type = JSON_NUMBER, .u.s = s});
}

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = p[i];
        v = v * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return v;
}

static size_t utf8_put(char *to, unsigned c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)(lead[n] | c);
    return n;
}

/* One \uXXXX or surrogate pair at raw[*at] (the backslash); 0x110000 for half a pair. */
static unsigned take_unicode(str raw, size_t *at)
{
    unsigned c = hex4(raw.p + *at + 2);
    *at += 6;
    if (c < 0xD800 || c > 0xDFFF)
        return c;
    if (c > 0xDBFF || raw.n - *at < 6 || raw.p[*at] != '\\' || raw.p[*at + 1] != 'u')
        return 0x110000;
    unsigned low = hex4(raw.p + *at + 2);
    *at += 6;
    return low < 0xDC00 || low > 0xDFFF ? 0x110000
                                        : 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

/* Decodes what stands between the quotes; the lexer has checked the form of every escape. */
static int unescape(struct reader *r, str raw, str *ret)
{
    static const char codes[] = "b\bf\fn\nr\rt\t";
    char *to = arena_alloc(r->op->arena, raw.n + 1);
    if (!to)
        return stop(r, ERR_TOO_LARGE, "too much memory needed; split the document");
    size_t n = 0;
    for (size_t at = 0; at < raw.n;) {
        if (raw.p[at] != '\\') {
            to[n++] = raw.p[at++];
        } else if (raw.p[at + 1] == 'u') {
            unsigned c = take_unicode(raw, &at);
            if (c > 0x10FFFF)
                return stop(r, ERR_INVALID,
                            "half a surrogate pair; write the character itself or both halves");
            n += utf8_put(to + n, c);
        } else {
            char c = raw.p[at + 1];
            for (size_t i = 0; i < sizeof codes - 1; i += 2)
                if (codes[i] == c) {
                    c = codes[i + 1];
                    break;
                }
            to[n++] = c;
            at += 2;
        }
    }
    to[n] = 0;
    *ret = str_make(to, n);
    return 1;
}

/* What yajl hands out either points into the input (nothing was escaped) or into its own buffer;
 * then the raw text is found backwards from the closing quote yajl has just passed: an inner quote
 * has an odd number of backslashes before it. */
static int text(struct reader *r, const unsigned char *p, size_t n, str *ret)
{
    const char *c = (const char *)p;
    if (in_input(r, c)) {
        *ret = str_make(c, n);
        return 1;
    }
    size_t end = yajl_get_bytes_consumed(r->yajl) - 1, start = end;
    for (bool open = false; !open;) {
        start--;
        size_t slashes = 0;
        if (r->in.p[start] == '"')
            while (slashes < start && r->in.p[start - 1 - slashes] == '\\')
                slashes++;
        open = r->in.p[start] == '"' && slashes % 2 == 0;
        start -= slashes;
    }
    return unescape(r, str_sub(r->in, start + 1, end), ret);
}

static int on_string(void *ctx, const unsigned char *p, size_t n)
{
    struct json v = {.type = JSON_STRING};
    return text(ctx, p, n, &v.u.s) && add(ctx, v);
}

static int on_name(void *ctx, const unsigned char *p, size_t n)
{
    struct reader *r = ctx;
    return text(r, p, n, &r->name);
}

static int open_container(struct reader *r, bool object)
{
    if (r->depth >= r->limits->depth || r->depth >= JSON_DEPTH_MAX)
        return stop(r, ERR_TOO_LARGE, "nested too deeply; flatten the document");
    /* The place of the container itself; filled in when it closes. */
    if (!add(r, (struct json){.type = object ? JSON_OBJECT : JSON_ARRAY}))
        return 0;
    r->frames[r->depth++] = (struct frame){.first = r->n, .object = object};
    return 1;
}

static int on_object(void *ctx)
{
    return open_container(ctx, true);
}

static int on_array(void *ctx)
{
    return open_container(ctx, false);
}

static int by_name(const void *a, const void *b)
{
    const str *const *x = a, *const *y = b;
    int c = str_cmp(**x, **y);
    return c ? c : (*x > *y) - (*x < *y);
}

/* Many members: sorting has no worst case a peer could choose. */
static const str *repeated_sorted(struct reader *r, const struct json_member *m, size_t n, bool *ok)
{
    const str **order = arena_alloc(r->op->arena, n * sizeof *order);
    *ok = order != NULL;
    if (!order)
        return NULL;
    for (size_t i = 0; i < n; i++)
        order[i] = &m[i].name;
    qsort(order, n, sizeof *order, by_name);
    for (size_t i = 1; i < n; i++)
        if (str_eq(*order[i - 1], *order[i]))
            return order[i];
    return NULL;
}

/* Few members: a bit per kind of name (length, first and last byte) rules nearly all pairs out. */
static const str *repeated(const struct json_member *m, size_t n)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        str s = m[i].name;
        unsigned key = s.n ? (unsigned)s.n * 7 + (unsigned char)s.p[0] * 3 +
                                 (unsigned char)s.p[s.n - 1] * 5 + (unsigned char)s.p[s.n / 2]
                           : 0;
        uint64_t bit = (uint64_t)1 << (key & 63);
        for (size_t j = 0; (seen & bit) && j < i; j++)
            if (str_eq(m[j].name, s))
                return &m[i].name;
        seen |= bit;
    }
    return NULL;
}

static int names_unique(struct reader *r, const struct json_member *m, size_t n)
{
    bool ok = true;
    const str *twice = n <= NAMES_PAIRWISE ? repeated(m, n) : repeated_sorted(r, m, n, &ok);
    if (!ok)
        return stop(r, ERR_TOO_LARGE, "too much memory needed; split the document");
    if (!twice)
        return 1;
    if (in_input(r, twice->p))
        r->at = (size_t)(twice->p - r->in.p);
    return stop(r, ERR_INVALID, "an object has two members of this name; keep one");
}

static int close_container(void *ctx)
{
    struct reader *r = ctx;
    struct frame f = r->frames[--r->depth];
    struct json_member *children = r->stack + f.first;
    struct json *self = &r->stack[f.first - 1].value;
    size_t n = r->n - f.first;
    r->n = f.first;
    self->n = (uint32_t)n;
    if (f.object && n > 1 && !names_unique(r, children, n))
        return 0;
    size_t size = f.object ? sizeof *children : sizeof *self;
    void *out = n ? arena_alloc(r->op->arena, n * size) : NULL;
    if (n && !out)
        return stop(r, ERR_TOO_LARGE, "too much memory needed; split the document");
    if (f.object) {
        self->u.members = out;
        if (n)
            memcpy(out, children, n * size);
        return 1;
    }
    self->u.items = out;
    for (size_t i = 0; i < n; i++)
        self->u.items[i] = children[i].value;
    return 1;
}

/* yajl does not check what its allocator answers, so a refusal leaves it by longjmp; its memory is
 * the reader's, then the arena's. Each block carries its size for realloc. */
struct block {
    size_t n, pad;
};

static struct block *block_of(struct reader *r, size_t n)
{
    size_t whole = sizeof(struct block) + ((n + 15) & ~(size_t)15);
    if (n > r->limits->bytes * 4 + ARENA_SMALL)
        return NULL;
    if (n > YAJL_BYTES || whole > YAJL_BYTES - r->yajl_used)
        return arena_alloc(r->op->arena, sizeof(struct block) + n);
    r->yajl_used += whole;
    return (struct block *)(void *)(r->bytes + r->yajl_used - whole);
}

static void *yajl_grow(void *ctx, void *p, size_t n)
{
    struct reader *r = ctx;
    struct block *b = block_of(r, n);
    if (!b || arena_failed(r->op->arena))
        longjmp(r->out_of_memory, 1);
    b->n = n;
    if (p) {
        size_t old = ((struct block *)p)[-1].n;
        memcpy(b + 1, p, old < n ? old : n);
    }
    return b + 1;
}

static void *yajl_new(void *ctx, size_t n)
{
    return yajl_grow(ctx, NULL, n);
}

static void yajl_drop(void *ctx, void *p)
{
    (void)ctx, (void)p;
}

/* Runs yajl over the whole input. */
static void parse(struct reader *r)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_object,
        .yajl_map_key = on_name,
        .yajl_end_map = close_container,
        .yajl_start_array = on_array,
        .yajl_end_array = close_container,
    };
    yajl_alloc_funcs memory = {yajl_new, yajl_grow, yajl_drop, r};
    r->yajl = yajl_alloc(&callbacks, &memory, r);
    yajl_config(r->yajl, yajl_dont_validate_strings, 1); /* done before, and more strictly */
    const unsigned char *p = (const unsigned char *)r->in.p;
    yajl_status status = yajl_parse(r->yajl, p, r->in.n);
    size_t consumed = yajl_get_bytes_consumed(r->yajl);
    bool whole = r->n && !r->depth; /* but a number that ends the text: it comes out at the end */
    /* At the end it lets a string stay open behind the value; no string takes a line's end. */
    if (status == yajl_status_ok)
        status = whole ? yajl_parse(r->yajl, (const unsigned char *)"\n", 1)
                       : yajl_complete_parse(r->yajl);
    else if (r->at == SIZE_MAX)
        r->at = consumed;
    if (status != yajl_status_error)
        return;
    stop(r, ERR_INVALID, (const char *)yajl_get_error(r->yajl, 0, p, r->in.n));
    /* The lexer stands behind the character it refuses. */
    if (r->at < SIZE_MAX && r->at && str_starts(str_of(r->why), STR("lexical")))
        r->at--;
}

static void parse_within_memory(struct reader *r)
{
    if (setjmp(r->out_of_memory))
        stop(r, ERR_TOO_LARGE, "too much memory needed; split the document");
    else
        parse(r);
}

static err complain(struct reader *r)
{
    size_t end = r->at < r->in.n ? r->at : r->in.n, line = 1, start = 0;
    for (size_t i = 0; i < end; i++)
        if (r->in.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    str why = str_trim(str_of(r->why));
    if (str_ends(why, STR(".")))
        why.n--;
    return fail(r->op, r->problem, "JSON, line %zu, column %zu: %.*s%s", line, end - start + 1,
                STR_ARG(why), r->problem == ERR_INVALID ? ". Correct the text there." : ".");
}

#define BLOCK 256u /* bytes; a whole one is looked at by few instructions */

static bool has_odd(const char *p, size_t n)
{
    unsigned char odd = 0;
    for (size_t i = 0; i < n; i++)
        odd |= (unsigned char)((p[i] == '\v') | (p[i] == '\f'));
    return odd;
}

/* Where a vertical tab or a form feed stands, which yajl takes for space, or s.n. As such they may
 * stand nowhere in JSON. */
static size_t odd_space(str s)
{
    size_t at = 0;
    while (s.n - at >= BLOCK && !has_odd(s.p + at, BLOCK))
        at += BLOCK;
    str rest = str_sub(s, at, s.n);
    size_t tab = str_find_char(rest, '\v', 0), feed = str_find_char(rest, '\f', 0);
    size_t first = tab < feed ? tab : feed;
    return first == SIZE_MAX ? s.n : at + first;
}

/* Offset of the first byte that is not UTF-8, or n. */
static size_t utf8_bad(str s)
{
    size_t at = 0;
    while (at < s.n) {
        size_t before = at;
        if (str_utf8_next(s, &at) == 0xFFFD && at - before == 1)
            return before;
    }
    return s.n;
}

err json_read(struct op *op, str in, const struct json_limits *limits, struct json **ret)
{
    if (in.n > limits->bytes)
        return fail(op, ERR_TOO_LARGE,
                    "The JSON text has %zu bytes; the most accepted is %zu. Split it.", in.n,
                    limits->bytes);
    struct reader r;
    memset(&r, 0, offsetof(struct reader, frames));
    r.op = op;
    r.in = in;
    r.limits = limits;
    r.at = SIZE_MAX;
    r.stack = r.first;
    r.cap = FIRST_CHILDREN;
    if (!str_utf8_valid(in)) {
        r.at = utf8_bad(in);
        stop(&r, ERR_INVALID, "this byte is not UTF-8");
        return complain(&r);
    }
    size_t odd = odd_space(in);
    if (odd < in.n) {
        r.at = odd;
        stop(
            &r, ERR_INVALID,
            "a vertical tab or form feed; outside of a string write a space, in it \\f or \\u000b");
        return complain(&r);
    }
    parse_within_memory(&r);
    if (r.problem != OK)
        return complain(&r);
    struct json *root = json_new(op->arena, JSON_NULL);
    *root = r.stack[0].value;
    if (arena_failed(op->arena))
        return op_check(op);
    *ret = root;
    return OK;
}
