/* FHIRPath tokens → tree, by operator precedence (Pratt). Names, types and functions are resolved
 * here, so that evaluation meets no unknown word.
 * Invariant: no tree is deeper than PATH_DEPTH_MAX; the tree is never changed once made. */
#include "fhir/path_int.h"

struct parser {
    struct op *op;
    struct path_lexer lexer;
    struct path_token t; /* the next one */
    unsigned depth;
};

static err expression(struct parser *p, int power, struct path_node **ret);

static err advance(struct parser *p)
{
    return path_lex(&p->lexer, &p->t);
}

static bool at_symbol(const struct parser *p, const char *symbol)
{
    return p->t.kind == T_SYMBOL && str_eq(p->t.text, str_of(symbol));
}

static err want(struct parser *p, const char *symbol, const char *wanted)
{
    return at_symbol(p, symbol) ? advance(p) : path_syntax(p->op, p->t.at, wanted);
}

static err node_new(struct parser *p, enum path_node_kind kind, struct path_node **ret)
{
    struct path_node *n = ARENA_NEW(p->op->arena, struct path_node);
    n->kind = (uint8_t)kind;
    n->at = p->t.at;
    n->depth = 1;
    TRY(op_check(p->op));
    *ret = n;
    return OK;
}

static err deepen(struct parser *p, struct path_node *n, const struct path_node *child)
{
    if (child->depth >= n->depth)
        n->depth = (uint16_t)(child->depth + 1);
    return n->depth > PATH_DEPTH_MAX ? path_syntax(p->op, n->at, "less nesting") : OK;
}

static err join(struct parser *p, struct path_node *n, const struct path_node *a,
                const struct path_node *b)
{
    n->a = a;
    n->b = b;
    TRY(deepen(p, n, a));
    return b ? deepen(p, n, b) : OK;
}

/* ---- operators ---- */

static const struct {
    const char *text;
    enum path_op op;
    int power;
} operators[] = {
    {"implies", OP_IMPLIES, 1},
    {"or", OP_OR, 2},
    {"xor", OP_XOR, 2},
    {"and", OP_AND, 3},
    {"in", OP_IN, 4},
    {"contains", OP_CONTAINS, 4},
    {"=", OP_EQ, 5},
    {"!=", OP_NE, 5},
    {"~", OP_EQUIV, 5},
    {"!~", OP_NEQUIV, 5},
    {"<", OP_LT, 6},
    {"<=", OP_LE, 6},
    {">", OP_GT, 6},
    {">=", OP_GE, 6},
    {"|", OP_UNION, 7},
    {"is", OP_IS, 8},
    {"as", OP_AS, 8},
    {"+", OP_ADD, 9},
    {"-", OP_SUB, 9},
    {"&", OP_CONCAT, 9},
    {"*", OP_MUL, 10},
    {"/", OP_DIV, 10},
    {"div", OP_IDIV, 10},
    {"mod", OP_MOD, 10},
};
#define OPERATORS (sizeof operators / sizeof *operators)
#define POWER_SIGN 11

/* Row of the operator at hand, or OPERATORS. */
static size_t operator_at(const struct parser *p)
{
    size_t i = OPERATORS;
    if (p->t.kind == T_SYMBOL || p->t.kind == T_NAME)
        for (i = 0; i < OPERATORS && !str_eq(p->t.text, str_of(operators[i].text));)
            i++;
    return i;
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->t.kind == T_NAME && str_eq(p->t.text, str_of(word));
}

/* ---- terms ---- */

/* Name or Namespace.Name; ret gets what it may mean. */
static err type_name(struct parser *p, bool cast, struct path_node **ret)
{
    TRY(node_new(p, N_TYPE, ret));
    str ns = STR_NONE, name = p->t.text;
    if (p->t.kind != T_NAME && p->t.kind != T_QUOTED_NAME)
        return path_syntax(p->op, p->t.at, "a type name");
    TRY(advance(p));
    if (at_symbol(p, ".") && (str_eq(name, STR("FHIR")) || str_eq(name, STR("System")))) {
        TRY(advance(p));
        ns = name;
        name = p->t.text;
        if (p->t.kind != T_NAME && p->t.kind != T_QUOTED_NAME)
            return path_syntax(p->op, p->t.at, "a type name");
        TRY(advance(p));
    }
    (*ret)->text = name;
    return path_type_resolve(p->op, ns, name, cast, *ret);
}

