/* The configuration: a value for every row of spec/config.csv, checked when it is set. Never reads
 * the environment. Invariant: every value held is within its row's limits. */
#include "base/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#define FILE_MAX_BYTES (1u << 20)

enum config_type { CONFIG_STR, CONFIG_INT, CONFIG_BOOL };

struct config_row {
    const char *name;
    enum config_type type;
    const char *fallback;
    int64_t low, high; /* of the value; of the length for CONFIG_STR */
    const char *what;
};

#include "config_rows.h"

struct value {
    str s;
    int64_t i;
};

#define PLACES 1024u
_Static_assert(CONFIG_ROWS * 2 <= PLACES, "half of the places stay empty");

struct config {
    struct arena *arena;
    struct value values[CONFIG_ROWS];
    uint16_t places[PLACES]; /* by hash of the name, or behind: the row and one; 0 is none */
};

/* Settings are asked for by name in the middle of the work, a dozen times a message. */
static size_t row_of(const struct config *c, str name)
{
    size_t at = (size_t)str_hash(name) % PLACES;
    while (c->places[at] && !str_eq(str_of(rows[c->places[at] - 1].name), name))
        at = (at + 1) % PLACES;
    return c->places[at] ? c->places[at] - 1u : CONFIG_ROWS;
}

static void place_row(struct config *c, size_t row)
{
    size_t at = (size_t)str_hash(str_of(rows[row].name)) % PLACES;
    while (c->places[at])
        at = (at + 1) % PLACES;
    c->places[at] = (uint16_t)(row + 1);
}

/* False when text is no value of the row. */
static bool parse(const struct config_row *row, str text, struct value *ret)
{
    struct value v = {.s = text};
    if (row->type == CONFIG_INT && !str_to_i64(text, &v.i))
        return false;
    if (row->type == CONFIG_BOOL) {
        v.i = str_eq(text, STR("true"));
        if (!v.i && !str_eq(text, STR("false")))
            return false;
    } else {
        int64_t measure = row->type == CONFIG_STR ? (int64_t)text.n : v.i;
        if (measure < row->low || measure > row->high || !str_utf8_valid(text))
            return false;
    }
    *ret = v;
    return true;
}

struct config *config_new(struct arena *a)
{
    struct config *c = ARENA_NEW(a, struct config);
    if (!c || arena_failed(a))
        return NULL;
    c->arena = a;
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        bool ok = parse(&rows[i], str_of(rows[i].fallback), &c->values[i]);
        assert(ok); /* tools/gen_config.py has checked it */
        (void)ok;
        place_row(c, i);
    }
    return c;
}

/* where: "file:line: " or empty. The value itself may be a secret and is not repeated. */
static err set(struct op *op, struct config *c, const char *where, str name, str text)
{
    size_t i = row_of(c, name);
    if (i == CONFIG_ROWS)
        return fail(op, ERR_INVALID, "%sThere is no setting \"%.*s\"; see spec/config.csv.", where,
                    STR_ARG(name));
    const struct config_row *row = &rows[i];
    struct value v;
    if (!parse(row, text, &v)) {
        if (row->type == CONFIG_BOOL)
            return fail(op, ERR_INVALID, "%sThe setting %s is true or false.", where, row->name);
        return fail(op, ERR_INVALID, "%sThe setting %s is %s from %lld to %lld%s. %s", where,
                    row->name, row->type == CONFIG_INT ? "a whole number" : "a text",
                    (long long)row->low, (long long)row->high,
                    row->type == CONFIG_INT ? "" : " bytes long", row->what);
    }
    v.s = arena_str(c->arena, text);
    if (arena_failed(c->arena))
        return fail(op, ERR_FAULT, "%sNo memory for the configuration.", where);
    c->values[i] = v;
    return OK;
}

err config_set(struct op *op, struct config *c, str name, str value)
{
    return set(op, c, "", name, value);
}

/* The file's bytes, at most FILE_MAX_BYTES. */
static err read_file(struct op *op, str path, str *ret)
{
    const char *name = str_z(op->arena, path);
    FILE *f = fopen(name, "rbe");
    if (!f)
        return fail(op, ERR_INVALID, "%s: cannot be opened (%s).", name, strerrordesc_np(errno));
    char *text = arena_alloc(op->arena, FILE_MAX_BYTES + 1);
    size_t n = text ? fread(text, 1, FILE_MAX_BYTES + 1, f) : 0;
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return fail(op, ERR_INVALID, "%s: cannot be read.", name);
    if (!text)
        return op_check(op);
    if (n > FILE_MAX_BYTES)
        return fail(op, ERR_TOO_LARGE, "%s: too long for a configuration.", name);
    *ret = str_make(text, n);
    return OK;
}

err config_load(struct op *op, struct config *c, str path)
{
    str rest = STR_NONE, line, name;
    TRY(read_file(op, path, &rest));
    for (size_t number = 1; str_take_until(&rest, '\n', &line); number++) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        str where = arena_printf(op->arena, "%.*s:%zu: ", STR_ARG(path), number);
        if (arena_failed(op->arena))
            return op_check(op);
        if (!str_take_until(&line, '=', &name) || !line.p)
            return fail(op, ERR_INVALID, "%sWrite \"name = value\".", where.p);
        TRY(set(op, c, where.p, str_trim(name), str_trim(line)));
    }
    return OK;
}

static const struct value *get(const struct config *c, const char *name, enum config_type type)
{
    size_t i = row_of(c, str_of(name));
    assert(i < CONFIG_ROWS && rows[i].type == type);
    (void)type;
    return &c->values[i];
}

str config_str(const struct config *c, const char *name)
{
    return get(c, name, CONFIG_STR)->s;
}

int64_t config_int(const struct config *c, const char *name)
{
    return get(c, name, CONFIG_INT)->i;
}

bool config_bool(const struct config *c, const char *name)
{
    return get(c, name, CONFIG_BOOL)->i != 0;
}
