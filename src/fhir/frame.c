/* FHIRPath text of where a walk stands. Only made when there is something to tell. Names that came
 * from outside are shown only when they look like a name. */
#include "fhir_int.h"

#define NAME_SHOWN_MAX 64u

static bool name_like(str s)
{
    if (s.n == 0 || s.n > NAME_SHOWN_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], low = (char)(c | 32);
        if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

str fhir_frame_path(struct arena *a, const struct fhir_frame *f)
{
    const struct fhir_frame *chain[FHIR_DEPTH_MAX * 2 + 4];
    size_t n = 0;
    struct buf b;
    for (; f && n < sizeof chain / sizeof *chain; f = f->up)
        chain[n++] = f;
    buf_init(&b, a, 64 * 1024);
    for (size_t i = n; i-- > 0;) {
        if (i + 1 < n)
            buf_char(&b, '.');
        if (name_like(chain[i]->name))
            buf_add(&b, chain[i]->name);
        else
            buf_add(&b, STR("`?`"));
        if (chain[i]->index >= 0)
            buf_printf(&b, "[%lld]", (long long)chain[i]->index);
        if (chain[i]->type)
            buf_printf(&b, ".ofType(%.*s)", STR_ARG(fhir_word(fhir_models[chain[i]->type].name)));
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}
