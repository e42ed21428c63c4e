/* The file of a granted request: the patient's own record as FHIR NDJSON, or to read and print: a
 * page in their language, or a PDF of it where the letters are Latin. Made as it is fetched, as the
 * patient: what they may not see is not in it. */
#include "api/oauth_api_int.h"
#include "api/op_int.h"
#include "api/pdf_sheet.h"
#include "base/time.h"
#include "desk/rights.h"
#include "record/operations.h"

#define PAGE 1000u
#define ROWS_MAX 20000u

struct file {
    struct call *c;
    struct buf *b;
    fhir_type section;
    size_t rows;
    enum language language;
    bool lines; /* plain lines for a PDF; a heading begins with HEAD */
};
#define HEAD '\x01'

enum file_word { W_TITLE, W_GIVEN, W_LOSSY, FILE_WORDS };
static const char *const file_words[FILE_WORDS][LANGUAGE_COUNT] = {
    [W_TITLE] = {"Your record", "Su expediente", "سجلّك"},
    [W_GIVEN] = {"Disclosures since", "Entregas a otros desde", "ما كُشف لغيرنا منذ"},
    [W_LOSSY] = {"Some letters cannot be printed here and stand as ?; the page and the file for "
                 "machines have them all.",
                 "Algunas letras no caben aquí y aparecen como ?; la página y el archivo de datos "
                 "las tienen todas.",
                 ""}};

static str concept(const struct json *v)
{
    str text = json_get_str(v, STR("text"));
    const struct json *coding = json_at(JSON_GET(v, "coding"), 0);
    if (!text.n)
        text = json_get_str(coding, STR("display"));
    return text.n ? text : json_get_str(coding, STR("code"));
}

/* The first member of these that says something: a concept, a name or a text. */
static str what_of(const struct json *r)
{
    static const char *const names[] = {"code",        "medicationCodeableConcept",
                                        "vaccineCode", "type",
                                        "title",       "description",
                                        "class",       "category",
                                        "scope"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct json *v = json_get(r, str_of(names[i]));
        const struct json *one = json_is(v, JSON_ARRAY) ? json_at(v, 0) : v;
        str s = json_is(one, JSON_STRING) ? json_str(one) : concept(one);
        if (!s.n && one)
            s = json_get_str(one, STR("display"));
        if (s.n)
            return s;
    }
    return STR_NONE;
}

static str when_of(const struct json *r)
{
    static const char *const paths[] = {"effectiveDateTime",
                                        "effectivePeriod.start",
                                        "performedDateTime",
                                        "performedPeriod.start",
                                        "occurrenceDateTime",
                                        "onsetDateTime",
                                        "start",
                                        "period.start",
                                        "authoredOn",
                                        "sent",
                                        "date",
                                        "dateTime",
                                        "issued",
                                        "recordedDate",
                                        "created",
                                        "recorded",
                                        "birthDate"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        str s = json_str(json_path(r, paths[i]));
        if (s.n)
            return str_sub(s, 0, 16);
    }
    return STR_NONE;
}

static void amount(struct buf *b, const struct json *r)
{
    const struct json *q = JSON_GET(r, "valueQuantity"), *n = JSON_GET(q, "value");
    if (n)
        json_write(b, n);
    if (n)
        buf_char(b, ' ');
    buf_html(b, json_get_str(q, STR("unit")));
    buf_html(b, concept(JSON_GET(r, "valueCodeableConcept")));
    buf_html(b, json_get_str(r, STR("valueString")));
}

static void value_of(struct buf *b, const struct json *r)
{
    const struct json *all = JSON_GET(r, "component"), *one;
    amount(b, r);
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        buf_add(b, i ? STR(", ") : STR(" "));
        buf_html(b, concept(JSON_GET(one, "code")));
        buf_add(b, STR(" "));
        amount(b, one);
    }
    buf_html(b, json_str(json_path(r, "payload.0.contentString")));
    buf_html(b, json_str(json_path(r, "reason.0.text")));
    buf_html(b, json_str(json_path(r, "dosageInstruction.0.text")));
}

/* "MedicationRequest" as "Medication request". */
static void heading(struct buf *b, str type)
{
    for (size_t i = 0; i < type.n; i++) {
        bool upper = i && type.p[i] >= 'A' && type.p[i] <= 'Z';
        if (upper)
            buf_char(b, ' ');
        buf_char(b, (char)(upper ? type.p[i] + 32 : type.p[i]));
    }
}

