/* The rows of spec/programme. Const tables. */
#include "programme/programme_int.h"

#include "programme_gen.h"

#include <stdlib.h>

const struct programme *programme_row(size_t i)
{
    return i < sizeof programmes / sizeof *programmes ? &programmes[i] : NULL;
}

const struct programme_code *programme_code_row(size_t i)
{
    return i < sizeof codes / sizeof *codes ? &codes[i] : NULL;
}

const struct programme_exclusion *programme_exclusion_row(size_t i)
{
    return i < sizeof exclusions / sizeof *exclusions ? &exclusions[i] : NULL;
}

const struct programme *programme_find(str code)
{
    const struct programme *p = NULL;
    for (size_t i = 0; (p = programme_row(i)); i++)
        if (str_eq(code, str_of(p->code)))
            return p;
    return NULL;
}

struct json *programme_texts(struct op *op, const char *const text[LANGUAGE_COUNT])
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    for (int l = 0; l < LANGUAGE_COUNT; l++)
        json_set_str(op->arena, o, str_of(LANGUAGE_TAGS[l]), str_of(text[l]));
    return o;
}

static struct json *criterion(struct op *op, const struct programme_criterion *c)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("code"), str_of(c->code));
    json_set(op->arena, o, STR("bar"), json_new_bool(op->arena, c->bar));
    json_set_str(op->arena, o, STR("group"), str_of(c->group));
    json_set(op->arena, o, STR("text"), programme_texts(op, c->text));
    json_set_str(op->arena, o, STR("citation"), str_of(c->citation));
    return o;
}

static struct json *step(struct op *op, const struct programme_step *s)
{
    static const char *const kinds[] = {"consent", "order", "kit", "teach"};
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("code"), str_of(s->code));
    json_set_str(op->arena, o, STR("kind"), str_of(kinds[s->kind]));
    json_set(op->arena, o, STR("text"), programme_texts(op, s->text));
    return o;
}

struct json *programme_catalogue(struct op *op)
{
    struct json *all = json_new(op->arena, JSON_ARRAY);
    const struct programme *p;
    for (size_t i = 0; (p = programme_row(i)); i++) {
        struct json *o = json_new(op->arena, JSON_OBJECT);
        struct json *criteria = json_new(op->arena, JSON_ARRAY);
        struct json *steps = json_new(op->arena, JSON_ARRAY);
        struct json *tips = json_new(op->arena, JSON_ARRAY);
        for (size_t k = 0; k < p->n_criteria; k++)
            json_push(op->arena, criteria, criterion(op, &p->criteria[k]));
        for (size_t k = 0; k < p->n_steps; k++)
            json_push(op->arena, steps, step(op, &p->steps[k]));
        for (size_t k = 0; k < p->n_tips; k++)
            json_push(op->arena, tips, programme_texts(op, p->tips[k].text));
        json_set_str(op->arena, o, STR("code"), str_of(p->code));
        json_set(op->arena, o, STR("title"), programme_texts(op, p->title));
        json_set(op->arena, o, STR("least"), json_new_i64(op->arena, p->least));
        json_set(op->arena, o, STR("most"), json_new_i64(op->arena, p->most));
        json_set(op->arena, o, STR("criteria"), criteria);
        json_set(op->arena, o, STR("steps"), steps);
        json_set(op->arena, o, STR("tips"), tips);
        json_push(op->arena, all, o);
    }
    return all;
}

err programmes_new(struct op *op, struct record *rec, const struct config *config,
                   struct programmes **ret)
{
    struct programmes *p = calloc(1, sizeof *p);
    if (!p)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    *p = (struct programmes){.rec = rec, .zone = config_str(config, "house.zone")};
    err e = kept_open(op, p);
    if (e != OK) {
        free(p);
        return e;
    }
    *ret = p;
    return OK;
}

void programmes_free(struct programmes *p)
{
    if (p)
        kept_close(p);
    free(p);
}
