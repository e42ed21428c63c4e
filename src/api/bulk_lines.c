/* NDJSON to lines (http://ndjson.org), some at a time. Pure. Invariant: every byte of the piece
 * belongs to exactly one line, and the cut always moves on. */
#include "api/bulk_int.h"

#define BATCH_BYTES (1u << 20)

static err take(struct op *op, struct bulk_cut *cut, struct bulk_line *l)
{
    size_t nl = str_find_char(cut->piece, '\n', cut->at);
    size_t end = nl == SIZE_MAX ? cut->piece.n : nl;
    str text = str_trim(str_sub(cut->piece, cut->at, end));
    if (end - cut->at > BULK_PART + BULK_LINE_MAX)
        return fail(op, ERR_TOO_LARGE, "A line has more than %u bytes.", BULK_PART + BULK_LINE_MAX);
    *l = (struct bulk_line){.number = cut->number + 1, .end = nl == SIZE_MAX ? end : nl + 1};
    if (cut->numbered &&
        (!str_take_u64(&text, UINT64_MAX, &l->number) || !text.n || text.p[0] != '\t'))
        return fail(op, ERR_FAULT, "A line that was put off is damaged.");
    l->text = str_trim(text);
    return OK;
}

err bulk_split(struct op *op, struct bulk_cut *cut, struct bulk_line ret[BULK_BATCH], size_t *ret_n)
{
    size_t n = 0, bytes = 0;
    while (cut->at < cut->piece.n && n < BULK_BATCH && bytes < BATCH_BYTES) {
        struct bulk_line l;
        TRY(take(op, cut, &l));
        bool bundle = record_import_bundle(l.text);
        if (bundle && n)
            break;
        ret[n++] = l;
        bytes += l.text.n;
        cut->at = l.end;
        cut->number++;
        if (bundle)
            break;
    }
    *ret_n = n;
    return OK;
}