/* What people call it in their language; of types without such a word the name, spaced. */
static void section(struct file *f, fhir_type type)
{
    str name = fhir_type_name(type), word = oauth_type_word(f->language, (int)type);
    if (type == f->section)
        return;
    if (f->lines)
        buf_char(f->b, HEAD);
    else
        buf_add(f->b, f->section ? STR("</table><h2>") : STR("<h2>"));
    if (str_eq(word, name))
        heading(f->b, name);
    else
        buf_add(f->b, word);
    buf_add(f->b, f->lines ? STR("\n") : STR("</h2><table>"));
    f->section = type;
}

/* As on the page, the marks of HTML taken out again. */
static err plain_row(struct file *f, const struct json *r)
{
    static const struct {
        const char *mark;
        char letter;
    } marks[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
    struct buf b;
    buf_init(&b, f->c->op.arena, 1u << 20);
    buf_printf(&b, "%.*s  ", STR_ARG(when_of(r)));
    buf_html(&b, what_of(r));
    buf_add(&b, STR("  "));
    value_of(&b, r);
    buf_printf(&b, "  %.*s", STR_ARG(json_get_str(r, STR("status"))));
    if (!buf_ok(&b))
        return fail(&f->c->op, ERR_TOO_LARGE, "One entry is too long for the page.");
    str text = buf_str(&b);
    for (size_t i = 0, k; i < text.n; i++) {
        for (k = 0; k < 4; k++)
            if (str_starts(str_sub(text, i, SIZE_MAX), str_of(marks[k].mark)))
                break;
        char c = k < 4 ? marks[k].letter : text.p[i];
        i += k < 4 ? strlen(marks[k].mark) - 1 : 0;
        buf_char(f->b, c == '\n' || c == HEAD ? ' ' : c);
    }
    buf_char(f->b, '\n');
    return op_check(&f->c->op);
}

static err row(struct file *f, const struct record_doc *doc)
{
    struct json *r;
    if (++f->rows > ROWS_MAX)
        return fail(&f->c->op, ERR_TOO_LARGE,
                    "The page would have more than %u lines; take the file for machines.",
                    ROWS_MAX);
    TRY(record_parse(&f->c->op, doc, &r));
    section(f, doc->type);
    if (f->lines)
        return plain_row(f, r);
    buf_add(f->b, STR("<tr><td>"));
    buf_html(f->b, when_of(r));
    buf_add(f->b, STR("<td dir=auto>"));
    buf_html(f->b, what_of(r));
    buf_add(f->b, STR("<td dir=auto>"));
    value_of(f->b, r);
    buf_add(f->b, STR("<td>"));
    buf_html(f->b, json_get_str(r, STR("status")));
    buf_add(f->b, STR("</tr>"));
    return op_check(&f->c->op);
}

static err line(struct file *f, const struct record_doc *doc)
{
    buf_add(f->b, doc->head);
    buf_add(f->b, doc->body);
    buf_char(f->b, '\n');
    return op_check(&f->c->op);
}

static err each(struct file *f, str patient, err (*put)(struct file *, const struct record_doc *))
{
    struct record_everything q = {.type = fhir_type_parse(STR("Patient")),
                                  .id = patient,
                                  .since = INT64_MIN,
                                  .start = INT64_MIN,
                                  .end = INT64_MAX,
                                  .count = PAGE,
                                  .self = STR("right-file")};
    struct record_page page;
    do {
        page = (struct record_page){0};
        TRY(record_everything(&f->c->op, f->c->api->rec, &q, &page));
        for (size_t i = 0; i < page.n; i++)
            TRY(put(f, &page.docs[i]));
        q.page = page.next;
    } while (page.next.n);
    return OK;
}

static err sent(struct call *c, struct buf *b, str type, const char *name)
{
    if (!buf_ok(b))
        return fail(&c->op, ERR_TOO_LARGE, "The file would be too large.");
    return answer_file(c, type, name, buf_str(b));
}

/* ---- accounting ---- */

static str years_back(struct call *c, int64_t *ret_from)
{
    struct json *params;
    int64_t years = 0;
    const struct rule *rule = policy_rule_find(STR("PRIV-12"));
    if (!rule ||
        json_read(&c->op, rulebook_params(record_rulebook(c->api->rec), rule), &JSON_LIMITS_DEFAULT,
                  &params) != OK ||
        !json_i64(JSON_GET(params, "lookback_years"), &years))
        op_clear(&c->op);
    *ret_from = c->op.now - years * 366 * INT64_C(86400000);
    return time_format(c->op.arena, *ret_from);
}

static struct json *disclosure(struct call *c, const struct record_event *e)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("time"), time_format(a, e->time));
    json_set_str(a, o, STR("who"), e->who);
    json_set_str(a, o, STR("how"), e->code);
    json_set_str(a, o, STR("what"), e->detail);
    json_set_str(a, o, STR("purpose"), e->role);
    return o;
}