static err arguments(struct parser *p, struct path_node *call)
{
    VEC(const struct path_node *) args = {0};
    while (!at_symbol(p, ")")) {
        struct path_node *arg = NULL;
        if (args.n)
            TRY(want(p, ",", "',' or ')'"));
        if (call->fn->types)
            TRY(type_name(p, !str_eq(call->text, STR("is")), &arg));
        else
            TRY(expression(p, 0, &arg));
        TRY(deepen(p, call, arg));
        VEC_PUSH(p->op->arena, &args, arg);
        TRY(op_check(p->op));
    }
    call->args = args.at;
    call->n_args = (uint16_t)args.n;
    if (args.n < call->fn->min || args.n > call->fn->max)
        return fail(p->op, ERR_INVALID, "FHIRPath, position %u: %s() takes %u to %u arguments",
                    call->at + 1, call->fn->name, call->fn->min, call->fn->max);
    return advance(p);
}

/* A member or a function; the name is at hand. */
static err invocation(struct parser *p, bool first, struct path_node **ret)
{
    struct path_node *n = NULL;
    TRY(node_new(p, N_NAME, &n));
    if (p->t.kind != T_NAME && p->t.kind != T_QUOTED_NAME)
        return path_syntax(p->op, p->t.at, "a name");
    n->text = p->t.text;
    n->first = first;
    TRY(advance(p));
    if (at_symbol(p, "(")) {
        n->kind = N_CALL;
        n->fn = path_fn_find(n->text);
        if (!n->fn)
            return fail(p->op, ERR_INVALID, "FHIRPath, position %u: no function %.*s()", n->at + 1,
                        STR_ARG(n->text));
        TRY(advance(p));
        TRY(arguments(p, n));
    } else {
        n->word = fhir_word_find(n->text);
        n->fhir = fhir_model_find(n->text);
    }
    *ret = n;
    return OK;
}

static err dollar(struct parser *p, struct path_node **ret)
{
    static const char *const names[] = {"this", "index", "total"};
    static const enum path_node_kind kinds[] = {N_THIS, N_INDEX, N_TOTAL};
    for (size_t i = 0; i < 3; i++) {
        if (str_eq(p->t.text, str_of(names[i]))) {
            TRY(node_new(p, kinds[i], ret));
            return advance(p);
        }
    }
    return path_syntax(p->op, p->t.at, "$this, $index or $total");
}

static struct json *scalar(struct parser *p, enum json_type type, str s)
{
    struct json *v = json_new(p->op->arena, type);
    v->u.s = s;
    return v;
}

/* A number, with a unit a quantity. */
static err number(struct parser *p, struct path_node **ret)
{
    struct path_node *n = NULL;
    TRY(node_new(p, N_LITERAL, &n));
    str digits = p->t.text;
    struct path_dec d;
    if (!dec_parse(digits, &d))
        return path_syntax(p->op, p->t.at, "a number of at most 28 digits");
    n->literal.v = scalar(p, JSON_NUMBER, digits);
    n->literal.type = d.whole ? SYS_INTEGER : SYS_DECIMAL;
    TRY(advance(p));
    if (p->t.kind == T_STRING || (p->t.kind == T_NAME && path_unit_word(p->t.text))) {
        struct json *q = json_new(p->op->arena, JSON_OBJECT);
        json_set(p->op->arena, q, STR("value"), n->literal.v);
        json_set_str(p->op->arena, q, STR("unit"), p->t.text);
        n->literal = (struct path_item){.v = q, .type = SYS_QUANTITY};
        TRY(advance(p));
    }
    *ret = n;
    return op_check(p->op);
}

static err moment(struct parser *p, struct path_node **ret)
{
    str s = p->t.text;
    bool time = str_starts(s, STR("T"));
    bool dated = !time && str_find_char(s, 'T', 0) != SIZE_MAX;
    struct path_time t;
    TRY(node_new(p, N_LITERAL, ret));
    if (!moment_parse(s, time ? V_TIME : dated ? V_DATETIME : V_DATE, &t))
        return path_syntax(p->op, p->t.at, "a date @YYYY-MM-DD, @YYYY-MM-DDThh:mm:ss or @Thh:mm");
    (*ret)->literal.v = scalar(p, JSON_STRING, time ? str_sub(s, 1, s.n) : s);
    (*ret)->literal.type = time ? SYS_TIME : dated ? SYS_DATETIME : SYS_DATE;
    return advance(p);
}

static err string(struct parser *p, struct path_node **ret)
{
    TRY(node_new(p, N_LITERAL, ret));
    (*ret)->literal.v = scalar(p, JSON_STRING, p->t.text);
    (*ret)->literal.type = SYS_STRING;
    return advance(p);
}

