/* /docs/examples: requests to copy, from spec/examples.txt; tests/30-http runs every one of them.
 */
#include "api/docs_int.h"

__asm__(".pushsection .rodata\n"
        "docs_examples_text:\n"
        ".incbin \"examples.txt\"\n"
        "docs_examples_end:\n"
        ".popsection\n");

extern const char docs_examples_text[] __attribute__((visibility("hidden")));
extern const char docs_examples_end[] __attribute__((visibility("hidden")));

bool docs_examples(struct call *c, struct buf *b, str rest)
{
    str all = str_make(docs_examples_text, (size_t)(docs_examples_end - docs_examples_text)), line;
    bool open = false;
    (void)c;
    buf_add(b, STR("<h1>Examples</h1><p>For a shell with <code>curl</code> and <code>jq</code>. "
                   "<code>BASE</code> is this server's address, <code>TOKEN</code> what "
                   "<code>weft token</code> or a sign-in gave. All of them are run by the server's "
                   "own tests.</p>"));
    while (str_take_until(&all, '\n', &line)) {
        bool title = str_starts(line, STR("# "));
        if (open && (title || !line.n)) {
            buf_add(b, STR("</code></pre>"));
            open = false;
        }
        if (title) {
            buf_add(b, STR("<h2>"));
            buf_html(b, str_sub(line, 2, line.n));
            buf_add(b, STR("</h2>"));
        } else if (line.n) {
            buf_add(b, open ? STR("\n") : STR("<pre><code>"));
            buf_html(b, line);
            open = true;
        }
    }
    if (open)
        buf_add(b, STR("</code></pre>"));
    return !rest.n;
}
