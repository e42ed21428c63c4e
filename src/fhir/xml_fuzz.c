/* Any bytes as FHIR XML: reading ends in a verdict; what is a valid resource goes out as XML and
 * comes back the same. */
#include "fhir_int.h"
#include "xml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* A div changes where XML cannot say what JSON can: named entities, comments with "--". */
static bool plain(const struct json *v, unsigned depth)
{
    must(depth < 200);
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        if (!plain(&v->u.items[i], depth + 1))
            return false;
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++)
        if (str_eq(v->u.members[i].name, STR("div")) || !plain(&v->u.members[i].value, depth + 1))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *v, *again;
    struct buf b;
    op_init(&op, a, NULL, 0);
    err e = fhir_xml_read(&op, str_make((const char *)data, n), &v);
    must((e == OK) == (op.fault.code == OK));
    if (e == OK && fhir_validate(&op, v) == OK) {
        buf_init(&b, a, 32u << 20);
        fhir_xml_write(&b, v, n % 2);
        must(buf_ok(&b) && fhir_xml_read(&op, buf_str(&b), &again) == OK);
        must(!plain(v, 0) || json_equal(v, again));
    }
    arena_free(a);
    return 0;
}
