/* Tokens of GraphQL (June 2018, section 2.1). Invariant: never reads past the text; every string it
 * gives is valid UTF-8. */
#include "fhir/graphql_int.h"

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static char at(const struct gql_lexer *l, size_t i)
{
    return l->at + i < l->in.n ? l->in.p[l->at + i] : 0;
}

static void skip(struct gql_lexer *l)
{
    while (l->at < l->in.n) {
        char c = l->in.p[l->at];
        if (c == '#')
            while (l->at < l->in.n && l->in.p[l->at] != '\n')
                l->at++;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',')
            l->at++;
        else
            return;
    }
}

static err wrong(struct gql_lexer *l, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < l->start && i < l->in.n; i++) {
        column = l->in.p[i] == '\n' ? 1 : column + 1;
        line += l->in.p[i] == '\n';
    }
    return fail(l->op, ERR_INVALID, "GraphQL, line %zu, column %zu: %s.", line, column, what);
}

err gql_expected(struct gql_lexer *l, const char *what)
{
    return wrong(l, arena_printf(l->op->arena, "%s is expected here", what).p);
}

static err escape(struct gql_lexer *l, struct buf *b)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = at(l, 1);
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        buf_char(b, to[known - from]);
        l->at += 2;
        return OK;
    }
    uint32_t code = 0;
    for (size_t i = 2; c == 'u' && i < 6; i++) {
        if (str_hex_digit(at(l, i)) < 0)
            return wrong(l, "a string has a bad escape");
        code = code << 4 | (uint32_t)str_hex_digit(at(l, i));
    }
    if (c != 'u' || !code || (code >= 0xd800 && code < 0xe000))
        return wrong(l, "a string has a bad escape");
    buf_utf8(b, code);
    l->at += 6;
    return OK;
}

static err string(struct gql_lexer *l)
{
    struct buf b;
    bool block = at(l, 1) == '"' && at(l, 2) == '"';
    buf_init(&b, l->op->arena, FHIR_GRAPHQL_BYTES);
    l->at += block ? 3 : 1;
    for (;;) {
        char c = at(l, 0);
        if (l->at >= l->in.n || (!block && c == '\n'))
            return wrong(l, "a string has no end");
        if (c == '"' && (!block || (at(l, 1) == '"' && at(l, 2) == '"')))
            break;
        if (c == '\\' && !block) {
            TRY(escape(l, &b));
            continue;
        }
        if ((unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r')
            return wrong(l, "a string has a control character");
        buf_char(&b, c);
        l->at++;
    }
    l->at += block ? 3 : 1;
    l->token = TOKEN_TEXT;
    l->text = buf_str(&b);
    return str_utf8_valid(l->text) ? op_check(l->op) : wrong(l, "a string is no UTF-8");
}

static err number(struct gql_lexer *l)
{
    double v;
    while (at(l, 0) == '-' || at(l, 0) == '+' || at(l, 0) == '.' || is_name(at(l, 0), false))
        l->at++;
    l->token = TOKEN_NUMBER;
    l->text = str_sub(l->in, l->start, l->at);
    return str_to_double(l->text, &v) ? OK : wrong(l, "this is no number");
}

err gql_next(struct gql_lexer *l)
{
    skip(l);
    l->start = l->at;
    l->text = STR_NONE;
    l->token = TOKEN_END;
    if (l->at >= l->in.n)
        return OK;
    char c = at(l, 0);
    if (c == '"')
        return string(l);
    if (c == '-' || (c >= '0' && c <= '9'))
        return number(l);
    size_t n = 0;
    if (is_name(c, true)) {
        while (is_name(at(l, n), n == 0))
            n++;
        l->token = TOKEN_NAME;
    } else if (c && strchr("!$():=@[]{|}&", c)) {
        n = 1;
        l->token = TOKEN_SIGN;
    } else if (c == '.' && at(l, 1) == '.' && at(l, 2) == '.') {
        n = 3;
        l->token = TOKEN_SIGN;
    } else {
        return wrong(l, "this character has no meaning here");
    }
    l->text = str_sub(l->in, l->at, l->at + n);
    l->at += n;
    return OK;
}
