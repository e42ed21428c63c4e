/* fhirpath_answers EXPRESSIONS: each line of the file is "Type<TAB>expression" ("*" = any type).
 * For each resource on standard input (one a line), evaluates the expressions of its type and
 * writes one line each: number of the expression, TAB, JSON array of the answer, or "!" for an
 * error. */
#include "base/buf.h"
#include "fhir/fhir.h"

#include <stdio.h>
#include <stdlib.h>

#define LINES_MAX 16384

struct expression {
    str type, text;
};

static str slurp(struct op *op, FILE *f)
{
    struct buf b;
    buf_init(&b, op->arena, 256u << 20);
    for (size_t got = 1; got; buf_commit(&b, got)) {
        char *to = buf_reserve(&b, 1u << 16);
        got = to ? fread(to, 1, 1u << 16, f) : 0;
    }
    return buf_str(&b);
}

/* A number in a string, so that nothing is lost on the way; quantities as "value 'unit'". */
static void write_item(struct buf *b, const struct json *v, str type)
{
    if (str_eq(type, STR("System.Quantity"))) {
        str value = json_get_str(v, STR("value")), unit = json_get_str(v, STR("unit"));
        buf_printf(b, "\"%.*s '%.*s'\"", STR_ARG(value), STR_ARG(unit));
    } else if (v->type == JSON_NUMBER) {
        buf_json_string(b, v->u.s);
    } else {
        json_write(b, v);
    }
}

static void answer(struct op *op, struct json *resource, str text, struct buf *b)
{
    const struct fhir_path *p = NULL;
    struct fhir_path_items items;
    op_clear(op);
    if (fhir_path_compile(op, text, &p) != OK || fhir_path_eval(op, p, resource, &items) != OK) {
        buf_char(b, '!');
        return;
    }
    buf_char(b, '[');
    for (size_t i = 0; i < items.n; i++) {
        if (i)
            buf_char(b, ',');
        write_item(b, items.at[i], fhir_path_type_name(items.types[i]));
    }
    buf_char(b, ']');
}

static void answer_all(struct op *op, const struct expression *all, size_t n, str line)
{
    struct json *resource = NULL;
    if (fhir_read(op, line, 0, &resource) != OK)
        printf("X\n");
    for (size_t i = 0; resource && i < n; i++) {
        struct buf b;
        str type = json_get_str(resource, STR("resourceType"));
        buf_init(&b, op->arena, 16u << 20);
        if (!str_eq(all[i].type, STR("*")) && !str_eq(all[i].type, type))
            continue;
        answer(op, resource, all[i].text, &b);
        printf("%zu\t%.*s\n", i, STR_ARG(buf_str(&b)));
    }
}

int main(int n_args, char **args)
{
    static struct expression all[LINES_MAX];
    struct arena *keep = arena_new(0), *each = arena_new(0);
    struct op op, once;
    size_t n = 0;
    str line;
    FILE *f = n_args == 2 && keep && each ? fopen(args[1], "rb") : NULL;
    if (!f)
        return 2;
    op_init(&op, keep, NULL, 1700000000000);
    str text = slurp(&op, f), input = slurp(&op, stdin);
    (void)!fclose(f);
    while (n < LINES_MAX && str_take_until(&text, '\n', &line)) {
        str type = STR_NONE;
        if (line.n && line.p[0] != '#' && str_take_until(&line, '\t', &type))
            all[n++] = (struct expression){.type = type, .text = line};
    }
    while (str_take_until(&input, '\n', &line)) {
        arena_reset(each);
        op_init(&once, each, NULL, 1700000000000);
        if (line.n)
            answer_all(&once, all, n, line);
    }
    arena_free(each);
    arena_free(keep);
    return 0;
}
