/* Any bytes as a large document, in one piece and in pieces of three: the same entries, or an end.
 */
#include "api/json_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t n, bytes, lines;
};

static bool see(void *ctx, str item, uint64_t line)
{
    struct seen *s = ctx;
    if (!item.n || item.n > JSON_ITEM_MAX)
        __builtin_trap();
    s->n++;
    s->bytes += item.n;
    s->lines += line;
    return true;
}

static bool run(str in, size_t piece, struct seen *ret)
{
    struct json_items s = {.fn = see, .ctx = ret, .line = 1};
    bool ok = true;
    *ret = (struct seen){0, 0, 0};
    for (size_t at = 0; ok && at < in.n; at += piece)
        ok = json_items_add(&s, str_sub(in, at, at + piece < in.n ? at + piece : in.n));
    ok = ok && json_items_end(&s);
    json_items_free(&s);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_make((const char *)data, size);
    struct seen whole, parts;
    bool ok = run(in, size + 1, &whole);
    if (ok != run(in, 3, &parts) || whole.n != parts.n || whole.bytes != parts.bytes ||
        whole.lines != parts.lines)
        __builtin_trap();
    return 0;
}
