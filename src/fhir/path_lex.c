/* FHIRPath text → tokens (grammar of http://hl7.org/fhirpath/N1, appendix B). Decodes strings and
 * quoted names; does not judge dates or numbers.
 * Invariant: never reads past the text; every error names the position. */
#include "fhir/path_int.h"

void path_syntax_tell(struct op *op, uint32_t at, const char *wanted)
{
    (void)!fail(op, ERR_INVALID, "FHIRPath, position %u: expected %s", at + 1, wanted);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct path_lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.n ? l->text.p[l->at + ahead] : '\0';
}

/* White space and comments; false for a comment that does not end. */
static bool skip(struct path_lexer *l)
{
    for (;;) {
        char c = peek(l, 0);
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            l->at++;
        } else if (c == '/' && peek(l, 1) == '/') {
            while (l->at < l->text.n && l->text.p[l->at] != '\n')
                l->at++;
        } else if (c == '/' && peek(l, 1) == '*') {
            size_t end = str_find(l->text, STR("*/"), l->at + 2);
            if (end == SIZE_MAX)
                return false;
            l->at = end + 2;
        } else {
            return true;
        }
    }
}

static bool take_hex4(struct path_lexer *l, uint32_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = str_hex_digit(peek(l, i));
        if (d < 0)
            return false;
        v = v << 4 | (uint32_t)d;
    }
    l->at += 4;
    *ret = v;
    return true;
}

/* After "\u": one code point, a surrogate pair included. */
bool path_lex_unicode(struct path_lexer *l, struct buf *b)
{
    uint32_t c, low;
    if (!take_hex4(l, &c))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (peek(l, 0) != '\\' || peek(l, 1) != 'u')
            return false;
        l->at += 2;
        if (!take_hex4(l, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return false;
    }
    buf_utf8(b, c);
    return true;
}

static bool take_escape(struct path_lexer *l, struct buf *b)
{
    static const char from[] = "'\"`\\/rntf", to[] = "'\"`\\/\r\n\t\f";
    char c = peek(l, 0);
    if (l->at >= l->text.n)
        return false;
    l->at++;
    if (c == 'u')
        return path_lex_unicode(l, b);
    const char *p = c ? strchr(from, c) : NULL;
    if (p)
        buf_char(b, to[p - from]);
    return p != NULL;
}

/* From the opening quote on. */
static err take_quoted(struct path_lexer *l, str *ret)
{
    char quote = peek(l, 0);
    size_t start = ++l->at;
    while (l->at < l->text.n && l->text.p[l->at] != quote && l->text.p[l->at] != '\\')
        l->at++;
    struct buf b;
    buf_init(&b, l->op->arena, PATH_TEXT_MAX);
    str plain = str_sub(l->text, start, l->at);
    if (peek(l, 0) == '\\')
        buf_add(&b, plain);
    while (l->at < l->text.n && l->text.p[l->at] != quote) {
        char c = l->text.p[l->at++];
        if (c != '\\')
            buf_char(&b, c);
        else if (!take_escape(l, &b))
            return path_syntax(l->op, (uint32_t)l->at,
                               "an escape: \\' \\\" \\` \\\\ \\/ \\r \\n "
                               "\\t \\f or \\uXXXX");
    }
    if (l->at++ >= l->text.n)
        return path_syntax(l->op, (uint32_t)start, "a closing quote");
    *ret = b.n ? buf_str(&b) : plain;
    return op_check(l->op);
}

static str take_while(struct path_lexer *l, bool (*fits)(const struct path_lexer *, char))
{
    size_t start = l->at;
    while (l->at < l->text.n && fits(l, l->text.p[l->at]))
        l->at++;
    return str_sub(l->text, start, l->at);
}

static bool in_name(const struct path_lexer *l, char c)
{
    (void)l;
    return letter(c) || digit(c);
}

/* A '.' or '-' or '+' belongs to a date only when a digit follows. */
static bool in_date(const struct path_lexer *l, char c)
{
    if (c == '.' || c == '-' || c == '+')
        return digit(peek(l, 1));
    return digit(c) || c == ':' || c == 'T' || c == 'Z';
}

static str take_symbol(struct path_lexer *l)
{
    static const char pairs[][3] = {"<=", ">=", "!=", "!~"};
    size_t start = l->at;
    for (size_t i = 0; i < 4; i++) {
        if (str_starts(str_sub(l->text, start, l->text.n), str_of(pairs[i]))) {
            l->at += 2;
            return str_sub(l->text, start, l->at);
        }
    }
    if (!strchr(".[](){},+-*/|&=~<>", l->text.p[start]) || l->text.p[start] == '\0')
        return STR_NONE;
    l->at++;
    return str_sub(l->text, start, l->at);
}

static err take_number(struct path_lexer *l, struct path_token *t)
{
    t->kind = T_NUMBER;
    size_t start = l->at;
    (void)take_while(l, in_name);
    if (peek(l, 0) == '.' && digit(peek(l, 1))) {
        l->at++;
        (void)take_while(l, in_name);
    }
    t->text = str_sub(l->text, start, l->at);
    for (size_t i = 0; i < t->text.n; i++)
        if (!digit(t->text.p[i]) && t->text.p[i] != '.')
            return path_syntax(l->op, t->at, "a number");
    return OK;
}

/* %name, %`name`, %'name'; $this */
static err take_marked(struct path_lexer *l, struct path_token *t, char mark)
{
    t->kind = mark == '%' ? T_PERCENT : T_DOLLAR;
    l->at++;
    if (mark == '%' && (peek(l, 0) == '`' || peek(l, 0) == '\''))
        return take_quoted(l, &t->text);
    t->text = take_while(l, in_name);
    return t->text.n ? OK : path_syntax(l->op, t->at, "a name after % or $");
}

err path_lex(struct path_lexer *l, struct path_token *ret)
{
    if (!skip(l))
        return path_syntax(l->op, (uint32_t)l->at, "the end of the comment");
    struct path_token t = {.kind = T_END, .at = (uint32_t)l->at};
    char c = peek(l, 0);
    err e = OK;
    if (l->at >= l->text.n) {
        t.text = STR("end");
    } else if (letter(c)) {
        t.kind = T_NAME;
        t.text = take_while(l, in_name);
    } else if (digit(c)) {
        e = take_number(l, &t);
    } else if (c == '\'' || c == '`' || c == '"') {
        t.kind = c == '\'' ? T_STRING : T_QUOTED_NAME;
        e = take_quoted(l, &t.text);
    } else if (c == '@') {
        l->at++;
        t.kind = T_DATE;
        t.text = take_while(l, in_date);
    } else if (c == '%' || c == '$') {
        e = take_marked(l, &t, c);
    } else {
        t.kind = T_SYMBOL;
        t.text = take_symbol(l);
        e = t.text.n ? OK : path_syntax(l->op, t.at, "a name, a value or an operator");
    }
    if (e == OK)
        *ret = t;
    return e;
}
