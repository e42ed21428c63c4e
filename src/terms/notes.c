/* Designations and properties of a concept, read one after the other. */
#include "terms/terms_int.h"

static bool take_text(struct notes *n, str *ret)
{
    uint64_t ref;
    if (!take_varint(&n->in, &ref) || ref > UINT32_MAX)
        return false;
    *ret = blob_text(n->b, (uint32_t)ref);
    return true;
}

struct notes notes_of(const struct blob *b, unsigned section, uint32_t at)
{
    uint32_t all;
    const char *p = blob_rows(b, section, 1, &all);
    struct notes n = {.b = b};
    if (!at || at >= all)
        return n;
    n.in = str_make(p + at, all - at);
    if (!take_text(&n, &n.definition) || !take_varint(&n.in, &n.designations))
        n.designations = 0;
    return n;
}

bool notes_designation(struct notes *n, struct note *ret)
{
    struct note d = {0};
    if (!n->designations)
        return false;
    n->designations--;
    if (!take_text(n, &d.lang) || !take_text(n, &d.system) || !take_text(n, &d.code) ||
        !take_text(n, &d.display) || !take_text(n, &d.value)) {
        n->in = STR_NONE;
        n->designations = 0;
        return false;
    }
    *ret = d;
    return true;
}

bool notes_property(struct notes *n, struct note *ret)
{
    struct note p = {0};
    uint64_t head;
    while (notes_designation(n, &p))
        ;
    if (n->props == 0) {
        if (!take_varint(&n->in, &n->props) || n->props == 0)
            return false;
        n->props++; /* counted down to 1: then there is no more */
    }
    p = (struct note){0};
    if (n->props == 1 || !take_varint(&n->in, &head) || !take_text(n, &p.value))
        return false;
    n->props--;
    p.type = head & 7;
    p.property = (uint32_t)(head >> 3);
    if (p.type == 2 && (!take_text(n, &p.system) || !take_text(n, &p.display)))
        return false;
    *ret = p;
    return true;
}

bool language_fits(str tag, str wanted)
{
    return tag.n >= wanted.n && str_eq_nocase(str_sub(tag, 0, wanted.n), wanted) &&
           (tag.n == wanted.n || tag.p[wanted.n] == '-');
}

static bool in_language(struct notes n, str language, str *ret)
{
    struct note d;
    while (notes_designation(&n, &d))
        if (language_fits(d.lang, language) && d.value.n) {
            *ret = d.value;
            return true;
        }
    return false;
}

str system_display_in(const struct system *s, uint32_t row, str language)
{
    str found = STR_NONE, code;
    if (row >= s->n || !language.n)
        return system_display(s, row);
    if (in_language(notes_of(&s->b, SEC_DETAIL, s->rows[row].detail), language, &found))
        return found;
    code = system_text(s, row);
    for (size_t i = 0; i < s->n_supplements; i++) {
        const struct system *more = &s->supplements[i];
        uint32_t at = system_code(more, code);
        if (at != NO_CODE &&
            in_language(notes_of(&more->b, SEC_DETAIL, more->rows[at].detail), language, &found))
            return found;
    }
    return system_display(s, row);
}
