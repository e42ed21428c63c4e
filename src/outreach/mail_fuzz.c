/* Any bytes as a mail: every reading ends, its words are UTF-8 of a bounded length, its slices lie
 * in the message. */
#include "outreach/mail_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(64u << 20);
    struct mail_read *m = a ? ARENA_NEW(a, struct mail_read) : NULL;
    struct mail_report report;
    str text = str_make((const char *)data, size), row;
    if (!m)
        return 0;
    mail_read(a, text, m);
    check(m->n <= MAIL_PARTS && m->head.n <= size);
    mail_report(a, m, &report);
    (void)mail_means(report.status, &row);
    (void)mail_automatic(a, m);
    check(str_utf8_valid(mail_words(a, mail_field(a, m->head, STR("Subject")))));
    check(mail_address(mail_field(a, m->head, STR("From"))).n <= size);
    for (size_t i = 0; i < m->n; i++) {
        str words = mail_part_text(a, &m->part[i]), html = mail_html_text(a, words);
        check(words.n <= MAIL_TEXT_MAX && str_utf8_valid(words));
        check(mail_answer(words, STR("care@example.org")).n <= words.n);
        check(html.n <= MAIL_TEXT_MAX);
        if (m->part[i].body.n)
            check(m->part[i].body.p >= text.p &&
                  m->part[i].body.p + m->part[i].body.n <= text.p + size);
    }
    arena_free(a);
    return 0;
}