static err accounting(struct file *f, str patient, bool page)
{
    struct call *c = f->c;
    struct buf *b = f->b;
    static const char *const cells[] = {"time", "who", "how", "what", "purpose"};
    struct record_disclosed d = {0};
    str since = years_back(c, &d.from);
    TRY(record_disclosures(&c->op, c->api->rec, patient, &d));
    const struct record_event *e = d.at;
    size_t n = d.n;
    if (d.next)
        return fail(&c->op, ERR_TOO_COSTLY,
                    "Too many lines of the trail are about this patient for one file; the list in "
                    "the portal goes on page by page.");
    if (page)
        buf_printf(b, "<h2>%s %.*s: %zu</h2><table>", file_words[W_GIVEN][f->language],
                   STR_ARG(str_sub(since, 0, 10)), n);
    if (f->lines)
        buf_printf(b, "\x01%s %.*s: %zu\n", file_words[W_GIVEN][f->language],
                   STR_ARG(str_sub(since, 0, 10)), n);
    for (size_t i = 0; i < n; i++) {
        struct json *o = disclosure(c, &e[i]);
        if (!page && !f->lines)
            json_write(b, o);
        for (size_t k = 0; f->lines && k < sizeof cells / sizeof *cells; k++)
            buf_printf(b, "%.*s  ", STR_ARG(json_get_str(o, str_of(cells[k]))));
        for (size_t k = 0; page && k < sizeof cells / sizeof *cells; k++) {
            buf_add(b, k ? STR("<td>") : STR("<tr><td>"));
            buf_html(b, json_get_str(o, str_of(cells[k])));
        }
        buf_add(b, page ? STR("</tr>") : STR("\n"));
    }
    buf_add(b, page ? STR("</table>") : STR_NONE);
    return op_check(&c->op);
}

/* What is in no list, and by which row (45 CFR 164.528(a)(1)). */
static struct json *left_out(struct arena *a)
{
    static const char *const rows[][2] = {
        {"treatment, payment and operations, apps of staff among them", "45 CFR 164.528(a)(1)(i)"},
        {"to the patient: their own looks, messages to them, apps that they let in",
         "45 CFR 164.528(a)(1)(ii)"},
        {"what the patient authorised", "45 CFR 164.528(a)(1)(iv)"},
        {"to helpers and people involved in their care", "45 CFR 164.528(a)(1)(v)"}};
    struct json *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *o = json_new(a, JSON_OBJECT);
        json_set_str(a, o, STR("what"), str_of(rows[i][0]));
        json_set_str(a, o, STR("citation"), str_of(rows[i][1]));
        json_push(a, list, o);
    }
    return list;
}

static err page_asked(struct call *c, struct record_disclosed *ret, str *ret_since)
{
    struct op_params p;
    str since, page, count;
    uint64_t n = 0;
    struct time_span t;
    TRY(op_params(c, "_since _page _count", &p));
    TRY(op_one(c, &p, "_since", &since));
    TRY(op_one(c, &p, "_page", &page));
    TRY(op_one(c, &p, "_count", &count));
    *ret_since = years_back(c, &ret->from);
    if (since.n && !time_parse(since, &t))
        return fail_at(&c->op, ERR_INVALID, STR("_since"), "_since is a date or an instant.");
    if (since.n && t.lo > ret->from) {
        ret->from = t.lo;
        *ret_since = time_format(c->op.arena, t.lo);
    }
    if ((page.n && !str_to_u64(page, UINT64_MAX, &ret->before)) ||
        (count.n && (!str_to_u64(count, 200000, &n) || !n)))
        return fail(&c->op, ERR_INVALID, "_page and _count are numbers; _page is next of before.");
    ret->max = (size_t)n;
    return OK;
}