static err boolean(struct parser *p, struct path_node **ret)
{
    TRY(node_new(p, N_LITERAL, ret));
    (*ret)->literal.v = json_new_bool(p->op->arena, is_word(p, "true"));
    (*ret)->literal.type = SYS_BOOLEAN;
    return advance(p);
}

static err symbol(struct parser *p, struct path_node **ret)
{
    if (at_symbol(p, "(")) {
        TRY(advance(p));
        TRY(expression(p, 0, ret));
        return want(p, ")", "')'");
    }
    if (at_symbol(p, "{")) {
        TRY(node_new(p, N_EMPTY, ret));
        TRY(advance(p));
        return want(p, "}", "'}'");
    }
    bool minus = at_symbol(p, "-");
    if (!minus && !at_symbol(p, "+"))
        return path_syntax(p->op, p->t.at, "a value");
    struct path_node *inner = NULL, *n = NULL;
    TRY(node_new(p, N_MINUS, &n));
    TRY(advance(p));
    TRY(expression(p, POWER_SIGN, &inner));
    n->op = minus ? OP_SUB : OP_ADD;
    *ret = n;
    return join(p, n, inner, NULL);
}

static err variable(struct parser *p, struct path_node **ret)
{
    TRY(node_new(p, N_VAR, ret));
    (*ret)->text = p->t.text;
    return advance(p);
}

static err term(struct parser *p, struct path_node **ret)
{
    switch (p->t.kind) {
    case T_NAME:
        if (is_word(p, "true") || is_word(p, "false"))
            return boolean(p, ret);
        return invocation(p, true, ret);
    case T_QUOTED_NAME:
        return invocation(p, true, ret);
    case T_STRING:
        return string(p, ret);
    case T_NUMBER:
        return number(p, ret);
    case T_DATE:
        return moment(p, ret);
    case T_DOLLAR:
        return dollar(p, ret);
    case T_PERCENT:
        return variable(p, ret);
    case T_SYMBOL:
        return symbol(p, ret);
    case T_END:
        break;
    }
    return path_syntax(p->op, p->t.at, "an expression");
}

/* ".name", ".fn()" and "[n]" after a term. */
static err postfix(struct parser *p, struct path_node **ret)
{
    while (at_symbol(p, ".") || at_symbol(p, "[")) {
        bool dot = at_symbol(p, ".");
        struct path_node *n = NULL, *b = NULL;
        TRY(node_new(p, dot ? N_DOT : N_AT, &n));
        TRY(advance(p));
        if (dot && p->t.kind == T_DOLLAR)
            TRY(dollar(p, &b));
        else if (dot)
            TRY(invocation(p, false, &b));
        else
            TRY(expression(p, 0, &b));
        TRY(join(p, n, *ret, b));
        if (!dot)
            TRY(want(p, "]", "']'"));
        *ret = n;
    }
    return OK;
}

static err binary(struct parser *p, size_t row, struct path_node **ret)
{
    struct path_node *n = NULL, *b = NULL;
    TRY(node_new(p, N_OP, &n));
    n->op = (uint8_t)operators[row].op;
    TRY(advance(p));
    if (n->op == OP_IS || n->op == OP_AS)
        TRY(type_name(p, n->op == OP_AS, &b));
    else
        TRY(expression(p, operators[row].power + 1, &b));
    TRY(join(p, n, *ret, b));
    *ret = n;
    return OK;
}

static err expression(struct parser *p, int power, struct path_node **ret)
{
    struct path_node *n = NULL;
    if (++p->depth > PATH_DEPTH_MAX)
        return path_syntax(p->op, p->t.at, "less nesting");
    TRY(term(p, &n));
    TRY(postfix(p, &n));
    for (;;) {
        size_t row = operator_at(p);
        if (row == OPERATORS || operators[row].power < power)
            break;
        TRY(binary(p, row, &n));
    }
    p->depth--;
    *ret = n;
    return OK;
}

err fhir_path_compile(struct op *op, str text, const struct fhir_path **ret)
{
    if (text.n > PATH_TEXT_MAX)
        return fail(op, ERR_TOO_LARGE, "a FHIRPath expression may have at most %u bytes",
                    PATH_TEXT_MAX);
    struct parser p = {.op = op, .lexer = {.op = op, .text = arena_str(op->arena, text)}};
    struct path_node *root = NULL;
    TRY(advance(&p));
    TRY(expression(&p, 0, &root));
    if (p.t.kind != T_END)
        return path_syntax(op, p.t.at, "an operator or the end");
    struct fhir_path *path = ARENA_NEW(op->arena, struct fhir_path);
    TRY(op_check(op));
    path->root = root;
    path->text = p.lexer.text;
    *ret = path;
    return OK;
}
