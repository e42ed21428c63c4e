/* tests/vectors/fhir_profile.txt: profiles and resources, and what must be told of them. The file
 * says how it is written. */
#include "base/test.h"
#include "fhir/fhir_int.h"
#include "fhir/fixture.h"
#include "fhir/profile_fixture.h"

#define URL "http://example.org/"

struct bench {
    struct profiles profiles;
    struct arena *keep;
    const struct fhir_rules *rules;
    struct op op;
    size_t checked;
};

/* a and b of system s are in vs; nothing is known of any other set. */
static err member(struct op *op, void *ctx, str set, struct terms_code code, enum terms_answer *ret,
                  str *ret_display)
{
    (void)op;
    (void)ctx;
    (void)ret_display;
    bool in = str_eq(code.code, STR("a")) || str_eq(code.code, STR("b"));
    *ret = !str_eq(set, STR(URL "vs"))             ? TERMS_UNKNOWN
           : in && (str_eq(code.system, STR("s"))) ? TERMS_YES
                                                   : TERMS_NO;
    return OK;
}

/* "NAME TYPE BASE elements" */
static void define(struct bench *b, str rest, const char *view)
{
    str name, type, base;
    assert_true(str_take_until(&rest, ' ', &name) && str_take_until(&rest, ' ', &type) &&
                str_take_until(&rest, ' ', &base));
    bool plain = str_eq(base, STR("-"));
    str parent = plain ? type : base;
    profiles_give(
        &b->profiles,
        arena_printf(
            b->keep,
            "{\"resourceType\":\"StructureDefinition\",\"url\":\"" URL "%.*s\",\"version\":"
            "\"1\",\"type\":\"%.*s\",\"derivation\":\"constraint\",\"baseDefinition\":\"%s"
            "%.*s\",\"%s\":{\"element\":%.*s}}",
            STR_ARG(name), STR_ARG(type), plain ? "http://hl7.org/fhir/StructureDefinition/" : URL,
            STR_ARG(parent), view, STR_ARG(rest)));
}

static str told(struct bench *b, enum severity severity)
{
    struct buf out;
    buf_init(&out, b->op.arena, 1u << 16);
    for (size_t i = 0; i < b->op.fault.n; i++) {
        const struct issue *is = &b->op.fault.issues[i];
        size_t open = str_find(is->message, STR(" ["), 0), next;
        if (is->severity != severity)
            continue;
        while (open != SIZE_MAX && (next = str_find(is->message, STR(" ["), open + 1)) != SIZE_MAX)
            open = next;
        str key = open == SIZE_MAX ? STR("?") : str_sub(is->message, open + 2, is->message.n - 1);
        key = str_sub(key, 0, str_find_char(key, ',', 0));
        buf_printf(&out, "%s%.*s %.*s", out.n ? " " : "", STR_ARG(is->expression), STR_ARG(key));
    }
    assert_true(buf_ok(&out));
    return buf_str(&out);
}

static void check(struct bench *b, str rest, bool must, bool base)
{
    const struct fhir_terms terms = {.member = member};
    struct fhir_profile_env env = {.rules = base ? b->rules : NULL,
                                   .terms = base ? NULL : &terms,
                                   .profile = base ? NULL : profiles_find,
                                   .ctx = &b->profiles,
                                   .must_support = must};
    str name = STR("-"), url;
    struct json *tree;
    arena_reset(b->op.arena);
    op_init(&b->op, b->op.arena, NULL, 1700000000000);
    if (!base)
        assert_true(str_take_until(&rest, ' ', &name));
    url = arena_printf(b->op.arena, URL "%.*s", STR_ARG(name));
    if (fhir_read(&b->op, rest, 0, &tree) != OK)
        fail_msg("not valid R4: %.*s: %.*s\n", STR_ARG(b->op.fault.issues[0].expression),
                 STR_ARG(b->op.fault.issues[0].message));
    err e = fhir_profile_check(&b->op, &env, tree, &url, !str_eq(name, STR("-")));
    assert_true(e == OK || e == ERR_UNPROCESSABLE);
    assert_int_equal(e == OK, str_empty(told(b, SEVERITY_ERROR)));
    b->checked++;
}

static void expect(struct bench *b, str line, str wanted, enum severity severity)
{
    str got = told(b, severity);
    if (!str_eq(got, wanted))
        fail_msg("%.*s\nwanted: %.*s\n   got: %.*s\n", STR_ARG(line), STR_ARG(wanted),
                 STR_ARG(got));
}

static bool verdict(struct bench *b, str document, str line, unsigned *seen)
{
    static const char *const kinds[] = {"error:", "warning:", "information:"};
    for (int i = 0; i < 3; i++)
        if (str_starts(line, str_of(kinds[i]))) {
            *seen |= 1u << i;
            expect(b, document, str_trim(str_sub(line, strlen(kinds[i]), line.n)),
                   (enum severity)i);
            return true;
        }
    return false;
}

/* Severities without a line tell nothing. */
static void silent(struct bench *b, str document, unsigned seen)
{
    for (unsigned i = 0; document.n && i < 2; i++)
        if (!(seen & 1u << i))
            expect(b, document, STR(""), (enum severity)i);
}

static void vectors(void **state)
{
    (void)state;
    struct bench b = {.keep = arena_new(0), .op = test_op()};
    str text, line, document = STR("");
    unsigned seen = 0;
    profiles_init(&b.profiles);
    assert_int_equal(fhir_rules_compile(&b.op, b.keep, &b.rules), OK);
    text = fixture_file(b.keep, WEFT_SOURCE "/tests/vectors/fhir_profile.txt");
    while (str_take_until(&text, '\n', &line)) {
        str rest = line, word;
        if (str_empty(line) || line.p[0] == '#' || verdict(&b, document, line, &seen))
            continue;
        silent(&b, document, seen);
        assert_true(str_take_until(&rest, ' ', &word));
        document = STR("");
        seen = 0;
        if (str_eq(word, STR("profile")) || str_eq(word, STR("snapshot"))) {
            define(&b, rest, str_eq(word, STR("profile")) ? "differential" : "snapshot");
            continue;
        }
        check(&b, rest, str_eq(word, STR("must")), str_eq(word, STR("base")));
        document = line;
    }
    silent(&b, document, seen);
    assert_true(b.checked > 60);
    arena_free(b.keep);
    arena_free(b.profiles.arena);
    test_op_done(&b.op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