err api_disclosures(struct call *c)
{
    struct arena *a = c->op.arena;
    struct record_disclosed d = {0};
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    str since;
    op_deadline(c);
    TRY(page_asked(c, &d, &since));
    json_set_str(a, o, STR("since"), since);
    TRY(record_disclosures(&c->op, c->api->rec, c->id, &d));
    for (size_t i = 0; i < d.n; i++)
        json_push(a, list, disclosure(c, &d.at[i]));
    json_set(a, o, STR("disclosures"), list);
    json_set(a, o, STR("leftOut"), left_out(a));
    if (d.next)
        json_set_str(a, o, STR("next"), arena_printf(a, "%llu", (unsigned long long)d.next));
    return answer_json(c, 200, o);
}

/* Whole before the first page is begun: nothing that fails later leaves half a document. */
static err as_pdf(struct file *f)
{
    struct op *op = &f->c->op;
    struct pdf *pdf;
    str all = buf_str(f->b), one, bytes;
    if (!buf_ok(f->b))
        return fail(op, ERR_TOO_LARGE, "The file would be too large.");
    TRY(pdf_begin(op, "Record", config_str(f->c->api->config, "letter.font"), &pdf));
    pdf_put(pdf, true, 16, str_of(file_words[W_TITLE][f->language]));
    while (str_take_until(&all, '\n', &one)) {
        if (one.n && one.p[0] == HEAD)
            pdf_head(pdf, str_sub(one, 1, SIZE_MAX));
        else
            pdf_put(pdf, false, 9, one);
    }
    if (pdf_lossy(pdf))
        pdf_head(pdf, str_of(file_words[W_LOSSY][f->language]));
    TRY(pdf_end(op, pdf, &bytes));
    return answer_file(f->c, STR("application/pdf"), "record.pdf", bytes);
}

static err as_page(struct file *f, bool count, str patient)
{
    buf_printf(f->b,
               "<!doctype html><html lang=%s dir=%s><meta charset=utf-8><title>%s</title><style>"
               "body{font:16px/1.5 sans-serif;max-width:60rem;margin:auto;padding:1rem}"
               "table{border-collapse:collapse;width:100%%}td{border-bottom:1px solid #999;"
               "padding:.25rem;vertical-align:top;text-align:start}</style><h1>%s</h1>",
               LANGUAGE_TAGS[f->language], f->language == LANGUAGE_AR ? "rtl" : "ltr",
               file_words[W_TITLE][f->language], file_words[W_TITLE][f->language]);
    TRY(count ? accounting(f, patient, true) : each(f, patient, row));
    buf_add(f->b, f->section ? STR("</table></html>") : STR("</html>"));
    return sent(f->c, f->b, STR("text/html; charset=utf-8"), "record.html");
}

static err which(struct call *c, struct file *f, str *ret_as)
{
    struct op_params p;
    str language;
    TRY(op_params(c, "as language", &p));
    TRY(op_one(c, &p, "as", ret_as));
    TRY(op_one(c, &p, "language", &language));
    bool known = !ret_as->n || str_eq(*ret_as, STR("html")) || str_eq(*ret_as, STR("pdf")) ||
                 str_eq(*ret_as, STR("ndjson"));
    if (!known)
        return fail_at(&c->op, ERR_INVALID, STR("as"), "as is ndjson, html or pdf.");
    f->language = language.n ? language_of(language) : language_wanted(c);
    if (f->language == LANGUAGE_COUNT)
        return fail_at(&c->op, ERR_INVALID, STR("language"), "language is en, es or ar.");
    f->lines = str_eq(*ret_as, STR("pdf"));
    return OK;
}

err api_right_file(struct call *c)
{
    str as, kind, patient;
    struct buf b = answer_buf(c);
    struct file f = {.c = c, .b = &b};
    TRY(which(c, &f, &as));
    op_deadline(c);
    TRY(rights_fetch(&c->op, c->api->rec, c->id, &kind, &patient));
    bool count = str_eq(kind, STR("accounting"));
    if (str_eq(as, STR("html")))
        return as_page(&f, count, patient);
    if (f.lines) {
        TRY(count ? accounting(&f, patient, false) : each(&f, patient, row));
        return as_pdf(&f);
    }
    TRY(count ? accounting(&f, patient, false) : each(&f, patient, line));
    return sent(c, &b, STR("application/fhir+ndjson"), "record.ndjson");
}
