/* The shared bundles of 149 synthetic people: every resource goes from JSON to XML and back and is
 * the same, and so is each Bundle as a whole. A sample of them; all with WEFT_SOAK_MINUTES (make
 * soak). Skipped, loudly, where the data is absent. */
#include "base/test.h"
#include "fhir/xml.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_BYTES (16u << 20)
#define SAMPLE 12u /* every twelfth Bundle */

static size_t resources;

static void comes_back(struct op *op, const struct json *resource)
{
    struct json *v = json_dup(op->arena, resource), *again = NULL;
    struct buf text, xml;
    buf_init(&text, op->arena, 64u << 20);
    buf_init(&xml, op->arena, 64u << 20);
    json_write(&text, v);
    assert_int_equal(fhir_stored_read(op, buf_str(&text), &v), OK);
    fhir_xml_write(&xml, v, resources % 2);
    assert_true(buf_ok(&xml));
    if (fhir_xml_read(op, buf_str(&xml), &again) != OK)
        fail_msg("%.*s: %.*s", STR_ARG(op->fault.issues[0].expression),
                 STR_ARG(op->fault.issues[0].message));
    if (!json_equal(v, again))
        fail_msg("resource %zu (%.*s) is not the same", resources,
                 STR_ARG(json_get_str(v, STR("resourceType"))));
    resources++;
}

static void bundle(str line)
{
    struct op op = test_op();
    struct json *v, *entry;
    assert_int_equal(json_read(&op, line, &JSON_LIMITS_DEFAULT, &v), OK);
    comes_back(&op, v);
    for (size_t i = 0; (entry = json_at(JSON_GET(v, "entry"), i)); i++)
        comes_back(&op, JSON_GET(entry, "resource"));
    test_op_done(&op);
}

static void all_come_back(void **state)
{
    (void)state;
    char command[4096];
    const char *shared = getenv("WEFT_SHARED");
    unsigned step = getenv("WEFT_SOAK_MINUTES") ? 1 : SAMPLE, n = 0;
    int made = snprintf(command, sizeof command,
                        "cd '%s/data/fhir' 2>/dev/null && gunzip -c hf49.bundles.ndjson.gz "
                        "other100.bundles.ndjson.gz 2>/dev/null",
                        shared ? shared : "../shared");
    FILE *in = made > 0 && (size_t)made < sizeof command ? popen(command, "r") : NULL;
    char *line = malloc(LINE_BYTES);
    assert_non_null(line);
    while (in && fgets(line, LINE_BYTES, in))
        if (n++ % step == 0)
            bundle(str_trim(str_of(line)));
    free(line);
    if (in)
        (void)pclose(in);
    if (!n) {
        print_message("SKIPPED: the shared bundles are not here (set WEFT_SHARED)\n");
        skip();
    }
    assert_int_equal(n, 149);
    if (step == 1)
        assert_int_equal(resources, 149 + 55669);
    print_message("%zu resources came back the same (one Bundle in %u)\n", resources, step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
