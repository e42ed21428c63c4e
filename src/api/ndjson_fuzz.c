/* Any bytes as NDJSON: cut into lines, every byte is in exactly one, none is met twice, and each
 * line ends in a verdict when it is read as a resource. */
#include "api/bulk_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct bulk_line lines[BULK_BATCH];
    struct bulk_cut cut = {.piece = str_make((const char *)data, n),
                           .numbered = n && data[0] == '1'};
    size_t got, from = 0, newlines = 0, met = 0;
    must(a != NULL);
    op_init(&op, a, NULL, 1700000000000);
    for (size_t i = 0; i < n; i++)
        newlines += data[i] == '\n';
    while (cut.at < n) {
        if (bulk_split(&op, &cut, lines, &got) != OK) {
            must(cut.numbered && op.fault.code != OK);
            break;
        }
        must(got > 0);
        for (size_t i = 0; i < got; i++) {
            struct json *v;
            must(lines[i].end > from && lines[i].end <= n);
            must(!lines[i].text.n ||
                 (lines[i].text.p >= cut.piece.p + from &&
                  lines[i].text.p + lines[i].text.n <= cut.piece.p + lines[i].end));
            must(str_find_char(lines[i].text, '\n', 0) == SIZE_MAX);
            from = lines[i].end;
            met++;
            op_clear(&op);
            must((fhir_read(&op, lines[i].text, 0, &v) == OK) == (op.fault.code == OK));
        }
        op_clear(&op);
        must(cut.at == from);
    }
    must(op.fault.code != OK || met == newlines + (n && data[n - 1] != '\n'));
    arena_free(a);
    return 0;
}
