/* Every obligation that a rule of contact asks for has code that carries it out, or a named reason;
 * a named function is in the named file. Read from spec/rules, so a new rule cannot be forgotten.
 */
#include "base/json.h"
#include "base/test.h"
#include "outreach/obligation.h"

#include <dirent.h>

static str text_of(struct op *op, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *p = arena_alloc(op->arena, 1u << 18);
    if (!f || !p)
        return STR_NONE;
    size_t n = fread(p, 1, 1u << 18, f);
    fclose(f);
    return str_make(p, n);
}

static bool of_contact(str trigger)
{
    static const char *const starts[] = {"outbound.", "inbound.",        "dialer.",
                                         "campaign.", "consent.capture", "config."};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (str_starts(trigger, str_of(starts[i])))
            return true;
    return false;
}

static const struct obligation_row *row_of(str code)
{
    for (size_t i = 0; i < obligation_count; i++)
        if (str_eq(code, str_of(obligation_rows[i].code)))
            return &obligation_rows[i];
    return NULL;
}

static void look(const struct json *rule, const char *member, size_t *seen)
{
    const struct json *codes = json_get(rule, str_of(member));
    for (size_t i = 0; codes && i < codes->n; i++) {
        str code = json_str(json_at(codes, i));
        if (!row_of(code))
            print_error("%.*s asks for %.*s\n", STR_ARG(json_get_str(rule, STR("id"))),
                        STR_ARG(code));
        assert_non_null(row_of(code));
        ++*seen;
    }
}

static void every_obligation_of_contact_has_a_home(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t seen = 0;
    static const char *const books[] = {"acc",  "cap", "cures", "dev",  "emg", "eml",
                                        "gdpr", "msg", "p2",    "priv", "tcpa"};
    for (size_t b = 0; b < sizeof books / sizeof *books; b++) {
        struct json *book;
        str path = arena_printf(op.arena, WEFT_SOURCE "/spec/rules/%s.json", books[b]);
        assert_int_equal(
            json_read(&op, text_of(&op, str_z(op.arena, path)), &JSON_LIMITS_DEFAULT, &book), OK);
        const struct json *rules = JSON_GET(book, "rules"), *one;
        for (size_t i = 0; (one = json_at(rules, i)); i++) {
            if (!of_contact(json_get_str(one, STR("trigger"))))
                continue;
            look(one, "obligations", &seen);
            look(one, "duties", &seen);
        }
    }
    assert_true(seen > 80);
    test_op_done(&op);
}

static void named_functions_are_in_the_named_files(void **state)
{
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < obligation_count; i++) {
        const struct obligation_row *r = &obligation_rows[i];
        assert_true(r->reason || (r->file && r->door));
        if (!r->file)
            continue;
        str source =
            text_of(&op, str_z(op.arena, arena_printf(op.arena, WEFT_SOURCE "/src/%s", r->file)));
        str call = arena_printf(op.arena, "%s(", r->door);
        if (str_find(source, call, 0) == SIZE_MAX)
            print_error("%s: no %s in %s\n", r->code, r->door, r->file);
        assert_true(str_find(source, call, 0) != SIZE_MAX);
        arena_reset(op.arena);
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_obligation_of_contact_has_a_home),
        cmocka_unit_test(named_functions_are_in_the_named_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
