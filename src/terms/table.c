/* Tables of texts: CSV (RFC 4180, quotes and line ends within them), tab-separated (SNOMED CT's
 * RF2) and pipe-separated (RxNorm's RRF). Columns are found by the names of the header line, so
 * that a release with more of them is read all the same. */
#include "terms/load_int.h"

#define BOM "\xef\xbb\xbf"

static bool fault(struct table *t, const char *what)
{
    if (t->failed == OK)
        t->failed = fail(t->op, ERR_INVALID, "%.*s:%llu: %s.", STR_ARG(t->member->name),
                         (unsigned long long)lines_number(t->lines), what);
    return false;
}

static bool split_plain(struct table *t, str line, char sep, size_t *ret_n)
{
    str cell;
    size_t n = 0;
    while (str_take_until(&line, sep, &cell)) {
        if (n == COLUMNS_MAX)
            return fault(t, "there are too many columns");
        t->cells[n++] = cell;
    }
    *ret_n = n;
    return true;
}

/* True when the text ends inside quotes. */
static bool open_quote(str text)
{
    bool inside = false;
    for (size_t i = 0; i < text.n; i++)
        inside ^= text.p[i] == '"';
    return inside;
}

/* Cells of a whole record, unquoted in place. */
static bool split_csv(struct table *t, char *p, size_t len, size_t *ret_n)
{
    size_t n = 0, i = 0;
    for (;;) {
        char *out = p + i, *start = out;
        bool quoted = i < len && p[i] == '"', closed = !quoted;
        if (n == COLUMNS_MAX)
            return fault(t, "there are too many columns");
        for (i += quoted; i < len && (!closed || p[i] != ','); i++) {
            if (quoted && p[i] == '"') {
                if (closed)
                    return fault(t, "a quoted cell goes on after its closing quote");
                if (i + 1 < len && p[i + 1] == '"')
                    i++;
                else {
                    closed = true;
                    continue;
                }
            } else if (quoted && closed) {
                return fault(t, "a quoted cell goes on after its closing quote");
            }
            *out++ = p[i];
        }
        t->cells[n++] = str_make(start, (size_t)(out - start));
        if (i >= len)
            break;
        i++;
    }
    *ret_n = n;
    return true;
}

static bool read_record(struct table *t, size_t *ret_n)
{
    str line;
    do {
        if (t->failed != OK || !lines_next(t->lines, &line))
            return false;
    } while (!line.n);
    if (lines_number(t->lines) == 1 && str_starts(line, STR(BOM)))
        line = str_sub(line, 3, SIZE_MAX);
    if (!str_utf8_valid(line))
        return fault(t, "the line is not UTF-8");
    if (t->kind != TABLE_CSV)
        return split_plain(t, line, t->kind == TABLE_TAB ? '\t' : '|', ret_n);
    buf_clear(&t->record);
    buf_add(&t->record, line);
    while (open_quote(buf_str(&t->record))) {
        if (!lines_next(t->lines, &line))
            return fault(t, "a quoted cell does not end");
        buf_char(&t->record, '\n');
        buf_add(&t->record, line);
        if (!buf_ok(&t->record))
            return fault(t, "the record is longer than a megabyte");
    }
    return split_csv(t, t->record.p, t->record.n, ret_n);
}

static err missing(struct table *t, const char *column)
{
    return fail(t->op, ERR_INVALID, "%.*s:1: there is no column %s; is this the right file?",
                STR_ARG(t->member->name), column);
}

/* Numbers instead of names: a file without a header line. */
static bool by_number(const char *const *columns)
{
    return columns[0] && columns[0][0] >= '0' && columns[0][0] <= '9';
}

static err find_columns(struct table *t, const char *const *columns)
{
    size_t n = 0;
    if (!read_record(t, &n))
        return t->failed != OK ? t->failed : missing(t, columns[0]);
    for (size_t c = 0; columns[c]; c++) {
        bool optional = columns[c][0] == '?';
        str name = str_of(columns[c] + optional);
        t->at[c] = SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            if (str_eq_nocase(t->cells[i], name))
                t->at[c] = i;
        if (t->at[c] == SIZE_MAX && !optional)
            return missing(t, columns[c]);
        if (!optional && t->at[c] >= t->n_needed)
            t->n_needed = t->at[c] + 1;
    }
    return OK;
}

err table_open(const struct release *r, const struct member_file *m, enum table_kind kind,
               const char *const *columns, struct table *ret)
{
    struct table *t = ret;
    *t = (struct table){.op = r->op, .member = m, .kind = kind};
    buf_init(&t->record, r->op->arena, LINE_MAX_BYTES);
    TRY(lines_open(r, m, &t->lines));
    while (columns[t->n_columns])
        t->n_columns++;
    if (!by_number(columns))
        return find_columns(t, columns);
    for (size_t c = 0; c < t->n_columns; c++) {
        uint64_t at = 0;
        (void)str_to_u64(str_of(columns[c]), COLUMNS_MAX - 1, &at);
        t->at[c] = at;
        if (at >= t->n_needed)
            t->n_needed = at + 1;
    }
    return OK;
}

bool table_next(struct table *t, str *ret)
{
    size_t n = 0;
    if (!read_record(t, &n))
        return false;
    if (n < t->n_needed)
        return fault(t, "the line has fewer columns than the header");
    for (size_t c = 0; c < t->n_columns; c++)
        ret[c] = t->at[c] < n ? t->cells[t->at[c]] : STR_NONE;
    return true;
}

err table_close(struct table *t)
{
    err e = lines_close(t->lines);
    return t->failed != OK ? t->failed : e;
}
