/* Fuzz harness: any bytes as a template. What is taken apart and put together again, braces
 * doubled, is the text. */
#include "campaign/words_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct op op;
    struct words_part *parts;
    struct buf b;
    size_t n;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 0);
    str in = str_make((const char *)data, size);
    if (words_parse(&op, in, &parts, &n) == OK) {
        buf_init(&b, op.arena, 2 * size + 10);
        for (size_t i = 0; i < n; i++) {
            if (parts[i].variable)
                buf_char(&b, '{');
            buf_add(&b, parts[i].text);
            char last = parts[i].text.n ? parts[i].text.p[parts[i].text.n - 1] : ' ';
            if (parts[i].variable)
                buf_char(&b, '}');
            else if (last == '{' || last == '}')
                buf_char(&b, last);
        }
        if (!str_eq(buf_str(&b), in))
            abort();
    }
    arena_free(a);
    return 0;
}
