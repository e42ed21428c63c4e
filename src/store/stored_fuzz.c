/* Everything the store parses that others may have written: page positions (clients), and rows
 * (whoever reached the disk). Nothing may crash or read outside. */
#include "store/search_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    static uint16_t lows[CHUNK_SIZE];
    struct op op;
    str in = str_make((const char *)data, size), rest = in, key;
    struct hit hit;
    struct pend pend;
    struct fwd_entry entry;
    struct version version;
    uint64_t t = 0;
    size_t n = 0;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 0);
    for (unsigned order = 0; order < 3; order++) {
        struct store_sort sort = {.order = (enum store_order)order, .param = 5};
        err e = position_read(&op, in, &sort, &t, &hit);
        (void)e;
    }
    bool good = list_read(in, lows, &n);
    while (good && fwd_read(&rest, 1, &entry))
        n++;
    for (rest = in; pend_read(&rest, &pend);)
        n++;
    for (rest = in; keyset_next(&rest, &key);)
        n++;
    err e = version_read(&op, doc_key(1, 1), in, &version);
    (void)e;
    arena_free(a);
    return 0;
}
